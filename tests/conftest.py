"""Fixtures that all tests share."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from warm_kernels import AVAILABLE, WarmKernels


@pytest.fixture(scope="session", autouse=True)
def _own_progress_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the reader's progress. The cache of sample photos stays shared: it is dear."""
    before = os.environ.get("DPWIDGETS_DATA")
    os.environ["DPWIDGETS_DATA"] = str(tmp_path_factory.mktemp("data"))
    yield
    if before is None:
        del os.environ["DPWIDGETS_DATA"]
    else:
        os.environ["DPWIDGETS_DATA"] = before


@pytest.fixture(scope="session")
def warm_kernels() -> Iterator[dict[str, str]]:
    """The environment in which kernels are warm; nothing where there are none."""
    if not AVAILABLE:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="warm") as scratch:  # a socket's path must be short
        kernels = WarmKernels(Path(scratch))
        yield kernels.environment
        assert kernels.stop() == ""


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return Path(__file__).parents[1]
