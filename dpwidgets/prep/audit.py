"""An audit of a class-per-folder tree of images: every file opened and decoded, every problem named.

Two layouts are known: one folder per class, or `train` with `val` and `test` beside it (SPLITS has their
other names), each with one folder per class. Hidden folders are ignored and links are never followed out
of the tree. Copies are found by their bytes: a picture that was saved again counts as another one.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dpwidgets.prep.errors import ReaderError
from dpwidgets.prep.files import folder_problem, leads_out
from dpwidgets.prep.image_file import Finding, inspect_image

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
SIDECARS = {"regions.csv"}  # known files at the top level that are no images
MINIMUM = 3  # images of a class that training, validation and test need: one each
COLUMNS = ["file", "class", "split", "problem", "detail", "usable", "width", "height"]
OK = "ok"


class AuditError(ReaderError):
    """The folder cannot be audited, or cannot be trained on; the message names path and cure."""


@dataclass(frozen=True)
class Audit:
    """What was found in a folder.

    Attributes:
        root: the folder.
        table: one row per file, link or empty class, sorted by `file`, with the columns
            file (str, relative to root, with "/"), class (str), split ("train", "val", "test", or ""
            where the tree has no splits), problem ("ok", or the most serious one), detail (str: all of
            them), usable (bool: False means that the policy "skip" leaves it out), width and height
            (int, pixels as stored, 0 where unknown).
        has_splits: whether the tree brings its own train/val/test folders.
    """

    root: Path
    table: pd.DataFrame
    has_splits: bool

    @property
    def usable(self) -> pd.DataFrame:
        """The rows that can be trained on, with a fresh index."""
        return self.table[self.table["usable"]].reset_index(drop=True)

    @property
    def counts(self) -> pd.DataFrame:
        """Files and usable files for each problem, the most frequent first; sums to the whole table."""
        groups = self.table.groupby("problem")["usable"].agg(files="size", usable="sum")
        return groups.sort_values("files", ascending=False, kind="stable")

    def check(self, policy: str) -> None:
        """Stop here if the folder cannot be trained on.

        Args:
            policy: "skip" goes on without the files that are not usable; "stop" refuses the folder as
                long as there is one.

        Raises:
            AuditError: nothing usable, one class only, a class with too few images, or (with "stop") a
                file that is not usable.
            ValueError: `policy` is neither.
        """
        if policy not in ("skip", "stop"):
            raise ValueError(f"policy = {policy!r}; allowed is 'skip' or 'stop'")
        bad = self.table[~self.table["usable"]]
        if policy == "stop" and len(bad):
            raise AuditError(f"{self.root}: {_listed(bad)}. Mend or remove them, or set policy to 'skip'")
        self._check_classes()

    def _check_classes(self) -> None:
        found = self.table[self.table["class"] != ""]
        filled = found[found["problem"] != "empty class"]["class"].unique()
        usable = self.usable if not self.has_splits else self.usable.query("split == 'train'")
        images = usable["class"].value_counts().reindex(sorted(filled), fill_value=0)
        if len(images) == 0:
            raise AuditError(f"{self.root} holds no image; give a folder that holds one folder per class")
        if len(images) == 1:
            raise AuditError(
                f"{self.root} holds one class only ({images.index[0]}): there is nothing to "
                f"tell apart{self._deeper(images.index[0])}; add a folder for a second class"
            )
        least = 1 if self.has_splits else MINIMUM
        where = "for training" if self.has_splits else "one each for training, validation and test"
        few = [f"{name} ({count})" for name, count in images.items() if count < least]
        if few:
            raise AuditError(
                f"{self.root}: too few usable images in {', '.join(few[:5])}; a class needs at "
                f"least {least}, {where}: add images, or remove the class folder"
            )

    def _deeper(self, name: str) -> str:
        """A hint when the class folders lie one level further down."""
        inner = [p for p in sorted((self.root / name).glob("*")) if p.is_dir() and not p.is_symlink()]
        return f" (the class folders may be inside: try {self.root / name})" if len(inner) > 1 else ""


def audit_folder(root: Path | str, progress: Callable[..., Iterable[Finding]] | None = None) -> Audit:
    """Open and decode every file of a class-per-folder tree and say what is wrong with it.

    Args:
        root: the folder; `~` is expanded.
        progress: wraps the findings as they come, called as `progress(findings, total=n)`: tqdm fits.

    Raises:
        AuditError: the folder is missing, unreadable, empty, a file, or it or its train folder has no class
            folders.
    """
    root = Path(root).expanduser()
    if problem := folder_problem(root):
        raise AuditError(f"{root} {problem}")
    top = [p for p in sorted(root.iterdir()) if not p.name.startswith(".")]
    if not top:
        raise AuditError(f"{root} is empty; give the folder that holds one folder per class")
    splits = [p for p in top if p.name.lower() in SPLITS and _is_folder(p)]
    trains = [p for p in splits if SPLITS[p.name.lower()] == "train"]
    for split in splits if trains else []:
        if problem := folder_problem(split):
            raise AuditError(f"{split} {problem}")
    has_splits = any(
        _is_folder(p) and not p.name.startswith(".") for train in trains for p in train.iterdir()
    )
    if trains and not has_splits and len(splits) > len(trains):  # alone, "train" may be a class
        raise AuditError(f"{trains[0]} has no class folders; put its images into one folder per class")
    entries = [_with_text(entry) for entry in _walk(root, has_splits)]
    if not any(entry.label for entry in entries):
        raise AuditError(
            f"{root} has no class folders; put the images of each class into a folder of their own"
        )
    findings = _inspect_all(root, entries, progress)
    table = pd.DataFrame(
        [
            (e.file, e.label, e.split, f.problem or OK, f.detail, f.usable, f.width, f.height)
            for e, f in zip(entries, findings, strict=True)
        ],
        columns=COLUMNS,
    )
    _mark_duplicates(table, [f.digest for f in findings])
    return Audit(root, table.sort_values("file", ignore_index=True), has_splits)


@dataclass(frozen=True)
class _Entry:
    """A thing met on the walk; `problem` is set where the file itself need not be opened."""

    file: str
    label: str
    split: str
    problem: str = ""
    detail: str = ""


def _walk(root: Path, has_splits: bool) -> Iterator[_Entry]:
    """All entries below `root`, in a fixed order."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in SIDECARS:
            continue
        if not _is_folder(path):
            yield _Entry(path.name, "", "", *_outside_class(path))
        elif not has_splits:
            yield from _walk_class(root, path, "")
        elif path.name.lower() not in SPLITS:
            yield _Entry(f"{path.name}/", "", "", "stray", "a folder beside train that is no split")
        else:
            for inner in sorted(path.iterdir()):
                if inner.name.startswith("."):
                    continue
                if _is_folder(inner):
                    yield from _walk_class(root, inner, SPLITS[path.name.lower()])
                else:
                    yield _Entry(f"{path.name}/{inner.name}", "", "", *_outside_class(inner))


