"""Learner's values, calls and errors in short, stable words."""

import math
import re
import reprlib
import sys
from collections.abc import Mapping
from typing import Any

_LONGEST = 300
_FEW = 12  # a tensor with no more elements is written out


class _Brief(reprlib.Repr):
    """`reprlib`, with tensors and arrays named by shape and dtype, and without addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 12
        self.maxstring = self.maxlong = self.maxother = _LONGEST

    def repr1(self, x: Any, level: int) -> str:
        if not is_array(x):
            return super().repr1(x, level)
        text = f"{kind_of(x)} of shape {tuple(x.shape)}, {str(x.dtype).removeprefix('torch.')}"
        return f"{text}: {_rounded(x.tolist())}" if 0 < math.prod(x.shape) <= _FEW else text


def _rounded(values: Any) -> Any:
    """Nested lists of numbers with six digits: 0.1 in float32 reads 0.1, not 0.10000000149011612."""
    if isinstance(values, list):
        return [_rounded(each) for each in values]
    return float(f"{values:.6g}") if isinstance(values, float) else values


def is_array(value: Any) -> bool:
    """Whether `value` is a torch tensor or a numpy array. Imports neither."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    return bool(torch and isinstance(value, torch.Tensor)) or bool(numpy and isinstance(value, numpy.ndarray))


def kind_of(value: Any) -> str:
    """Name of the value's type, as a learner says it."""
    return "None" if value is None else type(value).__name__


def brief(value: Any) -> str:
    """`value` on at most a few lines, without addresses; never raises."""
    try:
        text = _Brief().repr(value)
    except Exception as error:
        text = f"<{kind_of(value)}, whose repr fails with {kind_of(error)}>"
    return shorten(text)


def shorten(text: str) -> str:
    """`text` without addresses, cut to a few lines."""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def call(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The call as one would type it: `f(3, drop_last=True)`."""
    given = [brief(each) for each in args] + [f"{key}={brief(each)}" for key, each in kwargs.items()]
    return f"{name}({', '.join(given)})"


def error(raised: BaseException) -> str:
    """`ZeroDivisionError: division by zero`; never raises."""
    try:
        text = str(raised)
    except Exception:
        text = ""
    return shorten(f"{kind_of(raised)}: {text}" if text else kind_of(raised))
