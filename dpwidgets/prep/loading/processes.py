"""Start the child process, measure the memory of it and its workers, and end them all."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from dpwidgets.prep.loading.board import Board
from dpwidgets.prep.loading.protocol import BOARD, OUTPUT, STACK

_BOOT = (
    "import json, sys\n"
    "given = json.loads(sys.argv.pop())\n"
    "sys.path[:] = given.pop('path')\n"
    "from dpwidgets.prep.loading.guard import main\n"
    "main(**given)\n"
)
_SHARED_MEMORY = Path("/dev/shm")
_END_SECONDS = 3.0
_SAMPLE_SECONDS = 0.25
_SAMPLE_SHARE = 20  # of one core, at most one part in so many goes into measuring memory


class ChildProcess:
    """A process of its own session that can import what this one can, and dies with it.

    Attributes:
        connection: to talk to it.
        folder: scratch folder, removed with it.
        board: where its loader's processes stand.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dpwidgets-loader-"))
        self.board = Board(self.folder / BOARD)
        self.connection, theirs = Pipe()
        given = {
            "path": [entry or os.getcwd() for entry in sys.path],
            "kernel": os.getpid(),
            "handle": theirs.fileno(),
            "folder": str(self.folder),
        }
        with (self.folder / OUTPUT).open("ab") as output, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps(given)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **_inherit(theirs),
            )
        self.end = weakref.finalize(self, _end, self._process, self.connection, self.board, self.folder)

    @property
    def exit_code(self) -> int | None:
        """Of the child: above 128 it died of the signal `exit_code - 128`; None while it lives."""
        return self._process.poll()

    def printed(self, lines: int) -> str:
        """The last lines that the child and its workers printed."""
        with (self.folder / OUTPUT).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def forget(self) -> None:
        """Clear the board and what the last run left in the folder."""
        self.board.clear()
        os.truncate(self.folder / OUTPUT, 0)
        for file in self.folder.glob(STACK.format(pid="*")):
            file.unlink()

    def stack(self, pid: int) -> str:
        """The Python stack of one of its processes, the innermost call first; "" if it does not answer."""
        file = self.folder / STACK.format(pid=pid)
        if hasattr(signal, "SIGUSR1") and file.exists() and not file.stat().st_size:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
            until = time.monotonic() + 0.5
            while not file.stat().st_size and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(0.02)
        return file.read_text(errors="replace").strip() if file.exists() else ""

    def processes(self) -> list[psutil.Process]:
        """The child and all below it."""
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.Error:
            return []


class MemoryMeter:
    """Samples the memory of a child's processes, about four times a second.

    Attributes:
        now: private bytes of each worker, and of the child itself under CONSUMER, at the last sample.
        most: the same, the most at any sample.
        total: of all processes; pages that they share count once where the system tells (Linux).
        peak: the highest total.
    """

    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._next = 0.0
        self.now: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.total = self.peak = 0

    def sample(self) -> None:
        """Measure, if it is time to."""
        begun = time.monotonic()
        if begun < self._next:
            return
        workers = {stand.pid: stand.worker for stand in self._child.board.stands()}
        self.now, self.total = {}, 0
        for process in self._child.processes():
            with contextlib.suppress(psutil.Error):
                used = process.memory_full_info()
                self.total += getattr(used, "pss", used.uss)
                if process.pid in workers and used.uss:
                    self.now[workers[process.pid]] = used.uss
        for worker, used_bytes in self.now.items():
            self.most[worker] = max(used_bytes, self.most.get(worker, 0))
        self.peak = max(self.peak, self.total)
        spent = time.monotonic() - begun
        self._next = begun + max(_SAMPLE_SECONDS, _SAMPLE_SHARE * spent)


def _inherit(theirs: Connection) -> dict[str, Any]:
    """Options for Popen: the child gets its end of the connection, and a session of its own."""
    if sys.platform != "win32":
        return {"pass_fds": (theirs.fileno(),), "start_new_session": True}
    os.set_handle_inheritable(theirs.fileno(), True)  # untested
    return {"close_fds": False, "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


def _end(process: subprocess.Popen[bytes], connection: Connection, board: Board, folder: Path) -> None:
    """End the guard and with it all its processes, and remove what they left."""
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    # The net: in case something ended the guard alone.
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for each in below:
        with contextlib.suppress(psutil.Error):
            each.kill()
    process.wait()
    connection.close()
    _free_shared_memory({each.pid for each in below} | {stand.pid for stand in board.stands()})
    board.close()
    shutil.rmtree(folder, ignore_errors=True)


def _free_shared_memory(pids: set[int]) -> None:
    """Remove what processes that are dead now had no time to: torch makes a file, opens it, and removes it.

    Its name tells who made it: torch_<process id>_<chance>_<number> (Linux).
    """
    for pid in pids:
        if not psutil.pid_exists(pid):
            for file in _SHARED_MEMORY.glob(f"torch_{pid}_*"):
                file.unlink(missing_ok=True)
