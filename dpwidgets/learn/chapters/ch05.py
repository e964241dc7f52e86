"""What chapter 05 asks: augmentation of images."""

import torch
from PIL import Image
from torchvision.transforms import v2

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 05.1


def _dot_at_twelve() -> Image.Image:
    """A black square with one white dot near the top edge, in the middle."""
    image = Image.new("L", (41, 41))
    image.paste(255, (18, 3, 23, 8))
    return image


def _is_at_three(image: object) -> str | None:
    if not isinstance(image, Image.Image):
        return f"Return a PIL image, not {type(image).__name__}."
    if image.size != (41, 41):
        return f"The image grew to {image.size}. Keep the canvas: leave `expand` alone."
    spots = {
        "twelve": (20, 5, "The dot did not move."),
        "nine": (5, 20, "The dot stands at nine o'clock: that is counter-clockwise."),
        "six": (20, 35, "The dot stands at six o'clock: that is half a turn."),
    }
    if image.getpixel((35, 20)) == 255:
        return None
    for x, y, reason in spots.values():
        if image.getpixel((x, y)) == 255:
            return reason
    return "The dot is not at three o'clock."


def _turned_twice(image: object) -> str | None:
    reason = _is_at_three(image)
    return reason and f"Two turns by 45 make one by 90. {reason}"


TURN_CLOCKWISE = Exercise(
    id="05.1",
    title="Turn clockwise",
    prompt=(
        "Turn a PIL image **clockwise** by `degrees`. Keep the size of the canvas.\n"
        "A dot at twelve o'clock, turned by 90, must stand at three o'clock."
    ),
    stub="""
from PIL import Image

def turn_clockwise(image: Image.Image, degrees: float) -> Image.Image:
    ...
""",
    checks=(
        Check(
            (_dot_at_twelve(), 90),
            judge=_is_at_three,
            wants="the dot at three o'clock, on a canvas of 41 × 41",
        ),
        Check(
            use=lambda turn: turn(turn(_dot_at_twelve(), 45), 45),
            shown="turn_clockwise(turn_clockwise(image, 45), 45)",
            judge=_turned_twice,
            wants="the dot at three o'clock, on a canvas of 41 × 41",
        ),
    ),
    hints=(
        "Which way does Pillow turn for a positive angle? The section on directions measured it.",
        "`image.rotate(angle)` turns counter-clockwise by default. Angles may be negative.",
        "Call `image.rotate` with the angle's sign changed, and nothing else.",
    ),
    solution="""
from PIL import Image

def turn_clockwise(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(-degrees)
""",
    explanation="Pillow counts angles counter-clockwise. A negative angle turns the other way.",
    why_it_matters=(
        "Boxes, key points and angles that you turn yourself must turn the same way as the pixels. "
        "A wrong sign raises no error: the labels are just wrong."
    ),
    wrong=(
        WrongAnswer(
            "trusts the guide's comment",
            "def turn_clockwise(image, degrees):\n    return image.rotate(degrees)",
            says="that is counter-clockwise",
        ),
        WrongAnswer(
            "lets the canvas grow",
            "def turn_clockwise(image, degrees):\n    return image.rotate(-degrees, expand=True)",
            says="leave `expand` alone",
        ),
        WrongAnswer(
            "always a quarter turn",
            "from PIL import Image\n\n"
            "def turn_clockwise(image, degrees):\n"
            "    return image.transpose(Image.Transpose.ROTATE_270)",
            says="Two turns by 45 make one by 90",
        ),
        WrongAnswer(
            "forgets to return the new image",
            "def turn_clockwise(image, degrees):\n    image.rotate(-degrees)\n    return image",
            says="did not move",
        ),
    ),
)

# --- exercise 05.2

