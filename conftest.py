"""Puts the notebook tools on the path, our layer over nbval under `--nbval`, and spreads the work."""

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tools", "tests/notebooks", "tests/browser")]

pytest_plugins = ["kernel_options", "nbval_layer", "suite_times"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before any worker process starts (those have a `workerinput`)."""
    if session.config.option.nbval and not hasattr(session.config, "workerinput"):
        from kernels import make_samples

        make_samples()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadfile":
        return None
    from suite_order import scheduler

    return scheduler(config, log)
