"""Which part of loading and training sets the pace.

A loader and a training step are two ends of a belt. If the step hardly waits, it sets the pace. If it
waits, the loader does, and the loader's own time says which part: fetches off the processor ("storage"),
fetches on the processor outside the transform steps ("decode", whatever the dataset does there), each
transform step, collate, the hand-over between processes. Time in which a worker could have run but had no
core is no work: it is left out of the parts, and speaks for too many workers. Only Linux tells that time;
elsewhere it reads as storage.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dpwidgets.prep.loading.spans import CONSUMER, Span

HARDLY_WAITS = 0.1  # share of the consumer's time; without workers the larger of wait and step counts
MUCH_QUEUED = 0.3  # share of the workers' time without a core, with more workers than cores

_WHAT = {
    "storage": "fetches off the processor, waiting for a disk or the network",
    "decode": "fetches on the processor, outside the steps of a Compose",
    "collate": "putting items together to a batch",
    "hand-over": "moving finished batches from the workers to this process",
}


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on; seconds of the consumer, unless said otherwise.

    Attributes:
        seconds: all of it.
        start: before the first worker was up.
        wait: for batches, except for the first one where workers were started.
        wait_share: of the time after the start, 0 to 1.
        step, transfer: of the training step, and of moving batches to the device.
        parts: part of the loading -> seconds, as from `loading_parts`.
        receiving: of the wait, in which a finished batch was on its way from a worker's memory to ours.
        queued: share of the loading in which a worker had no core, 0 to 1.
        workers, cores: of the loader, of the machine.
    """

    seconds: float
    start: float
    wait: float
    wait_share: float
    step: float
    transfer: float
    parts: dict[str, float]
    receiving: float
    queued: float
    workers: int
    cores: int


def judge(evidence: Evidence) -> tuple[str, str]:
    """The bottleneck and one sentence with the figures that speak for it."""
    e = evidence
    if e.start > max(e.wait, e.step + e.transfer):
        return "start-up", f"Before the first worker was up {e.start:.1f} s of {e.seconds:.1f} s had passed."
    if e.wait_share < (HARDLY_WAITS if e.workers else 0.5):
        name, seconds = max(("step", e.step), ("transfer", e.transfer), key=lambda one: one[1])
        return name, (
            f"The {name} took {_share(seconds, e.seconds - e.start)} of the time; "
            f"it waited for batches only {e.wait_share:.0%}."
        )
    waited = f"The step waited {e.wait_share:.0%} of the time"
    if e.workers > e.cores and e.queued >= MUCH_QUEUED:
        return "too many workers", (
            f"{waited}, and {e.workers} workers on {e.cores} cores were {e.queued:.0%} of theirs "
            "ready to run without a core."
        )
    if e.receiving > 0.5 * e.wait:
        share = _share(e.receiving, e.wait)
        return "hand-over", f"{waited}; {share} of that it was receiving batches that were finished."
    if not e.parts:
        return "", f"{waited}, and nothing is known of the loader's work."
    name, seconds = max(e.parts.items(), key=lambda one: one[1])
    what = _WHAT.get(name, "one step of the Compose")
    return name, f"{waited}; {_share(seconds, sum(e.parts.values()))} of the loading was {name}: {what}."


def loading_parts(spans: Sequence[Span]) -> tuple[dict[str, float], float]:
    """What loading consists of.

    Returns:
        Part -> seconds that a worker spent on it, averaged over the workers seen (of the hand-over only
        processor time, the consumer's included: it runs beside other work); and the share of the workers'
        time, 0 to 1, in which they had no core.
    """
    parts: defaultdict[str, float] = defaultdict(float)
    queued = busy = 0.0
    workers = len({span.worker for span in spans if span.worker != CONSUMER}) or 1
    collates: defaultdict[tuple[int, int], list[Span]] = defaultdict(list)
    for span in spans:
        if span.kind == "collate":
            collates[span.worker, span.batch].append(span)
    for span in spans:
        worked = span.seconds - span.queued
        idle = max(0.0, worked - span.cpu)
        if span.kind == "fetch":
            parts["storage"] += idle / workers
            parts["decode"] += (worked - idle) / workers
        elif span.kind == "collate":
            parts["collate"] += worked / workers
        elif span.kind == "transform":
            parts[f"transform {span.name}"] += worked / workers
            if any(
                one.start <= span.start and span.end <= one.end for one in collates[span.worker, span.batch]
            ):
                parts["collate"] -= worked / workers
            else:
                parts["storage"] -= idle / workers
                parts["decode"] -= (worked - idle) / workers
        elif span.kind == "hand-over":
            parts["hand-over"] += span.cpu if span.worker == CONSUMER else span.cpu / workers
        if span.kind in ("fetch", "collate"):
            queued += span.queued
            busy += span.seconds
    return {part: max(0.0, seconds) for part, seconds in parts.items()}, queued / busy if busy else 0.0


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole > 0 else "all"
