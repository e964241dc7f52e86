# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 Distributed
#
# When data outgrows one disk, one process or one machine, the work is cut into pieces. Then new errors come:
# a piece that nobody reads, a piece that everybody reads, a mean that is right only for its own piece, a helper
# that dies. Most of them raise nothing. This chapter runs the real engines, and measures each of these errors.
#
# **After this chapter you can**
#
# - store samples in tar [shards](pages/glossary.ipynb#shard) and tables in
#   [Parquet](pages/glossary.ipynb#Parquet), and read only what you need,
# - deal data to machines, [ranks](pages/glossary.ipynb#rank) and [workers](pages/glossary.ipynb#worker) without
#   gaps and repeats, and prove it,
# - clean a table with Dask and Spark, to the last digit as pandas does,
# - fit a step once and share it, train with two processes, and check that they agree,
# - say what each engine does when one of its processes dies.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | `IterableDataset`, workers | needed | chapter 02 |
# | Holes, units, "fit on training rows only" | needed | chapters 04 and 06 |
# | Gradient, optimizer step | needed | chapter 06 |
# | Processes, exit codes | helpful | this chapter explains what it uses |
#
# **Time:** 80 minutes to read and try, with the labs and the exercises. The cells alone run for about 50
# seconds on two processor cores; most of that is the start of the engines.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import inspect
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import dask
import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import torch
from dask.distributed import Client, Event, LocalCluster, get_worker, wait
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, DistributedSampler, IterableDataset, get_worker_info

from dpwidgets import ShardLab, exercise, palette, portable, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Folder, Integer, Text, check_parameters

# %% tags=["parameters"]
seed = 0  # start of chance, a whole number from 0 to 1,000,000
rows = 4800  # rows of the weather table, 800 to 1,000,000
nodes = 10  # machines that keep shards in section 4, before one more comes, 2 to 50
photos = 24  # photos that the cluster prepares in section 11, 8 to 500
dask_address = None  # "tcp://host:port" of a Dask scheduler of your own; None starts two workers here
spark_master = "local[2]"  # "spark://host:port", "yarn", ...: any Spark master; None leaves Spark out
work_dir = None  # a folder that all machines of your cluster can see; None takes a temporary one
time_limit = 240  # seconds that a started program may take, 20 to 3,600

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    seed=Integer(0, 1_000_000),
    rows=Integer(800, 1_000_000),
    nodes=Integer(2, 50),
    photos=Integer(8, 500),
    dask_address=Text(r"(tcp|tls|ucx)://\S+:\d+", optional=True),
    spark_master=Text(r"local(\[(\d+|\*)\])?|yarn|(spark|k8s)://\S+", optional=True),
    work_dir=Folder(optional=True),
    time_limit=Integer(20, 3600),
)
if dask_address is not None:
    try:
        with Client(dask_address, timeout=10) as client:
            client.wait_for_workers(1, timeout=10)
    except OSError:  # a TimeoutError is one
        cure = "start `dask scheduler --host 127.0.0.1 --dashboard-address 127.0.0.1:8787`, then"
        cure = f"no scheduler with a worker there; {cure} `dask worker` with its address, or take None"
        raise ValueError(f"dask_address = {dask_address!r}: {cure}") from None
use_style()
torch.set_num_threads(1)
place = Path(work_dir).expanduser().absolute() if work_dir else None
scratch = tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True)
work = Path(scratch.name)  # all files of this chapter; removed when the kernel ends

# %% [markdown]
# ## 1. Samples in tar shards
#
# A million small files are slow to list, to open and to copy. So samples are packed into **shards**: files of
# some hundred megabytes, read from front to back. The plainest shard is a tar archive. All files of one sample
# stand together in it, and share the **key** before the first dot: `00042.png`, `00042.cls`.
#
# **Question:** 800 handwritten digits go into 8 shards, in the order of a folder listing: all zeros first. A
# reader needs no index, only the standard library. Can WebDataset, a library for such shards, read ours?

# %%
import io
import itertools
import tarfile

digits = load_digits()
order = np.lexsort((np.arange(800), digits.target[:800]))  # by class, as in folders
listing = [(f"{i:05}", digits.images[i].astype(np.uint8) * 15, int(digits.target[i])) for i in order]


def write_shard(path: Path, samples: list) -> None:
    """One tar file; each sample is a `.png` and a `.cls` with the same key."""
    with tarfile.open(path, "w") as tar:
        for key, pixels, label in samples:
            png = io.BytesIO()
            Image.fromarray(pixels).save(png, "png")
            for name, data in ((f"{key}.png", png.getvalue()), (f"{key}.cls", str(label).encode())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))


for number in range(8):
    write_shard(work / f"digits-{number}.tar", listing[number * 100 : (number + 1) * 100])
