"""Fixtures of the notebook tests."""

import shutil
from pathlib import Path

import pytest

from build_notebooks import build
from chapters import Chapter

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    """The small chapter of fixtures/, built once."""
    home = tmp_path_factory.mktemp("chapters") / "notebooks"
    shutil.copytree(FIXTURES, home)
    chapter = Chapter("90_fixture", home)
    build(chapter)
    return chapter


@pytest.fixture
def chapter(_built: Chapter, tmp_path: Path) -> Chapter:
    """A copy of the small chapter, source and built notebook: yours to break."""
    home = tmp_path / "notebooks"
    shutil.copytree(_built.home, home)
    return Chapter(_built.name, home)
