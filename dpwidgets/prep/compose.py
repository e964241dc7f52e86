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
_GAP = 4  # pixels between tiles at 224 px a tile
_BOX_COLOURS = tuple(ImageColor.getrgb(colour) for colour in (palette.YELLOW, palette.SKY, palette.PURPLE))


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
    if tile.framed:
        _frame(cell, max(2, side // 56))
    if tile.text:
        tag = _tag(tile.text, max(10, side // 14), tile.mark)
        cell[: tag.shape[0], : tag.shape[1]] = tag[:side, :side]


def _frame(cell: np.ndarray, thick: int) -> None:
    colour = ImageColor.getrgb(palette.ORANGE)
    cell[:thick] = cell[-thick:] = colour
    cell[:, :thick] = cell[:, -thick:] = colour


@lru_cache(maxsize=256)
def _tag(text: str, height: int, mark: bool | None) -> np.ndarray:
    """White text on a dark ground; a tick or a cross before it where `mark` is set."""
    font = ImageFont.load_default(size=height)
    pad = height // 3
    box = font.getbbox(text)
    start = pad if mark is None else pad + height
    ground = ImageColor.getrgb({None: "#20242b", True: palette.GOOD, False: palette.BAD}[mark])
    tag = Image.new("RGB", (int(start + box[2] + pad), height + pad), ground)
    draw = ImageDraw.Draw(tag)
    draw.text((start, pad // 2 + height * 0.8), text, fill="white", font=font, anchor="ls")
    return np.asarray(tag)
