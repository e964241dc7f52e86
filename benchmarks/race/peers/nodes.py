"""torchdata nodes: a thread for each core decodes whole batches, in order."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torchdata.nodes as tn
from torch.utils.data import BatchSampler, RandomSampler, Sampler, SequentialSampler

from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import AUGMENT, decode_resized, normalise


def loader(folder: Path, batch_size: int) -> Iterable[Any]:
    """Sampler of indices, ParallelMapper over threads, Prefetcher."""
    return _nodes(folder, batch_size, SequentialSampler, decode_resized)


def training(folder: Path, batch_size: int) -> Iterable[Any]:
    """The same, shuffled; torchvision's v2 augments each image."""
    return _nodes(folder, batch_size, RandomSampler, lambda jpeg: AUGMENT(decode_resized(jpeg)))


def _nodes(
    folder: Path,
    batch_size: int,
    sampler: Callable[[list[str]], Sampler[int]],
    image: Callable[[bytes], torch.Tensor],
) -> Iterable[Any]:
    torch.set_num_threads(1)  # the threads are the parallelism; each would start a team of its own
    files, labels = jpegs_of(folder)

    def load(indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.stack([image(Path(files[i]).read_bytes()) for i in indices])
        return normalise(images), torch.tensor([labels[i] for i in indices])

    batches = tn.SamplerWrapper(BatchSampler(sampler(files), batch_size, drop_last=False))
    loaded = tn.ParallelMapper(batches, load, num_workers=CORES, method="thread", in_order=True)
    return tn.Loader(tn.Prefetcher(loaded, prefetch_factor=2))
