"""Finds chapters and what they ask, by id."""

import difflib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TypeVar

from dpwidgets.learn import chapters as _package
from dpwidgets.learn.messages import say
from dpwidgets.learn.model import Chapter, Exercise, Item, Prediction, Quiz

Kind = TypeVar("Kind", Exercise, Quiz, Prediction)

_NAMES = {Exercise: "exercise", Quiz: "quiz", Prediction: "prediction"}
_CURES = {Exercise: "exercise({!r})", Quiz: "quiz({!r}, 'a')", Prediction: "predict({!r}, ...)"}


class UnknownId(LookupError):
    """No chapter asks anything under this id, or it is of another kind."""


def numbers() -> tuple[str, ...]:
    """Numbers of the chapters that have a file, in order: two digits, and a letter for a half (05b)."""
    names = sorted(module.name for module in pkgutil.iter_modules(_package.__path__))
    return tuple(name[2:] for name in names if re.fullmatch(r"ch\d\d[a-z]?", name))


@cache
def chapter(number: str) -> Chapter:
    """The chapter with this number, such as 05 or 05b. Raises ModuleNotFoundError where it has no file."""
    found: Chapter = import_module(f"{_package.__name__}.ch{number}").CHAPTER
    return found


def chapters() -> tuple[Chapter, ...]:
    """Every chapter that has a file, in order."""
    return tuple(chapter(number) for number in numbers())


def find(id: str, kind: type[Kind]) -> Kind:
    """What stands under `id`.

    Only the chapter that is asked for gets imported, so one broken chapter leaves the others whole.

    Raises:
        TypeError: `id` is not text, such as 2.3 or a function (a decorator without its brackets).
        UnknownId: there is none; the message names the nearest ids.
    """
    if not isinstance(id, str):
        raise TypeError(say("id type", value=id if isinstance(id, int | float) else type(id).__name__))
    number, dot, rest = id.partition(".")
    items: tuple[Item, ...] = chapter(number).items if number in numbers() else ()
    for item in items:
        if item.id == id:
            if isinstance(item, kind):
                return item
            raise UnknownId(_other_kind(item, kind))
    known = list(_known(kind))
    # "2.3" most likely means "02.3": with the zero in place the match is exact, and comes first.
    near = difflib.get_close_matches(f"{number.zfill(2)}{dot}{rest}", known, n=3, cutoff=0.5)
    names = say("id near", names=", ".join(map(repr, near))) if near else ""
    raise UnknownId(say("id unknown", kind=say(f"kind {_NAMES[kind]}"), id=id, near=names))


def _known(kind: type[Item]) -> Iterator[str]:
    for number in numbers():
        with suppress(Exception):  # a chapter that cannot be loaded only suggests nothing
            yield from [item.id for item in chapter(number).items if isinstance(item, kind)]


def _other_kind(item: Item, kind: type[Item]) -> str:
    wanted, found = say(f"a {_NAMES[kind]}"), say(f"a {_NAMES[type(item)]}")
    return say("id other kind", id=item.id, found=found, kind=wanted, cure=_CURES[type(item)].format(item.id))
