"""Chapter 03: the answers to its exercises hold beyond their own checks."""

import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from dpwidgets.learn.answers import load
from dpwidgets.learn.chapters.ch03 import AS_FLOAT_RGB, CHANNEL_STD, TO_DISPLAY
from dpwidgets.samples import dirty_folder


@pytest.mark.parametrize(
    "name",
    [
        "flower/grey.jpg",
        "flower/transparent.png",
        "flower/cmyk.jpg",
        "coffee/palette.png",
        "coffee/palette.gif",
        "chelsea/sixteen_bit.png",
        "chelsea/chelsea_00.jpg",
    ],
)
def test_the_answer_to_03_2_reads_every_odd_file_that_can_be_read(name: str) -> None:
    with Image.open(dirty_folder() / name) as image:
        came = load(AS_FLOAT_RGB.solution)(image)
        assert came.shape == (3, image.height, image.width)
    assert came.dtype == torch.float32
    assert 0 <= came.min() < came.max() <= 1
    assert came.max() > 0.2  # neither wrapped nor black
    assert came.min() < 0.5  # nor cut off to white


def test_the_answer_to_03_4_agrees_with_all_pixels_at_once() -> None:
    images = torch.randint(0, 256, (50, 3, 9, 7), dtype=torch.uint8, generator=torch.manual_seed(0))
    streamed = load(CHANNEL_STD.solution)(images.split(8))
    assert torch.allclose(streamed, (images.double() / 255).std(dim=(0, 2, 3), correction=0))


def test_the_answer_to_03_5_undoes_normalize_for_every_level() -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    image = torch.arange(256, dtype=torch.uint8).repeat(3).reshape(3, 16, 16)
    normalized = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])(image)
    assert torch.equal(load(TO_DISPLAY.solution)(normalized, mean, std), image.permute(1, 2, 0))