def _walk_class(root: Path, folder: Path, split: str) -> Iterator[_Entry]:
    """All entries of one class, subfolders included."""
    label, before = folder.name, f"{folder.relative_to(root).as_posix()}/"
    unreadable: list[OSError] = []
    count = 0
    for here, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        links = [name for name in folders if Path(here, name).is_symlink()]
        for name in sorted([*files, *links]):
            if name.startswith("."):
                continue
            count += 1
            path = Path(here, name)
            file = path.relative_to(root).as_posix()
            if name in links:
                yield _Entry(file, label, split, "link", "a link to a folder is not followed")
            elif path.is_symlink() and leads_out(path, root):
                yield _Entry(file, label, split, "link", "leads out of the folder, not followed")
            else:
                yield _Entry(file, label, split)
    for error in unreadable:
        count += 1
        name = Path(error.filename).relative_to(root).as_posix()
        yield _Entry(f"{name}/", label, split, "unreadable", str(error.strerror))
    if count == 0:
        yield _Entry(before, label, split, "empty class", "the folder holds no file")


def _inspect_all(
    root: Path, entries: list[_Entry], progress: Callable[..., Iterable[Finding]] | None
) -> list[Finding]:
    """The finding of each entry, in order. Threads: Pillow decodes outside Python's lock."""

    def look(entry: _Entry) -> Finding:
        if entry.problem:
            return Finding(entry.problem, entry.detail, usable=False)
        return inspect_image(root / entry.file)

    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        warnings.simplefilter(
            "ignore"
        )  # Pillow warns of odd metadata and of large pictures: both are rows here
        found: Iterable[Finding] = pool.map(look, entries)
        return list(progress(found, total=len(entries)) if progress else found)


def _mark_duplicates(table: pd.DataFrame, digests: list[str]) -> None:
    """Mark files with the same bytes, in place.

    Copies in one class: one stays usable, the others are left out. The one kept is in test before val
    before train, so that no picture that is tested was trained on. Copies in different classes: one
    label is wrong and nobody can say which, so none is kept.
    """
    order = table["split"].map({"test": 0, "val": 1, "train": 2, "": 0})
    copies = table.assign(digest=digests, order=order)
    copies = copies[copies["usable"] & (copies["digest"] != "")].sort_values(["order", "file"])
    for _, group in copies.groupby("digest", sort=False):
        if len(group) == 1:
            continue
        conflict = group["class"].nunique() > 1
        for row in group.index[0 if conflict else 1 :]:
            table.loc[row, "usable"] = False
            table.loc[row, "problem"] = "conflicting label" if conflict else "duplicate"
            other = next(f for f in group["file"] if f != table.loc[row, "file"])
            notes = [f"same bytes as {other}", str(table.loc[row, "detail"])]
            table.loc[row, "detail"] = "; ".join(filter(None, notes))


def _with_text(entry: _Entry) -> _Entry:
    """The entry; where its name is no valid text (bytes that are not UTF-8), one that can be shown."""
    try:
        os.path.join(entry.file, entry.label).encode()
    except UnicodeEncodeError:
        file, label = (
            os.fsencode(name).decode(errors="backslashreplace") for name in (entry.file, entry.label)
        )
        return _Entry(file, label, entry.split, "unreadable", "its name is no valid UTF-8; rename it")
    return entry


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _outside_class(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", "a link at the top level is not followed"
    return "stray", "a file outside the class folders"


def _listed(bad: pd.DataFrame) -> str:
    """`3 of the entries found are not usable: 2 damaged, 1 zero bytes. First: cat/a.jpg (damaged), …`"""
    counts = ", ".join(f"{count} {name}" for name, count in bad["problem"].value_counts().items())
    first = ", ".join(f"{row.file} ({row.problem})" for row in bad.head(3).itertuples())
    return f"{len(bad)} of the entries found are not usable: {counts}. First: {first}"
