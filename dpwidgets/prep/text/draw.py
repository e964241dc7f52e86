"""The text lab's picture: a row of words for each variant, and what came of them all."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dpwidgets import palette
from dpwidgets.prep.drawing import INK, SHADE, SOFT, Sheet, text_width
from dpwidgets.prep.text.diff import DELETED, INSERTED, KEPT, MOVED, REPLACED, Change, with_gaps
from dpwidgets.prep.text.tokens import split_words

WIDTH, HEIGHT = 920.0, 560.0
_LEFT, _RIGHT = 78.0, 110.0  # points beside the words: the variant's number; its flag
_TOP, _FOOT = 12.0, 86.0  # points above the rows; below: the marks explained, and three bars
_SPREAD = 20.0  # points: the most room that is added between rows where there is plenty
_REMARK = 15.0  # points: height of a remark below a row
# Size of the letters, and whether the remarks are drawn: the first with which everything fits.
_FITS = (
    (15, True),
    (14, True),
    (13, True),
    (12, True),
    (11, True),
    (12, False),
    (11, False),
    (10, False),
    (9, False),
)
_LOOKS = {  # kind: colour, tint, sign before the word
    KEPT: (INK, "", ""),
    REPLACED: (palette.BLUE, "#dcecf6", ""),
    INSERTED: (palette.GREEN, "#d9f0e8", "+"),
    DELETED: (palette.VERMILION, "", ""),
    MOVED: (palette.PURPLE, "#f7e6ef", "⇄"),
}


class Word(NamedTuple):
    """A word to draw, with the marks that stand right before and behind it, and the word that it was."""

    kind: str
    text: str
    lead: str = ""
    trail: str = ""
    before: str = ""


class Row(NamedTuple):
    """A sentence in lines, its name on the left, its flag on the right and a remark below."""

    lines: list[list[Word]]
    name: str
    flag: str
    remark: str


def draw(notes: Mapping[str, Any], scale: float) -> np.ndarray:
    """The original, its variants, three bars: uint8 (H, W, 3). `notes` are those of the engine's `render`."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    room = HEIGHT - _FOOT - _TOP
    for size, remarks in _FITS:
        rows = _rows(notes, size, remarks)
        total = sum(_height(row, size) for row in rows)
        if total <= room:
            break
    spread = max(0.0, min(_SPREAD, (room - total) / len(rows)))
    top = _TOP
    for number, row in enumerate(rows):
        height = _height(row, size) + spread
        if number and top + height - spread > HEIGHT - _FOOT:
            sheet.text(_LEFT, top + 8, f"… and {len(rows) - number} more, in the list below", SOFT, 12)
            break
        if number == 0:
            sheet.box(0, 0, WIDTH, top + height - spread / 2, SHADE)
        _draw_row(sheet, row, top + spread / 2 * (number > 0), size)
        top += height
    _foot(sheet, notes)
    return sheet.picture()


def marked(parts: Sequence[str], found: Sequence[Change]) -> list[Word]:
    """The words of a variant, in its order, with the deleted ones where they were."""
    gaps = parts[0::2]
    words = []
    for one, gap in with_gaps(parts, found):
        lead = "" if one.at is None else re.sub(r"^\S+", "", gaps[one.at]) if one.at else gaps[0]
        trail = "".join(re.findall(r"^\S+", gap))
        words.append(Word(one.kind, one.after or one.before, lead.strip(), trail, one.before))
    return words


def _rows(notes: Mapping[str, Any], size: int, remarks: bool) -> list[Row]:
    parts = split_words(notes["original"])
    kept = [Change(KEPT, word, word, at, at) for at, word in enumerate(parts[1::2])]
    told = f"Label: {notes['label']}. " if notes["label"] else ""
    told += f"Its words of opinion: {notes['reading']}."
    rows = [Row(_wrapped(marked(parts, kept), size), "original", "", told if remarks else "")]
    for number, one in enumerate(notes["variants"], 1):
        flag = "⚠ label?" if one.reasons else "unchanged" if one.unchanged else ""
        remark = _shortened("; ".join(one.reasons)) if remarks else ""
        rows.append(Row(_wrapped(marked(one.parts, one.changes), size), str(number), flag, remark))
    return rows


def _shortened(text: str) -> str:
    """What fits in a line below the words."""
    while text and text_width(text, 11) > WIDTH - _LEFT - 20:
        text = text[:-6].rstrip(" ;,…") + "…"
    return text


def _wrapped(words: Sequence[Word], size: int) -> list[list[Word]]:
    lines: list[list[Word]] = [[]]
    used = 0.0
    for word in words:
        width = _width(word, size) + _blank(size)
        if lines[-1] and used + width > WIDTH - _LEFT - _RIGHT:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += width
    return lines


