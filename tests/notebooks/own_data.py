"""Data as people have it, for runs of the chapters on what is not ours: untidy, and all of it legal."""

import os
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from dpwidgets import samples

_ORIENTATION, _TURNED = 0x0112, 6  # the EXIF tag, and its value for "turn to the right"


def photos(folder: Path, fewest: int = 1, *, hidden: bool = False) -> None:
    """`folder/photos`: pictures in three folders, one of which holds the `fewest`, and what lies beside.

    Names with spaces and in other scripts, suffixes in capitals, JPEGs that are grey, CMYK or turned by their
    EXIF tag, PNGs with transparency and with a palette, a sliver, the same name in two classes, files older
    than a ZIP archive can say, a picture beside the folders, the system's own files. With `hidden` also what
    macOS writes beside a picture on a foreign disk: it ends like one.
    """
    root = folder / "photos"
    ours = samples.photos()
    classes = {"roses & tulips": ("flower", 40), "红花 2": ("chelsea", 25), "Zé": ("coffee", fewest)}
    for home, (source, count) in classes.items():
        (root / home).mkdir(parents=True)
        for number, file in enumerate(sorted((ours / source).iterdir())[:count]):
            with Image.open(file) as image:
                _save(image, root / home, number)
    with Image.open(next((ours / "flower").iterdir())) as image:
        image.save(root / "cover.jpg")
    (root / "roses & tulips" / "Thumbs.db").write_bytes(b"\0\1")
    (root / "红花 2" / ".DS_Store").write_bytes(b"Bud1")
    (root / "notes.txt").write_text("from the garden", encoding="utf-8")
    if hidden:
        (root / "红花 2" / "._IMG 0000.JPG").write_bytes(b"\0\5\26\7")


def _save(image: Image.Image, home: Path, number: int) -> None:
    file = home / f"IMG {number:04d}.JPG"
    match number % 8:
        case 1:
            image.convert("L").save(file)
        case 2:
            image.convert("CMYK").save(file)
        case 3:
            exif = image.getexif()
            exif[_ORIENTATION] = _TURNED
            image.rotate(90, expand=True).save(file, exif=exif)
        case 4:
            image.convert("RGBA").save(file := file.with_suffix(".png"))
        case 5:
            image.convert("P").save(file := file.with_suffix(".png"))
        case 6:
            image.crop((0, 0, 200, 9)).save(file)
        case _:
            image.save(file)
    if number % 8 == 7:
        os.utime(file, (0, 0))


def scenes(folder: Path) -> None:
    """`folder/scenes`: images/, captions/ and sounds/, in other formats, with gaps and foreign names.

    One caption begins with a byte order mark, one is short, and one sound has no samples.
    """
    ours, root = samples.scenes(), folder / "scenes"
    for kind in ("images", "captions", "sounds"):
        (root / kind).mkdir(parents=True)
        for number, file in enumerate(sorted((ours / kind).iterdir())[:180]):
            target = root / kind / f"{file.stem.replace('scene-', '场景 ')}{file.suffix}"
            if kind == "images" and number % 3 == 0:
                with Image.open(file) as image:
                    image.convert("RGBA").save(target.with_suffix(".png"))
            elif kind == "sounds" and number % 3 == 0:
                wave, rate = soundfile.read(file)
                soundfile.write(target.with_suffix(".flac"), np.stack([wave, wave], 1), rate)
            else:
                target.write_bytes(file.read_bytes())
    (root / "images" / ".DS_Store").write_bytes(b"Bud1")
    (root / "captions" / "场景 0005.txt").write_text("ein grüner Kreis – nothing else\r\n", encoding="utf-8")
    texts = sorted((root / "captions").glob("*.txt"))
    texts[6].write_text(texts[6].read_text(encoding="utf-8"), encoding="utf-8-sig")
    texts[7].write_text("a circle", encoding="utf-8")
    silent = sorted((root / "sounds").glob("*.wav"))[20]
    soundfile.write(silent, np.zeros(0), soundfile.info(silent).samplerate)


def table(folder: Path) -> None:
    """`folder/table.csv`: a byte order mark, quoted names with spaces, dates, gaps, an empty column."""
    folder.mkdir(parents=True)
    lines = [
        '"sold on","price, €",city,empty,"is new"',
        '2026-01-31,"1,234.50",Zürich,,True',
        ",,上海,,False",
    ]
    (folder / "table.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")


def shared_folder(folder: Path) -> None:
    """`folder/shared folder`, empty."""
    (folder / "shared folder").mkdir(parents=True)
