"""The measured figure of each claim and snippet: a line out of what its cell printed.

A cell's metadata `figure` says which line: the first that contains this text, or, where a cell carries
several tags, {"claim-01": text, ...}. Without it the first line counts. A cell that only draws gives its
picture's text.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from contract.tags import map_tags
from contract.view import Problem, View, tags_of

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def printed_lines(cell: NotebookNode) -> list[str]:
    """Every line of text in a cell's outputs, in order, blank ones left out."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
    lines = _ANSI.sub("", "\n".join(texts)).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def wanted_text(cell: NotebookNode, tag: str) -> str:
    """The text that `figure` asks for; empty takes the first line."""
    figure = cell.metadata.get("figure", "")
    return figure.get(tag, "") if isinstance(figure, dict) else figure


def figure_of(cell: NotebookNode, tag: str) -> str:
    """The line that settles `tag`; empty where the cell prints none."""
    text = " ".join(wanted_text(cell, tag).split())
    return next((line for line in printed_lines(cell) if text in line), "")


def figures(view: View) -> Iterator[Problem]:
    """A claim or a snippet is met by a measurement: its cell prints one."""
    for index, cell in view.code:
        if not cell.get("execution_count"):
            continue  # the rule of execution counts tells it
        for tag in set(map_tags()) & set(tags_of(cell)):
            if not figure_of(cell, tag):
                text = wanted_text(cell, tag)
                yield view.problem(
                    index,
                    "figure",
                    f"no line of its output contains {text!r}" if text else f"{tag} prints nothing",
                    "print the figure that settles it, and name its line in the metadata: figure=...",
                )


RULES = (figures,)
