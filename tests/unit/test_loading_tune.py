"""tune: finds good settings on simulated loaders, keeps its budget, explains itself, and runs for real once.

The simulated loader follows torch's protocol (round robin, in order, `prefetch_factor` batches ahead of each
worker) on a clock of its own, so that the search is tested without waiting and without chance.
"""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from dpwidgets.prep.loading.runner import Progress, RunLimits, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings, SettingsError
from dpwidgets.prep.loading.spans import Span
from dpwidgets.prep.loading.tune import TuneError, TuneResult, search, tune
from dpwidgets.prep.loading.tune.bench import Bench
from dpwidgets.prep.loading.tune.measure import Measurement, Point, measure
from dpwidgets.prep.loading.tune.model import Model
from dpwidgets.prep.loading.tune.result import Trial
from dpwidgets.prep.loading.tune.search import Search
from dpwidgets.prep.loading.tune.space import Space, Workload, steps_for, worker_counts

REPORT = 0.05  # seconds between two pieces of news of a run
OVERHEAD = 0.1  # seconds of a trial beside the loading


@dataclass
class SimulatedRunner:
    """A LoaderRunner over a loader that is computed, not run.

    Attributes:
        length: items of the dataset.
        item: seconds to load one.
        cpu_share: the part of it that is processor time.
        spread: of item times (standard deviation over mean), log-normal.
        hand_over: seconds to give a batch to another process, and as many to take it.
        worker_start: seconds until the workers are up, more if they share cores.
        worker_bytes: memory of each process.
        pin_cost: share by which pinned memory makes everything slower.
        faults: called with the settings before a run; returns how it ended and why, or None.
    """

    length: int
    item: float
    cpu_share: float = 1.0
    spread: float = 0.0
    hand_over: float = 0.3e-3
    worker_start: float = 0.03
    cores: int = 4
    worker_bytes: int = 100_000_000
    pin_cost: float = 0.0
    faults: Callable[[LoaderSettings], tuple[Any, str] | None] = lambda settings: None
    now: float = 0.0
    ran: list[LoaderSettings] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def run(
        self, settings: LoaderSettings, *, step_seconds: float = 0.0, epochs: int | None = 1,
        limits: RunLimits = RunLimits(), on_progress: Callable[[Progress], None] | None = None,  # noqa: B008
        traced: bool = True,
    ) -> RunResult:  # fmt: skip
        self.ran.append(settings)
        memory = self.worker_bytes * (1 + settings.num_workers)
        fault = self.faults(settings)
        if limits.memory_bytes is not None and memory > limits.memory_bytes:
            fault = "memory limit", f"{memory:,} bytes are over the limit"
        if fault:
            self.now += OVERHEAD
            return RunResult(settings, *fault)
        times: list[float] = []
        items = 0
        waited = reported = first = last = 0.0
        whole: list[float] = []
        for came, done, size, waits, epoch_done in self._batches(settings, step_seconds, epochs):
            items += size
            times.append(came)
            first, last = first or came, came
            waited += waits if len(times) > 1 else 0.0
            if epoch_done:
                whole.append(epoch_done)
            if on_progress and done - reported >= REPORT:
                reported = done
                on_progress(Progress(self._spans(size) if traced else [], len(times), items, done, {}))
            if done >= limits.seconds:
                break
        self.now += max(done, OVERHEAD) + OVERHEAD
        rate = (items - settings.batch_size) / (last - first) if last > first else items / first
        return RunResult(
            settings, "time limit", "", items, len(times), rate, first, whole,
            waited / max(last - first, 1e-9), {}, memory,
        )  # fmt: skip

    def epoch(self, settings: LoaderSettings, step: float, epochs: int) -> float:
        """The truth: seconds of an epoch, the mean over so many."""
        whole = [done for *_, done in self._batches(settings, step, min(epochs, 3)) if done]
        return (whole[0] + (epochs - 1) * whole[-1]) / epochs

    def _batches(
        self, settings: LoaderSettings, step: float, epochs: int | None
    ) -> Iterator[tuple[float, float, int, float, float]]:
        """Of each batch: came, step done, items, waited; seconds of the epoch with its last batch, else 0."""
        chance = np.random.default_rng(0)
        now, number = 0.0, 0
        while epochs is None or number < epochs:
            began = asked = now
            up = settings.num_workers and (number == 0 or not settings.persistent_workers)
            batches = self._epoch(settings, step, now, bool(up), chance)
            for came, done, size, is_last in batches:
                yield came, done, size, came - asked, (done - began) if is_last else 0.0
                now = asked = done
            number += 1

    def _epoch(
        self, settings: LoaderSettings, step: float, now: float, up: bool, chance: np.random.Generator
    ) -> Iterator[tuple[float, float, int, bool]]:
        workers, size = settings.num_workers, settings.batch_size
        count = -(-self.length // size)
        taken: list[float] = []
        crowd = max(1.0, workers * self.cpu_share / self.cores)
        ready = now + (self.worker_start * max(1.0, workers / self.cores) if up else 0.0)
        free = [ready + (0.005 * (w + 1) if up else 0.0) for w in range(workers)]
        for k in range(count):
            items = min(size, self.length - k * size)
            load = self._load(items, chance) * (1 + self.pin_cost * settings.pin_memory)
            if workers:
                ahead = workers * settings.prefetch_factor
                asked = taken[k - ahead] if k >= ahead else 0.0
                load = load * (self.cpu_share * crowd + 1 - self.cpu_share) + self.hand_over * crowd
                free[k % workers] = max(free[k % workers], asked) + load
                now = max(now, free[k % workers]) + self.hand_over
            else:
                now += load
            taken.append(now)
            yield now, now + step, items, k == count - 1
            now += step

    def _load(self, items: int, chance: np.random.Generator) -> float:
        if not self.spread:
            return self.item * items + 20e-6
        sigma = np.sqrt(np.log(1 + self.spread**2))
        return float(self.item * chance.lognormal(-(sigma**2) / 2, sigma, items).sum()) + 20e-6

    def _spans(self, items: int) -> list[Span]:
        chance = np.random.default_rng(len(self.ran))
        sigma = np.sqrt(np.log(1 + self.spread**2))
        seconds = self.item * chance.lognormal(-(sigma**2) / 2, sigma, items)
        return [Span("fetch", -1, 0.0, s, cpu=s * self.cpu_share) for s in seconds]

    def stop(self) -> None: ...


def simulate(
    runner: SimulatedRunner, *, step: float = 0.0, batch_sizes: tuple[int, ...] = (32,), max_workers: int = 8,
    seconds: float = 60.0, epochs: int = 10, memory_limit: int | None = None, pin: bool = False,
    on_trial: Callable[[Trial], None] | None = None, stop: threading.Event | None = None,
) -> tuple[TuneResult, Bench]:  # fmt: skip
    steps = steps_for(step, batch_sizes)
    work = Workload(runner.length, epochs, steps, runner.cores)
    counts = worker_counts(max_workers, runner.cores)
    space = Space(LoaderSettings(shuffle=True), batch_sizes, counts, persistent=epochs > 1)
    bench = Bench(
        runner, work, Model(work), seconds, memory_limit, on_trial, stop or threading.Event(), runner.clock
    )
    return search(bench, space, pin=pin, collate=False), bench


def exhaustive(
    runner: SimulatedRunner, result: TuneResult, bench: Bench, *, batch_sizes: tuple[int, ...] = (32,)
) -> float:
    """The truth about tune's setting against the best of all: 1.0 is the best."""
    work = bench.work
    everything = [
        LoaderSettings(n, w, prefetch, persistent_workers=work.epochs > 1 and w > 0, shuffle=True)
        for n in batch_sizes
        for w in worker_counts(8, runner.cores)
        for prefetch in ((2, 4) if w else (2,))
    ]
    truth = {s: runner.epoch(s, work.steps[s.batch_size], work.epochs) for s in everything}
    chosen = runner.epoch(result.best, work.steps[result.best.batch_size], work.epochs)
    return chosen / min(truth.values())


def workloads() -> list[tuple[SimulatedRunner, float, tuple[int, ...]]]:
    """Forty loaders of all kinds, with their step and batch sizes."""
    chance = random.Random(0)
    made = []
    for _ in range(40):
        item = 10 ** chance.uniform(-5.5, -1.7)
        runner = SimulatedRunner(
            length=round(10 ** chance.uniform(3, 4.6)), item=item,
            cpu_share=chance.choice([1.0, 0.9, 0.3, 0.05]), spread=chance.choice([0.0, 0.2, 0.8]),
            hand_over=10 ** chance.uniform(-4, -2.5), worker_start=chance.choice([0.02, 0.05, 1.0]),
            cores=chance.choice([1, 2, 4, 8]),
        )  # fmt: skip
        step = chance.choice([0.0, 16 * item, 32 * item / runner.cores, 0.05])
        made.append((runner, step, chance.choice([(32,), (16, 64, 256)])))
    return made


@pytest.mark.parametrize("number", range(40))
def test_it_comes_near_the_best_of_an_exhaustive_search(number: int) -> None:
    runner, step, batch_sizes = workloads()[number]
    result, bench = simulate(runner, step=step, batch_sizes=batch_sizes)
    # One of the forty needs more than a minute: a single core, and workers that take seconds to start.
    slack = 1.05 if result.ended == "sure" else 1.5
    assert exhaustive(runner, result, bench, batch_sizes=batch_sizes) <= slack, result
    assert runner.now < 75


def test_it_takes_a_quarter_of_the_time_of_an_exhaustive_search_with_equally_long_trials() -> None:
    runner = SimulatedRunner(length=20_000, item=6e-3, cores=4)
    sizes = (16, 32, 64)
    result, bench = simulate(runner, step=0.1, batch_sizes=sizes)
    longest = max(trial.limit_seconds for trial in result.trials)
    combinations = len(sizes) * (1 + 8 * 2 * 2)  # workers 1 to 8, two prefetch factors, kept or not
    assert runner.now < combinations * longest / 4
    assert exhaustive(runner, result, bench, batch_sizes=sizes) <= 1.05


def test_no_workers_win_on_cached_items_and_it_says_why() -> None:
    result, _ = simulate(SimulatedRunner(length=60_000, item=2e-6))
    assert result.best.num_workers == 0
    tried = [trial for trial in result.trials if trial.settings.num_workers]
    assert tried, "that workers lose is measured, not assumed"
    assert "more than without workers" in tried[0].sentence
    assert "handing it over between processes" in tried[0].sentence
    assert result.reason.startswith("Best: 0 workers")


def test_no_workers_are_tried_where_loading_is_next_to_nothing() -> None:
    result, _ = simulate(SimulatedRunner(length=60_000, item=2e-6), step=0.2)
    assert [trial.purpose for trial in result.trials] == ["look", "measure"]
    assert "workers could not save more" in result.reason


def test_start_up_counts_for_the_length_of_the_readers_epoch() -> None:
    short, long = (
        SimulatedRunner(length=length, item=1e-3, worker_start=2.0, cores=4) for length in (1_000, 100_000)
    )
    assert simulate(short, epochs=1)[0].best.num_workers == 0
    assert simulate(long, epochs=1)[0].best.num_workers >= 4


def test_workers_that_are_kept_start_once() -> None:
    runner = SimulatedRunner(length=4_000, item=1e-3, worker_start=2.0, cores=4)
    result, _ = simulate(runner, epochs=20)
    assert result.best.num_workers >= 4
    assert result.best.persistent_workers
    assert any("start once, not in each of the 20 epochs" in note for note in result.notes)
    truth = runner.epoch(result.best, 0.0, 20)
    assert result.epoch_seconds[result.best] == pytest.approx(truth, rel=0.05)


def test_with_one_epoch_workers_are_not_kept() -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=2e-3), epochs=1)
    assert result.best.num_workers
    assert not result.best.persistent_workers
    assert any("persistent_workers stays False" in note for note in result.notes)


