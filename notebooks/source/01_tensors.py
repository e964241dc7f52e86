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
# # 01 Tensors
#
# Every image, sentence and table becomes a [tensor](pages/glossary.ipynb#tensor) before a model sees it. A tensor is
# simple: a block of memory, and a few facts that say how to read it. Most surprises come from one of these facts:
# the [dtype](pages/glossary.ipynb#dtype), the shape, or the [strides](pages/glossary.ipynb#stride).
#
# **After this chapter you can**
#
# - say which dtype a tensor gets, what that dtype can hold, and how many bytes it takes,
# - tell a copy from a view, and know who else changes when you write,
# - read shape, strides and offset, and say why `.view()` sometimes refuses,
# - predict the shape of a [broadcast](pages/glossary.ipynb#broadcasting), and see the trap before it fakes a
#   [loss](pages/glossary.ipynb#loss),
# - turn images into tensors, and keep 0–255 and 0–1 apart.
#
# **What you need to know**
#
# | Concept | Importance | Where to look |
# |---|---|---|
# | Lists, functions and loops in Python | needed | [the Python tutorial](https://docs.python.org/3/tutorial/) |
# | What an array is; a little NumPy | helpful | [NumPy for beginners](https://numpy.org/doc/stable/user/absolute_beginners.html) |
# | Matrix multiplication | helpful | any course in linear algebra |
#
# **Time:** 60 minutes to read and try, with the lab and the exercises. The cells alone run for about 10 seconds.
#
# **Words** that are new to you are in the [glossary](pages/glossary.ipynb).

# %% tags=["imports"]
import io
import math
import timeit
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import v2

from dpwidgets import TensorLab, exercise, palette, predict, quiz, samples, show, use_style
from dpwidgets.prep.parameters import Folder, Integer, check_parameters

# %% tags=["parameters"]
data_dir = None  # folder of your own images; None takes the sample photos
picture = 400  # which image the figures show: its number in the sorted list of files, from 0
seed = 0  # start of chance, a whole number from 0 to 1,000,000
size = 96  # side of the images, pixels, 32 to 512
batch_size = 32  # images in a batch, 2 to 256
side = 64  # rows and columns of the matrices in the race of section 6, 8 to 128

