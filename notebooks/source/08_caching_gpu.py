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
# # 08 Caching, prefetching, GPU
#
# A training step can only be as fast as its data. Three things help: do not do work twice
# ([**caching**](pages/glossary.ipynb#cache)), do it before it is needed (**prefetching**), and bring it to the
# *device*, a GPU or another [accelerator](pages/glossary.ipynb#accelerator), without making it wait. Each
# has a trap that costs more than it brings, and most of the traps raise no error.
#
# **After this chapter you can**
#
# - build a cache in memory, in shared memory and on disk, and say which one a loader with
#   [workers](pages/glossary.ipynb#worker) needs,
# - place it so that augmentation stays random,
# - write a cache file that is whole or not there, that notices changed data and damage,
# - tell a lossless format from one that loses, with two numbers,
# - say what [pin_memory](pages/glossary.ipynb#pin_memory), `non_blocking` and a
#   [stream](pages/glossary.ipynb#stream) do, and what they do not,
# - count the bytes that go to the device, and write one loop for CUDA, MPS and CPU.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | `Dataset`, `DataLoader`, workers are processes | needed | chapter 02 |
# | dtypes and their bytes | needed | chapter 01 |
# | Transforms v2, random augmentation | helpful | chapters 03, 05 |
#
# **Time:** 75 minutes to read and try, with the lab and the exercises. The cells alone run for about 25
# seconds on two processor cores. No GPU is needed: a cell for one shows a recorded run, if there is one.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import hashlib
import importlib
import inspect
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import psutil
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import v2

from dpwidgets import OverlapLab, exercise, portable, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Choice, Integer, check_parameters

# %% tags=["parameters"]
seed = 0  # start of chance, a whole number from 0 to 1,000,000
photos = 128  # photos that are cached, 32 to 1,600
edge = 96  # side of the cached photos, pixels, 32 to 256
batch_size = 8  # photos in a batch, 2 to 64
load_ms = 40  # time that the model of a slow disk needs for a batch, milliseconds, 10 to 100
step_ms = 25  # time of its training step, milliseconds, 5 to 100
start_method = "default"  # how workers begin: "fork", "spawn", "forkserver"; "default": the system's way
patience = 60  # seconds until a worker that gives nothing is an error, 20 to 3,600

# %% tags=["check-parameters"]
# fmt: off
check_parameters(
    globals(), seed=Integer(0, 1_000_000), photos=Integer(32, 1600), edge=Integer(32, 256),
    batch_size=Integer(2, 64), load_ms=Integer(10, 100), step_ms=Integer(5, 100),
    start_method=Choice("default", *multiprocessing.get_all_start_methods()), patience=Integer(20, 3600),
)
# fmt: on
context = None if start_method == "default" else start_method
two = {"num_workers": 2, "timeout": patience, "multiprocessing_context": context}  # used throughout
multiprocessing.set_forkserver_preload(["torch", "torchvision.transforms.v2"])  # chapter 02
scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # Windows keeps mapped files
sys.path.insert(0, scratch.name)
use_style()
torch.set_num_threads(1)


def as_module(name: str, *things: object):
    """Save the cells in which these stand as a module, where workers find it, and import it."""
    cells = ["".join(inspect.findsource(thing)[0]) for thing in things]
    Path(scratch.name, f"{name}.py").write_text("\n\n".join(cells), encoding="utf-8")
    sys.modules.pop(name, None)  # an earlier run
    importlib.invalidate_caches()
    return importlib.import_module(name)


# %% [markdown]
# ## 1. What is worth keeping?
#
# A photo goes from a file to pixels of the right size. Datasets in cells cannot reach every kind of worker
# (chapter 02), so this one goes into a module, `photo_cache.py`, in section 2.
#
# **Question:** three steps make a training sample: read the file, decode and shrink it, augment it. Which
# share of the time does each take? Guess, then run.


# %%
# photo_cache.py, part 1
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2.functional import pil_to_tensor


def decode(file, edge: int) -> torch.Tensor:
    """A photo as uint8 (3, edge, edge): upright, RGB, the largest centred square."""
    with Image.open(file) as image:
        square = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (edge, edge))
    return pil_to_tensor(square)


class Photos(torch.utils.data.Dataset):
    """Photo i as uint8 (3, edge, edge), decoded each time."""

    def __init__(self, files: list, edge: int) -> None:
        self.files, self.edge = files, edge

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> torch.Tensor:
        return decode(self.files[i], self.edge)


# %% tags=["nbval-ignore-output"] reason="timing: shares of time depend on the machine"
root = samples.photos()
files = sorted(root.rglob("*.jpg"))[:: 2000 // photos][:photos]
augment = v2.Compose(
    [v2.RandomCrop(edge - 8), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True)]
)


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of some runs."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)


decoded = [decode(file, edge) for file in files]
parts = {
    "read the file": seconds(lambda: [file.read_bytes() for file in files]),
    "read, decode, shrink": seconds(lambda: [decode(file, edge) for file in files]),
    "augment": seconds(lambda: [augment(photo) for photo in decoded]),
}
for name, part in parts.items():
    print(f"{name:21} {part / parts['read, decode, shrink']:6.1%} of the time for decoding")

# %% [markdown]
# **What happened.** Reading is next to nothing here: the system keeps files that were read lately in memory
# by itself (the *page cache*). Decoding is dear, and gives **the same result in each epoch**: worth keeping.
# Augmenting must differ each time: never keep that (section 3).
#
# ## 2. A cache in the dataset
#
# A dictionary will do: decode once, then look it up. Each sample says whether it was there already, who
# answered, and how many photos that one holds.
#
# **Question:** two workers that stay ([persistent_workers=True](pages/glossary.ipynb#persistent_workers)), a
# shuffled order, 128 photos. The first epoch finds nothing kept. How many percent of the *second* epoch come
# from a cache?


# %%
# photo_cache.py, part 2
class MemoryCache(Photos):
    """Photo i as (uint8 (3, edge, edge), was it kept?, worker, photos that this worker keeps)."""

    def __init__(self, files: list, edge: int) -> None:
        super().__init__(files, edge)
        self.kept = {}

    def __getitem__(self, i: int) -> tuple[torch.Tensor, bool, int, int]:
        hit = i in self.kept
        if not hit:
            self.kept[i] = super().__getitem__(i)
        worker = torch.utils.data.get_worker_info()
        return self.kept[i], hit, worker.id if worker else -1, len(self.kept)


