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
# # 10d The speed ladder
#
# The guide promises fast data loading. Here we keep the promise, one measured step after another: from the guide's
# own code to the limit of the machine. Each **rung** of the ladder adds one idea. Each rung is timed against the
# guide's code, turn about, so that a slow minute of the machine meets both. And each rung must deliver the **same
# pixels**: a loader that is fast because it does something else is no faster.
#
# **After this chapter you can**
#
# - say which step of a loader to attack next, and how much it can bring,
# - decode, resize and normalise JPEGs several times as fast as the usual code, on the same cores,
# - build a [cache](pages/glossary.ipynb#cache) of decoded photos that makes every later epoch dozens of times as
#   fast,
# - write a [fused kernel](pages/glossary.ipynb#fused-kernel), and say why it wins,
# - tell when workers make a loader *slower*, and why,
# - augment a whole batch with draws of its own for each photo,
# - take the pipeline home and use it on your own photos.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | `Dataset`, `DataLoader`, workers | needed | chapter 02 |
# | Caches, memory maps | helpful | chapter 08 |
# | How to measure a loader | helpful | chapter 10c |
# | Transforms v2, random augmentation | helpful | chapters 03, 05 |
#
# **Time:** 75 minutes to read and try. The cells alone run for about a minute on two processor cores. New words
# are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import json
import tempfile
import timeit
from pathlib import Path

import matplotlib.pyplot as plt
import numba
import numpy as np
import pandas as pd
import psutil
import simplejpeg
import torch
from IPython.display import display
from PIL import Image
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms
from torchvision.transforms import v2

from dpwidgets import exercise, palette, portable, predict, quiz, samples, show, use_style
from dpwidgets.prep.caching.array_cache import cached_array, content_key
from dpwidgets.prep.fast import DecodedBatches, InThreads, JpegBatches, as_it_is, augment_batch, draw
from dpwidgets.prep.ladder import Ladder
from dpwidgets.prep.parameters import Folder, Integer, ParameterError, check_parameters

# %% tags=["parameters"]
data_dir = None  # your own photos, one folder for each class; None takes the sample photos
photos = 128  # how many of them each rung loads, 32 to 100,000
rounds = 1  # turns of each rung, 1 to 100; more give steadier ratios
size = 224  # height and width of what is delivered, pixels, 32 to 1,024
batch_size = 32  # photos in a batch, 2 to 1,024
workers = 2  # worker processes, 1 to 64
seed = 0  # start of chance, 0 to 1,000,000

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True, visible=True),
    photos=Integer(32, 100_000),
    rounds=Integer(1, 100),
    size=Integer(32, 1024),
    batch_size=Integer(2, 1024),
    workers=Integer(1, 64),
    seed=Integer(0, 1_000_000),
)
use_style()
torch.manual_seed(seed)
scratch = tempfile.TemporaryDirectory()

# %% [markdown]
# ## 1. The start
#
# This is the guide's code (its sections 2.3.1 and 5.1.1) with its errors mended and nothing else changed: PIL opens
# and decodes, `Resize((224, 224))`, `ToTensor`, `Normalize`; no workers. `chosen` spreads the photos evenly over
# the classes.

# %% tags=["rung"]
root = Path(data_dir).expanduser() if data_dir else samples.photos()
found = datasets.ImageFolder(str(root)).samples
if len(found) < 32:
    raise ParameterError(
        f"data_dir = {data_dir!r} holds {len(found)} pictures; this chapter needs 32 or more"
    )
need = 2 * min(photos, len(found)) * 3 * size**2
if need > 0.8 * psutil.virtual_memory().available:
    raise ParameterError(f"photos = {photos}, size = {size}: the caches need {need / 1e9:.0f} GB; take less")
chosen = np.linspace(0, len(found) - 1, min(photos, len(found))).astype(int).tolist()
paths = [found[i][0] for i in chosen]
labels = torch.tensor([found[i][1] for i in chosen])
print(f"{len(paths):,} photos of {len(found):,}, {len(set(labels.tolist()))} classes")

# %% tags=["rung"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
finish = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])  # from section 3 on


