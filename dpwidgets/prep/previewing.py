"""The pixels of a preview: the same draws as the full picture, computed in less time.

A preview is shown while the hand moves, beside a browser that wants the same processor. So turns and warps
are made by PIL with the nearest pixel, and the colour jitter by NumPy, without torchvision's rounding to
whole values after each of its four steps.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.images import Sample

Draws = dict[str, Any]  # what a transform's `make_params` gives

_WARPS = (v2.RandomRotation, v2.RandomAffine, v2.RandomPerspective)
_GREY = np.array([0.2989, 0.587, 0.114], np.float32)  # shares of red, green and blue, as in torchvision


class Work(NamedTuple):
    """What is left to do to one image's pixels once its random numbers are drawn.

    Attributes:
        transform: computes the pixels.
        draws: what its `make_params` gave; None for a transform that draws while it computes.
    """

    transform: v2.Transform
    draws: Draws | None


def compute(work: Work, sample: Sample) -> Sample:
    """One transform on one sample, exactly as torchvision makes it."""
    transform, draws = work
    if isinstance(transform, v2.RandomErasing):  # it would leave boxes and masks alone, with a warning each
        return sample | {"image": transform.transform(sample["image"], draws)}
    return {name: transform.transform(part, draws) for name, part in sample.items()}


def preview(plans: Sequence[Sequence[Work]], samples: Sequence[Sample]) -> list[Sample]:
    """Every sample through its own plan."""
    pils: dict[int, Image.Image] = {}  # variants of one image turn the same image

    def run(plan: Sequence[Work], sample: Sample) -> Sample:
        for work in plan:
            if isinstance(work.transform, v2.ColorJitter):
                jittered = jitter(sample["image"].numpy(), work.draws or {})
                sample = sample | {"image": tv_tensors.Image(torch.from_numpy(jittered))}
            elif isinstance(work.transform, _WARPS):
                image = sample["image"]
                if id(image) not in pils:
                    pils[id(image)] = F.to_pil_image(image)
                sample = _warp(work, sample, pils[id(image)])
                kept.append(image)
            else:
                sample = compute(work, sample)
        return sample

    kept: list[torch.Tensor] = []  # alive, so that no two of them have one id
    return [run(plan, sample) for plan, sample in zip(plans, samples, strict=True)]


def _warp(work: Work, sample: Sample, pil: Image.Image) -> Sample:
    """`pil` is the sample's image."""
    transform = work.transform
    transform.interpolation = F.InterpolationMode.NEAREST
    pixels = torch.from_numpy(np.array(transform.transform(pil, work.draws))).permute(2, 0, 1)
    rest = {name: transform.transform(part, work.draws) for name, part in sample.items() if name != "image"}
    return {"image": tv_tensors.Image(pixels), **rest}


def jitter(image: np.ndarray, draws: Draws) -> np.ndarray:
    """What `v2.ColorJitter` makes of an image, within 2 of 255 on average.

    Args:
        image: uint8 (3, H, W).
        draws: "fn_idx" (the order of the four steps) and "brightness_factor", "contrast_factor",
            "saturation_factor", "hue_factor" (None leaves a step out).

    Returns:
        uint8 (3, H, W).
    """
    pixels = image.astype(np.float32, order="C")
    for step in draws["fn_idx"].tolist():
        name = ("brightness", "contrast", "saturation", "hue")[step]
        factor = draws[f"{name}_factor"]
        if factor is None:
            continue
        if name == "hue":
            pixels = _turn_hue(pixels, factor)
            continue
        if name == "contrast":
            towards = pixels.mean((1, 2)) @ _GREY
        else:
            towards = np.tensordot(_GREY, pixels, 1) if name == "saturation" else 0
        pixels *= factor
        pixels += (1 - factor) * towards
        np.clip(pixels, 0, 255, out=pixels)
    return pixels.astype(np.uint8)  # cut off, as torchvision does


def _turn_hue(pixels: np.ndarray, turn: float) -> np.ndarray:
    """Turns the hue of float32 (3, H, W) by `turn` (-0.5 to 0.5); the conversion is HSV's (Wikipedia).

    A pixel's largest and smallest value stay as they are; those in between follow the hue.
    """
    red, green, blue = pixels
    top = np.maximum(np.maximum(red, green), blue)
    span = top - np.minimum(np.minimum(red, green), blue)
    by = np.maximum(span, 1e-3)  # grey has no hue: whatever comes out is multiplied by a span of 0
    sixths = np.where(
        top == red, (green - blue) / by, np.where(top == green, (blue - red) / by + 2, (red - green) / by + 4)
    )
    sixths += 6 * turn
    turned = np.empty_like(pixels)
    for channel, shift in enumerate((5, 3, 1)):
        away = sixths + shift
        away -= 6 * np.floor(away / 6)
        np.minimum(away, 4 - away, out=away)
        np.clip(away, 0, 1, out=away)
        np.subtract(top, span * away, out=turned[channel])
    return turned
