"""The text lab: augmentations of a sentence, word by word, live."""

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from dpwidgets.labs.base import Control, Lab, source_text
from dpwidgets.labs.steps import described
from dpwidgets.prep.text import TextEngine, Variant, read_sentences
from dpwidgets.prep.text.catalogue import OPERATIONS, SHARE, Operation
from dpwidgets.prep.text.diff import with_gaps
from dpwidgets.prep.text.draw import can_draw
from dpwidgets.prep.text.engine import MAX_SEED, MAX_VARIANTS, in_words
from dpwidgets.prep.text.lexicons import SMALL


class TextLab(Lab):
    """Try augmentations of text on a sentence, see what became of each word, and copy the result as code.

    Args:
        sentences: what to augment; None takes ours, with labels. A list of sentences, the path of a UTF-8
            text file with one sentence a line, or a pandas Series.
        labels: the sentences' labels, shown beside them, if there are any.
        params: start values, such as `sentence=3`, `text="My own sentence."`, `strength=0.5`, `seed=3`,
            `variants=8`, `steps=["random_swap", {"op": "random_deletion", "values": {"share": 0.3}}]`.

    Raises:
        ValueError, TypeError, FileNotFoundError: for data that holds no sentences, and for a parameter that
            is not known or not allowed.
    """

    _esm = source_text("link.js", "controls.js", "base.js", "steps.js", "text.js")
    _css = source_text("base.css", "steps.css", "text.css")
    picture_format = "PNG"
    _engine: TextEngine
    catalogue: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(self, sentences: Any = None, *, labels: Iterable[Any] | None = None, **params: Any) -> None:
        engine = TextEngine(read_sentences(sentences, labels))
        catalogue = [_described(operation) for operation in OPERATIONS.values()]
        super().__init__(engine, params, title="Text augmentation lab", catalogue=catalogue)

    @property
    def result(self) -> list[str]:
        """The variants that are shown."""
        return [variant.text for variant in self._engine.variants(self.settings)]

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        last = len(self._engine.sentences.texts) - 1
        yield Control(
            "strength", "strength", "slider", "Scales all operations; 0 % leaves the sentence as it is.",
            max=1, step=0.05, percent=True,
        )
        yield Control("sentence", "sentence", "number", f"Which sentence, from 0 to {last}.", max=last)
        yield Control("text", "your own", "lines", "Type a sentence; it takes the place of the numbered one.")
        yield Control("seed", "seed", "seed", "The same seed gives the same variants.", max=MAX_SEED)
        yield Control("variants", "variants", "slider", "How many copies.", min=1, max=MAX_VARIANTS)
        if len(self._engine.sources) > 1:
            yield Control(
                "source", "synonyms", "choice", "Where synonyms come from.", choices=self._engine.sources,
            )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        count = params["variants"]
        return f"{count} variant{'s' * (count > 1)}: {in_words(params)}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        told = ["no flag is no proof that the label holds"]
        if notes["looks_up"] and notes["source"] == SMALL:
            told.append("synonyms: the workbook's small lexicon, not WordNet")
        if not can_draw(notes["original"]):
            told.append("rules and lexicon know English alone, the picture few scripts: read the list below")
        return told

    def _more(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        return {"variants": [_listed(variant) for variant in notes["variants"]]}


def _listed(variant: Variant) -> dict[str, Any]:
    """A variant for the list below the picture: its text, and pieces (kind, before, after, gap behind it)."""
    row = [(one.kind, one.before, one.after, gap) for one, gap in with_gaps(variant.parts, variant.changes)]
    pieces = [("kept", "", "", variant.parts[0]), *row]
    return {"text": variant.text, "pieces": pieces, "reasons": list(variant.reasons)}


def _described(operation: Operation) -> dict[str, Any]:
    """An operation as the view needs it."""
    share = {
        "name": SHARE, "label": "words", "kind": "slider", "min": 0, "max": 1, "step": 0.05, "percent": True,
        "unit": "", "help": "The share of the words, at strength 100 %", "default": operation.share,
    }  # fmt: skip
    flags = [
        {"name": one.name, "label": one.label, "kind": "flag", "help": one.help, "default": False}
        for one in operation.settings
    ]
    return described(
        operation.key,
        operation.title,
        operation.group,
        operation.help,
        [share, *flags],
        label_risk=operation.label_risk,
    )
