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
# # 05 Augmentation
#
# A model sees the same training images again and again. [Augmentation](pages/glossary.ipynb#augmentation) shows
# it a changed picture each time: turned a little, cut differently, lit differently. That is free data, as long
# as the label stays true.
#
# **After this chapter you can**
#
# - turn, cut, recolour, blur, cover and mix images with `torchvision.transforms.v2`,
# - say which way a library turns, and what fills the corners,
# - keep boxes and masks on the object while the image moves,
# - measure whether an augmentation keeps the label, and whether it helps,
# - put augmentation in the right place: training only, before normalising, one draw for each image.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Image tensors: shape `(C, H, W)`, `uint8` from 0 to 255 | needed | chapter 01 |
# | `Dataset` and `DataLoader` | needed | chapter 02 |
# | `Compose`, `ToImage`, `ToDtype`, `Normalize` | helpful | chapter 03 |
#
# **Time:** 60 minutes to read and try, with the lab and the exercises. The cells alone run for about half a
# minute.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import contextlib
import io
import math
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps, ImageShow
from scipy import ndimage
from skimage import transform as skimage_transform
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch.utils.data import DataLoader, Dataset, default_collate, random_split
from torchcodec.decoders import decode_image
from torchvision import ops, transforms, tv_tensors, utils
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as TF

from dpwidgets import ImageLab, exercise, predict, quiz, samples, show
from dpwidgets.prep.parameters import Folder, Integer, check_parameters

