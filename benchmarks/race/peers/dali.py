"""NVIDIA DALI on the CPU: its own decoder, resize and normalise, a thread for each core."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import torch
from nvidia.dali import fn, pipeline_def, types

from benchmarks.race.contract import MEAN, SIZE, STD
from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of


class Epochs:
    """The pipeline runs on and on; an epoch is as many runs as the folder has batches."""

    def __init__(self, folder: Path, batch_size: int, train: bool) -> None:
        self._files, self._labels = jpegs_of(folder)
        self._batches = ceil(len(self._files) / batch_size)
        self._train = train
        # The reader goes round without end and fills every batch, so the last one reaches into the next
        # epoch: padding repeats its last file instead, and the surplus is cut off here.
        self._last = len(self._files) - (self._batches - 1) * batch_size
        # device_id=None: no GPU is touched.
        make = pipeline_def(self._graph, batch_size=batch_size, num_threads=CORES, device_id=None)
        self._pipeline = make()
        self._pipeline.build()

    def _graph(self) -> tuple[object, object]:
        encoded, labels = fn.readers.file(
            files=self._files, labels=self._labels, pad_last_batch=True, shuffle_after_epoch=self._train
        )
        images = fn.decoders.image(encoded, device="cpu", output_type=types.RGB, adjust_orientation=False)
        images = fn.resize(
            images, resize_x=SIZE, resize_y=SIZE, interp_type=types.INTERP_LINEAR, antialias=True
        )
        if self._train:
            images = _augmented(images)
        images = fn.crop_mirror_normalize(
            images, dtype=types.FLOAT, output_layout="CHW",
            mirror=fn.random.coin_flip() if self._train else 0,
            mean=[255 * mean for mean in MEAN], std=[255 * std for std in STD],
        )  # fmt: skip
        return images, labels

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for number in range(self._batches):
            images, labels = self._pipeline.run()
            count = self._last if number == self._batches - 1 else None
            # DALI writes over its buffers in a later run, so the batch is copied.
            yield (
                torch.from_dlpack(images.as_tensor())[:count].clone(),
                torch.from_dlpack(labels.as_tensor())[:count].flatten().clone(),
            )


def _augmented(images: Any) -> Any:
    """Turned and jittered; the flip is a part of the normalisation."""
    turned = fn.rotate(
        images, angle=fn.random.uniform(range=(-10.0, 10.0)), keep_size=True, fill_value=0,
        interp_type=types.INTERP_NN,
    )  # fmt: skip
    factors = [fn.random.uniform(range=(0.8, 1.2)) for _ in range(3)]
    names = ("brightness", "contrast", "saturation")
    hue = fn.random.uniform(range=(-36.0, 36.0))  # degrees: torchvision's 0.1 is a tenth of the circle
    return fn.color_twist(turned, hue=hue, **dict(zip(names, factors, strict=True)))


def loader(folder: Path, batch_size: int) -> Epochs:
    """As the module says."""
    return Epochs(folder, batch_size, train=False)


def training(folder: Path, batch_size: int) -> Epochs:
    """Shuffled before every epoch, turned, jittered, flipped."""
    return Epochs(folder, batch_size, train=True)
