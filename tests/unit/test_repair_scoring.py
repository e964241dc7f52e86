"""The measures: by hand where the numbers are small, and what they say about each mechanism."""

import numpy as np
import pytest

from dpwidgets.prep.repair.engine import RepairEngine
from dpwidgets.prep.repair.findings import DROPPED, MEAN_FILL, THIS
from dpwidgets.prep.repair.scoring import Estimate, _scored, distance, estimate, pooled
from dpwidgets.prep.repair.source import sample_sources
from dpwidgets.prep.repair.strategies import Repaired


@pytest.fixture(scope="module")
def engine() -> RepairEngine:
    return RepairEngine(sample_sources())


def test_pooling_by_hand() -> None:
    """Means 1, 2, 3; variances 0.04, 0.09, 0.05: within 0.06, between 1, total 0.06 + 4/3."""
    found = pooled([Estimate(1, 0.2), Estimate(2, 0.3), Estimate(3, 0.05**0.5)])
    assert found.mean == pytest.approx(2)
    assert found.error == pytest.approx((0.06 + 4 / 3) ** 0.5)


def test_one_table_is_pooled_to_itself_and_equal_tables_gain_nothing() -> None:
    assert pooled([Estimate(1, 0.2)]) == Estimate(1, 0.2)
    assert pooled([Estimate(1, 0.2)] * 4) == pytest.approx(Estimate(1, 0.2))


def test_a_mean_and_its_standard_error_by_hand() -> None:
    assert estimate(np.array([1.0, 2, 3, 4])) == pytest.approx((2.5, (5 / 3) ** 0.5 / 2))
    assert np.isnan(estimate(np.array([1.0])).error)


def test_distances_by_hand() -> None:
    truth, partner = np.array([0.0, 0, 2, 2]), np.array([0.0, 1, 2, 3])  # mean 1, sd 1, r = 0.894
    lost = np.array([False, True, True, False])
    table = np.column_stack([[0.0, 1, 2, 2], partner])  # the third is right by luck
    found = distance(truth, partner, lost, Repaired((table,), np.arange(4)), (0, 1))
    assert found.rmse == pytest.approx(0.5**0.5)
    assert found.shift == pytest.approx(0.25)
    assert found.spread == pytest.approx(np.std([0, 1, 2, 2]) - 1)
    assert found.bond == pytest.approx(
        np.corrcoef([0, 1, 2, 2], partner)[0, 1] - np.corrcoef(truth, partner)[0, 1]
    )


def test_cells_whose_truth_is_unknown_are_not_compared() -> None:
    truth, partner = np.array([0.0, np.nan, 2, 1]), np.arange(4.0)
    table = np.column_stack([[0.0, 1000, 2, 1], partner])
    found = distance(truth, partner, np.zeros(4, bool), Repaired((table,), np.arange(4)), (0, 1))
    assert np.isnan(found.rmse)
    assert found[1:] == pytest.approx((0, 0, 0))


def test_what_the_lab_is_to_show(engine: RepairEngine) -> None:
    """Averages over seeds, wine's flavanoids, 40 % missing in four columns."""
    asked = {"column": "flavanoids", "share": 0.4, "holed_columns": 4}

    def average(who: int, **params: object) -> np.ndarray:
        found = [engine.findings(asked | params | {"seed": seed}).distances[who] for seed in range(5)]
        return np.mean(found, axis=0)

    mean_fill = average(MEAN_FILL, mechanism="MCAR")
    assert abs(mean_fill[1]) < 0.1, "MCAR: the mean stays"
    assert mean_fill[2] < -0.15, "but the spread shrinks"
    assert mean_fill[3] < -0.1, "and so does the correlation"
    assert average(DROPPED, mechanism="MAR")[1] < -0.4, "MAR: the rows that are left are not like the others"
    assert average(THIS, mechanism="MAR", strategy="iterative")[1] > -0.2, "a model of the driver mends that"
    assert average(THIS, mechanism="MNAR", strategy="iterative")[1] < -0.2, "MNAR: nothing does"
    scaled, raw = (
        average(THIS, mechanism="MCAR", strategy="KNN", scale_before=scale)[0] for scale in (True, False)
    )
    assert scaled < 0.75 * raw, "KNN needs scaled columns"


def test_the_pooled_standard_error_is_wider_than_that_of_one_filled_table(engine: RepairEngine) -> None:
    wider, narrower = [], []
    for seed in range(3):
        params = {"column": "hue", "share": 0.4, "mechanism": "MCAR", "seed": seed}
        several = engine.findings(params | {"strategy": "multiple imputation"})
        wider.append(several.pooled.error / several.claims[0].error)
        narrower.append(engine.findings(params | {"strategy": "mean"}).pooled.error / several.known.error)
    assert np.mean(wider) > 1.05
    assert max(narrower) < 0.9, "a mean fill claims more than all true values give"


def test_a_target_that_hardly_varies_has_a_finite_score() -> None:
    told, truth = np.linspace(0, 1, 10), np.array([0.0] * 9 + [1.0])
    assert np.isfinite(_scored(told, truth, "regression")).all()
    assert _scored(np.zeros(10), np.zeros(10), "regression") == (1.0, 0.0)
    assert _scored(told, np.zeros(10), "regression") == (0.0, 0.0)
