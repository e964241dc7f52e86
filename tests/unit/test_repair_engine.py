"""The repair engine: what it fills is what scikit-learn fills, and its code gives its result."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from dpwidgets import samples
from dpwidgets.prep.repair.engine import FIT_ON, RepairEngine
from dpwidgets.prep.repair.findings import MEAN_FILL, OTHER_FIT, THIS, TRUTH
from dpwidgets.prep.repair.source import read_source, sample_sources
from dpwidgets.prep.repair.strategies import STRATEGIES
from dpwidgets.samples.tables import MECHANISMS, TABLES

IMPUTERS = {
    "mean": SimpleImputer(),
    "median": SimpleImputer(strategy="median"),
    "most frequent": SimpleImputer(strategy="most_frequent"),
    "constant 0": SimpleImputer(strategy="constant", fill_value=0),
    "KNN": KNNImputer(n_neighbors=3),
    "iterative": IterativeImputer(max_iter=10, random_state=4, skip_complete=True),
}


@pytest.fixture(scope="module")
def engine() -> RepairEngine:
    return RepairEngine(sample_sources())


def holed(engine: RepairEngine, params: dict[str, Any]) -> pd.DataFrame:
    """The table with the holes that these parameters punch, made by the samples alone."""
    holes = engine.punched(engine.check(params))
    driver = {"driver": holes.driver} if holes.mechanism == "MAR" else {}
    return samples.punch_holes(
        samples.table(holes.table).features,
        holes.mechanism,
        holes.share,
        columns=holes.columns,
        seed=holes.seed,
        **driver,
    )


# --- agreement with scikit-learn


@pytest.mark.parametrize("fit_on", FIT_ON)
@pytest.mark.parametrize("strategy", IMPUTERS)
@pytest.mark.parametrize("table", TABLES)
def test_a_fill_is_scikit_learns(engine: RepairEngine, table: str, strategy: str, fit_on: str) -> None:
    params = {"table": table, "strategy": strategy, "fit_on": fit_on, "seed": 4, "scale_before": False}
    params = engine.check(params | {"neighbours": 3})
    holes = holed(engine, params).to_numpy()
    learn = engine.split(table, 4)[0] if fit_on == "train only" else np.arange(len(holes))
    expected = IMPUTERS[strategy].fit(holes[learn]).transform(holes)
    np.testing.assert_allclose(engine.result(params), expected, rtol=1e-9)


@pytest.mark.parametrize("table", TABLES)
def test_scaling_before_knn_is_a_pipeline_of_scikit_learn(engine: RepairEngine, table: str) -> None:
    params = engine.check({"table": table, "strategy": "KNN", "seed": 2})
    holes = holed(engine, params).to_numpy()
    train = engine.split(table, 2)[0]
    pipeline = make_pipeline(StandardScaler(), KNNImputer(n_neighbors=5)).fit(holes[train])
    expected = pipeline[0].inverse_transform(pipeline.transform(holes))
    np.testing.assert_allclose(engine.result(params), expected, rtol=1e-9)


@pytest.mark.parametrize("table", TABLES)
def test_multiple_imputation_is_scikit_learns_draws_one_under_the_other(
    engine: RepairEngine, table: str
) -> None:
    params = engine.check({"table": table, "strategy": "multiple imputation", "draws": 2, "seed": 3})
    holes = holed(engine, params).to_numpy()
    train = engine.split(table, 3)[0]
    result = engine.result(params)
    assert result.index.names[0] == "imputation"
    for draw in range(2):
        imputer = IterativeImputer(
            sample_posterior=True, max_iter=5, skip_complete=True, random_state=3 + draw
        )
        np.testing.assert_allclose(result.loc[draw], imputer.fit(holes[train]).transform(holes), rtol=1e-9)
    assert not np.allclose(result.loc[0], result.loc[1])


@pytest.mark.parametrize("model", ["KNN", "linear", "tree"])
@pytest.mark.parametrize("scaler", ["none", "standard", "min-max", "robust"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_score_is_that_of_scikit_learns_pipeline(
    engine: RepairEngine, table: str, scaler: str, model: str
) -> None:
    params = engine.check({"table": table, "strategy": "median", "model": model, "scaler": scaler, "seed": 1})
    holes, target = holed(engine, params).to_numpy(), samples.table(table).target
    train, test = engine.split(table, 1)
    classes = samples.table(table).task == "classification"
    scalers = {"standard": [StandardScaler()], "min-max": [MinMaxScaler()], "robust": [RobustScaler()]}
    models = {
        "KNN": KNeighborsClassifier() if classes else KNeighborsRegressor(),
        "linear": LogisticRegression(max_iter=200) if classes else Ridge(),
        "tree": (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_depth=4, random_state=0),
    }
    pipeline = make_pipeline(SimpleImputer(strategy="median"), *scalers.get(scaler, []), models[model])
    told = pipeline.fit(holes[train], target[train]).predict(holes[test])
    expected = (accuracy_score if classes else r2_score)(target[test], told)
    scores = {one.series: one.score for one in engine.findings(params).contestants}
    assert scores[THIS] is not None
    assert scores[THIS].value == pytest.approx(expected, abs=1e-9)
    assert not np.isclose(expected, 0)


def test_fitting_on_everything_reaches_imputer_and_scaler_and_no_label(engine: RepairEngine) -> None:
    params = engine.check({"table": "diabetes", "fit_on": "everything", "scaler": "standard"})
    holes, target = holed(engine, params).to_numpy(), samples.table("diabetes").target
    train, test = engine.split("diabetes", 0)
    leaky = make_pipeline(SimpleImputer(), StandardScaler()).fit(holes).transform(holes)
    expected = KNeighborsRegressor().fit(leaky[train], target[train]).score(leaky[test], target[test])
    scores = {one.series: one.score for one in engine.findings(params).contestants}
    assert scores[THIS].value == pytest.approx(expected)
    honest = engine.findings(params | {"fit_on": "train only"}).contestants
    assert scores[OTHER_FIT] == {one.series: one.score for one in honest}[THIS]
    assert scores[OTHER_FIT].value != scores[THIS].value


# --- the code


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("table", "mechanism", "more"),
    [
        ("wine", "MAR", {"indicator": True, "model": "linear"}),
        ("breast cancer", "MNAR", {"fit_on": "everything", "scaler": "robust", "model": "tree"}),
        ("diabetes", "MCAR", {"scaler": "none", "scale_before": False, "column": "bmi"}),
    ],
)
def test_the_code_gives_the_result_and_the_score_without_this_package(
    engine: RepairEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    strategy: str,
    table: str,
    mechanism: str,
    more: dict[str, Any],
) -> None:
    params = {
        "table": table,
        "strategy": strategy,
        "mechanism": mechanism,
        "share": 0.2,
        "seed": 7,
        "draws": 2,
    }
    params = engine.check(params | more)
    code, expected = engine.to_code(params), engine.result(params)
    scores = {one.series: one.score for one in engine.findings(params).contestants}
    monkeypatch.setitem(sys.modules, "dpwidgets", None)
    names: dict[str, Any] = {}
    exec(code, names)
    pd.testing.assert_frame_equal(names["repaired"], expected, rtol=1e-9)
    assert names["score"] == pytest.approx(scores[THIS].value)
    assert f"test score {names['score']:.3f}" in capsys.readouterr().out
    assert max(map(len, code.splitlines())) <= 120


def test_the_code_of_pooling_prints_what_the_picture_says(
    engine: RepairEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    params = engine.check({"strategy": "multiple imputation", "draws": 3})
    exec(engine.to_code(params), {})
    found = engine.findings(params).pooled
    assert f"mean {found.mean:.4g}, standard error {found.error:.4g}" in capsys.readouterr().out


def test_code_without_enough_rows_for_a_model_still_gives_the_result(engine: RepairEngine) -> None:
    params = engine.check({"strategy": "drop rows", "mechanism": "MCAR", "share": 0.6, "holed_columns": 8})
    names: dict[str, Any] = {}
    exec(engine.to_code(params), names)
    assert len(names["repaired"]) == len(engine.result(params)) == engine.findings(params).whole_rows
    assert "model" not in names
    assert np.isnan({one.series: one.score for one in engine.findings(params).contestants}[THIS].value)


# --- parameters


def test_without_holes_every_repair_leaves_the_truth(engine: RepairEngine) -> None:
    for strategy in STRATEGIES:
        params = engine.check({"share": 0, "strategy": strategy})
        found = engine.findings(params)
        scores = {one.series: one.score.value for one in found.contestants if one.score}
        assert scores[THIS] == pytest.approx(scores[TRUTH]), strategy
        assert scores[MEAN_FILL] == scores[TRUTH]
        assert found.distances[THIS][1:] == pytest.approx((0, 0, 0), abs=1e-9)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_partner_stays_whole_and_the_others_lose_the_share(engine: RepairEngine, mechanism: str) -> None:
    params = engine.check({"column": "hue", "mechanism": mechanism, "share": 0.25, "holed_columns": 3})
    found = engine.findings(params)
    lost = engine._holes(engine.punched(params))
    counts = dict(zip(samples.table("wine").features, np.isnan(lost).sum(axis=0), strict=True))
    assert counts[found.partner] == 0
    assert {name: count for name, count in counts.items() if count} == dict.fromkeys(
        ["hue", "proline", "alcohol"], 44
    )
    assert found.partner == samples.table("wine").features.corr()["hue"].drop("hue").abs().idxmax()


def test_changing_the_table_alone_goes_to_its_first_column(engine: RepairEngine) -> None:
    params = engine.check({"table": "diabetes", "column": "hue"})
    assert params["column"] == "total_cholesterol"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"share": 0.7}, r"share=0\.7 .* 0 to 0\.6"),
        ({"strategy": "kNN"}, r"strategy 'kNN' .*'KNN'"),
        ({"startegy": "KNN"}, r"'startegy'.*'strategy'"),
        ({"column": "alcohl"}, r"column 'alcohl' .*'alcohol'"),
        ({"table": "wines"}, r"table 'wines' .*'wine'"),
        ({"draws": 1}, r"draws=1 .* from 2 to 10"),
        ({"neighbours": 0}, r"neighbours=0 .* from 1"),
        ({"holed_columns": 9}, r"holed_columns=9 .* 1 to 8"),
        ({"indicator": 1}, r"indicator=1 .* True or False"),
        ({"fit_on": "test"}, r"fit_on 'test' .*train only, everything"),
        ({"model": "forest"}, r"model 'forest'"),
        ({"seed": -1}, r"seed=-1"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(
    engine: RepairEngine, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        engine.check(wrong)


def test_flags_say_where_the_holes_were(engine: RepairEngine) -> None:
    params = engine.check({"indicator": True, "strategy": "KNN", "seed": 5})
    holes, result = holed(engine, params), engine.result(params)
    for name in engine.punched(params).columns:
        assert result[f"missing_{name}"].tolist() == holes[name].isna().astype(float).tolist()
    assert list(result)[13:] == [f"missing_{name}" for name in holes if holes[name].isna().any()]


# --- the picture


def test_pictures_are_of_one_size_and_the_same_each_time(engine: RepairEngine) -> None:
    shapes = set()
    for strategy in STRATEGIES:
        params = engine.check({"strategy": strategy, "share": 0.2})
        first, again = engine.render(params), RepairEngine(sample_sources()).render(params)
        assert np.array_equal(first.picture, again.picture)
        assert (first.alt, first.notes) == (again.alt, again.notes)
        shapes.add(first.picture.shape)
    assert shapes == {(1200, 1840, 3)}
    assert engine.render(engine.default_params(), 0.5).picture.shape == (600, 920, 3)


@pytest.mark.parametrize("table", TABLES)
def test_every_step_of_the_share_changes_the_preview(engine: RepairEngine, table: str) -> None:
    pictures = [
        engine.render(engine.check({"table": table, "share": share}), 0.5).picture
        for share in (0.0, 0.05, 0.1)
    ]
    assert not any(np.array_equal(a, b) for a, b in pairwise(pictures))


def test_extremes_are_drawn_and_told(engine: RepairEngine) -> None:
    for params in (
        {"share": 0.0, "strategy": "drop rows"},
        {
            "table": "breast cancer",
            "share": 0.6,
            "strategy": "drop rows",
            "mechanism": "MCAR",
            "holed_columns": 8,
        },
        {"table": "diabetes", "column": "sex", "share": 0.6, "mechanism": "MNAR", "holed_columns": 1},
    ):
        rendered = engine.render(engine.check(params))
        assert "nan" not in rendered.alt + " ".join(rendered.notes["remarks"])


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("strategy", ["drop rows", "mean", "KNN"])
def test_a_constant_column_is_drawn_and_told(strategy: str, mechanism: str) -> None:
    engine = RepairEngine([read_source(own(flat=7.0), "b")])
    params = {"column": "flat", "strategy": strategy, "mechanism": mechanism, "holed_columns": 1}
    assert "nan" not in engine.render(engine.check(params)).alt


def test_global_chance_is_left_alone(engine: RepairEngine) -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    engine.render(engine.check({"strategy": "multiple imputation", "seed": 77, "draws": 2}))
    assert np.array_equal(np.random.get_state()[1], before)


# --- the reader's own table


def own(**columns: Any) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    base = {"a": chance.normal(size=60), "b": chance.normal(size=60), "city": ["Bern", "Genf"] * 30}
    base["c"] = base["a"] + 0.3 * base["b"]
    return pd.DataFrame(base | columns)


def test_own_holes_are_left_out_of_the_comparison_and_repaired_in_the_result() -> None:
    table = own()
    table.loc[[3, 5], "a"] = np.nan
    engine = RepairEngine([read_source(table)])
    params = engine.check({"column": "a", "share": 0.2, "mechanism": "MCAR"})
    found = engine.findings(params)
    assert found.own_holes == 2
    assert found.lost.sum() == round(0.2 * 58)
    assert not found.lost[[3, 5]].any()
    assert any("2 holes of your own" in remark for remark in engine.render(params).notes["remarks"])
    train = engine.split("your table", 0)[0]
    mean = table["a"].iloc[train].mean()
    expected = table[["a", "b", "c"]].fillna({"a": mean})
    pd.testing.assert_frame_equal(engine.result(params), expected)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_code_of_an_own_table_starts_from_it(strategy: str) -> None:
    table = own(price=np.arange(60.0))
    table.loc[::7, "a"] = np.nan
    table.index = [f"row {number % 50}" for number in range(60)]  # with labels that come twice
    engine = RepairEngine([read_source(table, "price")])
    params = engine.check({"strategy": strategy, "mechanism": "MCAR", "indicator": True, "draws": 2})
    names: dict[str, Any] = {"table": table}
    exec(engine.to_code(params), names)
    pd.testing.assert_frame_equal(names["repaired"], engine.result(params), rtol=1e-9)
    assert "price" in table, "the reader's table is left as it was"
    assert np.isfinite(names["score"])


def test_the_code_of_a_csv_reads_it(tmp_path: Any) -> None:
    path = tmp_path / "own.csv"
    own().to_csv(path, index=False)
    engine = RepairEngine([read_source(path, [0, 1] * 30)])
    names: dict[str, Any] = {"target": [0, 1] * 30}
    exec(engine.to_code(engine.check({"strategy": "KNN"})), names)
    pd.testing.assert_frame_equal(names["repaired"], engine.result({"strategy": "KNN"}), rtol=1e-9)


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (["yes", "no"] * 30, "classification"),
        ([0, 1, 2] * 20, "classification"),
        (np.arange(60), "regression"),
        (np.arange(60) % 10, "regression"),
        (np.linspace(0, 1, 60), "regression"),
        (None, ""),
    ],
)
def test_the_task_follows_from_the_target(target: Any, task: str) -> None:
    source = read_source(own(), target)
    assert source.task == task
    engine = RepairEngine([source])
    assert bool(engine.findings(engine.default_params()).contestants) == bool(task)
    assert source.left_out == ("city",)


@pytest.mark.parametrize(
    ("data", "target", "told"),
    [
        ([1, 2], None, "data is a list; give a DataFrame"),
        ("nowhere.csv", None, r"'nowhere.csv' is no CSV file .*'wine'"),
        (own().head(20), None, "20 rows; give at least 30"),
        (own()[["a", "city"]], None, "1 columns of numbers; give one with 2"),
        (own(d=[np.nan] * 59 + [1]), None, "column 'd' has 1 values; drop it"),
        (own(d=np.inf), None, "infinite values"),
        (pd.concat([own()] * 60), None, r"3,600 rows.*data.sample\(3000"),
        (own(), "price", "target='price' is no column of the table; it has a, b, city, c"),
        (own().assign(C=1).rename(columns={"C": "a"}), "a", "two columns 'a'; rename one"),
        (own(), [1, 2], "target has 2 values for 60 rows"),
        (own(), [None] + [1.0] * 59, "target is missing 1 values"),
        (own(), ["x"] * 60, "two classes or more"),
        (own(), list("abcdefghij") * 6, "target has 10 classes in 60 rows; give 10 rows a class"),
    ],
)
def test_data_that_does_not_fit_is_refused_with_the_cure(data: Any, target: Any, told: str) -> None:
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=told):
        read_source(data, target)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name,b\nKäse,1\n".encode("latin-1"), "is no UTF-8 text .*save it as CSV in UTF-8"),
        (b"", "is empty; give a CSV file"),
        (b"a,b\n1,2\n1,2,3\n", "is no table .*line 3, saw 3"),
        (b"a;b\n1,5;2\n1;2\n", "has semicolons between its values; save it with commas"),
        (b"a\tb\n1\t2\n", "has tabs between"),
        (b"a|b\n1|2\n", "has bars between"),
    ],
)
def test_a_file_that_is_no_csv_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"t\.csv {told}"):
        read_source(tmp_path / "t.csv")


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # where Windows looks
    own().to_csv(tmp_path / "t.csv", index=False)
    assert read_source("~/t.csv").columns == ("a", "b", "c")


def test_lengths_of_time_are_left_out() -> None:
    assert read_source(own(took=pd.to_timedelta(range(60), unit="s"))).left_out == ("city", "took")


def test_mar_needs_a_whole_column() -> None:
    table = own()[["a", "b"]]
    table.loc[0, "a"] = table.loc[1, "b"] = np.nan
    engine = RepairEngine([read_source(table)])
    assert engine.default_params()["mechanism"] == "MCAR"
    with pytest.raises(ValueError, match="needs a column without holes"):
        engine.check({"mechanism": "MAR"})
