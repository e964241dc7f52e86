"""The engine: validation, draws that do not depend on anything but the seed, previews, views, notes."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.augment import OPERATIONS, AugmentEngine, Pipeline, Step
from dpwidgets.prep.images import ImageSource, read_source


def smooth_images(count: int) -> torch.Tensor:
    coarse = torch.rand((count, 3, 5, 7), generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, (96, 128), mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def source() -> ImageSource:
    return read_source((smooth_images(4), [0, 1, 0, 1]), classes=["cat", "dog"])


@pytest.fixture(scope="module")
def engine(source: ImageSource) -> AugmentEngine:
    return AugmentEngine(source, size=64)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"strenght": 1}, "strenght.*did you mean 'strength'"),
        ({"strength": 1.5}, "strength=1.5.*from 0 to 1"),
        ({"tiles": 100}, "tiles=100.*from 2 to 24"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5.*whole number"),
        ({"image": 4}, "image=4.*from 0 to 3"),
        ({"view": "histogramm"}, "did you mean 'histogram'"),
        ({"steps": "rotation"}, "steps='rotation'.*list"),
        ({"steps": [{"op": "rotatoin"}]}, "operation 'rotatoin'.*did you mean 'rotation'"),
        ({"steps": [{"on": True}]}, "names no operation"),
        ({"steps": ["rotation"]}, "step 'rotation' names no operation"),
        ({"steps": [3]}, "step 3 names no operation"),
        ({"steps": [{"op": "rotation", "prob": 1}]}, "step setting 'prob'"),
        ({"steps": [{"op": "rotation", "p": 2}]}, "rotation: p=2.*from 0 to 1"),
        ({"steps": [{"op": "rotation", "p": True}]}, "rotation: p=True"),
        ({"steps": [{"op": "rotation", "on": "yes"}]}, "rotation: on='yes'"),
        ({"steps": [{"op": "rotation", "values": {"degree": 3}}]}, "degree.*did you mean 'degrees'"),
        ({"steps": [{"op": "rotation", "values": {"degrees": 200}}]}, "degrees=200.*from 0 to 180"),
        ({"steps": [{"op": "rotation", "values": {"degrees": "10"}}]}, "degrees='10'"),
        ({"steps": [{"op": "rotation", "values": {"range": "never"}}]}, "'up to', 'exactly'"),
        ({"steps": [{"op": "posterize", "values": {"bits": 2.5}}]}, "bits=2.5.*whole number from 1 to 8"),
        ({"steps": [{"op": "gaussian_noise", "values": {"sigma": float("nan")}}]}, "sigma=nan"),
    ],
)
def test_a_wrong_parameter_is_named(engine: AugmentEngine, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        engine.render(params)


def test_checked_parameters_are_plain_data(engine: AugmentEngine) -> None:
    checked = engine.check(engine.default_params())
    assert json.loads(json.dumps(checked)) == checked == engine.check(checked)


def test_the_global_random_state_is_left_alone(engine: AugmentEngine) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    for steps in ([{"op": "rotation"}], [{"op": "gaussian_noise"}], [{"op": "cutmix"}]):
        engine.render({"steps": steps})
    assert torch.equal(torch.rand(3), expected)


def test_a_tile_depends_on_its_own_seed_alone(engine: AugmentEngine) -> None:
    params = engine.default_params()
    first = engine.variants(params, 5)
    later = engine.variants(params | {"seed": 3}, 2)
    assert torch.equal(first[3], later[0])
    assert torch.equal(first[4], later[1])
    assert not torch.equal(first[0], first[1])


def test_the_order_of_the_steps_counts(engine: AugmentEngine) -> None:
    steps = [{"op": "invert", "p": 1}, {"op": "posterize", "values": {"bits": 1}}]
    one, other = (engine.variants({"steps": order}, 1)[0] for order in (steps, steps[::-1]))
    assert not torch.equal(one, other)


def test_a_step_that_is_off_does_nothing(engine: AugmentEngine, source: ImageSource) -> None:
    tile = engine.variants({"steps": [{"op": "invert", "p": 1, "on": False}]}, 1)[0]
    assert torch.equal(tile, source.sample(0)["image"])


def test_a_pipeline_gives_the_transform_that_its_code_names(source: ImageSource) -> None:
    pipeline = Pipeline([Step("rotation", values={"degrees": 30.0}), Step("color_jitter", p=0.5)])
    torch.manual_seed(0)
    by_object = pipeline.transform()(source.sample(0)["image"])
    scope: dict[str, Any] = {}
    exec("from torchvision.transforms import v2\nit = " + pipeline.code(), scope)
    torch.manual_seed(0)
    assert torch.equal(by_object, scope["it"](source.sample(0)["image"]))


DRAWN = [key for key, one in OPERATIONS.items() if one.group != "batch" and key != "gaussian_noise"]


@pytest.mark.parametrize("key", DRAWN)
def test_a_preview_shows_the_draws_of_the_full_picture(engine: AugmentEngine, key: str) -> None:
    # The second step tells whether the random numbers are still in step after the first.
    steps = [{"op": key, "p": 0.7}, {"op": "rotation"}]
    difference = {}
    full = engine.variants({"steps": steps, "seed": 3}, 3)
    for seed in (3, 40):
        small = engine.variants({"steps": steps, "seed": seed}, 3, scale=0.5)
        assert all(max(tile.shape) < max(whole.shape) for tile, whole in zip(small, full, strict=True))
        difference[seed] = max(
            (F.resize(tile, list(whole.shape[-2:])).float() - whole.float()).abs().mean().item()
            for tile, whole in zip(small, full, strict=True)
        )
    assert difference[3] < 6
    assert difference[40] > 2 * difference[3]


def test_noise_leaves_the_draws_of_a_preview_in_step(engine: AugmentEngine) -> None:
    steps = [
        {"op": "gaussian_noise", "values": {"sigma": 0.0}},
        {"op": "rotation", "values": {"degrees": 90}},
    ]
    full = engine.variants({"steps": steps}, 1)[0]
    small = engine.variants({"steps": steps}, 1, scale=0.5)[0]
    assert (F.resize(small, list(full.shape[-2:])).float() - full.float()).abs().mean() < 6


def test_render_says_the_same_each_time(engine: AugmentEngine) -> None:
    params = engine.default_params() | {"view": "histogram"}
    one, other = engine.render(params), engine.render(params)
    assert np.array_equal(one.picture, other.picture)
    assert one.alt == other.alt
    assert one.notes["ms_per_image"] > 0
    assert "12 tiles" in one.alt
    assert "image 0 (cat)" in one.alt
    assert "horizontal flip p=0.5" in one.alt
    assert "red" in one.alt
    assert "ms" not in one.alt.split()


def test_the_histogram_tells_mean_and_spread(engine: AugmentEngine, source: ImageSource) -> None:
    notes = engine.render({"steps": [{"op": "invert", "p": 1}], "view": "histogram"}).notes["histogram"]
    red = source.sample(0)["image"][0].double()
    assert notes["before"][0] == pytest.approx((red.mean().item(), red.std(correction=0).item()))
    assert notes["after"][0] == pytest.approx((255 - red.mean().item(), red.std(correction=0).item()))


def test_many_images_take_one_image_for_each_tile(engine: AugmentEngine, source: ImageSource) -> None:
    tiles = engine.variants({"steps": [], "image": 2, "spread": "many images"}, 3)
    for tile, index in zip(tiles, (2, 3, 0), strict=True):
        assert torch.equal(tile, source.sample(index)["image"])


def test_boxes_and_masks_follow_the_image() -> None:
    image = torch.zeros((1, 3, 256, 256), dtype=torch.uint8)
    image[..., 32:96, 16:80] = 255
    mask = image[0, 0] > 0
    source = read_source(image, boxes=[[[16, 32, 80, 96]]], masks=[mask])
    engine = AugmentEngine(source, size=256)
    steps = [{"op": "horizontal_flip", "p": 1}, {"op": "random_crop", "values": {"padding": 16}}]
    sample = engine._run(engine.check({"steps": steps}), 1, 1.0)[0][0]
    lit = (sample["image"][0] > 127).nonzero()
    (top, left), (bottom, right) = lit.min(0).values.tolist(), (lit.max(0).values + 1).tolist()
    assert sample["boxes"].tolist() == [[left, top, right, bottom]]
    assert torch.equal(sample["masks"][0], sample["image"][0] > 127)


@pytest.mark.parametrize("key", ["randaugment", "augmix", "mixup"])
def test_what_would_leave_boxes_behind_is_refused(key: str) -> None:
    source = read_source(torch.zeros((1, 3, 64, 64), dtype=torch.uint8), boxes=[[[1, 2, 3, 4]]])
    with pytest.raises(ValueError, match=f"{OPERATIONS[key].title} moves pixels but neither boxes nor masks"):
        AugmentEngine(source).render({"steps": [{"op": key}]})


def test_erasing_with_boxes_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    source = read_source(torch.zeros((1, 3, 64, 64), dtype=torch.uint8), boxes=[[[1, 2, 30, 40]]])
    AugmentEngine(source).render({"steps": [{"op": "erasing", "p": 1}], "tiles": 2})
    assert not [one for one in recwarn if "passing through" in str(one.message)]
