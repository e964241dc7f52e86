"""The engine of the sharding lab: parameters in, who reads or keeps what, one picture and plain code out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from dpwidgets.prep.checks import check_flag, check_name, check_whole, complete
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.sharding.readers import PLANS, Batch, Setup, batches, reads
from dpwidgets.prep.sharding.readers_picture import readers_picture
from dpwidgets.prep.sharding.ring import HashRing, by_modulo, load, moved
from dpwidgets.prep.sharding.ring_picture import ring_picture
from dpwidgets.prep.sharding.shard_code import readers_code, ring_code

VIEWS = ("readers", "hash ring")
KEYS = 4000
RANGES = {
    "items": (4, 96),
    "ranks": (1, 4),
    "workers": (0, 4),
    "batch_size": (1, 8),
    "shards": (1, 16),
    "epoch": (0, 9),
    "seed": (0, 9999),
    "nodes": (2, 12),
    "virtual": (1, 100),
}
_FLAGS = ("shuffle", "drop_last", "set_epoch")


class ShardEngine:
    """Computes what the sharding lab shows."""

    def __init__(self) -> None:
        self._rings = lru_cache(maxsize=64)(_ring_figures)

    def default_params(self) -> dict[str, Any]:
        """26 samples on four ranks: the sampler has to read two of them twice."""
        plain = vars(Setup())
        return {"view": VIEWS[0], **plain, "nodes": 10, "virtual": 3}

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        known = self.default_params()
        merged = complete(params, known)
        check_name(merged["view"], VIEWS, "view")
        check_name(merged["plan"], PLANS, "plan")
        for name, (low, high) in RANGES.items():
            merged[name] = check_whole(merged[name], name, low, high)
        for name in _FLAGS:
            merged[name] = check_flag(merged[name], name)
        return {name: merged[name] for name in known}

    def batches(self, params: Mapping[str, Any]) -> list[Batch]:
        """Every batch of the epoch, rank by rank."""
        return batches(_setup(self.check(params)))

    def owners(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Which node keeps each of 4,000 keys after the newcomer came."""
        one = self.check(params)
        ring = HashRing(_names(one["nodes"] + 1), one["virtual"])
        return {f"key-{number}": ring.node(f"key-{number}") for number in range(KEYS)}

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture. `notes`: "gaps" and "again" (samples), or "moved" (way -> share) and "fullest"."""
        one = self.check(params)
        if one["view"] == VIEWS[1]:
            return self._ring(one, scale)
        setup = _setup(one)
        found = batches(setup)
        counts = reads(setup, found)
        gaps, again = int((counts == 0).sum()), int((counts - 1).clip(0).sum())
        per_rank = [sum(batch.rank == rank for batch in found) for rank in range(setup.ranks)]
        alt = (
            f"{setup.items} samples read by {setup.ranks} ranks with {setup.workers} workers each, "
            f"{setup.plan}, batches of {setup.batch_size}: {gaps} samples are never read, {again} reads are "
            f"repeats. Batches of each rank: {', '.join(map(str, per_rank))}."
        )
        notes = {"gaps": gaps, "again": again, "per_rank": per_rank}
        return Rendered(readers_picture(setup, found, counts, scale), alt, notes)

    def _ring(self, one: Mapping[str, Any], scale: float) -> Rendered:
        nodes = _names(one["nodes"] + 1)
        loads, moves = self._rings(one["nodes"], one["virtual"])
        ring = HashRing(nodes, one["virtual"])
        picture = ring_picture(ring, nodes, nodes[-1], loads, moves, scale)
        alt = (
            f"A ring of {one['nodes']} nodes at {one['virtual']} places each, and a new one. The fullest "
            f"node holds {loads.max():.2f} times its fair share. Keys that move when the node comes: "
            + ", ".join(f"{name} {share:.1%}" for name, share in moves.items())
            + "."
        )
        return Rendered(picture, alt, {"moved": moves, "fullest": float(loads.max())})

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain torch that gives the same batches, or plain Python that gives the same owners."""
        one = self.check(params)
        if one["view"] == VIEWS[1]:
            return ring_code(one["nodes"], one["virtual"], KEYS)
        return readers_code(_setup(one))


def _setup(params: Mapping[str, Any]) -> Setup:
    return Setup(**{name: params[name] for name in vars(Setup())})


def _names(count: int) -> list[str]:
    return [f"node-{number}" for number in range(count)]


def _ring_figures(count: int, virtual: int) -> tuple[np.ndarray, dict[str, float]]:
    """The loads with the newcomer as multiples of the fair share, and what moves by each way of keeping."""
    keys = [f"key-{number}" for number in range(KEYS)]
    old, new = _names(count), _names(count + 1)
    rings = HashRing(old, virtual), HashRing(new, virtual)
    owners = [[ring.node(key) for key in keys] for ring in rings]
    modulo = [[by_modulo(key, nodes) for key in keys] for nodes in (old, new)]
    moves = {
        "hash modulo nodes": moved(*modulo),
        "this ring": moved(*owners),
        "its fair share": 1 / (count + 1),
    }
    return load(owners[1], new) * len(new) / KEYS, moves
