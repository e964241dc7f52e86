"""A race as a JSON file, so that a chapter can draw what was measured on a quiet machine.

`write` makes it, `read` gives it back. The fields, of schema 1:

    schema       1
    form         "evaluation" or "training"
    date         the day, ISO 8601, UTC
    machine      cores, model (of the processor), memory_gb, system
    versions     "python" and each library that is installed -> its version
    images, batch_size, rounds, cold_rounds
    others       share of the machine that other programs used, 0 to 1: median and highest of the warm turns
    dropped      smallest share of the files that had left the page cache before a cold epoch, 0 to 1
    rows         the lines of the table, in its order: see `Row`
    missing      contender that is not installed -> the command that installs it
    failures     contender that was left out -> why

A median with its ends is {"median": m, "low": l, "high": h}; what was not measured is null.
"""

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.race.contenders import COPYING, DECODING, GUIDE, Contender
from benchmarks.race.contract import RaceError
from benchmarks.race.json_file import write_whole
from benchmarks.race.machine import machine, versions
from benchmarks.race.race import Plan, Result
from benchmarks.race.rounds import Spread, Times

SCHEMA = 1
LIBRARIES = ("torch", "torchvision", "pillow", "numpy", "numba", "webdataset", "litdata",
             "nvidia-dali-cuda130", "spdl", "datasets", "ffcv", "torchdata", "simplejpeg")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: of the contender.
        kind: "contender", "guide" (what the others are compared with) or "limit" (of the machine).
        warm: times as fast as the guide in later epochs; None for the guide.
        images_per_second: of the median warm turn.
        cpu_ms: milliseconds of processor time an image, of all its processes together, median warm turn.
        of_decoding, of_copying: the part of the machine's limit that it reaches; 1 is the limit itself.
        cold: times as fast as the guide from the import of the module to the end of the first epoch.
        cold_seconds: that time itself, median.
        first_call_s: seconds of the factory's first call, with the shards or caches that it wrote.
        differs: how far its pictures are from the guide's: pixel and shift (levels of 8 bits) in the
            evaluation form, offset and spread in the training form.
    """

    name: str
    kind: str
    warm: Spread | None
    images_per_second: float
    cpu_ms: float
    of_decoding: float | None
    of_copying: float | None
    cold: Spread | None
    cold_seconds: float | None
    first_call_s: float | None
    differs: dict[str, float] | None


@dataclass(frozen=True)
class Record:
    """One race; the fields are described at the top of the module."""

    schema: int
    form: str
    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    images: int
    batch_size: int
    rounds: int
    cold_rounds: int
    others: dict[str, float]
    dropped: float
    rows: list[Row]
    missing: dict[str, str]
    failures: dict[str, str]

    @classmethod
    def of(cls, plan: Plan, result: Result, missing: Sequence[Contender]) -> Self:
        """Of a race that has just been run on this machine."""
        return cls(
            schema=SCHEMA,
            form=plan.form.name,
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            machine=machine(),
            versions=versions(LIBRARIES),
            images=result.images,
            batch_size=plan.batch_size,
            rounds=plan.rounds,
            cold_rounds=plan.cold_rounds,
            others={"median": median(result.others or [0.0]), "highest": max(result.others, default=0.0)},
            dropped=result.dropped,
            rows=rows_of(result),
            missing={one.name: one.install for one in missing},
            failures=dict(result.failures),
        )


def rows_of(result: Result) -> list[Row]:
    """The fastest (warm) first, the guide and the limits at the end; without those that were not timed."""
    by_ratio = sorted(
        (name for name in result.differences if _warm(result, name).ratios),
        key=lambda name: -median(result.warm[name].ratios),
    )
    limits = [one.name for one in (DECODING, COPYING) if _warm(result, one.name).ratios]
    kinds = {GUIDE.name: "guide"} | dict.fromkeys(limits, "limit")
    return [_row(result, name, kinds.get(name, "contender")) for name in (*by_ratio, GUIDE.name, *limits)]


def _row(result: Result, name: str, kind: str) -> Row:
    warm, cold = result.warm[name], result.cold.get(name, Times())
    difference = result.differences.get(name)
    return Row(
        name=name,
        kind=kind,
        warm=Spread.of(warm.ratios) if warm.ratios else None,
        images_per_second=result.images / warm.seconds,
        cpu_ms=1000 * warm.cpu / result.images,
        of_decoding=_share(result, name, DECODING),
        of_copying=_share(result, name, COPYING),
        cold=Spread.of(cold.ratios) if cold.ratios else None,
        cold_seconds=cold.seconds if cold.epochs else None,
        first_call_s=result.first.get(name),
        differs=asdict(difference) if difference else None,
    )


def _warm(result: Result, name: str) -> Times:
    return result.warm.get(name, Times())


def _share(result: Result, name: str, limit: Contender) -> float | None:
    """Of a limit's speed. Both are ratios to the guide from the same rounds."""
    limits, mine = _warm(result, limit.name).ratios, result.warm[name].ratios
    return (median(mine) if mine else 1.0) / median(limits) if limits else None


def write(record: Record, path: Path) -> None:
    """Whole or not at all.

    Raises:
        RaceError: the file cannot be written.
    """
    try:
        write_whole(path, asdict(record))
    except OSError as error:
        raise RaceError(f"{path} cannot be written: {error.strerror}; give another --json.") from error


def read(path: Path) -> Record:
    """The record in a file.

    Raises:
        RaceError: it cannot be read, is no record of a race, or has another schema.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        schema = told["schema"]
        if schema == SCHEMA:
            return Record(**told | {"rows": [_read_row(row) for row in told["rows"]]})
    except OSError as error:
        raise RaceError(f"{path} cannot be read: {error.strerror}; record it with --json {path}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise RaceError(f"{path} is no record of a race; record it with --json {path}.") from error
    raise RaceError(f"{path} has the schema {schema}; record it again (schema {SCHEMA}).")


def _read_row(told: dict[str, Any]) -> Row:
    spreads = {name: Spread(**told[name]) if told[name] else None for name in ("warm", "cold")}
    return Row(**told | spreads)
