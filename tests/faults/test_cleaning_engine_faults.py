"""The table job on bad data and with workers that keep dying: the cause is told, no process is left."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client, KilledWorker, LocalCluster

from dpwidgets.prep.tables_at_scale.measured import run_engine

Told = Callable[[object], str]
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by POSIX signals"),
]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(2):
        pd.DataFrame({"id": [1, 2], "temp": [20.0, 21.0]}).to_parquet(folder / f"{number}.parquet")
    return folder


def cut(raw: Path) -> str:
    whole = (raw / "1.parquet").read_bytes()
    (raw / "1.parquet").write_bytes(whole[: len(whole) // 2])
    return "pandas"


def no_files(raw: Path) -> str:
    for path in raw.iterdir():
        path.unlink()
    return "pandas"


def other_columns(raw: Path) -> str:
    return "pandas"


def no_such_engine(raw: Path) -> str:
    return "panda"


WORDS = {
    cut: "1.parquet': Parquet magic bytes not found",
    no_files: "Error",
    other_columns: "Error",
    no_such_engine: "invalid choice: 'panda'",
}


@pytest.mark.fault("Dask", "the table job on bad input: {kind.__name__}")
@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_job_that_fails_says_why(
    tmp_path: Path, raw: Path, kind: Callable[[Path], str], user_reads: Told
) -> None:
    before = sorted(path.name for path in raw.iterdir())
    engine = kind(raw)
    with pytest.raises(RuntimeError, match=f"{engine} failed with exit code") as raised:
        run_engine(engine, raw, tmp_path / "out", seconds=120)
    user_reads(f"{str(raised.value).splitlines()[0]} … {str(raised.value).splitlines()[-1]}")
    assert WORDS[kind] in str(raised.value)
    assert kind is no_files or sorted(path.name for path in raw.iterdir()) == before


@pytest.mark.fault("Dask", "the table job is not ready in time")
def test_a_job_that_takes_too_long_is_ended(tmp_path: Path, raw: Path, user_reads: Told) -> None:
    with pytest.raises(RuntimeError, match=r"was not ready within 0\.2 s") as raised:
        run_engine("dask-cluster", raw, tmp_path / "out", seconds=0.2)
    user_reads(str(raised.value).splitlines()[0])
    assert not (tmp_path / "out").exists()


@pytest.mark.fault("Dask", "the folder of the result is there already")
def test_a_result_is_not_mixed_with_an_older_one(tmp_path: Path, raw: Path, user_reads: Told) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError, match="is there already") as raised:
        run_engine("dask-threads", raw, tmp_path / "out")
    user_reads(raised.value)


@pytest.fixture
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def fails(number: int) -> int:
    if number == 3:
        raise ValueError("row 3 has no unit")
    return number


@pytest.mark.fault("Dask", "a task raises")
def test_the_error_of_a_task_arrives_and_the_others_are_done(
    client: Client, user_reads: Told, also_checked: Callable[[str], None]
) -> None:
    futures = client.map(fails, range(6))
    with pytest.raises(ValueError, match="row 3 has no unit") as raised:
        client.gather(futures)
    user_reads(raised.value)
    assert client.gather(futures, errors="skip") == [0, 1, 2, 4, 5]
    also_checked("the cluster goes on")


def dies(log: str) -> None:
    with open(log, "a") as file:
        file.write(json.dumps(os.getpid()) + "\n")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.fault("Dask", "a task kills every worker that takes it")
def test_a_task_that_kills_its_workers_is_given_up(
    client: Client, tmp_path: Path, user_reads: Told, also_checked: Callable[[str], None]
) -> None:
    log = tmp_path / "log"
    with pytest.raises(KilledWorker) as raised:
        client.submit(dies, str(log)).result(timeout=120)
    user_reads(raised.value)
    assert len(set(log.read_text().split())) == 4, "three tries more than the first, each by another worker"
    assert client.submit(fails, 1).result(timeout=120) == 1
    also_checked("the cluster goes on with a new worker")
