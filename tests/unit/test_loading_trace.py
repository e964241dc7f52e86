"""trace: the same values as from the loader itself, nothing of the user's changed, spans that fit."""

import pickle
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from inspect import getattr_static
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Subset,
    get_worker_info,
)
from torch.utils.data._utils.pin_memory import pin_memory
from torch.utils.data.datapipes.iter import IterableWrapper
from torchvision import datasets, transforms, tv_tensors
from torchvision.transforms import v2

import dpwidgets
from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.trace import TraceError, trace
from dpwidgets.prep.loading.trace_batch import TracedBatch
from dpwidgets.prep.loading.trace_dataset import TracedIterable
from dpwidgets.prep.loading.transfer import to_device
from dpwidgets.samples.photo_folder import write_photos

pytestmark = pytest.mark.timeout(120)
Pair = namedtuple("Pair", "image label")
STEPS = [v2.RandomHorizontalFlip(), v2.ColorJitter(0.4), v2.ToDtype(torch.float32, scale=True)]


class Shapes(Dataset):
    """Items of every shape that collates; random numbers from three generators."""

    def __init__(self) -> None:
        self.transform = v2.Compose(STEPS)
        self.calls = 0

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.calls += 1
        picture = tv_tensors.Image(torch.full((3, 4, 4), index, dtype=torch.uint8))
        return {
            "pair": Pair(self.transform(picture), index),
            "tuple": (float(index), f"name {index}"),
            "list": [np.full(3, index), torch.rand(2)],
            "numpy": np.random.rand(),
        }


class Together(Shapes):
    def __getitems__(self, indices: list[int]) -> list[dict[str, Any]]:
        return [self[index] for index in indices]


class Stream(IterableDataset):
    """Sharded as the documentation of torch shows: worker_init_fn sets the range on the worker's dataset."""

    def __init__(self, length: int = 10) -> None:
        self.start, self.end = 0, length

    def __iter__(self) -> Iterator[torch.Tensor]:
        for index in range(self.start, self.end):
            yield torch.tensor([index, torch.randint(1000, ()).item()])


def shard(worker: int) -> None:
    info = get_worker_info()
    dataset = info.dataset
    half = (dataset.end - dataset.start) // info.num_workers
    dataset.start, dataset.end = half * worker, half * (worker + 1)


def as_lists(items: list[Any]) -> tuple[int, list[Any]]:
    return len(items), items


def pictures(items: list[Any]) -> Any:
    """A batch that is a tv_tensor, in a mapping of its own kind."""
    stacked = torch.stack([item["pair"].image for item in items])
    return OrderedDict(images=tv_tensors.Image(stacked), labels=[item["pair"].label for item in items])


def flat(value: Any) -> list[Any]:
    """Every leaf with its type and every container's type, in order."""
    if isinstance(value, dict):
        return [type(value), list(value), *(leaf for part in value.values() for leaf in flat(part))]
    if isinstance(value, (list, tuple)):
        return [type(value), *(leaf for part in value for leaf in flat(part))]
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return [type(value), value.dtype, value.tolist()]
    return [type(value), value]


def epochs(loader: Any, count: int = 2) -> list[Any]:
    """All batches of some epochs, from the same seeds."""
    torch.manual_seed(7)
    np.random.seed(7)
    return [flat(batch) for _ in range(count) for batch in loader]


