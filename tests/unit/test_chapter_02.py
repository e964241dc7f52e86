"""Chapter 02: no worker may hang a reader's kernel."""

import ast
from pathlib import Path

import jupytext
import pytest

SOURCE = Path(__file__).parents[2] / "notebooks" / "source" / "02_dataset_dataloader.py"
LOADERS = {"DataLoader", "StatefulDataLoader"}


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


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
