"""What a kernel's processes did: which are still there after a cell, and how long they were at work."""

import contextlib
import re
import time
from typing import Any, NamedTuple

import psutil
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.util import run_sync

CORES = 2  # that the limit on a chapter's run time is about
_GRACE = 5.0  # seconds in which what a cell has closed may end
_POLL = 0.05
# It removes the semaphores of processes that ended without doing so; joblib has one of its own.
TRACKER = "resource_tracker import main"
# multiprocessing's own two, which end with the process that needs them; a loader lab's, which end with it.
_HELPERS = re.compile(r"multiprocessing\.(resource_tracker|forkserver) import main")
_LABS = "dpwidgets-loader-"


class Leftover(NamedTuple):
    """A process that should have ended."""

    process: psutil.Process
    command: str


class Work(NamedTuple):
    """Processor time, in seconds, which a busy machine does not stretch as it does waiting time."""

    own: float  # of the kernel's main thread, in which cells run
    total: float  # of the kernel and all processes that it started

    @property
    def at_least(self) -> float:
        """What the work takes on two cores, at least, if nothing else slowed them down meanwhile."""
        return max(self.own, self.total / CORES)


def process_id(client: NotebookClient) -> int:
    """The process in which the client's kernel runs: not always the one that was started for it."""

    async def ask() -> dict[str, Any]:
        wanted = {"id": "__import__('os').getpid()"}
        return await ensure_async(
            client.kc.execute(
                "", silent=True, user_expressions=wanted, reply=True, timeout=client.startup_timeout
            )
        )

    reply = run_sync(ask)()
    return int(reply["content"]["user_expressions"]["id"]["data"]["text/plain"])


def leftovers(kernel: int) -> list[Leftover]:
    """Processes under `kernel` (a process id) that are no helpers of it or of a lab.

    Waits a little for those that are about to end.
    """
    deadline = time.monotonic() + _GRACE
    while True:
        found = _children(kernel)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_POLL)


def end(left: list[Leftover]) -> None:
    """Kills them: a process that nobody waits for would stay after the tests."""
    for one in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.process.kill()


def end_with_trackers(kernel: int) -> None:
    """Kills the process and all below it but for resource trackers, which clean up and end by themselves.

    A tracker that is killed too leaves the semaphores of spawn and forkserver in the system.
    """
    try:
        tree = [psutil.Process(kernel), *psutil.Process(kernel).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    trackers = []
    for one in tree:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if TRACKER in " ".join(one.cmdline()):
                trackers.append(one)
            else:
                one.kill()
    psutil.wait_procs(trackers, _GRACE)


def work(kernel: int) -> Work:
    """Processor time that the kernel with this process id, and all that it started, have taken so far."""
    root = psutil.Process(kernel)
    times = root.cpu_times()
    own = total = times.user + times.system
    total += times.children_user + times.children_system
    for child in root.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent = child.cpu_times()
            total += spent.user + spent.system + spent.children_user + spent.children_system
    with contextlib.suppress(psutil.AccessDenied):  # macOS keeps threads to itself
        own = next((t.user_time + t.system_time for t in root.threads() if t.id == kernel), 0.0)
        return Work(own, total)
    return Work(0.0, total)


def is_helper(process: psutil.Process) -> bool:
    """Whether it is a resource tracker or a fork server; what that server forked has its command line too."""
    parent = process.parent()
    return _looks_like_helper(process) and not (parent is not None and _looks_like_helper(parent))


def _looks_like_helper(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):  # it has just ended, or is another user's
        return _HELPERS.search(" ".join(process.cmdline())) is not None
    return False


def _children(kernel: int) -> list[Leftover]:
    """Living processes under the kernel that are no helpers, of it or of a lab."""
    found = []
    for child in psutil.Process(kernel).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            command = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and _LABS not in command and not is_helper(child):
                found.append(Leftover(child, command))
    return found