def test_where_the_step_is_the_limit_few_workers_suffice() -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=2e-3, cores=8), step=0.1)
    assert result.best.num_workers == 1
    assert result.to_frame().query("num_workers == 8").empty, "nothing could be gained there"


def test_items_that_wait_for_storage_get_more_workers_than_cores() -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=20e-3, cpu_share=0.05, cores=1))
    assert result.best.num_workers == 8


def test_read_ahead_is_tried_only_for_uneven_items() -> None:
    def purposes(spread: float) -> set[str]:
        runner = SimulatedRunner(length=30_000, item=5e-3, spread=spread)
        return {trial.purpose for trial in simulate(runner, step=0.05)[0].trials}

    assert "prefetch" in purposes(1.0)
    assert "prefetch" not in purposes(0.0)


def test_the_readers_batch_size_is_kept_unless_several_are_given() -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=1e-5, hand_over=2e-3), batch_sizes=(8,))
    assert set(result.to_frame().query("purpose != 'look'")["batch_size"]) == {8}
    assert any("batch_size=8 is kept" in note for note in result.notes)


@pytest.mark.parametrize(
    ("pin", "cost", "pinned", "told"),
    [
        (False, 0.0, False, "pin_memory does nothing without an accelerator"),
        (True, 0.02, True, "pin_memory=True costs the loading little"),
        (True, 0.2, False, "copying into pinned memory slows this loader down"),
    ],
)  # fmt: skip
def test_pinned_memory_is_taken_with_an_accelerator_if_it_costs_little(
    pin: bool, cost: float, pinned: bool, told: str
) -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=1e-3, pin_cost=cost), pin=pin)
    assert result.best.pin_memory == pinned
    assert ("pin_memory=True" in result.to_code()) == pinned
    assert any(told in note for note in result.notes)
    assert ("pin memory" in {trial.purpose for trial in result.trials}) == pin


