"""The sample photos: ten classes of crops, each crop from one region of its class's photograph."""

import csv
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from dpwidgets.samples.cache import cached_tree
from dpwidgets.samples.crops import TURNS, region_boxes, take_crop
from dpwidgets.samples.errors import SampleError
from dpwidgets.samples.photographs import open_photograph, photo_sources

PER_CLASS = 200
REGIONS_FILE = "regions.csv"
_COLUMNS = ["file", "region"]
_VERSION = 1
_SEED = 2026
_TURNED_SHARE = 0.05  # of the photos, as from a phone held upright
_ORIENTATION = 0x0112  # the EXIF tag


def photos() -> Path:
    """Folder of the sample photos: ten class folders of 200 JPEGs each, and `regions.csv`.

    Each photo is an RGB JPEG (quality 90) of about 400 x 300 pixels, +-10 %; about one in twenty is stored
    turned and says so in its EXIF orientation tag. A photo is a crop from one of the six regions of the
    photograph that gives the class its name. Regions do not overlap, crops of one region do: split by
    region (`photo_regions`), or the test set holds pixels of the training set.

    Made on the first call (some 20 seconds, with a progress bar on stderr), then kept in `cache_folder()`.
    The same files each time. Copy the tree before you change it: what is missing is made anew.

    Raises:
        SampleError: the cache folder cannot be written, or a package lacks its photograph.
    """
    return cached_tree("photos", _VERSION, write_photos)


def photo_regions(root: Path) -> dict[str, str]:
    """Region of each photo: path relative to `root`, with forward slashes -> id such as `"china-2"`.

    Empty if `root` has no `regions.csv`, as a folder of your own.

    Raises:
        SampleError: `regions.csv` lacks the column `file` or `region`, cannot be read as a table, or names no
            file that is there.
    """
    path = Path(root) / REGIONS_FILE
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:  # Excel begins a file with a mark
            table = csv.DictReader(lines, strict=True)
            missing = set(_COLUMNS) - set(table.fieldnames or [])
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(
            f"{path} cannot be read ({error}); save it as CSV in UTF-8, or remove it."
        ) from error
    if missing:
        raise SampleError(
            f"{path} lacks the column {', '.join(sorted(missing))}; "
            f"its first line must be {','.join(_COLUMNS)}."
        )
    if short := next((at for at, row in enumerate(rows, 2) if None in (row["file"], row["region"])), None):
        raise SampleError(f"{path}, line {short}: no file or no region; give each line a file and a region.")
    # os.path: False, and no error, for a name that is too long or holds a null byte.
    if rows and not any(os.path.isfile(os.path.join(root, row["file"])) for row in rows):
        first = rows[0]["file"][:60]
        raise SampleError(
            f"{path} names no file that is there, such as {first!r}; "
            "write each one from its folder on, such as cat/a.jpg."
        )
    return {row["file"]: row["region"] for row in rows}


def write_photos(root: Path, per_class: int = PER_CLASS) -> None:
    """Write the tree into the existing folder `root`: `per_class` JPEGs for each class, and `regions.csv`."""
    regions = []
    sources = photo_sources()
    total = per_class * len(sources)
    with tqdm(total=total, desc="Making the sample photos, once", unit=" photos", mininterval=1) as bar:
        for source in sources:
            photograph = open_photograph(source)
            boxes = region_boxes(*photograph.size)
            (root / source.class_name).mkdir()
            for index in range(per_class):
                # Neighbours in name order come from different regions: a split by name leaks as well.
                region = index % len(boxes)
                # One generator a file: a photo does not depend on how many come before it.
                rng = np.random.default_rng([_SEED, *source.class_name.encode(), index])
                name = f"{source.class_name}/{source.class_name}_{index:03d}.jpg"
                crop = take_crop(photograph, boxes[region], rng)
                tag = int(rng.choice(list(TURNS))) if rng.random() < _TURNED_SHARE else None
                (root / name).write_bytes(as_jpeg(crop, tag))
                regions.append((name, f"{source.class_name}-{region}"))
                bar.update()
    with (root / REGIONS_FILE).open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows([_COLUMNS, *regions])


def as_jpeg(upright: Image.Image, tag: int | None = None, quality: int = 90) -> bytes:
    """JPEG bytes. With an EXIF orientation `tag` (3, 6 or 8) the pixels are stored turned accordingly."""
    stored, exif = upright, Image.Exif()
    if tag is not None:
        stored, exif[_ORIENTATION] = upright.transpose(TURNS[tag]), tag
    # Encoded in memory: Pillow's own writer does not notice a write that a full disk cut short.
    encoded = io.BytesIO()
    stored.save(encoded, "JPEG", quality=quality, exif=exif)
    return encoded.getvalue()
