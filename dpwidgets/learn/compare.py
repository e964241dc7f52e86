"""Says how a value differs from the expected one: kind, shape, dtype, then value."""

import math
from numbers import Integral, Real
from typing import Any

from dpwidgets.learn.describe import brief, is_array, kind_of
from dpwidgets.learn.messages import say


def difference(came: Any, expected: Any, tolerance: float = 1e-6) -> str | None:
    """None where `came` equals `expected`; otherwise the first difference, in words.

    A whole number passes where a float is expected, and a numpy number where a Python one is; a float
    does not pass for an int, nor a tensor of one element for a number, nor a list for a tuple.

    Args:
        tolerance: largest relative and absolute difference between floating-point numbers; NaN equals NaN.
    """
    if came is None and expected is not None:
        return say("differs none", expected=kind_of(expected))
    return _difference(came, expected, tolerance)


def _difference(came: Any, expected: Any, tolerance: float) -> str | None:
    if is_array(expected):
        return _arrays(came, expected, tolerance)
    if isinstance(expected, bool) or not isinstance(expected, Real):
        # Any tuple will do for a tuple: `torch.Size` is one.
        if not isinstance(came, tuple if isinstance(expected, tuple) else type(expected)):
            return _kinds(came, expected)
        return _containers(came, expected, tolerance)
    right_kind = Integral if isinstance(expected, Integral) else Real
    if isinstance(came, bool) or not isinstance(came, right_kind):
        return _kinds(came, expected)
    return None if _close(float(came), float(expected), tolerance) else _values(came, expected)


def _containers(came: Any, expected: Any, tolerance: float) -> str | None:
    if isinstance(expected, list | tuple):
        if len(came) != len(expected):
            return say("differs length", came=len(came), expected=len(expected))
        return _items(enumerate(zip(came, expected, strict=True)), tolerance)
    if isinstance(expected, dict):
        if came.keys() != expected.keys():
            return say("differs keys", came=brief(list(came)), expected=brief(list(expected)))
        return _items(((key, (came[key], value)) for key, value in expected.items()), tolerance)
    return None if came == expected else _values(came, expected)


def _items(pairs: Any, tolerance: float) -> str | None:
    for where, (came, expected) in pairs:
        if inner := _difference(came, expected, tolerance):
            return say("differs item", where=brief(where), inner=inner)
    return None


def _arrays(came: Any, expected: Any, tolerance: float) -> str | None:
    if not isinstance(came, type(expected)):
        return _kinds(came, expected)
    if came.shape != expected.shape:
        return say("differs shape", came=tuple(came.shape), expected=tuple(expected.shape))
    if came.dtype != expected.dtype:
        return say("differs dtype", came=came.dtype, expected=expected.dtype)
    pairs = list(zip(came.reshape(-1).tolist(), expected.reshape(-1).tolist(), strict=True))
    wrong = [at for at, (a, b) in enumerate(pairs) if not (a == b or _close(a, b, tolerance))]
    if not wrong:
        return None
    where = _index(wrong[0], tuple(expected.shape))
    a, b = pairs[wrong[0]]
    return say(
        "differs values", count=len(wrong), total=len(pairs), where=where, came=brief(a), expected=brief(b)
    )


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    place: list[int] = []
    for size in reversed(shape):
        flat, at = divmod(flat, size)
        place.insert(0, at)
    return tuple(place)


def _close(a: Any, b: Any, tolerance: float) -> bool:
    if not (isinstance(a, Real) and isinstance(b, Real)):
        return False
    both_nan = math.isnan(a) and math.isnan(b)
    return both_nan or math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def _kinds(came: Any, expected: Any) -> str:
    return say("differs kind", came=kind_of(came), expected=kind_of(expected))


def _values(came: Any, expected: Any) -> str:
    return say("differs value", came=brief(came), expected=brief(expected))
