"""What a contender must be: `module:factory`, and the batches that it gives."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dpwidgets.prep.errors import ReaderError

SIZE = 224  # pixels, height and width of a delivered image
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, channels R, G, B

CONTRACT = f"""\
A factory is called as factory(folder, batch_size); folder is a pathlib.Path with one folder of JPEGs for each
class. A parameter named `scratch`, if it has one, gets a folder for files of its own (shards, caches), which
stays through the race. It gives an object whose every iter() is one whole epoch of batches (images, labels):
  images  torch.float32, (B, 3, {SIZE}, {SIZE}), RGB, resized to {SIZE} x {SIZE}, scaled to [0, 1], then
          normalised with the ImageNet mean and std; EXIF orientation ignored, as the guide does;
  labels  integers, (B,): the class's place in the sorted class names;
  B       at most batch_size; every image once, unshuffled, in the order of torchvision's ImageFolder.
"""

TRAINING = """\
With --train, the same but for two things:
  images  drawn anew in every epoch: mirrored with probability 0.5, turned by -10 to 10 degrees (what comes in
          from outside is black), brightness, contrast and saturation by factors of 0.8 to 1.2, hue by -0.1 to
          0.1, as torchvision's RandomHorizontalFlip, RandomRotation(10) and ColorJitter do;
  order   any; every image once.
"""


class RaceError(ReaderError):
    """A contender, folder or option is not what the race needs; the message names it and the cure."""


class Batch(NamedTuple):
    """One batch as the contract has it."""

    images: torch.Tensor  # float32, (B, 3, SIZE, SIZE)
    labels: torch.Tensor  # int, (B,)


def find_factory(target: str) -> Callable[..., Iterable[Any]]:
    """The function that `module:factory` names.

    Raises:
        RaceError: it is written otherwise, the module is not found, or it has no such function.
    """
    module_name, colon, name = target.partition(":")
    if not (colon and module_name and name):
        raise RaceError(
            f"{target!r} names no factory; write module:factory, for example my_package.loading:train_loader."
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # a module that this one imports: a fault inside it, not of the name
        raise RaceError(
            f"no module named {error.name!r}. Start the race in the folder that holds it, or add "
            "that folder to PYTHONPATH."
        ) from error
    factory = getattr(module, name, None)
    if not callable(factory):
        functions = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
        raise RaceError(
            f"the module {module_name!r} has no function {name!r}; it has {', '.join(functions) or 'none'}."
        )
    return factory


def make_loader(target: str, folder: Path, batch_size: int, scratch: Path) -> Iterable[Any]:
    """Call the factory.

    Raises:
        RaceError: see `find_factory`; or what it gave cannot be iterated over.
    """
    factory = find_factory(target)
    extra = {"scratch": scratch} if "scratch" in inspect.signature(factory).parameters else {}
    loader = factory(folder, batch_size, **extra)
    if isinstance(loader, Iterator) or not hasattr(loader, "__iter__"):
        raise RaceError(
            f"it gave a {type(loader).__name__}; give an object whose every iter() is a whole epoch, "
            "such as a DataLoader (an iterator or a generator is used up after one)."
        )
    return loader


def as_batch(given: Any, number: int, batch_size: int) -> Batch:
    """`given` as a batch of the contract.

    Args:
        given: what the loader delivered.
        number: of the batch in its epoch, from 0, for the message.
        batch_size: the most items that it may have.

    Raises:
        RaceError: it is no pair, or images or labels have another type, dtype or shape.
    """
    if not isinstance(given, tuple | list) or len(given) != 2:
        size = f" of {len(given)}" if isinstance(given, tuple | list) else ""
        raise RaceError(f"batch {number} is a {type(given).__name__}{size}; give a pair (images, labels).")
    images, labels = given
    for name, value in (("images", images), ("labels", labels)):
        if not isinstance(value, torch.Tensor):
            raise RaceError(f"batch {number}: {name} are a {type(value).__name__}; give a torch.Tensor.")
    if images.dtype != torch.float32:
        raise RaceError(f"batch {number}: images are {images.dtype}; give torch.float32, normalised.")
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, SIZE, SIZE):
        raise RaceError(
            f"batch {number}: images have the shape {tuple(images.shape)}; give (B, 3, {SIZE}, {SIZE})."
        )
    if labels.is_floating_point() or labels.is_complex() or labels.shape != images.shape[:1]:
        raise RaceError(
            f"batch {number}: labels are {labels.dtype} of shape {tuple(labels.shape)}; give integers of "
            f"shape ({len(images)},), one for each image."
        )
    if not 0 < len(images) <= batch_size:
        raise RaceError(f"batch {number} has {len(images)} images; give 1 to batch_size = {batch_size}.")
    return Batch(images, labels)
