# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05b Text augmentation
#
# Chapter 05 changed pictures: a house turned by five degrees is still a house. A sentence is more fragile.
# Take one word away, and it may say the opposite. This chapter changes sentences, counts what goes wrong, and
# measures when such [augmentation](pages/glossary.ipynb#augmentation) pays.
#
# **After this chapter you can**
#
# - cut a sentence into words, and say what a tokeniser did to it,
# - replace words by synonyms without the eleven bugs of the usual short recipe,
# - insert, delete and swap words, and translate there and back,
# - bring a random sentence back, in this process and in the next,
# - measure whether an operation keeps the label, and whether it helps.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Python lists, sets, f-strings | needed | any Python course |
# | `Dataset`: `__len__` and `__getitem__` | helpful | chapter 02 |
# | Augmentation: training only, the label must stay true | helpful | chapter 05 |
#
# **Time:** 60 minutes to read and try, with the exercises. The cells alone run for about half a
# minute.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import difflib
import inspect
import os
import random
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import nltk
import numpy as np
import torch
from nltk.tokenize import TreebankWordDetokenizer, TreebankWordTokenizer, wordpunct_tokenize
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from dpwidgets import TextLab, exercise, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Integer, Number, Text, check_parameters

# %% tags=["parameters"]
text_file = None  # your own sentences: a UTF-8 text file, one sentence a line; None takes ours
seed = 0  # start of chance, a whole number from 0 to 1,000,000
calls = 20_000  # how often the guide's function is called to count its bugs, 500 to 100,000
strength = 0.2  # share of the words that an operation touches, 0.05 to 0.5
train_sentences = 240  # made sentences that the experiment learns from, 48 to 960
repeats = 5  # how often the experiment is repeated with other sentences, 2 to 20

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    text_file=Text(optional=True),
    seed=Integer(0, 1_000_000),
    calls=Integer(500, 100_000),
    strength=Number(0.05, 0.5),
    train_sentences=Integer(48, 960),
    repeats=Integer(2, 20),
)
own = ["The waiter was not slow, and the soup was hot.", "A funny book with a sad end."]
if text_file is not None:
    try:
        lines = Path(text_file).expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"text_file = {text_file!r} cannot be read; give a UTF-8 text file") from error
    own = [line.strip() for line in lines if line.strip()]
    if not own:
        raise ValueError(f"text_file = {text_file!r} holds no sentence; write one sentence on each line")


# %% [markdown]
# ## 1. One word less
#
# **Question.** The sentence below says that a film is bad. Take away one word. Is it still the same opinion?
# Guess for each of the five words before you run.


# %%
def marked(before: str, after: str) -> str:
    """`after`, with what changed in brackets: [old → new], [− gone], [+ come]."""
    old, new = before.split(), after.split()
    pieces = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = " ".join(old[a:b]), " ".join(new[c:d])
        forms = {"equal": come, "replace": f"[{gone} → {come}]", "delete": f"[− {gone}]"}
        pieces.append(forms.get(kind, f"[+ {come}]"))
    return " ".join(pieces)


use_style()
opinion_text = "the film is not good"
for gone in opinion_text.split():
    print(marked(opinion_text, " ".join(word for word in opinion_text.split() if word != gone)))

# %% [markdown]
# **What happened.** Three of the five still say it. Without *good* nobody can tell. Without *not* the film is
# **good**: the label is now a lie. A picture changes little when one pixel goes. A sentence can turn round.
# Keep this in mind; section 11 counts it.
#
# ## 2. What is a word?
#
# Every operation works on words. **Question:** where does a word end? A
# [tokeniser](pages/glossary.ipynb#token) decides it: it cuts a text into **tokens**, words and signs. How many
# tokens does NLTK's Treebank tokeniser make of `It isn't!`? Replace `...` by a number.

# %%
predict("05b.p1", ...)

# %%
WORD = re.compile(r"(\w+(?:['’-]\w+)*)")
sentence = "The dog isn't lazy!"
treebank = TreebankWordTokenizer().tokenize
ways = {
    "str.split": sentence.split(),
    "wordpunct": wordpunct_tokenize(sentence),
    "Treebank": treebank(sentence),
    "WORD.split": WORD.split(sentence),
}
for name, tokens in ways.items():
    print(f"{name:10} {len(tokens)} tokens: {' | '.join(tokens)}")

quote = 'Well,  she said: "don\'t go!" (Twice.)'
rebuilt = {
    "str.split": " ".join(quote.split()),
    "Treebank": TreebankWordDetokenizer().detokenize(treebank(quote)),
    "WORD.split": "".join(WORD.split(quote)),
}
for name, text in rebuilt.items():
    print(f"{name:10} and back: {'the same' if text == quote else 'changed':8}  {text}")
predict("05b.p1").reveal(len(treebank("It isn't!")))

# %% [markdown]
# **What happened.** `split` cuts at blanks only: `lazy!` is a "word" that no dictionary knows. `wordpunct` cuts
# at every sign: `isn`, `'`, `t`. Treebank knows English: it cuts `isn't` into `is` and `n't`. None of the three
# needs a download. (`nltk.word_tokenize` does: it finds sentences first, with a trained model.)
#
# The lower lines put the tokens together again. Two blanks stood after *Well,*: who throws blanks away cannot
# bring them back. `WORD.split` is our own and keeps them. A pattern in brackets makes `split` keep what it cut
# at: gaps at even places, words at odd ones. Change a word, join, and every comma and blank is where it was.
#
# Language models such as BERT cut further, into **subwords**: `unhappiness` may become `un`, `##happi`,
# `##ness`. Augment *before* that step, on words: half a word has no synonym.
#
# ## 3. A lexicon
#
# **Question.** You have installed spaCy and NLTK. How many synonyms do you have now?

# %% tags=["claim-09", "nbval-ignore-output"] reason="spaCy is optional" figure="vectors"
try:
    import spacy
