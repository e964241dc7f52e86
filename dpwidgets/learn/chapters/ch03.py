"""What chapter 03 asks: transforms."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 03.1


def _wide_image() -> Image.Image:
    """400 × 100 pixels: black ends, a grey square in the middle, and a white band along its top."""
    image = Image.new("RGB", (400, 100))
    image.paste((128, 128, 128), (140, 0, 260, 100))
    image.paste((255, 255, 255), (140, 0, 260, 20))
    return image


def _prepared(evaluation_pipeline: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return evaluation_pipeline(50, [mean] * 3, [std] * 3)(_wide_image())


def _differs(evaluation_pipeline: Any) -> bool:
    """Whether the same image gives different results in eight calls."""
    pipeline = evaluation_pipeline(50, [0.0] * 3, [1.0] * 3)
    return len({np.asarray(pipeline(_wide_image())).tobytes() for _ in range(8)}) > 1


def _runs(came: object) -> str | None:
    """Why what came is no pipeline, or stops at an image; None where it runs."""
    if not callable(came):
        return "Return the pipeline: `return v2.Compose([...])`."
    try:
        came(_wide_image())
    except Exception as error:
        return f"The pipeline stops with {error} Which step must come before the one that complains?"
    return None


def _is_prepared(came: object) -> str | None:
    """Why the wide image was not prepared well at size 50, mean 0, std 1."""
    if not isinstance(came, torch.Tensor):
        return "The pipeline must end with a tensor: `v2.ToImage()` makes one of a PIL image."
    if tuple(came.shape) == (3, 50, 200):
        return "`Resize(size)` keeps the proportions, so the sides differ: crop to a square after it."
    if tuple(came.shape) != (3, 50, 50):
        return "The result must have three channels and be `size` pixels high and wide."
    if came.dtype != torch.float32:
        return "A model wants float32: `v2.ToDtype(torch.float32, scale=True)`."
    if came.max() > 1:
        return "Values up to 255: `ToDtype` needs `scale=True` to divide."
    if came[0, 25, 1] < 0.3:
        return "The ends of the wide image are still there: it was squeezed. Keep the proportions, then crop."
    if came[0, 1, 25] < 0.9:
        return "The top of the image is gone: only a piece of its middle was cut out. Resize first."
    return None


EVALUATION_PIPELINE = Exercise(
    id="03.1",
    title="A pipeline in the right order",
    prompt=(
        "Return the v2 pipeline for evaluation: a PIL image of any size in RGB becomes a normalised float32 "
        "tensor `(3, size, size)`.\n"
        "Nothing is squeezed: scale the shorter side to `size`, then cut the middle. `mean` and `std` are "
        "meant for values from 0 to 1."
    ),
    stub="""
from torchvision.transforms import v2

def evaluation_pipeline(size: int, mean: list[float], std: list[float]) -> v2.Compose:
    ...
""",
    checks=(
        Check(
            (50, [0.0] * 3, [1.0] * 3),
            judge=_runs,
            wants="a pipeline: something that can be called with a PIL image",
        ),
        Check(
            use=_differs,
            shown="do eight calls with the same image differ?",
            expected=False,
            why="A step draws by chance. In evaluation an image must always give the same numbers.",
        ),
        Check(
            use=_prepared,
            shown="evaluation_pipeline(50, mean=[0, 0, 0], std=[1, 1, 1])(an image of 400 × 100)",
            judge=_is_prepared,
            wants="a float tensor (3, 50, 50) from 0 to 1 that shows the middle of the image",
        ),
        Check(
            use=lambda pipeline: round(_prepared(pipeline, 0.5, 0.25).max().item(), 3),
            shown="the greatest value with mean=[0.5] * 3, std=[0.25] * 3",
            expected=2.0,
            why="White is 1 before `Normalize` and (1 - 0.5) / 0.25 after it.",
            traps=((1.0, "Nothing was normalised: `mean` and `std` are not used."),),
        ),
    ),
    hints=(
        "Five steps. Which of them work on pixels as they are, and which want floats from 0 to 1?",
        "`v2.Resize`, `v2.CenterCrop`, `v2.ToImage`, `v2.ToDtype`, `v2.Normalize`, in a `v2.Compose`.",
        "Resize(size), CenterCrop(size), ToImage(), ToDtype(torch.float32, scale=True), "
        "Normalize(mean, std).",
    ),
    solution="""
import torch
from torchvision.transforms import v2

def evaluation_pipeline(size: int, mean: list[float], std: list[float]) -> v2.Compose:
    return v2.Compose([
        v2.Resize(size),
        v2.CenterCrop(size),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(mean, std),
    ])