shards = sorted(work.glob("digits-*.tar"))
print(len(shards), "shards,", sum(path.stat().st_size for path in shards) // 1000, "kB; 1,600 files before")


# %%
def read_shard(path: Path):
    """The samples of a shard, one after the other: (key, pixels, label). Never the whole shard in memory."""
    with tarfile.open(path, "r|") as tar:  # "|": a stream, no jumping back
        files = ((member.name, tar.extractfile(member).read()) for member in tar)
        for key, group in itertools.groupby(files, lambda file: file[0].split(".")[0]):
            parts = {name.split(".", 1)[1]: data for name, data in group}
            yield key, np.asarray(Image.open(io.BytesIO(parts["png"]))), int(parts["cls"])


ours = [(key, label) for path in shards for key, _, label in read_shard(path)]
print(len(ours), "samples read, all as written:", ours == [(key, label) for key, _, label in listing])
try:
    import webdataset

    stream = webdataset.WebDataset([str(path) for path in shards], shardshuffle=False)
    stream = stream.decode(only=["cls"])  # no other part is decoded, and none unpickled
    print("WebDataset reads the same:", ours == [(each["__key__"], each["cls"]) for each in stream])
except ImportError:
    print("WebDataset is not installed: pip install webdataset")

# %%
whole = shards[0].read_bytes()
with tarfile.open(shards[0]) as tar:
    border = tar.getmembers()[100].offset  # where sample 51 begins
for where, data in {"inside a file": whole[: border + 600], "between two samples": whole[:border]}.items():
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            print(f"a shard cut {where}: {len(tar.getnames()) // 2} samples, no error")
    except tarfile.ReadError as error:
        print(f"a shard cut {where}: {error}")

# %% [markdown]
# **What happened.** `itertools.groupby` joins neighbours only: that is why the files of a sample must stand
# together. WebDataset reads the same shards, and adds decoders, shuffling and reading from the web.
#
# **Trap:** a plain `.decode()` takes each part as its ending says, and `.pyd`, `.pkl`, `.pickle` and `.pth` are
# **unpickled**. A [pickle](pages/glossary.ipynb#pickle) may run any code: a shard from a stranger could take over
# your machine. Name the parts that you want (`only=`), or set `WDS_SECURE=1` before Python starts; then such a
# part raises an error.
#
# A tar archive is a row of files with headers between them. Torn between two samples it looks complete: **keep the
# number of samples beside each shard, and compare**.
#
# ## 2. A stream must shuffle
#
# A stream cannot jump, so it shuffles in two ways: the **order of the shards**, and a **buffer** of waiting
# samples from which it draws. A third way is to mix the samples before they are written. **Question:** our shards
# are sorted by class. How many of the ten classes will a batch of 32 hold, with one, two and three of these?


# %%
def buffered(samples, size: int, chance: np.random.Generator):
    """The samples in a new order: each is drawn from a buffer that holds `size` of them."""
    buffer = []
    for sample in samples:
        buffer.append(sample)
        if len(buffer) >= size:
            yield buffer.pop(chance.integers(len(buffer)))
    yield from (buffer[i] for i in chance.permutation(len(buffer)))


def labels(way: str) -> np.ndarray:
    """The labels as the stream delivers them."""
    chance = np.random.default_rng(seed)
    dealt = [ours[i] for i in chance.permutation(len(ours))] if "mixed" in way else ours
    kept = [dealt[at : at + 100] for at in range(0, 800, 100)]
    if "shards" in way:
        kept = [kept[i] for i in chance.permutation(8)]
    size = 100 if "buffer" in way else 1
    return np.array([label for _, label in buffered(itertools.chain(*kept), size, chance)])


# %%
ways = ["as stored", "shards", "shards, buffer", "mixed, shards, buffer"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.1), sharey=True)
for ax, way in zip(axes, ways):
    found = labels(way)
    ax.plot(found, ".", markersize=2, color=palette.BLUE)
    ax.set(title=way, xlabel="place in the stream")
    classes = np.mean([len(set(batch)) for batch in found.reshape(-1, 32)])
    print(f"{way:22} {classes:.1f} classes in a batch of 32")
axes[0].set(ylabel="label", yticks=range(0, 10, 3))
alt = "Label against place in the stream: a staircase, its steps in another order, blurred steps, noise."
show(fig, alt=alt)

# %% [markdown]
# **What happened.** A buffer of 100 mends what lies 100 samples apart, no more. **Shuffle once, before you write
# the shards.** Then shard order and buffer are enough to make each epoch new.
#
# ## 3. Tables in Parquet
#
# Tables have a better file: **Parquet** keeps each column by itself, compressed, and notes the smallest and
# largest value of each piece. Our table: hours of weather at four stations, and the bikes that were rented. Two
# stations report in Fahrenheit. -9999 means *no reading*. Temperatures are tenths of a degree, whole numbers;
# section 9 tells why.
#
# **Question:** you want `temp` of one station. How much of the table must be read?

# %%
rng = np.random.default_rng(seed)
celsius = (150 + 100 * np.sin(np.arange(rows) / rows * 6) + rng.normal(0, 40, rows)).round()
raw = pd.DataFrame({"hour": np.arange(rows), "station": rng.choice(["A", "B", "C", "D"], rows)})
raw["unit"] = raw["station"].map({"A": "C", "B": "C", "C": "F", "D": "F"})
raw["temp"] = np.where(raw["unit"] == "C", celsius, (celsius * 9 / 5 + 320).round()).astype(int)
raw.loc[rng.random(rows) < 0.1, "temp"] = -9999
raw["bikes"] = (60 + 0.3 * celsius + rng.normal(0, 10, rows)).round().clip(0).astype(int)

raw.to_parquet(work / "stations", partition_cols=["station"])
files = sorted((work / "stations").glob("*/*.parquet"))
print("folders:", ", ".join(path.parent.name for path in files))
chunks = [pq.ParquetFile(path).metadata.row_group(0) for path in files]
size = [{c.column(i).path_in_schema: c.column(i).total_compressed_size for i in range(4)} for c in chunks]
wanted = pd.read_parquet(work / "stations", columns=["temp"], filters=[("station", "==", "B")])
share = size[1]["temp"] / sum(sum(each.values()) for each in size)
print(f"{len(wanted)} values of column temp, station B: {share:.0%} of the table's bytes were needed")

# %% [markdown]
# **What happened.** The folder's name is a value: `station=B`. Three folders were never opened, and of the fourth
# only one column. A CSV file must be read whole, and gives text. **Cut a table by what you often ask for**, in
# pieces of some hundred megabytes: many tiny files are slow again.
#
# ## 4. Which machine keeps which shard?
#
# 10,000 shards on ten machines, each with its own disk as a cache. Everyone must know, without asking, where a
# shard lies. First idea: make a number of the name, a [hash](pages/glossary.ipynb#hash), and take `hash(name) %
# machines`. The second is [consistent hashing](pages/glossary.ipynb#consistent-hashing), a ring: machines and
# shards get places on it, each from its name, and a shard belongs to the next machine clockwise. The guide says
# that this ensures consistent loading and balance (4.3). **Question:** an eleventh machine comes. How many
# percent of the shards must move with `% machines`?

# %%
predict("09.p1", ...)


# %%
# ring.py
import hashlib
from bisect import bisect_left


