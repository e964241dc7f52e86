"""The sharding lab without a browser."""

import pytest

from dpwidgets.labs.shard import ShardLab


def test_the_result_is_a_row_for_each_batch_or_the_node_of_each_key() -> None:
    lab = ShardLab(10, ranks=2, workers=1)
    assert lab.result["samples"].tolist() == [(0, 2), (4, 6), (8,), (1, 3), (5, 7), (9,)]
    assert lab.caption["notes"] == ["every sample is read once"]
    lab.set(view="hash ring", nodes=2)
    assert set(lab.result) == {"node-0", "node-1", "node-2"}
    lab.reset()
    assert repr(lab) == "ShardLab(10 samples, 2 ranks, 1 workers, DistributedSampler)"


def test_gaps_and_repeats_are_told_below_the_picture() -> None:
    lab = ShardLab(range(26), plan="stream: split by worker")
    assert lab.caption["notes"] == ["78 reads are repeats"]


def test_data_without_a_length_are_refused() -> None:
    with pytest.raises(TypeError, match="type generator"):
        ShardLab(number for number in range(3))
    with pytest.raises(ValueError, match="items=1000"):
        ShardLab(1000)
