"""The picture of a repair: one column, its partner, the distance from the truth, a mean, and test scores."""

import math

import numpy as np

from dpwidgets.prep.drawing import GRID, INK, SHADE, SOFT, Axes, Sheet, text_width
from dpwidgets.prep.drawing.axes import colour
from dpwidgets.prep.drawing.sheet import MARKERS
from dpwidgets.prep.repair.findings import DROPPED, MEAN_FILL, ONE_DRAW, OTHER_FIT, THIS, TRUTH, Findings
from dpwidgets.prep.repair.scoring import Estimate
from dpwidgets.prep.repair.strategies import DROP, MULTIPLE
from dpwidgets.prep.repair.words import (
    cause,
    error_text,
    fixed,
    headline,
    percent,
    score_text,
    shortened,
    signed,
)

WIDTH, HEIGHT = 920, 600
_UPPER = (74, 246)  # top and bottom of the plots in each of the two rows
_LOWER = (328, 528)
_BINS = 24
_MOST_DOTS = 600  # more would cover one another
_MOST_STICKS = 80
_SIDE = 1.96  # standard errors on each side of a mean: 95 %
Box = tuple[float, float, float, float]


def draw(found: Findings, scale: float = 1.0) -> np.ndarray:
    """uint8 (H, W, 3)."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    sheet.text(14, 16, headline(found), INK, 14, "lm", "bold")
    sheet.text(14, 36, f"{cause(found)} {found.whole_rows} of {len(found.lost)} rows have no hole.", SOFT, 12)
    _distribution(sheet, found)
    _scatter(sheet, found)
    _distances(sheet, found)
    _means(sheet, found)
    _scores(sheet, found)
    names = [("truth", TRUTH), ("rows dropped", DROPPED), ("mean fill", MEAN_FILL), ("this repair", THIS)]
    if found.params["strategy"] == MULTIPLE:
        names.append(("its first table", ONE_DRAW))
    if found.contestants:
        names.append(("this repair, the other fit", OTHER_FIT))
    _named(sheet, names, 28, HEIGHT - 16)
    return sheet.picture()


def _distribution(sheet: Sheet, found: Findings) -> None:
    """Counts of the column: the truth, what is left, and after the repair."""
    known = ~np.isnan(found.truth)
    truth, left = found.truth[known], found.truth[known & ~found.lost]
    tables = [table[:, found.at] for table in found.repaired.tables]
    edges = np.histogram_bin_edges(np.concatenate([truth, *tables]), _BINS)
    before, rest = (np.histogram(values, edges)[0] for values in (truth, left))
    after = np.mean([np.histogram(values, edges)[0] for values in tables], axis=0)
    axes = Axes(
        sheet,
        (44, _UPPER[0], 448, _UPPER[1]),
        (edges[0], edges[-1]),
        (0, 1.06 * max(before.max(), after.max())),
        title="Distribution",
        x_label=shortened(found.params["column"]),
        y_label="rows",
    )
    for start, end, count in zip(edges[:-1], edges[1:], before, strict=True):
        (x1, y1), (x2, y2) = axes.at(start, count), axes.at(end, 0)
        sheet.box(x1, y1, x2, y2, fill=SHADE, outline=SOFT, width=0.75)
    inset = 0.14 * (edges[1] - edges[0])
    axes.bars(edges[:-1] + inset, edges[1:] - inset, rest, TRUTH)
    axes.line(np.repeat(edges, 2)[1:-1], np.repeat(after, 2), THIS, width=2.5)
    x, y = 152, _UPPER[0] - 12
    sheet.box(x, y - 5, x + 14, y + 5, SHADE, SOFT, 0.75)
    sheet.text(x + 19, y, "truth", INK, 11)
    sheet.box(x + 62, y - 5, x + 76, y + 5, colour(TRUTH))
    sheet.text(x + 81, y, "left", INK, 11)
    sheet.line([(x + 116, y), (x + 142, y)], colour(THIS), 2.5, (9, 2))
    sheet.text(x + 148, y, "after the repair", INK, 11)


def _scatter(sheet: Sheet, found: Findings) -> None:
    """The column over its partner, filled values or dropped rows marked."""
    rows, filled = found.repaired.rows, found.filled
    known = ~np.isnan(found.truth) & ~np.isnan(found.beside)
    heights = np.concatenate([found.truth[known], filled])
    column, dropping = shortened(found.params["column"]), found.params["strategy"] == DROP
    axes = Axes(
        sheet,
        (512, _UPPER[0], 906, _UPPER[1]),
        _padded(found.beside[known]),
        _padded(heights),
        title="Row by row",
        x_label=f"{column} (up) over {shortened(found.partner)}, its closest column",
    )
    kept = np.intersect1d(np.flatnonzero(known & ~found.lost), rows)[:_MOST_DOTS]
    axes.points(found.beside[kept], found.truth[kept], TRUTH, size=4.5)
    y = _UPPER[0] - 12
    if dropping:
        for row in np.setdiff1d(np.flatnonzero(known), rows)[:_MOST_DOTS]:
            sheet.marker(*axes.at(found.beside[row], found.truth[row]), SOFT, "cross", 7)
        _named(sheet, [("row kept", TRUTH)], 608, y)
        sheet.marker(700, y, SOFT, "cross", 8)
        sheet.text(709, y, "row dropped, with all its values", INK, 11)
        return
    mended = found.lost[rows] & ~np.isnan(found.beside[rows])
    rows, filled = rows[mended][:_MOST_DOTS], filled[mended][:_MOST_DOTS]
    for row, value in zip(rows[:_MOST_STICKS], filled[:_MOST_STICKS], strict=True):
        x = found.beside[row]
        sheet.line([axes.at(x, value), axes.at(x, found.truth[row])], SOFT, 0.5)
    axes.points(found.beside[rows], filled, THIS, size=6.5)
    _named(sheet, [("left", TRUTH), ("filled, with a line to its true value", THIS)], 608, y)


def _distances(sheet: Sheet, found: Findings) -> None:
    """Four measures of the column, 0 = as the truth."""
    here = found.distances
    rows = [
        ("error of a filled value (RMSE)", _in_sd(fixed(here[THIS].rmse)), "rmse"),
        ("mean, moved by", _in_sd(signed(here[THIS].shift)), "shift"),
        ("spread (sd), changed by", percent(here[THIS].spread), "spread"),
        ("correlation, changed by", signed(here[THIS].bond), "bond"),
    ]
    panel = _Rows(sheet, (24, 296), (-1, 2), len(rows), "Distance from the truth", "0: as the truth")
    for row, (label, told, measure) in enumerate(rows):
        panel.head(row, label, told)
        panel.rule(row, 0)
        for who in (DROPPED, MEAN_FILL, THIS):
            panel.point(row, getattr(here[who], measure), who)


def _in_sd(told: str) -> str:
    return told if told == "–" else f"{told} sd"


def _means(sheet: Sheet, found: Findings) -> None:
    """The column's mean with its 95 % interval, from each table that one could take for the truth."""
    claims = [("all true values", TRUTH, found.known), ("rows without a hole", DROPPED, found.dropped)]
    if found.params["strategy"] == MULTIPLE:
        claims.append(("the first filled table alone", ONE_DRAW, found.claims[0]))
        claims.append((f"{len(found.claims)} tables, pooled by Rubin", THIS, found.pooled))
    elif found.params["strategy"] != DROP:
        claims.append(("the filled table, as if measured", THIS, found.pooled))
    ends = _ends(found.known, [one for *_, one in claims])
    title, name = "Mean, with 95 % interval", shortened(found.params["column"])
    panel = _Rows(sheet, (336, 608), ends, 4, title, name)
    for row, (label, series, one) in enumerate(claims):
        panel.head(row, label, error_text(one.error))
        panel.rule(row, found.known.mean)
        panel.point(row, one.mean, series, _SIDE * one.error)


