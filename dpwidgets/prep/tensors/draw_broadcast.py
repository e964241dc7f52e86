"""The picture of two tensors that meet: dimensions aligned, every cell, and where one cell comes from."""

import torch

from dpwidgets import palette
from dpwidgets.prep.drawing import INK, PAPER, SOFT, Sheet, text_width
from dpwidgets.prep.drawing.sheet import Point
from dpwidgets.prep.tensors.broadcast import OPERATIONS, Alignment, source
from dpwidgets.prep.tensors.cells import (
    Grid,
    dark,
    draw_cell,
    fitting_size,
    frame,
    number,
    paragraph,
    ring,
    warning,
    write,
)
from dpwidgets.prep.tensors.shapes import shown
from dpwidgets.prep.tensors.views import index_at

A, B, RESULT = palette.BLUE, palette.ORANGE, palette.GREEN
_A_BOX, _B_BOX = (20.0, 206.0, 420.0, 356.0), (20.0, 404.0, 420.0, 552.0)
_RESULT_BOX = (490.0, 206.0, 900.0, 500.0)


def draw_alignment(sheet: Sheet, alignment: Alignment, x: float = 20, y: float = 22) -> None:
    """The sizes of both tensors under each other, right-aligned, and what comes out."""
    sheet.text(x, y, "Shapes, aligned from the right", INK, 13, "lm", "bold")
    count = max(1, len(alignment.columns))
    for row, name in enumerate(("a", "b", "result")):
        sheet.text(x, y + 52 + 32 * row, name, INK, 13, "lm", "bold" if name == "result" else "sans")
    for at, column in enumerate(alignment.columns):
        left = x + 70 + 76 * (3 - count + at)
        sheet.text(left + 34, y + 24, f"dim {at - count}", SOFT, 11, "mm")
        for row, (size, colour) in enumerate(zip(column, (A, B, RESULT), strict=True)):
            box = (left, y + 38 + 32 * row, left + 68, y + 66 + 32 * row)
            if row == 2 and size is None:
                sheet.box(*box, palette.VERMILION)
                sheet.text(left + 34, box[1] + 14, "✗ clash", PAPER, 12, "mm", "bold")
            elif size is None:
                draw_cell(sheet, box, "missing", colour, real=False, size=12)
            else:
                repeats = row < 2 and size == 1 and column.result not in (None, 1)
                draw_cell(sheet, box, f"1 → {column.result}" if repeats else str(size), colour)
    if not alignment.columns:
        sheet.text(x + 70, y + 52, "two single numbers: shape ()", SOFT, 12)


def draw_clash(sheet: Sheet, a: torch.Tensor, b: torch.Tensor, alignment: Alignment, error: str) -> None:
    """Both tensors as they are, and why they do not meet."""
    for name, tensor, colour, box in (("a", a, A, _A_BOX), ("b", b, B, _B_BOX)):
        sheet.text(box[0], box[1] - 14, f"{name}  {shown(tensor.shape)}", INK, 13, "lm", "bold")
        _Cells(sheet, Grid.fit(tensor.shape, box), tensor, colour).numbers()
    at = alignment.clash
    assert at is not None
    column = alignment.columns[at]
    x, width = _RESULT_BOX[0], 410.0
    y = warning(
        sheet, x, 220,
        f"No result. In dimension {at}, counted from the right, "
        f"a has size {column.a} and b has size {column.b}.",
        width,
    )  # fmt: skip
    y = paragraph(
        sheet, x, y + 14, "Sizes meet where they are equal, or where one of them is 1 or missing.", width
    )
    y = paragraph(sheet, x, y + 14, "Torch says:", width, SOFT, 12)
    paragraph(sheet, x, y, error, width, SOFT, 12)


