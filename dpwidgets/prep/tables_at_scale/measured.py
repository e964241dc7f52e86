"""Run the cleaning job in a process of its own, and see how much memory it and its workers take."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.25  # of many processes a look takes milliseconds
_TOLD = 3000
_TRACKER = "multiprocessing.resource_tracker"
_TRACKER_SECONDS = 3.0


@dataclass(frozen=True)
class EngineRun:
    """A run that finished.

    Attributes:
        seconds: wall time, from the start of Python.
        peak: bytes in memory, of all processes of the run together, at the highest of four looks a second;
            pages that they share count once where the system tells (Linux).
    """

    seconds: float
    peak: int


def run_engine(engine: str, raw: Path, out: Path, seconds: float = 300.0) -> EngineRun:
    """Clean the Parquet files in `raw` into the new folder `out`.

    Args:
        engine: one of `engines.ENGINES`.
        raw, out: folders.
        seconds: time limit.

    Raises:
        FileExistsError: `out` is there already.
        RuntimeError: the run failed, or was not ready within the time limit; the message has its last words.
            No process of the run is left, and no `out`.
    """
    if out.exists():
        raise FileExistsError(f"{out} is there already; remove it, or give a folder that is not.")
    begun, peak = time.monotonic(), 0
    seen: dict[int, psutil.Process] = {}
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "dpwidgets.prep.tables_at_scale", engine, str(raw), str(out)],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None and time.monotonic() - begun < seconds:
                peak = max(peak, _memory(process.pid, seen))
                time.sleep(_LOOK_SECONDS)
            took, code = time.monotonic() - begun, process.poll()
        finally:
            _end(process, seen)
        words.seek(0)
        if code != 0:
            shutil.rmtree(out, ignore_errors=True)
            how = (
                f"failed with exit code {code}" if code is not None else f"was not ready within {seconds:g} s"
            )
            raise RuntimeError(f"{engine} {how}:\n{words.read()[-_TOLD:]}")
    return EngineRun(took, peak)


def _memory(pid: int, seen: dict[int, psutil.Process]) -> int:
    """Of the process and all below it, which are noted in `seen`."""
    total = 0
    with contextlib.suppress(psutil.Error):
        main = psutil.Process(pid)
        for process in (main, *main.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                seen[process.pid] = process
                used = process.memory_full_info()
                total += getattr(used, "pss", used.uss)
    return total


def _end(process: subprocess.Popen[bytes], seen: dict[int, psutil.Process]) -> None:
    """End what still runs; a process that lost its parent is known from before.

    Trackers of multiprocessing come last: they remove the semaphores of those that are gone, then end.
    """
    runs = process.poll() is None
    if runs:
        _memory(process.pid, seen)
    trackers = []
    for one in seen.values():
        with contextlib.suppress(
            psutil.Error
        ):  # psutil knows a process id that has passed to another process
            if _TRACKER in " ".join(one.cmdline()):
                trackers.append(one)
            else:
                one.kill()
    for one in psutil.wait_procs(trackers, _TRACKER_SECONDS)[1]:
        with contextlib.suppress(psutil.Error):
            one.kill()
    if runs:
        with contextlib.suppress(ProcessLookupError):  # what began since the last look
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
