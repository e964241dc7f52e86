"""The table of the scale benchmark, and its JSON record (schema 1).

schema, date, machine, versions    as in the race's record
tile         pixels, height and width of a tile
limit_mb     what a loader might have of memory of its own
batch_size
rows         see `measure.Row`, in the order of the table
"""

import datetime
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.race.contract import RaceError
from benchmarks.race.json_file import write_whole
from benchmarks.race.machine import machine, versions
from benchmarks.scale.measure import Row
from benchmarks.scale.tiles import TILE

SCHEMA = 1
HEAD = ("loader", "images", "decoded: MB", "first pass: s for 1,000", "later: s for 1,000",
        "later, against the fewest", "own memory: MB", "file pages: MB")  # fmt: skip


def table(rows: Sequence[Row]) -> str:
    """As Markdown, the rows in their order; what failed is told below."""
    lines = [HEAD, ("---",) * len(HEAD), *(_line(row, rows) for row in rows)]
    failures = [
        f"- {row.loader}, {row.images:,} images: {' '.join(row.failure.split())}"
        for row in rows
        if row.failure
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "".join(
        f"\n{one}" for one in ["", *failures]
    )


def decoded_mb(images: int) -> float:
    """What so many tiles take as uint8, in MB (2**20 bytes)."""
    return images * 3 * TILE * TILE / 2**20


def _line(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    least = min((one for one in rows if one.loader == row.loader), key=lambda one: one.images)
    both = row.later_s is not None and least.later_s is not None
    return (
        row.loader,
        f"{row.images:,}",
        f"{decoded_mb(row.images):,.0f}",
        _seconds(row.first_s),
        _seconds(row.later_s),
        f"{row.later_s / least.later_s:.2f}" if both else "",
        f"{row.own_mb:,.0f}",
        f"{row.files_mb:,.0f}",
    )


def _seconds(value: float | None) -> str:
    return "stopped" if value is None else f"{value:.3f}"


def write(rows: Sequence[Row], limit_mb: int, batch_size: int, path: Path) -> None:
    """The record, whole or not at all.

    Raises:
        RaceError: the file cannot be written.
    """
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(("torch", "torchvision", "numpy", "numba", "pillow", "simplejpeg")),
        "tile": TILE,
        "limit_mb": limit_mb,
        "batch_size": batch_size,
        "rows": [asdict(row) for row in rows],
    }
    try:
        write_whole(path, record)
    except OSError as error:
        raise RaceError(f"{path} cannot be written: {error.strerror}; give another --json.") from error
