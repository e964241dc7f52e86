"""`python -m benchmarks.race module:factory …`: see `--help`."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.race.contenders import EVALUATION, TRAINING, chosen_peers, from_outside
from benchmarks.race.contract import CONTRACT, RaceError
from benchmarks.race.contract import TRAINING as TRAINING_CONTRACT
from benchmarks.race.data import copy_part
from benchmarks.race.race import Plan, Race
from benchmarks.race.record import Record, write
from benchmarks.race.table import report

DESCRIPTION = """\
Race loaders of JPEGs: yours, named as module:factory (or name=module:factory), against the guide's own code
(ImageFolder, PIL, a DataLoader without workers) and the peers that are installed. First the pictures of each
are compared with the guide's, then times are taken in alternating rounds, cold and warm.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.race", description=DESCRIPTION, epilog=f"{CONTRACT}\n{TRAINING_CONTRACT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("factories", nargs="*", metavar="module:factory", help="contenders of your own")
    made.add_argument(
        "--folder", type=Path, help="one folder of JPEGs for each class (default: the sample photos)"
    )
    made.add_argument("--images", type=int, help="race that many, evenly from all classes (default: all)")
    made.add_argument("--batch-size", type=_positive, default=32)
    made.add_argument("--rounds", type=_positive, default=5, help="warm epochs of each (default: 5)")
    made.add_argument("--cold-rounds", type=int, default=3, help="cold starts of each (default: 3; 0: none)")
    made.add_argument(
        "--train",
        action="store_true",
        help="race the training form: shuffled, with flip, rotation and colour jitter drawn anew each epoch",
    )
    made.add_argument(
        "--peers",
        default="all",
        help=f"all, none, or of {','.join(EVALUATION.peers)}; with --train of {','.join(TRAINING.peers)} "
        "(default: all)",
    )
    made.add_argument(
        "--any-order",
        action="store_true",
        help="yours may deliver the images in any order (each is compared with the most similar one)",
    )
    made.add_argument("--timeout", type=float, default=600, help="seconds for one epoch (default: 600)")
    made.add_argument("--scratch", type=Path, help="where shards and caches go for the time of the race")
    made.add_argument("--json", type=Path, help="also write the table to this file (see record.py)")
    return made


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not allowed; give at least 1")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run a race; 0, or 1 where a contender from the command line failed, with one clear message."""
    given = parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="race-", dir=given.scratch) as home:
            return _race(given, Path(home))
    except RaceError as error:
        print(f"race: {error}", file=sys.stderr)
        return 1


def _race(given: argparse.Namespace, home: Path) -> int:
    form = TRAINING if given.train else EVALUATION
    peers = chosen_peers(given.peers, form)
    outside = from_outside(given.factories, any_order=given.any_order, form=form)
    folder = (given.folder or _sample_photos()).absolute()
    if given.images is not None:
        folder = copy_part(folder, given.images, home / "photos")
    (home / "scratch").mkdir()
    plan = Plan(
        folder=folder, scratch=home / "scratch", outside=outside,
        peers=[one for one in peers if not one.missing], batch_size=given.batch_size,
        rounds=given.rounds, cold_rounds=given.cold_rounds, timeout=given.timeout, form=form,
    )  # fmt: skip
    result = Race(plan, lambda text: print(f"  {text}", file=sys.stderr, flush=True)).run()
    print(report(plan, result, [one for one in peers if one.missing]))
    if given.json:
        write(Record.of(plan, result, [one for one in peers if one.missing]), given.json)
    return int(any(one.name in result.failures for one in outside))


def _sample_photos() -> Path:
    from dpwidgets.samples import photos  # makes them the first time, which takes a while

    return photos()


if __name__ == "__main__":
    raise SystemExit(main())
