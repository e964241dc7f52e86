"""One line of tensor code, read and run on a small tensor, and what it says about memory.

Only what looks at a tensor or copies it is known here: no names but `x`, no values but whole numbers.
"""

import ast
import difflib
from dataclasses import dataclass
from typing import Any

import torch

from dpwidgets.prep.tensors.shapes import MOST_CELLS, MOST_DIMS, NotYet, shown

EXAMPLES = (
    "x.transpose(0, 1)",
    "x.reshape(2, 6)",
    "x.view(-1)",
    "x[:, ::2]",
    "x[1:, 1:3]",
    "x[:, :1].expand(3, 4)",
    "x.flip(0)",
    "x.transpose(0, 1).view(-1)",
    "x.transpose(0, 1).reshape(-1)",
    "x.transpose(0, 1).contiguous()",
    "x.clone()",
)
METHODS = (
    "clone", "contiguous", "diagonal", "expand", "expand_as", "flatten", "flip", "movedim", "narrow",
    "permute", "ravel", "reshape", "select", "squeeze", "swapaxes", "t", "transpose", "unsqueeze", "view",
)  # fmt: skip
ATTRIBUTES = ("T", "mT")
MOST_STEPS = 4
_LARGEST = 64  # number in the code


@dataclass(frozen=True)
class Outcome:
    """What a line of code made of `x`: a tensor, or torch's complaint."""

    result: torch.Tensor | None
    error: str = ""  # torch's own words
    shares: bool = False  # the result lies in the memory of x


def look(x: torch.Tensor, code: str) -> Outcome:
    """Runs `code`, an expression in `x`.

    Raises:
        NotYet: the code is not finished, uses what is not known here, or makes more than can be drawn.
    """
    steps = _steps(_parsed(code))
    current = x
    for step in steps:
        try:
            current = _run(current, step, x)
        except NotYet:
            raise
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            return Outcome(None, str(error).splitlines()[0])
        if current.numel() > MOST_CELLS:
            raise NotYet(f"The result has {current.numel()} elements; this picture can show {MOST_CELLS}.")
    if current.dim() > MOST_DIMS:
        raise NotYet(f"The result has {current.dim()} dimensions; this picture can show {MOST_DIMS}.")
    return Outcome(current, shares=_memory(current) == _memory(x))


def offsets(tensor: torch.Tensor) -> list[int]:
    """Where each element lies in the storage, in elements from its start, row by row."""
    places = [int(tensor.storage_offset())]
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        places = [place + stride * at for place in places for at in range(size)]
    return places


def storage_values(tensor: torch.Tensor) -> list[Any]:
    """All elements of the memory that the tensor looks at, in their order there."""
    count = tensor.untyped_storage().nbytes() // tensor.element_size()
    return tensor.as_strided((count,), (1,), 0).tolist()


def why_not(error: str) -> str:
    """Torch's complaint in plain words, with the cure."""
    if "view size is not compatible" in error:
        return ".view() never copies, and no strides can put these elements in this order. Use .reshape()."
    if "is invalid for input of size" in error:
        return "The product of the new sizes must be the number of elements."
    if "expanded size" in error or "number of sizes provided" in error:
        return "Only a dimension of size 1 can be expanded; the others keep their size."
    if "out of bounds" in error:
        return "Counting begins at 0 and ends one before the size."
    if any(words in error for words in ("out of range", "too many indices", "does not match the length")):
        return "The code asks for other dimensions than there are."
    if "step must be greater" in error:
        return "Strides are never negative in torch: turn the order with .flip(0), which copies."
    return "Torch refuses this. Compare the code with the shape of x."


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _parsed(code: str) -> ast.expr:
    if not code.strip():
        raise NotYet("Type one line of code that looks at x, such as x[:, ::2].")
    try:
        return ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise NotYet(f"{code.strip()!r} is no finished line of Python yet.") from error