def _ends(known: Estimate, claims: list[Estimate]) -> tuple[float, float]:
    """The axis' ends: whole steps around all intervals, so that it stays as a slider moves a little."""
    step = 2.5 * known.error or 1.0
    reach = [
        (one.mean + side * _SIDE * one.error - known.mean) / step
        for one in claims
        if math.isfinite(one.error)
        for side in (-1, 1)
    ]
    return known.mean + step * math.floor(min(reach)), known.mean + step * math.ceil(max(reach))


def _scores(sheet: Sheet, found: Findings) -> None:
    """The model's test score on the truth and after each repair."""
    if not found.contestants:
        sheet.text(648, _LOWER[0] - 12, "Test score of a model", INK, 13, "lm", "bold")
        sheet.text(648, _LOWER[0] + 9, "No target was given: nothing to predict.", SOFT, 11)
        return
    measured = [one.score for one in found.contestants if one.score and math.isfinite(one.score.value)]
    low = min((one.value - one.error for one in measured), default=0.0)
    high = max((one.value + one.error for one in measured), default=1.0)
    ends = (math.floor(10 * low) / 10, min(1.0, math.ceil(10 * high) / 10))
    kind = "accuracy" if found.task == "classification" else "R²"
    count = len(found.contestants)
    panel = _Rows(sheet, (648, 906), ends, count, f"Test {kind} of the model", "line: ± 1 standard error")
    truth = next((one.score for one in found.contestants if one.series == TRUTH), None)
    for row, one in enumerate(found.contestants):
        panel.head(row, one.label, score_text(one))
        if truth is not None:
            panel.rule(row, truth.value)
        if one.score is not None:
            panel.point(row, one.score.value, one.series, one.score.error)


