"""What a mutation is, and what came of one."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from chapters import Chapter

FIXTURE = "90_fixture"


@dataclass(frozen=True)
class Mutation:
    """One way to break the workbook."""

    name: str
    check: str
    """The check that must go red: a rule of the contract, a part of the run, a test. Empty: none may."""
    says: str
    """A pattern that its report must show."""
    also: tuple[str, ...] = field(default=(), kw_only=True)
    """Other checks that must go red with it."""


@dataclass(frozen=True)
class BookMutation(Mutation):
    """A chapter that is broken as it stands in its files."""

    change: Callable[[Chapter], object]
    """Changes the files of a chapter that is a copy."""
    chapter: str = field(default=FIXTURE, kw_only=True)


@dataclass(frozen=True)
class RunMutation(BookMutation):
    """A chapter that only a run shows to be broken; its check is a part of `nbval_layer`."""

    short: bool = field(default=False, kw_only=True)
    """Whether it runs under short limits of time."""


@dataclass(frozen=True)
class PartMutation(Mutation):
    """A lab or an exercise that is broken."""

    faults: Callable[[], list[tuple[str, str]]]
    """What the proof of this part finds: (check, text)."""


@dataclass(frozen=True)
class ViewMutation(Mutation):
    """A lab's JavaScript that is broken; its check is a test of tests/unit/test_labs_view.py."""

    old: str
    new: str


class Result(NamedTuple):
    """What the checks said to a mutation."""

    mutation: Mutation
    found: dict[str, str]
    """By check, what it reported."""
    seconds: float
    skipped: str = ""
    """Why it could not be tried here."""

    @property
    def problem(self) -> str:
        """What is wrong with the checks; empty where just those that are meant went red, and said why."""
        meant = self.mutation.check
        wanted = {meant, *self.mutation.also} - {""}
        if self.skipped or self.found.keys() == wanted == set():
            return ""
        if not self.found:
            return "SURVIVED"
        if meant not in self.found:
            return f"caught by another check only: {', '.join(self.found)}"
        if not re.search(self.mutation.says, self.found[meant]):
            return f"{meant} does not say {self.mutation.says!r}"
        if less := wanted - self.found.keys():
            return f"not caught by {', '.join(sorted(less))}"
        if more := self.found.keys() - wanted:
            return f"caught by more checks: {', '.join(sorted(more))}"
        return ""
