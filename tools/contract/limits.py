"""What keeps a chapter readable and quick to open. Run time is shown by the build and by the notebook tests:
a rule about it would judge the machine."""

import re
from collections.abc import Iterator

from contract.view import Problem, View

_CELLS = range(40, 71)
_WORDS = 4000
_LINES = 25
_BYTES = 1_500_000


def length(view: View) -> Iterator[Problem]:
    count = len(view.book.cells)
    if count not in _CELLS:
        yield view.problem(
            None, "cells", f"{count} cells", f"a chapter has {_CELLS[0]} to {_CELLS[-1]}: split or join some"
        )


def words(view: View) -> Iterator[Problem]:
    prose = "\n".join(cell.source for _, cell in view.prose)
    without_code = re.sub(r"```.*?```", "", prose, flags=re.DOTALL)
    count = len(re.findall(r"\w[\w'’-]*", without_code))
    if count > _WORDS:
        yield view.problem(None, "words", f"{count} words", f"at most {_WORDS}: cut")


def code_lines(view: View) -> Iterator[Problem]:
    for index, cell in view.code:
        count = len(cell.source.splitlines())
        if count > _LINES:
            yield view.problem(index, "lines", f"{count} lines of code", f"at most {_LINES}: split the cell")


def size(view: View) -> Iterator[Problem]:
    count = len(view.text.encode())
    if count > _BYTES:
        yield view.problem(
            None,
            "size",
            f"{count / 1e6:.2f} MB",
            f"at most {_BYTES / 1e6} MB: smaller or fewer pictures, JPEG for photographs",
        )


RULES = (length, words, code_lines, size)