def place(name: str) -> int:
    """Where a name stands: a number that is the same in every process, on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def by_modulo(key: str, machines: list[str]) -> str:
    return machines[place(key) % len(machines)]


def make_ring(machines: list[str], virtual: int) -> list[tuple[int, str]]:
    """Each machine stands at `virtual` places on the ring."""
    return sorted((place(f"{name}#{copy}"), name) for name in machines for copy in range(virtual))


def on_ring(key: str, ring: list[tuple[int, str]]) -> str:
    """The first machine at or after the key's own place; behind the last one the ring begins again."""
    return ring[bisect_left(ring, (place(key),)) % len(ring)][1]


# %%
command = [sys.executable, "-c", "print(hash('shard-00042.tar') % 10)"]
answers = []
for start in "123":  # Python draws such a number for each process; here it is set, for the same output
    process = os.environ | {"PYTHONHASHSEED": start}
    done = subprocess.run(command, env=process, capture_output=True, text=True, timeout=60)
    answers.append(done.stdout.strip())
print("hash('shard-00042.tar') % 10 in three processes:", *answers)
print("place('shard-00042.tar') % 10, in any process:  ", place("shard-00042.tar") % 10)

# %% tags=["claim-20"] figure="moved"
keys = [f"shard-{i:05}.tar" for i in range(10_000)]
old = [f"node-{i}" for i in range(nodes)]
new = [*old, f"node-{nodes}"]
moved = {"modulo": np.mean([by_modulo(key, old) != by_modulo(key, new) for key in keys])}
fullest, shares = {}, {}
for virtual in (1, 10, 100):
    rings = make_ring(old, virtual), make_ring(new, virtual)
    before, after = ([on_ring(key, ring) for key in keys] for ring in rings)
    moved[f"ring, {virtual}"] = np.mean([a != b for a, b in zip(before, after)])
    shares[virtual] = np.array([before.count(name) for name in old]) / len(keys) * nodes
    fullest[f"ring, {virtual}"] = shares[virtual].max()
print(
    f"keys moved by one more machine: modulo {moved['modulo']:.1%}, ring {moved['ring, 100']:.1%};", end=" "
)
print(f"fullest: {fullest['ring, 1']:.2f} fair shares with 1 place each, {fullest['ring, 100']:.2f} with 100")
print(f"the newcomer's fair share: {1 / (nodes + 1):.1%}")

fig, ax = plt.subplots(figsize=(6.5, 2.3))
for virtual, load in shares.items():
    ax.plot(np.sort(load)[::-1], label=f"{virtual} {'place' if virtual == 1 else 'places'} each")
ax.set(xlabel="machine, fullest first", ylabel="load / fair share")
ax.legend()
spans = ", ".join(f"{v} places {load.min():.2f} to {load.max():.2f}" for v, load in shares.items())
show(fig, alt=f"Loads of the machines as multiples of the fair share: {spans}.")
predict("09.p1").reveal(round(100 * moved["modulo"], 1))

# %% [markdown]
# > **Correction.** The guide: consistent hashing ensures consistent data loading and balanced load. The machine:
# > what it ensures is that **few keys move** when machines come or go. Balance it does not give by itself: with
# > one place each, one machine holds three times its share. *Virtual nodes*, 100 places each, come near. And
# > whether the data is the same everywhere is another matter: that takes checksums.
#
# Python's own `hash` of a text changes from process to process: two readers would look in different places.
#
# **The ring lab.** One more machine comes to the ring. See what moves.

# %% tags=["lab"]
ShardLab(view="hash ring", nodes=nodes, virtual=1)

# %% [markdown]
# **Questions that only playing answers**
#
# 1. Move *places* from 1 to 100. How soon does the fullest machine hold half of what it held? Does it go on falling,
#    or waver? (Chance leaves a spread of about 1/√*places*: a tenth of the share at 100.)
# 2. With 1 place, change *nodes* from 5 to 12. The newcomer's share jumps. Why, and what do more places do?
# 3. Is there any number of nodes at which modulo moves less than the ring?
#
# ## 5. One dataset, several ranks
#
# Machines are settled; now the **ranks**: the processes that train together. Each must see its own part.
# [DistributedSampler](pages/glossary.ipynb#DistributedSampler) deals row numbers. It can be tried without any
# second process: tell it the number of replicas and the rank. **Question:** 10 samples on 4 ranks. How many are
# drawn?

# %%
parts = [list(DistributedSampler(range(10), num_replicas=4, rank=rank, shuffle=False)) for rank in range(4)]
drawn = Counter(itertools.chain(*parts))
print("dealt:", parts)
print(f"drawn: {drawn.total()} for 10 samples; twice: {[i for i, n in drawn.items() if n > 1]}")
dropped = [DistributedSampler(range(10), num_replicas=4, rank=rank, drop_last=True) for rank in range(4)]
print("drop_last=True:", sum(len(list(sampler)) for sampler in dropped), "drawn, 2 left out")

sampler = DistributedSampler(range(10), num_replicas=4, rank=0, seed=seed)
for call in (False, True):
    orders = []
    for epoch in range(3):
        if call:
            sampler.set_epoch(epoch)
        orders.append(list(sampler))
    print("with set_epoch:   " if call else "without set_epoch:", orders)

right = torch.tensor([0.0, 1, 1, 1, 1, 1, 1, 1, 1, 1])  # a test: sample 0 is wrong
print(f"accuracy {right.mean():.3f}; over the dealt parts {right[list(drawn.elements())].mean():.3f}")

# %% [markdown]
# **What happened.** Every rank must make the same number of steps, else the others wait for it, until an error or a
# timeout ends the run (section 14). So the sampler fills up with samples from the start, or drops some. In training
# that hardly matters. In a test it changes the score: sum up `right` and `count` of *distinct* samples instead of
# averaging over ranks.
#
# Without `set_epoch(epoch)` every epoch has the same order. Nothing complains.
#
# ## 6. A stream, several ranks, several workers
#
# A stream has no row numbers to deal: each reader runs `__iter__` by itself. **Question:** two ranks with two
# loader workers each read our 8 shards, and nobody says who reads what. How often does each sample come?

