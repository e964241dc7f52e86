"""Chapters that are broken as they stand: the contract must notice, without a kernel.

But for those that are about that, each keeps source and notebook in step, so that exactly one check has a
reason to go red.
"""

import base64
import io
import socket

import nbformat
from nbformat import NotebookNode
from PIL import Image

from mutants.changes import cell, drop, edit_book, edit_source, in_book, replace, set_output, set_tags
from mutants.model import BookMutation
from pictures import PICTURE_TYPES


def _solve(book: NotebookNode) -> None:
    cell(book, '@exercise("00.1")').outputs[0].text = "Right. Exercise 00.1\nRight. Exercise 00.2\n"


def _same_id(book: NotebookNode) -> None:
    book.cells[2].id = book.cells[3].id


def _strip(book: NotebookNode) -> None:
    for one in book.cells:
        if one.cell_type == "code":
            one.outputs, one.execution_count = [], None


def _swap_counts(book: NotebookNode) -> None:
    one, other = cell(book, "chance ="), cell(book, 'print("sum"')
    one.execution_count, other.execution_count = other.execution_count, one.execution_count
    one.outputs[0].execution_count = one.execution_count


def _no_alt(book: NotebookNode) -> None:
    cell(book, "plt.subplots").outputs[0].metadata = nbformat.from_dict({})


def _white(book: NotebookNode) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 250), "white").save(buffer, "PNG")
    output = cell(book, "plt.subplots").outputs[0]
    output.data["image/png"] = base64.b64encode(buffer.getvalue()).decode()


def _no_figure(book: NotebookNode) -> None:
    cell(book, 'print("sum"').metadata["figure"] = "gone"


def _leftover_error(book: NotebookNode) -> None:
    cell(book, "chance =").outputs.append(
        nbformat.v4.new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    )


def _no_still(book: NotebookNode) -> None:
    one = cell(book, "lab = TransformLab(")
    one.outputs = [output for output in one.outputs if not {*output.get("data", {})} & {*PICTURE_TYPES}]


def _host_name(book: NotebookNode) -> None:
    cell(book, 'print("sum"').outputs[0].text = f"sum on {socket.gethostname()}\n"


def _unknown_hash(book: NotebookNode) -> None:
    book.metadata["dpwidgets"]["source_sha256"] = "0" * 64


def _own_cell(book: NotebookNode) -> None:
    cell(book, "chance =").source += "\nheights[0] = 2"


BOOKS = (
    BookMutation(
        "missing parameters cell", "parameters", "0 cells are tagged parameters", set_tags("seed = 0")
    ),
    BookMutation(
        "second parameters cell", "parameters", "2 cells are tagged", set_tags("chance =", "parameters")
    ),
    BookMutation(
        "parameter never used",
        "parameter-unused",
        "no cell reads 'points'",
        replace("chance =", "range(points)", "range(20)"),
    ),
    BookMutation(
        "check of the parameters removed",
        "check-parameters",
        "nothing is checked",
        replace("check_parameters(globals()", "check_parameters(", "dict("),
    ),
    BookMutation("stale outputs", "in-step", "outputs are stale", edit_book(_unknown_hash)),
    BookMutation(
        "source and notebook out of step",
        "in-step",
        "the source changed after the notebook was built",
        edit_source("Random(seed)", "Random(seed + 1)"),
    ),
    BookMutation(
        "notebook edited, not written back",
        "in-step",
        "was edited and differs from its source",
        edit_book(_own_cell),
    ),
    BookMutation("execution counts out of order", "execution-count", "in place of", in_book(_swap_counts)),
    BookMutation("stripped outputs", "execution-count", "was never run", in_book(_strip)),
    BookMutation("two cells with one id", "ids", "2 cells have the id", in_book(_same_id)),
    BookMutation(
        "missing lab",
        "lab",
        "no cell tagged `lab` makes a TransformLab",
        drop("lab = TransformLab("),
        chapter="03_transforms",
    ),
    BookMutation(
        "lab without its saved picture",
        "lab-output",
        "the lab left no picture",
        in_book(_no_still),
        chapter="03_transforms",
    ),
    BookMutation(
        "exercise that passes unsolved", "exercise-outcome", "the stub counts as 'Right", in_book(_solve)
    ),
    BookMutation("alt text missing", "alt", "a picture .image/png. without text", in_book(_no_alt)),
    BookMutation("blank figure, saved", "blank", "a picture that shows nothing", in_book(_white)),
    BookMutation(
        "absolute path in an output",
        "path",
        "/home/somebody",
        set_output('print("sum"', "sum", "/home/somebody/x sum"),
    ),
    BookMutation("host name in an output", "private", "user or host name", in_book(_host_name)),
    BookMutation("leftover error", "error", "holds KeyError", in_book(_leftover_error)),
    BookMutation(
        "ignored output without a reason",
        "reason",
        "without a",
        set_tags("time.perf_counter", "nbval-ignore-output"),
    ),
    BookMutation(
        "check switched off by a comment",
        "comment",
        "NBVAL_SKIP steers nbval",
        replace('print("sum"', 'print("sum"', '# NBVAL_SKIP\nprint("sum"'),
    ),
    BookMutation("misspelt tag", "tag", "unknown tag", set_tags("chance =", "nbval-ignore-ouput")),
    BookMutation("claim tag removed", "claims", "claim-06 is not met", set_tags('print("sum"')),
    BookMutation(
        "claim without its figure", "figure", "no line of its output contains 'gone'", in_book(_no_figure)
    ),
    BookMutation(
        "claim that is not on the map", "map-tag", "not on the map", set_tags("chance =", "claim-39")
    ),
    BookMutation(
        "heading level jumped",
        "headings",
        "jumps from level 2 to 4",
        replace("## A figure", "## A", "#### A"),
    ),
    BookMutation(
        "chapter without its notebook",
        "readable",
        "not built yet",
        lambda chapter: chapter.notebook.unlink(),
        also=("claims",),
    ),
)
