"""What is split: items with a class, and where they have them features, groups, times and ids."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_breast_cancer
from torchvision.datasets.folder import IMG_EXTENSIONS

from dpwidgets import samples
from dpwidgets.prep.checks import check_name
from dpwidgets.prep.files import leads_out
from dpwidgets.prep.own_table import check_once, read_csv

MOST_SCORED = 600  # items that are read for the score; each is an image to decode
_SIDE = 8  # pixels: an image's features are its colours, squeezed to 8 by 8
_MOST_CLASSES = 20  # more different numbers than this in a target are cut into thirds
_PER_CLASS = 40  # of the 200 sample photos in each class


@dataclass(frozen=True, eq=False)
class Problem:
    """Items to split.

    Attributes:
        title: such as "photos".
        y: class index of each item, int64 (n,).
        classes: the classes' names.
        ids: a name for each item that never changes.
        x: features, float (n, d), for the score of a nearest-neighbour model; None where there are none.
        scored: the items that have features, int64 (k,); the others' rows in `x` are not to be used.
        groups: which items belong together (one patient, one photograph), names or numbers (n,), or None.
        times: when each item was recorded, float (n,), or None.
        notes: what the reader should know.
    """

    title: str
    y: np.ndarray
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    x: np.ndarray | None = None
    scored: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.y)

    def part(self, rows: np.ndarray) -> "Problem":
        """The same with these items only, and without features."""
        return Problem(
            self.title,
            self.y[rows],
            self.classes,
            tuple(self.ids[row] for row in rows),
            groups=None if self.groups is None else self.groups[rows],
            times=None if self.times is None else self.times[rows],
        )


@cache
def ours(name: str) -> Problem:
    """One of the problems that are there at once; see OURS.

    Raises:
        ValueError: `name` is none of them.
    """
    check_name(name, OURS, "data")
    return OURS[name]()


def read_problem(
    data: Any,
    *,
    target: str | None = None,
    group: str | None = None,
    time: str | None = None,
    id: str | None = None,
) -> Problem:
    """The reader's own data.

    Args:
        data: a DataFrame or the path of a .csv file, with the names of its columns in the other arguments; or
            the path of an image folder with one folder for each class (and, as the sample photos have it, a
            `regions.csv` that names groups).
        target: the column to predict; numbers with more than 20 different values are cut into thirds.
        group, time, id: columns, if there are any. Without `id` the row's index label is the id.

    Raises:
        ValueError: a column is missing, there twice or has holes, times or file cannot be read, target has
            a single class, the table has no rows, or an image cannot be decoded.
        FileNotFoundError: there is no such file or folder, or it holds no images.
        TypeError: `data` is none of these.
    """
    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        if os.path.isdir(path):
            return _image_folder(path)
        if not os.path.isfile(path):  # False too for a text that is too long for a name
            raise FileNotFoundError(f"data={str(data)!r}: no such file or folder.")
        data = read_csv(path)
    if not isinstance(data, pd.DataFrame):
        kind = type(data).__name__
        raise TypeError(f"data is of type {kind}; give a DataFrame, a .csv file or an image folder.")
    if target is None:
        raise ValueError("target is not given; name the column to predict, such as target='label'.")
    if data.empty:
        raise ValueError("the table has no rows; give one with at least two classes.")
    data = data.rename(columns=str)
    for what, column in {"target": target, "group": group, "time": time, "id": id}.items():
        if column is None:
            continue
        check_name(column, list(data.columns), f"column {what}=")
        check_once(data, column)
        if holes := int(data[column].isna().sum()):
            raise ValueError(
                f"{what} column {column!r} has {holes} holes; fill them, or drop those rows first."
            )
    return _table(data, target, group, time, id)


def _table(frame: pd.DataFrame, target: str, group: str | None, time: str | None, id: str | None) -> Problem:
    y = frame[target]
    if pd.api.types.is_numeric_dtype(y) and y.nunique() > _MOST_CLASSES:
        y = pd.qcut(y.rank(method="first"), 3, labels=["low", "middle", "high"]).astype(str)
    codes, names = pd.factorize(y, sort=True)
    if len(names) < 2:
        raise ValueError(f"target column {target!r} has the one value {names[0]!r}; two classes are needed.")
    named = {column for column in (target, group, time, id) if column is not None}
    numbers = frame.drop(columns=list(named)).select_dtypes("number", exclude="timedelta")
    numbers = numbers.astype("float64").replace([np.inf, -np.inf], np.nan).dropna(axis="columns", how="all")
    x = numbers.fillna(numbers.median()).to_numpy(np.float64, copy=True) if numbers.shape[1] else None
    times = None
    if time is not None:
        times = _moments(frame[time], time)
    return Problem(
        "rows",
        codes.astype(np.int64),
        tuple(map(str, names)),
        tuple(map(str, frame.index if id is None else frame[id])),
        x=x,
        scored=_evenly(len(frame)) if x is not None else np.empty(0, np.int64),
        groups=None if group is None else _names(frame[group].to_numpy()),
        times=times,
        notes=() if x is not None else ("no score: the table has no column of numbers beside these",),
    )


def _moments(column: pd.Series, name: str) -> np.ndarray:
    """The times as numbers, float (n,); ValueError where they are neither numbers nor dates."""
    if not pd.api.types.is_numeric_dtype(column):
        try:
            column = pd.to_datetime(column).astype("int64")
        except (ValueError, TypeError, OverflowError) as error:
            told = str(error).split("\n")[0]
            raise ValueError(
                f"time column {name!r} cannot be read ({told}); give numbers, or dates: 2026-01-31."
            ) from error
    return column.to_numpy(np.float64, copy=True)


def _image_folder(root: Path, take: Callable[[int], bool] = lambda place: True) -> Problem:
    """The images of a folder; `take` says which of each class, by their place in it."""
    folders = (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    classes = sorted(path.name for path in folders if not path.name.startswith("."))
    paths, labels = [], []
    for label, name in enumerate(classes):
        files = [path for path in sorted(_below(root / name)) if path.is_file() and not leads_out(path, root)]
        if not files:
            raise FileNotFoundError(f"data={str(root)!r}: the class folder {name!r} holds no image.")
        chosen = [path for place, path in enumerate(files) if take(place)]
        paths += chosen
        labels += [label] * len(chosen)
    if not paths:
        raise FileNotFoundError(f"data={str(root)!r} holds no class folders with images.")
    ids = tuple(path.relative_to(root).as_posix() for path in paths)
    regions = samples.photo_regions(root)
    groups = np.array([regions.get(name, name) for name in ids]) if regions else None
    scored = _evenly(len(paths))
    x = np.zeros((len(paths), 3 * _SIDE * _SIDE))
    for row in scored:
        x[row] = _colours(paths[row])
    some = len(scored) < len(paths)
    return Problem(
        "photos",
        np.array(labels),
        tuple(classes),
        ids,
        x=x,
        scored=scored,
        groups=groups,
        notes=(f"the scores read {len(scored)} of {len(paths)} images",) if some else (),
    )


def _below(folder: Path) -> Iterator[Path]:
    """The image files in a folder and its subfolders; what is hidden and links to folders are passed over."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen = (name for name in files if not name.startswith("."))  # macOS puts "._0.jpg" beside "0.jpg"
        yield from (Path(here, name) for name in seen if name.lower().endswith(IMG_EXTENSIONS))


