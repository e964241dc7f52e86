"""What to try next: one change of a loader's settings, with the reason for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dpwidgets.prep.loading.settings import MAX_PREFETCH, MAX_WORKERS, LoaderSettings
from dpwidgets.prep.loading.trial import Trial

KEEPS_UP = 0.1  # share of waiting below which the loader is as good as the step can use
_CPU_WORK = ("decode", "transform", "collate")


@dataclass(frozen=True)
class Proposal:
    """The next thing to do.

    Attributes:
        reason: one or two sentences.
        changes: what differs from the best trial so far, by name; empty where no setting helps.
        settings: all settings, the changes made; None where no setting helps.
    """

    reason: str
    changes: dict[str, Any] = field(default_factory=dict)
    settings: LoaderSettings | None = None


def propose(trials: Sequence[Trial], cores: int) -> Proposal | None:
    """The next setting to try after these trials; None before the first, and after one that was stopped.

    It starts from the best trial with the step of the last one. Settings that were tried already are not
    proposed again.

    Args:
        trials: in the order in which they ran.
        cores: processor cores that the loader may use.
    """
    if not trials:
        return None
    last = trials[-1]
    if last.ended == "stopped":
        return None
    if last.ended == "failed":
        return Proposal("The run failed: mend what its message names, then run again.")
    alike = [one for one in trials if one.step_seconds == last.step_seconds]
    base = max((one for one in alike if one.measured), key=_speed, default=last) if last.measured else last
    tried = {one.settings for one in alike}
    for changes, reason in _after(base, cores):
        if not _in_range(changes):
            continue
        settings = replace(base.settings, **changes)
        if settings not in tried:
            return Proposal(reason, changes, settings)
    return Proposal(_last_words(base))


def _after(last: Trial, cores: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Changes worth trying after this trial, the best first."""
    now, waits = last.settings, f"The training loop waited {last.wait_share:.0%} of its time"
    if last.ended == "memory limit" or not last.measured:
        yield from _lighter(now, last)
        return
    if last.wait_share < KEEPS_UP:
        if now.num_workers > 1:
            fewer = now.num_workers // 2
            yield {"num_workers": fewer}, f"The loader keeps up; {_workers(fewer)} may do, with less memory."
        return
    if last.bottleneck == "start-up":
        if now.num_workers and not now.persistent_workers:
            yield {"persistent_workers": True}, "Starting workers costs most; keep them between epochs."
        yield {"num_workers": 0}, "Starting workers costs more than they bring; load without them."
    if last.bottleneck == "too many workers" and now.num_workers:
        fewer = now.num_workers // 2
        yield {"num_workers": fewer}, f"The workers get in each other's way; try {_workers(fewer)}."
    if last.bottleneck == "hand-over" and now.num_workers:
        yield (
            {"num_workers": 0},
            f"{waits}, most of it for batches on their way; without workers none travels.",
        )
        yield {"batch_size": max(1, now.batch_size // 2)}, "Smaller batches travel faster."
    if last.bottleneck.startswith(_CPU_WORK) or not last.bottleneck:
        more = min(max(1, 2 * now.num_workers), max(1, cores))
        if more > now.num_workers:
            yield {"num_workers": more}, f"{waits} for {_work(last)}, which {_workers(more)} can share."
    if last.bottleneck == "storage":
        more = max(2, 2 * now.num_workers)  # more than cores is fine: who waits for a disk uses no core
        if more <= 4 * max(1, cores):
            yield {"num_workers": more}, f"{waits} for the storage; {_workers(more)} wait at the same time."
    if now.num_workers and now.prefetch_factor < 8:
        doubled = now.prefetch_factor * 2
        yield {"prefetch_factor": doubled}, f"{doubled} batches ahead per worker even out slow items."
    if now.num_workers and now.in_order:
        yield {"in_order": False}, "Batches in any order: a slow one holds up no other."


def _lighter(now: LoaderSettings, last: Trial) -> Iterator[tuple[dict[str, Any], str]]:
    """Settings that hold fewer batches, or start sooner."""
    why = "The run met its memory limit" if last.ended == "memory limit" else "No batch came in time"
    if now.num_workers > 1:
        fewer = now.num_workers // 2
        yield {"num_workers": fewer}, f"{why}; try {_workers(fewer)}."
    if now.num_workers and now.prefetch_factor > 1:
        yield {"prefetch_factor": 1}, f"{why}; let each worker make 1 batch ahead."
    if now.batch_size > 1:
        yield {"batch_size": now.batch_size // 2}, f"{why}; try batches of half the size."


def _last_words(best: Trial) -> str:
    """What to say when no setting is left to try near the best one."""
    if not best.measured:
        return "Nothing lighter is left to try: raise the limit, or make the dataset's items smaller."
    if best.wait_share < KEEPS_UP:
        return (
            f"With {best.label} the loader keeps up with the training step: a faster one would gain nothing."
        )
    cheaper = (
        f" To go faster, make {best.bottleneck} cheaper." if best.bottleneck.startswith(_CPU_WORK) else ""
    )
    return f"Best so far: {best.label}.{cheaper} Tune searches wider."


def _speed(trial: Trial) -> float:
    return trial.items_per_second


def _work(last: Trial) -> str:
    return last.bottleneck or "the loader"


def _workers(number: int) -> str:
    return {0: "no workers", 1: "1 worker"}.get(number, f"{number} workers")


def _in_range(changes: dict[str, Any]) -> bool:
    return changes.get("num_workers", 0) <= MAX_WORKERS and changes.get("prefetch_factor", 1) <= MAX_PREFETCH
