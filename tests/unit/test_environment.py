"""The environment report: what it says of packages, machine and engines, and how it shows itself."""

from importlib import metadata
from pathlib import Path

import pytest

from dpwidgets import samples
from dpwidgets.learn import environment, machine
from dpwidgets.learn.environment import Engine, EnvironmentReport, Package, environment_report


@pytest.fixture(scope="module")
def report() -> EnvironmentReport:
    return environment_report()


def test_every_required_package_is_listed_and_the_extras_are_not(report: EnvironmentReport) -> None:
    names = [package.name for package in report.packages]
    assert names[0] == "Python"
    assert {"torch", "torchvision", "pandas", "jupyterlab", "anywidget"} <= set(names)
    assert not {"pytest", "pyspark", "spacy"} & set(names)
    assert len(names) == len(set(names))


def test_the_verdict_here_is_good_because_the_tests_run_in_a_full_environment(
    report: EnvironmentReport,
) -> None:
    assert report.problems == ()
    assert report.verdict == "All required packages are installed and new enough."


@pytest.mark.parametrize(
    ("package", "problem"),
    [
        (Package("torch", ">=2.11", "2.15.0+cpu"), None),
        (Package("torch", ">=2.11", "2.16.0a0+git1"), None),
        (Package("torch", "", "0.1"), None),
        (Package("torch", ">=2.11", "2.9.1"), "torch is 2.9.1, but >=2.11 is needed"),
        (Package("torch", ">=2.11", None), "torch is not installed"),
    ],
)
def test_a_package_that_is_missing_or_too_old_is_named(package: Package, problem: str | None) -> None:
    assert package.problem == problem


def test_a_bad_package_turns_the_verdict_and_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "papermill":
            raise metadata.PackageNotFoundError(name)
        return "2.1" if name == "torch" else real(name)

    monkeypatch.setattr(environment.metadata, "version", version)
    verdict = environment_report().verdict
    assert verdict.startswith("Not ready: ")
    assert "papermill is not installed" in verdict
    assert "torch is 2.1, but" in verdict
    assert "`make lab`" in verdict


def test_an_engine_that_is_there_shows_its_version_and_a_missing_one_its_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines = (
        ("Torch", "here", "torch", "torch"),
        ("Ghost", "nowhere", "no_such_module_here", "ghost-dist"),
        ("Child", "nowhere", "no_such_package_here.child", "child-dist"),
    )
    monkeypatch.setattr(environment, "_ENGINES", engines)
    rows = dict(environment_report().sections["Optional engines"])
    assert rows["Torch: here"] == metadata.version("torch")
    assert rows["Ghost: nowhere"] == 'not installed; to get it: %pip install "ghost-dist"'
    assert rows["Child: nowhere"] == 'not installed; to get it: %pip install "child-dist"'


def test_the_install_line_carries_the_floor_of_the_extra(report: EnvironmentReport) -> None:
    spark = next(engine for engine in report.engines if engine.name == "Spark")
    floor = next(line for line in metadata.requires("dpwidgets") or () if line.startswith("pyspark"))
    assert spark.cure == f'%pip install "{floor.split(";")[0].strip()}"'


def test_every_fact_of_the_machine_has_a_value(report: EnvironmentReport) -> None:
    facts = dict(report.machine)
    assert int(facts["CPU cores for this process"]) >= 1
    assert float(facts["memory"].removesuffix(" GiB")) > 0.1
    assert facts["worker processes start by"] in {"fork", "forkserver", "spawn"}
    assert all(facts.values())


def test_memory_is_the_containers_limit_where_that_is_lower(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    whole = machine.memory(limit)  # no such file: the machine's own
    limit.write_text("1048576\n")
    assert machine.memory(limit) == 1048576
    limit.write_text("max\n")
    assert machine.memory(limit) == whole


def test_little_shared_memory_is_told_with_its_cure() -> None:
    assert machine.shared_memory(2 * machine.GIB) == "2.0 GiB"
    assert "--shm-size" in machine.shared_memory(64 * 2**20)


def test_a_missing_extension_of_jupyterlab_is_named(tmp_path: Path) -> None:
    assert "lacks @jupyter-widgets/jupyterlab-manager and anywidget" in machine.widgets([str(tmp_path)])
    (tmp_path / "@jupyter-widgets" / "jupyterlab-manager").mkdir(parents=True)
    assert "lacks anywidget:" in machine.widgets([str(tmp_path)])
    (tmp_path / "anywidget").mkdir()
    assert machine.widgets([str(tmp_path)]) == "ready"


def test_free_disk_is_found_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert machine.free_disk(tmp_path / "not" / "yet") > 0


def test_the_report_makes_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DPWIDGETS_CACHE", str(tmp_path / "cache"))
    environment_report()
    assert samples.cache_folder() == tmp_path / "cache"
    assert not (tmp_path / "cache").exists()


def test_text_and_html_tell_the_same(report: EnvironmentReport) -> None:
    text, html = repr(report), report._repr_html_()
    for rows in report.sections.values():
        for name, _ in rows:
            assert name in text
            assert name in html
    assert html.count("<caption") == len(report.sections)
    assert text.startswith(report.verdict)


def test_html_escapes_what_it_shows() -> None:
    report = EnvironmentReport((), (("system", "<b>&"),), (Engine("x", "y", None, '"<i>"'),))
    html = report._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_no_path_of_this_machine_is_shown(report: EnvironmentReport) -> None:
    assert str(Path.home()) not in repr(report)
    assert str(Path.home()) not in report._repr_html_()
