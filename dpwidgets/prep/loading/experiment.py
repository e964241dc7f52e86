"""Runs of one dataset under different loader settings, each remembered in a few figures."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from torch.utils.data import IterableDataset

from dpwidgets.prep.cores import usable_cores
from dpwidgets.prep.loading.proposal import Proposal, propose
from dpwidgets.prep.loading.run_picture import in_words as picture_in_words
from dpwidgets.prep.loading.run_picture import run_picture
from dpwidgets.prep.loading.runner import LoaderRunner, Progress, RunLimits, RunResult
from dpwidgets.prep.loading.settings import MAX_BATCH_SIZE, LoaderSettings, SettingsError
from dpwidgets.prep.loading.span_history import SpanHistory
from dpwidgets.prep.loading.trial import Trial, in_words
from dpwidgets.prep.loading.tune import Trial as TuneTrial
from dpwidgets.prep.loading.tune import TuneResult, tune

KEPT_TRIALS = 8
PROGRESS_SECONDS = 0.1  # between two reports of a run
MAX_STEP_SECONDS, MAX_SECONDS = 10.0, 600.0
_RANGES = {"step_seconds": (0.0, MAX_STEP_SECONDS), "seconds": (0.5, MAX_SECONDS)}
_SETTINGS = tuple(one.name for one in fields(LoaderSettings))


@dataclass(frozen=True)
class Live:
    """A run in progress, in figures.

    Attributes:
        seconds: since it began.
        items, batches: delivered so far.
        items_per_second: since the first batch.
        wait_share: share of the training loop's time, 0 to 1, that it waited.
        memory: private bytes of each worker, and under CONSUMER of the process that iterates: now, and after
            the run the most.
        peak_memory_bytes: of all processes together, shared pages included; known after the run.
        start_seconds: to the first batch.
    """

    seconds: float = 0.0
    items: int = 0
    batches: int = 0
    items_per_second: float = 0.0
    wait_share: float = 0.0
    memory: Mapping[int, int] = field(default_factory=dict)
    peak_memory_bytes: int = 0
    start_seconds: float = 0.0


class Experiment:
    """A dataset, the trials made with it, and the spans of the last one.

    Parameters of a trial are the names of `LoaderSettings` and "step_seconds" (simulated training step),
    "seconds" (time limit) and "memory_limit" (bytes, or None).

    Args:
        dataset: map-style or iterable.
        collate_fn: as for `DataLoader`.

    Attributes:
        trials: the last `KEPT_TRIALS`.
        history: spans of the last run.
        result: of the last run, or None.
        searched: trials of the last search for good settings.
        found: what it found, or None.
    """

    def __init__(self, dataset: Any, collate_fn: Callable[..., Any] | None = None) -> None:
        if not hasattr(dataset, "__getitem__") and not hasattr(dataset, "__iter__"):
            raise TypeError(f"{dataset!r} is no dataset: it has neither __getitem__ nor __iter__.")
        self.dataset, self.collate_fn = dataset, collate_fn
        self.iterable = isinstance(dataset, IterableDataset)
        self.trials: deque[Trial] = deque(maxlen=KEPT_TRIALS)
        self.history = SpanHistory()
        self.result: RunResult | None = None
        self.searched: list[TuneTrial] = []
        self.found: TuneResult | None = None
        self._number = 0
        self._runner: LoaderRunner | None = None
        self._suggested: Proposal | None = None  # by the search, until the next run

    # --- parameters

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            SettingsError: naming the parameter, its value and what is allowed.
        """
        own: dict[str, Any] = {"step_seconds": 0.0, "seconds": 6.0, "memory_limit": None}
        own |= {name: params[name] for name in own if name in params}
        for name, (low, high) in _RANGES.items():
            value = own[name]
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not low <= value <= high:
                raise SettingsError(
                    f"{name}={value!r} is not allowed; give a number from {low:g} to {high:g} (seconds)."
                )
            own[name] = float(value)
        limit = own["memory_limit"]
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise SettingsError(f"memory_limit={limit!r} is not allowed; give a number of bytes, or None.")
        rest = {name: value for name, value in params.items() if name not in own}
        return LoaderSettings.from_dict(rest).to_dict() | own

    def settings(self, params: Mapping[str, Any]) -> LoaderSettings:
        """The loader's part of checked parameters."""
        return LoaderSettings(**{name: params[name] for name in _SETTINGS})

    def to_code(self, params: Mapping[str, Any]) -> str:
        """The loader as plain PyTorch, for a `dataset` (and `collate_fn`) of the reader's."""
        collate = self.collate_fn is not None
        return self.settings(params).to_code(iterable=self.iterable, collate=collate)

    # --- runs

    def run(self, params: Mapping[str, Any], on_progress: Callable[[Live, np.ndarray], None]) -> Trial:
        """Runs the loader in a child process until its time is over; blocks. One run at a time.

        Args:
            params: checked ones.
            on_progress: called at most every `PROGRESS_SECONDS` with the figures and the rows of new spans.
        """
        self.history = SpanHistory()
        self.result, self._suggested = None, None
        report = _Reporter(self.history, on_progress)
        result = self._running().run(
            self.settings(params),
            step_seconds=params["step_seconds"],
            epochs=None,
            limits=RunLimits(seconds=params["seconds"], memory_bytes=params["memory_limit"]),
            on_progress=report,
        )
        report.flush()
        self.result = result
        self._number += 1
        trial = Trial.of(self._number, params["step_seconds"], result)
        self.trials.append(trial)
        return trial

    def after(self, live: Live) -> Live:
        """The last figures of a run, with what is known since it ended."""
        result, trial = self.result, self.trials[-1]
        if result is None:
            return live
        return Live(
            live.seconds, result.items, result.batches, trial.items_per_second, trial.wait_share,
            result.memory, trial.peak_memory_bytes, trial.start_seconds,
        )  # fmt: skip

    def tune(
        self,
        params: Mapping[str, Any],
        seconds: float,
        on_trial: Callable[[TuneTrial], None],
        stop: threading.Event,
    ) -> TuneResult:
        """Searches for good settings; blocks. What it finds is the next proposal.

        Batches of half the size to four times the size are tried, and all worker counts that make sense.

        Args:
            params: checked ones; what is not searched stays.
            seconds: for the search.
            on_trial: called after each trial.
            stop: set from another thread, ends the search.

        Raises:
            TuneError: nothing could be measured.
        """
        self.searched, self.found, self._suggested = [], None, None

        def keep(trial: TuneTrial) -> None:
            self.searched.append(trial)
            on_trial(trial)

        now = self.settings(params)
        most = min(MAX_BATCH_SIZE, len(self.dataset)) if hasattr(self.dataset, "__len__") else MAX_BATCH_SIZE
        asked = (now.batch_size, max(1, now.batch_size // 2), 2 * now.batch_size, 4 * now.batch_size)
        self.found = tune(
            self.dataset,
            collate_fn=self.collate_fn,
            step_seconds=params["step_seconds"],
            batch_sizes=list(dict.fromkeys(min(size, most) for size in asked)),
            memory_limit=params["memory_limit"],
            seconds=seconds,
            base=now,
            on_trial=keep,
            stop=stop,
            runner=self._running(),
        )
        best = self.found.best
        changes = {name: value for name, value in best.to_dict().items() if value != getattr(now, name)}
        self._suggested = Proposal(self.found.reason, changes, best)
        return self.found

    def _running(self) -> LoaderRunner:
        if self._runner is None:
            self._runner = LoaderRunner(self.dataset, collate_fn=self.collate_fn)
        return self._runner

    def stop(self) -> None:
        """Ends the run in progress, from another thread."""
        if self._runner is not None:
            self._runner.stop()

    def release(self) -> None:
        """Ends the child process, if there is one; the next run starts another."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    # --- what is told

    @property
    def about(self) -> str:
        """The dataset in a few words, the same each time."""
        name = type(self.dataset).__name__
        if self.iterable or not hasattr(self.dataset, "__len__"):
            return f"{name}, iterable"
        return f"{name}, {len(self.dataset):,} items"

    def proposal(self) -> Proposal | None:
        """What to try next: what a search found, or one step from the best trial."""
        if self._suggested is not None:
            return self._suggested
        return propose(list(self.trials), usable_cores())

    def picture(self) -> tuple[np.ndarray, str]:
        """Trials and timeline as a still picture, uint8 (H, W, 3), and its alt text."""
        title = f"Loader lab: {self.about}"
        trials = list(self.trials)
        return run_picture(title, trials, self.history.rows()), picture_in_words(title, trials)

    def summary(self, params: Mapping[str, Any]) -> str:
        """Dataset and settings in a few words, the same each time."""
        return f"{self.about}: {in_words(self.settings(params), params['step_seconds'])}"


class _Reporter:
    """Gathers a run's progress and passes it on every `PROGRESS_SECONDS`."""

    def __init__(self, history: SpanHistory, tell: Callable[[Live, np.ndarray], None]) -> None:
        self._history, self._tell = history, tell
        self._first: Progress | None = None
        self._last: Progress | None = None
        self._spans: list[Any] = []
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        if self._first is None and progress.batches:
            self._first = progress
        self._last = progress
        self._spans += progress.spans
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Passes on what is gathered."""
        if self._last is None:
            return
        rows = self._history.add(self._spans)
        self._spans = []
        self._told = time.monotonic()
        now, first = self._last, self._first
        rate = 0.0
        if first is not None and now.seconds > first.seconds:
            rate = (now.items - first.items) / (now.seconds - first.seconds)
        waits, start = self._history.wait_share, first.seconds if first else 0.0
        live = Live(now.seconds, now.items, now.batches, rate, waits, now.memory, start_seconds=start)
        self._tell(live, rows)
