"""Damaged files by the thousand: each becomes a finding or a picture of the right shape, never a crash."""

import ast
import contextlib
import json
import re
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest
import torch
from fuzz_images import FORMATS, bombs, damaged
from PIL import Image

from dpwidgets import samples
from dpwidgets.prep.audit import Audit, audit_folder
from dpwidgets.prep.caching.array_cache import cached_array
from dpwidgets.prep.fast.batches import decode_resized
from dpwidgets.prep.image_file import MAX_PIXELS
from dpwidgets.prep.images import read_source
from dpwidgets.prep.scenes.reading import read_image
from dpwidgets.samples.cache import cached_tree

COUNT = 2400
CHAPTER = Path(__file__).parents[2] / "notebooks/source/10_end_to_end.py"
# What Pillow raises on damaged files; TypeError and struct.error come from damaged EXIF data.
MAY_RAISE = (OSError, SyntaxError, ValueError, TypeError, struct.error, Image.DecompressionBombError)
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def decode() -> Callable[[Path, int], torch.Tensor]:
    """Chapter 10's."""
    cell = next(cell for cell in jupytext.read(CHAPTER).cells if "def decode(" in cell.source)
    wanted = [one for one in ast.parse(cell.source).body if not isinstance(one, ast.Expr)]
    space: dict[str, Any] = {"Path": Path}
    exec(compile(ast.Module(wanted, []), CHAPTER.name, "exec"), space)
    return space["decode"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fuzz")
    for name in FORMATS:
        (root / name).mkdir()
    folders = {suffix: root / name for name, suffix in FORMATS.items()}
    for name, content in damaged(COUNT, seed=2026):
        (folders[name.rsplit(".")[-1]] / name).write_bytes(content)
    return root


@pytest.fixture(scope="module")
def audit(tree: Path) -> Audit:
    return audit_folder(tree)


def test_the_audit_makes_a_row_of_each(audit: Audit) -> None:
    table = audit.table
    assert len(table) == COUNT
    assert set(table["problem"]) >= {"ok", "damaged", "not an image", "zero bytes"}
    for each in ("usable", "damaged"):
        share = (table["usable"] if each == "usable" else table["problem"] == "damaged").mean()
        assert 0.1 < share < 0.9, f"{each}: {share:.0%}; the damage is too strong or too weak"
    assert not table["detail"].str.contains("\n").any()
    assert (table["width"] * table["height"] <= MAX_PIXELS)[table["usable"]].all()


def test_what_the_audit_calls_usable_chapter_10_decodes(audit: Audit, decode: Any) -> None:
    for file in audit.usable["file"]:
        photo = decode(audit.root / file, 32)
        assert (photo.shape, photo.dtype) == ((3, 32, 32), torch.uint8), file


def test_the_others_are_refused_in_the_ways_that_readers_expect(audit: Audit, decode: Any) -> None:
    for row in audit.table[~audit.table["usable"]].itertuples():
        for read, raises in ((decode, MAY_RAISE), (read_image, ValueError)):
            try:
                photo = read(audit.root / row.file, 32)
            except raises:
                continue
            assert (photo.shape, photo.dtype) == ((3, 32, 32), torch.uint8), row.file


def test_fast_decoding_gives_a_picture_or_names_the_file(audit: Audit) -> None:
    for file in audit.table["file"]:
        try:
            photo = decode_resized(audit.root / file, 32)
        except (RuntimeError, OSError) as error:
            assert str(audit.root / file) in str(error)  # noqa: PT017
        else:
            assert (photo.shape, photo.dtype) == ((3, 32, 32), torch.uint8), file


def test_the_image_lab_shows_what_can_be_shown_and_names_the_rest(tree: Path, audit: Audit) -> None:
    source = read_source(tree)
    before = len(source)
    number = 0
    while number < len(source):  # what cannot be decoded drops out on the way
        sample = source.sample(number, 0.25)["image"]
        assert (sample.shape[0], sample.dtype) == (3, torch.uint8)
        number += 1
    skipped = [note for note in source.notes if "cannot be decoded" in note]
    assert len(skipped) == before - len(source) > 0
    assert all("damag" not in note or "\n" not in note for note in skipped)


@pytest.mark.fault("audit", "decompression bomb: {name}")
@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_told_and_takes_no_memory(tmp_path: Path, name: str, decode: Any, user_reads: Any) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / name).write_bytes(bombs()[name] + label.encode())
    before = _fresh_peak()
    row = audit_folder(tmp_path).table.iloc[0]
    for read in (decode, read_image, decode_resized):
        with contextlib.suppress(*MAY_RAISE, RuntimeError):
            assert read(tmp_path / row["file"], 32).shape == (3, 32, 32)
    assert _peak() - before < 1.2e9, f"{_peak() - before:,} bytes for {name}"
    user_reads(f"{row['problem']}: {row['detail']}")
    if name in ("side.jpg", "side.png", "side.gif", "side.bmp", "below-pillows-limit.png"):
        assert row["problem"] == "too large"
    assert not row["usable"]


