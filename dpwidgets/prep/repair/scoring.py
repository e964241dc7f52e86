"""What a repair did: errors against the truth, how sure a mean is, and a model's test score."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from dpwidgets.prep.repair.strategies import Repaired, without_convergence_warnings

SCALERS = {"none": None, "standard": StandardScaler, "min-max": MinMaxScaler, "robust": RobustScaler}
MODELS = ("KNN", "linear", "tree")
DEPTH = 4  # of the tree
STEPS = 200  # most steps of the logistic regression
MIN_TRAIN, MIN_TEST = 10, 5
_RESAMPLES = 200


class Estimate(NamedTuple):
    """A mean and its standard error, in the column's unit."""

    mean: float
    error: float


class Distance(NamedTuple):
    """How far a column is from the truth; NaN where a measure is not defined."""

    rmse: float  # of the filled cells, in the true standard deviation
    shift: float  # of the mean, in the true standard deviation
    spread: float  # standard deviation, as a share of the true one, less 1
    bond: float  # correlation with the partner, less the true one


class Score(NamedTuple):
    """Accuracy or R² on test rows."""

    value: float  # NaN: too few rows for a model
    error: float  # its standard error, by resampling the test rows
    answered: int  # test rows that could be told
    asked: int  # test rows
    converged: bool = True


def estimate(values: np.ndarray) -> Estimate:
    """Mean and standard error, as if each value had been measured. NaN for fewer than two values."""
    if len(values) < 2:
        return Estimate(np.nan, np.nan)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def pooled(estimates: Sequence[Estimate]) -> Estimate:
    """One estimate from those of several tables, by Rubin's rules (D. B. Rubin, "Multiple Imputation for
    Nonresponse in Surveys", 1987): T = within + (1 + 1/m) × between. A single one stays as it is."""
    means = np.array([one.mean for one in estimates])
    if len(means) == 1:
        return estimates[0]
    within = np.mean([one.error**2 for one in estimates])
    total = within + (1 + 1 / len(means)) * means.var(ddof=1)
    return Estimate(float(means.mean()), float(np.sqrt(total)))


def distance(
    truth: np.ndarray, partner: np.ndarray, lost: np.ndarray, repaired: Repaired, at: tuple[int, int]
) -> Distance:
    """The mean over the tables.

    Args:
        truth, partner: the true values of the column and of its partner, (rows,); NaN where unknown.
        lost: bool (rows,), the cells whose value was taken out.
        at: where the column and its partner stand in the repaired tables.
    """
    known = ~np.isnan(truth) & ~np.isnan(partner)
    mean, sd, bond = truth[known].mean(), truth[known].std(), _correlation(truth[known], partner[known])
    kept = known[repaired.rows]
    rows = repaired.rows[kept]
    if len(rows) < 2 or sd == 0:
        return Distance(np.nan, np.nan, np.nan, np.nan)
    measured = []
    for table in repaired.tables:
        mended, beside = (table[kept, where] for where in at)
        off = (mended - truth[rows])[lost[rows]]
        rmse = np.sqrt(np.mean(off**2)) / sd if len(off) else np.nan
        spread = mended.std() / sd - 1
        measured.append((rmse, (mended.mean() - mean) / sd, spread, _correlation(mended, beside) - bond))
    return Distance(*(float(one) for one in np.mean(measured, axis=0)))


def score(
    repaired: Repaired,
    target: np.ndarray,
    task: str,
    split: tuple[np.ndarray, np.ndarray],
    model: str,
    scaler: str,
    everything: bool,
) -> Score:
    """The mean test score of a model for each table.

    Args:
        split: positions of the train and of the test rows.
        everything: the model's scaler learns from all rows, not from the train rows alone.
    """
    train, test = (np.isin(repaired.rows, part) for part in split)
    known = target[repaired.rows]
    answered, asked = int(test.sum()), len(split[1])
    few = train.sum() < MIN_TRAIN or answered < MIN_TEST
    if few or (task == "classification" and len(np.unique(known[train])) < 2):
        return Score(np.nan, np.nan, answered, asked)
    found, converged = [], True
    for table in repaired.tables:
        scaling = SCALERS[scaler]
        learn = table if everything else table[train]
        scaled = table if scaling is None else scaling().fit(learn).transform(table)
        fitted = estimator(model, task)
        with without_convergence_warnings():
            fitted.fit(scaled[train], known[train])
        converged = converged and not np.any(getattr(fitted, "n_iter_", None) == STEPS)
        found.append(_scored(fitted.predict(scaled[test]), known[test], task))
    value, error = np.mean(found, axis=0)
    return Score(float(value), float(error), answered, asked, converged)


def estimator(model: str, task: str) -> Any:
    """The model, not yet fitted."""
    if task == "classification":
        return {
            "KNN": KNeighborsClassifier(),
            "linear": LogisticRegression(max_iter=STEPS),
            "tree": DecisionTreeClassifier(max_depth=DEPTH, random_state=0),
        }[model]
    return {
        "KNN": KNeighborsRegressor(),
        "linear": Ridge(),
        "tree": DecisionTreeRegressor(max_depth=DEPTH, random_state=0),
    }[model]


def _scored(told: np.ndarray, truth: np.ndarray, task: str) -> tuple[float, float]:
    """Accuracy or R², and its standard error."""
    if task == "classification":
        right = told == truth
        return float(right.mean()), float(np.sqrt(right.mean() * (1 - right.mean()) / len(right)))
    drawn = np.random.default_rng(0).integers(len(truth), size=(_RESAMPLES, len(truth)))
    return float(_r2(told[None], truth[None])[0]), float(_r2(told[drawn], truth[drawn]).std())


def _r2(told: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """R² along the last axis; as scikit-learn's, 1 or 0 where the truth does not vary."""
    off = ((truth - told) ** 2).sum(axis=-1)
    around = ((truth - truth.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    flat = np.ptp(truth, axis=-1) == 0
    return np.where(flat, (off == 0) * 1.0, 1 - off / np.where(flat, 1.0, around))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; NaN where one of the two does not vary."""
    if a.std() == 0 or b.std() == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