# %%
predict("08.p1", ...)

# %% tags=["claim-18"] figure="second epoch"
photo_cache = as_module("photo_cache", decode, MemoryCache.__getitem__)
kept = two | {"persistent_workers": True}
ways = {
    "no worker": {},
    "two workers": two,
    "two, kept": kept,
    "two, kept, shuffled": kept | {"shuffle": True},
}
hits = {}
for name, options in ways.items():
    cached = photo_cache.MemoryCache(files, edge)
    loader = DataLoader(cached, batch_size, generator=torch.Generator().manual_seed(seed), **options)
    hits[name], holds = [], {}
    for _ in range(4):
        seen = [(hit.sum().item(), worker[0].item(), many.max().item()) for _, hit, worker, many in loader]
        hits[name].append(sum(hit for hit, _, _ in seen) / len(files))
        holds |= {worker: many for _, worker, many in seen}
    print(f"{name:19} hits by epoch:", *(f"{share:4.0%}" for share in hits[name]), end=" | ")
    print(f"kept in the notebook: {len(cached.kept)}, in workers: {sum(holds.values()) * bool(options)}")
    del loader  # stops workers that were kept
first, lost, _, late = hits.values()
print(f"second epoch: {first[1]:.0%} hits without workers, {lost[1]:.0%} with two, ", end="")
print(f"{late[1]:.0%} with two that are kept and shuffle")
predict("08.p1").reveal(round(100 * late[1]))

# %%
fig, ax = plt.subplots(figsize=(6.5, 2.6))
for at, (name, shares) in enumerate(hits.items()):
    bars = ax.bar(np.arange(4) + 0.2 * at - 0.3, [100 * s for s in shares], 0.18, label=name,
                  edgecolor="black", hatch=["", "//", "..", "xx"][at])  # fmt: skip
    ax.bar_label(bars, fmt="%.0f", fontsize=8)
ax.set(xlabel="epoch", ylabel="found in a cache, %", xticks=range(4), xticklabels=[1, 2, 3, 4], ylim=(0, 145))
ax.legend(fontsize=8, ncols=4, loc="upper center", columnspacing=1, handlelength=1.4)
told = "; ".join(f"{name}: {', '.join(f'{s:.0%}' for s in shares)}" for name, shares in hits.items())
show(fig, alt=f"Share of the photos found in a cache, epochs 1 to 4. {told}.")

# %% [markdown]
# > **Correction.** The guide: a memory cache speeds up repeated reads. The machine: in a loader with workers
# > there is not one cache but one **per worker**. Without `persistent_workers` they die with their workers at
# > the end of each epoch: **no hit, ever**, and no message. Kept workers see the same photos again only if
# > the order stays; shuffled, half of the second epoch is new to them, then a quarter, ... until **each**
# > worker holds nearly everything: memory times workers. The notebook's own cache stays empty. A dictionary
# > is right for `num_workers=0`; else take section 4 or 5.
#
# ## 3. Cache first, chance second
#
# One line, `functools.cache` on `__getitem__`, keeps whatever comes out of a dataset, and so is easily put at the
# wrong place. **Question:** the dataset augments, too. It keeps a photo before that, or after it, and you read
# the same photo ten times. How many different pictures do you get?


# %% tags=["claim-18"] figure="10 reads"
class Augmented(Dataset):
    """Photos, randomly cropped and flipped; kept before or after that."""

    def __init__(self, keep: str) -> None:
        self.keep, self.kept = keep, {}

    def __len__(self) -> int:
        return len(files)

    def __getitem__(self, i: int) -> torch.Tensor:
        if i not in self.kept:
            photo = decode(files[i], edge)
            self.kept[i] = augment(photo) if self.keep == "after" else photo
        return self.kept[i] if self.keep == "after" else augment(self.kept[i])


distinct = {}
for keep in ("before", "after"):
    torch.manual_seed(seed)
    dataset = Augmented(keep)
    distinct[keep] = len({dataset[0].numpy().tobytes() for _ in range(10)})
before, after = distinct.values()
print(f"10 reads of one photo: {before} pictures if kept before the augmentation, {after} if kept after it")

# %% [markdown]
# **What happened.** Kept after the augmentation, the first dice roll lasts for ever: the model trains on one
# fixed picture each, and overfits. The loss looks *better*, which is why nobody notices. **Keep what is
# always the same (decoding, fixed resizing); repeat what is random.** And never change a kept tensor in
# place: exercise 08.1.
#
# ## 4. One cache for all workers
#
# Workers can share memory if they are told to. `share_memory_()` moves a tensor where all processes see it; a
# worker that starts later gets the place, not a copy. A second shared tensor counts how often each photo was
# decoded.
# **Question:** two workers, *not* kept, shuffled, three epochs. How many decodes for 128 photos?


# %%
# shared_cache.py
import torch
from photo_cache import Photos


class SharedCache(Photos):
    """Photo i; whoever needs it first decodes it for all."""

    def __init__(self, files: list, edge: int) -> None:
        super().__init__(files, edge)
        self.pixels = torch.zeros(len(files), 3, edge, edge, dtype=torch.uint8).share_memory_()
        self.decodes = torch.zeros(len(files), dtype=torch.int32).share_memory_()

    def __getitem__(self, i: int) -> torch.Tensor:
        if self.decodes[i] == 0:
            self.pixels[i] = super().__getitem__(i)
            self.decodes[i] += 1  # last: who sees the count finds the pixels
        return self.pixels[i]


# %%
shared_cache = as_module("shared_cache", SharedCache.__getitem__)
shared = shared_cache.SharedCache(files, edge)
order = torch.Generator().manual_seed(seed)
loader = DataLoader(shared, batch_size, shuffle=True, generator=order, **two)
print(f"before: {shared.decodes.sum()} decodes")
for epoch in (1, 2, 3):
    pixels = sum(int(batch.sum()) for batch in loader)
    print(f"after epoch {epoch}: {shared.decodes.sum()} decodes, seen from the notebook")
print("the pixels are right:", pixels == sum(int(photo.sum()) for photo in decoded))
print(f"memory: {shared.pixels.nbytes / 1e6:.1f} MB, once, for any number of workers")

