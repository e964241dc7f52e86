"""The guide's own loader (5.1.1): PIL, torchvision's first transforms, one process."""

from pathlib import Path

from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from benchmarks.race.contract import MEAN, SIZE, STD
from benchmarks.race.cores import CORES


def one_process(folder: Path, batch_size: int) -> DataLoader:
    """As the guide has it: the process that iterates also decodes. It sets no `num_workers`."""
    return DataLoader(_photos(folder), batch_size=batch_size)


def workers(folder: Path, batch_size: int) -> DataLoader:
    """The same with a worker for each core, kept between epochs."""
    return DataLoader(_photos(folder), batch_size=batch_size, num_workers=CORES, persistent_workers=True)


def _photos(folder: Path) -> ImageFolder:
    steps = Compose([Resize((SIZE, SIZE)), ToTensor(), Normalize(mean=MEAN, std=STD)])
    return ImageFolder(str(folder), transform=steps)
