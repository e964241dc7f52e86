"""A learner's answer as an object: loading one from text, telling whether it was touched, its frames."""

import ast
import dis
import inspect
import itertools
import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, TracebackType
from typing import Any

Answer = Callable[..., Any]

_count = itertools.count(1)


def load(source: str) -> Answer:
    """The function or class that `source` defines last, from a namespace of its own.

    Raises whatever compiling or running `source` raises.
    """
    file = f"<answer {next(_count)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict[str, Any] = {"__name__": "answer"}
    exec(compile(source, file, "exec"), space)
    last = ast.parse(source).body[-1]
    assert isinstance(last, ast.FunctionDef | ast.ClassDef), "checked when the exercise was defined"
    answer: Answer = space[last.name]
    return answer


def untouched(answer: Answer, stub: str) -> bool:
    """Whether `answer` has nothing in it yet: only `...`, `pass` or a docstring, or the stub's own code."""
    codes = _codes(answer)
    if not codes:
        return inspect.isclass(answer) and all(name.startswith("__") for name in vars(answer))
    blank = all(map(_is_blank, codes.values()))
    return blank or {name: _print(code) for name, code in codes.items()} == {
        name: _print(code) for name, code in _codes(load(stub)).items()
    }


def space_of(answer: Answer) -> dict[str, Any]:
    """The namespace in which the learner wrote `answer`; empty for what was not written in Python."""
    for function in _functions(answer).values():
        space: dict[str, Any] = function.__globals__
        return space
    return {}


@contextmanager
def bound(answer: Answer) -> Iterator[None]:
    """Puts `answer` under its own name while it is checked, so that it can call itself.

    A decorator runs before Python binds the name: a recursive function would find nothing, or its
    previous version. IPython's own `exit` and `quit` shut the kernel down without an exception, so these
    names mean `sys.exit` meanwhile.
    """
    space = space_of(answer)
    meanwhile = {"exit": sys.exit, "quit": sys.exit, getattr(answer, "__name__", ""): answer}
    before = {name: space[name] for name in meanwhile if name in space}
    space.update(meanwhile)
    try:
        yield
    finally:
        for name in meanwhile:
            space.pop(name, None)
        space.update(before)


def learners_line(trace: TracebackType | None, space: dict[str, Any]) -> tuple[int, str, CodeType] | None:
    """Line number, text and code of the deepest frame that runs in `space`; None where there is none.

    The number counts from the top of the learner's cell or file.
    """
    found = None
    while trace is not None:
        if trace.tb_frame.f_globals is space:
            code = trace.tb_frame.f_code
            line = linecache.getline(code.co_filename, trace.tb_lineno, space).strip()
            found = (trace.tb_lineno, line, code)
        trace = trace.tb_next
    return found


def _functions(answer: Answer) -> dict[str, Any]:
    answer = inspect.unwrap(answer)
    members = vars(answer) if inspect.isclass(answer) else {"": answer}
    plain = {name: getattr(member, "__func__", member) for name, member in members.items()}
    return {name: inspect.unwrap(each) for name, each in plain.items() if inspect.isfunction(each)}


def _codes(answer: Answer) -> dict[str, CodeType]:
    return {name: function.__code__ for name, function in _functions(answer).items()}


def _is_blank(code: CodeType) -> bool:
    steps = [step for step in dis.get_instructions(code) if step.opname not in {"RESUME", "NOP"}]
    names = [step.opname for step in steps]
    only_returns = names in (["LOAD_CONST", "RETURN_VALUE"], ["RETURN_CONST"])
    return only_returns and steps[0].argval is None


def _print(code: CodeType) -> tuple[Any, ...]:
    """What makes two pieces of code the same, wherever they stand."""
    constants = tuple(_print(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts)
    return code.co_code, code.co_names, constants
