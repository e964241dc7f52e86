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
# # 02 Dataset and DataLoader
#
# A [Dataset](pages/glossary.ipynb#Dataset) knows how to fetch one sample. A
# [DataLoader](pages/glossary.ipynb#DataLoader) makes batches of samples, in this process or in others. Much of what
# is written about several processes is only half true. This chapter asks the machine.
#
# **After this chapter you can**
#
# - write a `Dataset` for your own files, and a [collate_fn](pages/glossary.ipynb#collate_fn) for samples of unequal
#   size,
# - say which process fetched and collated a batch, and what does not come back from there,
# - predict how far a loader reads ahead, and how often it reads each sample,
# - stream data with an [IterableDataset](pages/glossary.ipynb#IterableDataset) without duplicates,
# - avoid the traps of [workers](pages/glossary.ipynb#worker): random numbers, memory, open files, classes in notebook
#   cells, hanging,
# - choose [num_workers](pages/glossary.ipynb#num_workers) by measurement.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Classes with `__init__` and `__len__` in Python | needed | [the Python tutorial](https://docs.python.org/3/tutorial/classes.html) |
# | Tensors: shape, dtype | needed | [chapter 01](01_tensors.ipynb) |
# | What a process is: a running program with its own memory | helpful | section 3 shows it |
#
# **Time:** 75 minutes to read and try, with the lab and the exercises. The cells alone run for about 50
# seconds on two processor cores.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import gc
import inspect
import itertools
import multiprocessing
import os
import pickle
import subprocess
import sys
import tempfile
import time
import timeit
import warnings
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import psutil
import torch
from torch.utils import data
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from dpwidgets import LoaderLab, exercise, portable, predict, quiz, samples, show, trace, use_style
from dpwidgets.prep.parameters import Choice, Folder, Integer, check_parameters

# %% tags=["parameters"]
data_dir = None  # your own photos, one folder for each class; None takes the sample photos
seed = 0  # start of chance, a whole number from 0 to 1,000,000
size = 96  # side of the photos as the dataset gives them, pixels, 16 to 512
batch_size = 16  # photos in a batch of the timings, 1 to 512
timed = 128  # photos that one timing reads, 16 to 100,000
max_workers = 2  # most worker processes in the timings, 1 to 16
start_method = "default"  # how workers begin: "fork", "spawn", "forkserver"; "default": the system's way
patience = 60  # seconds until a worker that gives nothing is an error, 20 to 3,600

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True, visible=True),
    seed=Integer(0, 1_000_000),
    size=Integer(16, 512),
    batch_size=Integer(1, 512),
    timed=Integer(16, 100_000),
    max_workers=Integer(1, 16),
    start_method=Choice("default", *multiprocessing.get_all_start_methods()),
    patience=Integer(20, 3600),
)
context = None if start_method == "default" else start_method
two = {"num_workers": 2, "timeout": patience, "multiprocessing_context": context}  # used throughout
multiprocessing.set_forkserver_preload(["torch"])  # section 6
scratch = tempfile.TemporaryDirectory()
use_style()
torch.manual_seed(seed)


def attempt(what: str, action: Callable[[], object]) -> None:
    """Run `action`; print what it gives, or its error."""
    try:
        print(f"{what:26} {action()!r}")
    except Exception as error:
        print(f"{what:26} {type(error).__name__}: {str(error).splitlines()[0]}")


# %% [markdown]
# ## 1. A dataset is two methods
#
# `__len__` says how many samples there are, `__getitem__(i)` gives number `i`. The guide, the text that this workbook
# follows and checks, shows a skeleton and says: fill in what you need. **Question:** what works before you fill it in,
# and when does the rest fail?


# %% tags=["snippet-03", "snippet-04", "snippet-05"] figure={"snippet-03": "dataset[0]", "snippet-04": "DataLoader, shuffle=True", "snippet-05": "num_workers=4"}
class CustomDataset(Dataset):
    def __init__(self):
        pass

    def __len__(self):
        return self.size

    def __getitem__(self, idx):
        data = ...
        label = ...
        return data, label


dataset = CustomDataset()
attempt("dataset[0]", lambda: dataset[0])
attempt("len(dataset)", lambda: len(dataset))
attempt("DataLoader, shuffle=True", lambda: DataLoader(dataset, batch_size=32, shuffle=True))
attempt("the same, num_workers=4", lambda: DataLoader(dataset, batch_size=32, shuffle=True, num_workers=4))
ordered = DataLoader(dataset, batch_size=32)
attempt("shuffle=False, one batch", lambda: next(iter(ordered)))
dataset.size = 64
attempt("with a size, one batch", lambda: next(iter(ordered)))

# %% [markdown]
# **What happened.** Three faults, one behind the other. Shuffling asks for the length when the loader is
# *made*; without shuffling nobody asks until the first batch. And `...` is a Python value that no batch can
# be made of. **Set all state in `__init__`; return tensors, arrays or numbers.**
#
# Here is one that works, for a folder of photos. `__init__` collects file names only: no photo is opened
# before someone asks for it. (A damaged file then raises an error: chapter 10 audits a folder first.) The cell
# has its own imports, because section 6 saves it as a file.


# %%
# photo_set.py
from pathlib import Path

import numpy as np  # noqa: F811
import torch
from PIL import Image, ImageOps


