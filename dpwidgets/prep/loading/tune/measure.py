"""From a short run to the time of a whole epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from dpwidgets.prep.loading.runner import RunResult

FEW = 3  # batches: fewer say nothing about a rate


@dataclass(frozen=True)
class Point:
    """How far a run had come: seconds since it began, batches and items delivered."""

    seconds: float
    batches: int
    items: int


@dataclass(frozen=True)
class Measurement:
    """What a run tells about an epoch.

    Attributes:
        first: seconds of a first epoch, start-up included.
        later: seconds of each further epoch; without start-up where the workers are kept.
        items_per_second: once it runs.
        start: seconds to the first batch.
        evidence: seconds that the rate was measured for: the weight of the run.
    """

    first: float
    later: float
    items_per_second: float
    start: float
    evidence: float


def measure(
    result: RunResult, points: Sequence[Point], length: int, first_batch: float = 0.0
) -> Measurement | None:
    """The time of an epoch of `length` items, or None where the run delivered too little to say.

    Whole epochs that were run are taken as they are. Otherwise the epoch is the start as it was, and then
    the rate once the run had settled: the first batches of all workers come at once and would make the
    rate look better than it is.

    Args:
        points: what `on_progress` told, in order; those of the first epoch are used.
        first_batch: seconds that a first batch takes besides the start of workers.
    """
    settings, epochs = result.settings, result.epoch_seconds
    if not epochs and result.batches < FEW:
        return None
    own = list(_news(points, length))
    rate, start = result.items_per_second, result.start_seconds
    kept = settings.persistent_workers and settings.num_workers > 0
    once = max(start - first_batch, 0.0) if kept else 0.0
    if settings.num_workers and len(own) >= FEW:
        settled, rate = _steady(own, settings.num_workers)
    elif own:
        settled = own[-1]
    else:
        settled = Point(start, 0, 0)
    if not epochs:
        first = settled.seconds + (length - settled.items) / rate
        evidence = max(result.items / rate, 1e-6)
    else:
        first, evidence = epochs[0] if kept else fmean(epochs), sum(epochs)
    later = max(first - once, min(length / rate, first))
    if kept and len(epochs) > 1:
        later = fmean(epochs[1:])
    return Measurement(first, later, rate, start, evidence)


def _news(points: Sequence[Point], length: int) -> Iterator[Point]:
    """The points of the first epoch that a batch came with."""
    batches = 0
    for point in points:
        if point.batches > batches and point.items <= length:
            batches = point.batches
            yield point


def _steady(points: Sequence[Point], workers: int) -> tuple[Point, float]:
    """Where the run had settled, and items per second from there on.

    Even workers deliver in bursts of one batch each: a whole number of bursts is timed.
    """
    begin, end = points[0], points[-1]
    settled_at = begin.seconds + 0.2 * (end.seconds - begin.seconds)
    after = [p for p in points if p.batches > workers and p.seconds >= settled_at]
    if len(after) >= FEW:
        begin = after[0]
        bursts = [p for p in after[1:] if (p.batches - begin.batches) % workers == 0]
        end = bursts[-1] if bursts else end
    return begin, (end.items - begin.items) / max(end.seconds - begin.seconds, 1e-9)
