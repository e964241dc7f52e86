"""The engine of the tensor lab: what is typed, the tensor that comes out, one picture, plain torch code."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from dpwidgets.prep.checks import check_name, check_text, check_whole, complete
from dpwidgets.prep.drawing import SOFT, Sheet
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.tensors import code, dtypes, views
from dpwidgets.prep.tensors.broadcast import OPERATIONS, align, check_drawable
from dpwidgets.prep.tensors.cells import paragraph, warning
from dpwidgets.prep.tensors.draw_broadcast import draw_alignment, draw_clash, draw_meeting
from dpwidgets.prep.tensors.draw_dtypes import draw_table, long_number
from dpwidgets.prep.tensors.draw_memory import draw_look
from dpwidgets.prep.tensors.shapes import (
    MOST_CELLS,
    MOST_DIMS,
    MOST_SIZE,
    NotYet,
    Shape,
    as_text,
    read_shape,
    shown,
)

VIEWS = ("broadcast", "memory", "dtypes")
OWN_CODE = "my own code"
LOOKS = (*views.EXAMPLES, OWN_CODE)
MOST_STORED = 32  # elements of x: they stand in one row of memory
MOST_ADD = 300
WIDTH, HEIGHT = 920.0, 566.0
_TEXTS = {"left": 40, "right": 40, "shape": 40, "code": 80, "value": 40}
_GROWS = (
    "Both tensors grew. Where you meant to compare them element by element, this is the silent trap: "
    "give them the same shape first."
)


class TensorEngine:
    """Computes what the tensor lab shows.

    Args:
        tensor: taken as `a` in the broadcast view and as `x` in the memory view, in place of typed shapes; at
            most 32 elements in up to 3 dimensions, each of size 12 or less. It is copied. Anything that
            `torch.as_tensor` takes will do.

    Raises:
        TypeError: it is no tensor of real numbers.
        ValueError: it is larger than the pictures can show.
    """

    def __init__(self, tensor: Any = None) -> None:
        self.own = None if tensor is None else _own(tensor)

    def default_params(self) -> dict[str, Any]:
        """A column meets a row, as JSON-able data; an own tensor meets its like."""
        own = self.own
        shape = "3, 4" if own is None else as_text(own.shape)
        return {
            "view": VIEWS[0],
            "left": "3, 1" if own is None else shape,
            "right": "4" if own is None else as_text(own.shape[-1:]),
            "operation": "a + b",
            "cell": 6,
            "shape": shape,
            "look": "x.view(-1)" if own is not None and own.dim() < 2 else LOOKS[0],
            "code": "x[:, 1].unsqueeze(1)",
            "value": "200",
            "add": 100,
            "dtype": "uint8",
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete. Typed texts are only checked for their length: what is half-typed is told
        in the picture.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        known = self.default_params()
        merged = complete(params, known)
        for name in ("left", "right", "shape"):
            merged[name] = as_text(merged[name])
        for name, longest in _TEXTS.items():
            check_text(merged[name], name, longest)
        for name, choices in (
            ("view", VIEWS),
            ("operation", OPERATIONS),
            ("look", LOOKS),
            ("dtype", dtypes.NAMES),
        ):
            check_name(merged[name], choices, name)
        check_whole(merged["cell"], "cell", 0, MOST_CELLS - 1)
        check_whole(merged["add"], "add", 0, MOST_ADD)
        if self.own is not None:
            for name in ("left", "shape"):
                if merged[name] != known[name]:
                    raise ValueError(
                        f"{name}={merged[name]!r} is not allowed: the lab has a tensor of your own."
                    )
        return merged

    def result(self, params: Mapping[str, Any]) -> torch.Tensor | None:
        """What comes out, also if too large to draw; None if torch refuses or the text is unfinished."""
        params = self.check(params)
        try:
            if params["view"] == "memory":
                return views.look(self._x(params), _line(params)).result
            if params["view"] == "dtypes":
                value, dtype = dtypes.read_value(params["value"]), getattr(torch, params["dtype"])
                kept = dtypes.row(value, params["add"], params["dtype"]).stored
                return None if kept is None else torch.tensor(value, dtype=dtype) + params["add"]
            a, b = self._operands(params)
            if align(tuple(a.shape), tuple(b.shape)).shape is None:
                return None
            return OPERATIONS[params["operation"]][1](a, b)
        except (NotYet, RuntimeError):
            return None

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture; `notes["told"]` lists what it says in short texts."""
        params = self.check(params)
        sheet = Sheet(WIDTH, HEIGHT, scale)
        draw = {"broadcast": self._broadcast, "memory": self._memory, "dtypes": self._dtypes}[params["view"]]
        try:
            told = draw(sheet, params)
        except NotYet as problem:
            sheet = Sheet(WIDTH, HEIGHT, scale)
            below = warning(sheet, 20, 40, str(problem), 860)
            paragraph(sheet, 46, below + 8, "The picture comes back as soon as this can be drawn.", 860, SOFT)
            told = [str(problem)]
        return Rendered(sheet.picture(), ". ".join(one.rstrip(".") for one in told) + ".", {"told": told})

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain torch. Where torch refuses, so does the code; half-typed text gives a comment."""
        params = self.check(params)
        try:
            return {"broadcast": self._meeting_code, "memory": self._look_code, "dtypes": self._sum_code}[
                params["view"]
            ](params)
        except NotYet as problem:
            return f"# {problem}\n"

    # --- what is drawn, for each view

    def _broadcast(self, sheet: Sheet, params: dict[str, Any]) -> list[str]:
        a, b = self._operands(params)
        shapes = f"{shown(a.shape)} and {shown(b.shape)}"
        alignment = align(tuple(a.shape), tuple(b.shape))
        compute = OPERATIONS[params["operation"]][1]
        if alignment.shape is None:
            draw_alignment(sheet, alignment)
            draw_clash(sheet, a, b, alignment, _error_of(lambda: compute(a, b)))
            return [f"shapes {shapes} clash in dimension {alignment.clash}"]
        check_drawable(alignment.shape)
        try:
            result = compute(a, b)
        except RuntimeError as error:  # bool - bool
            raise NotYet(f"Torch refuses {params['operation']} here: {str(error).splitlines()[0]}") from error
        draw_alignment(sheet, alignment)
        place = params["cell"] % max(1, result.numel())
        path = draw_meeting(sheet, a, b, result, alignment, params["operation"], place)
        told = [f"shapes {shapes} give {shown(result.shape)}", f"{result.nbytes} bytes"]
        if alignment.grows():
            warning(sheet, 490, 40, _GROWS, 400)
            told.append("both tensors grew")
        elif tuple(a.shape) == tuple(b.shape):
            paragraph(sheet, 490, 40, "Equal shapes: cell meets cell, nothing is repeated.", 400, SOFT)
        else:
            says = (
                "Where a size is 1 or missing, torch reads the same cell again: nothing is copied in memory."
            )
            paragraph(sheet, 490, 40, says, 400, SOFT)
        return [*told, path] if path else told

    def _memory(self, sheet: Sheet, params: dict[str, Any]) -> list[str]:
        x, line = self._x(params), _line(params)
        outcome = views.look(x, line)
        y = outcome.result
        count = 1 if y is None else max(1, y.numel())
        path = draw_look(sheet, x, line, outcome, params["cell"] % count)
        if y is None:
            return [f"{line} is refused: {outcome.error}"]
        memory = "y shares the memory of x" if outcome.shares else "y is a copy"
        told = [f"{line} of shape {shown(x.shape)} gives {shown(y.shape)}, strides {y.stride()}", memory]
        return [*told, path] if path else told

    def _dtypes(self, sheet: Sheet, params: dict[str, Any]) -> list[str]:
        value = dtypes.read_value(params["value"])
        row = draw_table(sheet, value, params["add"], params["dtype"])
        if row.stored is None:
            return [f"{params['dtype']} refuses {value}", row.told]
        stored, total = long_number(row.stored), long_number(row.total)
        return [
            f"{params['dtype']} stores {stored} for {value}: {row.told}",
            f"plus {params['add']} gives {total}: {row.total_told}",
        ]

    # --- tensors and code

    def _meeting_code(self, params: dict[str, Any]) -> str:
        left = read_shape(params["left"], "a") if self.own is None else ()
        return code.meeting(self.own, left, read_shape(params["right"], "b"), params["operation"])

    def _look_code(self, params: dict[str, Any]) -> str:
        views.look(self._x(params), _line(params))  # NotYet where the line is not finished
        shape = read_shape(params["shape"], "x", MOST_STORED) if self.own is None else ()
        return code.look(self.own, shape, _line(params))

    def _sum_code(self, params: dict[str, Any]) -> str:
        return code.addition(dtypes.read_value(params["value"]), params["add"], params["dtype"])

    def _operands(self, params: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        right = read_shape(params["right"], "b")
        a = _counted(read_shape(params["left"], "a"), 10) if self.own is None else self.own
        return a, _counted(right, 1)

    def _x(self, params: dict[str, Any]) -> torch.Tensor:
        if self.own is not None:
            return self.own.clone()
        shape = read_shape(params["shape"], "x", MOST_STORED)
        return torch.arange(0, 10 * math.prod(shape), 10).reshape(shape)  # ten times the place in memory


def _own(tensor: Any) -> torch.Tensor:
    try:
        own = torch.as_tensor(tensor).detach().cpu().clone(memory_format=torch.contiguous_format)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{type(tensor).__name__} is no tensor: give numbers, such as torch.arange(6)."
        ) from error
    if own.is_complex() or own.is_quantized or own.is_sparse:
        raise TypeError(f"a tensor of {own.dtype} cannot be drawn; give real numbers.")
    if own.dim() > MOST_DIMS or own.numel() > MOST_STORED or max(own.shape, default=1) > MOST_SIZE:
        raise ValueError(
            f"a tensor of shape {tuple(own.shape)} is too large to draw; at most {MOST_STORED} elements "
            f"in up to {MOST_DIMS} dimensions of size {MOST_SIZE} or less. Take a piece: tensor[:4, :8]."
        )
    return own


def _counted(shape: Shape, step: int) -> torch.Tensor:
    """step, 2·step, 3·step, ..."""
    count = math.prod(shape)
    return torch.arange(step, step * (count + 1), step).reshape(shape)


def _line(params: dict[str, Any]) -> str:
    return (params["code"] if params["look"] == OWN_CODE else params["look"]).strip()


def _error_of(call: Any) -> str:
    try:
        call()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return ""
