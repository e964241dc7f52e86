"""Splits and shards, for any data: no item is lost or on two sides, and what must not move does not."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dpwidgets.prep.sharding.readers import MAP_STYLE, PLANS, STREAMS, Batch, Setup, batches, reads, shard_of
from dpwidgets.prep.sharding.ring import HashRing, by_modulo, load
from dpwidgets.prep.splitting.problems import Problem
from dpwidgets.prep.splitting.strategies import STRATEGIES, Parts, split

thorough = settings(deadline=None, derandomize=True, max_examples=60)
shares = st.tuples(st.floats(0.05, 0.5), st.sampled_from([0.0, 0.1, 0.15, 0.3]))
seeds = st.integers(0, 2**31 - 1)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to 120 items of two to four classes, in groups of one size or another, at times in any order."""
    n = draw(st.integers(24, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    classes = draw(st.integers(2, 4))
    y = np.r_[np.repeat(np.arange(classes), 4), rng.integers(0, classes, n - 4 * classes)]
    return Problem(
        "rows",
        rng.permutation(y).astype(np.int64),
        tuple("abcd"[:classes]),
        tuple(f"id-{number}" for number in rng.permutation(n)),
        groups=rng.integers(0, draw(st.integers(8, 40)), n),
        times=rng.normal(size=n).round(1),  # some are equal
    )


def tried(problem: Problem, strategy: str, share: tuple[float, float], seed: int) -> Parts:
    try:
        return split(problem, strategy, *share, seed)
    except ValueError:  # too few items for it
        assume(False)
        raise


@pytest.mark.parametrize("strategy", STRATEGIES)
@thorough
@given(problems(), shares, seeds)
def test_a_split_is_a_partition_and_its_seed_decides_it(
    strategy: str, problem: Problem, share: tuple[float, float], seed: int
) -> None:
    parts = tried(problem, strategy, share, seed)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(problem)))
    assert all(np.all(np.diff(part) > 0) for part in parts)
    again = split(problem, strategy, *share, seed)
    assert all(np.array_equal(one, other) for one, other in zip(parts, again, strict=True))


@pytest.mark.parametrize("strategy", ["grouped", "hash of group"])
@thorough
@given(problems(), shares, seeds)
def test_a_group_is_never_on_two_sides(
    strategy: str, problem: Problem, share: tuple[float, float], seed: int
) -> None:
    assert problem.groups is not None
    sides = [set(problem.groups[part]) for part in tried(problem, strategy, share, seed)]
    assert sum(map(len, sides)) == len(set.union(*sides))


@thorough
@given(problems(), shares, seeds)
def test_a_stratified_part_has_each_class_within_rounding(
    problem: Problem, share: tuple[float, float], seed: int
) -> None:
    parts = tried(problem, "stratified", share, seed)
    whole = np.bincount(problem.y)
    for part in (rows for rows in parts if len(rows)):
        wanted = whole * len(part) / len(problem)
        # Val is cut from what test left over: two roundings.
        assert np.abs(np.bincount(problem.y[part], minlength=len(whole)) - wanted).max() <= 2


@thorough
@given(problems(), shares)
def test_nothing_in_training_is_younger_than_what_is_tested(
    problem: Problem, share: tuple[float, float]
) -> None:
    parts = split(problem, "by time", *share, 0)
    times = problem.times
    assert times is not None
    assert times[parts.train].max(initial=-np.inf) <= times[parts.test].min(initial=np.inf)


@pytest.mark.parametrize("strategy", ["hash of id", "hash of group"])
@thorough
@given(problems(), shares, seeds, st.integers(1, 23))
def test_a_hashed_split_moves_nobody_when_the_data_grow_or_change_their_order(
    strategy: str, problem: Problem, share: tuple[float, float], seed: int, kept: int
) -> None:
    def sides(of: Problem) -> dict[str, int]:
        parts = split(of, strategy, *share, seed)
        return {of.ids[row]: side for side, part in enumerate(parts) for row in part}

    everyone = sides(problem)
    some = problem.part(np.random.default_rng(seed).permutation(len(problem))[:kept])
    assert all(everyone[name] == side for name, side in sides(some).items())


