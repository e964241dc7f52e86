"""The memory of a process and all that it started: what is its own, and what are pages of files."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.2  # seconds between two looks
_MB = 2**20
_FIELD = re.compile(r"^Pss_(Anon|File|Shmem):\s+(\d+) kB$", re.MULTILINE)


@dataclass
class Memory:
    """The most that was seen, in MB (2**20 bytes).

    A page that several processes share counts in parts (PSS), so that the sum over the processes is right.

    Attributes:
        own: memory that nothing else backs: it must stay in RAM (or in swap).
        files: pages of files that are mapped, such as libraries and a cache on disk: the system takes them
            back when RAM is short, and reads them again.
    """

    own: float = 0.0
    files: float = 0.0


def memory_of(pid: int) -> Memory | None:
    """Now; None where the system does not tell (it does on Linux)."""
    kilobytes = {"Anon": 0, "File": 0, "Shmem": 0}
    told = False
    for process in _tree(pid):
        with suppress(OSError):
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
            for name, value in _FIELD.findall(text):
                kilobytes[name] += int(value)
                told = True
    if not told:
        return None
    return Memory((kilobytes["Anon"] + kilobytes["Shmem"]) / 1024, kilobytes["File"] / 1024)


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Look at the process again and again; what is given holds the most that was seen so far."""
    most, done = Memory(), threading.Event()

    def look() -> None:
        while True:
            now = memory_of(pid)
            if now is not None:
                most.own, most.files = max(most.own, now.own), max(most.files, now.files)
            if done.wait(EVERY):
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def limit_own(pid: int, megabytes: int) -> bool:
    """Forbid the process, and what it will start, more memory of its own; an allocation beyond it fails.

    Mapped files do not count (RLIMIT_DATA); memory that is reserved and not yet used does.

    Returns:
        Whether this system can do that.
    """
    if not hasattr(psutil, "RLIMIT_DATA"):
        return False
    psutil.Process(pid).rlimit(psutil.RLIMIT_DATA, (megabytes * _MB, megabytes * _MB))
    return True


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
