"""The split lab's picture: each item in its part, the classes' shares, chance, and the score's worth."""

import numpy as np

from dpwidgets.prep.drawing import GRID, INK, SHADE, SOFT, Axes, Sheet
from dpwidgets.prep.drawing.axes import colour
from dpwidgets.prep.splitting.leaks import Report, chance_of_counts, part_of
from dpwidgets.prep.splitting.problems import Problem
from dpwidgets.prep.splitting.strategies import PARTS, Parts

WIDTH, HEIGHT = 920, 600
_LEFT, _RIGHT = 118, 900
_TOP, _BOTTOM = 58, 262
_MOST_ROWS = 10  # classes that get a row
_MOST_CELLS = 320  # items that get a cell in a row
_SERIES = {"train": 0, "val": 1, "test": 3}
_EDGED = 4  # points: a wider mark in orange, which is light on white, gets a dark edge


def split_picture(
    problem: Problem, parts: Parts, report: Report, honest: tuple[float, str] | None, scale: float
) -> np.ndarray:
    """The picture: uint8 (H, W, 3)."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    _legend(sheet, problem, parts)
    _items(sheet, problem, part_of(parts, len(problem)))
    _class_shares(sheet, problem, report)
    _chance(sheet, problem, parts, report)
    _worth(sheet, report, honest)
    return sheet.picture()


def _legend(sheet: Sheet, problem: Problem, parts: Parts) -> None:
    sheet.text(20, 20, "Where each item goes", face="bold", size=14)
    x = 214.0
    for number, (name, rows) in enumerate(zip(PARTS, parts, strict=True)):
        look = colour(_SERIES[name])
        edge = INK if name == "val" else None
        sheet.box(x, 28 - 6 * number - 6, x + 8, 28 - 6 * number, fill=look, outline=edge)
        sheet.line([(x - 3, 28), (x + 11, 28)], GRID, 1)
        sheet.text(x + 18, 20, f"{name}: {len(rows)} {problem.title}", size=12)
        x += 190
    order = "ordered by time" if problem.times is not None else "items of one group side by side"
    if problem.times is None and problem.groups is None:
        order = "one cell an item"
    sheet.text(_LEFT, 42, f"a row for each class, {order}; the height in the row is the part", SOFT, 11)


def _items(sheet: Sheet, problem: Problem, places: np.ndarray) -> None:
    """A row for each class; in it a cell for each item, high or low by its part."""
    counts = np.bincount(problem.y, minlength=len(problem.classes))
    shown = np.argsort(-counts, kind="stable")[:_MOST_ROWS]
    shown = np.sort(shown) if len(problem.classes) <= _MOST_ROWS else shown
    pitch = (_BOTTOM - _TOP) / len(shown)
    third = min(26.0, (pitch - 4) / 3)
    for number, label in enumerate(shown):
        rows = np.flatnonzero(problem.y == label)
        order = problem.times if problem.times is not None else problem.groups
        if order is not None:
            rows = rows[np.argsort(order[rows], kind="stable")]
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CELLS)).astype(int))]
        floor = _TOP + number * pitch + 3 * third + 2
        sheet.text(_LEFT - 8, floor - 1.5 * third, _cut(problem.classes[label]), INK, 11, "rm")
        sheet.box(_LEFT, floor - 3 * third, _RIGHT, floor, fill=SHADE)
        across = _across(problem, rows, int(counts.max()))
        for row, left, right in zip(rows, *across, strict=True):
            name = PARTS[places[row]]
            level = floor - third * places[row]
            edge = INK if name == "val" and right - left > _EDGED else None
            sheet.box(left, level - third, right, level, fill=colour(_SERIES[name]), outline=edge)
        if problem.groups is not None and problem.times is None:
            own = problem.groups[rows]
            for at in np.flatnonzero(own[1:] != own[:-1]):
                sheet.line([(across[1][at], floor - 3 * third), (across[1][at], floor)], INK, 1)


def _across(problem: Problem, rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Left and right edge of each item's cell: by time where items have times, else side by side."""
    if problem.times is not None:
        low, high = problem.times.min(), problem.times.max()
        width = max(1.2, (_RIGHT - _LEFT) / len(problem))
        left = _LEFT + (problem.times[rows] - low) / max(1e-9, high - low) * (_RIGHT - _LEFT - width)
        return left, left + width
    width = (_RIGHT - _LEFT) / min(most, _MOST_CELLS)
    left = _LEFT + width * np.arange(len(rows))
    return left, left + max(0.7 * width, width - 1)


