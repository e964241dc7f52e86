"""Datasets that hang, raise, exit, crash or eat memory: one clear message, nothing left behind, and the next
run works.
"""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

from dpwidgets.prep.loading.runner import LoaderRunner, RunLimits, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by POSIX signals"),
]
BAD = 70
BATCH = 32
SHARED_MEMORY = Path("/dev/shm")


def hangs() -> None:
    threading.Event().wait()


def raises() -> None:
    raise KeyError("no label")


def leaves() -> None:
    os._exit(3)


def leaves_memory() -> None:
    (SHARED_MEMORY / f"torch_{os.getpid()}_1_0").write_bytes(b"a batch")
    time.sleep(0.5)  # the batch before this one is on its way: its thread makes a temporary file
    os._exit(3)


def exits() -> None:
    sys.exit("enough")


def crashes() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def eats() -> None:
    kept = []
    for _ in range(750):  # 3 GB at most, should nobody stop it
        kept.append(os.urandom(1) * 4_000_000)
        time.sleep(0.01)  # 400 MB/s: the memory is looked at four times a second


class Faulty(Dataset):
    """200 items; number 70 does what the file names, as long as it is there."""

    def __init__(self, fault: Path) -> None:
        self.fault = fault

    def __len__(self) -> int:
        return 200

    def __getitem__(self, index: int) -> torch.Tensor:
        if index == BAD and self.fault.exists():
            FAULTS[self.fault.read_text()]()
        return torch.tensor(index)


FAULTS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (hangs, raises, leaves, leaves_memory, exits, crashes, eats)
}


@pytest.fixture(scope="module")
def fault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fault") / "fault"


@pytest.fixture(scope="module")
def runner(fault: Path) -> Iterator[LoaderRunner]:
    with LoaderRunner(Faulty(fault)) as runner:
        yield runner
    assert below() == []


_others: set[psutil.Process] = set()  # of tests that ran before in this process, such as their browser


@pytest.fixture(scope="module", autouse=True)
def others() -> None:
    _others.update(psutil.Process().children(recursive=True))


def below() -> list[psutil.Process]:
    """Processes below this one that these tests started."""
    return [each for each in psutil.Process().children(recursive=True) if each not in _others]


@pytest.fixture(autouse=True)
def before() -> None:
    """Another test's runner may still keep its child."""
    _before[:] = below()


_before: list[psutil.Process] = []


def assert_nothing_left() -> None:
    assert [each for each in below() if each not in _before] == []


def run(runner: LoaderRunner, workers: int, **limits: Any) -> RunResult:
    settings = LoaderSettings(batch_size=BATCH, num_workers=workers)
    return runner.run(settings, limits=RunLimits(**({"seconds": 60.0} | limits)), traced=False)


SAYS = {
    "hangs": ("Hangs at item 70 in", "in hangs"),
    "raises": ("Item 70 failed in", "raise KeyError", "KeyError: 'no label'"),
    "leaves": ("Died at item 70 in", "exit code 3"),
    "exits": ("Item 70 failed in", "sys.exit('enough') was called", "in exits"),
    "crashes": ("Died at item 70 in", "Segmentation fault", "in crashes"),
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", SAYS)
@pytest.mark.fault("loader", "an item {name}, {workers} workers")
def test_a_faulty_item_is_named_and_the_next_run_works(
    runner: LoaderRunner,
    fault: Path,
    name: str,
    workers: int,
    user_reads: Callable[[object], str],
    also_checked: Callable[[str], None],
    nothing_left: Callable[..., None],
) -> None:
    fault.write_text(name)
    try:  # on a busy machine an item may take seconds
        result = run(runner, workers, **({"item_seconds": 2.0} if name == "hangs" else {}))
    finally:
        fault.unlink()
    assert result.ended == "failed"
    user_reads(result.message)
    for words in (*SAYS[name], "worker 0" if workers else "the process that iterates"):
        assert words in result.message
    assert "watch.py" not in result.message, "the message shows the instrument's own calls"
    assert result.items <= BAD
    assert_nothing_left()
    again = run(runner, workers)
    assert (again.ended, again.items) == ("finished", 200), again.message
    also_checked("the next run works")
    nothing_left(*below())  # the runner keeps its child for the next test


@pytest.mark.slow
@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="only Linux shows its shared memory as files")
@pytest.mark.fault("loader", "a worker dies while it hands a batch over")
def test_what_a_dead_worker_had_shared_is_freed(
    runner: LoaderRunner, fault: Path, user_reads: Callable[[object], str]
) -> None:
    """torch makes a file, both sides open it, then it goes: a process that ends in between leaves it."""
    fault.write_text("leaves_memory")
    try:
        result = run(runner, 2)
    finally:
        fault.unlink()
    assert "exit code 3" in user_reads(result.message)
    assert_nothing_left()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.fault("loader", "an item eats all memory, {workers} workers")