except ImportError:
    print("spaCy is not installed. To see this cell work: pip install spacy")
else:
    english = spacy.blank("en")
    tokens = english(sentence)
    print("tokens:    ", " | ".join(token.text for token in tokens))
    print("stop words:", " | ".join(token.text for token in tokens if token.is_stop))
    print(f"spaCy's blank English: {len(english.vocab.vectors)} word vectors, no synonyms")
    try:
        spacy.load("en_core_web_sm")
    except OSError as error:
        print("spacy.load('en_core_web_sm'):", str(error).split(".")[0])

# %% tags=["claim-09"] figure="LookupError"
try:
    nltk.data.find("corpora/wordnet", paths=[])  # as after a fresh installation: no folder has it
except LookupError as error:
    wanted = re.search(r"Resource \S+ not found", re.sub(r"\x1b\[\d*m", "", str(error)))[0]
    print(f"NLTK without its data: {type(error).__name__}: {wanted}")

nltk.data.path.insert(0, str(samples.lexicon()))  # before the first look-up: NLTK loads it once
from nltk.corpus import wordnet

print(f"our small lexicon: {len(list(wordnet.all_synsets()))} groups of synonyms")
for word in ("quick", "fox"):
    for synset in wordnet.synsets(word):
        names = ", ".join(synset.lemma_names())
        print(f"  {word:6} {synset.pos()}  {names:53} {synset.definition()[:44]}")

# %% [markdown]
# > **Correction.** The guide: text can be augmented with NLTK or spaCy. The machine: **neither brings a single
# > synonym.** The usual source, WordNet, is a download (`python -m nltk.downloader wordnet`). Without a network
# > `nltk.download` returns `False` and raises nothing: look at its result. spaCy's models are downloads too.
#
# What a blank spaCy does have is rules: where to cut, and which words are
# [stop words](pages/glossary.ipynb#stop-word), so frequent that they say little. *n't* is one of them: keep an eye
# on it. It has no *word vectors*, rows of numbers that put words of like meaning close together.
#
# So this workbook brings a small lexicon, written by hand **in WordNet's file format**. *It is not WordNet.* NLTK
# reads it with the same code, so everything below runs unchanged with the real one. **Numbers depend on the
# lexicon; the bugs do not.** Section 14 has the real one, if it is on your machine.
#
# A [*synset*](pages/glossary.ipynb#synset) is one sense: a part of speech (`n` noun, `v` verb, `a` adjective,
# `r` adverb), its names, a definition. *Quick* is fast, or clever, or the skin under a nail. Names of several
# words have underscores.
#
# ## 4. The guide's function
#
# It takes a random word, looks up its names in all senses, and puts one of them in its place. Here is a
# function with the same structure. **Question:** it is called 20,000 times, one replacement each. How many
# percent of the sentences come back **unchanged**?

# %%
predict("05b.p2", ...)


# %%
def get_synonyms(word):
    names = set()
    for synset in wordnet.synsets(word):
        for lemma in synset.lemmas():
            names.add(lemma.name())
    names.discard(word)
    return list(names)


def replace_with_synonyms(sentence, num_replacements=1, look_up=get_synonyms):
    words = sentence.split()
    for _ in range(num_replacements):
        word = random.choice(words)
        found = look_up(word)
        if found:
            words[words.index(word)] = random.choice(found)
    return " ".join(words)


SENTENCE = "The quick brown fox jumps over the lazy dog."
random.seed(seed)
for _ in range(6):
    print(marked(SENTENCE, replace_with_synonyms(SENTENCE)))


# %% tags=["snippet-09"] figure="unchanged"
@cache
def in_order(word):
    return sorted(get_synonyms(word))  # a fixed order, so that your numbers are ours: see section 6


random.seed(seed)
outputs = [replace_with_synonyms(SENTENCE, 1, in_order) for _ in range(calls)]
unchanged = sum(output == SENTENCE for output in outputs) / calls
drawn = Counter()  # (old word, new word) -> how often
for output in outputs:
    pairs = zip(SENTENCE.split(), output.split(), strict=True)
    drawn.update((old, new) for old, new in pairs if old != new)

print(f"{calls:,} calls, one replacement each: {unchanged:.1%} of the sentences come back unchanged")
for word in SENTENCE.split():
    count = sum(n for (old, _), n in drawn.items() if old == word)
    print(f"{word:6} replaced {count:5,} times by: {', '.join(in_order(word)) or '-'}")
predict("05b.p2").reveal(round(100 * unchanged, 1))

# %% [markdown]
# **What happened.** *dog.* was never replaced: with its full stop it is in no lexicon, though *dog* is. *The* and
# *the* have no synonym at all. When one of these three is drawn, nothing happens, and it counts as a replacement:
# 3 of 9 words, a third of the calls. **A silent no-op**, a step that does nothing: no error, no warning.
#
# (The six sentences above may have other new words on your screen, in spite of the
# [seed](pages/glossary.ipynb#seed). Section 6 says why.)
#
# ## 5. The bugs, counted
#
# **Question.** Look at the names on the right. How many kinds of mistakes do you find? Then run: the cell counts
# seven, the silent no-op among them. What part of speech each word has *in this sentence* we say by hand.

# %% tags=["snippet-09"] figure="at least one"
meant = {"quick": "a", "brown": "a", "fox": "n", "jumps": "v", "over": "r", "lazy": "a", "dog": "n"}


def fits(old: str, new: str) -> bool:
    """Whether `new` is a name of `old` in the part of speech that `old` has in SENTENCE."""
    return any(new in synset.lemma_names() for synset in wordnet.synsets(old, meant[old]))


