"""What the sharding lab shows as plain torch and standard library code."""

from dpwidgets.prep.sharding.readers import MAP_STYLE, STREAMS, Setup

_SAMPLER = '''\
from torch.utils.data import DataLoader, DistributedSampler

ITEMS, RANKS, WORKERS, BATCH_SIZE = {items}, {ranks}, {workers}, {batch_size}


def batches_of(rank):
    """The batches that this rank's training loop gets in epoch {epoch}."""
    sampler = DistributedSampler(
        range(ITEMS), num_replicas={replicas}, rank={own}, shuffle={shuffle}, seed={seed},
        drop_last={drop_last},
    )
{set_epoch}    loader = DataLoader(
        range(ITEMS), batch_size=BATCH_SIZE, sampler=sampler, drop_last={drop_last}, num_workers=WORKERS
    )
    return [batch.tolist() for batch in loader]
'''
_STREAM = '''\
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

ITEMS, RANKS, WORKERS, BATCH_SIZE = {items}, {ranks}, {workers}, {batch_size}


class Stream(IterableDataset):
    def __init__(self, rank):
        self.rank = rank

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
{body}

def batches_of(rank):
    """The batches that this rank's training loop gets."""
    loader = DataLoader(
        Stream(rank), batch_size=BATCH_SIZE, drop_last={drop_last}, num_workers=WORKERS
    )
    return [batch.tolist() for batch in loader]
'''
_BODIES = {
    STREAMS[0]: "        return iter(range(ITEMS))  # everyone reads everything\n",
    STREAMS[1]: "        return iter(range(ITEMS)[worker::workers])  # every rank reads the same\n",
    STREAMS[2]: (
        "        place, places = self.rank * workers + worker, RANKS * workers\n"
        "        return iter(range(ITEMS)[place::places])\n"
    ),
    STREAMS[3]: (
        "        place, places = self.rank * workers + worker, RANKS * workers\n"
        "        shards = [range(a, b) for a, b in {edges}]  # in real life: files\n"
        "        return (sample for shard in shards[place::places] for sample in shard)\n"
    ),
}
_RING = '''\
import hashlib
from bisect import bisect_left


def place(name):
    """Where a name stands on the ring, 0 to 1: the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64


def ring(nodes, virtual={virtual}):
    return sorted((place(f"{{node}}#{{copy}}"), node) for node in nodes for copy in range(virtual))


def node_of(key, stands):
    """The first node at or after the key's own place."""
    return stands[bisect_left(stands, (place(key),)) % len(stands)][1]


stands = ring([f"node-{{number}}" for number in range({nodes} + 1)])
owners = {{f"key-{{number}}": node_of(f"key-{{number}}", stands) for number in range({keys})}}
'''


def readers_code(setup: Setup) -> str:
    """A function `batches_of(rank)`: the batches, made by torch's own loader."""
    blanks = vars(setup) | {"workers": setup.workers}
    if setup.plan in MAP_STYLE:
        alone = setup.plan == MAP_STYLE[1]
        call = (
            f"    sampler.set_epoch({setup.epoch})\n" if setup.set_epoch else "    # set_epoch is missing\n"
        )
        more = {"replicas": "1" if alone else "RANKS", "own": "0" if alone else "rank", "set_epoch": call}
        return _SAMPLER.format(**blanks | more)
    base, extra = divmod(setup.items, setup.shards)
    sizes = [base + (number < extra) for number in range(setup.shards)]
    edges = [(sum(sizes[:number]), sum(sizes[: number + 1])) for number in range(setup.shards)]
    return _STREAM.format(**blanks | {"body": _BODIES[setup.plan].format(edges=edges)})


def ring_code(nodes: int, virtual: int, keys: int) -> str:
    """Code whose `owners` tells which node keeps each key after one node came to `nodes`."""
    return _RING.format(nodes=nodes, virtual=virtual, keys=keys)
