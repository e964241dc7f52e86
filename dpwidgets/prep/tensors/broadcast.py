"""How two shapes meet: dimension by dimension from the right, as torch does it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from dpwidgets.prep.tensors.shapes import MOST_CELLS, NotYet, Shape

OPERATIONS: dict[str, tuple[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "a + b": ("+", torch.add),
    "a - b": ("−", torch.sub),
    "a * b": ("×", torch.mul),
    "torch.maximum(a, b)": ("max", torch.maximum),
}


class Column(NamedTuple):
    """One dimension of both tensors; None where a tensor has no such dimension."""

    a: int | None
    b: int | None
    result: int | None  # None: the sizes clash


@dataclass(frozen=True)
class Alignment:
    """Two shapes, aligned at their last dimension."""

    columns: tuple[Column, ...]

    @property
    def shape(self) -> Shape | None:
        """Of the result; None where a dimension clashes."""
        sizes = tuple(column.result for column in self.columns)
        return None if None in sizes else sizes  # type: ignore[return-value]

    @property
    def clash(self) -> int | None:
        """The rightmost dimension that clashes, counted from the end (-1 is the last), if one does."""
        places = range(-1, -len(self.columns) - 1, -1)
        return next((at for at in places if self.columns[at].result is None), None)

    def grows(self) -> bool:
        """Neither is a single number and the result is larger than both: the silent trap."""
        a, b = (math.prod(size for size in sizes if size is not None) for sizes in self._both())
        return self.shape is not None and min(a, b) > 1 and math.prod(self.shape) > max(a, b)

    def _both(self) -> tuple[list[int | None], list[int | None]]:
        return [column.a for column in self.columns], [column.b for column in self.columns]


def align(a: Shape, b: Shape) -> Alignment:
    """The two shapes by dimension: equal sizes stay, a 1 or a missing one takes the other's size."""
    count = max(len(a), len(b))
    columns = []
    for x, y in zip(_padded(a, count), _padded(b, count), strict=True):
        here, there = (1 if size is None else size for size in (x, y))
        fits = here == there or 1 in (here, there)
        columns.append(Column(x, y, (there if here == 1 else here) if fits else None))
    return Alignment(tuple(columns))


def check_drawable(shape: Shape) -> None:
    """NotYet where a result of this shape has more cells than the picture can show."""
    if math.prod(shape) > MOST_CELLS:
        raise NotYet(
            f"The result has shape {shape}: {math.prod(shape)} elements. This picture can show {MOST_CELLS}."
        )


def source(index: Shape, shape: Shape) -> Shape:
    """Which element of a tensor of this shape stands at `index` of the result."""
    own = index[len(index) - len(shape) :]
    return tuple(0 if size == 1 else at for at, size in zip(own, shape, strict=True))


def _padded(shape: Shape, count: int) -> tuple[int | None, ...]:
    return (None,) * (count - len(shape)) + shape
