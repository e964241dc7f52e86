"""The cache of arrays under bad luck: damage, a full disk, two processes, a killed one."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dpwidgets.prep.caching import array_cache
from dpwidgets.prep.caching.array_cache import CacheError, RowError, cached_array, content_key

SHAPE = (3, 8, 8)


def row(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, SHAPE, dtype=np.uint8)


def built(folder: Path, count: int = 5) -> Path:
    info = cached_array(folder, "key", count, row)
    assert info.built
    return info.path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.fault("cache", "a sound array in a folder that may only be read", mended="it is used")
def test_a_sound_array_in_a_folder_that_may_only_be_read_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(tmp_path)

    def read_only(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", read_only)
    assert not cached_array(tmp_path, "key", 5, row).built


def test_a_row_that_is_no_array_of_numbers_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row 0 is of dtype object"):
        cached_array(tmp_path, "key", 5, lambda number: None)  # type: ignore[arg-type, return-value]
    assert files(tmp_path) == []


def test_found_again_equal_and_read_only(tmp_path: Path) -> None:
    built(tmp_path)
    calls: list[int] = []
    info = cached_array(tmp_path, "key", 5, lambda number: calls.append(number) or row(number))  # type: ignore[func-returns-value]
    assert not info.built
    assert calls == []
    assert all(np.array_equal(info.array[number], row(number)) for number in range(5))
    with pytest.raises(ValueError, match="read-only"):
        info.array[0] = 0
    assert files(tmp_path) == ["key.json", "key.npy"]


@pytest.mark.parametrize("kind", ["cut", "flipped", "sums", "no sums", "empty", "other count"])
@pytest.mark.fault("cache", "damaged array: {kind}", mended="made again, all rows equal")
def test_damage_is_found_and_mended(tmp_path: Path, kind: str) -> None:
    path = built(tmp_path)
    content = bytearray(path.read_bytes())
    if kind == "cut":
        path.write_bytes(content[:-1])
    elif kind == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif kind == "sums":
        path.with_suffix(".json").write_text("{")
    elif kind == "no sums":
        path.with_suffix(".json").unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    count = 4 if kind == "other count" else 5
    info = cached_array(tmp_path, "key", count, row)
    assert info.built
    assert info.reason == ("missing" if kind == "no sums" else "damaged")
    assert all(np.array_equal(info.array[number], row(number)) for number in range(count))


@pytest.mark.fault("cache", "disk full (told by the system)")
def test_a_full_disk_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_reads: Callable[[object], str]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match=r"No space left on device\. Make room") as raised:
        cached_array(tmp_path, "key", 5, row)
    user_reads(raised.value)
    assert files(tmp_path) == []
    monkeypatch.undo()
    assert built(tmp_path)


@pytest.mark.skipif(not Path("/dev/shm").is_dir() or os.geteuid() != 0, reason="mounting needs the superuser")
@pytest.mark.fault("cache", "a disk of 64 kB, really full")
def test_a_disk_that_is_really_full(tmp_path: Path, user_reads: Callable[[object], str]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("this system does not allow a mount; nothing to install")
    try:
        with pytest.raises(CacheError, match="No space left") as raised:
            cached_array(disk, "key", 1000, row)
        user_reads(raised.value)
        assert files(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.fault("cache", "a row of another shape")
def test_a_row_of_another_shape_is_named_and_leaves_nothing(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    with pytest.raises(ValueError, match=r"row 3 is uint8 \(2,\), row 0 is uint8 \(3, 8, 8\)") as raised:
        cached_array(tmp_path, "key", 5, lambda number: row(number) if number != 3 else np.zeros(2, np.uint8))
    user_reads(raised.value)
    assert files(tmp_path) == []


@pytest.mark.fault("cache", "a picture that cannot be decoded")
def test_a_broken_picture_is_not_taken_for_a_broken_disk(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")

    def decode(number: int) -> np.ndarray:
        return row(number) if number != 3 else np.asarray(Image.open(tmp_path / "broken.jpg"))

    with pytest.raises(
        RowError, match=r"row 3 could not be made: UnidentifiedImageError: .*broken\.jpg"
    ) as raised:
        cached_array(tmp_path / "cache", "key", 5, decode)
    user_reads(raised.value)
    assert files(tmp_path / "cache") == []


@pytest.mark.fault("cache", "the folder lies in a file")
def test_an_unwritable_place_is_named(tmp_path: Path, user_reads: Callable[[object], str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="file") as raised:
        cached_array(tmp_path / "file" / "cache", "key", 5, row)
    user_reads(raised.value)


def _build_slowly(folder: str, ready: Any, log: Any) -> None:
    def slow(number: int) -> np.ndarray:
        with log.get_lock():
            log.value += 1
        time.sleep(0.05)  # in place of a slow decode: the processes must overlap
        return row(number)

    ready.wait(30)
    info = cached_array(Path(folder), "key", 5, slow)
    assert np.array_equal(info.array[4], row(4))


@pytest.mark.timeout(120)
@pytest.mark.fault(
    "cache", "two processes at the same time", mended="one builds, the other waits; both get all rows"
)
def test_two_processes_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready, log = context.Barrier(2), context.Value("i", 0)
    both = [context.Process(target=_build_slowly, args=(str(tmp_path), ready, log)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert log.value == 5, "both made the rows"
    assert files(tmp_path) == ["key.json", "key.npy"]


@pytest.mark.timeout(120)
@pytest.mark.fault(
    "cache", "two processes on a disk without locks", mended="both build, one array is kept, whole"
)
def test_without_locks_both_are_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(self: Any, **_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(array_cache.FileLock, "acquire", no_locks)
    context = multiprocessing.get_context("fork")
    ready, log = context.Barrier(2), context.Value("i", 0)
    both = [context.Process(target=_build_slowly, args=(str(tmp_path), ready, log)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert not cached_array(tmp_path, "key", 5, row).built


@pytest.mark.timeout(120)
@pytest.mark.fault("cache", "the building process is killed", mended="the next call sweeps up, and builds")
def test_a_killed_builder_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    code = f"""
import time, numpy as np
from pathlib import Path
from dpwidgets.prep.caching.array_cache import cached_array
def make(number):
    if number == 3:
        print("three", flush=True)
        time.sleep(60)
    return np.zeros((3, 8, 8), np.uint8)
