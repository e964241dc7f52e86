"""The picture of a run: a row for each step, with image, facts, and a histogram on a shared axis."""

from collections.abc import Mapping, Sequence

import numpy as np

from dpwidgets import palette
from dpwidgets.prep.drawing import GRID, INK, PAPER, SHADE, SOFT, Sheet, text_width
from dpwidgets.prep.transforms.facts import Facts
from dpwidgets.prep.transforms.hazards import Finding
from dpwidgets.prep.transforms.stepping import Run

WIDTH, HEIGHT = 920, 640
_TOP, _BOTTOM = 34, 8  # points above and below the rows
_TALLEST = 92  # points: a row
_THUMB = 104  # points: widest thumbnail
_TEXT = 130  # points: where the words begin
_LEFT, _RIGHT = 560, 900  # points: the histograms
_BINS = 110
_KNEE = 0.5  # values below it lie evenly on the axis, larger ones ever closer together
_TICKS = (-1000, -100, -10, -2, -1, 0, 1, 2, 10, 100, 255, 1000, 10_000, 65_535)


def draw(run: Run, findings: Sequence[Sequence[Finding]], stretched: bool, scale: float) -> np.ndarray:
    """The picture, uint8 (H, W, 3).

    Args:
        findings: for the input and for each step of the run, what there is to tell about it.
        stretched: the thumbnails of floats run from the lowest value to the highest, not from 0 to 1.
    """
    sheet = Sheet(WIDTH, HEIGHT, scale)
    reached = [run.start, *(passage.after for passage in run.passages)]
    steps = [passage.step for passage in run.passages]
    titles = ["input", *(f"{at}  {step.entry.title}" for at, step in enumerate(steps, 1))]
    failed = [run.failure.step] if run.failure else []
    rest = [*failed, *run.not_reached]
    count = len(reached) + len(rest)
    height = min(_TALLEST, (HEIGHT - _TOP - _BOTTOM) / count)
    axis = _Axis(reached)
    axis.draw(sheet, _TOP, _TOP + height * len(reached))
    for at, facts in enumerate(reached):
        top = _TOP + height * at
        ready = at == count - 1 and not any(findings)
        _row(sheet, top, height, titles[at], facts, findings[at], stretched)
        if ready:
            _tag(
                sheet,
                _after(titles[at]),
                _first_line(top, height),
                "✓ ready for a batch",
                palette.GREEN,
                PAPER,
            )
        axis.histogram(sheet, facts.sample, top + 8, top + height - 6)
    for at, step in enumerate(rest, len(reached)):
        top = _TOP + height * at
        title = f"{at}  {step.entry.title}"
        if at == len(reached):
            _failed(sheet, top, height, title, findings[at][0])
        else:
            sheet.box(4, top + 2, WIDTH - 4, top + height - 2, SHADE)
            sheet.text(_TEXT, top + height / 2, f"{title}: not reached", SOFT, 14)
    return sheet.picture()


def _row(
    sheet: Sheet,
    top: float,
    height: float,
    title: str,
    facts: Facts,
    findings: Sequence[Finding],
    stretched: bool,
) -> None:
    sheet.line([(4, top), (WIDTH - 4, top)], GRID, 0.75)
    if findings:
        sheet.box(4, top + 2, 9, top + height - 2, palette.ORANGE)
    _thumbnail(sheet, facts.thumbnail(stretched), top + 4, height - 8)
    line, first = _line(height), _first_line(top, height)
    sheet.text(_TEXT, first, title, INK, 14, face="bold")
    at = _after(title)
    for finding in findings[:2]:
        at = _tag(sheet, at, first, f"{finding.sign} {finding.name}", palette.ORANGE, INK)
    if len(findings) > 2:
        sheet.text(at, first, f"+{len(findings) - 2}", INK, 12)
    size = min(13, line - 1)
    sheet.text(_TEXT, first + line, facts.of, INK, size, face="mono")
    sheet.text(_TEXT, first + 2 * line, numbers_text(facts, stretched), SOFT, size)


def _failed(sheet: Sheet, top: float, height: float, title: str, finding: Finding) -> None:
    sheet.box(4, top + 2, WIDTH - 4, top + height - 2, PAPER, palette.VERMILION, 2)
    sheet.box(4, top + 2, 12, top + height - 2, palette.VERMILION)
    line, first = _line(height), _first_line(top, height)
    sheet.text(_TEXT, first, title, INK, 14, face="bold")
    _tag(sheet, _after(title), first, f"{finding.sign} {finding.name}", palette.VERMILION, PAPER)
    size = min(13, line - 1)
    words = _wrapped(finding.sentence, WIDTH - _TEXT - 16, size)[:2]
    if len(words) == 1:
        words.append(f"Cure: {finding.cure}")
    for number, text in enumerate(words, 1):
        sheet.text(_TEXT, first + number * line, text, INK, size)


def _line(height: float) -> float:
    """The distance of the three lines of a row."""
    return min(20, (height - 6) / 3)


def _first_line(top: float, height: float) -> float:
    return top + height / 2 - _line(height)


def _after(title: str) -> float:
    """Where the first tag after a title begins."""
    return _TEXT + text_width(title, 14, "bold") + 10


