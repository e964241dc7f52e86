"""Axes on a sheet: numbers to points, ticks, and the few kinds of marks that the labs need."""

from collections.abc import Sequence

import numpy as np

from dpwidgets import palette
from dpwidgets.prep.drawing.sheet import GRID, INK, MARKERS, PAPER, PATTERNS, SOFT, Point, Sheet, text_width

_SMALL = 11  # points: size of ticks and legends
_DASHES = (None, (7.0, 3.0), (2.0, 2.0), (9.0, 2.0))
Ticks = Sequence[tuple[float, str]]
Numbers = Sequence[float] | np.ndarray


class Axes:
    """A plot in a box of a sheet.

    Args:
        box: left, top, right, bottom in points, of the plot itself: titles, ticks and labels go outside, so
            leave about 24 above, 36 below and 46 on the left.
        x, y: the numbers at the two ends of each axis.
        x_ticks, y_ticks: (number, text) pairs; None takes round numbers.
        log_x: the x axis is logarithmic.
    """

    def __init__(
        self,
        sheet: Sheet,
        box: tuple[float, float, float, float],
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        title: str = "",
        x_label: str = "",
        y_label: str = "",
        x_ticks: Ticks | None = None,
        y_ticks: Ticks | None = None,
        log_x: bool = False,
    ) -> None:
        self.sheet, self.box = sheet, box
        self._log_x = log_x
        self._x, self._y = _wide(*x), _wide(*y)
        self._legend: list[tuple[str, int, str]] = []
        left, top, right, bottom = box
        if y_ticks is None:
            y_ticks = ticks(*self._y)
        if x_ticks is None:
            x_ticks = log_ticks(*self._x) if log_x else ticks(*self._x)
        for value, text in y_ticks:
            height = self.at(self._x[0], value)[1]
            sheet.line([(left, height), (right, height)], GRID, 0.75)
            sheet.text(left - 6, height, text, SOFT, _SMALL, "rm")
        sheet.line([(left, bottom), (right, bottom)], SOFT, 1)
        for value, text in x_ticks:
            across = self.at(value, self._y[0])[0]
            sheet.line([(across, bottom), (across, bottom + 3)], SOFT, 1)
            sheet.text(across, bottom + 6, text, SOFT, _SMALL, "ma")
        sheet.text((left + right) / 2, bottom + 21, x_label, SOFT, _SMALL, "ma")
        sheet.text(left, top - 12, title, INK, 13, "lm", "bold")
        # Text does not turn in this kit: the y axis is named at its upper end, on the right of the title.
        sheet.text(right, top - 12, y_label, SOFT, _SMALL, "rm")

    def at(self, x: float, y: float) -> Point:
        """Where the numbers lie on the sheet; numbers outside the axes are moved to their edge."""
        left, top, right, bottom = self.box
        across, low, high = (np.log(v) if self._log_x else v for v in (x, *self._x))
        share_x = min(1.0, max(0.0, (across - low) / (high - low)))
        share_y = min(1.0, max(0.0, (y - self._y[0]) / (self._y[1] - self._y[0])))
        return float(left + share_x * (right - left)), float(bottom - share_y * (bottom - top))

    def line(self, xs: Numbers, ys: Numbers, series: int = 0, label: str = "", width: float = 2) -> None:
        """A line. `series` chooses colour and dash, the same for the same number."""
        self._note(label, series, "line")
        points = [self.at(x, y) for x, y in zip(xs, ys, strict=True) if np.isfinite(x) and np.isfinite(y)]
        if len(points) > 1:
            self.sheet.line(points, colour(series), width, _DASHES[series % len(_DASHES)])

    def points(self, xs: Numbers, ys: Numbers, series: int = 0, label: str = "", size: float = 6) -> None:
        """A marker for each pair. `series` chooses colour and shape."""
        self._note(label, series, "points")
        for x, y in zip(xs, ys, strict=True):
            if np.isfinite(x) and np.isfinite(y):
                self.sheet.marker(*self.at(x, y), colour(series), MARKERS[series % len(MARKERS)], size)

    def bars(
        self,
        lefts: Numbers,
        rights: Numbers,
        heights: Numbers,
        series: int = 0,
        label: str = "",
    ) -> None:
        """Bars from 0. `series` chooses colour and pattern."""
        self._note(label, series, "bars")
        for left, right, height in zip(lefts, rights, heights, strict=True):
            if np.isfinite(height) and height != 0:
                (x1, y1), (x2, y2) = self.at(left, max(height, 0)), self.at(right, min(height, 0))
                pattern = PATTERNS[series % len(PATTERNS)]
                self.sheet.box(x1, y1, max(x2, x1 + 0.5), y2, colour(series), pattern=pattern)

    def rule(self, *, x: float | None = None, y: float | None = None, text: str = "") -> None:
        """A dashed line across the plot at `x`, or at `y`, with a text beside it."""
        left, top, right, bottom = self.box
        if x is not None:
            across = self.at(x, self._y[0])[0]
            self.sheet.line([(across, top), (across, bottom)], INK, 1, (4, 3))
            side = "la" if across < (left + right) / 2 else "ra"
            self.sheet.text(across + (4 if side == "la" else -4), top + 2, text, INK, _SMALL, side)
        if y is not None:
            height = self.at(self._x[0], y)[1]
            self.sheet.line([(left, height), (right, height)], INK, 1, (4, 3))
            self.sheet.text(right - 4, height - 3, text, INK, _SMALL, "rd")

    def legend(self, x: float | None = None, y: float | None = None) -> None:
        """Names what was drawn with a label; in the upper right corner, or from the point (x, y) to the right
        and down."""
        _, top, right, _ = self.box
        widest = max((text_width(label, _SMALL) for label, _, _ in self._legend), default=0.0)
        x = right - widest - 34 if x is None else x
        y = top + 8 if y is None else y
        if self._legend:
            self.sheet.box(x - 4, y - 9, x + widest + 32, y + 16 * len(self._legend) - 7, PAPER)
        for row, (label, series, kind) in enumerate(self._legend):
            middle = y + 16 * row
            look = colour(series)
            if kind == "line":
                dash = _DASHES[series % len(_DASHES)]
                self.sheet.line([(x, middle), (x + 22, middle)], look, 2, dash)
            elif kind == "points":
                self.sheet.marker(x + 11, middle, look, MARKERS[series % len(MARKERS)], 7)
            else:
                pattern = PATTERNS[series % len(PATTERNS)]
                self.sheet.box(x, middle - 6, x + 22, middle + 6, look, pattern=pattern)
            self.sheet.text(x + 28, middle, label, INK, _SMALL, "lm")

    def _note(self, label: str, series: int, kind: str) -> None:
        if label:
            self._legend.append((label, series, kind))


def colour(series: int) -> str:
    """The palette's colour for a series; yellow and black are left out, too light and too like text."""
    return palette.SERIES[series % 6]


def ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Round numbers between the two ends, at most `most`, with their texts."""
    unit = 10.0 ** np.floor(np.log10((high - low) / most))
    step = next(unit * k for k in (1, 2, 5, 10, 20) if (high - low) / (unit * k) <= most)
    values = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step + 0.0  # no -0
    return [(float(value), f"{round(value, 10):,.10g}") for value in values]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten between the two ends; of two where there would be fewer than three."""
    for base in (10.0, 2.0):
        first = np.ceil(np.log(low) / np.log(base) - 1e-9)
        values = base ** np.arange(first, np.floor(np.log(high) / np.log(base) + 1e-9) + 1)
        if len(values) >= 3:
            break
    return [(float(value), f"{value:,.6g}") for value in values]


def _wide(low: float, high: float) -> tuple[float, float]:
    """Both ends as floats, apart also where all numbers are the same.

    Raises:
        ValueError: one of them is not finite.
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"the axis would run from {low} to {high}; give finite numbers.")
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)
