"""The tables of faults and of mutations: what they print, when they fail, what must be in them."""

import ast
from pathlib import Path

import pytest

import faults
import mutations
from mutants.model import PartMutation

ROOT = Path(__file__).parents[2]
AREAS = {"samples", "audit", "training", "cache", "labs", "tune", "Dask", "torchrun"}
REPORT = """<testsuites><testsuite>
<testcase name="a"><properties><property name="fault" value='{"area": "cache", "fault": "disk full",
"reads": "No space left.\\nMake room.", "mended": "", "checked": ["files", "kernel"]}'/></properties>
</testcase>
<testcase name="b"><properties><property name="fault" value='{"area": "cache", "fault": "a killed builder",
"reads": "", "mended": "built again", "checked": ["files"]}'/></properties></testcase>
<testcase name="c"><properties><property name="fault" value='{"area": "cache", "fault": "not seen",
"reads": "x", "mended": "", "checked": []}'/></properties><failure message="red"/></testcase>
<testcase name="d"/>
</testsuite></testsuites>"""


def test_every_area_has_its_faults() -> None:
    """Each marker is one case or more."""
    found = [
        node.args[0].value
        for path in (ROOT / "tests/faults").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "pytest.mark.fault"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert set(found) >= AREAS
    assert len(found) >= 40


def test_the_table_has_the_faults_of_the_tests_that_passed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert list(faults.lines(list(faults.cases(report)))) == [
        "\ncache",
        "  disk full",
        "    reads No space left. ⏎ Make room.",
        "    checked files, kernel",
        "  a killed builder",
        "    mended built again",
        "    checked files",
    ]


@pytest.mark.parametrize(("last", "fails"), [("", False), ("raise ValueError", True)])
def test_the_faults_are_run_and_a_failure_is_passed_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    last: str,
    fails: bool,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tools"))
    conftest = (ROOT / "tests/faults/conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_one.py").write_text(
        "import pytest\n"
        "@pytest.mark.fault('cache', 'a row of {kind}')\n"
        "@pytest.mark.parametrize('kind', ['ones', 'twos'])\n"
        f"def test(kind, user_reads):\n    user_reads(f'no {{kind}}')\n    {last}\n"
    )
    assert bool(faults.main([str(tmp_path)])) is fails
    told = capfd.readouterr().out
    row = "  a row of twos\n    reads no twos\n    checked files, processes, shared memory"
    assert (row in told) is not fails
    assert f"{0 if fails else 2} faults in {0 if fails else 1} areas" in told


def test_the_mutations_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutations.main(["--list", "--only", "alt text"]) == 0
    assert capsys.readouterr().out == "alt text missing: alt\n"
    with pytest.raises(SystemExit):
        mutations.main(["--only", "no such thing"])
    assert "no mutation 'no such thing'; there are: missing parameters cell" in capsys.readouterr().err


@pytest.mark.slow
def test_a_survivor_makes_the_table_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noticed = PartMutation("noticed", "lab-code", "no code", lambda: [("lab-code", "there is no code")])
    survivor = PartMutation("survivor", "lab-code", "no code", lambda: [])
    for tried, code in (((noticed,), 0), ((noticed, survivor), 1)):
        monkeypatch.setattr(mutations, "MUTATIONS", tried)
        assert mutations.main([]) == code
        told = capsys.readouterr().out
        assert ("SURVIVED" in told) == bool(code)
        assert f"{len(tried)} mutations in" in told
