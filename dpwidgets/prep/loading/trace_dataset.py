"""What a traced DataLoader gets in place of the dataset, the collate_fn and the worker_init_fn.

All of it can be pickled when what it holds can be.
"""

from collections.abc import Callable, Iterator
from operator import index
from time import process_time
from typing import Any

from torch.utils.data import IterableDataset, Subset, get_worker_info

from dpwidgets.prep.loading.recorder import MemoryGauge, Recorder, active, record_on
from dpwidgets.prep.loading.spans import CONSUMER
from dpwidgets.prep.loading.trace_batch import TracedBatch
from dpwidgets.prep.loading.trace_compose import watch_steps

_STATE = ("state_dict", "load_state_dict")  # what torchdata's StatefulDataLoader asks a dataset for


class _Stand:
    """Stands in for an object; what it does not have itself comes from there."""

    def __init__(self, original: Any) -> None:
        self.original = original
        for name in _STATE:  # of its own, not by __getattr__: a check for a Protocol looks for no more
            if hasattr(original, name):
                setattr(self, name, getattr(original, name))

    def __getattr__(self, name: str) -> Any:
        if name == "original":  # not there yet: it is being unpickled
            raise AttributeError(name)
        return getattr(self.original, name)

    def __len__(self) -> int:
        return len(self.original)

    def __repr__(self) -> str:
        return repr(self.original)


class TracedMap(_Stand):
    """A map-style dataset that notes each item fetched.

    A dataset with `__getitems__` makes a batch in one call, which is one fetch. A Subset has that method
    always, and uses it only if the dataset under it has it.
    """

    def __getitem__(self, key: Any) -> Any:
        recorder = active()
        if recorder is None:
            return self.original[key]
        begun = recorder.begin()
        item = self.original[key]
        recorder.end("fetch", begun, _number(key))
        return item

    def __getattr__(self, name: str) -> Any:
        if name != "__getitems__":
            return super().__getattr__(name)
        if not _has_getitems(self.original):
            raise AttributeError(name)
        return self._fetch_together

    def _fetch_together(self, keys: list[Any]) -> Any:
        recorder = active()
        if recorder is None:
            return self.original.__getitems__(keys)
        # It is made for reading with several threads: while those decode, this one only seems to wait.
        recorder.cpu = process_time
        begun = recorder.begin()
        items = self.original.__getitems__(keys)
        recorder.end("fetch", begun)
        return items


class TracedIterable(_Stand, IterableDataset):
    """An iterable dataset that notes each item fetched."""

    def __iter__(self) -> Iterator[Any]:
        return _TracedItems(iter(self.original))


class _TracedItems(_Stand):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        recorder = active()
        if recorder is None:
            return next(self.original)
        begun = recorder.begin()
        item = next(self.original)
        recorder.end("fetch", begun)
        return item


class TracedCollate:
    """A collate_fn that notes itself, and sends the notes of the batch along with it.

    Args:
        collate_fn: the loader's own.
        batched: it is given a list of items, not a single one (`batch_size=None`).
    """

    def __init__(self, collate_fn: Callable[[Any], Any], batched: bool) -> None:
        self.collate_fn = collate_fn
        self.batched = batched
        self._gauge: MemoryGauge | None = None

    def __call__(self, data: Any) -> TracedBatch:
        recorder = active()
        assert recorder is not None  # set by WorkerStart in a worker, by the iterator without workers
        items = len(data) if self.batched else 1
        begun = recorder.begin()
        batch = self.collate_fn(data)
        recorder.end("collate", begun)
        info = get_worker_info()
        worker = CONSUMER if info is None else info.id
        self._gauge = self._gauge or MemoryGauge()
        return TracedBatch(batch, worker, items, *recorder.take(), self._gauge.bytes())


class WorkerStart:
    """A worker_init_fn: notes begin in this worker, and its `get_worker_info()` tells the user's dataset."""

    def __init__(self, worker_init_fn: Callable[[int], None] | None) -> None:
        self.worker_init_fn = worker_init_fn

    def __call__(self, worker: int) -> None:
        info = get_worker_info()
        if info is not None and isinstance(info.dataset, _Stand):
            # Sharding code finds its dataset there, and sets attributes on it. The info is frozen.
            object.__setattr__(info, "dataset", info.dataset.original)
        record_on(Recorder())
        watch_steps()
        if self.worker_init_fn is not None:
            self.worker_init_fn(worker)


def _has_getitems(dataset: Any) -> bool:
    while type(dataset) is Subset:
        dataset = dataset.dataset
    return callable(getattr(dataset, "__getitems__", None))


def _number(key: Any) -> int:
    try:
        return index(key)
    except TypeError:
        return -1
