"""Where each process of a loader stands, readable by others while it hangs and after it died.

A small file mapped into memory, one row of whole numbers for each worker and one for the consumer. One
process writes a row, others only read, so no lock is needed.
"""

import mmap
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dpwidgets.prep.loading.settings import MAX_WORKERS

IDLE, FETCH, COLLATE = range(3)
_PID, _PHASE, _ITEM, _COUNT, _FIRST, _SINCE, _FAILED, _FAILED_ITEM, _BATCHES, _ITEMS, _HALT = range(11)
_WIDTH = 11
_BYTES = (MAX_WORKERS + 1) * _WIDTH * 8


class Halted(Exception):
    """The run is over: the rest of the batch is not needed."""


@dataclass(frozen=True)
class Stand:
    """What a process was last doing.

    Attributes:
        worker: its number; CONSUMER for the process that iterates.
        pid: of the process.
        phase: IDLE, FETCH or COLLATE.
        item: index of the item, or for an IterableDataset its number in this worker, from 0; -1 if none yet.
        count: items that are fetched at once (`__getitems__`), else 1.
        first: the item that the batch begins with.
        since: `time.monotonic()` when it began.
        failed: the phase in which it first raised, or IDLE.
        failed_item: the item of that, in COLLATE the first of the batch.
    """

    worker: int
    pid: int
    phase: int
    item: int
    count: int
    first: int
    since: float
    failed: int
    failed_item: int


class Board:
    """The rows of all processes.

    Args:
        path: of the file; it is made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("a+b") as file:
            if file.seek(0, os.SEEK_END) < _BYTES:
                file.truncate(_BYTES)
            self._map = mmap.mmap(file.fileno(), _BYTES)
        self._cells = memoryview(self._map).cast("q")

    def clear(self) -> None:
        """Forget the last run."""
        self._map[:] = bytes(_BYTES)

    def close(self) -> None:
        self._cells.release()
        self._map.close()

    def row(self, worker: int) -> "Row":
        """The row to write to, for the process that `worker` is."""
        start = (worker + 1) * _WIDTH
        return Row(self._cells[start : start + _WIDTH], self._cells[_HALT : _HALT + 1])

    def stands(self) -> Iterator[Stand]:
        """Of every process that has written since `clear`, the consumer first."""
        for start in range(0, len(self._cells), _WIDTH):
            if self._cells[start + _PID]:
                row = self._cells[start : start + _BATCHES].tolist()
                pid, phase, item, count, first, since, failed, failed_item = row
                worker = start // _WIDTH - 1
                yield Stand(worker, pid, phase, item, count, first, since / 1e9, failed, failed_item)

    def halt(self) -> None:
        """Ask all processes to end the run: none begins another item."""
        self._cells[_HALT] = 1

    @property
    def delivered(self) -> tuple[int, int]:
        """Batches and items that the consumer has got."""
        return self._cells[_BATCHES], self._cells[_ITEMS]


class Row:
    """One process's own row."""

    def __init__(self, cells: memoryview, halt: memoryview) -> None:
        self._cells = cells
        self._halt = halt
        self._fresh = True
        cells[_PHASE] = IDLE
        cells[_ITEM] = cells[_FIRST] = -1
        cells[_PID] = os.getpid()

    @property
    def halted(self) -> bool:
        """The run is to end."""
        return bool(self._halt[0])

    def fetch(self, item: int, count: int = 1) -> None:
        """The item, or the `count` items from this one on, are being fetched.

        Raises:
            Halted: the run is over.
        """
        if self._halt[0]:
            self.idle()
            raise Halted
        cells = self._cells
        cells[_ITEM] = item
        cells[_COUNT] = count
        if self._fresh:
            cells[_FIRST] = item
            self._fresh = False
        self._enter(FETCH)

    def collate(self) -> None:
        self._enter(COLLATE)

    def idle(self) -> None:
        """The batch is made."""
        self._fresh = True
        self._enter(IDLE)

    def fail(self) -> None:
        """What was begun last has raised. The first one is kept: a worker goes on with its next batch."""
        cells = self._cells
        if not cells[_FAILED]:
            cells[_FAILED_ITEM] = cells[_FIRST if cells[_PHASE] == COLLATE else _ITEM]
            cells[_FAILED] = cells[_PHASE]
        self.idle()

    def deliver(self, batches: int, items: int) -> None:
        """So many came in all (the consumer's row)."""
        self._cells[_BATCHES] = batches
        self._cells[_ITEMS] = items

    def _enter(self, phase: int) -> None:
        self._cells[_SINCE] = time.monotonic_ns()
        self._cells[_PHASE] = phase
