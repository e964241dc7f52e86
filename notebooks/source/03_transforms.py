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
# # 03 Transforms
#
# A file gives you pixels. A model wants a float tensor of a known shape, range and spread.
# [Transforms](pages/glossary.ipynb#transform) stand in between. Most of their mistakes raise no error: the model
# just learns from wrong numbers. This chapter measures each mistake and shows its cure.
#
# **After this chapter you can**
#
# - say what `ToImage`, `ToDtype` and [Normalize](pages/glossary.ipynb#Normalize) do to shape,
#   [dtype](pages/glossary.ipynb#dtype) and range, and in which order,
# - find out why pixels came out white, negative, 255 times too large, or on their side,
# - bring grey, transparent, palette, CMYK and 16-bit images to one form,
# - compute mean and standard deviation of your own dataset, batch by batch,
# - write your own transform, so that it treats an image and its mask alike and leaves the rest alone.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Tensors: shape, dtype, broadcasting | needed | [chapter 01](01_tensors.ipynb) |
# | `Dataset` and `DataLoader` | helpful | [chapter 02](02_dataset_dataloader.ipynb) |
# | Classes and inheritance in Python | for sections 10 to 12 | the Python tutorial |
#
# **Time:** 60 minutes to read and try, with the lab and the exercises. The cells alone run for about 10
# seconds.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate
from torchcodec.decoders import decode_image
from torchvision import transforms, tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as TF

from dpwidgets import TransformLab, exercise, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Folder, Integer, check_parameters

