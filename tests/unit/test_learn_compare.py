"""Differences are found in the order kind, shape, dtype, value, and said in words."""

from typing import Any

import numpy as np
import pytest
import torch

from dpwidgets.learn.compare import difference
from dpwidgets.learn.describe import brief, call, error

NAN = float("nan")


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (3, 3),
        (np.int64(3), 3),
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (0.1 + 0.2, 0.3),
        (NAN, NAN),
        (True, True),
        ("a", "a"),
        (None, None),
        ((1, 2), (1, 2)),
        (torch.Size([1, 2]), (1, 2)),
        ((1, 2), torch.Size([1, 2])),
        ([0.1 + 0.2], [0.3]),
        ({"b": 1, "a": [2]}, {"a": [2], "b": 1}),
        ({1, 2}, {2, 1}),
        (torch.tensor([1.0, NAN]), torch.tensor([1.0, NAN])),
        (np.array([1, 2]), np.array([1, 2])),
        (torch.float32, torch.float32),
        (float("inf"), float("inf")),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
    ],
)
def test_same(came: Any, expected: Any) -> None:
    assert difference(came, expected) is None


@pytest.mark.parametrize(
    ("came", "expected", "words"),
    [
        (3.0, 3, "float, where int was expected"),
        (True, 1, "bool, where int was expected"),
        (1, True, "int, where bool was expected"),
        (torch.tensor(3), 3, "Tensor, where int was expected"),
        (None, 3, "None, where int was expected: is there a `return`?"),
        ([3, None], [3, 4], "at 1: None, where int was expected"),
        ([1, 2], (1, 2), "list, where tuple was expected"),
        ((1, 2, 3), (1, 2), "3 items, where 2 were expected"),
        ((1, (2, 9)), (1, (2, 3)), "at 1: at 1: 9 instead of 3"),
        ({"a": 1}, {"a": 1, "b": 2}, "the keys are ['a'], where ['a', 'b'] were expected"),
        ({"a": 1}, {"a": 2}, "at 'a': 1 instead of 2"),
        (0.31, 0.3, "0.31 instead of 0.3"),
        (NAN, 1.0, "nan instead of 1.0"),
        ("A", "a", "'A' instead of 'a'"),
        (np.zeros(2), torch.zeros(2), "ndarray, where Tensor was expected"),
        (torch.zeros(2, 3), torch.zeros(3, 2), "shape (2, 3), where (3, 2) was expected"),
        (torch.zeros(2).double(), torch.zeros(2), "dtype torch.float64, where torch.float32 was expected"),
        (
            torch.tensor([[1, 2], [3, 5]]),
            torch.tensor([[1, 2], [3, 4]]),
            "1 of 4 values differ; the first is at index (1, 1): 5 instead of 4",
        ),
    ],
)
def test_different(came: Any, expected: Any, words: str) -> None:
    assert difference(came, expected) == words


def test_tolerance_is_relative_and_absolute() -> None:
    assert difference(104.0, 100.0, tolerance=0.05) is None
    assert difference(106.0, 100.0, tolerance=0.05) is not None
    assert difference(torch.tensor([104.0]), torch.tensor([100.0]), tolerance=0.05) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.tensor([0.1, 2.0]), "Tensor of shape (2,), float32: [0.1, 2.0]"),
        (torch.zeros(2, 3, 4, 5), "Tensor of shape (2, 3, 4, 5), float32"),
        (np.zeros((0, 2), dtype=np.uint8), "ndarray of shape (0, 2), uint8"),
        ([torch.zeros(9, 9)], "[Tensor of shape (9, 9), float32]"),
        ({"image": torch.tensor(1)}, "{'image': Tensor of shape (), int64: 1}"),
        (None, "None"),
        (torch.zeros(2).to_sparse(), "<Tensor, whose repr fails with RuntimeError>"),
    ],
)
def test_brief(value: Any, words: str) -> None:
    assert brief(value) == words


def test_call_and_error() -> None:
    assert call("f", (1, "a"), {"drop_last": True}) == "f(1, 'a', drop_last=True)"
    assert error(KeyError("a")) == "KeyError: 'a'"
    assert error(ValueError()) == "ValueError"
