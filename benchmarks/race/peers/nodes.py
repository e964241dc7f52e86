"""torchdata nodes: a thread for each core decodes whole batches, in order."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torchdata.nodes as tn
from torch.utils.data import BatchSampler, SequentialSampler

from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import decode_resized, normalise


def loader(folder: Path, batch_size: int) -> Iterable[Any]:
    """Sampler of indices, ParallelMapper over threads, Prefetcher."""
    torch.set_num_threads(1)  # the threads are the parallelism; each would start a team of its own
    files, labels = jpegs_of(folder)

    def load(indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.stack([decode_resized(Path(files[i]).read_bytes()) for i in indices])
        return normalise(images), torch.tensor([labels[i] for i in indices])

    batches = tn.SamplerWrapper(BatchSampler(SequentialSampler(files), batch_size, drop_last=False))
    loaded = tn.ParallelMapper(batches, load, num_workers=CORES, method="thread", in_order=True)
    return tn.Loader(tn.Prefetcher(loaded, prefetch_factor=2))
