"""One cleaning job under pandas, Dask and Spark: the same table to the last digit, in bounded memory."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from dpwidgets.prep.tables_at_scale.checksums import checksums
from dpwidgets.prep.tables_at_scale.cleaning import (
    CLEANED,
    clean_partition,
    latest_versions,
    statistics,
    tally,
    versions,
)
from dpwidgets.prep.tables_at_scale.engines import ENGINES, external_cluster, spark_missing
from dpwidgets.prep.tables_at_scale.measured import run_engine
from dpwidgets.prep.tables_at_scale.rows import DirtyTable

SMALL = DirtyTable(6_000, seed=3)
LARGE = DirtyTable(1_000_000)
LIMIT = 2 * 10**9  # bytes
FORKS = """
import os, time
block = b"x" * (300 << 20)
for _ in range(2):
    if os.fork() == 0:
        break
time.sleep(1)
"""
LOCKS = """
import multiprocessing, sys, time
from pathlib import Path
lock = multiprocessing.get_context("spawn").Lock()
Path(sys.argv[-1] + ".semaphore").write_text(lock._semlock.name)
time.sleep(600)
"""
SEMAPHORES = Path("/dev/shm")


def need_spark(engine: str) -> None:
    reason = spark_missing() if engine == "spark" else None
    if reason is not None and os.environ.get("DPWIDGETS_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    if reason is not None:
        pytest.skip(reason)


def cleaned(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All three steps, part by part, sorted by key."""
    latest = latest_versions(pd.concat([versions(part) for part in parts]))
    known = statistics(pd.concat([tally(part, latest) for part in parts]), latest)
    return by_key(pd.concat([clean_partition(part, known) for part in parts]))


def by_key(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("order_id", ignore_index=True).astype(CLEANED.dtypes.to_dict())


@pytest.fixture(scope="module")
def wanted() -> pd.DataFrame:
    return cleaned([SMALL.part(0, SMALL.rows)])


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "raw"
    assert len(SMALL.write(folder, 5)) == 5
    return folder


def rows(**columns: list[object]) -> pd.DataFrame:
    """Rows by hand, of one order each if nothing else is said."""
    count = len(next(iter(columns.values())))
    plain = {"ordered": "2024-03-17", "price": "1.00", "weight": "1.00 kg", "category": "toys", "note": ""}
    table = {"order_id": range(count), "revision": range(count)}
    return pd.DataFrame(table | {name: [value] * count for name, value in plain.items()} | columns)


def clean_alone(part: pd.DataFrame, latest: pd.Series | None = None) -> pd.DataFrame:
    """With statistics that are none of its own."""
    known = statistics(tally(SMALL.part(0, 500), NONE), NONE if latest is None else latest)
    return clean_partition(part, known)


NONE = pd.Series(dtype="int64")


# --- the table


def test_any_part_is_made_without_the_rest() -> None:
    whole = SMALL.part(0, SMALL.rows)
    for start, stop in [(0, 1), (17, 1_200), (5_999, 6_000)]:
        pd.testing.assert_frame_equal(SMALL.part(start, stop), whole[start:stop].reset_index(drop=True))
    pd.testing.assert_frame_equal(pd.concat(SMALL.parts(7), ignore_index=True), whole)


def test_the_table_has_the_faults_that_it_promises() -> None:
    table = SMALL.part(0, SMALL.rows)
    assert 0.02 < table["order_id"].duplicated().mean() < 0.05
    assert table["revision"].is_unique
    assert not table["revision"].is_monotonic_increasing
    assert 0.01 < table["price"].isna().mean() < 0.03
    assert set(table["price"].dropna()[~table["price"].dropna().str.contains(r"\d")]) == {"", "n/a"}
    assert table["price"].str.contains("€").any()
    assert table["price"].str.contains(",").any()
    assert set(table["weight"].dropna().str[-2:]) == {"kg", " g", "lb"}
    assert table["category"].nunique() == 20
    assert 0.4 < table["ordered"].str.contains("/").mean() < 0.6
    assert table["note"].str.contains(r"\s\s").any()


def test_another_seed_is_another_table_and_not_the_same_one_shifted() -> None:
    one, other = (
        DirtyTable(3_000, seed)._chance(np.arange(3_000, dtype=np.uint64), "price") for seed in (0, 1)
    )
    assert not set(one.tolist()) & set(other.tolist())


def test_rows_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="rows 5999 to 6001 are not part of a table of 6000 rows"):
        SMALL.part(5_999, 6_001)


