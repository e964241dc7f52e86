"""Do a contender's batches show the guide's pictures? Compared in levels of 8 bits, image by image."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.race.contract import MEAN, SIZE, STD, Batch, RaceError, as_batch

THUMBNAIL = 8  # pixels a side: enough to tell any two photos apart, and hardly touched by resampling
_MEAN, _STD = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))


@dataclass(frozen=True)
class Tolerance:
    """How far an image may be from the guide's, in levels of 8 bits (0 to 255).

    Two filters differ from pixel to pixel but agree on the average; a wrong normalisation shifts that.

    Attributes:
        pixel: mean absolute difference over an image.
        shift: absolute mean difference over one channel of an image.
    """

    pixel: float
    shift: float


class Reference:
    """The guide's pictures, kept in files so that each contender's process can compare with them.

    Attributes:
        pixels: uint8, (N, 3, SIZE, SIZE); labels: int64, (N,); names: (N,), `class/file`.
    """

    def __init__(self, home: Path) -> None:
        self.pixels = np.load(home / "pixels.npy", mmap_mode="r")
        self.labels = torch.from_numpy(np.load(home / "labels.npy"))
        self.names: list[str] = (home / "names.txt").read_text(encoding="utf-8").split("\n")
        self._thumbnails = torch.cat([thumbnails(self.levels([i])) for i in range(len(self.names))])

    @staticmethod
    def write(home: Path, loader: Iterable[Any], names: list[str]) -> None:
        """Store what the guide's loader delivers; exact, since its pictures are whole levels."""
        home.mkdir(parents=True)
        shape = (len(names), 3, SIZE, SIZE)
        pixels = np.lib.format.open_memmap(home / "pixels.npy", mode="w+", dtype=np.uint8, shape=shape)
        labels, done = [], 0
        for batch in loader:
            images = in_levels(batch[0])
            pixels[done : done + len(images)] = images.round().to(torch.uint8).numpy()
            labels.append(batch[1].to(torch.int64))
            done += len(images)
        pixels.flush()
        np.save(home / "labels.npy", torch.cat(labels).numpy())
        (home / "names.txt").write_text("\n".join(names), encoding="utf-8")

    def levels(self, places: list[int]) -> torch.Tensor:
        """The pictures at these places: float32, (len, 3, SIZE, SIZE), 0 to 255."""
        return torch.from_numpy(self.pixels[places]).to(torch.float32)

    def nearest(self, levels: torch.Tensor) -> list[int]:
        """The place of the most similar picture for each of (B, 3, SIZE, SIZE)."""
        return torch.cdist(thumbnails(levels), self._thumbnails).argmin(1).tolist()


@dataclass(frozen=True)
class Comparison:
    """The largest differences of any image, in levels."""

    pixel: float
    shift: float


def in_levels(images: torch.Tensor) -> torch.Tensor:
    """Normalised images back in levels: float32, 0 to 255 where the normalisation was the right one."""
    return (images * _STD + _MEAN) * 255


def thumbnails(levels: torch.Tensor) -> torch.Tensor:
    """(B, 3, SIZE, SIZE) to (B, 3 * THUMBNAIL * THUMBNAIL): means over squares."""
    return torch.nn.functional.avg_pool2d(levels, SIZE // THUMBNAIL).flatten(1)


def compare(
    loader: Iterable[Any], reference: Reference, tolerance: Tolerance, *, batch_size: int, any_order: bool
) -> Comparison:
    """Go through one epoch and compare every image.

    Args:
        loader: the contender's.
        reference: the guide's pictures.
        tolerance: what is still the same picture.
        batch_size: the most items a batch may have.
        any_order: each image is compared with the most similar one of the guide's that has its label, and
            each of those must come up once; otherwise with the one in its place.

    Raises:
        RaceError: a batch is not what the contract says, images are missing, too many, in another order,
            or another picture; the message names the first.
    """
    seen = torch.zeros(len(reference.names), dtype=torch.bool)
    done, pixel, shift = 0, 0.0, 0.0
    for number, given in enumerate(loader):
        batch = as_batch(given, number, batch_size)
        if done + len(batch.images) > len(seen):
            raise RaceError(f"more than the {len(seen)} images of the folder; give each once in an epoch.")
        levels = in_levels(batch.images)
        places = reference.nearest(levels) if any_order else list(range(done, done + len(levels)))
        difference = levels - reference.levels(places)
        pixels = difference.abs().mean((1, 2, 3))
        shifts = difference.mean((2, 3)).abs().amax(1)
        for item, place in enumerate(places):
            # `not <=` so that NaN is refused too.
            if not (pixels[item] <= tolerance.pixel and shifts[item] <= tolerance.shift):
                why = _why(reference, levels[item], place, float(pixels[item]), float(shifts[item]))
                raise RaceError(f"{_where(done + item, number)} {why}; {_allowed(tolerance)}.")
            _check_label(reference, batch, item, place, _where(done + item, number))
            if seen[place]:
                raise RaceError(
                    f"{_where(done + item, number)} is {reference.names[place]} for the second time."
                )
            seen[place] = True
        done += len(levels)
        pixel, shift = max(pixel, float(pixels.max())), max(shift, float(shifts.max()))
    if done < len(seen):
        first = reference.names[int((~seen).nonzero()[0])]
        raise RaceError(f"{done} of {len(seen)} images in an epoch; the first that is missing is {first}.")
    return Comparison(pixel, shift)


def _check_label(reference: Reference, batch: Batch, item: int, place: int, where: str) -> None:
    expected, found = int(reference.labels[place]), int(batch.labels[item])
    if found != expected:
        raise RaceError(f"{where} ({reference.names[place]}) has the label {found}; it is {expected}.")


def _where(item: int, batch: int) -> str:
    return f"image {item} (batch {batch})"


def _why(reference: Reference, levels: torch.Tensor, place: int, pixel: float, shift: float) -> str:
    (other,) = reference.nearest(levels[None])
    nearer = float((levels - reference.levels([other])[0]).abs().mean())
    if other != place and nearer < pixel / 4:
        return f"should be {reference.names[place]} but shows {reference.names[other]}: the order is wrong"
    return (
        f"differs from the guide's {reference.names[place]} by {pixel:.2f} levels a pixel and is shifted by "
        f"{shift:.2f} in a channel"
    )


def _allowed(tolerance: Tolerance) -> str:
    return f"allowed are {tolerance.pixel} and {tolerance.shift} levels"
