"""The image lab without a browser: data in, parameters, result, code, and what the view is told."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dpwidgets import TensorLab, TransformLab, palette, samples
from dpwidgets.labs.image import ImageLab
from dpwidgets.prep.augment import OPERATIONS


def photos(count: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 48, 64), dtype=torch.uint8, generator=torch.manual_seed(1))


@pytest.fixture
def lab() -> ImageLab:
    return ImageLab(photos(), tiles=4, steps=[{"op": "rotation", "values": {"degrees": 30}}])


def test_the_text_that_stands_for_the_lab_is_short_and_stable(lab: ImageLab) -> None:
    assert repr(lab) == "ImageLab(4 tiles, rotation 30°, seed 0)"


def test_the_result_is_what_the_copied_code_gives(lab: ImageLab) -> None:
    lab.set(strength=0.5, seed=3)
    names: dict[str, Any] = {}
    exec(lab.to_code(), names)
    expected = names["variants"](lab._source.sample(0)["image"])
    assert len(lab.result) == 3
    assert all(torch.equal(one, other) for one, other in zip(lab.result, expected, strict=True))
    assert "dpwidgets" not in lab.to_code()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"strength": 2}, r"strength=2 .* 0 to 1"),
        ({"strenght": 0.5}, r"'strenght'.*'strength'"),
        ({"tiles": 1}, r"tiles=1 .* from 2"),
        ({"image": 4}, r"image=4 .* from 0 to 3"),
        ({"view": "histgram"}, r"'histgram'.*'histogram'"),
        ({"steps": [{"op": "rotate"}]}, r"'rotate'"),
        ({"steps": [{"op": "rotation", "values": {"degrees": 999}}]}, r"degrees=999.*180"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(lab: ImageLab, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        lab.set(**wrong)
    assert repr(lab) == "ImageLab(4 tiles, rotation 30°, seed 0)"


def test_all_state_of_the_view_is_json(lab: ImageLab) -> None:
    state = {name: value for name, value in lab.get_state().items() if name != "frame"}
    json.dumps(state)


def test_the_view_can_draw_a_control_for_every_parameter(lab: ImageLab) -> None:
    assert [operation["key"] for operation in lab.catalogue] == list(OPERATIONS)
    for operation in lab.catalogue:
        for control in operation["parameters"]:
            assert control["label"], control
            assert control["help"], control
            if control["kind"] == "choice":
                assert control["default"] in control["choices"]
            else:
                assert control["min"] <= control["default"] <= control["max"]
                assert control["step"] > 0


def test_every_parameter_but_the_steps_has_a_control(lab: ImageLab) -> None:
    assert {control["name"] for control in lab.controls} == set(lab.params) - {"steps"}
    assert lab.controls[0]["name"] == "strength"


@pytest.mark.parametrize(
    "data",
    [
        [Image.new("RGB", (30, 20), "red"), Image.new("L", (20, 20))],
        np.zeros((2, 20, 30, 3), np.uint8),
        torch.rand(2, 1, 20, 30),
        (torch.rand(2, 3, 20, 30), [0, 1]),
    ],
    ids=["PIL", "arrays", "grey floats", "pair"],
)
def test_own_images(data: Any) -> None:
    assert ImageLab(data, tiles=2).caption["width"] > 0


def test_the_last_file_may_be_the_bad_one(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGB", (32, 32)).save(tmp_path / f"{number}.png")
    (tmp_path / "9.png").write_text("no image")
    for lab in (ImageLab(tmp_path, image=2, steps=[], tiles=2), TransformLab(tmp_path, image=2)):
        lab.set(seed=1)
        assert lab.params["image"] == 2
        lab.close()


def test_a_result_that_is_changed_leaves_the_lab_and_the_data_as_they_were() -> None:
    data = torch.full((1, 3, 256, 256), 9, dtype=torch.uint8)
    for lab in (
        ImageLab(data, steps=[], tiles=2),
        TransformLab(data, steps=[], source="tensor uint8 (3, H, W)"),
        TensorLab(data[0, 0, :4, :4], view="memory", look="x.transpose(0, 1)"),
    ):
        lab.result[0].zero_()
        assert (lab.result[0] == 9).all()
        assert (data == 9).all()
        lab.close()


def test_own_folder_with_a_bad_file_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "green").save(tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    lab = ImageLab(tmp_path, tiles=2)
    assert any("bad.jpg" in note for note in lab.caption["notes"])


def test_no_images_no_lab(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no image"):
        ImageLab(tmp_path)


def test_boxes_are_drawn() -> None:
    plain = ImageLab(torch.zeros(1, 3, 60, 60, dtype=torch.uint8), tiles=2, steps=[])
    boxed = ImageLab(
        torch.zeros(1, 3, 60, 60, dtype=torch.uint8), boxes=[[[10, 10, 40, 40]]], tiles=2, steps=[]
    )
    assert plain.frame != boxed.frame


def test_own_reader_judges_the_label() -> None:
    lab = ImageLab(
        (photos(2), [0, 1]), tiles=4, view="label safety", classes=["cat", "dog"],
        reader=lambda images: ([1] * len(images), [0.9] * len(images)),
    )  # fmt: skip
    assert "0 of 3 variants still read as cat" in lab.caption["alt"]


def test_digits_say_how_good_their_reader_is() -> None:
    lab = ImageLab(samples.digits(), image=6, view="label safety", tiles=4, steps=[])
    assert "3 of 3 variants still read as" in lab.caption["alt"]
    assert lab.caption["notes"][0] == "3 of 3 variants keep their label"
    assert re.search(r"right on \d\d%", lab.caption["notes"][1])


def test_the_view_uses_colours_of_the_palette_or_the_theme_alone() -> None:
    allowed = {palette.GOOD.lower(), palette.BAD.lower(), "#fff", "#0008"}
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", str(ImageLab._css).lower())) <= allowed