""",
    explanation=(
        "Geometry first, on whole pixels; then the range; then the numbers of the model. "
        "`ToImage` may also stand first: then `Resize` works on a tensor."
    ),
    why_it_matters="Evaluation, and later the program that uses the model, need exactly this pipeline.",
    wrong=(
        WrongAnswer(
            "squeezes",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    return v2.Compose([v2.Resize((size, size)), v2.ToImage(),\n"
            "                       v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])",
            says="it was squeezed",
        ),
        WrongAnswer(
            "forgets to scale",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    return v2.Compose([v2.Resize(size), v2.CenterCrop(size), v2.ToImage(),\n"
            "                       v2.ToDtype(torch.float32), v2.Normalize(mean, std)])",
            says="`scale=True` to divide",
        ),
        WrongAnswer(
            "leaves the sides unequal",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    return v2.Compose([v2.Resize(size), v2.ToImage(),\n"
            "                       v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])",
            says="crop to a square",
        ),
        WrongAnswer(
            "normalises before scaling",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    return v2.Compose([v2.Resize(size), v2.CenterCrop(size), v2.ToImage(),\n"
            "                       v2.Normalize(mean, std), v2.ToDtype(torch.float32, scale=True)])",
            says="Input tensor should be a float tensor",
        ),
        WrongAnswer(
            "crops by chance",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    return v2.Compose([v2.Resize(size), v2.RandomCrop(size), v2.ToImage(),\n"
            "                       v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])",
            says="A step draws by chance",
        ),
        WrongAnswer(
            "forgets to return it",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def evaluation_pipeline(size, mean, std):\n"
            "    v2.Compose([v2.Resize(size), v2.CenterCrop(size), v2.ToImage(),\n"
            "                v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])",
            says="Return the pipeline",
        ),
    ),
)

# --- exercise 03.2

_PINK = torch.tensor([1.0, 0.0, 0.2]).reshape(3, 1, 1).expand(3, 2, 2).contiguous()


def _sixteen_bit() -> Image.Image:
    image = Image.new("I;16", (2, 2))
    for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):
        image.putpixel((x, y), 40_000)
    return image


AS_FLOAT_RGB = Exercise(
    id="03.2",
    title="Any image as float RGB",
    prompt=(
        "Return `image` as a float32 tensor `(3, H, W)` from 0 to 1, whatever its mode is: `RGB`, "
        "`L` (grey), `RGBA`, `P` (palette), `CMYK` or `I;16` (16 bits, 0 to 65,535).\n"
        "Grey becomes three equal channels. Transparency is dropped."
    ),
    stub="""
import torch
from PIL import Image

def as_float_rgb(image: Image.Image) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (Image.new("L", (4, 2), 51),),
            expected=torch.full((3, 2, 4), 0.2),
            why="4 pixels wide and 2 high is `(3, 2, 4)`: a grey value of 51 is 51 / 255 = 0.2, three times.",
            traps=(
                (torch.full((3, 2, 4), 51.0), "The values were not divided: `scale=True`."),
                (torch.full((1, 2, 4), 0.2), "Grey has one channel, and three were asked for: `v2.RGB`."),
                (torch.full((2, 4, 3), 0.2), "Channels come first, `(3, H, W)`: `v2.ToImage` does that."),
                (torch.full((3, 4, 2), 0.2), "Height and width have changed places: `(3, H, W)`."),
            ),
        ),
        Check(
            (Image.new("RGBA", (2, 2), (255, 0, 51, 100)),),
            expected=_PINK,
            why=(
                "`RGBA` must give its three colours. `v2.RGB` on a tensor leaves four channels alone: "
                "convert while it is a PIL image."
            ),
        ),
        Check(
            (Image.new("RGB", (2, 2), (255, 0, 51)).quantize(2),),
            expected=_PINK,
            why="A palette image holds numbers of colours, not colours: convert it to RGB with Pillow.",
        ),
        Check(
            (Image.new("CMYK", (2, 2), (0, 255, 204, 0)),),
            expected=_PINK,
            why="CMYK holds amounts of four inks, not colours of light: convert it to RGB with Pillow.",
        ),
        Check(
            (_sixteen_bit(),),
            expected=torch.full((3, 2, 2), 40_000 / 65_535),
            why="A 16-bit value of 40,000 is 40,000 / 65,535 = 0.610.",
            traps=(
                (torch.ones(3, 2, 2), "All white: Pillow cuts 16 bits at 255. Do not convert this mode."),
            ),
        ),
    ),
    hints=(
        "One mode needs another way than all the others. Which one does Pillow's `convert` spoil?",
        '`image.mode` names the mode. `.convert("RGB")` is right for 8 bits; `v2.RGB` makes three channels '
        "of one on a tensor.",
        'If the mode does not start with `"I;16"`, convert. Then ToImage, '
        "ToDtype(torch.float32, scale=True), RGB.",
    ),
    solution="""
import torch
from PIL import Image
from torchvision.transforms import v2

def as_float_rgb(image: Image.Image) -> torch.Tensor:
    if not image.mode.startswith("I;16"):
        image = image.convert("RGB")
    return v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.RGB()])(image)
""",
    explanation=(
        "Pillow knows palettes, CMYK and transparency, v2 knows 16 bits: each does what it can. "
        "`v2.RGB` changes nothing where three channels are there already."
    ),
    why_it_matters="Real folders hold all of these. One function in front, and the rest sees one form.",
    wrong=(
        WrongAnswer(
            "converts everything with Pillow",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def as_float_rgb(image):\n"
            "    prepare = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])\n"
            '    return prepare(image.convert("RGB"))',
            says="Pillow cuts 16 bits at 255",
        ),
        WrongAnswer(
            "converts tensors only",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def as_float_rgb(image):\n"
            "    return v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.RGB()])(image)",
            says="leaves four channels alone",
        ),
        WrongAnswer(
            "forgets to scale",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def as_float_rgb(image):\n"
            '    return v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32)])(image.convert("RGB"))',
            says="were not divided",
        ),
        WrongAnswer(
            "drops the fourth channel of everything",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def as_float_rgb(image):\n"
            "    prepare = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.RGB()])\n"
            "    return prepare(image)[:3]",
            says="numbers of colours",
        ),
        WrongAnswer(
            "forgets CMYK",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "def as_float_rgb(image):\n"
            "    if image.mode in ('P', 'RGBA'):\n"
            '        image = image.convert("RGB")\n'
            "    return v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.RGB()])(image)",
            says="four inks",
        ),
        WrongAnswer(
            "changes height and width",
            "import numpy as np\n"
            "import torch\n\n"
            "def as_float_rgb(image):\n"
            '    array = np.array(image.convert("RGB"))\n'
            "    return torch.from_numpy(array).permute(2, 1, 0) / 255",
            says="have changed places",
        ),
        WrongAnswer(
            "leaves the channels last",
            "import numpy as np\n"
            "import torch\n\n"
            "def as_float_rgb(image):\n"
            '    return torch.from_numpy(np.array(image.convert("RGB"))) / 255',
            says="Channels come first",
        ),
    ),
)

