"""Build notebooks/NN_name.ipynb, with outputs, from notebooks/source/NN_name.py.

    python tools/build_notebooks.py            every chapter
    python tools/build_notebooks.py 05 10      these chapters
    python tools/build_notebooks.py --check    run nothing: say which notebooks are out of step
    python tools/build_notebooks.py --fresh    take the new outputs of cells that vary from run to run

Building twice gives the same bytes. A chapter that fails leaves its notebook as it was.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from chapters import (
    Chapter,
    ChapterError,
    built_hash,
    cells_hash,
    find_chapters,
    read_notebook,
    read_source,
    state_of,
    write_atomically,
)
from keep import keep_earlier
from kernels import Client, make_samples, notebook_environment, run_all
from normalise import normalise

SLOW = 60  # seconds: the contract's limit on two cores
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def build(chapter: Chapter, fresh: bool = False) -> None:
    """Run a chapter and write its notebook.

    Raises:
        ChapterError: a cell failed or hung, the kernel died, or the notebook holds edits that would be lost.
    """
    book = read_source(chapter)
    earlier = _earlier(chapter, cells_hash(book))
    text, cell_of_widget = _execute(chapter, book)
    if earlier is not None and not fresh:
        kept = nbformat.reads(text, as_version=4)
        keep_earlier(kept, earlier, cell_of_widget)
        text = normalise(kept, [])
    write_atomically(chapter.notebook, text)


def _earlier(chapter: Chapter, wanted: str) -> NotebookNode | None:
    if not chapter.notebook.is_file():
        return None
    book = read_notebook(chapter)
    present = cells_hash(book)
    if present not in (built_hash(book), wanted):
        raise ChapterError(state_of(chapter))
    return book


def _execute(chapter: Chapter, book: NotebookNode) -> tuple[str, dict[str, str]]:
    """Run all cells; return the notebook's text and, by widget id, the cell that made the widget."""
    cell_of_widget: dict[str, str] = {}
    current = 0

    def after_cell(index: int, cell: NotebookNode) -> None:
        nonlocal current
        current = index + 1
        for model in client.widget_state:
            cell_of_widget.setdefault(model, cell.id)
        place = _place(chapter, index, cell)
        for error in client.swallowed_errors():
            raise ChapterError(f"{place}: {error['ename']}: {error['evalue']} (in a widget's callback)")
        if cell.execution_count is None:
            raise ChapterError(f"{place}: it ended the kernel instead of running to its end")

    with tempfile.TemporaryDirectory() as scratch:
        client = Client(book, chapter.home)
        try:
            run_all(client, notebook_environment(Path(scratch)), after_cell)
        except CellExecutionError as error:
            reason = (
                f"ran longer than {client.timeout} s"
                if client.timed_out
                else f"{error.ename}: {_COLOUR.sub('', error.evalue)}"
            )
        except CellTimeoutError:
            reason = f"ran longer than {client.timeout} s and ignored the interrupt"
        except DeadKernelError:
            reason = "the kernel died"
        else:
            order = list(client.widget_state)
            text = normalise(book, order)
            return text, {f"{order.index(model):032x}": cell for model, cell in cell_of_widget.items()}
        index = next(i for i in range(current, len(book.cells)) if book.cells[i].cell_type == "code")
        raise ChapterError(f"{_place(chapter, index, book.cells[index])}: {reason}")


def _place(chapter: Chapter, index: int, cell: NotebookNode) -> str:
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"{chapter.name}, cell {index} (`{first[:60]}`)"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "chapters", nargs="*", metavar="NN", help="numbers of chapters; all where none is given"
    )
    parser.add_argument("--check", action="store_true", help="run nothing, say what is out of step")
    parser.add_argument("--fresh", action="store_true", help="keep no earlier output")
    options = parser.parse_args(arguments)
    problems: list[str] = []
    try:
        chapters = find_chapters(options.chapters)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 2
    if not options.check:
        make_samples()
    for chapter in chapters:
        if options.check:
            problems += filter(None, [state_of(chapter)])
            continue
        start = time.monotonic()
        try:
            build(chapter, options.fresh)
        except ChapterError as error:
            problems.append(str(error))
        else:
            seconds = time.monotonic() - start
            size = chapter.notebook.stat().st_size / 1e6
            slow = f" (more than {SLOW} s: make it shorter)" if seconds > SLOW else ""
            print(f"{chapter.name}: {seconds:.0f} s, {size:.2f} MB{slow}", flush=True)
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
