"""The loaders whose cost is measured: factories as in the race, but for pictures of TILE x TILE pixels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from benchmarks.race.contract import MEAN, STD
from benchmarks.race.data import jpegs_of
from benchmarks.race.workbook import decoded
from benchmarks.scale.tiles import TILE
from dpwidgets.prep.fast.batches import DecodedBatches, as_it_is, decoded_rows
from dpwidgets.prep.fast.threads import InThreads


def guide(folder: Path, batch_size: int) -> DataLoader:
    """The guide's code: decodes every tile in every pass, keeps none."""
    steps = Compose([Resize((TILE, TILE)), ToTensor(), Normalize(mean=MEAN, std=STD)])
    return DataLoader(ImageFolder(str(folder), transform=steps), batch_size=batch_size)


def on_disk(folder: Path, batch_size: int, scratch: Path) -> Iterable[Any]:
    """Decoded once into a memory-mapped file; threads gather and normalise out of it, in reused memory."""
    files, labels = jpegs_of(folder)
    return _batches(decoded(files, TILE, scratch), labels, batch_size)


def in_memory(folder: Path, batch_size: int) -> Iterable[Any]:
    """The same out of an array in memory: what a limit that the set does not fit in must stop."""
    files, labels = jpegs_of(folder)
    store = np.empty((len(files), 3, TILE, TILE), np.uint8)
    for row, pixels in enumerate(decoded_rows(files, TILE)):
        store[row] = pixels
    return _batches(store, labels, batch_size)


def _batches(store: np.ndarray, labels: list[int], batch_size: int) -> Iterable[Any]:
    return InThreads(DataLoader(DecodedBatches(store, labels), batch_size, collate_fn=as_it_is))
