"""What learners type in a cell: exercise, hint, solution, quiz, predict."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import dpwidgets
from dpwidgets.learn import exercise, exercises, hint, predict, predictions, quiz, registry, solution
from dpwidgets.learn.answers import load
from dpwidgets.learn.cards import Card
from dpwidgets.learn.predictions import Guess
from dpwidgets.learn.registry import UnknownId, chapter
from dpwidgets.learn.store import read

CHAPTER = chapter("00")
FIRST = CHAPTER.exercises[0]
QUESTION = CHAPTER.quizzes[0]
PREDICTION = CHAPTER.predictions[0]


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPWIDGETS_DATA", str(tmp_path / "data"))
    exercises._hints_given.clear()
    predictions._guesses.clear()


def test_every_public_name_is_there() -> None:
    for name in ("exercise", "hint", "predict", "progress", "quiz", "show", "solution"):
        assert getattr(dpwidgets, name) is getattr(dpwidgets.learn, name)


def test_exercise_shows_records_and_returns_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    for source, word, state in (
        (FIRST.stub, "○ Not attempted", None),
        (FIRST.wrong[0].source, "✗ Not right yet", "tried"),
        (FIRST.solution, "✓ Right", "right"),
    ):
        answer = load(source)
        assert exercise(FIRST.id)(answer) is answer
        assert capsys.readouterr().out.startswith(f"{word}: {FIRST.id} {FIRST.title}\n")
        assert read().get(FIRST.id) == state


def test_decorating_something_else_is_said() -> None:
    with pytest.raises(TypeError, match="above a function or a class, not above 3"):
        exercise(FIRST.id)(3)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("id", "error", "words"),
    [
        ("0.1", UnknownId, "Did you mean '00.1'"),
        ("zz", UnknownId, "There is no exercise 'zz'."),
        ("88.1", UnknownId, "There is no exercise '88.1'."),
        (
            QUESTION.id,
            UnknownId,
            f"is a quiz question, not an exercise: write quiz\\('{QUESTION.id}', 'a'\\)",
        ),
        (2.3, TypeError, "as text"),
        (len, TypeError, "as text"),
    ],
)
def test_an_unknown_id_is_said_with_its_neighbours(id: str, error: type[Exception], words: str) -> None:
    for call in (exercise, hint, solution):
        with pytest.raises(error, match=words):
            call(id)


def test_a_chapter_that_cannot_be_loaded_spoils_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "numbers", lambda: ("00", "98"))  # there is no ch98
    with pytest.raises(UnknownId, match=r"Did you mean '00\.1'"):
        hint("0.1")


def test_unknown_quiz_and_prediction() -> None:
    with pytest.raises(UnknownId, match=f"not a quiz question: write exercise\\('{FIRST.id}'\\)"):
        quiz(FIRST.id)
    with pytest.raises(UnknownId, match=r"There is no prediction '00\.p99'"):
        predict("00.p99", 3)


def test_hints_go_on_from_call_to_call() -> None:
    for number in (1, 2, 3, 3):
        text = repr(hint(FIRST.id))
        assert f"Hint: {number}/3" in text
        assert FIRST.hints[number - 1] in text
    assert f"solution('{FIRST.id}')" in text


def test_hint_and_solution_are_there_after_an_exercise_that_a_chapter_imports_alone() -> None:
    cell: dict[str, Any] = {"exercise": exercise}
    exec(f"@exercise({FIRST.id!r})\ndef image_size(batch):\n    ...", cell)
    assert FIRST.hints[0] in repr(eval(f"hint({FIRST.id!r})", cell))
    assert FIRST.explanation in repr(eval(f"solution({FIRST.id!r})", cell))


def test_an_own_name_stays_as_it_was() -> None:
    cell: dict[str, Any] = {"exercise": exercise, "hint": "the reader's own"}
    exec(f"@exercise({FIRST.id!r})\ndef image_size(batch):\n    ...", cell)
    assert cell["hint"] == "the reader's own"


def test_a_certain_hint_leaves_the_count_alone() -> None:
    assert FIRST.hints[1] in repr(hint(FIRST.id, 2))
    assert FIRST.hints[0] in repr(hint(FIRST.id))


@pytest.mark.parametrize("number", [0, 4, -1, "two", True])
def test_a_hint_that_is_not_there(number: int) -> None:
    with pytest.raises(ValueError, match="there are hints 1 to 3"):
        hint(FIRST.id, number)


def test_solution_shows_code_and_explanation() -> None:
    page = solution(FIRST.id)._repr_html_()
    text = repr(solution(FIRST.id))
    for line in FIRST.solution.strip().splitlines():
        assert line in text
    assert FIRST.explanation in text
    assert "<pre" in page
    assert 'role="note"' in page


@pytest.mark.parametrize("answer", [None, ...])
def test_an_unanswered_quiz_shows_its_options(answer: None) -> None:
    text = repr(quiz(QUESTION.id, answer))
    assert text.startswith("○ Question")
    for letter, option in zip(QUESTION.letters, QUESTION.options, strict=True):
        assert f"  {letter}: {option.text}" in text
        assert option.feedback not in text
    assert read() == {}


def test_each_option_has_its_feedback() -> None:
    letters = sorted(QUESTION.letters, key=lambda letter: letter == QUESTION.answer)
    for letter, given in zip(letters, (letters[0], f" {letters[1].upper()} ", letters[2]), strict=False):
        text = repr(quiz(QUESTION.id, given))
        assert QUESTION.options[QUESTION.letters.index(letter)].feedback in text
        assert text.startswith("✓ Right" if letter == QUESTION.answer else "✗ Not right yet")
        assert read()[QUESTION.id] == ("right" if letter == QUESTION.answer else "tried")


@pytest.mark.parametrize("answer", ["z", "", 3, ["a"]])
def test_an_answer_that_is_no_option_is_said(answer: str) -> None:
    assert "Choose one of a, b, c" in repr(quiz(QUESTION.id, answer))
    assert read() == {}


@pytest.mark.parametrize("value", [None, ...])
def test_no_prediction_is_neutral(value: None) -> None:
    assert repr(predict(PREDICTION.id, value)).startswith("○ Prediction")
    revealed = repr(predict(PREDICTION.id).reveal(3))
    assert revealed.startswith("○ Not attempted")
    assert f"What happened: 3 {PREDICTION.unit}" in revealed
    assert read() == {}


def test_a_prediction_is_kept_until_the_next() -> None:
    assert "You predicted: 5" in repr(predict(PREDICTION.id, 5))
    assert predict(PREDICTION.id).value == predict(PREDICTION.id, ...).value == 5
    predict(PREDICTION.id, 6)
    assert predict(PREDICTION.id).value == 6
    assert read() == {PREDICTION.id: "right"}


@pytest.mark.parametrize(
    ("guess", "actual", "kind", "words"),
    [
        (100, 100, "✓ Right", "Your prediction was right."),
        (90, 100, "✓ Right", "Close: your prediction is off by 10%"),
        (50, 100, "○ Answer", "off by 50%"),
        (200, torch.tensor(100.0), "○ Answer", "off by 100%"),
        (100, torch.tensor([100]), "✓ Right", "was right"),
        (3, 0, "○ Answer", "off by 3 ms"),
        ("many", 3, "○ Answer", "must be a number"),
        (True, 1, "○ Answer", "must be a number"),
        ("b", "b", "✓ Right", "was right"),
        ("a", "b", "○ Answer", "came out differently"),
        ((3, 4), torch.Size([3, 4]), "✓ Right", "was right"),
        (torch.Size([3, 4]), (3, 4), "✓ Right", "was right"),
        (float("nan"), 3.0, "○ Answer", "must be a number"),
        (3.0, float("nan"), "○ Answer", "came out differently"),
    ],
)
def test_reveal_compares(guess: object, actual: object, kind: str, words: str) -> None:
    question = replace(PREDICTION, tolerance=0.25, unit="ms")
    text = repr(Guess(question, guess).reveal(actual))
    assert text.startswith(kind)
    assert words in text
    assert question.explanation in text


def test_a_saved_cell_shows_the_same_text_in_another_process(tmp_path: Path) -> None:
    code = (
        f"from dpwidgets import exercise, quiz\n{FIRST.cell}\n"
        f"print(quiz('{QUESTION.id}'))\nprint(quiz('{QUESTION.id}')._repr_html_())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "DPWIDGETS_DATA": str(tmp_path / str(number)), "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for number in (1, 2)
    ]
    assert runs[0] == runs[1]
    assert "Not attempted" in runs[0]


def test_prose_shows_code_and_strong_words_and_leaves_powers_alone() -> None:
    card = Card("hint", "Give **all** of `x**2 + y**2`, and 2 < 3", ())
    shown = card._repr_html_()
    assert "Give <strong>all</strong> of <code>x**2 + y**2</code>, and 2 &lt; 3" in shown
