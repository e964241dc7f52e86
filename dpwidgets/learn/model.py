"""What an exercise, a quiz question, a prediction and a chapter are made of.

Chapter files fill these in; nothing here runs or shows anything.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Status(Enum):
    """How an answer stands; the value is the key of its word in the message table."""

    NOT_ATTEMPTED = "not attempted"
    WRONG = "wrong"
    ERROR = "error"
    RIGHT = "right"


class _Unset(Enum):
    UNSET = "unset"


UNSET = _Unset.UNSET


@dataclass(frozen=True)
class Check:
    """One call of the learner's answer and what must come out.

    Give exactly one of `expected` and `judge`. Arguments are copied before every call.

    Raises ValueError at definition where both or neither are given, where `why` is empty, or where
    `use` has no `shown` and `judge` has no `wants`.
    """

    args: tuple[Any, ...] = ()
    """Positional arguments of the call."""
    expected: Any = UNSET
    """The value that must come out, compared by type, shape, dtype and value."""
    why: str = ""
    """Said when the value is wrong: the reason, in the learner's terms. Always needed."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of the call."""
    traps: tuple[tuple[Any, str], ...] = ()
    """Known wrong values, each with the sentence that replaces `why`."""
    tolerance: float = 1e-6
    """Largest relative (and absolute) difference between two floating-point numbers."""
    judge: Callable[[Any], str | None] | None = None
    """Instead of `expected`: gets the value, returns None where it is right, else why it is wrong."""
    wants: str = ""
    """With `judge`: what was expected, in words."""
    use: Callable[[Any], Any] | None = None
    """Instead of calling with `args`: gets the answer (a function or a class), returns the value to check."""
    shown: str = ""
    """With `use`: the call as the learner should read it, such as `len(Photos(["a.jpg"]))`."""

    def __post_init__(self) -> None:
        if (self.expected is UNSET) == (self.judge is None):
            raise ValueError("a Check needs either expected=... or judge=..., and not both")
        if not self.why and self.judge is None:
            raise ValueError(
                f"the Check with arguments {self.args!r} needs why=...: what a wrong value means"
            )
        if self.judge is not None and not self.wants:
            raise ValueError("a Check with judge=... needs wants=...: what was expected, in words")
        if (self.use is None) != (not self.shown):
            raise ValueError("a Check needs use=... and shown=... together")


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake that learners make, and what the exercise must say to it."""

    name: str
    """The mistake in a few words."""
    source: str
    """A full definition, in the form of the stub."""
    says: str
    """Part of the reason that the learner must read."""


@dataclass(frozen=True)
class Exercise:
    """A function or a class to write.

    Raises ValueError at definition where the stub does not end with a function or a class.
    """

    id: str
    """Chapter, dot, number: `02.3`."""
    title: str
    prompt: str
    """The task; `code` between backticks."""
    stub: str
    """What the learner starts from, without the decorator: imports, then one `def` or `class`."""
    checks: tuple[Check, ...]
    hints: tuple[str, str, str]
    """From the idea, to the tool, to almost the code."""
    solution: str
    """Reference answer: source in the form of the stub."""
    explanation: str
    """Why the reference is right."""
    why_it_matters: str
    """What the learner gains, said once the answer is right."""
    wrong: tuple[WrongAnswer, ...]
    """At least two."""

    def __post_init__(self) -> None:
        if not isinstance(last := ast.parse(self.stub).body[-1], ast.FunctionDef | ast.ClassDef):
            raise ValueError(
                f"exercise {self.id}: the stub ends with {ast.unparse(last)!r}, not a def or class"
            )

    @property
    def name(self) -> str:
        """Name of the function or class to write."""
        last = ast.parse(self.stub).body[-1]
        assert isinstance(last, ast.FunctionDef | ast.ClassDef)
        return last.name

    @property
    def cell(self) -> str:
        """The code cell of the notebook: the stub under its decorator."""
        last = ast.parse(self.stub).body[-1]
        lines = self.stub.strip("\n").splitlines()
        at = last.lineno - 1 - (len(self.stub) - len(self.stub.lstrip("\n")))
        return "\n".join([*lines[:at], f'@exercise("{self.id}")', *lines[at:]])


@dataclass(frozen=True)
class Option:
    """One answer to choose, and what is said when it is chosen."""

    text: str
    feedback: str


@dataclass(frozen=True)
class Quiz:
    """A question with one right option. Options are lettered a, b, c ... in order.

    Raises ValueError at definition where `answer` is not the letter of an option.
    """

    id: str
    """Chapter, dot, q, number: `02.q1`."""
    question: str
    options: tuple[Option, ...]
    answer: str
    """Letter of the right option."""

    def __post_init__(self) -> None:
        if self.answer not in self.letters:
            raise ValueError(f"quiz {self.id}: answer {self.answer!r} is none of {', '.join(self.letters)}")

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple("abcdefgh"[: len(self.options)])


@dataclass(frozen=True)
class Prediction:
    """Something to guess before the run."""

    id: str
    """Chapter, dot, p, number: `02.p1`."""
    question: str
    explanation: str
    """Shown with the result: why it came out so."""
    unit: str = ""
    """Unit of a number: `images/s`."""
    tolerance: float = 0.0
    """A guess is close within this share of the result: 0.25 for a quarter."""


Item = Exercise | Quiz | Prediction


@dataclass(frozen=True)
class Chapter:
    """All that one chapter asks."""

    number: str
    """Two digits: `02`."""
    title: str
    exercises: tuple[Exercise, ...] = ()
    quizzes: tuple[Quiz, ...] = ()
    predictions: tuple[Prediction, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.exercises, *self.quizzes, *self.predictions)
