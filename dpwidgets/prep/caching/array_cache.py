"""Decoded items on disk, once for all epochs and all workers: one memory-mapped array, whole or not at all.

The module needs NumPy and filelock alone: copy it into a project of your own.
"""

import contextlib
import hashlib
import io
import json
import os
import secrets
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

_LOCK_WAIT = 600.0  # seconds that a second process waits for the first; then it builds its own
_PART = ".part-"


class CacheError(OSError):
    """The cache cannot be written; the message says where, why, and what to do."""


class RowError(RuntimeError):
    """A row could not be made, such as from a broken file; the message names the row and the reason."""


@dataclass(frozen=True)
class CacheInfo:
    """What `cached_array` did.

    Attributes:
        array: (n, *shape), read-only, memory-mapped: its pages are shared by all processes.
        path: its file.
        built: was it made now, or found?
        reason: why it was made: "missing", "damaged", or "" where it was found.
    """

    array: np.memmap[Any, Any]
    path: Path
    built: bool
    reason: str


def content_key(files: Sequence[Path], recipe: str) -> str:
    """A name for what `recipe` makes of these files: it changes with their order and content, and the recipe.

    Args:
        recipe: what turns a file into an array, with all its settings, such as `repr` of the transform. Two
            recipes that make different arrays must have different texts.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(recipe.encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:24]


def cached_array(
    folder: Path,
    key: str,
    count: int,
    make: Callable[[int], np.ndarray],
    *,
    limit_bytes: int | None = None,
) -> CacheInfo:
    """The array whose row `i` is `make(i)`, from the folder if it is there and sound.

    Written aside and renamed, so that it is there whole or not at all. The head and each row have a checksum
    (CRC-32), and all are checked when the array is opened: a file cut short, or with a byte flipped, is made
    again. Two processes at once: one builds, the other waits for it.

    Args:
        folder: is made if it is missing.
        key: names the content; see `content_key`.
        count: rows, at least 1.
        make: row number -> array; all of one shape and dtype.
        limit_bytes: other arrays in the folder, those that were not used for the longest time first, are
            removed until all fit; None keeps everything.

    Raises:
        ValueError: `count` is below 1, a row holds Python objects, or has another shape or dtype than the
            first, or this array alone is larger than `limit_bytes`.
        CacheError: the folder cannot be written, or the disk is full; nothing is left behind.
        RowError: `make` could not read or decode its source (an OSError); nothing is left behind. Its other
            errors come as they are.
    """
    if count < 1:
        raise ValueError(f"count={count} is not allowed; give the number of rows, at least 1.")
    path = folder / f"{key}.npy"
    found, reason = _opened(path, count)
    if found is not None:
        return CacheInfo(found, path, False, "")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{key}.lock")
        # Where a frozen process holds the lock, or the disk has no locks, the rename alone keeps files whole.
        with contextlib.suppress(Timeout, NotImplementedError):
            lock.acquire(timeout=_LOCK_WAIT)
        try:
            found, reason = _opened(path, count)
            if found is not None:
                return CacheInfo(found, path, False, "")
            if lock.is_locked:
                _sweep(path)
            _build(path, count, make, limit_bytes)
        finally:
            lock.release()
    except OSError as error:
        raise CacheError(_cannot_keep(folder, error)) from error
    found, still = _opened(path, count)
    if found is None:
        raise CacheError(f"{path.name} in {folder} is {still} right after it was written; check the disk.")
    return CacheInfo(found, path, True, reason)


def _build(path: Path, count: int, make: Callable[[int], np.ndarray], limit_bytes: int | None) -> None:
    """Writes the array and its checksums aside, then renames them into place."""
    first = _made(make, 0)
    if first.dtype.hasobject:
        raise ValueError(f"row 0 is of dtype {first.dtype}; `make` must return an array of numbers.")
    total = first.nbytes * count
    if limit_bytes is not None:
        if total > limit_bytes:
            raise ValueError(
                f"the array takes {total:,} bytes, the cache may hold {limit_bytes:,}; "
                "allow more, or keep fewer rows."
            )
        _make_room(path, limit_bytes - total)
    part = path.with_name(f"{path.stem}{_PART}{secrets.token_hex(4)}")
    sums_part = part.with_name(f"{part.name}.json")
    sums = []
    try:
        # Written, not mapped: a mapped write that finds the disk full ends the process without a word.
        with part.open("wb") as file:
            head = io.BytesIO()
            described = np.lib.format.header_data_from_array_1_0(first) | {"shape": (count, *first.shape)}
            np.lib.format.write_array_header_1_0(head, described)
            file.write(head.getvalue())
            for number in range(count):
                row = first if number == 0 else _made(make, number)
                if row.shape != first.shape or row.dtype != first.dtype:
                    raise ValueError(
                        f"row {number} is {row.dtype} {row.shape}, row 0 is {first.dtype} {first.shape}; "
                        "bring all to one shape and dtype."
                    )
                file.write(row.tobytes())
                sums.append(zlib.crc32(row.tobytes()))
            file.flush()
            os.fsync(file.fileno())
        told = {"bytes": part.stat().st_size, "head": zlib.crc32(head.getvalue()), "crc32": sums}
        sums_part.write_text(json.dumps(told), encoding="utf-8")
        os.replace(part, path)
        os.replace(sums_part, _sums_path(path))
    finally:
        part.unlink(missing_ok=True)
        sums_part.unlink(missing_ok=True)


def _made(make: Callable[[int], np.ndarray], number: int) -> np.ndarray:
    """A row. A picture that cannot be decoded raises an OSError too: that is no fault of the cache's disk."""
    try:
        return np.asarray(make(number), order="C")
    except OSError as error:
        raise RowError(
            f"row {number} could not be made: {type(error).__name__}: {error}; mend or leave out its source."
        ) from error


