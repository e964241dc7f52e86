"""Cures for the errors that torchvision raises in a pipeline."""

from collections.abc import Callable
from typing import NamedTuple

from dpwidgets.prep.transforms.hazards import Finding
from dpwidgets.prep.transforms.stepping import Failure


class Cure(NamedTuple):
    """What helps against a failure, and how to know it."""

    test: Callable[[Failure], bool]
    cure: str


CURES = (
    Cure(lambda f: f.before.kind == "array",
         "v2 transforms work on PIL images and tensors. Put ToImage first."),
    Cure(
        lambda f: f.before.kind == "tensor" and f.before.channels > 4,
        "The axes are in the wrong order. Mend that where it began: an array goes in as (H, W, C).",
    ),
    Cure(lambda f: f.before.mode.startswith("I;16"),
         "PIL can do little with 16 bits. Put ToImage and ToDtype(torch.float32, scale=True) first."),
    Cure(lambda f: f.step.op in ("normalize", "times_255") and f.before.kind == "PIL",
         "This needs a tensor. Put ToImage and ToDtype(torch.float32, scale=True) before it."),
    Cure(lambda f: f.step.op == "to_tensor" and f.before.kind == "tensor",
         "It is a tensor already. Remove this step, or use ToDtype(torch.float32, scale=True)."),
    Cure(lambda f: f.step.op == "normalize" and not f.before.is_float,
         "Whole numbers cannot be normalised. Put ToDtype(torch.float32, scale=True) before it."),
    Cure(lambda f: f.step.op == "normalize" and f.before.channels != 3,
         "Three means and deviations do not fit the number of channels. Put RGB() at the start."),
    Cure(lambda f: f.step.op == "random_crop",
         "The crop is larger than the image. Resize first, or take a smaller crop."),
)  # fmt: skip
_ELSE = "Compare the type, dtype and shape that come in with what this step takes."


def told(failure: Failure) -> Finding:
    """The failure in the library's own words, with a cure."""
    cure = next((one.cure for one in CURES if one.test(failure)), _ELSE)
    return Finding("✕", "fails", failure.message, cure)
