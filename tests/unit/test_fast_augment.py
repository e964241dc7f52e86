"""The fused augmentation against torchvision, picture by picture with the same draws; and how it draws."""

import numpy as np
import pytest
import torch
from skimage import data
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as TF

from dpwidgets.prep.fast.augment import HUE, Draws, augment_rows, draw
from dpwidgets.prep.fast.augment_torch import augment_batch
from dpwidgets.prep.fast.normalize import normalize_rows, scale_and_shift

STEPS = [TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue]
ONE, ZERO = np.ones(3, np.float32), np.zeros(3, np.float32)


def noise(count: int) -> torch.Tensor:
    return torch.randint(
        0, 256, (count, 3, 20, 29), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )


def crops(photo: np.ndarray) -> torch.Tensor:
    return torch.stack(
        [torch.from_numpy(photo)[y : y + 96, 40:136].permute(2, 0, 1) for y in range(0, 160, 20)]
    )


SETS = {"astronaut": crops(data.astronaut()), "coffee": crops(data.coffee()), "noise": noise(8)}


def by_torchvision(image: torch.Tensor, draws: Draws, k: int) -> torch.Tensor:
    """One uint8 picture, its colours as floats between the steps; from 0 to 255."""
    image = TF.horizontal_flip(image) if draws.flip[k] else image
    image = TF.rotate(image, float(draws.angle[k])).float() / 255
    for step in draws.order[k].tolist():
        image = STEPS[step](image, float(draws.factors[k, step]))
    return 255 * image


def augmented(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    out = np.empty(images.shape, np.float32)
    augment_rows(images.numpy(), np.arange(len(images)), *(one.numpy() for one in draws), ONE, ZERO, out)
    return torch.from_numpy(out)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("way", ["numba", "torch"])
def test_each_picture_is_what_torchvision_makes_of_it(name: str, way: str) -> None:
    images = SETS[name]
    draws = draw(len(images), torch.Generator().manual_seed(3), degrees=25, hue=0.4, brightness=0.6)
    found = augmented(images, draws) if way == "numba" else 255 * augment_batch(images, draws)
    for k, image in enumerate(found):
        off = (image - by_torchvision(images[k], draws, k)).abs()
        # A point that falls on the border between two pixels may take the other one.
        assert (off > 0.1).float().mean() < 0.005, (k, draws.order[k], off.max())


def test_nothing_drawn_leaves_the_pictures_alone() -> None:
    images = SETS["coffee"]
    still = draw(8, flip=0, degrees=0, brightness=0, contrast=0, saturation=0, hue=0)
    torch.testing.assert_close(augmented(images, still), images.float(), atol=0.01, rtol=0)
    torch.testing.assert_close(255 * augment_batch(images, still), images.float(), atol=0.01, rtol=0)


def test_rows_are_taken_in_their_order_and_normalised() -> None:
    images = SETS["astronaut"]
    draws = draw(3, torch.Generator().manual_seed(0))
    scale, shift = scale_and_shift((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    out = np.empty((3, 3, 96, 96), np.float32)
    rows = np.array([5, 0, 5])
    augment_rows(images.numpy(), rows, *(one.numpy() for one in draws), scale, shift, out)
    plain = augmented(images[rows], draws)
    wanted = TF.normalize(plain / 255, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
    torch.testing.assert_close(torch.from_numpy(out), wanted, atol=1e-4, rtol=1e-4)


def test_normalising_is_to_dtype_and_normalize() -> None:
    images = SETS["noise"]
    out = np.empty((4, 3, 20 * 29), np.float32)
    rows = np.array([7, 7, 0, 3])
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    normalize_rows(images.numpy().reshape(8, 3, -1), rows, *scale_and_shift(mean, std), out)
    steps = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])
    torch.testing.assert_close(
        torch.from_numpy(out).view(4, 3, 20, 29), steps(images[rows]), atol=2e-6, rtol=1e-5
    )


def test_draws_are_spread_as_torchvisions() -> None:
    many = draw(4000, torch.Generator().manual_seed(0), flip=0.3)
    assert 0.27 < many.flip.float().mean() < 0.33
    assert -10 <= many.angle.min() < -9.9
    assert 9.9 < many.angle.max() <= 10
    assert 0.8 <= many.factors[:, :HUE].min() < 0.801
    assert 1.199 < many.factors[:, :HUE].max() <= 1.2
    assert -0.1 <= many.factors[:, HUE].min() < -0.099
    orders = {tuple(order) for order in many.order.tolist()}
    assert len(orders) == 24
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)


def test_draws_repeat_for_a_seed() -> None:
    first, again, other = (draw(5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.angle, other.angle)


@pytest.mark.parametrize(
    ("amounts", "message"),
    [({"flip": 1.5}, "flip=1.5"), ({"hue": 0.7}, "hue=0.7"), ({"degrees": -1}, "degrees=-1")],
)
def test_amounts_that_make_no_sense_are_refused(amounts: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(2, **amounts)


def test_a_std_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="std="):
        scale_and_shift((0.5,), (0,))
    with pytest.raises(ValueError, match="one above 0 for each of the 2 means"):
        scale_and_shift((0.5, 0.5), (1,))
