"""WebDataset: tar shards of the same JPEG bytes, read by a worker process for each core."""

from pathlib import Path

import torch
import webdataset as wds
from torch.utils.data import default_collate

from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import Normalised, decode_resized


def loader(folder: Path, batch_size: int, scratch: Path) -> Normalised:
    """Shards are written the first time. Each worker reads its own, so the order is not the folder's."""
    shards = sorted(scratch.glob("*.tar")) or _write(folder, scratch)
    samples = wds.WebDataset([str(shard) for shard in shards], shardshuffle=False, empty_check=False)
    batches = samples.map(_item).batched(batch_size, collation_fn=default_collate)
    return Normalised(wds.WebLoader(batches, batch_size=None, num_workers=CORES, persistent_workers=True))


def _item(sample: dict[str, bytes]) -> tuple[torch.Tensor, int]:
    return decode_resized(sample["jpg"]), int(sample["cls"])


def _write(folder: Path, scratch: Path) -> list[Path]:
    files, labels = jpegs_of(folder)
    # Whole shards go to workers: several for each, of one size, so that none waits for another.
    size = max(1, -(-len(files) // (4 * CORES)))
    with wds.ShardWriter(str(scratch / "%04d.tar"), maxcount=size, verbose=0) as writer:
        for number, (file, label) in enumerate(zip(files, labels, strict=True)):
            writer.write({"__key__": f"{number:06d}", "jpg": Path(file).read_bytes(), "cls": label})
    return sorted(scratch.glob("*.tar"))
