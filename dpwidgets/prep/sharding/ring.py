"""Which node keeps a key: by hash modulo the number of nodes, or by a ring of hashes.

Consistent hashing: Karger et al., "Consistent hashing and random trees" (STOC 1997). A node stands at several
places on the ring (virtual nodes); a key belongs to the first node at or after its own place.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

_FULL = 2**64


def place(name: str) -> float:
    """Where a name stands on the ring: 0 to 1, the same in every process. (Built-in `hash` differs.)"""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / _FULL


class HashRing:
    """A ring of nodes.

    Args:
        nodes: their names, all different.
        virtual: places of each node on the ring, at least 1.
    """

    def __init__(self, nodes: Sequence[str], virtual: int = 100) -> None:
        stands = sorted((place(f"{node}#{copy}"), node) for node in nodes for copy in range(virtual))
        self.places = [at for at, _ in stands]
        self.owners = [node for _, node in stands]

    def node(self, key: str) -> str:
        """The node that keeps `key`."""
        return self.owners[bisect_left(self.places, place(key)) % len(self.owners)]


def by_modulo(key: str, nodes: Sequence[str]) -> str:
    """The node that keeps `key` when hashes are taken modulo the number of nodes."""
    return nodes[int(place(key) * _FULL) % len(nodes)]


def moved(before: Sequence[str], after: Sequence[str]) -> float:
    """The share of keys that another node keeps than before."""
    return float(np.mean([one != other for one, other in zip(before, after, strict=True)]))


def load(owners: Sequence[str], nodes: Sequence[str]) -> np.ndarray:
    """How many keys each node keeps: int64 (nodes,)."""
    counts = dict.fromkeys(nodes, 0)
    for owner in owners:
        counts[owner] += 1
    return np.array([counts[node] for node in nodes])