tests = {
    "an underscore in the text": lambda old, new: "_" in new,
    "the capital of a proper name": lambda old, new: new != new.lower(),
    "another part of speech": lambda old, new: not fits(old, new),
    "inflection lost (jumps)": lambda old, new: old == "jumps",
    "the word's own base form (jump)": lambda old, new: (old, new) == ("jumps", "jump"),
    "a function word replaced (over)": lambda old, new: old == "over",
}
print(f"{'unchanged':32} {unchanged:6.1%} of the outputs")
for name, test in tests.items():
    print(f"{name:32} {sum(n for pair, n in drawn.items() if test(*pair)) / calls:6.1%}")
hit = sum(n for pair, n in drawn.items() if any(test(*pair) for test in tests.values())) / calls
print(f"{unchanged + hit:.1%} of {calls:,} outputs have at least one of these bugs")

# %% [markdown]
# **What happened.** Three of four outputs carry a bug, and this was the simplest task: one call, one replacement.
# *Inflection lost* means: a lexicon has base forms, so *jumps* becomes *leap*, without its *s*.
#
# More replacements bring more. **Question:** ask for three. How many words change? And in *dog sees dog and
# dog*: which of the three dogs is replaced?

# %% tags=["snippet-09"] figure="fewer"
random.seed(seed)
fewer = 0
for _ in range(calls):
    output = replace_with_synonyms(SENTENCE, 3, in_order).split()
    fewer += sum(a != b for a, b in zip(SENTENCE.split(), output, strict=True)) < 3
print(f"three replacements asked for: {fewer / calls:.1%} of the calls change fewer than three words")

dogs = "dog sees dog and dog"
places = Counter()
for _ in range(calls):
    output = replace_with_synonyms(dogs, 1, in_order).split()
    places.update(i for i, word in enumerate(dogs.split()) if word == "dog" and output[i] != word)
print("dogs replaced, by place in the sentence:", dict(places))

try:
    replace_with_synonyms("")
except IndexError as error:
    print(f"an empty sentence: {type(error).__name__}: {error}")

# %% [markdown]
# **What happened.** Bugs eight to ten. Words are drawn *with replacement*: the same word can come twice, and a new
# name can be replaced again. `list.index` finds the **first** dog, whichever was drawn. And an empty line in a file
# stops the run: the only one of them that raises an error.
#
# ## 6. Seeding is not enough
#
# **Question.** Two fresh processes call `random.seed(0)`, then the guide's function. Is the text the `"same"`
# or `"different"`?

# %%
predict("05b.p3", ...)


# %% tags=["snippet-09"] figure="another hash seed"
def in_fresh_process(call: str, *functions, hash_seed: str) -> list[str]:
    """The lines that `call` prints in a new Python that knows `functions` and our lexicon."""
    start = f"""import random, re, sys
from functools import cache
sys.modules.update(dict.fromkeys(["sklearn", "scipy"]))  # NLTK would load them: slow, and not needed
import nltk
nltk.data.path.insert(0, {str(samples.lexicon())!r})
from nltk.corpus import wordnet"""
    code = "\n".join([start, *map(inspect.getsource, functions), call])
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout.splitlines()


call = f"random.seed(0)\nfor _ in range(10): print(replace_with_synonyms({SENTENCE!r}))"
tools = get_synonyms, replace_with_synonyms
runs = [in_fresh_process(call, *tools, hash_seed=hash_seed) for hash_seed in ("0", "0", "1")]
again, other = (sum(a != b for a, b in zip(runs[0], run, strict=True)) for run in runs[1:])
print(f"random.seed(0), the same hash seed: {again} of 10 sentences differ between two processes")
print(f"random.seed(0), another hash seed: {other} of 10 sentences differ between two processes")
for run in runs[::2]:
    print("  the last one:", marked(SENTENCE, run[-1]))
predict("05b.p3").reveal("different" if other else "same")

# %% [markdown]
# **What happened.** Bug eleven. `random.seed` fixes *which place* of the list is drawn. But the list comes from
# a **set of texts**. A set keeps them in the order of their [hashes](pages/glossary.ipynb#hash), numbers that
# Python computes from each text and from a random number, the hash seed, that is new in each process unless
# `PYTHONHASHSEED` sets it. So the list has another order each time. The cure is one word: `sorted`.
#
# > **Correction.** The guide's synonym replacement looks complete. The machine: three of four outputs have a bug, a
# > third are not augmented at all, and a seed does not bring them back. The right form is next.
#
# ## 7. The right version
#
# - cut into words and gaps, so that punctuation stays where it is;
# - leave function words (**stop words**) alone;
# - find the **candidates first**, and draw among them with `rng.sample`: without replacement, no no-op;
# - take one-word names in small letters, and only for the form itself: *jumps* is skipped, not made *jump*;
# - `sorted`, an own `random.Random`, and the case of the old word.
#
# **Question.** Then put every bug to the test. Which one is left?

# %%
STOP = set(
    "a an and any are as at be been but by can did do does for from had has have he her his how i if in is it "
    "its me my nor of off on or our out over she so some that the their them then there they this to up us was "
    "we were what when who will with you your no not never nobody nothing very really".split()
)


@cache
def synonyms(word: str, pos: str | None = None) -> tuple[str, ...]:
    """Other single words for `word` (small letters), in any sense of `pos`, in alphabetical order."""
    names = set()
    for synset in wordnet.synsets(word, pos):
        if word in synset.lemma_names():  # `jumps` is found as `jump`: not the form itself
            names.update(synset.lemma_names())
    return tuple(sorted(name for name in names - {word} if "_" not in name and name.islower()))


def candidates(parts: list[str]) -> list[int]:
    """Places of the words that can be replaced; words stand at odd places."""
    odd = range(1, len(parts), 2)
    return [i for i in odd if parts[i].lower() not in STOP and synonyms(parts[i].lower())]


# %%
def keep_case(old: str, new: str) -> str:
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def replace(sentence: str, n: int, rng: random.Random) -> str:
    """`sentence` with `n` of its words replaced, or all candidates if there are fewer."""
    parts = WORD.split(sentence)
    places = candidates(parts)
    for i in rng.sample(places, min(n, len(places))):
        parts[i] = keep_case(parts[i], rng.choice(synonyms(parts[i].lower())))
    return "".join(parts)