class _Rows:
    """A panel of rows: over each a label and a number, on each a few points.

    Args:
        sides: left and right on the sheet.
        ends: the numbers there.
    """

    def __init__(
        self,
        sheet: Sheet,
        sides: tuple[float, float],
        ends: tuple[float, float],
        count: int,
        title: str,
        x_label: str,
    ) -> None:
        self._sheet, self._sides, self._count = sheet, sides, count
        box = (sides[0], _LOWER[0], sides[1], _LOWER[1])
        self._axes = Axes(sheet, box, ends, (0, 1), title=title, x_label=x_label, y_ticks=[])

    def head(self, row: int, label: str, told: str) -> None:
        line = self._line(row)
        over = line - 0.5 * (_LOWER[1] - _LOWER[0]) / self._count
        self._sheet.text(self._sides[0], over, label, INK, 11)
        self._sheet.text(self._sides[1], over, told, INK, 11, "rm", "bold")
        self._sheet.line([(self._sides[0], line), (self._sides[1], line)], GRID, 0.75)

    def rule(self, row: int, value: float) -> None:
        """A short line across the row, for the truth."""
        if math.isfinite(value):
            x, line = self._axes.at(value, 0)[0], self._line(row)
            self._sheet.line([(x, line - 8), (x, line + 8)], INK, 1.25)

    def point(self, row: int, value: float, series: int, side: float = 0.0) -> None:
        """A marker, with a line `side` to both sides; nothing where the value is not defined."""
        if math.isfinite(value):
            line = self._line(row)
            ends = [(self._axes.at(value + way * side, 0)[0], line) for way in (-1, 1)]
            self._sheet.line(ends, colour(series), 2.5)
            self._sheet.marker(self._axes.at(value, 0)[0], line, colour(series), MARKERS[series], 9)

    def _line(self, row: int) -> float:
        return _LOWER[0] + (row + 0.7) * (_LOWER[1] - _LOWER[0]) / self._count


def _named(sheet: Sheet, names: list[tuple[str, int]], x: float, y: float) -> None:
    """Markers with their names, side by side."""
    for name, series in names:
        sheet.marker(x, y, colour(series), MARKERS[series], 8)
        sheet.text(x + 9, y, name, INK, 11)
        x += text_width(name, 11) + 30


def _padded(values: np.ndarray) -> tuple[float, float]:
    margin = 0.05 * (values.max() - values.min())
    return float(values.min() - margin), float(values.max() + margin)