# --- exercise 03.3


def _photo() -> Image.Image:
    """6 × 6 pixels in grey, with a black and a white one in the middle."""
    image = Image.linear_gradient("L").resize((6, 6)).convert("RGB")
    image.putpixel((2, 2), (0, 0, 0))
    image.putpixel((3, 3), (255, 255, 255))
    return image


_PHOTO = _photo()


def _halve(image: torch.Tensor) -> torch.Tensor:
    return image * 0.5


def _darken(image: torch.Tensor) -> torch.Tensor:
    return image - 0.4


def _after_scaling(*steps: Callable[..., Any]) -> Callable[[Any], Any]:
    """The answer of `first_harm` for ToImage, ToDtype(scale=True) and `steps`."""
    start = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return lambda first_harm: first_harm(_PHOTO, [*start, *steps])


FIRST_HARM = Exercise(
    id="03.3",
    title="Find the harmful step",
    prompt=(
        "Run the steps one after the other, each on what the last one gave. Return the position (from 0) of "
        "the first step that does harm, or `None`.\n"
        "A step does harm if it raises an exception, or if its output is a float tensor with a value "
        "below 0 or above 1. (The pipelines end before `Normalize`.)"
    ),
    stub="""
from collections.abc import Callable

from PIL import Image

def first_harm(image: Image.Image, steps: list[Callable]) -> int | None:
    ...
""",
    checks=(
        Check(
            (_PHOTO, [v2.Resize(4), v2.ToImage(), v2.ToDtype(torch.float32), v2.Resize(2)]),
            expected=2,
            why="After step 2, `ToDtype` without `scale=True`, floats reach from 0 to 255.",
            traps=(
                (3, "Step 3 only passes on what step 2 did, or you count from 1. Return the first, from 0."),
                (1, "After `ToImage` the tensor is uint8: 255 is no harm there."),
                (0, "Step 0 gives a PIL image, which has no `min`: ask only float tensors for it."),
                (None, "Step 2 gave floats up to 255. Does each step get what the last one gave?"),
            ),
        ),
        Check(
            use=_after_scaling(v2.CenterCrop(4)),
            shown="first_harm(photo, [ToImage(), ToDtype(torch.float32, scale=True), CenterCrop(4)])",
            expected=None,
            why="All three steps are fine.",
            traps=((1, "0 and 1 themselves are allowed: only what is below 0 or above 1 does harm."),),
        ),
        Check(
            use=_after_scaling(_halve, _darken),
            shown="first_harm(photo, [ToImage(), ToDtype(torch.float32, scale=True), halve, minus_0_4])",
            expected=3,
            why="Step 3 takes 0.4 off, so dark pixels fall below 0. Look at the smallest value, too.",
        ),
        Check(
            (_PHOTO, [v2.Resize(4), v2.Normalize([0.5], [0.5]), v2.ToImage()]),
            expected=1,
            why="Step 1, `Normalize`, refuses a PIL image: catch the exception and return its position.",
        ),
    ),
    hints=(
        "Go through the steps, keep what came out, look at it after each.",
        "`enumerate(steps)` counts from 0; `try`/`except Exception` catches; "
        "`isinstance(x, torch.Tensor) and x.is_floating_point()` asks for float tensors.",
        "In the loop: `image = step(image)` inside `try`; then compare `image.min()` with 0 and "
        "`image.max()` with 1, and return `i` at the first harm. After the loop return `None`.",
    ),
    solution="""
from collections.abc import Callable

import torch
from PIL import Image

def first_harm(image: Image.Image, steps: list[Callable]) -> int | None:
    for i, step in enumerate(steps):
        try:
            image = step(image)
        except Exception:
            return i
        if isinstance(image, torch.Tensor) and image.is_floating_point():
            if image.min() < 0 or image.max() > 1:
                return i
    return None
""",
    explanation="Each step gets the last one's output, so the first place with a wrong range is the cause.",
    why_it_matters=(
        "Bisecting a pipeline finds in a minute what a training curve hides for a day. "
        "The lab of this chapter does the same and puts a mark on the step."
    ),
    wrong=(
        WrongAnswer(
            "looks at the greatest value only",
            "import torch\n\n"
            "def first_harm(image, steps):\n"
            "    for i, step in enumerate(steps):\n"
            "        try:\n"
            "            image = step(image)\n"
            "        except Exception:\n"
            "            return i\n"
            "        if isinstance(image, torch.Tensor) and image.is_floating_point() and image.max() > 1:\n"
            "            return i\n"
            "    return None",
            says="Look at the smallest value",
        ),
        WrongAnswer(
            "judges uint8, too",
            "import torch\n\n"
            "def first_harm(image, steps):\n"
            "    for i, step in enumerate(steps):\n"
            "        try:\n"
            "            image = step(image)\n"
            "        except Exception:\n"
            "            return i\n"
            "        if isinstance(image, torch.Tensor) and (image.min() < 0 or image.max() > 1):\n"
            "            return i\n"
            "    return None",
            says="255 is no harm there",
        ),
        WrongAnswer(
            "returns the last harmful step",
            "import torch\n\n"
            "def first_harm(image, steps):\n"
            "    found = None\n"
            "    for i, step in enumerate(steps):\n"
            "        image = step(image)\n"
            "        if isinstance(image, torch.Tensor) and image.is_floating_point():\n"
            "            if image.min() < 0 or image.max() > 1:\n"
            "                found = i\n"
            "    return found",
            says="only passes on",
        ),
        WrongAnswer(
            "gives every step the first image",
            "import torch\n\n"
            "def first_harm(image, steps):\n"
            "    for i, step in enumerate(steps):\n"
            "        try:\n"
            "            out = step(image)\n"
            "        except Exception:\n"
            "            return i\n"
            "        if isinstance(out, torch.Tensor) and out.is_floating_point():\n"
            "            if out.min() < 0 or out.max() > 1:\n"
            "                return i\n"
            "    return None",
            says="Does each step get what the last one gave?",
        ),
        WrongAnswer(
            "takes a PIL image for harm",
            "def first_harm(image, steps):\n"
            "    for i, step in enumerate(steps):\n"
            "        try:\n"
            "            image = step(image)\n"
            "            if image.min() < 0 or image.max() > 1:\n"
            "                return i\n"
            "        except Exception:\n"
            "            return i\n"
            "    return None",
            says="which has no `min`",
        ),
        WrongAnswer(
            "does not allow 1",
            "import torch\n\n"
            "def first_harm(image, steps):\n"
            "    for i, step in enumerate(steps):\n"
            "        try:\n"
            "            image = step(image)\n"
            "        except Exception:\n"
            "            return i\n"
            "        if isinstance(image, torch.Tensor) and image.is_floating_point():\n"
            "            if image.min() < 0 or image.max() >= 1:\n"
            "                return i\n"
            "    return None",
            says="themselves are allowed",
        ),
    ),
)