# %% [markdown]
# **What happened.** One decode per photo, whoever came first, and the *notebook* sees the pixels too. It
# holds for one machine and one run. All photos must have one size, and fit into memory (in a container also
# into `/dev/shm`, often only 64 MB). The next run starts from nothing. For that there is the disk.
#
# ## 5. A cache on disk
#
# The naive form, "if the file is there, take it", has four ways to give you wrong data: the run was killed
# while writing; the photos changed; the *code* changed; the disk lost a bit. Two cures fit into twenty lines.
# **Write beside, then rename:** the name appears only when the file is whole. **The name holds a
# [hash](pages/glossary.ipynb#hash)**, a short text computed from bytes: here from the content of all photos, and
# from the *recipe*, which says what was done to them. Other data or another recipe: another name.


# %%
def disk_cache(folder: Path, files: list[Path], edge: int) -> np.ndarray:
    """The decoded photos, uint8 (n, 3, edge, edge), mapped from a file that is made once."""
    key = hashlib.sha256(f"decode v1, edge={edge}".encode())  # the recipe: v2 if decode changes
    for file in files:
        key.update(hashlib.sha256(file.read_bytes()).digest())
    path = folder / f"{key.hexdigest()[:16]}.npy"
    if not path.exists():
        part = folder / f"{path.stem}.{os.getpid()}.part"
        shape = {"descr": "|u1", "fortran_order": False, "shape": (len(files), 3, edge, edge)}
        try:
            with part.open("wb") as target:
                np.lib.format.write_array_header_1_0(target, shape)  # what `np.load` wants to read first
                for file in files:
                    target.write(decode(file, edge).numpy().tobytes())
            os.replace(part, path)  # atomic: the old name or the whole new file, nothing between
        finally:
            part.unlink(missing_ok=True)
    return np.load(path, mmap_mode="r")


# %%
def fresh(name: str) -> Path:
    """An empty folder in the scratch folder."""
    shutil.rmtree(Path(scratch.name, name), ignore_errors=True)
    Path(scratch.name, name).mkdir()
    return Path(scratch.name, name)


some = [Path(shutil.copy(file, fresh(f"photo{n}"))) for n, file in enumerate(files[:8])]
folder = fresh("disk")
mapped = disk_cache(folder, some, edge)
print("equal to decoding:", all(np.array_equal(mapped[n], decode(file, edge)) for n, file in enumerate(some)))
for what, change in {
    "nothing changed": lambda: None,
    "the files touched, same content": lambda: [os.utime(file) for file in some],
    "one photo replaced": lambda: shutil.copy(files[20], some[3]),
}.items():
    change()
    disk_cache(folder, some, edge)
    print(f"{what:32} -> {len(list(folder.iterdir()))} cache files")
