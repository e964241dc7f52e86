"""The workbook's own loaders (chapter 10d) as contenders:

python -m benchmarks.race jpeg=benchmarks.race.workbook:from_jpeg cache=benchmarks.race.workbook:from_cache
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

from benchmarks.race.contract import SIZE
from benchmarks.race.data import jpegs_of
from dpwidgets.prep.caching.array_cache import cached_array, content_key
from dpwidgets.prep.fast.augment import draw
from dpwidgets.prep.fast.batches import DecodedBatches, JpegBatches, as_it_is, decoded_rows
from dpwidgets.prep.fast.threads import InThreads


def from_jpeg(folder: Path, batch_size: int) -> Iterable[Any]:
    """Each epoch decodes, in threads."""
    files, labels = jpegs_of(folder)
    return _threads(JpegBatches(files, labels, SIZE), batch_size)


def from_cache(folder: Path, batch_size: int, scratch: Path) -> Iterable[Any]:
    """Decoded once into a memory-mapped file, which is made by the first call."""
    files, labels = jpegs_of(folder)
    return _threads(DecodedBatches(decoded(files, SIZE, scratch), labels), batch_size)


def training(folder: Path, batch_size: int, scratch: Path) -> Iterable[Any]:
    """The training form out of that file: shuffled, augmented and normalised in one pass."""
    files, labels = jpegs_of(folder)
    photos = DecodedBatches(decoded(files, SIZE, scratch), labels, draw)
    return _threads(photos, batch_size, shuffle=True)


def decoded(files: list[str], size: int, scratch: Path) -> np.ndarray:
    """uint8 (N, 3, size, size), memory-mapped from a file in `scratch`, which is made if it is missing."""
    rows = decoded_rows(files, size)
    key = content_key([Path(file) for file in files], f"decoded_rows to {size}")
    return cached_array(scratch, key, len(files), lambda _: next(rows)).array


def _threads(photos: Dataset, batch_size: int, shuffle: bool = False) -> InThreads:
    return InThreads(DataLoader(photos, batch_size, shuffle=shuffle, collate_fn=as_it_is))
