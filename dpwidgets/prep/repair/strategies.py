"""The ways to repair a table with holes, each scikit-learn's own."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next line possible
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler

SIMPLE: dict[str, dict[str, Any]] = {
    "mean": {"strategy": "mean"},
    "median": {"strategy": "median"},
    "most frequent": {"strategy": "most_frequent"},
    "constant 0": {"strategy": "constant", "fill_value": 0},
}
DROP, KNN, ITERATIVE, MULTIPLE = "drop rows", "KNN", "iterative", "multiple imputation"
STRATEGIES = (DROP, *SIMPLE, KNN, ITERATIVE, MULTIPLE)
ITERATIONS = 10
DRAW_ITERATIONS = 5  # fewer for each draw of multiple imputation: drawing is slow


class How(NamedTuple):
    """A repair, in full."""

    strategy: str  # one of STRATEGIES
    neighbours: int = 5  # of KNN
    scale_before: bool = True  # standardise before KNN measures distances
    draws: int = 5  # tables that multiple imputation makes
    indicator: bool = False  # append a column missing_NAME for each column with holes
    seed: int = 0  # of the draws
    iterations: int = ITERATIONS  # of iterative, and of each draw

    @classmethod
    def of(cls, params: Mapping[str, Any], quick: bool = False) -> "How":
        """The repair that the engine's parameters ask for, or a quick stand-in for it. What does not apply is
        left at its default, so that equal repairs are equal."""
        strategy = params["strategy"]
        how = cls(strategy, indicator=params["indicator"] and strategy != DROP)
        if strategy == KNN:
            return how._replace(neighbours=params["neighbours"], scale_before=params["scale_before"])
        if strategy == ITERATIVE:
            return how._replace(seed=params["seed"], iterations=2 if quick else ITERATIONS)
        if strategy == MULTIPLE:
            draws, iterations = (2, 1) if quick else (params["draws"], DRAW_ITERATIONS)
            return how._replace(seed=params["seed"], draws=draws, iterations=iterations)
        return how


class Repaired(NamedTuple):
    """One table, or as many as there are draws."""

    tables: tuple[np.ndarray, ...]  # float64 (rows kept, columns [+ flags]) each, no NaN
    rows: np.ndarray  # the positions of the rows kept


def repair(values: np.ndarray, learn: np.ndarray, how: How) -> Repaired:
    """Fills the holes, or drops the rows that have any.

    Args:
        values: float64 (rows, columns), NaN in the holes.
        learn: positions of the rows from which means, neighbours and regressions are taken.
    """
    holes = np.isnan(values)
    if how.strategy == DROP:
        rows = np.flatnonzero(~holes.any(axis=1))
        return Repaired((values[rows],), rows)
    flags = holes[:, holes.any(axis=0)].astype(float) if how.indicator else np.empty((len(values), 0))
    tables = tuple(np.hstack([_filled(values, learn, how, one), flags]) for one in _imputers(how))
    return Repaired(tables, np.arange(len(values)))


def _filled(values: np.ndarray, learn: np.ndarray, how: How, imputer: Any) -> np.ndarray:
    """One repaired table; the values that were there are left to the last bit."""
    with without_convergence_warnings():
        if how.strategy == KNN and how.scale_before:
            scaler = StandardScaler().fit(values[learn])
            scaled = scaler.transform(values)
            filled = scaler.inverse_transform(imputer.fit(scaled[learn]).transform(scaled))
        else:
            filled = imputer.fit(values[learn]).transform(values)
    return np.where(np.isnan(values), filled, values)


def _imputers(how: How) -> list[Any]:
    if how.strategy == KNN:
        return [KNNImputer(n_neighbors=how.neighbours)]
    if how.strategy == ITERATIVE:
        return [IterativeImputer(max_iter=how.iterations, skip_complete=True, random_state=how.seed)]
    if how.strategy == MULTIPLE:
        each = {"sample_posterior": True, "max_iter": how.iterations, "skip_complete": True}
        return [IterativeImputer(**each, random_state=how.seed + draw) for draw in range(how.draws)]
    return [SimpleImputer(**SIMPLE[how.strategy])]


@contextmanager
def without_convergence_warnings() -> Iterator[None]:
    """The lab tells of a fit that stopped early in its own words, or not at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
