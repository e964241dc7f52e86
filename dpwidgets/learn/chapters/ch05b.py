"""What chapter 05b asks: augmentation of text."""

import random
from collections.abc import Callable
from typing import Any

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 05b.1

WORDS = Exercise(
    id="05b.1",
    title="The words of a sentence",
    prompt=(
        "Return the words of `sentence` in order, without punctuation, in the case that they have.\n"
        "An apostrophe **inside** a word belongs to it: `isn't` is one word."
    ),
    stub="""
def find_words(sentence: str) -> list[str]:
    ...
""",
    checks=(
        Check(
            ("The dog's here, isn't it?",),
            expected=["The", "dog's", "here", "isn't", "it"],
            why="Five words, no comma, no question mark.",
            traps=(
                (
                    ["The", "dog's", "here,", "isn't", "it?"],
                    "The comma and the question mark still hang on: no dictionary knows `here,`.",
                ),
                (
                    ["The", "dog", "s", "here", "isn", "t", "it"],
                    "The apostrophe cut `dog's` and `isn't` in two.",
                ),
                (["the", "dog's", "here", "isn't", "it"], "`The` lost its capital: keep the case."),
                (
                    ["", "'s", "", "'t", ""],
                    "`findall` returns what the brackets caught, not the word: `(?:...)` catches nothing.",
                ),
                (
                    ["The", "dog", "s", "here", "isn", "t", "it", ""],
                    "The apostrophe cut `dog's` and `isn't` in two, and an empty text is left at the end.",
                ),
            ),
        ),
        Check((" ... !",), expected=[], why="Punctuation alone has no words: an empty list."),
        Check(
            ("She said 'go!'",),
            expected=["She", "said", "go"],
            why="The quotation marks stand around the word, not inside it: they do not belong to it.",
        ),
    ),
    hints=(
        "Do not ask where to cut. Ask what a word looks like, and find all places that look so.",
        r"`re.findall(pattern, text)` gives all matches; `\w+` is a run of letters, digits and underscores.",
        "`re.findall(r\"\\w+(?:'\\w+)*\", sentence)`: a run, then any number of `'` and a run.",
    ),
    solution=r"""
import re

def find_words(sentence: str) -> list[str]:
    return re.findall(r"\w+(?:'\w+)*", sentence)
""",
    explanation=(
        "A pattern for the word itself leaves everything else out, wherever it stands. "
        "`(?:...)` groups without capturing, so `findall` returns whole matches."
    ),
    why_it_matters="A lexicon knows `here`, not `here,`. Every word with punctuation at its end is lost.",
    wrong=(
        WrongAnswer(
            "cuts at spaces",
            "def find_words(sentence):\n    return sentence.split() if sentence.strip(' .!') else []",
            says="no dictionary knows `here,`",
        ),
        WrongAnswer(
            "cuts at apostrophes",
            'import re\n\ndef find_words(sentence):\n    return re.findall(r"\\w+", sentence)',
            says="cut `dog's` and `isn't` in two",
        ),
        WrongAnswer(
            "catches a group",
            'import re\n\ndef find_words(sentence):\n    return re.findall(r"\\w+(\'\\w+)*", sentence)',
            says="what the brackets caught",
        ),
        WrongAnswer(
            "takes every apostrophe",
            'import re\n\ndef find_words(sentence):\n    return re.findall(r"[\\w\']+", sentence)',
            says="stand around the word",
        ),
        WrongAnswer(
            "makes all letters small",
            "import re\n\n"
            "def find_words(sentence):\n"
            '    return re.findall(r"\\w+(?:\'\\w+)*", sentence.lower())',
            says="keep the case",
        ),
    ),
)

# --- exercise 05b.2

