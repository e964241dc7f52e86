"""Whoever walks a reader's folder stays in it: no link leads out, circles of links end, no pipe is read."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dpwidgets import samples
from dpwidgets.prep.audit import audit_folder
from dpwidgets.prep.images import read_source
from dpwidgets.prep.scenes.reading import SceneFolder
from dpwidgets.prep.splitting.problems import read_problem

pytestmark = [
    pytest.mark.timeout(60),  # a walk in a circle would not end
    pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows; nothing to install"),
]
SECRET = (1, 2, 3)


def picture(path: Path, colour: tuple[int, int, int] = (200, 100, 50)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of four pictures; links to a file and a folder outside, in a circle, and to itself."""
    root = tmp_path / "root"
    for green, label in enumerate(("cat", "dog")):
        for number in range(4):
            picture(root / label / f"{number}.png", (10 * number, 100 * green, 50))
    picture(tmp_path / "outside/secret.png", SECRET)
    (root / "cat/file.png").symlink_to(tmp_path / "outside/secret.png")
    (root / "cat/relative.png").symlink_to("../../outside/secret.png")
    (root / "cat/folder").symlink_to(tmp_path / "outside")
    (root / "dog/up").symlink_to(root)
    (root / "dog/round").symlink_to(root / "dog")
    (root / "dog/itself.png").symlink_to("itself.png")
    (root / "dog/gone.png").symlink_to("nothing.png")
    (root / "zebra").symlink_to(tmp_path / "outside")
    return root


def test_the_audit(root: Path) -> None:
    table = audit_folder(root).table.set_index("file")
    assert table["usable"].sum() == 8
    for link in ("cat/file.png", "cat/relative.png", "cat/folder", "dog/up", "dog/round", "zebra"):
        assert table.loc[link, "problem"] == "link"
    for link in ("dog/itself.png", "dog/gone.png"):
        assert table.loc[link, "problem"] == "unreadable"


def test_the_audit_does_not_wait_for_a_pipe(root: Path) -> None:
    os.mkfifo(root / "cat/pipe.png")
    row = audit_folder(root).table.set_index("file").loc["cat/pipe.png"]
    assert (row["problem"], row["usable"]) == ("unreadable", False)
    assert "a pipe" in row["detail"]


def test_the_labs_of_images(root: Path) -> None:
    os.mkfifo(root / "cat/pipe.png")
    source = read_source(root)
    assert len(source) == 8
    assert source.classes == ("cat", "dog")
    assert "links out of the folder not followed: 2" in source.notes
    assert all(source.sample(number)["image"][0, 0, 0] != SECRET[0] for number in range(8))
    only_links = root / "only"
    only_links.mkdir()
    (only_links / "a.png").symlink_to(root.parent / "outside/secret.png")
    with pytest.raises(ValueError, match=r"holds no image.*links out of the folder not followed: 1"):
        read_source(only_links)


def test_the_split_lab(root: Path) -> None:
    problem = read_problem(root)
    assert problem.classes == ("cat", "dog")
    assert problem.ids == tuple(f"{label}/{number}.png" for label in ("cat", "dog") for number in range(4))


def test_the_scene_lab(tmp_path: Path) -> None:
    root = tmp_path / "root"
    picture(root / "images/one.png")
    picture(tmp_path / "outside/two.png", SECRET)
    (tmp_path / "outside/one.txt").write_text("secret")
    (root / "images/two.png").symlink_to(tmp_path / "outside/two.png")
    (root / "captions").symlink_to(tmp_path / "outside")
    found = SceneFolder(root)
    assert found.files == {"image": [root / "images/one.png"], "caption": [], "sound": []}
    (root / "images/one.png").unlink()
    with pytest.raises(FileNotFoundError, match="links out do not count"):
        SceneFolder(root)


def test_the_samples_replace_a_link_in_their_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPWIDGETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").write_text("not ours")
    tree = samples.cache.cached_tree("t", 1, _write)
    (tree / "one").unlink()
    (tree / "one").symlink_to(tmp_path / "elsewhere")
    tree = samples.cache.cached_tree("t", 1, _write)
    assert not (tree / "one").is_symlink()
    assert (tree / "one").read_text() == "ours"
    assert (tmp_path / "elsewhere").read_text() == "not ours"


def _write(root: Path) -> None:
    (root / "one").write_text("ours")


def test_a_name_that_is_no_text_is_a_row_that_can_be_shown(root: Path) -> None:
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(os.fsencode(root) + b"/cat/\xff.png")
    os.mkdir(os.fsencode(root) + b"/\xe9t\xe9")
    table = audit_folder(root).table
    assert table["usable"].sum() == 8
    assert table.set_index("file").loc["cat/\\xff.png", "problem"] == "unreadable"
    assert "\\xe9t\\xe9" in set(table["class"])
    table.to_html().encode()
    str(table).encode()
