"""The child process: receives a dataset once, then runs one loader after another and reports."""

import multiprocessing.connection
import re
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
import torch
from torch.utils.data import DataLoader, IterableDataset, default_collate

from dpwidgets.prep.loading.board import Halted, Row
from dpwidgets.prep.loading.portable import stand_in
from dpwidgets.prep.loading.protocol import Ended, Failed, Load, Ready, Report, Run
from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.watch import Watched, WatchedCollate, WorkerUp, new_row

_REPORT_SECONDS = 0.05
_IN_WORKER = re.compile(r"in DataLoader worker process (\d+)\.\nOriginal (Traceback.*)", re.DOTALL)
_HOW = re.compile(r"killed by signal: [\w ]+|exit code \d+")
_DEAD_WORKERS = re.compile(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)")


def serve(handle: int, folder: Path) -> None:
    """Answer requests until the other side hangs up."""
    connection = _connected(handle)
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
                dataset, collate_fn = map(cloudpickle.loads, (request.dataset, request.collate_fn))
                connection.send(Ready("loaded"))
            else:
                news = _News(connection, new_row(folder))
                connection.send(_run(request, dataset, collate_fn, news, folder))
        except BaseException as error:
            connection.send(_told(error))


def _connected(handle: int) -> Connection:
    if sys.platform == "win32":  # untested
        return multiprocessing.connection.PipeConnection(handle)
    return Connection(handle)


def _run(request: Run, dataset: Any, collate_fn: Any, news: "_News", folder: Path) -> Ended:
    """Iterate over one loader as a training loop would.

    The step is a sleep: work on an accelerator, too, leaves the processor free.
    """
    iterable = isinstance(dataset, IterableDataset)
    loader = DataLoader(
        stand_in(Watched, dataset, folder),
        collate_fn=WatchedCollate(collate_fn or default_collate, folder),
        worker_init_fn=WorkerUp(folder),
        **request.settings.arguments(iterable),
    )
    size = None if iterable else len(dataset)
    batches = traced = _traced(loader, news) if request.traced else None
    if batches is None:
        batches = loader
    news.begin()
    halted = False
    try:
        while not halted and (request.epochs is None or len(news.epochs) < request.epochs):
            halted = not _epoch(batches, request, size, news)
            if not halted and not news.batches:
                raise ValueError(_why_empty(size, request.settings.batch_size))
    except Halted as over:
        # torch keeps the exception in a frame of its own traceback: a cycle that holds the loader's iterator.
        # Freed by the garbage collector, the iterator needs 5 s to end its workers; freed now, an instant.
        over.__traceback__ = None
        halted = True
    finally:
        news.send()
    return Ended(halted, traced.summary() if traced is not None and news.batches else None)


def _traced(loader: DataLoader, news: "_News") -> Any:
    from dpwidgets.prep.loading.trace import trace  # only now: it imports pandas

    traced = trace(loader)
    traced.on_spans = news.take
    return traced


def _epoch(batches: Iterable[Any], request: Run, left: int | None, news: "_News") -> bool:
    """One pass over a dataset of `left` items, None if that is not known; False if it is to end before."""
    began = asked = time.monotonic()
    for batch in batches:
        came = time.monotonic()
        if left is None:
            items = min(items_in(batch), request.settings.batch_size)
        else:
            items = min(left, request.settings.batch_size)
            left -= items
        del batch
        if request.step_seconds:
            time.sleep(request.step_seconds)
        news.add(items, asked, came)
        if not request.traced:
            news.send_if_due()
        if news.row.halted:
            return False
        asked = time.monotonic()
    news.epochs.append(time.monotonic() - began)
    return True


class _News:
    """Counts what was delivered, and tells the runner of it about 20 times a second."""

    def __init__(self, connection: Connection, row: Row) -> None:
        self.row = row
        self.batches = 0
        self.epochs: list[float] = []
        self._connection = connection
        self._items = self._first_items = 0
        self._began = 0.0
        self._first = self._last = 0.0
        self._waited = self._stepped = 0.0
        self._spans: list[Span] = []
        self._sent = self._sending = 0.0

    def begin(self) -> None:
        """The loader is made; from here on the run's time counts."""
        self._connection.send(Ready("running"))
        self._began = time.monotonic()

    def add(self, items: int, asked: float, came: float) -> None:
        """A batch was asked for, came, and its step is done."""
        done = time.monotonic()
        if self.batches:
            self._waited += came - asked - self._sending
        else:
            self._first, self._first_items = came, items
        self._stepped += done - came
        self._sending = 0.0
        self.batches += 1
        self._items += items
        self._last = came
        self.row.deliver(self.batches, self._items)

    def take(self, spans: list[Span]) -> None:
        """New spans; the loader hands them over while a batch is waited for."""
        self._spans += spans
        self.send_if_due()

    def send_if_due(self) -> None:
        now = time.monotonic()
        if now - self._sent >= _REPORT_SECONDS:
            self.send()
            self._sent = time.monotonic()
            self._sending += self._sent - now

    def send(self) -> None:
        self._connection.send(
            Report(
                self.batches,
                self._items,
                self._first_items,
                self._began,
                self._first,
                self._last,
                self._waited,
                self._stepped,
                tuple(self.epochs),
                self._spans,
            )
        )
        self._spans = []


def items_in(batch: Any) -> int:
    """Items in a batch: the length of the first tensor found in it, else its own length, else 1."""
    if isinstance(batch, torch.Tensor):
        return len(batch) if batch.ndim else 1
    if isinstance(batch, Mapping):
        return max((items_in(part) for part in list(batch.values())[:1]), default=0)
    if isinstance(batch, list | tuple):
        tensor = next((part for part in batch if isinstance(part, torch.Tensor)), None)
        if tensor is not None:
            return items_in(tensor)
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
        how = _HOW.search(f"{error} {error.__cause__}")
        pids = tuple(int(pid) for pid in dead[1].split(","))
        return Failed(how[0] if how else "it exited", "", None, pids)
    return Failed(_last_words(trace), trace, CONSUMER)


def _last_words(trace: str) -> str:
    """The error itself: what follows the last line of code."""
    lines = trace.splitlines()
    last = max((i for i, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return "\n".join(lines[last + 1 :]) or lines[-1]