KEEP_CASE = Exercise(
    id="05b.2",
    title="The case of the old word",
    prompt=(
        "`new` takes the place of `old`. Return `new` in the case of `old`: `Quick` and `fast` give `Fast`, "
        "`QUICK` gives `FAST`, `quick` leaves `new` alone.\n"
        "One capital letter alone, as in `A`, counts as a capital at the beginning. "
        "A capital inside `new` stays: `Stereo` and `hiFi` give `HiFi`."
    ),
    stub="""
def match_case(old: str, new: str) -> str:
    ...
""",
    checks=(
        Check(
            ("Quick", "fast"),
            expected="Fast",
            why="`Quick` begins with a capital, so the new word does too.",
            traps=(("fast", "The capital is lost: the sentence begins with a small letter now."),),
        ),
        Check(
            ("QUICK", "fast"),
            expected="FAST",
            why="All letters of `QUICK` are capitals.",
            traps=(("Fast", "`QUICK` is all capitals, not only at its beginning."),),
        ),
        Check(
            ("A", "some"),
            expected="Some",
            why="A single capital is a beginning.",
            traps=(("SOME", '`"A".isupper()` is True, but nobody shouts here: look at the length as well.'),),
        ),
        Check(("quick", "McFast"), expected="McFast", why="For a small `old` the new word stays as it is."),
        Check(
            ("Stereo", "hiFi"),
            expected="HiFi",
            why="Only the first letter becomes a capital; the others stay as they are.",
            traps=(("Hifi", "`capitalize()` and `title()` make letters small: change the first only."),),
        ),
    ),
    hints=(
        "There are three cases: all capitals, a capital at the beginning, anything else.",
        "`isupper()` is True if all letters are capitals, also for a single letter. "
        "`capitalize()` makes the other letters small; `new[:1].upper() + new[1:]` does not.",
        "If `len(old) > 1 and old.isupper()` return `new.upper()`. "
        "If `old[:1].isupper()` return `new[:1].upper() + new[1:]`. Otherwise `new`.",
    ),
    solution="""
def match_case(old: str, new: str) -> str:
    if len(old) > 1 and old.isupper():
        return new.upper()
    if old[:1].isupper():
        return new[:1].upper() + new[1:]
    return new
""",
    explanation="From the strictest case to the loosest; `old[:1]` also works for an empty text.",
    why_it_matters=(
        "Case carries meaning for many tokenisers: `The` and `the` are two tokens. "
        "Augmented sentences should not be known by their odd capitals."
    ),
    wrong=(
        WrongAnswer(
            "leaves the new word as it is",
            "def match_case(old, new):\n    return new",
            says="The capital is lost",
        ),
        WrongAnswer(
            "knows only the first letter",
            "def match_case(old, new):\n    return new.capitalize() if old[0].isupper() else new",
            says="all capitals, not only at its beginning",
        ),
        WrongAnswer(
            "shouts after one letter",
            "def match_case(old, new):\n"
            "    if old.isupper():\n"
            "        return new.upper()\n"
            "    return new.capitalize() if old[0].isupper() else new",
            says="nobody shouts here",
        ),
        WrongAnswer(
            "makes the other letters small",
            "def match_case(old, new):\n"
            "    if len(old) > 1 and old.isupper():\n"
            "        return new.upper()\n"
            "    return new.capitalize() if old[:1].isupper() else new",
            says="make letters small",
        ),
    ),
)

# --- exercise 05b.3

_SENSES = [
    ["fox"],
    ["dodger", "fox", "slyboots"],
    ["Fox", "George_Fox"],
    ["trick", "fob", "fox", "play_a_trick_on", "play_tricks"],
    ["confuse", "throw", "fox", "befuddle", "fuddle", "bedevil", "confound", "discombobulate", "trick"],
]
_USABLE = sorted({name for sense in _SENSES for name in sense if "_" not in name} - {"fox", "Fox"})


def _judge_synonyms(names: object) -> str | None:
    if not isinstance(names, list):
        return f"Return a list, not {type(names).__name__}."
    if any("_" in str(name) for name in names):
        return "There are names with an underscore: they would land in the sentence as they are."
    if any(" " in str(name) for name in names):
        return "There are names of several words, with blanks now: leave them out."
    if "fox" in names:
        return "`fox` is no synonym of itself: replacing it changes nothing."
    if "Fox" in names:
        return "`Fox` is still there: compare without regard to case."
    if len(set(names)) < len(names):
        return "`trick` stands in two senses, but must come once: otherwise it is drawn twice as often."
    if set(names) != set(_USABLE):
        return "Every other single word of every sense belongs here, and nothing else."
    if names != _USABLE:
        return "The names are right, their order is not: a set has another order in another process."
    return None


