"""Fixtures of the notebook tests."""

import shutil
from pathlib import Path

import pytest

from build_notebooks import build
from chapters import Chapter

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.hookimpl(trylast=True)  # what -k and -m leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A chapter whose outputs are compared in this run is run with its defaults already."""
    compared = {item.path.stem for item in items if item.path.suffix == ".ipynb"}
    double = [item for item in items if _runs_with_defaults(item, compared)]
    if double:
        config.hook.pytest_deselected(items=double)
        items[:] = [item for item in items if item not in double]


def _runs_with_defaults(item: pytest.Item, chapters: set[str]) -> bool:
    if getattr(item, "originalname", "") != "test_chapter_runs_with":
        return False
    name, each = (item.callspec.params[key] for key in ("name", "each"))
    return name in chapters and not each.parameters and not each.start_method


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
