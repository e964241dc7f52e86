"""The pixels of a preview: the same draws as the full picture, computed in less time.

A preview is shown while the hand moves, beside a browser that wants the same processor. So turns and warps
are made by PIL with the nearest pixel, and the colour jitter of all images in one batch, without
torchvision's rounding to whole values after each of its four steps.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.images import Sample

Draws = dict[str, Any]  # what a transform's `make_params` gives

_WARPS = (v2.RandomRotation, v2.RandomAffine, v2.RandomPerspective)
_GREY = (0.2989, 0.587, 0.114)  # shares of red, green and blue, as in torchvision


class Work(NamedTuple):
    """What is left to do to one image's pixels once its random numbers are drawn.

    Attributes:
        place: of the transform in the pipeline, the same for all images.
        transform: computes the pixels.
        draws: what its `make_params` gave; None for a transform that draws while it computes.
    """

    place: tuple[int, int]
    transform: v2.Transform
    draws: Draws | None


def compute(work: Work, sample: Sample) -> Sample:
    """One transform on one sample, exactly as torchvision makes it."""
    _, transform, draws = work
    if isinstance(transform, v2.RandomErasing):  # it would leave boxes and masks alone, with a warning each
        return sample | {"image": transform.transform(sample["image"], draws)}
    return {name: transform.transform(part, draws) for name, part in sample.items()}


def preview(plans: Sequence[Sequence[Work]], samples: Sequence[Sample]) -> list[Sample]:
    """Every sample through its own plan, transform by transform; images of one size together."""
    samples = list(samples)
    for place in sorted({work.place for plan in plans for work in plan}):
        todo = {i: work for i, plan in enumerate(plans) for work in plan if work.place == place}
        images = [samples[i]["image"] for i in todo]
        transform = next(iter(todo.values())).transform
        if isinstance(transform, v2.ColorJitter) and _one_size(images):
            batch = jitter(torch.stack(images), [work.draws or {} for work in todo.values()])
            for i, image in zip(todo, batch, strict=True):
                samples[i] = samples[i] | {"image": tv_tensors.Image(image)}
        elif isinstance(transform, _WARPS):
            # Many variants of one image are turned: it becomes a PIL image once.
            pils = {id(image): F.to_pil_image(image) for image in {id(one): one for one in images}.values()}
            for i, work in todo.items():
                samples[i] = _warp(work, samples[i], pils[id(samples[i]["image"])])
        else:
            for i, work in todo.items():
                samples[i] = compute(work, samples[i])
    return samples


def _one_size(images: Sequence[torch.Tensor]) -> bool:
    return len({image.shape for image in images}) == 1


def _warp(work: Work, sample: Sample, pil: Image.Image) -> Sample:
    """`pil` is the sample's image."""
    transform = work.transform
    transform.interpolation = F.InterpolationMode.NEAREST
    warped = F.pil_to_tensor(transform.transform(pil, work.draws))
    rest = {name: transform.transform(part, work.draws) for name, part in sample.items() if name != "image"}
    return {"image": tv_tensors.Image(warped), **rest}


def jitter(images: torch.Tensor, draws: Sequence[Draws]) -> torch.Tensor:
    """What `v2.ColorJitter` makes of each image with its own draws, within 2 of 255 on average.

    Args:
        images: uint8 (N, 3, H, W).
        draws: N times "fn_idx" (the order of the four steps) and "brightness_factor", "contrast_factor",
            "saturation_factor", "hue_factor" (None leaves a step out).

    Returns:
        uint8 (N, 3, H, W).
    """
    images = images.to(torch.float32).div_(255)
    for turn in range(4):
        for number, (name, change) in enumerate(_JITTER.items()):
            rows = [i for i, one in enumerate(draws) if int(one["fn_idx"][turn]) == number]
            rows = [i for i in rows if draws[i][name] is not None]
            if rows:
                factors = torch.tensor([draws[i][name] for i in rows]).view(-1, 1, 1, 1)
                images[rows] = change(images[rows], factors)
    return images.mul_(255).to(torch.uint8)  # cut off, as torchvision does


def _brighter(images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    return images.mul_(factors).clamp_(0, 1)


def _more_contrast(images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    return torch.lerp(_grey(images).mean((1, 2, 3), keepdim=True), images, factors).clamp_(0, 1)


def _more_saturated(images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    return torch.lerp(_grey(images), images, factors).clamp_(0, 1)


def _grey(images: torch.Tensor) -> torch.Tensor:
    red, green, blue = images.split(1, dim=1)
    return red * _GREY[0] + green * _GREY[1] + blue * _GREY[2]


def _other_hue(images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """A turn of the hue leaves a pixel's largest and smallest value as they are (HSV, Wikipedia)."""
    red, green, blue = images.split(1, dim=1)
    top = torch.maximum(torch.maximum(red, green), blue)
    bottom = torch.minimum(torch.minimum(red, green), blue)
    span = top - bottom
    by = span.clamp(min=1e-6)  # grey pixels have no hue: whatever comes out is multiplied by span = 0
    sixths = torch.where(
        top == red,
        (green - blue) / by,
        torch.where(top == green, 2 + (blue - red) / by, 4 + (red - green) / by),
    )
    sixths += 6 * factors
    shifts = torch.tensor([5.0, 3.0, 1.0]).view(1, 3, 1, 1)
    away = (sixths + shifts).remainder_(6)
    return top - span * torch.minimum(away, 4 - away).clamp_(0, 1)


_JITTER: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {  # in the order of `fn_idx`
    "brightness_factor": _brighter,
    "contrast_factor": _more_contrast,
    "saturation_factor": _more_saturated,
    "hue_factor": _other_hue,
}
