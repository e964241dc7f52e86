"""What became of each word: kept, replaced, inserted, deleted or moved."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dpwidgets.prep.text.tokens import split_words

KEPT, REPLACED, INSERTED, DELETED, MOVED = "kept", "replaced", "inserted", "deleted", "moved"


@dataclass(frozen=True)
class Change:
    """One word's fate.

    Attributes:
        kind: KEPT, REPLACED, INSERTED, DELETED or MOVED. A word that moved may be another one as well.
        before, after: the word in the original and in the variant; "" where it is in one alone.
        was, at: its position there, counted in words from 0; None where it is in one alone.
    """

    kind: str
    before: str = ""
    after: str = ""
    was: int | None = None
    at: int | None = None


class _Traced(str):
    """A word that knows which word of the original it comes from."""

    origin: int


def _traced(word: str, origin: int) -> _Traced:
    traced = _Traced(word)
    traced.origin = origin
    return traced


class TracedParts(list[str]):
    """A sentence in parts, as `split_words` gives them, that follows its words through the operations.

    What takes the place of a word comes from that word; a word that comes in with a slice comes from none.
    """

    def __init__(self, text: str) -> None:
        parts = split_words(text)
        self._before = parts[1::2]
        super().__init__(_traced(one, at // 2) if at % 2 else one for at, one in enumerate(parts))

    def __setitem__(self, at: Any, value: Any) -> None:
        old = self[at]
        if isinstance(old, _Traced) and not isinstance(value, _Traced):
            value = _traced(value, old.origin)
        super().__setitem__(at, value)

    def changes(self) -> list[Change]:
        """What became of each word, in the order of the sentence as it is now, deleted words in place."""
        words = self[1::2]
        origins = [getattr(word, "origin", None) for word in words]
        in_order = _longest_rise(origins)
        gone = [was for was in range(len(self._before)) if was not in set(origins)]
        found = []
        for at, (word, was) in enumerate(zip(words, origins, strict=True)):
            if was is None:
                found.append(Change(INSERTED, after=str(word), at=at))
                continue
            before = self._before[was]
            if was in in_order:
                found += self._deleted(one for one in gone if one < was)
                gone = [one for one in gone if one > was]
            kind = MOVED if was not in in_order else KEPT if before == word else REPLACED
            found.append(Change(kind, before, str(word), was, at))
        return [*found, *self._deleted(gone)]

    def _deleted(self, gone: Iterable[int]) -> list[Change]:
        return [Change(DELETED, before=self._before[was], was=was) for was in gone]


def with_gaps(parts: Sequence[str], found: Sequence[Change]) -> list[tuple[Change, str]]:
    """Each word with the gap behind it; the last gap, with the full stop, comes behind deleted words too."""
    gaps = parts[2::2]
    row = [(one, " " if one.at is None else gaps[one.at]) for one in found]
    last = max((at for at, one in enumerate(found) if one.at is not None), default=len(row) - 1)
    if last < len(row) - 1:
        row[-1], row[last] = (row[-1][0], row[last][1]), (row[last][0], " ")
    return row


def share_changed(found: Sequence[Change], words: int) -> float:
    """Changed words by the words of the original, at most 1."""
    return min(1.0, sum(one.kind != KEPT for one in found) / max(1, words))


def _longest_rise(origins: Sequence[int | None]) -> set[int]:
    """The largest set of words that are still in the order of the original; the others have moved."""
    ends: list[int] = []  # the smallest last word of a rise of each length
    before: dict[int, int | None] = {}
    for one in origins:
        if one is not None:
            length = bisect_left(ends, one)
            before[one] = ends[length - 1] if length else None
            ends[length : length + 1] = [one]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
