"""The order of the tests on workers, their processor seconds, and the table of `benchmarks.suite`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import suite
from suite_order import SPREAD, known_seconds, piece_of

ROOT = Path(__file__).resolve().parents[2]
BURN = "import time\nwhile time.process_time() < 0.4: pass"
TIMED = f"""import subprocess, sys, time
def test_child(): subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
def test_rest(): time.sleep(0.4)
"""
ORDERED = """from pathlib import Path
import pytest
@pytest.mark.parametrize("number", [1, 2, 3])
def test(number):
    with Path("order").open("a") as order: order.write(Path(__file__).stem[-1])
"""
CONFTEST = """from pathlib import Path
import suite_order
suite_order.SECONDS = Path("seconds.json")
def pytest_xdist_make_scheduler(config, log): return suite_order.scheduler(config, log)
"""
REPORT = """<testsuites><testsuite time="{wall}">
<testcase classname="tests.unit.test_a" name="test_one[x: y]" time="10"/>
<testcase classname="notebooks.05_augmentation.ipynb" name="Cell 3" time="20"/>
<testcase classname="notebooks.05_augmentation.ipynb" name="Widgets" time="10">
<properties><property name="cpu_seconds" value="12.5"/></properties></testcase>
<testcase classname="tests.notebooks.test_papermill" name="test_runs[a: b]" time="40"/>
</testsuite></testsuites>"""


def run_pytest(folder: Path, *options: str) -> None:
    paths = [str(ROOT / "tools"), str(ROOT / "tests/notebooks")]
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, f"--rootdir={folder}", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_processor_seconds_are_those_of_children_and_none_of_a_rest(tmp_path: Path) -> None:
    (tmp_path / "test_timed.py").write_text(TIMED)
    run_pytest(tmp_path, "-p", "suite_times", "--junitxml=report.xml")
    child, rest = suite.read(tmp_path / "report.xml").tests
    assert child.name == "test_timed.py::test_child"
    assert child.cpu >= 0.4
    assert rest.seconds >= 0.4
    assert rest.cpu < 0.4


def test_the_longest_file_is_started_first_an_unknown_one_before_short_ones(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(ORDERED)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    known = {"test_a.py": 1, "test_b.py": 300, "test_d.py": 90}
    (tmp_path / "seconds.json").write_text(json.dumps(known))
    run_pytest(tmp_path, "-n", "1", "--dist", "loadfile")
    assert (tmp_path / "order").read_text() == "bbbdddcccaaa"


def test_a_notebook_is_one_piece_and_headless_runs_are_one_each() -> None:
    assert piece_of("notebooks/05_augmentation.ipynb::Cell 3") == "notebooks/05_augmentation.ipynb"
    assert piece_of("tests/unit/test_a.py::test[x::y]") == "tests/unit/test_a.py"
    headless = "tests/notebooks/test_papermill.py::test_chapter_runs_with[05_augmentation: defaults]"
    assert piece_of(headless) == headless


def test_the_known_seconds_are_of_files_that_exist() -> None:
    files = {piece.partition("::")[0] for piece in known_seconds()} | set(SPREAD)
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []


def test_the_table_sums_parts_and_tells_the_ratio(tmp_path: Path) -> None:
    one, together = tmp_path / "one.xml", tmp_path / "all.xml"
    one.write_text(REPORT.format(wall=100))
    together.write_text(REPORT.format(wall=36))
    lines = list(suite.table(suite.read(one), suite.read(together)))
    assert lines[2:] == [
        "| chapters with other parameters | 1 | 40 | 0 |",
        "| chapters, outputs compared | 2 | 30 | 12 |",
        "| unit tests | 1 | 10 | 0 |",
        "| all, one after another | 4 | 80 | 12 |",
        "| by `make test` | 4 | 36 | |",
        "",
        "`make test` takes 0.45 of the time of its tests one after another.",
    ]
    assert suite.pieces(suite.read(one)) == {
        "tests/notebooks/test_papermill.py::test_runs[a: b]": 40,
        "notebooks/05_augmentation.ipynb": 30,
        "tests/unit/test_a.py": 10,
    }


def test_a_file_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_text("<html/>")
    with pytest.raises(SystemExit, match=r"other\.xml is no report"):
        suite.read(tmp_path / "other.xml")
