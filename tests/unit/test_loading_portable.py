"""`portable` things behave as their originals, here and after a journey to another process."""

import functools
import io
import pickle
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset

import dpwidgets
from dpwidgets import portable
from dpwidgets.prep.loading.portable import PortableError, StandIn, by_value


class Squares(Dataset):
    def __init__(self, count: int = 5) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        if index >= self.count:
            raise IndexError(index)
        return index**2


class Together(Squares):
    def __getitems__(self, indices: list[int]) -> list[int]:
        return [self[index] for index in indices]


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        return iter(range(3))


def copied(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def called(thing: Any) -> Any:
    return thing(1)


BOTH = pytest.mark.parametrize("journey", [lambda thing: thing, copied], ids=["here", "sent"])


@BOTH
def test_a_dataset_behaves_as_before(journey: Any) -> None:
    original = Squares()
    dataset = journey(portable(original))
    assert isinstance(dataset, Squares)
    assert isinstance(dataset, Dataset)
    assert len(dataset) == 5
    assert dataset[3] == 9
    assert list(dataset) == [0, 1, 4, 9, 16]
    assert dataset.count == 5
    assert not callable(dataset)
    assert not hasattr(dataset, "__getitems__")
    assert not hasattr(dataset, "nothing")
    assert repr(dataset).startswith("portable(<")
    assert "Squares object" in repr(dataset)
    assert isinstance(dataset, StandIn), "pickled a second time it must be by value again"


@BOTH
def test_what_the_original_lacks_is_lacking(journey: Any) -> None:
    stream = journey(portable(Stream()))
    assert isinstance(stream, IterableDataset)
    assert list(stream) == [0, 1, 2]
    for act in (len, next, called):
        with pytest.raises(TypeError):
            act(stream)
    assert journey(portable(Together())).__getitems__([1, 2]) == [1, 4]


@BOTH
def test_attributes_are_set_and_deleted_on_the_original(journey: Any) -> None:
    dataset = journey(portable(Squares()))
    dataset.count = 2
    assert len(dataset) == 2
    del dataset.count
    with pytest.raises(AttributeError, match="count"):
        len(dataset)
    original = Squares()
    portable(original).count = 7
    assert original.count == 7


@BOTH
def test_large_arrays_travel_along(journey: Any) -> None:
    values = np.arange(200_000)
    assert journey(portable(lambda i: values[i]))(199_999) == 199_999


@BOTH
def test_attributes_may_be_called_as_modules_of_torch_are(journey: Any) -> None:
    here = types.SimpleNamespace(classes=["cat", "dog"], ops=[1])
    answer = journey(portable(lambda i: (torch.tensor(i), here.classes[i], here.ops)))
    assert answer(1)[1:] == ("dog", [1])


@BOTH
def test_functions_and_lambdas(journey: Any) -> None:
    assert journey(portable(lambda batch: sum(batch)))([1, 2]) == 3
    assert journey(portable(functools.partial(int, base=2)))("101") == 5


@BOTH
def test_a_class_makes_portable_objects(journey: Any) -> None:
    made_here = journey(portable(Squares))
    dataset = made_here(count=4)
    assert isinstance(dataset, StandIn)
    assert len(dataset) == 4
    assert isinstance(dataset, made_here)
    assert not isinstance(Stream(), made_here)
    assert issubclass(Together, made_here)


def test_portable_stands_above_a_class() -> None:
    @portable
    class Doubles(Dataset):
        def __getitem__(self, index: int) -> int:
            return 2 * index

    class Halves(Doubles):  # type: ignore[misc, valid-type]
        pass

    assert copied(Doubles())[4] == 8
    assert Halves()[4] == 8
    assert portable(Doubles) is Doubles


def test_the_loader_sees_no_difference() -> None:
    for dataset in (Squares(7), Together(7), Stream(), Subset(Squares(7), [6, 1])):
        expected = [batch.tolist() for batch in DataLoader(dataset, 2)]
        assert [batch.tolist() for batch in DataLoader(portable(dataset), 2)] == expected
    both = portable(Squares(2)) + portable(Squares(3))
    assert isinstance(both, ConcatDataset)
    assert [both[index] for index in range(5)] == [0, 1, 0, 1, 4]


ONLY_HERE = """
def twice(x):
    return 2 * x

class Adds:
    def __init__(self, n):
        self.n = n
    def __call__(self, x):
        return twice(x) + self.n
"""
ELSEWHERE = """
import pickle, sys
thing = pickle.load(sys.stdin.buffer)
print(*[thing(each) for each in (1, 2)])
"""


def test_code_that_no_other_process_can_import_travels_along(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("only_here")
    exec(ONLY_HERE, module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    for thing in (portable(module.Adds(5)), portable(functools.partial(module.Adds(5)))):
        there = subprocess.run(
            [sys.executable, "-c", ELSEWHERE], input=pickle.dumps(thing), capture_output=True, check=False
        )
        assert there.stdout.split() == [b"7", b"9"], there.stderr.decode()


def test_what_can_be_imported_is_not_sent() -> None:
    assert len(by_value(torch.nn.functional.relu)) < 200
    assert len(by_value(Path)) < 200


class Holder:
    def __init__(self, part: Any) -> None:
        self.part = part


@pytest.mark.parametrize(
    ("make", "where", "cure"),
    [
        (lambda path: path.open("w"), "Holder.part", "open the file in __getitem__"),
        (lambda path: path.open("rb"), "Holder.part", "open the file in __getitem__"),
        (lambda path: {"a": [0, threading.Lock()]}, "Holder.part['a'][1]", "Make the lock where it is used"),
        (lambda path: Holder(each for each in "ab"), "Holder.part.part", "Keep a list"),
        (lambda path: functools.partial(print, file=path.open("w")), "Holder.part.keywords['file']", "file"),
    ],
    ids=["text file", "binary file", "lock in a list", "generator", "file in a partial"],
)
def test_what_cannot_be_sent_is_named_with_its_cure(make: Any, where: str, cure: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    part = make(path)
    try:
        with pytest.raises(PortableError) as caught:
            portable(Holder(part))
    finally:
        if isinstance(part, io.IOBase):
            part.close()
    assert str(caught.value).startswith(f"{where} cannot be sent to a worker: ")
    assert cure in str(caught.value)


def test_a_variable_that_a_function_uses_is_named(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log, pytest.raises(PortableError, match="its variable 'log'"):
        portable(lambda item: print(item, file=log))


def test_what_became_unsendable_later_is_named_when_it_is_sent() -> None:
    dataset = portable(Squares())
    dataset.lock = threading.Lock()
    with pytest.raises(PortableError, match=r"Squares\.lock"):
        pickle.dumps(dataset)


def test_it_is_a_public_name() -> None:
    assert dpwidgets.portable is portable
