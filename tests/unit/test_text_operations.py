"""The operations on text: what each promises, and agreement with NLTK where NLTK owns the method."""

import itertools
import os
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import nltk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.corpus.reader import CorpusReader, WordNetCorpusReader
from nltk.corpus.util import LazyCorpusLoader
from nltk.tokenize import RegexpTokenizer, TreebankWordTokenizer

from dpwidgets import samples
from dpwidgets.prep.text import operations as ops
from dpwidgets.prep.text.dictionary import GERMAN
from dpwidgets.prep.text.lexicons import SMALL, Lexicon, open_lexicon, sources
from dpwidgets.prep.text.sentences import OURS
from dpwidgets.prep.text.tokens import WORD, split_words, words_of

PANGRAM = "The quick brown fox jumps over the lazy dog."
SETS = {
    "ours": [text for text, _ in OURS if "'" not in text],
    "reviews": [
        "The soup was hot and good, the bread stale.",
        "A dull game: we left early.",
        "What a happy day!",
    ],
    "notes": [
        "The old camera breaks again.",
        "She sells cheap tickets near the school",
        "We run, walk and rest.",
    ],
}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return open_lexicon(SMALL)


@pytest.fixture(scope="module")
def wordnet() -> Any:
    """NLTK's own reader of the small lexicon, not ours."""
    reader = LazyCorpusLoader(
        "wordnet", WordNetCorpusReader, LazyCorpusLoader("omw-2.0", CorpusReader, "none")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nltk.data, "path", [str(samples.lexicon())])
        yield reader


def changed(name: str, text: str, share: float, seed: int, lexicon: Lexicon, **more: Any) -> str:
    parts = split_words(text)
    extra = {"synonym_replacement": [lexicon], "random_insertion": [lexicon], "back_translation": [GERMAN]}
    getattr(ops, name)(parts, share, random.Random(seed), *extra.get(name, []), **more)
    return "".join(parts)


ALL = [
    "synonym_replacement",
    "back_translation",
    "random_insertion",
    "random_deletion",
    "random_swap",
    "typos",
]


# --- words


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_the_parts_give_the_text_back(text: str) -> None:
    parts = split_words(text)
    assert "".join(parts) == text
    assert len(parts) % 2 == 1


