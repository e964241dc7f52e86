"""Where synonyms come from: WordNet's files, read by NLTK. Ours, or WordNet's own where it is installed."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from dpwidgets import samples

SMALL, WORDNET = "small lexicon", "WordNet"
_reading = threading.Lock()


class Lexicon:
    """The synsets of words, each looked up once.

    Args:
        root: a folder with `corpora/wordnet`, or `corpora/wordnet.zip`.
    """

    def __init__(self, root: str) -> None:
        # NLTK takes a second or two to import.
        from nltk.corpus.reader import WordNetCorpusReader
        from nltk.data import find

        class Reader(WordNetCorpusReader):
            def map_wn(self, version: str = "wordnet") -> None:
                """No other languages, so no map to them: NLTK would look for it along its own path."""

        self._root = root
        with self._readable(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the other languages are not there
            self._reader = Reader(find(_resource(root), [root]), None)
        self.synsets = lru_cache(maxsize=4096)(self._synsets)

    def _synsets(self, word: str, pos: str | None = None) -> list[Any]:
        """NLTK's `wordnet.synsets`."""
        with self._readable():
            return self._reader.synsets(word, pos)

    def opposites(self, word: str) -> set[str]:
        """The antonyms of the word's own lemmas, in lower case."""
        with self._readable():
            return {
                other.name().lower()
                for synset in self._reader.synsets(word)
                for lemma in synset.lemmas()
                if lemma.name().lower() == word
                for other in lemma.antonyms()
            }

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """NLTK reads nothing outside its path. Ours is there only for the moment: the reader's own
        `nltk.corpus.wordnet` must not take our lexicon for WordNet. The lock: labs share the open files."""
        import nltk

        with _reading:
            nltk.data.path.append(self._root)
            try:
                yield
            finally:
                ours = [at for at, root in enumerate(nltk.data.path) if root == self._root]
                del nltk.data.path[ours[-1]]


def sources() -> tuple[str, ...]:
    """What can be chosen: the small lexicon, and WordNet where NLTK finds its data."""
    return (SMALL, WORDNET) if _wordnet_root() else (SMALL,)


def open_lexicon(source: str) -> Lexicon:
    """The lexicon of one of `sources()`."""
    root = str(samples.lexicon()) if source == SMALL else _wordnet_root()
    if root is None:
        raise LookupError("WordNet's data is not installed: python -m nltk.downloader wordnet")
    return _opened(root)


@cache
def _opened(root: str) -> Lexicon:
    return Lexicon(root)


def _wordnet_root() -> str | None:
    """The first folder on NLTK's path that holds WordNet's data; our own may be there too, and is not it."""
    import nltk

    ours = samples.lexicon()
    return next((root for root in nltk.data.path if Path(root) != ours and _has_wordnet(root)), None)


def _has_wordnet(root: str) -> bool:
    return any((Path(root) / "corpora" / name).exists() for name in ("wordnet", "wordnet.zip"))


def _resource(root: str) -> str:
    unpacked = (Path(root) / "corpora" / "wordnet").exists()
    return "corpora/wordnet" if unpacked else "corpora/wordnet.zip/wordnet/"
