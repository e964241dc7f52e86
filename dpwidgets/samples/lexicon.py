"""A small lexicon of our own in the files that NLTK's WordNet reader reads. It is not WordNet.

The words stand in `lexicon.txt` beside this module. The file format is the one of WordNet's database (wndb,
wninput): `data.POS` holds one synset a line, found by its byte offset, `index.POS` the synsets of each lemma.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dpwidgets.samples.cache import cached_tree

_VERSION = 1
_NAMES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_NUMBERS = {"n": 1, "v": 2, "a": 3, "r": 4}  # of a part of speech, in sense keys and in lexnames
_FILES = ("a", "r", "n", "v")  # position: the number of a lexicographer file
_ABOUT = """\
A small lexicon for a workbook on data preprocessing. It is NOT WordNet: about 250 synsets of everyday
English, written by hand for the workbook's sample sentences, in the format of WordNet's database files, so
that NLTK's WordNet reader can read it. It holds synonyms, glosses, examples, antonyms, a few hypernyms and
irregular forms; no adjective satellites, no verb frames, no frequencies, no other languages. Numbers that
you measure with it are numbers of this lexicon. For the real one: python -m nltk.downloader wordnet
"""
_IRREGULAR = {  # base form: other forms. Regular ones are found by the reader's own rules.
    "n": "man: men; woman: women; child: children; mouse: mice; person: people",
    "v": (
        "run: ran running; see: saw seen; say: said; tell: told; make: made; break: broke broken;"
        "sleep: slept; wake: woke woken; begin: began begun beginning; think: thought; leave: left;"
        "come: came; win: won winning; lose: lost; find: found; write: wrote written; teach: taught;"
        "eat: ate eaten; drink: drank drunk; buy: bought; sell: sold; pay: paid; go: went gone; hear: heard;"
        "stop: stopped stopping; shoot: shot; leap: leapt; spring: sprang; dog: dogged dogging"
    ),
    "a": (
        "good: better best; bad: worse worst; happy: happier happiest; sad: sadder saddest;"
        "lazy: lazier laziest; funny: funnier funniest; big: bigger biggest; hot: hotter hottest;"
        "easy: easier easiest; lovely: lovelier loveliest; ugly: uglier ugliest; dirty: dirtier dirtiest"
    ),
    "r": "well: better best; badly: worse worst; far: further farther",
}


@dataclass(frozen=True)
class Entry:
    """One synset, as it stands in the table. `hypernym` and `antonym` name other entries; "" is none."""

    pos: str  # n, v, a, r
    lemmas: tuple[str, ...]
    gloss: str
    example: str
    hypernym: str
    antonym: str


def lexicon() -> Path:
    """The folder of the small lexicon, laid out as NLTK's data: put it on `nltk.data.path`.

        nltk.data.path.insert(0, str(samples.lexicon()))
        from nltk.corpus import wordnet
        wordnet.synsets("quick")

    NLTK loads `wordnet` once a process, so set the path before the first look-up; and it reads only files
    below its path, so leave the folder there. No other NLTK data is needed.

    **It is not WordNet**: about 250 synsets of everyday English, written by hand. The README in the folder
    says what is in it and what is not.

    Raises:
        SampleError: the cache folder cannot be written.
    """
    return cached_tree("lexicon", _VERSION, write_lexicon)


def write_lexicon(folder: Path) -> None:
    """Fills an empty folder with `corpora/wordnet`, the same files each time."""
    home = folder / "corpora" / "wordnet"
    home.mkdir(parents=True)
    entries = read_table()
    offsets = _offsets(entries)
    for pos, name in _NAMES.items():
        mine = [entry for entry in entries if entry.pos == pos]
        _write(home / f"data.{name}", _header() + "".join(_data_line(one, offsets, entries) for one in mine))
        _write(home / f"index.{name}", _header() + "".join(_index_lines(mine, offsets, entries)))
        _write(home / f"{name}.exc", _exceptions(_IRREGULAR[pos]))
    senses = sorted(_sense_lines(entries, offsets))
    _write(home / "index.sense", "".join(senses))
    _write(home / "cntlist.rev", "".join(f"{line.split()[0]} 1 0\n" for line in senses))
    files = [f"{number:02d}\t{_NAMES[pos]}.all\t{_NUMBERS[pos]}\n" for number, pos in enumerate(_FILES)]
    _write(home / "lexnames", "".join(files))
    for place in (folder / "README.txt", home / "README"):
        _write(place, _ABOUT)


def read_table() -> list[Entry]:
    """The entries of `lexicon.txt`, in its order."""
    lines = Path(__file__).with_name("lexicon.txt").read_text(encoding="utf-8").splitlines()
    return [_entry(line) for line in lines if line and not line.startswith("#")]


def _entry(line: str) -> Entry:
    pos, lemmas, gloss, example, links = (part.strip() for part in line.split("|"))
    linked = {link[0]: link[1:] for link in links.split()}
    return Entry(pos, tuple(lemmas.split(", ")), gloss, example, linked.get(">", ""), linked.get("!", ""))


def _named(name: str, pos: str, entries: Sequence[Entry]) -> Entry:
    return next(entry for entry in entries if entry.pos == pos and entry.lemmas[0] == name)


def _pointers(entry: Entry, entries: Sequence[Entry]) -> list[tuple[str, Entry, str]]:
    """Symbol, target, and which lemmas it links ("0000": the whole synsets, "0101": the first of each)."""
    links = []
    if entry.hypernym:
        links.append(("@", _named(entry.hypernym, entry.pos, entries), "0000"))
    links += [
        ("~", other, "0000")
        for other in entries
        if other.pos == entry.pos
        and other.hypernym == entry.lemmas[0]
        and _named(other.hypernym, other.pos, entries) is entry
    ]
    if entry.antonym:
        links.append(("!", _named(entry.antonym, entry.pos, entries), "0101"))
    links += [
        ("!", other, "0101")
        for other in entries
        if other.pos == entry.pos
        and other.antonym == entry.lemmas[0]
        and _named(other.antonym, other.pos, entries) is entry
        and entry.antonym != other.lemmas[0]
    ]
    return links


def _data_line(entry: Entry, offsets: dict[Entry, int], entries: Sequence[Entry]) -> str:
    words = " ".join(f"{lemma} {_lex_id(lemma, entry, entries):x}" for lemma in entry.lemmas)
    links = [
        f" {symbol} {offsets.get(target, 0):08d} {target.pos} {ends}"
        for symbol, target, ends in _pointers(entry, entries)
    ]
    frames = " 00" if entry.pos == "v" else ""
    gloss = f'{entry.gloss}; "{entry.example}"' if entry.example else entry.gloss
    start = f"{offsets.get(entry, 0):08d} {_FILES.index(entry.pos):02d} {entry.pos} {len(entry.lemmas):02x}"
    return f"{start} {words} {len(links):03d}{''.join(links)}{frames} | {gloss}  \n"


def _offsets(entries: Sequence[Entry]) -> dict[Entry, int]:
    """Where each entry's line begins in its file, in bytes: a line is as long whatever offsets it names."""
    offsets = {}
    ends = dict.fromkeys(_NAMES, len(_header().encode()))
    for entry in entries:
        offsets[entry] = ends[entry.pos]
        ends[entry.pos] += len(_data_line(entry, {}, entries).encode())
    return offsets


