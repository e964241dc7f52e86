"""Chapter 02: its table and its notebook ask the same, and no worker may hang a reader's kernel."""

import ast
from pathlib import Path

import jupytext
import pytest

from dpwidgets.learn.chapters.ch02 import CHAPTER
from dpwidgets.learn.model import Exercise, Prediction, Quiz

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "02_dataset_dataloader.py"
LOADERS = {"DataLoader", "StatefulDataLoader"}


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def signatures(source: str) -> list[str]:
    """Name, parameters and types of the last function of `source`, or of a last class and its methods."""
    last = ast.parse(source).body[-1]
    functions = last.body if isinstance(last, ast.ClassDef) else [last]
    found = [last.name] if isinstance(last, ast.ClassDef) else []
    for function in functions:
        assert isinstance(function, ast.FunctionDef)
        returns = ast.unparse(function.returns) if function.returns else ""
        found.append(f"{function.name}({ast.unparse(function.args)}) -> {returns}")
    return found


@pytest.mark.parametrize("exercise", CHAPTER.exercises, ids=lambda exercise: exercise.id)
def test_the_cell_of_an_exercise_has_the_signature_of_its_stub(cells: list[str], exercise: Exercise) -> None:
    (cell,) = [cell for cell in cells if cell.startswith(f'@exercise("{exercise.id}")')]
    assert signatures(cell) == signatures(exercise.stub)


@pytest.mark.parametrize("quiz", CHAPTER.quizzes, ids=lambda quiz: quiz.id)
def test_every_question_is_asked_unanswered(cells: list[str], quiz: Quiz) -> None:
    assert f'quiz("{quiz.id}")' in cells


@pytest.mark.parametrize("prediction", CHAPTER.predictions, ids=lambda prediction: prediction.id)
def test_every_prediction_is_asked_before_it_is_revealed(cells: list[str], prediction: Prediction) -> None:
    asked = cells.index(f'predict("{prediction.id}", ...)')
    reveal = f'predict("{prediction.id}").reveal('
    (revealed,) = [at for at, cell in enumerate(cells) if reveal in cell]
    assert asked < revealed


def endless_loaders(source: str) -> list[str]:
    """Calls that make a loader with workers of its own account (`num_workers=...`) and no `timeout`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    loaders = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in LOADERS]
    given = [(call, {keyword.arg for keyword in call.keywords}) for call in loaders]
    return [ast.unparse(call) for call, names in given if "num_workers" in names and "timeout" not in names]


def test_every_loader_with_workers_has_a_time_limit(cells: list[str]) -> None:
    # The guide's own call fails before it has a worker.
    guide = "DataLoader(dataset, batch_size=32, shuffle=True, num_workers=4)"
    assert [call for cell in cells for call in endless_loaders(cell)] == [guide]
    options = [line for cell in cells for line in cell.splitlines() if '"num_workers"' in line]
    bare = [
        line for line in options if not any(base in line for base in ('"timeout"', "two | {", "forked | {"))
    ]
    assert not bare, "workers without a timeout: build on `two`"
