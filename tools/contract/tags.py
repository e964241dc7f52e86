"""Tags: known ones only, no comment in their place, exceptions with a reason, most outputs compared."""

import re
from collections.abc import Iterator

from contract.view import Problem, View, tags_of

CLAIMS = 38
SNIPPETS = 21
_NEEDS_REASON = ("nbval-ignore-output", "nbval-skip")
_KNOWN = {
    "imports",
    "parameters",
    "check-parameters",
    "exercise",
    "quiz",
    "predict",
    "lab",
    "correction",
    "dali",
    "rung",
    *_NEEDS_REASON,
}
_MAP_TAG = re.compile(r"(claim|snippet)-(\d+)")
_COMMENT = re.compile(r"^\s*#+\s*(NBVAL_\w+|PYTEST_VALIDATE_\w+)\s*$", re.MULTILINE)  # nbval obeys those too
_COMPARED = 0.8


def known(view: View) -> Iterator[Problem]:
    for index, cell in enumerate(view.book.cells):
        for tag in tags_of(cell):
            number = _MAP_TAG.fullmatch(tag)
            if number is None and tag not in _KNOWN:
                yield view.problem(
                    index,
                    "tag",
                    f"unknown tag {tag!r}",
                    f"known are {', '.join(sorted(_KNOWN))}, claim-NN, snippet-NN",
                )
            elif number is not None and tag not in map_tags():
                last = CLAIMS if number[1] == "claim" else SNIPPETS
                yield view.problem(
                    index,
                    "map-tag",
                    f"{tag!r} is not on the map",
                    f"two digits, 01 to {last}: {number[1]}-06",
                )


def map_tags() -> list[str]:
    """All tags of the guide's map: claim-01 ... claim-38, snippet-01 ... snippet-21."""
    return [f"claim-{n:02}" for n in range(1, CLAIMS + 1)] + [
        f"snippet-{n:02}" for n in range(1, SNIPPETS + 1)
    ]


def reasons(view: View) -> Iterator[Problem]:
    for index, cell in enumerate(view.book.cells):
        for tag in _NEEDS_REASON:
            if tag in tags_of(cell) and not str(cell.metadata.get("reason", "")).strip():
                yield view.problem(
                    index, "reason", f"{tag} without a reason", 'add reason="..." beside the tags'
                )


def comments(view: View) -> Iterator[Problem]:
    for index, cell in view.code:
        if found := _COMMENT.search(cell.source):
            yield view.problem(
                index, "comment", f"the comment {found[1]} steers nbval", "use a tag, and say the reason"
            )


def expected_errors(view: View) -> Iterator[Problem]:
    for index in view.tagged("raises-exception"):
        yield view.problem(
            index, "raises-exception", "papermill stops at this cell", "catch the error and print it"
        )


def compared(view: View) -> Iterator[Problem]:
    printing = [cell for _, cell in view.code if cell.outputs]
    ignored = [cell for cell in printing if set(_NEEDS_REASON) & set(tags_of(cell))]
    if printing and 1 - len(ignored) / len(printing) < _COMPARED:
        yield view.problem(
            None,
            "compared",
            f"only {len(printing) - len(ignored)} of {len(printing)} printing cells are compared",
            f"at least {_COMPARED:.0%}: print rounded or counted values where you can",
        )


RULES = (known, comments, reasons, expected_errors, compared)
