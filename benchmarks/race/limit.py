"""The machine's limits in the shape of loaders, so that they run in the same rounds as the contenders."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import simplejpeg
import torch

from benchmarks.race.contract import SIZE
from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of

RING = 4  # buffers
NOTHING = torch.empty(1, 1, 1, 1)  # in place of the images: none are delivered


class Decoding:
    """Files in memory are decoded to full-size RGB by a thread for each core, and thrown away."""

    def __init__(self, folder: Path, batch_size: int) -> None:
        self._files = [Path(file).read_bytes() for file in jpegs_of(folder).files]
        self._batch_size = batch_size
        self._threads = ThreadPoolExecutor(CORES)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, list[None]]]:
        starts = range(0, len(self._files), self._batch_size)
        ahead: deque[Future[int]] = deque(self._threads.submit(self._work, start) for start in starts)
        while ahead:
            yield NOTHING, [None] * ahead.popleft().result()

    def _work(self, start: int) -> int:
        part = self._files[start : start + self._batch_size]
        for jpeg in part:
            simplejpeg.decode_jpeg(jpeg)
        return len(part)


class Copying:
    """What a cache in memory can hardly beat: all cores write stored uint8 images as float32.

    Into a ring of buffers, since the consumer still holds the last batches; one alone would stay in the
    processor's cache.
    """

    def __init__(self, folder: Path, batch_size: int) -> None:
        torch.set_num_threads(CORES)
        count = len(jpegs_of(folder).files)
        self._stored = torch.randint(0, 256, (count, 3, SIZE, SIZE), dtype=torch.uint8)
        self._ring = [torch.empty(batch_size, 3, SIZE, SIZE) for _ in range(RING)]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, list[None]]]:
        for part, buffer in zip(self._stored.split(len(self._ring[0])), cycle(self._ring), strict=False):
            buffer[: len(part)].copy_(part)
            yield NOTHING, [None] * len(part)


def decoding(folder: Path, batch_size: int) -> Decoding:
    """As the class says."""
    return Decoding(folder, batch_size)


def copying(folder: Path, batch_size: int) -> Copying:
    """As the class says."""
    return Copying(folder, batch_size)