# --- exercise 03.4


def _batches(*counts_and_levels: tuple[int, int]) -> Iterator[torch.Tensor]:
    """Batches of images of one grey level each: (how many, level), uint8 (N, 3, 4, 4)."""
    for count, level in counts_and_levels:
        yield torch.full((count, 3, 4, 4), level, dtype=torch.uint8)


def _std_of(*counts_and_levels: tuple[int, int]) -> Callable[[Any], Any]:
    """What the answer gives, a tensor as float64."""

    def came(channel_std: Any) -> Any:
        std = channel_std(_batches(*counts_and_levels))
        return std.double() if isinstance(std, torch.Tensor) else std

    return came


def _three(value: float) -> torch.Tensor:
    return torch.full((3,), value, dtype=torch.float64)


CHANNEL_STD = Exercise(
    id="03.4",
    title="Standard deviation, batch by batch",
    prompt=(
        "`batches` gives `uint8` tensors `(N, 3, H, W)`, and N may differ. Return the standard deviation of "
        "each channel over all pixels of all batches, for values from 0 to 1: a tensor of 3 numbers.\n"
        "You may go through the batches only once; add up in float64. Divide by the number of pixels n, "
        "not n - 1."
    ),
    stub="""
from collections.abc import Iterable

import torch

def channel_std(batches: Iterable[torch.Tensor]) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            use=_std_of((2, 0), (2, 255)),
            shown="channel_std of a batch of 2 black and a batch of 2 white images",
            expected=_three(0.5),
            why="One number for each channel: half of its pixels are 0, half are 1, all 0.5 from the mean.",
            traps=(
                (_three(0.0), "You took the std of each batch (or image): that forgets how they differ."),
                (_three(127.5), "These are levels up to 255: divide by 255 first."),
                (_three(0.25), "That is the variance: take the root."),
                (_three(0.5 * math.sqrt(64 / 63)), "Divided by n - 1: `correction=0` divides by n."),
                (
                    _three(math.sqrt(1 / 6 - 1 / 36)),
                    "n counts all three channels: each has a third of the values.",
                ),
                (
                    _three(math.nan),
                    "The variance is below 0. Does n count images? Count pixels. Did you square `uint8`? It "
                    "wraps around.",
                ),
            ),
            tolerance=1e-5,
        ),
        Check(
            use=_std_of((3, 0), (1, 255)),
            shown="channel_std of a batch of 3 black images and a batch of 1 white image",
            expected=_three(math.sqrt(0.25 - 0.25**2)),
            why="A quarter of the pixels is 1: the mean is 0.25, the variance 0.25 - 0.25².",
            traps=((_three(0.5), "Each batch counted the same: let each **pixel** count the same."),),
            tolerance=1e-5,
        ),
    ),
    hints=(
        "Which numbers must you remember from a batch, so that you can forget the batch?",
        "Count, sum and sum of squares. Variance = mean of the squares - square of the mean. "
        "`sum(dim=(0, 2, 3))` sums for each channel.",
        "For each batch: `x = batch.double() / 255`; `n += x.numel() // 3`; `first += x.sum(dim=(0, 2, 3))`; "
        "`second += (x**2).sum(dim=(0, 2, 3))`. At the end `(second / n - (first / n) ** 2).sqrt()`.",
    ),
    solution="""
from collections.abc import Iterable

import torch

def channel_std(batches: Iterable[torch.Tensor]) -> torch.Tensor:
    n = 0
    first, second = torch.zeros(2, 3, dtype=torch.float64)
    for batch in batches:
        x = batch.double() / 255
        n += x.numel() // 3
        first += x.sum(dim=(0, 2, 3))
        second += (x**2).sum(dim=(0, 2, 3))
    return (second / n - (first / n) ** 2).sqrt()
""",
    explanation="Sums can be added across batches; standard deviations cannot.",
    why_it_matters=(
        "A dataset of any size gets its numbers in one pass and constant memory. "
        "A std that is too small makes `Normalize` stretch your images too far."
    ),
    wrong=(
        WrongAnswer(
            "averages the batches' stds",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    stds = [(b.double() / 255).std(dim=(0, 2, 3), correction=0) for b in batches]\n"
            "    return torch.stack(stds).mean(dim=0)",
            says="forgets how they differ",
        ),
        WrongAnswer(
            "lets each batch count the same",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    scaled = [b.double() / 255 for b in batches]\n"
            "    first = torch.stack([x.mean(dim=(0, 2, 3)) for x in scaled]).mean(dim=0)\n"
            "    second = torch.stack([x.square().mean(dim=(0, 2, 3)) for x in scaled]).mean(dim=0)\n"
            "    return (second - first**2).sqrt()",
            says="each **pixel** count the same",
        ),
        WrongAnswer(
            "forgets the root",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    x = torch.cat([b.double() / 255 for b in batches])\n"
            "    return x.var(dim=(0, 2, 3), correction=0)",
            says="take the root",
        ),
        WrongAnswer(
            "forgets to scale",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    x = torch.cat([b.double() for b in batches])\n"
            "    return x.std(dim=(0, 2, 3), correction=0)",
            says="divide by 255 first",
        ),
        WrongAnswer(
            "divides by n - 1",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    return torch.cat([b.double() / 255 for b in batches]).std(dim=(0, 2, 3))",
            says="divides by n",
        ),
        WrongAnswer(
            "squares uint8",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    b = torch.cat(list(batches))\n"
            "    n = b[:, 0].numel()\n"
            "    first, second = b.sum(dim=(0, 2, 3)) / 255, (b**2).sum(dim=(0, 2, 3)) / 255**2\n"
            "    return (second / n - (first / n) ** 2).sqrt()",
            says="wraps around",
        ),
        WrongAnswer(
            "counts images",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    n, first, second = 0, 0, 0\n"
            "    for b in batches:\n"
            "        x = b.double() / 255\n"
            "        n += len(x)\n"
            "        first = first + x.sum(dim=(0, 2, 3))\n"
            "        second = second + (x**2).sum(dim=(0, 2, 3))\n"
            "    return (second / n - (first / n) ** 2).sqrt()",
            says="Does n count images?",
        ),
        WrongAnswer(
            "counts the values of all channels",
            "import torch\n\n"
            "def channel_std(batches):\n"
            "    n, first, second = 0, 0, 0\n"
            "    for b in batches:\n"
            "        x = b.double() / 255\n"
            "        n += x.numel()\n"
            "        first = first + x.sum(dim=(0, 2, 3))\n"
            "        second = second + (x**2).sum(dim=(0, 2, 3))\n"
            "    return (second / n - (first / n) ** 2).sqrt()",
            says="each has a third of the values",
        ),
    ),
)

# --- exercise 03.5

_MEAN, _STD = [0.5, 0.4, 0.3], [0.25, 0.2, 0.3]
_LEVELS = torch.arange(3 * 86, dtype=torch.int64).clamp(max=255).to(torch.uint8).reshape(3, 86, 1)
_NORMALIZED = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(_MEAN, _STD)])(_LEVELS)


def _levels_apart(to_display: Any) -> int:
    """Largest difference to the levels that were normalised."""
    came = to_display(_NORMALIZED.clone(), _MEAN, _STD)
    return int((came.int() - _LEVELS.permute(1, 2, 0).int()).abs().max())


TO_DISPLAY = Exercise(
    id="03.5",
    title="Back to a picture",
    prompt=(
        "`image` is a float tensor `(3, H, W)` that went through `Normalize(mean, std)`. Return the picture: "
        "a `uint8` tensor `(H, W, 3)` from 0 to 255, rounded to the nearest level.\n"
        "Values outside become 0 or 255."
    ),
    stub="""
import torch

def to_display(image: torch.Tensor, mean: list[float], std: list[float]) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (torch.zeros(3, 1, 2), [0.0, 0.2, 1.0], [1.0, 1.0, 1.0]),
            expected=torch.tensor([[[0, 51, 255], [0, 51, 255]]], dtype=torch.uint8),
            why="0 stands for the mean, and channels come last: `(H, W, 3)`, `uint8`.",
            traps=(
                (
                    torch.tensor([[[0, 0, 1], [0, 0, 1]]], dtype=torch.uint8),
                    "After the way back white is 1: multiply by 255 before you round.",
                ),
            ),
        ),
        Check(
            use=_levels_apart,
            shown="largest difference to the image that was normalised, in levels",
            expected=0,
            why="Multiply by the std of each channel, add its mean, multiply by 255, round.",
            traps=(
                (1, "One level off: converting to `uint8` cuts the decimals off. Round first."),
                (128, "Cut after the way back: before it, values below 0 and above 1 are as they should be."),
            ),
        ),
        Check(
            (torch.full((3, 1, 1), 9.0), [0.0] * 3, [1.0] * 3),
            expected=torch.full((1, 1, 3), 255, dtype=torch.uint8),
            why="9 is far too bright: it must end at 255, and not wrap around.",
        ),
    ),
    hints=(
        "`Normalize` subtracts, then divides. What undoes it, in which order?",
        "Numbers for each channel need the shape `(3, 1, 1)`. `clamp`, `round`, `permute(1, 2, 0)`.",
        "`x = image * std + mean` with both reshaped to `(3, 1, 1)`; then "
        "`(x * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)`.",
    ),
    solution="""
import torch

def to_display(image: torch.Tensor, mean: list[float], std: list[float]) -> torch.Tensor:
    x = image * torch.tensor(std).reshape(3, 1, 1) + torch.tensor(mean).reshape(3, 1, 1)
    return (x * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
""",
    explanation="The way back undoes each step in reverse: multiply, add, scale, round, move the channels.",
    why_it_matters=(
        "Look at what the model sees. Strange colours in a figure are most often a missing way back, "
        "and sometimes a true mistake in the pipeline: then you want to see it."
    ),
    wrong=(
        WrongAnswer(
            "cuts the decimals off",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    x = image * torch.tensor(std).reshape(3, 1, 1) + torch.tensor(mean).reshape(3, 1, 1)\n"
            "    return (x * 255).clamp(0, 255).to(torch.uint8).permute(1, 2, 0)",
            says="Round first",
        ),
        WrongAnswer(
            "does not clamp",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    x = image * torch.tensor(std).reshape(3, 1, 1) + torch.tensor(mean).reshape(3, 1, 1)\n"
            "    return (x * 255).round().to(torch.int64).to(torch.uint8).permute(1, 2, 0)",
            says="not wrap around",
        ),
        WrongAnswer(
            "leaves the channels first",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    x = image * torch.tensor(std).reshape(3, 1, 1) + torch.tensor(mean).reshape(3, 1, 1)\n"
            "    return (x * 255).round().clamp(0, 255).to(torch.uint8)",
            says="channels come last",
        ),
        WrongAnswer(
            "adds before it multiplies",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    x = (image + torch.tensor(mean).reshape(3, 1, 1)) * torch.tensor(std).reshape(3, 1, 1)\n"
            "    return (x * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)",
            says="Multiply by the std",
        ),
        WrongAnswer(
            "forgets the 255",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    x = image * torch.tensor(std).reshape(3, 1, 1) + torch.tensor(mean).reshape(3, 1, 1)\n"
            "    return x.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)",
            says="multiply by 255",
        ),
        WrongAnswer(
            "clamps too early",
            "import torch\n\n"
            "def to_display(image, mean, std):\n"
            "    s, m = torch.tensor(std).reshape(3, 1, 1), torch.tensor(mean).reshape(3, 1, 1)\n"
            "    x = image.clamp(0, 1) * s + m\n"
            "    return (x * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)",
            says="Cut after the way back",
        ),
    ),
)

