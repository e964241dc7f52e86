"""List where the guide's 38 claims and 21 snippets are met, and which are not met yet.

    python tools/claims.py

A claim or snippet is met by a cell that carries its number on the map as a tag: claim-06, snippet-15.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from chapters import Chapter, find_chapters, read_source
from contract.tags import map_tags


@dataclass(frozen=True)
class Place:
    """A tagged cell: chapter, heading above it, and the figure or the first line that settles the claim."""

    tag: str
    chapter: str
    cell: int
    heading: str


def places(chapters: list[Chapter]) -> Iterator[Place]:
    """Every cell that carries a tag of the map, in the chapters' order."""
    wanted = set(map_tags())
    for chapter in chapters:
        heading = ""
        for index, cell in enumerate(read_source(chapter).cells):
            if cell.cell_type == "markdown":
                titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
                heading = titles[-1] if titles else heading
            for tag in wanted & set(cell.metadata.get("tags", [])):
                yield Place(tag, chapter.name, index, heading)


def main() -> int:
    found = list(places(find_chapters()))
    for tag in map_tags():
        for place in (place for place in found if place.tag == tag):
            print(f"{tag:<10}  {place.chapter}, cell {place.cell}: {place.heading}")
    missing = [tag for tag in map_tags() if tag not in {place.tag for place in found}]
    print(f"\nmet: {len(map_tags()) - len(missing)} of {len(map_tags())}")
    if missing:
        print("not met yet:", ", ".join(missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