SYNONYMS = Exercise(
    id="05b.3",
    title="Usable synonyms",
    prompt=(
        "`senses` holds one list for each sense of `word`: the names of that sense, as WordNet writes them.\n"
        "Return every other single word once, in alphabetical order. Names with an underscore are several "
        "words: leave them out. The word itself does not count, in whatever case."
    ),
    stub="""
def usable_synonyms(word: str, senses: list[list[str]]) -> list[str]:
    ...
""",
    checks=(
        Check(("fox", _SENSES), judge=_judge_synonyms, wants="the usable synonyms of fox, sorted"),
        Check(("owl", [["owl"]]), expected=[], why="A word without another name has no synonym: `[]`."),
        Check(
            ("Fox", [["fox", "Reynard"]]),
            expected=["Reynard"],
            why="Of these two only `Reynard` is another word than `Fox`.",
            traps=(
                (["Reynard", "fox"], "`fox` is `Fox` without its capital: make **both** small to compare."),
                ([], "`Reynard` is another single word: a capital alone is no reason to leave it out."),
            ),
        ),
    ),
    hints=(
        "Walk over all names of all senses, and ask three things: one word? another word? already taken?",
        "A set keeps each name once; `sorted(...)` makes a list of it whose order is always the same.",
        'Keep `name` if `"_" not in name and name.lower() != word.lower()`, in a set; return it sorted.',
    ),
    solution="""
def usable_synonyms(word: str, senses: list[list[str]]) -> list[str]:
    names = {name for sense in senses for name in sense}
    return sorted(name for name in names if "_" not in name and name.lower() != word.lower())
""",
    explanation="The set takes care of doubles, the condition of unwanted names, `sorted` of the order.",
    why_it_matters=(
        "With `list(set)` a seed does not bring a run back: the order of a set of texts changes "
        "from process to process."
    ),
    wrong=(
        WrongAnswer(
            "order of a set",
            "def usable_synonyms(word, senses):\n"
            "    names = {n for s in senses for n in s if '_' not in n and n.lower() != word.lower()}\n"
            "    return sorted(names, key=len)",
            says="another order in another process",
        ),
        WrongAnswer(
            "leaves the capital in",
            "def usable_synonyms(word, senses):\n"
            "    return sorted({n for s in senses for n in s if '_' not in n and n != word})",
            says="without regard to case",
        ),
        WrongAnswer(
            "makes one side small only",
            "def usable_synonyms(word, senses):\n"
            "    return sorted({n for s in senses for n in s if '_' not in n and n.lower() != word})",
            says="make **both** small",
        ),
        WrongAnswer(
            "leaves out all capitals",
            "def usable_synonyms(word, senses):\n"
            "    names = {n for s in senses for n in s if n.islower() and '_' not in n}\n"
            "    return sorted(names - {word.lower()})",
            says="no reason to leave it out",
        ),
        WrongAnswer(
            "lets underscores through",
            "def usable_synonyms(word, senses):\n"
            "    return sorted({n for s in senses for n in s if n.lower() != word.lower()})",
            says="names with an underscore",
        ),
        WrongAnswer(
            "keeps doubles",
            "def usable_synonyms(word, senses):\n"
            "    return sorted(n for s in senses for n in s if '_' not in n and n.lower() != word.lower())",
            says="must come once",
        ),
    ),
)

# --- exercise 05b.4


def _reversed_pairs(swap: Callable[..., Any]) -> int:
    return sum(swap(["a", "b"], 1, random.Random(seed)) == ["b", "a"] for seed in range(20))


def _results_with_twins(swap: Callable[..., Any]) -> list[str]:
    return sorted({"".join(swap(["a", "a", "b"], 1, random.Random(seed))) for seed in range(40)})


