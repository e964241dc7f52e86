"""The tables, and the holes: exact shares, and a mechanism that can be seen in them."""

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from dpwidgets import samples
from dpwidgets.samples.tables import MECHANISMS, TABLES

RAW = {
    "wine": datasets.load_wine(),
    "breast cancer": datasets.load_breast_cancer(),
    "diabetes": datasets.load_diabetes(scaled=False),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_scikit_learns_with_names_that_are_names(name: str) -> None:
    table = samples.table(name)
    assert np.array_equal(table.features.to_numpy(), RAW[name].data)
    assert np.array_equal(table.target, RAW[name].target)
    assert all(column.isidentifier() for column in table.features.columns)
    assert table.features.columns.is_unique
    assert set(table.features.dtypes) == {np.dtype("float64")}
    assert not table.features.isna().any(axis=None)
    if table.task == "classification":
        assert table.classes == tuple(RAW[name].target_names)
        assert table.target.dtype == np.int64
    else:
        assert (table.task, table.classes) == ("regression", ())


def test_an_unknown_table_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="'iris'; there are 'wine', 'breast cancer', 'diabetes'"):
        samples.table("iris")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("share", [0.0, 0.13, 0.5, 1.0])
def test_every_column_but_the_driver_loses_the_share_asked_for(
    name: str, mechanism: str, share: float
) -> None:
    whole = samples.table(name).features
    holes = samples.punch_holes(whole, mechanism, share)
    lost = holes.isna().sum()
    if mechanism == "MAR":
        assert lost.iloc[0] == 0
        lost = lost.iloc[1:]
    assert set(lost) == {round(share * len(whole))}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_is_left_is_the_truth_and_the_truth_is_left(mechanism: str) -> None:
    whole = samples.table("wine").features
    before = whole.copy(deep=True)
    holes = samples.punch_holes(whole, mechanism, 0.4)
    pd.testing.assert_frame_equal(whole, before)
    pd.testing.assert_frame_equal(holes.fillna(whole), whole)


@pytest.mark.parametrize("name", TABLES)
def test_each_mechanism_shows_where_it_should_and_only_there(name: str) -> None:
    """Mean z-scores of the driver, and of the lost values, at the holes: about 0 by chance alone."""
    whole = samples.table(name).features
    scores = (whole - whole.mean()) / whole.std()
    related = whole.corr().iloc[0].abs()
    column, driver = related.index[related.argmin()], whole.columns[0]  # nearly unrelated
    seen = {}
    for mechanism in MECHANISMS:
        punched = (
            samples.punch_holes(whole, mechanism, 0.3, columns=pd.Index([column]), driver=driver, seed=seed)
            for seed in range(8)
        )
        at = [holes[column].isna() for holes in punched]
        seen[mechanism] = (
            np.mean([scores[driver][gone].mean() for gone in at]),
            np.mean([scores[column][gone].mean() for gone in at]),
        )
    assert seen["MCAR"] == pytest.approx((0, 0), abs=0.15)
    assert seen["MAR"][0] > 0.7
    assert abs(seen["MAR"][1]) < 0.25
    assert seen["MNAR"][1] > 0.7
    assert abs(seen["MNAR"][0]) < 0.25


def test_the_seed_decides_and_global_chance_is_left_alone() -> None:
    whole = samples.table("wine").features
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    one, same, other = (samples.punch_holes(whole, "MCAR", 0.3, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one, same)
    assert not one.isna().equals(other.isna())
    assert np.array_equal(np.random.get_state()[1], before)


def test_holes_that_are_there_stay_and_are_not_counted() -> None:
    own = pd.DataFrame({"a": [1.0, 2, 3, 4, None, None], "b": [1, 2, 3, 4, 5, 6]}, index=list("uvwxxx"))
    holes = samples.punch_holes(own, "MNAR", 0.5, columns=["a"])
    assert holes["a"].isna().sum() == 2 + 2
    assert holes["a"].isna().tolist()[-2:] == [True, True]
    assert holes["b"].tolist() == own["b"].tolist()


def test_a_constant_cause_leaves_it_to_chance() -> None:
    flat = pd.DataFrame({"flat": [7.0] * 40, "other": np.arange(40.0)})
    by_chance = samples.punch_holes(flat, "MCAR", 0.5, columns=["flat"])
    pd.testing.assert_frame_equal(samples.punch_holes(flat, "MNAR", 0.5, columns=["flat"]), by_chance)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"mechanism": "MAAR"}, r"'MAAR' is not known; give one of MCAR, MAR, MNAR"),
        ({"share": 1.2}, r"share=1.2 .* from 0 to 1"),
        ({"columns": ["proof"]}, r"no column 'proof'; it has alcohol"),
        ({"driver": "proof"}, r"no column 'proof'"),
        ({"columns": ["hue"], "driver": "hue"}, r"driver='hue' is among the columns"),
        ({"columns": list(samples.table("wine").features)}, "leave one out"),
    ],
)
def test_a_refusal_names_the_value_and_the_cure(wrong: dict[str, object], told: str) -> None:
    asked = {"mechanism": "MAR", "share": 0.2} | wrong
    with pytest.raises(ValueError, match=told):
        samples.punch_holes(samples.table("wine").features, **asked)  # type: ignore[arg-type]


def test_a_driver_with_holes_is_refused() -> None:
    own = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, None, 3, 4]})
    with pytest.raises(ValueError, match="driver='b' is missing 1 values of its own"):
        samples.punch_holes(own, "MAR", 0.5, columns=["a"], driver="b")