def _blank(size: int) -> float:
    """Points between two words."""
    return size * 0.3


@lru_cache(maxsize=4096)
def _wide(text: str, size: float, face: str = "sans") -> float:
    return text_width(text, size, face) if text else 0.0


def _width(word: Word, size: int) -> float:
    box = {KEPT: 0.0, DELETED: 4.0}.get(word.kind, 6.0)
    sign = _LOOKS[word.kind][2]
    return sum(_wide(text, size) for text in (word.lead, word.text, word.trail, sign and sign + " ")) + box


def _line(size: int) -> float:
    """Height of a line of words in points."""
    return size + 9.0


def _height(row: Row, size: int) -> float:
    return len(row.lines) * _line(size) + (_REMARK if row.remark else 0.0) + 4


def _draw_row(sheet: Sheet, row: Row, top: float, size: int) -> None:
    middle = top + _line(size) / 2
    sheet.text(_LEFT - 12, middle, row.name, SOFT, 12, "rm", "bold")
    warns = row.flag.startswith("⚠")
    sheet.text(
        WIDTH - 12,
        middle,
        row.flag,
        palette.VERMILION if warns else SOFT,
        12,
        "rm",
        "bold" if warns else "sans",
    )
    for at, line in enumerate(row.lines):
        x = _LEFT
        for word in line:
            _draw_word(sheet, word, x, middle + at * _line(size), size)
            x += _width(word, size) + _blank(size)
    if row.remark:
        below = top + len(row.lines) * _line(size) + _REMARK / 2 - 1
        sheet.text(_LEFT, below, row.remark, SOFT, 11)


def _draw_word(sheet: Sheet, word: Word, x: float, y: float, size: int) -> None:
    colour, tint, sign = _LOOKS[word.kind]
    sheet.text(x, y, word.lead, INK, size)
    x += _wide(word.lead, size)
    end = x + _width(word, size) - _wide(word.lead, size) - _wide(word.trail, size)
    low = y + size * 0.62
    if tint:
        sheet.box(x, y - size * 0.68, end, low, tint, radius=3)
    if sign:
        sheet.text(x + 3, y, sign, colour, size, face="bold")
    shift = {KEPT: 0, DELETED: 2}.get(word.kind, 3) + _wide(sign and sign + " ", size)
    sheet.text(x + shift, y, word.text, SOFT if word.kind == DELETED else INK, size)
    if word.kind in (REPLACED, MOVED) and word.text != word.before:
        sheet.line([(x + 1, low), (end - 1, low)], palette.BLUE, 2)
    if word.kind == DELETED:
        sheet.line([(x + 1, y + 1), (end - 1, y + 1)], colour, 1.75)
    sheet.text(end, y, word.trail, INK, size)


def _foot(sheet: Sheet, notes: Mapping[str, Any]) -> None:
    """What the marks mean, and three bars."""
    top = HEIGHT - _FOOT
    sheet.line([(0, top), (WIDTH, top)], SHADE, 2)
    x = _LEFT
    for kind in (KEPT, REPLACED, INSERTED, DELETED, MOVED):
        word = Word(kind, kind, before="" if kind == REPLACED else kind)
        _draw_word(sheet, word, x, top + 19, 12)
        x += _width(word, 12) + 22
    sheet.text(x, top + 19, "⚠ the label may not hold", palette.VERMILION, 12, face="bold")
    made = notes["variants"]
    unchanged, flagged = sum(one.unchanged for one in made), sum(bool(one.reasons) for one in made)
    bars = (
        ("words changed", notes["changed"], f"{notes['changed']:.0%}", palette.BLUE, "solid"),
        ("variants unchanged", unchanged / len(made), f"{unchanged} of {len(made)}", SOFT, "dots"),
        ("label may change", flagged / len(made), f"{flagged} of {len(made)}", palette.VERMILION, "stripes"),
    )
    across = (WIDTH - _LEFT - 20) / 3
    for at, (name, share, text, colour, pattern) in enumerate(bars):
        left = _LEFT + at * across
        sheet.text(left, top + 43, name, INK, 12)
        sheet.text(left + across - 30, top + 43, text, INK, 12, "rm", "bold")
        right = left + across - 30
        sheet.box(left, top + 55, right, top + 69, SHADE)
        if share > 0:
            sheet.box(left, top + 55, left + share * (right - left), top + 69, colour, pattern=pattern)


def can_draw(text: str) -> bool:
    """Whether the picture's font, DejaVu, has the text's script; it has no Chinese, Korean or Devanagari."""
    return all(sign < "\u0700" or "\u1d00" <= sign < "\u2c00" for sign in text)