def test_a_loader_over_the_memory_limit_is_ended(
    runner: LoaderRunner, fault: Path, workers: int, user_reads: Callable[[object], str]
) -> None:
    fault.write_text("eats")
    limit = 900 * 2**20
    try:
        result = run(runner, workers, memory_bytes=limit)
    finally:
        fault.unlink()
    assert result.ended == "memory limit", result.message
    user_reads(result.message)
    eater = "worker 0" if workers else "the process that iterates"
    assert re.search(rf"more than the limit of 900 MiB.*{eater} [\d,]+ MiB at item 70", result.message)
    assert result.peak_memory_bytes > limit
    assert max(result.memory, key=lambda worker: result.memory[worker]) == (0 if workers else -1)
    assert_nothing_left()


class Ragged(Dataset):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.zeros(3 if index == 13 else 2)


@pytest.mark.fault("loader", "items that cannot be stacked")
def test_a_collate_that_raises_is_named_with_its_batch(user_reads: Callable[[object], str]) -> None:
    with LoaderRunner(Ragged()) as runner:
        for workers in (0, 2):
            settings = LoaderSettings(batch_size=4, num_workers=workers)
            result = runner.run(settings, traced=bool(workers))
            assert result.ended == "failed"
            user_reads(result.message)
            assert "collate_fn, on the batch that begins with item 12, failed in" in result.message
            assert "stack expects each tensor to be equal size" in result.message
            assert_nothing_left()


class BadStream(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        yield from range(5)
        raise OSError("the stream broke off")


class BadTogether(Dataset):
    def __len__(self) -> int:
        return 20

    def __getitems__(self, indices: list[int]) -> list[int]:
        if 13 in indices:
            raise OSError("row 13 is gone")
        return indices


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (BadStream(), "Item 5 failed in worker 0: OSError: the stream broke off"),
        (BadTogether(), "Item 12 failed in worker 1: OSError: row 13 is gone"),
    ],
    ids=["IterableDataset", "__getitems__"],
)
@pytest.mark.fault("loader", "a stream or a batched dataset raises: {words}")
def test_other_kinds_of_datasets_are_named_too(
    dataset: Any, words: str, user_reads: Callable[[object], str]
) -> None:
    with LoaderRunner(dataset) as runner:
        result = runner.run(LoaderSettings(batch_size=4, num_workers=2), traced=False)
    assert result.ended == "failed"
    assert words in user_reads(result.message)
    assert_nothing_left()


class Empty(Dataset):
    def __len__(self) -> int:
        return 0

    def __getitem__(self, index: int) -> int:
        raise IndexError(index)


@pytest.mark.fault("loader", "an empty dataset")
def test_a_dataset_without_a_batch_says_so(user_reads: Callable[[object], str]) -> None:
    with LoaderRunner(Empty()) as runner:
        empty = runner.run(LoaderSettings(), epochs=None, traced=False)
    assert empty.ended == "failed"
    assert "the dataset is empty, its len is 0" in user_reads(empty.message)
    with LoaderRunner(Ragged()) as runner:
        dropped = runner.run(LoaderSettings(batch_size=64, drop_last=True), traced=False)
    assert dropped.ended == "failed"
    assert "20 items make no batch of 64, and drop_last=True" in dropped.message


class Unpicklable(Ragged):
    def __init__(self, path: Path) -> None:
        self.log = path.open("w")


