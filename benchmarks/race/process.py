"""The parent's handle on the process of one contender."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks.race.contract import RaceError
from benchmarks.race.messages import Job

CLOSING = 5.0  # seconds for a process to go by itself
_WAKE = 0.2  # seconds between two looks at whether the process is still alive


class ContenderProcess:
    """A contender in an own session, with all that it starts. When it is not its turn all of it is stopped.

    So imports and settings of one cannot reach another, and no thread, worker or read-ahead of one can work
    while another's time is taken.

    Args:
        name: of the contender, for messages.
        job: what it loads.
        log: the file for what it prints.
        timeout: seconds that an answer may take.

    Raises:
        RaceError: (from any method) it died, hung, or answered with an error.
    """

    def __init__(self, name: str, job: Job, log: Path, timeout: float) -> None:
        self._name, self._log, self._timeout = name, log, timeout
        self._connection, theirs = Pipe()
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.race.child", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        try:
            self._connection.send(job)
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the process; what it starts are its descendants."""
        return self._process.pid

    def ask(self, command: str, *arguments: Any) -> Any:
        """Let it run one of `child.Server`'s commands, and stop it again."""
        self._signal(signal.SIGCONT)
        try:
            self._connection.send((command, arguments))
        except OSError as error:
            raise self._died() from error
        answer = self._answer()
        self._signal(signal.SIGSTOP)
        return answer

    def close(self) -> None:
        """End it and everything that it started. May be called twice."""
        if self._connection.closed:
            return
        self._signal(signal.SIGCONT)
        tree = self._descendants()  # also those that left its group
        self._connection.close()
        try:
            self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._signal(signal.SIGKILL)
        for left_over in tree:
            with suppress(psutil.NoSuchProcess):
                left_over.kill()
        psutil.wait_procs(tree, CLOSING)

    def _descendants(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _answer(self) -> Any:
        waited = 0.0
        while not self._connection.poll(_WAKE):
            waited += _WAKE
            if self._process.poll() is not None:
                raise self._died()
            if waited > self._timeout:
                raise RaceError(f"{self._name} gave no answer in {self._timeout:.0f} s.{self._last_lines()}")
        try:
            kind, value = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if kind != "ok":
            raise RaceError(f"{self._name}: {value}{self._last_lines() if kind == 'fault' else ''}")
        return value

    def _died(self) -> RaceError:
        try:
            code = self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            return RaceError(f"{self._name} closed its connection.{self._last_lines()}")
        return RaceError(f"{self._name}: its process ended with code {code}.{self._last_lines()}")

    def _last_lines(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        return "".join(["\nIts last lines:", *(f"\n    {line}" for line in lines)]) if lines else ""

    def _signal(self, number: signal.Signals) -> None:
        # Without Linux's prctl a stopped process would outlive a killed parent, so it is not stopped there.
        if number in (signal.SIGSTOP, signal.SIGCONT) and sys.platform != "linux":
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
