"""A class-per-folder tree with one of everything that goes wrong in real folders of images."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from dpwidgets.samples.cache import cached_tree
from dpwidgets.samples.crops import region_boxes, take_crop
from dpwidgets.samples.photo_folder import as_jpeg
from dpwidgets.samples.photographs import open_photograph, photo_sources

CLASSES = ("chelsea", "coffee", "flower")
GOOD_PER_CLASS = 12
_VERSION = 1
_SEED = 2027

_CONTENTS = {
    ".ipynb_checkpoints/coffee_00.jpg": "hidden folder",
    "chelsea/reencoded.jpg": "near duplicate of chelsea/chelsea_01.jpg",
    "chelsea/sixteen_bit.png": "16-bit grey PNG",
    "chelsea/truncated.jpg": "truncated JPEG",
    "chelsea/turned.jpg": "EXIF orientation 6: pixels are stored turned",
    "chelsea/zero_bytes.jpg": "zero bytes",
    "coffee/copy.jpg": "duplicate of coffee/coffee_00.jpg",
    "coffee/palette.gif": "palette GIF",
    "coffee/palette.png": "palette PNG",
    "coffee/png_inside.jpg": "wrong extension: PNG inside",
    "coffee/text_inside.jpg": "wrong extension: text inside",
    "flower/cat_as_flower.jpg": "duplicate of chelsea/chelsea_00.jpg in another class",
    "flower/cmyk.jpg": "CMYK JPEG",
    "flower/grey.jpg": "grey JPEG",
    "flower/notes.txt": "text file",
    "flower/transparent.png": "RGBA PNG",
    "rocket": "empty class folder",
    "stray.jpg": "image outside the class folders",
}


def dirty_folder() -> Path:
    """Folder with the classes chelsea, coffee and flower: 12 good JPEGs each, and everything that goes wrong.

    `dirty_contents()` says what is wrong with which file. Made on the first call, then kept in
    `cache_folder()`; the same files each time. Copy the tree before you clean it: what is missing or of
    another size is made anew.

    Raises:
        SampleError: the cache folder cannot be written, or a package lacks its photograph.
    """
    return cached_tree("dirty", _VERSION, write_dirty)


def dirty_contents() -> dict[str, str]:
    """Path in `dirty_folder()`, relative, with forward slashes -> what is wrong with it, in a few words.

    Every file that is not named here is a good RGB JPEG.
    """
    return dict(_CONTENTS)


def write_dirty(root: Path) -> None:
    """Write the tree into the existing folder `root`."""
    good = {name: [_crop(name, index) for index in range(GOOD_PER_CLASS)] for name in CLASSES}
    files = {
        f"{name}/{name}_{index:02d}.jpg": as_jpeg(crop)
        for name, crops in good.items()
        for index, crop in enumerate(crops)
    }
    files |= _damaged(files) | _odd_modes() | _copies(files, good["chelsea"][1])
    files["flower/notes.txt"] = b"Photos from Saturday. Ask about the licence!\n"
    files["stray.jpg"] = as_jpeg(_crop("flower", 20))
    for path, content in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(content)
    (root / "rocket").mkdir()


def _damaged(files: dict[str, bytes]) -> dict[str, bytes]:
    whole = files["chelsea/chelsea_02.jpg"]
    return {
        "chelsea/truncated.jpg": whole[: len(whole) // 2],
        "chelsea/zero_bytes.jpg": b"",
        "coffee/png_inside.jpg": _encoded(_crop("coffee", 20), "PNG"),
        "coffee/text_inside.jpg": b"<html><body>404: this photo has moved</body></html>\n",
    }


def _odd_modes() -> dict[str, bytes]:
    deep = np.asarray(_crop("chelsea", 21).convert("L")).astype(np.uint16) * 257
    transparent = _crop("flower", 21).convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize(transparent.size))
    return {
        "chelsea/sixteen_bit.png": _encoded(Image.fromarray(deep), "PNG"),
        "chelsea/turned.jpg": as_jpeg(_crop("chelsea", 22), tag=6),
        "coffee/palette.gif": _encoded(_crop("coffee", 21).quantize(64), "GIF"),
        "coffee/palette.png": _encoded(_crop("coffee", 22).quantize(64), "PNG"),
        "flower/cmyk.jpg": as_jpeg(_crop("flower", 22).convert("CMYK")),
        "flower/grey.jpg": as_jpeg(_crop("flower", 23).convert("L")),
        "flower/transparent.png": _encoded(transparent, "PNG"),
    }


def _copies(files: dict[str, bytes], second_cat: Image.Image) -> dict[str, bytes]:
    return {
        ".ipynb_checkpoints/coffee_00.jpg": files["coffee/coffee_00.jpg"],
        "chelsea/reencoded.jpg": as_jpeg(second_cat, quality=60),
        "coffee/copy.jpg": files["coffee/coffee_00.jpg"],
        "flower/cat_as_flower.jpg": files["chelsea/chelsea_00.jpg"],
    }


def _crop(class_name: str, index: int) -> Image.Image:
    source = next(source for source in photo_sources() if source.class_name == class_name)
    photograph = open_photograph(source)
    boxes = region_boxes(*photograph.size)
    rng = np.random.default_rng([_SEED, *class_name.encode(), index])
    return take_crop(photograph, boxes[index % len(boxes)], rng)


def _encoded(image: Image.Image, kind: str) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, kind)
    return encoded.getvalue()
