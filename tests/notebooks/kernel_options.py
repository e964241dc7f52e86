"""pytest plugin: which kernels the notebooks get, fresh ones or `--warm`, and how these start processes."""

import os
import tempfile
from pathlib import Path

import pytest

from warm_kernels import AVAILABLE, WarmKernels

_WARM = pytest.StashKey[WarmKernels]()
_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kernels of the notebooks")
    group.addoption(
        "--warm",
        action="store_true",
        help="fork kernels from one process that has the imports done (Linux; elsewhere fresh ones)",
    )
    group.addoption(
        "--start-method",
        choices=("fork", "spawn", "forkserver"),
        help="how kernels start processes where a cell does not say (spawn is the rule on macOS and Windows)",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.warm and AVAILABLE and config.option.nbval:
        # The first ones wait for the imports.
        config.option.nbval_kernel_startup_timeout = max(300, config.option.nbval_kernel_startup_timeout)
    if config.option.start_method in ("spawn", "forkserver") and config.option.nbval:
        # Every worker imports torch: the chapters' limit of time is for the system's own way.
        config.option.nbval_cell_timeout = max(600, config.option.nbval_cell_timeout)
        config.option.chapter_seconds = float("inf")
    # Worker processes of pytest-xdist inherit the rest through the environment.
    if hasattr(config, "workerinput"):
        return
    if config.option.start_method:
        os.environ["DPWIDGETS_START_METHOD"] = config.option.start_method
    if config.option.warm and AVAILABLE:
        config.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="warm")
        warm = config.stash[_WARM] = WarmKernels(Path(config.stash[_FOLDER].name))
        os.environ.update(warm.environment)


def pytest_unconfigure(config: pytest.Config) -> None:
    warm = config.stash.get(_WARM, None)
    if warm is None:
        return
    problem = warm.stop()
    config.stash[_FOLDER].cleanup()
    if problem:
        print(f"the process that made the warm kernels failed:\n{problem}")


def pytest_report_header(config: pytest.Config) -> list[str]:
    lines = []
    if config.option.warm:
        lines.append("kernels: warm" if AVAILABLE else "kernels: fresh, for warm ones need Linux")
    if config.option.start_method:
        lines.append(f"kernels start processes by {config.option.start_method}")
    return lines
