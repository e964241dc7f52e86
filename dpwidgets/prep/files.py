"""What can be wrong with a folder before its first file is opened: links out of it, and what is hidden."""

import os
from pathlib import Path

# torchvision.datasets.folder.IMG_EXTENSIONS, whose import takes seconds
IMAGE_FOLDER_READS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


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


def hidden_picture(root: Path) -> Path | None:
    """A hidden folder in `root`, or a hidden picture below it, that `ImageFolder` would read; or None."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        here = Path(folder)
        if here == root:
            found = [here / name for name in folders]
        else:
            found = [here / name for name in sorted(files) if name.lower().endswith(IMAGE_FOLDER_READS)]
        for path in found:
            if any(part.startswith(".") for part in path.relative_to(root).parts):
                return path
    return None