def _fresh_peak() -> int:
    """The peak, counted from now on where the system can: else that of earlier tests would hide it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    """Bytes in memory of this process, at the most so far."""
    with contextlib.suppress(OSError):
        kilobytes = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert kilobytes is not None
        return 1024 * int(kilobytes[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def spoiled(content: bytes, count: int) -> Iterator[bytes]:
    """The content with bytes flipped, cut, doubled or lost."""
    for number in range(count):
        rng = np.random.default_rng([3, number])
        data = bytearray(content)
        at = int(rng.integers(0, len(data)))
        if number % 4 == 0:
            data = data[:at]
        elif number % 4 == 1:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif number % 4 == 2:
            data[at:at] = rng.bytes(int(rng.integers(1, 9)))
        else:
            del data[at : at + int(rng.integers(1, 9))]
        yield bytes(data)


ROWS = np.arange(5 * 12, dtype=np.float32).reshape(5, 3, 4)


@pytest.mark.parametrize("file", ["key.npy", "key.json"])
def test_an_array_cache_with_any_byte_wrong_is_sound_or_made_again(tmp_path: Path, file: str) -> None:
    cached_array(tmp_path, "key", 5, lambda number: ROWS[number])
    whole = (tmp_path / file).read_bytes()
    # Of the file with the array only the head is text that is parsed.
    for content in spoiled(whole[:160] if file == "key.npy" else whole, 300):
        rest = whole[160:] if file == "key.npy" else b""
        (tmp_path / file).write_bytes(content + rest)
        info = cached_array(tmp_path, "key", 5, lambda number: ROWS[number])
        assert np.array_equal(info.array, ROWS)
        assert not info.array.flags.writeable


@pytest.mark.parametrize("text", ["[]", "3", "null", '"a"', '{"bytes": "all", "crc32": 5}', "[" * 100_000])
def test_sums_that_are_no_sums(tmp_path: Path, text: str) -> None:
    cached_array(tmp_path, "key", 5, lambda number: ROWS[number])
    (tmp_path / "key.json").write_text(text)
    info = cached_array(tmp_path, "key", 5, lambda number: ROWS[number])
    assert info.built
    assert info.reason == "damaged"


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "it ran",)

    cached_array(tmp_path, "key", 5, lambda number: ROWS[number])
    np.save(tmp_path / "key.npy", np.array([Bomb()] * 5, dtype=object), allow_pickle=True)
    told = json.loads((tmp_path / "key.json").read_text()) | {"bytes": (tmp_path / "key.npy").stat().st_size}
    (tmp_path / "key.json").write_text(json.dumps(told))
    assert cached_array(tmp_path, "key", 5, lambda number: ROWS[number]).built
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("number", range(4))
def test_a_manifest_with_bytes_wrong_leads_to_a_whole_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setenv("DPWIDGETS_CACHE", str(tmp_path))
    tree = cached_tree("t", 1, lambda root: (root / "one").write_text("1") and None)
    manifest = tree.parent / "manifest.json"
    for content in [b"[]", b"3", b"null", b'{"one": []}', *spoiled(manifest.read_bytes(), 40)][number::4]:
        manifest.write_bytes(content)
        assert (cached_tree("t", 1, lambda root: (root / "one").write_text("1") and None) / "one").is_file()


def test_regions_with_bytes_wrong_are_read_or_refused_with_the_cure(tmp_path: Path) -> None:
    whole = "file,region\n" + "".join(f"a/{n}.jpg,a-{n % 3}\n" for n in range(9))
    (tmp_path / "a").mkdir()
    for n in range(9):
        (tmp_path / f"a/{n}.jpg").touch()
    told, read = set(), 0
    for content in spoiled(whole.encode(), 200):
        (tmp_path / "regions.csv").write_bytes(content)
        try:
            found = samples.photo_regions(tmp_path)
        except samples.SampleError as error:
            told.add(str(error))
        else:
            assert all(isinstance(name, str) for name in (*found, *found.values())), content
            read += 1
    assert told
    assert read > 20
    assert all("regions.csv" in message for message in told)