def _left_alone(swap: Callable[..., Any]) -> list[str]:
    given = ["a", "b", "c"]
    swap(given, 1, random.Random(0))
    return given


def _only_own_chance(call: Callable[[random.Random], Any]) -> bool:
    before = random.getstate()
    try:
        results = []
        for seed in range(6):
            random.seed(seed)
            results.append(call(random.Random(5)))
    finally:
        random.setstate(before)
    return all(result == results[0] for result in results)


SWAP = Exercise(
    id="05b.4",
    title="Random swap",
    prompt=(
        "Return a new list in which two **different** places, drawn at random, were swapped, `n` times. "
        "`words` has at least two words, and some may be equal.\n"
        "Draw from `rng` only, and leave the list that you were given as it is."
    ),
    stub="""
import random

def random_swap(words: list[str], n: int, rng: random.Random) -> list[str]:
    ...
""",
    checks=(
        Check(
            use=_reversed_pairs,
            shown='how many of 20 calls of random_swap(["a", "b"], 1, ...) give ["b", "a"]',
            expected=20,
            why="Two words have one swap only. Some calls swapped a place with itself: that changes nothing.",
            traps=(
                (
                    0,
                    "No call swapped the two. After `words[i] = words[j]` the old word is lost: "
                    "`words[i], words[j] = words[j], words[i]` sets both at once.",
                ),
            ),
        ),
        Check(
            (list("abcdef"), 0, random.Random(0)),
            expected=list("abcdef"),
            why="With `n=0` nothing moves, and the list comes back all the same.",
        ),
        Check(
            (["a", "b"], 2, random.Random(0)),
            expected=["a", "b"],
            why="Two words, swapped twice, stand where they were: there must be `n` swaps.",
            traps=((["b", "a"], "There was one swap, but `n=2` asks for two."),),
        ),
        Check(
            use=_results_with_twins,
            shown='different results of random_swap(["a", "a", "b"], 1, ...) in 40 calls',
            expected=["aab", "aba", "baa"],
            why="Any two of the three places can be swapped, so there are three results.",
            traps=(
                (
                    ["aab", "baa"],
                    "The second `a` never moved: `index` finds the first. Draw places.",
                ),
                (["aab", "aba"], "Only neighbours were swapped: draw any two places."),
            ),
        ),
        Check(
            use=_left_alone,
            shown='words = ["a", "b", "c"]; random_swap(words, 1, rng); words',
            expected=["a", "b", "c"],
            why="You changed the list that you were given: the original sentence is lost. Copy it first.",
        ),
        Check(
            use=lambda swap: _only_own_chance(lambda rng: swap(list("abcdefgh"), 3, rng)),
            shown="six calls with random.Random(5), and another random.seed before each, give the same",
            expected=True,
            why="The result depends on `random.seed`: draw from `rng`, not from the module `random`.",
        ),
    ),
    hints=(
        "A swap needs two places. How do you draw two that cannot be the same?",
        "`rng.sample(range(len(words)), 2)` draws two different numbers.",
        "`words = list(words)`; then `n` times `i, j = rng.sample(range(len(words)), 2)` and swap them.",
    ),
    solution="""
import random

def random_swap(words: list[str], n: int, rng: random.Random) -> list[str]:
    words = list(words)
    for _ in range(n):
        i, j = rng.sample(range(len(words)), 2)
        words[i], words[j] = words[j], words[i]
    return words
""",
    explanation="`sample` draws without replacement: `i` and `j` always differ.",
    why_it_matters="A silent no-op counts as an augmentation, and the model sees the same sentence twice.",
    wrong=(
        WrongAnswer(
            "draws with replacement",
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    for _ in range(n):\n"
            "        i, j = rng.randrange(len(words)), rng.randrange(len(words))\n"
            "        words[i], words[j] = words[j], words[i]\n"
            "    return words",
            says="swapped a place with itself",
        ),
        WrongAnswer(
            "draws words and looks for them",
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    for _ in range(n):\n"
            "        i, j = (words.index(word) for word in rng.sample(words, 2))\n"
            "        words[i], words[j] = words[j], words[i]\n"
            "    return words",
            says="Draw places",
        ),
        WrongAnswer(
            "swaps neighbours",
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    for _ in range(n):\n"
            "        i = rng.randrange(len(words) - 1)\n"
            "        words[i], words[i + 1] = words[i + 1], words[i]\n"
            "    return words",
            says="Only neighbours",
        ),
        WrongAnswer(
            "loses a word",
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    for _ in range(n):\n"
            "        i, j = rng.sample(range(len(words)), 2)\n"
            "        words[i] = words[j]\n"
            "        words[j] = words[i]\n"
            "    return words",
            says="sets both at once",
        ),
        WrongAnswer(
            "swaps once",
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    if n:\n"
            "        i, j = rng.sample(range(len(words)), 2)\n"
            "        words[i], words[j] = words[j], words[i]\n"
            "    return words",
            says="`n=2` asks for two",
        ),
        WrongAnswer(
            "changes the list given",
            "def random_swap(words, n, rng):\n"
            "    for _ in range(n):\n"
            "        i, j = rng.sample(range(len(words)), 2)\n"
            "        words[i], words[j] = words[j], words[i]\n"
            "    return words",
            says="Copy it first",
        ),
        WrongAnswer(
            "draws from the module",
            "import random\n\n"
            "def random_swap(words, n, rng):\n"
            "    words = list(words)\n"
            "    for _ in range(n):\n"
            "        i, j = random.sample(range(len(words)), 2)\n"
            "        words[i], words[j] = words[j], words[i]\n"
            "    return words",
            says="draw from `rng`",
        ),
    ),
)

