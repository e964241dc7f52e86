"""Questions with options: shown, answered, explained."""

from types import EllipsisType

from dpwidgets.learn.cards import Card, Part
from dpwidgets.learn.describe import brief
from dpwidgets.learn.messages import say
from dpwidgets.learn.model import Quiz
from dpwidgets.learn.registry import find
from dpwidgets.learn.store import record


def quiz(id: str, answer: str | EllipsisType | None = None) -> Card:
    """The question and its options; with `answer`, what to think of that option.

    Args:
        answer: letter of an option, small or large. None or `...` only shows the question.

    Raises:
        TypeError: `id` is not text.
        UnknownId: there is no question under `id`.
    """
    question = find(id, Quiz)
    if answer is None or answer is ...:
        return _ask(question, say("choose", id=id, example=question.letters[0]))
    letter = answer.strip().lower() if isinstance(answer, str) else answer
    if letter not in question.letters:
        return _ask(question, say("no option", given=brief(answer), letters=", ".join(question.letters)))
    right = letter == question.answer
    record(id, right=right)
    feedback = question.options[question.letters.index(letter)].feedback
    parts = [Part(say("label yours"), letter), Part(say("label why"), feedback)]
    if not right:
        parts.append(Part(say("label next"), say("try again")))
    return Card("right" if right else "wrong", _title(question), (*_options(question), *parts))


def _ask(question: Quiz, following: str) -> Card:
    parts = (*_options(question), Part(say("label next"), following))
    return Card("question", _title(question), parts, status=False)


def _title(question: Quiz) -> str:
    return f"{question.id} {question.question}"


def _options(question: Quiz) -> tuple[Part, ...]:
    pairs = zip(question.letters, question.options, strict=True)
    return tuple(Part(letter, option.text) for letter, option in pairs)
