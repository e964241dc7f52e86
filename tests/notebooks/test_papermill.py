"""Every chapter runs headless with several parameter sets, and stops at once where one is wrong.

In warm kernels where there are any: what fresh ones would show besides, the runs with compared outputs show.
A run with another start method gets a fresh kernel, which asks for it when it starts.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from chapters import Chapter, find_chapters
from kernels import CELL_TIMEOUT, KernelManager, notebook_environment
from normalise import widget_state
from parameter_sets import SETS, ParameterSet

CHAPTERS = {chapter.name: chapter for chapter in find_chapters() if chapter.notebook.is_file()}
ALL = [(name, each) for name in CHAPTERS for each in SETS.get(name, ())]
RUNS = [pytest.param(name, each, id=f"{name}: {each.title}") for name, each in ALL if not each.refused]
REFUSALS = [pytest.param(name, each, id=f"{name}: {each.title}") for name, each in ALL if each.refused]
MISSPELT = "bacth_size"


@pytest.fixture
def warm(warm_kernels: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in warm_kernels.items():
        monkeypatch.setenv(name, value)


def run(
    chapter: Chapter, parameters: Mapping[str, object], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[NotebookNode, PapermillExecutionError | None]:
    """The executed notebook and the error that stopped it, if one did."""
    parameters = {
        key: value.replace("{scratch}", str(scratch / "scratch")) if isinstance(value, str) else value
        for key, value in parameters.items()
    }
    output = scratch / "executed.ipynb"
    for key, value in notebook_environment(scratch).items():
        monkeypatch.setenv(key, value)
    for key in set(os.environ) & {"PYTEST_CURRENT_TEST", "PYTHONDONTWRITEBYTECODE"}:
        monkeypatch.delenv(key)
    error = None
    try:
        papermill.execute_notebook(
            chapter.notebook,
            output,
            parameters,
            cwd=str(chapter.home),
            progress_bar=False,
            start_timeout=300,
            execution_timeout=4 * CELL_TIMEOUT,
            shutdown_kernel="immediate",
            kernel_manager_class=KernelManager,
        )
    except PapermillExecutionError as stopped:
        error = stopped
    return nbformat.read(output, as_version=4), error


def stopping_cell(book: NotebookNode) -> NotebookNode:
    """The cell with the error (papermill puts a note above it that points there)."""
    (found,) = (
        cell
        for cell in book.cells
        if any(output.output_type == "error" for output in cell.get("outputs", ()))
    )
    return found


def assert_refused(book: NotebookNode, error: PapermillExecutionError | None, words: tuple[str, ...]) -> None:
    assert error is not None, "the run came to its end"
    assert "check-parameters" in stopping_cell(book).metadata.tags, f"stopped late: {error}"
    for word in words:
        assert word in error.evalue


def assert_ran_to_its_end(book: NotebookNode) -> None:
    for index, cell in enumerate(book.cells):
        if cell.cell_type == "code" and cell.source.strip():
            assert cell.execution_count is not None, f"cell {index} was not run: {cell.source[:80]!r}"
    swallowed = [
        f"{output['ename']}: {output['evalue']}"
        for model in widget_state(book).values()
        for output in model["state"].get("outputs") or ()
        if output.get("output_type") == "error"
    ]
    assert not swallowed, "a widget swallowed an error"


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_has_its_parameter_sets(name: str) -> None:
    sets = SETS.get(name, ())
    cure = "add it to tests/notebooks/parameter_sets.py"
    assert any(not each.parameters for each in sets), f"{name}: no run with the defaults; {cure}"
    assert any(each.parameters and not each.refused for each in sets), f"{name}: no other values; {cure}"
    assert any(each.refused for each in sets), f"{name}: no set that must be refused; {cure}"


@pytest.mark.slow
@pytest.mark.timeout(1200)  # workers by spawn import torch, each of them: long on a busy machine
@pytest.mark.parametrize(("name", "each"), RUNS)
def test_chapter_runs_with(
    request: pytest.FixtureRequest,
    name: str,
    each: ParameterSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if each.start_method:
        monkeypatch.setenv("DPWIDGETS_START_METHOD", each.start_method)
    else:
        request.getfixturevalue("warm")
    if each.files:
        each.files(tmp_path / "scratch")
    book, error = run(CHAPTERS[name], each.parameters, tmp_path, monkeypatch)
    assert error is None, f"cell {error.exec_count}: {error.ename}: {error.evalue}"
    assert_ran_to_its_end(book)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(("name", "each"), REFUSALS)
def test_chapter_refuses(
    name: str, each: ParameterSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters, words = dict(each.parameters), each.refused
    # A misspelt name comes along with the first set, for every refusal costs a kernel with its imports.
    if each is next(one for one in SETS[name] if one.refused):
        parameters[MISSPELT] = 16
        words = (*words, MISSPELT)
    book, error = run(CHAPTERS[name], parameters, tmp_path, monkeypatch)
    assert_refused(book, error, words)


@pytest.mark.usefixtures("warm")
def test_other_values_change_what_a_chapter_says(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, error = run(chapter, {"seed": 7}, tmp_path, monkeypatch)
    assert error is None
    assert_ran_to_its_end(book)
    said = [output.get("text", "") for cell in book.cells for output in cell.get("outputs", ())]
    assert any(text.startswith("sum") for text in said)
    assert "sum 12.27\n" not in said


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"points": 1}, ("points", "2 to 100")), ({"sede": 3}, ("sede", "did you mean seed"))],
)
def test_a_refusal_is_seen_where_it_belongs(
    chapter: Chapter,
    parameters: dict[str, object],
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book, error = run(chapter, parameters, tmp_path, monkeypatch)
    assert_refused(book, error, words)


@pytest.mark.usefixtures("warm")
def test_a_check_that_comes_too_late_is_noticed(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = chapter.notebook.read_text()
    chapter.notebook.write_text(text.replace("points=Integer(2, 100)", "points=Integer(1, 100)"))
    book, error = run(chapter, {"points": 0.5}, tmp_path, monkeypatch)
    with pytest.raises(AssertionError):
        assert_refused(book, error, ("2 to 100",))


def test_a_run_that_stops_half_way_is_noticed(chapter: Chapter, tmp_path: Path) -> None:
    book = nbformat.read(chapter.notebook, as_version=4)
    assert_ran_to_its_end(book)
    book.cells[-5].execution_count = None
    with pytest.raises(AssertionError, match="was not run"):
        assert_ran_to_its_end(book)


def test_defaults_are_not_run_again_where_outputs_are_compared(root: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "-q", __file__]
    notebook = CHAPTERS["03_transforms"].notebook

    def collected(*more: str) -> str:
        done = subprocess.run(
            [*command, *more], cwd=root, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "[03_transforms: defaults]" in collected()
    together = collected(str(notebook))
    assert "[03_transforms: defaults]" not in together
    assert "[03_transforms: another" in together
    assert "[04_cleaning: defaults]" in together