# --- exercise 05b.5


def _kept_of_a_thousand(delete: Callable[..., Any]) -> int:
    return len(delete(["word"] * 1000, 0.25, random.Random(0), set()))


def _about_750(kept: Any) -> str | None:
    if not isinstance(kept, int):
        return "The answer must be a list of words."
    if kept == 1000:
        return "Nothing was dropped: ask `rng.random()` anew for each word."
    if 200 < kept < 300:
        return "A quarter was kept, but a quarter should go: turn the comparison round."
    if kept == 750:
        return "Exactly 250 words went: each word must have luck of its own, so that the number varies."
    if not 700 < kept < 800:
        return "With a share of 0.25 about 250 of 1,000 words go: ask `rng.random()` once for each word."
    return None


DELETE = Exercise(
    id="05b.5",
    title="Delete, but not the word that matters",
    prompt=(
        "Drop each word with probability `share` (0 to 1; draw from `rng`). Return the rest as a new list.\n"
        "Words in `protected` (small letters) always stay, in whatever case they stand. "
        "If no word would be left, return all of them."
    ),
    stub="""
import random

def random_delete(words: list[str], share: float, rng: random.Random, protected: set[str]) -> list[str]:
    ...
""",
    checks=(
        Check(
            (["the", "film", "is", "not", "good"], 1.0, random.Random(0), {"not", "never"}),
            expected=["not"],
            why="With a share of 1 only the protected word stays.",
            traps=(
                ([], "`not` is gone, and with it the meaning."),
                (
                    ["the", "film", "is", "not", "good"],
                    "All words came back. Either none was dropped (is the comparison the right way round?), "
                    "or `not` was dropped as well, and the empty list gave way to all of them.",
                ),
                (
                    ["film", "not"],
                    "Words were skipped: never take words out of a list while you walk over it. "
                    "Build a new list.",
                ),
            ),
        ),
        Check(
            (["NOT", "good"], 1.0, random.Random(0), {"not"}),
            expected=["NOT"],
            why="`NOT` is protected too: compare `word.lower()`.",
            traps=((["NOT", "good"], "`NOT` is protected too, and was dropped: compare `word.lower()`."),),
        ),
        Check(
            (["fine", "film"], 1.0, random.Random(0), {"not"}),
            expected=["fine", "film"],
            why="Everything would go, so everything stays: an empty sentence has no label.",
            traps=(("fine film", "Return the list of words, not a text."),),
        ),
        Check(
            use=_kept_of_a_thousand,
            shown="len(random_delete(1,000 words, share=0.25, rng, protected=set()))",
            judge=_about_750,
            wants="about 750",
        ),
        Check(
            use=lambda delete: _only_own_chance(lambda rng: delete(list("abcdefgh"), 0.5, rng, set())),
            shown="six calls with random.Random(5), and another random.seed before each, give the same",
            expected=True,
            why="The result depends on `random.seed`: draw from `rng`, not from the module `random`.",
        ),
    ),
    hints=(
        "Go through the words one by one. Who stays for sure? Who stays by luck?",
        "`rng.random()` is below `share` with probability `share`.",
        "Keep `word` if `word.lower() in protected or rng.random() >= share`; return `kept or list(words)`.",
    ),
    solution="""
import random

def random_delete(words: list[str], share: float, rng: random.Random, protected: set[str]) -> list[str]:
    kept = [word for word in words if word.lower() in protected or rng.random() >= share]
    return kept or list(words)
""",
    explanation=(
        "`rng.random()` lies in [0, 1), so a share of 0 keeps all and a share of 1 drops all. "
        "An empty list counts as false: `or` then takes the whole sentence."
    ),
    why_it_matters="One word is enough to turn a review round. A short list of words keeps most labels true.",
    wrong=(
        WrongAnswer(
            "protects nothing",
            "def random_delete(words, share, rng, protected):\n"
            "    return [word for word in words if rng.random() >= share] or list(words)",
            says="`not` was dropped as well",
        ),
        WrongAnswer(
            "keeps where it should drop",
            "def random_delete(words, share, rng, protected):\n"
            "    kept = [w for w in words if w.lower() in protected or rng.random() < share]\n"
            "    return kept or list(words)",
            says="the right way round",
        ),
        WrongAnswer(
            "looks at small letters only",
            "def random_delete(words, share, rng, protected):\n"
            "    kept = [word for word in words if word in protected or rng.random() >= share]\n"
            "    return kept or list(words)",
            says="`NOT` is protected too",
        ),
        WrongAnswer(
            "returns an empty sentence",
            "def random_delete(words, share, rng, protected):\n"
            "    return [word for word in words if word.lower() in protected or rng.random() >= share]",
            says="an empty sentence has no label",
        ),
        WrongAnswer(
            "takes words out while it walks",
            "def random_delete(words, share, rng, protected):\n"
            "    for word in words:\n"
            "        if word.lower() not in protected and rng.random() < share:\n"
            "            words.remove(word)\n"
            "    return words",
            says="while you walk over it",
        ),
        WrongAnswer(
            "drops a fixed number",
            "def random_delete(words, share, rng, protected):\n"
            "    loose = [i for i, word in enumerate(words) if word.lower() not in protected]\n"
            "    gone = set(rng.sample(loose, round(share * len(loose))))\n"
            "    return [word for i, word in enumerate(words) if i not in gone] or list(words)",
            says="luck of its own",
        ),
        WrongAnswer(
            "draws from the module",
            "import random\n\n"
            "def random_delete(words, share, rng, protected):\n"
            "    kept = [w for w in words if w.lower() in protected or random.random() >= share]\n"
            "    return kept or list(words)",
            says="not from the module",
        ),
        WrongAnswer(
            "takes the share for what stays",
            "def random_delete(words, share, rng, protected):\n"
            "    share = 1 if share == 1 else 1 - share\n"
            "    kept = [w for w in words if w.lower() in protected or rng.random() >= share]\n"
            "    return kept or list(words)",
            says="turn the comparison round",
        ),
    ),
)

