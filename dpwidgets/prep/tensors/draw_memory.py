"""The picture of a look at a tensor: both grids, the storage below, and the sum that finds an element."""

from collections.abc import Sequence

import torch

from dpwidgets import palette
from dpwidgets.prep.drawing import GRID, INK, SOFT, Sheet
from dpwidgets.prep.tensors.cells import Box, Grid, draw_cell, fitting_size, number, paragraph, ring, warning
from dpwidgets.prep.tensors.shapes import shown
from dpwidgets.prep.tensors.views import (
    Outcome,
    facts,
    index_at,
    offset_sum,
    offsets,
    storage_values,
    why_not,
)

X, Y = palette.BLUE, palette.ORANGE
_X_BOX, _Y_BOX = (20.0, 80.0, 420.0, 232.0), (490.0, 80.0, 900.0, 232.0)
_ROWS = (284.0, 356.0)  # top of each row of memory
_ROW_HEIGHT = 30.0
_FACTS = 442.0


def draw_look(sheet: Sheet, x: torch.Tensor, code: str, outcome: Outcome, element: int) -> str:
    """Draws all of it; how the chosen element of the result is found, as text."""
    y = outcome.result
    if y is not None and y.numel():  # first, so that titles and numbers stand on top of it
        owner, top = (x, _ROWS[0]) if outcome.shares else (y, _ROWS[1])
        _draw_arrow(sheet, y, element, _row_boxes(len(storage_values(owner)), top))
    sheet.text(20, 24, f"y = {code}", INK, 15, "lm", "mono")
    _draw_grid(sheet, x, "x", X, Grid.fit(x.shape, _X_BOX))
    if y is None:
        _draw_row(sheet, x, None, "memory of x", X, _ROWS[0])
        width = _Y_BOX[2] - _Y_BOX[0]
        below = warning(sheet, _Y_BOX[0], 80, "No result. " + why_not(outcome.error), width)
        below = paragraph(sheet, _Y_BOX[0], below + 10, "Torch says:", width, SOFT, 12)
        paragraph(sheet, _Y_BOX[0], below, outcome.error, width, SOFT, 12)
        _draw_facts(sheet, x, None)
        return ""
    grid = Grid.fit(y.shape, _Y_BOX)
    _draw_grid(sheet, y, "y", Y, grid)
    title = "memory of x, shared by y" if outcome.shares else "memory of x"
    places = _draw_row(sheet, x, y if outcome.shares else None, title, X, _ROWS[0])
    if outcome.shares:
        sheet.text(20, _ROWS[1] + 8, "y has no memory of its own: write into y, and x changes too.", SOFT, 12)
    else:
        places = _draw_row(sheet, y, y, "memory of y: a copy, x keeps its own", Y, _ROWS[1])
    _draw_facts(sheet, x, y)
    told = _draw_element(sheet, y, grid, element, places) if y.numel() else ""
    x_index = _same_place(x, y, element) if outcome.shares and y.numel() else None
    if x_index is not None:
        ring(sheet, Grid.fit(x.shape, _X_BOX).cell(x_index))
    paragraph(sheet, 490, _FACTS + 56, _verdict(y, outcome), 410, SOFT, 12)
    return told


def _draw_grid(sheet: Sheet, tensor: torch.Tensor, name: str, colour: str, grid: Grid) -> None:
    """Values, and below each its place in the storage; the repeats of expanded dimensions dashed."""
    sheet.text(grid.box[0], 60, f"{name}  {shown(tensor.shape)}", INK, 13, "lm", "bold")
    sheet.text(grid.box[2], 60, "small: place in memory", SOFT, 11, "rm")
    places = offsets(tensor)
    texts = [number(value) for value in tensor.flatten().tolist()]
    roomy = grid.height >= 24
    size = fitting_size(texts, grid.width, grid.height - (8 if roomy else 0))
    seen: set[int] = set()
    grid.headings(sheet)
    for at, (place, text) in enumerate(zip(places, texts, strict=True)):
        index = index_at(at, tensor.shape)
        low = f"@{place}" if roomy else ""
        draw_cell(sheet, grid.cell(index), text, colour, real=place not in seen, size=size, low=low)
        seen.add(place)


