"""The tensor lab: broadcasting, memory behind views, and what a dtype keeps, drawn cell by cell."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from dpwidgets.labs.base import PLAIN_CSS, PLAIN_ESM, Control, Lab
from dpwidgets.prep.tensors.broadcast import OPERATIONS
from dpwidgets.prep.tensors.dtypes import NAMES
from dpwidgets.prep.tensors.engine import LOOKS, MOST_ADD, OWN_CODE, VIEWS, TensorEngine
from dpwidgets.prep.tensors.shapes import MOST_CELLS


class TensorLab(Lab):
    """Type shapes, looks at memory, or numbers, and see what torch makes of them.

    Args:
        tensor: your own small tensor (up to 32 elements, 3 dimensions), in place of a typed shape; it is
            `a` in the broadcast view and `x` in the memory view.
        params: start values, such as `view="memory"`, `left="5"`, `right="5, 1"`, `operation="a - b"`,
            `shape=(2, 3)`, `look="x[:, ::2]"`, `value="0.1"`, `dtype="float16"`.

    Raises:
        ValueError: for a parameter that is not known or not allowed, and for a tensor that is too large.
        TypeError: for what is no tensor of real numbers.
    """

    picture_format = "PNG"
    _esm = PLAIN_ESM
    _css = PLAIN_CSS
    _engine: TensorEngine

    def __init__(self, tensor: Any = None, **params: Any) -> None:
        super().__init__(TensorEngine(tensor), params, title="Tensor lab")

    @property
    def result(self) -> torch.Tensor | None:
        """The tensor that is shown last: the result of the operation, `y`, or the sum in the chosen dtype.
        None where torch refuses, or the text is not finished."""
        return self._engine.result(self.settings)

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        typed = self._engine.own is None
        sizes = "Sizes with commas; nothing at all is a single number."
        meeting, memory, numbers = (("view", (name,)) for name in VIEWS)
        yield Control("view", "view", "choice", "What the picture is about.", choices=VIEWS)
        if typed:
            yield Control("left", "shape of a", "text", sizes, when=meeting)
        yield Control("right", "shape of b", "text", sizes, when=meeting)
        yield Control(
            "operation", "operation", "choice", "What is computed.", choices=tuple(OPERATIONS), when=meeting,
        )
        if typed:
            yield Control("shape", "shape of x", "text", sizes, when=memory)
        yield Control("look", "y =", "choice", "How y looks at x.", choices=LOOKS, when=memory)
        yield Control(
            "code", "code", "text", "Brackets and methods on x, such as x[1:].transpose(0, 1).",
            when=("look", (OWN_CODE,)),
        )
        yield Control(
            "cell", "cell", "slider", "Which cell of the result is traced back, row by row; then again.",
            max=MOST_CELLS - 1, when=("view", VIEWS[:2]),
        )
        yield Control("value", "number", "text", "Whole, or with a dot: 200, -1, 0.1, 1e5.", when=numbers)
        yield Control("add", "add", "slider", "What is added to it.", max=MOST_ADD, when=numbers)
        yield Control(
            "dtype", "bits of", "choice", "The dtype whose bits are drawn.", choices=NAMES, when=numbers,
        )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        return f"{params['view']}: {self.caption['alt'].removesuffix('.')}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        return list(notes["told"])
