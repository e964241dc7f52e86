"""check_parameters: what is refused, and that the message names parameter, value and cure."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import IMG_EXTENSIONS
from traitlets.config import Config

from dpwidgets.prep.files import IMAGE_FOLDER_READS
from dpwidgets.prep.parameters import (
    Choice,
    Flag,
    Folder,
    Integer,
    Number,
    ParameterError,
    Text,
    check_parameters,
)

RULES = {"batch_size": Integer(1, 4096), "lr": Number(1e-6, 1.0), "model": Choice("small_cnn", "resnet18")}
GOOD = {"batch_size": 32, "lr": 0.01, "model": "small_cnn"}
WRITTEN = "batch_size = 32\nlr = 0.01\nmodel = 'small_cnn'"


def refusal(rule: Any, value: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        check_parameters({"value": value}, value=rule)
    return str(caught.value)


@pytest.mark.parametrize("value", [1, 4096, np.int64(7)])
def test_integer_takes_whole_numbers_in_range(value: Any) -> None:
    check_parameters({"n": value}, n=Integer(1, 4096))


@pytest.mark.parametrize("value", [0, -1, 4097, 3.5, 3.0, True, "many", "", None, [3]])
def test_integer_refuses(value: Any) -> None:
    message = refusal(Integer(1, 4096), value)
    assert message.startswith(f"value = {value!r} ")
    assert "from 1 to 4096" in message


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25)])
def test_number_takes_finite_numbers_in_range(value: Any) -> None:
    check_parameters({"x": value}, x=Number(0, 1))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), True, "fast", None, [0.5]])
def test_number_refuses(value: Any) -> None:
    message = refusal(Number(0, 1), value)
    assert message.startswith(f"value = {value!r} ")
    assert "from 0 to 1" in message


def test_number_as_text_gets_the_cure_for_yaml() -> None:
    assert "write 1.0e-3" in refusal(Number(0, 1), "1e-3")


def test_choice_suggests_the_nearest_and_tells_one_from_true() -> None:
    assert "did you mean resnet18?" in refusal(Choice("small_cnn", "resnet18"), "resnet-18")
    assert "1, 2" in refusal(Choice(1, 2), True)


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_flag_refuses_all_but_true_and_false(value: Any) -> None:
    check_parameters({"f": False}, f=Flag())
    assert "True or False" in refusal(Flag(), value)


@pytest.mark.parametrize("value", ["", "  ", None, 3, "../elsewhere"])
def test_text_refuses(value: Any) -> None:
    check_parameters({"t": "run-1"}, t=Text(r"[\w-]+"))
    check_parameters({"t": None}, t=Text(optional=True))
    assert "allowed is text" in refusal(Text(r"[\w-]+"), value)


def test_folder_says_what_is_wrong_with_the_path(tmp_path: Path) -> None:
    check_parameters({"d": str(tmp_path), "e": tmp_path, "f": None}, d=Folder(), e=Folder(), f=Folder(True))
    (tmp_path / "a.txt").write_text("a")
    assert "does not exist" in refusal(Folder(), str(tmp_path / "none"))
    assert "is a file, not a folder" in refusal(Folder(), tmp_path / "a.txt")
    assert "the path of a folder" in refusal(Folder(), None)
    assert "the path of a folder" in refusal(Folder(optional=True), "")


def test_a_relative_folder_tells_where_it_was_looked_for(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"looked in {tmp_path}" in refusal(Folder(), "pictures")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("cat/._0.JPG", True),
        ("cat/summer/._0.png", True),
        (".trash/0.jpg", True),
        ("cat/.DS_Store", False),
        ("cat/.raw/0.png", True),
        (".notes.jpg", False),
        ("cat/0.jpg", False),
    ],
)
def test_a_hidden_picture_is_told_where_image_folder_would_read_it(
    tmp_path: Path, name: str, refused: bool
) -> None:
    """`ImageFolder` itself says which: those that it finds with a hidden name, or in a hidden folder."""
    for file in ("cat/1.jpg", "dog/1.jpg", name):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    read = [Path(file).relative_to(tmp_path) for file, _ in ImageFolder(str(tmp_path)).samples]
    assert any(part.startswith(".") for file in read for part in file.parts) is refused
    if refused:
        told = refusal(Folder(visible=True), tmp_path)
        assert name.rpartition("/")[0] in told
        assert "remove it" in told
    else:
        check_parameters({"d": tmp_path}, d=Folder(visible=True))
    check_parameters({"d": tmp_path}, d=Folder())


def test_the_suffixes_are_those_of_image_folder() -> None:
    assert IMAGE_FOLDER_READS == IMG_EXTENSIONS


def test_chapters_that_give_own_photos_to_image_folder_look_for_hidden_ones(root: Path) -> None:
    asked = set()
    for source in sorted((root / "notebooks" / "source").glob("*.py")):
        text = source.read_text(encoding="utf-8")
        if re.search(r"ImageFolder\(\s*(str\()?root", text):
            assert re.search(r"\bdata_dir=[\w.]*Folder\([^)]*visible=True", text), source.name
            asked.add(source.stem[:3].rstrip("_"))
    assert {"00", "02", "10c", "10d"} <= asked


def test_all_problems_come_in_one_message() -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters({"batch_size": 0, "lr": "1e-3"}, **RULES)
    message = str(caught.value)
    assert "3 parameters are wrong" in message
    assert "batch_size = 0" in message
    assert "lr = '1e-3'" in message
    assert "model is not set" in message


def check(history: list[str], **more: Any) -> None:
    check_parameters({**GOOD, **more, "In": [*history, "check_parameters(...)"]}, **RULES)


def test_a_name_injected_by_papermill_must_be_known() -> None:
    with pytest.raises(ParameterError, match=r"bacth_size = 16 is no parameter .*did you mean batch_size\?"):
        check(["", WRITTEN, "# Parameters\nbacth_size = 16\n"], bacth_size=16)


def test_a_name_in_the_readers_own_cell_must_be_known() -> None:
    with pytest.raises(ParameterError, match=r"epoch = 3 is no parameter .*Known: batch_size, lr, model"):
        check(["", WRITTEN + "\nepoch: int = 3"], epoch=3)


def test_scratch_cells_and_older_cells_are_left_alone() -> None:
    check(["", WRITTEN + "\nold = 1", WRITTEN, "# Parameters\nlr = 0.1", "%matplotlib inline", "x = 1"])


def test_history_of_a_real_shell_and_a_short_traceback(tmp_path: Path, capsys: Any) -> None:
    settings = Config({"HistoryManager": {"hist_file": ":memory:"}})
    shell = InteractiveShell(config=settings, ipython_dir=str(tmp_path))
    shell.run_cell("from dpwidgets.prep.parameters import *", store_history=True)
    shell.run_cell("n = 1", store_history=True)
    shell.run_cell("# Parameters\nm = 2", store_history=True)
    result = shell.run_cell("check_parameters(globals(), n=Integer(1, 2))", store_history=True)
    assert isinstance(result.error_in_exec, ParameterError)
    shown = capsys.readouterr().out
    assert "m = 2 is no parameter" in shown
    assert "Traceback" not in shown
