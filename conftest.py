"""Puts the notebook tools on the path, our layer over nbval under `--nbval`, and spreads the work."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tools", "tests/notebooks", "tests/browser")]

# Before torch and numpy are imported, here or in a process that a test starts: where several processes share
# the cores, the threads of each mostly wait for one another at full speed (a picture of the race's training
# form took 61 ms of processor time instead of 11).
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

pytest_plugins = ["kernel_options", "nbval_layer", "suite_times"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before any worker process starts (those have a `workerinput`)."""
    if session.config.option.nbval and not hasattr(session.config, "workerinput"):
        from kernels import make_samples

        make_samples()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """For `-n auto`: one more than there are cores, since a third of the tests' time is waiting.

    None leaves it to pytest-xdist, which has a variable for it.
    """
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    import psutil

    from dpwidgets.prep.cores import usable_cores

    return min(usable_cores(), psutil.cpu_count(logical=False) or usable_cores()) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadfile":
        return None
    from suite_order import scheduler

    return scheduler(config, log)
