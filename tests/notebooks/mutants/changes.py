"""Small changes to a notebook, as functions of the chapter; source and notebook stay in step."""

from collections.abc import Callable

import nbformat
from nbformat import NotebookNode

from chapters import Chapter, cells_hash, read_notebook
from write_back import write_back

Change = Callable[[Chapter], None]


def in_book(change: Callable[[NotebookNode], object]) -> Change:
    """Changes the notebook by `change`, then makes its source and its hash fit."""

    def apply(chapter: Chapter) -> None:
        book = read_notebook(chapter)
        change(book)
        book.metadata["dpwidgets"]["source_sha256"] = cells_hash(book)
        # nbformat.write would mend what some mutations break.
        chapter.notebook.write_text(nbformat.v4.writes(book))
        write_back(chapter)

    return apply


def cell(book: NotebookNode, text: str) -> NotebookNode:
    """The one cell whose source holds `text`."""
    (found,) = (one for one in book.cells if text in one.source)
    return found


def replace(text: str, old: str, new: str) -> Change:
    """In the cell that holds `text`: `old` becomes `new`."""

    def change(book: NotebookNode) -> None:
        one = cell(book, text)
        assert old in one.source
        one.source = one.source.replace(old, new)

    return in_book(change)


def before(text: str, line: str) -> Change:
    """`line` comes before `text`, in its cell."""
    return replace(text, text, f"{line}\n{text}")


def drop(text: str) -> Change:
    """Without the cell that holds `text`; the counts of those below close up."""

    def change(book: NotebookNode) -> None:
        book.cells.remove(cell(book, text))
        renumber(book)

    return in_book(change)


def set_output(text: str, old: str, new: str) -> Change:
    """In the printed output of the cell that holds `text`: `old` becomes `new`."""

    def change(book: NotebookNode) -> None:
        output = cell(book, text).outputs[0]
        assert old in output.text
        output.text = output.text.replace(old, new)

    return in_book(change)


def set_tags(text: str, *tags: str, reason: str = "") -> Change:
    def change(book: NotebookNode) -> None:
        cell(book, text).metadata = nbformat.from_dict({"tags": list(tags), "reason": reason})

    return in_book(change)


def renumber(book: NotebookNode) -> None:
    """Execution counts 1, 2, 3 ..., in the outputs too."""
    code = [one for one in book.cells if one.cell_type == "code" and one.source.strip()]
    for count, one in enumerate(code, 1):
        one.execution_count = count
        for output in one.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def edit_source(old: str, new: str) -> Change:
    """In the source alone: `old` becomes `new`, and the notebook knows nothing of it."""

    def apply(chapter: Chapter) -> None:
        text = chapter.source.read_text()
        assert old in text
        chapter.source.write_text(text.replace(old, new))

    return apply


def edit_book(change: Callable[[NotebookNode], object]) -> Change:
    """In the notebook alone; source and hash know nothing of it."""

    def apply(chapter: Chapter) -> None:
        book = read_notebook(chapter)
        change(book)
        chapter.notebook.write_text(nbformat.v4.writes(book))

    return apply
