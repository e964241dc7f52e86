"""Proves a chapter's exercises: a stub is neutral, a mistake is told, the reference is right.

A chapter's author runs `python -m dpwidgets.learn.proof 05`; the tests run the same for every chapter.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any

from dpwidgets.learn.answers import load
from dpwidgets.learn.grading import grade, run_checks
from dpwidgets.learn.model import Chapter, Exercise, Prediction, Quiz, Status
from dpwidgets.learn.registry import chapter, numbers

_FORMS = {Exercise: r"\.\d+", Quiz: r"\.q\d+", Prediction: r"\.p\d+"}


def faults(one: Chapter) -> list[str]:
    """Everything that is wrong with a chapter's definitions; empty where they are proven."""
    return [
        *_id_faults(one),
        *(f"{each.id}: {text}" for each in one.exercises for text in _exercise(each)),
    ] + [f"{each.id}: {text}" for each in one.quizzes for text in _quiz(each)]


def _id_faults(one: Chapter) -> Iterator[str]:
    ids = [item.id for item in one.items]
    for item in one.items:
        if not re.fullmatch(re.escape(one.number) + _FORMS[type(item)], item.id):
            yield f"{item.id!r} is no id of a {type(item).__name__} in chapter {one.number}"
        if ids.count(item.id) > 1:
            yield f"{item.id!r} is used more than once"


def _exercise(one: Exercise) -> Iterator[str]:
    yield from _texts(one)
    stub = grade(one, load(one.stub))
    if stub.status is not Status.NOT_ATTEMPTED:
        yield f"the untouched stub counts as {stub.status.value}"
    if run_checks(one, load(one.stub)).status is Status.RIGHT:
        yield "the stub already is a right answer"
    if run_checks(one, _nothing).status is Status.RIGHT:
        yield "the checks accept a function that does nothing"
    reference = grade(one, load(one.solution))
    if reference.status is not Status.RIGHT:
        yield f"the reference is not right:\n{reference}"
    for wrong in one.wrong:
        outcome = grade(one, load(wrong.source))
        if outcome.status is not Status.WRONG:
            yield f"wrong answer {wrong.name!r} counts as {outcome.status.value}:\n{outcome}"
        elif wrong.says not in outcome.why:
            yield f"wrong answer {wrong.name!r} must be told {wrong.says!r}, and is told {outcome.why!r}"


def _texts(one: Exercise) -> Iterator[str]:
    if not one.checks:
        yield "there are no checks"
    if len(one.wrong) < 2:
        yield "there are fewer than two wrong answers"
    if len({wrong.name for wrong in one.wrong}) < len(one.wrong):
        yield "two wrong answers have the same name"
    if any(len(wrong.says) < 8 for wrong in one.wrong):
        yield "a wrong answer's message is shorter than eight letters: it would match by chance"
    if len(set(one.hints)) != 3 or not all(text.strip() for text in one.hints):
        yield "there are not three different hints"
    for name in ("title", "prompt", "explanation", "why_it_matters"):
        if not getattr(one, name).strip():
            yield f"{name} is empty"


def _quiz(one: Quiz) -> Iterator[str]:
    if len(one.options) < 3:
        yield "there are fewer than three options"
    if len({option.text for option in one.options}) < len(one.options):
        yield "two options read the same"
    if len({option.feedback for option in one.options}) < len(one.options):
        yield "two options have the same feedback"
    if not all(option.feedback.strip() for option in one.options):
        yield "an option has no feedback"


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def main(asked: list[str]) -> int:
    """Prints the faults of the chapters asked for (all, where none is named); 1 where there are any."""
    found = [fault for number in asked or numbers() for fault in faults(chapter(number))]
    print("\n".join(found) or "proven")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