# %%
predict("09.p2", ...)


# %%
class DigitStream(IterableDataset):
    """Samples of tar shards. `split`: who shares them: "nobody", "workers", "ranks and workers"."""

    def __init__(self, shards: list[Path], rank: int, ranks: int, split: str) -> None:
        self.shards, self.rank, self.ranks, self.split = shards, rank, ranks, split

    def __iter__(self):
        info = get_worker_info()  # None in the main process
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        mine = {
            "nobody": self.shards,
            "workers": self.shards[worker::workers],
            "ranks and workers": self.shards[self.rank * workers + worker :: self.ranks * workers],
        }[self.split]
        for path in mine:
            yield from (int(key) for key, _, _ in read_shard(path))


# %%
def counted(split: str, shards: list[Path] = shards) -> tuple[Counter, list[int]]:
    """How often each key comes with 2 ranks x 2 workers, and the number of batches of each rank."""
    keys, batches = Counter(), []
    for rank in range(2):
        stream = portable(DigitStream(shards, rank, 2, split))
        loader = DataLoader(stream, batch_size=25, num_workers=2, timeout=60)
        delivered = [batch.tolist() for batch in loader]
        keys.update(itertools.chain(*delivered))
        batches.append(len(delivered))
    return keys, batches


for split in ("nobody", "workers", "ranks and workers"):
    keys, batches = counted(split)
    print(f"{split:18} {len(keys)} samples, each {set(keys.values())} times; batches of each rank: {batches}")
    if split == "nobody":
        times = max(keys.values())
keys, batches = counted("ranks and workers", shards[:5])  # five shards only
print(
    f"the same, 5 shards {len(keys)} samples, each {set(keys.values())} times; batches of each rank: {batches}"
)
predict("09.p2").reveal(times)

# %% [markdown]
# **What happened.** Splitting by worker, as chapter 02 does, is not enough: each rank still reads all. Only the
# last form reads each sample once. With 5 shards for 4 readers it still does, but rank 0 has more batches than
# rank 1: at its next step it waits for a partner that has gone home. **Make the shards a multiple of
# ranks × workers**, or agree on the smallest number of batches, as section 13 does.
#
# **The sharding lab.** Who reads what; gaps and repeats in plain sight.

# %% tags=["lab"]
ShardLab(ranks=2, workers=2, plan="stream: split by worker", seed=seed)

# %% [markdown]
# **Questions that only playing answers**
#
# 1. Find the plan that reads each sample once. Then move *samples*: for which numbers do the ranks make
#    different numbers of batches?
# 2. Whole shards: which numbers of *shards* leave a worker without work?
# 3. `DistributedSampler`, *shuffle*, without *set_epoch*: move *epoch*. And with it?
#
# **Your own data:** `ShardLab(dataset)` takes its length, up to 96 samples.
#
# ## 7. Dask: a partition, not a row
#
# **Dask** runs pandas code on the pieces of a table that may be larger than memory, on threads, processes or
# machines. (Here mostly `scheduler="sync"`: one piece after the other, in this process. Errors are easiest to read
# so.) `map_partitions(f)` calls `f` for each piece. The guide writes an `f` that takes a row, and puts the
# result into a column. **Question:** what does `f` get?

# %% tags=["snippet-14", "claim-24"] figure={"snippet-14": "as it is", "claim-24": "at work"}
for number, place_of_rows in enumerate(np.array_split(np.arange(rows), 8)):
    raw.iloc[place_of_rows].to_csv(work / f"weather-{number}.csv", index=False)  # eight stretches of time
table = dd.read_csv(str(work / "weather-*.csv"), dtype={"station": "str", "unit": "str"})


def preprocess(row):
    return processed_row  # noqa: F821  the guide's function never says what this is


try:
    table["processed_column"] = table.map_partitions(preprocess)
except ValueError as error:
    print("the guide's cell as it is:", str(error).splitlines()[0])


def look(part) -> int:
    seen.append((type(part).__name__, len(part)))
    return len(part)


seen = []
lengths = table.map_partitions(look)
print(f"before any work was asked for it gets a {seen[0][0]} of {seen[0][1]} rows, made up by Dask")
lengths.compute(scheduler="sync")
print(f"at work it gets {seen[1][0]}s of {seen[1][1]} rows, in {len(seen) - 1} calls for {rows:,} rows")

# %% [markdown]
# > **Correction.** The guide: the function processes a row. The machine: it gets a
# > [**partition**](pages/glossary.ipynb#partition), a pandas DataFrame. And it is called once more, on two
# > made-up rows, when the graph is built: Dask wants to know which columns come out. An error there reads
# > *Metadata inference failed*. Give `meta=` and that call is left out.
#
# ## 8. What may the function return?
#
# **Question:** which of these six can be put into a new column? Which two are *wrong without a word*?


# %%
def marks(part):
    part["copy"] = 1  # changes what it was given
    return part["temp"] > 0


attempts = {
    "row logic": lambda row: row["temp"] if row["temp"] > 0 else 0,
    "a DataFrame": lambda part: part.assign(warm=part["temp"] > 0),
    "a Series": lambda part: part["temp"] > 0,
    "an array": lambda part: (part["temp"] > 0).to_numpy(),
    "a number": lambda part: len(part),
    "a Series, input changed": marks,
}
for name, function in attempts.items():
    copy = table[["hour", "temp"]]
    try:
        copy["new"] = copy.map_partitions(function)
        done = copy.compute(scheduler="sync")
        print(f"{name:24} columns {', '.join(done.columns)}; {done['new'].isna().mean():.1%} of new is NaN")
    except (ValueError, TypeError) as error:
        print(f"{name:24} {type(error).__name__}: {str(error).splitlines()[0][:52]}")
promised = table.map_partitions(lambda part: part["temp"] / 10, meta=("temp", "int64"))
print(f"meta promises {promised.dtype}, the result is {promised.compute(scheduler='sync').dtype}")
print("row labels are unique:", table.compute(scheduler="sync").index.is_unique)