def _steps(node: ast.expr) -> list[ast.expr]:
    """The calls, attributes and brackets of a chain on `x`, in the order in which they run."""
    steps: list[ast.expr] = []
    while not isinstance(node, ast.Name):
        steps.append(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        elif isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        else:
            raise NotYet(f"{ast.unparse(node)} is not a look at x: begin with x, then methods or brackets.")
    if node.id != "x":
        raise NotYet(f"The name {node.id!r} is not known here: the tensor is called x.")
    if len(steps) > MOST_STEPS:
        raise NotYet(f"{len(steps)} steps in one line; this lab follows at most {MOST_STEPS}.")
    return steps[::-1]


def _run(current: torch.Tensor, step: ast.expr, x: torch.Tensor) -> torch.Tensor:
    if isinstance(step, ast.Subscript):
        return current[_index(step.slice)]
    if isinstance(step, ast.Attribute):
        if step.attr in METHODS:
            raise NotYet(f".{step.attr} is a method: write .{step.attr}( ) with its arguments.")
        _known(step.attr, ATTRIBUTES)
        if step.attr == "T" and current.dim() != 2:  # torch only warns yet
            raise NotYet(f".T is for 2 dimensions, and here are {current.dim()}: use .permute( ) or .mT.")
        return getattr(current, step.attr)
    assert isinstance(step, ast.Call)
    assert isinstance(step.func, ast.Attribute)
    _known(step.func.attr, METHODS)
    if step.keywords:
        raise NotYet("Give the arguments without names here: x.transpose(0, 1).")
    arguments = [
        x if isinstance(one, ast.Name) and one.id == "x" else _number_or_tuple(one) for one in step.args
    ]
    return getattr(current, step.func.attr)(*arguments)


def _known(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        close = difflib.get_close_matches(name, METHODS + ATTRIBUTES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(METHODS + ATTRIBUTES)}."
        raise NotYet(f"{name!r} is not known in this lab; {hint}")


def _index(node: ast.expr) -> Any:
    if isinstance(node, ast.Tuple):
        return tuple(_index(one) for one in node.elts)
    if isinstance(node, ast.Slice):
        return slice(*(None if end is None else _number(end) for end in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Constant) and node.value in (None, ...):
        return node.value
    return _number(node)


def _number_or_tuple(node: ast.expr) -> Any:
    return (
        tuple(_number(one) for one in node.elts) if isinstance(node, ast.Tuple | ast.List) else _number(node)
    )


def _number(node: ast.expr) -> int:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(inner, ast.Constant) or type(inner.value) is not int:
        raise NotYet(f"{ast.unparse(node)} is no whole number; sizes, dimensions and places are.")
    if inner.value > _LARGEST:
        raise NotYet(f"{inner.value} is larger than this lab goes: at most {_LARGEST}.")
    return -inner.value if negative else inner.value


def index_at(place: int, shape: torch.Size) -> tuple[int, ...]:
    """The index of the element that comes at `place`, row by row."""
    index: list[int] = []
    for size in reversed(shape):
        place, at = divmod(place, size)
        index.insert(0, at)
    return tuple(index)


def offset_sum(tensor: torch.Tensor, index: tuple[int, ...]) -> str:
    """How the place in the storage comes about: "0 + 1·4 + 2·1 = 6"."""
    terms = [f"{at}·{stride}" for at, stride in zip(index, tensor.stride(), strict=True)]
    total = tensor.storage_offset() + sum(a * s for a, s in zip(index, tensor.stride(), strict=True))
    return " + ".join([str(tensor.storage_offset()), *terms]) + f" = {total}"


def facts(tensor: torch.Tensor) -> dict[str, str]:
    """What a tensor says about its place in memory."""
    return {
        "shape": shown(tensor.shape),
        "stride()": str(tensor.stride()),
        "storage_offset()": str(tensor.storage_offset()),
        "is_contiguous()": str(tensor.is_contiguous()),
        "bytes of its elements": str(tensor.nbytes),
        "bytes of its storage": str(tensor.untyped_storage().nbytes()),
    }
