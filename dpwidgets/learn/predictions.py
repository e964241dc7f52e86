"""Guesses before the run, compared with what happened."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from dpwidgets.learn.cards import Card, Part
from dpwidgets.learn.compare import difference
from dpwidgets.learn.describe import brief, is_array
from dpwidgets.learn.messages import say
from dpwidgets.learn.model import Prediction
from dpwidgets.learn.registry import find
from dpwidgets.learn.store import record

_guesses: dict[str, Any] = {}  # in this kernel


def predict(id: str, value: Any = ...) -> "Guess":
    """Keeps a guess; `predict(id).reveal(actual)` in a later cell compares it with what happened.

    Args:
        value: the guess: a number, a text, a tuple. `...` or None is no guess, and keeps an earlier one.

    Raises:
        TypeError: `id` is not text.
        UnknownId: there is no prediction under `id`.
    """
    question = find(id, Prediction)
    if value is not None and value is not ...:
        _guesses[id] = value
        record(id, right=True)
    return Guess(question, _guesses.get(id))


@dataclass(frozen=True, repr=False)
class Guess:
    """A prediction and the learner's guess (None: there is none). Shows itself as text and as HTML."""

    prediction: Prediction
    value: Any

    def reveal(self, actual: Any) -> Card:
        """The guess beside `actual`, how far off it is, and why it came out so.

        Args:
            actual: a number, a tensor of one element, or any value that can be compared.
        """
        actual = _plain(actual)
        own, unit = self.prediction, self.prediction.unit
        parts = [
            Part(say("label measured"), _with_unit(actual, unit), verbatim=True),
            Part(say("label explanation"), own.explanation),
        ]
        if self.value is None:
            kind, verdict = "not attempted", say("predict none")
        else:
            parts.insert(0, Part(say("label predicted"), _with_unit(self.value, unit), verbatim=True))
            kind, verdict = self._verdict(actual)
        return Card(kind, f"{own.id} {own.question}", (*parts[:-1], Part("", verdict), parts[-1]))

    def _verdict(self, actual: Any) -> tuple[str, str]:
        guess = _plain(self.value)
        if not _is_number(actual):
            same = difference(guess, actual) is None
            return ("right", say("predict exact")) if same else ("answered", say("predict other"))
        if not _is_number(guess):
            return "answered", say("predict number")
        off = abs(guess - actual)
        if off == 0:
            return "right", say("predict exact")
        words = f"{off / abs(actual):.0%}" if actual else _with_unit(off, self.prediction.unit)
        if off <= self.prediction.tolerance * abs(actual):
            return "right", say("predict close", off=words)
        return "answered", say("predict far", off=words)

    def __repr__(self) -> str:
        return repr(self._card)

    def _repr_html_(self) -> str:
        return self._card._repr_html_()

    @property
    def _card(self) -> Card:
        own = self.prediction
        parts = [Part(say("label next"), say("predict how", id=own.id))]
        if self.value is not None:
            given = Part(say("label predicted"), _with_unit(self.value, own.unit), verbatim=True)
            parts = [given, Part(say("label next"), say("predict kept"))]
        return Card("prediction", f"{own.id} {own.question}", tuple(parts), status=self.value is not None)


def _plain(value: Any) -> Any:
    return value.item() if is_array(value) and math.prod(value.shape) == 1 else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value)


def _with_unit(value: Any, unit: str) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else brief(value)
    return f"{text} {unit}".strip() if _is_number(value) else text