# %% [markdown]
# **What happened.** Series and array are right. A DataFrame is right too, but not *in a column*: write
# `table = table.map_partitions(f)`. A number is put at row label 0 of each piece, and leaves holes elsewhere. The
# last one put a column `copy` into a table that nobody asked to change: **never change a partition in place**,
# use `assign`. `meta` is believed, not checked. And labels begin again in each piece.
#
# ## 9. One mean, or eight?
#
# Holes are to be filled with the mean ([imputation](pages/glossary.ipynb#imputation)). **Question:**
# `part.fillna(part.mean())`, mapped over the eight partitions: with how many different values are holes filled?

# %%
predict("09.p3", ...)


# %%
# weather_job.py
import pandas as pd


def repair(part: pd.DataFrame) -> pd.DataFrame:
    """A partition with `temp` in tenths of a degree Celsius, whole numbers; -9999 becomes a hole."""
    temp = part["temp"].astype("float64").where(part["temp"] != -9999)
    temp = temp.where(part["unit"] == "C", ((temp - 320) * 5 / 9).round())
    return part.assign(temp=temp).drop(columns="unit")


def fill(part: pd.DataFrame, mean: float) -> pd.DataFrame:
    """The partition with its holes filled; `known` says where there was a reading."""
    return part.assign(known=part["temp"].notna(), temp=part["temp"].fillna(mean))


# %%
repaired = table.map_partitions(repair)


def own_fill(part):
    return part.loc[part["temp"].isna(), "temp"].fillna(part["temp"].mean())


own = repaired.map_partitions(own_fill, meta=("temp", "float64")).compute(scheduler="sync")
print(f"each its own mean: {own.nunique()} different, {own.min() / 10:.1f} to {own.max() / 10:.1f} degrees")

train = repaired.partitions[:6]  # the first six; the last two stay unseen
total, count = dask.compute(train["temp"].sum(), train["temp"].count(), scheduler="sync")  # pass one
mean = total / count
filled = repaired.map_partitions(fill, mean)  # pass two, when somebody asks
with_pandas = fill(repair(raw), repair(raw[: train.shape[0].compute(scheduler="sync")])["temp"].mean())
by_dask = filled.compute(scheduler="sync").reset_index(drop=True)
print("two passes, to the last digit as pandas:", (by_dask["temp"] == with_pandas["temp"]).all())
fractions = pd.Series(np.random.default_rng(seed).normal(size=1000))
sums = {float(sum(part.sum() for part in np.array_split(fractions, k))) for k in range(1, 9)}
print(f"1,000 fractions summed in 1 to 8 pieces: {len(sums)} different sums")
predict("09.p3").reveal(own.nunique())

# %% [markdown]
# **What happened.** Eight files, eight means: cold weeks were filled with cold. A statistic needs **two passes**:
# one that adds up sums and counts over all (training) partitions, one that uses the result. Chapter 04's "fit"
# and "transform", once more.
#
# Sums of fractions depend on the order in which they are added, in the last digit. Sums of whole numbers do not.
# That is why temperatures are tenths: pandas, Dask and Spark must agree *exactly*, and a test can say `==`.
#
# ## 10. Lazy
#
# **Question:** the guide says that [lazy](pages/glossary.ipynb#lazy) execution saves memory, and then calls
# `.compute()`. How many rows are read when the graph is built? How many come back from `.compute()`, how many
# from `.to_parquet()`?

# %% tags=["claim-23"] figure="rows that come back"
read = []


def logged(part):
    read.append(len(part))
    return fill(part, mean)


lazy = repaired.map_partitions(logged, meta=filled)
print(f"built: {sum(read)} rows read")
table_here = lazy.compute(scheduler="sync")
nothing = lazy.to_parquet(work / "clean", compute=False).compute(scheduler="sync")
number = lazy["temp"].mean().compute(scheduler="sync")
back = f"compute() {len(table_here):,}, to_parquet() {len(nothing or ())}, mean() {np.size(number)} number"
print("rows that come back:", back)
print("files written:", len(list((work / "clean").glob("*.parquet"))))

# %% tags=["claim-21"] figure="collections"
import dask.array
import dask.bag
import dask.datasets

known = [name for name in ("dataframe", "array", "bag", "delayed") if hasattr(dask, name)]
there = any("Dataset" in name for module in (dask, dd, dask.datasets) for name in dir(module))
print(f"collections of Dask: {', '.join(known)}, futures; a class Dataset: {'yes' if there else 'none'}")
makers = [name for name in dir(dask.datasets) if name in ("timeseries", "make_people")]
print("dask.datasets makes", " and ".join(makers))

# %% [markdown]
# > **Correction.** The guide: lazy execution reduces memory. The machine: building reads nothing, it *delays*. Then
# > `.compute()` brings every row into one process. Memory is saved if what comes back is small: write to Parquet,
# > or ask for an aggregate.
#
# > **Correction.** The guide speaks of a *Dask Dataset*, like PyTorch's. The machine: there is none.
# > `dask.datasets` makes demonstration data. What serves a PyTorch loader is the Parquet that Dask leaves behind.
#
# ## 11. A cluster
#
# `scheduler="threads"` and `"processes"` are functions that push tasks into a pool. A **cluster** has a scheduler
# that knows its workers. Below are three jobs for it; the cell after them starts the cluster, and stops it.
#
# 1. **The table**: both passes, and Parquet that the workers write.
# 2. **Balance**: twelve tasks. Task 0 waits until all others are done. **Question:** how many tasks does the
#    worker that holds it get, and how many the other?
# 3. **Photos**, prepared as futures. One photo kills its worker, once, as a lack of memory would.
#    **Question:** how many photos are lost?


# %%
def clean_table(client) -> Path:
    """The cleaning job on the cluster; the rows go from disk to disk, past this process."""
    total, count = client.gather(client.compute([train["temp"].sum(), train["temp"].count()]))
    target = work / "dask"
    repaired.map_partitions(fill, total / count).to_parquet(target)
    return target


