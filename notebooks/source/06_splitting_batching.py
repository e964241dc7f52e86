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
# # 06 Splitting and batching
#
# Two ways to cut data. A **split** decides what the model may learn from and what it is judged by. A
# **[batch](pages/glossary.ipynb#batch)** decides how much it sees before each step. A wrong batch costs time.
# A wrong split costs more: it shows a good score for a bad model, and nothing complains.
#
# **After this chapter you can**
#
# - split a table by class, by group, by time and by the hash of a name,
# - name four forms of leakage, and measure the score that each of them fakes,
# - give training and validation their own transforms, and learn from rare classes,
# - say what the batch size changes and what it does not, and set the learning rate for it,
# - accumulate gradients, handle the last batch, and compare optimizers fairly,
# - pad texts of unequal length with little waste.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | `Dataset`, `DataLoader`, `collate_fn` | needed | [chapter 02](02_dataset_dataloader.ipynb) |
# | Loss, gradient, optimizer step | needed | [chapter 00](00_start_here.ipynb), section 5 |
# | Augmentation | helpful | [chapter 05](05_augmentation.ipynb) |
# | Mean, standard deviation | helpful | this chapter uses them without proof |
#
# **Time:** 80 minutes to read and try, with the labs and the exercises. The cells alone run for about 25
# seconds on two processor cores.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from sklearn import datasets, metrics, model_selection
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Sampler, Subset, TensorDataset, random_split
from torchvision.transforms import v2

from dpwidgets import BatchLab, SplitLab, exercise, palette, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Integer, Number, check_parameters

# %% tags=["parameters"]
seed = 0  # start of chance, a whole number from 0 to 1,000,000
rows = 200  # rows of the table in sections 1 and 2, 100 to 5,000
positives = 10  # rows of its rare class, 10 to 50
draws = 300  # splits that are tried in section 2, 50 to 1,000
photos_each = 60  # photos of each class in section 3, 30 to 200
batch_size = 32  # the small batch of the comparisons, 8 to 256
lr = 0.05  # learning rate for that batch, 0.001 to 0.1

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    seed=Integer(0, 1_000_000),
    rows=Integer(100, 5000),
    positives=Integer(10, 50),
    draws=Integer(50, 1000),
    photos_each=Integer(30, 200),
    batch_size=Integer(8, 256),
    lr=Number(0.001, 0.1),
)
use_style()
torch.set_num_threads(1)  # small models: one thread is faster, and sums come out in one order
fakes = {}  # collected on the way: form of leakage -> (score that it shows, honest score)

# %% [markdown]
# ## 1. Three parts
#
# **Training** rows teach the model. **Validation** rows choose: the learning rate, the features, when to stop.
# **Test** rows are looked at once, at the end. Usual shares are 60 to 80 %, 10 to 20 % and 10 to 20 %. With
# millions of rows 1 % may be plenty for the test: what counts is its number of rows, as section 5 shows.
#
# The guide splits in two steps: 30 % off, then that part in half. **Question:** what becomes of 101 rows, five
# of them of a rare class?

# %% tags=["snippet-10"] figure="101 rows"
try:
    X_train, X_temp, y_train, y_temp = train_test_split(X, y, test_size=0.3, random_state=42)
except NameError as error:
    print("the guide's cell as it is:", error)

X, y = np.arange(101), (np.arange(101) < 5).astype(int)  # five rows belong to the rare class
X_train, X_temp, y_train, y_temp = train_test_split(X, y, test_size=0.3, random_state=42)
X_val, X_test, y_val, y_test = train_test_split(X_temp, y_temp, test_size=0.5, random_state=42)
print(f"101 rows become {len(X_train)} / {len(X_val)} / {len(X_test)}")
print(f"rare rows in the parts: {y_train.sum()} / {y_val.sum()} / {y_test.sum()}")


