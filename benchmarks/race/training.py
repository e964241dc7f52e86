"""Does a training loader augment as the guide's does? Told by statistics: every picture is drawn anew.

Twice: on a *probe*, one image of each class, so that a label names its image and many epochs show how much it
varies; and on the whole folder, one epoch, for the labels and the average picture.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.race.check import in_levels
from benchmarks.race.contract import SIZE, RaceError, as_batch

DRAWS = 300  # pictures of the probe, in all its epochs together
_LEAST = 8  # epochs of the probe
_LITTLE = 1e-3  # deviation of a feature that does not vary, such as the hue of a grey picture
FEATURES = ("brightness", "contrast", "saturation", "hue", "left against right", "black corners")
"""Numbers of a picture, each as good as untouched by all steps of the augmentation but one."""


@dataclass(frozen=True)
class Likeness:
    """How far the statistics of a training loader may be from the guide's.

    Attributes:
        offset: of a feature's mean, in standard deviations over the guide's draws of one image.
        spread: of that standard deviation, as a factor up or down.
    """

    offset: float
    spread: float


@dataclass(frozen=True)
class Difference:
    """The largest difference of any feature, as `Likeness` measures it."""

    offset: float
    spread: float


class Described(NamedTuple):
    """Some epochs of a loader, without the pictures."""

    labels: np.ndarray  # int64, (epochs, images)
    features: np.ndarray  # float64, (epochs, images, len(FEATURES))


class Seen(NamedTuple):
    """What was seen of a loader."""

    probe: Described
    whole: Described  # one epoch


def probe_epochs(classes: int) -> int:
    """How many epochs of one image a class make `DRAWS` pictures."""
    return max(_LEAST, ceil(DRAWS / classes))


def describe(loader: Iterable[Any], epochs: int, batch_size: int) -> Described:
    """Go through some epochs.

    Raises:
        RaceError: a batch is not what the contract says, or an epoch has another number of images than the
            first.
    """
    labels, features = [], []
    for epoch in range(epochs):
        seen_labels, seen_features = [], []
        for number, given in enumerate(loader):
            batch = as_batch(given, number, batch_size)
            seen_labels.append(batch.labels.numpy())
            seen_features.append(_features(in_levels(batch.images)).numpy())
        if not seen_labels:
            raise RaceError(f"epoch {epoch} is empty; every iter() must give a whole one.")
        labels.append(np.concatenate(seen_labels))
        features.append(np.concatenate(seen_features))
        if len(labels[-1]) != len(labels[0]):
            raise RaceError(f"epoch 0 gave {len(labels[0])} images, epoch {epoch} {len(labels[-1])}.")
    return Described(np.stack(labels), np.stack(features))


def compare(seen: Seen, guide: Seen, likeness: Likeness) -> Difference:
    """Hold what was seen of a loader against what was seen of the guide's.

    Raises:
        RaceError: labels are missing, too many or wrong, or a statistic differs by more than `likeness`; the
            message names it.
    """
    _check_labels(seen.probe.labels, guide.probe.labels, "the probe (one image of each class)")
    _check_labels(seen.whole.labels, guide.whole.labels, "the folder")
    mine, theirs = _by_label(seen.probe), _by_label(guide.probe)
    # Over epochs, then the average over images: (features,).
    deviation, expected = mine.std(0).mean(0), theirs.std(0).mean(0)
    unit = np.maximum(expected, _LITTLE)
    ratio = np.maximum(deviation, _LITTLE) / unit
    spread = np.maximum(ratio, 1 / ratio)
    _check(
        spread, likeness.spread, "{} varies from epoch to epoch by {:.2f} times more or less than the guide's"
    )
    offset = np.abs(mine.mean((0, 1)) - theirs.mean((0, 1))) / unit
    away = "the average {} of the %s is {:.2f} standard deviations from the guide's"
    _check(offset, likeness.offset, away % "probe")
    whole = np.abs(seen.whole.features.mean((0, 1)) - guide.whole.features.mean((0, 1))) / unit
    # A small folder has fewer draws than the probe, so its averages vary more.
    fewer = max(1.0, sqrt(DRAWS / seen.whole.labels.size))
    _check(whole, likeness.offset * fewer, away % "folder")
    return Difference(float(max(offset.max(), whole.max())), float(spread.max()))


def _features(levels: torch.Tensor) -> torch.Tensor:
    """(B, 3, SIZE, SIZE), levels -> (B, len(FEATURES)), float64."""
    half, corner = SIZE // 2, SIZE // 10
    grey = levels.mean(1)
    bright = grey.mean((1, 2)) + 1  # a level more than it is: nothing below divides by 0
    varied = grey.std((1, 2)) + 1
    colour = (levels.amax(1) - levels.amin(1)).mean((1, 2)) + 1
    red, _, blue = levels.mean((2, 3)).unbind(1)
    sides = grey[:, :, :half].mean((1, 2)) - grey[:, :, half:].mean((1, 2))
    black = (levels.amax(1) < 1).float()
    corners = [black[:, y, x] for y in _ends(corner) for x in _ends(corner)]
    # Brightness scales bright, varied and colour; contrast varied and colour; saturation colour alone.
    numbers = [
        bright.log(),
        (varied / bright).log(),
        (colour / varied).log(),
        (red - blue) / colour,
        sides / varied,
        torch.stack(corners).mean((0, 2, 3)),
    ]
    return torch.stack(numbers, 1).double()


def _ends(pixels: int) -> tuple[slice, slice]:
    return slice(None, pixels), slice(-pixels, None)


def _check_labels(labels: np.ndarray, guide: np.ndarray, where: str) -> None:
    """Each epoch must have the guide's labels, in any order."""
    expected = np.bincount(guide[0])
    for epoch, found in enumerate(labels):
        if found.min() < 0 or found.max() >= len(expected):
            raise RaceError(
                f"epoch {epoch} of {where} has a label {found.min()} to {found.max()}; there are "
                f"{len(expected)} classes, 0 to {len(expected) - 1}."
            )
        counts = np.bincount(found, minlength=len(expected))
        if (counts != expected).any():
            label = int((counts != expected).argmax())
            raise RaceError(
                f"epoch {epoch} of {where} has {counts[label]} images with the label {label}; the folder has "
                f"{expected[label]}. Every image comes once in an epoch."
            )


def _by_label(probe: Described) -> np.ndarray:
    """The features with the images in the order of their labels: (epochs, images, len(FEATURES))."""
    order = probe.labels.argsort(1)
    return np.take_along_axis(probe.features, order[..., None], 1)


def _check(found: np.ndarray, allowed: float, why: str) -> None:
    worst = int(np.nan_to_num(found, nan=np.inf).argmax())
    if not found[worst] <= allowed:
        raise RaceError(f"{why.format(FEATURES[worst], found[worst])}; allowed is {allowed:.2f}.")
