"""Checks of an engine's parameters: ValueError that names the parameter, its value and what is allowed."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def complete(params: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with `params` laid over them; ValueError for a name that is none of the defaults'."""
    for name in params:
        check_name(name, defaults, "parameter")
    return {**defaults, **params}


def check_name(name: Any, names: Iterable[str], what: str) -> None:
    """ValueError with a suggestion where `name` is none of `names`."""
    names = tuple(names)
    if name in names:
        return
    close = get_close_matches(str(name), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}."
    raise ValueError(f"{what} {name!r} is not known; {hint}")


def check_number(value: Any, name: str, low: float, high: float) -> float:
    """The value as float; ValueError naming it and what is allowed."""
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise ValueError(f"{name}={value!r} is not allowed; give a number from {low:g} to {high:g}.")


def check_whole(value: Any, name: str, low: int, high: int) -> int:
    """The value; ValueError naming it and what is allowed."""
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise ValueError(f"{name}={value!r} is not allowed; give a whole number from {low} to {high}.")


def check_flag(value: Any, name: str) -> bool:
    """The value; ValueError naming it and what is allowed."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{name}={value!r} is not allowed; give True or False.")


def check_text(value: Any, name: str, longest: int) -> str:
    """The value; ValueError naming it and what is allowed. Empty text is allowed."""
    if isinstance(value, str) and len(value) <= longest:
        return value
    shown = f"{value[:40]!r}… ({len(value)} characters)" if isinstance(value, str) else repr(value)
    raise ValueError(f"{name}={shown} is not allowed; give text of at most {longest} characters.")


def step_settings(data: Any, example: str) -> dict[str, Any]:
    """A pipeline step's op, on and values, from its name alone or from a dict of them.

    Raises:
        ValueError: no operation is named (the message shows `example`), or a setting is not known.
    """
    if isinstance(data, str):
        return {"op": data}
    if not isinstance(data, Mapping) or "op" not in data:
        raise ValueError(f"step {data!r} names no operation; give a name or op=, such as {example!r}.")
    for name in data:
        check_name(name, ("op", "on", "values"), "step setting")
    return dict(data)