# --- exercise 05b.6

_SENTENCES = ["a1", "b1", "a2", "c1"]
_LABELS = [1, 0, 1, 0]
_TEMPLATES = ["a", "b", "a", "c"]


def _parts(split: Callable[..., Any]) -> Any:
    return split(_SENTENCES, _LABELS, _TEMPLATES, {"a"}, str.upper)


SPLIT_FIRST = Exercise(
    id="05b.6",
    title="Split first, then augment",
    prompt=(
        "Return `(train, test)`, two lists of `(sentence, label)` in the order given.\n"
        "Sentences whose template is in `test_templates` are the test set, as they are. "
        "Each other sentence goes to train, followed by one copy, `augment(sentence)`, with its label."
    ),
    stub="""
from collections.abc import Callable

def split_first(
    sentences: list[str], labels: list[int], templates: list[str], test_templates: set[str], augment: Callable
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    ...
""",
    checks=(
        Check(
            use=lambda split: _parts(split)[1],
            shown='split_first(["a1", "b1", "a2", "c1"], [1, 0, 1, 0], ["a", "b", "a", "c"], {"a"}, '
            "str.upper)[1]",
            expected=[("a1", 1), ("a2", 1)],
            why="The test set holds the two sentences of template `a`, as they are.",
            traps=(
                (
                    [("a1", 1), ("A1", 1), ("a2", 1), ("A2", 1)],
                    "The test set is augmented too: it must measure the model, not the dice.",
                ),
                ([("a1", 1)], "`a2` has the template of a test sentence, so it belongs there too."),
                ([("b1", 0), ("c1", 0)], "Train and test are swapped."),
                ([], "The test set is empty: ask whether `template in test_templates`."),
            ),
        ),
        Check(
            use=lambda split: _parts(split)[0],
            shown="the same call, [0]",
            expected=[("b1", 0), ("B1", 0), ("c1", 0), ("C1", 0)],
            why="Each training sentence, then its copy, both with the label.",
            traps=(
                ([("b1", 0), ("c1", 0)], "There are no augmented copies."),
                (
                    [("b1", 0), ("c1", 0), ("B1", 0), ("C1", 0)],
                    "All copies came at the end: each goes right behind its sentence.",
                ),
                ([("B1", 0), ("C1", 0)], "The originals are gone: a copy comes after its sentence."),
                (
                    [("b1", 0), ("B1", 0), ("A2", 1), ("c1", 0), ("C1", 0)],
                    "A copy of a test sentence is in the training set: that is a leak.",
                ),
                (
                    [("A1", 1), ("b1", 0), ("B1", 0), ("A2", 1), ("c1", 0), ("C1", 0)],
                    "Copies of test sentences are in the training set: that is a leak.",
                ),
            ),
        ),
    ),
    hints=(
        "For each sentence one decision comes first: which side? Only then may anything be copied.",
        "`zip(sentences, labels, templates)` walks over the three lists together.",
        "If `template in test_templates`: append the pair to `test`. "
        "Otherwise append it to `train`, then `(augment(sentence), label)`.",
    ),
    solution="""
from collections.abc import Callable

def split_first(
    sentences: list[str], labels: list[int], templates: list[str], test_templates: set[str], augment: Callable
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    train, test = [], []
    for sentence, label, template in zip(sentences, labels, templates):
        if template in test_templates:
            test.append((sentence, label))
        else:
            train += [(sentence, label), (augment(sentence), label)]
    return train, test
""",
    explanation="The side is decided by the template, before anything is copied, so no copy can cross over.",
    why_it_matters=(
        "A copy of a training sentence in the test set is almost the same sentence: "
        "the score rises, the model does not."
    ),
    wrong=(
        WrongAnswer(
            "augments both sides",
            "def split_first(sentences, labels, templates, test_templates, augment):\n"
            "    train, test = [], []\n"
            "    for s, y, t in zip(sentences, labels, templates):\n"
            "        (test if t in test_templates else train).extend([(s, y), (augment(s), y)])\n"
            "    return train, test",
            says="The test set is augmented too",
        ),
        WrongAnswer(
            "copies first, then splits",
            "def split_first(sentences, labels, templates, test_templates, augment):\n"
            "    train, test = [], []\n"
            "    for s, y, t in zip(sentences, labels, templates):\n"
            "        (test if t in test_templates else train).append((s, y))\n"
            "        train.append((augment(s), y))\n"
            "    return train, test",
            says="that is a leak",
        ),
        WrongAnswer(
            "keeps only the copies",
            "def split_first(sentences, labels, templates, test_templates, augment):\n"
            "    rows = list(zip(sentences, labels, templates))\n"
            "    train = [(augment(s), y) for s, y, t in rows if t not in test_templates]\n"
            "    return train, [(s, y) for s, y, t in rows if t in test_templates]",
            says="The originals are gone",
        ),
    ),
)

