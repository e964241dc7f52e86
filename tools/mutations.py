"""Break the workbook in every known way and see that the check that is meant for each goes red.

    python tools/mutations.py                    the whole table: mutation, check, seconds
    python tools/mutations.py --only slider      those with this in their name
    python tools/mutations.py --list             names and checks alone

The exit status is 1 where a mutation survives, or where another check than the one that is meant notices it.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "notebooks"))

from mutants.mutations import MUTATIONS
from mutants.table import chosen, show


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="part of a name")
    parser.add_argument("--list", action="store_true", help="run nothing")
    options = parser.parse_args(arguments)
    try:
        mutations = chosen(MUTATIONS, options.only)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        print("\n".join(f"{one.name}: {one.check or 'none'}" for one in mutations))
        return 0
    return bool(show(mutations))


if __name__ == "__main__":
    sys.exit(main())
