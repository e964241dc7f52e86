"""Chapters of another shape than all have, broken as they stand: one for each rule that books.py leaves."""

from nbformat import NotebookNode

from mutants.changes import cell, in_book, renumber, replace, set_tags
from mutants.model import BookMutation

_TAB = "| concept | importance | where |"


def _imports_late(book: NotebookNode) -> None:
    imports, parameters = cell(book, "import random"), cell(book, "seed = 0")
    one, other = book.cells.index(imports), book.cells.index(parameters)
    book.cells[one], book.cells[other] = parameters, imports
    renumber(book)


def _ballast(book: NotebookNode) -> None:
    cell(book, 'print("sum"').metadata["ballast"] = "x" * 1_600_000


def _all_ignored(book: NotebookNode) -> None:
    for one in book.cells:
        if one.cell_type == "code" and one.outputs and "exercise" not in one.metadata.get("tags", ()):
            one.metadata["tags"] = sorted({*one.metadata.get("tags", ()), "nbval-ignore-output"})
            one.metadata["reason"] = "none"


SHAPES = (
    BookMutation(
        "chapter without a title", "title", "no title", replace("# 90", "# 90 A", "90 A"), also=("headings",)
    ),
    BookMutation(
        "nothing that the reader will be able to do",
        "abilities",
        "no abilities",
        replace("# 90", "You will be able to", "Here is how to"),
    ),
    BookMutation(
        "prerequisites are no table",
        "prerequisites",
        "no prerequisites",
        replace("# 90", _TAB, "| concept | place | level |"),
    ),
    BookMutation("no times", "times", "no times", replace("# 90", "1 minute, run time 3 seconds", "short")),
    BookMutation("no cell of imports", "imports", "0 cells are tagged imports", set_tags("import random")),
    BookMutation("imports after the parameters", "order", "first code cells", in_book(_imports_late)),
    BookMutation(
        "parameter without a comment",
        "parameter-comment",
        "has no comment",
        replace("seed = 0", "  # any whole number from 0 to 1000", ""),
    ),
    BookMutation(
        "too few exercises",
        "exercises",
        "3 exercises",
        replace('@exercise("00.4")', '@exercise("00.4")', '@exercise("00.3")'),
    ),
    BookMutation("too few questions", "quiz questions", "2 quiz", replace('"00.q3"', "00.q3", "00.q2")),
    BookMutation("exercise without its tag", "exercise", "do not agree", set_tags('@exercise("00.3")')),
    BookMutation("pitfalls without a table", "pitfalls", "no table", replace("## Pitfalls", "|---|---|", "")),
    BookMutation("no summary", "summary", "no heading", replace("## Summary", "## Summary", "## All")),
    BookMutation("no way on", "next", "no heading", replace("## Next", "## Next chapter", "## The end")),
    BookMutation(
        "too many words", "words", "at most 4000", replace("The seed is set", "The seed", "word " * 4001)
    ),
    BookMutation(
        "cell too long", "lines", "lines of code", replace("chance =", "chance =", "\n" * 25 + "chance =")
    ),
    BookMutation("notebook too large", "size", "at most 1.5 MB", in_book(_ballast)),
    BookMutation("outputs hardly compared", "compared", "are compared", in_book(_all_ignored)),
    BookMutation(
        "exception that is expected by a tag",
        "raises-exception",
        "papermill stops",
        set_tags("chance =", "raises-exception"),
        also=("tag",),
    ),
)
