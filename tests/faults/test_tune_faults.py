"""The search for good settings on datasets that fail, hang or eat memory, and when it is stopped."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from dpwidgets.prep.loading.settings import SettingsError
from dpwidgets.prep.loading.tune import TuneError, tune

Told = Callable[[object], str]
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


class Rows(Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 400

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.zeros(4)


class Failing(Rows):
    def __getitem__(self, index: int) -> torch.Tensor:
        raise OSError(f"row {index} is gone")


class FailingInWorkers(Rows):
    def __getitem__(self, index: int) -> torch.Tensor:
        if torch.utils.data.get_worker_info() is not None:
            raise RuntimeError("no second process may open this file")
        time.sleep(0.001)  # loading that is worth a worker
        return torch.zeros(4)


class Slow(Rows):
    def __getitem__(self, index: int) -> torch.Tensor:
        threading.Event().wait()
        return torch.zeros(4)


@pytest.mark.fault("tune", "every item fails")
def test_a_dataset_that_fails_everywhere(user_reads: Told) -> None:
    with pytest.raises(TuneError, match="is gone") as raised:
        tune(Failing(), batch_sizes=8, max_workers=1, seconds=60)
    user_reads(raised.value)


@pytest.mark.fault("tune", "items fail in workers only")
def test_a_dataset_that_fails_in_workers(user_reads: Told) -> None:
    told: list[str] = []
    result = tune(
        FailingInWorkers(),
        batch_sizes=8,
        max_workers=1,
        seconds=60,
        on_trial=lambda trial: told.append(trial.sentence),
    )
    assert result.best.num_workers == 0
    failed = [sentence for sentence in told if "no second process" in sentence]
    assert failed, told
    user_reads(failed[0])


@pytest.mark.fault("tune", "the first item hangs")
def test_a_dataset_that_hangs(user_reads: Told) -> None:
    with pytest.raises(TuneError) as raised:
        tune(Slow(), batch_sizes=8, max_workers=0, seconds=5)
    user_reads(raised.value)


@pytest.mark.fault("tune", "less memory than any setting needs")
def test_too_little_memory(user_reads: Told) -> None:
    with pytest.raises(TuneError, match="limit") as raised:
        tune(Rows(), batch_sizes=8, max_workers=1, seconds=60, memory_limit=10_000_000)
    user_reads(raised.value)


@pytest.mark.fault("tune", "stopped before anything was measured")
def test_stopped_at_once(user_reads: Told) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(TuneError, match="stopped before anything was measured") as raised:
        tune(Rows(), batch_sizes=8, max_workers=1, seconds=60, stop=stop)
    user_reads(raised.value)


@pytest.mark.fault("tune", "the reader's own callback raises")
def test_a_callback_that_raises(user_reads: Told) -> None:
    def raises(trial: Any) -> None:
        raise KeyError("speed")

    with pytest.raises(KeyError) as raised:
        tune(Rows(), batch_sizes=8, max_workers=0, seconds=30, on_trial=raises)
    user_reads(raised.value)


@pytest.mark.fault("tune", "the cell is interrupted between two trials")
def test_interrupted(user_reads: Told, also_checked: Callable[[str], None]) -> None:
    def interrupt(trial: Any) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt) as raised:
        tune(Rows(), batch_sizes=8, max_workers=0, seconds=30, on_trial=interrupt)
    user_reads(f"{raised.type.__name__} {raised.value}")
    assert set(threading.enumerate()) <= before
    also_checked("threads")


@pytest.mark.fault("tune", "a wrong argument: {arguments}")
@pytest.mark.parametrize(
    "arguments", [{"batch_sizes": 0}, {"seconds": -1}, {"epochs": 0}, {"max_workers": 1000}], ids=str
)
def test_wrong_arguments_start_nothing(arguments: dict[str, Any], user_reads: Told) -> None:
    with pytest.raises((TuneError, SettingsError)) as raised:
        tune(Rows(), **arguments)
    user_reads(raised.value)
