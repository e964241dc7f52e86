"""Chapter 05b: its exercises leave the lesson's functions alone."""

import ast
from pathlib import Path

import jupytext
import pytest

from dpwidgets.learn.chapters.ch05b import CHAPTER
from dpwidgets.learn.model import Exercise

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "05b_text_augmentation.py"


@pytest.fixture(scope="module")
def defined() -> set[str]:
    """The functions that the lesson defines, before its first exercise."""
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    lesson = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code").split("@exercise(")[0]
    return {node.name for node in ast.walk(ast.parse(lesson)) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("exercise", CHAPTER.exercises, ids=lambda exercise: exercise.id)
def test_an_exercise_takes_no_name_of_the_lesson(defined: set[str], exercise: Exercise) -> None:
    """Else a cell of the lesson that is run again would meet the learner's function."""
    assert {"synonyms", "replace", "swap"} < defined
    assert exercise.name not in defined