FLIP_BOX = Exercise(
    id="05.2",
    title="Flip a box",
    prompt=(
        "An image of width `width` is mirrored left to right. Return its box after the flip.\n"
        "Boxes are `(x1, y1, x2, y2)` with `x1 < x2` and `y1 < y2`."
    ),
    stub="""
def flip_box(box: tuple[int, int, int, int], width: int) -> tuple[int, int, int, int]:
    ...
""",
    checks=(
        Check(
            ((10, 20, 40, 60), 100),
            expected=(60, 20, 90, 60),
            why="Column `x` goes to `width - x`. The heights stay.",
            traps=(
                ((90, 20, 60, 60), "Left is now larger than right: the two edges swap places."),
                ((10, 20, 40, 60), "The box did not change, but the pixels under it did."),
                ((59, 20, 89, 60), "One pixel too far left: edges lie between pixels, so take `width - x`."),
                ((10, 40, 40, 80), "You mirrored top to bottom."),
                ([60, 20, 90, 60], "The numbers are right, but they are in a list: return a tuple."),
            ),
        ),
        Check(
            ((0, 0, 30, 30), 30),
            expected=(0, 0, 30, 30),
            why="A box that fills the image stays where it is.",
        ),
    ),
    hints=(
        "Where does the left edge of the box end up? It becomes the right edge.",
        "A column at distance `x` from the left is at distance `width - x` afterwards.",
        "Return `(width - x2, y1, width - x1, y2)`: note that `x2` comes first.",
    ),
    solution="""
def flip_box(box: tuple[int, int, int, int], width: int) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = box
    return width - x2, y1, width - x1, y2
""",
    explanation=(
        "The mirror swaps the left and the right edge, so the old right edge gives the new left one. "
        "`v2.RandomHorizontalFlip` does the same to `tv_tensors.BoundingBoxes`."
    ),
    why_it_matters="A detector trained on boxes that stayed behind learns to look in the wrong place.",
    wrong=(
        WrongAnswer(
            "does not swap the edges",
            "def flip_box(box, width):\n    x1, y1, x2, y2 = box\n    return width - x1, y1, width - x2, y2",
            says="the two edges swap places",
        ),
        WrongAnswer(
            "leaves the box behind",
            "def flip_box(box, width):\n    return box",
            says="the pixels under it did",
        ),
        WrongAnswer(
            "counts pixels instead of edges",
            "def flip_box(box, width):\n"
            "    x1, y1, x2, y2 = box\n"
            "    return width - 1 - x2, y1, width - 1 - x1, y2",
            says="edges lie between pixels",
        ),
        WrongAnswer(
            "returns a list",
            "def flip_box(box, width):\n"
            "    x1, y1, x2, y2 = box\n"
            "    return [width - x2, y1, width - x1, y2]",
            says="return a tuple",
        ),
    ),
)

# --- exercise 05.3


def _drawn(variants: object) -> object:
    """What `variants` returns when the augmentation draws one number from torch."""
    return variants(torch.zeros(1), lambda _: torch.rand(()).item(), 4, 10)  # type: ignore[operator]


def _four_that_differ(drawn: object) -> str | None:
    if not isinstance(drawn, list):
        return "Return a list that holds all the variants."
    if len(drawn) == 1:
        return "There is one variant: the `return` must come after the loop, not in it."
    if len(drawn) == 3:
        return "One variant is missing: `range(n)` runs from 0 to `n - 1`."
    if len(drawn) != 4:
        return f"Four variants were asked for, and {len(drawn)} came."
    if len(set(drawn)) == 1:
        return "All variants are the same: each needs its own seed, `seed + i`."
    return None if len(set(drawn)) == 4 else "Two variants are the same, but all must differ."


def _seed_of_the_third(variants: object) -> int | None:
    """Which seed gives variant 2 when torch is seeded with it; None where none near 10 does."""
    third = _drawn(variants)[2]  # type: ignore[index]
    for seed in range(8, 17):
        torch.manual_seed(seed)
        if torch.rand(()).item() == third:
            return seed
    return None