disk_cache(folder, some, edge // 2)
print(f"{'another size':32} -> {len(list(folder.iterdir()))} cache files")

# %% [markdown]
# **What happened.** Names and dates do not matter, content and recipe do. Two cures are missing, and one
# bound: nothing checks the bytes, two runs at once both do the work, and old files pile up.
#
# `dpwidgets.prep.caching.array_cache` is the same idea with those: a checksum for each row, a lock, a limit.
# It needs NumPy and filelock alone: copy the file into your project, as the next cell does. **Question:** one
# bit of the file flips. What would `disk_cache` give you? And this one? Below that: two training runs start
# at the same moment and find no cache. Who builds it?

# %%
import dpwidgets.prep.caching.array_cache as original

shutil.copy(original.__file__, Path(scratch.name, "array_cache.py"))
from array_cache import cached_array, content_key

folder = fresh("checked")
key = content_key(some, recipe=f"decode v1, edge={edge}")


def open_cache(what: str) -> Path:
    info = cached_array(folder, key, len(some), lambda n: decode(some[n], edge).numpy())
    print(f"{what:15} {'built, because it was ' + info.reason if info.built else 'found'}")
    return info.path


path = open_cache("the first time")
content = bytearray(open_cache("again").read_bytes())
content[len(content) // 2] ^= 1  # of one pixel
for what, damaged in {"one bit flipped": content, "cut short": content[:-1000]}.items():
    path.write_bytes(damaged)
    open_cache(what)
limit = int(2.5 * len(content))  # room for two of three arrays
for n in range(3):
    cached_array(folder, f"more-{n}", 8, lambda _: np.zeros((3, edge, edge), "u1"), limit_bytes=limit)
print("files kept under the limit:", sorted(file.name for file in folder.glob("more-*.npy")))

# %%
child = """
import pathlib, sys, time, numpy as np
from array_cache import cached_array

def make(i):
    time.sleep(0.02)  # stands for decoding
    return np.full(1000, i, np.uint8)

info = cached_array(pathlib.Path(sys.argv[1]), "key", 50, make)
print("built it" if info.built else "waited, then found it", "- sum", int(info.array.sum(dtype=int)))
"""
folder = fresh("both")
start = [sys.executable, "-c", child, str(folder)]
runs = [subprocess.Popen(start, cwd=scratch.name, stdout=subprocess.PIPE, text=True) for _ in range(2)]
for line in sorted(run.communicate(timeout=patience)[0].strip() for run in runs):
    print("one process", line)
left = sorted(file.suffix for file in folder.iterdir() if not file.name.startswith("."))
print("in the folder: one array, its checksums, nothing half done:", left == [".json", ".npy"])

# %% [markdown]
# **What happened.** `disk_cache` would have handed you the flipped pixel: nobody looks. The checksum finds
# it. Under the limit the array went that was not used for the longest time. Of two runs the second waited at
# the lock and then read what the first had built. Without the lock both would build, and the rename would still
# keep the file whole. Checking all bytes at each start costs a fraction of decoding them.
#
# ## 6. Loaded, or mapped?
#
# `np.load` reads a file into memory. With `mmap_mode="r"` it makes a [memory map](pages/glossary.ipynb#memory-map):
# it only notes where the file lies, and the system brings in those *pages* (pieces of mostly 4 kB) that are
# touched. **Question:** 79 MB of pixels, all read once. How much memory is then the process's *own*?
#
# And then all caches in a race: an epoch of real photos, without a training step. **Question:** with all
# pixels at hand, are two workers faster than none?


# %%
big = Path(scratch.name, "big.npy")
np.save(big, np.random.default_rng(seed).integers(0, 256, (1600, 3, 128, 128), dtype=np.uint8))


def own_memory() -> int:
    """Bytes of memory that belong to this process, without the pages of mapped files."""
    info = psutil.Process().memory_info()
    return getattr(info, "private", info.rss) - getattr(info, "shared", 0)  # Windows; Linux


for name, mode in {"np.load": None, "mapped": "r"}.items():
    before = own_memory()
    array = np.load(big, mmap_mode=mode)
    total = sum(int(photo.sum()) for photo in array)
    grown = (own_memory() - before) / array.nbytes
    print(f"{name:8} {array.nbytes / 1e6:.0f} MB read; own memory grew by {abs(grown):.1f} times that")
    del array

# %%
# mapped_photos.py
import numpy as np
import torch
from photo_cache import Photos


class Mapped(Photos):
    """Photo i, copied from a mapped file that each process opens for itself, at its first sample."""

    def __init__(self, files: list, edge: int, path) -> None:
        super().__init__(files, edge)
        self.path, self.array = path, None

    def __getitem__(self, i: int) -> torch.Tensor:
        if self.array is None:
            self.array = np.load(self.path, mmap_mode="r")
        return torch.from_numpy(self.array[i].copy())  # a copy: mapped pages are read-only


# %% tags=["nbval-ignore-output"] reason="timing: the ratios depend on the machine"
mapped_photos = as_module("mapped_photos", Mapped.__getitem__)
info = cached_array(
    fresh("all"), content_key(files, f"edge={edge}"), len(files), lambda n: decoded[n].numpy()
)
sets = {
    "decode each time": photo_cache.Photos(files, edge),
    "dictionary": photo_cache.MemoryCache(files, edge),
    "shared tensor": shared,
    "mapped file": mapped_photos.Mapped(files, edge, info.path),
}
lasts = {}
for name, dataset in sets.items():
    for workers in (0, 2):
        loader = DataLoader(dataset, batch_size, **kept if workers else {})
        list(loader)  # workers start, caches fill
        lasts[name, workers] = seconds(lambda loader=loader: list(loader))
        del loader
for (name, workers), last in lasts.items():
    times = lasts["decode each time", 0] / last
    print(f"{name:17} {workers} workers: {times:6.1f} times as fast as decoding")

# %% [markdown]
# **What happened.** Mapped pages belong to the page cache: all workers and all runs **share** them, and the
# system may drop them when memory is short. So a mapped array can be larger than memory, and four workers
# hold it once. Whole samples are read quickly; scattered bytes on a cold disk are not. Huge sets are cut into
# [shards](pages/glossary.ipynb#shard) (chapter 09).
#
# Without workers every cache is many times as fast as decoding. With workers a cached sample
# costs more to *send* than to fetch: the caches fall back, often below no workers at all. **Cached and small:
# no workers. Cached, then heavily augmented: workers again, with the shared tensor or the mapped file.**
#
# ## 7. Compression
#
# The guide: store data compressed, without loss of precision, and save I/O. **Question:** which of these give
# the same values back? And what shrinks?


# %%
import io
import zlib

chance = np.random.default_rng(seed)
photo = decoded[0].permute(1, 2, 0).numpy()  # (H, W, 3), for Pillow
jpeg = np.frombuffer(files[0].read_bytes(), np.uint8)
normal = chance.normal(size=100_000).astype(np.float32)
repeats = np.repeat(chance.integers(0, 100, 10_000), 10).astype(np.int32)


def squeezed(values: np.ndarray) -> tuple[int, np.ndarray]:
    """Bytes after zlib, and the values that come back."""
    packed = zlib.compress(values.tobytes())
    return len(packed), np.frombuffer(zlib.decompress(packed), values.dtype).reshape(values.shape)


def through(fmt: str, **options) -> tuple[int, np.ndarray]:
    """Bytes of the photo in this format, and the pixels that come back."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, fmt, **options)
    return file.tell(), np.asarray(Image.open(file))


# %% tags=["claim-19"] figure="lossless"
half = normal.astype(np.float16)
rows = {
    "zlib, random float32": (normal, *squeezed(normal)),
    "zlib, int32 with repeats": (repeats, *squeezed(repeats)),
    "zlib, a JPEG file": (jpeg, *squeezed(jpeg)),
    "PNG, pixels": (photo, *through("PNG")),
    "JPEG quality 90, pixels": (photo, *through("JPEG", quality=90)),
    "JPEG quality 50, pixels": (photo, *through("JPEG", quality=50)),
    "float16, random float32": (normal, half.nbytes, half.astype(np.float32)),
}
for name, (values, size, back) in rows.items():
    off = np.abs(values.astype(float) - back).max()
    print(f"{name:25} {values.nbytes / size:5.1f} times smaller, largest change {off:.2g}")
low = rows["JPEG quality 50, pixels"][2]
loss = np.abs(photo.astype(int) - low).max(axis=2)
shrunk, rounded = normal.nbytes / squeezed(normal)[0], np.abs(normal - half.astype(np.float32)).max()
print(f"lossless zlib makes random floats {shrunk:.2f} times smaller; ", end="")
print(f"JPEG of quality 50 changes pixels by up to {loss.max()}, float16 numbers by {rounded:.1e}")

fig, axes = plt.subplots(1, 3, figsize=(7, 2.3))
for ax, picture, title in zip(axes, (photo, low, loss), ("as decoded", "JPEG, quality 50", "change, of 255")):
    fig.colorbar(ax.imshow(picture, cmap="viridis"), ax=ax).ax.set_visible(picture is loss)
    ax.set(title=title, xticks=[], yticks=[])
show(fig, alt=f"A photo, its JPEG of quality 50, and the difference: up to {loss.max()}, most along edges.")

# %% [markdown]
# > **Correction.** The guide: compression without loss of precision. The machine: only **lossless** formats
# > (zlib, PNG) give every value back; JPEG and float16 do not. Noise hardly shrinks, a JPEG file not at all:
# > it is compressed already. And each read costs decoding, the dear part of section 1. Compress for a slow
# > network or a full disk; against slow decoding, *un*compressed uint8 is the cure. To test any format:
# > ratio, largest change.
#
# ## 8. Reading ahead
#
# The guide: in a *multi-threaded* setting, prefetch asynchronously. **Question:** what runs ahead in a
# `DataLoader`: threads or processes? One look at torch's own source, one at who answers.

# %% tags=["claim-17"] figure="prefetched by"
shown = inspect.getsource(torch.utils.data.dataloader)
threads = re.findall(r"threading\.Thread\(\s*target=([\w.]+)", shown)


class Who(Dataset):
    """The process that answers."""

    def __len__(self) -> int:
        return 32

    def __getitem__(self, i: int) -> int:
        return os.getpid()


pids = {pid for batch in DataLoader(portable(Who()), 4, **two) for pid in batch.tolist()}
print(f"prefetched by {len(pids)} processes, the notebook among them: {os.getpid() in pids}; ", end="")
print(f"threads in torch's loader: {len(threads)}, for {threads[0].split('.')[-1]}")

# %% [markdown]
# > **Correction.** The guide: threads prefetch. The machine: **processes** load and collate; the one thread
# > in the parent only copies finished batches into pinned memory (section 11), and only where there is a
# > device.
#
# How much does it bring? **Question:** decoding, and a training step that takes half as long. Which share of
# the time does the step run with 0, 1 and 2 workers, and how much faster do batches come (the *pace*)? And with
# a larger [prefetch_factor](pages/glossary.ipynb#prefetch_factor)?

# %% tags=["nbval-ignore-output"] reason="timing: the shares depend on the machine"
model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2), torch.nn.Flatten(), torch.nn.LazyLinear(10))
model(torch.stack(decoded[:2]) / 255)  # sets the shape of the lazy layer


def busy(loader, step: Callable[[object], object]) -> tuple[float, float]:
    """Share of the time that steps run, from the first one's start to the last one's end; that time, s."""
    spans = []
    for batch in loader:
        spans.append((time.perf_counter(), step(batch), time.perf_counter()))
    whole = spans[-1][2] - spans[0][0]
    return sum(end - begin for begin, _, end in spans) / whole, whole


alone = None
for workers, factor in ((0, None), (1, 2), (2, 2), (2, 8)):
    options = two | {"num_workers": workers, "prefetch_factor": factor} if workers else {}
    loader = DataLoader(photo_cache.Photos(files * 2, edge), batch_size, **options)
    share, whole = busy(loader, lambda batch: [model(batch / 255).mean().backward() for _ in range(4)])
    alone = alone or (share, whole)
    pace, longer = alone[1] / whole, share * whole / (alone[0] * alone[1])
    print(
        f"workers {workers}, prefetch_factor {factor or '-'}: the step runs {share:3.0%} of the time; ",
        end="",
    )
    print(f"{pace:.2f} times the pace, each step {longer:.2f} times as long")

# %% [markdown]
# **What happened.** Without workers, load and step take turns. With workers they run side by side, and the share
# rises. But look at the *pace*: it rises less, or not at all, for on the CPU steps and workers **share the
# cores**, and a step takes longer. (A step on a GPU leaves the cores to the workers.) A share alone can flatter:
# always look at the pace too. `prefetch_factor` loads nothing faster: it is a *store* that lets workers go on
# while a step is slow, and the step while a batch is slow. It costs memory: workers × factor batches.
#
# ## 9. The overlap lab
#
# A **model** of loader, copy and step: you give the times, it draws who works when.

# %% tags=["lab"]
OverlapLab(load=load_ms, step=step_ms, copy=4)

# %% [markdown]
# **Questions that only playing answers**
#
# 1. From which number of workers on does one more bring nothing? Which two figures of the lab tell it at once?
# 2. Set *num_workers* to 2 and *slow every* to 5, and move *prefetch* from 1 to 8. From where on does it change
#    nothing? Is the waiting gone then? Do it again with a *step* of 15 ms.
# 3. Switch *copy the next batch during the step* on. With how many workers is that worth most, and why nothing
#    with none?
# 4. Set *to load* to 100 ms and *cores* to 2. What do eight workers bring if loading *needs a core* 100 % of its
#    time, and what at 0 %?
#
# Do not believe a model before you have checked it. The next cell **measures** what it claims, with a dataset
# that sleeps in place of a slow disk (a constructed case: waiting needs no core) and a step that sleeps.


# %% tags=["nbval-ignore-output"] reason="timing: measured shares differ a little from run to run"
from dpwidgets.prep.overlap.model import Pipeline, simulate, utilisation


class SlowDisk(list):
    """A list of waits: each item comes after so many times `load_ms`."""

    def __getitem__(self, i: int) -> int:
        time.sleep(super().__getitem__(i) * load_ms / 1000)
        return i


print("workers  prefetch  slow every   model  measured")
for workers, factor, slow_every in ((0, 2, 0), (1, 2, 0), (2, 2, 0), (2, 1, 5), (2, 4, 5)):
    times = {"load": load_ms, "step": step_ms, "copy": 0, "bound": 0, "slow_every": slow_every}
    told = utilisation(simulate(Pipeline(**times, workers=workers, prefetch_factor=factor)))
    options = two | {"num_workers": workers, "prefetch_factor": factor} if workers else {}
    waits = [3 if slow_every and n % slow_every == slow_every - 1 else 1 for n in range(24)]
    loader = DataLoader(portable(SlowDisk(waits)), batch_size=None, **options)
    share, _ = busy(loader, lambda _: time.sleep(step_ms / 1000))
    print(f"{workers:7}  {factor:8}  {slow_every:10}  {told:6.0%}  {share:8.0%}")

# %% [markdown]
# **What happened.** On a quiet machine model and measurement agree within a few percent: the rules of the lab
# are those of torch's loader. Where yours differs from the model, the *times* are wrong: more workers decode
# more slowly than one, because they share cores and disk. Measure them (`dpwidgets.trace`, chapter 02), then
# ask the model.
#
# ## 10. To the device
#
# The guide's loop loads with `pin_memory=True`, moves the model **inside** the loop and calls `.cuda()` on
# the batch. **Question:** which of these lines work here, with a sound dataset?


# %% tags=["snippet-13"] figure="data.cuda()"
def attempt(what: str, action: Callable[[], object]) -> None:
    """Run `action`; print what it gives, or its error, and what it warns of."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            said = repr(action())
        except Exception as error:
            said = f"{type(error).__name__}: {re.split('[.] |[.]$', str(error), maxsplit=1)[0]}"
    print(f"{what:22} {said}")
    for text in {str(each.message).split(",")[0] for each in heard}:
        print(f"{'':22} warns: {text}")


model = torch.nn.Linear(4, 2)
pairs = TensorDataset(torch.rand(64, 4), torch.zeros(64))
data_loader = DataLoader(pairs, batch_size=32, shuffle=True, pin_memory=True)
attempt("for data in loader", lambda: [type(data).__name__ for data in data_loader])
data = next(iter(DataLoader(pairs, batch_size=32)))
attempt("data.cuda()", lambda: data.cuda())
attempt("model.cuda()", lambda: next(model.cuda().parameters()).device.type)
attempt("data[0].cuda()", lambda: data[0].cuda().device.type)

# %% [markdown]
# **What happened.** The loader runs and, without a device, warns. A batch of inputs and labels is a **list**:
# it has no `.cuda()` anywhere, on no machine. `model.cuda()` asks for an NVIDIA driver. And in the loop it is
# asked for each batch: move the model **once, before the optimizer is made**.
#
# One form for CUDA, MPS (Apple) and others is `torch.accelerator`. The cell also looks for *recordings*, made
# on a machine with a GPU by `benchmarks/gpu_recordings.py`: what the GPU cells show where there is none.


# %%
device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
recordings = [json.loads(file.read_text()) for file in sorted(Path("recordings").glob("*.json"))]
can_pin = device.type in ("cuda", "xpu")  # MPS shares the CPU's memory: nothing to pin
shape = (32, 3, 224, 224)  # of the batch that is sent


def to_device(batch, device: torch.device):
    """Tensors in lists and dicts moved; anything else stays."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {name: to_device(value, device) for name, value in batch.items()}
    return [to_device(value, device) for value in batch] if isinstance(batch, list | tuple) else batch


def on_gpu(topic: str, measure: Callable[[], dict[str, float]]) -> None:
    """Run `measure` on the device; without one, show what was recorded elsewhere."""
    tables = {f"recorded on {one['device']}, {one['date']}": one["results"][topic] for one in recordings}
    if device.type != "cpu":
        tables = {f"measured on {device.type}": measure()}
    for title, table in tables.items():
        print(title, *(f"{name:46} {value:9.3f}" for name, value in table.items()), sep="\n  ")
    if not tables:
        print(f"'{topic}' needs a GPU. There is none here, and no recording of one exists yet.")


# %% [markdown]
# ## 11. What pinning is
#
# The guide calls a loader with `pin_memory=True` a *CUDA DataLoader*. **Question:** is there such a class,
# and does the flag move the loading to the GPU? It also says that pinning means a *fixed address*.
# **Question:** does a tensor's address ever change while it lives? Linux can lock pages without a GPU: half
# of what pinning does.

# %% tags=["claim-13", "claim-14"] figure={"claim-13": "classes", "claim-14": "page-locked"}
import ctypes

with warnings.catch_warnings(action="ignore"):  # no accelerator: told above
    loader = DataLoader(pairs, batch_size=32, pin_memory=True)
    inputs, labels = next(iter(loader))
found = [name for name in dir(torch.utils.data) if "cuda" in name.lower()]
print(f"classes of torch.utils.data with CUDA in their name: {len(found)}; ", end="")
print(f"the loader is a {type(loader).__name__}, its batch lies on the {inputs.device.type}")
print("pinned where there is a CUDA device, and only there:", inputs.is_pinned() == can_pin)


def locked_kb() -> int:
    """Memory of this process that the system must keep in place, kB (Linux)."""
    return int(re.search(r"VmLck:\s*(\d+)", Path("/proc/self/status").read_text())[1])


tensor = torch.zeros(32 * 1024, dtype=torch.uint8)
if sys.platform == "linux":
    address, before = tensor.data_ptr(), locked_kb()
    refused = ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(tensor.nbytes))
    worked = not refused and locked_kb() - before >= 32
    kept_place = tensor.data_ptr() == address
    print(f"a tensor page-locked by hand: {worked}; its address is the same as before: {kept_place}")
if not torch.accelerator.is_available():
    attempt("tensor.pin_memory()", tensor.pin_memory)

# %% [markdown]
# > **Correction.** The guide: a CUDA DataLoader. The machine: the same `DataLoader`; reading, decoding and
# > collating stay on the CPU, and so does the batch, in another kind of memory. You still move it, and only
# > `non_blocking=True` lets the copy overlap with computing.
#
# > **Correction.** The guide: a fixed memory address. The machine: a tensor's address stays the same
# > *anyway*, pinned or not, and nobody chooses it. Pinned means **page-locked**: the system may not swap or
# > move the pages *behind* the address, and the driver knows them. So the device fetches them by itself. From
# > ordinary memory the driver first copies into a pinned buffer of its own, and your program waits. Locked
# > memory is missing elsewhere: pin batches, not datasets.
#
# Without a driver the loader's flag only warns, while `tensor.pin_memory()` **raises**: look at the
# device's type first, as `can_pin` does. (`torch.accelerator.is_available()` is not enough: it is true for MPS,
# which cannot pin.) On a GPU this cell times the ways of one batch; it ends each with `synchronize()`, for a copy
# that was only *ordered* looks endlessly fast.


# %% tags=["nbval-ignore-output"] reason="device: measures on a GPU, else shows recordings"
def copies() -> dict[str, float]:
    """Milliseconds to copy a batch to the device."""
    found = {}
    for dtype in (torch.uint8, torch.float32):
        plain = torch.zeros(shape, dtype=dtype)
        kinds = {"pageable": plain} | ({"pinned": plain.pin_memory()} if can_pin else {})
        for kind, batch in kinds.items():
            times = []
            for _ in range(10):
                begin = time.perf_counter()
                batch.to(device, non_blocking=True)
                ordered = time.perf_counter()
                torch.accelerator.synchronize()
                times.append((time.perf_counter() - begin, ordered - begin))
            there, returned = min(times)
            name = f"{str(dtype)[6:]}, {kind}"
            found[f"{name}: the call returns after, ms"] = 1000 * returned
            found[f"{name}: the copy is there after, ms"] = 1000 * there
    return found


on_gpu("copies", copies)

# %% [markdown]
# ## 12. Copy the next batch meanwhile
#
# A device works through *streams*: queues of orders, to which Python adds without waiting. Orders in one stream
# wait for each other; a copy in a **second** stream runs beside the computing. The class below keeps one batch
# ahead. **Question:** which line
# keeps the model from reading a batch that has not arrived?


# %%
class Prefetcher:
    """The loader's batches (lists of tensors) on `device`; the next is copied while you use this one."""

    def __init__(self, loader, device: torch.device) -> None:
        self.loader, self.device = loader, device
        self.stream = torch.Stream(device) if device.type in ("cuda", "xpu") else None

    def _send(self, batch):
        if self.stream is None or batch is None:
            return to_device(batch, self.device)
        with self.stream:  # orders from here on go into the second queue
            return to_device(batch, self.device)

    def __iter__(self) -> Iterator:
        batches = iter(self.loader)
        coming = self._send(next(batches, None))
        while coming is not None:
            if self.stream is not None:
                main = torch.accelerator.current_stream(self.device)
                main.wait_stream(self.stream)  # the model's queue waits for the copy
                for tensor in coming:
                    tensor.record_stream(main)  # its memory stays until the model is done with it
            now, coming = coming, self._send(next(batches, None))
            yield now


# %%
loader, cpu = DataLoader(pairs, batch_size=10), torch.device("cpu")
same = [all(map(torch.equal, *both)) for both in zip(loader, Prefetcher(loader, cpu), strict=True)]
print(f"on the CPU: {len(same)} batches, the same as the loader's: {all(same)}")
asked = []
watched = (asked.append(n) or [torch.tensor(n)] for n in range(5))
first = next(iter(Prefetcher(watched, cpu)))
print(f"asked for after one batch: {len(asked)}, so one is ahead")

# The whole loop, for CUDA, MPS and CPU:
loader = DataLoader(pairs, batch_size=32, pin_memory=can_pin)
model = torch.nn.Linear(4, 2).to(device)  # once, before the optimizer
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for inputs, labels in Prefetcher(loader, device):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(inputs), labels.long()).backward()
    optimizer.step()
print("model and batch on the same device:", next(model.parameters()).device == inputs.device)


# %% tags=["nbval-ignore-output"] reason="device: measures on a GPU, else shows recordings"
def overlap() -> dict[str, float]:
    """Milliseconds for each batch: computed on alone; copied and computed on, in turns or side by side."""
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 7, 2), torch.nn.Conv2d(64, 128, 3)).to(device)
    batches = [[torch.rand(shape).pin_memory() if can_pin else torch.rand(shape)] for _ in range(20)]
    there = [to_device(batches[0], device)] * len(batches)
    ways = {
        "computed on alone, ms": lambda: there,
        "copied in the loop, ms": lambda: (to_device(batch, device) for batch in batches),
        "copied ahead by the prefetcher, ms": lambda: Prefetcher(batches, device),
    }

    def run(sent) -> None:
        with torch.no_grad():
            for (inputs,) in sent:
                net(inputs)
        torch.accelerator.synchronize()

    return {name: 1000 * seconds(lambda way=way: run(way())) / len(batches) for name, way in ways.items()}


