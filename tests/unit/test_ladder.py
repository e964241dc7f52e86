"""The instrument of chapter 10d: what it measures, of every kind of loader, and that it leaves nothing."""

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from dpwidgets.prep.fast.threads import InThreads
from dpwidgets.prep.ladder import Ladder

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def before() -> set[psutil.Process]:
    """What runs already: multiprocessing's helpers, started by a test before, stay to the end."""
    return set(psutil.Process().children(recursive=True))


class Images(Dataset):
    """Each image takes so many matrix products."""

    def __init__(self, work: int) -> None:
        self.work = work

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        square = np.full((60, 60), index / 24, np.float32)
        for _ in range(self.work):
            square = square @ square / 60
        return torch.from_numpy(square)[None].expand(3, -1, -1).clone(), index


class Stream(IterableDataset):
    def __iter__(self):
        return (Images(1)[index] for index in range(8))


def hoard(worker: int) -> None:
    """100 MB that a worker holds as long as it lives."""
    Images.hoard = np.ones(100_000_000, np.uint8)


class Doubled:
    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader

    def __iter__(self):
        return ((2 * images, labels) for images, labels in self.loader)


def test_a_loader_that_does_less_is_found_to_be_faster() -> None:
    ladder = Ladder(rounds=3)
    slow = ladder.measure("much work", lambda: DataLoader(Images(400), 8))
    fast = ladder.measure("little work", lambda: DataLoader(Images(4), 8))
    assert (slow.times_start, slow.times_before) == (1, 1)
    # A hundredth of the work: no share of a busy machine turns that round.
    assert fast.times_start > 3
    assert fast.spread[0] <= fast.times_start <= fast.spread[1]
    assert fast.images_per_second > slow.images_per_second
    table = ladder.table()
    assert list(table.index) == ["much work", "little work"]
    assert table.loc["little work", "times the start"] == round(fast.times_start, 1)


@pytest.mark.parametrize(
    ("make", "makers"),
    [
        (lambda: DataLoader(Images(30), 4), 1),
        (lambda: DataLoader(Images(30), 4, num_workers=2, timeout=60), 2),
        (lambda: InThreads(DataLoader(Images(30), 4), 2), 2),
        (lambda: Doubled(InThreads(DataLoader(Images(30), 4), 2)), 2),
    ],
)
def test_every_batch_is_noted_with_its_maker(make, makers: int, before: set[psutil.Process]) -> None:
    rung = Ladder(rounds=1).measure("it", make)
    assert len(rung.spans) == 6
    assert {maker for maker, _, _ in rung.spans} <= set(range(makers))
    assert all(0 <= start < end for _, start, end in rung.spans)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_memory_is_what_the_loader_holds_more() -> None:
    class Hoard(Images):
        def __init__(self) -> None:
            super().__init__(1)
            self.much = np.ones(60_000_000, np.uint8)

    ladder = Ladder(rounds=1)
    ladder.measure("plain", lambda: DataLoader(Images(1), 8))
    assert 50 < ladder.measure("60 MB", lambda: DataLoader(Hoard(), 8)).memory_mb < 120


def test_workers_that_are_kept_count_once_and_end_with_their_loader(before: set[psutil.Process]) -> None:
    ladder = Ladder(rounds=1)
    ladder.measure("plain", lambda: DataLoader(Images(1), 8))
    kept = {"num_workers": 1, "persistent_workers": True, "worker_init_fn": hoard, "timeout": 60}
    # Work enough for the epoch to be looked at while it runs.
    assert 90 < ladder.measure("kept", lambda: DataLoader(Images(1500), 8, **kept)).memory_mb < 180
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_name_that_is_there_is_measured_anew_in_its_place() -> None:
    ladder = Ladder(rounds=1)
    for name, work in (("start", 400), ("middle", 400), ("last", 4)):
        ladder.measure(name, lambda work=work: DataLoader(Images(work), 8))
    last = ladder.rungs[2].times_start
    again = ladder.measure("middle", lambda: DataLoader(Images(4), 8))
    assert [rung.name for rung in ladder.rungs] == ["start", "middle", "last"]
    assert ladder.rungs[1] is again
    assert again.times_start > 3
    assert (ladder.rungs[2].times_start, ladder.rungs[2].times_before) == (last, last / again.times_start)


def test_a_first_loader_that_fails_leaves_no_trace() -> None:
    ladder = Ladder(rounds=1)
    with pytest.raises(ValueError, match="no image"):
        ladder.measure("none", lambda: DataLoader(Subset(Images(1), []), 8))
    assert not ladder.rungs
    assert ladder.measure("one", lambda: DataLoader(Images(1), 8)).times_start == 1
    assert ladder.measure("two", lambda: DataLoader(Images(1), 8)).times_start > 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DataLoader(Stream(), 8), "map-style"),
        (lambda: DataLoader(Images(1), batch_size=None), "batch_size"),
        (lambda: Doubled(DataLoader(Stream(), 8)), "map-style"),
        (lambda: [(torch.zeros(1, 3, 2, 2), torch.zeros(1))], "a list cannot be measured; give a DataLoader"),
    ],
)
def test_loaders_whose_batches_cannot_be_followed_are_refused(make, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Ladder(rounds=1).measure("it", make)


def test_no_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds=0"):
        Ladder(rounds=0)
