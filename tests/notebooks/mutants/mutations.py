"""Ways to break a chapter, and the check that must notice each.

Every mutation changes the small chapter of tests/notebooks/fixtures/ and keeps source and notebook in step
(but for the mutation that is about that), so that exactly one check has a reason to go red.
"""

from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from chapters import Chapter, cells_hash, read_notebook
from write_back import write_back


@dataclass(frozen=True)
class Mutation:
    """One way to break a chapter."""

    name: str
    change: Callable[[NotebookNode], object]
    """Changes the notebook in place."""
    check: str
    """`nbval`, or the name of the contract's rule that must go red."""
    says: str
    """A pattern that the report must show."""

    def apply(self, chapter: Chapter) -> None:
        book = read_notebook(chapter)
        self.change(book)
        book.metadata["dpwidgets"]["source_sha256"] = cells_hash(book)
        # nbformat.write would mend what some mutations break.
        chapter.notebook.write_text(nbformat.v4.writes(book))
        write_back(chapter)


def cell(book: NotebookNode, text: str) -> NotebookNode:
    """The one cell whose source holds `text`."""
    (found,) = (one for one in book.cells if text in one.source)
    return found


def replace(text: str, old: str, new: str) -> Callable[[NotebookNode], object]:
    """In the cell that holds `text`: `old` becomes `new`."""

    def change(book: NotebookNode) -> None:
        one = cell(book, text)
        assert old in one.source
        one.source = one.source.replace(old, new)

    return change


def set_output(text: str, old: str, new: str) -> Callable[[NotebookNode], object]:
    """In the printed output of the cell that holds `text`: `old` becomes `new`."""

    def change(book: NotebookNode) -> None:
        output = cell(book, text).outputs[0]
        assert old in output.text
        output.text = output.text.replace(old, new)

    return change


def set_tags(text: str, *tags: str, reason: str = "") -> Callable[[NotebookNode], object]:
    def change(book: NotebookNode) -> None:
        cell(book, text).metadata = nbformat.from_dict({"tags": list(tags), "reason": reason})

    return change


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


def _no_picture(book: NotebookNode) -> None:
    output = cell(book, "plt.subplots").outputs[0]
    del output.data["image/png"]


def _no_figure(book: NotebookNode) -> None:
    cell(book, 'print("sum"').metadata["figure"] = "gone"


def _leftover_error(book: NotebookNode) -> None:
    cell(book, "chance =").outputs.append(
        nbformat.v4.new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    )


MUTATIONS = (
    Mutation("changed output value", set_output('print("sum"', "sum 1", "sum 9"), "nbval", "outputs differ"),
    Mutation("missing parameters cell", set_tags("seed = 0"), "parameters", "0 cells are tagged parameters"),
    Mutation(
        "second parameters cell", set_tags("chance =", "parameters"), "parameters", "2 cells are tagged"
    ),
    Mutation(
        "check of the parameters removed",
        replace("check_parameters(globals()", "check_parameters(", "dict("),
        "check-parameters",
        "nothing is checked",
    ),
    Mutation("exercise that passes unsolved", _solve, "exercise-outcome", "the stub counts as 'Right"),
    Mutation("unseeded chance", replace("chance =", "Random(seed)", "Random()"), "nbval", "outputs differ"),
    Mutation(
        "hanging cell",
        replace('print("sum"', 'print("sum"', 'time.sleep(600)\nprint("sum"'),
        "nbval",
        "cell 4 ran longer than 15 seconds",
    ),
    Mutation(
        "blank figure",
        replace("plt.subplots", "axes.plot(heights", "axes.plot([]"),
        "nbval",
        "looks different",
    ),
    Mutation("missing figure", _no_picture, "nbval", "holds 0 pictures, the run made 1"),
    Mutation(
        "dead callback",
        replace("show_power", "change['new']} is", "change['gone']} is"),
        "nbval",
        "swallowed",
    ),
    Mutation(
        "slider with another range", replace("IntSlider", "max=10", "max=11"), "nbval", "outputs differ"
    ),
    Mutation(
        "kernel that dies",
        replace('print("sum"', 'print("sum"', '__import__("os")._exit(1)\nprint("sum"'),
        "nbval",
        "the kernel died in cell 4",
    ),
    Mutation(
        "network access",
        replace(
            'print("sum"',
            'print("sum"',
            '__import__("socket").create_connection(("192.0.2.1", 80))\nprint("sum"',
        ),
        "nbval",
        "network access is blocked",
    ),
    Mutation("stripped outputs", _strip, "execution-count", "was never run"),
    Mutation("execution counts out of order", _swap_counts, "execution-count", "in place of"),
    Mutation("two cells with one id", _same_id, "ids", "2 cells have the id"),
    Mutation("picture without text", _no_alt, "alt", "a picture .image/png. without text"),
    Mutation("leftover error", _leftover_error, "error", "holds KeyError"),
    Mutation(
        "ignored output without a reason",
        set_tags("time.perf_counter", "nbval-ignore-output"),
        "reason",
        "without a",
    ),
    Mutation("claim without its figure", _no_figure, "figure", "no line of its output contains 'gone'"),
    Mutation("misspelt tag", set_tags('print("sum"', "nbval-ignore-ouput"), "tag", "unknown tag"),
    Mutation(
        "claim that is not on the map", set_tags('print("sum"', "claim-39"), "map-tag", "not on the map"
    ),
    Mutation(
        "absolute path in an output",
        set_output('print("sum"', "sum", "/home/somebody/x sum"),
        "path",
        "/home/somebody",
    ),
    Mutation(
        "heading level jumped",
        replace("## A figure", "## A", "#### A"),
        "headings",
        "jumps from level 2 to 4",
    ),
)