class PhotoSet(torch.utils.data.Dataset):
    """Photos, one folder for each class, as (uint8 (3, size, size), number of the class)."""

    def __init__(self, root: Path, size: int) -> None:
        self.files = sorted(f for f in root.glob("*/**/*") if f.suffix.lower() in {".jpg", ".jpeg", ".png"})
        self.classes = sorted({file.parent.name for file in self.files})
        self.size = size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.files[i]) as image:
            image.draft("RGB", (self.size, self.size))  # a JPEG can be decoded smaller
            photo = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (self.size, self.size))
        pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1)  # channels first
        return pixels, self.classes.index(self.files[i].parent.name)


# %%
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
photos = PhotoSet(root, size)
if not any(file.parent != root for file in photos.files):
    raise FileNotFoundError(f"data_dir = {data_dir!r}: no folder in it holds a .jpg, .jpeg or .png file")
loader = DataLoader(photos, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(seed))
images, labels = next(iter(loader))
print(f"{len(photos):,} photos in {len(photos.classes)} classes, {len(loader)} batches of up to 8")
print("one batch:", tuple(images.shape), images.dtype, "and labels", tuple(labels.shape), labels.dtype)

fig, axes = plt.subplots(1, len(images), figsize=(8, 1.3))
for axis, image, label in zip(np.atleast_1d(axes), images, labels, strict=True):
    axis.imshow(image.permute(1, 2, 0))
    axis.set_title(photos.classes[label], fontsize=7)
    axis.axis("off")
named = ", ".join(photos.classes[label] for label in labels)
show(fig, alt=f"The photos of one shuffled batch, under the names of their classes: {named}.")

# %% [markdown]
# ## 2. From samples to batches
#
# A loader takes anything with a length and items: a list will do. **Question:** ten samples in batches of
# four. What is in the last batch? And is the second epoch in the order of the first? Below that:
# `default_collate`, which makes the batch, and what it makes of each type.

# %%
ten = list(range(10))
print("batches of 4:        ", [batch.tolist() for batch in DataLoader(ten, batch_size=4)])
print("drop_last=True:      ", [batch.tolist() for batch in DataLoader(ten, batch_size=4, drop_last=True)])
for repeat in (1, 2):
    shuffled = DataLoader(ten, batch_size=10, shuffle=True, generator=torch.Generator().manual_seed(seed))
    for epoch in (1, 2):
        (order,) = shuffled
        print(f"seeded loader {repeat}, epoch {epoch}:", order.tolist())
print()
few = [[1, 2], [1.0, 2.0], [1, 2.5], [2.5, 1], ["a", "b"], [(1, "a"), (2, "b")], [{"x": 1}, {"x": 2}]]
for samples_of_a_batch in few:
    print(f"{samples_of_a_batch!s:26} -> {default_collate(samples_of_a_batch)}")

# %% [markdown]
# **What happened.** The last batch is short, or left out. An [epoch](pages/glossary.ipynb#epoch) is one pass over all
# samples, and each has a new order; the same [seed](pages/glossary.ipynb#seed) brings back the same *sequence* of
# orders. Python floats become `float64`, which most models refuse. In a mixed list the *first* sample decides: after a
# float all is `float64`, after an int `float32`. So let the dataset return tensors. Tuples come back as a **list**, one
# entry per field.
#
# **Question:** three sentences of 3, 5 and 2 words, as numbers. They cannot be stacked. The cure is a `collate_fn` of
# your own: [pad](pages/glossary.ipynb#padding) to the longest, keep the true lengths, and note in a *mask* where a
# value is real. For a model cannot see which 0 is a word and which one fills a gap.

# %%
sentences = [torch.arange(1, n + 1) for n in (3, 5, 2)]