LOADERS = {
    "default collate": lambda: DataLoader(Shapes(), 4, shuffle=True),
    "drop last": lambda: DataLoader(Shapes(), 4, drop_last=True),
    "own collate": lambda: DataLoader(Shapes(), 3, collate_fn=as_lists),
    "tv_tensors": lambda: DataLoader(Shapes(), 3, collate_fn=pictures),
    "no batches": lambda: DataLoader(Shapes(), batch_size=None, shuffle=True),
    "own batch sampler": lambda: DataLoader(
        Shapes(), batch_sampler=BatchSampler(RandomSampler(range(10)), 3, False)
    ),
    "__getitems__": lambda: DataLoader(Together(), 4),
    "subset": lambda: DataLoader(Subset(Shapes(), [9, 1, 5, 3, 3]), 2),
    "subset with __getitems__": lambda: DataLoader(Subset(Together(), [9, 1, 5]), 2),
    "concatenated": lambda: DataLoader(ConcatDataset([Shapes(), Together()]), 4, shuffle=True),
    "a list": lambda: DataLoader(list(range(7)), 2),
    "stream": lambda: DataLoader(Stream(), 4),
    "data pipe": lambda: DataLoader(IterableWrapper(range(9)).shuffle(), 2),
    "stream, no batches": lambda: DataLoader(Stream(), batch_size=None),
    "own generator": lambda: DataLoader(
        Shapes(), 4, shuffle=True, generator=torch.Generator().manual_seed(3)
    ),
}
WORKERS = {
    "2 workers": lambda: DataLoader(Shapes(), 2, shuffle=True, num_workers=2),
    "__getitems__": lambda: DataLoader(Together(), 2, num_workers=2),
    "sharded stream": lambda: DataLoader(Stream(), 2, num_workers=2, worker_init_fn=shard),
    "own collate, no batches": lambda: DataLoader(Stream(), None, num_workers=1, collate_fn=as_lists),
    "sharded data pipe": lambda: DataLoader(IterableWrapper(range(9)).sharding_filter(), 2, num_workers=2),
    "persistent": lambda: DataLoader(Shapes(), 3, num_workers=2, persistent_workers=True, shuffle=True),
    "prefetch, subset": lambda: DataLoader(Subset(Shapes(), range(8)), 2, num_workers=1, prefetch_factor=5),
}


@pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS)
def test_the_traced_loader_delivers_the_same_values_and_types(make: Any) -> None:
    assert epochs(trace(make())) == epochs(make())