on_gpu("overlap", overlap)

# %% [markdown]
# **What happened.** `wait_stream` puts the wait into the *device's* queue; Python runs on. All this needs
# three things together: pinned memory, `non_blocking=True`, and a second stream. Without pinning the copy
# blocks; without the stream it queues behind the last step. On the CPU the class simply passes batches on.
#
# **Trap:** `non_blocking=True` in the *other* direction. `loss.to("cpu", non_blocking=True)` may be read
# before it arrived: synchronize first, or let `.item()` wait for you, every 50 steps and not each.
#
# ## 13. Bytes over the bus
#
# The guide: augment on the GPU, and far less has to travel. **Question:** a batch of 32 photos, 3 × 224 ×
# 224, as float32. How many MB?

# %%
predict("08.p2", ...)

# %% tags=["claim-16"] figure="over the bus"
chance = torch.Generator().manual_seed(seed)
as_bytes = torch.randint(0, 256, shape, dtype=torch.uint8, generator=chance)
on_cpu = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.25] * 3)])
as_floats = torch.stack([on_cpu(photo) for photo in as_bytes])  # normalised by the workers
there = on_cpu(as_bytes.to(device)).cpu()  # sent as bytes, normalised on the device
mb = {"uint8": as_bytes.nbytes / 1e6, "float32": as_floats.nbytes / 1e6}
print(f"over the bus for each batch: {mb['uint8']:.1f} MB as uint8, {mb['float32']:.1f} MB as float32")
print(f"largest difference after normalising here or there: {(as_floats - there).abs().max():.1g}")
predict("08.p2").reveal(round(mb["float32"], 1))

