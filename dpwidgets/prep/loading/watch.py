"""A dataset and a `collate_fn` that note on the board what they are at, in whichever process they run."""

import faulthandler
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
from torch.utils.data import Subset, get_worker_info

from dpwidgets.prep.loading.board import Board, Halted, Row
from dpwidgets.prep.loading.portable import StandIn, by_value, stand_in
from dpwidgets.prep.loading.protocol import BOARD, STACK
from dpwidgets.prep.loading.spans import CONSUMER

_own: tuple[int, Row] | None = None  # process id and its row; a forked worker still has its parent's


def own_row(folder: Path) -> Row:
    """The row of this process on the board in `folder`."""
    global _own
    if _own is None or _own[0] != os.getpid():
        info = get_worker_info()
        _own = os.getpid(), Board(folder / BOARD).row(CONSUMER if info is None else info.id)
        show_stack_on_request(folder)
    return _own[1]


def new_row(folder: Path) -> Row:
    """The consumer's row, fresh: the board was cleared."""
    global _own
    _own = None
    return own_row(folder)


def show_stack_on_request(folder: Path) -> None:
    """Let this process write its Python stack to a file when it is asked to, and when it crashes."""
    file = (folder / STACK.format(pid=os.getpid())).open("w")
    faulthandler.disable()  # a forked worker has its parent's, and torch's own handlers over it
    faulthandler.enable(file, all_threads=False)
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file, all_threads=False)
    _files[:] = [file]


_files: list[Any] = []  # faulthandler keeps only the number


class Watched(StandIn):
    """A dataset that notes each item before it fetches it.

    `sys.exit` in a worker ends it without a word; here it becomes an error like others.
    """

    __slots__ = ("_folder",)
    _folder: Path

    def __init__(self, original: Any, folder: Path) -> None:
        super().__init__(original)
        object.__setattr__(self, "_folder", folder)

    def __getitem__(self, index: Any) -> Any:
        row = own_row(self._folder)
        row.fetch(index)
        return _told(row, self._original.__getitem__, index)

    def __iter__(self) -> Iterator[Any]:
        row = own_row(self._folder)
        row.fetch(0)
        iterator = _told(row, iter, self._original)
        number = 0
        while True:
            row.fetch(number)
            try:
                item = _told(row, next, iterator)
            except StopIteration:
                row.idle()
                return
            yield item
            number += 1

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name != "__getitems__":
            return value
        if _loops(self._original):
            raise AttributeError(name)  # item by item, so that the one that fails can be named
        return partial(self._fetch_many, value)

    def _fetch_many(self, getitems: Callable[[list[int]], Any], indices: list[int]) -> Any:
        row = own_row(self._folder)
        row.fetch(indices[0], len(indices))
        return _told(row, getitems, indices)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild_watched, (by_value(self._original), self._folder)


def _loops(dataset: Any) -> bool:
    """A Subset always has `__getitems__`; here it would only ask for one item after another."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
        if not callable(getattr(dataset, "__getitems__", None)):
            return True
    return False


def _rebuild_watched(data: bytes, folder: Path) -> Any:
    return stand_in(Watched, cloudpickle.loads(data), folder)


class WatchedCollate:
    """A `collate_fn` that notes when it begins and ends."""

    def __init__(self, original: Callable[[Any], Any], folder: Path) -> None:
        self.original, self.folder = original, folder

    def __call__(self, samples: Any) -> Any:
        row = own_row(self.folder)
        row.collate()
        batch = _told(row, self.original, samples)
        row.idle()
        return batch

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_collate, (by_value(self.original), self.folder)


def _rebuild_collate(data: bytes, folder: Path) -> WatchedCollate:
    return WatchedCollate(cloudpickle.loads(data), folder)


class WorkerUp:
    """A `worker_init_fn` that notes the worker's process id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, worker: int) -> None:
        own_row(self.folder)


def _told(row: Row, work: Callable[..., Any], *args: Any) -> Any:
    """Do the work; what it raises is noted."""
    try:
        return work(*args)
    except (Halted, StopIteration):
        raise
    except SystemExit as end:
        row.fail()
        error = RuntimeError(f"sys.exit({end.code!r}) was called")
        raise error.with_traceback(end.__traceback__) from None
    except Exception:
        row.fail()
        raise
