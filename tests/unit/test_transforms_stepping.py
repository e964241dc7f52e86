"""One step at a time gives what torchvision's Compose gives, on three sets of images and all odd inputs."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import v2

from dpwidgets import samples
from dpwidgets.prep.images import ImageSource, read_source
from dpwidgets.prep.transforms import TransformEngine
from dpwidgets.prep.transforms.catalogue import CATALOGUE, Step
from dpwidgets.prep.transforms.facts import facts_of
from dpwidgets.prep.transforms.inputs import INPUTS, as_input
from dpwidgets.prep.transforms.stepping import TooLarge, walk


def noise() -> ImageSource:
    shapes = [(3, 70, 90), (3, 256, 40), (3, 33, 64)]
    generator = torch.Generator().manual_seed(3)
    return read_source([torch.rand(shape, generator=generator) for shape in shapes])


@pytest.fixture(scope="module", params=["photos", "digits", "noise"])
def engine(request: pytest.FixtureRequest) -> TransformEngine:
    makers = {"photos": samples.photos, "digits": samples.digits, "noise": noise}
    return TransformEngine(read_source(makers[request.param]()))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return type(one) is type(other) and one.dtype == other.dtype and torch.equal(one, other)
    return np.array_equal(np.asarray(one), np.asarray(other))


def compose_of_my_own(seed: int) -> tuple[list[Any], Any]:
    """A pipeline as steps, and written out by hand in torchvision."""
    steps = [
        "to_image",
        {"op": "resize_short", "values": {"size": 96, "antialias": "antialias=False"}},
        {"op": "random_crop", "values": {"size": 64}},
        {"op": "rotation", "values": {"degrees": 40, "fill": "128"}},
        {"op": "horizontal_flip", "values": {"p": 0.5}},
        {"op": "color_jitter", "values": {"brightness": 0.2, "contrast": 0.3, "saturation": 0.1}},
        "to_dtype",
        {"op": "normalize", "values": {"stats": "ImageNet"}},
        {"op": "erasing", "values": {"p": 1, "fill": "0.5"}},
    ]
    by_hand = v2.Compose(
        [
            v2.ToImage(),
            v2.Resize(96, antialias=False),
            v2.RandomCrop(64),
            v2.RandomRotation(40, interpolation=v2.InterpolationMode.BILINEAR, fill=128),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(0.2, 0.3, 0.1, 0.0),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            v2.RandomErasing(1.0, value=0.5),
        ]
    )
    return steps, by_hand


@pytest.mark.parametrize("seed", [0, 7])
def test_the_steps_agree_with_a_compose_written_by_hand(engine: TransformEngine, seed: int) -> None:
    steps, by_hand = compose_of_my_own(seed)
    for image in (0, 1):
        run = engine.run({"steps": steps, "seed": seed, "image": image})
        torch.manual_seed(seed)
        assert same(run.result, by_hand(v2.functional.to_pil_image(engine.photo(image))))


@pytest.mark.parametrize("form", INPUTS)
@pytest.mark.parametrize("draw", range(4))
def test_random_pipelines_end_as_the_copied_code_does(engine: TransformEngine, form: str, draw: int) -> None:
    """Or fail as it does, with the same words."""
    chance = random.Random(f"{form} {draw}")
    steps = [chance.choice(list(CATALOGUE)) for _ in range(chance.randint(1, 5))]
    if draw % 2:  # odd types alone seldom come far
        steps = ["to_image", "resize_short", *steps][:6]
    params = {"steps": steps, "source": form, "seed": draw, "image": 1}
    run = engine.run(params)
    if run.failure is not None and isinstance(run.failure.error, TooLarge):
        return
    namespace: dict[str, Any] = {}
    exec(engine.to_code(params), namespace)
    copied, error = attempt(namespace["prepare"], engine.photo(1))
    if error is None:
        assert run.failure is None
        assert same(run.result, copied)
    else:
        assert run.failure is not None
        assert run.failure.message == f"{type(error).__name__}: {' '.join(str(error).split())}"
        assert len(run.passages) + 1 + len(run.not_reached) == len(steps)


def attempt(function: Callable[[Any], Any], given: Any) -> tuple[Any, Exception | None]:
    try:
        return function(given), None
    except Exception as error:
        return None, error


def test_an_image_with_turned_axes_does_not_fill_the_memory() -> None:
    photo = noise().sample(0)["image"].as_subclass(torch.Tensor)
    run = walk(photo, "NumPy uint8 (3, H, W)", [Step("to_image"), Step("resize_short")], 0)
    assert run.failure is not None
    assert isinstance(run.failure.error, TooLarge)
    assert "329 channels would become" in run.failure.message


def test_every_step_builds_with_every_choice() -> None:
    for entry in CATALOGUE.values():
        for parameter in entry.parameters:
            values = parameter.choices or (parameter.min, parameter.max)
            for value in values:
                Step(entry.key, values={parameter.name: value}).transform()


def test_v1_and_v2_meet_where_they_should() -> None:
    photo = noise().sample(0)["image"].as_subclass(torch.Tensor)
    old = walk(photo, "PIL image, RGB", [Step("to_tensor")], 0).result
    new = walk(photo, "PIL image, RGB", [Step("to_image"), Step("to_dtype")], 0).result
    assert torch.allclose(old, new, rtol=0, atol=2e-7)
    assert torch.equal(old, transforms.ToTensor()(v2.functional.to_pil_image(photo)))


def test_own_statistics_give_mean_zero_and_deviation_one() -> None:
    photo = noise().sample(0)["image"].as_subclass(torch.Tensor)
    steps = [Step("to_dtype"), Step("normalize", values={"stats": "this image's own"})]
    end = walk(photo, "tensor uint8 (3, H, W)", steps, 0).end
    assert end.mean == pytest.approx(0, abs=1e-5)
    assert end.std == pytest.approx(1, abs=1e-4)


def test_stepping_leaves_the_global_random_state_alone() -> None:
    photo = noise().sample(0)["image"].as_subclass(torch.Tensor)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    walk(photo, "PIL image, RGB", [Step("random_resized_crop"), Step("color_jitter")], 0)
    assert torch.equal(torch.rand(1), expected)


def test_facts_of_each_kind_of_input() -> None:
    photo = torch.arange(3 * 20 * 30, dtype=torch.uint8).reshape(3, 20, 30)
    for form in INPUTS:
        facts = facts_of(as_input(photo, form))
        numbers = np.asarray(as_input(photo, form))
        assert (facts.low, facts.high) == (numbers.min(), numbers.max())
        assert facts.mean == pytest.approx(numbers.mean())
        assert facts.std == pytest.approx(numbers.std())
        assert facts.thumbnail(stretched=False).shape[-1] == 3
    assert facts_of(Image.new("L", (30, 20))).shape == (20, 30)
    with pytest.raises(TypeError, match="gave a list"):
        facts_of([1, 2])


def test_floats_are_cut_off_or_stretched() -> None:
    facts = facts_of(torch.tensor([[[-1.0, 0.0], [0.5, 3.0]]]))
    assert facts.outside == 0.5
    assert facts.thumbnail(stretched=False)[..., 0].tolist() == [[0, 0], [127, 255]]
    assert facts.thumbnail(stretched=True)[..., 0].tolist() == [[0, 63], [95, 255]]


def test_pictures_have_one_size_and_say_the_same_each_time(engine: TransformEngine) -> None:
    steps = compose_of_my_own(0)[0]
    full = [engine.render({"steps": steps[:n]}) for n in (0, 4, 9)]
    assert {one.picture.shape for one in full} == {(1280, 1840, 3)}
    assert engine.render({"steps": steps}, 0.5).picture.shape == (640, 920, 3)
    again = TransformEngine(engine.source).render({"steps": steps})
    assert again.alt == full[-1].alt
    assert np.array_equal(again.picture, full[-1].picture)
