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
        (pd.DataFrame({"a": []}), {"target": "a"}, "no rows"),
        ("no/such.csv", {"target": "a"}, "no such file"),
        (pd.DataFrame([[1, 2]] * 9, columns=["a", "a"]), {"target": "a"}, "two columns 'a'; rename one"),
        (
            pd.DataFrame({"a": [1, 2], "day": ["2026-01-31", "soon"]}),
            {"target": "a", "time": "day"},
            "time column 'day' cannot be read .*give numbers, or dates",
        ),
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


def test_own_groups_keep_their_parts_and_the_code_takes_their_names() -> None:
    old = pd.DataFrame({"label": ["a", "b"] * 30, "who": [f"p{7 * row % 20:02}" for row in range(60)]})
    new = pd.concat([pd.DataFrame({"label": ["a"], "who": ["p99"]}), old], ignore_index=True)
    one, two = (SplitEngine(read_problem(table, target="label", group="who")) for table in (old, new))
    before, after = (each.parts({"strategy": "hash of group"}).test for each in (one, two))
    assert [row + 1 for row in before] == [row for row in after if row]
    given = {
        "grouped": old["who"].to_numpy(str),
        "hash of group": [f"group-{who}" for who in old["who"]],
    }
    for strategy, names in given.items():
        code: dict[str, Any] = {}
        exec(one.to_code({"strategy": strategy}), code)
        for mine, copied in zip(one.parts({"strategy": strategy}), code["split"](names), strict=True):
            assert np.array_equal(mine, copied)


@pytest.mark.parametrize("what", ["group", "time", "id"])
def test_holes_in_columns_are_told(what: str) -> None:
    frame = pd.DataFrame({"label": ["a", "b"] * 20, "of": [*range(39), None]})
    with pytest.raises(ValueError, match=f"{what} column 'of' has 1 holes"):
        read_problem(frame, target="label", **{what: "of"})


@pytest.mark.parametrize(
    "column", [[np.nan] * 40, [np.inf, *range(39)], pd.array([None, 1, 2, 3] * 10, "Int64")]
)
def test_a_column_with_holes_of_any_kind_does_not_stop_the_score(column: Any) -> None:
    frame = pd.DataFrame({"a": np.arange(40.0), "odd": column, "label": ["x", "y"] * 20})
    engine = SplitEngine(read_problem(frame, target="label"))
    assert engine.render({}).picture.size


def test_columns_that_are_numbered_are_found_by_their_number_as_text() -> None:
    frame = pd.DataFrame(np.arange(120.0).reshape(40, 3)).astype({2: "int64"})
    frame[2] = [0, 1] * 20
    assert len(read_problem(frame, target="2")) == 40


def test_a_csv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for content, told in ((b"", "is empty"), (b"a;b\n1;2\n", "has semicolons"), (b"a,b\n\xe4,2\n", "UTF-8")):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(ValueError, match=rf"t\.csv .*{told}"):
            read_problem(tmp_path / "t.csv", target="a")


def test_lengths_of_time_do_not_stop_the_score() -> None:
    took = pd.to_timedelta(range(40), unit="s")
    frame = pd.DataFrame({"a": np.arange(40.0), "took": took, "label": ["x", "y"] * 20})
    x = read_problem(frame, target="label").x
    assert x is not None
    assert x.shape == (40, 1)


def test_hidden_folders_and_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name / ".cache").mkdir(parents=True)
        for file in ("0.png", ".cache/1.png"):
            Image.new("RGB", (20, 10)).save(tmp_path / name / file)
        (tmp_path / name / "._0.png").write_bytes(b"what macOS writes")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert read_problem(tmp_path).ids == ("cat/0.png", "dog/0.png")


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    file = tmp_path / "cat" / "half.jpg"
    Image.effect_noise((200, 200), 90).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"half\.jpg cannot be decoded"):
        read_problem(tmp_path)


def test_too_few_items_before_the_growth_are_told_as_such() -> None:
    y = np.zeros(40, np.int64)
    y[np.random.default_rng(0).permutation(40)[-3:]] = 1  # the last to come
    engine = SplitEngine(Problem("rows", y, ("common", "rare"), tuple(map(str, range(40)))))
    assert len(engine.parts({"strategy": "stratified"}).test)
    with pytest.raises(ValueError, match=r"before the data grew by 25%.*grown=0"):
        engine.render({"strategy": "stratified"})