def _tag(sheet: Sheet, left: float, middle: float, text: str, fill: str, colour: str) -> float:
    """A word on a coloured ground; where the next one begins."""
    width = text_width(text, 12, "bold")
    sheet.box(left, middle - 9, left + width + 12, middle + 9, fill, radius=4)
    sheet.text(left + 6, middle, text, colour, 12, face="bold")
    return left + width + 18


def _thumbnail(sheet: Sheet, image: np.ndarray, top: float, height: float) -> None:
    factor = min(height / image.shape[0], _THUMB / image.shape[1])
    tall, wide = max(1.0, image.shape[0] * factor), max(1.0, image.shape[1] * factor)
    left, upper = 14 + (_THUMB - wide) / 2, top + (height - tall) / 2
    sheet.paste(image, left, upper, left + wide, upper + tall)
    sheet.box(left, upper, left + wide, upper + tall, outline=GRID)


def numbers_text(facts: Facts, stretched: bool) -> str:
    """The range, mean and deviation; and what of it a picture cannot show."""
    text = f"{range_text(facts)},  mean {short(facts.mean)}, std {short(facts.std)}"
    if facts.is_float and stretched:
        text += "  (picture: stretched)"
    elif facts.is_float and facts.outside >= 0.005:
        text += f"  (picture: {facts.outside:.0%} cut off)"
    return text


def range_text(facts: Facts) -> str:
    """Lowest and highest value, whole numbers as such."""
    if facts.is_float:
        return f"{short(facts.low)} … {short(facts.high)}"
    return f"{facts.low:,.0f} … {facts.high:,.0f}"


def short(value: float) -> str:
    """About three digits, never -0."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


class _Axis:
    """The axis that all rows share."""

    def __init__(self, rows: Sequence[Facts]) -> None:
        low = min(-0.15, *(facts.low for facts in rows))
        high = max(1.15, *(facts.high for facts in rows))
        self._ends = _bent(low) - 0.1, _bent(high) + 0.1
        self._edges = np.linspace(*self._ends, _BINS + 1)
        self._ticks = [tick for tick in _TICKS if low <= tick <= high * 1.02]

    def x(self, value: float) -> float:
        low, high = self._ends
        share = (_bent(value) - low) / (high - low)
        return float(_LEFT + min(1.0, max(0.0, share)) * (_RIGHT - _LEFT))

    def draw(self, sheet: Sheet, top: float, bottom: float) -> None:
        """Ground, ticks and grid behind the rows from `top` to `bottom`."""
        sheet.box(self.x(0), top, self.x(1), bottom, SHADE)
        taken = -1e9
        for tick in self._ticks:
            across = self.x(tick)
            sheet.line([(across, top), (across, bottom)], GRID, 0.75)
            text = f"{tick:,}"
            if across - text_width(text, 12) / 2 > taken:
                sheet.text(across, top - 9, text, SOFT, 12, "mm")
                taken = across + text_width(text, 12) / 2 + 3
        sheet.text(14, top - 14, "what it is, step by step", SOFT, 12)
        sheet.text(_LEFT, top - 25, "histogram: how often each value occurs (grey: 0 to 1)", SOFT, 11)

    def histogram(self, sheet: Sheet, sample: np.ndarray, top: float, bottom: float) -> None:
        heights = self._heights(sample)
        points = [(float(_LEFT), bottom)]
        for at, share in enumerate(heights):
            height = bottom - share * (bottom - top)
            points += [(self._at(at), height), (self._at(at + 1), height)]
        points.append((float(_RIGHT), bottom))
        sheet.area(points, palette.SERIES[0])
        sheet.line([(_LEFT, bottom), (_RIGHT, bottom)], SOFT, 1)

    def _heights(self, sample: np.ndarray) -> np.ndarray:
        """The share of the sample in each bin, the largest as 1."""
        if sample.max() > 2 and (sample == np.floor(sample)).all():  # whole numbers: each fills its step
            sample = sample + np.arange(sample.size) % 16 / 16
        counts, _ = np.histogram(np.arcsinh(sample / _KNEE), self._edges)
        return counts / max(1, counts.max())

    @staticmethod
    def _at(edge: int) -> float:
        return _LEFT + edge / _BINS * (_RIGHT - _LEFT)


def _bent(value: float) -> float:
    return float(np.arcsinh(value / _KNEE))


def alt_text(run: Run, names: Mapping[str, str], findings: Sequence[Sequence[Finding]]) -> str:
    """The picture in words."""
    parts = [f"{names['image']} as {names['form']}: {run.start.of}."]
    for at, passage in enumerate(run.passages, 1):
        after = passage.after
        tags = "".join(f" {one.sign} {one.name}." for one in findings[at])
        parts.append(f"{at} {passage.step.entry.title}: {after.of}, {range_text(after)}.{tags}")
    if run.failure:
        at = len(run.passages) + 1
        parts.append(f"{at} {run.failure.step.entry.title} fails: {run.failure.message}")
    if run.not_reached:
        parts.append(f"Not reached: {', '.join(step.entry.title for step in run.not_reached)}.")
    return " ".join(parts)
