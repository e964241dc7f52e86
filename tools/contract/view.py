"""A chapter as the rules see it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from chapters import Chapter, read_notebook


@dataclass(frozen=True)
class Problem:
    """One breach of the contract: where, which rule, what is wrong, what to do."""

    chapter: str
    cell: int | None
    rule: str
    message: str
    cure: str

    def __str__(self) -> str:
        place = self.chapter if self.cell is None else f"{self.chapter}, cell {self.cell}"
        return f"{place}: [{self.rule}] {self.message}; {self.cure}"


@dataclass(frozen=True)
class View:
    """A built notebook with what rules ask of it."""

    chapter: Chapter
    text: str
    book: NotebookNode

    @classmethod
    def of(cls, chapter: Chapter) -> "View":
        """Raises ChapterError where the notebook is missing or unreadable."""
        book = read_notebook(chapter)
        return cls(chapter, chapter.notebook.read_text(encoding="utf-8"), book)

    @property
    def raw_ids(self) -> list[str]:
        """Cell ids as they stand in the file: nbformat mends doubled ones while it reads."""
        return [cell.get("id", "") for cell in json.loads(self.text)["cells"]]

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.book.cells) if cell.cell_type == "code"]

    @property
    def prose(self) -> list[tuple[int, NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.book.cells) if cell.cell_type == "markdown"]

    def tagged(self, tag: str) -> list[int]:
        """Places of the cells that carry `tag`."""
        return [i for i, cell in enumerate(self.book.cells) if tag in tags_of(cell)]

    def headings(self) -> Iterator[tuple[int, int, str]]:
        """(cell, level, text) of every Markdown heading outside code fences."""
        for index, cell in self.prose:
            prose = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            for marks, text in re.findall(r"^(#{1,6}) +(.*)$", prose, flags=re.MULTILINE):
                yield index, len(marks), text.strip()

    def problem(self, cell: int | None, rule: str, message: str, cure: str) -> Problem:
        return Problem(self.chapter.name, cell, rule, message, cure)


def tags_of(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))
