"""The still picture of a loader lab: a bar for each setting tried, and the timeline of the last run.

Drawn with numpy and PIL on a light ground, for viewers that show no live view.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from dpwidgets.prep.loading.span_history import COLUMNS
from dpwidgets.prep.loading.span_looks import LOOKS
from dpwidgets.prep.loading.spans import CONSUMER, KINDS, Kind
from dpwidgets.prep.loading.trial import Trial

WIDTH = 920
WINDOW = 3.0  # seconds of the timeline that are shown
_MARGIN, _LINE, _ROW = 16, 24, 22
_PAPER, _INK, _SOFT, _GROUND = "#ffffff", "#1d2127", "#5a6472", "#eef1f4"
_TEXT = 13
_BARS_FROM, _BARS_TO = 330, 640
_ROWS_FROM = 110


def run_picture(title: str, trials: Sequence[Trial], rows: np.ndarray) -> np.ndarray:
    """The picture: uint8 (H, WIDTH, 3).

    Args:
        title: the lab in a few words.
        trials: the settings tried, the last one last.
        rows: spans of the last run, as `SpanHistory.rows` gives them; none leaves the timeline out.
    """
    lanes = _lanes(rows)
    bars_height = _LINE * max(1, len(trials))
    timeline_height = (len(lanes) * _ROW + 3 * _LINE + _MARGIN) if len(rows) else 0
    height = 2 * _MARGIN + _LINE + bars_height + timeline_height
    picture = Image.new("RGB", (WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    _write(draw, _MARGIN, _MARGIN + _LINE / 2, title, size=_TEXT + 2)
    top = _MARGIN + _LINE
    if trials:
        _bars(picture, draw, top, trials)
    else:
        _write(draw, _MARGIN, top + _LINE / 2, "No run yet: press Run in the live lab.", _SOFT)
    if len(rows):
        _timeline(picture, draw, top + bars_height + _MARGIN, rows, lanes)
    return np.asarray(picture)


def in_words(title: str, trials: Sequence[Trial]) -> str:
    """The picture's alt text."""
    if not trials:
        return f"{title}. No run yet."
    told = "; ".join(f"{one.label}: {_result(one)}" for one in trials)
    why = f" Bottleneck of the last run: {trials[-1].bottleneck}." if trials[-1].bottleneck else ""
    return f"{title}. Settings tried: {told}.{why}"


def _result(trial: Trial) -> str:
    if not trial.items_per_second:
        return trial.ended
    ending = "" if trial.measured else f" ({trial.ended})"
    return f"{trial.items_per_second:,.0f} items/s, waits {trial.wait_share:.0%}{ending}"


def _bars(picture: Image.Image, draw: ImageDraw.ImageDraw, top: int, trials: Sequence[Trial]) -> None:
    best = max(trial.items_per_second for trial in trials) or 1.0
    for number, trial in enumerate(trials):
        middle = top + number * _LINE + _LINE / 2
        _write(draw, _MARGIN, middle, _cut(trial.label, _BARS_FROM - _MARGIN - 12))
        length = round((_BARS_TO - _BARS_FROM) * trial.items_per_second / best)
        box = (_BARS_FROM, round(middle) - 8, _BARS_FROM + max(1, length), round(middle) + 8)
        _fill(picture, box, "step" if trial is trials[-1] else "fetch")
        _write(draw, _BARS_FROM + length + 8, middle, _result(trial), _INK if trial.measured else _SOFT)


def _lanes(rows: np.ndarray) -> list[tuple[str, int, bool]]:
    """The timeline's rows from the top: (label, worker, is it the training loop's own row?)."""
    workers = sorted({int(worker) for worker in rows[:, COLUMNS.index("worker")]} - {CONSUMER})
    lanes = [("training loop", CONSUMER, True)]
    if len(rows) and not workers:
        lanes.append(("main process", CONSUMER, False))
    return lanes + [(f"worker {worker}", worker, False) for worker in workers]


