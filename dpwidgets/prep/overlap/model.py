"""When each batch is loaded, copied and computed on, as torch's DataLoader and a training loop arrange it.

Batch j goes to worker j mod W. A worker may be `prefetch_factor` batches ahead of the loop: batch j is asked
for when the loop has taken batch j - W * prefetch_factor (torch's _MultiProcessingDataLoaderIter). Batches
reach the loop in order.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Pipeline:
    """How long things take, in milliseconds, and who does them.

    Attributes:
        load: reading, decoding and collating one batch, by one worker alone.
        copy: bringing one batch to the device.
        step: forward, backward and update on one batch.
        workers: of the loader; 0 loads in the loop itself.
        prefetch_factor: batches that each worker may be ahead.
        cores: processor cores; more workers than cores share them. The loop takes none while it waits.
        bound: share of `load` that needs a core, 0 to 1; the rest waits for a disk or a network.
        ahead: the next batch is copied while the device computes (pinned memory, non_blocking, a stream).
        slow_every: every so many batches takes three times as long to load; 0 for never.
        batches: how many are loaded.
    """

    load: float = 60.0
    copy: float = 8.0
    step: float = 40.0
    workers: int = 0
    prefetch_factor: int = 2
    cores: int = 4
    bound: float = 1.0
    ahead: bool = False
    slow_every: int = 0
    batches: int = 24


class Span(NamedTuple):
    """One piece of work: `kind` is "load", "copy", "step" or "wait"; times in milliseconds from the start.

    `lane` is the worker's number, "loop" for what the loop does or waits for, or "copy engine".
    """

    kind: str
    lane: str
    batch: int
    start: float
    end: float


def simulate(pipeline: Pipeline) -> list[Span]:
    """All spans of a run, each lane's in order."""
    return _alone(pipeline) if pipeline.workers == 0 else _with_workers(pipeline)


def utilisation(spans: list[Span]) -> float:
    """Share of the time, from the first step's start to the last one's end, that the device computes."""
    steps = [span for span in spans if span.kind == "step"]
    busy = sum(span.end - span.start for span in steps)
    return busy / (steps[-1].end - steps[0].start)


def seconds(spans: list[Span]) -> float:
    """The whole run, in seconds."""
    return max(span.end for span in spans) / 1000


def load_time(pipeline: Pipeline, batch: int) -> float:
    """Milliseconds that a worker needs for a batch while all workers are at work."""
    slow = 3.0 if pipeline.slow_every and batch % pipeline.slow_every == pipeline.slow_every - 1 else 1.0
    crowd = max(1.0, pipeline.workers * pipeline.bound / pipeline.cores)
    return pipeline.load * slow * (pipeline.bound * crowd + 1 - pipeline.bound)


def _alone(pipeline: Pipeline) -> list[Span]:
    """Without workers the loop loads, then copies, then computes."""
    spans, now = [], 0.0
    for batch in range(pipeline.batches):
        for kind, lasts in (
            ("load", load_time(pipeline, batch)),
            ("copy", pipeline.copy),
            ("step", pipeline.step),
        ):
            spans.append(Span(kind, "loop", batch, now, now + lasts))
            now += lasts
    return spans


def _with_workers(pipeline: Pipeline) -> list[Span]:
    spans: list[Span] = []
    free = [0.0] * pipeline.workers  # when each worker has done what it was asked for so far
    taken: list[float] = []  # when the loop took each batch
    allowance = pipeline.workers * pipeline.prefetch_factor
    loop = engine = device = 0.0  # when each is free
    for batch in range(pipeline.batches):
        worker = batch % pipeline.workers
        asked = taken[batch - allowance] if batch >= allowance else 0.0
        start = max(free[worker], asked)
        ready = free[worker] = start + load_time(pipeline, batch)
        spans.append(Span("load", f"worker {worker}", batch, start, ready))
        got = max(loop, ready)
        taken.append(got)
        if pipeline.ahead:
            copied = max(engine, got) + pipeline.copy
            spans.append(Span("copy", "copy engine", batch, copied - pipeline.copy, copied))
            begins = max(device, copied)
            if begins > device:
                spans.append(Span("wait", "loop", batch, device, begins))
            # One batch is copied ahead: the loop asks for the next as soon as this one's step begins.
            engine, loop = copied, begins
        else:
            if got > loop:
                spans.append(Span("wait", "loop", batch, loop, got))
            spans.append(Span("copy", "loop", batch, got, got + pipeline.copy))
            begins = got + pipeline.copy
            loop = begins + pipeline.step
        device = begins + pipeline.step
        spans.append(Span("step", "loop", batch, begins, device))
    return spans
