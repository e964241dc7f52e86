"""The pipeline stepper without a browser: data in, parameters, result, code, and what the view is told."""

import builtins
import json
from typing import Any

import pytest
import torch
from PIL import Image

from dpwidgets.labs.transform import TransformLab

PLAIN = ["to_image", "to_dtype", "normalize"]


def photos(count: int = 3) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 48, 64), dtype=torch.uint8, generator=torch.manual_seed(1))


@pytest.fixture
def lab() -> TransformLab:
    return TransformLab(photos(), steps=PLAIN)


def run_alone(code: str) -> dict[str, Any]:
    """Executes the code in a fresh namespace in which dpwidgets cannot be imported."""

    def without_dpwidgets(name: str, *rest: Any) -> Any:
        assert not name.startswith("dpwidgets"), f"the code imports {name}"
        return __import__(name, *rest)

    namespace: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": without_dpwidgets}}
    exec(compile(code, "<copied code>", "exec"), namespace)
    return namespace


def test_the_text_that_stands_for_the_lab(lab: TransformLab) -> None:
    end = "Image float32 (3, 256, 341)"
    assert repr(lab) == f"TransformLab(PIL image, RGB → ToImage → ToDtype → Normalize: {end})"
    lab.set(steps=["to_image", "normalize"])
    assert repr(lab).endswith("ToImage → Normalize: Normalize fails)")


def test_the_result_is_what_the_copied_code_gives(lab: TransformLab) -> None:
    steps = ["to_image", "random_resized_crop", "color_jitter", *PLAIN[1:]]
    lab.set(steps=steps, seed=5, image=2)
    photo = lab._source.sample(2)["image"].as_subclass(torch.Tensor)
    assert torch.equal(lab.result, run_alone(lab.to_code())["prepare"](photo))


def test_a_failure_is_told_and_there_is_no_result(lab: TransformLab) -> None:
    assert lab.failure == ""
    lab.set(steps=["to_image", "normalize", "to_dtype"])
    assert lab.result is None
    assert lab.failure == "Normalize: TypeError: Input tensor should be a float tensor. Got torch.uint8."
    (finding,) = lab.caption["more"]["findings"]
    assert finding["where"] == "2 Normalize"
    assert finding["sign"] == "✕"
    assert "scale=True" in finding["cure"]
    assert lab.caption["alt"].endswith("Not reached: ToDtype.")


def test_set_and_reset_and_the_picture_follow(lab: TransformLab) -> None:
    first = lab.frame
    lab.set(image=1)
    assert lab.frame != first
    lab.reset()
    assert lab.frame == first


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"image": 3}, r"image=3 .* from 0 to 2"),
        ({"sed": 1}, r"'sed'.*'seed'"),
        ({"source": "PIL image, RGBS"}, r"did you mean 'PIL image, RGB"),
        ({"show": "all"}, r"show 'all'"),
        ({"steps": ["to_imge"]}, r"'to_imge'.*'to_image'"),
        ({"steps": [{"op": "center_crop", "values": {"size": 5}}]}, r"center_crop: size=5 .* from 16 to 320"),
        ({"steps": [{"op": "rgb", "p": 0.5}]}, r"step setting 'p'"),
        ({"steps": [{"on": True}]}, r"names no operation"),
        ({"steps": "to_image"}, r"give a list of steps"),
        ({"steps": ["rgb"] * 10}, r"10 entries; give at most 9"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(
    lab: TransformLab, wrong: dict[str, Any], told: str
) -> None:
    before = lab.params
    with pytest.raises(ValueError, match=told):
        lab.set(**wrong)
    assert lab.params == before


def test_the_view_can_draw_a_control_for_every_parameter(lab: TransformLab) -> None:
    state = {name: value for name, value in lab.get_state().items() if name != "frame"}
    json.dumps(state)
    assert {control["name"] for control in lab.controls} == set(lab.params) - {"steps"}
    assert lab.controls[0]["kind"] == "slider", "the first slider must change the picture"
    for entry in lab.catalogue:
        assert entry["p"] is None
        for control in entry["parameters"]:
            if control["kind"] == "choice":
                assert control["default"] in control["choices"]
            else:
                assert control["min"] <= control["default"] <= control["max"]


@pytest.mark.parametrize(
    "data",
    [[Image.new("L", (40, 30), 90)], torch.rand(2, 1, 20, 30), (photos(2), [0, 1])],
    ids=["PIL", "grey floats", "pair"],
)
def test_own_images(data: Any) -> None:
    lab = TransformLab(data, steps=PLAIN)
    assert lab.result.dtype == torch.float32


def test_no_images_no_lab() -> None:
    with pytest.raises(ValueError, match="without images"):
        TransformLab([])