def _timeline(
    picture: Image.Image,
    draw: ImageDraw.ImageDraw,
    top: int,
    rows: np.ndarray,
    lanes: Sequence[tuple[str, int, bool]],
) -> None:
    """The last seconds of the run: a row for each process, ticks, legend."""
    end = float(rows[:, COLUMNS.index("end")].max())
    start = max(float(rows[:, COLUMNS.index("start")].min()), end - WINDOW)
    width = WIDTH - _MARGIN - _ROWS_FROM
    scale = width / max(1e-6, end - start)
    kinds: set[Kind] = set()
    for number, (label, worker, own) in enumerate(lanes):
        y = top + number * _ROW
        _write(draw, _MARGIN, y + _ROW / 2, label)
        draw.rectangle((_ROWS_FROM, y + 2, WIDTH - _MARGIN, y + _ROW - 3), fill=_GROUND)
        for row in sorted(rows[rows[:, 1] == worker], key=_depth):
            kind = _kind(row)
            if row[3] < start or (worker == CONSUMER and own != _in_loop(kind, lanes)):
                continue
            kinds.add(kind)
            left = _ROWS_FROM + (max(row[2], start) - start) * scale
            right = max(left + 1, _ROWS_FROM + (row[3] - start) * scale)
            _fill(picture, (round(left), y + _inset(kind), round(right), y + _ROW - 2), kind)
    below = top + len(lanes) * _ROW
    for tick in _ticks(start, end):
        x = _ROWS_FROM + (tick - start) * scale
        draw.line((x, below, x, below + 4), fill=_SOFT)
        _write(draw, x, below + 14, f"{tick:g} s", _SOFT, anchor="mm" if x < WIDTH - 40 else "rm")
    x = _ROWS_FROM
    for kind in (kind for kind in KINDS if kind in kinds):
        middle = below + _LINE + _LINE
        _fill(picture, (x, middle - 7, x + 18, middle + 7), kind)
        _write(draw, x + 24, middle, kind)
        x += 24 + int(_font(_TEXT).getlength(kind)) + 20


def _in_loop(kind: Kind, lanes: Sequence[tuple[str, int, bool]]) -> bool:
    """Does a span of the consumer belong to the loop's own row? Without workers, what it loads does not."""
    workerless = any(worker == CONSUMER and not own for _, worker, own in lanes)
    return kind in ("wait", "step", "transfer") or not workerless


def _inset(kind: Kind) -> int:
    """Pixels between the row's upper edge and the span's: what lies within, or beside, a fetch is lower."""
    return {"transform": 7, "hand-over": _ROW - 7}.get(kind, 2)


def _depth(row: np.ndarray) -> tuple[float, bool, bool]:
    """Order of drawing: batches below items, items below their transforms."""
    return row[COLUMNS.index("fine")], _kind(row) == "transform", _kind(row) == "hand-over"


def _kind(row: np.ndarray) -> Kind:
    return KINDS[int(row[0])]


def _ticks(start: float, end: float) -> np.ndarray:
    """Round moments, at most eight."""
    span = max(1e-6, end - start)
    unit = 10.0 ** np.floor(np.log10(span / 4))
    step = next(unit * factor for factor in (1, 2, 5, 10) if span / (unit * factor) <= 8)
    return np.round(np.arange(np.ceil(start / step), np.floor(end / step) + 1) * step, 9)


@cache
def _texture(kind: Kind) -> np.ndarray:
    """8 by 8 pixels of the kind's pattern: uint8 (8, 8, 3)."""
    look = LOOKS[kind]
    ink = np.array([[mark == "#" for mark in line] for line in look.pattern])
    return np.where(ink[..., None], ImageColor.getrgb(look.ink), ImageColor.getrgb(look.colour)).astype(
        np.uint8
    )


def _fill(picture: Image.Image, box: tuple[int, int, int, int], kind: Kind) -> None:
    """Fills the box (left, top, right, bottom) with the kind's pattern, which lines up across boxes."""
    left, top, right, bottom = box
    ys, xs = np.arange(top, bottom) % 8, np.arange(left, right) % 8
    picture.paste(Image.fromarray(_texture(kind)[ys[:, None], xs]), (left, top))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _write(
    draw: ImageDraw.ImageDraw,
    x: float,
    middle: float,
    text: str,
    colour: str = _INK,
    anchor: str = "lm",
    size: int = _TEXT,
) -> None:
    draw.text((x, middle), text, fill=colour, font=_font(size), anchor=anchor)


def _cut(text: str, width: int) -> str:
    """The text, shortened to so many pixels."""
    while _font(_TEXT).getlength(text) > width:
        text = text[:-2].rstrip(" ,") + "…"
    return text
