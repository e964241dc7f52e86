"""The JPEGs of a race: which, in what order, and out of the page cache for the cold rounds."""

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.race.contract import RaceError

SUFFIXES = (".jpg", ".jpeg")


class Jpegs(NamedTuple):
    """The files of a folder in ImageFolder's order."""

    files: list[str]
    labels: list[int]  # place of the file's class in the sorted class names


def jpegs_of(folder: Path) -> Jpegs:
    """The JPEGs of `folder/<class>/`, classes and files sorted, as torchvision's ImageFolder has them.

    Raises:
        RaceError: the folder is not there, or has no JPEG in a class folder.
    """
    if not folder.is_dir():
        raise RaceError(f"{folder} is no folder; give one that holds a folder of JPEGs for each class.")
    files, labels = [], []
    for label, home in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        # ImageFolder's order: every subfolder, walked in sorted order.
        found = [
            os.path.join(where, name)
            for where, _, names in sorted(os.walk(home, followlinks=True))
            for name in sorted(names)
            if name.lower().endswith(SUFFIXES)
        ]
        files += found
        labels += [label] * len(found)
    if not files:
        raise RaceError(f"{folder} has no JPEG in a class folder; the race decodes JPEGs only.")
    return Jpegs(files, labels)


def copy_part(folder: Path, images: int, target: Path) -> Path:
    """`target`, filled with the first images of each class of `folder`: `images` in all, or what there is.

    Raises:
        RaceError: `images` gives not even one for each class.
    """
    files, labels = jpegs_of(folder)
    classes = max(labels) + 1
    if images < classes:
        raise RaceError(f"{images} images for {classes} classes; give at least one for each class.")
    taken = [0] * classes
    for file, label in zip(files, labels, strict=True):
        if taken[label] < (images + label) // classes:
            home = target / Path(file).relative_to(folder).parts[0]
            home.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, home / f"{taken[label]:05d}.jpg")
            taken[label] += 1
    return target


def drop_from_page_cache(folders: Iterable[Path]) -> float:
    """Ask the system to forget the files' contents, and look whether it did.

    Works without special rights (posix_fadvise) for files that no process has mapped; not for files in a
    folder that is itself memory (tmpfs), and not on macOS.

    Returns:
        The share of the files, 0 to 1, whose first page is no longer in memory; 0 where it cannot be told.
    """
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    if not hasattr(os, "posix_fadvise"):
        return 0.0
    return sum(map(_forget, files)) / max(len(files), 1)


def _forget(path: Path) -> bool:
    if not path.stat().st_size:
        return True
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # only pages that are on the disk can be dropped
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT)
    except OSError as error:
        return error.errno == errno.EAGAIN  # a read would have to wait for the disk
    finally:
        os.close(descriptor)
    return False
