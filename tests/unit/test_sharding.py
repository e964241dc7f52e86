"""The sharding lab's engine: who reads what is what torch's own loader does; the ring keeps its promise."""

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, get_worker_info

from dpwidgets.prep.sharding.engine import ShardEngine
from dpwidgets.prep.sharding.readers import MAP_STYLE, PLANS, STREAMS, Setup, batches, reads, shard_of
from dpwidgets.prep.sharding.ring import HashRing, by_modulo, load, moved, place


@pytest.mark.parametrize("items", [4, 26, 33])
@pytest.mark.parametrize(("shuffle", "drop_last"), [*itertools.product([False, True], repeat=2)])
def test_map_style_batches_are_those_of_torchs_loader(items: int, shuffle: bool, drop_last: bool) -> None:
    setup = Setup(items=items, ranks=3, workers=2, shuffle=shuffle, drop_last=drop_last, epoch=2, seed=5)
    for rank in range(3):
        sampler: DistributedSampler[int] = DistributedSampler(
            range(items), num_replicas=3, rank=rank, shuffle=shuffle, seed=5, drop_last=drop_last
        )
        sampler.set_epoch(2)
        loader = DataLoader(range(items), batch_size=2, sampler=sampler, drop_last=drop_last)
        mine = [list(batch.samples) for batch in batches(setup) if batch.rank == rank]
        assert mine == [batch.tolist() for batch in loader]


class Reader(IterableDataset):
    """Tells with each sample which worker read it."""

    def __init__(self, setup: Setup, rank: int) -> None:
        self.setup, self.rank = setup, rank

    def __iter__(self) -> Any:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        place_, places = self.rank * workers + worker, self.setup.ranks * workers
        samples = range(self.setup.items)
        chosen = {
            STREAMS[0]: samples,
            STREAMS[1]: samples[worker::workers],
            STREAMS[2]: samples[place_::places],
            STREAMS[3]: [one for one in samples if shard_of(self.setup)[one] % places == place_],
        }[self.setup.plan]
        return iter([(one, worker) for one in chosen])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("plan", STREAMS)
def test_streams_are_read_as_by_real_workers(plan: str) -> None:
    setup = Setup(
        items=23, ranks=2, workers=2, batch_size=3, plan=plan, shards=5, drop_last=plan == STREAMS[2]
    )
    for rank in range(2):
        loader = DataLoader(
            Reader(setup, rank), batch_size=3, num_workers=2, drop_last=setup.drop_last, timeout=60
        )
        real = [(samples.tolist(), set(workers.tolist())) for samples, workers in loader]
        told = [(list(one.samples), {one.worker}) for one in batches(setup) if one.rank == rank]
        assert told == real


def test_what_each_plan_gets_wrong() -> None:
    def gaps_and_repeats(plan: str, **more: Any) -> tuple[int, int]:
        setup = Setup(items=26, plan=plan, **more)
        counts = reads(setup, batches(setup))
        return int((counts == 0).sum()), int((counts - 1).clip(0).sum())

    assert gaps_and_repeats(MAP_STYLE[0]) == (0, 2)  # 28 reads: padded to four equal parts
    assert gaps_and_repeats(MAP_STYLE[1]) == (0, 3 * 26)
    assert gaps_and_repeats(STREAMS[0]) == (0, 7 * 26)
    assert gaps_and_repeats(STREAMS[1]) == (0, 3 * 26)
    assert gaps_and_repeats(STREAMS[2]) == (0, 0)
    assert gaps_and_repeats(MAP_STYLE[0], drop_last=True, batch_size=1) == (2, 0)


def test_without_set_epoch_every_epoch_has_the_same_order() -> None:
    def order(epoch: int, told: bool) -> list[int]:
        setup = Setup(shuffle=True, epoch=epoch, set_epoch=told)
        return [one for batch in batches(setup) for one in batch.samples]

    assert order(0, False) == order(1, False)
    assert order(0, True) != order(1, True)


@pytest.mark.parametrize("plan", PLANS)
def test_the_code_gives_the_same_batches(plan: str) -> None:
    engine = ShardEngine()
    params = {"plan": plan, "items": 17, "ranks": 2, "workers": 0, "batch_size": 3, "shards": 4, "seed": 3}
    params |= {"shuffle": plan == MAP_STYLE[0], "epoch": 1}
    code = engine.to_code(params)
    names: dict[str, Any] = {}
    exec(code, names)
    for rank in range(2):
        mine = [list(one.samples) for one in engine.batches(params) if one.rank == rank]
        assert names["batches_of"](rank) == mine
    assert "dpwidgets" not in code


def test_the_rings_code_gives_the_same_owners_in_another_process() -> None:
    engine = ShardEngine()
    params = {"view": "hash ring", "nodes": 3, "virtual": 5}
    code = engine.to_code(params) + "\nprint(*owners.values())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == list(engine.owners(params).values())


def test_a_ring_moves_few_keys_and_only_to_the_newcomer() -> None:
    keys = [f"key-{number}" for number in range(3000)]
    old = [f"node-{number}" for number in range(10)]
    new = [*old, "node-10"]
    before, after = ([HashRing(nodes, 100).node(key) for key in keys] for nodes in (old, new))
    assert moved(before, after) == pytest.approx(1 / 11, abs=0.03)
    changed = {owner for was, owner in zip(before, after, strict=True) if was != owner}
    assert changed == {"node-10"}
    assert moved([by_modulo(k, old) for k in keys], [by_modulo(k, new) for k in keys]) > 0.85


def test_virtual_nodes_even_the_load() -> None:
    keys = [f"key-{number}" for number in range(3000)]
    nodes = [f"node-{number}" for number in range(10)]
    fullest = [load([HashRing(nodes, v).node(k) for k in keys], nodes).max() / 300 for v in (1, 100)]
    assert fullest[0] > 1.8
    assert fullest[1] < 1.4


def test_a_place_is_between_0_and_1_and_of_the_name_alone() -> None:
    places = np.array([place(str(number)) for number in range(2000)])
    assert 0 <= places.min() < 0.01
    assert 0.99 < places.max() < 1
    assert place("node-0#0") == place("node-0#0")


@pytest.mark.parametrize("params", [{}, {"plan": STREAMS[3]}, {"view": "hash ring"}])
def test_the_picture_is_the_same_again_and_follows_the_slider(params: dict[str, Any]) -> None:
    slider = {"virtual": 7} if "view" in params else {"items": 31}
    first, again = ShardEngine().render(params), ShardEngine().render(params)
    assert np.array_equal(first.picture, again.picture)
    assert not np.array_equal(first.picture, ShardEngine().render(params | slider).picture)
    assert first.alt == again.alt


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"items": 97}, "items=97 .* 4 to 96"),
        ({"plan": "hope"}, "plan 'hope'"),
        ({"set_epoch": 1}, "set_epoch=1"),
        ({"rank": 1}, "'rank'.*'ranks'"),
    ],
)
def test_a_refusal_names_parameter_value_and_cure(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ShardEngine().check(wrong)
