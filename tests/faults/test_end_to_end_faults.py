"""Chapter 10 on bad input, on a full disk, interrupted and killed: one clear message, nothing left behind."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from PIL import Image

SOURCE = Path(__file__).parents[2] / "notebooks/source/10_end_to_end.py"
COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 40, 40)}
QUICK = {"epochs": 4, "batch_size": 8, "image_size": 16, "runs_dir": "{runs}", "run_name": "a"}

pytestmark = pytest.mark.slow


def pictures(root: Path, count: int = 8, classes: tuple[str, ...] = tuple(COLOURS)) -> Path:
    """A flat tree of small noisy JPEGs, one colour a class."""
    rng = np.random.default_rng(0)
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(count):
            noise = rng.integers(-40, 40, (30, 40, 3)) + np.array(COLOURS[name])
            Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(root / name / f"{i}.jpg")
    return root


class Run:
    """Runs the chapter cell by cell in one kernel, as papermill does: parameters are a cell of their own."""

    def __init__(self, scratch: Path) -> None:
        self.cells = [c for c in jupytext.read(SOURCE).cells if c.cell_type == "code"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "IPYTHONDIR": str(scratch / "ipython")}
        environment.pop("PYTEST_CURRENT_TEST", None)
        self.client = NotebookClient(
            nbformat.v4.new_notebook(), timeout=120, shutdown_kernel="immediate", kernel_name="python3"
        )
        self.client.create_kernel_manager()
        self.client.start_new_kernel(cwd=str(scratch), env=environment)
        self.client.start_new_kernel_client()
        self.count = 0
        self.cell(self.cells[0].source)  # imports: the dear part, done once

    @property
    def pid(self) -> int:
        assert self.client.km is not None
        return int(self.client.km.provisioner.pid)

    def cell(self, source: str) -> str:
        """Runs one cell; returns what it printed."""
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.count += 1
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")

    def until(self, end: str, parameters: dict[str, Any], before: dict[str, str] | None = None) -> str:
        """Runs from the parameters to the cell that holds `end`, itself included; returns what was printed.

        `before` maps a text to code that runs before the cell that holds it.
        """
        printed = ""
        for cell in self.cells[1:]:
            if "exercise" in cell.metadata.get("tags", []) or "quiz(" in cell.source:
                continue
            for text, code in (before or {}).items():
                printed += self.cell(code) if text in cell.source else ""
            printed += self.cell(cell.source)
            if "parameters" in cell.metadata.get("tags", []):
                self.cell("# Parameters\n" + "\n".join(f"{k} = {v!r}" for k, v in parameters.items()))
            if end in cell.source:
                return printed
        raise AssertionError(f"no cell holds {end!r}")

    def refusal(self, end: str, parameters: dict[str, Any], before: dict[str, str] | None = None) -> str:
        with pytest.raises(CellExecutionError) as caught:
            self.until(end, parameters, before)
        return f"{caught.value.ename}: {caught.value.evalue}"

    def close(self) -> None:
        if self.client.km is not None:
            self.client._cleanup_kernel()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One kernel for the tests that do not kill it."""
    run = Run(tmp_path_factory.mktemp("kernel"))
    yield run
    run.close()


AUDITED = "audit.check(policy)"
TRAINED = '"train") as bar'
WRITTEN = '"metrics.json"'


def quick(tmp_path: Path, data: Path, **more: Any) -> dict[str, Any]:
    return QUICK | {"runs_dir": str(tmp_path / "runs"), "data_dir": str(data)} | more


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"batch_size": 0}, ["batch_size = 0", "from 2 to 4096"]),
        ({"batch_size": -1}, ["batch_size = -1", "from 2 to 4096"]),
        ({"batch_size": "many"}, ["batch_size = 'many'", "whole number"]),
        ({"bacth_size": 16}, ["bacth_size = 16", "did you mean batch_size?"]),
        ({"lr": "1e-3"}, ["lr = '1e-3'", "write 1.0e-3"]),
        ({"run_name": "../elsewhere"}, ["run_name = '../elsewhere'"]),
        ({"data_dir": "/no/such/folder"}, ["data_dir = '/no/such/folder'", "does not exist"]),
    ],
)
def test_wrong_parameters(shared: Run, parameters: dict[str, Any], words: list[str]) -> None:
    message = shared.refusal(AUDITED, parameters)
    assert message.startswith("ParameterError: ")
    assert "\n" not in message
    assert all(word in message for word in words), message


def bad_folder(kind: str, root: Path) -> Path:
    if kind == "a file":
        root.write_text("not a folder")
    elif kind == "empty":
        root.mkdir()
    elif kind == "one class":
        pictures(root, classes=("red",))
    elif kind == "a class with one image":
        pictures(root)
        for i in range(1, 8):
            (root / f"red/{i}.jpg").unlink()
    return root


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist"),
        ("a file", "is a file, not a folder"),
        ("empty", "is empty"),
        ("one class", "holds one class only (red)"),
        ("a class with one image", "too few usable images in red (1)"),
    ],
)
def test_bad_folders(shared: Run, tmp_path: Path, kind: str, words: str) -> None:
    data = bad_folder(kind, tmp_path / "data")
    message = shared.refusal(AUDITED, quick(tmp_path, data))
    assert words in message
    assert str(data) in message
    assert not (tmp_path / "runs").exists()