# %% [markdown]
# > **Correction.** The guide: augmenting on the GPU cuts the transfer. The machine: **what** you send
# > decides, not where you augment. uint8 is a quarter of float32. Convert and normalise on the device, and
# > the same batch costs a quarter of the bus, and of the queue between worker and notebook. Moving the
# > augmentation only moves the *computing*. (Smaller still: send the JPEG itself, and decode on the device;
# > DALI and torchcodec can.)
#
# **Trap.** On the device you transform a whole batch. **Question:** `RandomHorizontalFlip(p=0.5)` on a batch
# of 32. How many photos are flipped?

# %%
torch.manual_seed(seed)
flip = v2.RandomHorizontalFlip(p=0.5)
small = as_bytes[..., :8].clone()


def flipped(batch: torch.Tensor) -> int:
    return sum(not torch.equal(one, old) for one, old in zip(batch, small))


def flip_each(batch: torch.Tensor) -> torch.Tensor:
    """Each photo flipped with probability 0.5, on whatever device the batch is."""
    chosen = torch.rand(len(batch), device=batch.device) < 0.5
    return torch.where(chosen[:, None, None, None], batch.flip(-1), batch)


print("transform on the batch, eight times:", [flipped(flip(small)) for _ in range(8)])
print("a choice for each photo:            ", [flipped(flip_each(small)) for _ in range(8)])

