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
# # 10 End to end
#
# From a folder of pictures to a trained model whose score you can believe. This chapter runs on the sample
# photos, and on any folder of yours that holds one folder per class.
#
# **After this chapter you can**
#
# - audit a folder of images before you train on it,
# - split it so that the test score is honest, and show how far off a careless split is,
# - write transforms for training and for evaluation, a `Dataset` and a `DataLoader`,
# - train with validation and a checkpoint that survives an interruption,
# - report a test accuracy with an interval, and look at the worst mistakes,
# - say how much of the time your model waited for data.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Dataset and DataLoader | needed | chapter 02 |
# | Transforms and augmentation | needed | chapters 03 and 05 |
# | Splitting | helpful | chapter 06 |
# | Convolution, loss, optimizer | helpful | this chapter uses them without proof |
#
# **Time:** 60 minutes to read and try. The cells alone run for about a minute on two processor cores.

# %% tags=["imports"]
import inspect
import io
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torchvision
from IPython.display import display
from PIL import Image, ImageDraw, ImageOps
from sklearn import metrics, model_selection, neighbors
from torch import nn
from torch.utils.data import DataLoader, default_collate
from torchvision.transforms import v2
from tqdm import tqdm

import dpwidgets
from dpwidgets import audit_folder, exercise, palette, predict, quiz, samples, show
from dpwidgets.learn import use_style

# %% tags=["parameters"]
data_dir = None  # your own photos: one folder per class, with or without train/val/test; None: the samples
run_name = "trial"  # name of the folder that gets the results: letters, digits, ".", "_", "-"
runs_dir = None  # folder that holds the runs; None: a temporary one, deleted with the kernel
policy = "skip"  # files that cannot be used: "skip" them, or "stop" the run
epochs = 10  # passes over the training photos, 1 to 1,000
batch_size = 32  # photos in one step, 2 to 4,096
image_size = 64  # height and width that the model sees, pixels, 16 to 512
lr = 4.0e-3  # highest learning rate, 1e-6 to 1
model = "small_cnn"  # "small_cnn", "resnet18" or "resnet50"
weights = "none"  # "none", or "DEFAULT": weights learnt on ImageNet (a download)
num_workers = 0  # processes that load photos, 0 to 64; 0: the notebook's own process
cache_mb = 1024  # memory for decoded photos, MB, 0 to 1,000,000; above it they are decoded anew each time
seed = 4  # start of all random numbers, 0 to 1,000,000
device = "auto"  # "auto" takes an accelerator where there is one; or "cpu", "cuda", "mps"

# %% tags=["check-parameters"]
dpwidgets.check_parameters(
    globals(),
    data_dir=dpwidgets.Folder(optional=True),
    run_name=dpwidgets.Text(r"[A-Za-z0-9][\w.-]*"),
    runs_dir=dpwidgets.Text(optional=True),
    policy=dpwidgets.Choice("skip", "stop"),
    epochs=dpwidgets.Integer(1, 1000),
    batch_size=dpwidgets.Integer(2, 4096),
    image_size=dpwidgets.Integer(16, 512),
    lr=dpwidgets.Number(1e-6, 1),
    model=dpwidgets.Choice("small_cnn", "resnet18", "resnet50"),
    weights=dpwidgets.Choice("none", "DEFAULT"),
    num_workers=dpwidgets.Integer(0, 64),
    cache_mb=dpwidgets.Integer(0, 1_000_000),
    seed=dpwidgets.Integer(0, 1_000_000),
    device=dpwidgets.Choice("auto", "cpu", "cuda", "mps"),
)
here = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
device = here if device == "auto" else device
if device not in ("cpu", here):
    raise dpwidgets.ParameterError(f"device = {device!r} is not on this machine; it has {here!r}")
use_style()

# %% [markdown]
# ## 1. The problem
#
# Tell ten scenes apart. Each class is one large photograph, cut into six regions that do not touch; each
# picture is a crop of one region, with its own light and noise. You will see why the regions matter.

# %%
root = Path(data_dir).expanduser() if data_dir else samples.photos()
folders = sorted(p for p in root.glob("*/") if not p.name.startswith("."))[:10]
first = [
    next((f for f in sorted(p.rglob("*")) if f.suffix.lower() in (".jpg", ".jpeg", ".png")), None)
    for p in folders
]
fig, axes = plt.subplots(2, 5, figsize=(7.5, 2.8))
for ax in axes.flat:
    ax.axis("off")
for ax, folder, file in zip(axes.flat, folders, first, strict=False):
    ax.set_title(folder.name, fontsize=9)
    try:
        ax.imshow(ImageOps.exif_transpose(Image.open(file)).convert("RGB").resize((160, 120)))
    except (OSError, AttributeError):
        ax.text(0.5, 0.5, "no picture that opens", ha="center")
show(fig, alt=f"One picture of each folder: {', '.join(p.name for p in folders)}.")

# %% [markdown]
# ## 2. Audit before anything else
#
# A corrupt file stops a training run in its third hour, or worse, does not stop it. So open and decode every
# file once, before. `audit_folder` never fails on a file: whatever is wrong becomes a row of a table.


