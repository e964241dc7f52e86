"""Chapters that look sound and are not: only a run shows it, under `nbval_layer`."""

import nbformat
from nbformat import NotebookNode

from mutants.changes import Change, before, cell, drop, in_book, renumber, replace, set_output
from mutants.model import RunMutation

TENSOR = "import torch\n\ntorch.arange(6).reshape(2, 3) / 8"
SHOWN = "tensor([[0.0000, 0.1250, 0.2500],\n        [0.3750, 0.5000, 0.6250]])"


def add_tensor(shown: str) -> Change:
    """A cell that ends with a tensor, and in the notebook shows `shown`."""

    def change(book: NotebookNode) -> None:
        output = nbformat.v4.new_output("execute_result", {"text/plain": shown}, execution_count=1)
        place = book.cells.index(cell(book, 'print("sum"'))
        book.cells.insert(place + 1, nbformat.v4.new_code_cell(TENSOR, outputs=[output]))
        renumber(book)

    return in_book(change)


def _no_picture(book: NotebookNode) -> None:
    output = cell(book, "plt.subplots").outputs[0]
    del output.data["image/png"]


def _other_text(book: NotebookNode) -> None:
    cell(book, "plt.subplots").outputs[0].metadata["image/png"]["alt"] = "Bars that fall."


LEAVE_WORKER = """\
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), daemon=True)
worker.start()"""
BUSY = """\
busy = time.process_time()
while time.process_time() < busy + 2.5:
    pass"""

RUNS = (
    RunMutation("nothing: the unbroken chapter", "", "", add_tensor(SHOWN)),
    RunMutation("nothing, under the short limits", "", "", add_tensor(SHOWN), short=True),
    RunMutation(
        "changed tensor value in an output",
        "nbval: outputs",
        "outputs differ",
        add_tensor(SHOWN.replace("0.1250", "0.1251")),
    ),
    RunMutation(
        "changed number in an output", "nbval: outputs", "outputs differ", set_output('print("sum"', "1", "7")
    ),
    RunMutation(
        "exception in a cell",
        "nbval: exception",
        "ZeroDivisionError",
        before('print("sum"', "1 / 0"),
    ),
    RunMutation(
        "cell that needs a cell that was deleted",
        "nbval: exception",
        "name 'heights' is not defined",
        drop("chance ="),
    ),
    RunMutation(
        "unseeded chance",
        "nbval: outputs",
        "outputs differ",
        replace("chance =", "Random(seed)", "Random()"),
        also=("nbval: pictures",),
    ),
    RunMutation(
        "network access",
        "nbval: exception",
        "network access is blocked",
        before('print("sum"', '__import__("socket").create_connection(("192.0.2.1", 80))'),
    ),
    RunMutation(
        "hanging cell",
        "nbval: cell timeout",
        "cell 4 ran longer than",
        before('print("sum"', "time.sleep(600)"),
        short=True,
    ),
    RunMutation(
        "chapter over its limit of time",
        "nbval: chapter time",
        "the chapter takes at least",
        before('print("sum"', BUSY),
        short=True,
    ),
    RunMutation(
        "orphan worker after a cell",
        "nbval: processes",
        "left 1 processes running",
        before('print("sum"', LEAVE_WORKER),
    ),
    RunMutation(
        "kernel that dies",
        "nbval: kernel",
        "the kernel died in cell 4",
        before('print("sum"', '__import__("os")._exit(1)'),
    ),
    RunMutation(
        "cell that calls sys.exit",
        "nbval: exception",
        "SystemExit",
        before('print("sum"', '__import__("sys").exit(0)'),
    ),
    RunMutation(
        "blank figure, made by the run",
        "nbval: pictures",
        "looks different",
        replace("plt.subplots", "axes.plot(heights", "axes.plot([]"),
    ),
    RunMutation(
        "missing figure", "nbval: pictures", "holds 0 pictures, the run made 1", in_book(_no_picture)
    ),
    RunMutation(
        "another text of a picture", "nbval: pictures", "the text of picture 1 differs", in_book(_other_text)
    ),
    RunMutation(
        "callback that raises inside a widget",
        "nbval: swallowed",
        "error swallowed by a widget: KeyError",
        replace("show_power", "change['new']} is", "change['gone']} is"),
    ),
    RunMutation(
        "slider with another range",
        "nbval: outputs",
        "outputs differ",
        replace("IntSlider", "max=10", "max=11"),
        also=("nbval: widgets",),
    ),
)
