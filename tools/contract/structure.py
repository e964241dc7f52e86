"""The order of a chapter: title, prerequisites, imports, parameters and check, ..., summary, next chapter."""

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO

from chapters import state_of
from contract.view import Problem, View

_EXERCISES = range(4, 9)
_QUIZ = range(3, 6)


def in_step(view: View) -> Iterator[Problem]:
    """Source and notebook hold the same cells, and the outputs belong to them."""
    state = state_of(view.chapter)
    if state:
        what, _, cure = state.removeprefix(f"{view.chapter.name}: ").partition("; ")
        yield view.problem(None, "in-step", what, cure)


def opening(view: View) -> Iterator[Problem]:
    """Title first; then abilities, prerequisites and times, all before the first code cell."""
    cells = view.book.cells
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        yield view.problem(0, "title", "the first cell is no title", "begin with `# NN Title` in Markdown")
    first_code = view.code[0][0] if view.code else len(cells)
    before = "\n".join(cell.source for index, cell in view.prose if index < first_code).lower()
    wanted = {
        "abilities": (r"\byou (can|will be able to)\b", "say what the reader can do afterwards"),
        "prerequisites": (
            r"\|\s*concept[^|]*\|\s*importance[^|]*\|\s*where",
            "add the table | concept | importance | where |",
        ),
        "times": (r"\b\d+ (s|seconds|min|minutes)\b", "state reading time and measured run time"),
    }
    for name, (pattern, cure) in wanted.items():
        if not re.search(pattern, before):
            yield view.problem(first_code, name, f"no {name} before the first code cell", cure)


def order(view: View) -> Iterator[Problem]:
    """One imports cell first, one parameters cell, its check right after, nothing run in between."""
    code = [index for index, _ in view.code]
    for tag in ("imports", "parameters", "check-parameters"):
        found = view.tagged(tag)
        if len(found) != 1:
            where = found[1] if found else None
            yield view.problem(
                where, tag, f"{len(found)} cells are tagged {tag}", "tag exactly one code cell"
            )
            return
    wanted = [view.tagged(tag)[0] for tag in ("imports", "parameters", "check-parameters")]
    if code[:3] != wanted:
        yield view.problem(
            code[0],
            "order",
            f"the first code cells are {code[:3]}; imports, parameters and their check are {wanted}",
            "make these three the first code cells, in this order",
        )
    if "check_parameters(" not in view.book.cells[wanted[2]].source:
        yield view.problem(
            wanted[2], "check-parameters", "nothing is checked here", "call check_parameters(globals(), ...)"
        )


def parameters_are_told(view: View) -> Iterator[Problem]:
    """Every parameter has a comment (unit, range) on its line."""
    for index in view.tagged("parameters")[:1]:
        source = view.book.cells[index].source
        tokens = tokenize.generate_tokens(StringIO(source).readline)
        commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.end_lineno not in commented:
                yield view.problem(
                    index,
                    "parameter-comment",
                    f"`{ast.unparse(node)}` has no comment",
                    "say unit and range in a comment on its line",
                )


def parameters_are_used(view: View) -> Iterator[Problem]:
    """Every parameter is read somewhere beside its check: one that does nothing deceives who sets it."""
    for index in view.tagged("parameters")[:1]:
        assigned = _names(view.book.cells[index].source, ast.Store)
        read = set[str]()
        for other, cell in view.code:
            if other != index:
                read |= _names(cell.source, ast.Load)
        for name in sorted(assigned - read):
            yield view.problem(index, "parameter-unused", f"no cell reads {name!r}", "use it, or take it out")


def headings(view: View) -> Iterator[Problem]:
    """One first-level heading; no level is jumped over."""
    before = 0
    for index, level, text in view.headings():
        if level > before + 1:
            yield view.problem(
                index, "headings", f"`{text}` jumps from level {before} to {level}", f"use level {before + 1}"
            )
        if level == 1 and before:
            yield view.problem(index, "headings", f"`{text}` is a second title", "use level 2")
        before = level


def practice(view: View) -> Iterator[Problem]:
    """Four to eight exercises, three to five quiz questions, a quiz cell for each."""
    source = "\n".join(cell.source for _, cell in view.code)
    for kinds, form, allowed in (
        ("exercises", r"^@exercise\(\s*[\"']([^\"']+)", _EXERCISES),
        ("quiz questions", r"\bquiz\(\s*[\"']([^\"']+)", _QUIZ),
    ):
        count = len(set(re.findall(form, source, flags=re.MULTILINE)))
        if count not in allowed:
            cure = f"a chapter has {allowed[0]} to {allowed[-1]}"
            yield view.problem(None, kinds, f"{count} {kinds}", cure)
    for index, cell in view.code:
        has_tag = "exercise" in cell.metadata.get("tags", [])
        if has_tag != bool(re.search(r"^@exercise\(", cell.source, flags=re.MULTILINE)):
            yield view.problem(
                index,
                "exercise",
                "tag and decorator do not agree",
                "give @exercise(...) cells the tag exercise",
            )


def closing(view: View) -> Iterator[Problem]:
    """Pitfalls in a table, a summary, the way on."""
    titles = [(index, text.lower()) for index, _, text in view.headings()]
    for word in ("pitfalls", "summary", "next"):
        if not any(word in text for _, text in titles):
            yield view.problem(
                None, word, f"no heading with `{word}`", f"end the chapter with a {word} section"
            )
    for index, text in titles:
        if "pitfalls" in text and "|---" not in view.book.cells[index].source.replace(" ", ""):
            yield view.problem(
                index, "pitfalls", "the pitfalls are no table", "make a Markdown table of them"
            )


def _names(source: str, context: type[ast.expr_context]) -> set[str]:
    """Names that a cell's code assigns (`ast.Store`) or reads (`ast.Load`); lines with a magic left out."""
    code = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    names = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, context)}


RULES = (in_step, opening, order, parameters_are_told, parameters_are_used, headings, practice, closing)