def draw_meeting(
    sheet: Sheet,
    a: torch.Tensor,
    b: torch.Tensor,
    result: torch.Tensor,
    alignment: Alignment,
    operation: str,
    cell: int,
) -> str:
    """Both tensors as torch treats them, the result, and the path of element `cell`; its sum as text."""
    index = index_at(cell, result.shape) if result.numel() else None
    drawn = []
    for name, tensor, colour, box in (("a", a, A, _A_BOX), ("b", b, B, _B_BOX)):
        repeats = result.numel() - tensor.numel()
        title = f"{name}  {shown(tensor.shape)}"
        told = f"{tensor.numel()} in memory" + (f", {repeats} repeats (dashed)" if repeats > 0 else "")
        sheet.text(box[0], box[1] - 14, title, INK, 13, "lm", "bold")
        beside = box[0] + text_width(title, 13, "bold") + 16  # to the left of b's arrow
        sheet.text(beside, box[1] - 14, told, SOFT, 12)
        drawn.append(_Cells(sheet, Grid.fit(result.shape, box), tensor, colour))
    left, top, right, _ = _RESULT_BOX
    sheet.text(left, top - 14, f"result  {shown(result.shape)}", INK, 13, "lm", "bold")
    sheet.text(right, top - 14, _bytes(a, b, result), SOFT, 12, "rm")
    grid = Grid.fit(result.shape, _RESULT_BOX)
    drawn.append(_Cells(sheet, grid, result, RESULT))
    if index is None:
        paragraph(sheet, left, top + 20, "A size of 0: the result is empty, and that is no error.", 400)
        return ""
    places = [source(index, tuple(tensor.shape)) for tensor in (a, b)]
    for place, colour, own in zip(places, (A, B), drawn[:2], strict=True):
        _draw_path(sheet, own.grid, place, index, grid, dark(colour))
    ring(sheet, grid.cell(index))
    for cells in drawn:
        cells.numbers()
    values = [number(tensor[place].item()) for tensor, place in zip((a, b), places, strict=True)]
    sign = OPERATIONS[operation][0]
    at = [f"{name}{list(place)}" if place else name for name, place in zip(("a", "b"), places, strict=True)]
    joined = [f"max({x}, {y})" if sign == "max" else f"{x} {sign} {y}" for x, y in (at, values)]
    where = f"result{list(index)}" if index else "result"
    told = f"{where} = {joined[0]} = {joined[1]} = {number(result[index].item())}"
    sheet.text(left, 532, told, INK, 13, "lm", "mono")
    return told


def _draw_path(
    sheet: Sheet, own: Grid, real: tuple[int, ...], index: tuple[int, ...], target: Grid, colour: str
) -> None:
    """From the cell in memory to its repeat, and from there to the result."""
    first = _shown_at(real, index)
    ring(sheet, own.cell(first), colour)
    if first != index:
        ring(sheet, own.cell(index), colour)
        sheet.arrow(*_between(own, first, index), colour, 1.5)
    start, end = own.middle(index), target.middle(index)
    sheet.arrow((start[0] + own.width / 2, start[1]), (end[0] - target.width / 2, end[1]), colour, 1.25)


class _Cells:
    """A tensor in the shape of the result: frames first, numbers on top of what is drawn between."""

    def __init__(self, sheet: Sheet, grid: Grid, tensor: torch.Tensor, colour: str) -> None:
        self.sheet, self.grid = sheet, grid
        wide = tensor.expand(grid.shape)
        self.texts = [number(value) for value in wide.flatten().tolist()]
        indices = [index_at(place, wide.shape) for place in range(wide.numel())]
        own = tuple(tensor.shape)
        self.real = [_shown_at(source(index, own), index) == index for index in indices]
        self.boxes = [grid.cell(index) for index in indices]
        grid.headings(sheet)
        for box, real in zip(self.boxes, self.real, strict=True):
            frame(sheet, box, colour, real)

    def numbers(self) -> None:
        size = fitting_size(self.texts, self.grid.width, self.grid.height)
        for box, text, real in zip(self.boxes, self.texts, self.real, strict=True):
            write(self.sheet, box, text, real, size)


def _between(grid: Grid, first: tuple[int, ...], last: tuple[int, ...]) -> tuple[Point, Point]:
    """From the edge of one cell to the edge of another, so that the numbers stay free."""
    (x1, y1), (x2, y2) = grid.middle(first), grid.middle(last)
    away = max(abs(x2 - x1) / grid.width, abs(y2 - y1) / grid.height)
    step = ((x2 - x1) / away / 2, (y2 - y1) / away / 2)
    return (x1 + step[0], y1 + step[1]), (x2 - step[0], y2 - step[1])


def _shown_at(place: tuple[int, ...], index: tuple[int, ...]) -> tuple[int, ...]:
    """Where a tensor's own element stands in the result's shape: first along every repeated dimension."""
    return (0,) * (len(index) - len(place)) + place


def _bytes(a: torch.Tensor, b: torch.Tensor, result: torch.Tensor) -> str:
    kind = str(result.dtype).removeprefix("torch.")
    return f"{kind}: {result.nbytes} bytes, from {a.nbytes} + {b.nbytes}"
