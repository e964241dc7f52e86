"""What the lab shows is what the copied code gives: the same pixels for the same seed, without dpwidgets."""

import builtins
import random
from typing import Any

import pytest
import torch

from dpwidgets.prep.augment import OPERATIONS, AugmentEngine, Operation
from dpwidgets.prep.images import ImageSource, read_source


@pytest.fixture(scope="module")
def source() -> ImageSource:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((3, 3, 6, 8), generator=generator)
    images = torch.nn.functional.interpolate(coarse, (256, 304), mode="bicubic").clamp(0, 1)
    return read_source((images, [0, 1, 2]), classes=["red", "green", "blue"])


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


def assert_same_pixels(engine: AugmentEngine, params: dict[str, Any], n: int = 3) -> None:
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
    quick = [key for key in ON_IMAGES if key != "elastic"]
    steps = [
        {"op": key, "p": round(chance.random(), 2), "on": chance.random() < 0.8}
        for key in chance.sample(quick, chance.randint(1, 6))
    ]
    params = {"steps": steps, "strength": round(chance.random(), 2), "seed": chance.randrange(1000)}
    assert_same_pixels(AugmentEngine(source), params)


def test_the_code_of_no_step_runs(source: ImageSource) -> None:
    assert_same_pixels(AugmentEngine(source), {"steps": [], "seed": 0})
