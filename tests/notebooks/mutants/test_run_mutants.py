"""Mutants that only a run, or a page in a browser, shows to be broken: they share their processes."""

from contextlib import closing

import pytest

from chapters import Chapter
from mutants.model import Result, RunMutation, ViewMutation
from mutants.parts import VIEWS
from mutants.running import Runs, try_views
from mutants.runs import RUNS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def runs(_built: Chapter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What came of all runs, by the mutation's name."""
    with closing(Runs(RUNS, _built, tmp_path_factory.mktemp("runs"))) as started:
        return {one.mutation.name: one for one in started.results()}


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What came of all broken pages, by the mutation's name."""
    return {one.mutation.name: one for one in try_views(VIEWS, tmp_path_factory.mktemp("views"))}


@pytest.mark.parametrize("mutation", RUNS, ids=lambda one: one.name)
def test_a_run_notices(mutation: RunMutation, runs: dict[str, Result]) -> None:
    result = runs[mutation.name]
    assert result.problem == "", result.found


@pytest.mark.browser
@pytest.mark.parametrize("mutation", VIEWS, ids=lambda one: one.name)
def test_a_broken_page_is_noticed(mutation: ViewMutation, views: dict[str, Result]) -> None:
    result = views[mutation.name]
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.problem == "", result.found
