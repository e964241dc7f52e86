"""Clean Parquet files: `python -m dpwidgets.prep.tables_at_scale ENGINE RAW OUT`."""

import argparse
from pathlib import Path

from dpwidgets.prep.tables_at_scale.engines import ENGINES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dpwidgets.prep.tables_at_scale", description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("raw", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    ENGINES[given.engine](given.raw, given.out)


if __name__ == "__main__":
    main()
