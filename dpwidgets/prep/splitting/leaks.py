"""What a split does: to the classes' shares, to groups and times, to a model's score, and when data grows."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dpwidgets.prep.splitting.problems import Problem
from dpwidgets.prep.splitting.strategies import Parts, split


@dataclass(frozen=True)
class Report:
    """What was measured.

    Attributes:
        shares: share of each class in train, val and test: float (3, classes); nan for an empty part.
        drift: largest distance of a class's share in the test part from its share in all, 0 to 1.
        rarest: index of the smallest class.
        torn: share of the test items whose group is in the training part too, or None without groups.
        late: share of the training items that are younger than the oldest test item, or None without times.
        score: balanced accuracy of the nearest neighbour on the test part, or None without features.
        moved: share of the old items that change parts when the data grows, or None where nothing grew.
    """

    shares: np.ndarray
    drift: float
    rarest: int
    torn: float | None
    late: float | None
    score: float | None
    moved: float | None


def report(problem: Problem, parts: Parts, moved: float | None) -> Report:
    """Measures a split."""
    classes = len(problem.classes)
    counts = np.stack([np.bincount(problem.y[rows], minlength=classes) for rows in parts])
    sizes = counts.sum(1, keepdims=True)
    shares = np.divide(counts, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)
    everywhere = counts.sum(0) / counts.sum()
    drift = float(np.abs(shares[2] - everywhere).max()) if len(parts.test) else 0.0
    torn = late = None
    if problem.groups is not None and len(parts.test):
        torn = float(np.isin(problem.groups[parts.test], problem.groups[parts.train]).mean())
    if problem.times is not None and len(parts.test) and len(parts.train):
        late = float((problem.times[parts.train] > problem.times[parts.test].min()).mean())
    return Report(
        shares, drift, int(counts.sum(0).argmin()), torn, late, score(problem, parts.train, parts.test), moved
    )


def score(problem: Problem, train: np.ndarray, test: np.ndarray) -> float | None:
    """Balanced accuracy on `test` of the nearest neighbour among `train`; None without features."""
    train, test = (np.intersect1d(rows, problem.scored) for rows in (train, test))
    if problem.x is None or not len(train) or not len(test):
        return None
    model = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    read = model.fit(problem.x[train], problem.y[train]).predict(problem.x[test])
    present = np.unique(problem.y[test])
    # Classes that the test part lacks, and that the model names all the same, would only warn.
    return float(np.mean([(read[problem.y[test] == one] == one).mean() for one in present]))


def honest_score(problem: Problem) -> tuple[float, str] | None:
    """The score on what is really new: other groups, later times, or other items; and which of the three.

    Five parts in turn by GroupKFold or StratifiedKFold; with times the last quarter after the first three.
    """
    if problem.x is None:
        return None
    rows = problem.scored
    y = problem.y[rows]
    if problem.times is not None:
        order = rows[np.argsort(problem.times[rows], kind="stable")]
        cut = len(order) * 3 // 4
        folds, kind = [(order[:cut], order[cut:])], "later times"
    elif problem.groups is not None and len(np.unique(problem.groups[rows])) >= 5:
        groups = problem.groups[rows]
        folds = [(rows[a], rows[b]) for a, b in GroupKFold(5).split(rows, y, groups)]
        kind = "new groups"
    else:
        if np.bincount(y).min() < 5:
            return None
        folds = [
            (rows[a], rows[b]) for a, b in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, y)
        ]
        kind = "new items"
    scores = [one for one in (score(problem, *fold) for fold in folds) if one is not None]
    return (float(np.mean(scores)), kind) if scores else None


def moved_when_grown(
    problem: Problem, strategy: str, test: float, val: float, seed: int, grown: float
) -> float | None:
    """Share of the items there before that are in another part after the data grew by the share `grown`.

    The items that came last are the new ones: in time where they have times, else in a fixed random order.

    Raises:
        ValueError: what was there before is too small for the strategy.
    """
    if grown == 0:
        return None
    if problem.times is not None:
        arrival = np.argsort(problem.times, kind="stable")
    else:
        arrival = np.random.default_rng(0).permutation(len(problem))
    old = np.sort(arrival[: round(len(problem) / (1 + grown))])
    try:
        before = part_of(split(problem.part(old), strategy, test, val, seed), len(old))
    except ValueError as error:
        raise ValueError(
            f"the {len(old)} items from before the data grew by {grown:.0%} cannot be split: {error} Or set "
            "grown=0."
        ) from error
    after = part_of(split(problem, strategy, test, val, seed), len(problem))[old]
    return float((before != after).mean())


def part_of(parts: Parts, count: int) -> np.ndarray:
    """For each item 0, 1 or 2: in train, val or test. int64 (count,)."""
    places = np.zeros(count, np.int64)
    for number, rows in enumerate(parts):
        places[rows] = number
    return places


def chance_of_counts(problem: Problem, rarest: int, n_test: int) -> tuple[np.ndarray, np.ndarray]:
    """How many of the rarest class a random split puts into `n_test` test items: counts and their chances.

    The hypergeometric distribution: drawn without replacement.
    """
    of_class = int((problem.y == rarest).sum())
    law = hypergeom(len(problem), of_class, n_test)
    low, high = law.ppf(0.0005), law.ppf(0.9995)
    counts = np.arange(int(low), int(high) + 1)
    return counts, law.pmf(counts)