# %% tags=["check-parameters"]
check_parameters(
    globals(),
    data_dir=Folder(optional=True, closed=True),
    picture=Integer(0, 1_000_000),
    seed=Integer(0, 1_000_000),
    size=Integer(32, 512),
    batch_size=Integer(2, 256),
    side=Integer(8, 128),
)
root = samples.photos() if data_dir is None else Path(data_dir).expanduser()
# "[!.]*": names that do not begin with a dot; systems hide files of their own beside yours.
paths = sorted(p for p in root.rglob("[!.]*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
if not paths:
    raise FileNotFoundError(f"data_dir = {data_dir!r} holds no .jpg, .jpeg or .png file")
torch.manual_seed(seed)
use_style()

# %% [markdown]
# ## 1. A block of numbers
#
# **Question.** What does a tensor know about itself, beside its numbers?
#
# The guide (the text that this workbook follows and checks: chapter 00) begins with a matrix of two rows and three
# columns, and asks for `float32`. So do we.

# %% tags=["snippet-01"] figure="shape (2, 3)"
matrix = torch.tensor([[0.5, 1, 1.5], [2, 2.5, 3]], dtype=torch.float32)
print(matrix)
facts = f"shape {tuple(matrix.shape)}, {matrix.dtype}"
print(f"{facts}, {matrix.numel()} elements × {matrix.itemsize} bytes = {matrix.nbytes} bytes")
print("runs as intended: the guide's first example works")

# %% [markdown]
# **What happened.** A tensor knows its **shape** (sizes of its dimensions), its **dtype** (how each number is
# written in memory) and its **device** (where that memory is; here always the processor, chapter 08 has
# [others](pages/glossary.ipynb#accelerator)).
# All elements have the same dtype. Bytes are elements times bytes of one element.
#
# ## 2. Which dtype, if you do not ask?
#
# **Question.** Two whole numbers and one with a dot. Replace `...` by a text such as `"int64"`. And what is the mean
# of the whole numbers 1, 2 and 4?

# %%
predict("01.p1", ...)

# %%
given = {
    "[1, 2, 3]": [1, 2, 3],
    "[1, 2, 3.0]": [1, 2, 3.0],
    "np.array([1, 2, 3])": np.array([1, 2, 3]),
    "np.array([1, 2, 3.0])": np.array([1, 2, 3.0]),
    "np.array([1.0], dtype=np.float32)": np.array([1.0], dtype=np.float32),
}
print(f"{'given':36}{'NumPy':10}torch")
for text, value in given.items():
    kept = str(torch.tensor(value).dtype).removeprefix("torch.")
    print(f"{text:36}{np.asarray(value).dtype!s:10}{kept}")

whole = torch.tensor([1, 2, 4])
try:
    whole.mean()
except RuntimeError as error:
    print("whole.mean():        ", str(error).split(". ")[0])
print("whole.float().mean():", whole.float().mean())

layer = torch.nn.Linear(3, 1)
try:
    layer(torch.from_numpy(np.array([1, 2, 4.0])))
except RuntimeError as error:
    print("layer(float64):      ", error)
predict("01.p1").reveal(str(torch.tensor([1, 2, 3.0]).dtype).removeprefix("torch."))

# %% [markdown]
# **What happened.** Whole numbers become `int64`, Python's floats become `float32`, and an array keeps what NumPy
# gave it. So the same numbers are `float32` from a list and `float64` from an array.
#
# Torch converts less than NumPy. Where a result would need another type, it asks you to say so. A mean of whole
# numbers is refused. So is `float64` data in a model (here `Linear`, the smallest one: a weighted sum), whose weights
# are `float32`. The message calls them `Double` and `Float`. The cure for both is `.float()`.
#
# ## 3. What a dtype can hold
#
# **Question.** A bright pixel is 200, as `uint8`. You add 100. Replace `...` by the new value.

# %%
predict("01.p2", ...)

# %%
print(f"{'dtype':10}{'bytes':6}{'smallest':>22}{'largest':>22}")
for dtype in (torch.uint8, torch.int16, torch.int64, torch.float16, torch.bfloat16, torch.float32):
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    print(f"{str(dtype)[6:]:10}{dtype.itemsize:<6}{info.min:>22.8g}{info.max:>22.8g}")

pixel = torch.tensor(200, dtype=torch.uint8)
print("\nuint8     200 + 100      ", (pixel + 100).item())
print("uint8     200 + 100.0    ", (pixel + 100.0).item(), "and the dtype is", (pixel + 100.0).dtype)
print("float16   70000          ", torch.tensor(70000.0, dtype=torch.float16).item())
print("bfloat16  1.01           ", torch.tensor(1.01, dtype=torch.bfloat16).item())
print("float32   16,777,216 + 1 ", f"{(torch.tensor(16_777_216.0) + 1).item():,.0f}")
predict("01.p2").reveal((pixel + 100).item())

# %% [markdown]
# **What happened.** Whole types **wrap**: above the end they begin again, and no error comes. Float types **round**,
# and beyond their end they become `inf`. `float32` counts whole numbers up to 16,777,216 and then loses one.
# `bfloat16` reaches as far as `float32`, with only two to three digits.
#
# When two kinds meet, float wins over whole: `uint8` plus a Python float is `float32`. `uint8` plus a Python int is the
# same kind, and stays `uint8`, however large the int is.
#
# **Question.** What does the wrong sum do to a photo? And does it help to limit the values after the sum?


# %%
def read_photo(path: Path, side: int) -> Image.Image:
    """The image in `path`, upright, RGB, cut to a square of `side` pixels."""
    with Image.open(path) as image:
        return ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (side, side))


photo = torch.from_numpy(np.array(read_photo(paths[picture % len(paths)], size)))  # (H, W, 3)
wrapped = photo + 100
limited = (photo.to(torch.int16) + 100).clamp(0, 255).to(torch.uint8)

fig, axes = plt.subplots(1, 3, figsize=(7.5, 2.7))
titles = {"photo": photo, "photo + 100: wrapped": wrapped, "limited at 255": limited}
for axis, (title, image) in zip(axes, titles.items()):
    axis.imshow(image)
    axis.set_title(title, fontsize=10)
    axis.axis("off")
show(fig, alt="A photo; the same plus 100 in uint8, bright parts turned dark; the same limited at 255.")
print(f"pixels that got darker by adding 100: {(wrapped < photo).float().mean():.1%}")

# %% [markdown]
# **What happened.** In the middle picture everything above 155 came back as dark. The order is all: first a type
# with room (`int16`), then the sum, then `clamp`, then back to `uint8`. After a sum in `uint8` there is nothing left
# to limit.
#
# ## 4. Ways to make a tensor
#
# **Question.** Which of them do you know from NumPy? Which type does each choose? And which one holds values that mean
# nothing?

# %%
made = {
    "zeros(2, 3)": torch.zeros(2, 3),
    "ones(3, dtype=int64)": torch.ones(3, dtype=torch.int64),
    "full((2,), 7)": torch.full((2,), 7),
    "arange(0, 10, 3)": torch.arange(0, 10, 3),
    "linspace(0, 1, 5)": torch.linspace(0, 1, 5),
    "eye(2)": torch.eye(2),
    "zeros_like(photo)": torch.zeros_like(photo),
    "empty(4)": torch.empty(4),  # whatever stood in that memory before: fill it first
}
for name, tensor in made.items():
    print(f"torch.{name:22} {tuple(tensor.shape)!s:14} {tensor.dtype}")

draws = torch.randn(100_000, generator=torch.Generator().manual_seed(seed))
print(f"\n100,000 draws of randn: mean {draws.mean():+.3f}, standard deviation {draws.std():.3f}")
torch.manual_seed(seed)
first = torch.rand(3)
torch.manual_seed(seed)
print("same seed, same numbers:", torch.equal(first, torch.rand(3)))

# %% [markdown]
# **What happened.** `randn` draws from the normal distribution: mean 0 and standard deviation 1, up to chance, which
# is about 1/√100,000 = 0.003 here. `_like` takes shape, dtype and device from another tensor. `empty` takes memory as
# it is, so its values mean nothing.
#
# ## 5. Operators and functions
#
# The guide's second example adds and multiplies two matrices, with `+` and `*`. It has no import of its own.
# **Question:** does it run?

# %% tags=["snippet-02"] figure="after the import"
example = """
a = torch.tensor([[2, 0], [1, 3]])
b = torch.tensor([[1, 5], [4, 2]])
total, product = a + b, a * b
"""
try:
    exec(example, {})  # as in a fresh notebook: no names yet
except NameError as error:
    print("in a fresh notebook:    NameError:", error)
names = {"torch": torch}
exec(example, names)  # as where an earlier cell imported torch
print("after the import of #1: a + b =", names["total"].tolist(), "  a * b =", names["product"].tolist())

# %% [markdown]
# **What happened.** It works, and only because the example before it had imported torch. `*` multiplies **element by
# element**; the matrix product is `a @ b`.
#
# The guide goes on: functions such as `torch.add` and `torch.mul` are more flexible, and **more efficient**.
# **Question:** does `torch.add(a, b)` do anything that `a + b` does not? In the end torch calls a
# [kernel](pages/glossary.ipynb#kernel): a compiled function for one operation (not the notebook's kernel, which runs
# its cells). A *dispatch mode* of torch gets to see each of these calls.


# %% tags=["claim-28"] figure="the same kernel"
class Kernels(TorchDispatchMode):  # notes which kernel torch calls
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.name = str(function)
        return function(*args, **(kwargs or {}))


a, b, c = (torch.rand(500, 500) for _ in range(3))
total, known = a + b, {tensor.data_ptr() for tensor in (a, b, c)}
ways = {
    "a + b": lambda: a + b,
    "torch.add(a, b)": lambda: torch.add(a, b),
    "torch.add(a, b, out=c)": lambda: torch.add(a, b, out=c),
    "a.add_(b)": lambda: a.add_(b),  # the last one: it changes a
}
called, fresh = [], []
for name, way in ways.items():
    with Kernels() as kernels:
        result = way()
    called.append(kernels.name)
    fresh.append(0 if result.data_ptr() in known else result.nbytes)
    print(f"{name:24}{called[-1]:18}new memory: {fresh[-1]:>9,} bytes  equal: {torch.equal(result, total)}")
same = "the same kernel" if called[0] == called[1] else "different kernels"
print(f"a + b and torch.add: {same}, {fresh[0]:,} new bytes each; out= and in-place: {fresh[2]}, {fresh[3]}")

# %% [markdown]
# > **Correction.** The guide: functions such as `torch.add` run more efficiently than operators. The machine: `a + b`
# > **is** `torch.add(a, b)`: the same kernel, the same values, the same new memory. What the function adds are
# > arguments: `out=` and `alpha=`. `out=`, and methods with `_` at the end, save the new memory.
#
# Is the saved memory also saved time? Measure it on your machine, as a ratio in one run.

# %% tags=["nbval-ignore-output"] reason="timing"
large, other, target = (torch.rand(2000, 1000) for _ in range(3))
race = {
    "a + b": lambda: large + other,
    "torch.add(a, b)": lambda: torch.add(large, other),
    "torch.add(a, b, out=c)": lambda: torch.add(large, other, out=target),
}
seconds = {name: [] for name in race}
for _ in range(15):  # in turns, so that a busy machine is fair to all
    for name, way in race.items():
        seconds[name].append(timeit.timeit(way, number=2))
for name, taken in seconds.items():  # the best of 15: least disturbed by other programs
    print(f"{name:24}{min(taken) / min(seconds['a + b']):.2f} of the time of a + b")

# %% [markdown]
# **What happened.** The first two are the same up to noise: run the cell twice and see how much noise there is. `out=`
# spares the system the search for new memory; whether that can be measured depends on size and machine. It always
# costs readability.
#
# ## 6. Matrix product against loops
#
# **Question.** Two square matrices. How many times faster is `a @ b` than three nested loops in Python: 10, 100,
# more?


# %% tags=["nbval-ignore-output"] reason="timing"
def loops(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
    """The matrix product, element by element."""
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


left, right = torch.rand(side, side), torch.rand(side, side)
as_lists = left.tolist(), right.tolist()
in_python = min(timeit.repeat(lambda: loops(*as_lists), number=1, repeat=3))
in_torch = min(timeit.repeat(lambda: left @ right, number=20, repeat=5)) / 20
print(f"{side} × {side}: the loops take {in_python / in_torch:,.0f} times as long as left @ right")

# %%
by_loops = torch.tensor(loops(*as_lists))
print("equal to the last bit:       ", torch.equal(left @ right, by_loops))
print("equal up to rounding:        ", torch.allclose(left @ right, by_loops))
print("@ is matmul, bit by bit:     ", torch.equal(left @ right, torch.matmul(left, right)))
batch = torch.rand(10, side, 3) @ torch.rand(3, 5)
print("ten matrices times one:      ", (10, side, 3), "@", (3, 5), "→", tuple(batch.shape))

# %% [markdown]
# **What happened.** The loops handle Python objects one by one; torch hands whole rows to machine code that computes
# several products at a time. It adds in another order, and in `float32` where Python's floats have 64 bits, so the
# last bits may differ: compare floats with `allclose`, not with `equal`. The same holds for your data pipeline:
# **work on whole tensors, not on elements.**
#
# ## 7. Copy or share?
#
# **Question.** One array, three tensors made of it. Then the array is changed. How many of the tensors change?

# %%
predict("01.p3", ...)

# %%
array = np.zeros(3, dtype=np.float32)
tensors = {
    "torch.tensor(array)": torch.tensor(array),
    "torch.as_tensor(array)": torch.as_tensor(array),
    "torch.from_numpy(array)": torch.from_numpy(array),
    "torch.from_numpy(array).float()": torch.from_numpy(array).float(),
    "torch.from_numpy(array).double()": torch.from_numpy(array).double(),
}
array[0] = 9
for name, tensor in tensors.items():
    print(f"{name:34}{'changed: shares' if tensor[0] == 9 else 'as before: a copy'}")

try:
    torch.from_numpy(np.arange(4)[::-1])
except ValueError as error:
    print("turned round:", str(error).split(",")[0])
read_only = np.frombuffer(b"four", dtype=np.uint8)
print("read-only:   writeable is", read_only.flags.writeable, "- torch would only warn")
predict("01.p3").reveal(sum(int(tensor[0] == 9) for tensor in list(tensors.values())[:3]))

# %% [markdown]
# **What happened.** `torch.tensor` always copies. `from_numpy` always shares. `as_tensor`, `.float()` and `.to()` copy
# only when they must: the same line shares for a `float32` array and copies for a `float64` one. `tensor.numpy()`
# shares as well, in the other direction.
#
# Two kinds of arrays should not be shared. Torch refuses those read backwards, such as images mirrored with
# `[:, ::-1]` (section 8 says why). It shares read-only ones, and only warns: a write into the tensor would change what
# must not change. Copy both: `array.copy()` or `torch.tensor(array)`.
#
# ## 8. Shape, strides, offset
#
# Memory is one long row. **Strides** say how far to step in that row to come to the next index of each dimension; the
# **offset** says where to start. A tensor that reads the memory of another one is a **view** of it. A tensor is
# [contiguous](pages/glossary.ipynb#contiguous) if reading it row by row walks through memory without a jump.
# **Question:** what does a transpose move?

# %%
x = (10 * torch.arange(12)).reshape(3, 4)  # place 0 in memory holds 0, place 1 holds 10, ...


def describe(name: str, y: torch.Tensor) -> None:
    """Shape, strides, offset, and whether y lies in the memory of x."""
    shares = y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    kind = "itself" if y is x else "view" if shares else "COPY"
    print(
        f"{name:24}{tuple(y.shape)!s:8}strides {y.stride()!s:8}offset {y.storage_offset()}  "
        f"contiguous {y.is_contiguous()!s:7}{kind}"
    )


describe("x", x)
describe("x.t()", x.t())
describe("x[1:, ::2]", x[1:, ::2])
describe("x.reshape(2, 6)", x.reshape(2, 6))
describe("x[:, :1].expand(3, 4)", x[:, :1].expand(3, 4))
describe("x.flip(0)", x.flip(0))
describe("x.t().contiguous()", x.t().contiguous())
describe("x.t().reshape(12)", x.t().reshape(12))
where = 1 * x.t().stride(0) + 2 * x.t().stride(1)
print(f"\nx.t()[1, 2] is {x.t()[1, 2]}, and memory at place 1·1 + 2·4 = {where} holds {x.flatten()[where]}")

# %% [markdown]
# **What happened.** The transpose moves nothing: it exchanges two strides. Slices change the offset and the strides.
# `expand` has a stride of 0 and reads one cell many times. `flip` must copy, since no stride is negative.
#
# `.view()` promises never to copy. **Question:** can it flatten a transposed tensor? And you save two rows out of
# 10,000: how large is the file?

# %%
try:
    x.t().view(12)
except RuntimeError as error:
    print("x.t().view(12):   ", error)
print("x.t().reshape(12):", x.t().reshape(12).tolist())
x.t()[0, 0] = 555  # write into the view ...
x.t().reshape(12)[1] = 777  # ... and into a copy
print("\nx after both:     ", x.flatten().tolist())

table = torch.zeros(10_000, 8)
for name, piece in {"table[:2]": table[:2], "table[:2].clone()": table[:2].clone()}.items():
    file = io.BytesIO()
    torch.save(piece, file)
    whole, kilobytes = piece.untyped_storage().nbytes(), 10 * math.ceil(file.tell() / 10_000)
    print(f"{name:18} shows {piece.nbytes} bytes, holds {whole:>7,}; its file: less than {kilobytes} kB")

# %% [markdown]
# **What happened.** No single stride leads through the places 0, 4, 8, 1, 5, … of memory, so `.view` refuses.
# `.reshape` makes a view where it can and a copy where it must: the 555 arrived in `x`, the 777 got lost in the copy.
# Never write into the result of `reshape`.
#
# The slice shows 64 bytes and holds 320,000, in memory and in the file. `.clone()` makes memory for what you see, and
# no more. Caches of slices are a usual leak.
#
# ## 9. Broadcasting
#
# Shapes need not be equal. Torch aligns them **from the right**. Two sizes fit where they are equal, or one of them
# is 1, or missing; the 1 is repeated, without a copy. **Question:** which of these pairs fit?

# %%
pairs = [
    ((3, 1), (4,)),
    ((32, 3, 96, 96), (3, 1, 1)),
    ((32, 3, 96, 96), (3,)),
    ((8, 1, 6, 1), (7, 1, 5)),
    ((2, 3), (2,)),
]
for a_shape, b_shape in pairs:
    try:
        outcome = tuple(torch.broadcast_shapes(a_shape, b_shape))
    except RuntimeError:
        outcome = "clash"
    print(f"{a_shape!s:18} with {b_shape!s:11} {outcome}")

images = torch.randint(0, 256, (batch_size, 3, 8, 8), generator=torch.Generator().manual_seed(seed)) / 255
mean = images.mean(dim=(0, 2, 3))  # one for each channel: (3,)
centred = images - mean[:, None, None]  # (3,) → (3, 1, 1)
left_over = centred.mean(dim=(0, 2, 3)).abs().max()
print(f"\nlargest mean of a channel after centring: {left_over:.4f}")

# %% [markdown]
# **What happened.** A number for each channel needs shape `(3, 1, 1)`: `mean[:, None, None]` appends two dimensions of
# size 1. As `(3,)` it would meet the **width**, and clash; with images 3 pixels wide it would not even clash.
#
# ### The trap
#
# **Question.** A model gives predictions of shape `(5,)`, the table has targets of shape `(5, 1)`. How many elements
# has the difference?

# %%
predict("01.p4", ...)

# %%
guess = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
target = guess[:, None]  # the same numbers as a column: nothing is wrong with the guess
print("guess - target has shape", tuple((guess - target).shape))
print("mean squared error, broadcast:", ((guess - target) ** 2).mean().item())
print("mean squared error, aligned:  ", ((guess - target.squeeze(1)) ** 2).mean().item())
predict("01.p4").reveal((guess - target).numel())

# %% [markdown]
# **What happened.** A perfect guess has an error of 4. Every guess was compared with every target. `F.mse_loss` warns
# about it; your own formula does not. **Question:** the loss falls in training too. What does the model learn?
#
# The model is a line, slope and start. Training repeats three steps: how large is the loss, in which direction would it
# be smaller (`backward`), go a little that way (`step`).


# %%
def fit(x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:  # slope and start of a line
    weights = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.5)
    for _ in range(300):
        loss = ((weights[0] * x + weights[1] - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weights[0].item(), weights[1].item()


generator = torch.Generator().manual_seed(seed)
inputs = torch.rand(200, generator=generator)
truth = 3 * inputs + 1 + 0.1 * torch.randn(200, generator=generator)
lines = {"targets (200,)": fit(inputs, truth), "targets (200, 1)": fit(inputs, truth[:, None])}
for name, (slope, start) in lines.items():
    print(f"{name:18}y = {slope:z.1f} x + {start:.1f}")  # z: no minus before 0.0

fig, axis = plt.subplots(figsize=(6, 3))
axis.plot(inputs, truth, ".", color="#777777", linestyle="", label="data")
for (name, (slope, start)), dash, colour in zip(lines.items(), ("-", "--"), (palette.GOOD, palette.BAD)):
    axis.plot([0, 1], [start, start + slope], dash, color=colour, marker="", linewidth=2.5)
    axis.annotate(f" {name}", (1, start + slope), fontsize=9, va="center")
axis.set(xlabel="x", ylabel="y", xlim=(-0.03, 1.3))
show(fig, alt="Rising points. The line fitted on flat targets follows them; the one on a column is level.")

# %% [markdown]
# **What happened.** With the column every prediction is pulled towards **all** targets, so the best answer is the same
# for every x: their mean. Training runs, the loss falls, and the model has learned nothing. Check
# `prediction.shape == target.shape` before any loss.
#
# ## 10. In place
#
# Methods with `_` at the end write into their tensor, [in place](pages/glossary.ipynb#in-place-operation). That saves
# memory. **Question:** who else notices?

# %%
batch = torch.zeros(2, 3)
first_row = batch[0]
alias = batch  # no copy: another name
batch.add_(1)
print("after batch.add_(1): the view", first_row.tolist(), " the other name", alias[0].tolist())
print("changes counted:", batch._version)
later = batch + 1  # a new tensor; batch, its view and its other name stay
print("after batch + 1:     batch itself", batch[0].tolist())
for name, change in {
    "uint8.add_(0.5)": lambda: torch.zeros(2, dtype=torch.uint8).add_(0.5),
    "expanded.add_(1)": lambda: torch.zeros(1).expand(3).add_(1),
}.items():
    try:
        change()
    except RuntimeError as error:
        print(f"{name:18}", str(error).split(". ")[0].replace("unsupported operation: ", ""))

# %% [markdown]
# **What happened.** Everyone who looks at the memory sees the change. The dtype of a tensor never changes in place, and
# where one cell stands for several elements, torch refuses to write.
#
# To improve a model, torch asks how the loss changes with each weight: that is the
# [gradient](pages/glossary.ipynb#gradient). With `requires_grad=True` a part of torch, *autograd*, notes every step
# from the weights to the loss, and `backward()` goes back through the notes. For that it needs old values.
# **Question:** what if they are gone?

# %%
weight = torch.ones(3, requires_grad=True)
hidden = weight * 2
loss = (hidden**2).sum()  # its gradient needs `hidden` as it is now
hidden.add_(1)
try:
    loss.backward()
except RuntimeError as error:
    told = str(error)
    print("backward():", told[: told.index(":")])
    print("because:   ", told[told.index("is at version") : told.index(". Hint")])
try:
    weight.add_(1)
except RuntimeError as error:
    print("weight.add_(1):", error)
with torch.no_grad():
    weight.add_(1)  # what an optimiser does
print("inside no_grad:", weight.tolist())

# %% [markdown]
# **What happened.** Each tensor counts its changes. Autograd notes the count when it keeps a tensor, and complains when
# the count has moved on: better an error than a wrong gradient. A weight itself may change only under `no_grad`, where
# nothing is noted: there the optimiser works. In preprocessing there are no gradients; there the
# danger is shared memory: an in-place change of a cached sample changes it for the next epoch.
#
# ## 11. Images as tensors
#
# PIL and NumPy say height, width, channels. Torch models want channels first: `(C, H, W)`. **Question:** does the way
# there copy anything, and which numbers come out?

# %%
pil = read_photo(paths[picture % len(paths)], size)
pixels = torch.from_numpy(np.array(pil))  # (H, W, C), uint8, 0 to 255
image = pixels.permute(2, 0, 1)  # (C, H, W): a view
scaled = image / 255  # float32, 0 to 1
ready = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])(pil)
for name, tensor in {
    "pixels": pixels,
    "image": image,
    "image.float()": image.float(),
    "image / 255": scaled,
}.items():
    within = f"at most {255 if tensor.max() > 1 else 1}"
    print(f"{name:15}{tuple(tensor.shape)!s:14}{str(tensor.dtype)[6:]:9}{within:13}{tensor.nbytes:>8,} bytes")
shares = image.untyped_storage().data_ptr() == pixels.untyped_storage().data_ptr()
print("image shares memory with pixels:", shares)
print("v2's ToImage and ToDtype(scale=True) give the same:", torch.allclose(ready, scaled))

# %% [markdown]
# **What happened.** `permute` made a view. `.float()` changes the type and **not the range**: 0 to 255 remains, four
# times as large in memory. `/ 255` gives 0 to 1. The guide says that pixels are *usually* normalised to 0–1; it is the
# transform that does it, never the dtype. Programs guess the range from the type: a float image is taken as 0–1.
#
# **Question.** What does a float image from 0 to 255 look like then? And how many bytes has a batch of each type?

# %%
fig, axes = plt.subplots(1, 3, figsize=(7.5, 2.7))
floats = pixels.float()
shown = {"uint8, 0–255": pixels, "float, 0–1": floats / 255, "float, 0–255: cut at 1": floats.clamp(0, 1)}
for axis, (title, each) in zip(axes, shown.items()):
    axis.imshow(each)
    axis.set(title=title, xticks=[], yticks=[])
    axis.spines[:].set_visible(True)  # a frame: one of the pictures is white
show(fig, alt="A photo as uint8; as floats from 0 to 1; as floats up to 255, cut at 1: almost all white.")

low, high = (int(value) for value in torch.aminmax(samples.digits().images))
print(f"digits: {tuple(samples.digits().images.shape)}, uint8 from {low} to {high}")
for dtype in (torch.uint8, torch.float16, torch.float32, torch.float64):
    bytes_ = math.prod((batch_size, 3, 224, 224)) * dtype.itemsize
    print(f"{batch_size} × 3 × 224 × 224 {str(dtype)[6:]:8} {bytes_ / 1e6:6.1f} MB")

# %% [markdown]
# **What happened.** The third picture is what a viewer makes of floats up to 255: nearly everything is "brighter than
# white". A model does not show you. Look at `min()` and `max()` of every new data set.
#
# Keep images `uint8` as long as you can (on disk, in caches, between processes, on the way to a GPU) and make floats
# last: `float32` is four times as much to move.
#
# ## 12. `channels_last`
#
# Convolutions, the layers of most image models, often run faster when the three colours of one pixel lie together.
# **Question:** does the memory format [torch.channels_last](pages/glossary.ipynb#channels_last) change the shape, the
# values, or neither?

# %%
photos = torch.rand(batch_size, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
nhwc = photos.to(memory_format=torch.channels_last)
print("shape  ", tuple(photos.shape), "→", tuple(nhwc.shape))
print("strides", photos.stride(), "→", nhwc.stride())
print("same values:", torch.equal(photos, nhwc), "  same bytes:", photos.nbytes == nhwc.nbytes)
print("contiguous, channels first:", nhwc.is_contiguous())
print("contiguous, channels last: ", nhwc.is_contiguous(memory_format=torch.channels_last))
kernel = torch.rand(8, 3, 3, 3, generator=torch.Generator().manual_seed(seed))
close = torch.allclose(F.conv2d(photos, kernel), F.conv2d(nhwc, kernel), atol=1e-4)
print("a convolution gives the same, up to rounding:", close)
try:
    photos[0].to(memory_format=torch.channels_last)
except RuntimeError as error:
    print("one image:", error)

# %% [markdown]
# **What happened.** Neither. The same values were copied into another order in memory, and the strides say so: the
# channel now has stride 1, its neighbour in memory is the next colour of the same pixel. It is a layout for batches
# (four dimensions), and whether it is faster depends on the machine: measure with your model.
#
# ## Lab: see it cell by cell
#
# Type two shapes and see them meet; the slider *cell* traces one result back to its two sources. Dashed cells are
# repeats that cost no memory. Switch *view* to **memory** for storage and strides, and to **dtypes** for what a type
# keeps of a number.

# %% tags=["lab"]
lab = TensorLab(left="3, 1", right="4")
lab

# %%
lab.set(left="5", right="5, 1", operation="a - b")
print(lab)
lab.set(view="memory", look="x.transpose(0, 1).view(-1)")
print(lab)
lab.set(view="dtypes", value="0.1", dtype="bfloat16", add=1)
print(lab)
lab.reset()

# %% [markdown]
# **Your own tensor** goes in first: `TensorLab(my_tensor)`, up to 32 elements. Here it is a corner of the photo, 3
# pixels wide, with its channels last. Does the lab's code give what the lab shows? (It prints two lines of its own:
# shape, strides, offset, contiguous or not; and whether the result shares the memory of `x`.)

# %% tags=["lab"]
corner = pixels[:2, :3].contiguous()  # (2, 3, 3)
own_lab = TensorLab(corner, view="memory", look="my own code", code="x.permute(2, 0, 1)")
script: dict = {}
exec(own_lab.to_code(), script)  # plain torch
print("the code gives the lab's result:", torch.equal(script["result"], own_lab.result))
own_lab

# %% [markdown]
# **Questions that only playing answers**
#
# 1. In the corner lab, move *cell*. Which strides make the colours of one pixel neighbours in memory? Then try
#    `x.permute(2, 0, 1).contiguous()`: which sum finds the same element now?
# 2. In the first lab find two shapes with three dimensions in which **both** tensors have repeats, and the result
#    has 24 cells. Does the warning come? Is it always a mistake?
# 3. In *dtypes*, type 2048, then 2049, and look at `float16`. What is special about 2049? Find the same place for
#    `bfloat16`: it is much smaller.
#
# ## Exercises
#
# Replace `...`, then run the cell: it is checked at once. Stuck? Add a cell below it (`Esc`, then `B`) and run
# `hint("01.1")` there: each call helps a little more. `solution("01.1")` shows an answer and says why it is right.


# %% tags=["exercise"]
@exercise("01.1")
def own_copy(array: np.ndarray) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("01.2")
def batch_bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("01.3")
def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("01.4")
def safe_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("01.5")
def normalise(batch: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% tags=["exercise"]
@exercise("01.6")
def small_piece(table: torch.Tensor, k: int) -> torch.Tensor:
    # your code instead of the three dots
    ...


# %% [markdown]
# ## Quiz
#
# Answer with a letter: `quiz("01.q1", "b")`.

# %%
quiz("01.q1")

# %%
quiz("01.q2")

# %%
quiz("01.q3")

# %%
quiz("01.q4")

# %% [markdown]
# ## Pitfalls
#
# | Pitfall | What you see | Cure |
# |---|---|---|
# | `float64` from NumPy | "mat1 and mat2 must have the same dtype" | `.float()` |
# | Sum in `uint8` | bright pixels turn dark, no error | a type with room, `clamp`, then back |
# | `(n,)` meets `(n, 1)` | loss falls, the model gives one mean for all | equal shapes before the loss |
# | Statistics of shape `(3,)` | clash, or the wrong dimension | `[:, None, None]` |
# | `from_numpy` shares | data changes by itself | `torch.tensor`, `.clone()` |
# | Writing into `reshape` | sometimes nothing happens | write into the tensor itself |
# | `.view` after `permute` | "view size is not compatible" | `.reshape`, or `.contiguous()` first |
# | Slices kept in a cache | memory and files too large | `.clone()` |
# | `.float()` on an image | values up to 255 | `/ 255`, or `ToDtype(scale=True)` |
# | In-place change | others change too, or backward fails | a new tensor |
#
# ## Summary
#
# - A tensor is memory, dtype, shape, strides and a start. Views change the last three and copy nothing.
# - Ints become `int64`, Python floats `float32`, arrays keep their type. Whole types wrap, floats round.
# - Shapes align from the right; a 1 repeats. Equal shapes are the only safe ones in a loss.
# - `a + b` is `torch.add(a, b)`. `out=` and `_` save the new memory, and change what others may share.
# - `uint8` until late, then floats from 0 to 1.
#
# ## Next
#
# [02 Dataset and DataLoader](02_dataset_dataloader.ipynb): how single samples are fetched and become batches.
