"""Chapter 05b: what its table defines and what its notebook asks are the same."""

import ast
from pathlib import Path

import jupytext
import pytest

from dpwidgets.learn.chapters.ch05b import CHAPTER
from dpwidgets.learn.model import Exercise, Prediction, Quiz

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "05b_text_augmentation.py"


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def signature(source: str) -> str:
    """The last function of `source`: its name, parameters and types."""
    function = ast.parse(source).body[-1]
    assert isinstance(function, ast.FunctionDef)
    returns = ast.unparse(function.returns) if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}) -> {returns}"


@pytest.mark.parametrize("exercise", CHAPTER.exercises, ids=lambda exercise: exercise.id)
def test_the_cell_of_an_exercise_has_the_signature_of_its_stub(cells: list[str], exercise: Exercise) -> None:
    (cell,) = [cell for cell in cells if cell.startswith(f'@exercise("{exercise.id}")')]
    assert signature(cell) == signature(exercise.stub)


@pytest.mark.parametrize("exercise", CHAPTER.exercises, ids=lambda exercise: exercise.id)
def test_an_exercise_takes_no_name_that_the_lesson_defines(cells: list[str], exercise: Exercise) -> None:
    """Else a cell of the lesson that is run again would meet the stub."""
    asked = next(at for at, cell in enumerate(cells) if cell.startswith("@exercise("))
    defined = {
        node.name
        for cell in cells[:asked]
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.FunctionDef)
    }
    assert exercise.name not in defined


@pytest.mark.parametrize("quiz", CHAPTER.quizzes, ids=lambda quiz: quiz.id)
def test_every_question_is_asked_unanswered(cells: list[str], quiz: Quiz) -> None:
    assert f'quiz("{quiz.id}")' in cells


@pytest.mark.parametrize("prediction", CHAPTER.predictions, ids=lambda prediction: prediction.id)
def test_every_prediction_is_asked_before_it_is_revealed(cells: list[str], prediction: Prediction) -> None:
    asked = cells.index(f'predict("{prediction.id}", ...)')
    reveal = f'predict("{prediction.id}").reveal('
    (revealed,) = [at for at, cell in enumerate(cells) if reveal in cell]
    assert asked < revealed