def padded(samples: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The samples one below the other, filled up with 0; their lengths; True where a value is real."""
    lengths = torch.tensor([len(sample) for sample in samples])
    values = torch.nn.utils.rnn.pad_sequence(samples, batch_first=True, padding_value=0)
    return values, lengths, torch.arange(values.shape[1]) < lengths[:, None]


attempt("default_collate", lambda: default_collate(sentences))
values, lengths, real = next(iter(DataLoader(sentences, batch_size=3, collate_fn=padded)))
print(values, lengths, real, sep="\n")

# %% [markdown]
# ## 3. Who does the work?
#
# The article, a second text that we check, asks for four workers and says that samples are loaded in several processes
# and *then* merged. Its code, but for `portable`: that makes a class from a cell known to workers everywhere
# (section 6).


# %% tags=["snippet-19"] figure="torch warns"
class CustomDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]


dataset = portable(CustomDataset([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    for batch in DataLoader(dataset, batch_size=2, **two | {"num_workers": 4}):
        print(batch)
cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
expected = any("suggested max number of worker" in str(each.message) for each in heard) == (cores < 4)
print("torch warns where there are fewer than 4 cores:", expected)

# %% [markdown]
# It works, and torch warns you if there are fewer cores than workers. **Question:** two workers, four batches: who
# made which? Let each sample sign with the number of the worker that fetched it, and each batch with the one that
# stacked it.


# %% tags=["claim-35"]
class Witness(Dataset):
    """Sample i, with the worker and the process that fetched it. Counts the calls."""

    calls = 0

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> tuple[int, int, int]:
        self.calls += 1
        return i, data.get_worker_info().id, os.getpid()


def signed(samples: list) -> tuple:
    """The stacked samples, and the worker that stacked them."""
    return *default_collate(samples), data.get_worker_info().id


witness = portable(Witness(7))
served = list(DataLoader(witness, batch_size=2, collate_fn=portable(signed), **two))
for n, (which, fetched, _, collated) in enumerate(served):
    print(f"batch {n}: samples {which.tolist()} by workers {fetched.tolist()}, collated by worker {collated}")

# %% [markdown]
# > **Correction.** The article: samples are loaded in different processes, then merged. The machine: **one
# > worker makes a whole batch**, the collating included. Workers share out batches, not samples: one slow
# > sample delays its batch, and a single batch never gets faster.
#
# The guide calls this *multi-threaded* loading, and two pages later multi-process. **Question:** `Witness`
# counts its calls in `self.calls`. Seven samples were read. What does the notebook's own counter say?

# %%
predict("02.p1", ...)

# %% tags=["claim-12"]
processes = {pid for _, _, pids, _ in served for pid in pids.tolist()}
print("processes that fetched:", len(processes), "| the notebook is one of them:", os.getpid() in processes)
print("calls that the notebook's dataset counted:", witness.calls)
predict("02.p1").reveal(witness.calls)

# %% [markdown]
# > **Correction.** The guide: multi-threaded. The machine: other **processes**, each with a copy of the
# > dataset. What `__getitem__` changes there stays there: counters, caches, lists of bad files.
# > `DataLoader` has no setting for threads. To get something out of a worker, return it with the sample.
#
# ## 4. Reading ahead
#
# Workers do not wait until you ask. The article's second tip is
# [prefetch_factor](pages/glossary.ipynb#prefetch_factor), "the amount to preload". First its code as it stands,
# then a count: a [sampler](pages/glossary.ipynb#sampler) tells the loader which sample comes next, and ours counts
# how often it was asked. **Question:** two workers, `prefetch_factor=2`, one sample per batch. You take **one**
# batch. How many samples has the loader asked its workers for?


# %%
predict("02.p2", ...)


# %% tags=["snippet-20"]
class Counting(data.SequentialSampler):
    """Numbers 0, 1, 2, ... and a count of how many the loader has taken."""

    taken = 0

    def __iter__(self):
        for i in super().__iter__():
            self.taken += 1
            yield i


dataset = list(range(100))
attempt("as in the article", lambda: DataLoader(dataset, batch_size=2, pin_memory=True, prefetch_factor=2))
for workers, factor in ((1, 2), (2, 2), (2, 8)):
    counting = Counting(dataset)
    options = two | {"num_workers": workers, "prefetch_factor": factor}
    epoch = iter(DataLoader(dataset, sampler=counting, **options))
    next(epoch)
    print(f"workers {workers}, factor {factor}: {counting.taken} samples asked for after one batch")
    if (workers, factor) == (2, 2):
        predict("02.p2").reveal(counting.taken)
    del epoch  # stops the workers

# %% [markdown]
# **What happened.** Only workers can read ahead: without them the factor must stay away. It counts **batches per
# worker**. At the start the loader orders workers × factor batches, and one more for each that you take. So many
# batches also lie in memory. ([pin_memory](pages/glossary.ipynb#pin_memory) is another matter: it copies finished
# batches to memory from which a GPU can fetch them. Without a GPU it only warns. Chapter 08.)
#
# The article and the guide call this caching, or preloading before training. **Question:** ten samples, three
# epochs. How many reads are there, by how many processes? Each read adds a byte to a file.


# %% tags=["claim-15"] figure="2 workers"
class Ledger(Witness):
    """The number of the process that read; each read adds a byte to a file."""

    def __getitem__(self, i: int) -> int:
        with open(reads, "ab") as file:
            file.write(b".")
        return os.getpid()


reads = Path(scratch.name, "reads")
pinned = two | {"pin_memory": torch.accelerator.is_available()}
kept = two | {"prefetch_factor": 5, "persistent_workers": True}
for name, options in {"0 workers": {}, "2 workers": pinned, "2 kept": kept, "preload": {}}.items():
    reads.write_bytes(b"")
    source = portable(Ledger(10)) if name != "preload" else [Ledger(10)[i] for i in range(10)]
    loader = DataLoader(source, batch_size=2, **options)
    before = reads.stat().st_size
    pids = {pid for _ in range(3) for batch in loader for pid in batch.tolist()}
    after = reads.stat().st_size
    print(f"{name:9} | before: {before:2} reads | after 3 epochs: {after} | processes: {len(pids)}")
    del loader  # stops workers that were kept

# %% [markdown]
# > **Correction.** The article and the guide: prefetching and pinning preload and cache. The machine:
# > nothing is read before the first batch is asked for, and **each epoch reads everything again**. A
# > preload is a step of its own: read all once, keep it, then train. Chapter 08 has caches.
#
# ## 5. What workers cost
#
# Workers are processes, and processes have to start. The count above shows it: without
# [persistent_workers](pages/glossary.ipynb#persistent_workers) three epochs used up **six** processes, and whatever
# a worker had remembered was lost. Kept workers end when the loader is deleted.
#
# [How a process starts](pages/glossary.ipynb#fork) depends on the system. A [pickle](pages/glossary.ipynb#pickle) is
# an object as a row of bytes:
#
# | start method | what happens | default on | the dataset |
# |---|---|---|---|
# | `fork` | a copy of the running notebook | Linux, up to Python 3.13 | is there already |
# | `forkserver` | a copy of a clean helper process | Linux, from Python 3.14 on | is sent as a pickle |
# | `spawn` | a new, empty Python | Windows, macOS | is sent as a pickle |
#
# `multiprocessing_context="spawn"` asks for one of them. (Fork can block for ever where the notebook runs
# threads at that moment; that is why Python turns away from it.)
#
# ## 6. What can travel to a worker?
#
# **Question.** A pickle of an object holds its values and the *name* of its class, not the code. Who finds
# the class then? The cell sends things to an empty Python, as spawn does.


# %%
def arrives(thing: object) -> str:
    """Send `thing` to a new Python process; the last line that it says."""
    try:
        message = pickle.dumps(thing)
    except Exception as error:
        return f"cannot be sent: {type(error).__name__}"
    receive = "import pickle, sys; pickle.load(sys.stdin.buffer); print('arrives')"
    child = subprocess.run(
        [sys.executable, "-c", receive], input=message, capture_output=True, timeout=patience
    )
    return (child.stdout or child.stderr).decode().splitlines()[-1]


print("the class holds code:", b"draft" in pickle.dumps(photos))
with open(photos.files[0], "rb") as open_file:
    for name, thing in {
        "a list of numbers": [1, 2, 3],
        "PhotoSet from a cell": photos,
        "a function from a cell": padded,
        "a lambda": lambda samples: samples,
        "an open file": open_file,
    }.items():
        print(f"{name:24} {arrives(thing)}")

# %% [markdown]
# **What happened.** The new process looks for `PhotoSet` in *its* main program, and there is nothing. This
# is the error that makes people believe workers do not work in notebooks. Under fork all of it works by
# accident. Two cures:
#
# 1. **A module.** Save the class to a `.py` file and import it. That is what you do in a project.
# 2. **`dpwidgets.portable(...)`**: sends the code along with the values, for quick trials in a notebook.
#
# The next cell saves the cell of section 1 as `photo_set.py`, and times the first batch with one worker.
# **Question:** which start method is how much slower than fork?

# %% tags=["nbval-ignore-output"] reason="timing: starting a process takes different times on each machine"
Path(scratch.name, "photo_set.py").write_text("".join(inspect.findsource(PhotoSet.__getitem__)[0]))
sys.path.insert(0, scratch.name)
import photo_set

importable = photo_set.PhotoSet(root, size)
methods = multiprocessing.get_all_start_methods()
trips = [("module", importable, method) for method in methods]
trips.append(("portable", portable(photos), methods[-1]))
for name, thing, method in trips:
    begin = time.perf_counter()
    epoch = iter(DataLoader(thing, num_workers=1, timeout=patience, multiprocessing_context=method))
    first, _ = next(epoch)
    seconds, same = time.perf_counter() - begin, torch.equal(first[0], photos[0][0])
    print(f"{name:9} {method:11} {seconds:5.2f} s to the first batch, the right photo: {same}")
    del epoch

# %% [markdown]
# **What happened.** Fork takes milliseconds. Spawn takes seconds: each worker is a new Python that imports
# torch, again in every epoch, so `persistent_workers=True` is nearly always right there. The forkserver is
# slow once: this notebook told it with `multiprocessing.set_forkserver_preload(["torch"])` to import
# torch *before* it makes copies, so its second worker is quick. And both ways of sending the class give the
# right photo.
#
# In a **script** there is one more rule. Spawn and forkserver run your file again in each worker: put the
# training under `if __name__ == "__main__":`, or the workers exit unexpectedly.
#
# Another surprise: after you edit a module, forked workers run the old code that the notebook imported,
# spawned ones the new. Restart the kernel.
#
# ## 7. When do workers pay?
#
# The guide: too many processes slow things down. True, sometimes. **Question:** three kinds of work, with
# no worker and with some: *waiting* (a slow store, here 5 ms of sleep per sample), *computing* (decoding
# the photos), and *nothing* (photos decoded before, in memory). What do two workers bring the third?


# %%
class SlowStore(Dataset):
    """Stands for a network store: each sample waits 5 ms and works nothing."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, i: int) -> torch.Tensor:
        time.sleep(0.005)
        return torch.tensor(i)


def epoch_seconds(loader: DataLoader) -> float:
    """Seconds for an epoch, the better of two."""
    return min(timeit.repeat(lambda: sum(1 for _ in loader), repeat=2, number=1))


def measure(dataset: Dataset, workers: int) -> tuple[float, float]:
    """Seconds to the first batch, and samples per second with workers that run already."""
    options = two | {"num_workers": workers, "persistent_workers": True} if workers else {}
    loader = DataLoader(dataset, batch_size, **options)
    start = timeit.timeit(lambda: next(iter(loader)), number=1)
    return start, len(dataset) / epoch_seconds(loader)


# %% tags=["claim-34", "nbval-ignore-output"] reason="timing: what workers bring depends on the machine"
some = torch.randperm(len(photos), generator=torch.Generator().manual_seed(seed))[:timed].tolist()
decoding = data.Subset(photo_set.PhotoSet(root, 224), some)  # the size that large models take
in_memory = TensorDataset(torch.stack([photos[i][0] for i in some]))
kinds = {"waiting": portable(SlowStore()), "computing": decoding, "in memory": in_memory}
counts = sorted({0, 1, max_workers})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # more workers than cores: that is what we want to see
    measured = {kind: {n: measure(thing, n) for n in counts} for kind, thing in kinds.items()}
speed = {n: [row[n][1] / row[0][1] for row in measured.values()] for n in counts}

fig, ax = plt.subplots(figsize=(7, 2.6))
places = np.arange(len(kinds))
for k, (n, hatch) in enumerate(zip(counts, itertools.cycle(["", "//", ".."]))):
    label = f"{n} worker" + "s" * (n != 1)
    bars = ax.bar(places + 0.28 * (k - 1), speed[n], 0.26, label=label, hatch=hatch, edgecolor="black")
    ax.bar_label(bars, fmt="%.2f", fontsize=8)
ax.set(ylabel="speed, 0 workers = 1", ylim=(0, 1.2 * np.max(list(speed.values()))))
ax.set_xticks(places, kinds)
ax.legend(fontsize=8)
told = "; ".join(
    f"{n} workers: " + ", ".join(f"{kind} {x:.2f}" for kind, x in zip(kinds, speed[n])) for n in counts
)
show(fig, alt=f"Bars of the speed against no workers. {told}.")

# %% [markdown]
# > **Correction.** The guide: the choice depends on the resources, and too many processes slow loading down. The
# > machine: it depends on **what the workers do**. Waiting overlaps, even with more workers than cores: set
# > `max_workers = 8` and see. Computing gains as many times as there are *free* cores, at most. Data that lies in
# > memory gets *slower*: sending a batch costs more than making it.
#
# Do your bars show no gain for computing? Then the cores were busy with something else. That, too, is an answer:
# workers cannot add cores.
#
# For data in memory there is something better than workers. A dataset with `__getitems__` gets all numbers of a batch
# in **one** call and can give the whole batch: nothing is left to collate. **Question:** two ways to take rows out of
# a tensor. Does it matter which?


# %% tags=["nbval-ignore-output"] reason="timing: ratios depend on the machine"
class Whole(Dataset):
    """Photos in memory, handed out by the batch; `rows(images, numbers)` takes them."""

    def __init__(self, images: torch.Tensor, rows: Callable) -> None:
        self.images, self.rows = images, rows

    def __len__(self) -> int:
        return len(self.images)

    def __getitems__(self, numbers: list[int]) -> torch.Tensor:
        return self.rows(self.images, numbers)


for name, rows in {
    "images[numbers]": lambda images, numbers: images[numbers],
    "images.index_select": lambda images, numbers: images.index_select(0, torch.tensor(numbers)),
}.items():
    one_by_one = DataLoader(in_memory, batch_size)
    whole = DataLoader(Whole(in_memory.tensors[0], rows), batch_size, collate_fn=lambda batch: batch)
    same = all(torch.equal(a, b) for (a,), b in zip(one_by_one, whole, strict=True))
    ratio = epoch_seconds(one_by_one) / epoch_seconds(whole)
    print(f"{name:20} {ratio:.2f} times as fast as one by one; the same batches: {same}")

# %% [markdown]
# **What happened.** One call saves the way through Python for each sample. But `images[numbers]` copies number by
# number, and for large samples that costs more than it saves; `index_select` copies whole rows. Same result, another
# speed: measure even the obvious.
#
# ## 8. Streams: `IterableDataset`
#
# Some data has no numbers to ask for: a log, a socket, an archive read from front to back. The article
# wraps a generator function. **Question:** why the function, and not the generator that it makes?


# %% tags=["snippet-21"] figure="one generator"
def custom_generator():
    for i in range(10):  # noqa: UP028
        yield i


class CustomDataset(IterableDataset):
    def __init__(self, generator):
        self.generator = generator

    def __iter__(self):
        return self.generator()


dataset = CustomDataset(custom_generator)
dataloader = DataLoader(dataset)
print(*dataloader)
print("a second epoch:", len(list(dataloader)), "batches")
print("batch_size=None:", list(DataLoader(dataset, batch_size=None)))
running = custom_generator()
once = DataLoader(CustomDataset(lambda: running))
print("one generator for two epochs:", len(list(once)), "and", len(list(once)), "batches")
attempt("no function at all", lambda: next(iter(DataLoader(CustomDataset(custom_generator())))))
attempt("shuffle=True", lambda: DataLoader(dataset, shuffle=True))

# %% [markdown]
# **What happened.** `__iter__` *calls* the function, so each epoch gets a fresh generator. A generator runs
# once: keep one, and the second epoch is empty, without an error. Shuffling needs numbers. And the default
# is batches of one; `batch_size=None` turns batching off.
#
# **Question.** The same with `num_workers=2`: how many numbers come out?

# %%
predict("02.p3", ...)


# %%
class Sharded(CustomDataset):
    """Each worker takes every n-th item, n the number of workers, beginning at its own number."""

    def __iter__(self):
        me = data.get_worker_info()
        return itertools.islice(self.generator(), me.id if me else 0, None, me.num_workers if me else 1)


def numbers(dataset: Dataset, **options) -> list[int]:
    return [number for batch in DataLoader(portable(dataset), **two, **options) for number in batch.tolist()]


print("as it is:     ", doubled := numbers(dataset))
print("sharded:      ", numbers(Sharded(custom_generator)))
print("drop_last, 4: ", numbers(Sharded(custom_generator), batch_size=4, drop_last=True))
print("map-style:    ", numbers(ten, batch_size=4, drop_last=True))
CustomDataset.__len__ = lambda self: 10  # give it a length: does torch notice the duplicates?
for batches_of in (1, 2):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        told = DataLoader(portable(CustomDataset(custom_generator)), batch_size=batches_of, **two)
        length, come = len(told), len(list(told))
    said = sum("Length of IterableDataset" in str(each.message) for each in heard)
    print(f"batch size {batches_of}: len says {length}, {come} batches come, {said} warnings")
predict("02.p3").reveal(len(doubled))

# %% [markdown]
# **What happened.** Each worker has a copy of the dataset and runs all of it. Nothing warns: even with a
# length, torch compares *batches* with *samples*, so at batch size 2 the duplicates pass in silence. With
# `get_worker_info()` each worker takes its share. `drop_last` then drops **per worker**: here each of the two
# leaves one number out, 8 and 9. With three workers only four of the ten would be left, where a map-style
# dataset always keeps eight. On several machines share out over ranks as well (chapter 09).
#
# The article promises more: a dataset that grows **during** training. **Question:** a list has three items;
# for each batch that you take, one is added, up to six. Who sees the new ones?


# %% tags=["claim-36"] figure="1 workers"
class Feed(IterableDataset):
    """The items of a list, or the lines of a file, as they are when they are read."""

    def __init__(self, source) -> None:
        self.source = source

    def __iter__(self):
        lines = self.source.read_text().splitlines() if isinstance(self.source, Path) else self.source
        return iter(lines)


for workers in (0, 1):
    options = two | {"num_workers": 1} if workers else {}
    growing, seen = [0, 1, 2], 0
    feed = Feed(growing)
    for _ in DataLoader(portable(feed) if workers else feed, batch_size=None, **options):
        seen += 1
        growing += [len(growing)] * (len(growing) < 6)
    log = Path(scratch.name, "log.txt")
    lengths = []
    for lines in (3, 6):
        log.write_text("line\n" * lines)
        lengths.append(len(list(DataLoader(portable(Feed(log)), batch_size=None, **options))))
    print(f"{workers} workers: the list gives {seen} items; the file {lengths} in two epochs")

# %% [markdown]
# > **Correction.** The article: `IterableDataset` makes loading dynamic. The machine: only if the *source*
# > grows, and not across processes. A worker iterates over its copy, which never grows. What must grow has
# > to lie outside: a file, a folder, a queue.
#
# ## 9. Random numbers in workers
#
# A dataset keeps a NumPy generator for its augmentation. **Question:** eight samples, two workers, two
# epochs. How many *different* numbers does it draw in sixteen reads?

# %%
predict("02.p4", ...)


# %%
class Noisy(Dataset):
    """Three random numbers: from its own generator, from NumPy's global one, from torch."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return 8

    def __getitem__(self, i: int) -> tuple[int, int, torch.Tensor]:
        return self.rng.integers(10**6), np.random.randint(10**6), torch.randint(10**6, ())


def fresh(worker: int) -> None:
    """A generator of its own for each worker and epoch: `torch.initial_seed()` differs for each."""
    data.get_worker_info().dataset.rng = np.random.default_rng(torch.initial_seed())


for name, init in {"as it is": None, "worker_init_fn": portable(fresh)}.items():
    loader = DataLoader(portable(Noisy(seed)), worker_init_fn=init, **two)
    drawn = torch.stack([torch.cat(batch) for _ in range(2) for batch in loader])
    own, of_numpy, of_torch = (len(column.unique()) for column in drawn.T)
    print(f"{name:15} different among 16: own generator {own}, np.random {of_numpy}, torch {of_torch}")
    if init is None:
        predict("02.p4").reveal(own)

# %% [markdown]
# **What happened.** Both workers start with the same copy of the generator, and each epoch begins with that
# copy again. Four numbers, again and again: all augmentation repeats. torch seeds its own generator and the
# *global* `np.random` anew for each worker and epoch; yours it cannot know. Cure: `worker_init_fn`. Even
# better, and independent of the number of workers: a generator for each sample, from seed, epoch and index
# (exercise 02.5).
#
# ## 10. What fork shares, and what not
#
# This section needs fork. A forked worker *shares* the notebook's memory until one of them writes to it.
# But Python counts references **inside** each object, so even *reading* a string writes.


# %% tags=["nbval-ignore-output"] reason="memory: megabytes depend on the system"
class Names(Dataset):
    """Reads a tenth of the names; gives the memory that is the worker's alone, in MB."""

    def __init__(self, names) -> None:
        self.names = names

    def __len__(self) -> int:
        return 11

    def __getitem__(self, i: int) -> float:
        part = len(self.names) // 10
        for _ in self.names[(i - 1) * part : i * part] if i else ():
            pass
        return psutil.Process().memory_full_info().uss / 1e6


can_fork = "fork" in multiprocessing.get_all_start_methods()
forked = {"num_workers": 1, "timeout": patience, "multiprocessing_context": "fork"}
names = [f"photos/class_{i % 1000:04}/{i:08}.jpg" for i in range(500_000)]
for kind, many in {"list of strings": names, "NumPy array": np.array(names, dtype="S")}.items():
    if can_fork:
        own = [batch.item() for batch in DataLoader(Names(many), **forked)]
        print(f"{kind:16} a worker's own memory: {own[0]:.0f} MB before reading, {own[-1]:.0f} MB after")
del names, many

# %% [markdown]
# **What happened.** The list was copied page by page into the worker, while being read. Here these are tens of
# megabytes. A hundred times as many names, eight workers: that fills a machine. One array of bytes has one count, not
# half a million: nothing is copied. Keep long lists of names in a NumPy array, a tensor or a table on disk.
#
# An **open file** is shared too, with its position. **Question:** two workers each *seek* to a record, then
# *read* it, in a file that `__init__` opened. Is each record what it should be?


# %%
class Records(Dataset):
    """Numbers of four bytes in a file, opened in `__init__`, or in each process when it is needed."""

    def __init__(self, path: Path, early: bool) -> None:
        self.path, self.file = path, open(path, "rb", buffering=0) if early else None

    def __len__(self) -> int:
        return 400

    def __getitem__(self, i: int) -> bool:
        self.file = self.file or open(self.path, "rb", buffering=0)
        self.file.seek(4 * i)
        time.sleep(0.0005)  # a slow disk, so that the rare becomes frequent
        return int.from_bytes(self.file.read(4), "little") == i


records = Path(scratch.name, "records.bin")
records.write_bytes(np.arange(400, dtype="<u4").tobytes())
for early in (True, False) if can_fork else ():
    right = torch.cat([*DataLoader(Records(records, early), batch_size=10, **forked | {"num_workers": 2})])
    print(f"opened {'in __init__' if early else 'in the worker'}: all records right: {right.all().item()}")

# %% [markdown]
# **What happened.** Both workers moved *one* position. No error, just wrong data, and only when they happen
# to meet: the worst kind. Under spawn it cannot even start (section 6: a file does not travel). **Open
# files, archives and databases in the worker, at first use.**
#
# ## 11. When a worker fails
#
# **Question.** A sample raises an error; a sample hangs (a dead network drive); a worker is killed (no memory
# left). What do you get to see?


# %%
class Faulty(Witness):
    """Sample 3 goes wrong in the way that is asked for."""

    def __getitem__(self, i: int) -> int:
        return self.fault() if i == 3 else i


faults = {  # and how many seconds the loader may wait
    "raises": (lambda: 1 / 0, patience),
    "hangs": (lambda: time.sleep(2), 1),
    "dies": (lambda: os._exit(1), 10),
}
for name, (fault, limit) in faults.items():
    faulty = Faulty(8)
    faulty.fault = fault
    try:
        list(DataLoader(portable(faulty), **two | {"timeout": limit}))
    except Exception as error:
        what, _, rest = str(error).splitlines()[0].partition(" (pid(s) ")
        last = str(error).splitlines()[-1] if name == "raises" else ""
        print(f"{name:6} {type(error).__name__}: {what}{rest.lstrip('0123456789)')} {last}".rstrip())
    gc.collect()  # a loader that failed leaves its workers behind until then
print("worker processes left over:", len(multiprocessing.active_children()))

# %% [markdown]
# **What happened.** An error travels back with the worker's traceback, and under its own name. A hanging sample waits
# for ever, unless you set `timeout`: the seconds that the loader waits for a batch, the start of the workers included.
# It names no sample, so catch errors in `__getitem__` and name the file there. A dead worker is noticed
# when the system tells (mostly at once, under the forkserver never), or else when the loader looks: after `timeout`,
# and without one every five seconds.
#
# ## 12. Going on in the middle of an epoch
#
# A run that stops after 900 of 1,000 batches should not begin the epoch anew. `DataLoader` cannot say where
# it is. `StatefulDataLoader` of the package `torchdata` can: its `state_dict()` belongs into the
# [checkpoint](pages/glossary.ipynb#checkpoint). (Plain torch: exercise 02.6.)

# %%
try:
    from torchdata.stateful_dataloader import StatefulDataLoader
except ImportError:
    print("torchdata is not installed: pip install torchdata")
else:
    warnings.filterwarnings("ignore", module="torchdata")
    torch.manual_seed(seed)
    epoch = iter(running := StatefulDataLoader(ten, batch_size=2, shuffle=True, **two))
    print("before the stop:", [next(epoch).tolist() for _ in range(2)])
    state = running.state_dict()
    print("would have come:", rest := [batch.tolist() for batch in epoch])
    resumed = StatefulDataLoader(ten, batch_size=2, shuffle=True, **two)
    resumed.load_state_dict(state)
    print("after resuming: ", after := [batch.tolist() for batch in resumed], after == rest)

# %% [markdown]
# ## 13. Look inside, then decide
#
# Items per second tell *how fast*, not *why*. `dpwidgets.trace(loader)` delivers the same batches and notes
# what each process did: fetching, each transform, collating, sending; and how long the step waited.
# **Question:** a usual training pipeline, two workers. What holds it up: reading the file, one of the
# transforms, or the way of the batch?

# %% tags=["nbval-ignore-output"] reason="timing: shares of time depend on the machine"
augment = v2.Compose(
    [
        v2.RandomResizedCrop(size),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.2, 0.2, 0.2, 0.1),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
    ]
)
training = data.Subset(ImageFolder(root, augment, allow_empty=True), some)
traced = trace(DataLoader(training, batch_size, **two))
for images, _ in traced:
    images.mean()  # stands for a training step that takes no time