# %% tags=["parameters"]
data_dir = None  # folder of your own images, one folder for each class; None takes the sample photos
picture = 400  # which image the figures show: its number in the sorted list of files, from 0
seed = 0  # start of chance, a whole number from 0 to 1,000,000
size = 96  # shorter side of the images, pixels, 32 to 256
images = 240  # images that the statistics are computed from, 20 to 1,000
batch_size = 32  # images in a batch, 2 to 256

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True),
    picture=Integer(0, 1_000_000),
    seed=Integer(0, 1_000_000),
    size=Integer(32, 256),
    images=Integer(20, 1000),
    batch_size=Integer(2, 256),
)
use_style()
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
# "[!.]*": names that do not begin with a dot; systems hide files of their own beside yours.
paths = sorted(p for p in root.rglob("[!.]*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
if len(paths) < 10:
    raise FileNotFoundError(f"data_dir = {data_dir!r} holds {len(paths)} .jpg, .jpeg or .png files: too few")


# %%
def read_photo(path: Path) -> Image.Image:
    """The image in `path` as a PIL image: upright, RGB, its shorter side `size` pixels long."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (size, size))  # JPEG only: decode no more than is needed
            return TF.resize(ImageOps.exif_transpose(image).convert("RGB"), size)
    except OSError as error:
        raise ValueError(f"{path} cannot be decoded ({error}): take it out; chapter 10 finds all") from None


def told(x) -> str:
    """Dtype, shape and range of an image, in one line."""
    if isinstance(x, Image.Image):
        return f"PIL image, mode {x.mode}, {x.width} × {x.height}"
    kind, values = str(x.dtype).removeprefix("torch."), x.double()  # uint16 has no min() of its own
    return f"{kind:8}{tuple(x.shape)!s:14}{values.min():10.3f} to {values.max():9.3f}"


def attempt(what: str, action: Callable[[], object]) -> None:
    """Run `action`; print what comes out, or its error."""
    try:
        print(f"{what:30}{told(action())}")
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        print(f"{what:30}{type(error).__name__}: {first_line}")


# %%
def draw(tiles: dict[str, torch.Tensor], alt: str, limits=(None, None)) -> None:
    """Draw images (C, H, W) in a row, each under its title. `limits`: the values shown as black and white."""
    width = min(1.9, 9.5 / len(tiles))
    fig, axes = plt.subplots(1, len(tiles), figsize=(width * len(tiles), 0.85 * width + 0.3))
    for axis, (title, image) in zip(np.atleast_1d(axes), tiles.items(), strict=True):
        axis.imshow(
            image.permute(1, 2, 0).numpy(), cmap="gray", vmin=limits[0], vmax=limits[1], interpolation="auto"
        )
        axis.set_title(title, fontsize=8)
        axis.set(xticks=[], yticks=[], anchor="N")  # titles on one line
        axis.spines[:].set(visible=True, linewidth=0.5)  # so that a white image can be seen
    show(fig, alt=alt)


photo = read_photo(paths[picture % len(paths)])
print(len(paths), "images; this chapter looks at a", told(photo))

# %% [markdown]
# ## 1. A pipeline, as the guide has it
#
# A transform is anything that can be called with a sample and returns a sample. `Compose` calls several in
# turn. The guide's pipeline has two: `ToTensor` and `Normalize`.
#
# `torchvision.transforms` is version 1. It still works, but new things come to **version 2** only,
# `torchvision.transforms.v2`: boxes, masks, videos, batches. **Question:** does the guide's pipeline run? And
# what must you write in v2 to get the same numbers?

# %% tags=["snippet-06"] figure="guide's, given a photo"
transform_pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=[0.5], std=[0.5])])
attempt("guide's, as printed", lambda: transform_pipeline(original_data))  # noqa: F821
attempt("guide's, given a photo", lambda: transform_pipeline(photo))

half = {"mean": [0.5] * 3, "std": [0.5] * 3}
v1_pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize(**half)])
v2_pipeline = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(**half)])
old, new = v1_pipeline(photo), v2_pipeline(photo)
print(f"largest difference between v1 and v2: {(old - new).abs().max():.1e}")
print("v1 gives a", type(old).__name__, "and v2 an", type(new).__name__, "(section 12 comes back to it)")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    v2.ToTensor()
print("v2.ToTensor():", str(caught[0].message).split(". ")[0])

# %% [markdown]
# **What happened.** The guide never says what `original_data` is. With a photo its pipeline works: three channels
# first, then rows and columns, values from -1 to 1. (One mean for three channels is allowed: each takes it.)
#
# v2 gives the same numbers, up to rounding in the last bit. It splits `ToTensor` in two, because that
# did two jobs: change the *kind of object*, and change the *range*. There is a `v2.ToTensor`, but it warns.
# v2's `Image` is a [tv_tensor](pages/glossary.ipynb#tv_tensor): a tensor that knows that it is an image.
#
# ## 2. Three steps, three jobs
#
# **Question.** Follow one photo through the pipeline. Which step changes the type, which the range, which the
# centre?

# %%
steps = {
    "ToImage": v2.ToImage(),
    "ToDtype(scale=True)": v2.ToDtype(torch.float32, scale=True),
    "Normalize(0.5, 0.5)": v2.Normalize(**half),
}
x = photo
print(f"{'the file':22}{told(x)}")
fig, axes = plt.subplots(1, 3, figsize=(8.4, 2.2), sharey=True)
for axis, (name, step) in zip(axes, steps.items(), strict=True):
    x = step(x)
    print(f"{name:22}{told(x)}")
    axis.hist(x.flatten().numpy(), bins=40)
    axis.axvline(0, color="black", linewidth=1, linestyle=":")
    axis.set_title(f"after {name}", fontsize=9)
    axis.tick_params(labelsize=8)
axes[0].set_ylabel("how many values", fontsize=9)
alt = "Three histograms of one photo's values. The shape is the same; the range is 0 to 255, then 0 to 1, then -1 to 1."
show(fig, alt=alt)

# %% [markdown]
# **What happened.** The shape of the histogram never changes: each step only relabels the axis. `ToImage`
# makes a tensor (channels first, no number changed). `ToDtype(scale=True)` divides `uint8` by 255.
# `Normalize` subtracts and divides. **After each step you should be able to say dtype and range.** Every trap
# below is a step that met another range or another layout than it expects.
#
# ## 3. Trap: who divides by 255?
#
# **Question.** The array below holds every grey level from 0 to 255, as *floats*. It goes through `ToTensor`
# and `Normalize(0.5, 0.5)`. What is the greatest value that comes out? Replace `...` by a number.

# %%
predict("03.p1", ...)

# %%
levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)  # (H, W, C), 0 to 255
for kind in (np.uint8, np.float32, np.int32, np.uint16):
    array = levels.astype(kind)
    attempt(f"v1, {array.dtype}", lambda array=array: v1_pipeline(array))  # array=array: this round's
    attempt(f"v2, {array.dtype}", lambda array=array: v2_pipeline(array))
unscaled = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32), v2.Normalize(**half)])
attempt("v2, uint8, no scale=True", lambda: unscaled(levels))
predict("03.p1").reveal(v1_pipeline(levels.astype(np.float32)).max().item())

# %% [markdown]
# **What happened.** Only the first two lines are right: from -1 to 1. One error was told, in two
# lines; all the rest is silent.
#
# - `ToTensor` divides `uint8` and nothing else. Floats pass as they are: (255 - 0.5) / 0.5 = 509.
# - v2 does the same for floats: it takes a float image for one that is already between 0 and 1.
# - v2 divides an integer by the largest number of its **type**: 65,535 for `uint16`, 2,147,483,647 for
#   `int32`. Your 255 is next to nothing there, so the whole image is -1: black, without an error.
# - `ToDtype` without `scale=True` changes the type and leaves 255.
#
# **Cure.** Keep 8-bit images `uint8` until `ToDtype(scale=True)`. Arrays of any other type: divide them
# yourself, by the maximum that *you* know. And let the dataset check itself, once:

# %%
by_hand = v2.Compose([v2.ToImage(), v2.Normalize(**half)])
attempt("floats, divided by hand", lambda: by_hand(levels.astype(np.float32) / 255))
attempt("int32, back to uint8", lambda: v2_pipeline(levels.astype(np.uint8)))


def checked(image: torch.Tensor) -> torch.Tensor:
    """The image itself, if it is a float image from 0 to 1 with three channels. Place it before Normalize."""
    low, high = image.aminmax()
    if image.shape[-3] != 3 or low < 0 or not 0.05 < high <= 1:
        raise ValueError(f"not a float RGB image from 0 to 1: {told(image)}")
    return image


guarded = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), checked, v2.Normalize(**half)])
attempt("guarded, uint8", lambda: guarded(levels))
attempt("guarded, float32", lambda: guarded(levels.astype(np.float32)))
attempt("guarded, int32", lambda: guarded(levels.astype(np.int32)))

# %% [markdown]
# **What happened.** A plain function is a transform, too. This one turns silent harm into an error. (It also
# refuses an image with nothing brighter than 0.05. That is how `int32` was caught, and a photo that is black all
# over is one to look at, too.)
#
# ## 4. Trap: where are the channels?
#
# PIL and NumPy images are `(H, W, C)`, tensors are `(C, H, W)`. **Question:** what happens to an array that is
# already `(C, H, W)`?

# %%
hwc = np.zeros((4, 5, 3), np.uint8)  # 4 rows, 5 columns, 3 channels
chw = hwc.transpose(2, 0, 1)
attempt("ToTensor, array (4, 5, 3)", lambda: transforms.ToTensor()(hwc))
attempt("ToTensor, array (3, 4, 5)", lambda: transforms.ToTensor()(chw))
attempt("ToImage,  array (3, 4, 5)", lambda: v2.ToImage()(chw))
attempt("ToImage,  tensor (4, 5, 3)", lambda: v2.ToImage()(torch.from_numpy(hwc)))
attempt("ToTensor, tensor (3, 4, 5)", lambda: transforms.ToTensor()(torch.from_numpy(chw)))
attempt("cure: tensor first", lambda: v2.ToImage()(torch.from_numpy(chw)))
attempt("cure: permute by hand", lambda: v2.ToImage()(torch.from_numpy(hwc).permute(2, 0, 1)))

# %% [markdown]
# **What happened.** An **array** is always taken for `(H, W, C)` and turned round; a **tensor** is always taken
# for `(C, H, W)` and left. Neither looks at the numbers. So an array that was right comes out as `(5, 3, 4)`: an
# image of 3 × 4 pixels with five channels. `Normalize` with one mean takes it, and so does a model that flattens its
# input: nothing complains. (Three means, or a convolution made for three channels, would.) v1's `ToTensor` refuses
# tensors; `v2.ToImage` accepts them.
#
# ## 5. Trap: files that are not 8-bit RGB
#
# Scanners, microscopes and depth cameras store 16 bits: 0 to 65,535. Logos have a *palette* (a list of colours;
# a pixel holds a place in it) or transparency (RGBA: the fourth channel says how opaque a pixel is). Print shops
# use CMYK, four inks. **Question:** which of these five files pass the pipelines of section 1? Which come out
# right?

# %%
dirty = samples.dirty_folder()
to_float = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
names = {
    "grey": "flower/grey.jpg",
    "RGBA": "flower/transparent.png",
    "palette": "coffee/palette.png",
    "CMYK": "flower/cmyk.jpg",
    "16 bits": "chelsea/sixteen_bit.png",
}
files = {kind: Image.open(dirty / name) for kind, name in names.items()}
for kind, file in files.items():
    print(f"{kind} (mode {file.mode})")
    attempt("   v1 ToTensor", lambda file=file: transforms.ToTensor()(file))
    attempt("   v2 ToImage, ToDtype", lambda file=file: to_float(file))
    attempt("   v1 with Normalize", lambda file=file: v1_pipeline(file))
    attempt("   v2 with Normalize", lambda file=file: v2_pipeline(file))
pixel = Image.fromarray(np.full((1, 1), 40_000, np.uint16))
print("one pixel of 40,000: v1", transforms.ToTensor()(pixel).item(), f" v2 {to_float(pixel).item():.3f}")

# %% [markdown]
# **What happened.** Four channels do not fit three means: an error, good. The others are worse.
#
# - **Grey:** v1 raises. v2 raises nothing: it [broadcasts](pages/glossary.ipynb#broadcasting) one channel against
#   three means and gives three.
#   Here that is what you want, by luck. With `Normalize(mean=[0.5], std=[0.5])` it stays one channel, and cannot
#   be stacked with the others.
# - **Palette:** the file holds numbers of colours, not colours. The pipeline takes those numbers, 0 to 63, for
#   brightness.
# - **16 bits:** v1 reads the bytes as *signed* numbers: what is above 32,767 becomes negative. v2 keeps `uint16`
#   and divides by 65,535.
#
# **Cure:** ask for RGB first, with `v2.RGB` or Pillow's `.convert("RGB")`. **Question:** does that help all five?

# %%
attempt("RGBA, v2.RGB, ToImage", lambda: v2.ToImage()(v2.RGB()(files["RGBA"])))
attempt("RGBA, ToImage, v2.RGB", lambda: v2.RGB()(v2.ToImage()(files["RGBA"])))
attempt("16 bits, .convert, ToImage", lambda: v2.ToImage()(files["16 bits"].convert("RGB")))
attempt("16 bits, to float, v2.RGB", lambda: v2.RGB()(to_float(files["16 bits"])))
attempt("16 bits, decode_image", lambda: decode_image(dirty / names["16 bits"]))

rgb = {kind: to_float(file.convert("RGB")) for kind, file in files.items()}
white_page = Image.new("RGBA", files["RGBA"].size, "white")
tiles = {
    "16 bits: v1": (transforms.ToTensor()(files["16 bits"]).float() + 32768) / 65536,  # only to draw it
    "16 bits: .convert": rgb["16 bits"],
    "16 bits: v2": to_float(files["16 bits"]),
    "palette: numbers": to_float(files["palette"]) * 255 / 63,
    "palette: .convert": rgb["palette"],
    "RGBA: .convert": rgb["RGBA"],
    "RGBA: on white": to_float(Image.alpha_composite(white_page, files["RGBA"]).convert("RGB")),
}
alt = "A 16-bit cat: wrapped, all white, and right. A cup: palette numbers, and colours. A flower: uncovered, on white."
draw(tiles, alt=alt, limits=(0, 1))

# %% [markdown]
# **What happened.** Pillow knows palettes, CMYK and transparency, but cuts 16 bits at 255: a white image, no
# error. v2 knows 16 bits, but on a *tensor* with four channels `v2.RGB` does nothing: it cannot know what the
# fourth one means. So: **8 bits: `.convert("RGB")` first. 16 bits: `ToImage`, `ToDtype`, then `v2.RGB()`.**
# Exercise 03.2 makes one function of it.
#
# `torchcodec.decoders.decode_image(path)` reads the file straight into a uint8 tensor and does all of this, 16 bits
# included. (Older code has `torchvision.io.decode_image`: deprecated since torchvision 0.29.)
#
# Two more things. `.convert("RGB")` throws transparency away, and pixels that nobody could see come back: lay the
# image on a ground if transparency means "nothing here". And a 12-bit camera uses 0 to 4,095 of its 16 bits:
# divide by 4,095 yourself.
#
# ## 6. Trap: the order
#
# **Question.** Four steps: to tensor, to float, normalise, turn by 45 degrees. A turn fills the corners with 0.
# In which orders do they run, and in which are the corners black?

# %%
image_, scale_, normalize_ = steps.values()
turn, jitter = v2.RandomRotation((45, 45)), v2.ColorJitter(brightness=(1.5, 1.5))
turn_black = v2.RandomRotation((45, 45), fill=-1.0)
orders = {
    "normalise, image": [normalize_, image_],
    "image, normalise": [image_, normalize_],
    "turn, scale, normalise": [image_, turn, scale_, normalize_],
    "scale, normalise, turn": [image_, scale_, normalize_, turn],
    "the same, fill=-1": [image_, scale_, normalize_, turn_black],
    "jitter, scale, normalise": [image_, jitter, scale_, normalize_],
    "scale, normalise, jitter": [image_, scale_, normalize_, jitter],
}
for name, order in orders.items():
    attempt(name, lambda order=order: v2.Compose(order)(photo))
for name in ("turn, scale, normalise", "scale, normalise, turn", "the same, fill=-1"):
    print(f"corner after {name:24}{v2.Compose(orders[name])(photo)[0, 0, 0].item():5.1f}")

# %% [markdown]
# **What happened.** Wrong orders of *types* raise an error. Wrong orders of *values* do not: after `Normalize`
# 0 is the mean, a mid-grey, and -1 is black. And colour operations cut everything off that is not between 0 and
# 1: the last line lost all that was darker than the mean. **Geometry and colour first, on `uint8`; then
# `ToDtype`; `Normalize` last.** ([Chapter 05](05_augmentation.ipynb), section 12, shows the pictures.)
#
# ## 7. Trap: Resize
#
# **Question.** Three images, 400 × 100, 300 × 300 and 100 × 250 pixels. Which of these ways gives a batch, and
# which keeps circles round?

# %%
shapes = [(400, 100), (300, 300), (100, 250)]  # width, height
sizes = {
    "Resize((64, 64))": v2.Resize((64, 64)),
    "Resize(64)": v2.Resize(64),
    "Resize(64), CenterCrop(64)": v2.Compose([v2.Resize(64), v2.CenterCrop(64)]),
    "Resize to fit, Pad": lambda im: v2.ToImage()(ImageOps.pad(im, (64, 64))),
}


def circle_in(width: int, height: int) -> Image.Image:
    """A black image with a white circle in its middle, 80 pixels wide."""
    image = Image.new("RGB", (width, height))
    ImageDraw.Draw(image).circle((width / 2, height / 2), 40, fill="white")
    return image


for name, way in sizes.items():
    results = [v2.ToImage()(way(circle_in(*shape))) for shape in shapes]
    rows, columns = np.nonzero(results[0][0].numpy() > 127)
    print(name, [f"{result.shape[-1]} × {result.shape[-2]}" for result in results])
    print(f"    first circle: {np.ptp(columns) + 1} × {np.ptp(rows) + 1}", end="; batch: ")
    try:
        print(tuple(default_collate(results).shape))
    except RuntimeError as error:
        print(str(error).partition(",")[0])

# %% [markdown]
# **What happened.** Two numbers mean "exactly this": a photo four times as wide as high is squeezed to a square,
# and its circle, 13 × 52, is four times as high as wide. One number means "the *shorter* side": round circles, but
# unequal sizes. The third way is the usual one: it loses the ends. The fourth loses nothing and adds bars.
#
# **Question.** Making an image smaller means leaving pixels out. All the others?

# %%
y, x = torch.meshgrid(torch.linspace(0, 1, 128), torch.linspace(0, 1, 128), indexing="ij")
rings = (127.5 + 127.5 * torch.cos(160 * (x**2 + y**2))).to(torch.uint8)[None]  # finer and finer
with_pil = v2.Compose([v2.ToPILImage(), v2.Resize(32), v2.PILToTensor()])(rings)
small = {antialias: v2.Resize(32, antialias=antialias)(rings) for antialias in (True, False)}
for antialias, result in small.items():
    difference = (result.float() - with_pil.float()).abs()
    mean, most = round(difference.mean().item()), int(difference.max())
    print(f"antialias={antialias!s:6} differs from PIL by {mean} levels on average, by {most} at most")
draw(
    {"128 pixels": rings, "32, antialias=True": small[True], "32, antialias=False": small[False]},
    alt="Rings that get finer. Reduced with antialias they fade into grey; without it, false rings appear.",
    limits=(0, 255),
)

# %% [markdown]
# **What happened.** `antialias=True`, the default, averages over the pixels that fall away, as Pillow does.
# Without it false patterns appear. Old code and other libraries (`cv2.resize`, `F.interpolate`) do not average
# unless told. **Train and predict with the same resize**, or the model meets pictures of another kind.
#
# ## 8. Does `Normalize` standardise?
#
# The guide says that `Normalize` standardises the data. Standardised data has mean 0 and standard deviation 1.
# **Question:** has it?
#
# To find out we need many images, and some that stay out of it: the test part. (The sample photos were cut from a
# few large pictures. Photos of the same *region* overlap or look alike, so a whole region goes to one side.)

# %%
count = min(images, len(paths))
chosen = [paths[i * len(paths) // count] for i in range(count)]
regions = samples.photo_regions(root)  # empty for your own folder
inside = [path.relative_to(root).as_posix() for path in chosen]
groups = [regions.get(name, name) for name in inside]
number = {group: i for i, group in enumerate(sorted(set(groups)))}
for_training = [number[group] % 5 != 4 for group in groups]  # one region in five is kept for the test

square = v2.Compose([v2.CenterCrop(size), v2.ToImage()])
pixels = torch.stack([square(read_photo(path)) for path in chosen])  # uint8 (N, 3, size, size)
train = pixels[torch.tensor(for_training)]
print(told(pixels), "of which for training:", len(train))

# %% tags=["claim-25"] figure="0.5 and 0.5"
values = train.double() / 255
own = {
    "mean": values.mean(dim=(0, 2, 3)).tolist(),
    "std": values.std(dim=(0, 2, 3)).clamp(min=1e-6).tolist(),  # a channel may be empty
}
constants = {
    "0.5 and 0.5": half,
    "ImageNet's": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "the photos' own": own,
}
for name, numbers in constants.items():
    result = v2.Normalize(**numbers)(values)
    mean, std = result.mean(dim=(0, 2, 3)).tolist(), result.std(dim=(0, 2, 3)).tolist()
    rounded = [" ".join(f"{value:5.2f}" for value in row) for row in (mean, std)]
    print(f"{name:16} mean {rounded[0]}   std {rounded[1]}".replace("-0.00", " 0.00"))

# %% [markdown]
# > **Correction.** The guide: `Normalize` standardises. The machine: it subtracts and divides by the numbers
# > that **you** give. 0.5 and 0.5 map 0…1 to -1…1, whatever the images are: the mean is not 0, the standard
# > deviation not 1. Only the data's own numbers standardise.
#
# Does it matter? Often little: what counts is that values are small, centred roughly, and **the same in training
# and in use**. One case is strict: a pretrained model needs the numbers it was trained with. Its weights tell
# them: `ResNet50_Weights.DEFAULT.transforms()`.
#
# ## 9. Your dataset's own numbers
#
# **Question.** A dataset has two images: one all black (0), one all white (1). The standard deviation of each
# is 0. What is the standard deviation of the dataset, over all its pixels? Replace `...` by a number.

# %%
predict("03.p2", ...)

# %%
black_and_white = torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])


def mean_of_stds(batch: torch.Tensor) -> torch.Tensor:
    """What many recipes compute: the std of each image, then the mean of those."""
    return batch.std(dim=(2, 3), correction=0).mean(dim=0)


def over_all_pixels(batch: torch.Tensor) -> torch.Tensor:
    return batch.std(dim=(0, 2, 3), correction=0)


for name, batch in {"black and white": black_and_white, "the photos": values}.items():
    for rule in (mean_of_stds, over_all_pixels):
        print(f"{name:16} {rule.__name__:16}", *[f"{value:.3f}" for value in rule(batch).tolist()])
predict("03.p2").reveal(over_all_pixels(black_and_white)[0].item())

# %% [markdown]
# **What happened.** The mean of the images' standard deviations forgets that images differ *from each other*:
# some are dark, some are bright. So it is too small. (The mean of the means is right, as long as all
# images have the same number of pixels.)
#
# All pixels do not fit into memory? They need not. Three numbers for each channel are enough: how many values
# (`n`), their sum (`first`), the sum of their squares (`second`). Then the mean is `first / n`, and the variance
# `second / n - mean**2`. **Question:** do they give the same result? And how much does it change if the test images
# take part?


# %%
def sums(loader) -> dict[str, list[float]]:
    """Mean and std of each channel over all batches (uint8). Sums in float64: float32 would lose digits."""
    n, first, second = 0, torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for batch in loader:
        scaled = batch.double() / 255
        n += scaled.numel() // 3
        first += scaled.sum(dim=(0, 2, 3))
        second += scaled.square().sum(dim=(0, 2, 3))
    mean = first / n
    return {"mean": mean.tolist(), "std": (second / n - mean**2).sqrt().tolist()}


streamed = sums(DataLoader(train, batch_size))
for key in ("mean", "std"):
    apart = max(abs(a - b) for a, b in zip(streamed[key], own[key], strict=True))
    print(f"{key:4}  batch by batch {[round(v, 4) for v in streamed[key]]}, at once the same: {apart < 1e-5}")
test = pixels[~torch.tensor(for_training)]
for name, part in {"training part": train, "test part": test, "all": pixels}.items():
    print(f"mean of {name:14}", [round(value, 3) for value in sums(DataLoader(part, batch_size))["mean"]])

# %% [markdown]
# **What happened.** One pass, three numbers in memory, the same result. Two rules:
#
# - **On the training part only.** The mean of all images contains the test images. With the sample photos that
#   moves it by less than 0.01. It is still a [leak](pages/glossary.ipynb#leak), and
#   [chapter 06](06_splitting_batching.ipynb) shows leaks that are not small.
# - **After the resize and crop, before [augmentation](pages/glossary.ipynb#augmentation), on what the model sees.**
#   Otherwise large files count more than small ones.
#
# To *look* at a normalised image, go the way back: multiply, then add. **Question:** what do you see if you
# forget it?

# %%
mean, std = torch.tensor(own["mean"]), torch.tensor(own["std"])
normalized = v2.Normalize(**own)(to_float(photo))
back = v2.Normalize((-mean / std).tolist(), (1 / std).tolist())(normalized)
cut = ((normalized < 0) | (normalized > 1)).float().mean()
print(f"values that a picture cannot show: {cut:.0%}")
print(f"largest error after going back: {(back - to_float(photo)).abs().max():.0e}")
draw(
    {"normalised, as it is": normalized.clamp(0, 1), "and back": back.clamp(0, 1)},
    alt="A normalised photo drawn as it is, with dark parts lost and garish colours; and after going back.",
)

# %% [markdown]
# **What happened.** Most normalised values lie below 0 or above 1. A picture cuts them there: black, or full
# colour. Only the drawing suffers, the tensor has lost nothing. The way back is a `Normalize`, too: take off
# `-mean / std`, divide by `1 / std`. In other words: times `std`, plus `mean`.
#
# ## 10. A transform of your own, as the guide has it
#
# The guide derives a class from `transforms.Transform` and overrides `__call__`. **Question:** does it run? And
# if you take the class from v2?


# %% tags=["snippet-07", "claim-27"] figure={"claim-27": "transforms.Transform:", "snippet-07": "image and box"}
def custom_transform(module):
    class CustomTransform(module.Transform):  # the guide's class
        def __init__(self, arg1, arg2):
            super().__init__()
            self.arg1, self.arg2 = arg1, arg2

        def __call__(self, tensor):
            return torch.mul(tensor, self.arg1) + self.arg2

    return CustomTransform(2.0, 1.0)


image = to_float(photo)
box = tv_tensors.BoundingBoxes([[10, 20, 50, 60]], format="XYXY", canvas_size=image.shape[-2:])
# An object of a class that has only `_transform`, as older tutorials write it:
old_hook = type("OldHook", (v2.Transform,), {"_transform": lambda self, inpt, params: inpt})()

attempt("transforms.Transform:", lambda: custom_transform(transforms)(image))
attempt("v2.Transform, an image:", lambda: custom_transform(v2)(image))
attempt("v2.Transform, image and box:", lambda: custom_transform(v2)(image, box))
attempt("v2.Transform, a dict:", lambda: custom_transform(v2)({"image": image}))
attempt("_transform, an image:", lambda: old_hook(image))

# %% [markdown]
# > **Correction.** The guide: PyTorch offers `transforms.Transform` as a base class. The machine: `torchvision`
# > does, and only in `transforms.v2`. Version 1 has no base class and needs none. With v2 the guide's class runs
# > on one tensor, but `__call__` is where v2 takes a sample apart: whoever overrides it loses boxes, masks and
# > dicts. **Override `transform`.**
#
# The same holds for `forward`. And `_transform`, as older tutorials have it, is called by nobody any more; the base
# class finds no `transform` and raises `NotImplementedError`. Since torchvision 0.21 the names are `transform` and,
# for chance, `make_params`.
#
# ## 11. Three right ways
#
# **Question.** The work is one line: multiply, then add. How little code does it need?


# %%
def scale_shift(image, factor=2.0, offset=1.0):
    """A plain function."""
    return image * factor + offset


class ScaleShiftModule(nn.Module):
    """A module: has settings, shows them, can hold tensors and move with `.to(device)`."""

    def __init__(self, factor, offset):
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, image):
        return image * self.factor + self.offset


ways = {
    "function, v1 Compose": transforms.Compose([scale_shift]),
    "function, v2 Compose": v2.Compose([scale_shift]),
    "module, nn.Sequential": nn.Sequential(ScaleShiftModule(2.0, 1.0)),
    "v2.Lambda, images only": v2.Lambda(scale_shift, tv_tensors.Image),
}
for name, way in ways.items():
    attempt(name, lambda way=way: way(image))
    attempt("   image and box", lambda way=way: way(image, box)[0])

# %% [markdown]
# **What happened.** For one image any callable will do. (Name your functions: a `lambda` cannot be sent to
# [worker](pages/glossary.ipynb#worker) processes that do not fork, chapter 02.) As soon as a sample has more than an image, they fail. (Look at
# the error of the function: the box arrived as `factor`. With two plain tensors it would have multiplied them.)
# Only `v2.Lambda` with a type treats the image and leaves the box.
#
# The third way is a class of your own: **`v2.Transform` with `transform(self, inpt, params)`**. The base class
# takes the sample apart, whatever its form, calls `transform` for each part, and puts it together again.
# **Question:** for *each* part? The box too?


# %%
class ScaleShift(v2.Transform):
    def __init__(self, factor, offset):
        super().__init__()
        self.factor, self.offset = factor, offset

    def transform(self, inpt, params):
        return inpt * self.factor + self.offset


class ScaleShiftImages(ScaleShift):
    _transformed_types = (tv_tensors.Image,)  # all other parts pass untouched


print(f"{'':18}image up to   box")
for transform in (ScaleShift(2.0, 1.0), ScaleShiftImages(2.0, 1.0)):
    sample = transform({"image": image, "box": box, "label": 7})
    print(f"{type(transform).__name__:18}{sample['image'].max():8.2f}      {sample['box'].tolist()[0]}")
plain, pil = torch.ones(3, 2, 2), Image.new("RGB", (2, 2), "white")
print("a plain tensor of ones:", ScaleShiftImages(2.0, 1.0)(plain).max().item(), "<- not touched")
print("a PIL image comes back as it was:", ScaleShiftImages(2.0, 1.0)(pil) is pil)

# %% [markdown]
# **What happened.** Boxes are tensors, so they were doubled too. `_transformed_types` names what your
# transform is for. The other side of it: a *plain* tensor and a PIL image are no `tv_tensors.Image`, so they
# pass untouched, silently. Put `v2.ToImage()` in front.
#
# ## 12. One draw for the whole sample
#
# **Question.** A transform flips an image with probability ½; its mask must follow. If `transform` itself throws
# the coin, how often out of 100 do image and mask agree? Replace `...` by a number.

# %%
predict("03.p3", ...)


# %%
class DrawnInTransform(v2.Transform):
    def transform(self, inpt, params):
        return TF.horizontal_flip(inpt) if torch.rand(()) < 0.5 else inpt


class DrawnInMakeParams(v2.Transform):
    def make_params(self, flat_inputs):
        return {"flip": bool(torch.rand(()) < 0.5)}

    def transform(self, inpt, params):
        return TF.horizontal_flip(inpt) if params["flip"] else inpt


bright_left = tv_tensors.Image(torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]))
mask = tv_tensors.Mask(bright_left.to(torch.uint8))  # marks what is bright
for transform in (DrawnInMakeParams(), DrawnInTransform()):
    torch.manual_seed(seed)
    pairs = [transform(bright_left, mask) for _ in range(100)]
    agree = sum(torch.equal(a, b.float()) for a, b in pairs)
    print(f"{type(transform).__name__:18} image and mask agree {agree} times of 100")
predict("03.p3").reveal(agree)

# %% [markdown]
# **What happened.** `transform` runs once for each part, `make_params` once for each *call*. So chance belongs
# in `make_params`. And note `TF.horizontal_flip`: the functions in `v2.functional` look at the type of what
# they get. The same line flips images, masks and boxes, each in its own way.
#
# ### Types that remember, and arithmetic that forgets
#
# `tv_tensors.Image`, `Mask` and `BoundingBoxes` are tensors with a type. **Question:** which operations keep
# it?

# %%
operations = {
    "image * 2": lambda: image * 2,
    "image[0]": lambda: image[0],
    "torch.stack": lambda: torch.stack([image, image]),
    "default_collate": lambda: default_collate([image, image]),
    "image.clone()": lambda: image.clone(),
    "image.to(...)": lambda: image.to(torch.float64),
    "TF.adjust_gamma": lambda: TF.adjust_gamma(image, 2.0),
    "tv_tensors.wrap": lambda: tv_tensors.wrap(image * 2, like=image),
}
for name, operation in operations.items():
    print(f"{name:17}{type(operation()).__name__}")

sample = {"counts": torch.tensor([[1, 2, 3]]), "image": image}
flip = v2.RandomHorizontalFlip(p=1)
print("counts, image keeps its type: ", flip(sample)["counts"].tolist())
forgotten = flip(sample | {"image": image * 2})
print("counts, image was multiplied: ", forgotten["counts"].tolist())
print("was that image flipped?       ", torch.equal(forgotten["image"], TF.horizontal_flip(image * 2)))

# %% [markdown]
# **What happened.** Arithmetic and indexing return a plain tensor. Mostly that does no harm: a sample's *first*
# plain tensor counts as the image if there is no real one. But then the wrong tensor may be first: here the
# counts were mirrored, and the image was not. Write `tv_tensors.wrap(result, like=inpt)` at the end of your own
# `transform`.
#
# ## 13. Image by image, or the whole batch?
#
# v2 takes batches, too. **Question:** is the result the same? For which transforms?

# %%
batch = tv_tensors.Image(pixels[:batch_size])
scale_up = v2.ToDtype(torch.float32, scale=True)
for name, transform in {
    "ToDtype": scale_up,
    "Normalize": v2.Compose([scale_up, v2.Normalize(**own)]),
    "Resize": v2.Resize(32),
    "ColorJitter": v2.ColorJitter(brightness=0.5),
}.items():
    torch.manual_seed(seed)
    singly = torch.stack([transform(image) for image in batch])
    torch.manual_seed(seed)
    print(f"{name:12} the same, one by one and in one call: {torch.equal(singly, transform(batch))}")

equal = tv_tensors.Image(pixels[:1].expand(batch_size, -1, -1, -1))
torch.manual_seed(seed)
for name, result in {
    "one call": v2.RandomRotation(30)(equal),
    "one by one": torch.stack([v2.RandomRotation(30)(image) for image in equal]),
}.items():
    print(f"{batch_size} equal images, {name:10}: {len(result.flatten(1).unique(dim=0))} different pictures")


# %% tags=["nbval-ignore-output"] reason="timing: the ratios depend on the machine"
def seconds(action: Callable[[], object]) -> float:
    """Median of nine runs."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return sorted(times)[4]


prepare = v2.Compose([scale_up, v2.Normalize(**own)])
shrink, crop, floats = v2.Resize(32), v2.CenterCrop(size // 2), scale_up(batch)
pairs = {
    "ToDtype, Normalize: singly / in one call": (lambda: [prepare(i) for i in batch], lambda: prepare(batch)),
    "Resize: singly / in one call": (lambda: [shrink(i) for i in batch], lambda: shrink(batch)),
    "Resize: of float32 / of uint8": (lambda: shrink(floats), lambda: shrink(batch)),
    "crop: after Normalize / before": (lambda: crop(prepare(batch)), lambda: prepare(crop(batch))),
}
for name, (slow, fast) in pairs.items():
    print(f"{name:42}{seconds(slow) / seconds(fast):5.1f} times as long")

# %% [markdown]
# **What happened.** Fixed transforms give the same numbers both ways. Random ones draw **once for each call**:
# one angle for the whole batch. So random transforms go into the dataset, image by image. Fixed ones may run on
# the batch, best on the device that trains: then workers send `uint8`, a quarter of the bytes of float32
# (chapter 08). Whether one call is also faster depends on the size of the images: it saves Python's share, which
# large images hardly feel.
#
# ## 14. Where transforms run
#
# **In the dataset's `__getitem__`**: there they run once for each sample and epoch, in the worker that fetches
# it. Training and evaluation need two transforms, so make two datasets.


# %%
class Photos(Dataset):
    """Photos with the number of their folder; `transform` gets a PIL image."""

    def __init__(self, files: list[Path], transform: Callable) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path = self.files[index]
        return self.transform(read_photo(path)), classes.index(path.parent.name)


classes = sorted({path.parent.name for path in chosen})  # one list: both datasets number alike
ending = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(**own)]
for_train = v2.Compose([v2.RandomResizedCrop(size, scale=(0.5, 1.0)), v2.RandomHorizontalFlip(), *ending])
for_test = v2.Compose([v2.CenterCrop(size), *ending])
torch.manual_seed(seed)
for name, transform in {"training": for_train, "test": for_test}.items():
    part = [p for p, learn in zip(chosen, for_training, strict=True) if learn == (transform is for_train)]
    photos = Photos(part, transform)
    first, labels = next(iter(DataLoader(photos, batch_size, shuffle=True)))
    print(f"{name:9}{tuple(first.shape)}, {first.dtype}, mean {first.mean():.1f}, std {first.std():.1f}")
    print(f"{'':9}item 0 twice the same: {torch.equal(photos[0][0], photos[0][0])}")

# %% [markdown]
# **What happened.** Both end with the same three steps; only training draws. So the same training item comes out
# differently each time, and a test item never does. Over all training photos the mean is 0 and the standard
# deviation 1; a single batch is a little off. Its shape is one that a model can take.
#
# ## 15. The lab
#
# A pipeline, step by step: the picture, its type, range and histogram after each. The one below runs without an
# error, and three of its steps do harm. Read the marks and **mend it with the mouse**: move steps, change them,
# until the last row says *ready for a batch*. Then look at the cell after it.

# %% tags=["lab"]
broken = ["to_image", {"op": "to_dtype", "values": {"scale": "scale=False"}}, "normalize", "rotation"]
few = TF.resize(pixels[::10], 256)  # 256 pixels: the size that the lab works with
lab = TransformLab(few, seed=seed, steps=broken)
lab

# %%
lab.set(steps=["to_image", "rotation", "to_dtype", "normalize"])
print(lab)
print(lab.to_code())

script: dict = {}
exec(lab.to_code(), script)  # plain torchvision
from_code = script["prepare"](few[lab.params["image"]], seed)
print("the code gives what the lab shows:", torch.equal(from_code, lab.result))

# %% [markdown]
# **What happened.** `set` changed the lab **above**, too. The code is plain torchvision. Other images work as
# well: `TransformLab()` takes the sample photos, `TransformLab("~/pictures")` a folder of yours; a list of PIL
# images or a `Dataset` will do, too.
#
# **Questions that only playing answers**
#
# 1. Add *ColorJitter* and move it behind *Normalize*. What share of the values is cut? Try all three *statistics* of
#    *Normalize*: with which is most lost, and why?
# 2. Let the image come in as *NumPy float 0…255*. One more step mends the pipeline: which, where, and what does it
#    cost?
# 3. Let it come in as *16 bits*, and add *RGB*. Where must it stand? And where for *RGBA*?
# 4. Let it come in as a *batch*. Which steps are marked, and what do the four pictures have in common, whatever
#    the seed?
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("03.1")` helps, each call a little more;
# `solution("03.1")` shows an answer.


# %% tags=["exercise"]
@exercise("03.1")
def evaluation_pipeline(size: int, mean: list[float], std: list[float]) -> v2.Compose:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("03.2")
def as_float_rgb(image: Image.Image) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("03.3")
def first_harm(image: Image.Image, steps: list[Callable]) -> int | None:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("03.4")
def channel_std(batches: Iterable[torch.Tensor]) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("03.5")
def to_display(image: torch.Tensor, mean: list[float], std: list[float]) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("03.6")
class RandomDim(v2.Transform):
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("03.q1", "b")`.

# %%
quiz("03.q1")

# %%
quiz("03.q2")

# %%
quiz("03.q3")

# %%
quiz("03.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | Float array from 0 to 255 | values up to 509 after `Normalize` | keep `uint8`, or divide by hand |
# | `ToDtype` without `scale=True` | the same | `ToDtype(torch.float32, scale=True)` |
# | `int32` or 12-bit data with `scale=True` | all dark | divide by the maximum that you know |
# | Array `(C, H, W)` | channels and sides swapped, no error | `torch.from_numpy(array)` first |
# | 16 bits in v1, or `.convert("RGB")` | negative, or all white | `ToImage`, `ToDtype`, then `RGB` |
# | Palette image | numbers of colours as brightness | `.convert("RGB")` on the PIL image |
# | `v2.RGB` on an RGBA tensor | still four channels | convert the PIL image |
# | `Normalize` before colour or turns | dark values lost, grey corners | `Normalize` last |
# | `Resize((s, s))` | squeezed objects | `Resize(s)`, then a crop |
# | `Resize(s)` alone | no batch | add a crop or a pad |
# | Mean of the images' stds | std too small | sums over all pixels |
# | Statistics with the test images | a leak | training part only |
# | `__call__` or `forward` overridden | fails at the first sample with a box | override `transform` |
# | Coin thrown in `transform` | mask does not follow | `make_params` |
# | Type lost by arithmetic | the wrong tensor is transformed | `tv_tensors.wrap(result, like=inpt)` |
# | Random transform on a batch | all images turned alike | image by image, in the dataset |
#
# ## Summary
#
# - Image, then float, then normalise. Say dtype and range after each step; where you cannot, print them.
# - Most mistakes raise no error. A function that checks dtype, shape and range costs one line in `Compose`.
# - `Normalize` does what its numbers say. Take the model's numbers, or compute them on the training part.
# - Your own transform: a function for one image; `v2.Transform` with `transform` and `make_params` for samples
#   with boxes or masks.
#
# ## Next
#
# [Chapter 04: cleaning](04_cleaning.ipynb), where the numbers of a table get the same care.