# %%
def progress(things, total: int, name: str = "audit"):
    """A bar with the time that is left; it goes away when all is done."""
    return tqdm(things, name, total, leave=False, mininterval=1, ncols=80)


audit = audit_folder(root, progress)

# %%
audit.counts

# %% [markdown]
# The sample photos are clean, apart from some that are stored turned: the camera wrote into the EXIF data how
# to hold them. Real folders are worse. Here is one with a fault of each kind. One of them escapes the audit:
# `reencoded.jpg` is a photo that was saved again. Its bytes differ, so it is no copy for a check sum.

# %%
dirty = audit_folder(samples.dirty_folder())
display(dirty.table[["file", "problem", "detail", "usable"]])
known = dirty.table[(dirty.table["width"] > 0) & (dirty.table["problem"] != "ok")].head(12)
fig, axes = plt.subplots(2, 6, figsize=(7.5, 2.9))
for ax in axes.flat:
    ax.axis("off")
for ax, row in zip(axes.flat, known.itertuples(), strict=False):
    ax.set_title(f"{row.problem}\n{'kept' if row.usable else 'left out'}", fontsize=8)
    with Image.open(dirty.root / row.file) as picture:
        ax.imshow(ImageOps.expand(picture.convert("RGB").resize((120, 90)), 1, "black"))
show(
    fig,
    alt=f"Pictures of the dirty folder, as stored, each with what is wrong: {', '.join(known['problem'])}.",
)

# %% [markdown]
# The 16-bit picture is white: `convert("RGB")` cuts its values off at 255 instead of scaling them.
#
# Two kinds of trouble: what a careful loader **repairs** (grey, palette, CMYK, 16 bits, turned, wrong name), and
# what nobody can (damaged, empty, no image, copies under two labels). For the second kind you choose a policy:
# `"skip"` leaves these files out and says so, `"stop"` refuses to go on.

# %%
try:
    dirty.check("stop")
except ValueError as error:
    print(str(error).replace(str(dirty.root), "the dirty folder"))
audit.check(policy)
photos = audit.usable
regions = samples.photo_regions(root)
photos["region"] = [regions.get(file, file) for file in photos["file"]]
classes = sorted(photos["class"].unique())
labels = torch.tensor([classes.index(name) for name in photos["class"]])
print(f"{len(photos):,} of {len(audit.table):,} files go on, in {len(classes)} classes")

# %% [markdown]
# ## 3. From file to pixels
#
# One function repairs everything that can be repaired: it turns the photo upright, makes it RGB, puts
# transparent parts on white, and cuts the largest centred square. The class below it is the `Dataset`.
#
# Workers are processes of their own. On macOS and Windows, and from Python 3.14 on everywhere, they cannot see
# a class that lives in a notebook cell. So the next two cells are also saved as a module, `photo_data.py`, and
# imported from there. The file lies beside your results, and needs nothing of this workbook.

# %%
# photo_data.py, part 1
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2.functional import pil_to_tensor


def decode(path: Path, edge: int) -> torch.Tensor:
    """A photo as a uint8 tensor (3, edge, edge): upright, RGB, the largest centred square."""
    with Image.open(path) as image:
        image.draft("RGB", (2 * edge, 2 * edge))  # a JPEG can be decoded at 1/2, 1/4 or 1/8 of its size
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16 bits to 8
            image = image.point(lambda value: value * (1 / 257)).convert("L")
        if image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        square = ImageOps.fit(image.convert("RGB"), (edge, edge), Image.Resampling.BILINEAR)
    return pil_to_tensor(square)


# %%
# photo_data.py, part 2
class FromDisk:
    """Decodes photo `i` each time that it is asked for: `pixels[i]`."""

    def __init__(self, paths: list[Path], edge: int) -> None:
        self.paths, self.edge = paths, edge

    def __getitem__(self, i: int) -> torch.Tensor:
        return decode(self.paths[i], self.edge)


class PhotoDataset(torch.utils.data.Dataset):
    """The photos with the numbers `rows`, as (transformed image, label)."""

    def __init__(self, pixels, labels, rows, transform) -> None:
        self.pixels, self.labels, self.rows, self.transform = pixels, labels, rows, transform

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        i = self.rows[k]
        return self.transform(self.pixels[i]), self.labels[i]


# %%
scratch = tempfile.TemporaryDirectory() if runs_dir is None else None
run_dir = Path(scratch.name if scratch else runs_dir).expanduser() / run_name


def write_atomic(name: str, data: bytes) -> None:
    """Write beside the target, then rename: whoever reads sees the old file or the whole new one."""
    path = run_dir / name
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        cure = "free some space, or choose another runs_dir"
        raise RuntimeError(f"{path} was not written ({error.strerror}): {cure}") from None
    finally:
        part.unlink(missing_ok=True)


parts = ["".join(inspect.findsource(thing)[0]) for thing in (decode, FromDisk.__getitem__)]  # the whole cells
write_atomic("photo_data.py", "\n\n".join(parts).encode())
sys.path.insert(0, str(run_dir))
sys.modules.pop("photo_data", None)  # an earlier run of this cell
import photo_data

# %% [markdown]
# Decoding a JPEG is dear, and each epoch wants all of them again. The model sees small pictures, so the
# decoded ones may fit into memory: 15 % larger than the model's input, so that there is something left to crop.
# Keep them as uint8: as float32 they would take four times the room.