# --- the job


def test_each_way_to_write_a_value_is_read() -> None:
    part = rows(
        price=["1,234.56", "€1,234.56", "1234.56", "0.07"],
        weight=["1.25 kg", "1250 g", "2.76 lb", "0.05 kg"],
        category=[" BOOKS ", "Book", "toys & games ", "records"],
        ordered=["2024-03-17", "17/03/2024", "2024-12-01", "01/12/2024"],
        note=["  two  words\t", "a", "", " \t "],
    )
    clean = clean_alone(part)
    assert clean["price"].tolist() == [1234.56, 1234.56, 1234.56, 0.07]
    assert clean["weight_kg"].tolist() == [1.25, 1.25, 1.25, 0.05]
    assert clean["category"].tolist() == ["books", "books", "toys", "music"]
    assert clean["ordered"].dt.strftime("%Y-%m-%d").tolist() == ["2024-03-17"] * 2 + ["2024-12-01"] * 2
    assert clean["note"].tolist() == ["two words", "a", "", ""]
    assert clean.dtypes.equals(CLEANED.dtypes)


def test_statistics_are_those_of_the_whole_table(wanted: pd.DataFrame) -> None:
    """Against plain pandas, which has all rows: mean and median of what was there."""
    priced, weighed = wanted[~wanted["price_filled"]], wanted[~wanted["weight_filled"]]
    mean = priced.groupby("category")["price"].mean().round(2)
    filled = wanted[wanted["price_filled"]].groupby("category")["price"].agg(["min", "max"])
    assert len(filled) == 5
    np.testing.assert_allclose(filled["min"], mean, atol=0.0051)
    np.testing.assert_array_equal(filled["min"], filled["max"])
    lower = weighed["weight_kg"].quantile(0.5, interpolation="lower")
    assert set(wanted.loc[wanted["weight_filled"], "weight_kg"]) == {lower}


def test_of_an_order_the_latest_row_stays_wherever_it_lies(wanted: pd.DataFrame) -> None:
    table = SMALL.part(0, SMALL.rows)
    newest = table.sort_values("revision").drop_duplicates("order_id", keep="last").sort_values("order_id")
    assert wanted["order_id"].tolist() == newest["order_id"].tolist()
    assert wanted["note"].tolist() == [" ".join(note.split()) for note in newest["note"]]
    alone = sum(len(part.drop_duplicates("order_id")) for part in SMALL.parts(5))
    assert alone > len(wanted), "each part on its own would have found them: the table tests nothing"


@pytest.mark.parametrize("seed", range(5))
def test_however_the_table_is_cut_the_result_is_the_same(wanted: pd.DataFrame, seed: int) -> None:
    random = np.random.default_rng(seed)
    table = SMALL.part(0, SMALL.rows).sample(frac=1, random_state=seed)
    cuts = sorted(random.integers(0, SMALL.rows, 12).tolist())  # some parts may be empty
    parts = [table[start:stop] for start, stop in zip([0, *cuts], [*cuts, SMALL.rows], strict=True)]
    pd.testing.assert_frame_equal(cleaned(parts), wanted, check_exact=True)


@pytest.mark.parametrize(
    ("column", "text", "what"),
    [
        ("price", "12,50", "price '12,50'"),
        ("price", "-1.00", "price '-1.00'"),
        ("weight", "1.25 oz", "weight '1.25 oz'"),
        ("weight", "1.5 g", "weight '1.5 g'"),
        ("category", "cars", "category 'cars'"),
        ("ordered", "2024/03/17", "date '2024/03/17'"),
    ],
)
def test_a_text_that_the_job_does_not_know_is_named(column: str, text: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"{what} is written in no way"):
        clean_alone(rows(**{column: [rows(price=["1.00"])[column].iloc[0], text]}))


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="order 4 has revision 9 twice"):
        latest_versions(pd.DataFrame({"order_id": [4, 1, 4], "revision": [9, 9, 9]}))
    with pytest.raises(ValueError, match="no row of category 'books' has a price"):
        statistics(tally(rows(price=["1.00"]), NONE), NONE)


# --- the checksums