def _draw_row(
    sheet: Sheet, owner: torch.Tensor, user: torch.Tensor | None, title: str, colour: str, top: float
) -> list[Box]:
    """The storage of `owner` as a row of cells; those that `user` never looks at are dashed. Box of each."""
    values = [number(value) for value in storage_values(owner)]
    boxes = _row_boxes(len(values), top)
    size = fitting_size(values, boxes[0][2] - boxes[0][0], _ROW_HEIGHT) if boxes else 0
    used = set(range(len(values))) if user is None else set(offsets(user))
    unused = len(values) - len(used)
    extra = f"; y looks at {len(used)} of {len(values)} cells" if user is not None and unused else ""
    sheet.text(20, top - 14, title + extra, INK, 13, "lm", "bold")
    for place, (box, text) in enumerate(zip(boxes, values, strict=True)):
        draw_cell(sheet, box, text, colour, real=place in used, size=size)
        sheet.text((box[0] + box[2]) / 2, top + _ROW_HEIGHT + 8, str(place), SOFT, 10, "mm", "mono")
    return boxes


def _row_boxes(count: int, top: float) -> list[Box]:
    width = min(44.0, 880 / max(1, count))
    return [(20 + at * width, top, 20 + (at + 1) * width, top + _ROW_HEIGHT) for at in range(count)]


def _draw_arrow(sheet: Sheet, y: torch.Tensor, element: int, places: Sequence[Box]) -> None:
    """From an element of y to its cell in memory."""
    start = Grid.fit(y.shape, _Y_BOX).cell(index_at(element, y.shape))
    end = places[offsets(y)[element]]
    middle, target = (start[0] + start[2]) / 2, (end[0] + end[2]) / 2
    sheet.arrow((middle, start[3]), (target, end[1]), palette.VERMILION, 2)


def _draw_element(
    sheet: Sheet,
    y: torch.Tensor,
    grid: Grid,
    element: int,
    places: Sequence[Box],
) -> str:
    index = index_at(element, y.shape)
    ring(sheet, grid.cell(index))
    ring(sheet, places[offsets(y)[element]])
    name = f"y{list(index)}" if index else "y"
    told = f"place of {name} = {offset_sum(y, index)}"
    sheet.text(490, _FACTS, told, INK, 13, "lm", "mono")
    sheet.text(490, _FACTS + 20, "storage_offset + each index · its stride", SOFT, 12)
    return told


def _draw_facts(sheet: Sheet, x: torch.Tensor, y: torch.Tensor | None) -> None:
    top = _FACTS - 18
    columns = [facts(x), facts(y) if y is not None else None]
    for column, (name, left) in enumerate((("x", 220), ("y", 340))):
        sheet.text(left, top, name, INK, 13, "lm", "bold")
        for row, (fact, value) in enumerate((columns[column] or {}).items()):
            height = top + 20 + 19 * row
            differs = column == 1 and columns[0] is not None and columns[0][fact] != value
            sheet.text(left, height, value, INK, 12, "lm", "bold" if differs else "sans")
    for row, fact in enumerate(facts(x)):
        height = top + 20 + 19 * row
        sheet.line([(20, height - 10), (450, height - 10)], GRID, 0.75)
        sheet.text(20, height, fact, SOFT, 12)


def _same_place(x: torch.Tensor, y: torch.Tensor, element: int) -> tuple[int, ...] | None:
    """The element of x that lies where the chosen element of y lies."""
    places = offsets(x)
    wanted = offsets(y)[element]
    return index_at(places.index(wanted), x.shape) if wanted in places else None


def _verdict(y: torch.Tensor, outcome: Outcome) -> str:
    if not outcome.shares:
        return "A copy: new memory, filled in the order in which y is read."
    if y.numel() and 0 in [stride for stride, size in zip(y.stride(), y.shape, strict=True) if size > 1]:
        return "A view: a stride of 0 reads the same cell again and again. Repeats cost no memory."
    if not y.is_contiguous():
        return "A view: same cells, other strides. Read row by row, y jumps about in memory: not contiguous."
    return "A view: nothing was copied, only shape, strides and start are new."
