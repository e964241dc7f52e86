"""`python -m benchmarks.scale`: see `--help`."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.race.contenders import Contender, from_outside
from benchmarks.race.contract import RaceError
from benchmarks.scale import __doc__ as description
from benchmarks.scale.measure import measure
from benchmarks.scale.report import decoded_mb, table, write
from benchmarks.scale.tiles import TILE, write_tiles
from dpwidgets import samples

HERE = "benchmarks.scale.loaders"
LOADERS = {
    "guide": Contender("guide", f"{HERE}:guide"),
    "on_disk": Contender("cache on disk", f"{HERE}:on_disk"),
    "in_memory": Contender("all in memory", f"{HERE}:in_memory"),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=description)
    made.add_argument(
        "factories",
        nargs="*",
        metavar="module:factory",
        help="loaders of your own, as for the race; the size of their pictures is their affair",
    )
    made.add_argument("--counts", type=int, nargs="+", default=[2_000, 20_000, 200_000], metavar="IMAGES")
    made.add_argument("--loaders", default=",".join(LOADERS), help="of %(default)s, or none (default: all)")
    made.add_argument(
        "--limit-mb",
        type=int,
        default=1500,
        help="what a loader may have of memory of its own: what goes beyond fails (default: %(default)s)",
    )
    made.add_argument("--batch-size", type=int, default=32)
    made.add_argument(
        "--timeout", type=float, default=3600, help="seconds for one pass (default: %(default)s)"
    )
    made.add_argument("--scratch", type=Path, help="where tiles and caches go for the time of the run")
    made.add_argument("--json", type=Path, help="also write the table to this file (see report.py)")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Measure; 0, or 1 with one clear message."""
    given = parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="scale-", dir=given.scratch) as home:
            return _run(given, Path(home))
    except RaceError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 1


def _run(given: argparse.Namespace, home: Path) -> int:
    loaders = [*_chosen(given.loaders), *from_outside(given.factories, any_order=True)]
    _check_room(home, max(given.counts))
    rows = []
    for count in sorted(given.counts):
        _say(f"writing {count:,} tiles of {TILE} x {TILE} pixels")
        folder = write_tiles(samples.photos(), count, home / f"tiles-{count}")
        for loader in loaders:
            _say(f"{loader.name}: {count:,} images")
            rows.append(
                measure(
                    loader, folder, count, given.batch_size, given.limit_mb, home / "scratch", given.timeout
                )
            )
        shutil.rmtree(folder)
    # The counts of one loader together.
    rows.sort(key=lambda row: [one.name for one in loaders].index(row.loader))
    print(f"Each loader may have {given.limit_mb:,} MB of memory of its own.\n\n{table(rows)}")
    if given.json:
        write(rows, given.limit_mb, given.batch_size, given.json)
    return 0


def _chosen(names: str) -> list[Contender]:
    keys = [] if names == "none" else names.split(",")
    for key in keys:
        if key not in LOADERS:
            raise RaceError(f"no loader is named {key!r}; give none, or of {', '.join(LOADERS)} with commas.")
    return [LOADERS[key] for key in keys]


def _check_room(home: Path, images: int) -> None:
    """A tile takes a block of 4 kB on the disk, its cache what it is decoded."""
    needed = decoded_mb(images) + images * 4 / 1024
    free = shutil.disk_usage(home).free / 2**20
    if free < needed:
        raise RaceError(
            f"{images:,} tiles and their cache need {needed:,.0f} MB, {home.parent} has {free:,.0f} MB free; "
            "give another --scratch, or smaller --counts."
        )


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
