"""`make quick` runs what belongs to the changed files, and says what it leaves out."""

import subprocess
from pathlib import Path

import pytest

import quick
from chapters import ROOT


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_changed_files_are_edited_and_new_ones_else_those_of_the_last_commit(tmp_path: Path) -> None:
    git(tmp_path, "init")
    for name in ("a.py", "b ü.py"):
        (tmp_path / name).write_text("1")
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-m", name)
    assert quick.changed_files(tmp_path) == ["b ü.py"]
    (tmp_path / "a.py").write_text("2")
    (tmp_path / "new.py").write_text("3")
    assert quick.changed_files(tmp_path) == ["a.py", "new.py"]


def test_without_git_nothing_is_changed(tmp_path: Path) -> None:
    assert quick.changed_files(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "test"),
    [
        ("dpwidgets/prep/parameters.py", "tests/unit/test_parameters.py"),
        ("dpwidgets/labs/image.py", "tests/unit/test_labs_image.py"),
        ("dpwidgets/labs/text.js", "tests/unit/test_labs_text_view.py"),
        ("dpwidgets/prep/audit.py", "tests/unit/test_audit.py"),
        ("tools/quick.py", "tests/unit/test_quick.py"),
        ("tools/warm_kernels/__init__.py", "tests/notebooks/test_warm_kernels.py"),
        ("benchmarks/suite.py", "tests/unit/test_suite_order.py"),
        ("tests/unit/test_scenes.py", "tests/unit/test_scenes.py"),
        ("dpwidgets/samples/cache.py", "tests/faults/test_samples_faults.py"),
    ],
)
def test_a_file_brings_its_tests(file: str, test: str) -> None:
    assert (ROOT / file).is_file()
    found = quick.matching_tests([file])
    assert test in found
    assert len(found) < 20


def test_a_text_brings_no_tests() -> None:
    assert quick.matching_tests(["README.md", "notebooks/source/05_augmentation.py"]) == []


@pytest.mark.parametrize(
    "file",
    [
        "notebooks/source/05b_text_augmentation.py",
        "notebooks/05b_text_augmentation.ipynb",
        "dpwidgets/learn/chapters/ch05b.py",
    ],
)
def test_a_file_brings_its_chapter(file: str) -> None:
    assert quick.chapters_of([file, "dpwidgets/learn/model.py", "notebooks/recordings/a.json"]) == [
        "notebooks/05b_text_augmentation.ipynb"
    ]


def test_chapters_come_first_and_what_is_too_long_is_left_out() -> None:
    seconds = {"a.ipynb": 35.0, "b.ipynb": 41.0, "c.py": 4.0, "d.py": 22.0, "e.py": 5.0}
    taken, left = quick.fitting([*seconds, quick.SPREAD[0]], seconds)
    assert taken == ["a.ipynb", "c.py", "e.py"]
    assert left == ["b.ipynb", quick.SPREAD[0], "d.py"]