cached_array(Path({str(tmp_path)!r}), "key", 5, make)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"three"
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    assert any(".part-" in name for name in files(tmp_path))
    assert cached_array(tmp_path, "key", 5, row).built
    assert files(tmp_path) == ["key.json", "key.npy"]


def test_the_key_follows_content_order_and_recipe(tmp_path: Path) -> None:
    one, two = tmp_path / "a", tmp_path / "b"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    keys = {
        content_key([one, two], "resize 64"),
        content_key([two, one], "resize 64"),
        content_key([one, two], "resize 65"),
    }
    assert len(keys) == 3
    before = content_key([one], "")
    os.utime(one, (0, 0))
    assert content_key([one], "") == before
    one.write_bytes(b"3")
    assert content_key([one], "") != before


@pytest.mark.fault("cache", "an array larger than the cache may be")
def test_the_least_recently_used_arrays_make_room(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    size = 5 * 192 + 200
    for age, key in enumerate(("old", "older", "oldest")):
        path = cached_array(tmp_path, key, 5, row).path
        os.utime(path, (1000 - age, 1000 - age))
    assert not cached_array(tmp_path, "oldest", 5, row).built  # used now
    cached_array(tmp_path, "new", 5, row, limit_bytes=3 * size)
    assert [name for name in files(tmp_path) if name.endswith(".npy")] == ["new.npy", "old.npy", "oldest.npy"]
    with pytest.raises(ValueError, match="may hold 100") as raised:
        cached_array(tmp_path, "big", 5, row, limit_bytes=100)
    user_reads(raised.value)
    assert json.loads((tmp_path / "new.json").read_text())["bytes"] == (tmp_path / "new.npy").stat().st_size
