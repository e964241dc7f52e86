"""Chapter 10 on bad input, on a full disk, interrupted and killed: one clear message, nothing left behind."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
import psutil
import pytest
import torch
import torchvision
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kernels import KernelManager
from processes import TRACKER, process_id

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
            nbformat.v4.new_notebook(),
            timeout=120,
            shutdown_kernel="immediate",
            kernel_name="python3",
            kernel_manager_class=KernelManager,
        )
        self.client.create_kernel_manager()
        self.client.start_new_kernel(cwd=str(scratch), env=environment)
        self.client.start_new_kernel_client()
        self.count = 0
        self.cell(self.cells[0].source)  # imports: the dear part, done once

    @property
    def pid(self) -> int:
        return process_id(self.client)

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
def shared(tmp_path_factory: pytest.TempPathFactory, warm_kernels: dict[str, str]) -> Iterator[Run]:
    """One kernel, a warm one, for the tests that do not kill it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in warm_kernels.items():
            patch.setenv(name, value)
        run = Run(tmp_path_factory.mktemp("kernel"))
    yield run
    run.close()


@pytest.fixture(autouse=True)
def kernel_messages(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    user_reads: Callable[[object], str],
    also_checked: Callable[[str], None],
) -> Iterator[None]:
    """The error that a cell shows is what the user reads; a kernel that tests share must outlive each."""
    shown = CellExecutionError.from_cell_and_msg

    def note(cell: Any, message: Any) -> CellExecutionError:
        user_reads(f"{message['ename']}: {message['evalue']}")
        return shown(cell, message)

    monkeypatch.setattr(CellExecutionError, "from_cell_and_msg", note)
    yield
    if "shared" in request.fixturenames:
        status = psutil.Process(request.getfixturevalue("shared").pid).status()
        assert status != psutil.STATUS_ZOMBIE, "the kernel died"
        also_checked("kernel")


AUDITED = "audit.check(policy)"
DECODED = "image_size = image_size or"
TRAINED = '"train") as bar'
WRITTEN = '"metrics.json"'


def logged(run: Path) -> list[dict[str, float]]:
    """What TensorBoard shows of a run: one row for each epoch, in order, no step twice."""
    log = EventAccumulator(str(run / "tensorboard"))
    log.Reload()
    columns = {name: log.Scalars(name) for name in log.Tags()["scalars"]}
    epochs = max(len(events) for events in columns.values())
    for name, events in columns.items():
        assert [event.step for event in events] == list(range(1, epochs + 1)), name
    return [{name: events[i].value for name, events in columns.items()} for i in range(epochs)]


def history(run: Path) -> list[dict[str, float]]:
    return json.loads((run / "metrics.json").read_text())["history"]


def assert_log_equals_history(run: Path) -> None:
    shown, kept = logged(run), history(run)
    assert len(shown) == len(kept)
    for a, b in zip(shown, kept, strict=True):
        assert a == pytest.approx(b, rel=1e-6)


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
@pytest.mark.fault("training", "a wrong parameter: {parameters}")
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
@pytest.mark.fault("training", "the folder of photos: {kind}")
def test_bad_folders(shared: Run, tmp_path: Path, kind: str, words: str) -> None:
    data = bad_folder(kind, tmp_path / "data")
    message = shared.refusal(AUDITED, quick(tmp_path, data))
    assert words in message
    assert str(data) in message
    assert not (tmp_path / "runs").exists()


@pytest.mark.fault("training", "the folder of photos may not be read")
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


@pytest.mark.fault("training", "a truncated picture")
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


@pytest.mark.fault("training", "disk full while a checkpoint is written")
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
    assert len(logged(tmp_path / "runs/a")) == 2  # one epoch more than the checkpoint knows
    printed = shared.until(WRITTEN, quick(tmp_path, data))
    assert "epochs done before: 1 of 4" in printed
    assert_log_equals_history(tmp_path / "runs/a")


@pytest.mark.fault("training", "other settings under the name of a run that is there")
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
def train_epoch(network, loader, optimizer, scheduler, scaler, step):
    breaks = lambda: os.kill(os.getpid(), signal.{signal})
    return whole_epoch(network, loader, optimizer, scheduler, scaler, breaks if epoch == 2 else step)
