"""Folders that cannot be audited, or not trained on: one message with path and cure, the folder as it was."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dpwidgets.labs.image import ImageLab
from dpwidgets.prep.audit import Audit, AuditError, audit_folder
from dpwidgets.prep.image_file import inspect_image

Told = Callable[[object], str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of four pictures."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{number}.png")
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def the_folder_stays_as_it_is(root: Path, also_checked: Callable[[str], None]) -> Iterator[None]:
    """Whatever the audit finds, it changes nothing; a test that damages the folder does so before."""
    yield
    assert not [path for path in root.parent.rglob("*") if path.name.startswith((".", "~"))]
    also_checked("nothing written into the folder")


def refused(root: Path, policy: str = "skip") -> AuditError:
    with pytest.raises(AuditError) as raised:
        audit_folder(root).check(policy)
    message = str(raised.value)
    assert str(root) in message
    assert "\n" not in message
    return raised.value


def missing(root: Path) -> Path:
    return root / "nowhere"


def a_file(root: Path) -> Path:
    return root / "cat/0.png"


def empty(root: Path) -> Path:
    (root / "empty").mkdir()
    return root / "empty"


def no_classes(root: Path) -> Path:
    return root / "cat"


def one_level_too_high(root: Path) -> Path:
    return root.parent


def a_class_of_broken_pictures(root: Path) -> Path:
    for path in (root / "dog").iterdir():
        path.write_bytes(path.read_bytes()[:60])
    return root


def a_class_of_one(root: Path) -> Path:
    for number in range(1, 4):
        (root / f"dog/{number}.png").unlink()
    return root


KINDS = [missing, a_file, empty, no_classes, one_level_too_high, a_class_of_broken_pictures, a_class_of_one]


@pytest.mark.fault("audit", "a folder: {kind.__name__}")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_folder_that_cannot_be_trained_on(
    root: Path, kind: Callable[[Path], Path], user_reads: Told
) -> None:
    user_reads(refused(kind(root)))


@pytest.mark.fault("audit", "a damaged picture, and the policy is to stop")
def test_a_damaged_picture_stops(root: Path, user_reads: Told) -> None:
    (root / "cat/0.png").write_bytes((root / "cat/0.png").read_bytes()[:90])
    message = user_reads(refused(root, "stop"))
    assert "cat/0.png (damaged)" in message
    assert "set policy to 'skip'" in message


def row(audit: Audit, file: str) -> str:
    found = audit.table.set_index("file").loc[file]
    assert not found["usable"]
    assert audit.table["usable"].sum() == 7
    return f"{file}: {found['problem']}: {found['detail']}"


@pytest.mark.fault("audit", "a file vanishes while the audit runs")
def test_a_file_that_vanishes_is_a_row(root: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Told) -> None:
    def inspect(path: Path) -> object:
        if path.name == "2.png" and path.parent.name == "dog":
            path.unlink()
        return inspect_image(path)

    monkeypatch.setattr("dpwidgets.prep.audit.inspect_image", inspect)
    assert "No such file" in user_reads(row(audit_folder(root), "dog/2.png"))


@pytest.mark.fault("audit", "a file that may not be read")
def test_a_file_without_the_right_to_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Told
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:  # simulated: the superuser may read every file
        if path.name == "1.png" and path.parent.name == "cat":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "Permission denied" in user_reads(row(audit_folder(root), "cat/1.png"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders; nothing to install")
@pytest.mark.fault("audit", "a named pipe between the pictures")
@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(root: Path, user_reads: Told) -> None:
    (root / "dog/3.png").unlink()
    os.mkfifo(root / "dog/3.png")
    user_reads(row(audit_folder(root), "dog/3.png"))


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there; nothing to install")
@pytest.mark.fault("audit", "a file name that is no text")
def test_a_name_that_is_no_text(root: Path, user_reads: Told) -> None:
    os.rename(root / "dog/3.png", os.fsencode(root) + b"/dog/\xff.png")
    user_reads(row(audit_folder(root), "dog/\\xff.png"))


@pytest.mark.fault("audit", "damaged EXIF data")
def test_exif_data_that_would_stop_a_run_are_found(root: Path, user_reads: Told) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    Image.new("RGB", (40, 30), "red").save(root / "cat/0.jpg", exif=exif)
    data = bytearray((root / "cat/0.jpg").read_bytes())
    data[data.index(b"\x01\x0f\x00\x02") + 1] = 0x1A  # the maker's name becomes the resolution
    (root / "cat/0.jpg").write_bytes(data)
    (root / "cat/0.png").unlink()
    assert "cannot be decoded" in user_reads(row(audit_folder(root), "cat/0.jpg"))


@pytest.mark.fault("labs", "a folder of pictures of which none can be decoded")
def test_a_lab_without_a_picture(root: Path, user_reads: Told) -> None:
    for path in root.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(ValueError, match="No image can be decoded") as raised:
        ImageLab(root)
    user_reads(raised.value)


@pytest.mark.fault(
    "labs", "the folder of pictures vanishes behind an open lab", mended="the lab keeps its picture"
)
def test_a_folder_that_vanishes(root: Path) -> None:
    lab = ImageLab(root, tiles=2)
    before = lab.frame
    for path in root.rglob("*.png"):
        path.unlink()
    lab.set(seed=lab.params["seed"])
    assert lab.frame == before
    lab.close()