def unequal(number: int) -> str:
    if number == 0:
        Event("all others are done").wait(timeout=30)
    return get_worker().address


def balance(client) -> list[int]:
    """Tasks done by each worker, fewest first."""
    futures = client.map(unequal, range(12), pure=False)
    wait(futures[1:], timeout=time_limit)
    Event("all others are done").set()
    return sorted(Counter(client.gather(futures)).values())


# %%
def prepare(jpeg: bytes, deadly: Path | None) -> np.ndarray:
    """A photo as uint8 (64, 64, 3): upright, the largest centred square."""
    if deadly is not None and not deadly.exists():
        deadly.touch()
        os._exit(9)  # the worker's process ends at once
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (64, 64)))


def prepare_photos(client, may_die: bool) -> tuple[int, int]:
    """Photos that came back right, and workers that died."""
    names = sorted(samples.photo_regions(samples.photos()))[:photos]
    jpegs = [(samples.photos() / name).read_bytes() for name in names]  # sent along with the tasks
    mark = work / "a worker died"
    deadly = [mark if may_die and i == 5 else None for i in range(photos)]
    done = client.gather(client.map(prepare, jpegs, deadly))
    right = sum(np.array_equal(pixels, prepare(jpeg, None)) for pixels, jpeg in zip(done, jpegs))
    return right, int(mark.exists())


# %% tags=["claim-22"] figure="tasks for each worker"
options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
cluster = LocalCluster(**options, silence_logs="CRITICAL") if dask_address is None else None
client = Client(dask_address or cluster)
try:
    by_cluster = clean_table(client)
    tasks = balance(client)
    right, died = prepare_photos(client, may_die=dask_address is None)
    told = {name for each in client.scheduler_info()["workers"].values() for name in each["metrics"]}
finally:
    client.close()
    if cluster is not None:  # a cluster of your own stays
        cluster.close()
pool = dask.base.get_scheduler(scheduler="processes")
print(f"scheduler='processes' is the function {pool.__module__}.{pool.__name__}")
print("the cluster's scheduler hears of each worker:", *sorted(told & {"cpu", "memory", "task_counts"}))
print(f"tasks for each worker: {' and '.join(map(str, tasks))}; the one that was held up got fewer")
print(f"photos: {right} of {photos} right; workers that died: {died}")
same = pd.read_parquet(by_cluster)["temp"].reset_index(drop=True).equals(with_pandas["temp"])
print("the table on the cluster, to the last digit as pandas:", same)

# %% [markdown]
# > **Correction.** The guide: Dask's dynamic scheduler monitors the load in real time. And its code says
# > `scheduler='processes'`: a local pool that monitors nothing. The machine: the *distributed* scheduler hears from
# > each worker, and moves waiting tasks away from a busy one: 1 and 11.
#
# **The dead worker.** Nothing was lost: the scheduler saw that the process was gone, gave its task to the other
# worker, and a *nanny* started a new process. A task may run twice, so **a task must not add to a file**: let it
# write a whole file, or return a value. A task of which a fourth worker dies is given up, with `KilledWorker`.
#
# **Your own cluster:** `dask_address = "tcp://..."` runs the same cells there (but kills no worker). The workers
# read and write files, so set `work_dir` to a folder that all of them see. A scheduler asks for no password. To try
# it on one machine, keep it there: `dask scheduler --host 127.0.0.1 --dashboard-address 127.0.0.1:8787`. With
# bokeh installed, a cluster shows its work live, in the browser: open `client.dashboard_link`.
#
# ## 12. Spark: the same job
#
# **Spark** runs on the Java machine and is at home where companies keep their data. Python meets it through
# `mapInPandas`: a function that gets an *iterator* of DataFrames. These are batches of up to 10,000 rows, not even
# whole partitions. The functions from section 9 fit. They are saved as a module, because Spark's workers are other
# processes. **Question:** will the third engine agree to the last digit?


