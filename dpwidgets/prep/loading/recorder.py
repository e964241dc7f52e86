"""What a thread that makes batches notes down: which piece of work, from when to when, on which core time."""

import os
import threading
from io import FileIO
from time import monotonic, thread_time
from typing import NamedTuple

import psutil

from dpwidgets.prep.loading.spans import Kind

MEMORY_EVERY = 1.0  # seconds between two looks at a worker's memory, at least
_MEMORY_SHARE = 0.005  # of a worker's time that these looks may take
_ONE_MOMENT = 1e-4  # seconds within which all clocks are read, unless the core was taken away
_TRIES = 5


# A span without worker and batch, which are the same for all records of a batch:
# kind, start, end, name, item, cpu, queued. A plain tuple: hundreds of them are pickled with each batch.
Record = tuple[Kind, float, float, str, int, float, float]


class Reading(NamedTuple):
    """Three clocks of a thread at one moment, in seconds."""

    time: float
    cpu: float
    queued: float


class Recorder:
    """The notes of the thread that made it, for one batch after another.

    Attributes:
        in_step: a transform step is running; a Compose inside it is part of that step.
    """

    def __init__(self) -> None:
        self.in_step = False
        self._records: list[Record] = []
        self._run_queue = _RunQueue()

    def read(self) -> Reading:
        """The clocks now, all at one moment.

        Linux likes to take the core away when a system call returns: then the clocks would tell of different
        moments, and they are read again.
        """
        for _ in range(_TRIES):
            time = monotonic()
            reading = Reading(time, thread_time(), self._run_queue.seconds())
            if monotonic() - time < _ONE_MOMENT:
                break
        return reading

    def note(self, kind: Kind, begin: Reading, name: str = "", item: int = -1) -> Reading:
        """A piece of work that began at `begin` ends now; returns the clocks now."""
        end = self.read()
        cpu, queued = end.cpu - begin.cpu, end.queued - begin.queued
        self._records.append((kind, begin.time, end.time, name, item, cpu, queued))
        return end

    def take(self) -> list[Record]:
        """The notes since the last call."""
        records, self._records = self._records, []
        return records


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
