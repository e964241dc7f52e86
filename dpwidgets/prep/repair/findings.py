"""What the lab found out about one repair: what the picture shows and the notes tell."""

from typing import Any, NamedTuple

import numpy as np

from dpwidgets.prep.repair.scoring import Distance, Estimate, Score
from dpwidgets.prep.repair.strategies import Repaired

# Who is compared: the series that chooses colour and marker.
TRUTH, DROPPED, MEAN_FILL, THIS, ONE_DRAW, OTHER_FIT = range(6)


class Contestant(NamedTuple):
    """One of those whose test scores are compared."""

    label: str
    series: int  # TRUTH … OTHER_FIT
    score: Score | None  # None: not computed


class Findings(NamedTuple):
    """Of one column, its partner, and a model."""

    params: dict[str, Any]
    partner: str
    task: str  # "classification", "regression" or ""
    truth: np.ndarray  # (rows,), the column; NaN where nobody knows
    beside: np.ndarray  # (rows,), the partner
    lost: np.ndarray  # bool (rows,), cells whose value was taken out
    own_holes: int  # cells of the column that were missing from the start
    whole_rows: int  # rows without any hole
    repaired: Repaired
    at: int  # where the column stands in the repaired tables
    distances: dict[int, Distance]  # of DROPPED, MEAN_FILL and THIS
    known: Estimate  # the column's mean from all true values,
    dropped: Estimate  # from the rows without a hole,
    claims: list[Estimate]  # from each repaired table, as if every value in it had been measured,
    pooled: Estimate  # and from all of them together
    contestants: list[Contestant]  # none without a target

    @property
    def filled(self) -> np.ndarray:
        """The column in the first repaired table, (rows kept,)."""
        return self.repaired.tables[0][:, self.at]
