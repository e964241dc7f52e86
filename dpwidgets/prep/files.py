"""What can be wrong with a folder before its first file is opened, and which of its links lead out of it."""

import os
from pathlib import Path


def folder_problem(path: Path) -> str | None:
    """Say why `path` is not a folder that can be read, and the cure, or None if it is one."""
    try:
        if not path.exists():
            tried = "" if path.is_absolute() else f" (looked in {Path.cwd()})"
            return f"does not exist{tried}; check the spelling, or give the full path"
        if not path.is_dir():
            return "is a file, not a folder; give the folder that holds one folder per class"
        with os.scandir(path) as entries:
            next(entries, None)
    except OSError as error:
        return f"cannot be read ({error.strerror}); give yourself the right to read it, or copy the folder"
    return None


def leads_out(path: Path, root: Path) -> bool:
    """Is what `path` names, all links followed, outside the folder `root`?"""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def link_out(root: Path) -> Path | None:
    """A link below the folder `root` that leads out of it, or None. The search follows no link."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for path in (Path(folder, name) for name in sorted([*folders, *files])):
            if path.is_symlink() and leads_out(path, root):
                return path
    return None
