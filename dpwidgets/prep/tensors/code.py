"""Plain torch code for what the tensor lab shows."""

import math

import torch

from dpwidgets.prep.tensors.shapes import Shape


def meeting(own: torch.Tensor | None, left: Shape, right: Shape, operation: str) -> str:
    """Two tensors and an operation; `a` is the reader's own tensor, if there is one."""
    a = f"torch.arange(10, {10 * math.prod(left) + 10}, 10).reshape({left})"
    return _script(
        f"a = {a if own is None else spelled(own)}",
        f"b = torch.arange(1, {math.prod(right) + 1}).reshape({right})",
        f"result = {operation}",
        'print(result.shape, result.dtype, result.nbytes, "bytes")',
    )


def look(own: torch.Tensor | None, shape: Shape, line: str) -> str:
    """A tensor and one line that looks at it; `x` is the reader's own tensor, if there is one."""
    x = f"torch.arange(0, {10 * math.prod(shape)}, 10).reshape({shape})"
    return _script(
        f"x = {x if own is None else spelled(own)}",
        f"result = {line}",
        "print(result.shape, result.stride(), result.storage_offset(), result.is_contiguous())",
        'print("shared:", result.untyped_storage().data_ptr() == x.untyped_storage().data_ptr())',
    )


def addition(value: int | float, add: int, dtype: str) -> str:
    """A number in a dtype, and a sum."""
    return _script(f"x = torch.tensor({literal(value)}, dtype=torch.{dtype})", f"result = x + {add}")


def literal(value: int | float) -> str:
    """The number as Python reads it, also where it is not finite."""
    return repr(value) if math.isfinite(value) else f'float("{value}")'


def spelled(tensor: torch.Tensor) -> str:
    """The tensor as code that makes it again, bit by bit."""
    inner = ", ".join(literal(value) for value in tensor.flatten().tolist())
    return f"torch.tensor([{inner}], dtype={tensor.dtype}).reshape({tuple(tensor.shape)})"


def _script(*lines: str) -> str:
    return "\n".join(["import torch", "", *lines, ""])
