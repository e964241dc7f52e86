"""The tensor lab without a browser: own tensors, parameters, result, code, and what the view is told."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from dpwidgets import TensorLab


@pytest.fixture
def lab() -> TensorLab:
    return TensorLab()


def test_the_text_that_stands_for_the_lab_says_what_is_seen(lab: TensorLab) -> None:
    assert repr(lab) == (
        "TensorLab(broadcast: shapes (3, 1) and (4,) give (3, 4). 96 bytes. both tensors grew. "
        "result[1, 2] = a[1, 0] + b[2] = 20 + 3 = 23)"
    )


def test_set_and_reset(lab: TensorLab) -> None:
    first = lab.frame
    lab.set(left=(5,), right=(5, 1), operation="a - b")
    assert lab.params["right"] == "5, 1"
    assert lab.result is not None
    assert lab.result.shape == (5, 5)
    lab.set(view="memory", look="x[:, ::2]")
    assert lab.result is not None
    assert lab.result.stride() == (4, 2)
    lab.set(view="dtypes", value="200", dtype="uint8", add=100)
    assert lab.result == 44
    lab.reset()
    assert lab.frame == first


def test_half_typed_text_is_no_error_and_the_lab_goes_on(lab: TensorLab) -> None:
    lab.set(left="3, y")
    assert lab.result is None
    assert "not readable at 'y'" in lab.caption["alt"]
    lab.set(left="3, 1")
    assert lab.result is not None


def test_a_refused_parameter_changes_nothing(lab: TensorLab) -> None:
    before = lab.params
    with pytest.raises(ValueError, match="operation 'a / b'"):
        lab.set(operation="a / b")
    assert lab.params == before


def test_the_view_gets_a_control_for_every_parameter_and_a_slider_that_shows_at_once(lab: TensorLab) -> None:
    assert {control["name"] for control in lab.controls} == set(lab.params)
    assert all(control["help"] for control in lab.controls)
    first = next(control for control in lab.controls if control["kind"] == "slider")
    name, values = first["when"]
    assert lab.params[name] in values
    json.dumps({name: value for name, value in lab.get_state().items() if name != "frame"})


@pytest.mark.parametrize(
    "own",
    [
        torch.rand(2, 3, 4, generator=torch.manual_seed(0)),
        torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8),
        torch.tensor([True, False, True]),
        torch.tensor([0.1, float("nan"), float("inf")], dtype=torch.float16),
        torch.tensor(7.0, requires_grad=True),
        torch.arange(12).reshape(3, 4).t(),
        np.arange(6.0).reshape(2, 3),
        [[1, 2, 3]],
    ],
    ids=["3-D", "uint8", "bool", "not finite", "single", "transposed", "numpy", "list"],
)
@pytest.mark.parametrize("view", ["broadcast", "memory"])
def test_own_tensors_and_their_code(own: Any, view: str) -> None:
    right = "1" if np.shape(own) else ""
    lab = TensorLab(own, view=view, right=right, look="my own code", code="x.unsqueeze(0)[0]")
    names: dict[str, Any] = {}
    exec(lab.to_code(), names)
    assert "dpwidgets" not in lab.to_code()
    expected = torch.as_tensor(own).detach() + (1 if view == "broadcast" else 0)
    assert lab.result is not None
    for result in (lab.result, names["result"]):
        assert torch.equal(result.nan_to_num(), expected.to(result.dtype).nan_to_num())
    assert lab.result.dtype == names["result"].dtype


def test_an_own_tensor_is_copied_and_takes_the_place_of_typed_shapes() -> None:
    own = torch.zeros(2, 3)
    lab = TensorLab(own)
    own[:] = 9
    assert lab.params["left"] == lab.params["shape"] == "2, 3"
    assert not {"left", "shape"} & {control["name"] for control in lab.controls}
    assert lab.result is not None
    assert lab.result[0].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="a tensor of your own"):
        lab.set(left="4")


@pytest.mark.parametrize(
    ("own", "error", "told"),
    [
        (torch.zeros(1, 1, 1, 1), ValueError, "up to 3 dimensions"),
        (torch.zeros(40), ValueError, r"shape \(40,\) is too large.*tensor\[:4, :8\]"),
        ("hello", TypeError, "str is no tensor"),
        (torch.zeros(2, dtype=torch.complex64), TypeError, "real numbers"),
    ],
)
def test_data_that_does_not_fit_is_refused(own: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        TensorLab(own)


@pytest.mark.browser
def test_the_view_shows_the_controls_of_what_is_chosen(
    lab_page: Page, open_lab: Callable[..., None], lab: TensorLab
) -> None:
    open_lab(lab)

    def labels() -> list[str]:
        return lab_page.locator(".dpw-row label:visible").all_inner_texts()

    assert labels() == ["view", "shape of a", "shape of b", "operation", "cell"]
    lab_page.get_by_label("view").select_option("memory")
    assert labels() == ["view", "shape of x", "y =", "cell"]
    lab_page.get_by_label("y =").select_option("my own code")
    assert labels() == ["view", "shape of x", "y =", "code", "cell"]
    lab_page.get_by_label("view").select_option("dtypes")  # `code` goes with `y =`, on which it depends
    assert labels() == ["view", "number", "add", "bits of"]
