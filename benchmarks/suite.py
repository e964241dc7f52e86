"""Where the time of `make test` goes, and what its workers save.

    python -m benchmarks.suite                     run everything twice, one test after another and as
                                                   `make test` does; then the table
    python -m benchmarks.suite ONE.xml [ALL.xml]   the table of saved reports
    python -m benchmarks.suite --record ALL.xml    also write tools/suite_seconds.json, their next order

A report is what `make test ARGS=--junitxml=ALL.xml` writes. Seconds of a test are those on the clock, with
its fixtures; processor seconds are its own and its children's, and hardly depend on what else the machine
does; those of warm kernels are no test's. The ratio is the time of the parallel run, start and collection
included, over the sum of the tests' seconds in the run on one worker.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from suite_order import SECONDS, piece_of  # noqa: E402

BUILD = ROOT / "build"
PARTS = {  # by the first that fits
    "tests/notebooks/test_papermill.py": "chapters with other parameters",
    "tests/notebooks/mutants/": "broken chapters are noticed",
    "tests/notebooks/": "building, contract, kernels",
    "tests/browser/": "chapters and labs in the browser",
    "tests/faults/": "faults",
    "tests/unit/": "unit tests",
    "notebooks/": "chapters, outputs compared",
    "": "other",
}


@dataclass(frozen=True)
class Test:
    """One test of a report: node id, seconds on the clock, processor seconds."""

    name: str
    seconds: float
    cpu: float

    @property
    def part(self) -> str:
        return next(part for start, part in PARTS.items() if self.name.startswith(start))


@dataclass(frozen=True)
class Run:
    """A report: its tests, and seconds on the clock from start to end."""

    tests: tuple[Test, ...]
    wall: float


def read(report: Path) -> Run:
    """The run that a JUnit report tells of.

    Raises:
        SystemExit: it is no such report.
    """
    try:
        suite = next(ElementTree.parse(report).iter("testsuite"))
    except (OSError, ElementTree.ParseError, StopIteration) as error:
        raise SystemExit(f"{report} is no report of --junitxml: {error}") from None
    return Run(tuple(map(_test, suite.iter("testcase"))), float(suite.get("time", 0)))


def _test(case: ElementTree.Element) -> Test:
    """The class name of a case is its file with dots for slashes, without `.py`."""
    place = case.get("classname", "")
    stem, notebook, _ = place.partition(".ipynb")
    file = stem.replace(".", "/") + (".ipynb" if notebook else ".py")
    spent = case.find("properties/property[@name='cpu_seconds']")
    cpu = 0.0 if spent is None else float(spent.get("value", 0))
    return Test(f"{file}::{case.get('name')}", float(case.get("time", 0)), cpu)


def table(one: Run, together: Run | None) -> Iterator[str]:
    """Lines of Markdown: a row for each part, then the sums, then what the workers save."""
    yield "| part | tests | seconds | processor seconds |"
    yield "|---|---:|---:|---:|"
    tests: dict[str, list[Test]] = defaultdict(list)
    for test in one.tests:
        tests[test.part].append(test)
    rows = sorted(tests.items(), key=lambda row: -sum(test.seconds for test in row[1]))
    for part, found in [*rows, ("all, one after another", list(one.tests))]:
        seconds, cpu = sum(test.seconds for test in found), sum(test.cpu for test in found)
        yield f"| {part} | {len(found):,} | {seconds:,.0f} | {cpu:,.0f} |"
    if together is not None:
        serial = sum(test.seconds for test in one.tests)
        yield f"| by `make test` | {len(together.tests):,} | {together.wall:,.0f} | |"
        yield ""
        yield f"`make test` takes {together.wall / serial:.2f} of the time of its tests one after another."


def pieces(run: Run) -> dict[str, float]:
    """Seconds of each piece that goes to a worker as a whole, the longest first."""
    seconds: dict[str, float] = defaultdict(float)
    for test in run.tests:
        seconds[piece_of(test.name)] += test.seconds
    return {piece: round(took, 1) for piece, took in sorted(seconds.items(), key=lambda item: -item[1])}


def measure(name: str, *options: str) -> Path:
    """Run the whole suite; where its report is.

    Raises:
        SystemExit: a test failed, so the times are of another suite.
    """
    BUILD.mkdir(exist_ok=True)
    report = BUILD / f"suite-{name}.xml"
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", f"--junitxml={report}", *options]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(f"a test failed, {report.name} is no measure of the suite")
    return report


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__.split("\n")[0])
    parser.add_argument("reports", nargs="*", type=Path, metavar="REPORT", help="none: run the suite")
    parser.add_argument("--record", action="store_true", help="write tools/suite_seconds.json")
    options = parser.parse_args(arguments)
    reports = options.reports or [
        measure("one", "-n", "0"),
        measure("all", "-n", "auto", "--dist", "loadfile"),
    ]
    runs = [read(report) for report in reports[:2]]
    print("\n".join(table(runs[0], runs[1] if len(runs) > 1 else None)))
    if options.record:
        SECONDS.write_text(
            json.dumps(pieces(runs[-1]), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        print(f"\n{SECONDS.relative_to(ROOT)}: {len(pieces(runs[-1]))} pieces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
