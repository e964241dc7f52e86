"""The sentences of a lab: ours, or the reader's own list, text file or column."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 600  # characters of one sentence
_ACCEPTED = "a list of sentences, a text file with one sentence a line, or a pandas Series of text"
OURS = (
    ("The film is not good, and the story is very long.", "negative"),
    ("A warm and funny book, I was happy to the last page!", "positive"),
    ("The food was cold and the waiter was rude.", "negative"),
    ("Our two children love this old house near the lake.", "positive"),
    ("In that small hotel Maria never had a bad day.", "positive"),
    ("The train was 20 minutes late, and nobody helped us.", "negative"),
    ("I don't like the new phone; the screen is too dark.", "negative"),
    ("The quick brown fox jumps over the lazy dog.", ""),
)


@dataclass(frozen=True)
class Sentences:
    """Sentences, and their labels; "" where a sentence has none."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


def read_sentences(data: Any = None, labels: Iterable[Any] | None = None) -> Sentences:
    """What the reader gives, or our sentences for None. Empty lines of a file are left out.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the data is of another kind, or a sentence is not text.
        ValueError: no sentence, one that is longer than 600 characters, or another number of labels.
    """
    if data is None:
        texts: Sequence[Any] = [text for text, _ in OURS]
        labels = [label for _, label in OURS] if labels is None else labels
    elif isinstance(data, str | Path):
        texts = _lines(Path(os.path.expanduser(data)))
    elif isinstance(data, Iterable) and not isinstance(data, bytes | dict):
        texts = list(data)
    else:
        raise TypeError(f"{type(data).__name__} cannot be read as sentences; give {_ACCEPTED}.")
    if not texts:
        raise ValueError(f"There is no sentence in it; give {_ACCEPTED}.")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"sentence {number} is {text!r}, not text; drop missing values first (dropna()).")
        if len(text) > LONGEST:
            raise ValueError(
                f"sentence {number} has {len(text)} characters; give at most {LONGEST}, or cut it."
            )
    named = [""] * len(texts) if labels is None else [str(label) for label in labels]
    if len(named) != len(texts):
        raise ValueError(
            f"labels has {len(named)} entries for {len(texts)} sentences; give one per sentence."
        )
    return Sentences(tuple(text.strip() for text in texts), tuple(named))


def _lines(path: Path) -> list[str]:
    if not os.path.isfile(path):  # False too for a text that is too long for a name
        raise FileNotFoundError(f"There is no file {str(path)!r}; give {_ACCEPTED}.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8 first.") from error
    return [line for line in text.splitlines() if line.strip()]
