"""Loaders against one another: images a second in alternating rounds, memory, who worked when."""

import contextlib
import copy
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import psutil
from torch.utils.data import DataLoader, IterableDataset

_LOOK = 0.05  # seconds between two looks at the memory
_AT_LEAST = 0.3  # seconds that a turn lasts: a fast loader runs more than one epoch
_KEPT = re.compile(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Rung:
    """What was measured of one loader.

    Attributes:
        name: as given.
        images_per_second: the median of its turns.
        times_start: how many times as fast as the first rung just before and just after it, the median of the
            turns; 1 for the first rung itself.
        spread: the lowest and the highest of these; of the first rung against itself: what chance does.
        times_before: `times_start` over that of the rung before.
        memory_mb: what this process and its workers held more, at the most, than before the loader was made:
            private and shared memory, not the pages of mapped files, which the system takes back at need.
        setup_seconds: to make the loader, a cache included.
        spans: of one epoch, not of those that are timed or watched: (maker, start, end), seconds since the
            epoch began; a maker is a process or thread that makes a batch, from fetch to collate, numbered as
            they come up.
    """

    name: str
    images_per_second: float
    times_start: float
    spread: tuple[float, float]
    times_before: float
    memory_mb: float
    setup_seconds: float
    spans: tuple[tuple[int, float, float], ...]


class Ladder:
    """Measures one loader after another against the first.

    Args:
        rounds: turns of each loader; each lies between two turns of the first.

    Attributes:
        rungs: those measured so far.
    """

    def __init__(self, rounds: int = 3) -> None:
        if rounds < 1:
            raise ValueError(f"rounds={rounds} is not allowed; give at least 1.")
        self.rounds = rounds
        self.rungs: list[Rung] = []
        self._start: Any = None

    def measure(self, name: str, make: Callable[[], Iterable[Any]]) -> Rung:
        """Makes the loader and measures it.

        Args:
            name: for the table. A rung that has this name already is measured anew, in its place.
            make: gives an object whose every `iter()` is an epoch of (images, labels): a DataLoader, or
                something with a DataLoader in its attribute `loader`. Only the first one is kept.

        Raises:
            ValueError: the loader is of another kind, its dataset is iterable, or an epoch gave no image.
        """
        place = next((at for at, rung in enumerate(self.rungs) if rung.name == name), len(self.rungs))
        memory, begun = _memory(), time.perf_counter()
        loader = make()
        setup = time.perf_counter() - begun
        _check_kind(loader)
        with _Watch() as watch:
            _epoch(loader)  # what is compiled or loaded on first use is there afterwards
        spans = _spans(loader)  # not watched: a loader that keeps its workers would have two sets of them
        start = self._start if place else loader
        speeds, ratios = [], []
        before = _speed(start)
        for _ in range(self.rounds):
            speeds.append(_speed(loader))
            after = _speed(start)
            ratios.append(2 * speeds[-1] / (before + after))
            before = after
        ratio = median(ratios) if place else 1.0
        spread = (min(ratios), max(ratios))
        held = max(0.0, watch.most - memory) / 1e6
        self._start = start
        self.rungs[place : place + 1] = [Rung(name, median(speeds), ratio, spread, 1.0, held, setup, spans)]
        self.rungs = [
            replace(rung, times_before=rung.times_start / below.times_start)
            for below, rung in zip([self.rungs[0], *self.rungs[:-1]], self.rungs, strict=True)
        ]
        return self.rungs[place]

    def table(self) -> pd.DataFrame:
        """A row for each rung."""
        columns = {
            "images a second": [round(rung.images_per_second) for rung in self.rungs],
            "times the one before": [round(rung.times_before, 2) for rung in self.rungs],
            "times the start": [round(rung.times_start, 1) for rung in self.rungs],
            "MB more": [round(rung.memory_mb) for rung in self.rungs],
            "made in s": [round(rung.setup_seconds, 1) for rung in self.rungs],
        }
        return pd.DataFrame(columns, index=[rung.name for rung in self.rungs])


def _speed(loader: Iterable[Any]) -> float:
    """Images a second over whole epochs."""
    images, begun = 0, time.perf_counter()
    while (seconds := time.perf_counter() - begun) < _AT_LEAST:
        found = _epoch(loader)
        if not found:
            raise ValueError("an epoch gave no image; give a loader of (images, labels).")
        images += found
    return images / seconds


def _epoch(loader: Iterable[Any]) -> int:
    images = 0
    for batch, labels in loader:
        batch[(-1,) * batch.ndim].item()  # so that nothing stays undone
        images += len(labels)
    return images


# --- who made a batch, and when


class _Noted:
    """A dataset that notes who makes a batch and when, in a file: workers are other processes."""

    def __init__(self, dataset: Any, collate_fn: Callable[[Any], Any], notes: Path) -> None:
        self.dataset, self.collate_fn, self.notes = dataset, collate_fn, notes

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, indices: list[int]) -> Any:
        start = time.monotonic()
        many = getattr(self.dataset, "__getitems__", None)
        batch = self.collate_fn(many(indices) if many else [self.dataset[index] for index in indices])
        line = f"{os.getpid()}.{threading.get_native_id()} {start} {time.monotonic()}\n"
        # Lines of several processes do not mix: each is one short write at the end.
        with self.notes.open("ab", buffering=0) as file:
            file.write(line.encode())
        return batch