def _sweep(path: Path) -> None:
    """Removes what a killed process left; only the holder of the lock may, for nobody else is writing."""
    for left_over in path.parent.glob(f"{path.stem}{_PART}*"):
        left_over.unlink(missing_ok=True)


def _opened(path: Path, count: int) -> tuple[np.memmap[Any, Any] | None, str]:
    """The array if it is there and sound, else None and why not."""
    try:
        told = json.loads(_sums_path(path).read_text(encoding="utf-8"))
        array = np.lib.format.open_memmap(path, mode="r")  # refuses pickled objects
        with path.open("rb") as file:
            head = zlib.crc32(file.read(array.offset))
        whole = [path.stat().st_size, head, count] == [told["bytes"], told["head"], len(told["crc32"])]
        # `array[number, ...]`: a row of one number stays an array, in its own byte order.
        if not whole or [zlib.crc32(array[number, ...].data) for number in range(count)] != told["crc32"]:
            return None, "damaged"
    except FileNotFoundError:
        return None, "missing"
    except Exception:  # whatever stands in these files, it is not what was written
        return None, "damaged"
    with contextlib.suppress(OSError):  # a folder that may only be read: nothing is removed there either
        os.utime(path)  # used now: `limit_bytes` removes what was not used for the longest time
    return array, ""


def _make_room(keep: Path, allowed: int) -> None:
    """Removes the arrays that were used longest ago until the others fit into `allowed` bytes."""
    others = [(one.stat().st_mtime, one) for one in keep.parent.glob("*.npy") if one != keep]
    room = allowed - sum(one.stat().st_size for _, one in others)
    for _, one in sorted(others):
        if room >= 0:
            return
        room += one.stat().st_size
        _sums_path(one).unlink(missing_ok=True)
        one.unlink(missing_ok=True)


def _sums_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _cannot_keep(folder: Path, error: OSError) -> str:
    return (
        f"The cache cannot be written to {folder}: {error.strerror or error}. "
        "Make room there, or give another folder."
    )