# --- exercise 03.6


def _white() -> tv_tensors.Image:
    return tv_tensors.Image(torch.ones(3, 4, 4))


_UNMADE = "an error: the base class was never set up"


def _brightest(RandomDim: Any) -> float | str:
    """The greatest value of a white image after RandomDim(0.5, 0.5)."""
    dim = RandomDim(0.5, 0.5)
    if "_forward_hooks" not in vars(dim):  # else: has no attribute '_backward_hooks', which tells nobody why
        return _UNMADE
    greatest: float = dim(_white()).max().item()
    return greatest


def _box_after(RandomDim: Any) -> list[float]:
    box = tv_tensors.BoundingBoxes([[0, 0, 2, 4]], format="XYXY", canvas_size=(4, 4))
    after: list[float] = RandomDim(0.5, 0.5)(_white(), box)[1][0].tolist()
    return after


def _factors(RandomDim: Any) -> list[tuple[float, float]]:
    """The factors of the two images of a pair, for 20 calls."""
    dim = RandomDim(0.2, 0.8)
    pairs = [dim(_white(), _white()) for _ in range(20)]
    return [(round(a.max().item(), 6), round(b.max().item(), 6)) for a, b in pairs]


def _repeats(RandomDim: Any) -> bool:
    """Whether the same seed of torch gives the same factor again."""
    dim, drawn = RandomDim(0.2, 0.8), []
    for _ in range(2):
        torch.manual_seed(7)
        drawn.append(dim(_white()).max().item())
    return drawn[0] == drawn[1]


