"""Each test marked `fault(area, what)` is one case of the fault table that `tools/faults.py` prints.

The test hands the message that the user reads to `user_reads`, or the marker says how the fault is `mended`
without one. For every test here it is proved that nothing is left: no process, no shared memory, no temporary
or half-written file.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from masks import mask
from processes import is_helper

sys.path.insert(0, str(Path(__file__).parent))  # for what several modules here share
SHARED_MEMORY = Path("/dev/shm")
PATIENCE = 30.0  # seconds until what was told to end must have ended
# Temporary folders that belong to a living process, or to a library that keeps it for the next run.
KEPT = ("pymp-", "dask-scratch-space", "ipython")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No two cases may have the same line in the table: a parameter has to show in it."""
    seen: dict[tuple[str, str], str] = {}
    for item in items:
        if listed := line(item):
            if listed in seen:
                told = f"the fault {listed} is listed twice: {seen[listed]} and {item.nodeid}"
                raise pytest.UsageError(f"{told}; put a parameter into the marker, as {{name}}.")
            seen[listed] = item.nodeid


def line(item: pytest.Item) -> tuple[str, str] | None:
    """(area, fault) in the table; None without a marker."""
    marker = item.get_closest_marker("fault")
    if marker is None:
        return None
    params = item.callspec.params if hasattr(item, "callspec") else {}
    area, what = marker.args
    return area, what.format(**params)


@pytest.fixture(scope="session", autouse=True)
def own_temporary_folder() -> Iterator[Path]:
    """Temporary files of these tests and of all processes that they start, apart from everybody else's."""
    # Not below pytest's folder: the path of a Unix socket may have 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="f-", ignore_cleanup_errors=True) as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", name)
        patch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the table says of this test; without a marker it has no line there."""
    found: dict[str, Any] = {"reads": "", "checked": ["files", "processes", "shared memory"]}
    if listed := line(request.node):
        mended = request.node.get_closest_marker("fault").kwargs.get("mended", "")
        found |= {"area": listed[0], "fault": listed[1], "mended": mended}
    return found


@pytest.fixture
def user_reads(case: dict[str, Any], tmp_path: Path) -> Callable[[object], str]:
    """`user_reads(message)` notes what the user is told, and returns it as text."""

    def note(message: object) -> str:
        told = str(message)
        if isinstance(message, BaseException):
            told = f"{type(message).__name__}: {told}"
        assert told.strip(), "the user is told nothing"
        case["reads"] = mask(told.replace(str(tmp_path), "<folder>"))
        return told

    return note


@pytest.fixture
def also_checked(case: dict[str, Any]) -> Callable[[str], None]:
    """`also_checked("kernel")` notes a proof of the test's own."""
    return case["checked"].append


@pytest.fixture(autouse=True)
def nothing_left(
    request: pytest.FixtureRequest,
    case: dict[str, Any],
    tmp_path: Path,
    own_temporary_folder: Path,
    record_property: Callable[[str, object], None],
) -> Iterator[Callable[..., None]]:
    """Fails a test that leaves something; `nothing_left(*processes)` allows what a module's fixture keeps."""
    allowed: set[psutil.Process] = set()
    folder = own_temporary_folder
    before = _processes(folder), _files(folder), _shared()

    def allow(*processes: psutil.Process) -> None:
        allowed.update(processes)
        case["checked"][:] = ["half-written files" if what == "files" else what for what in case["checked"]]

    yield allow
    if "area" in case:
        assert case["reads"] or case["mended"], (
            "this case says neither what the user reads nor how it is mended"
        )
        record_property("fault", json.dumps(case))

    def left() -> list[str]:
        living = _processes(folder)
        running = [f"process {one.pid}" for one in living - before[0] - allowed]
        memory = [f"shared memory {name}" for name in _ours(_shared() - before[2], living)]
        files = [f"temporary file {name}" for name in _files(folder) - before[1]]
        halves = [f"half a file {path}" for path in tmp_path.rglob("*") if ".part" in path.name]
        return running + memory + halves + ([] if allowed else files)  # a process that is kept has its folder

    until = time.monotonic() + PATIENCE
    while (found := left()) and time.monotonic() < until:
        time.sleep(0.1)
    assert found == []


def _processes(folder: Path) -> set[psutil.Process]:
    """Living processes that these tests started, but for Python's own helpers.

    They are below this one; or they lost their parent, and their environment tells the temporary folder.
    """
    me = psutil.Process()
    found = set(me.children(recursive=True))
    for one in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if one.environ().get("TMPDIR") == str(folder):
                found.add(one)
    return {one for one in found - {me} if _works(one)}


def _works(one: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return one.status() != psutil.STATUS_ZOMBIE and not is_helper(one)
    return False


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(KEPT)}


def _shared() -> set[str]:
    """Tensors of torch and blocks of multiprocessing that belong to this user.

    Not semaphores, whose names do not tell who made them; test_warm_kernels.py looks at those of kernels.
    """
    found = set()
    for path in (*SHARED_MEMORY.glob("torch_*"), *SHARED_MEMORY.glob("psm_*")):
        with suppress(FileNotFoundError):
            if path.stat().st_uid == os.getuid():
                found.add(path.name)
    return found


def _ours(names: set[str], living: set[psutil.Process]) -> set[str]:
    """Those that no other living process made or has open: other test workers share the folder."""
    if not names:
        return names
    others = set(psutil.pids()) - {os.getpid(), *(one.pid for one in living)}
    # torch writes who made it: torch_<process id>_<chance>_<number>
    names = {name for name in names if not (name.startswith("torch_") and int(name.split("_")[1]) in others)}
    for pid in others:
        with suppress(OSError):
            maps = Path(f"/proc/{pid}/maps").read_text(errors="replace")
            names = {name for name in names if f"{SHARED_MEMORY}/{name}" not in maps}
    return names
