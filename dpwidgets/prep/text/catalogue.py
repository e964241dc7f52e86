"""The operations of the text lab: names, settings and what each may do to a label."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dpwidgets.prep.checks import check_flag, check_name, check_number, step_settings
from dpwidgets.prep.text import operations

SHARE = "share"


@dataclass(frozen=True)
class Setting:
    """A yes or no of an operation, beside its share of words."""

    name: str
    label: str
    help: str


@dataclass(frozen=True)
class Operation:
    """One operation: its description and the function that carries it out.

    Attributes:
        share: the default share of words, 0 to 1.
        needs: "lexicon", "dictionary" or "": what the function takes besides parts, share and generator.
        label_risk: one line: when it changes the label.
    """

    key: str
    title: str
    group: str
    help: str
    label_risk: str
    function: Callable[..., None]
    share: float
    needs: str = ""
    settings: tuple[Setting, ...] = ()

    def defaults(self) -> dict[str, Any]:
        """The values of a new step."""
        return {SHARE: self.share} | {setting.name: False for setting in self.settings}


_PHRASES = Setting("phrases", "phrases", "Also synonyms of several words, such as “play a trick on”.")
_SAME_POS = Setting(
    "same_pos",
    "same part of speech",
    "Only synonyms of the part of speech that the neighbouring words suggest.",
)
OPERATIONS = {
    operation.key: operation
    for operation in (
        Operation(
            "synonym_replacement",
            "Synonym replacement",
            "replace",
            "Words become synonyms from the lexicon. Function words, names and inflected forms stay.",
            "Any sense of a word counts, so a synonym may mean something else; and “a” never becomes “an”.",
            operations.synonym_replacement,
            0.3,
            "lexicon",
            (_SAME_POS, _PHRASES),
        ),
        Operation(
            "back_translation",
            "Back-translation (toy)",
            "replace",
            "Words go to German and back by a toy dictionary; a real model translates sentences.",
            "A word with two meanings may come back with the other one.",
            operations.back_translation,
            0.5,
            "dictionary",
        ),
        Operation(
            "random_insertion",
            "Random insertion",
            "add and remove",
            "A synonym of a random word comes in at a random place.",
            "A word of opinion gains weight, or lands behind a negation.",
            operations.random_insertion,
            0.1,
            "lexicon",
            (_SAME_POS, _PHRASES),
        ),
        Operation(
            "random_deletion",
            "Random deletion",
            "add and remove",
            "Each word goes with this probability; one stays always.",
            "Without its “not” a sentence says the opposite.",
            operations.random_deletion,
            0.1,
        ),
        Operation(
            "random_swap",
            "Random swap",
            "order",
            "Two random words change places.",
            "A negation may come before another word; who did what to whom may turn round.",
            operations.random_swap,
            0.1,
        ),
        Operation(
            "typos",
            "Typos",
            "noise",
            "A neighbouring key, two letters swapped, or one lost, in words of four letters or more.",
            "A slip can make another word: “bad” from “bald”.",
            operations.typos,
            0.1,
        ),
    )
}


@dataclass
class Step:
    """One operation of a pipeline, with its values; `on=False` leaves it in the list, but it does not run."""

    op: str
    on: bool = True
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.op, OPERATIONS, "operation")
        check_flag(self.on, f"{self.op}: on")
        defaults = OPERATIONS[self.op].defaults()
        for name in self.values:
            check_name(name, defaults, f"{self.op}: setting")
        merged = defaults | self.values
        share = check_number(merged.pop(SHARE), f"{self.op}: {SHARE}", 0.0, 1.0)
        flags = {name: check_flag(value, f"{self.op}: {name}") for name, value in merged.items()}
        self.values = {SHARE: share, **flags}

    @classmethod
    def from_any(cls, data: Any) -> "Step":
        """A step from the name of its operation, or from what `to_dict` gave."""
        return cls(**step_settings(data, "random_swap"))

    def to_dict(self) -> dict[str, Any]:
        """The step as plain, JSON-able data."""
        return {"op": self.op, "on": self.on, "values": dict(self.values)}

    @property
    def operation(self) -> Operation:
        """What the step does."""
        return OPERATIONS[self.op]

    def flags(self) -> dict[str, bool]:
        """The settings that are on."""
        return {name: True for name, value in self.values.items() if name != SHARE and value}
