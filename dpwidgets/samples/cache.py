"""Folders of files that are made once, whole or not at all, and kept in the user's cache."""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from dpwidgets.samples.errors import SampleError

VARIABLE = "DPWIDGETS_CACHE"
LOCK_WAIT = 300.0  # seconds; making the largest tree takes about a tenth of it
_MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """The folder that holds the sample data: `DPWIDGETS_CACHE` if set, else the user's cache folder.

    The path is absolute. The folder need not exist yet.
    """
    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen).expanduser() if chosen else user_cache_path("dpwidgets", appauthor=False)
    return folder.absolute()


def cached_tree(name: str, version: int, write: Callable[[Path], None]) -> Path:
    """The folder `<cache>/<name>-v<version>/<name>`, filled by `write(folder)` if it is not there yet.

    The tree is written aside and renamed into place, so that it is there whole or not at all. A tree with
    files that are missing or of another size (deleted, or cut short by a crash) is made again.

    Args:
        name: name of the tree.
        version: goes up whenever `write` makes something else.
        write: fills an empty folder; must make the same files each time.

    Raises:
        SampleError: the folder cannot be written (rights, disk full), or `write` raised it.
    """
    home = cache_folder() / f"{name}-v{version}"
    if not _is_whole(home, name):
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            with _one_process_at_a_time(home):
                if not _is_whole(home, name):
                    _make(home, name, write)
        except OSError as error:
            raise SampleError(_cannot_keep(home.parent, error)) from error
    return home / name


def _make(home: Path, name: str, write: Callable[[Path], None]) -> None:
    part = home.with_name(f"{home.name}.part-{secrets.token_hex(4)}")
    try:
        (part / "new" / name).mkdir(parents=True)
        write(part / "new" / name)
        sizes = json.dumps(_sizes(part / "new" / name), indent=0)
        (part / "new" / _MANIFEST).write_text(sizes, encoding="utf-8")
        _publish(part / "new", home, name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _publish(new: Path, home: Path, name: str) -> None:
    # Where locks do not work another process may have come first: its files are the same, and in use.
    if _is_whole(home, name):
        return
    if home.exists():
        home.rename(new.with_name("damaged"))
    try:
        new.rename(home)
    except OSError:
        if not _is_whole(home, name):
            raise


def _is_whole(home: Path, name: str) -> bool:
    """Whether every file and folder of the manifest is there in its size."""
    try:
        expected = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        found = _sizes(home / name)
        return all(found.get(path, -1) == size for path, size in expected.items())
    except (OSError, ValueError, AttributeError, RecursionError):  # missing, or no manifest in JSON
        return False


def _sizes(tree: Path) -> dict[str, int | None]:
    """Relative posix path -> bytes, None for a folder."""
    sizes: dict[str, int | None] = {}
    for folder, folders, files in os.walk(tree):
        here = Path(folder).relative_to(tree)
        sizes |= {(here / one).as_posix(): None for one in folders}
        sizes |= {(here / one).as_posix(): os.lstat(os.path.join(folder, one)).st_size for one in files}
    return sizes


@contextmanager
def _one_process_at_a_time(home: Path) -> Iterator[None]:
    """Hold the lock of `home`, and sweep what interrupted runs left.

    The lock saves work; the rename alone keeps the tree whole. So when the lock cannot be had (a frozen
    process holds it, a network disk has no locks) we go on without it.
    """
    lock = FileLock(home.with_name(f".{home.name}.lock"))
    try:
        lock.acquire(timeout=LOCK_WAIT)
    except (Timeout, NotImplementedError):
        yield
        return
    try:
        # We hold the lock, so nobody is writing these.
        for left_over in home.parent.glob(f"{home.name}.part-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield
    finally:
        lock.release()


def _cannot_keep(folder: Path, error: OSError) -> str:
    return (
        f"The sample data cannot be written to {folder}: {error.strerror or error}. It needs a folder that "
        f"may be written, with 100 MB free. Make room there, or set the environment variable {VARIABLE} to "
        "another folder and start again."
    )
