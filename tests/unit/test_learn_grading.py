"""What an answer is told: neutral, wrong, error, right; and that no answer can do harm."""

import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from dpwidgets.learn.answers import load
from dpwidgets.learn.grading import Outcome, grade, run_checks
from dpwidgets.learn.guard import TooSlow, time_limit
from dpwidgets.learn.model import Check, Exercise, Status, WrongAnswer

EXERCISE = Exercise(
    id="99.1",
    title="Add up",
    prompt="Return the sum of `values`.",
    stub="def total(values):\n    ...\n",
    checks=(
        Check(([1, 2, 3],), expected=6, why="One, two and three make six."),
        Check(([],), expected=0, why="Nothing adds up to 0."),
    ),
    hints=("a", "b", "c"),
    solution="def total(values):\n    return sum(values)\n",
    explanation="`sum` adds up.",
    why_it_matters="You will need <it>.",
    wrong=(
        WrongAnswer("counts", "def total(values):\n    return len(values)\n", "make six"),
        WrongAnswer("constant", "def total(values):\n    return 6\n", "adds up to 0"),
    ),
)


def outcome(body: str, exercise: Exercise = EXERCISE) -> Outcome:
    """The outcome of `total` with this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return grade(exercise, load(f"def total(values):\n{lines}"))


@pytest.mark.parametrize(
    "body",
    [
        "...",
        "pass",
        '"""Only a docstring."""',
        '"""A docstring."""\n...',
        "raise NotImplementedError",
        'raise NotImplementedError("to do")',
        "return ...",
        "result = ...\nreturn result",
    ],
)
def test_nothing_written_is_neutral(body: str) -> None:
    result = outcome(body)
    assert result.status is Status.NOT_ATTEMPTED
    assert "Return the sum of `values`." in repr(result)
    assert "hint('99.1')" in repr(result)


def test_a_stub_with_given_lines_is_neutral_until_it_changes() -> None:
    stub = "def total(values):\n    first = values[0]\n    # your code\n    return first\n"
    partly = replace(EXERCISE, stub=stub)
    assert grade(partly, load(f"# in another place\n\n{stub}")).status is Status.NOT_ATTEMPTED
    assert grade(partly, load(stub.replace("[0]", "[1]"))).status is Status.WRONG


def test_a_method_that_a_library_leaves_out_is_an_error_and_not_neutral() -> None:
    result = outcome("import torch.utils.data\nreturn torch.utils.data.Dataset()[0]")
    assert result.status is Status.ERROR
    assert "line 3: return torch.utils.data.Dataset()[0]" in repr(result)


def test_wrong_says_what_was_given_what_came_and_why() -> None:
    result = outcome("return len(values)")
    assert result.status is Status.WRONG
    assert repr(result) == (
        "✗ Not right yet: 99.1 Add up\n"
        "  Called: total([1, 2, 3])\n"
        "  Came out: 3\n"
        "  Expected: 6\n"
        "  Why: One, two and three make six.\n"
        "  Next: Change the code and run the cell again. Stuck? Run `hint('99.1')`."
    )


def test_later_checks_count_too() -> None:
    assert "Nothing adds up to 0." in repr(outcome("return 6"))


def test_known_wrong_values_have_their_own_sentence() -> None:
    trapped = replace(EXERCISE, checks=(Check(([1, 2],), expected=3, why="why", traps=((2, "counted"),)),))
    assert outcome("return len(values)", trapped).why == "counted"
    assert outcome("return 7", trapped).why == "why"
    # A trap for the whole number 2 says nothing about True or 2.0.
    assert outcome("return 2.0", trapped).why == "why"


def test_error_names_the_learners_line() -> None:
    result = outcome("count = 0\nreturn sum(values) / count")
    assert result.status is Status.ERROR
    assert "line 3: return sum(values) / count" in repr(result)
    assert "ZeroDivisionError: division by zero" in repr(result)
    assert "Traceback" not in repr(result)


def test_error_inside_a_library_names_the_learners_line() -> None:
    result = outcome("import json\nreturn json.loads('{')")
    assert "line 3: return json.loads('{')" in repr(result)


def test_error_in_a_helper_names_the_helpers_line() -> None:
    result = grade(
        EXERCISE,
        load("def helper(x):\n    return x.nothing\n\ndef total(values):\n    return helper(values)\n"),
    )
    assert "line 2: return x.nothing" in repr(result)


def test_error_in_a_result_that_computes_later_names_the_learners_line() -> None:
    lazy = replace(EXERCISE, checks=(Check(([0],), judge=lambda value: str(list(value)), wants="numbers"),))
    result = outcome("for each in values:\n    yield 1 / each", lazy)
    assert result.status is Status.ERROR
    assert "line 3: yield 1 / each" in repr(result)


def test_wrong_parameters_are_named() -> None:
    result = grade(EXERCISE, load("def total():\n    return 1\n"))
    assert result.status is Status.ERROR
    assert "total([1, 2, 3])" in repr(result)
    assert "too many positional arguments" in repr(result)


@pytest.mark.parametrize("end", ["import sys\nsys.exit(0)", "raise SystemExit", "exit()", "quit(1)"])
def test_the_end_of_the_program_is_caught(end: str) -> None:
    result = outcome(end)
    assert result.status is Status.ERROR
    assert "would have ended the program" in repr(result)


def test_ipythons_exit_does_not_end_the_kernel() -> None:
    ended: list[str] = []
    answer = load("def total(values):\n    exit()\n")
    space = answer.__globals__  # type: ignore[attr-defined]
    space["exit"] = lambda: ended.append("kernel")  # as in a kernel: a request, without an exception
    assert grade(EXERCISE, answer).status is Status.ERROR
    assert ended == []
    space["exit"]()
    assert ended == ["kernel"]


def test_stop_button_still_stops() -> None:
    with pytest.raises(KeyboardInterrupt):
        outcome("raise KeyboardInterrupt")


needs_alarm = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no SIGALRM on this system")


@needs_alarm
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "try:\n    while True: pass\nexcept Exception:\n    return 6",
        "try:\n    while True: pass\nexcept:\n    while True: pass",
    ],
    ids=["plain", "catches Exception", "catches all once"],
)
def test_an_endless_loop_ends(body: str) -> None:
    answer = load("def total(values):\n" + "".join(f"    {line}\n" for line in body.splitlines()))
    result = run_checks(EXERCISE, answer, seconds=0.1)
    assert result.status is Status.ERROR
    assert "Stopped after 0.1 seconds" in repr(result)
    assert "while True: pass" in repr(result)
    assert not 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.5


@needs_alarm
def test_time_limit_leaves_a_longer_timer_running() -> None:
    previous = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    outer = signal.setitimer(signal.ITIMER_REAL, 300)
    try:
        with pytest.raises(TooSlow), time_limit(0.05):
            time.sleep(30)
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 200 < left < 300
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.setitimer(signal.ITIMER_REAL, *outer)
        signal.signal(signal.SIGALRM, previous)


def test_checks_run_off_the_main_thread() -> None:
    results: list[Outcome] = []
    thread = threading.Thread(target=lambda: results.append(outcome("return sum(values)")))
    thread.start()
    thread.join()
    assert results[0].status is Status.RIGHT


def test_changing_an_input_spoils_no_check() -> None:
    given = [1, 2, 3]
    shared = replace(
        EXERCISE,
        checks=(Check((given,), expected=6, why="six"), Check((given,), expected=6, why="still six")),
    )
    greedy = "sum_ = 0\nwhile values:\n    sum_ += values.pop()\nreturn sum_"
    assert outcome(greedy, shared).status is Status.RIGHT
    assert given == [1, 2, 3]


def test_chance_is_fixed_inside_and_untouched_outside() -> None:
    rolls = replace(EXERCISE, checks=(Check(([],), judge=lambda value: str(value), wants="numbers"),))
    body = "import random, numpy, torch\nreturn random.random(), numpy.random.rand(), torch.rand(1).item()"
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    first = outcome(body, rolls)
    after = random.random(), np.random.rand(), torch.rand(1).item()
    assert outcome(body, rolls).why == first.why
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert after == (random.random(), np.random.rand(), torch.rand(1).item())


def test_a_recursive_answer_finds_itself_before_it_is_bound() -> None:
    space: dict[str, object] = {"grade": lambda answer: grade(EXERCISE, answer)}
    exec("@grade\ndef total(values):\n    return values[0] + total(values[1:]) if values else 0\n", space)
    result = space["total"]
    assert isinstance(result, Outcome)
    assert result.status is Status.RIGHT


def test_checking_leaves_an_earlier_version_of_the_name_in_place() -> None:
    answer = load(EXERCISE.solution)
    space = answer.__globals__  # type: ignore[attr-defined]
    space["total"] = "an earlier version"
    grade(EXERCISE, answer)
    assert space["total"] == "an earlier version"


def test_a_result_that_cannot_be_examined_is_wrong_and_said() -> None:
    shaped = replace(
        EXERCISE, checks=(Check(([],), judge=lambda value: value.shape and None, wants="a tensor"),)
    )
    result = outcome("return None if values else 1", shaped)
    assert result.status is Status.WRONG
    assert "Came out: 1" in repr(result)
    assert "has no attribute 'shape'" in repr(result)


def test_a_value_with_a_broken_repr_is_still_told() -> None:
    body = "class Odd:\n    def __repr__(self): raise ValueError('no')\nreturn Odd()"
    assert "Came out: <Odd instance>" in repr(outcome(body))


def test_no_address_and_no_endless_text() -> None:
    assert "0x" not in repr(outcome("return object()"))
    assert len(repr(outcome("return 'x' * 100_000"))) < 1500
    assert len(repr(outcome("raise ValueError('x' * 100_000)"))) < 1500
    assert "0x" not in repr(outcome("raise ValueError(object())"))


def test_html_escapes_what_the_learner_wrote_and_needs_no_colour() -> None:
    page = outcome("return '<script>alert(1)</script>'")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert 'role="status"' in page
    assert "✗" in page
    assert "Not right yet" in page
    right = outcome("return sum(values)")._repr_html_()
    assert "You will need &lt;it&gt;." in right
    assert "✓" in right
    assert "Right" in right


def test_error_html_escapes_line_and_message() -> None:
    page = outcome("raise ValueError('<b>' + '`x`')")._repr_html_()
    assert "<b>" not in page


CLASS = replace(
    EXERCISE,
    stub="""
