"""The instrument of chapter 10d: what it measures, of every kind of loader, and that it leaves nothing."""

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from dpwidgets.prep.fast.threads import InThreads
from dpwidgets.prep.ladder import Ladder

pytestmark = pytest.mark.timeout(120)


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
def test_every_batch_is_noted_with_its_maker(make, makers: int) -> None:
    rung = Ladder(rounds=1).measure("it", make)
    assert len(rung.spans) == 6
    assert {maker for maker, _, _ in rung.spans} <= set(range(makers))
    assert all(0 <= start < end for _, start, end in rung.spans)
    assert not psutil.Process().children(recursive=True)


def test_memory_is_what_the_loader_holds_more() -> None:
    class Hoard(Images):
        def __init__(self) -> None:
            super().__init__(1)
            self.much = np.ones(60_000_000, np.uint8)

    ladder = Ladder(rounds=1)
    ladder.measure("plain", lambda: DataLoader(Images(1), 8))
    assert 50 < ladder.measure("60 MB", lambda: DataLoader(Hoard(), 8)).memory_mb < 120


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="rounds=0"):
        Ladder(rounds=0)
    ladder = Ladder(rounds=1)
    ladder.measure("one", lambda: DataLoader(Images(1), 8))
    with pytest.raises(ValueError, match="rung named 'one' already"):
        ladder.measure("one", lambda: DataLoader(Images(1), 8))
    with pytest.raises(ValueError, match="no image"):
        ladder.measure("none", lambda: DataLoader(torch.utils.data.Subset(Images(1), []), 8))
