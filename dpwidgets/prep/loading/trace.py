"""Watches a DataLoader at work: who did what, from when to when, while it delivers what it always delivers.

What is measured: in each worker the start, every fetch, every step of a torchvision Compose, every collate
and the packing of the batch; in the consumer the wait for each batch, the unpacking, the transfer to the
device and the step. Clocks: `time.monotonic()`, which on Linux all processes share (on other systems the
rows of different processes may be shifted against each other), and processor time by thread.

What is not: steps in threads or processes that the dataset starts itself, a transform that is no Compose
(its time belongs to the fetch), the inside of the sampler (it belongs to the wait), and batches that were
made but never delivered. Of a data pipe (`torch.utils.data.datapipes`) only collate is seen, not the fetches.
"""

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from threading import get_ident
from time import monotonic, process_time, thread_time
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data.datapipes.datapipe import IterDataPipe, MapDataPipe

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.loading.chrome import write_chrome
from dpwidgets.prep.loading.recorder import Record, Recorder, record_on
from dpwidgets.prep.loading.spans import CONSUMER, Kind, Span
from dpwidgets.prep.loading.summary import Summary, summarise
from dpwidgets.prep.loading.trace_batch import TracedBatch, free_to_receive
from dpwidgets.prep.loading.trace_compose import unwatch_steps, watch_steps
from dpwidgets.prep.loading.trace_dataset import TracedCollate, TracedIterable, TracedMap, WorkerStart
from dpwidgets.prep.loading.transfer import to_device


class TraceError(ReaderError):
    """This cannot be traced; the message says what can."""


def trace(loader: DataLoader, *, device: torch.device | str | None = None) -> "TracedLoader":
    """A loader that delivers what `loader` delivers and notes how long everything took.

    Nothing of yours is changed: the loader, its dataset and the transforms stay as they are, and random
    numbers are drawn in the same order. The traced loader has workers of its own.

    Args:
        loader: a DataLoader, map-style or iterable, with any collate_fn, sampler and start method; or one of
            a class derived from it, such as torchdata's StatefulDataLoader.
        device: batches are moved there after they were received, and the move is a "transfer". With None
            they stay where they are and there are no transfers.

    Raises:
        TraceError: `loader` is not a DataLoader.
        RuntimeError: `device` names no device that torch knows.

    Example:
        >>> traced = dpwidgets.trace(loader)
        >>> for images, labels in traced: ...
        >>> print(traced.summary())
        >>> traced.to_chrome("trace.json")  # for chrome://tracing or ui.perfetto.dev
    """
    if not isinstance(loader, DataLoader):
        raise TraceError(
            f"trace() was given a {type(loader).__name__}; give it the torch.utils.data.DataLoader itself."
        )
    return TracedLoader(loader, None if device is None else torch.device(device))


