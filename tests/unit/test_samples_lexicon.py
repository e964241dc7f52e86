"""The small lexicon: NLTK's own WordNet reader reads every line of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nltk
import pytest
from nltk.corpus.reader import CorpusReader, WordNetCorpusReader
from nltk.corpus.util import LazyCorpusLoader

from dpwidgets import samples
from dpwidgets.samples.lexicon import read_table, write_lexicon


@pytest.fixture(scope="module")
def wordnet() -> Iterator[WordNetCorpusReader]:
    """A reader of its own: `nltk.corpus.wordnet` is loaded once a process, by whoever comes first."""
    nothing = LazyCorpusLoader("omw-2.0", CorpusReader, r".*/wn-data-.*\.tab")
    reader = LazyCorpusLoader("wordnet", WordNetCorpusReader, nothing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nltk.data, "path", [str(samples.lexicon())])
        yield reader


def names(reader: WordNetCorpusReader, word: str, pos: str | None = None) -> set[str]:
    return {name for synset in reader.synsets(word, pos) for name in synset.lemma_names()}


def test_every_entry_comes_back_from_the_reader(wordnet: WordNetCorpusReader) -> None:
    table = {(one.pos, one.lemmas, one.gloss, one.example) for one in read_table()}
    read = {
        (one.pos(), tuple(one.lemma_names()), one.definition(), "".join(one.examples()))
        for one in wordnet.all_synsets()
    }
    assert read == table
    assert 150 <= len(table) <= 250


def test_names_and_senses_are_numbered_without_gaps(wordnet: WordNetCorpusReader) -> None:
    for synset in wordnet.all_synsets():
        assert wordnet.synset(synset.name()) == synset
        for lemma in synset.lemmas():
            assert lemma.count() == 0
            assert synset in wordnet.synsets(lemma.name(), synset.pos())


def test_a_sense_key_leads_back_to_its_lemma(wordnet: WordNetCorpusReader) -> None:
    lemmas = [lemma for word in ("dog", "fox", "over", "good") for lemma in wordnet.lemmas(word)]
    assert len(lemmas) > 8
    assert all(wordnet.lemma_from_key(lemma.key()) == lemma for lemma in lemmas)


def test_links_hold_both_ways(wordnet: WordNetCorpusReader) -> None:
    antonyms = 0
    for synset in wordnet.all_synsets():
        assert all(synset in above.hyponyms() for above in synset.hypernyms())
        for lemma in synset.lemmas():
            antonyms += len(lemma.antonyms())
            assert all(lemma in other.antonyms() for other in lemma.antonyms())
    assert antonyms > 60


@pytest.mark.parametrize(("one", "other"), [("good", "bad"), ("happy", "sad"), ("quick", "slow")])
def test_opposites(wordnet: WordNetCorpusReader, one: str, other: str) -> None:
    [lemma] = wordnet.synsets(one, "a")[0].lemmas()[0].antonyms()
    assert lemma.name() == other


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("jumps", "jump"),
        ("dogs", "dog"),
        ("ran", "run"),
        ("children", "child"),
        ("better", "good"),
        ("loved", "love"),
    ],
)
def test_inflected_forms_find_their_base(wordnet: WordNetCorpusReader, form: str, base: str) -> None:
    assert wordnet.morphy(form) == base


def test_what_goes_wrong_with_wordnet_goes_wrong_here(wordnet: WordNetCorpusReader) -> None:
    assert {synset.pos() for synset in wordnet.synsets("dog")} == {"n", "v"}
    assert {synset.pos() for synset in wordnet.synsets("brown")} == {"n", "v", "a"}
    assert {"Fox", "George_Fox", "play_a_trick_on"} <= names(wordnet, "fox")
    assert {"finished", "all_over"} <= names(wordnet, "over")
    assert {"leap", "bound"} <= names(wordnet, "jumps")
    assert wordnet.synsets("the") == wordnet.synsets("dog.") == []


def test_the_lines_of_the_docstring_work_in_a_fresh_process() -> None:
    code = (
        "import json, nltk, warnings; warnings.simplefilter('error')\n"
        f"nltk.data.path[:] = [{str(samples.lexicon())!r}]\n"
        "from nltk.corpus import wordnet\n"
        "print(json.dumps([synset.definition() for synset in wordnet.synsets('quick')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "taking little time" in json.loads(done.stdout)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_lexicon(folder)
        trees.append({p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
    assert trees[0] == trees[1]
    assert len(trees[0]) >= 16


def test_it_says_that_it_is_not_wordnet(wordnet: WordNetCorpusReader) -> None:
    assert "NOT WordNet" in wordnet.readme()
    assert "NOT WordNet" in (samples.lexicon() / "README.txt").read_text()
    assert "not WordNet" in str(samples.lexicon.__doc__)
    assert wordnet.get_version() is None  # the reader finds WordNet's copyright line in the real one
