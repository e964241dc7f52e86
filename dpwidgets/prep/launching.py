"""Run a script under torchrun from a notebook or a test: in a time limit, with clear errors, nothing left.

The module needs torch and psutil alone: save it as a file of your own and import it. Tried on Linux only.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

RESULTS = "RANK_RESULTS"  # environment variable: the folder where rank 3 writes `3.json`
# Else gloo takes the address of the host's name, which may be one of the network.
_LOOPBACK = {"linux": {"GLOO_SOCKET_IFNAME": "lo"}, "darwin": {"GLOO_SOCKET_IFNAME": "lo0"}}
_MARK = "RANK_RUN"  # environment variable by which the processes of a run are known
_FAILURES = "failures.json"
_LAST_WORDS = 5.0  # seconds for the ranks to say where they stand, and for torchrun to collect them
_END_SECONDS = 5.0
_TOLD = 4000  # characters of a rank's error that are kept
_STACKS = "Fatal Python error"  # faulthandler's first words
# What a healthy rank meets when another one dies: never the cause.
_PEER_LOST = re.compile(r"connection (was )?(closed|reset|refused)|broken pipe|remote process exited", re.I)


@dataclass(frozen=True)
class RankFailure:
    """How one rank ended.

    Attributes:
        rank: its number.
        exitcode: of its process; -9 means that signal 9 ended it.
        trace: its traceback, or the last that it wrote to stderr; "" if it wrote nothing.
    """

    rank: int
    exitcode: int
    trace: str


@dataclass(frozen=True)
class RankResult:
    """What a run left.

    Attributes:
        ok: all ranks finished within the time limit.
        message: one line that says so, or which rank failed and how; then its traceback.
        results: rank -> what it wrote, for each rank that wrote something.
        failures: the ranks that failed, the cause first, without those that torchrun stopped because of it.
        output: rank -> what it printed.
        seconds: wall time.
    """

    ok: bool
    message: str
    results: dict[int, Any]
    failures: tuple[RankFailure, ...]
    output: dict[int, str]
    seconds: float


def run_ranks(
    script: str | Path,
    nproc: int = 2,
    *,
    seconds: float = 60.0,
    args: Sequence[object] = (),
    env: Mapping[str, str] | None = None,
) -> RankResult:
    """Start `script` in `nproc` processes through torchrun, and wait for them.

    A rank gives something back by writing JSON to the file `{rank}.json` in the folder that the environment
    variable RANK_RESULTS names. When one rank fails, torchrun stops the others. At the time limit each rank
    writes its stack, then all are ended, with whatever they started.

    Args:
        script: a Python file.
        nproc: ranks on this machine, at least 1.
        seconds: time limit, imports included.
        args: for the script.
        env: more environment variables.

    Raises:
        FileNotFoundError: there is no such script.
        ValueError: `nproc` is below 1, or `seconds` is not above 0.
    """
    script = Path(script).resolve()
    if not script.is_file():
        raise FileNotFoundError(f"there is no script {script}; write it to a file first.")
    if nproc < 1:
        raise ValueError(f"nproc={nproc} is not allowed; give the number of ranks, at least 1.")
    if not seconds > 0:
        raise ValueError(f"seconds={seconds} is not allowed; give a time limit above 0.")
    with tempfile.TemporaryDirectory(prefix="ranks-") as name:
        folder = Path(name)
        (folder / "results").mkdir()
        mark = secrets.token_hex(8)
        own = {RESULTS: str(folder / "results"), _MARK: mark, "PYTHONFAULTHANDLER": "1"}
        own |= _LOOPBACK.get(sys.platform, {})
        given = {"folder": name, "parent": os.getpid(), "nproc": nproc, "script": str(script)}
        command = json.dumps(given | {"args": [str(each) for each in args]})
        begun = time.monotonic()
        with (folder / "torchrun.log").open("wb") as log:
            torchrun = subprocess.Popen(
                [sys.executable, "-P", __file__, command],
                env={"OMP_NUM_THREADS": "1"} | dict(os.environ) | dict(env or {}) | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            in_time = _finished(torchrun, seconds)
            if not in_time:
                _ask_where(torchrun)
        finally:
            _end(torchrun, mark)
        took = time.monotonic() - begun
        ok = in_time and torchrun.returncode == 0
        failures = () if ok else _failures(folder)
        if ok:
            message = f"all {nproc} ranks finished."
        elif not in_time:
            message = _too_late(nproc, seconds, script, failures)
        else:
            message = _failed(nproc, failures, folder)
        return RankResult(ok, message, _results(folder), failures, _logs(folder, "stdout"), took)


def _finished(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _ask_where(torchrun: subprocess.Popen[bytes]) -> None:
    """Let each rank write its stack and end (faulthandler, on SIGABRT); torchrun notes that and ends too."""
    with contextlib.suppress(psutil.Error, ValueError):
        for rank in psutil.Process(torchrun.pid).children():
            rank.send_signal(signal.SIGABRT)
    _finished(torchrun, _LAST_WORDS)


def _end(torchrun: subprocess.Popen[bytes], mark: str) -> None:
    """End every process with the mark: each rank has a session of its own, no group holds them all."""
    until = time.monotonic() + _END_SECONDS
    # The ranks before torchrun: it collects them, so that they do not stay as zombies.
    while (left := [one for one in _marked(mark) if one.pid != torchrun.pid]) and time.monotonic() < until:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.05)
    if not _finished(torchrun, 1.0):
        torchrun.kill()
        torchrun.wait()


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark:  # a zombie has none
                found.append(process)
    return found


def _too_late(nproc: int, seconds: float, script: Path, failures: Sequence[RankFailure]) -> str:
    lines = [f"the {nproc} ranks did not finish within {seconds:g} s and were stopped."]
    for failure in sorted(failures, key=lambda one: one.rank):
        stacks = failure.trace[max(failure.trace.find(_STACKS), 0) :]
        at = re.search(rf'File ".*{re.escape(script.name)}", line (\d+) in (\S+)', stacks)
        where = f"line {at[1]} of {script.name}, in {at[2]}" if at else "a place that it did not tell"
        lines.append(f"rank {failure.rank} was at {where}.")
    return "\n".join(lines)


def _failed(nproc: int, failures: Sequence[RankFailure], folder: Path) -> str:
    if not failures:
        log = (folder / "torchrun.log").read_text(errors="replace").strip()
        return f"torchrun could not run the script:\n{log[-_TOLD:]}"
    first = failures[0]
    why = _raised(first.trace)
    if first.exitcode < 0 and not why:
        with contextlib.suppress(ValueError):
            how = f"was ended by {signal.Signals(-first.exitcode).name} (exit code {first.exitcode})"
            return f"rank {first.rank} of {nproc} {how}; the others were stopped."
    head = f"rank {first.rank} of {nproc} ended with exit code {first.exitcode}"
    return f"{head}{f': {why}' if why else ''}; the others were stopped.\n{first.trace}".rstrip()


def _failures(folder: Path) -> tuple[RankFailure, ...]:
    """What torchrun noted, the cause first: its own times are whole seconds, too coarse to tell."""
    try:
        noted = json.loads((folder / _FAILURES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    errors = _logs(folder, "stderr")
    found = [RankFailure(one["rank"], one["exitcode"], _trace(errors.get(one["rank"], ""))) for one in noted]
    # SIGTERM is how torchrun stops the others.
    found = [one for one in found if one.exitcode != -signal.SIGTERM] or found
    return tuple(sorted(found, key=lambda one: bool(_PEER_LOST.search(_raised(one.trace)))))


def _raised(trace: str) -> str:
    """The error at the end of a traceback; "" if there is none.

    A rank that raises may still end by SIGABRT: gloo's threads can abort a process that leaves in mid-step.
    What they write comes after the error.
    """
    lines = trace[trace.rfind("Traceback (most recent") :].splitlines()[1:] if "Traceback" in trace else []
    return next((line for line in lines if line and not line.startswith(" ")), "")


def _trace(error: str) -> str:
    """The part of a stderr that starts with the traceback or with faulthandler's stacks, or its end."""
    error = re.sub(r"^\[rank\d+\]: ?", "", error, flags=re.M)
    found = re.search(f"Traceback .most recent|{_STACKS}", error)
    return error[found.start() if found else 0 :].strip()[-_TOLD:]


