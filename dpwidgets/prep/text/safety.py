"""Where a variant may not mean what its label says: rules that give their reason in words."""

import re
from collections.abc import Sequence

from dpwidgets.prep.text.diff import DELETED, INSERTED, KEPT, MOVED, REPLACED, Change
from dpwidgets.prep.text.lexicons import Lexicon
from dpwidgets.prep.text.operations import STOP, is_name
from dpwidgets.prep.text.opinions import UNCLEAR, is_negation, opinion, read_opinion
from dpwidgets.prep.text.tokens import split_words, words_of

_SIGNS = {"positive": 1, "negative": -1, UNCLEAR: 0}
_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve hundred thousand million half"
)
_NUMBERS = frozenset(_NUMBER_WORDS.split())


def reasons(before: str, after: str, found: Sequence[Change], lexicon: Lexicon) -> list[str]:
    """Why the label of `before` may not hold for `after`, in words; empty where no rule finds a reason.

    The rules look at negations, words of opinion, opposites, numbers and names, and at what the reader of
    opinions makes of both. They do not understand: no reason does not prove that the meaning is kept.
    """
    names = _names(before)
    was, now = read_opinion(before), read_opinion(after)
    told = [reason for one in found if (reason := _of_word(one, names, _SIGNS[was.verdict], lexicon))]
    told += _of_scope(before, found)
    if now.verdict != was.verdict:
        told.append(f"its words of opinion: {now}; those of the original: {was}")
    return list(dict.fromkeys(told))


def _of_word(one: Change, names: set[str], sign: int, lexicon: Lexicon) -> str:
    """What this one change may do to the label of a sentence with this opinion; "" for nothing known."""
    if one.kind == KEPT:
        return ""
    word, new = one.before or one.after, one.after
    if is_negation(word):
        return f"the negation “{word}” {_fate(one)}"
    if one.kind == REPLACED and is_negation(new):
        return f"a negation came in: “{new}”"
    if one.kind == REPLACED and new.lower() in lexicon.opposites(word.lower()):
        return f"“{word}” became its opposite, “{new}”"
    if any(sign.isdigit() for sign in word) or word.lower() in _NUMBERS:
        return f"the number “{word}” {_fate(one)}"
    if word in names:
        return f"the name “{word}” {_fate(one)}"
    if one.kind in (DELETED, REPLACED) and opinion(word) and opinion(new) != opinion(word):
        return f"“{word}”, a word of opinion, {_fate(one)}"
    if one.kind in (INSERTED, REPLACED) and opinion(new) not in (0, sign, opinion(one.before)):
        return f"“{new}”, a word of opinion, came in"
    return ""


def _fate(one: Change) -> str:
    return {
        DELETED: "is gone",
        MOVED: "stands elsewhere",
        INSERTED: "came in",
        REPLACED: f"became “{one.after}”",
    }[one.kind]


def _of_scope(before: str, found: Sequence[Change]) -> list[str]:
    """Negations that stayed, but now stand before another word."""
    one = words_of(before)
    placed = {change.at: change.after for change in found if change.at is not None}
    other = [placed[at] for at in sorted(placed)]  # a phrase takes one place
    now_at = {change.was: change.at for change in found if change.kind in (KEPT, REPLACED, MOVED)}
    told = []
    for change in found:
        if change.kind != KEPT or change.was is None or change.at is None or not is_negation(change.before):
            continue
        denied, denies = _next_content(one, change.was), _next_content(other, change.at)
        if denied is not None and now_at.get(denied) != denies:
            new = (
                f"now stands before “{other[denies]}”" if denies is not None else "now stands before nothing"
            )
            told.append(f"“{change.before}” {new}, not before “{one[denied]}”")
    return told


def _next_content(words: Sequence[str], at: int) -> int | None:
    """The position of the next word that is no function word."""
    return next((i for i in range(at + 1, len(words)) if words[i].lower() not in STOP), None)


def _names(text: str) -> set[str]:
    """Words that are written with a capital inside a sentence; "I" is none."""
    parts = split_words(text)
    inside = [at for at in range(1, len(parts), 2) if is_name(parts, at)]
    return {parts[at] for at in inside if not re.fullmatch("I|I['’].*", parts[at])}