def _class_shares(sheet: Sheet, problem: Problem, report: Report) -> None:
    """How large each class is in each part."""
    classes = min(len(problem.classes), _MOST_ROWS)
    highest = float(np.nanmax(report.shares)) if np.isfinite(report.shares).any() else 1.0
    names = [_cut(name, 9 if classes < 6 else 4) for name in problem.classes[:classes]]
    axes = Axes(
        sheet,
        (54, 316, 380, 540),
        (-0.5, classes - 0.5),
        (0, 100 * highest * 1.4),
        title="Share of each class",
        y_label="% of the part",
        x_ticks=[(number, name) for number, name in enumerate(names)],
    )
    at = np.arange(classes)
    for number, name in enumerate(PARTS):
        left = at - 0.36 + 0.24 * number
        heights = 100 * report.shares[number, :classes]
        axes.bars(left, left + 0.22, heights, _SERIES[name], name)
        if name == "val":
            _edges(sheet, axes, left, left + 0.22, heights)
    axes.legend()
    sheet.text(54, 586, f"test differs from all by up to {100 * report.drift:.1f} points", INK, 12)


def _edges(sheet: Sheet, axes: Axes, lefts: np.ndarray, rights: np.ndarray, heights: np.ndarray) -> None:
    """Dark edges around bars from 0 whose colour is light."""
    for left, right, height in zip(lefts, rights, heights, strict=True):
        if height > 0:
            (x1, top), (x2, bottom) = axes.at(left, height), axes.at(right, 0)
            sheet.box(x1, top, x2, bottom, outline=INK)


def _chance(sheet: Sheet, problem: Problem, parts: Parts, report: Report) -> None:
    """How many of the rarest class a random test part would hold, and how many this one holds."""
    name = problem.classes[report.rarest]
    counts, chances = chance_of_counts(problem, report.rarest, len(parts.test))
    here = int((problem.y[parts.test] == report.rarest).sum())
    low, high = min(int(counts.min()), here) - 0.7, max(int(counts.max()), here) + 0.7
    axes = Axes(
        sheet,
        (440, 316, 640, 540),
        (low, high),
        (0, 100 * float(chances.max()) * 1.3),
        title=f"Of {_cut(name, 12)!r} in test",
        x_label="bars: % of random test parts",
    )
    axes.bars(counts - 0.38, counts + 0.38, 100 * chances, 5)
    axes.rule(x=here, text=f"here {here}")
    none = float(chances[counts == 0].sum())
    sheet.text(430, 586, f"by pure chance none at all: {100 * none:.1f} %", INK, 12)


def _worth(sheet: Sheet, report: Report, honest: tuple[float, str] | None) -> None:
    """The score that this split gives beside the honest one, and what leaked."""
    axes = Axes(
        sheet,
        (700, 316, 900, 440),
        (0, 1),
        (-0.6, 1.6),
        title="Nearest neighbour",
        x_label="share right",
        y_ticks=[],
    )
    bars = [(1, "this test part", report.score, 3)]
    if honest is not None:
        bars.append((0, honest[1], honest[0], 2))
    for level, name, value, series in bars:
        (left, top), (right, bottom) = axes.at(0, level + 0.34), axes.at(value or 0.0, level - 0.2)
        if value is None:
            sheet.text(left + 4, (top + bottom) / 2, "no score", SOFT, 11)
        else:
            pattern = "solid" if series == 3 else "dots"
            sheet.box(left, top, right, bottom, fill=colour(series), pattern=pattern)
            sheet.text(right + 5, (top + bottom) / 2, f"{value:.2f}", INK, 11)
        sheet.text(left, top - 7, name, INK, 11)
    lines = []
    if report.torn is not None:
        lines.append((f"{100 * report.torn:.0f} %", "of test has its group in train"))
    if report.late is not None:
        lines.append((f"{100 * report.late:.0f} %", "of train came after test began"))
    if report.moved is not None:
        lines.append((f"{100 * report.moved:.0f} %", "of old items change parts"))
    for number, (percent, text) in enumerate(lines):
        sheet.text(738, 500 + 26 * number, percent, INK, 16, "rm", "bold")
        sheet.text(746, 500 + 26 * number, text, INK, 10)


def _cut(text: str, most: int = 14) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
