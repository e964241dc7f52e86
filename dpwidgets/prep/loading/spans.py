"""A span: one piece of work in a loader, by whom and from when to when."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["start", "fetch", "transform", "collate", "hand-over", "wait", "transfer", "step"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CONSUMER = -1  # as `worker`: the process that iterates over the loader


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work.

    Attributes:
        kind: "start" (a worker comes up), "fetch" (an item is read, its transform included), "transform" (one
            step of a Compose, within a fetch), "collate", "hand-over" (the batch travels between processes);
            in the consumer "wait", "transfer" (to the device) and "step". With 0 workers the consumer
            fetches and collates itself, within its "wait". A worker hands over in a thread of its own,
            beside the next fetch; the consumer's part lies within a "wait" (with pin_memory: beside it).
        worker: 0, 1, …; CONSUMER for the process that iterates.
        start, end: seconds of `time.monotonic()`, which all processes of a machine share.
        batch: number of the batch in its epoch, from 0; -1 where there is none.
        name: of the transform step, such as "RandomRotation"; of a hand-over "pack", "unpack" or "pin"; of a
            wait without a batch "start" (the iterator is made) or "end" (it ends); else "".
        item: index of the item in the dataset; -1 where there is none.
        cpu: seconds of processor time that the thread used within the span; the rest it waited. Where other
            threads may help (without workers, and for `__getitems__`) that of the whole process, which can be
            more than the span's time. Not measured for "transform" and "start": 0.
        queued: seconds of that waiting in which the thread could have run but had no core, of "fetch" and
            "collate"; known for the batch, and shared out. 0 where the system does not tell (Linux does).
    """

    kind: Kind
    worker: int
    start: float
    end: float
    batch: int = -1
    name: str = ""
    item: int = -1
    cpu: float = 0.0
    queued: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start
