"""What a learner calls around an exercise: the decorator, hints, the solution."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from IPython.display import display

from dpwidgets.learn.answers import space_of
from dpwidgets.learn.cards import Card, Part
from dpwidgets.learn.describe import brief
from dpwidgets.learn.grading import grade
from dpwidgets.learn.messages import say
from dpwidgets.learn.model import Exercise, Status
from dpwidgets.learn.registry import find
from dpwidgets.learn.store import record

Answer = TypeVar("Answer", bound=Callable[..., Any])

_hints_given: Counter[str] = Counter()  # in this kernel


def exercise(id: str) -> Callable[[Answer], Answer]:
    """Checks the function or class below it at once, and shows how it stands.

    The function comes back unchanged. Nothing that it does stops the notebook. Where it was written, `hint`
    and `solution` can be called from then on, since the answer tells the learner to.

    Raises:
        TypeError: `id` is not text, or what stands below is no function or class.
        UnknownId: there is no exercise under `id`.
    """
    definition = find(id, Exercise)

    def check(answer: Answer) -> Answer:
        if not callable(answer):
            raise TypeError(say("not callable", id=id, value=brief(answer)))
        outcome = grade(definition, answer)
        if outcome.status is not Status.NOT_ATTEMPTED:
            record(id, right=outcome.status is Status.RIGHT)
        display(outcome)
        space = space_of(answer)
        for offered in (hint, solution):
            space.setdefault(offered.__name__, offered)
        return answer

    return check


def hint(id: str, number: int | None = None) -> Card:
    """A hint for the exercise: the idea, then the tool, then almost the code.

    Args:
        number: 1 to 3 for a certain hint; without it each call gives the next one, and the last again.

    Raises:
        TypeError: `id` is not text.
        UnknownId: there is no exercise under `id`.
        ValueError: there is no hint with this number.
    """
    definition = find(id, Exercise)
    last = len(definition.hints)
    if number is None:
        number = min(_hints_given[id] + 1, last)
        _hints_given[id] = number
    if type(number) is not int or number not in range(1, last + 1):
        raise ValueError(say("hint number", id=id, number=number, last=last))
    following = say("hint next", id=id, number=number + 1) if number < last else say("hint last", id=id)
    parts = (
        Part(say(f"hint {number}"), definition.hints[number - 1]),
        Part(say("label next"), following),
    )
    return Card("hint", f"{number}/{last}, {id} {definition.title}", parts, status=False)


def solution(id: str) -> Card:
    """One right answer to the exercise, and why it is right.

    Raises:
        TypeError: `id` is not text.
        UnknownId: there is no exercise under `id`.
    """
    definition = find(id, Exercise)
    parts = (
        Part(say("label answer"), definition.solution.strip("\n"), verbatim=True),
        Part(say("label explanation"), definition.explanation),
        Part(say("label matters"), definition.why_it_matters),
    )
    return Card("solution", f"{id} {definition.title}", parts, status=False)
