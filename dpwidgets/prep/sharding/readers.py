"""Who reads which sample in one epoch: ranks (processes of a distributed run) times workers."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import DistributedSampler

MAP_STYLE = ("DistributedSampler", "same sampler on every rank")
STREAMS = (
    "stream: everyone reads all",
    "stream: split by worker",
    "stream: split by rank and worker",
    "stream: whole shards by rank and worker",
)
PLANS = MAP_STYLE + STREAMS


@dataclass(frozen=True)
class Setup:
    """One run.

    Attributes:
        items: samples in the dataset.
        ranks: processes that train together.
        workers: loader workers in each rank; 0 loads in the rank's own process.
        batch_size: samples a batch, of each rank.
        plan: one of PLANS.
        shards: files that the stream is stored in, for whole shards.
        shuffle: the sampler shuffles (streams do not).
        drop_last: the sampler and the loader drop what does not fill up.
        epoch: number of the epoch, from 0.
        set_epoch: is `sampler.set_epoch(epoch)` called?
        seed: of the shuffle.
    """

    items: int = 26
    ranks: int = 4
    workers: int = 2
    batch_size: int = 2
    plan: str = PLANS[0]
    shards: int = 6
    shuffle: bool = False
    drop_last: bool = False
    epoch: int = 0
    set_epoch: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Samples that one worker of one rank delivers together."""

    rank: int
    worker: int
    samples: tuple[int, ...]


def batches(setup: Setup) -> list[Batch]:
    """Every batch of one epoch, rank by rank, in the order in which the rank's loop gets them."""
    found = []
    for rank in range(setup.ranks):
        found += list(_of_rank(setup, rank))
    return found


def reads(setup: Setup, found: list[Batch]) -> np.ndarray:
    """How often each sample is delivered: int64 (items,). 0 is a gap, more than 1 a duplicate."""
    delivered = list(itertools.chain.from_iterable(batch.samples for batch in found))
    return np.bincount(np.array(delivered, np.int64), minlength=setup.items)


def shard_of(setup: Setup) -> np.ndarray:
    """Which shard each sample is stored in: int64 (items,). Shards hold runs of samples, evenly."""
    return np.repeat(
        np.arange(setup.shards), [len(part) for part in np.array_split(np.arange(setup.items), setup.shards)]
    )


def _of_rank(setup: Setup, rank: int) -> Iterator[Batch]:
    workers = max(1, setup.workers)
    if setup.plan in MAP_STYLE:
        for number, samples in enumerate(_batched(_sampled(setup, rank), setup)):
            # The loader deals whole batches to its workers, in turn.
            yield Batch(rank, number % workers, samples)
        return
    queues = [
        [Batch(rank, worker, samples) for samples in _batched(_streamed(setup, rank, worker), setup)]
        for worker in range(workers)
    ]
    # The loop takes one batch of each worker in turn; a worker that has no more is passed over.
    for row in itertools.zip_longest(*queues):
        yield from (batch for batch in row if batch is not None)


def _sampled(setup: Setup, rank: int) -> list[int]:
    """The sampler's indices."""
    everyone = setup.plan == MAP_STYLE[1]
    sampler: DistributedSampler[int] = DistributedSampler(
        range(setup.items),  # type: ignore[arg-type]  # only its length is asked for
        num_replicas=1 if everyone else setup.ranks,
        rank=0 if everyone else rank,
        shuffle=setup.shuffle,
        seed=setup.seed,
        drop_last=setup.drop_last,
    )
    if setup.set_epoch:
        sampler.set_epoch(setup.epoch)
    return list(sampler)


def _streamed(setup: Setup, rank: int, worker: int) -> list[int]:
    """What an IterableDataset's own code lets this worker read."""
    everything = range(setup.items)
    workers = max(1, setup.workers)
    place, places = rank * workers + worker, setup.ranks * workers
    if setup.plan == STREAMS[0]:
        return list(everything)
    if setup.plan == STREAMS[1]:
        return list(everything[worker::workers])
    if setup.plan == STREAMS[2]:
        return list(everything[place::places])
    mine = set(range(setup.shards)[place::places])
    return [sample for sample, shard in enumerate(shard_of(setup)) if shard in mine]


def _batched(samples: Iterable[int], setup: Setup) -> Iterator[tuple[int, ...]]:
    rest = iter(samples)
    while batch := tuple(itertools.islice(rest, setup.batch_size)):
        if len(batch) == setup.batch_size or not setup.drop_last:
            yield batch
