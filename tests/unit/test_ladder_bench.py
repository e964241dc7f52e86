"""The ladder's benchmark runs the chapter's own cells: nothing that they need may stand in other cells."""

import ast
import builtins
import json
from pathlib import Path

import jupytext
import pytest

from benchmarks import ladder as bench
from dpwidgets.prep.ladder import Ladder, Rung

RECORD = Path(__file__).parents[2] / "notebooks" / "recordings" / "loaders" / "ladder.json"


def test_only_tagged_cells_run_with_the_given_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = tmp_path / "chapter.py"
    chapter.write_text(
        '# %% tags=["imports"]\nimport math\n\n'
        "# %%\nraise RuntimeError\n\n"
        '# %% tags=["rung"]\nmade = (photos, rounds, workers, math.ceil(0.5), scratch.name)\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(bench, "CHAPTER", chapter)
    assert bench.climb(40, 2, tmp_path)["made"] == (40, 2, bench.CORES, 1, str(tmp_path))


def test_the_chapters_rungs_need_nothing_from_other_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = jupytext.reads(bench.CHAPTER.read_text(encoding="utf-8"), fmt="py:percent")
    tagged = [cell for cell in book.cells if {"imports", "rung"} & set(cell.metadata.get("tags", []))]
    nodes = [node for cell in tagged for node in ast.walk(ast.parse(cell.source))]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    made |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    made |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    empty = tmp_path / "empty.py"
    empty.touch()
    monkeypatch.setattr(bench, "CHAPTER", empty)
    given = set(bench.climb(32, 1, tmp_path)) | set(dir(builtins))
    assert {node.id for node in names if isinstance(node.ctx, ast.Load)} - made - given == set()
    wanted = {
        "ladder",
        "training",
        "guide",
        "guide_training",
        "fused_training",
        "root",
        "paths",
        "labels",
        "chosen",
    }
    assert wanted <= made


def test_the_record_has_the_form_of_the_one_that_the_chapter_shows() -> None:
    ladder = Ladder(2)
    ladder.rungs.append(Rung("one", 10.2, 1.0, (0.97, 1.025), 1.0, 3.4, 0.26, ((0, 0.0, 1.0),)))
    made = bench.record(
        {"paths": [""] * 3, "rounds": 2, "ladder": ladder, "training": ladder}, {"guide": [0.51234]}
    )
    kept = json.loads(RECORD.read_text(encoding="utf-8"))
    assert made.keys() == kept.keys()
    assert (made["photos"], made["rounds"], made["accuracy"]) == (3, 2, {"guide": [0.512]})
    for part in ("evaluation", "training"):
        assert made[part] == [
            {
                "name": "one",
                "images_per_second": 10,
                "times_start": 1.0,
                "spread": [0.97, 1.02],
                "memory_mb": 3,
                "setup_seconds": 0.3,
            }
        ]
        assert all(row.keys() == made[part][0].keys() for row in kept[part])
