"""The split lab's engine: agreement with scikit-learn, what leaks, what the code gives."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import GroupShuffleSplit, TimeSeriesSplit, train_test_split

from dpwidgets.prep.splitting.engine import SplitEngine
from dpwidgets.prep.splitting.leaks import chance_of_counts, honest_score, moved_when_grown, report, score
from dpwidgets.prep.splitting.problems import OURS, Problem, ours, read_problem
from dpwidgets.prep.splitting.strategies import STRATEGIES, split

LOADERS = {"wine": load_wine, "cancer": load_breast_cancer, "digits": load_digits}


@pytest.fixture(params=sorted(LOADERS))
def table(request: pytest.FixtureRequest) -> Problem:
    """A table with made groups of seven rows and times that run backwards."""
    x, y = LOADERS[request.param](return_X_y=True)
    n = len(y)
    return Problem(
        "rows",
        y.astype(np.int64),
        tuple(map(str, np.unique(y))),
        tuple(f"row-{i}" for i in range(n)),
        x=x,
        scored=np.arange(n),
        groups=np.arange(n) // 7,
        times=np.arange(n, dtype=float)[::-1].copy(),
    )


@pytest.mark.parametrize("stratified", [False, True])
def test_shuffled_splits_are_scikit_learns(table: Problem, stratified: bool) -> None:
    y = table.y if stratified else None
    parts = split(table, "stratified" if stratified else "random", 0.2, 0.1, 5)
    rest, test = train_test_split(
        np.arange(len(table)), test_size=round(0.2 * len(table)), random_state=5, stratify=y
    )
    assert parts.test.tolist() == sorted(test)
    _, val = train_test_split(
        rest, test_size=round(0.1 * len(table)), random_state=5, stratify=None if y is None else y[rest]
    )
    assert parts.val.tolist() == sorted(val)


def test_grouped_splits_are_scikit_learns_and_tear_no_group(table: Problem) -> None:
    parts = split(table, "grouped", 0.3, 0.2, 2)
    splitter = GroupShuffleSplit(1, test_size=0.3, random_state=2)
    _, test = next(splitter.split(table.y, groups=table.groups))
    assert parts.test.tolist() == sorted(test)
    assert table.groups is not None
    sets = [set(table.groups[rows]) for rows in parts]
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert report(table, parts, None).torn == 0
    assert report(table, split(table, "random", 0.3, 0.2, 2), None).torn > 0.5


def test_a_split_by_time_is_the_last_fold_of_scikit_learns(table: Problem) -> None:
    n_test = round(0.2 * len(table))
    _, test = list(TimeSeriesSplit(2, test_size=n_test).split(np.arange(len(table))))[-1]
    parts = split(table, "by time", 0.2, 0.0, 0)
    oldest_first = np.argsort(table.times)
    assert parts.test.tolist() == sorted(oldest_first[test])
    assert report(table, parts, None).late == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("val", [0.0, 0.15])
def test_every_item_is_in_one_part(table: Problem, strategy: str, val: float) -> None:
    parts = split(table, strategy, 0.25, val, 1)
    assert sorted(np.concatenate(parts)) == list(range(len(table)))
    assert (len(parts.val) == 0) == (val == 0)
    assert len(parts.test) == pytest.approx(0.25 * len(table), rel=0.5)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("val", [0.0, 0.15])
def test_the_code_gives_the_same_rows(table: Problem, strategy: str, val: float) -> None:
    engine = SplitEngine(table)
    params = {"strategy": strategy, "test": 0.3, "val": val, "seed": 7}
    code = engine.to_code(params)
    names: dict[str, Any] = {}
    exec(code, names)
    assert table.groups is not None
    given = {
        "grouped": table.groups,
        "by time": table.times,
        "hash of id": table.ids,
        "hash of group": [f"group-{group}" for group in table.groups],
    }.get(strategy, table.y)
    for one, other in zip(names["split"](given), engine.parts(params), strict=True):
        assert np.array_equal(one, other)
    assert "dpwidgets" not in code


def test_a_hashed_split_is_the_same_in_every_process_and_moves_nobody() -> None:
    problem = ours("rare disease")
    assert moved_when_grown(problem, "hash of id", 0.2, 0.1, 0, 0.5) == 0
    random = moved_when_grown(problem, "random", 0.2, 0.1, 0, 0.5)
    assert random is not None
    assert random > 0.2
    code = SplitEngine(problem).to_code({"strategy": "hash of id"}) + "\nprint(*split(['a', 'b', 'c'])[0])"
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_chance_agrees_with_many_random_splits() -> None:
    problem = ours("rare disease")
    counts, chances = chance_of_counts(problem, 1, 30)
    drawn = [int(problem.y[split(problem, "random", 0.15, 0.0, seed).test].sum()) for seed in range(1500)]
    assert np.mean([count == 0 for count in drawn]) == pytest.approx(chances[counts == 0][0], abs=0.03)
    assert np.mean(drawn) == pytest.approx((counts * chances).sum(), abs=0.1)


def test_a_leaking_split_promises_more_than_new_groups_give() -> None:
    problem = ours("sample photos")
    honest = honest_score(problem)
    assert honest is not None
    assert honest[1] == "new groups"
    parts = split(problem, "stratified", 0.2, 0.15, 0)
    promised = score(problem, parts.train, parts.test)
    assert promised is not None
    assert promised > honest[0] + 0.1


def test_a_tables_own_columns_are_used(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "size": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0],
            "label": ["b", "a", "b", "a", "b", "a"],
            "who": ["x", "x", "y", "y", "z", "z"],
            "day": ["2026-01-03", "2026-01-01", "2026-01-02", "2026-01-06", "2026-01-05", "2026-01-04"],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    problem = read_problem(tmp_path / "t.csv", target="label", group="who", time="day")
    assert problem.classes == ("a", "b")
    assert problem.y.tolist() == [1, 0, 1, 0, 1, 0]
    assert problem.x is not None
    assert problem.x[:, 0].tolist() == [1, 4, 3, 4, 5, 6]
    assert split(problem, "by time", 0.34, 0.0, 0).test.tolist() == [3, 4]


def test_a_target_of_numbers_is_cut_into_thirds() -> None:
    frame = pd.DataFrame({"value": np.arange(90.0), "other": np.arange(90.0)})
    assert np.bincount(read_problem(frame, target="value").y).tolist() == [30, 30, 30]


def test_an_image_folder_is_read_with_its_paths_as_ids(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("RGB", (20, 10), (60 * number, 0, 0)).save(tmp_path / name / f"{number}.png")
    problem = read_problem(str(tmp_path))
    assert problem.ids[:2] == ("cat/0.png", "cat/1.png")
    assert problem.groups is None
    assert problem.x is not None
    assert problem.x.shape == (8, 192)


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        (pd.DataFrame({"a": [1, 2]}), {}, "target is not given"),
        (pd.DataFrame({"label": [1, 2]}), {"target": "lable"}, "'lable'.*'label'"),
        (pd.DataFrame({"a": [1, 1]}), {"target": "a"}, "one value"),
        (pd.DataFrame({"a": [1, None]}), {"target": "a"}, "1 holes"),
        ("no/such.csv", {"target": "a"}, "no such file"),
        ([1, 2, 3], {}, "type list"),
    ],
)
def test_data_that_cannot_be_split_are_told(data: Any, options: dict[str, str], told: str) -> None:
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=told):
        read_problem(data, **options)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"strategy": "by time"}, "needs times"),
        ({"strategy": "gruoped"}, "'gruoped'.*'grouped'"),
        ({"test": 0.9}, "test=0.9"),
        ({"data": "rare disease", "strategy": "hash of group"}, "needs groups"),
    ],
)
def test_a_strategy_that_does_not_fit_is_told(params: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SplitEngine().parts(params)


def test_a_class_too_small_to_stratify_is_named() -> None:
    problem = Problem("rows", np.array([0] * 20 + [1]), ("common", "rare"), tuple(map(str, range(21))))
    with pytest.raises(ValueError, match="'rare' has 1 items"):
        split(problem, "stratified", 0.2, 0.1, 0)


@pytest.mark.parametrize("name", OURS)
def test_the_picture_follows_the_slider_and_is_the_same_again(name: str) -> None:
    engine = SplitEngine()
    first = engine.render({"data": name, "test": 0.2})
    again = SplitEngine().render({"data": name, "test": 0.2})
    moved = engine.render({"data": name, "test": 0.25})
    assert np.array_equal(first.picture, again.picture)
    assert first.alt == again.alt
    assert not np.array_equal(first.picture, moved.picture)
    small = engine.render({"data": name, "test": 0.2}, 0.5).picture
    assert small.shape == (first.picture.shape[0] // 2, first.picture.shape[1] // 2, 3)
