"""Finds the part of an object that cannot be pickled, and says what to do about it."""

import functools
import inspect
import io
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

_CURES: dict[type, str] = {
    io.IOBase: "Keep the path, and open the file in __getitem__ when it is first needed: each worker then "
    "has a handle of its own.",
    types.GeneratorType: "Keep a list, or a function that makes the generator where it is needed.",
    type(threading.Lock()): "Make the lock where it is used, or leave it out in __getstate__.",
    type(threading.RLock()): "Make the lock where it is used, or leave it out in __getstate__.",
}
_DEEPEST = 12


def cure_for(culprit: Any) -> str:
    """One sentence: what to do instead of keeping `culprit`."""
    for kind, cure in _CURES.items():
        if isinstance(culprit, kind):
            return cure
    return "Make it where it is used, or leave it out in __getstate__ and make it again in __setstate__."


def find_unpicklable(thing: Any, try_one: Callable[[Any], None]) -> tuple[str, Any]:
    """Where the part is that cannot be sent, such as "Photos.transform.transforms[1].file", and that part.

    Args:
        thing: what could not be sent as a whole.
        try_one: raises if its argument cannot be sent.
    """
    where = _name(thing)
    for _ in range(_DEEPEST):
        for step, part in _parts(thing):
            try:
                try_one(part)
            except Exception:
                where, thing = where + step, part
                break
        else:
            break
    return where, thing


def _name(thing: Any) -> str:
    return getattr(thing, "__qualname__", None) or type(thing).__qualname__


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What `thing` holds, each with the way to it."""
    if isinstance(thing, dict):
        yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, list | tuple):
        yield from ((f"[{i}]", value) for i, value in enumerate(thing))
    elif isinstance(thing, functools.partial):
        yield from ((f".{name}", getattr(thing, name)) for name in ("func", "args", "keywords"))
    elif isinstance(thing, types.MethodType):
        yield ".__self__", thing.__self__
    elif isinstance(thing, types.FunctionType):
        used = inspect.getclosurevars(thing)
        yield from (
            (f", its variable {name!r}", value) for name, value in {**used.nonlocals, **used.globals}.items()
        )
    elif isinstance(thing, type):
        yield from ((f".{name}", value) for name, value in vars(thing).items() if not name.startswith("__"))
    elif hasattr(thing, "__dict__"):
        yield from ((f".{name}", value) for name, value in vars(thing).items())
        yield "", type(thing)
