"""Each word's fate, the reader of opinions, and the rules on labels."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpwidgets.prep.text import operations as ops
from dpwidgets.prep.text.dictionary import GERMAN
from dpwidgets.prep.text.diff import TracedParts, share_changed, with_gaps
from dpwidgets.prep.text.lexicons import SMALL, open_lexicon
from dpwidgets.prep.text.opinions import NEGATIVE, POSITIVE, read_opinion
from dpwidgets.prep.text.safety import reasons
from dpwidgets.prep.text.sentences import OURS
from dpwidgets.prep.text.tokens import words_of

BEFORE = "The film is not good."


def fates(parts: TracedParts) -> list[tuple[str, str, str]]:
    return [(one.kind, one.before, one.after) for one in parts.changes() if one.kind != "kept"]


# --- what became of each word


def test_each_kind_of_change() -> None:
    parts = TracedParts(BEFORE)  # "", The, " ", film, " ", is, " ", not, " ", good, "."
    parts[3] = "movie"
    assert fates(parts) == [("replaced", "film", "movie")]
    parts[3] = "film"
    assert fates(parts) == []
    parts[3], parts[9] = parts[9], parts[3]
    assert {kind for kind, _, _ in fates(parts)} == {"moved"}
    parts[3] = "fine"
    assert ("moved", "good", "fine") in fates(parts)


def test_insertion_and_deletion() -> None:
    parts = TracedParts(BEFORE)
    parts[4:4] = [" ", "noir"]
    del parts[9:11]
    assert "".join(parts) == "The film noir is good."
    assert fates(parts) == [("inserted", "", "noir"), ("deleted", "not", "")]
    parts[5] = "nior"
    assert fates(parts)[0] == ("inserted", "", "nior")


@given(st.lists(st.sampled_from("abcdefgh"), max_size=8), st.integers(0, 999))
def test_the_fates_account_for_every_word(words: list[str], seed: int) -> None:
    text = " ".join(words)
    parts, rng = TracedParts(text), random.Random(seed)
    ops.random_swap(parts, 0.3, rng)
    ops.random_deletion(parts, 0.3, rng)
    found = parts.changes()
    assert [one.after for one in found if one.at is not None] == words_of("".join(parts))
    assert sorted(one.was for one in found if one.was is not None) == list(range(len(words)))
    assert all(one.before == words[one.was] for one in found if one.was is not None)
    assert parts[0] + "".join(one.after + gap for one, gap in with_gaps(parts, found) if one.after) == (
        "".join(parts) if not found or found[-1].after else "".join(parts) + " "
    )


@pytest.mark.parametrize("text", [text for text, _ in OURS])
def test_following_words_changes_no_result(text: str) -> None:
    lexicon = open_lexicon(SMALL)
    results = []
    for parts in (TracedParts(text), list(TracedParts(text))):
        ops.synonym_replacement(parts, 0.4, random.Random(1), lexicon)
        ops.random_insertion(parts, 0.2, random.Random(2), lexicon)
        ops.back_translation(parts, 0.5, random.Random(3), GERMAN)
        ops.random_swap(parts, 0.2, random.Random(4))
        ops.random_deletion(parts, 0.2, random.Random(5))
        ops.typos(parts, 0.2, random.Random(6))
        results.append("".join(parts))
    assert results[0] == results[1]


def test_a_deleted_last_word_stands_before_the_full_stop() -> None:
    parts = TracedParts(BEFORE)
    parts[8:11] = ["."]
    assert "".join(parts) == "The film is not."
    assert [(one.before, gap) for one, gap in with_gaps(parts, parts.changes())][-2:] == [
        ("not", " "),
        ("good", "."),
    ]


def test_the_share_changed() -> None:
    parts = TracedParts(BEFORE)
    parts[3] = "movie"
    assert share_changed(parts.changes(), 5) == 0.2
    assert share_changed([], 0) == 0.0


# --- words of opinion


@pytest.mark.parametrize(("text", "label"), [(text, label or "unclear") for text, label in OURS])
def test_our_labels_are_what_the_words_say(text: str, label: str) -> None:
    assert read_opinion(text).verdict == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is good.", "positive (good +)"),
        ("It is not good.", "negative (good −)"),
        ("It isn’t good.", "negative (good −)"),
        ("Never a bad day", "positive (bad +)"),
        ("No, it is good.", "positive (good +)"),
        ("Good, but dirty.", "unclear (Good +, dirty −)"),
        ("A table.", "none known"),
    ],
)
def test_readings_show_their_evidence(text: str, said: str) -> None:
    assert str(read_opinion(text)) == said


def test_no_word_says_both() -> None:
    assert not POSITIVE & NEGATIVE


# --- labels


def told(before: str, change: "dict[int, str | None] | tuple[int, int]") -> list[str]:
    """The reasons for words that are replaced (position -> word), deleted (None) or swapped (a pair)."""
    parts = TracedParts(before)
    if isinstance(change, tuple):
        one, other = (2 * at + 1 for at in change)
        parts[one], parts[other] = parts[other], parts[one]
    else:
        for at, word in change.items():
            if word is None:
                del parts[2 * at + 1 : 2 * at + 3]
            else:
                parts[2 * at + 1] = word
    return reasons(before, "".join(parts), parts.changes(), open_lexicon(SMALL))


@pytest.mark.parametrize(
    ("before", "change", "reason"),
    [
        (BEFORE, {3: None}, "the negation “not” is gone"),
        (
            "It is not good.",
            {2: None},
            "opinion: positive (good +); those of the original: negative (good −)",
        ),
        (BEFORE, (1, 3), "the negation “not” stands elsewhere"),
        (BEFORE, {3: "nto"}, "the negation “not” became “nto”"),
        ("Soup is not hot but cold.", (3, 5), "“not” now stands before “cold”, not before “hot”"),
        ("The soup is good.", {3: "bad"}, "“good” became its opposite, “bad”"),
        ("The soup is good.", {3: "hot"}, "“good”, a word of opinion, became “hot”"),
        ("The soup is good.", {3: None}, "“good”, a word of opinion, is gone"),
        ("The soup is hot.", {3: "awful"}, "“awful”, a word of opinion, came in"),
        ("The soup is hot.", {2: "never"}, "a negation came in: “never”"),
        ("It took 20 days.", {2: "30"}, "the number “20” became “30”"),
        ("It took two days.", {2: None}, "the number “two” is gone"),
        ("Here Maria slept.", {1: "Maia"}, "the name “Maria” became “Maia”"),
    ],
)
def test_a_reason_in_words(before: str, change: dict[int, str | None], reason: str) -> None:
    assert any(one.endswith(reason) for one in told(before, change))


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (BEFORE, {4: "nice"}),
        (BEFORE, {1: "movie"}),
        (BEFORE, {}),
        ("The soup is hot.", {1: "broth"}),
        ("What I like is hot.", {1: None}),
        ("A warm and funny book", {1: "friendly"}),
        ("The fox is not good.", {1: "play a trick on"}),
    ],
)
def test_no_reason_where_no_rule_applies(before: str, change: dict[int, str | None]) -> None:
    assert told(before, change) == []
