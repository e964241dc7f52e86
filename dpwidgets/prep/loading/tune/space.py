"""What may be tried: the settings within the reader's bounds, and the work that they are tried on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.loading.settings import MAX_WORKERS, LoaderSettings

LADDER = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # worker counts worth telling apart


class TuneError(ReaderError):
    """The search cannot start, or no setting could be measured; the message says why and what to do."""


@dataclass(frozen=True)
class Workload:
    """What an epoch is.

    Attributes:
        length: items of an epoch, at least 1.
        epochs: epochs that the reader will train, at least 1: start-up that is paid once is spread over them.
        steps: batch size -> seconds of the training step.
        cores: processor cores that this process may use.
        iterable: the dataset is an IterableDataset.
    """

    length: int
    epochs: int
    steps: Mapping[int, float]
    cores: int
    iterable: bool = False

    def batches(self, settings: LoaderSettings) -> int:
        """Batches of an epoch."""
        whole, rest = divmod(self.length, settings.batch_size)
        return whole + (rest > 0 and not settings.drop_last)

    def mean_epoch(self, first: float, later: float) -> float:
        """Seconds of an epoch, averaged over all of them: the first one, and each further one."""
        return (first + (self.epochs - 1) * later) / self.epochs


@dataclass(frozen=True)
class Space:
    """The settings that may be tried.

    Attributes:
        base: what all settings have in common (shuffle, drop_last, in_order, start_method).
        batch_sizes: the reader's own first.
        workers: ascending, 0 first.
        persistent: whether settings with workers keep them between epochs.
    """

    base: LoaderSettings
    batch_sizes: tuple[int, ...]
    workers: tuple[int, ...]
    persistent: bool

    def settings(self, num_workers: int, batch_size: int) -> LoaderSettings:
        """The base with these two."""
        return replace(
            self.base, num_workers=num_workers, batch_size=batch_size,
            persistent_workers=self.persistent and num_workers > 0,
        )  # fmt: skip

    def all(self) -> list[LoaderSettings]:
        """Every pair of worker count and batch size, few workers first."""
        return [self.settings(w, n) for w in self.workers for n in self.batch_sizes]


def distance(one: LoaderSettings, other: LoaderSettings) -> float:
    """Doublings of workers and half the doublings of batch size between two settings."""
    workers = abs(log2(max(one.num_workers, 1) / max(other.num_workers, 1)))
    return workers + 0.5 * abs(log2(one.batch_size / other.batch_size))


def worker_counts(max_workers: int | None, cores: int) -> tuple[int, ...]:
    """The worker counts to choose from, 0 and `max_workers` among them.

    Args:
        max_workers: None for twice the cores, at least 4: items that wait for storage need more workers
            than cores.

    Raises:
        TuneError: it is no whole number from 0 to 64.
    """
    if max_workers is None:
        max_workers = min(max(2 * cores, 4), MAX_WORKERS)
    if isinstance(max_workers, bool) or not isinstance(max_workers, int):
        raise TuneError(f"max_workers={max_workers!r} is not allowed; give a whole number.")
    if not 0 <= max_workers <= MAX_WORKERS:
        raise TuneError(f"max_workers={max_workers} is not allowed; give 0 to {MAX_WORKERS}.")
    return tuple(sorted({w for w in (*LADDER, cores, max_workers) if w <= max_workers}))


def checked_batch_sizes(given: int | Sequence[int], length: int) -> tuple[int, ...]:
    """The batch sizes, each once, in the order given.

    Raises:
        TuneError: there is none, or one is larger than the dataset.
        SettingsError: one is no whole number from 1 to 65536.
    """
    sizes = tuple(dict.fromkeys((given,) if isinstance(given, int) else given))
    if not sizes:
        raise TuneError("batch_sizes is empty; give at least the batch size that you train with.")
    for size in sizes:
        LoaderSettings(batch_size=size)
        if size > length:
            raise TuneError(
                f"batch_sizes has {size}, but the dataset has {length:,} items; give at most {length}."
            )
    return sizes


def steps_for(step_seconds: float | Mapping[int, float], batch_sizes: tuple[int, ...]) -> dict[int, float]:
    """Seconds of the training step for each batch size.

    A number is the step of the first batch size; the others' grow in proportion to their items.

    Raises:
        TuneError: a batch size is missing, or a time is negative.
    """
    if isinstance(step_seconds, Mapping):
        missing = [size for size in batch_sizes if size not in step_seconds]
        if missing:
            raise TuneError(
                f"step_seconds says nothing about batch size {missing[0]}; give its seconds, "
                "or one number for the first batch size."
            )
        steps = {size: float(step_seconds[size]) for size in batch_sizes}
    else:
        steps = {size: float(step_seconds) * size / batch_sizes[0] for size in batch_sizes}
    for size, seconds in steps.items():
        if not 0 <= seconds < float("inf"):
            raise TuneError(
                f"step_seconds={seconds} for batch size {size} is not allowed; give seconds, 0 or more."
            )
    return steps
