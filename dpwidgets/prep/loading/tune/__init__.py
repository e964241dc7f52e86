"""Find good settings for a DataLoader: for this dataset, this training step, this machine."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import psutil
import torch
from torch.utils.data import IterableDataset

from dpwidgets.prep.cores import usable_cores
from dpwidgets.prep.loading.runner import LoaderRunner
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune import report
from dpwidgets.prep.loading.tune.bench import Bench
from dpwidgets.prep.loading.tune.explain import first_line
from dpwidgets.prep.loading.tune.model import Model
from dpwidgets.prep.loading.tune.result import Trial, TuneResult
from dpwidgets.prep.loading.tune.search import Search
from dpwidgets.prep.loading.tune.space import (
    Space,
    TuneError,
    Workload,
    checked_batch_sizes,
    steps_for,
    worker_counts,
)

__all__ = ["Trial", "TuneError", "TuneResult", "tune"]

FREE_SHARE = 0.75  # of the memory that is free now: the limit where the reader gives none


def tune(
    dataset: Any,
    *,
    collate_fn: Callable[[list[Any]], Any] | None = None,
    step_seconds: float | Mapping[int, float] = 0.0,
    batch_sizes: int | Sequence[int] = 32,
    max_workers: int | None = None,
    memory_limit: int | None = None,
    seconds: float = 60.0,
    epochs: int = 10,
    length: int | None = None,
    base: LoaderSettings | Mapping[str, Any] | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    stop: Event | None = None,
    runner: LoaderRunner | None = None,
) -> TuneResult:
    """Find the loader settings with which an epoch of `dataset` takes the least time.

    Short trials in a child process: what an item costs, an epoch without workers, then those settings that a
    small model promises most of, each trial correcting the model; the best few again in longer runs. What
    counts is the mean time of `epochs` epochs over the whole dataset, start-up of workers included.

    Args:
        dataset: map-style or iterable; defined in a notebook is fine.
        collate_fn: as for the DataLoader.
        step_seconds: of the training step for a batch of the first batch size (others in proportion), or
            batch size -> seconds. The trials wait so long between batches, as for a step on an accelerator;
            a step on the same cores takes them from the workers, which the trials do not show.
        batch_sizes: your batch size, or several to choose from, your own first.
        max_workers: 0 to 64; None for twice the cores, at least 4.
        memory_limit: bytes of all processes of a loader; None for three quarters of what is free now.
        seconds: for the search; no trial begins later, and none is given more than what remains.
        epochs: that you will train.
        length: items of an epoch, for a dataset that has no `len()`.
        base: the settings that are not searched: shuffle, drop_last, in_order, start_method. By default
            shuffle=True, so that the trials do not all load the same first items.
        on_trial: called after each trial.
        stop: set it from another thread to end the search; the best so far is returned.
        runner: a runner for `dataset` and `collate_fn` to use, and to leave open; else an own one.

    Raises:
        TuneError: an argument is not allowed, every setting fails for the same reason, or the time or a
            stop ended the search before anything was measured.
        SettingsError: a batch size, or a setting in `base`, is not known or not allowed.
    """
    iterable = isinstance(dataset, IterableDataset)
    length = _length(dataset, length)
    _check(seconds, epochs)
    sizes = checked_batch_sizes(batch_sizes, length)
    work = Workload(length, epochs, steps_for(step_seconds, sizes), usable_cores(), iterable)
    fixed = (
        base
        if isinstance(base, LoaderSettings)
        else LoaderSettings.from_dict({"shuffle": True} | dict(base or {}))
    )
    usual = LoaderSettings()
    fixed = replace(fixed, prefetch_factor=usual.prefetch_factor, pin_memory=usual.pin_memory)
    space = Space(fixed, sizes, worker_counts(max_workers, work.cores), persistent=epochs > 1)
    memory = memory_limit or int(FREE_SHARE * psutil.virtual_memory().available)
    pin = torch.accelerator.is_available()
    over, done = stop or Event(), Event()
    with nullcontext(runner) if runner else LoaderRunner(dataset, collate_fn=collate_fn) as running:
        watcher = Thread(target=_pass_on_stop, args=(over, done, running), daemon=True)
        watcher.start()
        try:
            bench = Bench(running, work, Model(work), seconds, memory, on_trial, over, time.monotonic)
            return search(bench, space, pin=pin, collate=collate_fn is not None)
        finally:
            done.set()
            watcher.join()


def search(bench: Bench, space: Space, *, pin: bool, collate: bool) -> TuneResult:
    """Search `space` with `bench` and say what came out.

    Args:
        pin: an accelerator is there, so that pinned memory does something.
        collate: the loader has a `collate_fn` of its own.

    Raises:
        TuneError: as for `tune`.
    """
    seeker = Search(bench, space, pin=pin)
    ended = seeker.run()
    if not bench.found:
        raise TuneError(_nothing_measured(bench, ended))
    best = seeker.best()
    return TuneResult(
        best, bench.work.length, {s: bench.epoch(s) for s in bench.ranking()}, tuple(bench.trials),
        report.reason(bench, best), report.notes(bench, space, best, ended, pin), ended, bench.elapsed,
        iterable=bench.work.iterable, collate=collate,
    )  # fmt: skip


def _length(dataset: Any, given: int | None) -> int:
    if given is None:
        try:
            given = len(dataset)
        except TypeError:
            raise TuneError(
                f"{type(dataset).__name__} has no len(), so what an epoch is cannot be told; "
                "give it a __len__, the items of an epoch, or call tune(dataset, length=...)."
            ) from None
    if given < 1:
        raise TuneError(f"the dataset has {given} items; there is nothing to load.")
    return given


def _check(seconds: float, epochs: int) -> None:
    if not 0 < seconds < float("inf"):
        raise TuneError(f"seconds={seconds!r} is not allowed; give the seconds that the search may take.")
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise TuneError(f"epochs={epochs!r} is not allowed; give a whole number from 1.")


def _pass_on_stop(over: Event, done: Event, runner: LoaderRunner) -> None:
    """Stop the run in progress once `over` is set; again and again, as a run may just be beginning."""
    while not done.wait(0.1):
        if over.is_set():
            runner.stop()


def _nothing_measured(bench: Bench, ended: str) -> str:
    if ended == "stopped":
        return "the search was stopped before anything was measured."
    if bench.failed:
        lines = [f"{t.settings}: {first_line(t.message)}" for t in bench.failed.values()]
        return "no setting can be measured:\n- " + "\n- ".join(lines)
    return (
        f"no setting delivered enough batches within {bench.seconds:.0f} s; give more seconds, "
        "or a smaller batch size."
    )
