"""Ways to split, by scikit-learn's own splitters where it has them."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from dpwidgets.prep.splitting.problems import Problem


class Parts(NamedTuple):
    """Row numbers of each part, int64, sorted."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


PARTS = ("train", "val", "test")


def split(problem: Problem, strategy: str, test: float, val: float, seed: int) -> Parts:
    """The parts.

    Args:
        strategy: one of STRATEGIES.
        test, val: shares of all items (of all groups for "grouped"), 0 to 1; together below 1.

    Raises:
        ValueError: the problem lacks what the strategy needs, or a class or a part is too small for it.
    """
    return Parts(*(np.sort(rows) for rows in STRATEGIES[strategy](problem, test, val, seed)))


def problem_with(problem: Problem, strategy: str) -> str:
    """Why the strategy cannot be used; empty where it can."""
    if strategy in ("grouped", "hash of group") and problem.groups is None:
        return f"strategy={strategy!r} needs groups, and these {problem.title} have none."
    if strategy == "by time" and problem.times is None:
        return f"strategy='by time' needs times, and these {problem.title} have none."
    return ""


def _counts(problem: Problem, test: float, val: float) -> tuple[int, int]:
    return max(1, round(test * len(problem))), round(val * len(problem))


def _random(problem: Problem, test: float, val: float, seed: int) -> Parts:
    return _shuffled(problem, test, val, seed, None)


def _stratified(problem: Problem, test: float, val: float, seed: int) -> Parts:
    n_test, n_val = _counts(problem, test, val)
    counts = np.bincount(problem.y, minlength=len(problem.classes))
    smallest = problem.classes[int(counts.argmin())]
    if counts.min() < 3:
        raise ValueError(
            f"class {smallest!r} has {counts.min()} items; a stratified split needs 3, one for each part."
        )
    if min(n_test, n_val or n_test) < len(problem.classes):
        raise ValueError(
            f"a part of {min(n_test, n_val or n_test)} items cannot hold {len(problem.classes)} classes; "
            "make the part larger."
        )
    return _shuffled(problem, test, val, seed, problem.y)


def _shuffled(problem: Problem, test: float, val: float, seed: int, y: np.ndarray | None) -> Parts:
    n_test, n_val = _counts(problem, test, val)
    rest, test_rows = train_test_split(
        np.arange(len(problem)), test_size=n_test, random_state=seed, stratify=y
    )
    if n_val == 0:
        return Parts(rest, rest[:0], test_rows)
    y_rest = None if y is None else y[rest]
    train, val_rows = train_test_split(rest, test_size=n_val, random_state=seed, stratify=y_rest)
    return Parts(train, val_rows, test_rows)


def _grouped(problem: Problem, test: float, val: float, seed: int) -> Parts:
    groups = problem.groups
    assert groups is not None
    rows = np.arange(len(problem))
    rest, test_rows = next(GroupShuffleSplit(1, test_size=test, random_state=seed).split(rows, groups=groups))
    if val == 0:
        return Parts(rest, rest[:0], test_rows)
    again = GroupShuffleSplit(1, test_size=val / (1 - test), random_state=seed)
    train, val_rows = next(again.split(rest, groups=groups[rest]))
    return Parts(rest[train], rest[val_rows], test_rows)


def _by_time(problem: Problem, test: float, val: float, seed: int) -> Parts:
    assert problem.times is not None
    n_test, n_val = _counts(problem, test, val)
    order = np.argsort(problem.times, kind="stable")
    cut = len(order) - n_test
    return Parts(order[: cut - n_val], order[cut - n_val : cut], order[cut:])


def _hash_of_id(problem: Problem, test: float, val: float, seed: int) -> Parts:
    return _hashed(problem.ids, test, val, seed)


def _hash_of_group(problem: Problem, test: float, val: float, seed: int) -> Parts:
    assert problem.groups is not None
    return _hashed([f"group-{group}" for group in problem.groups], test, val, seed)


def _hashed(names: tuple[str, ...] | list[str], test: float, val: float, seed: int) -> Parts:
    """Each name's place between 0 and 1 depends on the name alone. Not `hash`: it differs per process."""
    places = [int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:8], 16) / 2**32 for name in names]
    place = np.array(places)
    parts = place >= test + val, (place >= test) & (place < test + val), place < test
    return Parts(*(np.flatnonzero(part) for part in parts))


STRATEGIES: dict[str, Callable[[Problem, float, float, int], Parts]] = {
    "random": _random,
    "stratified": _stratified,
    "grouped": _grouped,
    "by time": _by_time,
    "hash of id": _hash_of_id,
    "hash of group": _hash_of_group,
}
