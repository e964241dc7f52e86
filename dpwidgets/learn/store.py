"""The learner's progress: one small JSON file in the user's data folder, never sent anywhere.

`{"version": 1, "items": {"02.3": "right", "02.q1": "tried"}}`. Right stays right. Writing is atomic and
merges with what another kernel wrote meanwhile. Where saving fails, progress lives on in this kernel.
"""

import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from filelock import FileLock
from platformdirs import user_data_path

from dpwidgets.learn.messages import say

Items = dict[str, str]

_FILE = "progress.json"
_LOCK_SECONDS = 5.0
_CANNOT = (OSError, NotImplementedError)  # filelock says NotImplementedError where a file system has no locks

_unsaved: defaultdict[Path, Items] = defaultdict(dict)
_warned: set[Path] = set()


class _Unreadable(Exception):
    """The file is there, and is no progress file."""


def data_folder() -> Path:
    """Where progress is kept: `DPWIDGETS_DATA`, else the user's data folder on this system."""
    own = os.environ.get("DPWIDGETS_DATA")
    return Path(own).expanduser() if own else user_data_path("dpwidgets", appauthor=False)


def read() -> Items:
    """Id of each item that was tried -> `tried` or `right`. Never raises for the file's sake."""
    folder = data_folder()
    try:
        try:
            saved = _load(folder)
        except _Unreadable:
            with _lock(folder):
                saved = _load_or_set_aside(folder)
    except _CANNOT as error:
        _warn(folder, error)
        saved = {}
    return _merged(saved, _unsaved[folder])


def record(id: str, *, right: bool) -> None:
    """Notes that the item was tried, or done rightly. Never raises for the file's sake."""
    folder = data_folder()
    fresh = _merged(_unsaved[folder], {id: "right" if right else "tried"})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            saved = _load_or_set_aside(folder)
            if (items := _merged(saved, fresh)) != saved:
                _write(folder, items)
        _unsaved[folder] = {}
    except _CANNOT as error:
        _unsaved[folder] = fresh
        _warn(folder, error)


def _merged(one: Items, other: Items) -> Items:
    both = {**one, **other}
    return {id: "right" if "right" in (one.get(id), other.get(id)) else both[id] for id in sorted(both)}


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / "progress.lock", timeout=_LOCK_SECONDS)


def _load(folder: Path) -> Items:
    try:
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        items = content["items"]
        if content["version"] != 1 or not all(state in ("tried", "right") for state in items.values()):
            raise _Unreadable
    except FileNotFoundError:
        return {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _Unreadable from None
    return {str(id): state for id, state in items.items()}


def _load_or_set_aside(folder: Path) -> Items:
    """Like `_load`, moving an unreadable file out of the way. Only under the lock."""
    try:
        return _load(folder)
    except _Unreadable:
        number = 1
        while (kept := folder / f"progress.unreadable-{number}.json").exists():
            number += 1
        (folder / _FILE).rename(kept)
        print(say("progress corrupt", name=kept.name), file=sys.stderr)
        return {}


def _write(folder: Path, items: Items) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=_FILE, delete=False) as file:
        try:
            json.dump({"version": 1, "items": items}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
            file.close()  # Windows replaces closed files only
            os.replace(file.name, folder / _FILE)
        except BaseException:
            file.close()
            Path(file.name).unlink(missing_ok=True)
            raise


def _warn(folder: Path, error: BaseException) -> None:
    if folder not in _warned:
        _warned.add(folder)
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        print(say("progress unsaved", folder=folder, error=reason), file=sys.stderr)
