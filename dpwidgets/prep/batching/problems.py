"""What is learned: numbers in rows and a target, split into training and test rows and standardised."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch

from dpwidgets.prep.checks import check_name
from dpwidgets.prep.own_table import check_once
from dpwidgets.samples.tables import table

MOST_TRAIN, MOST_TEST = 800, 400  # rows; a run must be over while the hand moves
MOST_COLUMNS = 128
_TRAIN_SHARE = 0.75
_MOST_CLASSES = 20  # whole numbers with more different values than this are a quantity, not a class


@dataclass(frozen=True, eq=False)
class Problem:
    """A table to learn from.

    Attributes:
        x: as given, float64 (n, d), without holes.
        y: class index of each row, int64 (n,), or the quantity to predict, float64 (n,).
        classes: how many; 0 for a quantity.
        source: the lines of code that give `X` and `y`, "" for the reader's own.
        notes: what the reader should know.
    """

    title: str
    x: np.ndarray
    y: np.ndarray
    classes: int
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """How many rows train and how many test."""
        train = min(MOST_TRAIN, round(_TRAIN_SHARE * len(self.x)))
        return train, min(MOST_TEST, len(self.x) - train)


@dataclass(frozen=True, eq=False)
class Parts:
    """A problem ready to train on: float64 (rows, d), standardised by the training rows; targets int64, or
    float64 and standardised too."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def split(problem: Problem) -> Parts:
    """The training rows, drawn with a fixed seed, and the test rows; the copied code does the same."""
    train, test = problem.sizes
    order = torch.randperm(len(problem.x), generator=torch.Generator().manual_seed(0)).numpy()
    rows, others = order[:train], order[train : train + test]
    mean, std = problem.x[rows].mean(0), problem.x[rows].std(0)
    x = (problem.x - mean) / np.where(std > 0, std, 1)
    y = problem.y
    if not problem.classes:
        y = (y - y[rows].mean()) / y[rows].std()
    return Parts(x[rows], y[rows], x[others], y[others])


def read_problem(data: Any, target: str | None = None) -> Problem:
    """The reader's own data.

    Args:
        data: a pair (X, y): arrays or tensors (rows, columns) and (rows,); or a DataFrame of numbers, with
            the name of the column to predict in `target`.

    Raises:
        ValueError: holes, columns that are no numbers, two columns `target`, too few rows, too many columns,
            or one class.
        TypeError: `data` is neither.
    """
    if isinstance(data, pd.DataFrame):
        if target is None:
            raise ValueError("target is not given; name the column to predict, such as target='label'.")
        data = data.rename(columns=str)
        check_name(target, list(data.columns), "column target=")
        check_once(data, target)
        y = data[target]
        data, target = (data.drop(columns=[target]), y), None
    if target is not None:
        raise ValueError(f"target={target!r} belongs to a DataFrame; with a pair (X, y), y is the target.")
    if not isinstance(data, tuple) or len(data) != 2:
        raise TypeError(f"data is of type {type(data).__name__}; give a pair (X, y), or a DataFrame.")
    x, y = _features(data[0]), np.asarray(data[1])
    if y.shape != (len(x),):
        raise ValueError(f"y has the shape {y.shape} and X {len(x)} rows; give one target for each row.")
    if len(x) < 16:
        raise ValueError(f"X has {len(x)} rows; give at least 16.")
    notes = []
    if sum(Problem("", x, y, 0).sizes) < len(x):
        notes.append(f"{sum(Problem('', x, y, 0).sizes):,} of {len(x):,} rows, drawn at random")
    return _with_target("your data", x, y, tuple(notes))


def _features(given: Any) -> np.ndarray:
    if isinstance(given, pd.DataFrame):
        wrong = [str(name) for name in given if not pd.api.types.is_numeric_dtype(given[name])]
        if wrong:
            raise ValueError(f"columns {', '.join(wrong)} are no numbers; encode or drop them first.")
        given = given.to_numpy("float64")
    try:
        x = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X is not made of numbers ({error}); encode or drop those columns.") from error
    x = x.reshape(len(x), -1)  # images become rows
    if not np.isfinite(x).all():
        holes = int((~np.isfinite(x)).sum())
        raise ValueError(f"X has {holes} values that are not finite; fill or drop them first.")
    if x.shape[1] > MOST_COLUMNS:
        raise ValueError(f"X has {x.shape[1]} columns; this lab takes at most {MOST_COLUMNS}.")
    return x


def _with_target(title: str, x: np.ndarray, y: np.ndarray, notes: tuple[str, ...]) -> Problem:
    """A class for text, truth values and few whole numbers; else a quantity."""
    if pd.isna(y).any():
        raise ValueError(f"y has {int(pd.isna(y).sum())} holes; drop those rows first.")
    whole = y.dtype.kind in "OUSbT" or (y.dtype.kind in "iu" and len(np.unique(y)) <= _MOST_CLASSES)
    if not whole:
        if y.dtype.kind not in "fiu" or not np.isfinite(y).all() or y.std() == 0:
            raise ValueError("y must be classes, or finite numbers that are not all the same.")
        return Problem(title, x, y.astype(np.float64), 0, notes=notes)
    names, index = np.unique(y.astype(str) if y.dtype.kind == "O" else y, return_inverse=True)
    if not 2 <= len(names) <= _MOST_CLASSES:
        raise ValueError(f"y has {len(names)} classes; give 2 to {_MOST_CLASSES}.")
    return Problem(title, x, index.astype(np.int64), len(names), notes=notes)


def _digits() -> Problem:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    source = "from sklearn.datasets import load_digits\n\nX, y = load_digits(return_X_y=True)"
    return Problem("digits", x, y.astype(np.int64), 10, source)


def _table(name: str, loader: str) -> Problem:
    made = table(name)
    more = ", scaled=False" if name == "diabetes" else ""
    source = f"from sklearn.datasets import {loader}\n\nX, y = {loader}(return_X_y=True{more})"
    return Problem(name, made.features.to_numpy(), made.target, len(made.classes), source)


OURS: dict[str, Callable[[], Problem]] = {
    "digits": _digits,
    "wine": lambda: _table("wine", "load_wine"),
    "breast cancer": lambda: _table("breast cancer", "load_breast_cancer"),
    "diabetes": lambda: _table("diabetes", "load_diabetes"),
}


@cache
def ours(name: str) -> Problem:
    """One of the problems in OURS."""
    return OURS[name]()
