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
# # 00 Start here
#
# A model learns from what you feed it, and no faster than you feed it. This workbook is about the feeding:
# cleaning data, changing it, splitting it and bringing it to PyTorch in time.
#
# **After this chapter you can**
#
# - tell whether this machine can run the workbook, and what is optional,
# - run a cell, make a prediction, play with a lab, and check an exercise,
# - say what a tensor, a dataset and a batch are,
# - show with numbers why cleaning matters and why loading speed matters.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Python: functions, loops, `with`, list comprehensions | needed | [The Python tutorial](https://docs.python.org/3/tutorial/) |
# | Tables: columns, rows, a mean | helpful | [10 minutes to pandas](https://pandas.pydata.org/docs/user_guide/10min.html) |
# | PyTorch | not needed | this chapter says what it uses |
#
# **Time:** 30 minutes to read and try. The cells alone run for about half a minute. The first run takes up to
# a minute more, because it makes the sample photos.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% [markdown]
# ## How to use this workbook
#
# Every chapter has the same rhythm:
#
# 1. **Predict.** Guess what a cell will do, and write the guess down. A guess that was wrong teaches most.
# 2. **Run.** Run the cell and compare.
# 3. **Play.** A lab has sliders. Move them and answer the questions below it.
# 4. **Exercise.** Write a small function. It is checked at once, and hints help you on.
#
# The chapters follow two texts: **the guide**, a Chinese one on preparing and loading data with PyTorch, and **the
# article**, a short one on tricks with its loader. You need neither: we say what they claim, then ask the machine. A
# box with the word **Correction** shows where the two disagree, and what is right. Here are
# [all claims, and what the machine said](pages/claims.ipynb).
#
# You can do everything from the keyboard:
#
# | Key | What it does |
# |---|---|
# | `Shift` + `Enter` | run this cell, go to the next |
# | `Enter` | start to edit a cell |
# | `Esc` | stop editing; the arrow keys now walk from cell to cell |
# | `Esc`, then `B` | add a cell below, to try something out |
# | `Esc`, then `I` `I` | interrupt a cell that takes too long |
# | `Tab`, then arrow keys | in a lab: go to the next control, move it |
#
# Run the cells from top to bottom. If something looks strange, choose *Kernel, Restart Kernel and Run All
# Cells* in the menu. You cannot break anything: your files are only read.

# %% tags=["imports"]
import time
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import torch
from IPython.display import Markdown, display
from PIL import Image
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, RandomSampler
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import dpwidgets
from dpwidgets import ImageLab, exercise, hint, palette, predict, progress, quiz, samples, show
from dpwidgets.learn import use_style
from dpwidgets.learn.environment import environment_report

# %% [markdown]
# The next cell holds the values that you may change. The cell after it checks them, so that a typing error
# stops the run here and not ten minutes later. Every chapter has these two cells.

# %% tags=["parameters"]
seed = 0  # start of all random numbers, 0 to 1,000,000
data_dir = None  # your own photos, one folder per class; None: the sample photos
batch_size = 32  # photos in one batch, 1 to 256
batches = 20  # batches per measurement, 2 to 200
size = 64  # height and width that photos are scaled to, pixels, 16 to 256

# %% tags=["check-parameters"]
dpwidgets.check_parameters(
    globals(),
    seed=dpwidgets.Integer(0, 1_000_000),
    data_dir=dpwidgets.Folder(optional=True, closed=True, visible=True),
    batch_size=dpwidgets.Integer(1, 256),
    batches=dpwidgets.Integer(2, 200),
    size=dpwidgets.Integer(16, 256),
)
torch.manual_seed(seed)
use_style()

# %% [markdown]
# ## 1. Can this machine run the workbook?
#
# One sentence first. If something is missing, it says what, and how to get it.

# %%
report = environment_report()
print(report.verdict)