def _check_kind(loader: Any) -> None:
    # Who made which batch is noted where a batch is made out of indices.
    while not isinstance(loader, DataLoader):
        if not hasattr(loader, "loader"):
            raise ValueError(
                f"a {type(loader).__name__} cannot be measured; give a DataLoader, or an object with a "
                "DataLoader in its attribute `loader`."
            )
        loader = loader.loader
    if isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        raise ValueError(
            "batches without indices cannot be measured; give a loader with a map-style dataset and a "
            "batch_size."
        )


def _noting(loader: Any, notes: Path) -> Any:
    """A copy of the loader that notes its batches."""
    if not isinstance(loader, DataLoader):
        twin = copy.copy(loader)
        twin.loader = _noting(loader.loader, notes)
        return twin
    return DataLoader(
        _Noted(loader.dataset, loader.collate_fn, notes),  # type: ignore[arg-type]
        batch_sampler=loader.batch_sampler,
        collate_fn=_same,
        num_workers=loader.num_workers,
        prefetch_factor=loader.prefetch_factor,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        timeout=loader.timeout,
        generator=loader.generator,
    )


def _same(batch: Any) -> Any:
    return batch


def _spans(loader: Any) -> tuple[tuple[int, float, float], ...]:
    """One epoch, noted."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        notes.touch()
        begun = time.monotonic()
        _epoch(_noting(loader, notes))
        lines = [line.split() for line in notes.read_text().splitlines()]
    makers = {maker: number for number, maker in enumerate(dict.fromkeys(line[0] for line in lines))}
    return tuple((makers[maker], float(start) - begun, float(end) - begun) for maker, start, end in lines)


# --- memory


class _Watch:
    """Looks at the memory every `_LOOK` seconds, in a thread.

    Attributes:
        most: bytes, the most that was seen.
    """

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.most = max(self.most, _memory())  # what a short epoch left, which no look may have met

    def _look(self) -> None:
        while True:
            self.most = max(self.most, _memory())
            if self._over.wait(_LOOK):
                return


def _memory() -> int:
    """Bytes that this process and its children hold: private, on Linux also their share of what is shared."""
    me = psutil.Process()
    return sum(_held(one) for one in (me, *me.children(recursive=True)))


def _held(process: psutil.Process) -> int:
    found: list[str] = []
    with contextlib.suppress(OSError):  # not Linux, or the process has ended
        found = _KEPT.findall(Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii"))
    if found:
        return 1024 * sum(map(int, found))
    with contextlib.suppress(psutil.Error):
        return process.memory_full_info().uss
    return 0