"""


def workers_of(pid: int) -> list[psutil.Process]:
    """Living processes of this kernel's group, but for the tracker that cleans up behind it."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if one.pid != pid == os.getpgid(one.pid) and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return [one for one in found if TRACKER not in " ".join(one.cmdline())]


MORE: dict[str, dict[str, Any]] = {
    "all epochs": {},
    "early stopping": {"epochs": 12, "patience": 3, "schedule": "cosine"},
}


@pytest.mark.parametrize("how", MORE)
@pytest.mark.fault("training", "interrupted in mid-epoch with two workers, then resumed: {how}")
def test_interrupted_in_mid_epoch_and_resumed(shared: Run, tmp_path: Path, how: str) -> None:
    more = MORE[how]
    data = pictures(tmp_path / "data")
    broken = quick(tmp_path, data, num_workers=2, **more)
    message = shared.refusal(TRAINED, broken, {TRAINED: BREAK.format(signal="SIGINT")})
    assert message.startswith("KeyboardInterrupt")
    assert not workers_of(shared.pid)
    assert not list((tmp_path / "runs").rglob("*.part"))
    assert not (tmp_path / "runs/a/metrics.json").exists()

    printed = shared.until(WRITTEN, broken)
    assert f"epochs done before: 2 of {broken['epochs']}" in printed
    shared.until(WRITTEN, broken | {"run_name": "whole"})
    for name in ("a", "whole"):
        assert_log_equals_history(tmp_path / "runs" / name)
    if more:
        trained = len(history(tmp_path / "runs/a"))
        assert 4 <= trained < 12
        assert f"ended after epoch {trained} of 12" in printed
    resumed, whole = (json.loads((tmp_path / f"runs/{n}/metrics.json").read_text()) for n in ("a", "whole"))
    for row in resumed["history"] + whole["history"]:
        del row["waited"]
    assert resumed == whole
    assert not workers_of(shared.pid)