def test_the_best_few_run_again_and_longer() -> None:
    runner = SimulatedRunner(length=30_000, item=5e-3, cores=4)
    result, bench = simulate(runner, batch_sizes=(16, 32))
    explored = [t.limit_seconds for t in result.trials if t.purpose == "explore"]
    confirmed = [t for t in result.trials if t.purpose == "confirm"]
    assert min(t.limit_seconds for t in confirmed) > max(explored)
    by_setting = {t.settings for t in confirmed}
    last = {t.settings for t in confirmed if t.limit_seconds == max(c.limit_seconds for c in confirmed)}
    assert len(by_setting) > 1
    assert len(last) < len(by_setting)
    assert bench.ranking()[0] in by_setting


def test_what_a_run_without_workers_measures_outweighs_the_traced_look() -> None:
    settings = LoaderSettings(32)
    model = Model(Workload(10_000, 1, {32: 0.01}, 4), item=5e-3)
    model.learn(settings, Measurement(10.0, 10.0, 32 / (32e-3 + 0.01), 0.03, 1.0))
    assert model.item == pytest.approx(1e-3, rel=0.05)


def test_of_equal_settings_the_one_with_fewer_workers_is_taken() -> None:
    _, bench = simulate(SimulatedRunner(length=1_000, item=1e-3), seconds=5)
    seeker = Search(bench, Space(LoaderSettings(), (32,), (0, 1, 2, 4), persistent=True), pin=False)
    bench.found.clear()
    for workers, epoch in [(4, 9.9), (2, 10.0), (1, 10.3)]:
        bench.found[LoaderSettings(32, workers)] = [Measurement(epoch, epoch, 100.0, 0.1, 1.0)]
    assert seeker.best().num_workers == 2