@pytest.mark.parametrize("texts", SETS.values(), ids=SETS)
def test_words_are_nltks(texts: list[str]) -> None:
    for text in texts:
        assert words_of(text) == RegexpTokenizer(WORD).tokenize(text)
        treebank = TreebankWordTokenizer().tokenize(text)
        assert words_of(text) == [token for token in treebank if re.search(r"\w", token)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't like it.", ["I", "don't", "like", "it"]),
        ("a well-known 'quote'", ["a", "well-known", "quote"]),
        ("3.14 is 1,000 — no…", ["3.14", "is", "1,000", "no"]),
        ("我喜欢 cats。", ["我", "喜", "欢", "cats"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया"]),
        ("", []),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    assert words_of(text) == words


# --- synonyms


@pytest.mark.parametrize("texts", SETS.values(), ids=SETS)
def test_synonyms_are_wordnets_lemmas_filtered(texts: list[str], lexicon: Lexicon, wordnet: Any) -> None:
    compared = 0
    for text in texts:
        parts = split_words(text)
        for at in range(1, len(parts), 2):
            word = parts[at].lower()
            if word in ops.STOP or ops.is_name(parts, at):
                continue
            own = [synset for synset in wordnet.synsets(word) if word in synset.lemma_names()]
            lemmas = {lemma.name() for synset in own for lemma in synset.lemmas()} - {word}
            expected = sorted(name for name in lemmas if name.islower() and "_" not in name)
            assert ops.synonyms(parts, at, lexicon) == expected
            compared += bool(expected)
    assert compared >= 6


def synonyms_in(text: str, word: str, lexicon: Lexicon, **more: bool) -> list[str]:
    parts = split_words(text)
    return ops.synonyms(parts, parts.index(word), lexicon, **more)


def test_what_the_guides_version_does_wrong_is_right_here(lexicon: Lexicon) -> None:
    assert synonyms_in(PANGRAM, "dog", lexicon), "a word before a full stop counts"
    assert synonyms_in(PANGRAM, "over", lexicon) == [], "function words stay"
    assert synonyms_in(PANGRAM, "jumps", lexicon) == [], "an inflected form is no lemma"
    found = synonyms_in(PANGRAM, "fox", lexicon)
    assert found == sorted(set(found) - {"Fox", "George_Fox", "fox"})
    assert not any("_" in name for name in found)
    assert synonyms_in("Here sits Fox", "Fox", lexicon) == [], "a name"


def test_phrases_come_with_blanks(lexicon: Lexicon) -> None:
    assert "play a trick on" in synonyms_in(PANGRAM, "fox", lexicon, phrases=True)


@pytest.mark.parametrize(
    ("text", "word", "keeps", "drops"),
    [
        (PANGRAM, "dog", "hound", "chase"),
        (PANGRAM, "brown", "brownish", "sear"),
        ("They want to dog him.", "dog", "chase", "hound"),
        ("We love the lake.", "love", "adore", "affection"),
    ],
)
def test_the_same_part_of_speech(text: str, word: str, keeps: str, drops: str, lexicon: Lexicon) -> None:
    assert {keeps, drops} <= set(synonyms_in(text, word, lexicon))
    guessed = synonyms_in(text, word, lexicon, same_pos=True)
    assert keeps in guessed
    assert drops not in guessed


@pytest.mark.parametrize(("old", "new"), [("good", "fine"), ("Good", "Fine"), ("GOOD", "FINE"), ("I", "Me")])
def test_capitals_are_kept(old: str, new: str) -> None:
    assert ops.in_case_of(old, new.lower()) == new


# --- each operation


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("text", [PANGRAM, "Good", "", "...", "我喜欢猫。"])
def test_share_0_changes_nothing_and_share_1_empties_nothing(name: str, text: str, lexicon: Lexicon) -> None:
    assert changed(name, text, 0.0, 1, lexicon) == text
    assert bool(words_of(changed(name, text, 1.0, 1, lexicon))) == bool(words_of(text))


@pytest.mark.parametrize("seed", range(100))
def test_one_synonym_changes_one_word_always(seed: int, lexicon: Lexicon) -> None:
    before, after = (
        split_words(PANGRAM),
        split_words(changed("synonym_replacement", PANGRAM, 0.1, seed, lexicon)),
    )
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("name", ["synonym_replacement", "back_translation", "typos"])
def test_a_larger_share_changes_the_same_words_and_more(name: str, lexicon: Lexicon) -> None:
    sets = [
        {at for at, word in enumerate(split_words(changed(name, PANGRAM, share, 3, lexicon))[1::2])
         if word not in PANGRAM}
        for share in (0.0, 0.2, 0.4, 0.6)
    ]  # fmt: skip
    assert all(fewer <= more for fewer, more in itertools.pairwise(sets))
    assert len(sets[-1]) > len(sets[1])


def test_deletion_keeps_order_and_about_the_share(lexicon: Lexicon) -> None:
    words, left = words_of(PANGRAM), 0
    for seed in range(300):
        kept = words_of(changed("random_deletion", PANGRAM, 0.3, seed, lexicon))
        rest = iter(words)
        assert all(word in rest for word in kept), "a subsequence"
        left += len(kept)
    assert left / (300 * len(words)) == pytest.approx(0.7, abs=0.04)


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("The quick, brown fox.", 1, "The, brown fox."),
        ("(The fox) sleeps.", 1, "(The) sleeps."),
        ("The fox", 0, "fox"),
        ("A fox sleeps.", 2, "A fox."),
    ],
)
def test_deletion_keeps_punctuation(text: str, gone: int, left: str) -> None:
    class Doom(random.Random):
        drawn = -1

        def random(self) -> float:
            self.drawn += 1
            return float(self.drawn != gone)

    parts = split_words(text)
    ops.random_deletion(parts, 0.5, Doom())
    assert "".join(parts) == left


def test_swap_keeps_the_words(lexicon: Lexicon) -> None:
    for seed in range(30):
        swapped = words_of(changed("random_swap", PANGRAM, 0.1, seed, lexicon))
        assert Counter(swapped) == Counter(words_of(PANGRAM))
        assert sum(a != b for a, b in zip(swapped, words_of(PANGRAM), strict=True)) == 2


def test_insertion_adds_synonyms(lexicon: Lexicon) -> None:
    known = {name for word in words_of(PANGRAM) for name in synonyms_in(PANGRAM, word, lexicon)}
    for seed in range(30):
        new = Counter(words_of(changed("random_insertion", PANGRAM, 0.3, seed, lexicon)))
        new.subtract(words_of(PANGRAM))
        assert sum(new.values()) == 3
        assert set(+new) <= known


def test_back_translation_stays_among_words_of_one_translation(lexicon: Lexicon) -> None:
    shared = [set(several.split()) for several in GERMAN.values()]
    for seed in range(30):
        there_and_back = words_of(changed("back_translation", PANGRAM, 1.0, seed, lexicon))
        for one, other in zip(words_of(PANGRAM), there_and_back, strict=True):
            assert one == other or any({one, other} <= words for words in shared)


def test_no_english_word_has_two_translations() -> None:
    words = [word for several in GERMAN.values() for word in several.split()]
    assert len(words) == len(set(words))


def test_typos_are_near(lexicon: Lexicon) -> None:
    for seed in range(60):
        slipped = words_of(changed("typos", PANGRAM, 1.0, seed, lexicon))
        for one, other in zip(words_of(PANGRAM), slipped, strict=True):
            assert one == other if len(one) < 4 else one != other
            assert one[0] == other[0]
            assert len(one) - len(other) in (0, 1)


# --- chance, and NLTK's path


def test_string_hashing_changes_nothing() -> None:
    code = (
        "from dpwidgets.prep.text import TextEngine, read_sentences\n"
        f"steps = {ALL!r}\n"
        "engine = TextEngine(read_sentences())\n"
        "for at in range(8):\n"
        "    for variant in engine.variants({'sentence': at, 'steps': steps, 'variants': 3}):\n"
        "        print(variant.text, variant.reasons)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert said[0].count("\n") == 24


def test_global_chance_is_left_alone(lexicon: Lexicon) -> None:
    random.seed(3)
    state = random.getstate()
    for name in ALL:
        changed(name, PANGRAM, 0.5, 1, lexicon)
    assert random.getstate() == state


def test_our_lexicon_is_never_taken_for_wordnet(monkeypatch: pytest.MonkeyPatch, lexicon: Lexicon) -> None:
    ours = str(samples.lexicon())
    monkeypatch.setattr(nltk.data, "path", [])
    assert lexicon.opposites("good") == {"bad"}
    assert nltk.data.path == [], "it is on NLTK's path only while we read"
    monkeypatch.setattr(nltk.data, "path", [ours])
    assert sources() == (SMALL,)
    lexicon.opposites("happy")
    assert nltk.data.path == [ours], "the reader's own entry stays"


def test_wordnet_is_offered_where_its_data_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "corpora").symlink_to(samples.lexicon() / "corpora")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    assert sources() == (SMALL, "WordNet")


def test_labs_in_several_threads_share_the_lexicon(lexicon: Lexicon) -> None:
    words = [word for text, _ in OURS for word in words_of(text.lower())]
    expected = [str(lexicon.synsets(word)) for word in words]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        for _ in range(5):
            fresh = Lexicon(str(samples.lexicon()))  # its files are read anew
            with ThreadPoolExecutor(4) as pool:
                found = pool.map(lambda _, one=fresh: [str(one.synsets(word)) for word in words], range(4))
                assert all(texts == expected for texts in found)
    finally:
        sys.setswitchinterval(interval)
