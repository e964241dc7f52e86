"""Every chapter: what its table in dpwidgets/learn/chapters defines is what its notebook asks."""

import ast
import re
from functools import cache
from pathlib import Path

import jupytext
import pytest

from dpwidgets.learn.model import Exercise, Item, Prediction, Quiz
from dpwidgets.learn.registry import chapters

SOURCES = Path(__file__).parents[2] / "notebooks" / "source"


def all_of(kind: type[Item]) -> list[Item]:
    return [item for chapter in chapters() for item in chapter.items if isinstance(item, kind)]


@cache
def cells(number: str) -> list[str]:
    (source,) = SOURCES.glob(f"{number}_*.py")
    book = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def cells_of(item: Item) -> list[str]:
    return cells(item.id.partition(".")[0])


def signatures(source: str) -> list[str]:
    """Name, parameters and types of the last function of `source`, or of a last class and its methods."""
    last = ast.parse(source).body[-1]
    functions = last.body if isinstance(last, ast.ClassDef) else [last]
    bases = [ast.unparse(base) for base in last.bases] if isinstance(last, ast.ClassDef) else []
    found = [f"{last.name}({', '.join(bases)})"] if isinstance(last, ast.ClassDef) else []
    for function in functions:
        if isinstance(function, ast.FunctionDef):
            returns = ast.unparse(function.returns) if function.returns else ""
            found.append(f"{function.name}({ast.unparse(function.args)}) -> {returns}")
    return found


@pytest.mark.parametrize("exercise", all_of(Exercise), ids=lambda exercise: exercise.id)
def test_the_cell_of_an_exercise_has_the_signature_of_its_stub(exercise: Exercise) -> None:
    (cell,) = [cell for cell in cells_of(exercise) if f'@exercise("{exercise.id}")' in cell]
    assert signatures(cell) == signatures(exercise.stub) != []


@pytest.mark.parametrize("exercise", all_of(Exercise), ids=lambda exercise: exercise.id)
def test_an_exercise_takes_no_name_that_the_lesson_defines(exercise: Exercise) -> None:
    others = [cell for cell in cells_of(exercise) if f'@exercise("{exercise.id}")' not in cell]
    defined = {
        node.name
        for cell in others
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert exercise.name not in defined, "who solves it would change the lesson's own cells"


@pytest.mark.parametrize("quiz", all_of(Quiz), ids=lambda quiz: quiz.id)
def test_every_question_is_asked_unanswered(quiz: Quiz) -> None:
    unanswered = re.compile(rf'quiz\("{re.escape(quiz.id)}"(, \.\.\.)?\)')
    assert sum(bool(unanswered.search(cell)) for cell in cells_of(quiz)) == 1


@pytest.mark.parametrize("prediction", all_of(Prediction), ids=lambda prediction: prediction.id)
def test_every_prediction_is_asked_before_it_is_revealed(prediction: Prediction) -> None:
    found = cells_of(prediction)
    (asked,) = [at for at, cell in enumerate(found) if f'predict("{prediction.id}", ...)' in cell]
    (revealed,) = [at for at, cell in enumerate(found) if f'predict("{prediction.id}").reveal(' in cell]
    assert asked < revealed