# --- who reads what


@st.composite
def setups(draw: st.DrawFn, plans: tuple[str, ...]) -> Setup:
    return Setup(
        items=draw(st.integers(1, 60)),
        ranks=draw(st.integers(1, 5)),
        workers=draw(st.integers(0, 4)),
        batch_size=draw(st.integers(1, 7)),
        plan=draw(st.sampled_from(plans)),
        shards=draw(st.integers(1, 12)),
        shuffle=draw(st.booleans()),
        drop_last=draw(st.booleans()),
        epoch=draw(st.integers(0, 9)),
        set_epoch=draw(st.booleans()),
        seed=draw(st.integers(0, 9999)),
    )


@thorough
@given(setups(("DistributedSampler",)))
def test_the_distributed_sampler_reads_all_and_repeats_no_more_than_it_must(setup: Setup) -> None:
    found = batches(setup)
    counts = reads(setup, found)
    per_rank = Counter(batch.rank for batch in found for _ in batch.samples)
    if not setup.drop_last:
        assert counts.min() >= 1
        assert (counts - 1).sum() == -setup.items % setup.ranks  # the padding
        assert set(per_rank.values()) == {-(-setup.items // setup.ranks)}
    else:
        assert counts.max(initial=0) <= 1, "what is dropped is never repeated"
        assert len(set(per_rank.values())) <= 1, "all ranks read equally many: none waits for another"
        lost = setup.items - counts.sum()
        assert lost < setup.ranks + setup.ranks * setup.batch_size


@thorough
@given(setups(STREAMS[2:]))
def test_a_stream_split_by_rank_and_worker_is_read_once(setup: Setup) -> None:
    counts = reads(setup, batches(setup))
    assert counts.max() <= 1
    if not setup.drop_last:
        assert counts.min() == 1
    owners = np.bincount(shard_of(setup), minlength=setup.shards)
    assert owners.sum() == setup.items
    assert owners.max() - owners.min() <= 1


@thorough
@given(setups(PLANS))
def test_batches_are_full_but_for_the_last_of_a_worker(setup: Setup) -> None:
    found = batches(setup)

    def mine(rank: int, worker: int) -> list[Batch]:
        return [one for one in found if (one.rank, one.worker) == (rank, worker)]

    assert all(1 <= len(one.samples) <= setup.batch_size for one in found)
    for rank in range(setup.ranks):
        for worker in range(max(1, setup.workers)):
            assert all(len(one.samples) == setup.batch_size for one in mine(rank, worker)[:-1])
    if setup.drop_last:
        assert all(len(one.samples) == setup.batch_size for one in found)
    if setup.plan in MAP_STYLE:  # whole batches are dealt out in turn
        for rank in range(setup.ranks):
            order = [one.worker for one in found if one.rank == rank]
            assert order == [number % max(1, setup.workers) for number in range(len(order))]


# --- the ring

names = st.lists(st.text("abcxyz019", min_size=1, max_size=6), min_size=2, max_size=9, unique=True)
KEYS = [f"key-{number}" for number in range(400)]


@thorough
@given(names, st.integers(1, 40))
def test_only_keys_that_the_newcomer_takes_move_and_only_to_it(nodes: list[str], virtual: int) -> None:
    *old, new = nodes
    before, after = HashRing(old, virtual), HashRing(nodes, virtual)
    for key in KEYS:
        if before.node(key) != after.node(key):
            assert after.node(key) == new
    assert HashRing(list(reversed(nodes)), virtual).owners == after.owners, (
        "the order of the nodes is nothing"
    )


@thorough
@given(names)
def test_with_many_places_no_node_is_far_from_its_share(nodes: list[str]) -> None:
    ring = HashRing(nodes, 200)
    loads = load([ring.node(key) for key in KEYS], nodes)
    assert loads.sum() == len(KEYS)
    # A share's deviation is that of 200 places a node, and of so few keys: five of each, and a little more.
    fair = len(KEYS) / len(nodes)
    assert np.abs(loads - fair).max() <= 5 * (fair / np.sqrt(200) + np.sqrt(fair)) + 1
    assert {by_modulo(key, nodes) for key in KEYS} <= set(nodes)
