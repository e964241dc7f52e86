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
from pathlib import Path
from typing import Any

import psutil
import pytest

from masks import mask

sys.path.insert(0, str(Path(__file__).parent))  # for what several modules here share
SHARED_MEMORY = Path("/dev/shm")
PATIENCE = 30.0  # seconds until what was told to end must have ended
CHAPTER = "test_end_to_end_faults"
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")  # of Python, one a process
# Temporary folders that belong to a living process, or to a library that keeps it for the next run.
KEPT = ("pymp-", "dask-scratch-space", "ipython")


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
    """What the table says of this test. Without a marker a test that runs a whole chapter is a case too."""
    found: dict[str, Any] = {"reads": "", "checked": ["files", "processes", "shared memory"]}
    if marker := request.node.get_closest_marker("fault"):
        params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
        area, what = marker.args
        found |= {"area": area, "fault": what.format(**params), "mended": marker.kwargs.get("mended", "")}
    elif request.module.__name__.endswith(CHAPTER):
        words = request.node.name.removeprefix("test_").replace("_", " ")
        found |= {"area": "training", "fault": words, "mended": "the run goes on, or is resumed"}
    return found


@pytest.fixture(autouse=True)
def kernel_messages(
    request: pytest.FixtureRequest, user_reads: Callable[[object], str], also_checked: Callable[[str], None]
) -> Iterator[None]:
    """The errors that a cell shows are what the user reads; a kernel that tests share must outlive each."""
    if not request.module.__name__.endswith(CHAPTER):
        yield
        return
    from nbclient.exceptions import CellExecutionError

    shown = CellExecutionError.from_cell_and_msg

    def note(cell: Any, message: Any) -> CellExecutionError:
        user_reads(f"{message['ename']}: {message['evalue']}")
        return shown(cell, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CellExecutionError, "from_cell_and_msg", note)
        yield
    if "shared" in request.fixturenames:
        assert psutil.Process(request.getfixturevalue("shared").pid).is_running(), "the kernel died"
        also_checked("kernel")


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
    before = set(_children()), _files(own_temporary_folder), _shared()
    yield lambda *processes: allowed.update(processes)
    if "area" in case:
        assert case["reads"] or case["mended"], (
            "this case says neither what the user reads nor how it is mended"
        )
        record_property("fault", json.dumps(case))

    def left() -> list[str]:
        running = [f"process {one.pid}" for one in set(_children()) - before[0] - allowed]
        memory = [f"shared memory {name}" for name in _ours(_shared() - before[2])]
        files = [f"temporary file {name}" for name in _files(own_temporary_folder) - before[1]]
        halves = [f"half a file {path}" for path in tmp_path.rglob("*") if ".part" in path.name]
        return running + memory + halves + ([] if allowed else files)  # a process that is kept has its folder

    until = time.monotonic() + PATIENCE
    while (found := left()) and time.monotonic() < until:
        time.sleep(0.1)
    assert found == []


def _children() -> list[psutil.Process]:
    """Living processes below this one, but for Python's own helpers."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            if one.status() != psutil.STATUS_ZOMBIE and not any(
                name in " ".join(one.cmdline()) for name in HELPERS
            ):
                found.append(one)
        except psutil.NoSuchProcess:
            continue
    return found


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(KEPT)}


def _shared() -> set[str]:
    """Tensors of torch and blocks of multiprocessing. (Names of semaphores do not tell whose they are.)"""
    names = os.listdir(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else []
    return {name for name in names if name.startswith(("torch_", "psm_"))}


def _ours(names: set[str]) -> set[str]:
    """Those that no process outside these tests has open: other test workers share the folder."""
    if not names:
        return names
    mine = {os.getpid(), *(one.pid for one in _children())}
    for process in psutil.process_iter(["pid"]):
        if process.pid in mine:
            continue
        try:
            maps = Path(f"/proc/{process.pid}/maps").read_text(errors="replace")
        except OSError:
            continue
        names = {name for name in names if f"{SHARED_MEMORY}/{name}" not in maps}
    return names