# %% [markdown]
# And now the details of *your* machine. Read four lines: how many cores you have, whether there is an
# [accelerator](pages/glossary.ipynb#accelerator) (a GPU, for most people), whether widgets are ready, and which
# optional engines are missing.

# %% tags=["nbval-ignore-output"] reason="versions, cores, memory and disk differ from machine to machine"
report

# %% [markdown]
# What this means for you:
#
# - **No accelerator?** All chapters run on the CPU. Cells that need a GPU show a recorded run instead and say so.
# - **No internet?** All chapters run offline. The data is made from photographs and tables that were installed
#   with the packages. Nothing that you do here is sent anywhere.
# - **An engine is missing?** Its section shows the line that installs it and goes on. You can come back later.
# - **[Workers](pages/glossary.ipynb#worker)** are processes that load data beside your program. They start by `fork`,
#   `forkserver` or `spawn`, depending on the system. Chapter 02 shows why that matters; all cells here work with each
#   of them.
#
# ## 2. What is in the workbook?
#
# | Chapter | Question | Lab |
# |---|---|---|
# | 00 | Why do cleaning and loading matter? | this check, the map, your progress |
# | 01 | What is a tensor, and what goes wrong with shapes and types? | shape and broadcasting explorer |
# | 02 | How do `Dataset` and `DataLoader` bring data to a model? | loader lab with a timeline |
# | 03 | How does a picture become numbers that a model likes? | pipeline stepper |
# | 04 | What to do with holes, outliers and different scales? | repair lab |
# | 05 | How to get variety from the images you have, without lying? | image lab |
# | 05b | The same for sentences: which words may change? | text lab |
# | 06 | How to split and batch without fooling yourself? | split lab, batch size lab |
# | 07 | How to load images, text and sound together? | scene lab |
# | 08 | When do caches, read-ahead and a GPU help? | overlap lab |
# | 09 | What changes with many processes and machines? | sharding lab: readers, hash ring |
# | 10 | How does all of it work together, on your own photos? | the whole pipeline |
# | 10b | Where do the data come from, and may you use them? | a site that misbehaves |
# | 10c | Where does the time go? | six slow pipelines |
# | 10d | How fast can a loader get, and what does each step bring? | a ladder of loaders |
#
# The next cell looks into this folder and lists the chapters that are there. Click on one to open it.

# %%
there = {path.stem.partition("_")[0]: path.name for path in Path().glob("[0-9][0-9]*_*.ipynb")}
there["00"] = "00_start_here.ipynb"  # the one you are reading
chapters = sorted({f"{number:02d}" for number in range(11)} | set(there))
lines = [f"- [{there[n]}]({there[n]})" if n in there else f"- {n}: coming" for n in chapters]
display(Markdown("\n".join(lines)))

# %% [markdown]
# `progress()` shows what you have done so far, in all chapters. The numbers live in a small file on this
# computer. Run this cell again whenever you like.

# %% tags=["nbval-ignore-output"] reason="the learner's own progress"
progress()

# %% [markdown]
# ## 3. What is a photo to a model?
#
# The workbook brings its own photos: ten classes, 200 photos each, one folder per class. They are pieces of ten
# photographs that come with the packages scikit-learn and scikit-image. Here is who made them.

# %%
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
credits = pd.DataFrame(samples.photo_sources(), columns=["class", "file", "package", "licence and credit"])
credits.set_index("class")

# %% [markdown]
# A file on disk is compressed. A model needs plain numbers: three for every pixel, one each for red, green and
# blue. PyTorch keeps them in a [**tensor**](pages/glossary.ipynb#tensor), a block of numbers with a shape.
#
# **Predict.** Put your guess in place of the three dots and run the cell.

# %% tags=["predict"]
predict("00.p1", ...)

# %%
file, _ = ImageFolder(root).samples[0]
with Image.open(file) as image:
    photo = v2.functional.pil_to_tensor(image.convert("RGB").resize((400, 300)))  # width, height
