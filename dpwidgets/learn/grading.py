"""Runs the checks of an exercise on an answer and says how it stands. Shows and stores nothing."""

import copy
import inspect
from dataclasses import dataclass
from typing import Any

from dpwidgets.learn import describe
from dpwidgets.learn.answers import Answer, bound, learners_line, space_of, untouched
from dpwidgets.learn.cards import Card, Part
from dpwidgets.learn.compare import difference
from dpwidgets.learn.guard import TooSlow, fixed_chance, time_limit
from dpwidgets.learn.messages import say
from dpwidgets.learn.model import UNSET, Check, Exercise, Status

TIME_LIMIT = 10.0  # seconds for all the checks of one exercise


@dataclass(frozen=True, repr=False)
class Outcome:
    """How an answer stands, and what to tell the learner. Shows itself as text and as HTML."""

    exercise: Exercise
    status: Status
    parts: tuple[Part, ...] = ()
    why: str = ""
    """The reason of a wrong answer."""

    @property
    def card(self) -> Card:
        own = self.exercise
        last = {
            Status.NOT_ATTEMPTED: (
                Part(say("label task"), own.prompt),
                Part(say("label next"), say("replace body", id=own.id)),
            ),
            Status.RIGHT: (Part(say("label matters"), own.why_it_matters),),
        }.get(self.status, (Part(say("label next"), say("try hint", id=own.id)),))
        reason = (Part(say("label why"), self.why),) if self.why else ()
        return Card(self.status.value, f"{own.id} {own.title}", (*self.parts, *reason, *last))

    def __repr__(self) -> str:
        return repr(self.card)

    def _repr_html_(self) -> str:
        return self.card._repr_html_()


def grade(exercise: Exercise, answer: Answer) -> Outcome:
    """How `answer` stands: not attempted, wrong, error or right. Whatever the answer does is caught,
    except KeyboardInterrupt: that is the learner pressing stop."""
    if untouched(answer, exercise.stub):
        return Outcome(exercise, Status.NOT_ATTEMPTED)
    return run_checks(exercise, answer)


def run_checks(exercise: Exercise, answer: Answer, seconds: float = TIME_LIMIT) -> Outcome:
    """Like `grade`, without asking first whether anything was written. Stops at the first check that fails.

    Args:
        seconds: limit for all the checks together.
    """
    trial = _Trial(exercise, answer, seconds)
    try:
        with time_limit(seconds), fixed_chance(), bound(answer):
            for check in exercise.checks:
                if outcome := trial.fails(check):
                    return outcome
    except TooSlow as slow:  # struck between two guarded calls
        return trial.blame(slow, ())
    return Outcome(exercise, Status.RIGHT)


@dataclass(frozen=True)
class _Trial:
    """One answer under the checks of one exercise."""

    exercise: Exercise
    answer: Answer
    seconds: float

    def fails(self, check: Check) -> Outcome | None:
        """The outcome of a check that does not pass; None where it passes."""
        called = check.shown or describe.call(self.exercise.name, check.args, check.kwargs)
        parts: tuple[Part, ...] = (Part(say("label called"), called, verbatim=True),)
        value: Any = UNSET
        try:
            if misfit := self._misfit(check):
                return Outcome(self.exercise, Status.ERROR, (*parts, _error(say("signature", error=misfit))))
            value = self._value(check)
            if value is ...:
                return Outcome(self.exercise, Status.NOT_ATTEMPTED)
            return self._verdict(check, value, parts)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:
            if value is not UNSET:
                parts = (*parts, Part(say("label came out"), describe.brief(value), verbatim=True))
            return self.blame(raised, parts)

    def _misfit(self, check: Check) -> str:
        """Why the answer cannot be called with the arguments; empty where it can."""
        if check.use is None:
            try:
                inspect.signature(self.answer).bind(*check.args, **check.kwargs)
            except TypeError as error:
                return str(error)
        return ""

    def _value(self, check: Check) -> Any:
        if check.use is not None:
            return check.use(self.answer)
        args, kwargs = copy.deepcopy((check.args, dict(check.kwargs)))
        return self.answer(*args, **kwargs)

    def _verdict(self, check: Check, value: Any, parts: tuple[Part, ...]) -> Outcome | None:
        if check.judge is not None:
            why, wants, detail = check.judge(value), check.wants, None
        else:
            detail = difference(value, check.expected, check.tolerance)
            why = detail and _reason(check, value)
            wants = describe.brief(check.expected)
        if why is None:
            return None
        came = describe.brief(value)
        parts = (
            *parts,
            Part(say("label came out"), came, verbatim=True),
            Part(say("label expected"), wants, verbatim=check.judge is None),
        )
        if detail and detail != say("differs value", came=came, expected=wants):
            parts = (*parts, Part(say("label difference"), detail, verbatim=True))
        return Outcome(self.exercise, Status.WRONG, parts, why)

    def blame(self, raised: BaseException, parts: tuple[Part, ...]) -> Outcome:
        """An exception as an outcome: the learner's error if it passed through their code."""
        line = learners_line(raised.__traceback__, space_of(self.answer))
        if isinstance(raised, NotImplementedError) and line and "NotImplementedError" in line[2].co_names:
            return Outcome(self.exercise, Status.NOT_ATTEMPTED)
        if line is None and not isinstance(raised, TooSlow | SystemExit):
            why = say("unusable", error=describe.error(raised).rstrip("."))
            return Outcome(self.exercise, Status.WRONG, parts, why)
        if line:
            number, source, _ = line
            where = say("line", number=number, source=source) if source else say("line only", number=number)
            parts = (*parts, Part(say("label where"), where, verbatim=True))
        return Outcome(self.exercise, Status.ERROR, (*parts, _error(self._words(raised))))

    def _words(self, raised: BaseException) -> str:
        if isinstance(raised, TooSlow):
            return say("too slow", seconds=self.seconds)
        if isinstance(raised, SystemExit):
            return say("exit", error=describe.error(raised))
        return describe.error(raised)


def _error(text: str) -> Part:
    return Part(say("label error"), text, verbatim=True)


def _reason(check: Check, value: Any) -> str:
    """The sentence for a known wrong value, else the general one."""
    return next((text for trap, text in check.traps if difference(value, trap) is None), check.why)
