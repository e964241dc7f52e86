"""The runner on datasets that behave: figures, limits, stopping, and what it costs nobody."""

import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from dpwidgets import portable
from dpwidgets.prep.loading import telling
from dpwidgets.prep.loading.board import Board, Halted
from dpwidgets.prep.loading.child import items_in
from dpwidgets.prep.loading.runner import LoaderRunner, Progress, RunLimits
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.spans import CONSUMER

pytestmark = pytest.mark.timeout(180)
LONG = RunLimits(seconds=90.0)


class Numbers(Dataset):
    """Prints at each item: what a dataset prints must not disturb the runner."""

    def __len__(self) -> int:
        return 100

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        print("item", index)
        return torch.full((2,), index), index


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        yield from range(100) if info is None else range(info.id, 100, info.num_workers)


@pytest.fixture(scope="module")
def runner() -> Iterator[LoaderRunner]:
    with LoaderRunner(Numbers()) as runner:
        yield runner
    assert below() == []


_others: set[psutil.Process] = set()  # of tests that ran before in this process, such as their browser


@pytest.fixture(scope="module", autouse=True)
def others() -> None:
    _others.update(psutil.Process().children(recursive=True))


def below() -> list[psutil.Process]:
    """Processes below this one that these tests started."""
    return [each for each in psutil.Process().children(recursive=True) if each not in _others]


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_ends_by_itself(runner: LoaderRunner, workers: int, traced: bool) -> None:
    settings = LoaderSettings(batch_size=16, num_workers=workers)
    news: list[Progress] = []
    result = runner.run(
        settings, step_seconds=0.005, epochs=2, limits=LONG, on_progress=news.append, traced=traced
    )
    assert (result.ended, result.message, result.settings) == ("finished", "", settings)
    assert (result.items, result.batches) == (200, 14)
    assert "pt_data_worker" not in [each.name() for each in below()], "its workers are gone"
    assert len(result.epoch_seconds) == 2
    assert 0 < result.start_seconds <= result.epoch_seconds[0]
    assert 0 < result.items_per_second < 14 * 16 / (12 * 0.005), "the step alone takes longer"
    assert 0 < result.wait_share < 1
    assert result.peak_memory_bytes > 0
    assert set(result.memory) <= {CONSUMER, *range(workers)}
    assert [each.items for each in news] == sorted(each.items for each in news)
    assert all(each.seconds >= 0 for each in news)
    spans = [span for each in news for span in each.spans]
    assert bool(spans) == traced
    if traced:
        assert result.summary.items == 200
        assert result.summary.memory == result.memory
        assert {"fetch", "collate", "wait"} <= {span.kind for span in spans}
        assert sum(span.kind == "step" for span in spans) == 14, "the last ones too"
    else:
        assert result.summary is None


def test_the_child_is_kept_and_the_time_limit_ends_a_run(runner: LoaderRunner) -> None:
    def child() -> int:
        return min(each.pid for each in below())

    settings = LoaderSettings(batch_size=10, num_workers=1)
    runner.run(settings, limits=LONG, traced=False)
    before = child()
    result = runner.run(settings, step_seconds=0.01, epochs=None, limits=RunLimits(seconds=1.0))
    assert (result.ended, result.message) == ("time limit", "")
    assert result.items == 10 * result.batches > 0
    assert result.summary.items == result.items
    assert child() == before
    assert "pt_data_worker" not in [each.name() for each in below()], "its workers are gone"


def test_a_limit_in_the_midst_of_an_item_names_it() -> None:
    before = below()
    with LoaderRunner(Waiting()) as runner:
        result = runner.run(LoaderSettings(batch_size=2, num_workers=1), limits=RunLimits(seconds=2.0))
        assert result.ended == "time limit"
        assert "item 3 in worker 0" in result.message
        assert below() == before


class Waiting(Numbers):
    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if index == 3:
            threading.Event().wait()
        return super().__getitem__(index)


def test_stop_from_another_thread_and_from_the_news(runner: LoaderRunner) -> None:
    settings = LoaderSettings(batch_size=10, num_workers=2)
    going = threading.Event()

    def stop_and_look() -> None:
        going.wait()
        runner.stop()
        left.append(below())

    left: list[Any] = []
    thread = threading.Thread(target=stop_and_look)
    thread.start()
    result = runner.run(
        settings, epochs=None, step_seconds=0.01, limits=LONG,
        on_progress=lambda progress: going.set() if progress.batches else None,
    )  # fmt: skip
    thread.join()
    assert (result.ended, left) == ("stopped", [[]])
    assert result.batches > 0
    runner.stop()  # without a run it does nothing
    again = runner.run(
        settings, epochs=None, limits=LONG, on_progress=lambda progress: runner.stop(), traced=False
    )
    assert again.ended == "stopped"


