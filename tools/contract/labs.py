"""Labs: each chapter shows those it is built around, live and as a saved picture."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from contract.view import Problem, View, tags_of
from pictures import PICTURE_TYPES

# By the chapter's number. A chapter that is not named here may have labs, and need not.
LABS: dict[str, tuple[str, ...]] = {
    "00": ("ImageLab",),
    "01": ("TensorLab",),
    "02": ("LoaderLab",),
    "03": ("TransformLab",),
    "04": ("RepairLab",),
    "05": ("ImageLab",),
    "05b": ("TextLab",),
    "06": ("SplitLab", "BatchLab"),
    "07": ("SceneLab",),
    "08": ("OverlapLab",),
    "09": ("ShardLab",),
}
_LIVE = "application/vnd.jupyter.widget-view+json"


def present(view: View) -> Iterator[Problem]:
    """The chapter's labs are there, in cells tagged `lab`."""
    number = view.chapter.name.partition("_")[0]
    shown = {name for _, cell in view.code for name in _made(cell) if "lab" in tags_of(cell)}
    for name in LABS.get(number, ()):
        if name not in shown:
            yield view.problem(
                None, "lab", f"no cell tagged `lab` makes a {name}", "show the chapter's lab, or move it"
            )


def saved(view: View) -> Iterator[Problem]:
    """What a lab's cell leaves in the notebook: the live view, and a picture for where there is no kernel."""
    for index, cell in view.code:
        if not _made(cell) or "lab" not in tags_of(cell) or cell.get("execution_count") is None:
            continue
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        for wanted, what in (({_LIVE}, "live view"), (set(PICTURE_TYPES), "picture")):
            if not kinds & wanted:
                yield view.problem(
                    index,
                    "lab-output",
                    f"the lab left no {what}",
                    "end the cell with the lab, and build again",
                )


def _made(cell: NotebookNode) -> set[str]:
    """Names of the labs that the cell makes."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:  # a cell with a magic makes no lab
        return set()
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name) and re.fullmatch(r"[A-Z]\w*Lab", call.id)}


RULES = (present, saved)