# %%
edge = round(1.15 * image_size)
pixels = photo_data.FromDisk([root / file for file in photos["file"]], edge)
need_mb = len(photos) * 3 * edge * edge / 1e6
cached = need_mb <= cache_mb
print(f"{len(photos):,} photos x 3 x {edge} x {edge} bytes = {need_mb:.0f} MB, allowed {cache_mb:,} MB:")
print("kept in memory" if cached else "decoded again in each epoch")

# %%
if cached:
    memory = torch.empty(len(photos), 3, edge, edge, dtype=torch.uint8)
    with ThreadPoolExecutor() as pool:
        decoded = pool.map(pixels.__getitem__, range(len(photos)))
        for i, photo in enumerate(progress(decoded, len(photos), "decode")):
            memory[i] = photo
    pixels = memory

# %% [markdown]
# ## 4. Split before anything learns
#
# Which photos may the model be tested on? Two crops of one region overlap. If one is in the training set and
# the other in the test set, the test asks for something that was seen before.
#
# We measure it with the simplest model of all: the **nearest neighbour**. For a test photo, shrunk to 8 x 8
# pixels, it finds the most similar training photo and says its class. It understands nothing of pictures.

# %%
predict("10.p1", ...)


# %%
def fold_rows(table: pd.DataFrame, by: str, parts: int) -> list[np.ndarray]:
    """Row numbers of up to six folds with balanced classes; rows with the same `by` stay together."""
    groups = table.groupby("class")[by].nunique()
    fewest, least = groups.idxmin(), groups.min()
    if least < parts:
        raise ValueError(f"class {fewest} has {least} different {by}s; {parts} are needed, one for each part")
    together = table[by].nunique() < len(table)
    splitter = model_selection.StratifiedGroupKFold if together else model_selection.StratifiedKFold
    folds = splitter(min(6, least), shuffle=True, random_state=seed)
    held = folds.split(table, table["class"], table[by] if together else None)
    return [table.index[rows].to_numpy() for _, rows in held]


def split(table: pd.DataFrame, by: str) -> dict[str, np.ndarray]:
    """Row numbers for train, val and test. Folders named so in the tree are taken as they are."""
    part = table["split"].replace("", "train")
    missing = [name for name in ("test", "val") if name not in set(part)]
    if missing:
        for name, held in zip(missing, fold_rows(table[part == "train"], by, len(missing) + 1), strict=False):
            part.loc[held] = name
    return {name: np.flatnonzero(part == name) for name in ("train", "val", "test")}


# %%
small = torch.stack(
    [nn.functional.adaptive_avg_pool2d(pixels[i].float(), 8).flatten() for i in range(len(photos))]
)


def neighbour_score(rows: dict[str, np.ndarray]) -> float:
    neighbour = neighbors.KNeighborsClassifier(1).fit(small[rows["train"]], labels[rows["train"]])
    return neighbour.score(small[rows["test"]], labels[rows["test"]])


splits = {"random": split(photos, "file"), "by region": split(photos, "region")}
leak = pd.DataFrame(index=list(splits))
leak["train, val, test"] = [", ".join(str(len(rows)) for rows in parts.values()) for parts in splits.values()]
regions = [[set(photos["region"][rows]) for rows in parts.values()] for parts in splits.values()]
leak["regions in train and test"] = [len(train & test) for train, _, test in regions]
leak["nearest neighbour right"] = [round(neighbour_score(parts), 3) for parts in splits.values()]
display(leak)
predict("10.p1").reveal(leak.loc["random", "nearest neighbour right"])

# %%
rows = splits["by region"]
fig, ax = plt.subplots(figsize=(6, 2.2))
bars = ax.barh(leak.index, leak["nearest neighbour right"], color=[palette.BAD, palette.GOOD], hatch="")
bars[0].set_hatch("//")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.axvline(1 / len(classes), color=palette.BLACK, linestyle=":", label="guessing")
ax.set(xlim=(0, 1.1), xlabel="share of test photos that the nearest neighbour gets right")
ax.legend(loc="upper right")
show(
    fig,
    alt=f"Two bars. Random split: {leak.iloc[0, -1]:.2f} right. Split by region: {leak.iloc[1, -1]:.2f} right.",
)

# %% [markdown]
# The same model, the same photos, the same number of each class. The random split reports skill that is only
# memory. From here on we split **by region**. Your own folder says which photos belong together in a file
# `regions.csv` with the columns `file` and `region`: the same patient, the same day, the same burst of shots.
# Without that file each photo counts as its own region, and both rows above are equal.
#
# > **Correction.** The guide's workflow cleans, transforms, augments, and splits *last* (5.1.1). Whatever learns
# > from data or copies data must come after the split. Here is the proof. We throw a coin for each photo and use
# > the coins as labels: there is nothing to learn, so an honest accuracy is 0.50.

