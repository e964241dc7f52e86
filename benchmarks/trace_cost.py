"""What tracing costs: the same loader plain and traced, epoch by epoch in turn, on the sample photos.

Two figures for each pipeline and number of workers, as traced / plain: items per second, and processor time
per item of the consumer and its workers together. The second is the one to trust where others use the
machine. `python benchmarks/trace_cost.py --rounds 20` prints a table.
"""

import argparse
import statistics
import time
from collections.abc import Iterable
from typing import Any

import psutil
import torch
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from dpwidgets import samples, trace

TO_FLOAT = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]
PIPELINES = {
    "decode, resize": [v2.Resize((160, 160)), *TO_FLOAT],
    "training, 7 steps": [
        v2.RandomResizedCrop(160), v2.RandomHorizontalFlip(), v2.RandomRotation(15),
        v2.ColorJitter(0.2, 0.2, 0.2), *TO_FLOAT, v2.Normalize([0.5] * 3, [0.25] * 3),
    ],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="epochs of each loader")
    parser.add_argument("--items", type=int, default=256, help="photos in an epoch")
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)  # as in a worker
    print(
        "| pipeline | workers | items/s, plain | items/s, traced / plain | processor time, traced / plain |"
    )
    print("|---|---|---|---|---|")
    for name, steps in PIPELINES.items():
        photos = ImageFolder(samples.photos(), v2.Compose(steps))
        dataset = Subset(photos, range(0, len(photos), max(1, len(photos) // options.items)))
        for workers in options.workers:
            loader = DataLoader(dataset, 32, num_workers=workers, persistent_workers=workers > 0)
            row = compare(loader, options.rounds)
            print(f"| {name} | {workers} | {' | '.join(row)} |", flush=True)


def compare(loader: DataLoader, rounds: int) -> list[str]:
    """Items per second of the plain loader, and the two ratios with their middle halves."""
    loaders: list[Iterable[Any]] = [loader, trace(loader)]
    plain, traced = (Meter(one) for one in loaders)
    for meter in (plain, traced):
        meter.epoch()  # workers start, files come into the page cache
    seconds, speed, processor = [], [], []
    for number in range(rounds):
        both = [meter.epoch() for meter in ((plain, traced) if number % 2 else (traced, plain))]
        (wall, cpu), (traced_wall, traced_cpu) = both if number % 2 else both[::-1]
        seconds.append(wall)
        speed.append(wall / traced_wall)
        processor.append(traced_cpu / cpu)
    items = len(loader.dataset)  # type: ignore[arg-type]
    return [f"{items / statistics.median(seconds):.0f}", spread(speed), spread(processor)]


class Meter:
    """Times epochs of a loader."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self.loader = loader
        self.before = set(psutil.Process().children())
        self.processes: list[psutil.Process] = []

    def epoch(self) -> tuple[float, float]:
        """Seconds, and seconds of processor time of this process and the loader's workers."""
        cpu, start = self.processor_time(), time.perf_counter()
        for _ in self.loader:
            pass
        wall = time.perf_counter() - start
        used = self.processor_time() - cpu
        self.processes = self.processes or list(set(psutil.Process().children()) - self.before)
        return wall, used

    def processor_time(self) -> float:
        times = [process.cpu_times() for process in self.processes]
        return time.process_time() + sum(one.user + one.system for one in times)


def spread(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
