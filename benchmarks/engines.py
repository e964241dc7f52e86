"""The cleaning job of `dpwidgets.prep.tables_at_scale` by engine: memory, and time as a ratio to pandas.

Rounds alternate; each run is a process of its own, so its time has imports and the start of workers in it.
`python benchmarks/engines.py --rows 1000000 --rounds 3` prints a table.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from dpwidgets.prep.tables_at_scale.checksums import checksums
from dpwidgets.prep.tables_at_scale.engines import ENGINES, spark_missing
from dpwidgets.prep.tables_at_scale.measured import EngineRun, run_engine
from dpwidgets.prep.tables_at_scale.rows import DirtyTable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=16, help="files of the dirty table")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engines = [name for name in ENGINES if name != "spark" or not spark_missing()]
    if reason := spark_missing():
        print(f"without Spark: {reason}")
    runs: dict[str, list[EngineRun]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        DirtyTable(options.rows).write(folder / "raw", options.parts)
        wanted = None
        for number in range(options.rounds):
            for engine in engines if number % 2 == 0 else engines[::-1]:
                runs[engine].append(run_engine(engine, folder / "raw", folder / "out", seconds=1800))
                found = checksums(folder / "out")
                wanted = found if wanted is None else wanted
                if not found.equals(wanted):
                    raise SystemExit(f"{engine} gives another table than {engines[0]}.")
                shutil.rmtree(folder / "out")
    print("| engine | seconds | times pandas | peak, MiB | of pandas |\n|---|---|---|---|---|")
    for engine in engines:
        print(f"| {engine} | {' | '.join(row(runs[engine], runs['pandas']))} |")


def row(runs: list[EngineRun], pandas: list[EngineRun]) -> list[str]:
    """Medians over the rounds; each ratio is taken within its round."""
    slower = statistics.median(one.seconds / plain.seconds for one, plain in zip(runs, pandas, strict=True))
    larger = statistics.median(one.peak / plain.peak for one, plain in zip(runs, pandas, strict=True))
    seconds = statistics.median(one.seconds for one in runs)
    peak = statistics.median(one.peak for one in runs)
    return [f"{seconds:.1f}", f"{slower:.2f}", f"{peak / 2**20:,.0f}", f"{larger:.0%}"]


if __name__ == "__main__":
    main()
