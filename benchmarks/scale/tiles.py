"""Folders of any number of small JPEGs, cut from the sample photos; the same files each time."""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.race.data import jpegs_of

TILE = 64  # pixels a side
QUALITY = 90
_SEED = 2026


def write_tiles(photos: Path, count: int, folder: Path) -> Path:
    """`folder`, filled with `count` tiles: `class/photo/number.jpg`, the photos' classes.

    Every photo gives as many as any other, or one more. A photo's first tiles are the same for any count.

    Args:
        photos: one folder of JPEGs for each class, each at least TILE pixels high and wide.
        count: at least one for each photo of the first class folder, or classes would be missing.
    """
    files, _ = jpegs_of(photos)
    for number, file in enumerate(files):
        tiles = count * (number + 1) // len(files) - count * number // len(files)
        if not tiles:
            continue
        home = folder / Path(file).relative_to(photos).with_suffix("")
        home.mkdir(parents=True)
        with Image.open(file) as opened:
            photo = np.asarray(opened.convert("RGB"))
        draws = np.random.default_rng([_SEED, number])
        highest = np.subtract(photo.shape[:2], TILE)
        for tile, (top, left) in enumerate(draws.integers(0, highest, (tiles, 2), endpoint=True)):
            pixels = Image.fromarray(photo[top : top + TILE, left : left + TILE])
            pixels.save(home / f"{tile:05d}.jpg", quality=QUALITY)
    return folder