@pytest.mark.fault(
    "training",
    "the kernel is killed in mid-epoch",
    mended="its workers end; the last checkpoint is whole",
)
def test_killed_in_mid_epoch_leaves_no_worker(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    run = Run(tmp_path)
    try:
        pid = run.pid
        parameters = quick(tmp_path, data, num_workers=2)
        with pytest.raises(DeadKernelError):
            run.until(TRAINED, parameters, {TRAINED: BREAK.format(signal="SIGKILL")})
        deadline = time.monotonic() + 60
        while left := workers_of(pid):
            assert time.monotonic() < deadline, f"workers outlive the kernel: {left}"
            time.sleep(0.2)
    finally:
        run.close()
    assert (tmp_path / "runs/a/last.pt").exists()
    assert not list((tmp_path / "runs").rglob("*.part"))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.fault(
    "training",
    "workers by {method} do not see the notebook's classes",
    mended="they import the module that the chapter saved",
)
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


@pytest.mark.fault("training", "a file where the TensorBoard log is to be")
def test_a_log_that_cannot_be_written_is_told_before_training(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a/tensorboard").write_text("in the way")
    message = shared.refusal(TRAINED, quick(tmp_path, data))
    assert re.search(r"tensorboard cannot be written \(.+\): remove it", message)
    assert not (tmp_path / "runs/a/last.pt").exists()


@pytest.mark.fault("training", "TensorBoard is not installed", mended="one line says so; the run goes on")
def test_without_tensorboard_the_run_goes_on(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    hide = "sys.modules['torch.utils.tensorboard'] = None"
    try:
        printed = shared.until(WRITTEN, quick(tmp_path, data, epochs=1), {"SummaryWriter": hide})
    finally:
        shared.cell("del sys.modules['torch.utils.tensorboard']")
    assert "no TensorBoard log: for one, pip install tensorboard" in printed
    assert not (tmp_path / "runs/a/tensorboard").exists()
    assert len(history(tmp_path / "runs/a")) == 1


@pytest.mark.fault("training", "a damaged checkpoint")
def test_damaged_checkpoints_are_told(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    shared.until(TRAINED, quick(tmp_path, data, epochs=1))
    for name in ("best.pt", "last.pt"):  # the damaged best.pt is met at the test, last.pt before training
        path = tmp_path / "runs/a" / name
        path.write_bytes(path.read_bytes()[:1000])
        message = shared.refusal(WRITTEN, quick(tmp_path, data, epochs=1))
        assert f"{name} is damaged, or no checkpoint" in message


HUB = """
import urllib.error
def no_network(*_, **__):
    raise urllib.error.URLError("Name or service not known")
torch.hub.download_url_to_file = no_network
torch.hub.set_dir({!r})
"""


def test_published_weights_from_the_folder_of_downloads(shared: Run, tmp_path: Path) -> None:
    """Random numbers of the right shapes stand for the weights: the way is the same."""
    data, choice = pictures(tmp_path / "data"), torchvision.models.ResNet18_Weights.DEFAULT
    (tmp_path / "checkpoints").mkdir()
    published = torchvision.models.resnet18(weights=None).state_dict()
    torch.save(published, tmp_path / "checkpoints" / choice.url.rpartition("/")[2])
    hub = {DECODED: HUB.format(str(tmp_path))}
    asked = quick(tmp_path, data, model="resnet18", weights="DEFAULT", epochs=1)
    shared.until(DECODED, asked | {"image_size": 0}, hub)
    assert "224 258" in shared.cell("print(image_size, edge)")  # what these weights saw
    shared.until(WRITTEN, asked | {"image_size": 32}, hub)
    best = torch.load(tmp_path / "runs/a/best.pt", weights_only=True)
    assert best["config"]["weights"] == "DEFAULT"
    assert (best["mean"], best["std"]) == (choice.transforms().mean, choice.transforms().std)
    assert best["model"]["fc.weight"].shape == (3, 512)
    moved = (best["model"]["conv1.weight"] - published["conv1.weight"]).abs().max()
    assert 0 < moved < 0.01  # three steps at a tenth of the learning rate, from the published weights


@pytest.mark.fault(
    "training", "no network for published weights", mended="one line says so; the run starts from random ones"
)
def test_weights_that_cannot_be_had_leave_a_run_from_the_start(shared: Run, tmp_path: Path) -> None:
    data = pictures(tmp_path / "data")
    asked = quick(tmp_path, data, model="resnet18", weights="DEFAULT", image_size=0)
    printed = shared.until("save(name", asked, {DECODED: HUB.format(str(tmp_path))})
    assert "weights='DEFAULT' of resnet18 cannot be had" in printed
    config = json.loads((tmp_path / "runs/a/config.json").read_text())
    assert (config["weights"], config["image_size"]) == ("none", 64)


def test_the_take_home_says_what_the_chapter_said(shared: Run, tmp_path: Path) -> None:
    """The card's lines and the script, in processes that cannot import dpwidgets."""
    data = pictures(tmp_path / "data")
    shared.until(WRITTEN, quick(tmp_path, data))
    told = 'print(json.dumps([str(root / photos["file"][rows["test"][0]]), found[0].tolist(), classes]))'
    file, chances, classes = json.loads(shared.cell(told))
    run = tmp_path / "runs/a"
    shutil.copy(file, run / "photo.jpg")

    card = (run / "MODEL_CARD.md").read_text()
    lines = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert lines is not None
    hidden = "import sys; sys.modules['dpwidgets'] = None; sys.path.insert(0, '.')\n"
    code = hidden + lines[1].replace("print(", "import json; print(json.dumps(") + ")"
    found = json.loads(in_a_process(run, "-c", code))
    wanted = sorted(zip(classes, chances, strict=True), key=lambda pair: -pair[1])
    assert [name for name, _ in found] == [name for name, _ in wanted]
    assert [share for _, share in found] == pytest.approx([share for _, share in wanted], abs=1e-4)

    start = hidden + "import runpy; runpy.run_path('predict_photos.py', run_name='__main__')"
    said = in_a_process(run, "-c", start, "photo.jpg", "photo.jpg").splitlines()
    assert said == [f"photo.jpg  {'  '.join(f'{name} {share:.2f}' for name, share in found)}"] * 2
    assert "dpwidgets" not in (run / "predict_photos.py").read_text() + (run / "photo_data.py").read_text()

    assert str(data) not in card
    for fact in ("Folder `data`, 24 photos", "blue, green, red", "95 % interval over regions", "epoch"):
        assert fact in card


def in_a_process(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