def test_checksums_see_one_digit_one_row_and_no_order(tmp_path: Path, wanted: pd.DataFrame) -> None:
    def sums(name: str, *parts: pd.DataFrame) -> pd.DataFrame:
        (tmp_path / name).mkdir()
        for number, part in enumerate(parts):
            part.to_parquet(tmp_path / name / f"{number}.parquet", index=False)
        return checksums(tmp_path / name)

    same = sums("same", wanted)
    assert same["rows"].sum() == len(wanted)
    assert sums("cut", wanted[4_000:][::-1], wanted[:4_000]).equals(same)
    digit = wanted.copy()
    digit.loc[77, "price"] = np.nextafter(digit.loc[77, "price"], 0)
    assert (sums("digit", digit)["digest"] != same["digest"]).sum() == 1
    assert not sums("gone", wanted.drop(index=5)).equals(same)
    assert not sums("twice", wanted, wanted[5:6]).equals(same)
    swapped = wanted.copy()
    swapped.loc[[16, 32], "price"] = wanted.loc[[32, 16], "price"].to_numpy()
    assert not sums("swapped", swapped).equals(same)
    with pytest.raises(ValueError, match="has the columns"):
        sums("fewer", wanted[["order_id", "price"]])
    with pytest.raises(ValueError, match="no Parquet file"):
        checksums(tmp_path)


# --- the engines


@pytest.mark.parametrize(
    "engine",
    [
        "pandas",
        "dask-threads",
        *(pytest.param(name, marks=pytest.mark.slow) for name in list(ENGINES)[2:]),
    ],
)
def test_all_engines_give_the_same_table(
    engine: str, raw: Path, wanted: pd.DataFrame, tmp_path: Path
) -> None:
    need_spark(engine)
    run_engine(engine, raw, tmp_path / "out")
    given = pd.concat([pd.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")])
    pd.testing.assert_frame_equal(by_key(given), wanted, check_exact=True)


def test_a_run_that_fails_or_takes_too_long_says_so_and_leaves_nothing(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEANING_RUN", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"(?s)pandas failed with exit code 1:.*FileNotFoundError"):
        run_engine("pandas", tmp_path / "missing", tmp_path / "out")
    # Two seconds are not enough for the imports here and in the workers.
    with pytest.raises(RuntimeError, match=r"dask-cluster was not ready within 2 s"):
        run_engine("dask-cluster", raw, tmp_path / "out", seconds=2)
    assert not with_variable("CLEANING_RUN", str(tmp_path))


def runs_instead(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code takes the place of every engine that is run."""
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{code}")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


@pytest.mark.skipif(not SEMAPHORES.is_dir(), reason="only Linux shows semaphores as files")
def test_a_run_that_is_ended_leaves_no_semaphore(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that removes those of the dead must not be killed with them."""
    runs_instead(LOCKS, tmp_path, monkeypatch)
    with pytest.raises(RuntimeError, match="was not ready"):
        run_engine("pandas", raw, tmp_path / "out", seconds=5)
    name = (tmp_path / "out.semaphore").read_text()
    assert name.startswith("/mp-")
    assert not (SEMAPHORES / f"sem.{name[1:]}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which pages are shared")
def test_memory_that_forked_processes_share_counts_once(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_instead(FORKS, tmp_path, monkeypatch)
    assert 300 << 20 < run_engine("pandas", raw, tmp_path / "out").peak < 500 << 20


def with_variable(name: str, value: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(name) == value:
                found.append(process)
    return found


@pytest.mark.slow
def test_the_external_cluster_listens_on_loopback_only() -> None:
    with external_cluster(workers=1):
        listening = [
            one.laddr
            for process in psutil.Process().children(recursive=True)
            for one in process.net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
    assert {one.ip for one in listening} == {"127.0.0.1"}, listening


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_million_rows_agree_and_the_partitioned_runs_need_less_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    LARGE.write(tmp_path / "raw", 16)
    peaks, sums = {}, {}
    for engine in ENGINES:
        if engine == "spark" and spark_missing():
            continue  # said below, after the others have been compared
        out = tmp_path / engine
        peaks[engine] = run_engine(engine, tmp_path / "raw", out, seconds=600).peak
        sums[engine] = checksums(out)
        record_property(f"peak MiB, {engine}", peaks[engine] >> 20)
    print({engine: f"{peak / 2**20:.0f} MiB" for engine, peak in peaks.items()})
    whole = peaks.pop("pandas")
    assert sums["pandas"]["rows"].sum() > 960_000
    for engine, peak in peaks.items():
        assert sums[engine].equals(sums["pandas"]), engine
        assert peak < LIMIT, engine
        assert peak < whole, engine
    need_spark("spark")