rng = random.Random(seed)
for n in (1, 2, 3):
    print(n, marked(SENTENCE, replace(SENTENCE, n, rng)))
print("!", marked("Quick! A LAZY dog!", replace("Quick! A LAZY dog!", 3, rng)))


# %% tags=["snippet-09"] figure="right version"
def changed_places(before: str, after: str) -> list[int]:
    pairs = zip(WORD.findall(before), WORD.findall(after), strict=True)
    return [i for i, (old, new) in enumerate(pairs) if old != new]


ones = [replace(SENTENCE, 1, random.Random(s)) for s in range(500)]
threes = [replace(SENTENCE, 3, random.Random(s)) for s in range(500)]
for asked, made in ((1, ones), (3, threes)):
    exactly = sum(len(changed_places(SENTENCE, text)) == asked for text in made)
    print(f"the right version, asked for {asked}: changes exactly {asked} in {exactly} of 500 calls")
first = Counter(changed_places(dogs, replace(dogs, 1, random.Random(s)))[0] for s in range(500))
print("dogs replaced, by place:", dict(sorted(first.items())))
print(
    "underscores:",
    sum("_" in text for text in threes),
    "- full stop lost:",
    sum(t[-1] != "." for t in threes),
)
print("n = 0:", replace(SENTENCE, 0, rng) == SENTENCE, "- empty sentence:", repr(replace("", 1, rng)))

call = f"for s in range(50): print(replace({SENTENCE!r}, 2, random.Random(s)))"
tools = synonyms, candidates, keep_case, replace
call = f"WORD = re.compile({WORD.pattern!r})\nSTOP = {sorted(STOP)}\n{call}"
here, there = (in_fresh_process(call, *tools, hash_seed=hash_seed) for hash_seed in "01")
print("another hash seed:", sum(a != b for a, b in zip(here, there, strict=True)), "of 50 sentences differ")

# %% [markdown]
# **What happened.** Every call changes what it was asked to change, every dog has its turn, and the sentence
# comes back in any process.
#
# ## 8. Still blind
#
# **Question.** Which of the 500 sentences with one replacement are still wrong?

# %%
wrong = Counter()
for text in ones:
    (place,) = changed_places(SENTENCE, text)
    old, new = WORD.findall(SENTENCE)[place], WORD.findall(text)[place]
    if not fits(old, new):
        wrong[f"{old} → {new}"] += 1
print(f"another part of speech: {wrong.total() / 500:.0%} of 500 sentences")
print("such as", ", ".join(f"{pair} ({n} times)" for pair, n in wrong.most_common(4)))
print("dog as a noun:", *synonyms("dog", "n"), "- in any part of speech:", *synonyms("dog"))
print("quick as an adjective:", *synonyms("quick", "a"))

# %% [markdown]
# **What happened.** *The lazy chase.* Clean code, and it still does not know that *dog* is a noun here. A
# **tagger** can say it (`nltk.pos_tag`, or a spaCy model: both are downloads); then look up with
# `synonyms(word, pos)`. Even that is not all: *quick* as an adjective is fast **or clever**. Which sense is
# meant, only the sentence tells. Such errors you cannot sort away: look at samples, and measure.
#
# ## 9. Insertion, deletion, swap
#
# Wei and Zou (2019) put four simple operations together and called them *easy data augmentation*, EDA: synonym
# replacement, random **insertion** of a synonym of some word, random **swap** of two words, random **deletion**.
# A **strength** says how many words they touch: 0.2 is one word in five, at least one.


# %%
def how_many(words: list[str], strength: float) -> int:
    return max(1, round(strength * len(words)))


def substitute(sentence: str, strength: float, rng: random.Random) -> str:
    return replace(sentence, how_many(WORD.findall(sentence), strength), rng)


def insert(sentence: str, strength: float, rng: random.Random) -> str:
    words = WORD.findall(sentence)
    known = sorted({word.lower() for word in words} - STOP)
    offers = [synonyms(word) for word in known if synonyms(word)]
    for _ in range(how_many(words, strength) if offers else 0):
        words.insert(rng.randrange(len(words) + 1), rng.choice(rng.choice(offers)))
    return " ".join(words)


def swap(sentence: str, strength: float, rng: random.Random) -> str:
    words = WORD.findall(sentence)
    for _ in range(how_many(words, strength) if len(words) > 1 else 0):
        i, j = rng.sample(range(len(words)), 2)
        words[i], words[j] = words[j], words[i]
    return " ".join(words)


# %%
def delete(sentence: str, strength: float, rng: random.Random, keep: frozenset[str] = frozenset()) -> str:
    words = WORD.findall(sentence)
    loose = [i for i, word in enumerate(words) if word.lower() not in keep]
    n = min(how_many(words, strength), len(loose), max(0, len(words) - 1))
    gone = set(rng.sample(loose, n))
    return " ".join(word for i, word in enumerate(words) if i not in gone)


def delete_safely(sentence: str, strength: float, rng: random.Random) -> str:
    return delete(sentence, strength, rng, keep=frozenset({"not", "never", "no", "nobody", "nothing"}))


OPERATIONS = {
    "synonyms": substitute,
    "insertion": insert,
    "swap": swap,
    "deletion": delete,
    "deletion, negations kept": delete_safely,
}
plain = " ".join(WORD.findall(SENTENCE))
for name, operation in OPERATIONS.items():
    print(f"{name:25}", marked(plain, operation(plain, strength, rng)))