print(traced.summary())
traced.summary().table().round(2)

# %% [markdown]
# **What happened.** The summary names one bottleneck, with the figures behind it; the table has the parts. Make the
# dearest part cheaper before you add workers: a smaller decode (`draft`, section 1), an operation less (hue is a dear
# one), a [cache](pages/glossary.ipynb#cache). A profiler in the notebook would not see any of this: it happens in
# other processes.
#
# **The lab** runs a loader with your settings, in a process of its own, and draws who did what, when. Two
# runs are made for you: no workers, then two. *Run* makes another one, *stop* ends it.

# %% tags=["lab", "nbval-ignore-output"] reason="timing: the picture of a run is another one each time"
lab = LoaderLab(training, batch_size=batch_size, seconds=2, step_seconds=0.02)
lab.run(num_workers=0)
lab.run(num_workers=2)
lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. With no workers, move *training step* from 0 to 100 ms. Does the loading get hidden behind the step? And with
#    two workers: from which step on does it wait for nothing?
# 2. Set *prefetch* to 1, then to 8. What changes in the timeline, in the memory, and what does not change?
# 3. Set *workers* to 8, and *time limit* to 10 s, since so many take longer to start. Where does the time go now? Does
#    *persistent* bring it back?
#
# On your own data: `LoaderLab(dataset, collate_fn=...)`; a class from a cell is fine.
#
# **Decide.** The article ends with: choose by the size and the nature of your data. Here is how. The first
# table takes the measurements of section 7: the *fewest* workers within 5 % of the best, and how many
# samples an epoch needs until they have earned their start. Then the lab searches for the training
# pipeline, with its step of 20 ms. (`dpwidgets.tune(dataset, ...)` does the same without a lab.)

