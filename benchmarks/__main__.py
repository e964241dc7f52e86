"""`make bench`: every race, one after another. `make bench ARGS=lab_latency` runs one."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RACES = ("lab_latency",)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("races", nargs="*", metavar="RACE", help=f"of: {', '.join(RACES)} (default: all)")
    races = parser.parse_args().races or RACES
    unknown = set(races) - set(RACES)
    if unknown:
        parser.error(f"no race named {', '.join(sorted(unknown))}; there are: {', '.join(RACES)}")
    scripts = [HERE / f"{race}.py" for race in races]
    return max(subprocess.run([sys.executable, script], check=False).returncode for script in scripts)


if __name__ == "__main__":
    raise SystemExit(main())