def _senses(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Lemma in lower case -> its entries, in order."""
    senses = defaultdict(list)
    for entry in entries:
        for lemma in entry.lemmas:
            senses[lemma.lower()].append(entry)
    return senses


def _lex_id(lemma: str, entry: Entry, entries: Sequence[Entry]) -> int:
    """The number of the lemma's sense, from 0, within its part of speech."""
    same = [one for one in entries if one.pos == entry.pos]
    return _senses(same)[lemma.lower()].index(entry)


def _index_lines(mine: Sequence[Entry], offsets: dict[Entry, int], entries: Sequence[Entry]) -> list[str]:
    lines = []
    for lemma, senses in sorted(_senses(mine).items()):
        symbols = sorted({symbol for entry in senses for symbol, _, _ in _pointers(entry, entries)})
        numbers = " ".join(f"{offsets[entry]:08d}" for entry in senses)
        listed = " ".join([str(len(symbols)), *symbols])
        lines.append(f"{lemma} {senses[0].pos} {len(senses)} {listed} {len(senses)} 0 {numbers}  \n")
    return lines


def _sense_lines(entries: Sequence[Entry], offsets: dict[Entry, int]) -> list[str]:
    """Such as `dog%1:02:00:: 00000123 1 0`."""
    return [
        f"{lemma.lower()}%{_NUMBERS[entry.pos]}:{_FILES.index(entry.pos):02d}:{sense:02d}:: "
        f"{offsets[entry]:08d} {sense + 1} 0\n"
        for entry in entries
        for lemma in entry.lemmas
        for sense in [_lex_id(lemma, entry, entries)]
    ]


def _exceptions(listed: str) -> str:
    """Lines such as `ran run`, sorted."""
    pairs = [entry.split(":") for entry in listed.split(";")]
    return "".join(sorted(f"{form} {base.strip()}\n" for base, forms in pairs for form in forms.split()))


def _header() -> str:
    """Lines that begin with two blanks are the reader's comments."""
    return "".join(f"  {number} {line}\n" for number, line in enumerate(_ABOUT.splitlines(), 1))


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())  # the same bytes on every system: offsets count them