def guide() -> DataLoader:
    steps = transforms.Compose(
        [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    return DataLoader(Subset(datasets.ImageFolder(str(root), transform=steps), chosen), batch_size)


# %% [markdown]
# `Ladder` is our instrument. `measure` makes the loader, runs two epochs in which it watches memory and who works
# when, then takes times: the guide, the rung, the guide again. It prints nothing: the tables come after sections 6,
# 10 and 13, and `ladder.table()` in a cell of your own shows at any time how far you are.
#
# **Guess:** how many times as fast can a loader get that delivers the same float32 batches to the same two cores,
# once its photos are cached?

# %%
predict("10d.p1", ...)

# %% tags=["rung"]
ladder = Ladder(rounds)
rung = ladder.measure("the guide's code", guide)

# %% [markdown]
# ## 2. Workers, kept
#
# The first idea is everybody's first idea: `num_workers`. The [workers](pages/glossary.ipynb#worker) are kept
# between epochs ([persistent_workers](pages/glossary.ipynb#persistent_workers)), or each epoch pays for starting
# them. **Question:** two workers on two cores, is that twice the speed?


# %% tags=["rung"]
def with_workers() -> DataLoader:
    return DataLoader(guide().dataset, batch_size, num_workers=workers, persistent_workers=True)


rung = ladder.measure("workers, kept", with_workers)

# %% [markdown]
# **What happened.** Less than twice the speed (the table after section 6). The guide's code was not quite alone on
# its core: torch already used both for a part of the work. And each worker has to send its batch, 19 MB of floats.
#
# ## 3. uint8 for longer
#
# PIL's picture becomes an array, then a tensor, then floats, each step a copy. `simplejpeg` calls libjpeg-turbo,
# which decodes into an array that a tensor can share; torchvision resizes uint8 with vector instructions (one works
# on many numbers at once); floats come last. `portable` (chapter 02) lets workers use a class that a cell defines.
# (torchvision has decoders too: deprecated since 0.29, torchcodec takes their place. Chapter 05 calls it.)


# %% tags=["rung"]
class TensorPhotos(Dataset):
    """uint8 to the end: decode, resize, then floats. `smaller`: how small the decoder may make it."""

    def __init__(self, finish=None, **smaller: int) -> None:
        self.finish, self.smaller = finish, smaller

    def __len__(self) -> int:
        return len(paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        try:
            pixels = simplejpeg.decode_jpeg(Path(paths[i]).read_bytes(), **self.smaller)
        except ValueError:  # no JPEG
            pixels = np.array(Image.open(paths[i]).convert("RGB"))
        pixels = torch.from_numpy(pixels).permute(2, 0, 1)
        pixels = v2.functional.resize(pixels, [size, size], antialias=True)
        return (self.finish(pixels) if self.finish else pixels), labels[i]


def uint8_decode() -> DataLoader:
    dataset = portable(TensorPhotos(finish))
    return DataLoader(dataset, batch_size, num_workers=workers, persistent_workers=True)


rung = ladder.measure("uint8 decode and v2", uint8_decode)

# %% [markdown]
# ## 4. Decode less
#
# A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size: the decoder leaves out what a small picture does not show.
# Never below the size that you want. (`min_factor=2`: by half at least, or not at all.) **Question:** what does that
# bring for a photo of 12 megapixels, and what for ours?


# %% tags=["rung"]
smaller = {"min_height": size, "min_width": size, "min_factor": 2}


def reduced_decode() -> DataLoader:
    dataset = portable(TensorPhotos(finish, **smaller))
    return DataLoader(dataset, batch_size, num_workers=workers, persistent_workers=True)


rung = ladder.measure("reduced decode", reduced_decode)

# %%
large = v2.functional.resize(TensorPhotos()[0][0], [3000, 4000])
large = simplejpeg.encode_jpeg(large.permute(1, 2, 0).contiguous().numpy(), quality=90)
for edge in (224, 512, 1600):
    shape = simplejpeg.decode_jpeg(large, min_height=edge, min_width=edge, min_factor=2).shape
    print(f"12 megapixels for {edge:>5} x {edge:<5} decoded as {shape[1]} x {shape[0]}")

# %% [markdown]
# **What happened.** A large photo gains, in decoding and once more in resizing: the line above the next table says
# how much. Our sample photos are 400 x 300: half of that would be too small for 224, so they are decoded whole.
#
# ## 5. Normalise the batch, not the photo
#
# `ToDtype` and `Normalize` run once for each photo, in Python. On a batch they run once for 32. And if they run
# **after** the workers, those send uint8: a quarter of the bytes.


# %% tags=["rung"]
class Finished:
    """A loader whose batches of uint8 become floats, here in the notebook's process."""

    def __init__(self, loader, finish) -> None:
        self.loader, self.finish = loader, finish

    def __iter__(self):
        return ((self.finish(images), labels) for images, labels in self.loader)


def batch_normalised() -> Finished:
    dataset = portable(TensorPhotos(**smaller))
    loader = DataLoader(dataset, batch_size, num_workers=workers, persistent_workers=True)
    return Finished(loader, finish)


rung = ladder.measure("normalised as a batch", batch_normalised)
for dtype in (torch.float32, torch.uint8):
    each = torch.empty(batch_size, 3, size, size, dtype=dtype)
    print(f"a batch of {dtype!s:14} {each.nbytes / 1e6:5.1f} MB to send")


# %% [markdown]
# ## 6. Threads instead of processes
#
# Workers are processes because Python code holds a lock, the [GIL](pages/glossary.ipynb#GIL). But decoders, resizers
# and kernels (small compiled loops: section 11 has one) are compiled, and they **let go of the lock** while they
# work. Then threads do what processes do, and have nothing to send: they write into memory that the notebook sees.
#
# `InThreads` takes a plain `DataLoader` and lets threads make its batches, in its order. `JpegBatches` makes a whole
# batch in one call (`__getitems__`), with a decoder, a resizer and a kernel that all let go; Pillow takes what is no
# JPEG. So the [collate_fn](pages/glossary.ipynb#collate_fn) has nothing to do: `as_it_is` returns what it gets.
# (`JpegBatches` decodes photos whole. If yours have 12 megapixels, add the idea of section 4.)


# %% tags=["rung"]
def in_threads() -> InThreads:
    return InThreads(DataLoader(JpegBatches(paths, labels, size), batch_size, collate_fn=as_it_is), workers)


rung = ladder.measure("threads", in_threads)


# %% tags=["nbval-ignore-output"] reason="timing"
def decoded_large(**reduce) -> torch.Tensor:
    pixels = torch.from_numpy(simplejpeg.decode_jpeg(large, **reduce)).permute(2, 0, 1)
    return v2.functional.resize(pixels, [224, 224], antialias=True)


reduce = {"min_height": 224, "min_width": 224, "min_factor": 2}
whole, small = (
    min(timeit.repeat(lambda how=how: decoded_large(**how), number=1, repeat=3)) for how in ({}, reduce)
)
print(f"12 megapixels to 224 x 224: by way of 1/8 {whole / small:.1f} times as fast")
ladder.table()

# %% [markdown]
# **What happened.** Normalising the batch may bring nothing on two cores, or even cost: `finish` now runs in the
# notebook's process, beside two busy workers. In the record of section 15 it gained, with a wide spread. Threads are
# the fastest **first** pass of this chapter. Half of what is left is decoding (the race of section 15 measures that
# limit), most of the rest is resizing. Smaller JPEGs or more cores could help. And: not doing it again.
#
# ## 7. Decode once: a cache in memory
#
# Decoding and resizing give the same pixels in each epoch. Keep them, as uint8: 150 kB a photo instead of 602.
# The random part of a training pipeline comes after (section 12), or it would be frozen (chapter 08).


# %% tags=["rung"]
def decoded():
    loader = DataLoader(TensorPhotos(**smaller), batch_size, collate_fn=list)
    return (pixels.contiguous().numpy() for batch in InThreads(loader, workers) for pixels, _ in batch)


class CachedPhotos(Dataset):
    """Decoded photos, one at a time."""

    def __init__(self, store: np.ndarray) -> None:
        self.store = torch.from_numpy(store)

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.store[i], labels[i]


def in_memory() -> Finished:
    return Finished(DataLoader(CachedPhotos(np.stack(list(decoded()))), batch_size), finish)


rung = ladder.measure("cache in memory", in_memory)

# %% [markdown]
# ## 8. The cache on disk
#
# Memory is lost with the process, and may be too small. A [**memory map**](pages/glossary.ipynb#memory-map) is a file
# that looks like an array: the system reads its pages (pieces of 4 kB) when they are touched, keeps them while there
# is room, shares them among processes. So the memory is bounded by what the system can spare, not by the number of
# photos. `cached_array` writes the file whole or not at all, names it by the content of the photos, and checks it
# when it is opened (chapter 08). **Question:** is it slower than the cache in memory?


# %% tags=["rung"]
def disk_cache() -> np.ndarray:
    key = content_key([Path(path) for path in paths], f"RGB, bilinear, {size}")
    made = decoded()
    file = cached_array(Path(scratch.name), key, len(paths), lambda i: next(made)).path
    return np.load(file, mmap_mode="c")  # "c": torch may wrap it; what is written stays in memory


def on_disk() -> Finished:
    return Finished(DataLoader(CachedPhotos(disk_cache()), batch_size), finish)


rung = ladder.measure("cache on disk", on_disk)

# %% [markdown]
# ## 9. A batch in one call
#
# 32 calls of `__getitem__` and a `collate_fn` that stacks 32 tensors: Python again, and a copy. A dataset with
# `__getitems__` gets all indices of the batch at once, and indexing takes all of its photos in one go. **Question:**
# what is this worth, while `finish` still makes floats and normalises in several passes?


# %% tags=["rung"]
class CachedBatches(CachedPhotos):
    """Decoded photos, a batch at a time."""

    def __getitems__(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        return self.store[indices], labels[indices]


def whole_batches() -> Finished:
    return Finished(DataLoader(CachedBatches(disk_cache()), batch_size, collate_fn=as_it_is), finish)


rung = ladder.measure("__getitems__", whole_batches)

# %% [markdown]
# ## 10. Why workers now make it slower
#
# The loader is fast now. Two more processes should make it faster still. **Guess**, then run.

# %%
predict("10d.p2", ...)


# %% tags=["rung"]
def batches_from_workers() -> Finished:
    options = {"num_workers": workers, "persistent_workers": True, "collate_fn": portable(as_it_is)}
    return Finished(DataLoader(portable(CachedBatches(disk_cache())), batch_size, **options), finish)


rung = ladder.measure("the same from workers", batches_from_workers)

# %% tags=["nbval-ignore-output"] reason="timing"
display(predict("10d.p2").reveal("faster" if rung.times_before > 1 else "slower"))
ladder.table().tail(4)

# %% [markdown]
# **What happened.** From the disk is about as fast as from memory: the file's pages *are* in memory, once they were
# touched. `__getitems__` alone brought nothing, or even a little less: fetching the photos never took long, the passes of `finish`
# do (section 11 takes them on, and needs whole batches).
#
# And the workers? A batch now takes a few milliseconds to make. A worker writes it into shared memory, sends a
# note, and the notebook maps that memory, page by page, and lets go of it again: that takes longer than making it.
# Workers pay when a batch is **dear to make and cheap to send**. After a cache it is the other way round.
#
# > **Correction.** The guide (5.3.2) advises more loading threads, meaning `num_workers`, without asking what the
# > loader waits for. The machine: on this ladder workers help while photos are decoded, and hurt as soon as they are
# > not. Measure both ends.
#
# ## 11. Once over the memory
#
# Count how often the pixels of a batch travel now: picking the photos out of the store reads and writes uint8;
# `ToDtype` reads them and writes floats, four times the bytes; `Normalize` reads and writes floats, twice. Each time
# the 19 MB are too large for the processor's own cache. And each new batch is fresh memory, which the system hands
# out page by page.
#
# First in **plain torch**: buffers that are used again need no fresh memory. Operations in place, and
# `(pixel / 255 - mean) / std` as one multiplication and one addition, save passes. **Question:** what does a buffer
# that is used again mean for who keeps a batch?


# %% tags=["rung"]
class InPlace:
    """Gathers, scales and shifts into two buffers that are used in turn."""

    def __init__(self, store: np.ndarray) -> None:
        self.store, spread = torch.from_numpy(store), torch.tensor(STD).view(3, 1, 1)
        self.scale, self.shift = 1 / (255 * spread), -torch.tensor(MEAN).view(3, 1, 1) / spread
        self.loader = DataLoader(range(len(store)), batch_size, collate_fn=torch.tensor)
        self.raw = torch.empty(batch_size, *store.shape[1:], dtype=torch.uint8)
        self.buffers = [torch.empty(batch_size, *store.shape[1:]) for _ in range(2)]

    def __iter__(self):
        for number, rows in enumerate(self.loader):
            raw, out = self.raw[: len(rows)], self.buffers[number % 2][: len(rows)]
            torch.index_select(self.store, 0, rows, out=raw)
            torch.add(self.shift, out.copy_(raw).mul_(self.scale), out=out)
            yield out, labels[rows]


def reused_buffers() -> InPlace:
    return InPlace(disk_cache())


rung = ladder.measure("plain torch, buffers used again", reused_buffers)

# %% [markdown]
# **What it costs.** The batch that you got is overwritten two batches later. Who keeps batches (a list, a plot at
# the end) keeps wrong ones, and no error says so. `BufferPool` in the next rung is safe: it uses memory again only
# when nobody holds it any more.
#
# Now all in one: a **fused kernel** reads each pixel once, scales and shifts it in a register (inside the processor),
# writes it once. In Python that loop would take seconds for each batch; numba compiles it to machine code. This is
# all of it:


# %%
@numba.njit(nogil=True)  # nogil: it lets go of Python's lock, so threads may run it side by side
def normalize_rows(store, rows, scale, shift, out):
    """store: uint8 (N, 3, pixels); rows: (B,); scale, shift: float32 (3,); out: float32 (B, 3, pixels)."""
    for k in range(rows.shape[0]):
        for c in range(3):
            for p in range(store.shape[2]):
                out[k, c, p] = store[rows[k], c, p] * scale[c] + shift[c]


store = np.stack(list(decoded())).reshape(len(paths), 3, -1)
scale = np.array([1 / (255 * s) for s in STD], np.float32)
shift = np.array([-m / s for m, s in zip(MEAN, STD)], np.float32)
out = np.empty((4, 3, store.shape[2]), np.float32)
normalize_rows(store, np.array([3, 1, 2, 0]), scale, shift, out)
wanted = finish(torch.from_numpy(store[[3, 1, 2, 0]]).unflatten(2, (size, size))).flatten(2)
print("largest difference from v2:", f"{np.abs(out - wanted.numpy()).max():.0e}")


# %% [markdown]
# **What happened.** The same numbers as `v2`'s, but for the last digit of a float. `DecodedBatches` is that kernel as
# a dataset: `__getitems__` takes memory from a `BufferPool` and lets the kernel fill it. It works with a plain
# `DataLoader`, and `InThreads` adds the second core.


# %% tags=["rung"]
def fused() -> DataLoader:
    return DataLoader(DecodedBatches(disk_cache(), labels), batch_size, collate_fn=as_it_is)


def fused_in_threads() -> InThreads:
    return InThreads(fused(), workers)


rung = ladder.measure("fused kernel", fused)
rung = ladder.measure("fused kernel in threads", fused_in_threads)

# %% [markdown]
# ## 12. Training: draws for each photo, work on the batch
#
# A training pipeline flips, turns and colours each photo anew. In the guide (5.2.1) that is PIL, one photo at a time,
# and the hue is the dearest step: to HSV and back. Our steps start from the cache, and draw for the **whole batch at
# once**: one flip, angle, four colour factors and an order of the four colour steps **for each photo**. First in
# plain torch, then in a kernel that makes each photo in one go, while it is in the processor's cache.


# %% tags=["rung"]
def guide_training() -> DataLoader:
    steps = [transforms.Resize((size, size)), transforms.RandomHorizontalFlip()]
    steps += [transforms.RandomRotation(10), transforms.ColorJitter(0.2, 0.2, 0.2, hue=0.1)]
    steps += [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    folder = datasets.ImageFolder(str(root), transform=transforms.Compose(steps))
    return DataLoader(Subset(folder, chosen), batch_size)


def training_on_the_batch() -> Finished:
    normalize = v2.Normalize(MEAN, STD)
    loader = whole_batches().loader
    return Finished(loader, lambda images: normalize(augment_batch(images, draw(len(images)))))


def fused_training() -> InThreads:
    loader = DataLoader(DecodedBatches(disk_cache(), labels, draw), batch_size, collate_fn=as_it_is)
    return InThreads(loader, workers)


training = Ladder(rounds)
rung = training.measure("the guide's training code", guide_training)
rung = training.measure("cache, batch in plain torch", training_on_the_batch)
rung = training.measure("cache, fused kernel in threads", fused_training)

# %% [markdown]
# Are these the guide's transforms? Here are pictures of our batch beside torchvision's, photo by photo, with the
# **same draws**. (The unit tests of this workbook compare the kernel, too, for three sets of pictures.)

# %%
functional = v2.functional
steps = [functional.adjust_brightness, functional.adjust_contrast]
steps += [functional.adjust_saturation, functional.adjust_hue]
four = whole_batches().loader.dataset.store[: 4 * (len(paths) // 4) : len(paths) // 4]
draws = draw(4, torch.Generator().manual_seed(seed))
ours = augment_batch(four, draws)
theirs = []
for k, image in enumerate(four):
    image = functional.horizontal_flip(image) if draws.flip[k] else image
    image = functional.rotate(image, draws.angle[k].item()).float() / 255
    for step in draws.order[k].tolist():
        image = steps[step](image, draws.factors[k, step].item())
    theirs.append(image)
off = 255 * (ours - torch.stack(theirs)).abs()
share = (off >= 1).float().mean()
print(f"mean difference {off.mean():.2f} levels, pixels that differ by a level or more: {share:.2%}")
fig, axes = plt.subplots(3, 4, figsize=(7, 5.2))
for row, (name, images) in zip(axes, {"decoded": four, "torchvision": theirs, "batch": ours}.items()):
    row[0].set_ylabel(name)
    for ax, image in zip(row, images):
        ax.imshow(image.permute(1, 2, 0).clamp(0, 255))
        ax.set(xticks=[], yticks=[])
show(fig, alt="Four photos decoded, augmented by torchvision, by the batch: the last two rows agree.")

# %% [markdown]
# **What happened.** The same pictures, up to rounding, and each photo has a draw of its own. A v2 transform that is
# given a batch draws *once* for all of it (exercise 6).
#
# ## 13. The whole ladder
#
# Left: times the guide's code, on a scale where each line is ten times the one before. Right: who makes a batch
# when, in the first moments of an epoch. Each row is a worker or a thread, each block a batch.


# %% tags=["nbval-ignore-output"] reason="timing"
def draw_ladder(rungs, window):
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 0.36 * len(rungs) + 1), width_ratios=[1, 1.2])
    times = [rung.times_start for rung in rungs]
    left.barh(range(len(rungs)), times, color=palette.BLUE)
    left.set(xscale="log", xlabel="times the guide's code", xlim=(0.5, 4 * max(times)))
    left.set_xticks([1, 10, 100], ["1", "10", "100"])
    left.set_yticks(range(len(rungs)), [rung.name for rung in rungs])
    for y, rung in enumerate(rungs):
        left.text(1.1 * rung.times_start, y, f"{rung.times_start:.1f}", va="center", fontsize=8)
        makers = 1 + max(maker for maker, _, _ in rung.spans)
        for maker in range(makers):
            spans = [(begin, end - begin) for who, begin, end in rung.spans if who == maker]
            row = (y - 0.4 + 0.8 * maker / makers, 0.7 / makers)
            right.broken_barh(spans, row, edgecolor="black", linewidth=0.5, facecolor=palette.ORANGE)
    right.set(xlabel="seconds", xlim=(0, window), yticks=[], title="one block: one batch")
    left.set_ylim(len(rungs) - 0.4, -0.6)
    right.set_ylim(len(rungs) - 0.4, -0.6)
    return fig


fastest = max(ladder.rungs, key=lambda rung: rung.times_start)
told = "; ".join(f"{rung.name} {rung.times_start:.1f}" for rung in ladder.rungs)
display(ladder.table(), training.table(), predict("10d.p1").reveal(round(fastest.times_start)))
window = 2.5 * ladder.rungs[0].spans[0][2]  # as long as the guide's code takes for two or three batches
show(draw_ladder(ladder.rungs, window), alt=f"The ladder, times the guide's code: {told}.")

# %% [markdown]
# **What happened.** The rows of the workers begin late: that is their start. Gaps are time in which a maker waits, in
# the cache's rungs for `finish`, which works in the notebook's process. The blocks of the last rungs are hardly wider
# than a line.
#
# ### The same pixels?
#
# Each rung's first batch against the guide's, in levels of 0 to 255. PIL and torch resize with the same triangular
# filter and round differently, so a difference below one level is resampling. A shift of all pixels would be another
# normalisation. We allow a mean difference of 3 levels and a shift of 0.5.

# %%
rungs = [with_workers, uint8_decode, reduced_decode, batch_normalised, in_threads, in_memory, on_disk]
rungs += [whole_batches, batches_from_workers, reused_buffers, fused, fused_in_threads]
levels = 255 * torch.tensor(STD).view(3, 1, 1)


def first_batch(make) -> torch.Tensor:
    for images, _ in make():
        return images * levels


reference = first_batch(guide)
differ = {make.__name__: first_batch(make) - reference for make in rungs}
same = pd.DataFrame(
    {
        "mean difference": {name: off.abs().mean().item() for name, off in differ.items()},
        "mean shift": {name: off.mean(dim=(0, 2, 3)).abs().max().item() for name, off in differ.items()},
    }
)
print(
    "all rungs within 3 and 0.5:",
    bool((same["mean difference"] < 3).all() and (same["mean shift"] < 0.5).all()),
)
same.round(2)

# %% [markdown]
# **What happened.** Where photos are decoded whole, on average no rung is off by more than a few hundredths of a
# level: the same pixels. A reduced decode may differ by a level or more.
#
# ## 14. On to the device
#
# Where there is a GPU, one thing more changes hands: send **uint8**, a quarter of the bytes, and let the device make
# floats, augment and normalise. `augment_batch` is plain torch, so it runs there as it is. Chapter 08 has the copy
# that does not wait (`pin_memory`, `non_blocking`).

# %%
device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
batch = four.to(device, non_blocking=True)
finished = v2.functional.normalize(augment_batch(batch, draw(len(batch))), MEAN, STD)
ratio = finished.nbytes / batch.nbytes
print(f"{tuple(finished.shape)} {finished.dtype}: {ratio:.0f} times the bytes that were sent")

# %% [markdown]
# ## 15. Measured in quiet: 2,000 photos, and the peers
#
# Your table above comes from few photos and a single round, on a machine that may have been busy. `make bench
# ARGS=ladder` runs the same cells with 2,000 photos and more rounds. Here is a record of that, made by
# `python -m benchmarks.ladder --rounds 3 --accuracy 3 --json FILE`. Below it: what a small
# network learns from the guide's training pipeline and from the last rung, trained alike, tested on regions that it
# never saw. **Question:** does the fast pipeline teach less?

# %%
records = Path("recordings/loaders")
record = json.loads((records / "ladder.json").read_text())
machine = record["machine"]
print(f"{record['photos']:,} photos, {record['rounds']} rounds, {machine['cores']} cores, {record['date']}")
for part in ("evaluation", "training"):
    table = pd.DataFrame(record[part]).set_index("name")
    table["spread"] = [f"{low:.1f} to {high:.1f}" for low, high in table["spread"]]
    display(table.rename(columns=lambda name: name.replace("_", " ")))
for name, scores in record["accuracy"].items():
    print(f"accuracy, {name:15} {np.mean(scores):.3f}, from {min(scores):.3f} to {max(scores):.3f}")

# %% [markdown]
# **What happened.** Where the ranges of the two accuracies overlap, so few trainings show no difference between the
# pipelines. *spread* has the lowest and the highest ratio of the rounds: look at it before you believe a small gain.
#
# And the others? The **race** runs the libraries that people use for this, each with a worker or thread for each
# core, on the same JPEGs and to the same output. *Cold*: a fresh process, files not in memory, imports counted.
# *Warm*: later epochs. Each one that decodes in every epoch is held against our first pass (threads); a cache of
# decoded photos is another thing: FFCV keeps one, and so does our last rung. **Question:** who is ahead?

# %%
race = json.loads((records / "race.json").read_text())
rows = [row for row in race["rows"] if row["kind"] != "limit"]
fig, ax = plt.subplots(figsize=(8, 0.42 * len(rows) + 1))
for y, row in enumerate(rows):
    ours = row["name"].startswith("10d")
    warm, cold = ((row[kind] or {"median": 1.0})["median"] for kind in ("warm", "cold"))
    style = {"facecolor": palette.ORANGE, "hatch": "//"} if ours else {"facecolor": palette.BLUE}
    ax.barh(y, warm, edgecolor="black", linewidth=0.5, **style)
    ax.plot(cold, y, "o", color=palette.BLACK, markeredgecolor="white", markersize=7)
    ax.text(1.2 * max(warm, cold), y, f"{warm:.2f}, cold {cold:.2f}", va="center", fontsize=8)
ax.set_yticks(range(len(rows)), [row["name"] for row in rows])
ax.set(xscale="log", xlabel="times the guide's code; bar: later epochs, dot: from a cold start")
ax.set_xticks([1, 10, 100], ["1", "10", "100"])
ax.set_xlim(0.4, 5 * max((row["warm"] or {"median": 1.0})["median"] for row in rows))
ax.invert_yaxis()
told = "; ".join(f"{row['name']} {(row['warm'] or {'median': 1.0})['median']:.2f}" for row in rows)
show(fig, alt=f"The race on {race['images']:,} JPEGs, times the guide's code in later epochs: {told}.")
missing = ", ".join(race["missing"]) or "none"
print(f"{race['images']:,} JPEGs, {race['machine']['cores']} cores, {race['date']}; not installed: {missing}")

# %% [markdown]
# **What happened.** Warm, nobody is ahead of our rung of the same kind. From a **cold start** DALI is ahead of all:
# it needs neither torchvision nor numba, and with 400 photos their import takes longer than all the decoding. (We
# learnt from that: since this record our loaders do without torchvision.) In a program that lives for one short
# epoch, the imports are the loader.
#
# > **Correction.** The guide's last program (5.3.2) puts a `DALIClassificationIterator` around `...` and calls that a
# > DataLoader of DALI. The machine: DALI is an engine of its own, with readers and operators of its own in place of
# > `Dataset` and `DataLoader`; the iterator needs a pipeline that was built, and the name of its reader, or it cannot
# > know where an epoch ends. The policy for the last batch then says what you get: `FILL`, `DROP` or `PARTIAL`.


# %% tags=["dali"]
def policies() -> dict[str, object]:
    from nvidia.dali import fn, pipeline_def, types
    from nvidia.dali.plugin.pytorch import DALIClassificationIterator, LastBatchPolicy

    @pipeline_def(batch_size=5, num_threads=2, device_id=None)
    def pipeline():
        files, classes = fn.readers.file(files=paths[:24], labels=list(range(24)), name="photos")
        pixels = fn.resize(fn.decoders.image(files, device="cpu"), size=(size, size))
        return fn.crop_mirror_normalize(pixels, mean=[255 * m for m in MEAN], dtype=types.FLOAT), classes

    told = {}
    try:
        DALIClassificationIterator(..., size=24)
    except Exception as error:
        told["the guide's dots"] = f"{type(error).__name__}: {error}"
    for policy in LastBatchPolicy:
        batches = DALIClassificationIterator(pipeline(), reader_name="photos", last_batch_policy=policy)
        told[policy.name] = [len(batch[0]["label"]) for batch in batches]
    return told


# %% tags=["snippet-18"] figure="24 files"
try:
    told = policies()
except ModuleNotFoundError:
    told = json.loads((records / "dali.json").read_text())
    print("DALI is not installed (pip install nvidia-dali-cuda130); this is a recorded run, on a CPU")
sizes = {name: value for name, value in told.items() if name.isupper()}
print("24 files in batches of 5:", ", ".join(f"{name} {value}" for name, value in sorted(sizes.items())))
print(told["the guide's dots"])

# %% [markdown]
# ## 16. Larger sets, and your own photos
#
# The cache on disk keeps no more than a few batches in memory of its own, and file pages, which the system takes back
# when it needs them. So the time must grow with the number of images, and the memory must not. Recorded with small
# tiles cut from the sample photos, each loader in a process that may have no more memory of its own than the limit.
# **Question:** which columns stay as they are from 2,000 tiles to 200,000?

# %%
scale = json.loads((records / "scale.json").read_text())
print(f"tiles of {scale['tile']} x {scale['tile']}, limit {scale['limit_mb']:,} MB, {scale['date']}")
table = pd.DataFrame(scale["rows"])
table["stopped"] = ["yes" if failure else "" for failure in table.pop("failure")]
table.columns = [
    "loader",
    "images",
    "s for 1,000, first",
    "later",
    "MB of its own",
    "MB of file pages",
    "stopped",
]
table.round(2).fillna("")

# %% [markdown]
# **What happened.** The seconds for 1,000 images settle: with 2,000 the imports weigh most. Memory of its own hardly
# grows, by the list of file names. The file pages grow to more than the limit, and nobody is stopped for it: the
# system takes them back at need.
#
# **Your own photos.** This, in the workbook's folder, draws the ladder for them:
#
# ```
# .venv/bin/papermill --cwd notebooks notebooks/10d_speed_ladder.ipynb mine.ipynb \
#     -p data_dir ~/pictures -p photos 2000 -p rounds 3
# ```
#
# To take the pipeline home, copy two things: the folder `dpwidgets/prep/fast` and the file
# `dpwidgets/prep/caching/array_cache.py`. They need NumPy, numba, simplejpeg, Pillow, filelock and torch, and
# nothing of this workbook. This is a whole program (for its list of files it takes torchvision's `ImageFolder`):

# %%
program = """
import sys
from pathlib import Path
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from fast import DecodedBatches, InThreads, as_it_is, decoded_rows, draw
from array_cache import cached_array, content_key

paths, labels = zip(*ImageFolder(sys.argv[1]).samples)
key = content_key([Path(path) for path in paths], "224")
rows = decoded_rows(paths, 224)
store = cached_array(Path("cache"), key, len(paths), lambda i: next(rows)).array
training = InThreads(DataLoader(DecodedBatches(store, labels, draw), 32, shuffle=True, collate_fn=as_it_is))
for images, classes in training:
    pass  # your training step
print(f"{len(training)} batches, the last one {tuple(images.shape)}, {images.dtype}")
"""

# %%
import inspect
import shutil
import subprocess
import sys

home = Path(scratch.name) / "home"
prep = Path(inspect.getfile(Ladder)).parent
shutil.copytree(prep / "fast", home / "fast", ignore=shutil.ignore_patterns("__pycache__"))
shutil.copy(prep / "caching" / "array_cache.py", home)
(home / "train.py").write_text(program)
small = home / "photos"
for path in paths[:: max(1, len(paths) // 40)]:
    (small / Path(path).parent.name).mkdir(parents=True, exist_ok=True)
    shutil.copy(path, small / Path(path).parent.name)
alone = "import runpy, sys; sys.modules['dpwidgets'] = None; sys.argv[1:] = ['photos']; runpy.run_path('train.py')"
run = subprocess.run([sys.executable, "-c", alone], cwd=home, capture_output=True, text=True, timeout=300)
print(run.stdout or run.stderr[-2000:])

# %% [markdown]
# ## Exercises
#
# Replace the three dots and run the cell. `hint("10d.1")` helps, one step at a time; `solution("10d.1")` shows an
# answer.


# %% tags=["exercise"]
@exercise("10d.1")
def median_ratio(start: list[float], rung: list[float]) -> float:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("10d.2")
def next_step(seconds: dict[str, float], times: dict[str, float]) -> tuple[str, float]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("10d.3")
def reduced_by(width: int, height: int, size: int) -> int:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("10d.4")
def scale_and_shift(mean: float, std: float) -> tuple[float, float]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
import torch


@exercise("10d.5")
def whole_batch(
    store: torch.Tensor, labels: torch.Tensor, indices: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
import torch


@exercise("10d.6")
def flip_some(images: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Put the letter of your answer in place of the dots.

# %%
for card in (quiz("10d.q1", ...), quiz("10d.q2", ...), quiz("10d.q3", ...), quiz("10d.q4", ...)):
    display(card)

# %% [markdown]
# ## Pitfalls
#
# | You see | What happened | What to do |
# |---|---|---|
# | a ratio that no one else can repeat | the two were timed at different moments | turn about, medians |
# | a very fast loader and a worse model | other pixels: no antialiasing, another mean, BGR | compare pixels first |
# | more workers, slower | a batch is cheaper to make than to send | threads, or none |
# | the same augmentation in each epoch | cached after the random part | cache what is decoded |
# | batches that change after you got them | a buffer was used again | keep a copy, or a pool that looks |
# | each epoch decodes again | the cache was in a worker, and died with it | one map on disk for all |
# | the first batch takes a second | a kernel is compiled on first use | `cache=True`, or warm up |
# | one photo a day breaks the run | no JPEG, CMYK, cut | audit (chapter 10) before the cache |
#
# ## Summary
#
# - First pass: threads around compiled code that lets go of the lock; uint8 until the end.
# - Later passes: decode once, keep uint8 on disk, map it.
# - Then memory is the limit: whole batches, one pass over the pixels, buffers used again.
# - Chance comes last, on the batch, with draws for each photo.
# - A rung counts when the pixels are the same and the clock ran turn about.
#
# ## Next
#
# This was the last chapter. [Chapter 00](00_start_here.ipynb) shows your progress, and what is left to try.
