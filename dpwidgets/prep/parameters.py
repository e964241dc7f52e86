"""Checks of a chapter's parameters: a wrong value or a misspelt name stops the run at once.

papermill only warns about a name that the notebook does not know and never looks at values, so the
cell right after the parameters calls `check_parameters`.
"""

import ast
import difflib
import math
import operator
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.files import folder_problem, hidden_picture, link_out

PAPERMILL_HEADER = "# Parameters"


class ParameterError(ReaderError):
    """One or more parameters are wrong; the message lists each with its value and what is allowed."""


class Rule(Protocol):
    """What a parameter may be."""

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with `value` and what is allowed, or None if nothing is."""


@dataclass(frozen=True)
class Integer:
    """A whole number from `min` to `max`, both included."""

    min: int
    max: int

    def problem(self, value: Any) -> str | None:
        allowed = f"allowed is a whole number from {self.min} to {self.max}"
        if isinstance(value, bool | str | None):
            return f"is {_kind(value)}; {allowed}"
        try:
            number = operator.index(value)
        except TypeError:
            return f"is not a whole number; {allowed}"
        return None if self.min <= number <= self.max else f"is out of range; {allowed}"


@dataclass(frozen=True)
class Number:
    """A finite number, whole or not, from `min` to `max`, both included."""

    min: float
    max: float

    def problem(self, value: Any) -> str | None:
        allowed = f"allowed is a number from {self.min} to {self.max}"
        if isinstance(value, str) and _reads_as_number(value):
            return f"is text; {allowed} (YAML reads 1e-3 as text: write 1.0e-3)"
        if isinstance(value, bool | str | None) or not hasattr(value, "__float__"):
            return f"is {_kind(value)}; {allowed}"
        number = float(value)
        if not math.isfinite(number):
            return f"is not a finite number; {allowed}"
        return None if self.min <= number <= self.max else f"is out of range; {allowed}"


class Choice:
    """One of the given values."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def problem(self, value: Any) -> str | None:
        # 1 == True: the types must agree too.
        if any(value == known and type(value) is type(known) for known in self.values):
            return None
        suggestion = _closest(value, [v for v in self.values if isinstance(v, str)])
        return f"is not known{suggestion}; allowed is one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def problem(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else f"is {_kind(value)}; allowed is True or False"


@dataclass(frozen=True)
class Text:
    """Text that is not empty; with `pattern`, text that matches this regular expression wholly.

    With `optional`, None is allowed too.
    """

    pattern: str | None = None
    optional: bool = False

    def problem(self, value: Any) -> str | None:
        if value is None and self.optional:
            return None
        like = f" that matches {self.pattern}" if self.pattern else ""
        allowed = f"allowed is text{like}{' or None' if self.optional else ''}"
        if not isinstance(value, str):
            return f"is {_kind(value)}; {allowed}"
        if not value.strip() or (self.pattern and not re.fullmatch(self.pattern, value)):
            return f"does not fit; {allowed}"
        return None


@dataclass(frozen=True)
class Folder:
    """The path (str or Path) of a folder that exists and can be read; with `optional`, also None.

    With `closed`, no link in it may lead out of it: torchvision's `ImageFolder` would follow such links. With
    `visible`, no class or picture in it may be hidden: `ImageFolder` would take what macOS writes beside
    `0.jpg`, `._0.jpg`, for a picture.
    """

    optional: bool = False
    closed: bool = False
    visible: bool = False

    def problem(self, value: Any) -> str | None:
        if value is None and self.optional:
            return None
        allowed = f"allowed is the path of a folder{' or None' if self.optional else ''}"
        if not isinstance(value, str | os.PathLike) or not str(value).strip():
            return f"is {_kind(value)}; {allowed}"
        folder = Path(value).expanduser()
        problem = folder_problem(folder)
        if problem is None and self.closed and (link := link_out(folder)):
            where = f"{link.relative_to(folder)} -> {os.readlink(link)}"
            return (
                f"has a link that leads out of it, {where}: put the pictures themselves there, or give the "
                "folder that holds them"
            )
        if problem is None and self.visible and (hidden := hidden_picture(folder)):
            return (
                f"holds {hidden.relative_to(folder)}, which is hidden, and ImageFolder would read it: remove "
                "it, and others of its kind"
            )
        return problem


def check_parameters(namespace: dict[str, Any], /, **rules: Rule) -> None:
    """Check the parameters of a chapter, all of them, before anything runs.

    Args:
        namespace: `globals()` of the notebook. Its "In" list (IPython's history) tells which names the
            parameters cell and papermill's injected cell assigned.
        **rules: one rule for each parameter: `batch_size=Integer(1, 4096)`.

    Raises:
        ParameterError: naming each parameter that is wrong, missing or unknown, with its value, what is
            allowed and, for an unknown name, the name that was probably meant.
    """
    problems = []
    for name, rule in rules.items():
        if name not in namespace:
            problems.append(f"{name} is not set: run the cell tagged 'parameters' first")
        elif problem := rule.problem(namespace[name]):
            problems.append(f"{name} = {_short(namespace[name])} {problem}")
    known = ", ".join(rules)
    for name in _unknown_names(namespace.get("In", []), set(rules)):
        value = _short(namespace[name]) if name in namespace else "..."
        suggestion = _closest(name, list(rules)) or "."
        problems.append(f"{name} = {value} is no parameter of this chapter{suggestion} Known: {known}")
    if len(problems) == 1:
        raise ParameterError(problems[0])
    if problems:
        raise ParameterError(f"{len(problems)} parameters are wrong:\n- " + "\n- ".join(problems))


def _unknown_names(history: list[str], known: set[str]) -> list[str]:
    """Names that the parameters cells assign and no rule knows, in order, each once.

    The last cell of `history` is the one that runs now. A cell counts as parameters if papermill
    injected it just before, or if it is the newest one that assigns most of the known names: a scratch
    cell of the reader's in between is left alone.
    """
    before = list(history[:-1])
    injected = before.pop() if before and before[-1].lstrip().startswith(PAPERMILL_HEADER) else ""
    written = next((c for c in reversed(before) if 2 * len(known & set(_assigned(c))) > len(known)), "")
    names = dict.fromkeys(_assigned(written) + _assigned(injected))
    return [name for name in names if name not in known]


def _assigned(source: str) -> list[str]:
    """Names that the top level of a cell assigns (`a = 1`, `a: int = 1`)."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    names = []
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        names += [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    return names


def _closest(value: Any, known: list[str]) -> str:
    match = difflib.get_close_matches(str(value), known, n=1)
    return f"; did you mean {match[0]}?" if match else ""


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return "text" if value.strip() else "empty text"
    return "True or False" if isinstance(value, bool) else f"of type {type(value).__name__}"


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(value: Any) -> str:
    text = repr(str(value) if isinstance(value, os.PathLike) else value)
    return text if len(text) <= 200 else text[:200] + "…"