# %% tags=["claim-04"]
coin = np.random.default_rng(seed)
chosen = coin.choice(len(photos), min(200, len(photos)), replace=False)
coins = coin.integers(0, 2, len(chosen))
torch.manual_seed(seed)
vary = v2.ColorJitter(brightness=0.1, contrast=0.1)
copies = torch.stack([
    nn.functional.adaptive_avg_pool2d(vary(pixels[i]).float(), 8).flatten() for i in chosen for _ in range(5)
])  # fmt: skip
copy_labels, original = np.repeat(coins, 5), np.repeat(np.arange(len(chosen)), 5)
half = {
    "augment, then split": coin.random(len(copies)) < 0.5,
    "split, then augment": np.isin(original, coin.permutation(len(chosen))[::2]),
}
honest = {}
for name, train in half.items():
    neighbour = neighbors.KNeighborsClassifier(1).fit(copies[train], copy_labels[train])
    honest[name] = round(neighbour.score(copies[~train], copy_labels[~train]), 2)
honest

# %% [markdown]
# > **Correction.** The guide opens three `ImageFolder`s, one for each of train, valid and test (5.1; it also
# > needs `import os`). Each folder then numbers its classes by itself. If one of them lacks a class, the same
# > class gets two numbers, and nothing complains.

# %% tags=["snippet-15"]
with tempfile.TemporaryDirectory() as folder:
    for name in ("train/cat", "train/dog", "valid/dog"):
        (Path(folder) / name).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(Path(folder) / name / "a.png")
    train_map, valid_map = (
        torchvision.datasets.ImageFolder(Path(folder) / name).class_to_idx for name in ("train", "valid")
    )
print("train:", train_map, " valid:", valid_map)
try:
    assert train_map == valid_map, "the two folders number their classes differently"
except AssertionError as error:
    print("caught:", error)
numbers = {name: sorted({classes[labels[i]] for i in rows[name]}) for name in rows}
print(
    "ours: one list of",
    len(classes),
    "classes for all parts; in every part:",
    numbers["train"] == numbers["test"],
)

# %% [markdown]
# ## 5. Transforms: one for training, one for evaluation
#
# > **Correction.** The guide's comment promises a crop (5.1.1); its code only resizes. `Resize((224, 224))` squeezes
# > whatever is not square, and `Resize(256)` alone leaves sizes that cannot be stacked. Resize the shorter edge, then
# > crop.

# %% tags=["claim-26"]
wide = Image.new("RGB", (400, 100), "white")
ImageDraw.Draw(wide).ellipse((160, 10, 240, 90), fill=palette.BLUE)
ways = {
    "Resize((224, 224))": v2.Resize((224, 224)),
    "Resize(256)": v2.Resize(256),
    "Resize(256), CenterCrop(224)": v2.Compose([v2.Resize(256), v2.CenterCrop(224)]),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 2.2), width_ratios=[1, 3, 1])
for ax, (name, way) in zip(axes, ways.items(), strict=False):
    picture = way(wide)
    print(f"{name:30}{picture.width} x {picture.height}")
    ax.imshow(ImageOps.expand(picture, 3, "black"))
    ax.set_title(name, fontsize=8)
    ax.axis("off")
show(
    fig,
    alt="A circle in a 400 x 100 picture: squeezed to a tall ellipse by Resize to 224 x 224, round in the others.",
)

# %% [markdown]
# > **Correction.** `Normalize` neither standardises nor normalises by itself (2.3.1, 5.1): it subtracts one given
# > number and divides by another. Only the mean and spread of *these* photos give mean 0 and spread 1.

# %% tags=["claim-25"] figure="0.5 and 0.5"
some = torch.stack([pixels[i] for i in rows["train"][:1000]]).float() / 255
own_mean, own_std = some.mean(dim=(0, 2, 3)), some.std(dim=(0, 2, 3))
constants = {
    "0.5 and 0.5": ([0.5] * 3, [0.5] * 3),
    "ImageNet's": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "the training photos' own": (own_mean.tolist(), own_std.tolist()),
}
table = pd.DataFrame(index=list(constants), columns=["mean R, G, B", "spread R, G, B"])
for name, numbers in constants.items():
    x = v2.Normalize(*numbers)(some)
    table.loc[name] = [(f(x, dim=(0, 2, 3)).numpy().round(2) + 0.0).tolist() for f in (torch.mean, torch.std)]
table

# %% [markdown]
# Our training crops a random part and flips; our evaluation cuts the middle, always the same. No rotation, for these
# scenes stand upright; no change of colour, for colour tells them apart.
#
# > **Correction.** The guide's augmentation (5.2.1) ends with a picture, not with a tensor, so no batch can be
# made of
# > it. And it belongs to the training photos alone.

# %% tags=["snippet-16"]
guide = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(10), v2.ColorJitter(brightness=0.2)])
try:
    default_collate([guide(wide), guide(wide)])
except TypeError as error:
    print("the guide's:", str(error).split(";")[0])
finish = [
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize(own_mean.tolist(), own_std.tolist()),
]
batch = default_collate([v2.Compose([guide, *finish])(wide) for _ in range(2)])
print("with an ending:", tuple(batch.shape), batch.dtype)

# %%
pretrained = weights == "DEFAULT" and model != "small_cnn"
mean, std = constants["ImageNet's" if pretrained else "the training photos' own"]
ending = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
train_transform = v2.Compose(
    [v2.RandomResizedCrop(image_size, scale=(0.3, 1.0)), v2.RandomHorizontalFlip(), *ending]
)
eval_transform = v2.Compose([v2.CenterCrop(image_size), *ending])

