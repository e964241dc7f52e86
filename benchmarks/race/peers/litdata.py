"""LitData: its own chunks of the same JPEG bytes, streamed from disk by a worker process for each core."""

import os
from pathlib import Path
from typing import Any

import litdata
import torch

from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import Normalised, decode_resized


class Photos(litdata.StreamingDataset):
    """A stored item as uint8 (3, SIZE, SIZE) and label."""

    def __getitem__(self, index: Any) -> tuple[torch.Tensor, int]:
        item = super().__getitem__(index)
        return decode_resized(item["jpeg"]), item["label"]


def loader(folder: Path, batch_size: int, scratch: Path) -> Normalised:
    """Chunks are written the first time. Each worker reads its own, so the order is not the folder's."""
    chunks = scratch / "chunks"
    if not (chunks / "index.json").exists():
        _write(folder, scratch, chunks)
    photos = Photos(str(chunks), shuffle=False)
    return Normalised(
        litdata.StreamingDataLoader(photos, batch_size=batch_size, num_workers=CORES, persistent_workers=True)
    )


def _write(folder: Path, scratch: Path, chunks: Path) -> None:
    # Beside the result LitData keeps temporary files, by default in folders of the whole machine.
    os.environ["DATA_OPTIMIZER_CACHE_FOLDER"] = str(scratch / "temporary")
    os.environ["DATA_OPTIMIZER_DATA_CACHE_FOLDER"] = str(scratch / "temporary-data")
    items = list(zip(*jpegs_of(folder), strict=True))
    litdata.optimize(_stored, items, output_dir=str(chunks), chunk_bytes="8MB", num_workers=1)


def _stored(item: tuple[str, int]) -> dict[str, Any]:
    file, label = item
    return {"jpeg": Path(file).read_bytes(), "label": label}
