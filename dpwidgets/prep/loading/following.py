"""One run seen from outside: news come in, limits are watched, a result comes out."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from dpwidgets.prep.loading import telling
from dpwidgets.prep.loading.board import IDLE, Stand
from dpwidgets.prep.loading.processes import ChildProcess, MemoryMeter
from dpwidgets.prep.loading.protocol import Ended, Ending, Failed, Progress, Report, RunLimits, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.spans import CONSUMER, Span

if TYPE_CHECKING:
    from dpwidgets.prep.loading.summary import Summary

# How long a run may take to end by itself, each process after the item that it is at; then it is killed.
STOP_SECONDS = 0.3
GRACE_SECONDS = 2.0
_PROGRESS_SECONDS = 0.05


class Following:
    """Follows the run that a child has begun."""

    def __init__(
        self,
        child: ChildProcess,
        settings: LoaderSettings,
        limits: RunLimits,
        step_seconds: float,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._child, self._settings, self._limits, self._step = child, settings, limits, step_seconds
        self._on_progress = on_progress
        self._meter = MemoryMeter(child)
        self._report: Report | None = None
        self._summary: Summary | None = None
        self._new_spans: list[Span] = []
        self._halted: Ending | None = None
        self._halted_at = 0.0
        self._begun = self._moved = time.monotonic()
        self._seen: tuple[float, int] = (0.0, 0)
        self._told = 0.0

    def take(self, message: object) -> tuple[Ending, str] | None:
        """One message of the child; returns how the run ended if it did."""
        match message:
            case Report():
                self._report = message
                if self._on_progress is not None:
                    self._new_spans += message.spans
            case Ended():
                self._summary = message.summary
                return (self._halted or "stopped") if message.halted else "finished", ""
            case Failed():
                return "failed", self._failure(message)
        return None

    def halt(self, why: Ending) -> None:
        """Ask the run to end; where it does not, `look` gives it up after a while."""
        if self._halted is None:
            self._child.board.halt()
            self._halted, self._halted_at = why, time.monotonic()

    def look(self) -> tuple[Ending, str] | None:
        """Measure memory, tell the progress, and check the limits."""
        now = time.monotonic()
        self._meter.sample()
        if now - self._told >= _PROGRESS_SECONDS:
            self.tell()
        code = self._child.exit_code
        if code is not None:
            return "failed", self._child_died(code)
        limit = self._limits.memory_bytes
        if limit is not None and self._meter.total > limit:
            stands = list(self._child.board.stands())
            return "memory limit", telling.memory(stands, self._meter.now, self._meter.total, limit)
        if now - self._begun >= self._limits.seconds:
            self.halt("time limit")
        if self._halted == "stopped" and now - self._halted_at > STOP_SECONDS:
            return "stopped", telling.busy(self._busy())
        if self._halted == "time limit" and now - self._halted_at > self._step + GRACE_SECONDS:
            return "time limit", telling.busy(self._busy())
        return self._hung()

    def tell(self) -> None:
        """The news since the last time, to whoever listens."""
        self._told = time.monotonic()
        if self._on_progress is not None:
            self._on_progress(self._progress(self._told))

    def result(self, ended: Ending, message: str) -> RunResult:
        """What was measured until now."""
        batches, items = self._child.board.delivered
        measured: dict[str, float] = {}
        epochs: list[float] = []
        report = self._report
        if report is not None and report.batches:
            between = report.last - report.first
            if report.batches > 1 and between > 0:
                rate = (report.items - report.first_items) / between
            else:
                rate = report.items / max(report.first - report.began, 1e-9)
            busy = report.waited + report.stepped
            measured = {
                "items_per_second": rate,
                "start_seconds": report.first - report.began,
                "wait_share": report.waited / busy if busy else 0.0,
            }
            epochs = list(report.epochs)
        return RunResult(
            self._settings, ended, message, items, batches, **measured,
            epoch_seconds=epochs, memory=self._meter.most, peak_memory_bytes=self._meter.peak,
            summary=self._summary and replace(self._summary, memory=self._meter.most),
        )  # fmt: skip

    def _progress(self, now: float) -> Progress:
        spans, self._new_spans = self._new_spans, []
        batches, items = self._child.board.delivered
        return Progress(spans, batches, items, now - self._begun, dict(self._meter.now))

    def _busy(self) -> list[Stand]:
        """Processes in the midst of an item or a batch, the longest first."""
        stands = [stand for stand in self._child.board.stands() if stand.phase != IDLE]
        return sorted(stands, key=lambda stand: stand.since)

    def _hung(self) -> tuple[Ending, str] | None:
        now = time.monotonic()
        latest = max((stand.since for stand in self._child.board.stands()), default=0.0)
        seen = (latest, self._child.board.delivered[0])
        if seen != self._seen:
            self._seen, self._moved = seen, now
        busy = self._busy()
        if busy and now - busy[0].since > self._limits.item_seconds:
            return "failed", telling.hang(busy[0], now - busy[0].since, self._child.stack(busy[0].pid))
        if now - self._moved > self._limits.item_seconds + self._step:
            return "failed", telling.hang(None, now - self._moved, "")
        return None

    def _failure(self, failed: Failed) -> str:
        stands = list(self._child.board.stands())
        if not failed.pids:
            return telling.exception(failed, stands)
        stacks = {pid: self._child.stack(pid) for pid in failed.pids}
        return telling.death(stands, failed.pids, failed.error, stacks, self._child.printed(5))

    def _child_died(self, code: int) -> str:
        stands = [stand for stand in self._child.board.stands() if stand.worker == CONSUMER]
        stacks = {stand.pid: self._child.stack(stand.pid) for stand in stands}
        how = telling.exit_text(code)
        return telling.death(stands, list(stacks), how, stacks, self._child.printed(5))