# %% tags=["nbval-ignore-output"] reason="timing: the best setting depends on the machine"
for kind, row in measured.items():
    best = max(rate for _, rate in row.values())
    workers = min(n for n, (_, rate) in row.items() if rate >= 0.95 * best)
    start, rate = row[workers]
    saved = 1 / row[0][1] - 1 / rate  # seconds for each sample
    pays = f"pay from {start / saved:,.0f} samples an epoch on" if saved > 0 else "stay without"
    print(f"{kind:10} {workers} workers, {rate / row[0][1]:.2f} times as fast as none: {pays}")

print()
found = lab.tune(seconds=8)
print(found or "Nothing could be measured: the lab above says why.")

# %% [markdown]
# **What happened.** This is *your* answer, for this data, this machine and this step. On another machine
# measure again. Where data lies in memory, none is the answer; where reading waits, more workers than cores
# may be; in between, the table decides.
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. Stuck? Add a cell below it (`Esc`, then `B`) and run
# `hint("02.1")` there: each call helps a little more. `solution("02.1")` shows an answer and says why it is right.


# %% tags=["exercise"]
@exercise("02.1")
class LazyFiles(Dataset):
    def __init__(self, paths: list[str], read: Callable) -> None:
        # your code instead of the three dots, here and below
        ...

    def __len__(self) -> int:
        # how many?
        ...

    def __getitem__(self, i: int):
        # which one?
        ...


