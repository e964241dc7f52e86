"""In which pieces, and in which order, the tests go to the worker processes of pytest-xdist.

A file or a notebook is one piece: what its tests share is made once. Files of `SPREAD` go test by test. The
pieces that took longest come first, so that at the end no worker is left alone with a long one:
suite_seconds.json holds what each took (`python -m benchmarks.suite --record` writes it).
"""

import json
from pathlib import Path
from typing import Any

SECONDS = Path(__file__).with_name("suite_seconds.json")
UNKNOWN = 20.0  # seconds, of a piece that is not there
# Files whose tests each start a kernel of their own and share nothing.
SPREAD = (
    "tests/notebooks/test_papermill.py",
    "tests/faults/test_end_to_end_faults.py",
)


def piece_of(test: str) -> str:
    """The piece that a test (its node id) belongs to: its file, or itself."""
    file = test.partition("::")[0]
    return test if file in SPREAD else file


def known_seconds() -> dict[str, float]:
    """What each piece took when it was last measured."""
    return json.loads(SECONDS.read_text(encoding="utf-8"))


def scheduler(config: Any, log: Any) -> Any:
    """What pytest-xdist's hook `pytest_xdist_make_scheduler` wants, for `--dist loadfile`.

    (`--dist loadgroup` of pytest-xdist 3.8 does nothing under pytest 9.2, so marks cannot say this.)
    """
    from xdist.scheduler import LoadFileScheduling

    known = known_seconds()

    class LongestFirst(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return piece_of(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            longest = max(self.workqueue, key=lambda piece: known.get(piece, UNKNOWN))
            self.workqueue.move_to_end(longest, last=False)
            super()._assign_work_unit(node)

    return LongestFirst(config, log)