class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        ...

    def __getitem__(self, index):
        ...
""",
    checks=(
        Check(use=lambda Squares: len(Squares(4)), shown="len(Squares(4))", expected=4, why="four items"),
        Check(use=lambda Squares: Squares(4)[3], shown="Squares(4)[3]", expected=9, why="three squared"),
    ),
)


@pytest.mark.parametrize(
    ("length", "item", "status", "text"),
    [
        ("...", "...", Status.NOT_ATTEMPTED, "Task"),
        ("return self.n", "...", Status.WRONG, "Called: Squares(4)[3]"),
        ("return self.n", "return index", Status.WRONG, "three squared"),
        ("return self.m", "...", Status.ERROR, "line 6: return self.m"),
        ("return self.n", "return index ** 2", Status.RIGHT, "Why it matters"),
    ],
)
def test_a_class_can_be_an_exercise(length: str, item: str, status: Status, text: str) -> None:
    head = CLASS.stub.lstrip().partition("...")[0]
    source = f"{head}{length}\n\n    def __getitem__(self, index):\n        {item}\n"
    result = grade(CLASS, load(source))
    assert result.status is status
    assert text in repr(result)


@pytest.mark.parametrize("body", ["...", "pass", '"""Only a docstring."""'])
def test_an_empty_class_is_neutral(body: str) -> None:
    assert grade(CLASS, load(f"class Squares:\n    {body}\n")).status is Status.NOT_ATTEMPTED
    assert grade(CLASS, load("class Squares:\n    n = 4\n")).status is not Status.NOT_ATTEMPTED


def test_wrapped_functions_are_seen_through() -> None:
    wrap = (
        "import functools\n\ndef wrap(f):\n"
        "    @functools.wraps(f)\n    def g(*a):\n        return f(*a)\n    return g\n\n"
    )
    assert grade(EXERCISE, load(f"{wrap}@wrap\ndef total(values):\n    ...\n")).status is Status.NOT_ATTEMPTED
    right = f"{wrap}@wrap\ndef total(values):\n    return sum(values)\n"
    assert grade(EXERCISE, load(right)).status is Status.RIGHT


def test_a_built_in_function_can_answer() -> None:
    answer: Callable[..., int] = sum
    assert grade(EXERCISE, answer).status is Status.RIGHT


def test_deep_recursion_is_an_error_and_not_a_crash() -> None:
    result = outcome("return total(values)")
    assert result.status is Status.ERROR
    assert "RecursionError" in repr(result)
