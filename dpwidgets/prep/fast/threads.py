"""Threads instead of worker processes, for a plain DataLoader.

Decoders, resizers and kernels that are compiled let go of the interpreter while they work. Then threads load
as fast as processes do, start at once, see the same memory and have nothing to send.

The module needs torch alone: copy it into a project of your own.
"""

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

_local = threading.local()


class InThreads:
    """Iterates over a DataLoader with threads: each makes whole batches, they come in the loader's order.

    Its sampler, its dataset (`__getitems__` if it has one) and its `collate_fn` are used as they are; dataset
    and `collate_fn` are called by several threads at once. Its `pin_memory`, `timeout` and `worker_init_fn`
    are not used.

    Args:
        loader: map-style dataset, with a batch size, `num_workers=0`.
        threads: how many; None: one for each core that this process may use.
        prefetch_factor: batches that each thread may be ahead, at least 1.

    Raises:
        ValueError: the loader has workers, no batches or an iterable dataset, or a number is below 1.
    """

    def __init__(self, loader: DataLoader, threads: int | None = None, prefetch_factor: int = 2) -> None:
        if loader.num_workers:
            raise ValueError(
                f"num_workers={loader.num_workers}: give a loader without workers, num_workers=0."
            )
        if isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
            raise ValueError(
                "threads share out batches of indices: give a map-style dataset and a batch_size."
            )
        threads = _usable_cores() if threads is None else threads
        for name, value in {"threads": threads, "prefetch_factor": prefetch_factor}.items():
            if value < 1:
                raise ValueError(f"{name}={value} is not allowed; give at least 1.")
        self.loader, self.threads, self.ahead = loader, threads, threads * prefetch_factor

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        batches = iter(self.loader.batch_sampler)  # type: ignore[arg-type]
        seed = int(torch.empty((), dtype=torch.int64).random_(generator=self.loader.generator))
        intra_op = torch.get_num_threads()
        waiting: deque[Future[Any]] = deque()
        pool = ThreadPoolExecutor(self.threads, "loader", initializer=torch.set_num_threads, initargs=(1,))
        try:
            for number, indices in enumerate(batches):
                waiting.append(pool.submit(self._batch, indices, seed + number))
                if len(waiting) > self.ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            # The threads' "1" is also what torch gives to threads that are started later.
            torch.set_num_threads(intra_op)

    def _batch(self, indices: list[int], seed: int) -> Any:
        _local.generator = torch.Generator().manual_seed(seed & (2**63 - 1))
        dataset = self.loader.dataset
        if hasattr(dataset, "__getitems__"):
            return self.loader.collate_fn(dataset.__getitems__(indices))
        return self.loader.collate_fn([dataset[index] for index in indices])


def batch_generator() -> torch.Generator:
    """Where a dataset draws its random numbers from, so that threads repeat them for a seed.

    In a thread of `InThreads` a generator for the batch at hand, else torch's own, which each worker of a
    DataLoader seeds for itself.
    """
    return getattr(_local, "generator", torch.default_generator)


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
