"""Runs trials one after another within the time budget, and keeps what they told."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import fmean, pstdev
from threading import Event
from typing import Literal, Protocol

from dpwidgets.prep.loading.runner import Progress, RunLimits, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.spans import Span
from dpwidgets.prep.loading.tune.explain import sentence
from dpwidgets.prep.loading.tune.measure import FEW, Measurement, Point, measure
from dpwidgets.prep.loading.tune.model import Model
from dpwidgets.prep.loading.tune.result import Purpose, Trial
from dpwidgets.prep.loading.tune.space import TuneError, Workload

SHORTEST = 0.2  # seconds: a trial that can only be shorter is not begun
ENOUGH_ITEMS = 20  # spans of items from which on their spread means something


class Runner(Protocol):
    """What is asked of a `LoaderRunner`."""

    def run(
        self, settings: LoaderSettings, *, step_seconds: float, epochs: int | None, limits: RunLimits,
        on_progress: Callable[[Progress], None] | None, traced: bool,
    ) -> RunResult: ...  # fmt: skip


class SearchOver(Exception):
    """No further trial: the time is used up ("time"), or the reader stopped it ("stopped")."""

    def __init__(self, why: Literal["time", "stopped"]) -> None:
        super().__init__(why)
        self.why: Literal["time", "stopped"] = why


@dataclass
class Bench:
    """Runs trials and learns from them.

    Attributes:
        seconds: the budget; a trial gets at most what remains of it.
        memory_bytes: limit of a run's processes together; None for none.
        clock: seconds, monotonic.
        trials: so far.
        spread: of item times, standard deviation over mean; None before the look, or if it cannot be told.
    """

    runner: Runner
    work: Workload
    model: Model
    seconds: float
    memory_bytes: int | None
    on_trial: Callable[[Trial], None] | None
    stop: Event
    clock: Callable[[], float]
    trials: list[Trial] = field(default_factory=list)
    spread: float | None = None
    found: dict[LoaderSettings, list[Measurement]] = field(default_factory=dict)
    failed: dict[LoaderSettings, Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the search began."""
        return self.clock() - self._began

    def epoch(self, settings: LoaderSettings) -> float:
        """Seconds of an epoch, over all trials of the setting, the longer ones counting more."""
        runs = self.found[settings]
        whole = sum(run.evidence for run in runs)
        return sum(run.evidence * self.work.mean_epoch(run.first, run.later) for run in runs) / whole

    def ranking(self) -> list[LoaderSettings]:
        """The settings that were measured, the shortest epoch first."""
        return sorted(self.found, key=self.epoch)

    def alone(self) -> float | None:
        """Seconds of the shortest epoch without workers, if there is one."""
        return min((self.epoch(s) for s in self.found if s.num_workers == 0), default=None)

    def trial(self, purpose: Purpose, settings: LoaderSettings, window: float) -> Trial:
        """Run one setting for about `window` seconds after its start-up, longer if batches take long.

        Raises:
            SearchOver: there is no time left, or the search was stopped.
            TuneError: every setting failed so far, and for the same reason.
        """
        remaining = self.seconds - self.elapsed
        if self.stop.is_set():
            raise SearchOver("stopped")
        if remaining < SHORTEST:
            raise SearchOver("time")
        limit, predicted = min(self._long_enough(settings, window), remaining), math.nan
        if self.model.item is not None and purpose != "look":
            expected = self.model.predict(settings)
            predicted = self.work.mean_epoch(expected.first, expected.later)
        points: list[Point] = []
        spans: list[Span] = []

        def note(progress: Progress) -> None:
            points.append(Point(progress.seconds, progress.batches, progress.items))
            spans.extend(progress.spans)

        before = self.clock()
        try:
            result = self.runner.run(
                settings, step_seconds=0.0 if purpose == "look" else self.work.steps[settings.batch_size],
                epochs=None, limits=RunLimits(seconds=limit, memory_bytes=self.memory_bytes),
                on_progress=note, traced=purpose == "look",
            )  # fmt: skip
        except RuntimeError:  # the runner is busy: with being stopped
            if self.stop.is_set():
                raise SearchOver("stopped") from None
            raise
        trial = Trial(
            len(self.trials) + 1, purpose, settings, result.ended, result.message,
            limit_seconds=limit, seconds=self.clock() - before, items=result.items,
            wait_share=result.wait_share, predicted_seconds=predicted,
            peak_memory_bytes=result.peak_memory_bytes,
        )  # fmt: skip
        return self._judge(trial, result, points, spans)

    def _long_enough(self, settings: LoaderSettings, window: float) -> float:
        """Seconds in which the run gets past its start and delivers enough batches, within reason."""
        if self.model.item is None:
            return window
        expected = self.model.predict(settings)
        two_epochs = 2 * self.work.batches(settings)
        wanted = min(max(FEW, 3 * settings.num_workers), two_epochs) + 1
        limit = expected.start + min(max(window, wanted * expected.interval), self.seconds / 4)
        # What was too short to be measured gets more.
        return max(
            [limit, *(3 * t.limit_seconds for t in self.trials if t.settings == settings and not t.measured)]
        )

    def _judge(self, trial: Trial, result: RunResult, points: list[Point], spans: list[Span]) -> Trial:
        """Learn from a run, put it into words, keep and tell it."""
        bad = result.ended in ("failed", "memory limit")
        first_batch = self.model.first_batch(trial.settings)
        measured = None if bad else measure(result, points, self.work.length, first_batch)
        if not bad and self._repeats(result):
            bad, measured = True, None
            trial = replace(trial, ended="failed", message=_repeated(result, self.work.length))
        if measured:
            trial = replace(
                trial, items_per_second=measured.items_per_second, start_seconds=measured.start,
                epoch_seconds=self.work.mean_epoch(measured.first, measured.later),
            )  # fmt: skip
            self._learn(trial, measured, spans)
        elif result.ended == "time limit" and trial.purpose != "look":
            interval = trial.settings.batch_size / result.items_per_second if result.batches > 1 else None
            self.model.learn_slow(trial.settings, result.start_seconds or trial.limit_seconds, interval)
        if bad:
            self.failed[trial.settings] = trial
        trial = replace(trial, sentence=sentence(trial, self.model, self._others_alone(trial), self.spread))
        self.trials.append(trial)
        if self.on_trial:
            self.on_trial(trial)
        if result.ended == "stopped":
            raise SearchOver("stopped")
        if bad:
            self._give_up_if_hopeless()
        return trial

    def _learn(self, trial: Trial, measured: Measurement, spans: list[Span]) -> None:
        if trial.purpose == "look":
            size = trial.settings.batch_size
            self.model.item = max(size / measured.items_per_second - self.model.per_batch, 0.0) / size
            self._read_spans(spans)
        else:
            self.model.learn(trial.settings, measured)
            self.found.setdefault(trial.settings, []).append(measured)

    def _read_spans(self, spans: list[Span]) -> None:
        """From the traced look: share of processor time, and how uneven the items are."""
        fetches = [span for span in spans if span.kind == "fetch"]
        seconds = [span.seconds for span in fetches]
        if sum(seconds) > 0 and any(span.cpu for span in fetches):
            self.model.cpu_share = min(sum(span.cpu for span in fetches) / sum(seconds), 1.0)
        if len(seconds) >= ENOUGH_ITEMS:
            # The slowest item may be the one that met a hiccup of the machine.
            kept = sorted(seconds)[: max(int(0.98 * len(seconds)), 2)]
            self.spread = pstdev(kept) / max(fmean(kept), 1e-12)

    def _others_alone(self, trial: Trial) -> float | None:
        return None if trial.settings.num_workers == 0 else self.alone()

    def _repeats(self, result: RunResult) -> bool:
        """Whether more items came than the epochs so far have: the same ones from several workers."""
        at_most = (len(result.epoch_seconds) + 1) * self.work.length
        return self.work.iterable and result.items > 1.05 * at_most

    def _give_up_if_hopeless(self) -> None:
        """With two settings failed, none measured, and one reason for both: that reason is the answer."""
        if self.found or len(self.failed) < 2:
            return
        reasons = {_reason(trial) for trial in self.failed.values()}
        if len(reasons) == 1:
            first = next(iter(self.failed.values()))
            raise TuneError(f"no setting can be measured, all fail for the same reason. {first.message}")


def _reason(trial: Trial) -> str:
    """The error without what differs from run to run: the last line, digits left out."""
    lines = trial.message.strip().splitlines() or [""]
    return trial.ended + "".join(c for c in lines[-1] if not c.isdigit())


def _repeated(result: RunResult, length: int) -> str:
    return (
        f"An epoch delivered more than its {length:,} items with {result.settings.num_workers} workers: each "
        "worker goes through the whole IterableDataset. Share it out in __iter__ with "
        "torch.utils.data.get_worker_info()."
    )