def test_the_model_repeats_what_it_learned_start_up_included() -> None:
    runner = SimulatedRunner(length=3_000, item=2e-3, worker_start=1.0, cores=4)
    result, bench = simulate(runner, epochs=1)
    for settings, seconds in result.epoch_seconds.items():
        if settings.prefetch_factor == 2:
            assert bench.model.predict(settings).first == pytest.approx(seconds, rel=0.1), settings


def test_what_is_larger_than_a_setting_over_the_memory_limit_is_not_tried() -> None:
    """Two workers or more are too many for every batch size, one worker for large batches."""
    runner = SimulatedRunner(
        length=30_000, item=5e-3,
        faults=lambda s: ("memory limit", "too much") if s.num_workers * s.batch_size > 64 else None,
    )  # fmt: skip
    sizes = (32, 64, 128)
    result, _ = simulate(runner, batch_sizes=sizes)
    over: list[LoaderSettings] = []
    for trial in result.trials:
        s = trial.settings
        larger = [o for o in over if o.num_workers <= s.num_workers and o.batch_size <= s.batch_size]
        assert not larger, f"{s} was tried though {larger} were over the limit"
        over += [s] if trial.ended == "memory limit" else []
    assert over


def test_settings_over_the_memory_limit_are_left_out() -> None:
    runner = SimulatedRunner(length=30_000, item=5e-3, cores=8, worker_bytes=100)
    result, _ = simulate(runner, memory_limit=450)
    assert 1 <= result.best.num_workers <= 3
    over = [trial for trial in result.trials if trial.ended == "memory limit"]
    assert over
    assert all("over the limit" in trial.message for trial in over)


