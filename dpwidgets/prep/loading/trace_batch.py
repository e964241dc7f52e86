"""A batch on its way to the consumer, with the notes of those who made it and the times of its journey."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, thread_time
from typing import Any, NamedTuple

from torch.utils.data._utils.pin_memory import pin_memory

from dpwidgets.prep.loading.recorder import Record


class Mark(NamedTuple):
    """A point of a pickle: when the sender and when the receiver came by it (time, processor time).

    `free` is when the receiving thread had become free to receive.
    """

    sent: float
    sent_cpu: float
    received: float
    received_cpu: float
    free: float


@dataclass
class TracedBatch:
    """What the traced loader's own DataLoader carries in place of the batch.

    Attributes:
        data: the batch, as the collate_fn made it.
        worker: who made it.
        items: how many items it holds.
        records: what was noted while it was made.
        queued: seconds in which its maker had no core meanwhile.
        memory: private bytes of the process that made it, where it was time to look.
        journey: the marks before and after `data` in the pickle; None if it stayed in its process.
        pinned: the record of copying it to page-locked memory.
    """

    data: Any
    worker: int
    items: int
    records: list[Record]
    queued: float
    memory: int | None = None
    journey: tuple[Mark, Mark] | None = None
    pinned: Record | None = None

    def __reduce__(self) -> tuple[Callable[..., "TracedBatch"], tuple[Any, ...]]:
        # Pickled and unpickled in this order: the two marks enclose the data.
        notes = (self.worker, self.items, self.records, self.queued, self.memory)
        return _arrive, (_Milestone(), self.data, _Milestone(), *notes)

    def pin_memory(self) -> "TracedBatch":
        """Called by the DataLoader, in its own thread, where the loader pins memory."""
        begin, cpu = monotonic(), thread_time()
        self.data = pin_memory(self.data)
        self.pinned = ("hand-over", begin, monotonic(), "pin", -1, thread_time() - cpu)
        return self


class _Receiver(threading.local):
    free: float = 0.0


_receiver = _Receiver()


def free_to_receive() -> None:
    """The consumer's thread asks for a batch now: one that came earlier lay ready until here."""
    _receiver.free = monotonic()


class _Milestone:
    """Turns into a Mark when pickled and unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Mark], tuple[float, float]]:
        return _mark, (monotonic(), thread_time())


def _mark(sent: float, sent_cpu: float) -> Mark:
    return Mark(sent, sent_cpu, monotonic(), thread_time(), _receiver.free)


def _arrive(
    first: Mark,
    data: Any,
    last: Mark,
    worker: int,
    items: int,
    records: list[Record],
    queued: float,
    memory: int | None,
) -> TracedBatch:
    free_to_receive()
    return TracedBatch(data, worker, items, records, queued, memory, (first, last))