def _stays_inside(RandomDim: Any) -> bool:
    drawn = [factor for factor, _ in _factors(RandomDim)]
    return min(drawn) >= 0.2 and max(drawn) <= 0.8 and max(drawn) - min(drawn) > 0.3


RANDOM_DIM = Exercise(
    id="03.6",
    title="A random transform of your own",
    prompt=(
        "Write `RandomDim(low, high)`, a `v2.Transform` that multiplies images by a random factor between "
        "`low` and `high`.\n"
        "One draw for each call: a pair of images gets the same factor. Boxes and masks stay as they are. "
        "An image stays a `tv_tensors.Image`. Draw with torch."
    ),
    stub="""
from torchvision.transforms import v2

class RandomDim(v2.Transform):
    ...
""",
    checks=(
        Check(
            use=_brightest,
            shown="the greatest value of RandomDim(0.5, 0.5)(white image)",
            expected=0.5,
            why="The only factor between 0.5 and 0.5 is 0.5.",
            traps=(
                (1.0, "The image is as bright as before."),
                (
                    _UNMADE,
                    "`__init__` must call `super().__init__()` first: the base class sets itself up there.",
                ),
            ),
        ),
        Check(
            use=_box_after,
            shown="the box (0, 0, 2, 4) of an image that was dimmed",
            expected=[0.0, 0.0, 2.0, 4.0],
            why="Boxes must stay as they are: `_transformed_types` names what is transformed.",
        ),
        Check(
            use=lambda RandomDim: sum(a == b for a, b in _factors(RandomDim)),
            shown="how often of 20 both images of a pair get the same factor",
            expected=20,
            why="`transform` runs once for each image. Draw in `make_params`: it runs once for each call.",
        ),
        Check(
            use=_stays_inside,
            shown="20 calls of RandomDim(0.2, 0.8): the factors differ and lie between 0.2 and 0.8",
            expected=True,
            why="Draw a new factor in each call: `low + (high - low) * torch.rand(())`.",
        ),
        Check(
            use=_repeats,
            shown="is the factor the same after the same torch.manual_seed(7)?",
            expected=True,
            why="Draw with `torch.rand`: chance from elsewhere does not follow torch's seed.",
        ),
        Check(
            use=lambda RandomDim: type(RandomDim(0.5, 0.5)(_white())).__name__,
            shown="the type of RandomDim(0.5, 0.5)(image)",
            expected="Image",
            why="Arithmetic gave a plain tensor: `tv_tensors.wrap(result, like=inpt)` puts the type back.",
        ),
    ),
    hints=(
        "Four parts: settings, what is transformed, one draw, the work on one image.",
        "`__init__` (call `super().__init__()` first), `_transformed_types`, "
        "`make_params(self, flat_inputs)`, `transform(self, inpt, params)`.",
        "`make_params` returns `{'factor': ...}`; `transform` returns "
        "`tv_tensors.wrap(inpt * params['factor'], like=inpt)`.",
    ),
    solution="""
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

class RandomDim(v2.Transform):
    _transformed_types = (tv_tensors.Image,)

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high

    def make_params(self, flat_inputs):
        return {"factor": self.low + (self.high - self.low) * torch.rand(()).item()}

    def transform(self, inpt, params):
        return tv_tensors.wrap(inpt * params["factor"], like=inpt)
""",
    explanation="The base class takes the sample apart; `make_params` draws once, `transform` does one part.",
    why_it_matters=(
        "A transform written like this works for a single image, for pairs, for detection and segmentation, "
        "in tuples and in dicts, without a line more."
    ),
    wrong=(
        WrongAnswer(
            "draws in transform",
            "import torch\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    _transformed_types = (tv_tensors.Image,)\n\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.low, self.high = low, high\n\n"
            "    def transform(self, inpt, params):\n"
            "        factor = self.low + (self.high - self.low) * torch.rand(()).item()\n"
            "        return tv_tensors.wrap(inpt * factor, like=inpt)",
            says="it runs once for each call",
        ),
        WrongAnswer(
            "dims the boxes, too",
            "import torch\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.low, self.high = low, high\n\n"
            "    def make_params(self, flat_inputs):\n"
            '        return {"factor": self.low + (self.high - self.low) * torch.rand(()).item()}\n\n'
            "    def transform(self, inpt, params):\n"
            '        return tv_tensors.wrap(inpt * params["factor"], like=inpt)',
            says="Boxes must stay as they are",
        ),
        WrongAnswer(
            "forgets the type",
            "import torch\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    _transformed_types = (tv_tensors.Image,)\n\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.low, self.high = low, high\n\n"
            "    def make_params(self, flat_inputs):\n"
            '        return {"factor": self.low + (self.high - self.low) * torch.rand(()).item()}\n\n'
            "    def transform(self, inpt, params):\n"
            '        return inpt * params["factor"]',
            says="puts the type back",
        ),
        WrongAnswer(
            "draws once for ever",
            "import torch\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    _transformed_types = (tv_tensors.Image,)\n\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.factor = low + (high - low) * torch.rand(()).item()\n\n"
            "    def transform(self, inpt, params):\n"
            "        return tv_tensors.wrap(inpt * self.factor, like=inpt)",
            says="Draw a new factor in each call",
        ),
        WrongAnswer(
            "overrides __call__, as the guide does",
            "import torch\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.low, self.high = low, high\n\n"
            "    def __call__(self, image):\n"
            "        return image * (self.low + (self.high - self.low) * torch.rand(()).item())",
            says="positional arguments but 3 were given",
        ),
        WrongAnswer(
            "forgets super().__init__()",
            "import torch\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    _transformed_types = (tv_tensors.Image,)\n\n"
            "    def __init__(self, low, high):\n"
            "        self.low, self.high = low, high\n\n"
            "    def make_params(self, flat_inputs):\n"
            '        return {"factor": self.low + (self.high - self.low) * torch.rand(()).item()}\n\n'
            "    def transform(self, inpt, params):\n"
            '        return tv_tensors.wrap(inpt * params["factor"], like=inpt)',
            says="must call `super().__init__()` first",
        ),
        WrongAnswer(
            "draws with Python's random",
            "import random\n"
            "from torchvision import tv_tensors\n"
            "from torchvision.transforms import v2\n\n"
            "class RandomDim(v2.Transform):\n"
            "    _transformed_types = (tv_tensors.Image,)\n\n"
            "    def __init__(self, low, high):\n"
            "        super().__init__()\n"
            "        self.low, self.high = low, high\n\n"
            "    def make_params(self, flat_inputs):\n"
            '        return {"factor": random.uniform(self.low, self.high)}\n\n'
            "    def transform(self, inpt, params):\n"
            '        return tv_tensors.wrap(inpt * params["factor"], like=inpt)',
            says="does not follow torch's seed",
        ),
    ),
)

