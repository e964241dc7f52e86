"""Each silent harm is told where it happens, and not where it does not; each failure gets its cure."""

from typing import Any

import pytest
import torch

from dpwidgets.prep.images import read_source
from dpwidgets.prep.transforms import TransformEngine
from dpwidgets.prep.transforms.catalogue import Step
from dpwidgets.prep.transforms.failures import CURES
from dpwidgets.prep.transforms.failures import told as advice
from dpwidgets.prep.transforms.hazards import END_HAZARDS, HAZARDS
from dpwidgets.prep.transforms.stepping import Failure

FORMS = {
    "rgb": "PIL image, RGB",
    "rgba": "PIL image, RGBA",
    "grey": "PIL image, grey (L)",
    "16": "PIL image, 16 bits (I;16)",
    "hwc": "NumPy uint8 (H, W, 3)",
    "float": "NumPy float 0…255 (H, W, 3)",
    "chw": "NumPy uint8 (3, H, W)",
    "tensor": "tensor uint8 (3, H, W)",
    "batch": "batch uint8 (4, 3, H, W)",
}


@pytest.fixture(scope="module")
def engine() -> TransformEngine:
    generator = torch.Generator().manual_seed(0)
    return TransformEngine(
        read_source([torch.rand((3, 40, width), generator=generator) for width in (60, 50)])
    )


def step(op: str, **values: Any) -> dict[str, Any]:
    return {"op": op, "values": values}


RAW = step("to_dtype", scale="scale=False")
# name -> (input, steps): the last step does the harm.
HARMFUL: dict[str, tuple[str, list[Any]]] = {
    "left as it was": ("hwc", ["resize_short"]),
    "axes turned": ("chw", ["to_image"]),
    "16 bits wrap": ("16", ["to_tensor"]),
    "16 bits cut": ("16", ["grayscale"]),
    "not scaled": ("tensor", [RAW]),
    "floats are not scaled": ("float", ["to_tensor"]),
    "fractions lost": ("tensor", ["to_dtype", step("to_dtype", dtype="uint8", scale="scale=False")]),
    "values wrap": ("tensor", ["to_dtype", "normalize", step("to_dtype", dtype="uint8")]),
    "few digits": ("tensor", [step("to_dtype", dtype="float16")]),
    "× 255": ("tensor", ["to_dtype", "times_255"]),
    "uint8 overflows": ("tensor", ["times_255"]),
    "normalised unscaled": ("tensor", [RAW, "normalize"]),
    "normalised twice": ("tensor", ["to_dtype", "normalize", "normalize"]),
    "grey became three": ("grey", ["to_image", "to_dtype", "normalize"]),
    "shape distorted": ("rgb", ["resize_square"]),
    "jagged": ("tensor", [step("resize_short", size=64, antialias="antialias=False")]),
    "black border": ("rgb", [step("center_crop", size=320)]),
    "values cut": ("tensor", ["to_dtype", "normalize", "color_jitter"]),
    "fill is mid-grey": ("tensor", ["to_dtype", "normalize", "rotation"]),
    "fill out of range": ("tensor", ["to_dtype", step("rotation", fill="128")]),
    "one draw for all": ("batch", ["horizontal_flip"]),
    "ends as a PIL image": ("rgb", []),
    "ends as an array": ("hwc", []),
    "no float at the end": ("tensor", []),
    "not float32": ("tensor", [step("to_dtype", dtype="float64")]),
    "odd channels": ("rgba", ["to_image", "to_dtype"]),
    "sizes differ": ("tensor", ["resize_short", "to_dtype"]),
}
SOUND = [
    ("rgb", ["to_image", "random_resized_crop", "horizontal_flip", "rotation", "color_jitter", "to_dtype",
             "normalize"]),
    ("grey", ["resize_short", "center_crop", "to_tensor"]),
    ("16", ["to_image", "to_dtype", "center_crop"]),
    ("hwc", ["to_tensor", "center_crop"]),
    ("rgba", ["rgb", "to_image", "center_crop", "to_dtype", step("normalize", stats="this image's own")]),
    ("batch", ["to_dtype", "normalize"]),
]  # fmt: skip


def told(engine: TransformEngine, form: str, steps: list[Any]) -> list[list[str]]:
    """The names of the findings for the input and each step."""
    run = engine.run({"source": FORMS[form], "steps": steps})
    return [[one.name for one in here] for here in engine.findings(run)]


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harm_is_told_at_its_step(engine: TransformEngine, name: str) -> None:
    form, steps = HARMFUL[name]
    findings = told(engine, form, steps)
    assert name in findings[-1]
    assert all(name not in here for here in findings[:-1])


def test_every_hazard_has_an_example() -> None:
    names = [one.name for one in (*HAZARDS, *END_HAZARDS)]
    assert len(names) == len(set(names))
    assert set(HARMFUL) == {*names, "sizes differ"}
    for one in (*HAZARDS, *END_HAZARDS):
        assert one.sentence.endswith(".")
        assert one.cure.endswith(".")


@pytest.mark.parametrize(("form", "steps"), SOUND)
def test_a_sound_pipeline_is_left_in_peace(engine: TransformEngine, form: str, steps: list[Any]) -> None:
    assert not any(told(engine, form, steps))


@pytest.mark.parametrize(
    ("form", "steps", "words", "cure"),
    [
        ("hwc", ["random_crop"], "No image", "Put ToImage first"),
        ("16", ["color_jitter"], "wrong mode", "PIL can do little"),
        ("rgb", ["normalize"], "does not support PIL", "needs a tensor"),
        ("tensor", ["to_tensor"], "pic should be PIL Image", "tensor already"),
        ("tensor", ["normalize"], "should be a float tensor", "cannot be normalised"),
        ("rgba", ["to_image", "to_dtype", "normalize"], "must match the size", "RGB()"),
        ("rgb", [step("random_crop", size=320)], "larger than input", "smaller crop"),
        ("rgb", ["times_255"], "unsupported operand", "needs a tensor"),
        ("chw", ["to_image", "color_jitter"], "permitted channel values", "wrong order"),
    ],
)
def test_a_failure_is_told_in_the_librarys_words_with_a_cure(
    engine: TransformEngine, form: str, steps: list[Any], words: str, cure: str
) -> None:
    run = engine.run({"source": FORMS[form], "steps": steps})
    (finding,) = engine.findings(run)[-1]
    assert finding.sign == "✕"
    assert words in finding.sentence
    assert cure in finding.cure


def test_every_cure_ends_its_sentence() -> None:
    assert all(one.cure.endswith(".") for one in CURES)


def test_images_of_one_size_may_keep_it() -> None:
    equal = TransformEngine(read_source(torch.rand(2, 3, 40, 60)))
    assert not any(told(equal, "tensor", ["to_dtype"]))


def test_a_failure_without_a_cure_of_its_own_still_gets_advice(engine: TransformEngine) -> None:
    start = engine.run({"steps": []}).start
    assert "what this step takes" in advice(Failure(Step("rgb"), start, ValueError("no"))).cure
