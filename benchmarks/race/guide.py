"""The guide's own loaders, PIL and torchvision's first transforms: evaluation (5.1.1), training (5.2.1)."""

from pathlib import Path

from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomRotation,
    Resize,
    ToTensor,
)

from benchmarks.race.contract import MEAN, SIZE, STD
from benchmarks.race.cores import CORES


def one_process(folder: Path, batch_size: int) -> DataLoader:
    """As the guide has it: the process that iterates also decodes. It sets no `num_workers`."""
    return DataLoader(_photos(folder), batch_size=batch_size)


def workers(folder: Path, batch_size: int) -> DataLoader:
    """The same with a worker for each core, kept between epochs."""
    return DataLoader(_photos(folder), batch_size=batch_size, num_workers=CORES, persistent_workers=True)


def training(folder: Path, batch_size: int) -> DataLoader:
    """Shuffled and augmented, in the process that iterates."""
    return DataLoader(_photos(folder, *_augmentation()), batch_size=batch_size, shuffle=True)


def training_workers(folder: Path, batch_size: int) -> DataLoader:
    """The same with a worker for each core, kept between epochs."""
    photos = _photos(folder, *_augmentation())
    return DataLoader(photos, batch_size=batch_size, shuffle=True, num_workers=CORES, persistent_workers=True)


def _augmentation() -> list[object]:
    # The guide augments a PIL image and does not resize it there; after Resize it is cheaper.
    return [
        RandomHorizontalFlip(),
        RandomRotation(10),
        ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    ]


def _photos(folder: Path, *augmentation: object) -> ImageFolder:
    steps = [Resize((SIZE, SIZE)), *augmentation, ToTensor(), Normalize(mean=MEAN, std=STD)]
    return ImageFolder(str(folder), transform=Compose(steps))
