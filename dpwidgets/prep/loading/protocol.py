"""What the runner and its child process say to each other, and what a run ends with."""

from dataclasses import dataclass, field
from typing import Any, Literal

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.spans import Span

# Files in the scratch folder of a child.
BOARD = "board"
OUTPUT = "output"  # what the child and its workers print
STACK = "stack-{pid}"  # where a process that is asked for its stack, or dies of a signal, writes it

Ending = Literal["finished", "stopped", "time limit", "memory limit", "failed"]


@dataclass(frozen=True)
class RunLimits:
    """When a run is ended.

    Attributes:
        seconds: of loading; the child's own start is not counted.
        memory_bytes: of the child and all its processes together; None: no limit. Looked at about four times
            a second, so a run can be over it for a moment.
        item_seconds: one item that takes longer counts as hung, and so does a loader where nothing happens
            for so long.
    """

    seconds: float = 10.0
    memory_bytes: int | None = None
    item_seconds: float = 30.0


@dataclass(frozen=True)
class Progress:
    """News of a run that is going on.

    Attributes:
        spans: those that came since the last news; empty if the run is not traced.
        batches, items: delivered so far.
        seconds: since loading began.
        memory: private bytes of each worker, and of the child itself under CONSUMER.
    """

    spans: list[Span]
    batches: int
    items: int
    seconds: float
    memory: dict[int, int]


@dataclass(frozen=True)
class RunResult:
    """How a run ended and what was measured.

    Attributes:
        settings: that were run.
        ended: "finished", "stopped", "time limit", "memory limit" or "failed".
        message: one text: what happened, at which item, in which worker, and its traceback.
        items, batches: delivered.
        items_per_second: after the first batch, steps and starts of further epochs included; with one batch
            only, start-up included; 0.0 without a batch.
        start_seconds: until the first batch; 0.0 without one.
        epoch_seconds: of each whole epoch, start-up included.
        wait_share: 0 to 1, the part of the consumer's time after the first batch that its step waited.
        memory: the most private bytes that each worker held, and the child itself under CONSUMER.
        peak_memory_bytes: the most that all held at once; pages that they share count once (on Linux).
        summary: of the trace, a `dpwidgets.prep.loading.summary.Summary`; None if the run was not traced,
            gave no batch, or had to be killed.
    """

    settings: LoaderSettings
    ended: Ending
    message: str
    items: int = 0
    batches: int = 0
    items_per_second: float = 0.0
    start_seconds: float = 0.0
    epoch_seconds: list[float] = field(default_factory=list)
    wait_share: float = 0.0
    memory: dict[int, int] = field(default_factory=dict)
    peak_memory_bytes: int = 0
    summary: Any = None


@dataclass(frozen=True)
class Load:
    """To the child: the dataset and `collate_fn`, each by value."""

    dataset: bytes
    collate_fn: bytes


@dataclass(frozen=True)
class Run:
    """To the child: one run."""

    settings: LoaderSettings
    step_seconds: float
    epochs: int | None
    traced: bool


@dataclass(frozen=True)
class Ready:
    """From the child: it is up, or has loaded the dataset, or begins to iterate."""

    what: Literal["up", "loaded", "running"]


@dataclass(frozen=True)
class Report:
    """From the child: the state of the run.

    Attributes:
        batches, items: so far.
        first_items: of the first batch.
        began, first, last: `time.monotonic()` when loading began, at the delivery of the first batch and of
            the last one so far.
        waited, stepped: seconds of the consumer after the first batch.
        epochs: seconds of each whole epoch.
        spans: new ones.
    """

    batches: int
    items: int
    first_items: int
    began: float
    first: float
    last: float
    waited: float
    stepped: float
    epochs: tuple[float, ...]
    spans: list[Span]


@dataclass(frozen=True)
class Ended:
    """From the child: the run is over, and its workers are gone.

    Attributes:
        halted: before its end, because it was asked to.
        summary: of the trace, if the run was traced and gave a batch.
    """

    halted: bool
    summary: Any


@dataclass(frozen=True)
class Failed:
    """From the child: an exception ended the run.

    Attributes:
        error: its type and message.
        trace: the traceback, the worker's where there is one.
        worker: whose it is; CONSUMER for the child itself, None where that is not known.
        pids: of workers that died.
    """

    error: str
    trace: str
    worker: int | None = None
    pids: tuple[int, ...] = ()
