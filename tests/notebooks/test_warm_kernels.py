"""Warm kernels behave as fresh ones do, but start with the imports done; none outlives its maker."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient.exceptions import CellExecutionError, DeadKernelError

from kernels import Client, notebook_environment
from warm_kernels import AVAILABLE, WarmKernels

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not AVAILABLE, reason="warm kernels need Linux")]

Start = Callable[[], Client]
SEMAPHORES = Path("/dev/shm")
LOCK = """
import multiprocessing
lock = multiprocessing.get_context("spawn").Lock()
print(lock._semlock.name)
"""
LIKE_FRESH = """
import gc, os, signal, sys
print(sys.path, sys.argv[0], os.getcwd(), sys.flags.hash_randomization, __name__)
print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])
print(gc.get_threshold(), sys.getrecursionlimit(), os.getpgid(0) == os.getpid(), os.environ["MPLBACKEND"])
import torch, torchvision, matplotlib
print(torch.get_num_threads(), torch.backends.cpu.get_cpu_capability(), torch.get_default_dtype())
print(torch.is_grad_enabled(), matplotlib.get_backend(), sorted(matplotlib.rcParams.items()))
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmKernels]:
    with tempfile.TemporaryDirectory() as scratch:
        kernels = WarmKernels(Path(scratch))
        yield kernels
        assert kernels.stop() == ""


@pytest.fixture
def in_use(warm: WarmKernels, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in warm.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start()`: a kernel that has not run anything."""
    started = []

    def start() -> Client:
        client = Client(nbformat.v4.new_notebook(), tmp_path, timeout=120, startup_timeout=300)
        started.append(client)
        client.start(notebook_environment(tmp_path))
        return client

    yield start
    for client in started:
        client.stop()


def run(client: Client, source: str) -> nbformat.NotebookNode:
    """The cell after its run."""
    client.nb.cells.append(nbformat.v4.new_code_cell(source))
    client.execute_cell(client.nb.cells[-1], len(client.nb.cells) - 1)
    return client.nb.cells[-1]


def said(client: Client, source: str) -> str:
    return "".join(output.get("text", "") for output in run(client, source).outputs)


@pytest.mark.usefixtures("in_use")
def test_a_warm_kernel_looks_like_a_fresh_one_from_inside(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = start()
    assert (
        said(kernel, "import sys; print('torch' in sys.modules, 'dpwidgets' in sys.modules)")
        == "True False\n"
    )
    monkeypatch.delenv("JUPYTER_PATH")
    fresh = start()
    assert said(fresh, "import sys; print('torch' in sys.modules)") == "False\n"
    assert said(kernel, LIKE_FRESH).splitlines() == said(fresh, LIKE_FRESH).splitlines()


@pytest.mark.usefixtures("in_use")
def test_kernels_draw_other_numbers_each(start: Start) -> None:
    draws = "import random, numpy, torch; print(random.random(), numpy.random.rand(), torch.rand(1).item())"
    one, other = said(start(), draws).split(), said(start(), draws).split()
    assert all(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.usefixtures("in_use")
def test_figures_show_and_streams_are_caught(start: Start) -> None:
    cell = run(start(), "import os; from matplotlib import pyplot; pyplot.plot([1]); os.system('echo low')")
    assert any("image/png" in output.get("data", {}) for output in cell.outputs)
    assert any(output.get("text") == "low\n" for output in cell.outputs)


@pytest.mark.usefixtures("in_use")
def test_a_cell_that_hangs_is_interrupted_with_its_workers(start: Start) -> None:
    kernel = start()
    kernel.timeout = 3
    with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
        # Not `child.wait()`: interrupted just as the child has ended, it forgets how.
        run(kernel, "import subprocess, time; child = subprocess.Popen(['sleep', '600']); time.sleep(600)")
    assert kernel.timed_out
    assert said(kernel, "print(child.wait())") == "-2\n"


@pytest.mark.skipif(not SEMAPHORES.is_dir(), reason="only Linux shows semaphores as files")
@pytest.mark.parametrize("kind", ["warm", "fresh"])
@pytest.mark.usefixtures("in_use")
def test_a_kernel_that_is_ended_leaves_no_semaphore(
    start: Start, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Under spawn and forkserver locks have names, which only a resource tracker that lives on removes."""
    if kind == "fresh":
        monkeypatch.delenv("JUPYTER_PATH")
    kernel = start()
    name = said(kernel, LOCK).strip().removeprefix("/")
    semaphore = SEMAPHORES / f"sem.{name}"
    assert semaphore.exists()
    kernel.stop()
    deadline = time.monotonic() + 20
    while semaphore.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not semaphore.exists()


@pytest.mark.parametrize(
    "ending", ["os._exit(3)", "os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"]
)
@pytest.mark.usefixtures("in_use")
def test_a_kernel_that_dies_is_noticed(start: Start, ending: str) -> None:
    with pytest.raises(DeadKernelError):
        run(start(), f"import os; {ending}")


@pytest.mark.usefixtures("in_use")
def test_a_kernel_that_holds_on_dies_with_its_children(start: Start) -> None:
    kernel = start()
    source = (
        "import os, signal, subprocess\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), subprocess.Popen(['sleep', '600']).pid)"
    )
    pids = [int(pid) for pid in said(kernel, source).split()]
    kernel.stop()
    assert_gone(pids)


def test_kernels_end_with_the_process_that_made_them(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        kernels = WarmKernels(Path(scratch))
        for name, value in kernels.environment.items():
            monkeypatch.setenv(name, value)
        pids = [int(said(start(), "import os; print(os.getpid())"))]
        assert kernels.stop() == ""
    assert_gone(pids)


def test_an_import_that_starts_a_thread_is_refused(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    code = "import sys, warm_kernels.zygote as zygote\nzygote.PRELOAD = ('threaded',)\nzygote.main(None)"
    paths = [str(Path(__file__).parents[2] / "tools"), str(tmp_path)]
    run = psutil.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
    )
    _, error = run.communicate(timeout=60)
    assert run.returncode == 1
    assert b"PRELOAD started threads (python)" in error


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    left = pids
    while left and time.monotonic() < deadline:
        left = [pid for pid in left if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        time.sleep(0.05)
    assert left == []
