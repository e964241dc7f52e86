"""What a thread that makes batches notes down: which piece of work, from when to when, on which core time.

Notes are taken for every item, so they are cheap: two clocks each for a fetch, one for a transform step. How
long the thread was ready to run without a core is asked once a batch, and shared out afterwards.
"""

import os
import threading
from collections.abc import Callable
from io import FileIO
from time import monotonic, thread_time

import psutil

from dpwidgets.prep.loading.spans import Kind

MEMORY_EVERY = 1.0  # seconds between two looks at a worker's memory, at least
_MEMORY_SHARE = 0.005  # of a worker's time that these looks may take

# A span without what all records of a batch have in common: kind, start, end, name, item, cpu. A plain tuple,
# since hundreds of them are pickled with each batch.
Record = tuple[Kind, float, float, str, int, float]


class Recorder:
    """The notes of the thread that made it, for one batch after another.

    Args:
        cpu: the clock of the processor time that counts as work.

    Attributes:
        records: the notes of the batch so far; a transform step adds its own.
        in_step: a transform step is running; a Compose inside it is part of that step.
    """

    def __init__(self, cpu: Callable[[], float] = thread_time) -> None:
        self.cpu = cpu
        self.in_step = False
        self.records: list[Record] = []
        self._run_queue = _RunQueue()
        self._queued_before: float | None = None  # when the batch was begun

    def begin(self) -> tuple[float, float]:
        """A fetch or a collate begins: the time, and the processor time so far."""
        if self._queued_before is None:
            self._queued_before = self._run_queue.seconds()
        return monotonic(), self.cpu()

    def end(self, kind: Kind, begun: tuple[float, float], item: int = -1) -> None:
        """The fetch or collate that was begun then ends."""
        self.records.append((kind, begun[0], monotonic(), "", item, self.cpu() - begun[1]))

    def take(self) -> tuple[list[Record], float]:
        """The batch is made: its notes, and the seconds in which the thread had no core meanwhile."""
        queued = 0.0
        if self._queued_before is not None:
            queued = self._run_queue.seconds() - self._queued_before
        records, self.records, self._queued_before = self.records, [], None
        return records, queued


class _RunQueue:
    """How long the thread that made it has been ready to run without a core to run on."""

    def __init__(self) -> None:
        self._file: FileIO | None = None
        try:
            self._file = open("/proc/thread-self/schedstat", "rb", buffering=0)  # noqa: SIM115 (kept open)
        except OSError:
            return

    def seconds(self) -> float:
        """Since the thread began; 0 where the system keeps no account of it."""
        if self._file is None:
            return 0.0
        return int(os.pread(self._file.fileno(), 64, 0).split()[1]) * 1e-9


class _Active(threading.local):
    recorder: Recorder | None = None


_active = _Active()


def active() -> Recorder | None:
    """The recorder of this thread, if it makes a batch that is traced."""
    return _active.recorder


def record_on(recorder: Recorder | None) -> Recorder | None:
    """From now on this thread notes on `recorder`; returns the one before."""
    before, _active.recorder = _active.recorder, recorder
    return before


class MemoryGauge:
    """Private memory of this process, looked at seldom: a look reads the kernel's table of all its pages."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._next = 0.0

    def bytes(self) -> int | None:
        """Bytes that no other process shares (all resident ones where that is not told); None if not due."""
        begin = monotonic()
        if begin < self._next:
            return None
        try:
            used = self._process.memory_full_info().uss
        except (psutil.Error, AttributeError):
            used = self._process.memory_info().rss
        end = monotonic()
        self._next = end + max(MEMORY_EVERY, (end - begin) / _MEMORY_SHARE)
        return used
