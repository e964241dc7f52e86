"""Three real tables without a hole, and holes punched under a known mechanism: repairs can be measured.

The mechanisms are Rubin's (D. B. Rubin, "Inference and missing data", Biometrika 63, 1976, 581-592);
told at length in S. van Buuren, "Flexible Imputation of Missing Data", 2nd ed. 2018, section 1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TABLES = ("wine", "breast cancer", "diabetes")
MECHANISMS = ("MCAR", "MAR", "MNAR")
PULL = 2.0  # how much one standard deviation of the cause counts against one of chance
DIABETES_NAMES = {
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "glucose",
}


class Table(NamedTuple):
    """A table of measurements and what is to be told from them."""

    name: str  # one of TABLES
    features: pd.DataFrame  # float64, no holes; names of letters, digits and _
    target: np.ndarray  # (rows,): int64 index into classes, or float64
    task: str  # "classification" or "regression"
    target_name: str
    classes: tuple[str, ...]  # empty for a regression


def table(name: str) -> Table:
    """One of scikit-learn's tables: "wine" (178 rows, 13 features), "breast cancer" (569, 30) or "diabetes"
    (442, 10; in its own units).

    Raises:
        ValueError: for another name.
    """
    # Imported here: `import dpwidgets.samples` stays quick.
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

    if name not in TABLES:
        raise ValueError(f"there is no sample table {name!r}; there are {', '.join(map(repr, TABLES))}.")
    if name == "diabetes":
        data = load_diabetes(as_frame=True, scaled=False)
        features = data.data.rename(columns=DIABETES_NAMES).astype("float64")
        return Table(name, features, data.target.to_numpy("float64"), "regression", "progression", ())
    data, target_name = (load_wine, "cultivar") if name == "wine" else (load_breast_cancer, "diagnosis")
    data = data(as_frame=True)
    features = data.data.rename(columns=lambda column: column.replace(" ", "_").replace("/", "_"))
    classes = tuple(str(one) for one in data.target_names)
    return Table(name, features, data.target.to_numpy("int64"), "classification", target_name, classes)


def punch_holes(
    frame: pd.DataFrame,
    mechanism: str,
    share: float,
    *,
    columns: Sequence[str] | None = None,
    driver: str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """A copy of the table with values replaced by NaN.

    - "MCAR", missing completely at random: chance alone decides.
    - "MAR", missing at random: high values of another column, the driver, go with holes. The driver stays
      whole, so that the cause can be seen in the data.
    - "MNAR", missing not at random: high values are themselves the ones that go missing.

    In each column the cells with the highest score lose their value; the score is a normal draw, plus `PULL`
    times the z-score of the cause. A cause that is constant leaves it to chance.

    Args:
        frame: numeric columns; cells that are missing already stay so and are not counted.
        mechanism: one of MECHANISMS.
        share: of the values that each column has, how many go; 0 to 1, rounded to whole cells.
        columns: where; None takes all, for MAR all but the driver.
        driver: for MAR, a column without holes; None takes the first one that is not among `columns`.
        seed: the same seed punches the same holes; global random state is left alone.

    Raises:
        ValueError: for a mechanism, share or column that is not allowed, and for a driver with holes.
    """
    import numpy as np

    if mechanism not in MECHANISMS:
        raise ValueError(f"mechanism={mechanism!r} is not known; give one of {', '.join(MECHANISMS)}.")
    if not 0 <= share <= 1:
        raise ValueError(f"share={share!r} is not allowed; give a number from 0 to 1.")
    named = [*(() if columns is None else columns), *(() if driver is None else (driver,))]
    if unknown := [name for name in named if name not in frame.columns]:
        known = ", ".join(map(str, frame.columns))
        raise ValueError(f"the table has no column {unknown[0]!r}; it has {known}.")
    if mechanism == "MAR":
        driver = _driver(frame, columns, driver)
        columns = [name for name in frame.columns if name != driver] if columns is None else columns
    chance = np.random.default_rng(seed)
    punched = frame.astype("float64")
    for name in frame.columns if columns is None else columns:
        values = frame[name].to_numpy("float64")
        score = chance.normal(size=len(frame))
        if mechanism != "MCAR":
            cause = frame[driver].to_numpy("float64") if mechanism == "MAR" else values
            spread = np.nanstd(cause)
            score = score + PULL * (cause - np.nanmean(cause)) / (spread if spread > 0 else 1.0)
        score[np.isnan(values)] = -np.inf
        count = round(share * int((~np.isnan(values)).sum()))
        left = values.copy()
        left[np.argsort(-score, kind="stable")[:count]] = np.nan
        punched[name] = left
    return punched


def _driver(frame: pd.DataFrame, columns: Sequence[str] | None, driver: str | None) -> str:
    """The column that decides where MAR punches.

    Raises:
        ValueError: there is none, it is among `columns`, or it has holes.
    """
    if driver is None:
        driver = next((name for name in frame.columns if columns is None or name not in columns), None)
        if driver is None:
            raise ValueError("MAR needs a column that stays whole; leave one out of `columns`.")
    if columns is not None and driver in columns:
        raise ValueError(f"driver={driver!r} is among the columns to punch; under MAR it stays whole.")
    if holes := int(frame[driver].isna().sum()):
        raise ValueError(f"driver={driver!r} is missing {holes} values of its own; choose a whole column.")
    return driver