# --- quiz

SAME_SEED = Quiz(
    id="05b.q1",
    question=(
        "A script calls `random.seed(0)`, then `random.choice(list(names))` on a set of texts. "
        "Two runs print different words. Why?"
    ),
    options=(
        Option("`random.choice` ignores the seed", "It obeys: both runs draw the same position."),
        Option(
            "The set has another order in each process",
            "Python hashes texts with a fresh random number in each process. Sort before you draw.",
        ),
        Option(
            "The seed must be larger than 0", "Any whole number is a seed. Zero is as good as the others."
        ),
    ),
    answer="b",
)

SAFE_FOR_SENTIMENT = Quiz(
    id="05b.q2",
    question="You augment film reviews, labelled good or bad. Which operation can turn the label round?",
    options=(
        Option(
            "Deleting one word drawn from all words",
            "Sooner or later it draws `not`, and the sentence says the opposite.",
        ),
        Option(
            "Replacing `film` by `movie`", "Neither word says whether it was any good: the label is safe."
        ),
        Option("Inserting the word `film` once more", "Clumsy, but the verdict is still the same."),
    ),
    answer="a",
)

NO_OP = Quiz(
    id="05b.q3",
    question="`augment` leaves a third of all sentences as they are, without a word. What does that do?",
    options=(
        Option(
            "It raises an error in training", "Nothing is raised anywhere. That is why it is hard to find."
        ),
        Option(
            "The augmentation is weaker than you think",
            "A third of the copies are plain repetitions: you weigh these sentences more, no more than that.",
        ),
        Option("It protects the labels", "It does so for that third only, and nobody asked for it."),
    ),
    answer="b",
)