SEEDED_VARIANTS = Exercise(
    id="05.3",
    title="Variants that come back",
    prompt=(
        "Return a list of `n` variants of `image`. Variant `i` is `augment(image)`, "
        "drawn right after torch was seeded with `seed + i`.\n"
        "Then any single variant can be made again without the others."
    ),
    stub="""
from collections.abc import Callable

import torch

def variants(image: torch.Tensor, augment: Callable, n: int, seed: int) -> list[torch.Tensor]:
    ...
""",
    checks=(
        Check(
            use=_drawn,
            shown="variants(image, augment, 4, seed=10), where augment returns torch.rand(()).item()",
            judge=_four_that_differ,
            wants="a list of four different numbers",
        ),
        Check(
            use=_seed_of_the_third,
            shown="the seed after which augment(image) gives variants(image, augment, 4, seed=10)[2]",
            expected=12,
            why=(
                "Variant 2 cannot be made alone. Seed torch anew before each variant; "
                "`random.seed` does not reach torchvision v2."
            ),
            traps=((13, "The variants count from 0: variant 0 has the seed `seed` itself."),),
        ),
    ),
    hints=(
        "One seed at the start makes the whole list repeatable, but not one item of it. Where must it go?",
        "`torch.manual_seed(number)` sets the state that `v2` draws from. Call it inside the loop.",
        "For each `i` in `range(n)`: seed with `seed + i`, then append `augment(image)`.",
    ),
    solution="""
from collections.abc import Callable

import torch

def variants(image: torch.Tensor, augment: Callable, n: int, seed: int) -> list[torch.Tensor]:
    drawn = []
    for i in range(n):
        torch.manual_seed(seed + i)
        drawn.append(augment(image))
    return drawn
""",
    explanation="Every variant starts from a known state of torch, so it depends on `seed + i` alone.",
    why_it_matters=(
        "When training stumbles over one strange image you can look at exactly that one. "
        "The image lab draws its tiles in this way."
    ),
    wrong=(
        WrongAnswer(
            "seeds once",
            "import torch\n\n"
            "def variants(image, augment, n, seed):\n"
            "    torch.manual_seed(seed)\n"
            "    return [augment(image) for _ in range(n)]",
            says="Variant 2 cannot be made alone",
        ),
        WrongAnswer(
            "seeds Python's random",
            "import random\n\n"
            "def variants(image, augment, n, seed):\n"
            "    drawn = []\n"
            "    for i in range(n):\n"
            "        random.seed(seed + i)\n"
            "        drawn.append(augment(image))\n"
            "    return drawn",
            says="does not reach torchvision v2",
        ),
        WrongAnswer(
            "same seed each time",
            "import torch\n\n"
            "def variants(image, augment, n, seed):\n"
            "    drawn = []\n"
            "    for _ in range(n):\n"
            "        torch.manual_seed(seed)\n"
            "        drawn.append(augment(image))\n"
            "    return drawn",
            says="All variants are the same",
        ),
        WrongAnswer(
            "returns in the loop",
            "import torch\n\n"
            "def variants(image, augment, n, seed):\n"
            "    for i in range(n):\n"
            "        torch.manual_seed(seed + i)\n"
            "        return [augment(image)]",
            says="after the loop",
        ),
        WrongAnswer(
            "counts from 1",
            "import torch\n\n"
            "def variants(image, augment, n, seed):\n"
            "    drawn = []\n"
            "    for i in range(1, n + 1):\n"
            "        torch.manual_seed(seed + i)\n"
            "        drawn.append(augment(image))\n"
            "    return drawn",
            says="count from 0",
        ),
    ),
)

# --- exercise 05.4

