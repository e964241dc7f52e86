"""Threads in place of workers: the same batches in the same order, random numbers that repeat, clean ends."""

import threading
from functools import partial

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from dpwidgets.prep.fast.threads import InThreads, batch_generator

pytestmark = pytest.mark.timeout(60)


def squares(n: int = 50) -> TensorDataset:
    x = torch.arange(n)
    return TensorDataset(x, x**2)


class Noise(Dataset):
    def __len__(self) -> int:
        return 24

    def __getitems__(self, indices: list[int]) -> list[tuple[int, float]]:
        return [(index, float(torch.rand((), generator=batch_generator()))) for index in indices]


class Gate(Dataset):
    """Its items come only when two threads ask for one at the same time."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)
        self.names: set[str] = set()

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        self.barrier.wait(30)
        self.names.add(threading.current_thread().name)
        return index


class Broken(Dataset):
    def __init__(self) -> None:
        self.asked: list[int] = []

    def __len__(self) -> int:
        return 1000

    def __getitem__(self, index: int) -> int:
        self.asked.append(index)
        if index == 3:
            raise OSError("photo 3 is damaged")
        return index


def loader_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("options", [{}, {"drop_last": True}, {"shuffle": True}])
def test_the_batches_are_the_loaders(threads: int, options: dict[str, bool]) -> None:
    loader = DataLoader(squares(), 8, generator=torch.Generator(), **options)
    loader.generator.manual_seed(5)
    wanted = list(loader)
    ours = InThreads(loader, threads)
    loader.generator.manual_seed(5)
    found = list(ours)
    assert len(found) == len(wanted) == len(ours)
    for one, other in zip(found, wanted, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_two_threads_really_work_at_once() -> None:
    dataset = Gate()
    assert torch.cat(list(InThreads(DataLoader(dataset, 1), 2))).tolist() == [0, 1, 2, 3]
    assert len(dataset.names) == 2


def test_random_numbers_repeat_for_a_seed_whatever_the_threads_do() -> None:
    def epochs(threads: int) -> list[list[float]]:
        torch.manual_seed(7)
        loader = InThreads(DataLoader(Noise(), 4, shuffle=True), threads)
        return [torch.cat([values for _, values in loader]).tolist() for _ in range(2)]

    first, again, with_one = epochs(4), epochs(4), epochs(1)
    assert first == again == with_one
    assert first[0] != first[1]
    assert len(set(first[0])) == 24


def test_outside_of_the_threads_it_is_torchs_own_generator() -> None:
    assert batch_generator() is torch.default_generator


def test_an_error_comes_at_its_place_and_ends_the_threads() -> None:
    dataset = Broken()
    found = []
    with pytest.raises(OSError, match="photo 3 is damaged"):
        found.extend(int(batch) for batch in InThreads(DataLoader(dataset, 1), 2))
    assert found == [0, 1, 2]
    assert not loader_threads()
    assert len(dataset.asked) < 20, "it went on after the error"


def test_leaving_early_ends_the_threads_and_gives_torch_its_own_back(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(torch.set_num_threads, torch.get_num_threads()))
    before = 3
    torch.set_num_threads(before)
    batches = iter(InThreads(DataLoader(Broken(), 1), 3))
    assert int(next(batches)) == 0
    assert loader_threads()
    batches.close()
    assert not loader_threads()
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [before] == [torch.get_num_threads()]


def test_it_reads_no_further_ahead_than_told() -> None:
    dataset = Broken()
    batches = iter(InThreads(DataLoader(dataset, 1), 1, prefetch_factor=2))
    next(batches)
    batches.close()
    assert len(dataset.asked) <= 3


class Endless(IterableDataset):
    def __iter__(self):
        return iter(range(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InThreads(DataLoader(squares(), 8, num_workers=2)), "num_workers=2"),
        (lambda: InThreads(DataLoader(squares(), None)), "batch_size"),
        (lambda: InThreads(DataLoader(Endless(), 8)), "map-style"),
        (lambda: InThreads(DataLoader(squares(), 8), 0), "threads=0"),
        (lambda: InThreads(DataLoader(squares(), 8), 1, prefetch_factor=0), "prefetch_factor=0"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