def test_an_error_in_the_news_is_the_callers_own(runner: LoaderRunner) -> None:
    def fail(progress: Progress) -> None:
        raise OSError("in the view")

    with pytest.raises(OSError, match="in the view"):
        runner.run(LoaderSettings(), epochs=None, on_progress=fail)
    assert below() == []
    assert runner.run(LoaderSettings(), limits=LONG, traced=False).ended == "finished"


def test_one_run_at_a_time(runner: LoaderRunner) -> None:
    def run_again(progress: Progress) -> None:
        with pytest.raises(RuntimeError, match="runs already"):
            runner.run(LoaderSettings())
        runner.stop()

    result = runner.run(LoaderSettings(), epochs=None, limits=LONG, on_progress=run_again)
    assert result.ended == "stopped"


def test_an_iterable_with_a_lambda() -> None:
    before = below()
    with LoaderRunner(portable(Stream()), collate_fn=lambda items: [sum(items), len(items)]) as runner:
        assert below() == before, "no process before the first run"
        for workers in (0, 2):
            settings = LoaderSettings(batch_size=1, num_workers=workers, shuffle=True)
            result = runner.run(settings, limits=LONG, traced=False)
            assert (result.ended, result.items) == ("finished", 100), result.message


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has spawn only")
def test_workers_that_are_started_afresh(runner: LoaderRunner) -> None:
    settings = LoaderSettings(batch_size=50, num_workers=1, start_method="spawn")
    result = runner.run(settings, limits=LONG)
    assert (result.ended, result.items) == ("finished", 100), result.message


def test_a_runner_that_is_forgotten_ends_its_child() -> None:
    before = below()
    runner = LoaderRunner(Numbers())
    runner.run(LoaderSettings(), limits=LONG, traced=False)
    assert below() != before
    del runner
    assert below() == before


@pytest.mark.parametrize(
    ("batch", "items"),
    [
        (torch.zeros(4, 3), 4),
        ([torch.zeros(4, 3), torch.zeros(4)], 4),
        ({"image": torch.zeros(4, 3), "text": ["a"]}, 4),
        ({"text": ["a", "b"]}, 2),
        ([(torch.zeros(3), 1)] * 5, 5),
        (["a", "b"], 2),
        ([("a", "b", "c"), torch.zeros(3)], 3),
        (torch.tensor(1.0), 1),
        (7, 1),
    ],
)
def test_items_in_a_batch(batch: Any, items: int) -> None:
    assert items_in(batch) == items


def test_the_board_keeps_the_first_failure_and_the_last_stand(tmp_path: Any) -> None:
    board, row = Board(tmp_path / "board"), Board(tmp_path / "board").row(2)
    row.fetch(8)
    row.fetch(9)
    row.fail()
    row.fetch(16)
    row.fetch(17)
    row.collate()
    (stand,) = board.stands()
    assert (stand.worker, stand.pid, stand.failed_item, stand.first) == (2, os.getpid(), 9, 16)
    assert telling.where(stand) == "collate_fn, on the batch that begins with item 16, in worker 2"
    board.halt()
    with pytest.raises(Halted):
        row.fetch(18)
    board.clear()
    assert list(board.stands()) == []


TRACE = """\
Traceback (most recent call last):
  File "/x/dpwidgets/prep/loading/watch.py", line 1, in _told
    return work(*args)
  File "/home/cell.py", line 2, in load
    open(name)
OSError: gone

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/x/torch/fetch.py", line 3, in fetch
    data = self.dataset[index]
  File "/x/dpwidgets/prep/loading/watch.py", line 1, in _told
    return work(*args)
  File "/home/cell.py", line 4, in __getitem__
    raise KeyError(name)
KeyError: 'a'"""


def test_a_traceback_shows_the_readers_code_alone() -> None:
    shown = telling.trimmed(TRACE)
    assert "watch.py" not in shown
    assert "fetch.py" not in shown
    for words in ("open(name)", "OSError: gone", "direct cause", "raise KeyError(name)", "KeyError: 'a'"):
        assert words in shown
    assert telling.trimmed(TRACE.replace("watch.py", "other.py")) == TRACE.replace("watch.py", "other.py")
