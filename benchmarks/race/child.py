"""The process of one contender: it loads the factory, compares and takes times when it is told to.

Started by `process.ContenderProcess` as `python -m benchmarks.race.child DESCRIPTOR`; the descriptor is one
end of a pipe, over which it gets a `Job` and then commands, and sends ("ok", value), ("error", text) or, for
an exception that is not ours, ("fault", text).
"""

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import torch  # before any clock starts: every contender delivers tensors

from benchmarks.race.check import Comparison, Reference, Tolerance, compare
from benchmarks.race.contract import RaceError, make_loader
from benchmarks.race.messages import Epoch, Job
from benchmarks.race.training import Described, describe

PR_SET_PDEATHSIG = 1


class Server:
    """The commands, one method each."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loader: Iterable[Any] = ()

    def load(self) -> float:
        """Import the module and call the factory; seconds."""
        start = time.perf_counter()
        job = self._job
        self._loader = make_loader(job.target, job.folder, job.batch_size, job.scratch)
        return time.perf_counter() - start

    def write_reference(self, home: Path, names: list[str]) -> None:
        """Keep this contender's pictures (the guide's) for `compare`."""
        Reference.write(home, self._loader, names)

    def compare(self, home: Path, tolerance: Tolerance, any_order: bool) -> Comparison:
        """Compare one epoch with the reference in `home`."""
        batch_size = self._job.batch_size
        return compare(self._loader, Reference(home), tolerance, batch_size=batch_size, any_order=any_order)

    def describe(self, epochs: int) -> Described:
        """What some epochs of the training form deliver, without the pictures."""
        return describe(self._loader, epochs, self._job.batch_size)

    def epoch(self, at_least: float = 0.0) -> Epoch:
        """Take the time of one epoch: the mean of as many as it takes to fill `at_least` seconds."""
        cpu, start, epochs, images = _tree_cpu(), time.perf_counter(), 0, 0
        while not epochs or time.perf_counter() - start < at_least:
            found = self._images_of_an_epoch()
            if epochs and found != images:
                raise RaceError(f"an epoch gave {images} images, the next one {found}.")
            epochs, images = epochs + 1, found
        seconds, used = time.perf_counter() - start, _tree_cpu() - cpu
        return Epoch(seconds / epochs, images, used / epochs, epochs)

    def _images_of_an_epoch(self) -> int:
        count = 0
        for images, labels in self._loader:
            images[-1, -1, -1, -1].item()  # so that nothing stays undone
            count += len(labels)
        return count


def _tree_cpu() -> float:
    """Processor seconds so far: this process, its living descendants, and those that it waited for."""
    me = psutil.Process()
    own = me.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for process in me.children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _die_with_parent(parent: int) -> None:
    """Kill this process group as soon as the parent is gone, however it went, even while we are stopped."""
    if sys.platform == "linux":
        # The signal that the parent's death sends: it wakes us if we were stopped, else it does nothing.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGCONT)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main(descriptor: int, parent: int) -> None:
    """Serve commands until the other end is closed."""
    _die_with_parent(parent)
    connection = Connection(descriptor)
    server = Server(connection.recv())
    connection.send(("ok", torch.__version__))
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        try:
            answer = ("ok", getattr(server, name)(*arguments))
        except RaceError as error:
            answer = ("error", str(error))
        except Exception as error:
            traceback.print_exc()
            answer = ("fault", f"{type(error).__name__}: {error}")
        connection.send(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
