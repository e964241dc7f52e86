"""The pages beside the chapters: glossary, claims and timings, each a notebook of text made from data.

python tools/pages.py             writes notebooks/pages/*.ipynb
python tools/pages.py --check     which of them are out of step (exit code 1)
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from chapters import KERNEL, NOTEBOOKS, find_chapters
from claims import places

PAGES = NOTEBOOKS / "pages"
RECORDS = NOTEBOOKS / "recordings" / "loaders"
GUIDE = Path(__file__).with_name("guide_claims.toml")
WORDS = Path(__file__).with_name("glossary.toml")
SECONDS = Path(__file__).with_name("suite_seconds.json")


def glossary() -> list[str]:
    """A cell for each letter; each word is a heading, so that chapters can link to it."""
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))["word"]
    chapters = {chapter.name.split("_")[0]: chapter.name for chapter in find_chapters()}
    about = "The words of this workbook, with the guide's Chinese, and the chapter that explains them."
    cells = [f"# Glossary\n\n{about}"]
    words.sort(key=lambda word: headword(word["name"]).lower())
    for letter in sorted({word["name"][0].upper() for word in words}):
        entries = [_entry(word, chapters) for word in words if word["name"][0].upper() == letter]
        cells.append("\n\n".join([f"## {letter}", *entries]))
    return cells


def _entry(word: dict[str, str], chapters: dict[str, str]) -> str:
    names = "" if word["name"] == headword(word["name"]) else f"{word['name']} · "
    where = f"[Chapter {word['chapter']}](../{chapters[word['chapter']]}.ipynb)"
    return f"### {headword(word['name'])}\n\n{names}{word['zh']}\n\n{word['means']} {where}."


def headword(name: str) -> str:
    """The heading of a word that may have several names: the first of them."""
    return re.split(r", | \(", name)[0]


def anchor(heading: str) -> str:
    """What follows `#` in a link to a heading: its text as JupyterLab, Notebook and nbconvert write it."""
    return quote(heading.replace("`", "").replace(" ", "-"), safe="/?:,;@!$&*+='")


def claims() -> list[str]:
    """A table for the claims and one for the programs: where each is settled, by which measured line."""
    found = list(places(find_chapters()))
    says = tomllib.loads(GUIDE.read_text(encoding="utf-8"))
    about = (
        "38 claims and 21 programs of the guide and the article were put to the test (claims 35 and 36 and "
        "programs 19 to 21 are the article's). Here is where each is settled, and the line that the machine "
        "printed there. Both are told in short, in other words than their own. Each link leads to a section; "
        "where JupyterLab opens a chapter for the first time, it stays at the top: click again."
    )
    cells = [f"# Claims and programs\n\n{about}"]
    for kind, title in (("claim", "Claims"), ("snippet", "Programs")):
        rows = [
            (
                f"{number} {text}",
                f"[{place.chapter.split('_')[0]}, {_plain(place.heading)}]"
                f"(../{place.chapter}.ipynb#{anchor(place.heading)})",
                _plain(place.figure),
            )
            for number, text in says[kind].items()
            for place in found
            if place.tag == f"{kind}-{number}"
        ]
        cells.append(f"## {title}\n\n{_table(('guide or article', 'settled in', 'the machine says'), rows)}")
    return cells


def timings() -> list[str]:
    """What was measured of the workbook itself."""
    ladder, race = (json.loads((RECORDS / f"{name}.json").read_text("utf-8")) for name in ("ladder", "race"))
    about = (
        "Measured figures in one place. Ratios come from one run, in alternating rounds (chapter "
        "[10d](../10d_speed_ladder.ipynb) says how); seconds depend on the machine."
    )
    cells = [f"# Timings\n\n{about}"]
    head = ("rung", "images a second", "times the guide's code", "MB more")
    for part in ("evaluation", "training"):
        rows = [
            (
                _plain(rung["name"]),
                f"{rung['images_per_second']:,}",
                f"{rung['times_start']:.1f}",
                rung["memory_mb"],
            )
            for rung in ladder[part]
        ]
        where = f"{ladder['photos']:,} JPEGs, {_machine(ladder)}"
        cells.append(f"## The ladder: {part}\n\n{where}\n\n{_table(head, rows)}")
    rows = [
        (row["name"], _middle(row["warm"]), _middle(row["cold"]), f"{row['cpu_ms']:.2f}")
        for row in race["rows"]
        if row["kind"] == "contender"
    ]
    head = ("loader", "later epochs", "from a cold start", "processor ms an image")
    where = f"Times the guide's code, {race['images']:,} JPEGs, {_machine(race)}"
    cells.append(f"## The race\n\n{where}\n\n{_table(head, rows)}")
    known = json.loads(SECONDS.read_text(encoding="utf-8"))
    files = {chapter.name: f"notebooks/{chapter.name}.ipynb" for chapter in find_chapters()}
    rows = [
        (f"[{name}](../{name}.ipynb)", round(known[file])) for name, file in files.items() if file in known
    ]
    about = "Seconds to run a chapter and compare its outputs, in a run of the whole suite."
    cells.append(f"## The chapters\n\n{about}\n\n{_table(('chapter', 'seconds'), rows)}")
    return cells


def _machine(record: dict[str, Any]) -> str:
    return f"{record['machine']['cores']} cores, {record['date']}."


def _middle(spread: dict[str, float] | None) -> str:
    return f"{spread['median']:.2f}" if spread else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _plain(text: str) -> str:
    """Text as it is, for a cell of a Markdown table."""
    for sign in "\\|<*_[`":
        text = text.replace(sign, "&lt;" if sign == "<" else f"\\{sign}")
    return text


BUILDERS: dict[str, Callable[[], list[str]]] = {"glossary": glossary, "claims": claims, "timings": timings}


def page(name: str) -> str:
    """The page's notebook as text."""
    texts = BUILDERS[name]()
    cells = [nbformat.v4.new_markdown_cell(text, id=f"{name}-{number}") for number, text in enumerate(texts)]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    return nbformat.writes(book, indent=1) + "\n"


def stale() -> list[str]:
    """The pages that are missing or differ from what their data give."""
    files = {name: PAGES / f"{name}.ipynb" for name in BUILDERS}
    return [
        name for name, file in files.items() if not file.is_file() or file.read_text("utf-8") != page(name)
    ]


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        found = stale()
        for name in found:
            print(f"notebooks/pages/{name}.ipynb is out of step; run python tools/pages.py")
        return int(bool(found))
    PAGES.mkdir(exist_ok=True)
    for name in BUILDERS:
        (PAGES / f"{name}.ipynb").write_text(page(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
