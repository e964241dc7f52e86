"""The sample photos as a dataset with a usual training transform: what the loader lab runs on by default."""

import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from dpwidgets import samples

_CODE = """\
import torch
{imports}
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

folder = "photos"  # one sub-folder per class, such as dpwidgets.samples.photos()
transform = v2.Compose(
    [
        v2.RandomResizedCrop(224),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(brightness=0.2, contrast=0.2),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)
dataset = ImageFolder(folder, transform=transform)
{loader}"""


def sample_photos() -> ImageFolder:
    """What `code` makes, of the sample photos: 2,000 pairs (float32 tensor (3, 224, 224), class index).

    Raises:
        samples.SampleError: the photos could not be made.
    """
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(224),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.2, contrast=0.2),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    return ImageFolder(samples.photos(), transform=transform)


def code(loader: str) -> str:
    """The dataset as plain code, before that of its loader (`LoaderSettings.to_code`)."""
    imports, loader = loader.split("\n\n", 1)
    return _CODE.format(imports=imports, loader=loader)
