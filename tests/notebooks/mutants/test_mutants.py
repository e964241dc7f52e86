"""Each way to break a chapter turns exactly the check red that is meant for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chapters import Chapter
from contract import lint
from mutants.mutations import MUTATIONS, Mutation

HERE = Path(__file__).parents[1]
OPTIONS = ["--nbval", "-q", "--color=no", "--nbval-cell-timeout=15", "-c", os.devnull]
OPTIONS += ["-p", "nbval_layer", "-p", "no:cacheprovider"]
ON_PURPOSE = {"cells"}  # the chapter of the fixtures is short


def nbval(chapter: Chapter) -> tuple[int, str]:
    """Exit code and report of pytest over the notebook alone, under our layer."""
    paths = [str(HERE), str(HERE.parents[1] / "tools"), os.environ.get("PYTHONPATH", "")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, f"--rootdir={chapter.home}", str(chapter.notebook)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def red(chapter: Chapter) -> dict[str, str]:
    return {problem.rule: str(problem) for problem in lint(chapter) if problem.rule not in ON_PURPOSE}


def test_the_unbroken_chapter_is_green(chapter: Chapter) -> None:
    assert red(chapter) == {}
    code, report = nbval(chapter)
    assert code == 0, report


@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if m.check != "nbval"], ids=lambda m: m.name)
def test_contract_notices(chapter: Chapter, mutation: Mutation) -> None:
    mutation.apply(chapter)
    found = red(chapter)
    assert list(found) == [mutation.check]
    assert re.search(mutation.says, found[mutation.check])


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if m.check == "nbval"], ids=lambda m: m.name)
def test_nbval_notices(chapter: Chapter, mutation: Mutation) -> None:
    mutation.apply(chapter)
    assert red(chapter) == {}
    code, report = nbval(chapter)
    assert code == 1, report
    assert re.search(mutation.says, report), report


def test_stale_output_is_noticed(chapter: Chapter) -> None:
    text = chapter.source.read_text()
    chapter.source.write_text(text.replace("Random(seed)", "Random(seed + 1)"))
    found = red(chapter)
    assert list(found) == ["in-step"]
    assert "the source changed after the notebook was built" in found["in-step"]
