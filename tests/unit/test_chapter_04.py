"""Chapter 04: a reader's own CSV is looked at, the formulas are right."""

import ast
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from dpwidgets.learn.chapters.ch04 import MAD_SCORES, POOLED, STANDARDISE
from dpwidgets.learn.model import Exercise

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "04_cleaning.py"


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


@pytest.fixture
def imported(cells: list[str]) -> dict[str, Any]:
    """The chapter's names after its imports."""
    names: dict[str, Any] = {}
    exec(cells[0], names)
    return names


def cell_with(cells: list[str], text: str) -> str:
    (found,) = [cell for cell in cells if text in cell]
    return found


def solved(exercise: Exercise) -> Any:
    names: dict[str, Any] = {}
    exec(exercise.solution, names)
    return names[exercise.name]


def test_the_profile_reads_a_table_of_the_reader(
    cells: list[str], imported: dict[str, Any], tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text('city,people\nGhent ,"263,703"\nBruges,\n', encoding="utf-8")
    exec(cell_with(cells, "def profile("), imported | {"data_file": str(own)}, names := {})
    assert names["raw"].shape == (2, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "No columns"),
        ("name\nJos\u00e9".encode("latin-1"), "utf-8"),
        (b"a,b\n1,2,3,4\n5,6\n7,8,9,1,2,3", "line"),
    ],
    ids=["empty", "latin-1", "ragged"],
)
def test_a_file_that_is_no_csv_is_named_with_the_reason(
    cells: list[str], imported: dict[str, Any], tmp_path: Path, content: bytes, reason: str
) -> None:
    own = tmp_path / "own.csv"
    own.write_bytes(content)
    with pytest.raises(ValueError, match=r"own\.csv.*" + reason):
        exec(cell_with(cells, "def profile("), imported | {"data_file": str(own)})


def test_the_cell_of_rubin_and_its_exercise_agree(cells: list[str], imported: dict[str, Any]) -> None:
    rubin = ast.parse(cell_with(cells, "def rubin(")).body[0]
    exec(ast.unparse(rubin), imported)
    estimates, variances = [4.1, 5.2, 4.7], [0.3, 0.5, 0.4]
    mean, error = imported["rubin"](estimates, variances)
    assert (mean, error**2) == pytest.approx(solved(POOLED)(estimates, variances))


def test_standardise_is_what_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    train, new = rng.normal(5, 3, (40, 3)), rng.normal(5, 3, (7, 3))
    train[:, 1] = 2.0
    expected = StandardScaler().fit(train).transform(new)
    ours = solved(STANDARDISE)(torch.from_numpy(train), torch.from_numpy(new))
    np.testing.assert_allclose(ours.numpy(), expected)


def test_no_z_score_exceeds_the_bound_that_the_chapter_states() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 10, 50):
        x = np.append(rng.normal(size=n - 1), 1e9)
        for ddof, bound in ((0, np.sqrt(n - 1)), (1, (n - 1) / np.sqrt(n))):
            assert (x - x.mean()).max() / x.std(ddof=ddof) == pytest.approx(bound)
        assert solved(MAD_SCORES)(x).max() > 1e6
