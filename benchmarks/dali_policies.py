"""What DALI's policies for the last batch give: chapter 10d shows the record where DALI is not installed.

    python -m benchmarks.dali_policies notebooks/recordings/loaders/dali.json

Runs the chapter's own cell, the one tagged `dali`, on the CPU.
"""

import sys
from pathlib import Path
from typing import Any

import jupytext

from benchmarks.ladder import CHAPTER
from benchmarks.race.data import jpegs_of
from benchmarks.race.json_file import write_whole
from benchmarks.race.machine import versions
from dpwidgets import samples


def record() -> dict[str, Any]:
    """Policy -> sizes of the batches of 24 files; what the guide's dots raise; versions."""
    book = jupytext.reads(CHAPTER.read_text(encoding="utf-8"), fmt="py:percent")
    source = next(cell.source for cell in book.cells if "dali" in cell.metadata.get("tags", []))
    names: dict[str, Any] = {
        "paths": jpegs_of(samples.photos()).files, "size": 224, "MEAN": (0.485, 0.456, 0.406)
    }  # fmt: skip
    exec(source, names)
    return names["policies"]() | {"versions": versions(["nvidia-dali-cuda130", "torch"])}


if __name__ == "__main__":
    write_whole(Path(sys.argv[1]), record())
