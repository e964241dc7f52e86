"""The picture of a modelled run: a lane for each worker, copies, steps, and what more workers bring."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dpwidgets.prep.drawing import INK, SHADE, SOFT, Axes, Sheet
from dpwidgets.prep.drawing.axes import colour, ticks
from dpwidgets.prep.drawing.sheet import PATTERNS
from dpwidgets.prep.overlap.model import Pipeline, Span, load_time, seconds, simulate, utilisation

WIDTH, HEIGHT = 920, 560
MOST_WORKERS = 8
_LEFT, _RIGHT = 112, 896
_TOP, _BOTTOM = 60, 296
_LOOKS = {"load": 4, "copy": 1, "step": 0}


def overlap_picture(pipeline: Pipeline, spans: Sequence[Span], window: float, scale: float) -> np.ndarray:
    """The picture: uint8 (H, W, 3). `window`: milliseconds that the timeline shows, from the start."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    _legend(sheet)
    _timeline(sheet, pipeline, spans, window)
    _workers(sheet, pipeline)
    _figures(sheet, pipeline, list(spans))
    return sheet.picture()


def _legend(sheet: Sheet) -> None:
    sheet.text(24, 20, "Who works when", face="bold", size=14)
    x = 190.0
    for kind, series in _LOOKS.items():
        sheet.box(x, 12, x + 26, 28, fill=colour(series), pattern=_pattern(kind))
        sheet.text(x + 32, 20, kind, size=12)
        x += 96
    sheet.box(x, 12, x + 26, 28, outline=colour(3), width=1.5)
    sheet.text(x + 32, 20, "the loop waits", size=12)
    sheet.text(x + 150, 20, "numbers: batches", SOFT, 12)


def _timeline(sheet: Sheet, pipeline: Pipeline, spans: Sequence[Span], window: float) -> None:
    lanes = [f"worker {number}" for number in range(pipeline.workers)]
    lanes += ["copy engine"] * pipeline.ahead + ["loop"]
    pitch = min(40.0, (_BOTTOM - _TOP) / len(lanes))
    scale = (_RIGHT - _LEFT) / window
    for number, lane in enumerate(lanes):
        top = _TOP + number * pitch
        sheet.text(
            _LEFT - 10, top + pitch / 2 - 1, "training loop" if lane == "loop" else lane, INK, 11, "rm"
        )
        sheet.box(_LEFT, top, _RIGHT, top + pitch - 4, fill=SHADE)
        for span in spans:
            if span.lane != lane or span.start >= window:
                continue
            left, right = _LEFT + span.start * scale, _LEFT + min(span.end, window) * scale
            if span.kind == "wait":
                sheet.box(left, top, right, top + pitch - 4, outline=colour(3), width=1.5)
                continue
            look = colour(_LOOKS[span.kind])
            sheet.box(left, top, max(left + 1, right - 1), top + pitch - 4, look, pattern=_pattern(span.kind))
            text = str(span.batch)
            if right - left > 7 * len(text) + 8:
                middle = (left + right) / 2, top + pitch / 2 - 2
                half = 3.6 * len(text) + 2
                sheet.box(
                    middle[0] - half, middle[1] - 7, middle[0] + half, middle[1] + 7, "#ffffff", radius=3
                )
                sheet.text(*middle, text, INK, 11, "mm")
    below = _TOP + len(lanes) * pitch
    for value, text in ticks(0, window):
        x = _LEFT + value * scale
        sheet.line([(x, below), (x, below + 4)], SOFT, 1)
        sheet.text(x, below + 7, f"{text} ms", SOFT, 11, "ma" if x < _RIGHT - 20 else "ra")


def _workers(sheet: Sheet, pipeline: Pipeline) -> None:
    """Utilisation by the number of workers, as is and with copies ahead."""
    axes = Axes(
        sheet,
        (60, 366, 470, 510),
        (0, MOST_WORKERS),
        (0, 100),
        title="What more workers bring",
        y_label="% of the time computing",
        x_label="num_workers",
    )
    counts = range(MOST_WORKERS + 1)
    for series, ahead in ((0, False), (2, True)):
        shares = [
            100 * utilisation(simulate(replace(pipeline, workers=count, ahead=ahead and count > 0)))
            for count in counts
        ]
        axes.line(list(counts), shares, series)
        axes.points(list(counts), shares, series, "copies ahead" if ahead else "copies in the loop", 6)
    here = 100 * utilisation(simulate(pipeline))
    axes.rule(x=pipeline.workers)
    axes.points([pipeline.workers], [here], 3, "here", 10)
    axes.legend(540, 500)  # beside the axes: inside it would hide a line somewhere


def _figures(sheet: Sheet, pipeline: Pipeline, spans: list[Span]) -> None:
    share = utilisation(spans)
    sheet.text(540, 372, f"{share:.0%}", INK, 34, "lm", "bold")
    sheet.text(662, 366, "of the time the device computes,", INK, 12)
    sheet.text(662, 383, f"{1 - share:.0%} it waits", INK, 12)
    whole = seconds(spans)
    lines = [
        f"{pipeline.batches} batches in {whole:.2f} s: {pipeline.batches / whole:.1f} a second",
        f"loading can give {_rate(pipeline):.1f} a second, the device {1000 / _device(pipeline):.1f}",
        verdict(pipeline, share),
    ]
    for number, line in enumerate(lines):
        sheet.text(540, 424 + 24 * number, line, INK, 12)


def _rate(pipeline: Pipeline) -> float:
    """Batches a second that the workers can load at best."""
    worker_time = sum(load_time(pipeline, batch) for batch in range(pipeline.batches))
    return 1000 * max(1, pipeline.workers) * pipeline.batches / worker_time


def _device(pipeline: Pipeline) -> float:
    """Milliseconds that a batch keeps the device, or the loop, busy."""
    return max(pipeline.step, pipeline.copy) if pipeline.ahead else pipeline.step + pipeline.copy


def verdict(pipeline: Pipeline, share: float) -> str:
    """What limits the run, in a sentence; `share` is its utilisation."""
    if pipeline.workers == 0:
        return "Nothing overlaps: load, copy and step take turns."
    if 1000 / _device(pipeline) > 1.02 * _rate(pipeline):
        if pipeline.workers * pipeline.bound >= pipeline.cores:
            return "Loading is the limit, and the cores are full."
        if pipeline.slow_every:  # one more worker may be the one that gets all the slow batches
            return "Loading is the limit, and slow batches add to it."
        return "Loading is the limit: one more worker helps."
    best = pipeline.step / _device(pipeline)  # with every batch there in time
    if pipeline.slow_every and share < 0.95 * best:
        return "Slow batches make the loop wait."
    if best > 0.98:
        return "Loading keeps up: more workers bring nothing."
    if pipeline.ahead:
        return "Loading keeps up; the copies take longer than the steps."
    return "Loading keeps up; the copies in the loop are what is left."


def _pattern(kind: str) -> str:
    return {"load": "stripes", "copy": "dots", "step": PATTERNS[0]}[kind]
