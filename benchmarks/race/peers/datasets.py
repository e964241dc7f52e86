"""Hugging Face datasets: a table of paths, decoded in `set_transform` by a worker process for each core."""

import os
from pathlib import Path
from typing import Any

import torch

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when the library is imported
import datasets
from torch.utils.data import DataLoader

from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import Normalised, decode_resized


def loader(folder: Path, batch_size: int) -> Normalised:
    """The table stays in memory: nothing is written, and the library's cache folder is not touched."""
    files, labels = jpegs_of(folder)
    # With `decode=True` the Image feature decodes with PIL.
    features = datasets.Features({"image": datasets.Image(decode=False), "label": datasets.Value("int64")})
    table = datasets.Dataset.from_dict({"image": files, "label": labels}, features=features)
    photos = table.with_transform(_decoded)
    return Normalised(
        DataLoader(photos, batch_size, num_workers=CORES, persistent_workers=True, collate_fn=_pair)
    )


def _decoded(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    images = [decode_resized(Path(image["path"]).read_bytes()) for image in rows["image"]]
    return {"image": images, "label": rows["label"]}


def _pair(items: list[dict[str, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.stack([item["image"] for item in items]), torch.tensor([item["label"] for item in items])
