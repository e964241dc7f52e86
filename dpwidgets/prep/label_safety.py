"""Does an augmented image still show its class? A small model reads it, as a first opinion.

The model is fitted on the source's own labelled images in about a second. It is no judge: its accuracy on
images that it has not seen is kept beside it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import torch
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.neighbors import KNeighborsClassifier
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.images import ImageSource

# Images, uint8 (3, H, W) of any size -> one class index and one confidence (0 to 1) for each.
Reader = Callable[[Sequence[torch.Tensor]], tuple[Sequence[int], Sequence[float]]]

_SIDE = 16  # pixels of the thumbnail that the model sees
_BINS = 8  # of the histogram of each channel
_MOST = 600  # images used in all
_HELD_OUT = 5  # every fifth of them measures the accuracy


class ThumbnailReader:
    """Reads images by a small grey thumbnail and, where there is colour, a colour histogram.

    Attributes:
        accuracy: share of held-out images of the source that it reads right, 0 to 1. Overlapping crops of
            one photograph flatter it, as they do any random split. None for fewer than five images.
    """

    def __init__(self, source: ImageSource) -> None:
        chosen = _balanced(source)
        if len({label for _, label in chosen}) < 2:
            raise ValueError(
                "Label safety needs labelled images of at least two classes: give a class-per-folder tree, "
                "labels=, or reader=, your own function from images to (labels, confidences)."
            )
        # The label after the thumbnail: a file that is no image drops out, and the next takes its index.
        read = [(source.thumbnail(index, _SIDE), source.label(index)) for index, _ in chosen]
        thumbnails, labels = [image for image, _ in read], np.array([label for _, label in read])
        self._coloured = any(bool((image[0] != image[1]).any()) for image in thumbnails[:50])
        features = self._features(thumbnails)
        held = np.arange(len(chosen)) % _HELD_OUT == _HELD_OUT - 1
        self._model = (
            ExtraTreesClassifier(60, random_state=0)
            if self._coloured
            else KNeighborsClassifier(min(5, int((~held).sum())), weights="distance")
        )
        self._model.fit(features[~held], labels[~held])
        self.accuracy = float(self._model.score(features[held], labels[held])) if held.any() else None

    def __call__(self, images: Sequence[torch.Tensor]) -> tuple[list[int], list[float]]:
        chances = self._model.predict_proba(self._features([_thumbnail(image) for image in images]))
        return self._model.classes_[chances.argmax(1)].tolist(), chances.max(1).tolist()

    def _features(self, thumbnails: Sequence[torch.Tensor]) -> np.ndarray:
        """One row per thumbnail, uint8 (3, 16, 16)."""
        pixels = torch.stack(list(thumbnails)).float() / 255
        grey = pixels.mean(1).flatten(1)
        if not self._coloured:
            return grey.numpy()
        bins = (pixels * (_BINS - 1e-3)).long()
        shares = torch.nn.functional.one_hot(bins, _BINS).float().mean((2, 3))  # (N, 3, bins)
        return torch.cat([grey, shares.flatten(1)], 1).numpy()


def _thumbnail(image: torch.Tensor) -> torch.Tensor:
    return F.resize(image.as_subclass(torch.Tensor), [_SIDE, _SIDE], antialias=True)


def _balanced(source: ImageSource) -> list[tuple[int, int]]:
    """Up to 600 (index, label), about as many of each class, the same ones each time."""
    by_class: dict[int, list[int]] = defaultdict(list)
    for index in range(len(source) if source.lists_labels else min(len(source), _MOST)):
        label = source.label(index)
        if label is not None:
            by_class[label].append(index)
    chance = Random(0)
    each = max(1, _MOST // max(1, len(by_class)))
    chosen = [
        (index, label)
        for label, indices in by_class.items()
        for index in chance.sample(indices, min(each, len(indices)))
    ]
    chance.shuffle(chosen)
    return chosen