# %% [markdown]
# **What happened.** Only the first keeps most of the grammar. The others make sentences that nobody writes. EDA
# drops punctuation, as we do here, and deletes each word *with a probability*; we delete a fixed share, so that
# no call is a silent no-op. The hope: the model learns not to lean on a single word. The fear: section 11.
#
# ## 10. There and back: back-translation
#
# Translate into another language and back, and you get a paraphrase:
# [back-translation](pages/glossary.ipynb#back-translation). **Question:** what happens to a word that has two
# meanings on the way?
#
# A real translator is a trained model. Offline we have a **toy**: a dictionary of a few words, English to
# German, read both ways. It goes word by word and knows no grammar. It does show the mechanism.
#
# The cell after it is the real form, with MarianMT, a family of trained translators. It runs where
# `transformers` and the weights are on the machine, and asks no network. Sampling (`do_sample`) is what makes
# each translation a new one.

# %%
# fmt: off
TO_ENGLISH = {  # German has one word each for funny and odd, and for cheap and shoddy
    "Film": ["film", "movie"], "schnell": ["quick", "fast", "rapid"], "gut": ["good", "fine"],
    "großartig": ["great", "fantastic"], "komisch": ["funny", "odd"], "langweilig": ["boring", "dull"],
    "schlecht": ["bad", "poor"], "wirklich": ["really", "truly"], "Geschichte": ["story", "tale"],
    "billig": ["cheap", "shoddy"], "schrecklich": ["awful", "terrible"], "schön": ["lovely", "beautiful"],
}
# fmt: on
TO_GERMAN = {english: german for german, words in TO_ENGLISH.items() for english in words}


def there_and_back(sentence: str, rng: random.Random) -> tuple[str, str]:
    old = WORD.split(sentence)
    german = [TO_GERMAN.get(part.lower(), part) for part in old]
    back = [rng.choice(TO_ENGLISH.get(part, [part])) for part in german]
    return "".join(german), "".join(keep_case(a, b) for a, b in zip(old, back, strict=True))


OPERATIONS["there and back (toy)"] = lambda sentence, strength, rng: there_and_back(sentence, rng)[1]
rng = random.Random(seed)
for text in ("The film was really funny.", "A great story, and cheap!", "The movie was bad, but quick."):
    for _ in range(2):
        german, back = there_and_back(text, rng)
        print(f"{german:40} {marked(text, back)}")


# %% tags=["nbval-ignore-output"] reason="needs transformers and its weights, which are downloads"
def translate_there_and_back(sentences: list[str]) -> list[str]:
    from transformers import MarianMTModel, MarianTokenizer

    for name in ("Helsinki-NLP/opus-mt-en-de", "Helsinki-NLP/opus-mt-de-en"):
        tokenizer = MarianTokenizer.from_pretrained(name, local_files_only=True)
        model = MarianMTModel.from_pretrained(name, local_files_only=True).eval()
        batch = tokenizer(sentences, return_tensors="pt", padding=True)
        torch.manual_seed(seed)
        with torch.inference_mode():
            made = model.generate(**batch, do_sample=True, top_k=20, num_beams=1, max_new_tokens=80)
        sentences = tokenizer.batch_decode(made, skip_special_tokens=True)
    return sentences


try:
    for text, back in zip(own[:3], translate_there_and_back(own[:3]), strict=True):
        print(marked(text, back))
except ImportError:
    print("Not run: transformers is missing. To install it: pip install transformers sentencepiece")
except OSError:
    print("Not run: the weights are missing. Online, call from_pretrained(name) once for both, 300 MB each.")

# %% [markdown]
# **What happened.** *Film* comes back as *movie*: a good paraphrase. *Funny* may come back as *odd*, and *cheap*
# as *shoddy*: German says *komisch* and *billig* for both. A word with two meanings on the way can change the
# label. Real models see the whole sentence and choose better, not always right.
#
# ## 11. Is the label still true?
#
# To measure it we need sentences whose label we know, before and after. So we make them: opinions on films,
# hotels and phones, from 16 templates. `{a}` and `{b}` are words of the opinion, `{x}` is one of the opposite.
# Then a rule can read them, also after a change: each opinion word counts +1 or -1, and `not` turns the next one
# round. The sum is above zero, or below, or zero: no opinion left.

# %%
TEMPLATES = """
The {n} was {a}.|I found the {n} {a}.|What a {a} {n}!|It was a {a} {n} to the end.
The {n} was {a} and {b}.|A {a} and {b} {n}.|I found the {n} {a}, really {b}.|{a} and {b}: this {n}.
The {n} was not {x}.|I did not find the {n} {x}.|The {n} is certainly not {x}.|Not {x}, this {n}!
The {n} was not {x} but {a}.|I found the {n} {a}, not {x}.|The {n} is {a}, not {x}.|Not {x} but {a}: this {n}.
"""
FORMS = [line.split("|") for line in TEMPLATES.split("\n") if line]  # four of each form, in four groups
NOUNS = "film movie book story song game hotel room shop phone camera service waiter city".split()
GOOD = """good great excellent superb wonderful marvelous fantastic lovely beautiful funny amusing exciting
thrilling friendly kind nice fine cheap""".split()
BAD = """bad poor awful terrible dreadful horrible dull boring tedious slow rude impolite ugly dirty filthy sad
false noisy""".split()
GOOD_TOO = "first-class brilliant pretty comical gripping okay affectionate warm inexpensive".split()
BAD_TOO = """sluggish unhurried odd strange unsightly discourteous grubby loud unhappy sorrowful shoddy trashy
untrue wrong""".split()
VALUE = dict.fromkeys(GOOD + GOOD_TOO, 1) | dict.fromkeys(BAD + BAD_TOO, -1)


# %%
def make_sentences(n: int, rng: random.Random) -> list[tuple[str, int, int]]:
    """Rows of (sentence, label, group): label 1 or -1; group 0 to 3 is the template's place in its line."""
    rows = []
    for i in range(n):
        group, label = rng.randrange(4), rng.choice([-1, 1])
        (a, b), x = rng.sample(GOOD if label > 0 else BAD, 2), rng.choice(BAD if label > 0 else GOOD)
        rows.append((FORMS[i % 4][group].format(n=rng.choice(NOUNS), a=a, b=b, x=x), label, group))
    return rows