# %% [markdown]
# **What happened.** A transform of v2 rolls its dice **once for each call**. In a dataset a call is a photo;
# on a batch it is 32 photos, flipped all or none. Write the choice per photo (`torch.where`), or keep random
# transforms in the workers and do the fixed ones on the device.
#
# ## 14. Half the bits: AMP
#
# *Automatic mixed precision* ([AMP](pages/glossary.ipynb#AMP)) computes matrix products in 16 bits: less memory,
# faster on devices made for it.
# The CPU can show the arithmetic. **Question:** what becomes of a gradient of 1e-8 in float16, and in
# bfloat16?


# %%
def train_step(model: torch.nn.Module, batch: torch.Tensor, amp: bool) -> torch.Tensor:
    """Forward in float32 or in bfloat16, backward; returns the output."""
    with torch.autocast(batch.device.type, dtype=torch.bfloat16, enabled=amp):
        output = model(batch)
    output.float().square().mean().backward()
    return output.detach()


torch.manual_seed(seed)
net = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
inputs = torch.randn(256, 64)
low, exact = train_step(net, inputs, amp=True), train_step(net, inputs, amp=False)
print("weights:", net[0].weight.dtype, "| output under autocast:", low.dtype)
off = ((low - exact).abs().max() / exact.abs().max()).item()
print("off from float32 by 0.1 to 2 % of the largest output:", 0.001 < off < 0.02)
print("gradients:", net[0].weight.grad.dtype)
for dtype in (torch.float16, torch.bfloat16):
    tiny, many = torch.tensor(1e-8).to(dtype), torch.tensor(70_000.0).to(dtype)
    near = torch.tensor(1.001).to(dtype)
    print(f"{str(dtype)[6:]:8} 1e-8 -> {tiny:.0e}, 70,000 -> {many.item():,.0f}, 1.001 -> {near.item():.4f}")