def test_a_failure_with_workers_does_not_end_the_search() -> None:
    runner = SimulatedRunner(
        length=30_000, item=5e-3,
        faults=lambda s: ("failed", "Worker 0: cannot pickle a lock") if s.num_workers else None,
    )  # fmt: skip
    result, _ = simulate(runner)
    assert result.best.num_workers == 0
    assert any("cannot pickle" in note for note in result.notes)
    assert any("failed. Worker 0: cannot pickle" in trial.sentence for trial in result.trials)


def test_what_fails_everywhere_ends_the_search_at_once_with_the_reason() -> None:
    runner = SimulatedRunner(
        length=30_000, item=5e-3, faults=lambda s: ("failed", f"Item {s.num_workers}: not an image")
    )
    with pytest.raises(TuneError, match=r"all fail for the same reason. Item 0: not an image"):
        simulate(runner)
    assert len(runner.ran) <= 4


@pytest.mark.parametrize("seconds", [2.0, 10.0, 30.0])
def test_the_time_budget_is_kept(seconds: float) -> None:
    runner = SimulatedRunner(length=30_000, item=5e-3, spread=0.8)
    result, _ = simulate(runner, batch_sizes=(8, 16, 32, 64), seconds=seconds)
    assert runner.now <= seconds + 0.32 + 2 * OVERHEAD, "a batch of 64 may end after the limit"
    if result.ended == "time":
        assert any("give more seconds" in note for note in result.notes)


def test_too_little_time_for_any_batch_is_said() -> None:
    with pytest.raises(TuneError, match=r"within 2 s; give more seconds"):
        simulate(SimulatedRunner(length=1_000, item=3.0), seconds=2.0)


def test_it_stops_when_asked_and_returns_the_best_so_far() -> None:
    stop = threading.Event()
    seen: list[Trial] = []

    def third(trial: Trial) -> None:
        seen.append(trial)
        if len(seen) == 3:
            stop.set()

    result, _ = simulate(SimulatedRunner(length=30_000, item=5e-3), on_trial=third, stop=stop)
    assert result.ended == "stopped"
    assert list(result.trials) == seen
    assert len(seen) == 3
    assert result.best in {trial.settings for trial in seen}


def test_every_trial_is_told_and_explained() -> None:
    seen: list[Trial] = []
    result, _ = simulate(SimulatedRunner(length=30_000, item=5e-3), step=0.05, on_trial=seen.append)
    assert seen == list(result.trials)
    assert [trial.number for trial in seen] == list(range(1, len(seen) + 1))
    assert all(trial.sentence.endswith(".") for trial in seen)
    assert "processor time" in seen[0].sentence
    assert "take turns" in seen[1].sentence
    assert "less than without workers" in seen[2].sentence