def _colours(path: Path) -> np.ndarray:
    """The image's colours, squeezed to 8 by 8: float (192,), 0 to 1."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (_SIDE, _SIDE))
            small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    except Exception as error:  # Pillow's decoders raise many kinds on damaged bytes
        raise ValueError(
            f"{path} cannot be decoded ({type(error).__name__}); mend the file, or remove it."
        ) from error
    return np.asarray(small, np.float64).ravel() / 255


def _names(groups: np.ndarray) -> np.ndarray:
    """The groups by their own names: a number for each would depend on which rows come first."""
    return groups.astype(str) if groups.dtype == object else groups


def _evenly(count: int) -> np.ndarray:
    """At most MOST_SCORED row numbers, evenly from all."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_SCORED)).astype(np.int64))


def _photos() -> Problem:
    return _image_folder(samples.photos(), lambda place: place % (200 // _PER_CLASS) == 0)


def _rare_disease() -> Problem:
    """190 healthy and 10 ill, out of scikit-learn's breast cancer table."""
    x, benign = load_breast_cancer(return_X_y=True)
    rows = np.sort(np.concatenate([np.flatnonzero(benign == 1)[:190], np.flatnonzero(benign == 0)[:10]]))
    y = 1 - benign[rows].astype(np.int64)
    ids = tuple(f"patient-{row:03d}" for row in rows)
    return Problem("patients", y, ("healthy", "ill"), ids, x=x[rows], scored=np.arange(len(rows)))


def _machine_hours() -> Problem:
    """25 days of a machine's load: a daily rhythm on a slow random walk. Is it above its median?"""
    rng = np.random.default_rng(4)
    hours = np.arange(600.0)
    load = np.sin(2 * np.pi * hours / 24) + np.cumsum(rng.normal(0, 0.25, 600)) + rng.normal(0, 0.1, 600)
    y = (load > np.median(load)).astype(np.int64)
    x = np.stack([hours / 24, np.sin(2 * np.pi * hours / 24), np.cos(2 * np.pi * hours / 24)], 1)
    ids = tuple(f"hour-{int(hour):03d}" for hour in hours)
    return Problem("hours", y, ("low load", "high load"), ids, x=x, scored=np.arange(600), times=hours)


OURS: dict[str, Callable[[], Problem]] = {
    "sample photos": _photos,
    "rare disease": _rare_disease,
    "machine hours": _machine_hours,
}
