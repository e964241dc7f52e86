"""The table that is repaired: one of the samples, or the reader's own."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dpwidgets import samples
from dpwidgets.prep.own_table import check_once, read_csv
from dpwidgets.samples.tables import TABLES

OWN = "your table"
MIN_ROWS, MAX_ROWS, MAX_COLUMNS = 30, 3000, 60
_MOST_CLASSES = 20  # whole numbers with more distinct values than this are an amount, not a class
_CLASS_ROWS = 10  # rows for each class, on average


class Punched(NamedTuple):
    """Which holes are punched into which table."""

    table: str
    mechanism: str
    share: float
    columns: tuple[str, ...]
    driver: str  # the cause under MAR; whole under each mechanism
    seed: int


@dataclass(frozen=True, eq=False)
class Source:
    """A table of numbers, and perhaps what is to be told from them."""

    name: str
    features: pd.DataFrame  # float64; NaN where the reader's own table has holes
    target: np.ndarray | None  # (rows,): int64 class codes, or float64
    task: str  # "classification", "regression", or "" without a target
    target_name: str = ""
    ours: bool = True
    path: str = ""  # of the CSV file that it came from
    left_out: tuple[str, ...] = ()  # columns that hold no numbers

    @cached_property
    def values(self) -> np.ndarray:
        """The features: float64 (rows, columns)."""
        return self.features.to_numpy("float64")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.features.columns)

    @cached_property
    def _whole(self) -> np.ndarray:
        """bool (columns,): no value is missing."""
        return ~np.isnan(self.values).any(axis=0)

    @cached_property
    def _related(self) -> np.ndarray:
        """|correlation| of each pair, (columns, columns); -1 on the diagonal, and where it is not defined."""
        related = np.abs(self.features.corr().to_numpy())
        return np.where(np.eye(len(related), dtype=bool) | np.isnan(related), -1.0, related)

    def is_whole(self, column: str) -> bool:
        """Is no value of this column missing?"""
        return bool(self._whole[self.columns.index(column)])

    def partner(self, column: str) -> str:
        """The column most correlated with this one; one without holes, if there is another."""
        at = self.columns.index(column)
        related = self._related[at]
        others = np.arange(len(related)) != at
        allowed = others & self._whole if (others & self._whole).any() else others
        return self.columns[int(np.where(allowed, related, -2.0).argmax())]

    @cached_property
    def first_column(self) -> str:
        """The column to show first: the one with the closest partner."""
        return self.columns[int(self._related.max(axis=1).argmax())]


def sample_sources() -> tuple[Source, ...]:
    """The sample tables."""
    found = [samples.table(name) for name in TABLES]
    return tuple(Source(one.name, one.features, one.target, one.task, one.target_name) for one in found)


def read_source(data: Any, target: str | Sequence[Any] | None = None) -> Source:
    """The reader's own table.

    Args:
        data: a DataFrame, or the path of a CSV file. Columns that hold no numbers are left out.
        target: a column's name, one value for each row, or None.

    Raises:
        TypeError, ValueError, FileNotFoundError: naming what does not fit, and the cure.
    """
    path = ""
    if isinstance(data, str | Path):
        path = str(data)
        if not os.path.isfile(os.path.expanduser(path)):  # False too for a text that is too long for a name
            known = ", ".join(map(repr, TABLES))
            raise FileNotFoundError(f"{path!r} is no CSV file here, and no sample table ({known}).")
        data = read_csv(path)
    if not isinstance(data, pd.DataFrame):
        kind = type(data).__name__
        raise TypeError(f"data is a {kind}; give a DataFrame, the path of a CSV file, or a sample's name.")
    target_name = ""
    if isinstance(target, str):
        if target not in data.columns:
            known = ", ".join(map(str, data.columns))
            raise ValueError(f"target={target!r} is no column of the table; it has {known}.")
        check_once(data, target)
        target_name, target = target, data[target]
        data = data.drop(columns=target_name)
    data = data.rename(columns=str)
    # pandas counts lengths of time among the numbers, and cannot turn them into floats.
    features = data.select_dtypes(["number", "bool"], exclude="timedelta").astype("float64")
    left_out = tuple(name for name in data.columns if name not in features.columns)
    _check(features)
    codes, task = (None, "") if target is None else _target(target, len(features))
    return Source(OWN, features, codes, task, target_name, ours=False, path=path, left_out=left_out)


def _check(features: pd.DataFrame) -> None:
    """ValueError for a table that the lab cannot use."""
    rows, columns = features.shape
    if not 2 <= columns <= MAX_COLUMNS:
        raise ValueError(f"the table has {columns} columns of numbers; give one with 2 to {MAX_COLUMNS}.")
    if not features.columns.is_unique:
        twice = features.columns[features.columns.duplicated()][0]
        raise ValueError(f"the table has two columns {twice!r}; rename one.")
    if rows < MIN_ROWS:
        raise ValueError(f"the table has {rows} rows; give at least {MIN_ROWS}.")
    if rows > MAX_ROWS:
        cure = f"try it on data.sample({MAX_ROWS}, random_state=0)"
        raise ValueError(f"the table has {rows:,} rows, more than the lab's {MAX_ROWS:,}; {cure}.")
    if np.isinf(features.to_numpy()).any():
        raise ValueError("the table has infinite values; data.replace([np.inf, -np.inf], np.nan) mends that.")
    for name, count in features.count().items():
        if count < MIN_ROWS:
            raise ValueError(f"column {name!r} has {count} values; drop it, or give at least {MIN_ROWS}.")


def _target(target: Any, rows: int) -> tuple[np.ndarray, str]:
    """Class codes or numbers, and the task.

    Raises:
        ValueError: another number of rows, a missing value, a class with a single row, or too many classes.
    """
    target = pd.Series(np.asarray(target)) if not isinstance(target, pd.Series) else target
    if len(target) != rows:
        raise ValueError(f"target has {len(target)} values for {rows} rows; give one for each row.")
    if missing := int(target.isna().sum()):
        raise ValueError(f"target is missing {missing} values; drop those rows: nothing can be learnt there.")
    numeric = pd.api.types.is_numeric_dtype(target) and not pd.api.types.is_bool_dtype(target)
    most = min(_MOST_CLASSES, rows // _CLASS_ROWS)
    if numeric and (pd.api.types.is_float_dtype(target) or target.nunique() > most):
        return target.to_numpy("float64"), "regression"
    codes, classes = pd.factorize(target, sort=True)
    fewest = pd.Series(codes).value_counts().min()
    if len(classes) < 2 or fewest < 2:
        raise ValueError("target needs two classes or more, each with two rows or more.")
    if len(classes) > rows // _CLASS_ROWS:
        raise ValueError(
            f"target has {len(classes)} classes in {rows} rows; give {_CLASS_ROWS} rows a class."
        )
    return codes.astype("int64"), "classification"
