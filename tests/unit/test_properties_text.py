"""What each operation on text promises, for any sentence."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpwidgets.prep.text import operations as ops
from dpwidgets.prep.text.dictionary import GERMAN
from dpwidgets.prep.text.lexicons import SMALL, open_lexicon
from dpwidgets.prep.text.tokens import split_words, words_of

thorough = settings(deadline=None, derandomize=True, max_examples=60)
LEXICON = open_lexicon(SMALL)
MORE = {
    "synonym_replacement": (LEXICON,), "random_insertion": (LEXICON,), "back_translation": (GERMAN,),
    "random_swap": (), "random_deletion": (), "typos": (),
}  # fmt: skip
WORDS = ["the", "quick", "Happy", "film", "is", "not", "GOOD", "dog", "sells", "über", "don't", "3.5", "猫"]
sentences = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", ", ", ". ", "! ", " – ", "\n"])), max_size=12
).map(lambda pairs: "".join(word + gap for word, gap in pairs))
texts = st.one_of(sentences, st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
seeds = st.integers(0, 9999)


def changed(name: str, text: str, share: float, seed: int) -> str:
    parts = split_words(text)
    getattr(ops, name)(parts, share, random.Random(seed), *MORE[name])
    assert len(parts) % 2 == 1, "gap, word, gap: what stands between words is kept apart"
    return "".join(parts)


@pytest.mark.parametrize("name", MORE)
@thorough
@given(texts, seeds)
def test_share_0_is_the_text_itself(name: str, text: str, seed: int) -> None:
    assert changed(name, text, 0, seed).lstrip() == text.lstrip()
    if name != "random_deletion":  # it takes the blanks before the first word
        assert changed(name, text, 0, seed) == text


@pytest.mark.parametrize("name", MORE)
@thorough
@given(texts, st.floats(0, 1), seeds)
def test_the_seed_decides_and_nothing_but_the_seed(name: str, text: str, share: float, seed: int) -> None:
    random.seed(seed + 1)
    state = random.getstate()
    assert changed(name, text, share, seed) == changed(name, text, share, seed)
    assert random.getstate() == state


@thorough
@given(texts, st.floats(0, 1), seeds)
def test_swaps_keep_the_words(text: str, share: float, seed: int) -> None:
    found = split_words(changed_parts := changed("random_swap", text, share, seed))
    assert sorted("".join(found)) == sorted(text), changed_parts


@thorough
@given(sentences, st.floats(0, 1), seeds)
def test_swaps_keep_whole_words_and_what_stands_between(text: str, share: float, seed: int) -> None:
    parts = split_words(text)
    ops.random_swap(parts, share, random.Random(seed))
    assert Counter(parts[1::2]) == Counter(words_of(text))
    assert parts[::2] == split_words(text)[::2]


@thorough
@given(sentences, st.floats(0, 1), seeds)
def test_deletion_leaves_a_subsequence_and_at_least_one_word(text: str, share: float, seed: int) -> None:
    words, left = words_of(text), words_of(changed("random_deletion", text, share, seed))
    rest = iter(words)
    assert all(word in rest for word in left)
    assert bool(left) == bool(words)


@thorough
@given(sentences, seeds)
def test_a_larger_share_deletes_the_same_words_and_more(text: str, seed: int) -> None:
    left = [words_of(changed("random_deletion", text, share, seed)) for share in (0.1, 0.3, 0.6, 0.9, 1.0)]
    for more, fewer in pairwise(left):
        assert not Counter(fewer) - Counter(more)


@thorough
@given(sentences, st.floats(0, 1), seeds)
def test_insertion_keeps_every_word_in_its_order(text: str, share: float, seed: int) -> None:
    after = iter(words_of(changed("random_insertion", text, share, seed)))
    assert all(word in after for word in words_of(text))


@pytest.mark.parametrize("name", ["synonym_replacement", "back_translation", "typos"])
@thorough
@given(sentences, st.floats(0, 1), seeds)
def test_replacing_keeps_the_number_of_words_and_all_between_them(
    name: str, text: str, share: float, seed: int
) -> None:
    before, parts = split_words(text), split_words(text)
    getattr(ops, name)(parts, share, random.Random(seed), *MORE[name])
    assert parts[::2] == before[::2]
    assert all(parts[1::2])
    touched = sum(one != other for one, other in zip(before, parts, strict=True))
    assert touched <= ops.how_many(before, share)