@pytest.mark.fault("loader", "a dataset that cannot be pickled")
def test_a_dataset_that_cannot_be_sent_starts_no_process(
    tmp_path: Path, user_reads: Callable[[object], str]
) -> None:
    dataset = Unpicklable(tmp_path / "log")
    with dataset.log, LoaderRunner(dataset) as runner:
        result = runner.run(LoaderSettings())
        assert_nothing_left()
    assert result.ended == "failed"
    assert "Unpicklable.log cannot be sent" in user_reads(result.message)
    assert "Keep the path" in result.message


class Unloadable(Ragged):
    def __setstate__(self, state: Any) -> None:
        raise FileNotFoundError("index.db is not here")


@pytest.mark.fault("loader", "a dataset that cannot be unpickled")
def test_a_dataset_that_cannot_be_received_says_why(user_reads: Callable[[object], str]) -> None:
    dataset = Unloadable()
    dataset.path = "index.db"  # type: ignore[attr-defined]
    with LoaderRunner(dataset) as runner:
        result = runner.run(LoaderSettings())
    assert result.ended == "failed"
    assert "FileNotFoundError: index.db is not here" in user_reads(result.message)
    assert_nothing_left()


KERNEL = """
import re, threading, time
import psutil
from torch.utils.data import Dataset
from dpwidgets.prep.loading.runner import LoaderRunner, RunLimits
from dpwidgets.prep.loading.settings import LoaderSettings

class Stuck(Dataset):
    def __len__(self):
        return 100
    def __getitem__(self, index):
        if index == 40:
            {stuck}
        return index

def tell():
    while runner._child is None or not any(s.item == 40 for s in runner._child.board.stands()):
        time.sleep(0.05)
    pids = [each.pid for each in psutil.Process().children(recursive=True)]
    print(runner._child.folder, *pids, flush=True)

runner = LoaderRunner(Stuck())
threading.Thread(target=tell, daemon=True).start()
runner.run(LoaderSettings(batch_size=8, num_workers={workers}), limits=RunLimits(seconds=100.0), traced=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "stuck"),
    [
        (2, "threading.Event().wait()"),
        (0, 're.match(r"(a+)+$", "a" * 50 + "b")'),  # hours, without letting another thread run
    ],
    ids=["2 workers wait", "the child keeps the interpreter lock"],
)
@pytest.mark.fault(
    "loader",
    "the kernel is killed in mid-run, {workers} workers",
    mended="guard, child, workers and folder go too",
)
def test_when_the_kernel_is_killed_nothing_is_left(workers: int, stuck: str) -> None:
    code = textwrap.dedent(KERNEL).format(workers=workers, stuck=stuck)
    kernel = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert kernel.stdout is not None
        folder, *pids = kernel.stdout.readline().split()
        assert len(pids) == 2 + workers, "the guard, the child, the workers"
        left = [psutil.Process(int(pid)) for pid in pids]
    finally:
        kernel.kill()
        kernel.communicate()
    _, alive = psutil.wait_procs(left, timeout=30)
    for each in alive:
        each.kill()
    assert alive == []
    assert not Path(folder).exists()


@pytest.mark.slow
@pytest.mark.fault(
    "loader",
    "stopped 20 times in mid-start and mid-run",
    mended="the next run works; memory grows by less than 5 %",
)
def test_stopping_and_starting_leaves_nothing_and_takes_no_memory(tmp_path: Path) -> None:
    """20 cycles: half are stopped while the child comes up, half while batches come."""
    settings = LoaderSettings(batch_size=8, num_workers=2)
    used: list[int] = []
    with LoaderRunner(Faulty(tmp_path / "none")) as runner:

        def stop_at_first_batch(progress: Any) -> None:
            if progress.batches:
                runner.stop()

        for cycle in range(20):
            if cycle % 2:
                timer = threading.Timer(0.3, runner.stop)
                timer.start()
                result = runner.run(settings, epochs=None, step_seconds=0.01)
                timer.join()
            else:
                result = runner.run(settings, epochs=None, step_seconds=0.01, on_progress=stop_at_first_batch)
                assert result.batches
            assert result.ended == "stopped", result.message
            assert_nothing_left()
            used.append(psutil.Process().memory_info().rss)
    assert used[-1] <= 1.05 * used[1], f"MiB after each cycle: {[each >> 20 for each in used]}"