# %% tags=["parameters"]
data_dir = None  # folder of your own images, one folder for each class; None takes the sample photos
picture = 400  # which image the figures show: its number in the sorted list of files, from 0
seed = 0  # start of chance, a whole number from 0 to 1,000,000
size = 96  # side of the small images in the figures, pixels, 64 to 224
tiles = 8  # tiles in the lab, 2 to 24
train_images = 200  # digits that the experiments learn from, 100 to 1,000

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True),
    picture=Integer(0, 1_000_000),
    seed=Integer(0, 1_000_000),
    size=Integer(64, 224),
    tiles=Integer(2, 24),
    train_images=Integer(100, 1000),
)
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
# "[!.]*": names that do not begin with a dot; systems hide files of their own beside yours.
paths = sorted(p for p in root.rglob("[!.]*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
if not paths:
    raise FileNotFoundError(f"data_dir = {data_dir!r} holds no .jpg, .jpeg or .png file")


# %%
def read_photo(path: Path, side: int) -> tv_tensors.Image:
    """The image in `path`, upright, cut to a square: uint8 (3, side, side)."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (side, side))  # JPEG only: decode no more than is needed
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except OSError as error:
        raise ValueError(f"{path} cannot be decoded ({error}): take it out; chapter 10 finds all") from None
    return TF.to_image(TF.center_crop(TF.resize(upright, side), side))


def draw(images: dict[str, torch.Tensor], alt: str, columns: int = 4) -> None:
    """Draw images in a grid, each under its title."""
    rows = math.ceil(len(images) / columns)
    fig, axes = plt.subplots(rows, columns, figsize=(columns, 1.2 * rows), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, image) in zip(axes.flat, images.items(), strict=False):
        axis.imshow(image.permute(1, 2, 0), cmap="gray")
        axis.set_title(title, fontsize=7)
    show(fig, alt=alt)


photo = read_photo(paths[picture % len(paths)], size)
print(len(paths), "images; this chapter draws on", tuple(photo.shape), photo.dtype)

# %% [markdown]
# ## 1. Why augment?
#
# **Question.** You photograph one house seven more times: from the side, in another light, a step closer. Is
# it still the same house? For you, yes. A model has to be taught that, picture by picture. Augmentation makes
# such pictures from the one you have.

# %%
augment = v2.Compose(
    [
        v2.RandomResizedCrop(size, scale=(0.5, 1.0)),
        v2.RandomHorizontalFlip(p=0.5),
        v2.RandomRotation(15),
        v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3),
    ]
)
torch.manual_seed(seed)
draw(
    {"original": photo} | {f"variant {i}": augment(photo) for i in range(1, 8)},
    alt="A photo and seven variants of it: cut, mirrored, turned by up to 15 degrees, lit differently.",
)

# %% [markdown]
# **What happened.** Seven pictures that no camera took. Each call drew numbers of its own: which part to keep
# (from half of the area to all of it), mirrored or not, by which angle, how bright. The corners are black where
# the turned image leaves them empty; section 4 comes back to that. Nothing here asked whether the label is
# still true; section 10 does.
#
# ## 2. The guide's rotation, run as it is
#
# The guide that this workbook follows turns an image with Pillow and shows it. Its comment says *clockwise*.
# `.show()` hands the picture to the first viewer program that Pillow finds on the machine. To keep windows
# from opening, the cell registers a viewer that only takes a note.


# %% tags=["snippet-08"]
class NoteTaker(ImageShow.Viewer):
    """A viewer that opens no window."""

    def show_image(self, image: Image.Image, **options) -> int:
        print(f"a viewer was asked to show {image.size} pixels")
        return 1


ImageShow.register(NoteTaker(), order=0)
with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    TF.to_pil_image(photo).save("example.jpg")
    img = Image.open("example.jpg")
    rotated_img = img.rotate(45)
    rotated_img.show()
    img.close()

# %% [markdown]
# **What happened.** It runs, and the notebook shows no picture: the viewer is another program. Without a
# screen, `.show()` shows nothing and raises nothing. **In a notebook make the image the last expression of
# its cell**, or draw it as this chapter does.
#
# ## 3. Which way does it turn?
#
# **Question.** A white marker stands at twelve o'clock. Where does `rotate(45)` take it? Replace `...` by
# `"left"` or `"right"`.

# %%
predict("05.p1", ...)

# %% tags=["claim-06"]
marker = np.zeros((121, 121), np.uint8)
marker[10:21, 55:66] = 255  # twelve o'clock, 45 pixels above the centre
as_image, as_tensor = Image.fromarray(marker), torch.from_numpy(marker)[None]


def marker_position(image) -> tuple[float, float]:
    """Where the marker is: pixels right of the centre, pixels above it."""
    pixels = np.asarray(image, float).squeeze()
    rows, columns = np.nonzero(pixels > pixels.max() / 2)
    return columns.mean() - 60, 60 - rows.mean()


turned = {
    "PIL  image.rotate(45)": as_image.rotate(45),
    "TF.rotate(image, 45)": TF.rotate(as_tensor, 45),
    "TF.affine(image, angle=45)": TF.affine(as_tensor, 45, translate=[0, 0], scale=1, shear=[0]),
    "skimage rotate(image, 45)": skimage_transform.rotate(marker, 45),
    "scipy rotate(image, 45)": ndimage.rotate(marker, 45, reshape=False, order=1),
    "numpy rot90(image)": np.rot90(marker),
}
for name, image in turned.items():
    right, up = marker_position(image)
    print(f"{name:27} ({right:+6.1f}, {up:+6.1f})  {'clockwise' if right > 0 else 'counter-clockwise'}")
predict("05.p1").reveal("left" if marker_position(as_image.rotate(45))[0] < 0 else "right")

# %% [markdown]
# **What happened.** Each line tells where the marker went: pixels right of the centre, then pixels above it. A
# minus means left.
#
# > **Correction.** The guide: `rotate(45)` turns clockwise. The machine: the marker goes to the **left**, so
# > Pillow turns counter-clockwise. Clockwise is `image.rotate(-45)`.
#
# Most libraries count angles as in school geometry. The odd one is `TF.affine`, and with it
# `v2.RandomAffine`: positive is clockwise. OpenCV (not used here) has both: `getRotationMatrix2D` turns
# counter-clockwise, and `ROTATE_90_CLOCKWISE` does as its name says. For a random turn to either side the
# sign does not matter. For labels that carry an angle it matters a lot, so measure.
#
# ## 4. Canvas, corners, fill
#
# **Question.** A white sheet of 160 × 120 pixels is turned by 45 degrees. How much of the result is black?

# %%
sheet = Image.new("RGB", (160, 120), "white")
ways = {
    "rotate(45)": sheet.rotate(45),
    "rotate(45, expand=True)": sheet.rotate(45, expand=True),
    'rotate(45, fillcolor="white")': sheet.rotate(45, fillcolor="white"),
}
for name, image in ways.items():
    black = (np.asarray(image).max(axis=2) == 0).mean()
    print(f"{name:30} {image.width} × {image.height} pixels, {black:.1%} black")

mean_color = photo.float().mean(dim=(1, 2)).tolist()
draw(
    {
        "canvas kept": TF.rotate(photo, 45),
        "expand=True": TF.rotate(photo, 45, expand=True),
        "fill: mean colour": TF.rotate(photo, 45, fill=mean_color),
        "zoomed in": TF.affine(photo, -45, [0, 0], 1.42, [0], interpolation=v2.InterpolationMode.BILINEAR),
    },
    alt="A photo turned by 45 degrees: with black corners, on a larger canvas, with corners in its mean "
    "colour, and enlarged until no corner is left.",
)

# %% [markdown]
# **What happened.** The canvas keeps its size: parts of the sheet are cut off, and a fifth is black.
# `expand=True` loses nothing, but the size changes, and a batch needs equal sizes. A model can learn that
# black corners mean "augmented". Fill them, or zoom in until they are gone: a square at 45 degrees needs a
# factor of √2, here 1.42. (There the angle is -45, because `TF.affine` counts the other way.)
#
# A turned pixel falls between the pixels of the new image.
# [Interpolation](pages/glossary.ipynb#interpolation) says which values those take. Rotations copy the
# nearest pixel by default, and edges get steps; `interpolation=BILINEAR` mixes the four around it.
#
# ## 5. EXIF: is the photo upright before you turn it?
#
# A phone stores pixels as the sensor sees them and adds a tag, the
# [EXIF orientation](pages/glossary.ipynb#EXIF-orientation), that says how to turn them. **Question:** the cell
# makes such a file: 160 pixels wide, to be shown upright. Who obeys the tag?

# %%
stored = io.BytesIO()
tag = Image.Exif()
tag[274] = 6  # 274 is the orientation; 6 means: turn by 90 degrees to see me upright
sheet.save(stored, "JPEG", exif=tag)

image = Image.open(stored)
print("Image.open(file).size           ", image.size)
print("the same after .convert('RGB')  ", image.convert("RGB").size, " <- what ImageFolder does")
print("ImageOps.exif_transpose(image)  ", ImageOps.exif_transpose(image).size)
print("torchcodec's decode_image(bytes)", tuple(decode_image(stored.getvalue()).shape))

# %% [markdown]
# **What happened.** Upright, the picture is 120 wide and 160 high: Pillow says `(120, 160)`, width first, a tensor
# `(3, 160, 120)`, height before width. Pillow turns only when told to, with `ImageOps.exif_transpose`; `torchcodec`
# obeys by itself. (Older code has `torchvision.io.decode_image`, deprecated now: it turns only when told to.)
# `ImageFolder` reads in the second way: its photos may lie on their side. If they do so in training and not in the
# test, that is an augmentation which nobody chose. Call `exif_transpose` first, as `read_photo` above does.
#
# ## 6. The families of operations
#
# `torchvision.transforms.v2` has dozens, in a few families: geometry, crops, colour, blur and noise, flips and
# erasing, and policies. Here are 23, many of them stronger than you would use. **Question:** in which tiles
# could you no longer say which building it is?

# %%
families = {
    "rotation": v2.RandomRotation((20, 20)),
    "shear": v2.RandomAffine(0, shear=(25, 25)),
    "perspective": v2.RandomPerspective(0.5, p=1),
    "elastic": v2.ElasticTransform(alpha=60.0),
    "resized crop": v2.RandomResizedCrop(size, scale=(0.2, 0.4)),
    "crop + padding": v2.RandomCrop(size, padding=size // 4),
    "centre crop": v2.Compose([v2.CenterCrop(size // 2), v2.Resize(size)]),
    "zoom out": v2.RandomZoomOut(side_range=(2.0, 2.0), p=1),
    "brightness": v2.ColorJitter(brightness=(1.6, 1.6)),
    "hue": v2.ColorJitter(hue=(0.3, 0.3)),
    "grayscale": v2.Grayscale(num_output_channels=3),
    "solarize": v2.RandomSolarize(threshold=128, p=1),
    "blur": v2.GaussianBlur(9, sigma=2.5),
    "noise": v2.GaussianNoise(sigma=0.15),
    "JPEG quality 10": v2.JPEG((10, 10)),
    "sharpness": v2.RandomAdjustSharpness(6, p=1),
    "flip left-right": v2.RandomHorizontalFlip(p=1),
    "flip top-bottom": v2.RandomVerticalFlip(p=1),
    "erasing": v2.RandomErasing(p=1, scale=(0.1, 0.2)),
    "RandAugment": v2.RandAugment(num_ops=2, magnitude=12),
    "TrivialAugment": v2.TrivialAugmentWide(),
    "AutoAugment": v2.AutoAugment(),
    "AugMix": v2.AugMix(severity=6),
}

# %%
torch.manual_seed(seed)
drawn = {"original": photo} | {name: operation(photo) for name, operation in families.items()}
draw(
    {name: TF.resize(image, [size, size]) for name, image in drawn.items()},
    alt="A photo and 23 operations on it, one tile each: geometric, crops, colour, blur and noise, flips and "
    "erasing, and the policies RandAugment, TrivialAugment, AutoAugment and AugMix.",
    columns=8,
)

# %% [markdown]
# **What happened.** Geometry moves pixels, colour changes their values, blur and noise imitate bad cameras,
# and erasing imitates things in the way. A **policy** rolls dice over a list of operations: RandAugment takes
# a few at one magnitude, TrivialAugmentWide one at any magnitude, AutoAugment one of the pairs that a search
# found to work on ImageNet, and AugMix blends several chains with the original. Policies save tuning. They
# also contain rotations, shears and inverted colours, so ask for each one: is the label still true? The lab at
# the end has all of them with sliders.
#
# ## 7. Flips mirror, they do not move
#
# **Question.** An image is 120 pixels wide. A box in it reaches from x = 15 to x = 60. After a flip, where
# does it begin? (The cell tries a second box as well, from 40 to 80: the middle of the width.)

# %%
predict("05.p2", ...)

# %% tags=["claim-08"] figure="RandomHorizontalFlip"
scene = tv_tensors.Image(torch.zeros(3, 80, 120, dtype=torch.uint8))
cat = tv_tensors.BoundingBoxes([[15, 20, 60, 70]], format="XYXY", canvas_size=(80, 120))
centred = tv_tensors.BoundingBoxes([[40, 20, 80, 70]], format="XYXY", canvas_size=(80, 120))

moves = {
    "RandomHorizontalFlip(p=1)": v2.RandomHorizontalFlip(p=1),
    "RandomVerticalFlip(p=1)": v2.RandomVerticalFlip(p=1),
    "CenterCrop((60, 90))": v2.CenterCrop((60, 90)),
    "shift by 12 right, 8 down": v2.Lambda(lambda x: TF.affine(x, 0, [12, 8], 1, [0])),
}
print(f"{'original, x1 y1 x2 y2':28}{cat.tolist()[0]!s:20}{centred.tolist()[0]}")
for name, move in moves.items():
    boxes = [move(scene, box)[1].int().tolist()[0] for box in (cat, centred)]
    print(f"{name:28}{boxes[0]!s:20}{boxes[1]}")
predict("05.p2").reveal(int(v2.RandomHorizontalFlip(p=1)(scene, cat)[1][0, 0]))

# %% [markdown]
# > **Correction.** The guide: flips and crops show the object in another position. The machine: a flip
# > **mirrors**. Flipped left to right, the box in the middle of the width stays exactly where it was, only its
# > content is reversed. No flip ever shows an object nearer to the middle or cut at the edge. Crops and shifts
# > do move it.
#
# ## 8. Boxes and masks follow the image
#
# Wrap what belongs together in [tv_tensors](pages/glossary.ipynb#tv_tensor) and pass it in **one call**. v2
# draws its random numbers once and treats the image, the boxes and the mask alike. (The older `transforms` know
# images only.) **Question:** the image turns by 25 degrees. Does the box still fit its object?

# %%
canvas = Image.new("L", (size, size))
ImageDraw.Draw(canvas).ellipse((size * 0.3, size * 0.25, size * 0.75, size * 0.7), fill=1)
mask = tv_tensors.Mask(torch.from_numpy(np.array(canvas))[None].bool())
corners = ops.masks_to_boxes(mask) + torch.tensor([0, 0, 1, 1])  # edges, not last pixels
boxes = tv_tensors.BoundingBoxes(corners, format="XYXY", canvas_size=(size, size))


def painted(image, boxes, mask) -> torch.Tensor:
    tinted = utils.draw_segmentation_masks(image, mask, alpha=0.4, colors="#E69F00")
    return utils.draw_bounding_boxes(tinted, boxes, colors="#0072B2", width=2)


tries = {
    "flip": v2.RandomHorizontalFlip(p=1),
    "rotation": v2.RandomRotation((25, 25)),
    "crop": v2.RandomResizedCrop(size, scale=(0.4, 0.4), ratio=(1, 1)),
}
torch.manual_seed(seed)
results = {"original": (photo, boxes, mask)} | {name: t(photo, boxes, mask) for name, t in tries.items()}
for name, (_, moved, area) in results.items():
    print(f"{name:9} box {[round(x) for x in moved.tolist()[0]]}  mask covers {area.float().mean():.2f}")
alt = "An ellipse marked by a mask and a box: original, mirrored, turned by 25 degrees, and cropped. Both follow."
draw({name: painted(*result) for name, result in results.items()}, alt=alt)

# %% [markdown]
# **What happened.** The mask turns pixel by pixel. A box in `XYXY` cannot turn: v2 draws a new upright box around
# the turned one, so after rotations such boxes are too large. (Boxes in `CXCYWHR`, with an angle, do turn.) Boxes that a crop leaves outside shrink to nothing;
# `v2.SanitizeBoundingBoxes` drops them together with their labels.
#
# ## 9. Does augmentation make the dataset larger?
#
# **Question.** A dataset of 24 images gets a random transform. How long is it then? And what comes out when
# you read item 0 twice?


# %% tags=["claim-07"]
class PhotoSet(Dataset):
    """Images with labels; `transform` runs each time an item is read."""

    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        return (self.transform(image) if self.transform else image), self.labels[index]


# 24 photos; the label of each is simply its number
few = torch.stack([read_photo(paths[i * len(paths) // 24], size) for i in range(24)])
plain = PhotoSet(few, torch.arange(24))
augmented = PhotoSet(few, torch.arange(24), augment)
print("length, plain and augmented:", len(plain), len(augmented))
print("plain, item 0 twice the same:    ", torch.equal(plain[0][0], plain[0][0]))
print("augmented, item 0 twice the same:", torch.equal(augmented[0][0], augmented[0][0]))
versions = {augmented[0][0].numpy().tobytes() for _ in range(10)}
print("different versions of item 0 in ten epochs:", len(versions))

# %% [markdown]
# > **Correction.** The guide: augmentation raises the number of images. The machine: **online** augmentation
# > leaves `len(dataset)` alone. It changes what you see when you read. (Storing changed copies on disk, called
# > *offline*, does raise the number, and freezes the changes.)
#
# Chance needs a [seed](pages/glossary.ipynb#seed). **Question:** which one does v2 listen to: `random.seed` or
# `torch.manual_seed`? The pipeline below has the guide's operations: flip, a turn of up to 10 degrees, colour.

# %% tags=["snippet-16"] figure="a batch of PIL"
pipeline = transforms.Compose(
    [
        transforms.RandomHorizontalFlip(),
        transforms.RandomRotation(10),
        transforms.ColorJitter(0.2, 0.2, 0.2, 0.1),
    ]
)
for name, reseed in {"random.seed": random.seed, "torch.manual_seed": torch.manual_seed}.items():
    results = []
    for _ in range(2):
        reseed(7)
        results.append(pipeline(photo))
    print(f"{name:18} twice the same picture: {torch.equal(*results)}")

as_pil = pipeline(TF.to_pil_image(photo))
try:
    default_collate([as_pil, as_pil])
except TypeError as error:
    print("a batch of PIL images:", str(error).split("; found")[0])

ready = v2.Compose(
    [v2.ToImage(), pipeline, v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
)
batch = default_collate([ready(TF.to_pil_image(photo)) for _ in range(2)])
print("with ToImage, ToDtype, Normalize:", tuple(batch.shape), batch.dtype)

# %% [markdown]
# **What happened.** Torchvision draws from torch. Given a PIL image, as in the guide, the pipeline ends with a
# PIL image, and those cannot be batched: add `ToImage`, `ToDtype(scale=True)` and
# [Normalize](pages/glossary.ipynb#Normalize). In worker processes torch seeds each worker by itself (chapter
# 02).
#
# ## 10. Is the label still true?
#
# **Question.** A model that reads handwritten digits meets 54 sixes, turned by 180 degrees. For how many does
# it say *9*? Replace `...` by a number.

# %%
predict("05.p3", ...)

# %% tags=["claim-07"] figure="turned:"
digits = samples.digits()
order = torch.randperm(len(digits.labels), generator=torch.Generator().manual_seed(0))
learn, test = order[:-540], order[-540:]


def pixels(images: torch.Tensor) -> np.ndarray:
    """Images as rows of numbers from 0 to 1, for scikit-learn."""
    return images.flatten(1).double().numpy() / 255


# answers with the label of the most similar digit that it learned
reader = KNeighborsClassifier(1).fit(pixels(digits.images[learn]), digits.labels[learn])
sixes = digits.images[test][digits.labels[test] == 6]
upright = reader.predict(pixels(sixes))
turned = reader.predict(pixels(TF.rotate(sixes, 180)))
print(f"upright: {(upright == 6).sum()} of {len(sixes)} read as 6")
print(f"turned:  {(turned == 9).sum()} of {len(sixes)} read as 9, {(turned == 6).sum()} as 6")
pairs = zip(sixes[:4], turned[:4].tolist(), strict=True)
draw(
    {f"six {i}: read as {answer}": TF.rotate(image, 180) for i, (image, answer) in enumerate(pairs, 1)},
    alt="Four handwritten sixes, turned by 180 degrees. They look like nines.",
)
predict("05.p3").reveal(int((turned == 9).sum()))

# %% [markdown]
# **What happened.** The reader is right: a six upside down *is* a nine. Now the label lies, and a model that
# trains on such images learns the lie.
#
# **Question.** What do such images do to a model? Two models train on a few digits and four augmented copies of
# each. The *neighbour* model answers with the label of the most similar training image. The *linear* model
# gives each pixel a weight for each class. Guess before you run: which lines help, which harm?


# %%
def with_copies(images, labels, augment, copies=4):
    """The images and `copies` augmented versions of each, with their labels."""
    if augment is None:
        return images, labels
    torch.manual_seed(seed)
    extra = [torch.stack([augment(image) for image in images]) for _ in range(copies)]
    return torch.cat([images, *extra]), labels.repeat(copies + 1)


smooth = v2.InterpolationMode.BILINEAR
recipes = {
    "no augmentation": None,
    "turn up to 10 degrees": v2.RandomRotation(10, interpolation=smooth),
    "shift up to 1 pixel": v2.RandomAffine(0, translate=(0.125, 0.125)),
    "flip left-right": v2.RandomHorizontalFlip(),
    "flip top-bottom": v2.RandomVerticalFlip(),
    "turn up to 180 degrees": v2.RandomRotation(180, interpolation=smooth),
}

# %% tags=["claim-07"] figure="flip left-right"
few_digits, rest = order[:train_images], order[train_images:]
truth = digits.labels[rest]
print(f"{f'accuracy on {len(rest)} digits':26}neighbour  linear")
for name, recipe in recipes.items():
    images, labels = with_copies(digits.images[few_digits], digits.labels[few_digits], recipe)
    neighbour = KNeighborsClassifier(1).fit(pixels(images), labels)
    linear = LogisticRegression(max_iter=2000, tol=1e-6).fit(pixels(images), labels)
    scores = [model.score(pixels(digits.images[rest]), truth) for model in (neighbour, linear)]
    print(f"{name:26}{scores[0]:9.3f}{scores[1]:8.2f}")

# %% [markdown]
# > **Correction.** The guide: augmentation helps to generalise. The machine: that depends on the label and on
# > the model. Small turns and shifts show the neighbour model digits as other people write them: it gets
# > better. Flips and large turns make digits that nobody writes: both models get worse. The neighbour's steps
# > are small, but ten other draws of 200 digits gave each of them the same sign nine times or more.
#
# Two lessons. First, **the operation must keep the label**, or, as the field says, be
# [label-preserving](pages/glossary.ipynb#label-safety): flips are not for digits, and are for cells under a
# microscope. Second, **the model must be able to use it**: the linear model has one weight for each pixel, so
# shifted digits only blur what it knows.
#
# ## 11. Does it help on photos?
#
# **Question.** The sample photos are cut from regions of ten pictures. You may train on two regions of each,
# and are tested on the others. Which recipe helps most: flips, crops, or free colours?

# %%
recipes = {
    "no augmentation": None,
    "flip left-right": v2.RandomHorizontalFlip(),
    "flips and crops": v2.Compose(
        [v2.RandomHorizontalFlip(), v2.RandomVerticalFlip(), v2.RandomResizedCrop(24, scale=(0.4, 1.0))]
    ),
    "any hue": v2.ColorJitter(hue=0.5),
}
regions = samples.photo_regions(root)  # empty for your own folder: then each file counts as a region
groups: dict[str, dict[str, list[Path]]] = {}  # class -> region -> its files
for path in paths:
    name = path.relative_to(root).as_posix()
    groups.setdefault(path.parent.name, {}).setdefault(regions.get(name, name), []).append(path)
rows = [  # eight photos of each region: the file, the number of its class, the number of its region
    (path, label, number % 6)
    for label, places in enumerate([*groups.values()][:20])  # more classes take too long here
    for number, files in enumerate(list(places.values())[:48])
    for path in files[:8]
]
thumbnails = torch.stack([read_photo(path, 24) for path, _, _ in rows])
labels, places = torch.tensor([row[1:] for row in rows]).T
print(len(rows), "photos in", len(labels.unique()), "classes and", len(places.unique()), "regions of each")

# %%
base = None  # the scores without augmentation
for name, recipe in recipes.items():
    scores = []
    for first in (0, 2, 4):  # train on two regions of each class, test on the others
        inside = (places == first) | (places == first + 1)
        if inside.all() or not inside.any():
            continue  # your own folder may hold too few images
        images, targets = with_copies(thumbnails[inside], labels[inside], recipe)
        model = KNeighborsClassifier(1).fit(pixels(images), targets)
        scores.append(model.score(pixels(thumbnails[~inside]), labels[~inside]))
    base = base or scores
    if scores:
        gains = " ".join(f"{score - plain:+.2f}" for score, plain in zip(scores, base, strict=True))
        print(f"{name:18} {np.mean(scores):.2f}   gain in each split: {gains}")

# %% [markdown]
# **What happened.** Each line has the mean of three splits, and what the recipe gained in each of them. On the
# sample photos: flips *and* crops help, in every split: the model meets other places and sizes. Flips alone gain
# next to nothing in one split: three splits prove no gain. Colour is what tells these classes apart, so free hues
# harm, each time.
# **Measure on your own data, over several splits or seeds, and keep what wins.** Chapter 10 does it with a small
# convolutional network.
#
# ## 12. Order: before or after `Normalize`?
#
# **Question.** A turn fills the corners with 0. Is 0 black?

# %%
to_float = v2.ToDtype(torch.float32, scale=True)
normalize = v2.Normalize([0.5] * 3, [0.5] * 3)
turn, brighter = v2.RandomRotation((45, 45)), v2.ColorJitter(brightness=(1.3, 1.3))

turned_first = normalize(to_float(turn(photo)))
turned_last = turn(normalize(to_float(photo)))
filled = v2.RandomRotation((45, 45), fill=-1.0)(normalize(to_float(photo)))
print("corner, turn then normalise:          ", turned_first[0, 0, 0].item())
print("corner, normalise then turn:          ", turned_last[0, 0, 0].item())
print("corner, normalise, then turn, fill=-1:", filled[0, 0, 0].item())

negative = (normalize(to_float(photo)) < 0).float().mean()
after = (brighter(normalize(to_float(photo))) < 0).float().mean()
print(f"values below 0 after normalising: {negative:.0%}; after colour jitter on top: {after:.0%}")

# %% [markdown]
# **What happened.** After `Normalize` 0 is the *mean*, so the corners are grey; black is -1 here. Worse: colour
# operations expect values from 0 to 1 and cut off the rest. Everything darker than the mean is lost: the
# share that the last line tells. **Augment first, on `uint8`, and normalise last.** That is also faster: one byte
# for each value, not four.
#
# ## 13. How often, how strong
#
# Two knobs: the probability `p` and the range. **Question:** is `RandomRotation(10)` a turn by ten degrees?

# %%
torch.manual_seed(seed)
# `make_params` is the draw alone, without an image
angles = [v2.RandomRotation(10).make_params([])["angle"] for _ in range(2000)]
print(f"RandomRotation(10): 2,000 angles from {min(angles):.1f} to {max(angles):.1f}")
print("ColorJitter(brightness=0.2): factors", v2.ColorJitter(brightness=0.2).brightness)

sometimes = v2.RandomApply([v2.Lambda(lambda x: x + 1)], p=0.3)
print(f"RandomApply(p=0.3): applied to {sum(sometimes(0) for _ in range(2000)) / 2000:.2f} of the images")
touched = 1 - 0.5**4
print(f"four operations with p=0.5 each: {touched:.0%} of the images are changed by at least one")

# %% [markdown]
# **What happened.** No: a number means a range around "no change", here ±10 degrees, or factors from 0.8 to
# 1.2. Operations add up: many gentle ones make a strong pipeline, and with four coins hardly an image stays as
# it was. Start weak, look at the pictures, then measure.
#
# ## 14. MixUp and CutMix: two images, two labels
#
# [These two](pages/glossary.ipynb#MixUp) work on the **batch**, after it is collated. MixUp lays one image over
# another, half transparent; CutMix pastes a part of one into the other. **Question:** what is the label of such
# an image?

# %%
classes = 24
mix = v2.RandomChoice([v2.MixUp(num_classes=classes), v2.CutMix(num_classes=classes)])


def mixing_collate(items):
    """Stack the images, then mix them; labels become shares of classes."""
    return mix(*default_collate(items))


torch.manual_seed(seed)
as_floats = PhotoSet(few, torch.arange(classes), to_float)
loader = DataLoader(as_floats, batch_size=8, shuffle=True, collate_fn=mixing_collate)
mixed = {}
for number, (images, targets) in enumerate(loader, 1):
    shares, who = targets[0].topk(2)
    mixed[f"{number}: {shares[0]:.0%} + {shares[1]:.0%}"] = images[0]
    print(f"batch {number}:", tuple(images.shape), tuple(targets.shape), "first label: ", end="")
    print(" + ".join(f"{share:.2f} of class {k}" for share, k in zip(shares, who.tolist(), strict=True)))
loss = torch.nn.functional.cross_entropy(torch.zeros(8, classes), targets)
print(f"loss of a model that rates all classes alike: {loss:.2f}; ln {classes} = {math.log(classes):.2f}")
alt = "Pairs of photos, added or pasted into each other. The titles tell the shares."
draw(mixed, alt=alt, columns=3)

# %% [markdown]
# **What happened.** The label is a row of shares that sum to 1, a *soft label*. There is one draw for each
# batch: MixUp or CutMix, and how much; each image is mixed with its neighbour in the batch.
# `nn.CrossEntropyLoss` takes soft labels as they are. Accuracy needs one right class, so count it on images
# that were not mixed. Both belong in [collate_fn](pages/glossary.ipynb#collate_fn), for the training loader
# only.
#
# ## 15. What does it cost?
#
# **Question.** Which operations are dear? The cell times each family on an image of 224 × 224 pixels.

# %% tags=["nbval-ignore-output"] reason="timing: milliseconds depend on the machine"
big = read_photo(paths[picture % len(paths)], 224)
costs = {}
for name, operation in families.items():
    times = []
    for _ in range(7):
        start = time.perf_counter()
        operation(big)
        times.append(time.perf_counter() - start)
    costs[name] = 1000 * sorted(times)[3]
for name, cost in sorted(costs.items(), key=lambda item: item[1]):
    print(f"{name:16} {cost:7.2f} ms")

# %% [markdown]
# **What happened.** Flips and crops only copy bytes: they cost next to nothing. Elastic is by far the dearest;
# noise, hue, blur and perspective compute every pixel anew. Crop *before* the dear ones: fewer pixels.
#
# So why not augment the whole batch in one call, perhaps on a GPU? **Question:** eight equal
# images go through `RandomRotation(30)` as one batch. How many different pictures come out?

# %%
torch.manual_seed(seed)
eight = photo.repeat(8, 1, 1, 1)
rotate = v2.RandomRotation(30)


def different(images: torch.Tensor) -> int:
    return len({image.numpy().tobytes() for image in images})


print("one call for the batch:  ", different(rotate(eight)), "different picture")
print(
    "one call for each image: ",
    different(torch.stack([rotate(image) for image in eight])),
    "different pictures",
)

# %% [markdown]
# **What happened.** A trap: v2 takes a batch, raises no error, and draws **once** for all of it. It cannot tell
# a batch of images from one image that has a dimension more (a video is one). Augment in the dataset, image by
# image. (Chapter 08, section 13, and chapter 10d, section 12, draw for each image of a whole batch, in plain torch.)
#
# ## 16. Training only
#
# **Question.** The digits reader from section 10 is tested three times, on test images with small random
# shifts. How many different scores will there be?

# %%
shift = v2.RandomAffine(0, translate=(0.125, 0.125))
truth = digits.labels[test]
print(f"plain test images, always: {reader.score(pixels(digits.images[test]), truth):.3f}")
for attempt in range(3):
    torch.manual_seed(attempt)
    shifted = torch.stack([shift(image) for image in digits.images[test]])
    print(f"augmented test images, attempt {attempt + 1}: {reader.score(pixels(shifted), truth):.3f}")

whole = PhotoSet(few, torch.arange(24), augment)
train_part, test_part = random_split(whole, [18, 6], torch.Generator().manual_seed(seed))
print("random_split, transform of the test part is augment:", test_part.dataset.transform is augment)

everything = torch.randperm(24, generator=torch.Generator().manual_seed(seed))
train_set = PhotoSet(few[everything[:18]], everything[:18], augment)
test_set = PhotoSet(few[everything[18:]], everything[18:])
print("two datasets, transform of the test set:", test_set.transform)

# %% [markdown]
# **What happened.** Three scores, each lower than the true one: you measured the dice. Evaluation gets only
# what belongs to the model's input: resize, scale, normalise. And `random_split` shares **one** dataset, so
# both parts share the transform: make two datasets.
#
# One more [leak](pages/glossary.ipynb#leak): copies of the same original on both sides of a split. Split first,
# then augment. Chapter 06 has the splits, chapter 10 measures the leak.
#
# ## 17. The lab
#
# Every operation with sliders, on the same photos: add, order, switch, strengthen. The first tile is the
# original. *Copy as code* gives plain torchvision. What you do by hand a program can do too: the cell after the
# lab sets new values, changes the picture **above**, and prints its code.

# %% tags=["lab"]
lab = ImageLab(root, tiles=tiles, seed=seed)
lab

# %%
lab.set(
    strength=1.0,
    steps=[
        {"op": "random_resized_crop", "values": {"scale": 0.5}},
        {"op": "rotation", "p": 0.5, "values": {"degrees": 20}},
        {"op": "gaussian_noise", "p": 0.5},
    ],
)
print(lab)
print(lab.to_code())

# %% [markdown]
# **Your own images.** All of these work; labels, boxes and masks may come along:
#
# ```python
# ImageLab("~/pictures")                      # a folder, flat or one folder for each class
# ImageLab([Image.open("a.jpg"), Image.open("b.jpg")])
# ImageLab(batch)                             # a tensor (N, C, H, W), uint8, or float from 0 to 1
# ImageLab(dataset)                           # items: image, (image, label) or (image, {"boxes": ...})
# ```
#
# Does the code give what the lab shows? The cell takes the last photo as a data set of its own.

# %%
own_image = read_photo(paths[-1], 256)
own_data = PhotoSet(own_image[None], torch.zeros(1, dtype=torch.int64))
own_lab = ImageLab(own_data, **lab.params | {"image": 0, "tiles": 4})

script: dict = {}
exec(own_lab.to_code(), script)  # plain torchvision
from_code = script["variants"](own_image)
same = [torch.equal(a, b) for a, b in zip(own_lab.result, from_code, strict=True)]
print("variants of the lab and of its code, pixel by pixel the same:", same)

# %% [markdown]
# ### Label safety
#
# Now digits, the sixes first. In this view a small model reads every tile, and the lab marks the tiles whose
# label is no longer true. Move *angle* on the card of the rotation: a click on the card's name opens and closes it.

# %% tags=["lab"]
sixes_first = (digits.labels != 6).int().argsort(stable=True)
digits_lab = ImageLab(
    (digits.images[sixes_first], digits.labels[sixes_first]),
    classes=digits.classes,
    view="label safety",
    spread="many images",
    tiles=tiles,
    seed=seed,
    steps=[{"op": "rotation", "values": {"degrees": 20, "range": "exactly"}}],
)
digits_lab

# %%
for degrees in (20, 90, 180):
    digits_lab.set(steps=[{"op": "rotation", "values": {"degrees": degrees, "range": "exactly"}}])
    print(digits_lab.caption["alt"])  # the picture in words

# %% [markdown]
# **Questions that only playing answers**
#
# 1. In the photo lab, put the rotation before the crop, then after it. When do you see black corners, and how
#    small must the crop be until they are gone?
# 2. In the digits lab, from which angle on does the first six get lost? Set *range* to *up to* and move
#    *image* past the sixes: which digits survive half a turn?
# 3. Switch the photo lab to *histogram*. Which operations leave mean and standard deviation alone? Which of
#    them would disturb a `Normalize` with fixed numbers?
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. `hint("05.1")` helps, each call a little more;
# `solution("05.1")` shows an answer.


# %% tags=["exercise"]
@exercise("05.1")
def turn_clockwise(image: Image.Image, degrees: float) -> Image.Image:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05.2")
def flip_box(box: tuple[int, int, int, int], width: int) -> tuple[int, int, int, int]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05.3")
def variants(image: torch.Tensor, augment: Callable, n: int, seed: int) -> list[torch.Tensor]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05.4")
def fill_value(color: list[int], mean: list[float], std: list[float]) -> list[float]:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05.5")
def cutmix_label(
    base: int, pasted: int, box: tuple[int, int, int, int], size: int, classes: int
) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("05.6")
def transform_for(split: str, augment: Callable, prepare: Callable) -> Callable:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("05.q1", "b")`.

# %%
quiz("05.q1")

# %%
quiz("05.q2")

# %%
quiz("05.q3")

# %%
quiz("05.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | Sign of the angle | labels with angles are wrong, no error | measure with a marker; `TF.affine` is clockwise |
# | Black corners | the model learns "black corner" | `fill`, or crop after turning |
# | EXIF ignored | some photos lie on their side | `ImageOps.exif_transpose` first |
# | Label not kept | training accuracy fine, test accuracy falls | look at the pictures; the label-safety view |
# | Image and boxes in two calls | boxes beside the object | one call with `tv_tensors` |
# | `random.seed` | runs cannot be repeated | `torch.manual_seed` |
# | Colour after `Normalize` | all values below 0 are cut off | augment `uint8`, normalise last |
# | A batch in one call | all images turned alike | augment in the dataset |
# | Augmented test set | another score in each run | two datasets, two transforms |
# | Augment, then split | test score too good | split first |
#
# ## Summary
#
# - Augmentation changes what a model sees in each epoch. It does not change how many images there are.
# - It helps when the label stays true and the model can use it. Measure both.
# - One call for everything that moves together; one draw for each image; torch's seed.
# - `uint8` first, `Normalize` last, training only.
#
# ## Next
#
# [Chapter 05b: text augmentation](05b_text_augmentation.ipynb): synonyms, deletion, swaps, and the labels that
# they turn round. Then [chapter 06: splitting and batching](06_splitting_batching.ipynb).