# --- quiz

FLOAT_ARRAY = Quiz(
    id="03.q1",
    question=(
        "A float32 array with values from 0 to 255 goes through `ToImage` and "
        "`ToDtype(torch.float32, scale=True)`. Which range comes out?"
    ),
    options=(
        Option(
            "0 to 1",
            "`scale=True` scales from one dtype's range to the other's: float to float changes nothing.",
        ),
        Option("An error", "Neither step looks at the values, so neither can complain."),
        Option(
            "0 to 255",
            "Float before, float after: nothing to scale. Divide such arrays yourself.",
        ),
    ),
    answer="c",
)

WHOSE_STD = Quiz(
    id="03.q2",
    question="Which standard deviation belongs in `Normalize` for your own dataset?",
    options=(
        Option(
            "Over all pixels of the training images",
            "It counts how pixels differ within and between images, and looks at no test image.",
        ),
        Option(
            "The mean of each training image's own",
            "That forgets how images differ from each other, so it is too small.",
        ),
        Option(
            "Over all pixels of all images",
            "Then the test images had a say in how training looks: a leak, even if a small one.",
        ),
    ),
    answer="a",
)

WHERE_TO_DRAW = Quiz(
    id="03.q3",
    question=(
        "Your `v2.Transform` moves an image and its mask by the same random distance. Where do you draw it?"
    ),
    options=(
        Option("in `__init__`", "Then every image of the whole training is moved by the same distance."),
        Option("in `make_params`", "It runs once for each call; every part of the sample gets its result."),
        Option("in `transform`", "It runs for the image and again for the mask: two distances."),
    ),
    answer="b",
)