torch.manual_seed(seed)
photo = pixels[rows["train"][0]]
views = [eval_transform(photo)] + [train_transform(photo) for _ in range(6)]
fig, axes = plt.subplots(1, 7, figsize=(9, 1.7))
for ax, view, name in zip(axes, views, ["evaluation"] + ["training"] * 6, strict=False):
    ax.imshow((view.permute(1, 2, 0) * torch.tensor(std) + torch.tensor(mean)).clip(0, 1))
    ax.set_title(name, fontsize=8)
    ax.axis("off")
show(fig, alt="One photo as evaluation sees it, and six random crops and flips of it as training sees it.")

# %% [markdown]
# ## 6. Loaders
#
# Chance must be repeatable: the order of the photos comes from a generator that each epoch seeds anew. So epoch 7
# of an interrupted run is the same as epoch 7 of a run that was not.

# %%
order = torch.Generator()


def make_loader(part: str, transform) -> DataLoader:
    """Batches of one part of the photos; training shuffles them, and drops a last batch that is smaller."""
    dataset = photo_data.PhotoDataset(pixels, labels, rows[part], transform)
    options = {
        "num_workers": num_workers,
        "timeout": 120 if num_workers else 0,
        "pin_memory": device == "cuda",
    }
    if part == "train":
        options |= {"shuffle": True, "generator": order, "drop_last": len(dataset) > batch_size}
    return DataLoader(dataset, batch_size, **options)


def close(batches) -> None:
    """End the workers now: after an interrupt the traceback would keep them alive."""
    if hasattr(batches, "_shutdown_workers"):
        batches._shutdown_workers()


loaders = {part: make_loader(part, train_transform if part == "train" else eval_transform) for part in rows}
for part, loader in loaders.items():
    print(f"{part:6}{len(rows[part]):6,} photos {len(loader):5,} batches")

# %% [markdown]
# ## 7. The model
#
# Our network has two paths. One looks at single pixels and learns which colours matter; the other looks at edges
# and texture. Both end with a mean and a maximum over the picture: how much of it there is, and whether there is any.


