"""Chapter 03: what its table defines and what its notebook asks are the same, and its figures hold."""

import ast
from pathlib import Path

import jupytext
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from dpwidgets.learn.answers import load
from dpwidgets.learn.chapters.ch03 import AS_FLOAT_RGB, CHANNEL_STD, CHAPTER, TO_DISPLAY
from dpwidgets.learn.model import Exercise, Prediction, Quiz
from dpwidgets.samples import dirty_folder

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "03_transforms.py"


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def signature(source: str) -> str:
    """The last definition of `source`: a function's name, parameters and types; a class's name and bases."""
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.ClassDef):
        return f"{last.name}({', '.join(ast.unparse(base) for base in last.bases)})"
    assert isinstance(last, ast.FunctionDef)
    returns = ast.unparse(last.returns) if last.returns else ""
    return f"{last.name}({ast.unparse(last.args)}) -> {returns}"


@pytest.mark.parametrize("exercise", CHAPTER.exercises, ids=lambda exercise: exercise.id)
def test_the_cell_of_an_exercise_has_the_signature_of_its_stub(cells: list[str], exercise: Exercise) -> None:
    (cell,) = [cell for cell in cells if cell.startswith(f'@exercise("{exercise.id}")')]
    assert signature(cell) == signature(exercise.stub)


@pytest.mark.parametrize("quiz", CHAPTER.quizzes, ids=lambda quiz: quiz.id)
def test_every_question_is_asked_unanswered(cells: list[str], quiz: Quiz) -> None:
    assert f'quiz("{quiz.id}")' in cells


@pytest.mark.parametrize("prediction", CHAPTER.predictions, ids=lambda prediction: prediction.id)
def test_every_prediction_is_asked_before_it_is_revealed(cells: list[str], prediction: Prediction) -> None:
    asked = cells.index(f'predict("{prediction.id}", ...)')
    reveal = f'predict("{prediction.id}").reveal('
    (revealed,) = [at for at, cell in enumerate(cells) if reveal in cell]
    assert asked < revealed


@pytest.mark.parametrize(
    "name",
    [
        "flower/grey.jpg",
        "flower/transparent.png",
        "flower/cmyk.jpg",
        "coffee/palette.png",
        "coffee/palette.gif",
        "chelsea/sixteen_bit.png",
        "chelsea/chelsea_00.jpg",
    ],
)
def test_the_answer_to_03_2_reads_every_odd_file_that_can_be_read(name: str) -> None:
    with Image.open(dirty_folder() / name) as image:
        came = load(AS_FLOAT_RGB.solution)(image)
        assert came.shape == (3, image.height, image.width)
    assert came.dtype == torch.float32
    assert 0 <= came.min() < came.max() <= 1
    assert came.max() > 0.2  # neither wrapped nor black
    assert came.min() < 0.5  # nor cut off to white


def test_the_answer_to_03_4_agrees_with_all_pixels_at_once() -> None:
    images = torch.randint(0, 256, (50, 3, 9, 7), dtype=torch.uint8, generator=torch.manual_seed(0))
    streamed = load(CHANNEL_STD.solution)(images.split(8))
    assert torch.allclose(streamed, (images.double() / 255).std(dim=(0, 2, 3), correction=0))


def test_the_answer_to_03_5_undoes_normalize_for_every_level() -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    image = torch.arange(256, dtype=torch.uint8).repeat(3).reshape(3, 16, 16)
    normalized = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])(image)
    assert torch.equal(load(TO_DISPLAY.solution)(normalized, mean, std), image.permute(1, 2, 0))
