"""The engine of the text lab: parameters in, variants of a sentence, one picture and plain code out."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from dpwidgets.prep.checks import check_name, check_number, check_text, check_whole, complete
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.text.catalogue import SHARE, Step
from dpwidgets.prep.text.dictionary import GERMAN
from dpwidgets.prep.text.diff import KEPT, Change, TracedParts, share_changed
from dpwidgets.prep.text.draw import draw
from dpwidgets.prep.text.lexicons import SMALL, Lexicon, open_lexicon, sources
from dpwidgets.prep.text.opinions import read_opinion
from dpwidgets.prep.text.safety import reasons
from dpwidgets.prep.text.sentences import LONGEST, Sentences
from dpwidgets.prep.text.take_home import written_out
from dpwidgets.prep.text.tokens import split_words

MAX_VARIANTS = 12
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Variant:
    """A changed copy of a sentence.

    Attributes:
        parts: gap, word, gap, …, word, gap.
        changes: each word's fate, in the order of the variant.
        reasons: why its label may not hold, in words.
    """

    parts: tuple[str, ...]
    changes: tuple[Change, ...]
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """The variant as one string."""
        return "".join(self.parts)

    @property
    def unchanged(self) -> bool:
        """Whether no word differs."""
        return all(one.kind == KEPT for one in self.changes)


class TextEngine:
    """Computes what the text lab shows.

    Step k of variant i draws from `random.Random(f"{seed + i}:{k}")`: one step's strength does not change
    another's draws, and no process differs from another.
    """

    def __init__(self, sentences: Sentences) -> None:
        self.sentences = sentences
        self._variant = lru_cache(maxsize=256)(self._made)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Where synonyms can come from on this machine."""
        return sources()

    def default_params(self) -> dict[str, Any]:
        """Two of EDA's operations, as JSON-able data."""
        return {
            "sentence": 0,
            "text": "",
            "steps": [Step("synonym_replacement").to_dict(), Step("random_deletion").to_dict()],
            "strength": 1.0,
            "seed": 0,
            "variants": 6,
            "source": SMALL,
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        if not isinstance(merged["steps"], Sequence) or isinstance(merged["steps"], str):
            raise ValueError(f"steps={merged['steps']!r} is not allowed; give a list of steps.")
        check_name(merged["source"], self.sources, "source")
        return {
            "sentence": check_whole(merged["sentence"], "sentence", 0, len(self.sentences.texts) - 1),
            "text": check_text(merged["text"], "text", LONGEST),
            "steps": [Step.from_any(step).to_dict() for step in merged["steps"]],
            "strength": check_number(merged["strength"], "strength", 0.0, 1.0),
            "seed": check_whole(merged["seed"], "seed", 0, MAX_SEED),
            "variants": check_whole(merged["variants"], "variants", 1, MAX_VARIANTS),
            "source": merged["source"],
        }

    def original(self, params: Mapping[str, Any]) -> tuple[str, str]:
        """The sentence and its label: what was typed, without a label, or the sentence of that number."""
        typed = params["text"].strip()
        at = params["sentence"]
        return (typed, "") if typed else (self.sentences.texts[at], self.sentences.labels[at])

    def variants(self, params: Mapping[str, Any]) -> list[Variant]:
        """The variants of the sentence, in order."""
        params = self.check(params)
        text, _ = self.original(params)
        steps = tuple((step["op"], *step["values"].items()) for step in params["steps"] if step["on"])
        lexicon = open_lexicon(params["source"])
        return [
            self._variant(text, steps, params["strength"], params["seed"] + i, lexicon)
            for i in range(params["variants"])
        ]

    def _made(
        self, text: str, steps: tuple[Any, ...], strength: float, seed: int, lexicon: Lexicon
    ) -> Variant:
        parts = TracedParts(text)
        for at, (op, *values) in enumerate(steps):
            _apply(Step(op, values=dict(values)), parts, strength, random.Random(f"{seed}:{at}"), lexicon)
        found = parts.changes()
        return Variant(
            tuple(map(str, parts)), tuple(found), tuple(reasons(text, "".join(parts), found, lexicon))
        )

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture for these parameters; `scale` < 1 gives a smaller one.

        `notes` holds "variants" (list of Variant), "original", "label", "reading" (the original's words of
        opinion), "changed" (the share of words changed, 0 to 1), "source" and "looks_up" (is it in use?).
        """
        params = self.check(params)
        made = self.variants(params)
        text, label = self.original(params)
        words = len(split_words(text)) // 2
        changed = sum(share_changed(one.changes, words) for one in made) / len(made)
        notes = {
            "variants": made,
            "original": text,
            "label": label,
            "reading": str(read_opinion(text)),
            "changed": changed,
            "source": params["source"],
            "looks_up": any(step.operation.needs == "lexicon" for step in _running(params)),
        }
        return Rendered(draw(notes, scale), self._alt(params, notes), notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain Python that makes the same strings; see `take_home`."""
        params = self.check(params)
        steps = _running(params)
        text, _ = self.original(params)
        return written_out(
            steps, params["strength"], params["variants"], params["seed"], params["source"], text
        )

    def _alt(self, params: Mapping[str, Any], notes: Mapping[str, Any]) -> str:
        made = notes["variants"]
        flagged = [f"{at} ({one.reasons[0]})" for at, one in enumerate(made, 1) if one.reasons]
        unchanged = sum(one.unchanged for one in made)
        count = "1 variant" if len(made) == 1 else f"{len(made)} variants"
        label = f", labelled {notes['label']}" if notes["label"] else ""
        told = "No rule finds that a label may change."
        if flagged:
            told = f"The label may change in {len(flagged)}: variant {', '.join(flagged)}."
        return (
            f"“{notes['original']}”{label}, and {count} of it, word by word. {in_words(params)}. "
            f"{notes['changed']:.0%} of the words changed; {unchanged} unchanged. {told}"
        )


def in_words(params: Mapping[str, Any]) -> str:
    """Such as 'Synonym replacement 30%, random deletion 10%; strength 100%, seed 0'."""
    steps = _running(params)
    named = [f"{step.operation.title.lower()} {step.values[SHARE]:.0%}" for step in steps]
    listed = ", ".join(named) or "no operation"
    return f"{listed[0].upper()}{listed[1:]}; strength {params['strength']:.0%}, seed {params['seed']}"


def _running(params: Mapping[str, Any]) -> list[Step]:
    """The steps that are on."""
    return [Step.from_any(step) for step in params["steps"] if step["on"]]


def _apply(step: Step, parts: list[str], strength: float, rng: random.Random, lexicon: Lexicon) -> None:
    supplies: dict[str, list[Any]] = {"lexicon": [lexicon], "dictionary": [GERMAN], "": []}
    extra = supplies[step.operation.needs]
    share = round(step.values[SHARE] * strength, 4)
    step.operation.function(parts, share, rng, *extra, **step.flags())
