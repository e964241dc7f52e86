"""The image lab: torchvision's augmentations on your images, live."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import traitlets

from dpwidgets import samples
from dpwidgets.labs.base import Control, Lab, source_text
from dpwidgets.labs.steps import described, parameter_control
from dpwidgets.prep.augment import (
    MAX_SEED,
    MAX_TILES,
    OPERATIONS,
    SPREADS,
    VIEWS,
    AugmentEngine,
    Pipeline,
    Step,
)
from dpwidgets.prep.images import read_source
from dpwidgets.prep.label_safety import Reader
from dpwidgets.prep.operations import Operation


class ImageLab(Lab):
    """Try augmentations of torchvision v2 on images, and copy the result as code.

    Args:
        data: what to augment; None takes the sample photographs. A folder of images, PIL images, arrays
            (H, W, 3), a tensor (N, C, H, W), a pair (images, labels), or a Dataset.
        labels, classes, boxes, masks: what belongs to the images, if anything; see `prep.images.read_source`.
        reader: for the label safety view, your own function from images (uint8 tensors (3, H, W)) to
            (class indices, confidences); without it a small model is fitted on the images' labels.
        params: start values, such as `strength=0.5`, `seed=3`, `tiles=8`, `view="label safety"`,
            `steps=[{"op": "rotation", "values": {"degrees": 30}}]`.

    Raises:
        ValueError, TypeError, FileNotFoundError: for data that holds no images, and for a parameter that is
            not known or not allowed.
    """

    _esm = source_text("link.js", "controls.js", "base.js", "steps.js", "image.js")
    _css = source_text("base.css", "steps.css")
    _engine: AugmentEngine
    catalogue: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        data: Any = None,
        *,
        labels: Sequence[int] | None = None,
        classes: Sequence[str] | None = None,
        boxes: Sequence[Any] | None = None,
        masks: Sequence[Any] | None = None,
        reader: Reader | None = None,
        **params: Any,
    ) -> None:
        data = samples.photos() if data is None else data
        self._source = read_source(data, labels=labels, classes=classes, boxes=boxes, masks=masks)
        catalogue = [_described(operation) for operation in OPERATIONS.values()]
        engine = AugmentEngine(self._source, reader=reader)
        super().__init__(engine, params, title="Image augmentation lab", catalogue=catalogue)

    @property
    def result(self) -> list[torch.Tensor]:
        """The variants that are shown: uint8 (3, H, W) each."""
        return self._engine.variants(self.settings, self.settings["tiles"] - 1)

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        last = len(self._source) - 1
        yield Control(
            "strength", "strength", "slider", "Scales all operations; 0 % leaves the image as it is.",
            max=1, step=0.01, percent=True,
        )
        yield Control("image", "image", "number", f"Which image, from 0 to {last}.", max=last)
        yield Control("seed", "seed", "seed", "The same seed gives the same variants.", max=MAX_SEED)
        yield Control("tiles", "tiles", "slider", "The original and its variants.", min=2, max=MAX_TILES)
        yield Control(
            "spread", "variants of", "choice", "Many variants of one image, or one of each image.",
            choices=SPREADS,
        )
        yield Control(
            "view", "view", "choice", "The variants alone, what a model reads in them, or their histograms.",
            choices=VIEWS,
        )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        steps = Pipeline([Step.from_dict(step) for step in params["steps"]])
        return f"{params['tiles']} tiles, {steps}, seed {params['seed']}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        told = []
        if (agrees := notes.get("agrees")) is not None:
            told.append(f"{sum(agrees)} of {len(agrees)} variants keep their label")
        if (accuracy := notes.get("reader_accuracy")) is not None:
            told.append(f"the reader is right on {accuracy:.0%} of unseen originals")
        return told + list(notes["warnings"])

    def _cost(self, notes: Mapping[str, Any]) -> str:
        return f"{notes['ms_per_image']:.1f} ms per image"


def _described(operation: Operation) -> dict[str, Any]:
    """An operation as the view needs it."""
    return described(
        operation.key,
        operation.title,
        operation.group,
        operation.help,
        map(parameter_control, operation.parameters),
        p=operation.default_p,
        label_risk=operation.label_risk,
    )
