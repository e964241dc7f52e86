"""Previews: the quicker pixels are close to torchvision's own."""

import numpy as np
import pytest
import skimage.data
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.previewing import Work, compute, jitter, preview


def photographs() -> torch.Tensor:
    """Four photographs and all shades of grey, which have no hue: uint8 (5, 3, 96, 128)."""
    ready = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]
    images = [F.resize(torch.from_numpy(one.copy()).permute(2, 0, 1), [96, 128]) for one in ready]
    return torch.stack(
        [*images, torch.arange(96 * 128).reshape(1, 96, 128).expand(3, -1, -1).to(torch.uint8)]
    )


def difference(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (one.int() - other.int()).abs()


@pytest.mark.parametrize(
    "amounts",
    [
        {"brightness": 0.8}, {"contrast": 0.8}, {"saturation": 0.8}, {"hue": 0.5},
        {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.2},
    ],
)  # fmt: skip
def test_jitter_is_torchvisions_within_rounding(amounts: dict[str, float]) -> None:
    images = photographs()
    transform = v2.ColorJitter(**amounts)
    for seed in range(5):  # different orders of the four steps
        torch.manual_seed(seed)
        draws = [transform.make_params([image]) for image in images]
        expected = [transform.transform(image, one) for image, one in zip(images, draws, strict=True)]
        got = [jitter(image.numpy(), one) for image, one in zip(images, draws, strict=True)]
        off = difference(torch.from_numpy(np.stack(got)), torch.stack(expected)).float()
        assert off.mean() < 2
        assert off.quantile(0.99) <= 6  # torchvision rounds after each step, and a later step magnifies that


def test_every_image_keeps_its_own_draws_and_plan() -> None:
    images = photographs()[:3]
    transform = v2.ColorJitter(hue=0.3)
    torch.manual_seed(0)
    draws = [transform.make_params([image]) for image in images]
    samples = [{"image": tv_tensors.Image(image)} for image in images]
    plans = [[Work(transform, draws[0])], [], [Work(transform, draws[2])]]
    first, second, third = (sample["image"] for sample in preview(plans, samples))
    assert difference(first, transform.transform(images[0], draws[0])).float().mean() < 1
    assert torch.equal(second, images[1])
    assert difference(third, transform.transform(images[2], draws[2])).float().mean() < 1


def test_a_warp_moves_image_and_boxes_as_torchvision_does() -> None:
    image = tv_tensors.Image(photographs()[0])
    box = [[20, 20, 60, 50]]
    boxes = tv_tensors.BoundingBoxes(box, format="XYXY", canvas_size=(96, 128), dtype=torch.float32)
    for transform in (v2.RandomRotation(30), v2.RandomAffine(20, (0.1, 0.1)), v2.RandomPerspective(0.4, p=1)):
        work = Work(transform, transform.make_params([image]))
        expected = compute(work, {"image": image, "boxes": boxes})
        (got,) = preview([[work]], [{"image": image, "boxes": boxes}])
        assert isinstance(got["image"], tv_tensors.Image)
        assert got["image"].shape == expected["image"].shape
        assert difference(got["image"], expected["image"]).float().mean() < 6  # nearest pixel, other rounding
        assert torch.equal(got["boxes"], expected["boxes"])
