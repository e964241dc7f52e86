"""The child process: receives a dataset once, then runs one loader after another and reports."""

import re
import time
import traceback
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
import torch
from torch.utils.data import DataLoader, IterableDataset, default_collate

from dpwidgets.prep.loading.board import Board
from dpwidgets.prep.loading.portable import stand_in
from dpwidgets.prep.loading.protocol import Ended, Failed, Load, Ready, Report, Run
from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.watch import BOARD, Watched, WatchedCollate, WorkerUp, new_row

_REPORT_SECONDS = 0.05
_IN_WORKER = re.compile(r"in DataLoader worker process (\d+)\.\nOriginal (Traceback.*)", re.DOTALL)
_DEAD_WORKERS = re.compile(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)")


def serve(handle: int, folder: Path) -> None:
    """Answer requests until the other side hangs up."""
    connection = Connection(handle)
    new_row(folder)  # from here on the process can be asked for its stack
    connection.send(Ready("up"))
    dataset = collate_fn = None
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            if isinstance(request, Load):
                dataset, collate_fn = cloudpickle.loads(request.data)
                connection.send(Ready("loaded"))
            else:
                connection.send(Ready("running"))
                connection.send(_Consumer(connection, request, folder).run(dataset, collate_fn))
        except BaseException as error:
            connection.send(_told(error))


class _Consumer:
    """Iterates over one loader as a training loop would.

    Its step is a sleep: work on an accelerator, too, leaves the processor free.
    """

    def __init__(self, connection: Connection, request: Run, folder: Path) -> None:
        self._connection, self._request, self._folder = connection, request, folder
        self._row = new_row(folder)
        self._began = time.monotonic()
        self._deadline = self._began + request.seconds
        self._batches = self._items = self._first_items = 0
        self._first = self._last = 0.0
        self._waited = self._stepped = 0.0
        self._epochs: list[float] = []
        self._spans: list[Span] = []
        self._reported = 0.0

    def run(self, dataset: Any, collate_fn: Any) -> Ended:
        iterable = isinstance(dataset, IterableDataset)
        loader: Iterable[Any] = DataLoader(
            stand_in(Watched, dataset, self._folder),
            collate_fn=WatchedCollate(collate_fn or default_collate, self._folder),
            worker_init_fn=WorkerUp(self._folder),
            **self._request.settings.arguments(iterable),
        )
        size = None if iterable else len(dataset)
        try:
            while self._request.epochs is None or len(self._epochs) < self._request.epochs:
                if not self._epoch(loader, size):
                    return Ended("time limit")
                if not self._batches:
                    raise ValueError(_why_empty(size, self._request.settings.batch_size))
        finally:
            self._report()
        return Ended("finished")

    def _epoch(self, loader: Iterable[Any], size: int | None) -> bool:
        """One pass; False if the time was up before its end."""
        began = asked = time.monotonic()
        left = size
        for batch in loader:
            came = time.monotonic()
            if left is None:
                items = min(items_in(batch), self._request.settings.batch_size)
            else:
                items = min(left, self._request.settings.batch_size)
                left -= items
            del batch
            if self._request.step_seconds:
                time.sleep(self._request.step_seconds)
            asked = self._count(items, asked, came)
            if asked >= self._deadline:
                Board(self._folder / BOARD).halt()
                return False
        self._epochs.append(time.monotonic() - began)
        return True

    def _count(self, items: int, asked: float, came: float) -> float:
        """Returns when the step was done."""
        done = time.monotonic()
        if self._batches:
            self._waited += came - asked
        else:
            self._first, self._first_items = came, items
        self._stepped += done - came
        self._batches += 1
        self._items += items
        self._last = came
        self._row.deliver(self._batches, self._items)
        if done - self._reported >= _REPORT_SECONDS:
            self._reported = done
            self._report()
        return done

    def _report(self) -> None:
        spans, self._spans = self._spans, []
        self._connection.send(
            Report(
                self._batches,
                self._items,
                self._first_items,
                self._began,
                self._first,
                self._last,
                self._waited,
                self._stepped,
                tuple(self._epochs),
                spans,
            )
        )


def items_in(batch: Any) -> int:
    """Items in a batch: the length of the first tensor found in it, else its own length, else 1."""
    if isinstance(batch, torch.Tensor):
        return len(batch) if batch.ndim else 1
    if isinstance(batch, Mapping):
        return max((items_in(part) for part in list(batch.values())[:1]), default=0)
    if isinstance(batch, list | tuple) and batch and isinstance(batch[0], torch.Tensor):
        return items_in(batch[0])
    return len(batch) if hasattr(batch, "__len__") else 1


def _why_empty(size: int | None, batch_size: int) -> str:
    if size is None:
        return "the loader gave no batch: the IterableDataset yields nothing"
    if not size:
        return "the loader gave no batch: the dataset is empty, its len is 0"
    return f"the loader gave no batch: {size} items make no batch of {batch_size}, and drop_last=True"


def _told(error: BaseException) -> Failed:
    found = _IN_WORKER.search(str(error))
    if found:
        trace = found[2].rstrip()
        return Failed(_last_words(trace), trace, int(found[1]))
    trace = "".join(traceback.format_exception(error)).rstrip()
    dead = _DEAD_WORKERS.search(str(error))
    if dead:
        first = error.__cause__ or error  # it says how
        return Failed(str(first), "", None, tuple(int(pid) for pid in dead[1].split(",")))
    return Failed(_last_words(trace), trace, CONSUMER)


def _last_words(trace: str) -> str:
    """The error itself: what follows the last line of code."""
    lines = trace.splitlines()
    last = max((i for i, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return "\n".join(lines[last + 1 :]) or lines[-1]
