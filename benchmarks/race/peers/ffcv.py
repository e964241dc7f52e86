"""FFCV: the images resized beforehand and stored raw, read from the page cache by a thread for each core."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.decoders import IntDecoder, SimpleRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import NormalizeImage, ToTensor, ToTorchImage
from ffcv.writer import DatasetWriter

from benchmarks.race.contract import MEAN, STD
from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import decode_resized


class Epochs:
    """FFCV's loader with flat labels. It writes over its buffers: a batch is good until the next but one."""

    def __init__(self, stored: Path, batch_size: int) -> None:
        mean, std = 255 * np.array(MEAN), 255 * np.array(STD)
        image = [
            SimpleRGBImageDecoder(),
            NormalizeImage(mean, std, np.float32),
            ToTensor(),
            ToTorchImage(convert_back_int16=False),
        ]
        self._loader = Loader(
            str(stored), batch_size, num_workers=CORES, order=OrderOption.SEQUENTIAL, os_cache=True,
            drop_last=False, pipelines={"image": image, "label": [IntDecoder(), ToTensor()]},
        )  # fmt: skip

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for images, labels in self._loader:
            yield images, labels.flatten()


class Photos:
    """What FFCV's writer stores: uint8 (SIZE, SIZE, 3) and label."""

    def __init__(self, folder: Path) -> None:
        self._files, self._labels = jpegs_of(folder)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        image = decode_resized(Path(self._files[index]).read_bytes())
        return np.ascontiguousarray(image.permute(1, 2, 0).numpy()), self._labels[index]


def loader(folder: Path, batch_size: int, scratch: Path) -> Epochs:
    """The file is written the first time."""
    stored = scratch / "photos.beton"
    if not stored.exists():
        fields = {"image": RGBImageField(write_mode="raw"), "label": IntField()}
        DatasetWriter(str(stored), fields, num_workers=CORES).from_indexed_dataset(Photos(folder))
    return Epochs(stored, batch_size)
