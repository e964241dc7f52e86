"""Summaries: eight loaders with a known bottleneck, each with real work, and the figures on made-up spans.

A sleep stands for a disk or for a step on an accelerator, never for work of the processor. The work that is
to be found is many times the rest, so that a noisy machine does not blur the verdict.
"""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.summary import Summary, summarise
from dpwidgets.prep.loading.trace import trace


def jpeg(width: int) -> bytes:
    file = io.BytesIO()
    photo = Image.fromarray(load_sample_image("china.jpg"))
    photo.resize((width, width * 2 // 3)).save(file, "JPEG", quality=95)
    return file.getvalue()


class Photos(Dataset):
    """Decodes a JPEG of some width for each item, after `disk` seconds in which nothing is computed."""

    def __init__(self, width: int, *steps: Any, length: int = 96, disk: float = 0.0) -> None:
        self.bytes = jpeg(width)
        self.transform = v2.Compose([*steps, v2.CenterCrop(32), v2.PILToTensor()])
        self.length = length
        self.disk = disk

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> torch.Tensor:
        if self.disk:
            sleep(self.disk)
        return self.transform(Image.open(io.BytesIO(self.bytes)).convert("RGB"))


class Ready(Dataset):
    """Items that are in memory already: nothing is left to do in a fetch."""

    def __init__(self, *shape: int, length: int = 96) -> None:
        self.items = torch.rand(4, *shape)
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.items[index % 4]


def median_collate(items: list[torch.Tensor]) -> torch.Tensor:
    """The median of each pixel over the batch: small to hand over, dear to compute."""
    return torch.stack(items).sort(dim=0).values[len(items) // 2]


class Arrays(Ready):
    """Whole batches in memory. An array goes through a pipe, byte by byte; a tensor in shared memory."""

    def __getitem__(self, index: int) -> np.ndarray:
        return self.items[index % 4].numpy()


def unchanged(batch: np.ndarray) -> np.ndarray:
    return batch


def summary_of(loader: DataLoader, step_seconds: float = 0.0) -> Summary:
    traced = trace(loader)
    for _ in traced:
        if step_seconds:
            sleep(step_seconds)
    return traced.summary()


def assert_names(bottleneck: str, make: Callable[[], tuple[DataLoader, float]]) -> None:
    """The bottleneck is named in one epoch of three: what else runs on the machine can tip one or two."""
    for _ in range(3):
        summary = summary_of(*make())
        if summary.bottleneck == bottleneck:
            return
    raise AssertionError(f"{summary}\n{summary.table()}")


@pytest.fixture
def one_core() -> Iterator[None]:
    """This process and its workers share a single core."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot confine a process to a core")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


CASES: dict[str, Callable[[], tuple[DataLoader, float]]] = {
    "storage": lambda: (DataLoader(Photos(60, disk=0.03), 8, num_workers=1), 0.0),
    "decode": lambda: (DataLoader(Photos(1800, length=48), 8, num_workers=1), 0.0),
    "transform GaussianBlur": lambda: (
        DataLoader(Photos(300, v2.GaussianBlur(61, 8.0), length=48), 8, num_workers=1),
        0.0,
    ),
    "collate": lambda: (DataLoader(Ready(3, 200, 200), 16, num_workers=1, collate_fn=median_collate), 0.0),
    "hand-over": lambda: (
        DataLoader(Arrays(16, 3, 400, 400, length=24), None, num_workers=1, collate_fn=unchanged),
        0.0,
    ),
    "step": lambda: (DataLoader(Ready(3, 8, 8), 8, num_workers=1), 0.2),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("bottleneck", "make"), CASES.items(), ids=CASES)
def test_the_bottleneck_is_named(bottleneck: str, make: Callable[[], tuple[DataLoader, float]]) -> None:
    assert_names(bottleneck, make)


@pytest.mark.timeout(180)
@pytest.mark.skipif(not os.path.exists("/proc/thread-self/schedstat"), reason="only Linux tells")
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.usefixtures("one_core")
def test_more_workers_than_cores_are_named() -> None:
    assert_names("too many workers", lambda: (DataLoader(Photos(600, length=160), 8, num_workers=4), 0.0))


@pytest.mark.timeout(120)
def test_a_short_epoch_is_dominated_by_the_start_of_its_workers() -> None:
    loader = DataLoader(Photos(60, length=16), 8, num_workers=1, multiprocessing_context="spawn")
    summary = summary_of(loader)
    assert summary.bottleneck == "start-up", summary
    assert summary.start_seconds > 0


def test_figures_are_those_of_the_spans() -> None:
    """One worker comes up after 2 s; three batches of two items, each 0.5 s of step; it waits 1 s in all."""
    spans = [
        Span("start", 0, 0.0, 2.0),
        Span("wait", CONSUMER, 0.0, 0.5, name="start"), Span("wait", CONSUMER, 0.5, 3.0, 0),
        Span("fetch", 0, 2.0, 2.9, 0, item=0, cpu=0.3, queued=0.1),
        Span("transform", 0, 2.5, 2.7, 0, "Resize"),
        Span("collate", 0, 2.9, 3.0, 0, cpu=0.1),
        Span("step", CONSUMER, 3.0, 3.5, 0), Span("wait", CONSUMER, 3.5, 4.0, 1),
        Span("step", CONSUMER, 4.0, 4.5, 1), Span("wait", CONSUMER, 4.5, 4.9, 2),
        Span("step", CONSUMER, 4.9, 5.4, 2), Span("wait", CONSUMER, 5.4, 5.5, 2, "end"),
    ]  # fmt: skip
    summary = summarise(spans, items=6, num_workers=1, memory={0: 2**20})
    assert (summary.items, summary.batches) == (6, 3)
    assert summary.seconds == pytest.approx(5.5)
    assert summary.start_seconds == pytest.approx(3.0)
    assert summary.wait_share == pytest.approx(1.0 / 2.5)
    assert summary.items_per_second == pytest.approx(4 / 2.5)  # after the first batch
    assert summary.seconds_by_kind["fetch"] == pytest.approx(0.9)
    # Of 0.9 s in the fetch 0.5 s were off the processor, and of the other 0.4 s a quarter without a core.
    assert summary.parts == pytest.approx(
        {"storage": 0.5, "decode": 0.15, "transform Resize": 0.15, "collate": 0.1}
    )
    assert summary.bottleneck == "start-up"
    assert summary.table()["part"].iloc[0] == "storage"
    assert "worker 0 1 MiB" in str(summary)


def test_without_workers_the_larger_of_waiting_and_step_counts() -> None:
    def verdict(wait: float, step: float) -> str:
        spans = [
            Span("fetch", CONSUMER, 0.0, wait, 0, cpu=wait),
            Span("wait", CONSUMER, 0.0, wait, 0),
            Span("step", CONSUMER, wait, wait + step, 0),
        ]
        return summarise(spans, items=1, num_workers=0).bottleneck

    assert verdict(wait=0.4, step=0.6) == "step"
    assert verdict(wait=0.6, step=0.4) == "decode"


def test_a_transform_on_the_whole_batch_is_taken_from_collate() -> None:
    spans = [
        Span("wait", CONSUMER, 0.0, 1.0, 0),
        Span("fetch", CONSUMER, 0.0, 0.1, 0, cpu=0.1),
        Span("collate", CONSUMER, 0.1, 1.0, 0, cpu=0.9),
        Span("transform", CONSUMER, 0.2, 1.0, 0, "MixUp", cpu=0.8),
    ]
    summary = summarise(spans, items=1, num_workers=0)
    assert summary.parts == pytest.approx({"decode": 0.1, "collate": 0.1, "transform MixUp": 0.8})
    assert summary.bottleneck == "transform MixUp"


def test_receiving_counts_when_it_takes_longer_than_all_that_a_worker_does() -> None:
    def verdict(receiving: float) -> str:
        spans = [
            Span("wait", CONSUMER, 0.0, 1.0, 0),
            Span("fetch", 0, 0.0, 0.3, 0, cpu=0.3),
            Span("collate", 0, 0.3, 0.5, 0, cpu=0.2),
            Span("hand-over", CONSUMER, 1.0 - receiving, 1.0, 0, "unpack"),
        ]
        return summarise(spans, items=1, num_workers=1).bottleneck

    assert verdict(receiving=0.4) == "decode"
    assert verdict(receiving=0.6) == "hand-over"


def test_workers_without_a_core_count_only_beyond_the_cores() -> None:
    spans = [
        Span("wait", CONSUMER, 0.0, 1.0, 0),
        Span("fetch", 0, 0.0, 1.0, 0, cpu=0.5, queued=0.5),
        Span("fetch", 1, 0.0, 1.0, 1, cpu=0.5, queued=0.5),
    ]
    assert summarise(spans, items=2, num_workers=2, cores=1).bottleneck == "too many workers"
    assert summarise(spans, items=2, num_workers=2, cores=2).bottleneck == "decode"


def test_a_transfer_that_takes_longer_than_the_step_is_named() -> None:
    spans = [
        Span("wait", CONSUMER, 0.0, 0.1, 0),
        Span("transfer", CONSUMER, 0.1, 0.8, 0),
        Span("step", CONSUMER, 0.8, 1.0, 0),
    ]
    assert summarise(spans, items=1, num_workers=0).bottleneck == "transfer"


def test_an_epoch_that_was_cut_before_its_first_batch_does_not_count_for_the_rate() -> None:
    spans = [
        Span("wait", CONSUMER, 0.0, 0.5, name="start"), Span("wait", CONSUMER, 0.5, 2.0, 0),
        Span("step", CONSUMER, 2.0, 2.2, 0),
        Span("wait", CONSUMER, 2.2, 2.7, name="start"), Span("wait", CONSUMER, 2.7, 4.2, 0),
        Span("step", CONSUMER, 4.2, 4.4, 0),
        Span("wait", CONSUMER, 4.4, 4.9, name="start"),
    ]  # fmt: skip
    assert summarise(spans, items=80, num_workers=0).items_per_second == pytest.approx(80 / 4.9)


def test_no_spans_give_no_verdict() -> None:
    summary = summarise([], items=0, num_workers=2)
    assert (summary.bottleneck, summary.items_per_second, summary.wait_share) == ("", 0.0, 0.0)
    assert "unknown" in repr(summary)
    assert summary.table().empty


class Threaded(Photos):
    """Decodes a batch in threads, while the thread that was asked waits for them."""

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self.__getitem__, indices))


def test_threads_in_getitems_do_not_read_as_storage() -> None:
    assert_names("decode", lambda: (DataLoader(Threaded(900, length=32), 8), 0.0))