def opinion(sentence: str) -> int:
    """1, -1, or 0 for no opinion."""
    total, turned = 0, 1
    for word in WORD.findall(sentence.lower()):
        if word in ("not", "never"):
            turned = -1
        elif word in VALUE:
            total, turned = total + turned * VALUE[word], 1
    return int(np.sign(total))


texts, truth, group = map(np.array, zip(*make_sentences(1200, random.Random(seed)), strict=True))
print(*zip(truth[6:12].tolist(), texts[6:12].tolist(), strict=True), sep="\n")
right = np.mean([opinion(text) for text in texts] == truth)
print(f"the rule reads {right:.0%} of 1,200 clean sentences right")

# %% [markdown]
# **Question.** One operation on each of 1,200 sentences. Which turns the most labels round: synonyms, insertion,
# swap, or deletion? Order them before you run.


# %% tags=["claim-10"] figure="labels round"
def flips(operation, strength: float) -> tuple[float, float]:
    """Shares of the sentences whose opinion turned round, and of those that have none left."""
    rng = random.Random(seed)
    after = np.array([opinion(operation(text, strength, rng)) for text in texts])
    return float(np.mean(after == -truth)), float(np.mean(after == 0))


found = {name: flips(operation, strength) for name, operation in OPERATIONS.items()}
print(f"{'':26} turned round   no opinion left")
for name, (turned, lost) in found.items():
    print(f"{name:26} {turned:12.1%} {lost:15.1%}")
for name in ("synonyms", "insertion", "swap", "deletion"):
    rng = random.Random(seed)
    for text in texts:
        after = OPERATIONS[name](text, strength, rng)
        if opinion(after) == -opinion(text):
            print(f"{name:10} {marked(' '.join(WORD.findall(text)), ' '.join(WORD.findall(after)))}")
            break
print(
    f"of 1,200 sentences, random deletion turns {found['deletion'][0]:.1%} of the labels round, "
    f"random swap {found['swap'][0]:.1%} (strength {strength})"
)

# %% [markdown]
# > **Correction.** The guide: random deletion and swaps are ways to get more data. The machine: they **turn
# > labels round**, a swap about every seventh one, and deletion leaves many sentences without any opinion.
# > Right: protect the words that carry the label, keep the strength low, and count on a sample first.
#
# Look at the examples. Deletion takes *not*. A swap moves *not* away from its word. Insertion puts a word between
# *not* and its target. Synonyms are the safest, and still not safe: *cheap* becomes *trashy*, and *funny* can
# become *strange*. Each pair stands together in the lexicon, and the new word says the opposite.
#
# **Question.** What does more strength do?

# %% tags=["claim-10"] figure="swap"
strengths = [0.1, 0.2, 0.3, 0.4, 0.5]
fig, axis = plt.subplots(figsize=(7.5, 3))
for name in ("swap", "deletion", "insertion", "deletion, negations kept", "synonyms"):
    shares = [100 * flips(OPERATIONS[name], s)[0] for s in strengths]
    axis.plot(strengths, shares, label=name)
    steps = ", ".join(f"{share:.1f}" for share in shares)
    print(f"{name}: {steps} % of the labels turned round at strengths 0.1 to 0.5")
axis.set(xlabel="strength: share of the words touched", ylabel="labels turned round, %", ylim=(0, None))
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
show(fig, alt="Lines: labels turned round, by strength: most for swaps, few for synonyms and safe deletion.")

# %% [markdown]
# **What happened.** Our sentences are short: up to 0.2 nearly all have one change. Swaps are bad from that first
# one on. Deletion and insertion grow worse with strength. Protecting a handful of negations cuts what deletion does
# to a half at first, and to a quarter at the end. It cannot cut it to nothing: when the word after *not* goes,
# *not* turns the next one round.
#
# ### A model as judge
#
# For your own sentences there is no such rule. A model can stand in: train it on clean sentences, let it read
# the changed ones. It counts words and pairs of neighbours ([bigrams](pages/glossary.ipynb#bigram)). It never
# met the template that it judges: three groups of templates to learn from, the fourth to read. **Question:**
# will it agree with the rule?


# %% tags=["claim-10"] figure="a judge"
def reader(longest: int = 2):
    """A model that counts words and, for 2, pairs of neighbours."""
    counts = CountVectorizer(ngram_range=(1, longest), token_pattern=WORD.pattern)
    return make_pipeline(counts, LogisticRegression(C=10, max_iter=2000))


judges = {g: reader().fit(texts[group != g], truth[group != g]) for g in range(4)}


def agreement(changed: np.ndarray) -> float:
    """Share of the sentences that the judge of their group reads as their label says."""
    return float(np.mean([judges[g].score(changed[group == g], truth[group == g]) for g in range(4)]))


read = {"clean": agreement(texts)}
for name, operation in OPERATIONS.items():
    rng = random.Random(seed)
    read[name] = agreement(np.array([operation(text, strength, rng) for text in texts]))
for name, share in read.items():
    print(f"{name:26} {share:.2f} read as labelled")
print(
    f"a judge reads {read['clean']:.0%} of the clean sentences as labelled, after random deletion "
    f"{read['deletion']:.0%}, after random swap {read['swap']:.0%}"
)

# %% [markdown]
# **What happened.** The judge is not perfect on clean sentences, but the *drop* tells the same story: swaps cost
# most, then plain deletion. This works on any labelled data. What it cannot tell is who is wrong: the label, or
# the judge, which never saw such a sentence. So read the sentences that it stumbles over.
#
# ## 12. Does it help?
#
# **Question.** The model trains on a few sentences and four changed copies of each. It is tested on clean
# sentences of templates that it never saw. Which line gains? Order them: no copies, exact copies, synonyms,
# insertion, swap, deletion.


