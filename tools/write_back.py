"""Write a notebook that was edited in JupyterLab back to its source.

    python tools/write_back.py notebooks/05_augmentation.ipynb

Outputs, ids and an editor's metadata are dropped. Cells that were not edited keep their text in the source to
the letter, so the difference shows the edit alone. Build the chapter afterwards.
"""

import argparse
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from chapters import (
    Chapter,
    ChapterError,
    build_command,
    cell_key,
    kept_metadata,
    read_notebook,
    write_atomically,
)

_CELL_START = re.compile(r"^(?=# %%)", re.MULTILINE)


def write_back(chapter: Chapter) -> bool:
    """Write the notebook's cells to its source; return whether that changed anything."""
    book = read_notebook(chapter)
    before = chapter.source.read_text(encoding="utf-8") if chapter.source.is_file() else ""
    after = source_text(book, before)
    if after == before:
        return False
    chapter.source.parent.mkdir(exist_ok=True)
    write_atomically(chapter.source, after)
    return True


def source_text(book: NotebookNode, before: str) -> str:
    """The notebook's cells as py:percent; those that `before` holds keep their text."""
    head, *chunks = _CELL_START.split(before)
    cells = jupytext.reads(before, fmt="py:percent").cells if chunks else []
    # jupytext makes text above the first marker a cell of its own.
    known = (
        {cell_key(cell): chunk for cell, chunk in zip(cells[-len(chunks) :], chunks, strict=True)}
        if chunks
        else {}
    )
    parts = [known.get(cell_key(cell)) or _serialise(cell) for cell in book.cells if cell.cell_type != "raw"]
    parts = [part if part.endswith("\n\n") else part.rstrip("\n") + "\n\n" for part in parts]
    return head + "".join(parts).rstrip("\n") + "\n"


def _serialise(cell: NotebookNode) -> str:
    single = nbformat.v4.new_notebook(metadata={"jupytext": {"notebook_metadata_filter": "-all"}})
    make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    single.cells = [make(cell.source, metadata=kept_metadata(cell))]
    return jupytext.writes(single, fmt="py:percent")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebook", type=Path, help="such as notebooks/05_augmentation.ipynb")
    path = parser.parse_args(arguments).notebook
    chapter = Chapter(path.stem, path.resolve().parent)
    try:
        changed = write_back(chapter)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 1
    done = f"source written; {build_command(chapter)}" if changed else "nothing to write back"
    print(f"{chapter.name}: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