# %%
# spark_job.py
def main(master: str, source: str, target: str, last: str) -> None:
    """Repairs and fills the CSV files of `source`; the mean comes from rows before hour `last`."""
    from functools import partial

    from pyspark.sql import SparkSession, functions
    from weather_job import fill, repair

    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}
    if master.startswith("local"):  # one machine and little data: a quick start counts
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        settings["spark.driver.extraJavaOptions"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        settings["spark.sql.codegen.wholeStage"] = "false"
    spark = SparkSession.builder.master(master).config(map=settings).getOrCreate()
    spark.sparkContext.addPyFile("weather_job.py")
    before = "hour long, station string, unit string, temp long, bikes long"
    after = "hour long, station string, temp double, bikes long"
    raw = spark.read.csv(source, header=True, schema=before)
    repaired = raw.mapInPandas(lambda parts: map(repair, parts), after)
    sums = functions.sum("temp"), functions.count("temp")
    total, count = repaired.where(f"hour < {last}").agg(*sums).first()  # pass one
    with_mean = partial(fill, mean=total / count)
    filled = repaired.mapInPandas(lambda parts: map(with_mean, parts), after + ", known boolean")
    filled.write.parquet(target)  # pass two
    spark.stop()


# %%
def save(name: str, *functions, call: str = "") -> Path:
    """Save the cells that define `functions` as a Python file; `call` is its last line."""
    cells = ["".join(inspect.findsource(function)[0]) for function in functions]
    (work / name).write_text("\n\n".join([*cells, call]), encoding="utf-8")
    return work / name


def run(command: list, limit: float = time_limit) -> tuple[int, str]:
    """Run a program: its exit code and all that it said. Nothing of it lives on, whatever happens."""
    settings = {"PYSPARK_PYTHON": sys.executable, "TORCH_CPP_LOG_LEVEL": "ERROR"}
    if sys.platform != "win32":  # ranks speak to each other on this machine only
        settings["GLOO_SOCKET_IFNAME"] = "lo0" if sys.platform == "darwin" else "lo"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = [str(part) for part in command]
    process = psutil.Popen(command, cwd=work, env=os.environ | settings, start_new_session=True, **pipes)
    try:
        said = process.communicate(timeout=limit)[0]
    finally:  # also at the time limit, and when you press stop
        if process.is_running():
            family = [process, *process.children(recursive=True)]
            process.terminate()  # torchrun ends its ranks, Spark its Java machine
            for each in psutil.wait_procs(family, timeout=5)[1]:
                each.kill()
    return process.returncode, said


# %%
save("weather_job.py", repair)
script = save("spark_job.py", main, call="import sys\n\nmain(*sys.argv[1:])\n")
last = train["hour"].max().compute(scheduler="sync") + 1
command = [sys.executable, script, spark_master, work / "weather-*.csv", work / "spark", last]
code, said = run(command) if spark_master else (None, "")
if spark_master is None:
    print('Spark is left out: set spark_master = "local[2]" to run it')
elif "No module named 'pyspark'" in said or "JAVA_GATEWAY_EXITED" in said:
    print('Spark needs Java 17 or newer (apt-get install default-jre-headless) and: pip install "pyspark>=4"')
elif code:
    raise RuntimeError(f"Spark ended with exit code {code}:\n{said[-2000:]}")
else:
    by_spark = pd.read_parquet(work / "spark").sort_values("hour", ignore_index=True)
    equal = by_spark["temp"].equals(with_pandas["temp"])
    print(f"Spark: {len(by_spark):,} rows; to the last digit as pandas and Dask: {equal}")

# %% [markdown]
# **What happened.** One pair of pandas functions, three engines, one result. What Spark costs is its start: some
# ten seconds before the first row. For gigabytes that is nothing; for this table pandas alone is best.
#
# `spark_master` takes any master: `"spark://host:7077"`, `"yarn"`. Rows come back in any order: sort before you
# compare, and never pair by position.
#
# ## 13. Two ranks
#
# The table is clean, in eight Parquet shards, on disk. Now train on the first six, with two processes. `torchrun`
# starts them and tells each its rank; **gloo** lets them talk without a GPU. What goes over the wire:
#
# - **state**: rank 0 fits mean and standard deviation on the training shards, and sends them to all
#   (*broadcast*),
# - **an agreement** on the number of batches: the smallest,
# - **gradients**: `DistributedDataParallel` ([DDP](pages/glossary.ipynb#DDP)) averages them in each `backward()`.
#
# Each rank starts with *other* weights, on purpose. **Question:** are they equal at the end?


# %%
# train_ranks.py
import itertools
import json
from pathlib import Path

import pandas as pd
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, IterableDataset, get_worker_info  # noqa: F811


class Shards(IterableDataset):
    """Rows of Parquet shards as float32 (hour, temp, bikes), dealt to ranks and their workers."""

    def __init__(self, files: list[Path], rank: int, ranks: int) -> None:
        self.files, self.rank, self.ranks = files, rank, ranks

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        for file in self.files[self.rank * workers + worker :: self.ranks * workers]:
            table = pd.read_parquet(file, columns=["hour", "temp", "bikes"])
            yield from torch.tensor(table.to_numpy(), dtype=torch.float32)


# %%
def fitted(files: list[Path]) -> list[float]:
    """Mean and standard deviation of `temp`; rank 0 reads the shards, everyone gets the numbers."""
    box = [None]
    if dist.get_rank() == 0:
        temp = pd.concat(pd.read_parquet(file, columns=["temp"]) for file in files)["temp"]
        box = [[float(temp.mean()), float(temp.std())]]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def agreed(batches: int) -> int:
    """The smallest number of batches that any rank has."""
    count = torch.tensor(batches)
    dist.all_reduce(count, op=dist.ReduceOp.MIN)
    return count.item()


def learn(net, optimizer, batch: torch.Tensor, mean: float, std: float) -> float:
    """One step; the loss is the mean squared error."""
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net((batch[:, 1:2] - mean) / std), batch[:, 2:])
    loss.backward()
    optimizer.step()
    return loss.item()