# %% tags=["exercise"]
@exercise("02.2")
def detection_batch(
    samples: list[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("02.3")
def asked_for(taken: int, n: int, batch_size: int, workers: int, factor: int) -> int:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("02.4")
def my_share(stream: Iterator, worker: int, workers: int) -> Iterator:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("02.5")
def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("02.6")
def still_to_come(n: int, seed: int, epoch: int, done: int) -> list[int]:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("02.q1", "b")`.

# %%
quiz("02.q1")

# %%
quiz("02.q2")

# %%
quiz("02.q3")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | State missing in `__init__` | AttributeError when the loader is made, or later | set everything in `__init__` |
# | Python floats as samples | `float64` batches | return tensors |
# | `prefetch_factor` without workers | ValueError | workers, or leave it out |
# | Class in a cell, no fork | `Can't get attribute ... on <module '__main__'>` | a module, or `portable` |
# | State kept in a worker | counters and caches stay empty | return it with the sample |
# | No `persistent_workers` | each epoch begins with a pause | keep the workers |
# | `IterableDataset` with workers | each sample several times, no warning | share by `get_worker_info()` |
# | Own NumPy generator | augmentation repeats | a generator for each sample, or `worker_init_fn` |
# | Long list of strings | memory grows with each worker | a NumPy array or a table |
# | File opened in `__init__` | wrong records, now and then | open it in the worker |
# | No `timeout` | training stands still for ever | `timeout=` in seconds |
# | `num_workers` by rule of thumb | slower than without | measure |
#
# ## Summary
#
# - A dataset answers two questions: how many, and which one. Keep `__init__` cheap.
# - Workers are processes. One worker makes one batch, collated; nothing else comes back.
# - A loader reads ahead workers × factor batches. It never caches.
# - Streams have to be shared out; random generators have to be made anew; files have to be opened in the worker.
# - Workers help what waits or computes, and hurt what is already there. Measure, then choose the fewest.
#
# ## Next
#
# [Chapter 03: transforms](03_transforms.ipynb), what happens to a sample between file and batch.