ONE_NUMBER = Quiz(
    id="03.q4",
    question="A photo of 400 × 100 pixels (width × height) goes through `v2.Resize(200)`. How large is it?",
    options=(
        Option("200 × 200", "That is `Resize((200, 200))`: two numbers mean exactly this, and squeeze."),
        Option("200 × 50", "One number is the new length of the **shorter** side."),
        Option("800 × 200", "The shorter side becomes 200, the longer one follows. A crop must come next."),
    ),
    answer="c",
)

# --- predictions

GREATEST = Prediction(
    id="03.p1",
    question=(
        "An array of floats from 0 to 255 goes through `ToTensor` and `Normalize(0.5, 0.5)`. "
        "What is the greatest value that comes out?"
    ),
    explanation="`ToTensor` divides only `uint8`. So 255 meets `Normalize` as it is: (255 - 0.5) / 0.5.",
)

BLACK_AND_WHITE = Prediction(
    id="03.p2",
    question=(
        "One black image (0) and one white image (1), each with standard deviation 0. "
        "What is the standard deviation over all pixels of both?"
    ),
    explanation="The mean is 0.5, and every pixel is 0.5 away from it.",
)

MASK_FOLLOWS = Prediction(
    id="03.p3",
    question=(
        "`transform` itself throws a coin for a flip. In how many of 100 calls do image and mask agree?"
    ),
    explanation="Two coins, one for the image, one for the mask: they agree half of the time.",
    tolerance=0.25,
)

CHAPTER = Chapter(
    number="03",
    title="Transforms",
    exercises=(EVALUATION_PIPELINE, AS_FLOAT_RGB, FIRST_HARM, CHANNEL_STD, TO_DISPLAY, RANDOM_DIM),
    quizzes=(FLOAT_ARRAY, WHOSE_STD, WHERE_TO_DRAW, ONE_NUMBER),
    predictions=(GREATEST, BLACK_AND_WHITE, MASK_FOLLOWS),
)
