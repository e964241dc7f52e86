"""Text augmentation: words, synonyms, operations, a toy dictionary for translation there and back, what
became of each word, and rules that say where a label may not hold."""

from dpwidgets.prep.text.engine import TextEngine, Variant
from dpwidgets.prep.text.sentences import Sentences, read_sentences

__all__ = ["Sentences", "TextEngine", "Variant", "read_sentences"]