def _logs(folder: Path, stream: str) -> dict[int, str]:
    """Rank -> what it wrote to stdout or stderr."""
    files = folder.glob(f"logs/*/attempt_0/*/{stream}.log")
    return {int(file.parent.name): file.read_text(errors="replace") for file in files}


def _results(folder: Path) -> dict[int, Any]:
    results = {}
    for file in sorted((folder / "results").glob("*.json"), key=lambda one: int(one.stem)):
        with contextlib.suppress(json.JSONDecodeError):  # the rank died while it wrote
            results[int(file.stem)] = json.loads(file.read_text(encoding="utf-8"))
    return results


def _torchrun(folder: str, parent: int, nproc: int, script: str, args: list[str]) -> int:
    """What `torchrun --standalone` does, in this process; the failures go to a file as they are."""
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    options = ["--standalone", f"--nproc-per-node={nproc}", f"--log-dir={folder}/logs", "--redirects=3"]
    try:
        run(parse_args([*options, script, *args]))
    except ChildFailedError as error:
        noted = [{"rank": rank, "exitcode": one.exitcode} for rank, one in error.failures.items()]
        Path(folder, _FAILURES).write_text(json.dumps(noted), encoding="utf-8")
        return 1
    finally:
        if os.getppid() != parent:  # nobody else is left to remove it
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _leave_with(parent: int) -> None:
    """When the notebook's kernel is killed, torchrun ends its ranks and goes too."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(_torchrun(**json.loads(sys.argv[1])))
