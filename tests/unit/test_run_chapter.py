"""The chapter from the command line: where its record goes."""

from pathlib import Path

import pytest
from papermill.exceptions import PapermillExecutionError

import run_chapter

REFUSED = PapermillExecutionError(3, 3, "check", "ParameterError", "epochs = 0", [])


@pytest.fixture
def papermill(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Stands for papermill: writes the output, then ends as the next entry says."""
    ends: list[BaseException | None] = []

    def main(args: list[str], **_: object) -> None:
        end = ends.pop(0)
        Path(args[1]).write_text(f"{type(end).__name__}")
        if end is not None:
            raise end

    monkeypatch.setattr(run_chapter.papermill_cli, "main", main)
    return ends


def test_a_refused_run_leaves_nothing_and_never_takes_the_place_of_a_record(
    papermill: list[BaseException | None], tmp_path: Path
) -> None:
    record = tmp_path / "cats" / run_chapter.CHAPTER.name
    papermill.extend([REFUSED, None, REFUSED])
    assert run_chapter.run("cats", [], tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert run_chapter.run("cats", [], tmp_path) == 0
    assert record.read_text() == "NoneType"
    assert run_chapter.run("cats", [], tmp_path) == 1
    assert record.read_text() == "NoneType"


def test_a_run_that_failed_half_way_keeps_its_record(
    papermill: list[BaseException | None], tmp_path: Path
) -> None:
    (tmp_path / "cats").mkdir()  # the chapter wrote something
    papermill.append(REFUSED)
    assert run_chapter.run("cats", [], tmp_path) == 1
    assert (tmp_path / "cats" / run_chapter.CHAPTER.name).is_file()


def test_an_interrupted_run_says_how_to_go_on(
    papermill: list[BaseException | None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cats").mkdir()
    papermill.append(KeyboardInterrupt())
    assert run_chapter.run("cats", ["-p", "data_dir", "my pictures"], tmp_path) == 130
    assert "make run RUN=cats ARGS=\"-p data_dir 'my pictures'\"" in capsys.readouterr().err
