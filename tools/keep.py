"""Keeps earlier outputs where a new run says the same thing in other bytes.

Without it every build would change the file: timings differ each time, and encoders move a pixel. An earlier
output stays only while the code down to its cell is unchanged.
"""

from typing import Any

from nbformat import NotebookNode

from chapters import cell_key
from normalise import widget_state
from pictures import PICTURE_TYPES, difference

IGNORED = "nbval-ignore-output"


def keep_earlier(book: NotebookNode, earlier: NotebookNode, cell_of_widget: dict[str, str]) -> None:
    """Put earlier outputs back into `book`, in place.

    Args:
        book: the notebook just built, normalised.
        earlier: the notebook of the last build.
        cell_of_widget: id of the cell that made each widget model.
    """
    unchanged: set[str] = set()
    ignored: set[str] = set()
    for cell, before in zip(
        (c for c in book.cells if c.cell_type == "code"),
        (c for c in earlier.cells if c.cell_type == "code"),
        strict=False,
    ):
        if cell_key(cell) != cell_key(before):
            break
        unchanged.add(cell.id)
        if _shape(cell) != _shape(before):
            continue
        if IGNORED in cell.metadata.get("tags", []):
            ignored.add(cell.id)
            cell.outputs = before.outputs
        else:
            _keep_pictures(cell, before)
    _keep_widgets(widget_state(book), widget_state(earlier), cell_of_widget, unchanged, ignored)


def _shape(cell: NotebookNode) -> list[tuple[str, list[str]]]:
    """Kinds of output and their mime types: a picture more, or a text less, is news."""
    return [(output.output_type, sorted(output.get("data", {}))) for output in cell.outputs]


def _keep_pictures(cell: NotebookNode, before: NotebookNode) -> None:
    for output, old in zip(cell.outputs, before.outputs, strict=True):
        for kind in PICTURE_TYPES:
            if kind in output.get("data", {}) and not difference(old.data[kind], output.data[kind]):
                output.data[kind] = old.data[kind]


def _keep_widgets(
    state: dict[str, Any],
    before: dict[str, Any],
    cell_of_widget: dict[str, str],
    unchanged: set[str],
    ignored: set[str],
) -> None:
    for model, new in state.items():
        old, cell = before.get(model), cell_of_widget.get(model)
        if old is None or cell not in unchanged or old["model_name"] != new["model_name"]:
            continue
        if cell in ignored:
            state[model] = old
            continue
        for buffer, earlier in zip(new.get("buffers", []), old.get("buffers", []), strict=False):
            if buffer["path"] == earlier["path"] and _same_picture(earlier["data"], buffer["data"]):
                buffer["data"] = earlier["data"]


def _same_picture(old: str, new: str) -> bool:
    try:
        return not difference(old, new)
    except OSError:  # a buffer that is no picture
        return False
