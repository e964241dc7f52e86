"""Every exercise of every chapter proves itself, and the proof notices an exercise that is broken."""

from dataclasses import replace

import pytest

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Quiz, WrongAnswer
from dpwidgets.learn.proof import faults
from dpwidgets.learn.registry import chapter, chapters, numbers

SOUND = Exercise(
    id="99.1",
    title="Double",
    prompt="Return twice `x`.",
    stub="def double(x):\n    ...\n",
    checks=(Check((3,), expected=6, why="Twice three is six.", traps=((9, "You squared it."),)),),
    hints=("Add it to itself.", "Use `*`.", "`2 * x`"),
    solution="def double(x):\n    return 2 * x\n",
    explanation="Two times.",
    why_it_matters="Practice.",
    wrong=(
        WrongAnswer("squares", "def double(x):\n    return x * x\n", says="You squared it"),
        WrongAnswer("keeps", "def double(x):\n    return x\n", says="Twice three is six"),
    ),
)
QUESTION = Quiz("99.q1", "Which?", (Option("x", "No."), Option("y", "Yes."), Option("z", "Never.")), "b")


def found(*exercises: Exercise, quizzes: tuple[Quiz, ...] = ()) -> str:
    return "\n".join(faults(Chapter("99", "Test", exercises, quizzes)))


@pytest.mark.parametrize("number", numbers())
def test_chapter_is_proven(number: str) -> None:
    assert faults(chapter(number)) == []
    assert chapter(number).number == number


def test_ids_are_unique_over_all_chapters() -> None:
    ids = [item.id for each in chapters() for item in each.items]
    assert ids
    assert len(set(ids)) == len(ids)


def test_a_sound_exercise_has_no_faults() -> None:
    assert found(SOUND, quizzes=(QUESTION,)) == ""


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(SOUND, checks=(Check((3,), judge=lambda value: None, wants="6"),)), "does nothing"),
        (replace(SOUND, checks=()), "no checks"),
        (replace(SOUND, stub="class double:\n    given = 3\n"), "the untouched stub counts as"),
        (replace(SOUND, solution=SOUND.wrong[0].source), "the reference is not right"),
        (replace(SOUND, wrong=SOUND.wrong[:1]), "fewer than two"),
        (
            replace(SOUND, wrong=(SOUND.wrong[0], replace(SOUND.wrong[1], source=SOUND.solution))),
            "'keeps' counts as right",
        ),
        (
            replace(SOUND, wrong=(SOUND.wrong[0], replace(SOUND.wrong[1], says="something else"))),
            "must be told 'something else'",
        ),
        (
            replace(SOUND, wrong=(SOUND.wrong[0], replace(SOUND.wrong[1], source="def double(x): 1 / 0"))),
            "'keeps' counts as error",
        ),
        (replace(SOUND, wrong=(SOUND.wrong[0], SOUND.wrong[0])), "the same name"),
        (
            replace(SOUND, wrong=(SOUND.wrong[0], replace(SOUND.wrong[1], says="six"))),
            "shorter than eight",
        ),
        (replace(SOUND, hints=("a", "a", "b")), "three different hints"),
        (replace(SOUND, hints=("a", " ", "b")), "three different hints"),
        (replace(SOUND, explanation=" "), "explanation is empty"),
        (replace(SOUND, id="98.1"), "no id of a Exercise in chapter 99"),
        (replace(SOUND, id="99.q1"), "no id of a Exercise in chapter 99"),
    ],
)
def test_proof_finds_a_broken_exercise(broken: Exercise, fault: str) -> None:
    assert fault in found(broken)


def test_proof_finds_a_stub_that_gives_the_answer_away() -> None:
    # A stub whose code is the solution stays neutral in the notebook; the checks refuse nothing else.
    generous = replace(SOUND, stub="def double(x):\n    return 2 * x\n")
    assert "the stub already is a right answer" in found(generous)


def test_proof_finds_two_exercises_with_one_id() -> None:
    assert "'99.1' is used more than once" in found(SOUND, SOUND)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(QUESTION, options=QUESTION.options[:2]), "fewer than three options"),
        (replace(QUESTION, options=(*QUESTION.options[:2], Option("x", "Other."))), "read the same"),
        (replace(QUESTION, options=(*QUESTION.options[:2], Option("z", "No."))), "same feedback"),
        (replace(QUESTION, options=(*QUESTION.options[:2], Option("z", " "))), "no feedback"),
    ],
)
def test_proof_finds_a_broken_quiz(broken: Quiz, fault: str) -> None:
    assert fault in found(quizzes=(broken,))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "either expected"),
        ({"expected": 1, "judge": str, "wants": "x", "why": "x"}, "either expected"),
        ({"expected": 1}, "needs why"),
        ({"judge": str}, "needs wants"),
        ({"expected": 1, "why": "x", "use": len}, "shown"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Check(**fields)  # type: ignore[arg-type]


def test_a_quiz_without_its_right_option_is_refused() -> None:
    with pytest.raises(ValueError, match="none of a, b, c"):
        replace(QUESTION, answer="d")


def test_a_stub_without_a_function_is_refused() -> None:
    with pytest.raises(ValueError, match="not a def or class"):
        replace(SOUND, stub="x = 1")


def test_cell_puts_the_decorator_above_the_definition() -> None:
    one = replace(SOUND, stub="\nimport torch\n\ndef double(x):\n    ...\n")
    assert one.cell == 'import torch\n\n@exercise("99.1")\ndef double(x):\n    ...'
