"""Puts the notebook tools on the path, our layer over nbval under `--nbval`, and spreads the work."""

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tools", "tests/notebooks", "tests/browser")]

pytest_plugins = ["kernel_options", "nbval_layer"]
# Files whose tests each start a kernel of their own and share nothing.
SPREAD = (
    "tests/notebooks/test_papermill.py",
    "tests/notebooks/mutants/test_mutants.py",
    "tests/faults/test_end_to_end_faults.py",
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before any worker process starts (those have a `workerinput`)."""
    if session.config.option.nbval and not hasattr(session.config, "workerinput"):
        from kernels import make_samples

        make_samples()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Under `-n N --dist loadfile`: a file or a notebook on one worker, but long independent tests apart.

    (`--dist loadgroup` of pytest-xdist 3.8 does nothing under pytest 9.2, so marks cannot say this.)
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Spread(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope = super()._split_scope(nodeid)
            return nodeid if scope in SPREAD else scope

    return Spread(config, log)