# %%
def block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class SmallCNN(nn.Module):
    """(B, 3, H, W) -> (B, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.colour = nn.Sequential(nn.AvgPool2d(4), *block(3, 32, 1), *block(32, 64, 1))
        self.shape = nn.Sequential(*block(3, 16, 3, 2), *block(16, 32, 3, 2), *block(32, 64, 3, 2))
        self.head = nn.Sequential(nn.BatchNorm1d(256), nn.Dropout(0.3), nn.Linear(256, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = [self.colour(x), self.shape(x)]
        return self.head(torch.cat([f(m, dim=(2, 3)) for m in maps for f in (torch.mean, torch.amax)], dim=1))


# %%
def build_model(name: str, weights: str, classes: int) -> nn.Module:
    """The network with a head for `classes`; weights that cannot be had are told in one line."""
    if name == "small_cnn":
        return SmallCNN(classes)
    try:
        network = torchvision.models.get_model(name, weights=None if weights == "none" else weights)
    except (OSError, RuntimeError) as error:  # no internet, or a damaged download
        print(f"weights={weights!r} of {name} cannot be had ({error}); training starts without them")
        network = torchvision.models.get_model(name, weights=None)
    network.fc = nn.Linear(network.fc.in_features, classes)
    return network


# %% [markdown]
# > **Correction.** The guide writes `resnet50(pretrained=True)` (5.2.2). That is deprecated, and still means
# the older
# > weights. Write `weights=ResNet50_Weights.DEFAULT`, which also knows the right transforms. The guide also keeps the
# > head with 1,000 outputs, and its snippet has no loss function, no validation and no checkpoint.

# %% tags=["snippet-17"] figure="1,000 outputs"
best_weights = torchvision.models.ResNet50_Weights.DEFAULT
print(
    f"{best_weights.name}: resize to {best_weights.transforms().resize_size}, then crop {best_weights.transforms().crop_size}"
)
torch.manual_seed(seed)
network = torchvision.models.resnet18(weights=None)
chosen = rows["train"][:: max(1, len(rows["train"]) // 64)]
images, targets = default_collate([(eval_transform(pixels[i]), labels[i]) for i in chosen])
with torch.no_grad():
    loss_1000 = nn.functional.cross_entropy(network(images), targets).item()
    network.fc = nn.Linear(network.fc.in_features, len(classes))
    loss_new = nn.functional.cross_entropy(network(images), targets).item()
print(f"1,000 outputs: {loss_1000:.1f}, ln 1000 = {np.log(1000):.1f}")
print(f"{len(classes)} outputs: {loss_new:.1f}, ln {len(classes)} = {np.log(len(classes)):.1f}")

# %% [markdown]
# ## 8. Train
#
# An epoch is a pass over the training photos. We also take the time that the step spends waiting for the next batch.


# %%
def train_epoch(
    network: nn.Module, loader: DataLoader, optimizer, scheduler, step=lambda: None
) -> dict[str, float]:
    """One pass; returns the mean loss over photos, and the share of the time spent waiting for data."""
    network.train()
    total, seen, waited = 0.0, 0, 0.0
    batches = iter(loader)
    begin = asked = time.perf_counter()
    try:
        for images, targets in batches:
            waited += time.perf_counter() - asked
            images, targets = images.to(device, non_blocking=True), targets.to(device, non_blocking=True)
            loss = nn.functional.cross_entropy(network(images), targets, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            total, seen = total + loss.item() * len(targets), seen + len(targets)
            step()
            asked = time.perf_counter()
    finally:
        close(batches)
    return {"train_loss": total / seen, "waited": waited / (time.perf_counter() - begin)}


# %%
@torch.no_grad()
def probabilities(network: nn.Module, loader: DataLoader, views=lambda photos: [photos]) -> torch.Tensor:
    """The probability of each class for each photo of the loader, in order: (N, classes); the mean over its views."""
    network.eval()
    batches = iter(loader)
    found = []
    try:
        for photos, _ in batches:
            looks = [network(view).softmax(dim=1) for view in views(photos.to(device))]
            found.append(torch.stack(looks).mean(dim=0).cpu())
        return torch.cat(found)
    finally:
        close(batches)


def accuracy(found: torch.Tensor, part: str) -> float:
    return (found.argmax(dim=1) == labels[rows[part]]).float().mean().item()


# %% [markdown]
# A run can be interrupted: by you, by a power cut, by a full disk. So after each epoch we save all that the next one
# needs, and we save it **atomically**: written beside, then renamed. Half a checkpoint is worse than none. We load
# with `weights_only=True`: a checkpoint is a pickle, and a pickle can run any code.
#
# The same `run_name` takes an unfinished run up again, if the settings and the photos are the same.

# %%
photo_list = pd.util.hash_pandas_object(photos["file"] + photos["split"], index=False)
config = {
    "photos": str(photo_list.sum()), "classes": classes, "policy": policy,
    "model": model, "weights": weights, "epochs": epochs, "batch_size": batch_size,
    "image_size": image_size, "lr": lr, "seed": seed, "num_workers": num_workers,
}  # fmt: skip
if (run_dir / "config.json").exists():
    earlier = json.loads((run_dir / "config.json").read_text())
    changed = [key for key in config if config[key] != earlier.get(key)]
    if changed:
        was = ", ".join(f"{key} was {earlier.get(key)!r}, is {config[key]!r}" for key in changed)
        raise RuntimeError(
            f"run_name = {run_name!r} was begun with other settings ({was}): choose another run_name"
        )
write_atomic("config.json", json.dumps(config, indent=2).encode())


def save(name: str, state: dict) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(name, buffer.getvalue())


# %%
torch.manual_seed(seed)
network = build_model(model, weights, len(classes)).to(device)
optimizer = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=lr, total_steps=epochs * len(loaders["train"])
)
trained = {"model": network, "optimizer": optimizer, "scheduler": scheduler}
history = []
if (run_dir / "last.pt").exists():
    state = torch.load(run_dir / "last.pt", map_location=device, weights_only=True)
    for name, thing in trained.items():
        thing.load_state_dict(state[name])
    history = state["history"]
print(
    f"{sum(p.numel() for p in network.parameters()):,} weights; epochs done before: {len(history)} of {epochs}"
)

# %%
steps = len(loaders["train"])
with progress(None, epochs * steps, "train") as bar:
    bar.update(len(history) * steps)
    for epoch in range(len(history), epochs):
        torch.manual_seed(1000 * seed + epoch)
        order.manual_seed(1000 * seed + epoch)
        row = train_epoch(network, loaders["train"], optimizer, scheduler, bar.update)
        row["val_accuracy"] = accuracy(probabilities(network, loaders["val"]), "val")
        bar.set_postfix(val=f"{row['val_accuracy']:.2f}")
        if row["val_accuracy"] > max((done["val_accuracy"] for done in history), default=-1):
            save("best.pt", {"model": network.state_dict(), "config": config, "mean": mean, "std": std})
        history.append(row)
        save("last.pt", {name: thing.state_dict() for name, thing in trained.items()} | {"history": history})


# %% tags=["nbval-ignore-output"] reason="trained numbers differ from processor to processor"
def keep(fig, name: str, alt: str) -> None:
    """Save a figure with the run, then show it."""
    png = io.BytesIO()
    fig.savefig(png, format="png", metadata={"Software": None})
    write_atomic(f"figures/{name}.png", png.getvalue())
    show(fig, alt=alt)


table = pd.DataFrame(history, index=range(1, len(history) + 1))
fig, axes = plt.subplots(1, 2, figsize=(8, 2.6))
for ax, name in zip(axes, ("train_loss", "val_accuracy"), strict=False):
    ax.plot(table.index, table[name], marker="o", label=name)
    ax.set(xlabel="epoch", title=name.replace("_", " "))
best = table["val_accuracy"].idxmax()
axes[1].axvline(best, color=palette.BLACK, linestyle=":")
keep(fig, "curves", f"Training loss falls to {table['train_loss'].iloc[-1]:.2f}; the best validation accuracy, "
                    f"{table['val_accuracy'].max():.2f}, comes in epoch {best}.")  # fmt: skip

# %% [markdown]
# We keep the epoch that did best on the **validation** photos. The test photos have not been looked at yet: choosing
# by them would be a leak too.
#
# ### Who waits for whom?
#
# > **Correction.** The guide says that efficient loading keeps training from being interrupted (chapter 1). Do not
# > believe it, measure it: the share of the time that the training step waited.

# %% tags=["claim-38", "nbval-ignore-output"] figure="disk, 0 workers" reason="timing"
spare = build_model("small_cnn", "none", len(classes)).to(device)
spare_optimizer = torch.optim.SGD(spare.parameters(), lr=0.0)
still = torch.optim.lr_scheduler.ConstantLR(spare_optimizer)
waits = {}
for pixels_from, source in {
    "memory": pixels,
    "disk": photo_data.FromDisk([root / f for f in photos["file"]], edge),
}.items():
    for workers in (0, 2):
        dataset = photo_data.PhotoDataset(source, labels, rows["train"][: 6 * batch_size], train_transform)
        loader = DataLoader(dataset, batch_size, num_workers=workers, timeout=120 if workers else 0)
        begin = time.perf_counter()
        waited = train_epoch(spare, loader, spare_optimizer, still)["waited"]
        speed = len(dataset) / (time.perf_counter() - begin)
        waits[f"{pixels_from}, {workers} workers"] = {
            "share of time waited": waited,
            "photos a second": speed,
        }
pd.DataFrame(waits).T.round(2)

# %% [markdown]
# Workers help where the waiting is long and processor cores are free. Starting them costs time as well, and on two
# cores they take what the training step needs. Chapter 08 looks closer.
#
# ## 9. Test, once
#
# The best epoch meets the test photos. A share of some hundred photos is uncertain, so give an interval. **Wilson's**
# takes the photos as independent. Ours are not: thirty crops of one region are nearly one photo. The **bootstrap over
# regions** draws whole regions again and again, and is the honest one. Try another `seed`: other regions are
# drawn for the test, and the score moves further than Wilson's interval would have it. In trial runs of this
# recipe with seeds 0 to 4 the test gave 0.81 to 0.93. Seed 0 ran twice, with other random crops: 0.81 and 0.85. The
# seed set above, 4, gave 0.88, the middle one of the five. One run is one draw: report the range as well.
#
# A photo is larger than the model's input. So we let the model look seven times, and take the **mean of its
# answers**: the middle, its mirror image, the four corners, and the whole photo made smaller. One crop can miss what
# tells the scene; seven seldom do. The validation photos say if it helps.


# %%
def seven_views(photos: torch.Tensor) -> list[torch.Tensor]:
    """(B, 3, edge, edge) -> seven batches (B, 3, image_size, image_size)."""
    *corners, middle = v2.functional.five_crop(photos, image_size)
    whole = v2.functional.resize(photos, [image_size, image_size])
    return [middle, v2.functional.hflip(middle), *corners, whole]


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share, if the photos are independent."""
    share, extra = right / total, z * z / total
    middle = (share + extra / 2) / (1 + extra)
    half = z * np.sqrt(share * (1 - share) / total + extra / (4 * total)) / (1 + extra)
    return middle - half, middle + half