def test_an_unreadable_folder(shared: Run, tmp_path: Path) -> None:
    """The refusal is simulated: root may read every folder."""
    locked = """
import os
may_read = os.scandir
def scandir(path="."):
    raise PermissionError(13, "Permission denied", str(path))
os.scandir = scandir
"""
    data = pictures(tmp_path / "data")
    try:
        message = shared.refusal(AUDITED, quick(tmp_path, data), {"check_parameters(": locked})
    finally:
        shared.cell("os.scandir = may_read")
    assert f"data_dir = '{data}' cannot be read (Permission denied)" in message


def test_a_truncated_picture_is_skipped_or_stops_the_run(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    half = data / "red/0.jpg"
    half.write_bytes(half.read_bytes()[:400])
    message = shared.refusal(AUDITED, quick(tmp_path, data, policy="stop"))
    assert "1 damaged" in message
    assert "red/0.jpg" in message
    assert not (tmp_path / "runs").exists()
    shared.until(WRITTEN, quick(tmp_path, data, policy="skip"))
    report = json.loads((tmp_path / "runs/a/metrics.json").read_text())
    assert report["left_out"] == 1
    assert len(report["history"]) == 4


def test_no_space_left_leaves_no_half_written_checkpoint(shared: Run, tmp_path: Path) -> None:
    full = """
written = Path.write_bytes
def disk_is_full(path, data):
    if path.name == ".last.pt.part" and len(history) == 2:
        written(path, data[:1000])
        raise OSError(28, "No space left on device")
    return written(path, data)
Path.write_bytes = disk_is_full
"""
    data = pictures(tmp_path / "data")
    try:
        message = shared.refusal(TRAINED, quick(tmp_path, data), {TRAINED: full})
    finally:
        shared.cell("Path.write_bytes = written")
    assert "last.pt was not written (No space left on device): free some space" in message
    assert not list((tmp_path / "runs").rglob("*.part"))
    printed = shared.until(WRITTEN, quick(tmp_path, data))
    assert "epochs done before: 1 of 4" in printed


def test_other_settings_under_the_same_name_are_refused(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    shared.until("save(name", quick(tmp_path, data))
    before = (tmp_path / "runs/a/config.json").read_bytes()
    message = shared.refusal(TRAINED, quick(tmp_path, data, epochs=5))
    assert "epochs was 4, is 5" in message
    assert "choose another run_name" in message
    assert (tmp_path / "runs/a/config.json").read_bytes() == before


BREAK = """
import os
import signal
whole_epoch = train_epoch
def train_epoch(network, loader, optimizer, scheduler, step):
    breaks = lambda: os.kill(os.getpid(), signal.{signal})
    return whole_epoch(network, loader, optimizer, scheduler, breaks if epoch == 2 else step)
"""


def workers_of(pid: int) -> list[psutil.Process]:
    """Living processes that were forked from this kernel: they share its command line."""
    command = psutil.Process(pid).cmdline()
    found = [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["cmdline"] == command]
    return [p for p in found if p.pid != pid and p.info["status"] != psutil.STATUS_ZOMBIE]


def test_interrupted_in_mid_epoch_and_resumed(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    broken = quick(tmp_path, data, num_workers=2)
    message = shared.refusal(TRAINED, broken, {TRAINED: BREAK.format(signal="SIGINT")})
    assert message.startswith("KeyboardInterrupt")
    assert not workers_of(shared.pid)
    assert not list((tmp_path / "runs").rglob("*.part"))
    assert not (tmp_path / "runs/a/metrics.json").exists()

    printed = shared.until(WRITTEN, broken)
    assert "epochs done before: 2 of 4" in printed
    shared.until(WRITTEN, broken | {"run_name": "whole"})
    resumed, whole = (json.loads((tmp_path / f"runs/{n}/metrics.json").read_text()) for n in ("a", "whole"))
    for row in resumed["history"] + whole["history"]:
        del row["waited"]
    assert resumed == whole
    assert not workers_of(shared.pid)


def test_killed_in_mid_epoch_leaves_no_worker(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    run = Run(tmp_path)
    try:
        pid, command = run.pid, psutil.Process(run.pid).cmdline()
        parameters = quick(tmp_path, data, num_workers=2)
        with pytest.raises(DeadKernelError):
            run.until(TRAINED, parameters, {TRAINED: BREAK.format(signal="SIGKILL")})
        deadline = time.monotonic() + 60
        while left := [
            p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == command and p.pid != pid
        ]:
            assert time.monotonic() < deadline, f"workers outlive the kernel: {left}"
            time.sleep(0.2)
    finally:
        run.close()
    assert (tmp_path / "runs/a/last.pt").exists()
    assert not list((tmp_path / "runs").rglob("*.part"))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_of_every_kind_find_the_dataset(shared: Run, tmp_path: Path, method: str) -> None:
    """A fresh process cannot see the notebook's classes, only the module that the chapter saved."""
    data = pictures(tmp_path / "data")
    set_method = "import multiprocessing\nmultiprocessing.set_start_method({!r}, force=True)"
    try:
        shared.until(
            TRAINED, quick(tmp_path, data, num_workers=1, epochs=1), {TRAINED: set_method.format(method)}
        )
    finally:
        shared.cell(set_method.format("fork"))
    assert (tmp_path / "runs/a/best.pt").exists()