print("shape:", tuple(photo.shape), " type of each number:", photo.dtype)
print(f"first pixel, red, green, blue: {photo[:, 0, 0].tolist()}")
predict("00.p1").reveal(photo.nbytes / 1000)

# %% [markdown]
# Read the shape from left to right: 3 **channels** (red, green, blue), 300 **rows**, 400 **columns**. Height
# comes before width. `uint8` means a whole number from 0 to 255 in one byte.
#
# Training needs many photos of one size, and numbers from 0 to 1. Three tools do that:
#
# - a [**transform**](pages/glossary.ipynb#transform) changes one photo: here it scales the size, then turns 0…255
#   into 0…1;
# - a **dataset** knows all photos and their classes: `photos[5]` reads, transforms and returns number 5;
# - a **loader** collects several into a [**batch**](pages/glossary.ipynb#batch), in random order.
#
# What will the shape of a batch be? Think of four numbers before you run the next cell.

# %%
transform = v2.Compose(
    [
        v2.ToImage(),
        v2.Resize((size, size)),
        v2.ToDtype(torch.float32, scale=True),
    ]
)
photos = ImageFolder(root, transform=transform)
print(f"{len(photos)} photos in {len(photos.classes)} classes: {', '.join(photos.classes)}")
loader = DataLoader(photos, batch_size=batch_size, shuffle=True)
images, labels = next(iter(loader))
print("images:", tuple(images.shape), images.dtype, f"from {images.min():.0f} to {images.max():.0f}")
print("labels:", tuple(labels.shape), labels.dtype, "the first five:", labels[:5].tolist())

# %% [markdown]
# The new first number counts the photos: **B**atch, **C**hannels, **H**eight, **W**idth, or `(B, C, H, W)`. You will
# meet these four letters everywhere. A label is the number of a class. Let us look at the first photos.

# %%
names = [photos.classes[label] for label in labels[:8]]
fig, axes = plt.subplots(2, 4, figsize=(7, 4), layout="constrained")
for ax in axes.flat:
    ax.axis("off")
for ax, image, name in zip(axes.flat, images, names, strict=False):
    ax.imshow(image.permute(1, 2, 0))  # matplotlib wants height, width, channels
    ax.set_title(name)
show(fig, alt=f"The first photos of a random batch, square and small. Their classes: {', '.join(names)}.")

# %% [markdown]
# The photos are square now, so most look squeezed. Is that good? Chapter 03 measures it. For now: a folder of
# files became a block of numbers in four lines.
#
# ## 4. Why clean data before training?
#
# You often hear that clean data makes better models. How much better? We take a table that is clean, make it
# dirty in ways that we know, and train the same model on both.
#
# A laboratory measured 13 properties of 178 wines from three growers. Can a model tell the grower? (Source: UCI
# Machine Learning Repository, part of scikit-learn.)

# %%
wine = load_wine(as_frame=True)
table = wine.data.assign(grower="grower " + (wine.target + 1).astype(str))
print(f"{len(table)} wines, {table.shape[1] - 1} measurements, growers: {sorted(table.grower.unique())}")
table[["alcohol", "magnesium", "proline", "grower"]].head(3)

# %% [markdown]
# Real tables pass through many hands. One person notes proline in grams instead of milligrams per litre. One
# writes GROWER in capitals, and one leaves a space behind it. Some measurements get lost, and some wines are
# entered twice.