# %%
def scores(operation, longest: int = 2) -> np.ndarray:
    """Accuracy on unseen templates: `repeats` training sets, four groups of templates each."""
    found = []
    for repeat in range(repeats):
        rng = random.Random(f"{seed}-{repeat}")
        rows = make_sentences(train_sentences, rng)
        for g in range(4):  # split first, then augment
            learn = [(text, label) for text, label, its_group in rows if its_group != g]
            if operation:
                learn += [(operation(text, strength, rng), y) for text, y in learn for _ in range(4)]
            model = reader(longest).fit(*zip(*learn, strict=True))
            found.append(model.score(texts[group == g], truth[group == g]))
    return np.array(found)


recipes = {"no copies": None, "four exact copies": lambda text, strength, rng: text} | OPERATIONS
base = scores(None)
fig, axis = plt.subplots(figsize=(7, 2.6))
for name, recipe in recipes.items():
    gains = scores(recipe) - base
    error = gains.std(ddof=1) / len(gains) ** 0.5
    print(f"{name:26} accuracy {(base + gains).mean():.2f}   gain {gains.mean():+.3f} ± {error:.3f}")
    axis.errorbar(gains.mean(), name, xerr=2 * error, fmt="o", color="#0072B2", capsize=3)
axis.set(xlabel="gain in accuracy over no copies; bars: two standard errors", ylim=(len(recipes) - 0.5, -0.5))
show(fig, alt="Gain by recipe: synonyms and safe deletion gain most, exact copies nothing, swaps lose.")

# %% [markdown]
# **What happened.** Exact copies bring next to nothing: more rows are not more knowledge. Synonyms gain, deletion
# gains, and more when negations are kept. **Swaps harm**: they teach wrong labels. The ± is the standard error
# over the runs; a gain below two of these may be chance. And this world is small, and the lexicon knows its words:
# on your data the order may be another. Measure it there.
#
# **Question.** *Why* do synonyms help: do they bring words that training never had? And what do swaps do to a
# model that counts single words only?


# %%
def after_not(sentences: list[str]) -> set[str]:
    """Opinion words that stand right after `not`."""
    return set(re.findall(r"\bnot (\w+)", ". ".join(sentences).lower())) & VALUE.keys()


learn = [text for text, _, g in make_sentences(train_sentences, random.Random(f"{seed}-0")) if g != 0]
unseen = texts[group == 0].tolist()
said = set(WORD.findall(" ".join(unseen).lower())) & VALUE.keys()
rng = random.Random(seed)
for name, made in {"no copies": [], "synonyms": [substitute(t, strength, rng) for t in learn * 4]}.items():
    words = said & set(WORD.findall(" ".join(learn + made).lower()))
    pairs = after_not(unseen) & after_not(learn + made)
    print(f"{name}: training has {len(words)} of the {len(said)} opinion words that the test needs,", end=" ")
    print(f"and {len(pairs)} of {len(after_not(unseen))} pairs 'not ...'")

alone = scores(None, longest=1)
for name in ("synonyms", "swap"):
    gain = (scores(OPERATIONS[name], 1) - alone).mean()
    print(f"single words only, {name}: accuracy {alone.mean():.2f}, gain {gain:+.3f}")

# %% [markdown]
# **What happened.** Training had every single word already. What it lacked were **pairs** such as *not tedious*.
# Synonyms make more of them, with the right label: one reason for the gain.
#
# The model of single words cannot use them: it does not see *not good* as one thing. And a swap is nothing to
# it, for the counts stay the same. An augmentation helps only a model that sees it and can use it.
#
# ## 13. Where it belongs
#
# As in chapter 05: in the training set only, when an item is read, and after the split. **Question:** how much
# better does a model *look* if you augment first and split then?


# %%
def with_copies(rows: list, rng: random.Random) -> list:
    return rows + [(substitute(text, strength, rng), label) for text, label in rows for _ in range(4)]


def score(rows: list, check: list) -> float:
    return reader().fit(*zip(*rows, strict=True)).score(*zip(*check, strict=True))


copied_first, split_before = [], []
for repeat in range(repeats):
    rng = random.Random(f"{seed}-{repeat}")
    rows = [(text, label) for text, label, _ in make_sentences(train_sentences, rng)]
    rng.shuffle(rows)
    quarter = len(rows) // 4
    split_before.append(score(with_copies(rows[quarter:], rng), rows[:quarter]))
    everything = with_copies(rows, rng)
    rng.shuffle(everything)
    copied_first.append(score(everything[5 * quarter :], everything[: 5 * quarter]))
print(f"augment, then split at random:   accuracy {np.mean(copied_first):.2f}")
print(f"split at random, then augment:   accuracy {np.mean(split_before):.2f}")
print(f"split by template, then augment: accuracy {scores(substitute).mean():.2f}")


# %%
class Sentences(torch.utils.data.Dataset):
    """Sentences with labels; `augment(sentence, rng)` runs each time an item is read."""

    def __init__(self, sentences, labels, augment=None, seed=0):
        self.sentences, self.labels, self.augment = sentences, labels, augment
        self.seed, self.epoch = seed, 0

    def __len__(self):
        return len(self.sentences)

    def __getitem__(self, index):
        text = self.sentences[index]
        if self.augment:  # a text as a seed is hashed with SHA-512: the same in every process
            text = self.augment(text, random.Random(f"{self.seed}-{self.epoch}-{index}"))
        return text, self.labels[index]


train_set = Sentences(texts.tolist(), truth.tolist(), lambda text, rng: substitute(text, strength, rng), seed)
print(len(train_set), "items; item 3 twice the same:", train_set[3] == train_set[3])
print("stored: ", texts[3])
for train_set.epoch in range(3):
    print(f"epoch {train_set.epoch}:", *train_set[3])

