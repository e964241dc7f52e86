"""Run the fault cases and print the table: area, fault, what the user reads, what was checked afterwards.

    python tools/faults.py [pytest's arguments, such as -k cache]

The messages are those of this run (paths are masked), taken from the tests in tests/faults. Exit code 1 if a
case fails.
"""

import json
import subprocess
import sys
import tempfile
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chapters import ROOT

LONGEST = 240  # characters of a message; the rest is a traceback, most often


@dataclass(frozen=True)
class Case:
    """One fault: `reads` is the user's message, empty where the fault is mended without one."""

    area: str
    fault: str
    reads: str
    mended: str
    checked: tuple[str, ...]


def run(arguments: list[str], report: Path) -> int:
    """Run the tests, all in tests/faults where none is named; pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-o", "junit_family=xunit1", f"--junitxml={report}"]
    named = any("/" in one and (ROOT / one.partition("::")[0]).exists() for one in arguments)
    places = [] if named else ["tests/faults"]
    return subprocess.run([*command, *places, *arguments], cwd=ROOT, check=False).returncode


def cases(report: Path) -> Iterator[Case]:
    """The cases of the tests that passed."""
    for test in ElementTree.parse(report).iter("testcase"):
        if any(child.tag in ("failure", "error", "skipped") for child in test):
            continue
        for told in test.iterfind("properties/property[@name='fault']"):
            found = json.loads(told.get("value", ""))
            yield Case(
                found["area"], found["fault"], found["reads"], found["mended"], tuple(found["checked"])
            )


def lines(found: list[Case]) -> Iterator[str]:
    """The table, area by area."""
    for area in dict.fromkeys(case.area for case in found):
        yield f"\n{area}"
        for case in (case for case in found if case.area == area):
            yield f"  {case.fault}"
            told = f"reads {case.reads.replace(chr(10), ' ⏎ ')}" if case.reads else f"mended {case.mended}"
            yield from textwrap.wrap(
                textwrap.shorten(told, LONGEST, placeholder=" …"),
                108,
                initial_indent="    ",
                subsequent_indent=" " * 12,
            )
            yield f"    checked {', '.join(case.checked)}"


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "faults.xml")
        code = run(arguments, report)
        found = sorted(cases(report), key=lambda case: case.area) if report.is_file() else []
    print("\n".join(lines(found)))
    print(f"\n{len(found)} faults in {len({case.area for case in found})} areas; after each: nothing left")
    return min(code, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