# %%
def make_dirty(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same wines, with the errors of four careless people."""

    def some(share: float) -> pd.Index:
        return dirty.sample(frac=share, random_state=rng).index

    dirty = table.copy()
    rows = some(0.15)
    dirty.loc[rows, "proline"] = dirty.loc[rows, "proline"] / 1000  # g/L instead of mg/L
    rows = some(0.15)
    dirty.loc[rows, "grower"] = dirty.loc[rows, "grower"].str.upper()
    rows = some(0.15)
    dirty.loc[rows, "grower"] = dirty.loc[rows, "grower"] + " "
    measured = dirty.columns.drop("grower")
    dirty[measured] = dirty[measured].mask(rng.random(dirty[measured].shape) < 0.05)
    return pd.concat([dirty, dirty.loc[some(0.15)]], ignore_index=True)


# %% [markdown]
# We keep 40 % of the wines aside, clean, to test on. Only the others get dirty. Three growers will become more,
# because to a computer `"grower 1"` and `"GROWER 1"` are different.


# %%
def what_is_wrong(table: pd.DataFrame) -> dict[str, int]:
    """Counts of each kind of error. They can be seen without knowing the truth."""
    return {
        "rows": len(table),
        "growers": table.grower.nunique(),
        "proline below 10": int((table.proline < 10).sum()),
        "rows twice": int(table.duplicated().sum()),
        "holes": int(table.isna().sum().sum()),
        "rows without holes": len(table.dropna()),
    }


train, test = train_test_split(table, test_size=0.4, random_state=seed, stratify=table.grower)
dirty = make_dirty(train, np.random.default_rng(seed))
pd.DataFrame({"clean": what_is_wrong(train), "dirty": what_is_wrong(dirty)})

# %% [markdown]
# The model looks for the five most similar wines and lets them vote. First, `StandardScaler` puts all columns on
# one scale. What does this model say to the dirty table?


# %%
def new_model():
    return make_pipeline(StandardScaler(), KNeighborsClassifier(5))


def accuracy(train: pd.DataFrame, test: pd.DataFrame, model=None) -> float:
    """Share of the test wines whose grower the model gets right."""
    model = new_model() if model is None else model
    model.fit(train.drop(columns="grower"), train.grower)
    return model.score(test.drop(columns="grower"), test.grower)


try:
    accuracy(dirty, test)
except ValueError as error:
    print("ValueError:", str(error).splitlines()[0])

# %% [markdown]
# It refuses: it cannot compare a wine with a hole. The quick way out is to drop every row that has a hole, as
# many people do. So that is where we start.
#
# **Predict.** Trained on the clean table, the model is right for nearly every wine. And on the dirty one?

# %% tags=["predict"]
predict("00.p2", ...)

# %% [markdown]
# Now the repairs, one after the other. Each one uses only what can be seen in the table. The limit of 10 for
# proline is knowledge about wine: no wine has so little of it.


# %%
def one_spelling(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(grower=table.grower.str.strip().str.lower())


def one_unit(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(proline=table.proline.where(~(table.proline < 10), table.proline * 1000))


def each_wine_once(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates()


def holes_filled(table: pd.DataFrame) -> pd.DataFrame:
    return table.fillna(table.median(numeric_only=True))


repairs = (one_spelling, one_unit, each_wine_once, holes_filled)
repaired = dirty
for repair in repairs:
    repaired = repair(repaired)
pd.DataFrame(
    {"clean": what_is_wrong(train), "dirty": what_is_wrong(dirty), "repaired": what_is_wrong(repaired)}
)

# %% [markdown]
# The counts are right again. The values in the holes are only guesses, but the table has all its rows. Does it
# help? One split of 178 wines is a small test, so we repeat everything with 20 different splits and take the
# mean.


# %%
def scores_of(split: int) -> dict[str, float]:
    """Accuracy after each repair, for one random split."""
    train, test = train_test_split(table, test_size=0.4, random_state=split, stratify=table.grower)
    state = make_dirty(train, np.random.default_rng(split))
    scores = {"dirty": accuracy(state.dropna(), test)}
    for repair in repairs:
        state = repair(state)
        scores["+ " + repair.__name__.replace("_", " ")] = accuracy(state.dropna(), test)
    return scores | {"never dirty": accuracy(train, test)}


scores = pd.DataFrame([scores_of(split) for split in range(seed, seed + 20)]).mean()
display(scores.round(2).to_frame("accuracy"))
predict("00.p2").reveal(round(100 * scores["dirty"]))

# %%
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
colors = [palette.BAD, *[palette.SKY] * len(repairs), palette.GOOD]
bars = ax.barh(scores.index, scores, color=colors, edgecolor="black")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set(xlim=(0, 1.1), xlabel="accuracy on clean test wines, mean of 20 splits")
ax.invert_yaxis()
steps = ", ".join(f"{name} {score:.2f}" for name, score in scores.items())
show(fig, alt=f"Bars of the accuracy after each repair, from top to bottom: {steps}.")

# %% [markdown]
# The same model, the same wines. The spelling cost most: a wine of "GROWER 1" voted for a grower that does not
# exist. The other repairs add little here, and filling holes may add nothing. That is worth knowing, too:
# **measure what a repair brings.** Wines that appear twice do another harm: they can land in the training and in
# the test data, and then the test is no test any more. Chapter 06 shows how much that flatters.
#
# Cleaning is one half. The other half is the **form** of the numbers. Proline goes up to 1,680 and hue up to
# 1.7. What if we leave out the scaler?

# %%
pairs = [
    train_test_split(table, test_size=0.4, random_state=s, stratify=table.grower)
    for s in range(seed, seed + 20)
]
raw = np.mean([accuracy(train, test, KNeighborsClassifier(5)) for train, test in pairs])
scaled = np.mean([accuracy(train, test) for train, test in pairs])
print(f"clean table, columns as they are: {raw:.2f}   all columns on one scale: {scaled:.2f}")

# %% [markdown]
# On a table without a single error, the model loses about a quarter of its points, because one column with large
# numbers drowns the other twelve. Chapter 04 is about both halves.
#
# ## 5. Why does loading speed matter?
#
# In training, two things take turns: the program **waits** until a batch has been read and decoded, then it
# **works**: it computes the [loss](pages/glossary.ipynb#loss), which says how wrong the model is, and improves the
# model. While it waits, the model learns nothing. The expensive part of your machine stands still.
#
# This is a small network, and one training step.


# %%
def small_network(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, classes),
    )


def training_step(model: nn.Module, optimizer: torch.optim.Optimizer, images, labels) -> float:
    loss = nn.functional.cross_entropy(model(images), labels)  # how wrong is the model?
    optimizer.zero_grad()
    loss.backward()  # in which direction would it be less wrong?
    optimizer.step()  # go a little in that direction
    return loss.item()


# %% [markdown]
# Now we take the time. A stopwatch runs while we wait for a batch, and another one while we work. The first four
# batches do not count: there the workers are just starting.
#
# `num_workers=0` means that the program loads each batch itself. With `num_workers=2`, two more processes load
# the next batches while the model works. We let the model use one core, so that the others are free for workers.


# %%
def wait_and_work(workers: int, warm_up: int = 4) -> tuple[float, float]:
    """Seconds spent waiting for data, and in training steps."""
    torch.manual_seed(seed)
    model = small_network(len(photos.classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    sampler = RandomSampler(photos, replacement=True, num_samples=(warm_up + batches) * batch_size)
    limit = 60 if workers else 0  # seconds until a stuck worker is an error
    loader = DataLoader(photos, batch_size, sampler=sampler, num_workers=workers, timeout=limit)
    waited = worked = 0.0
    ready = time.perf_counter()
    for step, (images, labels) in enumerate(loader):
        arrived = time.perf_counter()
        training_step(model, optimizer, images, labels)
        done = time.perf_counter()
        if step >= warm_up:
            waited += arrived - ready
            worked += done - arrived
        ready = done
    return waited, worked


# %% [markdown]
# **Predict.** Of 100 seconds with `num_workers=0`, how many does the program wait?

# %% tags=["predict"]
predict("00.p3", ...)

# %% tags=["claim-38", "nbval-ignore-output"] reason="timing"
torch.set_num_threads(1)
times = {workers: wait_and_work(workers) for workers in (0, 2)}
share = {workers: waited / (waited + worked) for workers, (waited, worked) in times.items()}
for workers in times:
    print(f"num_workers={workers}: waiting {share[workers]:.0%} of the time")
print(f"photos per second, 2 workers to none: {sum(times[0]) / sum(times[2]):.1f} times as many")

# %% tags=["nbval-ignore-output"] reason="timing"
fig, ax = plt.subplots(figsize=(7, 2), layout="constrained")
rows = [f"num_workers={workers}" for workers in times]
waits, works = ([pair[part] for pair in times.values()] for part in (0, 1))
ax.barh(rows, waits, color=palette.BAD, hatch="//", edgecolor="white", label="waiting for data")
ax.barh(rows, works, left=waits, color=palette.GOOD, label="training step")
ax.set(xlabel=f"seconds for {batches} batches")
ax.invert_yaxis()
fig.legend(loc="outside upper right", ncols=2)
shares = ", ".join(f"{share[workers]:.0%} with num_workers={workers}" for workers in times)
show(fig, alt=f"Two bars, each split into waiting for data and training step. Share of waiting: {shares}.")
predict("00.p3").reveal(round(100 * share[0]))

# %% [markdown]
# > **Correction.** *The guide says:* efficient loading keeps the hardware busy, prevents interruptions of training
# > and supports distributed training. It gives no number. *The machine says:* how much there is to win depends on
# > your data, your model and your cores, as the figure above shows. *The right form:* measure the share of the time
# > that the training step waits. If it is near zero, faster loading brings nothing. If it is large, start there.
#
# Two honest remarks. First, on two cores the workers and the model share the cores, so the steps themselves get
# slower: less waiting is not yet more speed. That is why the cell prints both. Second, this model is tiny. A
# larger one works longer for each batch, so it waits for a smaller share; a fast GPU works shorter, so it waits
# for a larger share.
#
# ### How much memory does a dataset need?
#
# Loading has a second job: to hold only a little at a time. What if we kept all photos in memory? Each of their
# numbers is a `float32` now, and takes four bytes.

# %%
one_batch = images.nbytes
everything = one_batch // len(images) * len(photos)
print(f"one batch: {one_batch / 1e6:.1f} MB, all {len(photos)} photos: {everything / 1e6:.0f} MB")
large = 1_281_167 * 3 * 224 * 224 * 4
print(f"1,281,167 photos of 224 × 224 pixels (the ImageNet training set): {large / 1e9:.0f} GB")

# %% [markdown]
# The system can confirm it. We read some batches, once keeping only the newest, once keeping them all, and ask how
# much the memory of this program grew.


# %% tags=["nbval-ignore-output"] reason="memory of the process depends on the machine"
def memory() -> float:
    return psutil.Process().memory_info().rss / 1e6


loader = DataLoader(photos, batch_size)
start = memory()
for _images, _ in islice(loader, batches):  # each batch replaces the one before
    pass
streamed = memory()
kept = [images for images, _ in islice(loader, batches)]
print(f"streamed: {streamed - start:+.0f} MB, all kept: {memory() - streamed:+.0f} MB")
print(f"the tensors in the list: {sum(images.nbytes for images in kept) / 1e6:.0f} MB")
del kept

# %% [markdown]
# Streaming keeps the pixels of one batch, be it out of a thousand photos or of a billion. (The names of the files need
# memory too: chapter 02.) The list grows with each batch.
#
# ## 6. A first lab
#
# A slider often teaches more than a cell. This lab changes photos at random, as training does to get more
# variety. Move *strength* with the mouse, or go there with `Tab` and use the arrow keys.

# %% tags=["lab"]
lab = ImageLab(root)
lab

# %% [markdown]
# Three questions that only playing answers:
#
# 1. At which strength can you no longer tell what is in the photo?
# 2. Change the seed. What changes, and what stays?
# 3. Press *Reset*. Does the same picture come back?
#
# If you see a picture but no sliders, the notebook has no running kernel, or widgets are missing: look at the
# report in section 1. Chapter 05 explains every control of this lab and uses it on your own photos.
#
# ## 7. Exercises
#
# An exercise is a function without a body. Replace the three dots with your code and run the cell. It answers at
# once with one of four words:
#
# | Word | What it means |
# |---|---|
# | Not attempted | the three dots are still there: nothing is wrong |
# | Not right yet | the function ran, but a result is not as expected: it shows the call, what came out and why |
# | Error | your code stopped: it shows your line and the message |
# | Right | all checks passed, and it says why it matters |
#
# Stuck? `hint("00.1")` gives the first of three hints, and the next one each time you run it: the second one is
# nearer to the code, the third one nearly is the code. The cell below the first exercise shows one.
# `solution("00.1")` shows an answer and explains it. Nobody counts your attempts.

# %% [markdown]
# ### Exercise 00.1: read the shape


# %% tags=["exercise"]
@exercise("00.1")
def image_size(batch: torch.Tensor) -> tuple[int, int]:
    # your code instead of the three dots
    ...


# %%
hint("00.1", 1)

# %% [markdown]
# ### Exercise 00.2: count the batches


# %% tags=["exercise"]
@exercise("00.2")
def number_of_batches(n: int, batch_size: int, drop_last: bool) -> int:
    # your code instead of the three dots
    ...


# %% [markdown]
# ### Exercise 00.3: measure the class balance


# %% tags=["exercise"]
@exercise("00.3")
def class_shares(labels: list[str]) -> dict[str, float]:
    # your code instead of the three dots
    ...


# %% [markdown]
# ### Exercise 00.4: choose a number of workers


# %% tags=["exercise"]
@exercise("00.4")
def safe_workers(cores: int, wanted: int) -> int:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## 8. Quiz
#
# Write the letter of your answer as the second value, such as `quiz("00.q1", "a")`, and run the cell. A wrong
# answer tells you why it is wrong, so feel free to try them all.

# %% tags=["quiz"]
quiz("00.q1")

# %% tags=["quiz"]
quiz("00.q2")

# %% tags=["quiz"]
quiz("00.q3")

# %% [markdown]
# ## Pitfalls
#
# | What you see | Why | What to do |
# |---|---|---|
# | `NameError: name 'photos' is not defined` | a cell above was not run | run the cells from top to bottom |
# | a result that does not fit the code | cells were run in another order, or a cell was changed later | *Restart Kernel and Run All Cells* |
# | `ValueError: Input X contains NaN` | there are holes in the table, and the model cannot take them | repair them, and measure what it brings: chapter 04 |
# | more classes than there should be | one class is written in two ways, or there is a hidden folder | count the distinct names before training |
# | a picture in false colours, or an error about its shape | channels first in PyTorch, channels last in matplotlib | `image.permute(1, 2, 0)` |
# | two workers are slower than none | the data is cheap to load, or there is no free core | measure the share of waiting first: chapter 02 |
# | the program is killed | the list of all photos does not fit into memory | stream batches from a loader |
# | a lab without sliders | no kernel is running, or widgets are missing | run the cell; look at the report in section 1 |
#
# ## Summary
#
# - Everything here runs offline and on a CPU. The report shows what your machine has.
# - A photo is a tensor `(C, H, W)`; a batch of photos is `(B, C, H, W)`.
# - A transform changes one sample, a dataset knows all samples, a loader makes batches.
# - One spelling mistake in the labels can cost more than all other errors together. Count, repair, measure.
# - The form of the numbers matters as much as their cleanness: columns need one scale.
# - The share of the time that a step waits for data tells whether faster loading is worth the work.
# - Streaming holds one batch at a time, however large the dataset is.
#
# ## Next chapter
#
# [Chapter 01](01_tensors.ipynb) takes tensors apart: shapes, types, and the errors that give no message. Or see
# the whole way at once in [chapter 10, end to end](10_end_to_end.ipynb).
