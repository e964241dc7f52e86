"""Spans in a few figures: how fast, how long the step waited, and what holds the loader back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dpwidgets.prep.cores import usable_cores
from dpwidgets.prep.loading.bottleneck import Evidence, judge, loading_of
from dpwidgets.prep.loading.spans import CONSUMER, KINDS, Span

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Summary:
    """What a run of a loader amounts to. Seconds throughout; `print` it, or look at `table()`.

    Attributes:
        items, batches: how many were delivered.
        seconds: of the consumer, from the making of each iterator to the end of its epoch.
        items_per_second: after the first batch of each epoch, taking batches as equally large; where there
            is one batch only, with its start.
        wait_share: 0 to 1, the share of `seconds - start_seconds` in which the step waited for a batch.
        start_seconds: from the making of the iterator to its first batch, in epochs in which workers were
            started.
        bottleneck: "storage", "decode", "transform NAME", "collate", "hand-over", "transfer", "step",
            "too many workers", "start-up", or "" if there is nothing to judge yet.
        reason: one sentence with the figures behind it.
        seconds_by_kind: kind of span -> the sum over all processes; transforms are within fetches, and
            with 0 workers fetches are within waits.
        parts: part of the loading -> seconds a worker spent on it, the average over the workers, without
            the time in which it had no core; the hand-over includes the consumer's side.
        memory: worker -> private bytes.
    """

    items: int
    batches: int
    seconds: float
    items_per_second: float
    wait_share: float
    start_seconds: float
    bottleneck: str
    reason: str
    seconds_by_kind: dict[str, float]
    parts: dict[str, float]
    memory: dict[int, int]

    def __str__(self) -> str:
        lines = [
            f"{self.items} items in {self.batches} batches, {self.items_per_second:,.0f} items/s; "
            f"the step waited {self.wait_share:.0%} of the time",
            f"bottleneck: {self.bottleneck or 'unknown'}. {self.reason}",
        ]
        if self.start_seconds:
            lines.append(f"start-up: {self.start_seconds:.2f} s until the first batch")
        if self.memory:
            lines.append(f"private memory: {', '.join(_memory(*one) for one in sorted(self.memory.items()))}")
        return "\n".join(lines)

    __repr__ = __str__

    def table(self) -> "pd.DataFrame":
        """The parts of the loading, the dearest first: seconds, share of their sum, milliseconds per item."""
        import pandas as pd  # only here: a process that runs loaders does without

        total, items = sum(self.parts.values()) or 1.0, self.items or 1
        rows = [
            (part, seconds, seconds / total, seconds / items * 1e3) for part, seconds in self.parts.items()
        ]
        table = pd.DataFrame(rows, columns=["part", "seconds", "share", "ms per item"])
        return table.sort_values("seconds", ascending=False, ignore_index=True)


def summarise(
    spans: Iterable[Span],
    *,
    items: int,
    num_workers: int,
    memory: Mapping[int, int] | None = None,
    cores: int | None = None,
) -> Summary:
    """Sum up spans.

    Args:
        spans: of one loader, any number of epochs, in any order.
        items: how many items were delivered.
        num_workers: of the loader.
        memory: worker -> private bytes.
        cores: that the processes may use together; None means those that this process may use.
    """
    spans = sorted(spans, key=lambda span: span.start)
    by_kind: dict[str, float] = dict.fromkeys(KINDS, 0.0)
    for span in spans:
        by_kind[span.kind] += span.seconds
    epochs = _epochs(spans)
    up_after = _up_after(spans)
    started = [epoch for epoch in epochs if epoch.began in up_after]
    start_seconds = sum(epoch.first_batch for epoch in started)
    batches = sum(epoch.batches for epoch in epochs)
    seconds = sum(epoch.seconds for epoch in epochs)
    loading = loading_of(spans)
    evidence = Evidence(
        seconds=seconds,
        start=sum(up_after[epoch.began] for epoch in started),
        wait=by_kind["wait"] - start_seconds,
        wait_share=_ratio(by_kind["wait"] - start_seconds, seconds - start_seconds),
        step=by_kind["step"],
        transfer=by_kind["transfer"],
        loading=loading,
        workers=num_workers,
        cores=cores or usable_cores(),
    )
    bottleneck, reason = judge(evidence) if batches else ("", "No batch was delivered yet.")
    with_batches = sum(epoch.batches > 0 for epoch in epochs)  # a run cut short may have begun one more
    later_items = items * (1 - _ratio(with_batches, batches))
    later_seconds = seconds - sum(epoch.first_batch for epoch in epochs)
    return Summary(
        items=items,
        batches=batches,
        seconds=seconds,
        items_per_second=_ratio(later_items, later_seconds) or _ratio(items, seconds),
        wait_share=evidence.wait_share,
        start_seconds=start_seconds,
        bottleneck=bottleneck,
        reason=reason,
        seconds_by_kind=by_kind,
        parts=loading.parts,
        memory=dict(memory or {}),
    )


@dataclass
class _Epoch:
    began: float
    first_batch: float = 0.0  # seconds from there to the first batch
    seconds: float = 0.0
    batches: int = 0


def _epochs(spans: Sequence[Span]) -> list[_Epoch]:
    """The consumer's time, epoch by epoch; `spans` are sorted by start."""
    epochs: list[_Epoch] = []
    for span in spans:
        if span.worker != CONSUMER or span.kind not in ("wait", "transfer", "step"):
            continue
        if span.name == "start" or not epochs:
            epochs.append(_Epoch(span.start))
        epoch = epochs[-1]
        epoch.seconds += span.seconds
        if span.kind == "wait" and not span.name:
            epoch.batches += 1
        if span.name == "start" or (span.kind == "wait" and span.batch == 0 and not span.name):
            epoch.first_batch += span.seconds
    return epochs


def _up_after(spans: Iterable[Span]) -> dict[float, float]:
    """When an iterator began -> seconds until the first of its workers fetched."""
    up: dict[float, float] = {}
    for span in spans:
        if span.kind == "start":
            up[span.start] = min(span.seconds, up.get(span.start, span.seconds))
    return up


def _ratio(amount: float, whole: float) -> float:
    return amount / whole if whole > 0 else 0.0


def _memory(worker: int, size: int) -> str:
    return f"{'this process' if worker == CONSUMER else f'worker {worker}'} {size / 2**20:,.0f} MiB"