class TracedLoader:
    """Iterates like the loader it was made from; other attributes are that loader's.

    Attributes:
        on_spans: called in the consumer with the new spans, after each batch and at the end of an epoch.
        items: how many items were delivered so far. Without automatic batching (`batch_size=None`) each
            delivery counts as one.
        batches: how many batches were delivered so far.
        memory: worker -> private bytes when last looked at, about once a second (with 0 workers:
            CONSUMER -> those of this process). Batches in shared memory are not private.
    """

    def __init__(self, loader: DataLoader, device: torch.device | None = None) -> None:
        self.on_spans: Callable[[list[Span]], None] | None = None
        self.items = 0
        self.batches = 0
        self.memory: dict[int, int] = {}
        self._loader = loader
        self._device = device
        self._copy = _instrumented(loader)
        self._spans: list[Span] = []
        self._unread: deque[tuple[int, int, list[Record], float]] = deque()  # arguments of `_spans`

    def __iter__(self) -> Iterator[Any]:
        return _TracedIterator(self)

    def __len__(self) -> int:
        return len(self._copy)

    def __getattr__(self, name: str) -> Any:
        # The state of an epoch (torchdata's StatefulDataLoader) is with the loader that really runs.
        return getattr(self._copy if name in ("state_dict", "load_state_dict") else self._loader, name)

    @property
    def spans(self) -> list[Span]:
        """Everything so far: a batch's spans come when it is delivered, its step with the next request.

        All are kept, some 200 bytes each; an item has one for its fetch and one for each transform step.
        """
        while self._unread:
            self._spans += _spans(*self._unread.popleft())
        return self._spans

    def summary(self) -> Summary:
        """Throughput, share of waiting, and the bottleneck in words."""
        return summarise(
            self.spans, items=self.items, num_workers=self._loader.num_workers, memory=self.memory
        )

    def to_chrome(self, path: Path | str) -> Path:
        """Write all spans as Trace Event JSON, which chrome://tracing and ui.perfetto.dev open.

        The file is there whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        return write_chrome(self.spans, path)

    def _add(self, worker: int, batch: int, records: list[Record], queued: float = 0.0) -> None:
        self._unread.append((worker, batch, records, queued))

    def _tell(self) -> None:
        if self.on_spans is not None:
            known = len(self._spans)
            self.on_spans(self.spans[known:])


class _TracedIterator:
    """One epoch: the consumer's side of it."""

    def __init__(self, owner: TracedLoader) -> None:
        self._owner = owner
        self._batch = -1  # number of the last one delivered
        self._stepping = False
        self._thread = 0  # the one that `_recorder` is for
        copy = owner._copy
        fresh = not (copy.persistent_workers and copy._iterator is not None)
        self._starting = set(range(copy.num_workers)) if fresh else set()
        self._began = self._last = monotonic(), thread_time()
        self._inner = iter(copy)
        self._note("wait", -1, "start")

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._stepping:
            self._note("step", self._batch)
            self._stepping = False
        self._last = monotonic(), thread_time()
        try:
            traced = self._receive()
        except StopIteration:
            self._note("wait", -1, "end")
            self._owner._tell()
            raise
        self._batch += 1
        self._note("wait", self._batch)
        self._file(traced)
        batch = traced.data
        if self._owner._device is not None:
            self._last = monotonic(), thread_time()
            batch = to_device(batch, self._owner._device)
            self._note("transfer", self._batch)
        self._owner.batches += 1
        self._owner.items += traced.items
        self._owner._tell()
        self._last = monotonic(), thread_time()
        self._stepping = True
        return batch

    def _receive(self) -> TracedBatch:
        free_to_receive()
        if self._owner._copy.num_workers:
            return next(self._inner)
        if self._thread != get_ident():  # the clocks are those of one thread
            self._thread = get_ident()
            self._recorder = Recorder(process_time)  # torch computes with several threads here
        self._recorder.take()  # what a batch that failed left
        before = record_on(self._recorder)
        watch_steps()
        try:
            return next(self._inner)
        finally:
            unwatch_steps()
            record_on(before)

    def _note(self, kind: Kind, batch: int, name: str = "") -> None:
        """What the consumer did since the last look at the clock."""
        now, cpu = monotonic(), thread_time()
        start, cpu_start = self._last
        self._owner._add(CONSUMER, batch, [(kind, start, now, name, -1, cpu - cpu_start)])

    def _file(self, traced: TracedBatch) -> None:
        """Take over what came with the batch."""
        owner, worker = self._owner, traced.worker
        if worker in self._starting:
            self._starting.remove(worker)
            first = min((record[1] for record in traced.records), default=self._began[0])
            owner._add(worker, -1, [("start", self._began[0], first, "", -1, 0.0)])
        owner._add(worker, self._batch, traced.records, traced.queued)
        if traced.journey is not None:
            first_mark, last_mark = traced.journey
            packed = last_mark.sent_cpu - first_mark.sent_cpu
            owner._add(
                worker, self._batch, [("hand-over", first_mark.sent, last_mark.sent, "pack", -1, packed)]
            )
            # From when it was packed and the receiver was free: before, it lay ready.
            begin = min(first_mark.received, max(last_mark.sent, first_mark.free))
            unpacked = last_mark.received_cpu - first_mark.received_cpu
            owner._add(
                CONSUMER, self._batch, [("hand-over", begin, last_mark.received, "unpack", -1, unpacked)]
            )
        if traced.pinned is not None:
            owner._add(CONSUMER, self._batch, [traced.pinned])
        if traced.memory is not None:
            owner.memory[worker] = traced.memory


def _instrumented(loader: DataLoader) -> DataLoader:
    """A copy of `loader`, of its own class, that shares dataset, samplers and generator with it.

    Its dataset, collate_fn and worker_init_fn are wrapped. The attributes are set past `__setattr__`,
    which forbids a new dataset for a loader in use: this one was never used.
    """
    twin = copy(loader)
    batched = loader.batch_sampler is not None
    twin.__dict__ |= {
        "collate_fn": TracedCollate(loader.collate_fn, batched),
        "worker_init_fn": WorkerStart(loader.worker_init_fn),
        "_iterator": None,
    }
    if not isinstance(loader.dataset, (IterDataPipe, MapDataPipe)):  # a DataLoader looks inside these
        iterable = isinstance(loader.dataset, IterableDataset)
        twin.__dict__["dataset"] = (TracedIterable if iterable else TracedMap)(loader.dataset)
    return twin


def _spans(worker: int, batch: int, records: list[Record], queued: float) -> list[Span]:
    """The spans of a batch; its fetches and collate share `queued` by how long each was off the processor."""
    off = [
        max(0.0, end - start - cpu) if kind in ("fetch", "collate") else 0.0
        for kind, start, end, _, _, cpu in records
    ]
    whole = sum(off)
    share = min(1.0, queued / whole) if whole else 0.0
    return [
        Span(kind, worker, start, end, batch, name, item, cpu, share * waited)
        for (kind, start, end, name, item, cpu), waited in zip(records, off, strict=True)
    ]
