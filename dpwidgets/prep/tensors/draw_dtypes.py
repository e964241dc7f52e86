"""The picture of one number in every dtype, with the bits of one of them."""

import torch

from dpwidgets import palette
from dpwidgets.prep.drawing import GRID, INK, SHADE, SOFT, Sheet
from dpwidgets.prep.tensors.cells import paragraph, tint
from dpwidgets.prep.tensors.dtypes import NAMES, Row, Value, bits, limits, parts, row

_TOP, _LINE = 74.0, 29.0
_COLUMNS = (30.0, 118.0, 168.0, 330.0, 618.0)
_PART_COLOURS = {
    "sign": palette.VERMILION,
    "exponent": palette.ORANGE,
    "value": palette.BLUE,
    "fraction": palette.BLUE,
}


def draw_table(sheet: Sheet, value: int | float, add: int, chosen: str) -> Row:
    """Draws all of it; the chosen dtype's row."""
    default = str(torch.tensor(value).dtype).removeprefix("torch.")
    heads = ("dtype", "bytes", "range", f"x = torch.tensor({value}, dtype)", f"x + {add}")
    for left, head in zip(_COLUMNS, heads, strict=True):
        sheet.text(left, _TOP - 24, head, INK, 13, "lm", "bold")
    sheet.text(20, 22, f"torch.tensor({value}) alone is {default}", INK, 13, "lm", "mono")
    rows = {name: row(value, add, name) for name in NAMES}
    for at, (name, one) in enumerate(rows.items()):
        height = _TOP + _LINE * at
        if name == chosen:
            sheet.box(20, height - 13, 900, height + 13, SHADE, palette.VERMILION, 2, radius=3)
        sheet.line([(20, height + 14.5), (900, height + 14.5)], GRID, 0.75)
        sheet.text(_COLUMNS[0], height, name, INK, 13, "lm", "bold" if name == default else "sans")
        sheet.text(_COLUMNS[1], height, str(one.dtype.itemsize), INK, 13)
        sheet.text(_COLUMNS[2], height, limits(one.dtype), SOFT, 12)
        _told(sheet, _COLUMNS[3], height, one.stored, one.told, one.kept)
        if one.stored is not None:
            _told(sheet, _COLUMNS[4], height, one.total, one.total_told, one.total_kept)
    _draw_bits(sheet, rows[chosen], add)
    return rows[chosen]


def long_number(value: Value | None) -> str:
    """A value with as many digits as tell it apart: 0.0999755859, 65504, inf."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _told(sheet: Sheet, left: float, height: float, value: Value | None, told: str, kept: bool) -> None:
    """A value and what became of it: a dot where it is kept, a cross where it is not."""
    colour = palette.GREEN if kept else palette.VERMILION
    sheet.marker(left + 5, height, colour, "circle" if kept else "cross", 9)
    shown = "" if value is None else long_number(value)
    sheet.text(left + 18, height, shown, INK, 13, "lm", "mono")
    sheet.text(left + 18 + 8.2 * len(shown) + (10 if shown else 0), height, told, SOFT, 12)


def _draw_bits(sheet: Sheet, one: Row, add: int) -> None:
    """The bits of the stored number and of the sum, parted by their meaning."""
    top = _TOP + _LINE * len(NAMES) + 20
    if one.stored is None:
        sheet.text(20, top, f"{one.name} in memory", INK, 13, "lm", "bold")
        refusal = f"torch.tensor refuses a number outside of the dtype's range. {limits(one.dtype)} fits."
        paragraph(sheet, 20, top + 30, refusal, 860, SOFT)
        return
    stored = torch.tensor(one.stored, dtype=one.dtype)
    for at, (name, tensor) in enumerate((("x", stored), (f"x + {add}", stored + add))):
        y = top + 60 * at
        kind = str(tensor.dtype).removeprefix("torch.")
        meaning = ", ".join(f"{count} {part}" for part, count in parts(tensor.dtype))
        sheet.text(20, y, f"{name} in memory, {kind}: bits for {meaning}", INK, 12, "lm")
        _draw_bits_of(sheet, y + 24, tensor)


def _draw_bits_of(sheet: Sheet, y: float, tensor: torch.Tensor) -> None:
    written = bits(tensor)
    width = min(20.0, 840 / len(written))
    at, left = 0, 20.0
    for part, count in parts(tensor.dtype):
        for bit in written[at : at + count]:
            colour = _PART_COLOURS[part]
            sheet.box(left, y - 11, left + width - 1, y + 11, tint(colour) if bit == "1" else None, colour, 1)
            sheet.text(left + width / 2, y, bit, INK, min(12.0, width * 0.85), "mm", "mono")
            left += width
        at, left = at + count, left + 8  # a gap between the parts