scale = 2.0**16
print(f"float16, scaled by 2**16 first: 1e-8 -> {(torch.tensor(1e-8) * scale).half().float() / scale:.0e}")


# %% tags=["nbval-ignore-output"] reason="device: measures on a GPU, else shows recordings"
def on_device() -> dict[str, float]:
    """Milliseconds until a normalised batch is there, by two ways; and for a step, by two or three."""
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 7, 2), torch.nn.Conv2d(64, 128, 3)).to(device)
    batch = torch.rand(shape, device=device)

    def sent(batch: torch.Tensor) -> torch.Tensor:
        return (batch.pin_memory() if can_pin else batch).to(device, non_blocking=True)

    def timed(way: Callable[[], object]) -> float:
        return 1000 * seconds(lambda: (way(), torch.accelerator.synchronize()), 5)

    table = {
        "normalised on the CPU, float32 sent, ms": timed(lambda: sent(on_cpu(as_bytes))),
        "uint8 sent, normalised on the device, ms": timed(lambda: on_cpu(sent(as_bytes))),
        "training step in float32, ms": timed(lambda: train_step(net, batch, False)),
        "training step with bfloat16, ms": timed(lambda: train_step(net, batch, True)),
    }
    if device.type == "cuda":  # needs Triton; the first call compiles, and is not the fastest
        fast = torch.compile(net)
        table["training step, compiled, ms"] = timed(lambda: train_step(fast, batch, False))
    return table


on_gpu("on the device", on_device)

# %% [markdown]
# **What happened.** Weights and gradients stay float32; only the products inside ran in 16 bits. float16 has
# a small *range*: small gradients become 0, large values infinite. So it needs a `GradScaler`, which
# multiplies the loss before `backward()` and divides the gradients after. bfloat16 has float32's range and
# fewer digits: no scaler.
#
# `torch.compile(model)` joins operations into fewer kernels. It needs a C++ compiler (CPU) or Triton (CUDA),
# and the first steps are slow; a new batch shape compiles again, so `drop_last=True` or fixed sizes help.
# First make sure that the device is not waiting for data: a faster model would only wait more.
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("08.1")` helps, each call a little more;
# `solution("08.1")` shows an answer.


# %% tags=["exercise"]
@exercise("08.1")
class CachedDataset(Dataset):
    def __init__(self, source: Dataset, augment: Callable) -> None:
        # your code instead of the three dots, here and below
        ...

    def __len__(self) -> int:
        # how many?
        ...

    def __getitem__(self, i: int) -> torch.Tensor:
        # which one?
        ...


# %% tags=["exercise"]
@exercise("08.2")
def cache_name(contents: list[bytes], recipe: dict[str, int]) -> str:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("08.3")
def write_whole(path: Path, chunks: Iterator[bytes]) -> None:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("08.4")
def share_computing(load: float, step: float, workers: int) -> float:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("08.5")
def bytes_to_send(batch: object) -> int:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("08.q1", "b")`.

# %%
quiz("08.q1")

# %%
quiz("08.q2")

# %%
quiz("08.q3")

# %%
quiz("08.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | Dictionary cache with workers | no hits, or memory × workers | shared tensor, mapped file |
# | Cache after the augmentation | the loss falls, validation does not | cache before it |
# | A kept tensor changed in place | photos get darker with each epoch | copy, or transforms that copy |
# | "The file is there" | old or half data after a change | hash in the name, rename at the end |
# | JPEG or float16 as "lossless" | small errors everywhere | ratio and largest change |
# | Large `prefetch_factor` for speed | more memory, same speed | more workers, or less work |
# | `.cuda()` on a batch | AttributeError: list | move each tensor |
# | Pinning the whole dataset | the system runs short of memory | pin batches |
# | `non_blocking` without pinning | no overlap | `pin_memory=True` too |
# | Timing without `synchronize()` | wonderful numbers | synchronize, then stop the clock |
# | Random transform on a batch | all flipped or none | a choice for each photo |
#
# ## Which one?
#
# | Your data | Take |
# |---|---|
# | decoded, fits into memory, cheap transforms | one tensor, no workers |
# | decoded, fits, dear augmentation | shared tensor, workers |
# | decoded, larger than memory, or several runs | mapped file, checked |
# | huge, on a network | shards (chapter 09), lossless or JPEG, read ahead |
# | the device waits | section 8, then the lab |
#
# ## Summary
#
# - Keep what is the same in each epoch. Each worker has its own dictionary; a shared tensor or a mapped file is one.
# - A cache file: whole or not there, named by content and recipe, checked.
# - Processes read ahead. A model of the pipeline says where a second goes, if its times are measured.
# - Pinned means page-locked. Overlap needs pinned memory, `non_blocking` and a stream. Send uint8.
#
# ## Next
#
# [Chapter 09: distributed data](09_distributed.ipynb), when one machine is not enough.