FILL_VALUE = Exercise(
    id="05.4",
    title="Fill after normalising",
    prompt=(
        "A rotation comes **after** `Normalize(mean, std)`. Which `fill` paints the corners in `color`?\n"
        "`color` holds 0 to 255 for each channel; `mean` and `std` are meant for values from 0 to 1. "
        "Return one float for each channel."
    ),
    stub="""
def fill_value(color: list[int], mean: list[float], std: list[float]) -> list[float]:
    ...
""",
    checks=(
        Check(
            ([0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
            expected=[-1.0, -1.0, -1.0],
            why="Black is 0 before `Normalize` and (0 - 0.5) / 0.5 after it.",
            traps=(
                ([0, 0, 0], "Zero is the mean colour after `Normalize`, not black."),
                ([0.0, 0.0, 0.0], "Zero is the mean colour after `Normalize`, not black."),
                ([-0.5, -0.5, -0.5], "You took the mean off, but did not divide by `std`."),
            ),
        ),
        Check(
            ([255, 0, 51], [0.5, 0.4, 0.2], [0.25, 0.2, 0.1]),
            expected=[2.0, -2.0, 0.0],
            why="Bring each channel to 0..1 first, then use its own mean and std.",
        ),
    ),
    hints=(
        "The corners must look as if they had been painted before `Normalize` ran.",
        "`ToDtype(scale=True)` divides by 255; `Normalize` takes the mean off and divides by the std.",
        "For each channel: `(c / 255 - m) / s`. `zip` walks over the three lists together.",
    ),
    solution="""
def fill_value(color: list[int], mean: list[float], std: list[float]) -> list[float]:
    return [(c / 255 - m) / s for c, m, s in zip(color, mean, std)]
""",
    explanation="The fill has to take the same two steps as the pixels: scale, then normalise.",
    why_it_matters=(
        "A fill of 0 means black before `Normalize` and the mean colour after it. "
        "Swap two lines of a pipeline and every corner changes, without a warning."
    ),
    wrong=(
        WrongAnswer(
            "black is zero",
            "def fill_value(color, mean, std):\n    return [c / 255 for c in color]",
            says="not black",
        ),
        WrongAnswer(
            "forgets the std",
            "def fill_value(color, mean, std):\n    return [c / 255 - m for c, m in zip(color, mean)]",
            says="did not divide by `std`",
        ),
        WrongAnswer(
            "forgets to scale",
            "def fill_value(color, mean, std):\n"
            "    return [(c - m) / s for c, m, s in zip(color, mean, std)]",
            says="Bring each channel to 0..1 first",
        ),
    ),
)

# --- exercise 05.5

CUTMIX_LABEL = Exercise(
    id="05.5",
    title="The label of a CutMix image",
    prompt=(
        "A box `(x1, y1, x2, y2)` of an image of class `pasted` is pasted over an image of class `base`. "
        "Both are `size` × `size` pixels.\n"
        "Return the soft label: a float tensor of `classes` shares that sum to 1, "
        "each class with its share of the **area**."
    ),
    stub="""
import torch

def cutmix_label(
    base: int, pasted: int, box: tuple[int, int, int, int], size: int, classes: int
) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (0, 2, (0, 0, 5, 5), 10, 3),
            expected=torch.tensor([0.75, 0.0, 0.25]),
            why="The box covers 25 of 100 pixels: a quarter for `pasted`, the rest for `base`.",
            traps=(
                (torch.tensor([0.5, 0.0, 0.5]), "Half the side is not half the area: multiply both sides."),
                (
                    torch.tensor([1.0, 0.0, 0.0]),
                    "A quarter of the image shows `pasted`: say so in the label.",
                ),
                (torch.tensor([0.25, 0.0, 0.75]), "The two shares are swapped."),
            ),
        ),
        Check(
            (0, 1, (2, 5, 7, 9), 10, 2),
            expected=torch.tensor([0.8, 0.2]),
            why="The box is 7 - 2 = 5 wide and 9 - 5 = 4 high: it covers 20 of 100 pixels.",
            traps=(
                (
                    torch.tensor([0.37, 0.63]),
                    "The last two numbers are edges, not width and height: take `x2 - x1` and `y2 - y1`.",
                ),
            ),
        ),
        Check(
            (1, 1, (0, 0, 5, 5), 10, 3),
            expected=torch.tensor([0.0, 1.0, 0.0]),
            why="Both images are of class 1: the shares of one class add up to 1.",
        ),
    ),
    hints=(
        "How much of what you see is `pasted`? A label may say '75 % this, 25 % that'.",
        "Start from `torch.zeros(classes)`. The share of the box is its area over `size * size`.",
        "`label[base] += 1 - share`, then `label[pasted] += share`. Use `+=`: both may be the same class.",
    ),
    solution="""
import torch

def cutmix_label(
    base: int, pasted: int, box: tuple[int, int, int, int], size: int, classes: int
) -> torch.Tensor:
    x1, y1, x2, y2 = box
    share = (x2 - x1) * (y2 - y1) / (size * size)
    label = torch.zeros(classes)
    label[base] += 1 - share
    label[pasted] += share
    return label
""",
    explanation="The label follows the pixels. Adding, not assigning, keeps the sum at 1 for equal classes.",
    why_it_matters="`nn.CrossEntropyLoss` takes such shares as its target; that is what `v2.CutMix` returns.",
    wrong=(
        WrongAnswer(
            "takes the side instead of the area",
            "import torch\n\n"
            "def cutmix_label(base, pasted, box, size, classes):\n"
            "    share = (box[2] - box[0]) / size\n"
            "    label = torch.zeros(classes)\n"
            "    label[base] += 1 - share\n"
            "    label[pasted] += share\n"
            "    return label",
            says="not half the area",
        ),
        WrongAnswer(
            "keeps the hard label",
            "import torch\n\n"
            "def cutmix_label(base, pasted, box, size, classes):\n"
            "    label = torch.zeros(classes)\n"
            "    label[base] = 1\n"
            "    return label",
            says="say so in the label",
        ),
        WrongAnswer(
            "takes the far corner for width and height",
            "import torch\n\n"
            "def cutmix_label(base, pasted, box, size, classes):\n"
            "    share = box[2] * box[3] / size**2\n"
            "    label = torch.zeros(classes)\n"
            "    label[base] += 1 - share\n"
            "    label[pasted] += share\n"
            "    return label",
            says="edges, not width and height",
        ),
        WrongAnswer(
            "assigns instead of adding",
            "import torch\n\n"
            "def cutmix_label(base, pasted, box, size, classes):\n"
            "    x1, y1, x2, y2 = box\n"
            "    share = (x2 - x1) * (y2 - y1) / (size * size)\n"
            "    label = torch.zeros(classes)\n"
            "    label[base] = 1 - share\n"
            "    label[pasted] = share\n"
            "    return label",
            says="add up to 1",
        ),
    ),
)

# --- exercise 05.6


def _draws(transform_for: object, split: str) -> int | str | None:
    """How many different results ten calls of the split's transform give; its kind if it cannot be called."""
    augment = v2.RandomAffine(0, translate=(0.5, 0.5))
    transform = transform_for(split, augment, v2.Identity())  # type: ignore[operator]
    if not callable(transform):
        return None if transform is None else type(transform).__name__
    image = torch.arange(64.0).reshape(1, 8, 8)
    return len({tuple(transform(image).flatten().tolist()) for _ in range(10)})


def _several(draws: object) -> str | None:
    if not isinstance(draws, int):
        return "What came back cannot be called: `v2.Compose` makes one transform of two."
    return None if draws > 1 else "The training images are never augmented."


def _order(transform_for: object) -> float:
    transform = transform_for("train", lambda x: x + 1, lambda x: x * 10)  # type: ignore[operator]
    return float(transform(torch.tensor(1.0)))


TRANSFORM_FOR = Exercise(
    id="05.6",
    title="Augment the training set only",
    prompt=(
        'Return the transform of a split: `"train"`, `"validation"` or `"test"`.\n'
        "Training images are augmented, then prepared. All others are only prepared."
    ),
    stub="""
from collections.abc import Callable

from torchvision.transforms import v2

def transform_for(split: str, augment: Callable, prepare: Callable) -> Callable:
    ...
""",
    checks=(
        Check(
            use=lambda transform_for: _draws(transform_for, "validation"),
            shown='different results of ten calls of transform_for("validation", ...)',
            expected=1,
            why="Validation must measure the model, not the dice: the same image, the same result.",
            traps=(
                (None, "No transform came back for this split: `return` one in every case."),
                ("list", "A list cannot be called: `v2.Compose` makes one transform of it."),
            ),
        ),
        Check(
            use=lambda transform_for: _draws(transform_for, "test"),
            shown='different results of ten calls of transform_for("test", ...)',
            expected=1,
            why="The test set is augmented too: only training images may change.",
        ),
        Check(
            use=lambda transform_for: _draws(transform_for, "train"),
            shown='different results of ten calls of transform_for("train", ...)',
            judge=_several,
            wants="several",
        ),
        Check(
            use=_order,
            shown="augment adds 1, prepare multiplies by 10: the result for 1",
            expected=20.0,
            why="Augment first, then prepare.",
            traps=(
                (11.0, "You prepared first and augmented after: swap the two."),
                (2.0, "The training images are augmented, but not prepared: the model needs both."),
            ),
        ),
    ),
    hints=(
        "Two kinds of splits: the one the model learns from, and those that measure it.",
        "`v2.Compose([first, second])` makes one transform of two.",
        'If `split == "train"` return `v2.Compose([augment, prepare])`, otherwise `prepare`.',
    ),
    solution="""
from collections.abc import Callable

from torchvision.transforms import v2

def transform_for(split: str, augment: Callable, prepare: Callable) -> Callable:
    return v2.Compose([augment, prepare]) if split == "train" else prepare
""",
    explanation="`prepare` (resize, scale, normalise) is part of the model's input; `augment` is not.",
    why_it_matters=(
        "An augmented test set gives another score in every run, mostly a worse one, "
        "and nobody can compare it with anything."
    ),
    wrong=(
        WrongAnswer(
            "augments everything",
            "from torchvision.transforms import v2\n\n"
            "def transform_for(split, augment, prepare):\n"
            "    return v2.Compose([augment, prepare])",
            says="measure the model, not the dice",
        ),
        WrongAnswer(
            "forgets the test set",
            "from torchvision.transforms import v2\n\n"
            "def transform_for(split, augment, prepare):\n"
            '    return prepare if split == "validation" else v2.Compose([augment, prepare])',
            says="The test set is augmented too",
        ),
        WrongAnswer(
            "returns nothing for the others",
            "from torchvision.transforms import v2\n\n"
            "def transform_for(split, augment, prepare):\n"
            '    if split == "train":\n'
            "        return v2.Compose([augment, prepare])",
            says="in every case",
        ),
        WrongAnswer(
            "returns a list for training",
            "def transform_for(split, augment, prepare):\n"
            '    return [augment, prepare] if split == "train" else prepare',
            says="cannot be called",
        ),
        WrongAnswer(
            "never augments",
            "def transform_for(split, augment, prepare):\n    return prepare",
            says="never augmented",
        ),
        WrongAnswer(
            "forgets to prepare",
            "def transform_for(split, augment, prepare):\n"
            '    return augment if split == "train" else prepare',
            says="but not prepared",
        ),
        WrongAnswer(
            "prepares first",
            "from torchvision.transforms import v2\n\n"
            "def transform_for(split, augment, prepare):\n"
            '    return v2.Compose([prepare, augment]) if split == "train" else prepare',
            says="swap the two",
        ),
    ),
)

# --- quiz

AFFINE_SIGN = Quiz(
    id="05.q1",
    question="You turn an image with `TF.affine(angle=30, ...)`. How do you turn its PIL twin the same way?",
    options=(
        Option(
            "`image.rotate(30)`", "Both say 30, but `TF.affine` turns clockwise and Pillow the other way."
        ),
        Option(
            "`image.rotate(-30)`", "`TF.affine` turns clockwise, Pillow counter-clockwise: change the sign."
        ),
        Option("`image.transpose(ROTATE_90)`", "That is a quarter turn, whatever the angle is."),
    ),
    answer="b",
)

DATASET_LENGTH = Quiz(
    id="05.q2",
    question="A dataset has 500 images and a random transform. What is `len(dataset)` after 10 epochs?",
    options=(
        Option(
            "5,000", "The model met up to 5,000 different pictures, but they were never stored or counted."
        ),
        Option("500", "The transform runs when an item is read. It changes what comes out, not how many."),
        Option(
            "It depends on the seed", "The seed decides how an image looks. The number of images is fixed."
        ),
    ),
    answer="b",
)

UNSAFE = Quiz(
    id="05.q3",
    question="Which augmentation is dangerous for reading handwritten digits, and safe for flower photos?",
    options=(
        Option("Moving the image by a pixel", "A digit that moved a little is still the same digit."),
        Option(
            "Rotating by up to 10 degrees", "People write at a slant: ten degrees keep the digit readable."
        ),
        Option("Flipping left to right", "A mirrored 2 is no digit at all; a mirrored flower is a flower."),
    ),
    answer="c",
)

ONE_DRAW = Quiz(
    id="05.q4",
    question="`v2.RandomRotation(30)` gets a batch of shape `(64, 3, 224, 224)`. How many angles are drawn?",
    options=(
        Option(
            "64, one for each image", "v2 cannot tell a batch from an image: it draws once for each call."
        ),
        Option(
            "1, for all images", "One call, one draw. Augment in the dataset, image by image, if you want 64."
        ),
        Option("192, one for each channel", "Then colours would tear apart: channels always move together."),
    ),
    answer="b",
)

# --- predictions

DIRECTION = Prediction(
    id="05.p1",
    question=(
        "A marker stands at twelve o'clock. After Pillow's `rotate(45)`, is it on the `left` or the `right`?"
    ),
    explanation=(
        "Positive angles turn counter-clockwise, as in school geometry. "
        "From twelve o'clock that leads to half past ten, on the left."
    ),
)

FLIPPED_BOX = Prediction(
    id="05.p2",
    question=(
        "An image is 120 pixels wide, and its box reaches from x = 15 to x = 60. "
        "It is flipped left to right. Where does the box begin (the new x1)?"
    ),
    explanation="The old right edge, 60, becomes the new left edge: 120 - 60.",
    unit="px",
)

SIXES = Prediction(
    id="05.p3",
    question="54 sixes are turned by 180 degrees. How many of them does a trained reader take for a 9?",
    explanation="A 6 upside down is a 9. The reader is right about what it sees: the label is now wrong.",
    tolerance=0.1,
)

CHAPTER = Chapter(
    number="05",
    title="Augmentation",
    exercises=(TURN_CLOCKWISE, FLIP_BOX, SEEDED_VARIANTS, FILL_VALUE, CUTMIX_LABEL, TRANSFORM_FOR),
    quizzes=(AFFINE_SIGN, DATASET_LENGTH, UNSAFE, ONE_DRAW),
    predictions=(DIRECTION, FLIPPED_BOX, SIXES),
)
