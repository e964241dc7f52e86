"""The words of a sentence and what stands between them; put together they are the sentence, to the letter."""

import re

# Marks that end a word; apostrophes, hyphens and decimal points inside one do not. Chinese and Japanese signs
# stand for themselves: these scripts write no blanks.
_MARKS = r"!-/:-@\[-`{-~¡¿«»‘’“”„…—–।、-〟！-／：-＠"
_SIGNS = r"\u3040-\u30ff\u3400-\u9fff"
WORD = rf"[{_SIGNS}]|(?:[^\s{_MARKS}{_SIGNS}]|(?<=\w)['’-](?=\w)|(?<=\d)[.,](?=\d))+"


def split_words(text: str) -> list[str]:
    """Gap, word, gap, …, word, gap: words at odd positions, `"".join` gives the text back."""
    return re.split(f"({WORD})", text)


def words_of(text: str) -> list[str]:
    """The words alone, as NLTK's `RegexpTokenizer(WORD)` finds them."""
    return split_words(text)[1::2]