def by_region(right: np.ndarray, regions: pd.Series, draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of a share, by drawing whole regions again."""
    groups = (
        pd.DataFrame({"right": right, "region": regions.to_numpy()})
        .groupby("region")["right"]
        .agg(["sum", "size"])
    )
    drawn = np.random.default_rng(seed).integers(0, len(groups), (draws, len(groups)))
    sums, sizes = groups["sum"].to_numpy()[drawn].sum(axis=1), groups["size"].to_numpy()[drawn].sum(axis=1)
    return tuple(np.percentile(sums / sizes, [2.5, 97.5]).tolist())


# %% tags=["nbval-ignore-output"] reason="trained numbers differ from processor to processor"
network.load_state_dict(torch.load(run_dir / "best.pt", map_location=device, weights_only=True)["model"])
middle = probabilities(network, loaders["val"])
seven = probabilities(network, make_loader("val", v2.Compose(ending)), seven_views)
print(f"validation accuracy: middle {accuracy(middle, 'val'):.3f}, seven views {accuracy(seven, 'val'):.3f}")
found = probabilities(network, make_loader("test", v2.Compose(ending)), seven_views)
truth, said = labels[rows["test"]].numpy(), found.argmax(dim=1).numpy()
right = said == truth
test_accuracy = float(right.mean())
intervals = {
    "photos": wilson(int(right.sum()), len(right)),
    "regions": by_region(right, photos["region"][rows["test"]]),
}
print(
    f"test accuracy {test_accuracy:.3f} on {len(right)} photos of {photos['region'][rows['test']].nunique()} regions"
)
for name, (low, high) in intervals.items():
    print(f"95 % interval over {name:8}{low:.2f} to {high:.2f}")

# %%
if data_dir is None:
    print("test accuracy above 0.80:", test_accuracy > 0.80)

# %% tags=["nbval-ignore-output"] reason="trained numbers differ from processor to processor"
precision, recalls, _, counts = metrics.precision_recall_fscore_support(
    truth, said, labels=range(len(classes)), zero_division=0
)  # fmt: skip
per_class = pd.DataFrame({"test photos": counts, "recall": recalls, "precision": precision}, index=classes)
display(per_class.round(2))
confusion = metrics.confusion_matrix(truth, said, labels=range(len(classes)))
fig, ax = plt.subplots(figsize=(5.2, 4.6))
ax.imshow(confusion, cmap="Blues")
for (row, column), count in np.ndenumerate(confusion):
    if count and len(classes) <= 20:
        ax.text(
            column,
            row,
            count,
            ha="center",
            va="center",
            color="white" if count > confusion.max() / 2 else "black",
        )
ax.set_xticks(range(len(classes)), classes, rotation=90)
ax.set_yticks(range(len(classes)), classes)
ax.set(xlabel="said", ylabel="true")
ax.grid(False)
worst = max((confusion[t, s], t, s) for t in range(len(classes)) for s in range(len(classes)) if t != s)
keep(fig, "confusion", f"Confusion matrix, {right.sum()} of {len(right)} on the diagonal; most often confused: "
                       f"{classes[worst[1]]} called {classes[worst[2]]}, {worst[0]} times.")  # fmt: skip

# %% tags=["nbval-ignore-output"] reason="trained numbers differ from processor to processor"
wrong = np.flatnonzero(~right)
wrong = wrong[np.argsort(-found.max(dim=1).values.numpy()[wrong], kind="stable")][:8]
fig, axes = plt.subplots(2, 4, figsize=(6.4, 3.6))
for ax in axes.flat:
    ax.axis("off")
for ax, k in zip(axes.flat, wrong, strict=False):
    ax.imshow(pixels[rows["test"][k]].permute(1, 2, 0))
    ax.set_title(f"{classes[truth[k]]}\nsaid {classes[said[k]]}, {found[k].max():.2f}", fontsize=8)
pairs = ", ".join(f"{classes[truth[k]]} called {classes[said[k]]}" for k in wrong) or "none"
keep(fig, "mistakes", f"The worst mistakes: {pairs}.")

# %% [markdown]
# ## 10. What stays
#
# One folder holds the run: settings, numbers, weights, figures. With `make run` the executed notebook lies there too.

# %%
report = {
    "test": {
        "accuracy": test_accuracy,
        "photos": len(right),
        "interval_photos": intervals["photos"],
        "interval_regions": intervals["regions"],
    },
    "best_epoch": int(best),
    "history": history,
    "per_class": per_class.to_dict(orient="index"),
    "nearest_neighbour": leak["nearest neighbour right"].to_dict(),
    "left_out": int((~audit.table["usable"]).sum()),
}
write_atomic("metrics.json", json.dumps(report, indent=2).encode())
sorted(
    path.relative_to(run_dir).as_posix()
    for path in run_dir.rglob("*")
    if path.is_file() and path.suffix in (".json", ".png", ".pt", ".py")
)

# %% [markdown]
# ## Exercises
#
# Replace the three dots and run the cell. `hint("10.1")` helps, one step at a time.


# %% tags=["exercise"]
@exercise("10.1")
def split_by_group(groups: list[str], test_groups: set[str]) -> tuple[list[int], list[int]]: ...


# %% tags=["exercise"]
@exercise("10.2")
def centre_square(width: int, height: int) -> tuple[int, int, int, int]: ...


# %% tags=["exercise"]
import torch


@exercise("10.3")
def channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]: ...


# %% tags=["exercise"]
@exercise("10.4")
def best_epoch(history: list[dict[str, float]]) -> int: ...


# %% tags=["exercise"]
import torch


@exercise("10.5")
def recall(confusion: torch.Tensor) -> torch.Tensor: ...


# %% [markdown]
# ## Quiz
#
# Put the letter of your answer in place of the dots.

# %%
for card in (quiz("10.q1", ...), quiz("10.q2", ...), quiz("10.q3", ...), quiz("10.q4", ...)):
    display(card)

# %% [markdown]
# ## Pitfalls
#
# | You see | What happened | What to do |
# |---|---|---|
# | training dies in hour three on one file | it was never opened before | audit first |
# | 0.97 in the test, 0.6 in use | near-copies on both sides of the split | split by region, patient, day |
# | good in training, poor in validation from the first epoch | random transforms, or other constants, in evaluation | two pipelines, the same `Normalize` |
# | `stack expects each tensor to be equal size` | `Resize(256)` keeps proportions | crop after it |
# | class numbers differ between parts | each `ImageFolder` numbers its own | one list of classes |
# | `Can't get attribute 'PhotoDataset'` | workers cannot see a notebook cell | put the class in a module |
# | photos lie on their side | EXIF orientation ignored | `ImageOps.exif_transpose` |
# | a resumed run comes out differently | chance was not part of the state | seed each epoch by its number |
# | the checkpoint cannot be read | the run died while it wrote | write beside, rename |
#
# ## Summary
#
# - Audit, split, transform, load, train, test: in this order.
# - The unit of the split is what you want to generalise to.
# - Validation chooses, the test reports, once, with an interval.
# - A checkpoint holds all that the next epoch needs, or it is no checkpoint.
#
# Run it on your own folder: `make run ARGS="-p data_dir ~/pictures -p epochs 20"`.
#
# ## Next
#
# This was the last chapter. Chapter 00 shows your progress, and what is left to try.
