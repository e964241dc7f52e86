"""The batch size lab without a browser: data in, parameters, result, code, and what the view is told."""

import builtins
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from dpwidgets.labs.batch import BatchLab


@pytest.fixture
def lab() -> BatchLab:
    return BatchLab(data="wine", batch_size=16, seed=2)


def run_alone(code: str, **names: Any) -> dict[str, Any]:
    """Executes the code in a fresh namespace in which dpwidgets cannot be imported."""

    def without_dpwidgets(name: str, *rest: Any) -> Any:
        assert not name.startswith("dpwidgets"), f"the code imports {name}"
        return __import__(name, *rest)

    namespace: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": without_dpwidgets}} | names
    exec(compile(code, "<copied code>", "exec"), namespace)
    return namespace


def test_the_text_that_stands_for_the_lab(lab: BatchLab) -> None:
    assert repr(lab) == "BatchLab(wine, one hidden layer, B = 16, SGD, lr 0.05, seed 2)"
    lab.set(accumulation=4, scale_lr=True)
    assert "B = 16 × 4, SGD, lr 0.05 scaled" in repr(lab)
    assert lab.caption["alt"].startswith("Batches of 16 on wine")
    assert "rows an update 64 and 32" in lab.caption["alt"]
    assert "learning rate 0.1 and 0.05" in lab.caption["alt"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"data": "digits", "batch_size": 256, "scale_lr": True},
        {"data": "breast cancer", "batch_size": 64, "accumulation": 3, "optimizer": "SGD with momentum"},
        {"data": "diabetes", "model": "linear", "drop_last": True, "optimizer": "Adam", "lr": 0.01},
        {"batch_size": 1024, "budget": "equal updates"},
        {"batch_size": 1024, "drop_last": True},
        {"data": "diabetes", "model": "linear", "lr": 10.0, "epochs": 20},
    ],
)
def test_the_result_is_what_the_copied_code_gives(lab: BatchLab, params: dict[str, Any]) -> None:
    lab.set(**params)
    namespace = run_alone(lab.to_code())
    np.testing.assert_allclose(lab.result.losses, namespace["losses"], rtol=1e-6)
    weights = torch.cat([part.detach().ravel() for part in namespace["model"].parameters()]).numpy()
    np.testing.assert_allclose(lab.result.weights, weights, rtol=1e-4, atol=1e-9)


def test_the_test_loss_is_the_copied_models(lab: BatchLab) -> None:
    namespace = run_alone(lab.to_code())
    x, y = namespace["prepare"](namespace["X"], namespace["y"])[2:]
    outputs = namespace["model"](x)
    loss = torch.nn.functional.cross_entropy(outputs, y).item()
    assert lab.result.final["test loss"] == pytest.approx(loss)
    assert lab.result.final["test accuracy"] == pytest.approx((outputs.argmax(1) == y).double().mean().item())


def test_equal_updates_go_on_as_long_as_the_reference(lab: BatchLab) -> None:
    lab.set(batch_size=128, budget="equal updates")
    assert len(lab.result.losses) == 5 * 5
    lab.set(batch_size=128, budget="equal examples")
    assert len(lab.result.losses) == 5 * 2


def test_a_run_that_is_too_long_says_so(lab: BatchLab) -> None:
    lab.set(data="digits", batch_size=1, epochs=6)
    assert lab.result.ended == "too long"
    assert lab.caption["notes"] == ["The run ended after 4,000 batches, all that this lab trains."]


def test_a_preview_shows_the_beginning_of_the_same_run(lab: BatchLab) -> None:
    params = lab.params | {"data": "digits", "batch_size": 2}
    small, full = lab._engine.render(params, 0.5), lab._engine.render(params)
    assert small.picture.shape == (600, 920, 3)
    assert full.picture.shape == (1200, 1840, 3)
    part, whole = lab._engine.run(params, 600), lab._engine.run(params)
    np.testing.assert_array_equal(part.losses, whole.losses[:600])


def test_the_same_parameters_give_the_same_picture(lab: BatchLab) -> None:
    assert BatchLab(data="wine", batch_size=16, seed=2).frame == lab.frame


