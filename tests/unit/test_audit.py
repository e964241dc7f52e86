"""audit_folder: every kind of bad file becomes a row, every bad folder one clear message."""

import os
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from dpwidgets import samples
from dpwidgets.prep import image_file
from dpwidgets.prep.audit import Audit, AuditError, audit_folder


def picture(path: Path, seed: int, mode: str = "RGB", size: tuple[int, int] = (40, 30), **save: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **save)


def tree(root: Path, **classes: int) -> Path:
    """A flat tree: `tree(root, cat=3)` makes root/cat/{0,1,2}.jpg, all different."""
    for label, count in classes.items():
        (root / label).mkdir(parents=True)
        for i in range(count):
            picture(root / label / f"{i}.jpg", seed=crc32(f"{label}/{i}".encode()))
    return root


def row(audit: Audit, file: str) -> Any:
    (found,) = audit.table[audit.table["file"] == file].itertuples()
    return found


def refusal(root: Path, policy: str = "skip") -> str:
    with pytest.raises(AuditError) as caught:
        audit_folder(root).check(policy)
    message = str(caught.value)
    assert str(root) in message
    assert "\n" not in message
    return message


def test_a_clean_tree(tmp_path: Path) -> None:
    audit = audit_folder(tree(tmp_path, cat=3, dog=3))
    audit.check("stop")
    assert list(audit.table["file"]) == [f"{c}/{i}.jpg" for c in ("cat", "dog") for i in range(3)]
    assert set(audit.table["problem"]) == {"ok"}
    assert (audit.table["width"] == 40).all()
    assert not audit.has_splits
    assert audit.counts.loc["ok", "files"] == 6


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_modes_are_named_and_usable(tmp_path: Path, mode: str) -> None:
    root = tree(tmp_path, cat=3, dog=3)
    if mode == "I;16":
        Image.fromarray(np.full((30, 40), 40000, dtype=np.uint16)).save(root / "cat/x.png")
    else:
        picture(root / f"cat/x.{'tif' if mode == 'CMYK' else 'png'}", 1, mode)
    (found,) = audit_folder(root).table.query("file.str.contains('x')").itertuples()
    names = {"L": "grey", "RGBA": "transparency", "P": "palette", "CMYK": "CMYK", "I;16": "16 bits"}
    assert (found.problem, found.usable) == (names[mode], True)


def test_decimal_numbers_have_no_white(tmp_path: Path) -> None:
    root = tree(tmp_path, cat=3, dog=3)
    Image.fromarray(np.full((30, 40), 0.5, dtype=np.float32)).save(root / "cat/x.tif")
    (found,) = audit_folder(root).table.query("file.str.contains('x')").itertuples()
    assert (found.problem, found.usable) == ("no known range", False)
    assert "8 or 16 bits" in found.detail


