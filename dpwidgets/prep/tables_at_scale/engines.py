"""The cleaning job under pandas, Dask and Spark: Parquet in, Parquet out, the same functions in each.

No engine is imported before it is used.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from dpwidgets.prep.tables_at_scale.cleaning import (
    CLEANED,
    TALLIED,
    TALLY_NEEDS,
    clean_partition,
    latest_versions,
    statistics,
    tally,
    versions,
)

WORKERS = 2
_WORKER_MEMORY = "800MiB"
_START_SECONDS = 60.0
_SPARK_TALLIED = "of string, place long, value long"
_SPARK_CLEANED = (
    "order_id long, ordered timestamp_ntz, price double, weight_kg double, category string, note string, "
    "price_filled boolean, weight_filled boolean"
)


def with_pandas(raw: Path, out: Path) -> None:
    """The whole table in memory at once."""
    table = pd.read_parquet(raw)
    latest = latest_versions(versions(table))
    clean = clean_partition(table, statistics(tally(table, latest), latest))
    out.mkdir(parents=True)
    clean.to_parquet(out / "part-0.parquet", index=False)


def with_dask(raw: Path, out: Path) -> None:
    """Under whatever scheduler is set: threads, processes, or the cluster of the current client."""
    import dask.dataframe as dd

    table = dd.read_parquet(raw)
    latest = latest_versions(versions(table).compute())
    # Bound with `partial`: Dask would take a Series among the arguments for one more table to be split.
    # It cannot see which columns a function needs: of those not named here none is read.
    tallies = table[TALLY_NEEDS].map_partitions(partial(tally, latest=latest), meta=TALLIED)
    known = statistics(tallies.optimize().compute(), latest)
    clean = table.map_partitions(partial(clean_partition, statistics=known), meta=CLEANED)
    # `optimize` makes read, clean and write one task. Else, under "processes", the raw and the clean rows of
    # every part travel through this process.
    clean.to_parquet(out, write_index=False, compute=False).optimize().compute()


def with_spark(raw: Path, out: Path, master: str = f"local[{WORKERS}]") -> None:
    """Spark hands a partition over in batches of 10,000 rows: one more way to cut the table."""
    session = spark_session(master)
    try:
        table = session.read.parquet(str(raw))
        latest = latest_versions(versions(table.select("order_id", "revision").toPandas()))
        slim = table.select(*TALLY_NEEDS).mapInPandas(_on_each(tally, latest=latest), _SPARK_TALLIED)
        known = statistics(
            slim.groupBy("of", "place").agg({"value": "sum"}).toPandas().set_axis(list(TALLIED), axis=1),
            latest,
        )
        clean = table.mapInPandas(_on_each(clean_partition, statistics=known), _SPARK_CLEANED)
        clean.write.parquet(str(out))
    finally:
        session.stop()


def spark_session(master: str = f"local[{WORKERS}]") -> Any:
    """A Spark session on loopback, without its web pages."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(master).appName("cleaning")
    options = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(WORKERS),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def spark_missing() -> str | None:
    """What Spark lacks here, and the cure, or None."""
    if find_spec("pyspark") is None:
        return 'no pyspark: `pip install "dpwidgets[spark]"`'
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        return "no Java: install a JDK, version 17 or newer (Debian: apt-get install default-jre-headless)"
    return None


@contextlib.contextmanager
def external_cluster(workers: int = WORKERS) -> Iterator[str]:
    """A scheduler and workers as processes of their own on loopback; gives the scheduler's address.

    Raises:
        RuntimeError: the workers did not arrive within a minute.
    """
    from distributed import Client

    with tempfile.TemporaryDirectory(prefix="dask-") as name, contextlib.ExitStack() as stack:
        found = Path(name, "scheduler.json")
        common = ["--host", "127.0.0.1", "--scheduler-file", str(found)]
        # Without its pages each still serves /health and /metrics, by default on every network.
        common += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        own = ["--nworkers", str(workers), "--nthreads", "1", "--memory-limit", _WORKER_MEMORY]
        stack.enter_context(_process("scheduler", "--port", "0", *common))
        stack.enter_context(_process("worker", *own, "--local-directory", name, *common))
        with Client(scheduler_file=str(found), timeout=_START_SECONDS) as client:
            try:
                client.wait_for_workers(workers, timeout=_START_SECONDS)
            except TimeoutError as error:
                raise RuntimeError(f"the {workers} Dask workers did not start within a minute.") from error
            address = client.scheduler.address
        yield address


@contextlib.contextmanager
def _process(kind: str, *options: str) -> Iterator[None]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _threads(raw: Path, out: Path) -> None:
    import dask

    with dask.config.set(scheduler="threads", num_workers=WORKERS):
        with_dask(raw, out)


def _processes(raw: Path, out: Path) -> None:
    import dask

    # One pool for all three steps: without it each `compute` starts Python anew.
    with (
        ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        with_dask(raw, out)


def _local_cluster(raw: Path, out: Path) -> None:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, memory_limit=_WORKER_MEMORY, dashboard_address=None
        ) as cluster,
        Client(cluster),
    ):
        with_dask(raw, out)


def _external(raw: Path, out: Path) -> None:
    from distributed import Client

    with external_cluster() as address, Client(address):
        with_dask(raw, out)


ENGINES: dict[str, Callable[[Path, Path], None]] = {
    "pandas": with_pandas,
    "dask-threads": _threads,
    "dask-processes": _processes,
    "dask-cluster": _local_cluster,
    "dask-external": _external,
    "spark": with_spark,
}


def _on_each(
    function: Callable[..., pd.DataFrame], **known: Any
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """For `mapInPandas`, which gives an iterator of parts."""

    def run(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            done = function(part, **known)
            # pyspark cannot take pandas' text as it is.
            yield done.astype(dict.fromkeys(done.select_dtypes("str"), "object"))

    return run
