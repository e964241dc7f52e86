"""The process between the kernel and the child: it runs nothing of the reader's, so it cannot hang.

When the child ends, when the kernel ends (also when it is killed), or when it is told to, it ends every
process of its group, waits for them, and goes too. Without `fork` (Windows) there is no guard: a thread of
the child watches the kernel. Tried on Linux only.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

_LOOK_SECONDS = 0.1
_END_SECONDS = 1.5  # to wait for killed processes
_TRACKER_SECONDS = 0.7  # of these for the resource tracker, which still removes semaphores
_TRACKER = "multiprocessing.resource_tracker"
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


def main(kernel: int, handle: int, folder: str) -> None:
    """Start the child behind a guard.

    Args:
        kernel: id of the process that wants this one.
        handle: of the connection to it.
        folder: scratch folder of the child; removed if the kernel dies.
    """
    if hasattr(os, "fork"):
        child = os.fork()
        if child:
            os.close(handle)
            _guard(child, kernel, Path(folder))
    else:
        threading.Thread(target=_leave_with, args=(kernel,), daemon=True).start()
    from dpwidgets.prep.loading.child import serve

    serve(handle, Path(folder))


class _Told(Exception):
    """The kernel asks for the end."""


def _guard(child: int, kernel: int, folder: Path) -> NoReturn:
    code = 0
    try:
        signal.signal(signal.SIGTERM, _tell)
        _adopt_orphans()
        while os.getppid() == kernel:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(_LOOK_SECONDS)
    except _Told:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_group()
    if os.getppid() != kernel:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(code if code >= 0 else 128 - code)


def _tell(*_: Any) -> NoReturn:
    raise _Told


def _adopt_orphans() -> None:
    """Become the parent of workers whose parent died, to collect them: else they stay as zombies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _end_group() -> None:
    import psutil  # only now: most guards start many seconds before they need it

    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < _END_SECONDS:
        others = _others()
        for process in others:
            try:
                if waited > _TRACKER_SECONDS or _TRACKER not in " ".join(process.cmdline()):
                    process.kill()
            except psutil.Error:
                continue
        _collect()
        if not others:
            return
        time.sleep(0.01)


def _others() -> list[Any]:
    """All processes of the group, and those below this one that left it."""
    import psutil

    me, group = os.getpid(), os.getpgrp()
    found = {process.pid: process for process in psutil.Process().children(recursive=True)}
    for pid in set(psutil.pids()) - {me, *found}:
        try:
            if os.getpgid(pid) == group:
                found[pid] = psutil.Process(pid)
        except (OSError, psutil.Error):
            continue
    return list(found.values())


def _collect() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _leave_with(kernel: int) -> None:
    import psutil

    with contextlib.suppress(psutil.Error):
        psutil.Process(kernel).wait()
    os._exit(1)
