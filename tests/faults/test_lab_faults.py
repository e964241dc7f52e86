"""Labs whose work fails: the reader is told with the values, the picture stays, and the next move works."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import Dataset

from dpwidgets.labs.batch import BatchLab
from dpwidgets.labs.loader import LoaderLab
from dpwidgets.labs.repair import RepairLab
from dpwidgets.labs.shard import ShardLab
from dpwidgets.labs.split import SplitLab
from dpwidgets.labs.tensor import TensorLab
from dpwidgets.labs.text import TextLab
from dpwidgets.labs.transform import TransformLab

Told = Callable[[object], str]
SOON = 60.0
pytestmark = pytest.mark.timeout(180)


class View:
    """Asks a lab as a browser would, and waits for the answer."""

    def __init__(self, lab: Any) -> None:
        self.lab, self.request = lab, 0
        self.answers: list[dict[str, Any]] = []
        self.came = threading.Condition()
        lab.send = self._take
        lab.observe(lambda change: self._take({"kind": "settled", **change["new"]}), "caption")

    def _take(self, message: dict[str, Any], buffers: Any = None) -> None:
        with self.came:
            self.answers.append(message)
            self.came.notify_all()

    def ask(self, **params: Any) -> dict[str, Any]:
        self.request += 1
        message = {"kind": "params", "client": "page", "request": self.request, "moving": False}
        self.lab._handle_custom_msg(message | {"params": {**self.lab.params, **params}}, [])

        def answer() -> dict[str, Any] | None:
            seen = (one for one in self.answers if one.get("seen", {}).get("page", 0) >= self.request)
            return next(seen, None)

        with self.came:
            assert self.came.wait_for(answer, SOON), "the view waits for an answer that never comes"
        found = answer()
        assert found is not None
        return found


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("the engine has a fault")


LABS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "ShardLab": (ShardLab, {"items": 30}),
    "TensorLab": (lambda: TensorLab(torch.arange(6).reshape(2, 3)), {}),
    "TextLab": (lambda: TextLab(["A good film."]), {"seed": 5}),
    "TransformLab": (lambda: TransformLab(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)), {"image": 0}),
}


@pytest.mark.fault("labs", "the engine of {name} fails while a slider moves")
@pytest.mark.parametrize("name", LABS)
def test_an_engine_that_fails(
    name: str, monkeypatch: pytest.MonkeyPatch, user_reads: Told, also_checked: Callable[[str], None]
) -> None:
    make, move = LABS[name]
    lab = make()
    view, picture = View(lab), lab.frame
    with monkeypatch.context() as patch:
        patch.setattr(lab._engine, "render", broken)
        answer = view.ask(**move)
    assert answer["kind"] == "problem"
    assert "ZeroDivisionError: the engine has a fault" in user_reads(answer["text"])
    assert lab.frame == picture, "the picture before stays"
    assert view.ask(**move)["kind"] == "settled"
    also_checked("kernel: the next move works")
    lab.close()


@pytest.mark.fault("labs", "a value out of its range from the browser")
def test_a_value_that_is_refused(user_reads: Told, also_checked: Callable[[str], None]) -> None:
    lab = ShardLab()
    view = View(lab)
    answer = view.ask(items=10**9)
    assert answer["kind"] == "problem"
    assert "items=1000000000" in user_reads(answer["text"])
    assert view.ask(items=20)["kind"] == "settled"
    also_checked("kernel: the next move works")
    lab.close()


@pytest.mark.fault(
    "labs", "a message of another kind, or half a one: {message}", mended="left alone; the lab goes on"
)
@pytest.mark.parametrize("message", [{}, {"kind": "params?"}, {"kind": None}])
def test_a_foreign_message(message: dict[str, Any]) -> None:
    lab = ShardLab()
    lab._handle_custom_msg(message, [])
    assert View(lab).ask(items=20)["kind"] == "settled"
    lab.close()


FRAME = pd.DataFrame({"a": np.arange(40.0), "label": ["x", "y"] * 20})
WRONG: dict[str, Callable[[], Any]] = {
    "RepairLab, two rows": lambda: RepairLab(FRAME.head(2), target="label"),
    "RepairLab, no such file": lambda: RepairLab("no/such.csv", target="label"),
    "SplitLab, a target with holes": lambda: SplitLab(FRAME.assign(label=None), target="label"),
    "BatchLab, holes in the data": lambda: BatchLab(FRAME.assign(a=np.nan, label=0.5), target="label"),
    "TextLab, no sentences": lambda: TextLab([]),
    "TransformLab, normalised floats": lambda: TransformLab(torch.full((1, 3, 8, 8), -2.0)),
    "ShardLab, a slip in a name": lambda: ShardLab(itms=3),
    "LoaderLab, no dataset": lambda: LoaderLab(3),
}


@pytest.mark.fault("labs", "wrong data or settings: {what}")
@pytest.mark.parametrize("what", WRONG)
def test_wrong_data(what: str, user_reads: Told) -> None:
    with pytest.raises((ValueError, TypeError, FileNotFoundError)) as raised:
        WRONG[what]()
    assert len(user_reads(raised.value)) > 30


class Unlucky(Dataset[int]):
    """Item 13 fails as long as the file is there."""

    def __init__(self, fault: Any) -> None:
        self.fault = fault

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> int:
        if index == 13 and self.fault.exists():
            raise OSError("13.jpg is gone")
        return index


@pytest.fixture
def loader_lab(tmp_path: Any) -> Iterator[LoaderLab]:
    (tmp_path / "fault").touch()
    lab = LoaderLab(Unlucky(tmp_path / "fault"), batch_size=8, seconds=60)
    yield lab
    lab.close()


@pytest.mark.slow
@pytest.mark.fault("labs", "LoaderLab: an item fails")
def test_a_loader_that_fails(
    loader_lab: LoaderLab, tmp_path: Any, user_reads: Told, also_checked: Callable[[str], None]
) -> None:
    result = loader_lab.run()
    assert result is not None
    assert result.ended == "failed"
    assert "13.jpg is gone" in user_reads(loader_lab._job.problem)
    (tmp_path / "fault").unlink()
    again = loader_lab.run(seconds=1.0)
    assert again is not None
    assert again.ended in ("finished", "time limit")
    assert loader_lab._job.problem == ""
    also_checked("kernel: the next run works")


@pytest.mark.slow
@pytest.mark.fault("labs", "LoaderLab: the cell that waits is interrupted")
def test_an_interrupted_cell(
    loader_lab: LoaderLab,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    user_reads: Told,
    also_checked: Callable[[str], None],
) -> None:
    (tmp_path / "fault").unlink()
    waited: list[bool] = []
    wait = threading.Event.wait

    def interrupted(event: threading.Event, timeout: float | None = None) -> bool:
        if event is loader_lab._job._over and not waited:
            waited.append(True)
            raise KeyboardInterrupt
        return wait(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        loader_lab.run()
    user_reads(f"{raised.type.__name__} {raised.value}")
    monkeypatch.undo()
    assert loader_lab._job.activity == "idle"
    assert loader_lab.run(seconds=1.0) is not None
    also_checked("kernel: the next run works")


def test_parameters_stay_what_they_were(user_reads: Told) -> None:
    """A refusal changes nothing, whichever way it comes."""
    lab = ShardLab()
    before: Mapping[str, Any] = lab.params
    with pytest.raises(ValueError, match="items"):
        lab.set(items=-1)
    assert lab.params == before
    lab.close()