def three_parts(y: np.ndarray, seed: int, stratify: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers for training (70 %), validation (15 %) and test (15 %)."""
    every = np.arange(len(y))
    train, rest = train_test_split(every, test_size=0.3, random_state=seed, stratify=y if stratify else None)
    y_rest = y[rest] if stratify else None
    return train, *train_test_split(rest, test_size=0.5, random_state=seed, stratify=y_rest)


# %% [markdown]
# **What happened.** The snippet never says what `X` is. With data it runs. A row cannot be cut, so
# `train_test_split` rounds the *second* part up: 30.3 becomes 31, 15.5 becomes 16. And the validation set
# holds not one rare row. Bad luck, or the rule? `three_parts` is the same split as a function, with one choice:
# `stratify` asks for the same share of each class in both parts.
#
# ## 2. The luck of the draw
#
# The same split of a larger table, 200 rows with 10 positives, with many [seeds](pages/glossary.ipynb#seed). A test
# set without positives cannot tell whether a model finds them. **Question:** in how many percent of the seeds
# does that happen?

# %%
predict("06.p1", ...)


# %% tags=["claim-05"] figure="no positives in the test set"
y = (np.arange(rows) < positives).astype(int)
counts = {
    name: np.array([[y[part].sum() for part in three_parts(y, s, way)] for s in range(draws)])
    for name, way in {"unstratified": False, "stratified": True}.items()
}
for name, found in counts.items():
    spans = ", ".join(f"{part.min()} to {part.max()}" for part in found.T)
    print(f"{name}: positives in training, validation, test: {spans}")
missing = {name: (found[:, 2] == 0).mean() for name, found in counts.items()}
blind, careful = missing.values()
print(f"no positives in the test set: {blind:.1%} of {draws} seeds, stratified {careful:.1%}")

fig, ax = plt.subplots(figsize=(6.5, 2.4))
tests = [found[:, 2] for found in counts.values()]
edges = np.arange(tests[0].max() + 2) - 0.5
_, _, bars = ax.hist(tests, edges, color=[palette.BAD, palette.GOOD], label=list(counts), edgecolor="black")
for bar in bars[0]:
    bar.set_hatch("//")
ax.set(xlabel="positives in the test set", ylabel="seeds")
ax.legend()
spans = " and ".join(f"{name} {test.min()} to {test.max()}" for name, test in zip(counts, tests))
show(fig, alt=f"Positives in the test set over all seeds: {spans}.")
predict("06.p1").reveal(round(100 * blind, 1))

# %% [markdown]
# > **Correction.** The guide: keep the distributions of the parts alike. Right, but its code does not: it draws
# > blindly. The machine: one test set in six holds **no** positive row. The right form passes `stratify=y` to
# > the first call and `stratify=y_temp` to the second. Then every seed gives 7 / 1–2 / 1–2.
#
# [Stratifying](pages/glossary.ipynb#stratified-split) keeps *classes* alike. It knows nothing of rows that belong
# together, or of time. Next: both.
#
# ## 3. Rows that belong together
#
# The sample photos are crops of 60 regions, six for each of ten classes. Crops of one region overlap.
# **Question:** a model looks at 8 × 8 pixels and names the class of the most similar training photo. What
# score does a stratified split promise, and what is left when whole regions stay together? (Six parts take
# turns as the test set, and the mean accuracy is printed; more on that in section 5.)


# %%
def thumbnail(path) -> np.ndarray:
    """A photo as 8 × 8 × 3 numbers from 0 to 1, in one row."""
    with Image.open(path) as image:
        image.draft("RGB", (64, 64))  # a JPEG can be decoded smaller
        small = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (8, 8))
    return np.asarray(small).ravel() / 255


root = samples.photos()
regions = samples.photo_regions(root)
files = [name for n, name in enumerate(sorted(regions)) if n % 200 < photos_each]  # 200 a class
pictures = np.stack([thumbnail(root / name) for name in files])
scene = np.array([name.split("/")[0] for name in files])
places = np.array([regions[name] for name in files])

nearest = KNeighborsClassifier(1)
for splitter, groups in ((StratifiedKFold, None), (model_selection.StratifiedGroupKFold, places)):
    folds = list(splitter(6, shuffle=True, random_state=seed).split(pictures, scene, groups))
    score = cross_val_score(nearest, pictures, scene, cv=folds).mean()
    both = [len(set(places[train]) & set(places[test])) for train, test in folds]
    print(f"{splitter.__name__:20} {max(both):2} regions on both sides, accuracy {score:.2f}")

# %% [markdown]
# **What happened.** The first score is memory: for nearly every test photo an overlapping crop lies in the
# training set. The second is what new regions would get. [Groups](pages/glossary.ipynb#group-split) are
# everywhere: photos of one patient, rows of one customer, frames of one video, sentences of one author. **Ask:
# what will be new when the model is used? Keep that apart.** A new patient: group by patient.
# (`train_test_split` knows no groups; `GroupShuffleSplit` does.)
#
# ## 4. Time
#
# A machine has a hidden state, on or off, for 25 hours at a time. Three sensors drift slowly, and **know
# nothing of the state**: an honest accuracy is 0.50. **Question:** what does a shuffled split say?

# %%
shuffled, in_order = [], []
for s in range(5):
    chance = np.random.default_rng([seed, s])
    state = np.repeat(chance.integers(0, 2, 120), 25)
    sensors = chance.normal(0, 1, (len(state), 3)).cumsum(axis=0)
    model = KNeighborsClassifier(3)
    shuffled.append(cross_val_score(model, sensors, state, cv=KFold(5, shuffle=True, random_state=s)).mean())
    in_order.append(cross_val_score(model, sensors, state, cv=model_selection.TimeSeriesSplit(5)).mean())
fakes["time: shuffled series"] = np.mean(shuffled), np.mean(in_order)
print(
    f"shuffled:          {np.mean(shuffled):.2f}  (five series: {min(shuffled):.2f} to {max(shuffled):.2f})"
)
print(f"past, then future: {np.mean(in_order):.2f}  ({min(in_order):.2f} to {max(in_order):.2f})")

# %% [markdown]
# **What happened.** Drift tells the model *when* a row was taken. A shuffled test row has training rows an hour
# before and an hour after it, in the same state: the model reads the answer off them. Tomorrow has no rows
# from the day after. **Train on the past, test on the future**; where labels look ahead (`the next 7 days`),
# leave a gap of that length.
#
# ## 5. Folds
#
# One small test set gives one noisy score. [*k-fold*](pages/glossary.ipynb#cross-validation) cuts the data into k
# parts, the *folds*, and lets each be the test set once. Every rule from above has a splitter of its own. Below:
# 20 rows in two classes (bold letters: the second, behind the dotted line), a letter for the group of each row.
# Circles are training rows, squares test rows.
#
# **Question:** which splitters tear a group apart? Which fold of `KFold` never tests the second class?

# %%
label = np.repeat([0, 1], [12, 8])
letters = np.array(list("aabbbccddeefgghhhiij"))
splitters = [
    KFold(4),
    StratifiedKFold(4),
    model_selection.GroupKFold(4),
    model_selection.StratifiedGroupKFold(4),
    model_selection.TimeSeriesSplit(4),
]
fig, axes = plt.subplots(1, 5, figsize=(10, 2.3), sharey=True)
for ax, splitter in zip(axes, splitters, strict=True):
    groups = letters if "Group" in type(splitter).__name__ else None
    for fold, (train, test) in enumerate(splitter.split(label, label, groups)):
        ax.scatter(train, np.full(len(train), fold), 10, palette.GOOD)
        ax.scatter(test, np.full(len(test), fold), 16, palette.BAD, marker="s")
    for at, letter in enumerate(letters):
        ax.text(at, 3.5, letter, fontsize=7, ha="center", weight="bold" if label[at] else "normal")
    ax.axvline(11.5, color="black", linewidth=0.8, linestyle=":")  # the border of the classes
    ax.set_title(type(splitter).__name__, fontsize=8)
    ax.set(xticks=[], yticks=range(4), ylim=(-0.5, 4.2))
    ax.grid(False)
axes[0].set_ylabel("fold")
alt = "Test rows as squares, four folds. KFold takes blocks, StratifiedKFold some of each class, GroupKFold whole "
alt += "letters, StratifiedGroupKFold both, TimeSeriesSplit trains on the past only."
show(fig, alt=alt)

# %% [markdown]
# **What you see.** `KFold` cuts blocks: folds 0 and 1 never test the second class, and fold 1 ends between the two
# rows of `e`. `StratifiedKFold` and `TimeSeriesSplit` tear `b`. Only the two with *Group* in their name keep each
# letter whole, and of these only `StratifiedGroupKFold` gives every fold rows of both classes. `TimeSeriesSplit`
# has no training row to the right of its test rows.
#
# **Question:** how far can you trust the score of one split? 178 wines of three growers (`cultivar`), 13
# measurements each, and a model that is right nearly always: its five most similar training wines vote.

# %%
wine, cultivar = datasets.load_wine(return_X_y=True)
model = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
single = cross_val_score(
    model, wine, cultivar, cv=model_selection.ShuffleSplit(100, test_size=27, random_state=seed)
)
repeated = model_selection.RepeatedStratifiedKFold(n_splits=5, n_repeats=20, random_state=seed)
means = cross_val_score(model, wine, cultivar, cv=repeated).reshape(20, 5).mean(axis=1)
expected = np.sqrt(single.mean() * (1 - single.mean()) / 27)
print(f"one test set of 27 rows: {single.min():.2f} to {single.max():.2f}, std {single.std():.3f}")
print(f"expected: sqrt(p (1 - p) / 27) = {expected:.3f}")
print(f"mean of five folds:      {means.min():.2f} to {means.max():.2f}, std {means.std():.3f}")
sorted_score = cross_val_score(model, wine, cultivar, cv=KFold(3)).mean()
print(f"KFold(3) on the table as it is stored, sorted by class: {sorted_score:.2f}")

# %% [markdown]
# **What happened.** One split is off by about 0.04 by chance alone: two models with 0.93 and 0.96 may be
# equally good. Each test row is like a coin that shows *right* with the chance p, and the formula is the spread
# of such coins: it falls with the **number of test rows**. k-fold uses every row once as a test row. (Its small
# spread comes from shuffles of the same 178 wines; new wines would differ more.) `KFold` does not shuffle
# unless you ask: on a table sorted by class it tests on a class that it never trained on.
#
# ## 6. Leakage, form one: a step that saw everything
#
# [Leakage](pages/glossary.ipynb#leak): the test knows something that it should not. Section 4 was the
# third of four forms; here come the others.
#
# First the guide's order of work: collect, clean, transform, augment, and split **last** (5.1.1). 100 rows with
# columns of pure noise, labels from tossed coins: there is nothing to learn. A step keeps the 20 columns that
# fit the labels best. **Question:** which score follows, if that step saw all rows? It should be 0.50.

# %%
predict("06.p2", ...)


# %% tags=["claim-04"] figure="2,000 columns"
def selection_scores(columns: int, repeats: int = 8) -> tuple[float, float]:
    """Accuracy on coin labels: the columns chosen before the split, and inside each fold."""
    before, inside = [], []
    for s in range(repeats):
        chance = np.random.default_rng([seed, s])
        noise, coins = chance.normal(size=(100, columns)), chance.permutation(np.repeat([0, 1], 50))
        folds = StratifiedKFold(5, shuffle=True, random_state=s)
        best, linear = SelectKBest(f_classif, k=20), LogisticRegression()
        before.append(cross_val_score(linear, best.fit_transform(noise, coins), coins, cv=folds))
        inside.append(cross_val_score(make_pipeline(best, linear), noise, coins, cv=folds))
    return float(np.mean(before)), float(np.mean(inside))


for columns in (20, 200, 2000):
    fake, honest = selection_scores(columns)
    print(f"best 20 of {columns:,} columns, chosen before the split: {fake:.2f}, in each fold: {honest:.2f}")
fakes["a step that saw all rows"] = fake, honest

scaled = cross_val_score(KNeighborsClassifier(5), StandardScaler().fit_transform(wine), cultivar, cv=repeated)
inside = cross_val_score(model, wine, cultivar, cv=repeated)
print(f"a scaler fitted on all of wine: {scaled.mean():.3f}, inside each fold {inside.mean():.3f}")
predict("06.p2").reveal(round(fake, 2))

# %% [markdown]
# > **Correction.** The guide: split after all other steps. The machine: **split first**. A step that looks at
# > labels carries the test answers into the columns; the more columns to choose from, the better the fake. In
# > a `Pipeline` each fold fits the step on its own training rows, and the score is honest.
#
# A [scaler](pages/glossary.ipynb#standardisation) never sees labels, and leaks next to nothing here. Fit it
# inside all the same: the habit costs one line, and you need not know which step will hurt next time.
#
# ## 7. Form two: copies on both sides
#
# The same order once more: [augment](pages/glossary.ipynb#augmentation), then split. 200 digits, **coin labels
# again**. The augmentation adds a little noise. **Question:** how does the fake grow with the number of copies?
# And how does it look on the true labels?

# %% tags=["claim-04"] figure="5 versions"
digits = samples.digits()
chance = np.random.default_rng(seed)
chosen = chance.choice(len(digits.labels), 200, replace=False)
originals = digits.images[chosen].flatten(1).numpy() / 255
answers = {"coins": chance.permutation(np.repeat([0, 1], 100)), "digits": digits.labels[chosen].numpy()}
for versions in (1, 2, 3, 5):
    noisy = [originals + chance.normal(0, 0.05, originals.shape) for _ in range(versions - 1)]
    images, original = np.concatenate([originals, *noisy]), np.tile(np.arange(200), versions)
    line = []
    for name, truth in answers.items():
        truth = np.tile(truth, versions)
        split_last = cross_val_score(nearest, images, truth, cv=KFold(5, shuffle=True, random_state=seed))
        by_original = cross_val_score(
            nearest, images, truth, groups=original, cv=model_selection.GroupKFold(5)
        )
        line.append(f"{name} {split_last.mean():.2f} instead of {by_original.mean():.2f}")
        if name == "coins":
            fakes["copies on both sides"] = split_last.mean(), by_original.mean()
    made = f"{versions} version{'s' * (versions > 1)} of each image"
    print(f"{made}, augmented before the split: {', '.join(line)}")

# %% [markdown]
# > **Correction.** Augment, then split: the model finds the original of each copy, and scores 1.00 on tossed
# > coins. On the true labels the same leak adds only some points, and *looks like a success*. Split first, then
# > augment the training part alone. If copies exist already, group them by their original.
#
# ## 8. Form four: a column that knows, a test set used twice
#
# Form three was time, in section 4. Form four has two faces. **A column that knows the answer:** the wine
# table is sorted by class; let a tree see nothing but the row number. **Choosing on the test set:** 300
# models that know nothing, each tried on the same 50 test rows; keep the best.

# %%
number = np.arange(len(cultivar))[:, None]
folds = StratifiedKFold(5, shuffle=True, random_state=seed)
chance = np.random.default_rng(seed)
tree = DecisionTreeClassifier(random_state=seed)
knows = cross_val_score(tree, number, cultivar, cv=folds).mean()
new_numbers = cross_val_score(tree, chance.permutation(number), cultivar, cv=folds).mean()
fakes["a column that knows"] = knows, new_numbers
print(f"the row number alone: {knows:.2f}; numbers given at random: {new_numbers:.2f}")

best, fresh = [], []
for _ in range(20):
    models = chance.normal(size=(20, 300))  # each column is a model that guesses
    inputs, coins = chance.normal(size=(1050, 20)), chance.integers(0, 2, (1050, 1))
    right = (inputs @ models > 0) == coins
    scores = right[:50].mean(axis=0)
    best.append(scores.max())
    fresh.append(right[50:, scores.argmax()].mean())
fakes["chosen on the test set"] = np.mean(best), np.mean(fresh)
print(
    f"best of 300 on the test set: {np.mean(best):.2f}; the same models on fresh rows: {np.mean(fresh):.2f}"
)

# %%
fig, ax = plt.subplots(figsize=(7, 2.6))
at = np.arange(len(fakes))
shown, honest = np.array(list(fakes.values())).T
bars = ax.barh(at - 0.2, shown, 0.4, color=palette.BAD, hatch="//", label="what the leak shows")
ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
ax.bar_label(
    ax.barh(at + 0.2, honest, 0.4, color=palette.GOOD, label="honest"), fmt="%.2f", padding=3, fontsize=8
)
ax.set_yticks(at, list(fakes), fontsize=9)
ax.set(xlim=(0, 1.45), xticks=[0, 0.25, 0.5, 0.75, 1], xlabel="accuracy")
ax.invert_yaxis()
ax.legend(loc="lower right", fontsize=8)
told = "; ".join(f"{name}: {fake:.2f} instead of {true:.2f}" for name, (fake, true) in fakes.items())
show(fig, alt=f"Accuracy with a leak and without it. {told}.")

# %% [markdown]
# **What happened.** An ID, a file name, a time stamp, a diagnosis written *after* the event: ask of every
# column whether you will have it when you predict. And every look at the test set is a choice: look once.
# **A score that surprises you is a reason to search, not to celebrate.**
#
# ## 9. `random_split` shares one dataset
#
# **Question.** The training part is augmented by a random [transform](pages/glossary.ipynb#transform).
# You switch that off for validation. What happens to training?


# %%
class ImageSet(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.transform(self.images[i]) if self.transform else self.images[i]), self.labels[i]


def is_random(part: Dataset) -> bool:
    return any(not torch.equal(part[0][0], part[0][0]) for _ in range(9))


augment = v2.RandomAffine(0, translate=(0.25, 0.25))
whole = ImageSet(digits.images, digits.labels, augment)
train_part, val_part = random_split(whole, [0.8, 0.2], torch.Generator().manual_seed(seed))
print("random_split: validation is augmented:", is_random(val_part))
val_part.dataset.transform = None
print("switched off for validation; training is still augmented:", is_random(train_part))
train_part = Subset(ImageSet(digits.images, digits.labels, augment), train_part.indices)
val_part = Subset(ImageSet(digits.images, digits.labels), val_part.indices)
print("two datasets: training augmented:", is_random(train_part), "| validation:", is_random(val_part))

# %% [markdown]
# **What happened.** Both parts are views of one dataset, with one transform. **Make two datasets over the same
# images (they share the memory), and take row numbers from the split.** `random_split` can still draw those.
#
# ## 10. A split that survives new data
#
# Next month 1,000 photos join your 10,000, and you split again with the same seed. **Question:** how many
# percent of the *old* photos end up in another part?

# %%
predict("06.p3", ...)


# %%
def part_of(name: str) -> str:
    """The part of a row, from nothing but its name."""
    number = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32  # from 0 to 1
    return "train" if number < 0.70 else "validation" if number < 0.85 else "test"


def reshuffled(names: list[str]) -> dict[str, str]:
    parts = three_parts(np.zeros(len(names)), seed, stratify=False)
    return {names[i]: kind for part, kind in zip(parts, ("train", "validation", "test")) for i in part}


names = [f"photo-{i:05}.jpg" for i in range(11_000)]
moved = {}
for way, assign in {"same seed": reshuffled, "sha256": lambda n: {each: part_of(each) for each in n}}.items():
    before, after = assign(names[:10_000]), assign(names)
    moved[way] = np.mean([before[each] != after[each] for each in before])
    seen = np.mean([after[each] == "train" for each in before if before[each] == "test"])
    print(f"{way}: {moved[way]:.1%} of the old photos moved, {seen:.1%} of the test set went to training")
print(f"share of the test set by sha256: {list(after.values()).count('test') / len(after):.1%}")
for process in ("1", "2"):
    code, salt = "print([hash(f'photo-{i}') % 9 for i in range(6)])", {"PYTHONHASHSEED": process}
    answer = subprocess.check_output([sys.executable, "-c", code], env=os.environ | salt, timeout=60)
    print(f"Python's hash(), process {process}:", answer.decode().strip())
predict("06.p3").reveal(round(100 * moved["same seed"], 1))

# %% [markdown]
# **What happened.** A seed repeats a *shuffle*, and a longer list is shuffled differently: the old test set
# was trained on. A hash depends on the name alone, so **nobody ever moves**, on any machine. Shares are close
# to what you asked for, not exact. For groups hash the **group's** name. Python's own `hash` of a text is
# salted anew in each process: another test set after each restart.
#
# ## 11. Rare classes
#
# 4,000 rows, 2 % positive. A [WeightedRandomSampler](pages/glossary.ipynb#sampler) draws rare rows more often,
# **with replacement**: a row may come again and again.
# **Question:** in one epoch of 4,000 draws, how often does the model meet each positive row, and how many of
# the negative rows does it never meet? Then: sampler, class weights in the loss, or a lower threshold (the risk
# from which the model raises an alarm, normally 0.5). Which finds more of the ill?


# %%
def clinic(seed: int, n: int = 4000) -> tuple[torch.Tensor, torch.Tensor]:
    """Five measurements of n people, and whether each is ill: 2 % are."""
    draw = torch.Generator().manual_seed(seed)
    ill = (torch.arange(n) < n // 50).float()
    return torch.randn(n, 5, generator=draw) + ill[:, None], ill


people, ill = clinic(seed)
weights = 1 / torch.bincount(ill.long())[ill.long()]  # one weight for each row: 1 / size of its class
sampler = torch.utils.data.WeightedRandomSampler(
    weights, len(ill), generator=torch.Generator().manual_seed(seed)
)
drawn = torch.tensor(list(sampler))
times = torch.bincount(drawn, minlength=len(ill))
print(f"drawn: {int(ill[drawn].sum())} positive and {int((1 - ill[drawn]).sum())} negative rows")
print(f"a positive row comes {times[ill == 1].min()} to {times[ill == 1].max()} times")
print(f"negative rows that never come: {(times[ill == 0] == 0).float().mean():.0%}")


# %%
def report(name: str, sampler=None, weight: float = 1.0, threshold: float = 0.5) -> None:
    """Train on `people`, then judge the model on new ones."""
    torch.manual_seed(seed)
    model = nn.Linear(5, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(15):
        order = torch.tensor(list(sampler)) if sampler else torch.randperm(len(ill))
        for batch in order.split(100):
            optimizer.zero_grad()
            logits = model(people[batch]).squeeze(1)
            F.binary_cross_entropy_with_logits(logits, ill[batch], pos_weight=torch.tensor(weight)).backward()
            optimizer.step()
    new_people, truth = clinic(seed + 1)
    risk = model(new_people).detach().squeeze(1).sigmoid()
    kinds = (metrics.accuracy_score, metrics.recall_score, metrics.precision_score)
    accuracy, found, right = (kind(truth, risk > threshold) for kind in kinds)
    average = metrics.average_precision_score(truth, risk)
    print(f"{name:22}{accuracy:9.2f}{found:9.2f}{right:15.2f}{average:14.2f}{risk.mean():12.2f}")


print(f"{'':22} accuracy    found   right alarms   average prec.   mean risk")
report("plain")
report("plain, threshold 0.05", threshold=0.05)
report("weights in the loss", weight=49.0)  # 98 % to 2 %: 49 well people for each ill one
report("sampler", sampler)

# %% [markdown]
# **What happened.** The plain model finds next to nobody, and its accuracy is the best. With rare classes look at
# *found* ([recall](pages/glossary.ipynb#recall): how many of the ill raise an alarm) and *right alarms*
# (precision: how many of the alarms are ill). Weights and sampler do the same thing. They find far more, raise
# many false alarms, and their probabilities are far too high: 0.2 where 0.02 is true. The average precision, a
# mean over all thresholds, stays the same: **balancing moves the threshold; it adds no knowledge.** The plain
# model with a lower threshold gets there too. Balance the training part only, and never with copies made before
# the split.
#
# ## 12. The split lab
#
# All of it in one picture: which part each item goes to, the classes' shares, what chance does to the rarest
# class, and the score that this test part promises beside the honest one. Three tables to choose from.

# %% tags=["lab"]
lab = SplitLab(seed=seed % 10_000)
lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. *Sample photos:* which strategies tear groups apart? With *grouped*, try other seeds. The score is honest
#    now; why does it jump so much?
# 2. *Rare disease:* how large must the test part be until chance leaves it without an ill patient in fewer than
#    1 of 100 draws? What does *stratified* change?
# 3. *Sample photos:* let the data grow. Which strategies keep every old photo in its part? What is still wrong
#    with *hash of id*? (New photos come from old regions here. When would *grouped* move old ones?)
#
# **Your own data:** `SplitLab(table, target="ill", group="patient")`, with `time=` or `id=` where you have them,
# or `SplitLab("~/pictures")`. `lab.result` holds the row numbers, `lab.to_code()` plain scikit-learn.
#
# ## 13. A batch loop that learns
#
# From here on: batches. The guide's loop first, then one with a body. **Question:** what has a model learned
# after the first?

# %% tags=["snippet-11"] figure="as the guide writes it"
try:
    data = TensorDataset(input_tensor, target_tensor)
except NameError as error:
    print("the guide's cell as it is:", error)

input_tensor, target_tensor = digits.images.flatten(1).float() / 255, digits.labels
data = TensorDataset(input_tensor, target_tensor)
num_epochs = 3
data_loader = DataLoader(dataset=data, batch_size=64, shuffle=True)
torch.manual_seed(seed)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
with torch.no_grad():
    before = F.cross_entropy(model(input_tensor), target_tensor)
for _ in range(num_epochs):
    for _data_batch, _target_batch in data_loader:
        pass
with torch.no_grad():
    after = F.cross_entropy(model(input_tensor), target_tensor)
print(f"loss before {before:.2f}, after the loop as the guide writes it {after:.2f}")
print("TensorDataset keeps the tensor itself:", data.tensors[0].data_ptr() == input_tensor.data_ptr())


# %% tags=["snippet-11"] figure="epoch 5"
def mean_loss(model: nn.Module, loader: DataLoader) -> float:
    """Mean over the samples: each batch counts by its size."""
    model.eval()
    with torch.no_grad():
        total = sum(F.cross_entropy(model(x), y, reduction="sum").item() for x, y in loader)
    return total / len(loader.dataset)


rows_train, rows_val, _ = three_parts(target_tensor.numpy(), seed, stratify=True)
shuffle = torch.Generator().manual_seed(seed)
train_loader = DataLoader(Subset(data, rows_train), batch_size=64, shuffle=True, generator=shuffle)
val_loader = DataLoader(Subset(data, rows_val), batch_size=256)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(1, 6):
    model.train()
    for inputs, targets in train_loader:
        optimizer.zero_grad()  # else gradients add up
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
    losses = mean_loss(model, train_loader), mean_loss(model, val_loader)
    print(f"epoch {epoch}: loss on training rows {losses[0]:.2f}, on validation rows {losses[1]:.2f}")

# %% [markdown]
# **What happened.** In the first cell nothing was learned: the body of the guide's loop is `pass`. Nor does a
# `TensorDataset` serve "very large" data: it holds all of it. For data larger than the memory write a dataset
# that reads (chapter 02). The second cell fills in what was missing: a step, a part to judge by, and a mean
# that counts samples, not batches.
#
# ## 14. A batch is a sample
#
# The gradient of a batch estimates the gradient over all rows. Like the mean of a poll, it has *noise*: its
# distance from the gradient over all rows. **Question:** you raise the batch from 16 to 64. By what factor does
# the noise fall? And what makes gradients vanish (become so short that nothing is learned): the batch, as the
# guide says, or depth?

# %%
chance = torch.Generator().manual_seed(seed)
inputs = torch.randn(8192, 20, generator=chance)
targets = (inputs @ torch.randn(20, generator=chance) > 0).float()


def small_net(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 1))


def loss_on(model: nn.Module, rows) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(model(inputs[rows]).squeeze(1), targets[rows])


def gradient(model: nn.Module, rows) -> torch.Tensor:
    """All gradients of the loss on these rows, in one long vector."""
    parts = torch.autograd.grad(loss_on(model, rows), list(model.parameters()))
    return torch.cat([part.flatten() for part in parts])


# %% tags=["claim-11"] figure="noise × √B"
model = small_net(seed)
full = gradient(model, slice(None))
sizes, noises, lengths = [1, 4, 16, 64, 256, 1024, 4096], [], []
for size in sizes:
    found = torch.stack([gradient(model, torch.randint(8192, (size,))) for _ in range(100)])
    noises.append((found - full).square().sum(dim=1).mean().sqrt().item())
    lengths.append(found.norm(dim=1).mean().item())
    print(f"B = {size:4}: noise {noises[-1]:.2f}, length of the gradient {lengths[-1]:.2f}")
steady = np.array(noises) * np.sqrt(sizes)
steady = f"{steady.min():.2f} to {steady.max():.2f}"
print(f"noise × √B stays at {steady}; the length tends to {full.norm():.2f}, not to 0")

fig, ax = plt.subplots(figsize=(6, 2.5))
ax.loglog(sizes, lengths, label="length of a batch's gradient")
ax.loglog(sizes, noises, label="its noise", markeredgecolor="black")
ax.axhline(full.norm(), color="black", linestyle=":", linewidth=1, label="length over all rows")
ax.set(xlabel="batch size B", xticks=sizes, xticklabels=sizes)
ax.minorticks_off()
ax.legend(fontsize=8)
show(
    fig,
    alt="The noise falls as a straight line; the length of the gradient levels off at that over all rows.",
)

# %% tags=["claim-11"] figure="sigmoid, 10 layers"
for name, activation in {"sigmoid": nn.Sigmoid, "ReLU": nn.ReLU}.items():
    for depth in (1, 4, 10):
        torch.manual_seed(seed)
        layers = [nn.Linear(20, 32), activation()]
        for _ in range(depth - 1):
            layers += [nn.Linear(32, 32), activation()]
        deep = nn.Sequential(*layers, nn.Linear(32, 1))
        lengths = []
        for size in (16, 4096):
            (first,) = torch.autograd.grad(loss_on(deep, slice(size)), deep[0].weight)
            lengths.append(f"{first.norm():.0e} at B = {size}")
        layered = f"{name}, {depth} layer{'s' * (depth > 1)}"
        print(f"{layered}: length of the first layer's gradient {', '.join(lengths)}")

# %% [markdown]
# **What happened.** Four times the rows, half the noise: it falls as 1/√B. The gradient itself stays: its length
# tends to that of the gradient over all rows.
#
# > **Correction.** The guide: a batch that is too large can make gradients vanish. The machine: from B = 16 to
# > 4096 the first layer's gradient loses its noise, here up to two thirds of its length. From 1 to 10 sigmoid
# > layers it loses more than seven powers of ten, with ReLU three. **Depth and activation make gradients
# > vanish**; normalisation and skip connections cure it. (The guide's other warning is right: memory grows
# > with B.)
#
# ## 15. What a large batch does cost: updates
#
# The same 8,192 rows for five epochs, in batches of 32 or of 2,048. **Question:** how many updates (steps of
# the optimizer) does each get?

# %% tags=["claim-11"] figure="rate scaled"


def train(size: int, rate: float, epochs: int = 5, seed: int = seed) -> tuple[float, int]:
    """Loss over all rows after training, and the number of updates."""
    model = small_net(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    updates = 0
    for _ in range(epochs):
        for batch in torch.randperm(8192).split(size):
            optimizer.zero_grad()
            loss_on(model, batch).backward()
            optimizer.step()
            updates += 1
    return loss_on(model, slice(None)).item(), updates


losses = []
for size, factor in ((batch_size, 1), (2048, 1), (2048, 2048 / batch_size), (8192, 8192 / batch_size)):
    loss, updates = train(size, lr * factor)
    losses.append(f"{loss:.2f}")
    print(f"B = {size}, learning rate × {factor:.0f}: {updates} updates, loss {loss:.2f}")
small, large, scaled, _ = losses
print(f"after 5 epochs: loss {small} at B = {batch_size}, {large} at B = 2048, {scaled} with the rate scaled")

# %% [markdown]
# > **Correction.** The guide looks for the harm of large batches in their gradients. The machine: the steps
# > were good, but few: 20 instead of 1,280. The common cure is the **linear rule**: k times the batch, k times
# > the learning rate. It ends where a step gets too long for the curve of the loss: at B = 8192 the scaled run
# > ends worse than it began. In practice the rate also climbs from near 0 over the first steps (*warm-up*).
#
# ## 16. Pieces, and the last batch
#
# Memory for 16 rows, but you want a batch of 70? Let gradients add up over pieces, then step once
# ([gradient accumulation](pages/glossary.ipynb#gradient-accumulation)): `backward()` **adds** to `.grad`. 70 rows
# give pieces of 16, 16, 16, 16 and 6. **Question:** by what is the loss of each piece divided?
#
# An epoch has such a rest too: 65 samples, batches of 64. The first 64 have the loss 0, the last has 65.
# **Question:** what is the mean loss? And what does [BatchNorm](pages/glossary.ipynb#batch-normalisation), a layer
# that needs the spread of its batch, make of a batch of one?

# %%
whole = gradient(small_net(seed), torch.arange(70))
shares = {"not divided": lambda n: 1, "by 5 pieces": lambda n: 1 / 5, "by its rows, n / 70": lambda n: n / 70}
for name, share in shares.items():
    model = small_net(seed)
    for piece in torch.arange(70).split(16):
        (loss_on(model, piece) * share(len(piece))).backward()
    found = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
    length, off = found.norm() / whole.norm(), (found - whole).norm() / whole.norm()
    print(f"{name:20} {length:.2f} times the length of the whole gradient, off by {round(off.item(), 4):.1%}")

losses = torch.tensor([0.0] * 64 + [65.0])
batches = list(DataLoader(losses, batch_size=64))
print("batches of", [len(batch) for batch in batches])
print(f"mean of the batch means: {torch.stack([batch.mean() for batch in batches]).mean():.1f}")
print(f"weighted by their sizes: {sum(batch.mean() * len(batch) for batch in batches) / 65:.1f}")
normed = nn.BatchNorm1d(20)
for drop_last in (False, True):
    try:
        for (batch,) in DataLoader(TensorDataset(inputs[:65]), batch_size=64, drop_last=drop_last):
            normed(batch)
        print(f"BatchNorm, drop_last={drop_last}: runs")
    except ValueError as error:
        print(f"BatchNorm, drop_last={drop_last}: {str(error).split(',')[0]}")

# %% [markdown]
# **What happened.** Not divided, the step is five times too long. Divided by the number of pieces, the six rows
# of the last piece count as much as sixteen. Weighted by rows it is *the same* gradient. (Only BatchNorm does
# not accumulate: it still sees pieces of 16.)
#
# The mean loss is 65 / 65 = 1. The mean of the two batch means is 32.5: one sample counts as much as 64. Weight
# means by batch size, as `mean_loss` above does.
#
# BatchNorm needs two values to compute a spread; in `eval()` mode it uses stored ones. `drop_last=True` leaves
# the lonely sample out; with `shuffle=True` it is another one each epoch. **Use it for training only**: in a
# test no row may be left out.
#
# ## 17. The learning rate over time
#
# [Schedulers](pages/glossary.ipynb#annealing) change the rate each time that you call their `step()`. Some are
# made to count epochs, some updates. **Question:** what if a scheduler made for 200 updates is called once per
# epoch?


# %%
def rates(make, calls: int = 200) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, found = make(optimizer), []
    for _ in range(calls):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


S = torch.optim.lr_scheduler
schedules = {
    "StepLR": lambda o: S.StepLR(o, step_size=60, gamma=0.3),
    "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, T_max=200),
    "OneCycleLR": lambda o: S.OneCycleLR(o, max_lr=0.1, total_steps=201),  # the start and 200 steps
}
fig, ax = plt.subplots(figsize=(6.5, 2.6))
for name, make in schedules.items():
    found = rates(make)
    ax.plot(found, label=name, markevery=25, markeredgecolor="black")
ax.set(xlabel="update", ylabel="learning rate")
ax.legend(fontsize=8)
show(fig, alt="Three schedules over 200 updates: stairs, a falling cosine, a climb with a long fall.")
late = rates(schedules["OneCycleLR"], calls=5)
print(f"OneCycleLR called once per epoch: the rate in epoch 5 is {late[-1]:.4f}; it should peak at 0.1")

# %% [markdown]
# **What happened.** Called once per epoch, OneCycle never leaves its warm-up: the model trains at a twentieth of
# the rate, without an error. **Call `scheduler.step()` after each update if it counts updates.**
#
# ## 18. Momentum and Adam
#
# *Momentum* goes on in the mean direction of past steps. *Adam* gives each weight its own step length. Both
# are said to be better. **Question:** better than what? Five epochs on the digits, six learning rates each,
# three seeds, judged on validation rows.


# %%
def digit_score(make, rate: float, start: int, cosine: bool = False) -> float:
    """Accuracy on the validation rows after five epochs in batches of `batch_size`."""
    torch.manual_seed(start)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = make(model.parameters(), rate)
    train_rows = torch.from_numpy(rows_train)
    updates = 5 * -(-len(train_rows) // batch_size)
    schedule = S.CosineAnnealingLR(optimizer, updates) if cosine else None
    for _ in range(5):
        for batch in train_rows[torch.randperm(len(train_rows))].split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(input_tensor[batch]), target_tensor[batch]).backward()
            optimizer.step()
            if schedule:
                schedule.step()
    with torch.no_grad():
        right = model(input_tensor[rows_val]).argmax(1) == target_tensor[rows_val]
    return right.float().mean().item()


# %%
contenders = {
    "SGD": (torch.optim.SGD, False),
    "SGD, cosine": (torch.optim.SGD, True),
    "momentum": (lambda weights, rate: torch.optim.SGD(weights, rate, momentum=0.9), False),
    "Adam": (torch.optim.Adam, False),
}
tried = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
print(f"{'learning rate':14}" + "".join(f"{rate:>7}" for rate in tried) + "   best rate, three seeds")
for name, (make, cosine) in contenders.items():
    scores = [[digit_score(make, rate, s, cosine) for s in range(3)] for rate in tried]
    means = [np.mean(each) for each in scores]
    best = scores[int(np.argmax(means))]
    print(f"{name:14}" + "".join(f"{mean:7.2f}" for mean in means) + f"   {min(best):.2f} to {max(best):.2f}")

# %% [markdown]
# **What happened.** Read one *column*: at one common rate any of them can look hopeless or best. Read the
# *best* of each row: the differences are about as small as those between seeds. What Adam and momentum buy is
# a good result at a *smaller* rate, and for Adam over a wider range. A falling rate (cosine) lets plain SGD
# start with a large one. **Compare optimizers at their own best rates, over several seeds.** The best of six
# was chosen on these rows, so it is a little too good: form four again. The closed test rows would tell.
#
# ## 19. Texts of unequal length
#
# A batch of texts is [padded](pages/glossary.ipynb#padding) to its longest. **Question:** 5,000 texts of 6 to 60
# words, in random batches of 32. How many places are there for each real word?


# %%
class Buckets(Sampler[list[int]]):
    """Batches of rows of similar length; chance chooses the pools, and the order of the batches."""

    def __init__(self, lengths: torch.Tensor, size: int, seed: int, pool: int = 50) -> None:
        self.lengths, self.size, self.pool = lengths, size, pool
        self.chance = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths), generator=self.chance)
        pools = [each[self.lengths[each].argsort()] for each in order.split(self.size * self.pool)]
        batches = [batch for each in pools for batch in each.split(self.size)]
        for i in torch.randperm(len(batches), generator=self.chance):
            yield batches[i].tolist()


def padding(batches) -> float:
    """Places in the padded batches for each real word."""
    return sum(len(batch) * lengths[batch].max().item() for batch in batches) / lengths.sum().item()


# %%
def padded(texts: list[torch.Tensor]) -> torch.Tensor:
    return nn.utils.rnn.pad_sequence(texts, batch_first=True)  # filled up with 0


chance = torch.Generator().manual_seed(seed)
lengths = torch.exp(3 + 0.32 * torch.randn(5000, generator=chance)).round().long()
texts = [torch.ones(n, dtype=torch.long) for n in lengths]
buckets = Buckets(lengths, 32, seed)
ways = {
    "random batches": torch.randperm(5000, generator=chance).split(32),
    "sorted by length": lengths.argsort().split(32),
    "buckets": list(buckets),
}
for name, batches in ways.items():
    print(f"{name:17} {padding(batches):.2f} places for each real word")
print("buckets are new in each epoch:", next(iter(buckets)) != ways["buckets"][0])

loader = DataLoader(texts, batch_sampler=buckets, collate_fn=padded)
filled = sum((batch > 0).sum().item() for batch in loader)
print("words that came through the loader:", filled, "of", lengths.sum().item())

# %% [markdown]
# **What happened.** Random batches compute nearly as much padding as text. Sorting removes it, and fixes the
# batches for ever: short texts always together. [Buckets](pages/glossary.ipynb#bucketing) sort within random
# pools of 50 batches, and shuffle the batches: little padding, and chance stays. `batch_sampler` takes the place
# of `batch_size`, `shuffle` and `drop_last`. Such texts go to a model with their lengths or a mask (chapters 02
# and 07).
#
# ## 20. The batch size lab
#
# Your batch beside batches of 32: what a batch does to the number of updates, to the noise of the gradient and
# to the loss. It starts with 256 rows, and learns too little. Repair it.

# %% tags=["lab"]
lab = BatchLab(seed=seed)
lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. Move *batch size* from 1 to 1,024. Which number of the table explains the loss? Now *scale it with the
#    batch*: from where to where do both runs end alike?
# 2. Compare at *equal updates*. Is the large batch still worse? What did it pay for that?
# 3. 32 rows accumulated 8 times, and 256 once: which numbers differ?
# 4. 256 rows, not scaled: find the best rate for each optimizer. Does one of them win?
#
# **Your own data:** `BatchLab((X, y))`, or `BatchLab(table, target="price")`. `lab.to_code()` gives the run as
# plain PyTorch.
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("06.1")` helps, each call a little more;
# `solution("06.1")` shows an answer.


# %% tags=["exercise"]
@exercise("06.1")
def split_rows(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.2")
def split_groups(groups: list[str], test_groups: int, seed: int) -> tuple[list[int], list[int]]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.3")
def in_test(file: str, share: float) -> bool:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.4")
def sample_weights(labels: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.5")
def accumulate(model: torch.nn.Module, loss_of: Callable, pieces: list[torch.Tensor]) -> None:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.6")
def learning_rate(update: int, base_rate: float, base_batch: int, batch: int, warm_up: int) -> float:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("06.7")
def batches_by_length(lengths: list[int], size: int) -> list[list[int]]:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("06.q1", "b")`.

# %%
quiz("06.q1")

# %%
quiz("06.q2")

# %%
quiz("06.q3")

# %%
quiz("06.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | Blind split of a rare class | a test set without it | `stratify=y` |
# | Copies, patients, frames on both sides | a score that is too good | split by group |
# | A shuffled series | good in the notebook, poor next month | past, then future |
# | A step fitted on all rows | skill on coin labels | `Pipeline`; split first |
# | A column that knows the answer | accuracy 1.00 | ask what is known at that time |
# | Many looks at the test set | the winner disappoints | choose on validation rows |
# | `random_split` with augmentation | validation is augmented too | two datasets, row numbers |
# | A seeded split of growing data | the old test set is trained on | hash of the name |
# | Accuracy with rare classes | 98 % for a model that finds nobody | recall, precision |
# | Large batch, same learning rate | hardly learns | scale the rate, warm up |
# | Mean of batch means | the last batch counts too much | weight by size |
# | Scheduler called per epoch | the rate hardly changes | step after each update |
#
# ## Summary
#
# - Split first. What will be new when the model is used must be new in the test.
# - Classes, groups, time and growth each have a splitter. Leakage has four forms; coin labels find them.
# - A batch is a sample: noise falls as 1/√B. The gradient does not vanish.
# - Fewer updates is what a large batch costs. Scale the learning rate, and compare at each one's best.
#
# ## Next
#
# [Chapter 07: multimodal data](07_multimodal.ipynb). To see these splits in a whole project, go to
# [chapter 10, End to end](10_end_to_end.ipynb).
