"""Tiles into one picture: a grid in numpy and PIL, no plot library.

The background is a middle slate that stands out from black fill and suits a light and a dark page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageColor, ImageDraw, ImageFont
from torchvision.transforms.v2 import functional as F

from dpwidgets import palette
from dpwidgets.prep.images import Sample

BACKGROUND = (92, 102, 117)
_PAPER = (32, 36, 43)
_AREA = (120, 130, 145)
_BARS = 64  # of the histogram
_CHANNELS = (("red", palette.VERMILION), ("green", "#2BD9A4"), ("blue", palette.SKY))
_GAP = 4  # pixels between tiles at 224 px a tile
_TARGET_COLOURS = tuple(ImageColor.getrgb(colour) for colour in (palette.YELLOW, palette.SKY, palette.PURPLE))


@dataclass(frozen=True)
class Tile:
    """One image of the grid.

    Attributes:
        sample: "image" uint8 (3, H, W) and, where given, "boxes" and "masks".
        text: a short tag in the upper left corner.
        framed: draws the frame of the original.
        mark: True adds a tick, False a cross to the tag, in the palette's GOOD and BAD.
    """

    sample: Sample
    text: str = ""
    framed: bool = False
    mark: bool | None = None


def compose(tiles: Sequence[Tile], side: int) -> np.ndarray:
    """The tiles in rows of four (six from 17 on), each in a square of `side` pixels: uint8 (H, W, 3)."""
    columns = min(len(tiles), 4 if len(tiles) <= 16 else 6)
    gap = max(1, round(_GAP * side / 224))
    rows = -(-len(tiles) // columns)
    picture = np.empty((rows * (side + gap) + gap, columns * (side + gap) + gap, 3), np.uint8)
    picture[:] = BACKGROUND
    for number, tile in enumerate(tiles):
        top = gap + number // columns * (side + gap)
        left = gap + number % columns * (side + gap)
        _draw(tile, picture[top : top + side, left : left + side])
    return picture


def _draw(tile: Tile, cell: np.ndarray) -> None:
    """Draws a tile into its cell, a view of the picture."""
    side = cell.shape[0]
    image = tile.sample["image"]
    height, width = image.shape[-2:]
    factor = side / max(height, width)
    size = [max(1, round(height * factor)), max(1, round(width * factor))]
    pixels = F.resize(image.as_subclass(torch.Tensor), size, antialias=True).permute(1, 2, 0).numpy()
    top, left = (side - size[0]) // 2, (side - size[1]) // 2
    inner = cell[top : top + size[0], left : left + size[1]]
    inner[:] = pixels
    if "masks" in tile.sample:
        _tint(tile.sample["masks"], inner)
    if "boxes" in tile.sample:
        _outline(tile.sample["boxes"].numpy() * factor, inner, max(2, side // 112))
    if tile.framed:
        _frame(cell, max(2, side // 56))
    if tile.text:
        tag = _tag(tile.text, max(8, side // 14), tile.mark)
        cell[: tag.shape[0], : tag.shape[1]] = tag[:side, :side]


def _tint(masks: torch.Tensor, inner: np.ndarray) -> None:
    """Lays a transparent colour over each mask."""
    small = F.resize(masks.as_subclass(torch.Tensor), list(inner.shape[:2]), F.InterpolationMode.NEAREST)
    for number, mask in enumerate(small.numpy()):
        colour = np.array(_TARGET_COLOURS[number % len(_TARGET_COLOURS)])
        inner[mask] = (inner[mask] * 0.5 + colour * 0.5).astype(np.uint8)


def _outline(boxes: np.ndarray, inner: np.ndarray, thick: int) -> None:
    """Draws each box (x1 y1 x2 y2); one without area, such as one that was cropped away, is left out."""
    for number, (x1, y1, x2, y2) in enumerate(boxes.round().astype(int)):
        if x2 <= x1 or y2 <= y1:
            continue
        colour = _TARGET_COLOURS[number % len(_TARGET_COLOURS)]
        x1, y1 = max(0, x1), max(0, y1)
        inner[y1 : y1 + thick, x1:x2] = inner[max(y1, y2 - thick) : y2, x1:x2] = colour
        inner[y1:y2, x1 : x1 + thick] = inner[y1:y2, max(x1, x2 - thick) : x2] = colour


def _frame(cell: np.ndarray, thick: int) -> None:
    colour = ImageColor.getrgb(palette.ORANGE)
    cell[:thick] = cell[-thick:] = colour
    cell[:, :thick] = cell[:, -thick:] = colour


@lru_cache(maxsize=256)
def _tag(text: str, height: int, mark: bool | None) -> np.ndarray:
    """White text on a dark ground; on blue after a tick or on red after a cross where `mark` is set."""
    font = ImageFont.load_default(size=height)
    pad = height // 3
    start = pad if mark is None else 2 * pad + height
    ground = {None: "#20242b", True: palette.GOOD, False: palette.BAD}[mark]
    tag = Image.new("RGB", (int(start + font.getlength(text) + pad), height + pad), ground)
    draw = ImageDraw.Draw(tag)
    draw.text((start, pad / 2 + height * 0.82), text, fill="white", font=font, anchor="ls")
    if mark is not None:  # drawn, since the font has neither sign
        strokes = (
            ((0.1, 0.5, 0.4, 0.8), (0.4, 0.8, 0.9, 0.2))
            if mark
            else ((0.2,) * 2 + (0.8,) * 2, (0.8, 0.2, 0.2, 0.8))
        )
        for x1, y1, x2, y2 in strokes:
            line = [pad + x1 * height, pad / 2 + y1 * height, pad + x2 * height, pad / 2 + y2 * height]
            draw.line(line, fill="white", width=max(2, height // 6))
    return np.asarray(tag)


def counts(images: Sequence[torch.Tensor]) -> np.ndarray:
    """How often each value occurs in each channel of the images, uint8 (3, H, W) each: int64 (3, 256)."""
    total = np.zeros((3, 256), np.int64)
    for image in images:
        for channel, pixels in enumerate(image.numpy()):
            total[channel] += np.bincount(pixels.ravel(), minlength=256)
    return total


def histogram(before: np.ndarray, after: np.ndarray, width: int, height: int) -> np.ndarray:
    """Three panels, red, green and blue: before as a light area, after as a coloured line. uint8 (H, W, 3).

    Args:
        before, after: counts (3, 256).
    """
    picture = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(10, height // 9))
    gap = max(2, height // 40)
    panel = (width - 4 * gap) // 3
    for channel, (name, colour) in enumerate(_CHANNELS):
        left = gap + channel * (panel + gap)
        draw.rectangle((left, 0, left + panel, height - gap), fill=_PAPER)
        shares = [_shares(before[channel]), _shares(after[channel])]
        # The peak of a saturated channel would flatten all else: the scale stops at 4 times the mean height.
        top = min(max(map(max, shares)), 4 / _BARS)
        floor, room = height - gap, 0.8 * (height - gap)
        points = [
            [
                (left + (bar + 0.5) * panel / _BARS, floor - min(1, share / top) * room)
                for bar, share in enumerate(one)
            ]
            for one in shares
        ]
        draw.polygon([(left, floor), *points[0], (left + panel, floor)], fill=_AREA)
        draw.line(points[1], fill=colour, width=max(2, height // 50), joint="curve")
        draw.text((left + 2 * gap, gap), f"{name}: area before, line after", fill="white", font=font)
    return np.asarray(picture)


def _shares(channel: np.ndarray) -> np.ndarray:
    """Counts of 256 values -> shares of 64 bars."""
    bars = channel.reshape(_BARS, -1).sum(1)
    return bars / max(1, bars.sum())