WHAT_A_BAG_SEES = Quiz(
    id="05b.q4",
    question="A model counts single words (a bag of words). What can it learn from randomly swapped words?",
    options=(
        Option("The grammar of the language", "It never sees an order, so it has no grammar to learn."),
        Option("To be robust against noise", "For this model there is no noise: it gets the same counts."),
        Option(
            "Nothing: the counts do not change",
            "Swapping keeps every count. An augmentation helps only a model that can see it.",
        ),
    ),
    answer="c",
)

# --- predictions

TOKENS = Prediction(
    id="05b.p1",
    question="How many tokens does NLTK's Treebank tokeniser make of `It isn't!`?",
    explanation="`It`, `is`, `n't`, `!`: the negation is a token of its own, so it can be dropped alone.",
)

UNCHANGED = Prediction(
    id="05b.p2",
    question=(
        "The guide's function runs 20,000 times and is asked for one replacement each time. "
        "How many percent of the sentences come back unchanged?"
    ),
    explanation=(
        "Three of the nine words (`The`, `the`, `dog.`) are not in the lexicon. "
        "When one of them is drawn, nothing happens, and nothing is said: 3 of 9 is a third."
    ),
    unit="%",
    tolerance=0.15,
)

TWO_PROCESSES = Prediction(
    id="05b.p3",
    question="Two fresh processes call `random.seed(0)`, then the guide's function. Is the text the `same`?",
    explanation=(
        "`list(set)` follows the hashes of the texts, and Python salts them anew in each process. "
        "The seed fixes which position is drawn, not which word stands there."
    ),
)

CHAPTER = Chapter(
    number="05b",
    title="Text augmentation",
    exercises=(WORDS, KEEP_CASE, SYNONYMS, SWAP, DELETE, SPLIT_FIRST),
    quizzes=(SAME_SEED, SAFE_FOR_SENTIMENT, NO_OP, WHAT_A_BAG_SEES),
    predictions=(TOKENS, UNCHANGED, TWO_PROCESSES),
)
