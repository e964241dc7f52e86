"""From JPEG bytes to a normalised batch with torchvision, for the peers that bring no decoder."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from benchmarks.race.contract import MEAN, SIZE, STD

_SCALE = (1 / (255 * torch.tensor(STD))).view(1, 3, 1, 1)
_SHIFT = (-torch.tensor(MEAN) / torch.tensor(STD)).view(1, 3, 1, 1)

AUGMENT = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(10), v2.ColorJitter(0.2, 0.2, 0.2, 0.1)])
"""The guide's training steps (5.2.1) on a uint8 image (3, H, W)."""


def decode_resized(jpeg: bytes) -> torch.Tensor:
    """A JPEG as uint8 (3, SIZE, SIZE), RGB: libjpeg-turbo, then an antialiased bilinear resize."""
    encoded = torch.frombuffer(bytearray(jpeg), dtype=torch.uint8)
    return F.resize(decode_jpeg(encoded, ImageReadMode.RGB), [SIZE, SIZE], antialias=True)


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 (B, 3, H, W), 0 to 255, as normalised float32 of the same shape."""
    return images.to(torch.float32, memory_format=torch.contiguous_format).mul_(_SCALE).add_(_SHIFT)


class Normalised:
    """A loader's batches, normalised: they come from its workers as uint8, a quarter of the bytes."""

    def __init__(self, loader: Iterable[Any]) -> None:
        self._loader = loader

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for images, labels in self._loader:
            yield normalise(images), labels
