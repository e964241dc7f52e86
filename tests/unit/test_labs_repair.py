"""The repair lab without a browser: data in, parameters, result, code, and what the view is told."""

import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dpwidgets import RepairLab, samples
from dpwidgets.samples.tables import TABLES


@pytest.fixture(scope="module")
def shared() -> RepairLab:
    return RepairLab("wine", column="hue", share=0.25, strategy="KNN")


@pytest.fixture
def lab(shared: RepairLab) -> RepairLab:
    shared.reset()
    return shared


def own() -> pd.DataFrame:
    chance = np.random.default_rng(0)
    size = chance.normal(30, 5, 80)
    table = pd.DataFrame({"size": size, "price": 3 * size + chance.normal(size=80), "town": ["A", "B"] * 40})
    table["rooms"] = chance.integers(1, 6, 80)
    table.loc[[4, 9], "size"] = np.nan
    return table


def test_the_text_that_stands_for_the_lab_is_short_and_stable(lab: RepairLab) -> None:
    assert repr(lab) == "RepairLab(wine, hue: 25% MAR, KNN, fit on train only, seed 0)"


@pytest.mark.parametrize("table", TABLES)
def test_the_result_is_what_the_copied_code_gives(lab: RepairLab, table: str) -> None:
    lab.set(table=table, strategy="iterative", share=0.2)
    names: dict[str, Any] = {}
    exec(lab.to_code(), names)
    pd.testing.assert_frame_equal(names["repaired"], lab.result, rtol=1e-9)
    assert "dpwidgets" not in lab.to_code()
    assert list(lab.result) == list(samples.table(table).features)


def test_a_result_that_is_changed_leaves_the_lab_as_it_was(lab: RepairLab) -> None:
    result = lab.result
    result.loc[:, :] = 0
    assert (lab.result["alcohol"] > 0).all()


def test_set_changes_picture_text_and_code_and_reset_goes_back(lab: RepairLab) -> None:
    before = (lab.frame, lab.caption["alt"], lab.code)
    lab.set(strategy="mean")
    assert Image.open(io.BytesIO(lab.frame)).size == (1840, 1200)
    after = (lab.frame, lab.caption["alt"], lab.code)
    assert all(one != other for one, other in zip(before, after, strict=True))
    lab.reset()
    assert (lab.frame, lab.caption["alt"], lab.code) == before


def test_all_state_of_the_view_is_json(lab: RepairLab) -> None:
    json.dumps({name: value for name, value in lab.get_state().items() if name != "frame"})


def test_every_parameter_has_a_control_that_can_show_it(lab: RepairLab) -> None:
    assert {control["name"] for control in lab.controls} == set(lab.params)
    for control in lab.controls:
        value = lab.params[control["name"]]
        assert control["label"], control
        assert control["help"], control
        if control["kind"] == "choice":
            assert value in control["choices"]
        elif control["kind"] != "flag":
            assert control["min"] <= value <= control["max"]
    first = next(control for control in lab.controls if control["kind"] == "slider")
    assert (first["name"], first["when"]) == ("share", None), "the first slider is always shown"


def test_the_view_knows_the_columns_of_each_table(lab: RepairLab) -> None:
    assert {name: len(columns) for name, columns in lab.catalogue.items()} == {
        "wine": 13,
        "breast cancer": 30,
        "diabetes": 10,
    }


def test_an_own_table_has_its_own_columns_and_says_what_was_left_out() -> None:
    lab = RepairLab(own(), target="price", column="size", mechanism="MCAR")
    names = [control["name"] for control in lab.controls]
    assert lab.catalogue == {"your table": ["size", "rooms"]}
    assert "table" not in names
    assert "model" in names
    told = " ".join(lab.caption["notes"])
    assert "left out, no numbers: town" in told
    assert "2 holes of your own" in told
    assert not lab.result.isna().any(axis=None)
    scope: dict[str, Any] = {"table": own()}
    exec(lab.to_code(), scope)
    pd.testing.assert_frame_equal(scope["repaired"], lab.result, rtol=1e-9)


def test_without_a_target_there_is_no_model_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    own().to_csv(path, index=False)
    lab = RepairLab(path)
    assert not {"model", "scaler"} & {control["name"] for control in lab.controls}
    assert "accuracy" not in lab.caption["alt"]


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        ("wines.csv", {}, "'wines.csv' is no CSV file here, and no sample table"),
        ("wine", {"target": "hue"}, "target belongs to a table of your own"),
        (np.zeros((50, 3)), {}, "data is a ndarray; give a DataFrame"),
        (None, {"stratgy": "mean"}, "'stratgy'.*'strategy'"),
        (None, {"column": "hues"}, "'hues'.*'hue'"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_cure(data: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=told):
        RepairLab(data, **options)


def test_an_error_in_the_engine_is_shown_and_the_lab_goes_on(
    lab: RepairLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, Any]] = []
    came = threading.Event()

    def take(content: dict[str, Any], buffers: Any = None) -> None:
        if "seen" in content:
            answers.append(content)
            came.set()

    monkeypatch.setattr(lab, "send", take)

    def ask(request: int, **params: Any) -> dict[str, Any]:
        came.clear()
        message = {"kind": "params", "client": "page", "request": request, "moving": True}
        lab._handle_custom_msg(message | {"params": lab.params | params}, [])
        assert came.wait(20)
        return answers[-1]

    with monkeypatch.context() as broken:
        broken.setattr("dpwidgets.prep.repair.engine.repair", lambda *_: 1 / 0)
        problem = ask(1, seed=4321)
    assert problem["kind"] == "problem"
    assert "ZeroDivisionError" in problem["text"]
    assert "seed=4321" in problem["text"]
    assert ask(2, seed=4322)["kind"] == "frame"