def test_tables_picture_and_code_tell_the_same() -> None:
    result, _ = simulate(SimulatedRunner(length=30_000, item=1e-3), batch_sizes=(16, 64), max_workers=2)
    frame, heat, picture = result.to_frame(), result.heat_map(), result.heat_picture()
    assert len(frame) == len(result.trials)
    assert {"num_workers", "batch_size", "items_per_second", "sentence"} <= set(frame.columns)
    assert heat.index.name == "num_workers"
    assert heat.columns.name == "batch_size"
    top = heat.loc[result.best.num_workers, result.best.batch_size]
    assert top >= 0.98 * np.nanmax(heat.to_numpy())
    assert top == pytest.approx(result.length / result.epoch_seconds[result.best])
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert (picture == (213, 94, 0)).all(axis=2).any(), "the best cell has its frame"
    assert f"{top:,.0f}" in result.heat_text()
    assert len(result.table().splitlines()) == 1 + len(result.trials)
    names: dict[str, Any] = {"dataset": list(range(100))}
    exec(result.to_code(), names)
    assert names["loader"].num_workers == result.best.num_workers
    assert result.to_code() in str(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_sizes": ()}, "batch_sizes is empty"),
        ({"batch_sizes": 101}, "batch_sizes has 101, but the dataset has 100 items"),
        ({"batch_sizes": (10, 20), "step_seconds": {10: 0.1}}, "step_seconds says nothing about .* 20"),
        ({"step_seconds": -1.0}, "step_seconds=-1.0"),
        ({"max_workers": -1}, "max_workers=-1"),
        ({"max_workers": 1.5}, "max_workers=1.5"),
        ({"seconds": 0}, "seconds=0"),
        ({"epochs": 0}, "epochs=0"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named_before_anything_runs(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TuneError, match=f"^{message}"):
        tune(list(range(100)), **arguments)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="did you mean 'drop_last'"):
        tune(list(range(100)), base={"drop_lst": True})


def test_what_is_searched_does_not_come_from_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    spaces: list[Space] = []
    module = sys.modules["dpwidgets.prep.loading.tune"]
    monkeypatch.setattr(module, "search", lambda bench, space, **_: spaces.append(space))
    tune(list(range(100)), base={"pin_memory": True, "prefetch_factor": 8, "drop_last": True})
    assert spaces[0].base == LoaderSettings(drop_last=True, shuffle=True)


def test_a_dataset_without_length_needs_one() -> None:
    with pytest.raises(
        TuneError, match=r"Endless has no len.*give it a __len__.*or call tune\(dataset, length="
    ):
        tune(Endless())


class Endless(IterableDataset[int]):
    """Every worker counts on its own."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(200_000))


def result_of(settings: LoaderSettings, batches: int, rate: float, start: float, **more: Any) -> RunResult:
    return RunResult(settings, "time limit", "", batches * settings.batch_size, batches, rate, start, **more)


def test_a_rate_is_taken_over_whole_bursts() -> None:
    """Four even workers deliver four batches of ten items each second, all at once."""
    settings = LoaderSettings(10, 4)
    points = [Point(1.0 + k // 4 + 0.001 * (k % 4), k + 1, 10 * (k + 1)) for k in range(15)]
    found = measure(result_of(settings, 15, 150 / 3, 1.0), points, 4_000)
    assert found is not None
    assert found.items_per_second == pytest.approx(40, rel=0.01)
    assert found.first == pytest.approx(100, rel=0.02)


def test_whole_epochs_are_taken_as_they_are() -> None:
    kept = LoaderSettings(10, 2, persistent_workers=True)
    found = measure(result_of(kept, 30, 50.0, 1.0, epoch_seconds=[3.0, 2.0, 2.2]), [], 100)
    assert found is not None
    assert (found.first, found.later) == (3.0, pytest.approx(2.1))


def test_too_few_batches_say_nothing() -> None:
    assert measure(result_of(LoaderSettings(10), 2, 50.0, 1.0), [], 100) is None


def test_an_iterable_that_is_not_shared_out_is_found() -> None:
    runner = SimulatedRunner(length=100_000, item=1e-3)
    work = Workload(1_000, 10, {32: 0.0}, 4, iterable=True)
    bench = Bench(runner, work, Model(work), 60.0, None, None, threading.Event(), runner.clock)
    trial = bench.trial("explore", LoaderSettings(32, 2), 5.0)
    assert trial.ended == "failed"
    assert "get_worker_info" in trial.message


@pytest.mark.timeout(180)
def test_it_runs_for_real_and_leaves_no_process() -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    rows = TensorDataset(torch.zeros(20_000, 4), torch.zeros(20_000))
    result = tune(rows, step_seconds=0.001, batch_sizes=64, max_workers=1, seconds=8)
    assert any(trial.purpose == "measure" and trial.items > 0 for trial in result.trials)
    assert result.epoch_seconds[result.best] > 0
    names: dict[str, Any] = {"dataset": rows}
    exec(result.to_code(), names)
    assert isinstance(names["loader"], DataLoader)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