# %%
def train_rank(folder: str) -> None:
    """What each rank does; results go into a file of its own."""
    dist.init_process_group("gloo")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    files = [Path(folder) / f"part.{k}.parquet" for k in range(6)]
    mean, std = fitted(files)
    torch.manual_seed(rank)
    model = torch.nn.Linear(1, 1)
    first = [each.item() for each in model.parameters()]
    net = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loader = DataLoader(Shards(files, rank, ranks), batch_size=100, drop_last=True)
    mine = sum(len(pd.read_parquet(file, columns=["hour"])) for file in files[rank::ranks])
    hours, losses = [], []
    for batch in itertools.islice(loader, agreed(mine // 100)):
        hours.append(batch[:, 0].tolist())
        losses.append(learn(net, optimizer, batch, mean, std))
    last = [each.item() for each in model.parameters()]
    result = {"state": [mean, std], "first": first, "last": last, "hours": hours, "losses": losses}
    Path(f"rank-{rank}.json").write_text(json.dumps(result))
    dist.destroy_process_group()


# %%
call = "import sys\n\ntrain_rank(sys.argv[1])\n"
script = save("train_ranks.py", Shards.__iter__, fitted, train_rank, call=call)
torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
code, said = run([*torchrun, "--nproc-per-node", "2", script, work / "dask"])
if code:
    raise RuntimeError(f"torchrun ended with exit code {code}:\n{said[-2000:]}")
zero, one = (json.loads((work / f"rank-{rank}.json").read_text()) for rank in range(2))

read = Counter(itertools.chain(*zero["hours"], *one["hours"]))
steps = [len(each["hours"]) for each in (zero, one)]
print(f"rows read: {len(read)}, each {set(read.values())} times; batches of each rank: {steps}")
print("both got the same mean and standard deviation:", zero["state"] == one["state"])
for when in ("first", "last"):
    print(f"weights of both ranks, {when}: {'equal' if zero[when] == one[when] else 'different'}")
print(f"loss of rank 0: {zero['losses'][0]:,.0f} in the first step, {zero['losses'][-1]:,.0f} in the last")

# %% [markdown]
# **What happened.** DDP sends the weights of rank 0 to everyone at its start. After that, all make the same step
# with the same averaged gradient, and stay equal. Results came back **through files**: what two processes print
# at once gets mixed up. The store through which ranks find each other listens on every address of the machine and
# asks for no password: use `torchrun` where you trust the network.
#
# **Question:** two ranks with batches of 100. Is that the same as one process with batches of 200?

# %%
everything = pd.read_parquet(work / "dask").set_index("hour")
torch.manual_seed(0)  # rank 0's weights
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for hours in zip(zero["hours"], one["hours"]):
    joined = everything.loc[[hour for each in hours for hour in each], ["temp", "bikes"]].reset_index()
    learn(model, optimizer, torch.tensor(joined.to_numpy(), dtype=torch.float32), *zero["state"])
alone = torch.tensor([each.item() for each in model.parameters()])
same = torch.allclose(alone, torch.tensor(zero["last"]), rtol=1e-4)
print("one process, both batches joined, ends at the same weights:", same)

# %% [markdown]
# **What happened.** The mean of two means over 100 rows each is the mean over 200. So a run on N ranks has N times
# the batch: set the learning rate for *that* (chapter 06). It holds while the batches are of equal size.
#
# ## 14. A rank that dies
#
# A smaller program: two ranks add up numbers, ten times. Rank 1 dies in its fourth step, as if the system had
# killed it for lack of memory. Rank 0 waits for its number. **Question:** for how long? How do you learn who it
# was? And what is left running?


# %%
# dying_rank.py
def add_up() -> None:
    """Ten steps; rank 1 does not survive its fourth."""
    import os
    from datetime import timedelta

    import torch
    import torch.distributed as dist

    dist.init_process_group("gloo", timeout=timedelta(seconds=60))
    for step in range(10):
        if dist.get_rank() == 1 and step == 3:
            os.kill(os.getpid(), 9)
        dist.all_reduce(torch.ones(1))
    dist.destroy_process_group()


# %%
script = save("dying_rank.py", add_up, call="add_up()\n")
code, said = run([*torchrun, "--nproc-per-node", "2", script])
print("exit code of torchrun:", code)
causes = re.findall(r"rank\s+: (\d+) \(local_rank: \d+\)\s+exitcode\s+: (-?\d+)", said)
print(*(f"rank {rank} was killed: exit code {ended}" for rank, ended in causes if abs(int(ended)) == 9))
print("rank 0 noticed:", "Connection closed by peer" in said or "SIGTERM" in said)
running = [each for each in psutil.process_iter(["cmdline"]) if str(script) in (each.info["cmdline"] or ())]
print("processes left:", len(running))

# %% [markdown]
# **What happened.** gloo saw the closed connection, torchrun saw the dead process, ended the other one, named the
# rank, and gave an exit code that is not 0. A rank that *hangs* closes nothing: then only the `timeout` of
# `init_process_group` ends the wait. Its default is 30 minutes for gloo.
#
# So a dead Dask worker costs one task, a dead rank costs the run. `torchrun --max-restarts 3` starts all ranks
# again, from the beginning: **save [checkpoints](pages/glossary.ipynb#checkpoint)**, and load the last one at the
# start.
#
# ## 15. Which one?
#
# | You have | Take |
# |---|---|
# | a table that fits into memory | pandas |
# | more than memory, one machine, pandas code | Dask, `to_parquet` |
# | several machines of your own, Python tasks of any kind | Dask's distributed scheduler, futures |
# | a Spark cluster with the data on it | Spark, `mapInPandas` |
# | millions of small files | tar shards, shuffled before writing |
# | training on several GPUs or machines | `torchrun`, DDP, shards dealt by rank and worker |
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("09.1")` helps, each call a little more;
# `solution("09.1")` shows an answer.


# %% tags=["exercise"]
@exercise("09.1")
def my_shards(shards: list[str], rank: int, ranks: int, worker: int, workers: int) -> list[str]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("09.2")
def group_samples(files: list[tuple[str, bytes]]) -> list[dict[str, bytes]]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("09.3")
def keeper(key_place: int, ring: list[tuple[int, str]]) -> str:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("09.4")
def rows_of_rank(n: int, ranks: int, rank: int) -> list[int]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("09.5")
def mean_and_std(parts: list[tuple[int, float, float]]) -> tuple[float, float]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("09.6")
def fill_partition(part: pd.DataFrame, mean: float) -> pd.DataFrame:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("09.q1", "b")`.

# %%
quiz("09.q1")

# %%
quiz("09.q2")

# %%
quiz("09.q3")

# %%
quiz("09.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | `.decode()` on a stranger's shard | its pickles run | `decode(only=[...])` |
# | Sorted samples in shards | batches of one class | shuffle before writing |
# | `hash(name)` to choose a machine | another place in each process | a digest, such as sha256 |
# | Ring with one place each | one machine with three times its share | 100 places each |
# | `set_epoch` forgotten | every epoch in the same order | call it before each epoch |
# | A padded test | a score that changes with the ranks | count distinct samples |
# | Stream split by worker only | each sample once per rank | ranks × workers |
# | Unequal numbers of batches | a run that hangs at its end, or breaks there | agree on the smallest |
# | Statistics inside a partition | eight means | two passes |
# | A number, put into a column | nearly all NaN | a Series with the partition's index |
# | A partition changed in place | columns that nobody asked for | `assign` |
# | `.compute()` on the whole table | memory full | `to_parquet`, aggregates |
# | A task that appends to a file | rows twice after a lost worker | whole files |
# | Learning rate kept for N ranks | another training | the batch is N times as large |
#
# ## Summary
#
# - Shards are read from front to back; shuffle before writing. Parquet reads the columns that you ask for.
# - A ring keeps keys in place; virtual nodes even out its load.
# - Count what was read: gaps and repeats raise nothing.
# - A partition is not the table: statistics take two passes. Whole numbers add up exactly.
# - A lost task is repeated; a lost rank ends the run. Both are made for: small tasks, checkpoints.
#
# ## Next
#
# [Chapter 10, End to end](10_end_to_end.ipynb): one whole project, from a folder of photos to a trained model.
