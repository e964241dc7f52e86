"""Which part of loading and training sets the pace.

A loader and a training step are two ends of a belt. If the step hardly waits, it sets the pace. If it
waits, the loader does, and the loader's own time says which part: fetches off the processor ("storage"),
fetches on the processor outside the transform steps ("decode", whatever the dataset does there), each
transform step, collate, the hand-over between processes. Workers and receiving are two stations on the belt
as well: the hand-over is to blame if receiving takes longer than all that a worker does.

Time in which a worker could have run but had no core is no work: it is left out of the parts, and speaks for
too many workers. Only Linux tells that time; elsewhere it reads as storage.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
class Loading:
    """What loading consists of.

    Attributes:
        parts: part -> seconds that a worker spent on it, averaged over the workers seen; of packing, which
            runs beside the next fetch, the processor time. The hand-over includes `receiving`.
        receiving: seconds in which the consumer took in batches that were finished.
        queued: share of the workers' time, 0 to 1, in which they had no core.
    """

    parts: dict[str, float]
    receiving: float
    queued: float


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on; seconds of the consumer, unless said otherwise.

    Attributes:
        seconds: all of it.
        start: before the first worker was up.
        wait: for batches, except for the first one where workers were started.
        wait_share: of the time after the start, 0 to 1.
        step, transfer: of the training step, and of moving batches to the device.
        loading: what the workers did.
        workers, cores: of the loader, of the machine.
    """

    seconds: float
    start: float
    wait: float
    wait_share: float
    step: float
    transfer: float
    loading: Loading
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
    queued = e.loading.queued
    if e.workers > e.cores and queued >= MUCH_QUEUED:
        cores = "1 core" if e.cores == 1 else f"{e.cores} cores"
        return "too many workers", (
            f"{waited}, and {e.workers} workers on {cores} were {queued:.0%} of theirs ready to run "
            "without a core."
        )
    parts, receiving = dict(e.loading.parts), e.loading.receiving
    if not parts:
        return "", f"{waited}, and nothing is known of the loader's work."
    whole = sum(parts.values())
    if receiving < whole / 2:  # the workers' station is the slower one: look at what they do
        parts["hand-over"] = parts.get("hand-over", 0.0) - receiving
    name, seconds = max(parts.items(), key=lambda one: one[1])
    what = _WHAT.get(name, "one step of the Compose")
    return name, f"{waited}; {_share(seconds, whole)} of the loading was {name}: {what}."


def loading_of(spans: Sequence[Span]) -> Loading:
    """What the workers did (without workers: the consumer within its waits), from the spans of a loader."""
    fetch, collate = _Work(), _Work()
    collates: defaultdict[tuple[int, int], list[Span]] = defaultdict(list)
    packing = receiving = 0.0
    for span in spans:
        if span.kind == "fetch":
            fetch.add(span)
        elif span.kind == "collate":
            collate.add(span)
            collates[span.worker, span.batch].append(span)
        elif span.name == "pack":
            packing += span.cpu
        elif span.name == "unpack":
            receiving += span.seconds
    for span in spans:
        if span.kind == "transform":
            around = collates[span.worker, span.batch]
            within = any(one.start <= span.start and span.end <= one.end for one in around)
            (collate if within else fetch).steps[f"transform {span.name}"] += span.seconds
    queued = (fetch.queued + collate.queued) / (fetch.seconds + collate.seconds or 1.0)
    # Receiving is an affair of several threads, so its own queueing is not known: take it to be the workers'.
    receiving *= 1 - queued
    workers = len({span.worker for span in spans if span.worker != CONSUMER}) or 1
    parts: defaultdict[str, float] = defaultdict(float)
    for part, seconds in (*fetch.parts("decode"), *collate.parts("collate"), ("hand-over", packing)):
        parts[part] += seconds / workers
    parts["hand-over"] += receiving
    return Loading({part: seconds for part, seconds in parts.items() if seconds}, receiving, queued)


@dataclass
class _Work:
    """All fetches, or all collates, and the transform steps within them; seconds."""

    seconds: float = 0.0
    off: float = 0.0  # neither on the processor nor ready to run
    queued: float = 0.0
    steps: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, span: Span) -> None:
        self.seconds += span.seconds
        self.off += max(0.0, span.seconds - span.cpu - span.queued)
        self.queued += span.queued

    def parts(self, rest: str) -> Iterator[tuple[str, float]]:
        """Each step, what the work is called beside them, and for fetches the storage, without the queueing.

        Steps compute: what was off the processor was so outside of them. Queueing hits all computing alike.
        """
        outside = max(0.0, self.seconds - sum(self.steps.values()))
        off = min(self.off, outside) if rest == "decode" else 0.0
        computing = self.seconds - off
        worked = max(0.0, 1 - self.queued / computing) if computing > 0 else 0.0
        yield "storage", off
        yield rest, (outside - off) * worked
        for step, seconds in self.steps.items():
            yield step, seconds * worked


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole > 0 else "all"
