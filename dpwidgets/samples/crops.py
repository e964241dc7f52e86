"""Cut one photograph into regions, and take varied crops from inside a region."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from PIL import Image

LONG, SHORT = 400, 300  # pixels; each crop is up to 10 % larger or smaller
TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
"""EXIF orientation tag -> how the pixels are stored, so that obeying the tag turns them upright."""

# Byte -> normal noise of 2 grey levels: a table look-up is five times as fast as drawing normal numbers.
_QUANTILES = [NormalDist(0, 2).inv_cdf((byte + 0.5) / 256) for byte in range(256)]
_NOISE = np.array(_QUANTILES).round().astype(np.int16)


class Box(NamedTuple):
    """A rectangle in pixels; right and lower are exclusive, as Pillow has it."""

    left: int
    upper: int
    right: int
    lower: int


def region_boxes(width: int, height: int) -> list[Box]:
    """Six equal rectangles that tile a photograph without overlap, row by row.

    Six is the least that leaves one region each for validation and test and still four for training. Of the
    two grids of six, 3 x 2 and 2 x 3, the one that holds the larger 4:3 crop is taken.
    """
    columns, rows = (3, 2) if width * SHORT > height * LONG else (2, 3)
    xs = [width * column // columns for column in range(columns + 1)]
    ys = [height * row // rows for row in range(rows + 1)]
    return [
        Box(xs[column], ys[row], xs[column + 1], ys[row + 1])
        for row in range(rows)
        for column in range(columns)
    ]


def take_crop(photograph: Image.Image, region: Box, rng: np.random.Generator) -> Image.Image:
    """A crop from inside `region`, RGB, about 400 x 300, with its own light, colour cast and sensor noise.

    Its sides are 75 % to 100 % of the largest that fits, so any two crops of one region overlap heavily.
    """
    width, height = (round(side * rng.uniform(0.9, 1.1)) for side in (LONG, SHORT))
    # Cut first, then resize: resizing with `box=` would let the filter reach over the region's edge.
    crop = photograph.crop(_box_inside(region, width / height, rng)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    if rng.random() < 0.5:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _with_noise(_with_light(crop, rng), rng)


def _box_inside(region: Box, ratio: float, rng: np.random.Generator) -> Box:
    room_x, room_y = region.right - region.left, region.lower - region.upper
    width = min(room_x, room_y * ratio) * rng.uniform(0.75, 1.0)
    size = int(width), int(width / ratio)
    left = region.left + int(rng.integers(0, room_x - size[0] + 1))
    upper = region.upper + int(rng.integers(0, room_y - size[1] + 1))
    return Box(left, upper, left + size[0], upper + size[1])


def _with_light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    gamma = rng.uniform(0.85, 1.18)
    gains = rng.uniform(0.9, 1.08, size=(3, 1))
    curve = (np.arange(256) / 255) ** gamma * 255
    return image.point(np.clip(gains * curve, 0, 255).round().astype(int).ravel().tolist())


def _with_noise(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    # Enlarged crops are smooth, and the JPEGs of a camera are not.
    pixels = np.asarray(image)
    dice = np.frombuffer(rng.bytes(pixels.size), dtype=np.uint8).reshape(pixels.shape)
    return Image.fromarray((pixels + _NOISE[dice]).clip(0, 255).astype(np.uint8))