# %% [markdown]
# **What happened.** In the first line almost every test sentence has a near copy in training: the score
# measures memory. In the second the copies are gone, but test and training still share their templates. Only
# the third says what the model does with sentences that somebody else wrote. Chapter 06 measures more
# [leaks](pages/glossary.ipynb#leak).
#
# Each item draws from a generator of its own, made from seed, epoch and index. So it does not matter which
# worker reads it, or in which order, and any single sentence can be made again. Two traps: never take `hash(text)`
# as a seed, it changes from process to process; and kept workers
# ([persistent_workers](pages/glossary.ipynb#persistent_workers)) hold a copy of the data set, so that they never
# hear of a new `epoch`.
#
# ## 14. The real WordNet, and your own sentences
#
# If WordNet is on your machine, the first cell asks it the same questions. Otherwise it says how to get it. The
# second takes your own sentences: set `text_file` in the parameters cell, one sentence on each line.

# %% tags=["nbval-ignore-output"] reason="WordNet is a download"
others = [folder for folder in nltk.data.path if folder != str(samples.lexicon())]
real = None
for name in ("corpora/wordnet", "corpora/wordnet.zip/wordnet/"):
    with warnings.catch_warnings(action="ignore"):  # no other languages: not needed here
        try:
            real = nltk.corpus.reader.WordNetCorpusReader(nltk.data.find(name, paths=others), None)
        except LookupError:
            continue
if real is None:
    print("WordNet is not on this machine. Online, once: python -m nltk.downloader wordnet")
for word in ("quick", "dog", "cheap", "awful") if real else ():
    names = sorted({name for synset in real.synsets(word) for name in synset.lemma_names()} - {word})
    print(f"{word:6} {len(names):3} names:", ", ".join(names[:8]))

# %%
for text in (whole[:600] for whole in own[:5]):  # as long as the lab takes
    words = " ".join(WORD.findall(text))
    print(text, f"({len(candidates(WORD.split(text)))} words with a synonym)")
    for name, operation in OPERATIONS.items():
        rng = random.Random(f"{seed}-{text}")
        print(f"   {name:25}", marked(words, " ".join(WORD.findall(operation(text, strength, rng)))))

# %% [markdown]
# **What happened.** No label, no rule: here your eyes are the judge. Read twenty before you train on twenty
# thousand.
#
# ## 15. The lab
#
# A sentence goes in, operations change it, and each word shows what became of it. A variant whose label may
# have changed is marked, with the reason. Move *strength*, add operations, or type your own sentence. The lab takes
# your data too: `TextLab(["One sentence.", "Another."], labels=["good", "bad"])`, a text file, or a pandas column.

# %% tags=["lab"]
lab = TextLab(None if text_file is None else [text[:600] for text in own], seed=seed)
lab

# %%
lab.set(sentence=0, strength=1.0)
for share in (0.1, 0.3, 0.5):
    lab.set(steps=[{"op": "random_deletion", "values": {"share": share}}])
    print(lab.caption["alt"])  # the picture in words

script: dict = {}
exec(lab.to_code(), script)  # plain Python, without the workbook
same = script["variants"](script["text"]) == lab.result
print("the lab's code gives the variants that the lab shows:", same)

# %% [markdown]
# **Questions that only playing answers**
#
# 1. *The film is not good …*, deletion only. Raise the strength slowly from 0. When is the first variant marked, and
#    which word is gone? Raise the seed by one: why does the mark move up by one line?
# 2. Take the fox (sentence 7), synonyms only, at full strength. Switch *same part of speech* on. Which odd words
#    go? *Clever* stays: why does no part of speech help there?
# 3. Type praise without a word of praise, such as *I read this book twice in a night*, and delete half of its
#    words. How many variants still praise? How many are marked? What do the rules look at, then?
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("05b.1")` helps, each call a little more;
# `solution("05b.1")` shows an answer.


# %% tags=["exercise"]
@exercise("05b.1")
def find_words(sentence: str) -> list[str]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05b.2")
def match_case(old: str, new: str) -> str:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05b.3")
def usable_synonyms(word: str, senses: list[list[str]]) -> list[str]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05b.4")
def random_swap(words: list[str], n: int, rng: random.Random) -> list[str]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05b.5")
def random_delete(words: list[str], share: float, rng: random.Random, protected: set[str]) -> list[str]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05b.6")
def split_first(
    sentences: list[str], labels: list[int], templates: list[str], test_templates: set[str], augment: Callable
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("05b.q1", "b")`.

# %%
quiz("05b.q1")

# %%
quiz("05b.q2")

# %%
quiz("05b.q3")

# %%
quiz("05b.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | `str.split` | words with punctuation are never found | cut with a pattern, keep the gaps |
# | Silent no-op | part of the copies are repetitions | candidates first, then draw; count |
# | `list.index` | always the first of equal words changes | work with places, not with words |
# | Drawn with replacement | fewer changes than asked for | `rng.sample` |
# | `list(set)` | a seed does not bring the text back | `sorted`, an own `random.Random` |
# | `hash(text)` as a seed | another draw in each process | a text as seed: `random.Random("0-1-2")` |
# | Underscores, capitals, base forms | `play_a_trick_on` in a sentence | filter the names; skip inflected forms |
# | Part of speech | *the lazy chase* | a tagger; look at samples |
# | Labels that flip | training is fine, the test score falls | protect negations; low strength; measure |
# | Augment, then split | test score too good | split by origin first |
#
# ## Summary
#
# - NLTK and spaCy are tools without data: synonyms come from a lexicon, and that is a download.
# - A short function can hold eleven bugs, and only one of them raises an error. Count, do not just look.
# - A seed is not enough where a set of texts is involved. Sort.
# - A word can carry the label. Deletion and swaps turn labels round; synonyms do so rarely.
# - It helps if the label stays true *and* the model can use it. Copies alone bring nothing.
#
# ## Next
#
# [Chapter 06: splitting and batching](06_splitting_batching.ipynb).
