"""What the lab shows is what the copied code gives: the same pixels for the same seed, without dpwidgets."""

import builtins
import random
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torchvision.transforms.v2.functional import to_dtype

from dpwidgets.prep import images
from dpwidgets.prep.augment import GROUPS, OPERATIONS, AugmentEngine, Operation, Step
from dpwidgets.prep.images import ImageSource, read_source


@pytest.fixture(scope="module")
def source() -> Iterator[ImageSource]:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((3, 3, 6, 8), generator=generator)
    pictures = torch.nn.functional.interpolate(coarse, (64, 76), mode="bicubic").clamp(0, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "SHORT_SIDE", 64)  # 256 in the lab; the smaller, the quicker
        yield read_source((pictures, [0, 1, 2]), classes=["red", "green", "blue"])


def values_of(operation: Operation, which: str) -> dict[str, Any]:
    return {
        one.name: one.default if which == "default" or one.kind == "choice" else getattr(one, which)
        for one in operation.parameters
    }


def run_alone(code: str) -> dict[str, Any]:
    """Executes the code in a fresh namespace in which dpwidgets cannot be imported."""

    def without_dpwidgets(name: str, *rest: Any) -> Any:
        assert not name.startswith("dpwidgets"), f"the code imports {name}"
        return __import__(name, *rest)

    namespace: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": without_dpwidgets}}
    exec(compile(code, "<copied code>", "exec"), namespace)
    return namespace


def assert_same_pixels(engine: AugmentEngine, params: dict[str, Any], n: int = 2) -> None:
    seed = params["seed"]
    shown = engine.variants(params, n)
    copied = run_alone(engine.to_code(params))["variants"](engine.source.sample(0)["image"], n, seed)
    for one, other in zip(shown, copied, strict=True):
        assert one.dtype == torch.uint8
        assert torch.equal(one, other)


ON_IMAGES = [key for key, operation in OPERATIONS.items() if operation.group != "batch"]


@pytest.mark.parametrize("which", ["default", "min", "max"])
@pytest.mark.parametrize("key", ON_IMAGES)
def test_each_operation(source: ImageSource, key: str, which: str) -> None:
    values = values_of(OPERATIONS[key], which)
    for p in (1.0, 0.5):
        params = {"steps": [{"op": key, "p": p, "values": values}], "seed": 11}
        assert_same_pixels(AugmentEngine(source), params)


@pytest.mark.parametrize("draw", range(10))
def test_random_pipelines(source: ImageSource, draw: int) -> None:
    chance = random.Random(draw)
    steps = [
        {"op": key, "p": round(chance.random(), 2), "on": chance.random() < 0.8}
        for key in chance.sample(ON_IMAGES, chance.randint(1, 6))
    ]
    params = {"steps": steps, "strength": round(chance.random(), 2), "seed": chance.randrange(1000)}
    assert_same_pixels(AugmentEngine(source), params)


def test_the_code_of_no_step_runs(source: ImageSource) -> None:
    assert_same_pixels(AugmentEngine(source), {"steps": [], "seed": 0})


@pytest.mark.parametrize("spread", ["one image", "many images"])
@pytest.mark.parametrize("keys", [["mixup"], ["cutmix"], ["rotation", "mixup", "cutmix"]])
def test_the_batch_operations(source: ImageSource, keys: list[str], spread: str) -> None:
    engine = AugmentEngine(source, size=48)
    for p in (1.0, 0.5):
        params = {"steps": [{"op": key, "p": p} for key in keys], "seed": 5, "tiles": 5, "spread": spread}
        shown = engine.render(params)
        indices = [i % 3 for i in range(4)] if spread == "many images" else [0] * 4
        pictures = [source.sample(index)["image"] for index in indices]
        batch, labels = run_alone(engine.to_code(params))["mixed_batch"](pictures, indices, 5)
        assert torch.equal(to_dtype(batch, torch.uint8, scale=True), torch.stack(shown.notes["tiles"]))
        if labels.ndim == 2:
            assert torch.equal(labels, shown.notes["soft_labels"])


@pytest.mark.parametrize("key", ON_IMAGES)
def test_each_operation_has_what_a_control_needs(key: str) -> None:
    operation = OPERATIONS[key]
    assert operation.group in GROUPS
    assert operation.help.endswith(".")
    assert operation.label_risk.endswith(".")
    for one in operation.parameters:
        assert one.check(one.default, key) == one.default
        assert one.help.endswith(".")
        if one.kind != "choice":
            assert one.min < one.max
            assert 0 < one.step <= one.max - one.min
            assert one.min <= one.identity <= one.max or not one.scales


def test_there_are_at_least_twenty_six() -> None:
    assert len(OPERATIONS) >= 26
    assert {operation.group for operation in OPERATIONS.values()} == set(GROUPS)


@pytest.mark.parametrize("key", ["rotation", "affine", "color_jitter", "posterize", "gaussian_noise"])
def test_strength_zero_changes_next_to_nothing(source: ImageSource, key: str) -> None:
    engine = AugmentEngine(source)
    original = source.sample(0)["image"].int()
    for strength, low, high in ((0.0, 0.0, 1.0), (1.0, 1.5, 255.0)):
        tile = engine.variants({"steps": [{"op": key}], "strength": strength, "seed": 2}, 1)[0]
        assert low <= (tile.int() - original).abs().float().mean() <= high


def test_without_a_p_of_its_own_a_step_takes_the_usual_one() -> None:
    assert Step.from_dict({"op": "horizontal_flip"}).p == 0.5
    assert Step.from_dict({"op": "rotation"}).p == 1.0
