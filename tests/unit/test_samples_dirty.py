"""The dirty folder: each file has the fault that it is listed with, and no other file has one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dpwidgets import samples
from dpwidgets.samples.dirty import GOOD_PER_CLASS, write_dirty


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    write_dirty(folder)
    return folder


def is_image(path: Path, kind: str, mode: str) -> bool:
    with Image.open(path) as image:
        image.load()
        return (image.format, image.mode, image.getexif().get(0x0112, 1)) == (kind, mode, 1)


def breaks_while_decoding(path: Path) -> bool:
    with Image.open(path) as image:
        try:
            image.load()
        except OSError as error:
            return "truncated" in str(error)
    return False


def is_turned(path: Path) -> bool:
    with Image.open(path) as image:
        return image.getexif().get(0x0112) == 6 and image.width < image.height


def same_bytes(one: str) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        root = path.parents[1]
        return path.read_bytes() == (root / one).read_bytes()

    return check


def same_picture_other_bytes(path: Path) -> bool:
    original = path.with_name("chelsea_01.jpg")
    one, two = (np.asarray(Image.open(file), dtype=float) for file in (path, original))
    return path.read_bytes() != original.read_bytes() and abs(one - two).mean() < 3


def is_text(path: Path) -> bool:
    return path.read_bytes().isascii()


CHECKS: dict[str, Callable[[Path], bool]] = {
    ".ipynb_checkpoints/coffee_00.jpg": same_bytes("coffee/coffee_00.jpg"),
    "chelsea/reencoded.jpg": same_picture_other_bytes,
    "chelsea/sixteen_bit.png": lambda path: is_image(path, "PNG", "I;16"),
    "chelsea/truncated.jpg": breaks_while_decoding,
    "chelsea/turned.jpg": is_turned,
    "chelsea/zero_bytes.jpg": lambda path: path.stat().st_size == 0,
    "coffee/copy.jpg": same_bytes("coffee/coffee_00.jpg"),
    "coffee/palette.gif": lambda path: is_image(path, "GIF", "P"),
    "coffee/palette.png": lambda path: is_image(path, "PNG", "P"),
    "coffee/png_inside.jpg": lambda path: is_image(path, "PNG", "RGB"),
    "coffee/text_inside.jpg": is_text,
    "flower/cat_as_flower.jpg": same_bytes("chelsea/chelsea_00.jpg"),
    "flower/cmyk.jpg": lambda path: is_image(path, "JPEG", "CMYK"),
    "flower/grey.jpg": lambda path: is_image(path, "JPEG", "L"),
    "flower/notes.txt": is_text,
    "flower/transparent.png": lambda path: is_image(path, "PNG", "RGBA"),
    "rocket": lambda path: path.is_dir() and not any(path.iterdir()),
    "stray.jpg": lambda path: is_image(path, "JPEG", "RGB"),
}


def test_every_fault_has_its_check() -> None:
    assert set(CHECKS) == set(samples.dirty_contents())


@pytest.mark.parametrize("path", sorted(CHECKS))
def test_file_has_the_fault_that_is_listed(root: Path, path: str) -> None:
    assert CHECKS[path](root / path), samples.dirty_contents()[path]


def test_every_other_file_is_a_good_rgb_jpeg(root: Path) -> None:
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    good = files - set(samples.dirty_contents())
    assert len(good) == 3 * GOOD_PER_CLASS
    assert all(is_image(root / path, "JPEG", "RGB") for path in good)
    assert len({(root / path).read_bytes() for path in good}) == len(good)


def test_two_generations_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    write_dirty(tmp_path)

    def digests(folder: Path) -> dict[str, str]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }

    assert digests(tmp_path) == digests(root)
