"""Labs and exercises that are broken, and labs whose page is: their proofs and tests must notice."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dpwidgets.labs.tensor import TensorLab
from dpwidgets.learn import proof
from dpwidgets.learn.model import Chapter, Check, Exercise
from dpwidgets.learn.registry import chapter
from lab_proof import faults as lab_faults
from mutants.model import PartMutation, ViewMutation

Found = list[tuple[str, str]]


# --- labs


def _lab(change: Callable[[TensorLab], None]) -> Callable[[], Found]:
    """What the proof says to a tensor lab whose engine was changed."""

    def found() -> Found:
        lab = TensorLab()
        change(lab)
        return [*lab_faults(lab)]

    return found


def _deaf(lab: TensorLab) -> None:
    render, start = lab._engine.render, lab.params
    lab._engine.render = lambda params, scale=1.0: render({**params, "cell": start["cell"]}, scale)


def _raises(lab: TensorLab) -> None:
    render, start = lab._engine.render, lab.params

    def moody(params: Any, scale: float = 1.0) -> Any:
        if params["cell"] != start["cell"]:
            raise IndexError("list index out of range")
        return render(params, scale)

    lab._engine.render = moody


def _code(to_code: Callable[[str, Any], str]) -> Callable[[TensorLab], None]:
    """The engine's code for given parameters becomes `to_code(code, params)`."""

    def change(lab: TensorLab) -> None:
        before = lab._engine.to_code
        lab._engine.to_code = lambda params: to_code(before(params), params)

    return change


def _dead_code(lab: TensorLab) -> None:
    fixed = lab.to_code()
    lab._engine.to_code = lambda params: fixed


# --- exercises


def _exercise(change: Callable[[Exercise], Exercise]) -> Callable[[], Found]:
    """What the proof says to a sound exercise of the workbook that was changed."""

    def found() -> Found:
        one = chapter("00")
        broken = Chapter(one.number, one.title, (change(one.exercises[0]),))
        return [("proof", fault) for fault in proof.faults(broken)]

    return found


def _judged(check: Check, judge: Callable[[Any], str | None]) -> Check:
    return Check(check.args, kwargs=check.kwargs, use=check.use, shown=check.shown, judge=judge, wants="more")


def _accept_all(one: Exercise) -> Exercise:
    return replace(one, checks=tuple(_judged(check, lambda value: None) for check in one.checks))


def _accept_any_value(one: Exercise) -> Exercise:
    def judge(value: Any) -> str | None:
        return "Nothing came back." if value is None else None

    return replace(one, checks=tuple(_judged(check, judge) for check in one.checks))


PARTS = (
    PartMutation(
        "lab whose slider does nothing",
        "lab-slider",
        "moving 'cell' leaves the picture as it was",
        _lab(_deaf),
    ),
    PartMutation("lab callback that raises", "lab-callback", "IndexError: list index", _lab(_raises)),
    PartMutation(
        "copied code that is always the same",
        "lab-code",
        "the same whatever the controls say",
        _lab(_dead_code),
    ),
    PartMutation(
        "copied code that does not run",
        "lab-code",
        "SyntaxError",
        _lab(_code(lambda code, params: f"{code}\n(")),
    ),
    PartMutation(
        "copied code that needs dpwidgets",
        "lab-code",
        "it imports dpwidgets",
        _lab(_code(lambda code, params: f"import dpwidgets\n{code}")),
    ),
    PartMutation(
        "exercise whose check passes on the stub",
        "proof",
        "the checks accept a function that does nothing",
        _exercise(_accept_all),
    ),
    PartMutation("wrong answer accepted", "proof", "counts as right", _exercise(_accept_any_value)),
    PartMutation(
        "wrong answer told something else",
        "proof",
        "must be told 'nobody says this'",
        _exercise(
            lambda one: replace(one, wrong=(replace(one.wrong[0], says="nobody says this"), *one.wrong[1:]))
        ),
    ),
    PartMutation(
        "right answer refused",
        "proof",
        "the reference is not right",
        _exercise(lambda one: replace(one, solution=one.wrong[0].source)),
    ),
    PartMutation(
        "hint missing",
        "proof",
        "there are not three different hints",
        _exercise(lambda one: replace(one, hints=(*one.hints[:2], ""))),
    ),
)

VIEWS = (
    ViewMutation(
        'dead "Copy as code" button',
        "test_copy_puts_the_code_into_the_clipboard",
        "copied is not defined",
        'await navigator.clipboard.writeText(model.get("code"));',
        "",
    ),
    ViewMutation(
        "slider that sends nothing from the page",
        "test_letting_go_asks_for_the_full_picture_at_once",
        "reading 'client'",  # of a request that never came
        "oninput: () => { set(taken()); show(); link.touch(true); },",
        "oninput: () => { show(); },",
    ),
)
