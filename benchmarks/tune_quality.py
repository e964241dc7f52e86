"""How near `tune` comes to an exhaustive search, and in what share of its time.

    python -m benchmarks.tune_quality [--only cache] [--each 6] [--rounds 5]

The exhaustive search runs every combination of the grid for equally long; tune gets a quarter of the time
that took as its hard limit. Then both winners load whole epochs in alternating rounds; the ratio is that of
their medians. What counts for all three is the mean epoch of ten, start-up included.
"""

import argparse
import itertools
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch.utils.data import Dataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from dpwidgets import samples
from dpwidgets.prep.loading.runner import LoaderRunner, RunLimits
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune import TuneResult, tune
from dpwidgets.prep.loading.tune.measure import Point, measure

WORKERS, BATCH_SIZES, PREFETCH = (0, 1, 2, 3, 4), (32, 64), (2, 4)
EPOCHS = 10
SHARE, NEAR = 0.25, 1.05  # the targets


class Rows(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Items that are rows of tensors in memory."""

    def __init__(self, *columns: torch.Tensor) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        return tuple(column[index] for column in self.columns)


def photos() -> Dataset[Any]:
    """JPEGs from disk, decoded and augmented."""
    steps = [
        v2.ToImage(), v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.2, 0.2, 0.2), v2.ToDtype(torch.float32, scale=True),
    ]  # fmt: skip
    return ImageFolder(samples.photos(), v2.Compose(steps))


def cache() -> Dataset[Any]:
    """Decoded pictures in memory."""
    return Rows(torch.randint(0, 256, (2_000, 3, 160, 160), dtype=torch.uint8), torch.arange(2_000))


def table() -> Dataset[Any]:
    """Rows of twenty numbers and a target."""
    return Rows(torch.randn(40_000, 20), torch.randn(40_000))


@dataclass(frozen=True)
class Workload:
    """A dataset, and the seconds of a training step for the first of the batch sizes."""

    title: str
    make: Callable[[], Dataset[Any]]
    step: float


WORKLOADS = {
    "photos": Workload("JPEG training pipeline", photos, 0.1),
    "cache": Workload("decoded cache", cache, 0.01),
    "table": Workload("tabular", table, 0.002),
}


@dataclass(frozen=True)
class Outcome:
    """What came out for one workload; seconds."""

    title: str
    grid: dict[LoaderSettings, float]
    grid_seconds: float
    tuned: TuneResult
    tune_seconds: float
    ratio: float

    @property
    def best(self) -> LoaderSettings:
        return min(self.grid, key=lambda settings: self.grid[settings])


def combinations() -> list[LoaderSettings]:
    """The grid: prefetch and persistence only where there are workers."""
    alone = [LoaderSettings(size, 0, shuffle=True) for size in BATCH_SIZES]
    return alone + [
        LoaderSettings(size, workers, prefetch, kept, shuffle=True)
        for size, workers, prefetch, kept in itertools.product(
            BATCH_SIZES, WORKERS[1:], PREFETCH, (False, True)
        )
    ]


def step_of(work: Workload, settings: LoaderSettings) -> float:
    return work.step * settings.batch_size / BATCH_SIZES[0]


def exhaustive(work: Workload, dataset: Dataset[Any], each: float) -> dict[LoaderSettings, float]:
    """Every combination, in the same child process, each for `each` seconds: seconds of its mean epoch."""
    grid = {}
    with LoaderRunner(dataset) as runner:
        for settings in combinations():
            points: list[Point] = []
            result = runner.run(
                settings, step_seconds=step_of(work, settings), epochs=None, traced=False,
                limits=RunLimits(seconds=each),
                on_progress=lambda p, points=points: points.append(Point(p.seconds, p.batches, p.items)),
            )  # fmt: skip
            found = measure(result, points, len(dataset))  # type: ignore[arg-type]
            grid[settings] = mean_epoch(found.first, found.later) if found else float("inf")
    return grid


def mean_epoch(first: float, later: float) -> float:
    return (first + (EPOCHS - 1) * later) / EPOCHS


def compare(
    work: Workload, dataset: Dataset[Any], ours: LoaderSettings, best: LoaderSettings, rounds: int
) -> float:
    """Our epoch over the best one's: whole epochs, alternating rounds, ratio of medians."""
    if ours == best:
        return 1.0
    seconds: dict[LoaderSettings, list[float]] = {ours: [], best: []}
    with LoaderRunner(dataset) as runner:
        for turn in range(rounds):
            for settings in (ours, best) if turn % 2 == 0 else (best, ours):
                result = runner.run(
                    settings, step_seconds=step_of(work, settings), epochs=3, traced=False,
                    limits=RunLimits(seconds=600),
                )  # fmt: skip
                first, *later = result.epoch_seconds
                seconds[settings].append(mean_epoch(first, sum(later) / len(later)))
    return median(seconds[ours]) / median(seconds[best])


def run(work: Workload, each: float, rounds: int) -> Outcome:
    dataset = work.make()
    began = time.monotonic()
    grid = exhaustive(work, dataset, each)
    grid_seconds = time.monotonic() - began
    began = time.monotonic()
    tuned = tune(
        dataset, step_seconds=work.step, batch_sizes=BATCH_SIZES, max_workers=max(WORKERS), epochs=EPOCHS,
        seconds=SHARE * grid_seconds, on_trial=lambda trial: print(f"    {trial}", flush=True),
    )  # fmt: skip
    tune_seconds = time.monotonic() - began
    best = min(grid, key=lambda settings: grid[settings])
    ratio = compare(work, dataset, tuned.best, best, rounds)
    return Outcome(work.title, grid, grid_seconds, tuned, tune_seconds, ratio)


def short(settings: LoaderSettings) -> str:
    """`2 workers, batch 64, prefetch 4, kept`"""
    if not settings.num_workers:
        return f"0 workers, batch {settings.batch_size}"
    kept = ", kept" if settings.persistent_workers else ""
    prefetch = f"prefetch {settings.prefetch_factor}{kept}"
    return f"{settings.num_workers} workers, batch {settings.batch_size}, {prefetch}"


def show(outcomes: list[Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = [
        "| | exhaustive | its best | tune | its best | time | epoch |",
        "|---|---|---|---|---|---|---|",
    ]
    for o in outcomes:
        share = o.tune_seconds / o.grid_seconds
        lines.append(
            f"| {o.title} | {o.grid_seconds:.0f} s, {len(o.grid)} settings | {short(o.best)} "
            f"| {o.tune_seconds:.0f} s, {len(o.tuned.trials)} trials | {short(o.tuned.best)} "
            f"| {share:.0%}{'' if share <= SHARE else ' **missed**'} "
            f"| {o.ratio:.2f}{'' if o.ratio <= NEAR else ' **missed**'} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=WORKLOADS, help="one workload")
    parser.add_argument("--each", type=float, default=6.0, help="seconds for each combination")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds of the two winners")
    given = parser.parse_args()
    outcomes = []
    for name, work in WORKLOADS.items():
        if given.only in (None, name):
            print(f"{work.title}: {work.make.__doc__}", flush=True)
            outcomes.append(run(work, given.each, given.rounds))
            print(show(outcomes[-1:]), flush=True)
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}")
    print(f"targets: tune's epoch at most {NEAR} of the best, in at most {SHARE:.0%} of the time\n")
    print(show(outcomes))
    return int(any(o.ratio > NEAR or o.tune_seconds > SHARE * o.grid_seconds for o in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
