"""Tensors drawn as cells: a grid of numbers for up to three dimensions, texts that wrap."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import ImageColor

from dpwidgets import palette
from dpwidgets.prep.drawing import INK, PAPER, SOFT, Sheet, text_width

Box = tuple[float, float, float, float]  # left, top, right, bottom in points
WIDEST, HIGHEST = 50.0, 34.0  # points: a cell is never larger
_GAP = 20.0  # between the blocks of a tensor with three dimensions, with room for their index


@dataclass(frozen=True)
class Grid:
    """Where the elements of a tensor of `shape` stand in a box: rows and columns, one block beside the other
    for the first of three dimensions."""

    shape: tuple[int, ...]
    box: Box
    across: int  # blocks beside each other
    width: float
    height: float

    @classmethod
    def fit(cls, shape: Sequence[int], box: Box) -> "Grid":
        """The grid with the largest cells that fits into the box."""
        blocks, rows, columns = _three(shape)
        room = box[2] - box[0], box[3] - box[1]
        tries = []
        for across in range(1, max(1, blocks) + 1):
            down = math.ceil(blocks / across)
            extra = _GAP if len(shape) > 2 else 0.0
            width = min(WIDEST, (room[0] - _GAP * (across - 1)) / max(1, across * columns))
            height = min(HIGHEST, (room[1] - extra * down) / max(1, down * rows))
            tries.append((min(width / 1.4, height), -across, width, height))
        _, across, width, height = max(tries)
        return cls(tuple(shape), box, -across, width, height)

    def cell(self, index: Sequence[int]) -> Box:
        """The corners of the cell of an element."""
        block, row, column = (0,) * (3 - len(index)) + tuple(index)
        left, top = self._block(block)
        x, y = left + column * self.width, top + row * self.height
        return x, y, x + self.width, y + self.height

    def middle(self, index: Sequence[int]) -> tuple[float, float]:
        """The centre of that cell."""
        left, top, right, bottom = self.cell(index)
        return (left + right) / 2, (top + bottom) / 2

    def headings(self, sheet: Sheet) -> None:
        """The first index above each block, where there are three dimensions."""
        if len(self.shape) > 2:
            for block in range(self.shape[0]):
                left, top = self._block(block)
                sheet.text(left, top - 8, f"[{block}]", SOFT, 10, "lm", "mono")

    def _block(self, block: int) -> tuple[float, float]:
        _, rows, columns = _three(self.shape)
        down, across = divmod(block, self.across)
        extra = _GAP if len(self.shape) > 2 else 0.0
        return (
            self.box[0] + across * (columns * self.width + _GAP),
            self.box[1] + extra + down * (rows * self.height + extra),
        )


def draw_cell(
    sheet: Sheet, box: Box, text: str, colour: str, *, real: bool = True, size: float = 13, low: str = ""
) -> None:
    """One element: solid and tinted where it lies in memory, dashed and grey where it only seems to.

    Args:
        size: points, of the text.
        low: a small text below the number.
    """
    frame(sheet, box, colour, real)
    write(sheet, box, text, real, size, low)


def frame(sheet: Sheet, box: Box, colour: str, real: bool = True) -> None:
    """The cell without its number, for pictures that draw arrows below the numbers."""
    left, top, right, bottom = box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1
    if real:
        sheet.box(left, top, right, bottom, tint(colour), dark(colour), 1)
    else:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        sheet.line(corners, SOFT, 0.75, (3, 3))


def write(sheet: Sheet, box: Box, text: str, real: bool = True, size: float = 13, low: str = "") -> None:
    """The number in a cell."""
    middle, height = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2 - (5 if low else 0)
    sheet.text(middle, height, text, INK if real else SOFT, size if real else size * 0.9, "mm")
    if low:
        sheet.text(middle, box[3] - 7, low, SOFT, 9, "mm", "mono")


def ring(sheet: Sheet, box: Box, colour: str = palette.VERMILION) -> None:
    """A thick frame around a cell."""
    sheet.box(box[0], box[1], box[2], box[3], None, colour, 3, radius=3)


def fitting_size(texts: Iterable[str], width: float, height: float, most: float = 13) -> float:
    """The size of letters at which every text fits into a cell."""
    widest = max((text_width(text, 13) for text in texts), default=0.0) or 1.0
    return max(6.0, min(most, 13 * (width - 5) / widest, 0.62 * height))


def number(value: float | int | bool) -> str:
    """A value short enough for a cell."""
    if isinstance(value, bool):
        return "T" if value else "F"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def dark(colour: str) -> str:
    """The colour for a line or a frame: a light one, mixed with black, so that it stands out on white."""
    if colour not in palette.LIGHT:
        return colour
    return "#" + "".join(f"{round(0.62 * part):02x}" for part in ImageColor.getrgb(colour)[:3])


def tint(colour: str) -> str:
    """The colour, mixed with much white."""
    return "#" + "".join(f"{round(255 - 0.24 * (255 - part)):02x}" for part in ImageColor.getrgb(colour)[:3])


def paragraph(
    sheet: Sheet, x: float, y: float, text: str, width: float, colour: str = INK, size: float = 13
) -> float:
    """Text in lines of at most `width` points, the first at height y; where the next line would stand."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            sheet.text(x, y, line, colour, size)
            y, line = y + 1.45 * size, word
        else:
            line = longer
    sheet.text(x, y, line, colour, size)
    return y + 1.45 * size


def warning(sheet: Sheet, x: float, y: float, text: str, width: float) -> float:
    """A triangle with an exclamation mark, and the text beside it."""
    sheet.marker(x + 9, y, palette.VERMILION, "triangle", 18)
    sheet.text(x + 9, y + 2, "!", PAPER, 11, "mm", "bold")
    return paragraph(sheet, x + 26, y, text, width - 26)


def _three(shape: Sequence[int]) -> tuple[int, int, int]:
    blocks, rows, columns = (1,) * (3 - len(shape)) + tuple(shape)
    return blocks, rows, columns
