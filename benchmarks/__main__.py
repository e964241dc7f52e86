"""`make bench`: every race, one after another. `make bench ARGS=lab_latency` runs one."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RACES = {
    "lab_latency": (str(HERE / "lab_latency.py"),),
    "trace_cost": (str(HERE / "trace_cost.py"),),
    "tune_quality": ("-m", "benchmarks.tune_quality"),
    "engines": (str(HERE / "engines.py"), "--rounds", "1"),
    "ladder": ("-m", "benchmarks.ladder"),
    # The short form; `python -m benchmarks.race` runs the whole one.
    "race": ("-m", "benchmarks.race", "--images", "400", "--rounds", "3", "--cold-rounds", "1"),
    "race_train": (
        "-m",
        "benchmarks.race",
        "--train",
        "--images",
        "200",
        "--rounds",
        "3",
        "--cold-rounds",
        "0",
    ),
    "scale": ("-m", "benchmarks.scale", "--counts", "2000", "20000"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("races", nargs="*", metavar="RACE", help=f"of: {', '.join(RACES)} (default: all)")
    races = parser.parse_args().races or list(RACES)
    unknown = set(races) - set(RACES)
    if unknown:
        parser.error(f"no race named {', '.join(sorted(unknown))}; there are: {', '.join(RACES)}")
    return max(
        subprocess.run([sys.executable, *RACES[race]], cwd=HERE.parent, check=False).returncode
        for race in races
    )


if __name__ == "__main__":
    raise SystemExit(main())
