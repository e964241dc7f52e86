"""Runs loaders in a child process: a dataset that hangs, dies or eats memory leaves the kernel alone."""

import contextlib
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any, Literal

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.loading import telling
from dpwidgets.prep.loading.following import Following
from dpwidgets.prep.loading.portable import by_value
from dpwidgets.prep.loading.processes import ChildProcess
from dpwidgets.prep.loading.protocol import Ending, Failed, Load, Progress, Ready, Run, RunLimits, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings

__all__ = ["LoaderRunner", "Progress", "RunLimits", "RunResult"]

START_SECONDS = 120.0  # for the child to import torch, or to receive the dataset
_LOOK_SECONDS = 0.02


class _Ends(Exception):
    """The run ends here."""

    def __init__(self, ended: Ending, message: str = "") -> None:
        self.ended: Ending = ended
        self.message = message


class LoaderRunner:
    """Runs one loader after another over a dataset, all in one child process.

    The child is started by the first run. It stays for the next one if a run ended by itself or by its time
    limit; else it and all its workers are killed, and the next run starts another. The dataset is sent when a
    child starts: after changing it, make a new runner.

    Args:
        dataset: map-style or iterable; its class may be defined in a notebook.
        collate_fn: for the loader; None for torch's own.
    """

    def __init__(self, dataset: Any, *, collate_fn: Callable[[Any], Any] | None = None) -> None:
        self._dataset, self._collate_fn = dataset, collate_fn
        self._child: ChildProcess | None = None
        self._running = threading.Lock()
        self._runner: int | None = None  # the thread that runs
        self._stop = threading.Event()

    def run(
        self,
        settings: LoaderSettings,
        *,
        step_seconds: float = 0.0,
        epochs: int | None = 1,
        limits: RunLimits = RunLimits(),  # noqa: B008 (frozen)
        on_progress: Callable[[Progress], None] | None = None,
        traced: bool = True,
    ) -> RunResult:
        """Run a loader; returns when it ended, whatever its end.

        Args:
            settings: of the loader.
            step_seconds: what the consumer does with each batch: it sleeps so long, which stands for work on
                an accelerator: the processor is free meanwhile.
            epochs: how often to go through the dataset; None: until a limit.
            limits: when to end the run.
            on_progress: called with the news about 20 times a second, in the thread that called `run`.
            traced: record spans.

        Raises:
            RuntimeError: a run is going on already.
        """
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this runner runs already; stop it first, or use another one")
        self._runner = threading.get_ident()
        self._stop.clear()
        following = None
        keep = False
        try:
            child = self._loaded_child()
            child.forget()
            self._send(child, Run(settings, step_seconds, epochs, traced))
            self._expect(child, "running")
            following = Following(child, settings, limits, step_seconds, on_progress)
            ended, message = self._follow(child, following)
            following.tell()  # what came with the last messages
            result = following.result(ended, message)
            keep = ended == "finished" or (ended == "time limit" and not message)
            return result
        except _Ends as end:
            return RunResult(settings, end.ended, end.message)
        finally:
            if not keep:
                self._end_child()
            self._runner = None
            self._running.release()

    def stop(self) -> None:
        """End the run that is going on, with all its processes; returns when they are gone."""
        self._stop.set()
        if self._runner != threading.get_ident():  # from `on_progress` nothing can be waited for
            with self._running:
                pass

    def close(self) -> None:
        """Stop, and end the child. A later run would start another."""
        self.stop()
        self._end_child()

    def __enter__(self) -> "LoaderRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _loaded_child(self) -> ChildProcess:
        if self._child is not None and self._child.exit_code is None:
            return self._child
        self._end_child()
        try:
            load = Load(by_value(self._dataset), by_value(self._collate_fn))
        except ReaderError as error:
            raise _Ends("failed", str(error)) from None
        self._child = ChildProcess()
        self._expect(self._child, "up")
        self._send(self._child, load)
        self._expect(self._child, "loaded")
        return self._child

    def _send(self, child: ChildProcess, message: object) -> None:
        try:
            child.connection.send(message)
        except OSError:
            raise _Ends("failed", _lost(child)) from None

    def _expect(self, child: ChildProcess, what: Literal["up", "loaded", "running"]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._stop.is_set():
                raise _Ends("stopped")
            message = _received(child)
            if message == Ready(what):
                return
            if isinstance(message, Failed) and what == "loaded":
                raise _Ends("failed", telling.not_loaded(message))
            if isinstance(message, Failed):
                raise _Ends("failed", telling.exception(message, []))
            if message is None and child.exit_code is not None:
                raise _Ends("failed", _lost(child))
        raise _Ends("failed", f"The child process was not {what} within {START_SECONDS:.0f} s.")

    def _follow(self, child: ChildProcess, following: Following) -> tuple[Ending, str]:
        while True:
            if self._stop.is_set():
                following.halt("stopped")
            message = _received(child)
            end = following.take(message) or following.look()
            if end is not None:
                return end

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _received(child: ChildProcess) -> object:
    """The child's next message, None if none comes for a moment."""
    if wait([child.connection], _LOOK_SECONDS):
        with contextlib.suppress(OSError, EOFError):  # its exit code tells why
            return child.connection.recv()
        time.sleep(_LOOK_SECONDS)
    return None


def _lost(child: ChildProcess) -> str:
    code = child.exit_code
    how = "it hung up" if code is None else telling.exit_text(code)
    return telling.death([], [], f"The child process was lost: {how}", {}, child.printed(5))
