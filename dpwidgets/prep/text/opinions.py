"""A reader of opinions that one can follow with a finger: a list of words, and negation."""

import re
from dataclasses import dataclass

from dpwidgets.prep.text.tokens import split_words

_POSITIVE_WORDS = (
    "good great excellent superb fine kind nice happy glad cheerful lovely beautiful pretty wonderful "
    "marvelous fantastic funny amusing comical friendly affectionate exciting thrilling gripping love "
    "loves loved adore adores like likes liked enjoy enjoys enjoyed joy delight pleasure fun polite "
    "courteous clean spotless safe helped aided helps recommend clever pleasant agreeable handsome grand "
    "merry well nicely happily gladly perfect brilliant first-class charming delicious best better right "
    "true"
)
POSITIVE = frozenset(_POSITIVE_WORDS.split())
_NEGATIVE_WORDS = (
    "bad poor awful terrible dreadful horrible sad unhappy sorrowful boring tedious dull rude impolite "
    "discourteous ugly unsightly dirty filthy grubby hate hates hated detest loathe dislike shoddy trashy "
    "broken breaks problem problems trouble dangerous unsafe wrong false stale weak badly poorly sadly "
    "unhappily worst worse disappointing disappointed rotten useless annoying fear sorrow grief"
)
NEGATIVE = frozenset(_NEGATIVE_WORDS.split())
_NEGATION_WORDS = "not no never none nothing nobody neither nor without hardly cannot"
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_REACH = 3  # words: how far before an opinion a negation is looked for
UNCLEAR = "unclear"


@dataclass(frozen=True)
class Reading:
    """What the reader made of a sentence.

    Attributes:
        verdict: "positive", "negative" or "unclear".
        evidence: the words of opinion, each with +1 or −1 after negation.
    """

    verdict: str
    evidence: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        """Such as "negative (good −)"; minus: a bad word, or a good one after a negation."""
        found = ", ".join(f"{word} {'+' if value > 0 else '−'}" for word, value in self.evidence)
        return f"{self.verdict} ({found})" if found else "none known"


def is_negation(word: str) -> bool:
    """`not`, `never`, `nobody`, `don't`, …"""
    return word.lower() in _NEGATIONS or word.lower().replace("’", "'").endswith("n't")


def opinion(word: str) -> int:
    """+1, −1, or 0 for a word that carries no opinion by itself."""
    return (word.lower() in POSITIVE) - (word.lower() in NEGATIVE)


def read_opinion(text: str) -> Reading:
    """Positive or negative, by counting words of opinion; a negation up to three words before turns it.

    It is no model and does not understand: it knows 120 English words of opinion, takes `cold`, `slow`,
    `late` and `cheap` for facts, sees no irony, no `too good to be true`, and no word that it does not list.
    It is here because its every verdict can be checked by eye, and it must not be used to label data.
    """
    parts = split_words(text)
    evidence = []
    for at in range(1, len(parts), 2):
        if value := opinion(parts[at]):
            for before in range(at - 2, max(0, at - 2 * _REACH - 1), -2):
                if re.search(r"[.,;:!?]", parts[before + 1]):
                    break
                value *= -1 if is_negation(parts[before]) else 1
            evidence.append((parts[at], value))
    total = sum(value for _, value in evidence)
    verdict = UNCLEAR if total == 0 else "positive" if total > 0 else "negative"
    return Reading(verdict, tuple(evidence))
