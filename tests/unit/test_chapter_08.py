"""Chapter 08: its GPU cells run, small, where there is no GPU."""

import ast
import json
from pathlib import Path

import jupytext
import pytest
import torch

from benchmarks import gpu_recordings

SOURCE = gpu_recordings.SOURCE


@pytest.fixture(scope="module")
def cells() -> list[str]:
    book = jupytext.reads(SOURCE.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def test_the_gpu_cells_measure_what_they_name() -> None:
    """On the CPU, small: each table has its figures, and all took time."""
    tables = gpu_recordings.check()
    assert {topic: len(table) for topic, table in tables.items()} == {
        "copies": 8,
        "overlap": 3,
        "on the device": 4,
    }
    assert all(value > 0 for table in tables.values() for value in table.values())


def test_the_chapter_shows_exactly_the_topics_that_are_recorded(cells: list[str]) -> None:
    calls = [line for cell in cells for line in cell.splitlines() if line.startswith("on_gpu(")]
    assert calls == [f'on_gpu("{topic}", {name})' for topic, name in gpu_recordings.TOPICS.items()]


def test_a_recording_is_shown_where_there_is_no_gpu(
    cells: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (cell,) = [cell for cell in cells if "def on_gpu(" in cell]
    (function,) = [node for node in ast.parse(cell).body if getattr(node, "name", "") == "on_gpu"]
    shown = {"device": "Some GPU", "date": "2026-01-31", "results": {"copies": {"a copy, ms": 0.5}}}
    for recordings, words in (([], "no recording of one exists yet"), ([shown], "recorded on Some GPU")):
        space = {"device": torch.device("cpu"), "recordings": recordings, "Callable": object}
        exec(f"from __future__ import annotations\n{ast.unparse(function)}", space)
        space["on_gpu"]("copies", lambda: pytest.fail("measured without a GPU"))
        told = capsys.readouterr().out
        assert words in told
        assert ("0.500" in told) == bool(recordings)


def test_the_prefetcher_gives_each_batch_once_and_is_one_ahead() -> None:
    made = gpu_recordings.chapter_functions(torch.device("cpu"), (2, 3, 8, 8))
    taken: list[int] = []
    loader = ([torch.tensor(taken.append(n) or n)] for n in range(4))
    for number, (batch,) in enumerate(made["Prefetcher"](loader, torch.device("cpu"))):
        assert batch == number
        assert len(taken) == min(number + 2, 4)
    assert number == 3
    assert list(made["Prefetcher"]([], torch.device("cpu"))) == []


def test_recordings_that_are_there_are_whole() -> None:
    for path in gpu_recordings.RECORDINGS.glob("*.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        assert set(found) == {"device", "kind", "versions", "date", "results"}
        assert set(found["results"]) == set(gpu_recordings.TOPICS)


def test_a_function_that_the_chapter_lost_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "08_caching_gpu.py"
    text = SOURCE.read_text(encoding="utf-8")
    source.write_text(text.replace("def overlap(", "def beside("), encoding="utf-8")
    monkeypatch.setattr(gpu_recordings, "SOURCE", source)
    with pytest.raises(gpu_recordings.RecordingError, match="has no overlap"):
        gpu_recordings.chapter_functions(torch.device("cpu"), (2, 3, 8, 8))