def test_set_and_reset_and_the_picture_follow(lab: BatchLab) -> None:
    first = lab.frame
    for change in ({"batch_size": 32}, {"lr": 0.1}, {"seed": 5}, {"optimizer": "Adam"}, {"model": "linear"}):
        lab.set(**change)
        assert lab.frame != first
        lab.reset()
        assert lab.frame == first


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"batch_size": 0}, r"batch_size=0 .* from 1 to 1024"),
        ({"lr": 100}, r"lr=100 .* 0.0001 to 10"),
        ({"optimiser": "Adam"}, r"'optimiser'.*'optimizer'"),
        ({"optimizer": "adam"}, r"'adam'.*'Adam'"),
        ({"data": "wines"}, r"'wines'.*'wine'"),
        ({"drop_last": 1}, r"drop_last=1 .* True or False"),
        ({"accumulation": 9}, r"from 1 to 8"),
        ({"epochs": 21}, r"from 1 to 20"),
        ({"budget": "time"}, r"budget 'time'"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(lab: BatchLab, wrong: dict[str, Any], told: str) -> None:
    before = lab.params
    with pytest.raises(ValueError, match=told):
        lab.set(**wrong)
    assert lab.params == before


def test_the_view_can_draw_a_control_for_every_parameter(lab: BatchLab) -> None:
    state = {name: value for name, value in lab.get_state().items() if name != "frame"}
    json.dumps(state)
    assert {control["name"] for control in lab.controls} == set(lab.params)
    assert lab.controls[0]["name"] == "batch_size", "the first slider must change the picture"
    for control in lab.controls:
        if control["stops"]:
            assert BatchLab().params[control["name"]] in control["stops"]


def rows(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(count, 3))
    return x, x @ [1.0, -2.0, 0.5]


FRAME = pd.DataFrame(rows()[0], columns=["a", "b", "c"]).assign(kind=["one", "two", "three"] * 20)


@pytest.mark.parametrize(
    ("data", "target", "classes"),
    [
        (rows(), None, 0),
        ((torch.rand(40, 1, 4, 4), torch.arange(40) % 3), None, 3),
        (FRAME, "kind", 3),
        ((FRAME[["a", "b"]], FRAME["kind"]), None, 3),
    ],
    ids=["arrays", "tensors of images", "frame", "frame and series"],
)
def test_own_data(data: Any, target: str | None, classes: int) -> None:
    lab = BatchLab(data, target=target, batch_size=8, epochs=3)
    assert lab.params["data"] == "your data"
    assert ("test accuracy" in lab.result.final) == (classes > 0)
    x, y = (data.drop(columns=[target]), data[target]) if target else data
    namespace = run_alone(lab.to_code())
    _, losses = namespace["train"](*namespace["prepare"](np.asarray(x), np.asarray(y))[:2])
    np.testing.assert_allclose(lab.result.losses, losses, rtol=1e-7)


@pytest.mark.parametrize(
    ("data", "target", "told"),
    [
        (None, "hue", "target='hue' belongs to a table of your own"),
        ("digits", "hue", "target='hue' belongs to a table of your own"),
        (FRAME, None, "target is not given"),
        (FRAME, "knd", "'knd'.*'kind'"),
        (FRAME, "a", "columns kind are no numbers"),
        (FRAME.set_axis(["a", "b", "b", "kind"], axis=1), "b", "two columns 'b'; rename one"),
        (rows(), "a", "belongs to a DataFrame"),
        ((rows()[0], np.zeros(59)), None, r"shape \(59,\) and X 60 rows"),
        ((rows()[0], np.zeros(60)), None, "not all the same"),
        ((rows()[0], ["x"] * 60), None, "1 classes; give 2 to 20"),
        ((rows()[0], [None] * 60), None, "60 holes"),
        ((np.full((60, 2), np.nan), rows()[1]), None, "120 values that are not finite"),
        ((np.zeros((60, 200)), rows()[1]), None, "200 columns"),
        (rows(9), None, "9 rows; give at least 16"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: Any, target: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        BatchLab(data, target=target)


def test_columns_that_are_numbered_are_found_by_their_number_as_text() -> None:
    frame = pd.DataFrame(np.arange(120.0).reshape(40, 3))
    frame[2] = [0, 1] * 20
    lab = BatchLab(frame, target="2")
    assert lab.result
    lab.close()


def test_data_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="of type list; give a pair"):
        BatchLab([1, 2, 3])
