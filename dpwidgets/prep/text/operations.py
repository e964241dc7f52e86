"""The operations on a sentence, in plain Python: what runs here is, word for word, what the reader copies.

EDA's four (Wei and Zou, "EDA: Easy Data Augmentation Techniques", 2019), translation there and back, typos.
Each takes `parts` (gap, word, gap, …, as `split_words` gives them), changes them in place, and draws from
`rng` alone. `share` is the share of the sentence's words, 0 to 1; a larger share changes the same words and
more.
"""

import random
import re
from typing import Any

# Function words: WordNet knows some of them, and gives `finished` for `over`. Negations are among them.
_STOP_WORDS = (
    "a an the this that these those i me my we us our you your he him his she her it its they them their "
    "who what which and or but nor so if than as at by for from in into of off on onto out over to under "
    "up down with about after before between through is are was were be been being am do does did has "
    "have had will would can could may might must shall should not no never none nothing nobody neither "
    "without hardly all any both each few more most other some such only own same too very just there "
    "here when where why how"
)
STOP = frozenset(_STOP_WORDS.split())
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def how_many(parts: list[str], share: float) -> int:
    """A share of the words; at least one, unless the share is 0."""
    return max(1, round(share * (len(parts) // 2))) if share else 0


def in_case_of(old: str, new: str) -> str:
    """The new word with the capitals of the old one."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new


def is_name(parts: list[str], at: int) -> bool:
    """Whether the word is written with a capital inside a sentence."""
    opens = at == 1 or re.search(r"[.!?:]", parts[at - 1]) is not None
    return parts[at][0].isupper() and not opens


def guessed_pos(parts: list[str], at: int, lexicon: Any) -> str:
    """The part of speech (n, v, a, r) that the neighbours suggest; a tagger would know better."""
    word = parts[at].lower()
    before = parts[at - 2].lower() if at > 1 else ""
    after = parts[at + 2].lower() if at + 2 < len(parts) and not parts[at + 1].strip() else ""
    articles = {"a", "an", "the", "this", "that", "my", "our", "your", "his", "her", "their"}
    verbs_follow = {"to", "i", "we", "you", "they", "will", "would", "can", "could", "must", "should", "not"}
    if before in verbs_follow or (after in articles and before not in articles):
        wanted = "v"
    elif before in {"is", "are", "was", "were", "very", "too", "so"} or (after and after not in STOP):
        wanted = "a"
    else:
        wanted = "n"
    known = [synset.pos().replace("s", "a") for synset in lexicon.synsets(word)]
    return wanted if wanted in known else known[0]


def synonyms(
    parts: list[str], at: int, lexicon: Any, phrases: bool = False, same_pos: bool = False
) -> list[str]:
    """Other lemmas of the synsets that hold the word itself, sorted: sets differ from process to process.

    An inflected form is no lemma, so it has none. Names are left out, and lemmas of several words unless
    `phrases`. With `same_pos` only synsets of the part of speech that the neighbours suggest count.
    """
    word = parts[at].lower()
    if word in STOP or is_name(parts, at) or not lexicon.synsets(word):
        return []
    pos = guessed_pos(parts, at, lexicon) if same_pos else None
    found: set[str] = set()
    for synset in lexicon.synsets(word, pos):
        names = synset.lemma_names()
        if word in names:
            found |= {name for name in names if name != word and name == name.lower()}
    return sorted(name.replace("_", " ") for name in found if phrases or "_" not in name)


def synonym_replacement(
    parts: list[str],
    share: float,
    rng: random.Random,
    lexicon: Any,
    phrases: bool = False,
    same_pos: bool = False,
) -> None:
    """Words become synonyms. Only words that have one are drawn, each once, so every draw changes a word."""
    options = {at: synonyms(parts, at, lexicon, phrases, same_pos) for at in range(1, len(parts), 2)}
    able = [at for at, names in options.items() if names]
    for at in rng.sample(able, len(able))[: how_many(parts, share)]:
        parts[at] = in_case_of(parts[at], rng.choice(options[at]))


def back_translation(parts: list[str], share: float, rng: random.Random, dictionary: dict[str, str]) -> None:
    """Words go through a dictionary and come back as any word that has the same translation."""
    there = {english: foreign for foreign, several in dictionary.items() for english in several.split()}
    able = [at for at in range(1, len(parts), 2) if parts[at].lower() in there]
    for at in rng.sample(able, len(able))[: how_many(parts, share)]:
        foreign = there[parts[at].lower()]
        parts[at] = in_case_of(parts[at], rng.choice(dictionary[foreign].split()))


def random_insertion(
    parts: list[str],
    share: float,
    rng: random.Random,
    lexicon: Any,
    phrases: bool = False,
    same_pos: bool = False,
) -> None:
    """Synonyms of random words come in behind random words."""
    able = [
        names for at in range(1, len(parts), 2) if (names := synonyms(parts, at, lexicon, phrases, same_pos))
    ]
    for _ in range(how_many(parts, share) if able else 0):
        new = rng.choice(rng.choice(able))
        behind = 2 * rng.randrange(len(parts) // 2) + 1
        parts[behind + 1 : behind + 1] = [" ", new]


def random_swap(parts: list[str], share: float, rng: random.Random) -> None:
    """Two random words change places, again and again."""
    for _ in range(how_many(parts, share) if len(parts) > 3 else 0):
        one, other = rng.sample(range(1, len(parts), 2), 2)
        parts[one], parts[other] = parts[other], parts[one]


def random_deletion(parts: list[str], share: float, rng: random.Random) -> None:
    """Each word goes with the probability `share`; the one with the highest draw stays always."""
    draws = {at: rng.random() for at in range(1, len(parts), 2)}
    last = max(draws, key=draws.__getitem__, default=0)
    doomed = [at for at, drawn in draws.items() if drawn < share and at != last]
    for at in reversed(doomed):
        before, after = parts[at - 1], parts[at + 1]
        if before.strip() and after.strip():
            gap = before.rstrip() + after
        else:
            gap = after if not before.strip() else before
        parts[at - 1 : at + 2] = [gap]
    parts[0] = parts[0].lstrip()


def typos(parts: list[str], share: float, rng: random.Random) -> None:
    """Slips of the hand in words of four letters or more: a neighbouring key, letters swapped, one lost."""
    able = [
        at for at in range(1, len(parts), 2) if len(parts[at]) > 3 and re.fullmatch("[A-Za-z]+", parts[at])
    ]
    for at in rng.sample(able, len(able))[: how_many(parts, share)]:
        word = parts[at]
        i = rng.randrange(1, len(word) - 1)
        row = next(row for row in KEYBOARD if word[i].lower() in row)
        key = row.index(word[i].lower())
        slip = rng.choice(["neighbour", "swap", "loss"])
        if slip == "neighbour":
            word = word[:i] + rng.choice(row[max(0, key - 1) : key] + row[key + 1 : key + 2]) + word[i + 1 :]
        elif slip == "swap" and word[i] != word[i + 1]:
            word = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        else:
            word = word[:i] + word[i + 1 :]
        parts[at] = word
