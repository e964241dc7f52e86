"""Outputs: complete, clean, described, and of no particular machine."""

import re
from collections import Counter
from collections.abc import Iterator

from nbformat import NotebookNode

from contract.view import Problem, View
from masks import private_names
from normalise import widget_state
from pictures import PICTURE_TYPES, drawn_share

_PATHS = re.compile(
    r"(?<![\w.:/<>~-])(/(?:home|root|Users|tmp|var|work|workspace|mnt|private|opt|srv)/[\w.-]+|[A-Z]:\\\w+)"
)
_MARKDOWN_PICTURE = re.compile(r"!\[([^\]]*)\]\(")
_HTML_PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_DRAWN = 0.01  # share of a picture's pixels; the sparest drawing of a chapter has five times as much
_ALT = re.compile(r"\balt=(\"[^\"]*\S[^\"]*\"|'[^']*\S[^']*')", re.IGNORECASE)


def ids(view: View) -> Iterator[Problem]:
    for name, count in Counter(view.raw_ids).items():
        if count > 1 or not name:
            yield view.problem(None, "ids", f"{count} cells have the id {name!r}", "build the chapter again")


def counts(view: View) -> Iterator[Problem]:
    """Every code cell was run, once, from top to bottom."""
    found = [(index, cell.execution_count) for index, cell in view.code if cell.source.strip()]
    for place, (index, count) in enumerate(found, 1):
        if count != place:
            said = "was never run" if count is None else f"has execution count {count} in place of {place}"
            yield view.problem(index, "execution-count", f"it {said}", "build the chapter again")
            return


def errors(view: View) -> Iterator[Problem]:
    for index, cell in view.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield view.problem(
                    index, "error", f"holds {output.ename}: {output.evalue}", "catch it or mend it"
                )
    for model in widget_state(view.book).values():
        for output in model["state"].get("outputs") or ():
            if output.get("output_type") == "error":
                yield view.problem(
                    None,
                    "error",
                    f"a widget swallowed {output['ename']}: {output['evalue']}",
                    "mend the callback",
                )


def alt_text(view: View) -> Iterator[Problem]:
    """Every picture says what it shows: outputs, HTML, Markdown."""
    for index, cell in view.code:
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if kind.startswith("image/") and not _described(output, kind):
                    yield view.problem(
                        index, "alt", f"a picture ({kind}) without text", 'use show(fig, alt="...")'
                    )
            yield from _html(view, index, _html_of(output))
    for index, cell in view.prose:
        for text in _MARKDOWN_PICTURE.findall(cell.source):
            if not text.strip():
                yield view.problem(
                    index, "alt", "a Markdown picture without text", "write ![what it shows](...)"
                )
        yield from _html(view, index, cell.source)


def blank(view: View) -> Iterator[Problem]:
    """Every picture shows something: it is not all of one colour, or nearly."""
    for index, cell in view.code:
        for output in cell.outputs:
            for kind in PICTURE_TYPES:
                if kind in output.get("data", {}) and drawn_share(output.data[kind]) < _DRAWN:
                    yield view.problem(
                        index, "blank", "a picture that shows nothing", "draw before `show`, and look at it"
                    )


def private(view: View) -> Iterator[Problem]:
    """No absolute path, no user, no host: neither in text nor in outputs nor in saved widgets."""
    names = [re.compile(rf"\b{re.escape(name)}\b") for name in private_names()]
    for index, cell in enumerate(view.book.cells):
        text = "\n".join([cell.source, *(_text_of(output) for output in cell.get("outputs", []))])
        yield from _private(view, index, text, names)
    for model in widget_state(view.book).values():
        shown = "\n".join(str(value) for key, value in model["state"].items() if not key.startswith("_"))
        yield from _private(view, None, shown, names)


def untouched_exercises(view: View) -> Iterator[Problem]:
    """A chapter is shipped unsolved: an exercise that comes out right is solved, or checks nothing."""
    for index in view.tagged("exercise"):
        cell = view.book.cells[index]
        shown = "\n".join(_text_of(output) for output in cell.get("outputs", []))
        if cell.get("execution_count") and not re.search(r"not attempted", shown, re.IGNORECASE):
            yield view.problem(
                index,
                "exercise-outcome",
                f"the stub counts as {shown.strip().splitlines()[0]!r}"
                if shown.strip()
                else "it shows nothing",
                "ship the untouched stub, and see that its checks refuse it",
            )


def _described(output: NotebookNode, kind: str) -> bool:
    metadata = output.get("metadata", {})
    return bool(str(metadata.get(kind, {}).get("alt", "")).strip())


def _html_of(output: NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/html", ""))


def _html(view: View, index: int, text: str) -> Iterator[Problem]:
    for picture in _HTML_PICTURE.findall(text):
        if not _ALT.search(picture):
            yield view.problem(index, "alt", f"`{picture[:60]}` without text", 'add alt="..."')


def _text_of(output: NotebookNode) -> str:
    texts = [output.get("text", ""), output.get("evalue", "")]
    for kind, value in output.get("data", {}).items():
        if not kind.startswith("image/") or kind == "image/svg+xml":
            texts.append(value if isinstance(value, str) else str(value))
    return "\n".join(texts)


def _private(view: View, index: int | None, text: str, names: list[re.Pattern[str]]) -> Iterator[Problem]:
    found = _PATHS.search(text)
    if found:
        yield view.problem(index, "path", f"absolute path {found[0]!r}", "show paths relative to their root")
    for name in names:
        if name.search(text):
            yield view.problem(index, "private", "this machine's user or host name", "do not print it")


RULES = (ids, counts, errors, alt_text, blank, private, untouched_exercises)
