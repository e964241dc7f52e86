"""List where the guide's 38 claims and 21 snippets are met, with which measured figure, and which are not.

    python tools/claims.py

A claim or snippet is met by a cell that carries its number on the map as a tag: claim-06, snippet-15. The
figure is a line out of that cell's output in the built notebook (`contract/figures.py`).
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chapters import Chapter, find_chapters, read_notebook
from contract.figures import figure_of
from contract.tags import map_tags
from contract.view import tags_of


@dataclass(frozen=True)
class Place:
    """A tagged cell: chapter, place, heading above it, and the line of its output that settles the claim."""

    tag: str
    chapter: str
    cell: int
    heading: str
    figure: str


def places(chapters: list[Chapter]) -> Iterator[Place]:
    """Every cell that carries a tag of the map, in the order of the chapters that are built."""
    wanted = set(map_tags())
    for chapter in (one for one in chapters if one.notebook.is_file()):
        heading = ""
        for index, cell in enumerate(read_notebook(chapter).cells):
            if cell.cell_type == "markdown":
                titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
                heading = titles[-1] if titles else heading
            for tag in sorted(wanted & set(tags_of(cell))):
                yield Place(tag, chapter.name, index, heading, figure_of(cell, tag))


def unmet(found: Iterable[Place], wanted: Iterable[str]) -> list[str]:
    """Those of the `wanted` tags that no place carries."""
    return sorted(set(wanted) - {place.tag for place in found})


def main() -> int:
    found = list(places(find_chapters()))
    for tag in map_tags():
        for place in (place for place in found if place.tag == tag):
            print(f"{tag:<10}  {place.chapter}, cell {place.cell}: {place.heading}")
            print(f"{'':<10}  → {place.figure}")
    missing = unmet(found, map_tags())
    print(f"\nmet: {len(map_tags()) - len(missing)} of {len(map_tags())}")
    if missing:
        print("not met yet:", ", ".join(missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
