"""The split lab without a browser."""

import numpy as np
import pandas as pd
import pytest

from dpwidgets.labs.split import SplitLab


@pytest.fixture
def lab() -> SplitLab:
    return SplitLab("machine hours")


def test_the_text_that_stands_for_the_lab_is_stable(lab: SplitLab) -> None:
    assert repr(lab) == "SplitLab(machine hours, random, test 20%, val 15%, seed 0)"


def test_the_result_follows_set_and_reset(lab: SplitLab) -> None:
    before = lab.result["test"]
    assert {name: len(rows) for name, rows in lab.result.items()} == {"train": 390, "val": 90, "test": 120}
    lab.set(strategy="by time", test=0.3)
    assert lab.result["test"].tolist() == list(range(420, 600))
    lab.reset()
    assert np.array_equal(lab.result["test"], before)


def test_leaks_are_told_below_the_picture(lab: SplitLab) -> None:
    assert "leak: the model has seen times after those it is tested on" in lab.caption["notes"]
    assert any("points too much" in note for note in lab.caption["notes"])
    lab.set(strategy="by time")
    assert not any("leak" in note for note in lab.caption["notes"])


@pytest.mark.parametrize("name", ["target", "group", "time", "id"])
def test_columns_of_sample_data_cannot_be_chosen(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}='ill' belongs to a table of your own"):
        SplitLab(**{name: "ill"})


def test_the_readers_own_table() -> None:
    frame = pd.DataFrame({"size": np.arange(40.0), "label": ["a", "b"] * 20, "who": np.arange(40) // 4})
    lab = SplitLab(frame, target="label", group="who", strategy="grouped")
    assert lab.params["data"] == "yours"
    test = lab.result["test"]
    assert not set(test // 4) & set(lab.result["train"] // 4)
    with pytest.raises(ValueError, match="needs times"):
        lab.set(strategy="by time")
    assert lab.params["strategy"] == "grouped"