def test_bad_files_become_rows(tmp_path: Path) -> None:
    root = tree(tmp_path, cat=4, dog=3)
    whole = (root / "cat/0.jpg").read_bytes()
    (root / "cat/half.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "cat/zero.jpg").write_bytes(b"")
    (root / "cat/notes.txt").write_text("a note")
    (root / "cat/text.jpg").write_text("not a picture")
    picture(root / "cat/icon.png", 5, size=(4, 4))
    picture(root / "cat/really.jpg", 6, format="PNG")
    exif = Image.Exif()
    exif[image_file.EXIF_ORIENTATION] = 6
    picture(root / "dog/turned.jpg", 7, exif=exif)
    (root / "readme.md").write_text("hello")
    (root / "regions.csv").write_text("file,region\n")
    (root / "empty").mkdir()
    (root / ".ipynb_checkpoints").mkdir()
    (root / "cat/.hidden.jpg").write_bytes(b"")
    audit = audit_folder(root)
    found = {r.file: (r.problem, r.usable) for r in audit.table.itertuples() if r.problem != "ok"}
    assert found == {
        "cat/half.jpg": ("damaged", False),
        "cat/zero.jpg": ("zero bytes", False),
        "cat/notes.txt": ("not an image", False),
        "cat/text.jpg": ("not an image", False),
        "cat/icon.png": ("tiny", False),
        "cat/really.jpg": ("wrong extension", True),
        "dog/turned.jpg": ("EXIF turn", True),
        "readme.md": ("stray", False),
        "empty/": ("empty class", False),
    }
    assert audit.counts["files"].sum() == len(audit.table)
    audit.check("skip")
    message = refusal(root, "stop")
    assert "7 of the entries found are not usable" in message
    assert "2 not an image" in message
    assert "cat/half.jpg (damaged)" in message
    assert "set policy to 'skip'" in message


def test_copies_in_one_class_keep_one_and_prefer_the_test_set(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        tree(tmp_path / split, **{f"{name}": 2 for name in ("cat", "dog")})
        for path in (tmp_path / split).rglob("*.jpg"):
            picture(path, seed=crc32(str(path.relative_to(tmp_path)).encode()))
    same = (tmp_path / "test/cat/0.jpg").read_bytes()
    (tmp_path / "train/cat/copy.jpg").write_bytes(same)
    audit = audit_folder(tmp_path)
    audit.check("skip")
    assert audit.has_splits
    assert set(audit.table["split"]) == {"train", "val", "test"}
    assert row(audit, "train/cat/copy.jpg").problem == "duplicate"
    assert row(audit, "train/cat/copy.jpg").detail == "same bytes as test/cat/0.jpg"
    assert row(audit, "test/cat/0.jpg").usable


def test_copies_under_two_labels_are_all_left_out(tmp_path: Path) -> None:
    root = tree(tmp_path, cat=4, dog=4)
    (root / "dog/copy.jpg").write_bytes((root / "cat/0.jpg").read_bytes())
    audit = audit_folder(root)
    for file in ("dog/copy.jpg", "cat/0.jpg"):
        assert row(audit, file).problem == "conflicting label"
        assert not row(audit, file).usable


def test_links_never_lead_out(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", cat=3, dog=3)
    tree(tmp_path / "outside", secret=2)
    (root / "cat/link.jpg").symlink_to(tmp_path / "outside/secret/0.jpg")
    (root / "cat/folder").symlink_to(tmp_path / "outside/secret")
    (root / "bird").symlink_to(tmp_path / "outside/secret")
    (root / "cat/loop").symlink_to(root)
    audit = audit_folder(root)
    links = audit.table[audit.table["problem"] == "link"]
    assert set(links["file"]) == {"bird", "cat/folder", "cat/link.jpg", "cat/loop"}
    assert not links["usable"].any()
    assert len(audit.table) == 10


def test_a_bomb_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_file, "MAX_PIXELS", 1000)
    root = tree(tmp_path, cat=3)
    assert set(audit_folder(root).table["problem"]) == {"too large"}


def test_a_decoder_that_raises_anything_becomes_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("decoder broke\nbadly")

    root = tree(tmp_path, cat=1)
    monkeypatch.setattr(Image.Image, "getexif", broken)
    assert row(audit_folder(root), "cat/0.jpg").detail == "cannot be decoded: decoder broke"


def test_progress_sees_every_file(tmp_path: Path) -> None:
    seen: list[int] = []

    def progress(findings: Any, total: int) -> Any:
        for finding in findings:
            seen.append(total)
            yield finding

    audit_folder(tree(tmp_path, cat=2, dog=1), progress)
    assert seen == [3, 3, 3]


def test_missing_file_and_empty(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none")
    (tmp_path / "a.jpg").write_bytes(b"")
    assert "is a file, not a folder" in refusal(tmp_path / "a.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/.hidden").mkdir()
    assert "is empty" in refusal(tmp_path / "empty")


def test_no_class_folders(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", 1)
    assert "no class folders" in refusal(tmp_path)


@pytest.mark.parametrize("names", [("Training", "Testing"), ("train", "dev"), ("TRAIN", "Testing")])
def test_the_names_of_splits(tmp_path: Path, names: tuple[str, str]) -> None:
    for number, name in enumerate(names):
        for label in ("cat", "dog"):
            picture(tmp_path / name / label / "0.jpg", seed=crc32(f"{number}/{label}".encode()))
    audit = audit_folder(tmp_path)
    assert audit.has_splits
    assert set(audit.table["class"]) == {"cat", "dog"}
    assert set(audit.table["split"]) == {"train", "test" if names[1] == "Testing" else "val"}


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "Testing")])
def test_a_train_folder_without_classes_beside_another_split(tmp_path: Path, names: tuple[str, str]) -> None:
    tree(tmp_path, **dict.fromkeys(names, 3))
    assert f"{tmp_path / names[0]} has no class folders; put its images" in refusal(tmp_path)


def test_a_hidden_folder_does_not_make_a_class_named_train_a_split(tmp_path: Path) -> None:
    tree(tmp_path, car=2, plane=2, train=2)
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    audit = audit_folder(tmp_path)
    assert set(audit.table["class"]) == {"car", "plane", "train"}
    assert audit.table["usable"].all()


def test_a_split_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path / "train", cat=2, dog=2)
    tree(tmp_path / "val", cat=1, dog=1)
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "val":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "val cannot be read (Permission denied)" in refusal(tmp_path)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is simulated: root may read everything."""

    def refuse(path: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert "cannot be read (Permission denied)" in refusal(tmp_path)


def test_unreadable_files_are_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    root = tree(tmp_path, cat=1)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert row(audit_folder(root), "cat/0.jpg").problem == "unreadable"


def test_one_class_only(tmp_path: Path) -> None:
    assert "one class only (cat)" in refusal(tree(tmp_path / "a", cat=3))
    tree(tmp_path / "b/images", cat=3, dog=3)
    assert f"try {tmp_path / 'b/images'}" in refusal(tmp_path / "b")


def test_a_class_with_one_image(tmp_path: Path) -> None:
    message = refusal(tree(tmp_path, cat=3, dog=1))
    assert "too few usable images in dog (1); a class needs at least 3" in message


def test_a_class_whose_files_are_all_bad(tmp_path: Path) -> None:
    root = tree(tmp_path, cat=3, dog=3, bird=0)
    (root / "bird/a.jpg").write_bytes(b"")
    assert "bird (0)" in refusal(root)


def test_with_splits_one_training_image_is_enough_but_none_is_not(tmp_path: Path) -> None:
    tree(tmp_path / "train", cat=2, dog=1)
    tree(tmp_path / "test", bird=2)
    assert "bird (0)" in refusal(tmp_path)
    for i in range(2):
        (tmp_path / f"test/bird/{i}.jpg").unlink()
    audit_folder(tmp_path).check("skip")


def test_every_fault_of_the_dirty_folder_is_found_but_a_copy_with_other_bytes() -> None:
    table = audit_folder(samples.dirty_folder()).table
    found = {r.file.rstrip("/"): r.problem for r in table.itertuples()}
    seen = {f: fault for f, fault in samples.dirty_contents().items() if not fault.startswith("hidden")}
    assert seen.keys() <= found.keys()
    missed = {fault for file, fault in seen.items() if found[file] == "ok"}
    assert missed == {"near duplicate of chelsea/chelsea_01.jpg"}