@pytest.mark.parametrize("make", WORKERS.values(), ids=WORKERS)
def test_the_same_with_workers(make: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.sched_getaffinity", lambda _: {0, 1})  # no warning on a machine with one core
        assert epochs(trace(make())) == epochs(make())


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_the_same_under_every_start_method(method: str) -> None:
    """fork is the one that the other tests use."""

    def make() -> DataLoader:
        return DataLoader(
            Shapes(), 4, num_workers=1, collate_fn=pictures, multiprocessing_context=method, shuffle=True
        )

    traced = trace(make())
    assert epochs(traced, 1) == epochs(make(), 1)
    assert {span.name for span in traced.spans if span.kind == "transform"} == names(STEPS)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_users_objects_stay_as_they_were(workers: int) -> None:
    loader = DataLoader(Shapes(), 4, num_workers=workers, worker_init_fn=None)
    before = {name: id(value) for name, value in vars(loader).items()}
    steps = list(loader.dataset.transform.transforms)
    methods = transforms.Compose.__call__, v2.Compose.forward
    traced = trace(loader)
    for _ in traced:
        assert (transforms.Compose.__call__, v2.Compose.forward) == methods
    assert {name: id(value) for name, value in vars(loader).items()} == before
    assert loader.dataset.transform.transforms == steps
    assert traced.dataset is loader.dataset
    assert traced.batch_size == 4
    assert len(traced) == len(loader) == 3


def test_what_a_dataset_keeps_in_itself_is_kept_without_workers() -> None:
    loader = DataLoader(Shapes(), 4)
    list(trace(loader))
    assert loader.dataset.calls == 10


def names(steps: list[Any]) -> set[str]:
    return {type(step).__name__ for step in steps}


def nested(inner: Span, outer: Span) -> bool:
    return (inner.worker, inner.batch) == (outer.worker, outer.batch) and (
        outer.start <= inner.start <= inner.end <= outer.end
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_spans_tell_who_did_what_and_fit_into_each_other(workers: int) -> None:
    traced = trace(DataLoader(Shapes(), 4, num_workers=workers))
    seen: list[Span] = []
    traced.on_spans = seen.extend
    for _ in range(2):
        for _ in traced:
            pass
    assert seen == traced.spans
    by_kind = {kind: [s for s in seen if s.kind == kind] for kind in {s.kind for s in seen}}
    fetches, steps, collates = by_kind["fetch"], by_kind["transform"], by_kind["collate"]
    makers = set(range(workers)) or {CONSUMER}
    assert {s.worker for s in fetches + steps + collates} == makers
    assert sorted(s.item for s in fetches) == sorted(list(range(10)) * 2)
    assert [s.name for s in steps] == [type(step).__name__ for step in STEPS] * 20
    assert all(any(nested(step, fetch) for fetch in fetches) for step in steps)
    assert [s.batch for s in collates] == [0, 1, 2] * 2
    assert all(s.start <= s.end and s.cpu >= 0 and 0 <= s.queued <= s.seconds for s in seen)
    if workers:
        assert all(s.cpu <= s.seconds + 1e-3 for s in seen)
    waits = [s for s in by_kind["wait"] if not s.name]
    assert [s.batch for s in waits] == [s.batch for s in by_kind["step"]] == [0, 1, 2] * 2
    consumer = sorted(by_kind["wait"] + by_kind["step"], key=lambda s: s.start)
    assert all(one.end <= two.start for one, two in pairwise(consumer))
    if workers:
        assert sorted(s.worker for s in by_kind["start"]) == [0, 0, 1, 1]  # anew in each epoch
        packs = [s for s in by_kind["hand-over"] if s.name == "pack"]
        unpacks = [s for s in by_kind["hand-over"] if s.name == "unpack"]
        for pack, unpack, collate in zip(packs, unpacks, collates, strict=True):
            assert pack.batch == unpack.batch == collate.batch
            assert collate.end <= pack.start <= pack.end <= unpack.end
    else:
        assert not {"start", "hand-over"} & set(by_kind)
        assert all(any(w.start <= s.start and s.end <= w.end for w in waits) for s in fetches + collates)
    assert set(traced.memory) == makers
    assert all(size > 2**20 for size in traced.memory.values())
    assert (traced.items, traced.batches) == (20, 6)


def test_persistent_workers_start_once() -> None:
    traced = trace(DataLoader(Shapes(), 4, num_workers=1, persistent_workers=True))
    for _ in range(3):
        list(traced)
    assert sum(span.kind == "start" for span in traced.spans) == 1


def test_getitems_is_one_fetch_and_a_subset_does_not_hide_the_items() -> None:
    together, subset = trace(DataLoader(Together(), 4)), trace(DataLoader(Subset(Shapes(), [8, 6]), 4))
    list(together)
    list(subset)
    assert [s.item for s in together.spans if s.kind == "fetch"] == [-1] * 3
    assert [s.item for s in subset.spans if s.kind == "fetch"] == [0, 1]


class Plain(Dataset):
    """One item; its transform is the first argument."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return self.transform(torch.zeros(3, 4, 4))


@pytest.mark.parametrize("compose", [transforms.Compose, v2.Compose])
def test_a_compose_in_a_compose_tells_its_leaves_and_a_step_its_own_name(compose: Any) -> None:
    inner = compose([torch.Tensor.abs, v2.Identity()])
    whole = v2.RandomApply([compose([v2.Grayscale()])], p=1)  # one step, whatever is inside
    traced = trace(DataLoader(Plain(compose([v2.RandomInvert(), inner, whole]))))
    list(traced)
    found = [span.name for span in traced.spans if span.kind == "transform"]
    assert found == ["RandomInvert", "abs", "Identity", "RandomApply"]


class Standard(datasets.VisionDataset):
    """Uses `self.transforms`, torchvision's StandardTransform, as its detection datasets do."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        photo = datasets.folder.default_loader(next(Path(self.root).rglob("*.jpg")))
        return self.transforms(photo, 0)


def test_the_steps_of_a_torchvision_dataset_are_found(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=1)
    steps = [transforms.Resize((8, 8)), transforms.ToTensor()]
    dataset = datasets.ImageFolder(tmp_path, transforms.Compose(steps))
    standard = Standard(tmp_path, transform=transforms.Compose(steps))
    for data in (Subset(Subset(dataset, range(4)), range(2)), standard):
        traced = trace(DataLoader(data, 2))
        list(traced)
        assert {span.name for span in traced.spans if span.kind == "transform"} == names(steps)


class Failing(Plain):
    def __init__(self) -> None:
        super().__init__(v2.Compose([v2.Lambda(self.fail)]))

    def fail(self, value: Any) -> Any:
        raise KeyError("no such label")


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_comes_through_and_leaves_nothing_behind(workers: int) -> None:
    methods = transforms.Compose.__call__, v2.Compose.forward
    with pytest.raises(KeyError, match="no such label"):
        list(trace(DataLoader(Failing(), num_workers=workers)))
    assert (transforms.Compose.__call__, v2.Compose.forward) == methods
    traced = trace(DataLoader(Plain(v2.Compose([v2.Identity()]))))
    list(traced)
    assert sum(span.kind == "transform" for span in traced.spans) == 1


def test_a_lambda_that_spawn_cannot_send_is_refused_as_without_tracing() -> None:
    loader = DataLoader(Shapes(), num_workers=1, multiprocessing_context="spawn", collate_fn=lambda x: x)
    with (
        pytest.raises((AttributeError, pickle.PicklingError), match="lambda"),
        pytest.warns(UserWarning, match="pickle"),
    ):
        next(iter(trace(loader)))


def test_batches_are_moved_to_the_device_in_whatever_shape() -> None:
    traced = trace(DataLoader(Shapes(), 5), device="meta")
    batch = next(iter(traced))
    assert isinstance(batch["pair"], Pair)
    moved = [batch["pair"].image, batch["pair"].label, batch["tuple"][0], *batch["list"], batch["numpy"]]
    assert {tensor.device.type for tensor in moved} == {"meta"}
    assert batch["tuple"][1] == tuple(f"name {index}" for index in range(5))
    assert [span.batch for span in traced.spans if span.kind == "transfer"] == [0]


def test_a_packed_sequence_is_moved_in_its_own_way() -> None:
    packed = torch.nn.utils.rnn.pack_sequence([torch.zeros(3), torch.zeros(2)])
    moved = to_device({"words": packed}, torch.device("meta"))["words"]
    assert (moved.data.device.type, moved.batch_sizes.device.type) == ("meta", "cpu")


class Lockable:
    """A batch that knows how to go to page-locked memory, for machines without an accelerator."""

    def pin_memory(self) -> str:
        return "locked"


def test_pinning_is_passed_on_to_the_batch_and_noted() -> None:
    batch = TracedBatch(Lockable(), worker=0, items=1, records=[], queued=0.0)
    assert pin_memory(batch) is batch
    assert batch.data == "locked"
    assert batch.pinned is not None
    kind, start, end, name, *_ = batch.pinned
    assert (kind, name) == ("hand-over", "pin")
    assert start <= end


def test_only_a_dataloader_is_traced() -> None:
    with pytest.raises(TraceError, match=r"given a list; give it the torch\.utils\.data\.DataLoader"):
        dpwidgets.trace([1, 2])


def test_a_loader_of_a_derived_class_is_traced_as_what_it_is() -> None:
    class Twice(DataLoader):
        def __iter__(self) -> Iterator[Any]:
            yield from super().__iter__()
            yield from super().__iter__()

    loader = Twice(Shapes(), 5)
    assert epochs(trace(loader), 1) == epochs(loader, 1)


def test_a_loader_whose_workers_are_up_is_traced_with_workers_of_its_own() -> None:
    loader = DataLoader(Shapes(), 5, num_workers=1, persistent_workers=True)
    expected = epochs(loader, 1)
    traced = trace(loader)
    assert epochs(traced, 1) == expected
    assert sum(span.kind == "start" for span in traced.spans) == 1


class Counting(IterableDataset):
    """A stream that knows how far it got."""

    def __init__(self) -> None:
        self.number = 0

    def __iter__(self) -> Iterator[int]:
        while self.number < 12:
            self.number += 1
            yield self.number

    def state_dict(self) -> dict[str, int]:
        return {"number": self.number}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.number = state["number"]


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("dataset", [Counting, Shapes])
@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated")
def test_the_state_of_an_epoch_is_kept_and_taken_up_again(workers: int, dataset: type) -> None:
    torchdata = pytest.importorskip("torchdata.stateful_dataloader", exc_type=ImportError)

    def make() -> Any:
        return torchdata.StatefulDataLoader(dataset(), 2, num_workers=workers)

    def rest(loader: Any, other: Any) -> list[Any]:
        torch.manual_seed(7)  # a state holds the workers' seed too
        iterator = iter(loader)
        next(iterator), next(iterator)
        other.load_state_dict(loader.state_dict())
        return epochs(other, 1)

    found, expected = rest(trace(make()), trace(make())), rest(make(), make())
    assert found == expected
    assert len(found) == (4 if dataset is Counting else 3)


def test_a_state_is_there_for_checks_that_see_only_real_attributes() -> None:
    """As Python 3.12 does for `isinstance(dataset, Stateful)`."""
    streams = TracedIterable(Counting()), TracedIterable(Stream())
    assert [getattr_static(stream, "state_dict", None) is not None for stream in streams] == [True, False]
