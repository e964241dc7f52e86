"""What chapter 10d asks: measuring in turns, what a faster step brings, and the ideas of the rungs."""

from collections.abc import Callable
from typing import Any

import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

MEDIAN_RATIO = Exercise(
    id="10d.1",
    title="Turn about",
    prompt=(
        "Two loaders ran in turns: start, rung, start, rung, …, start. `start` has one time more "
        "than `rung`. For "
        "each turn of the rung divide the **mean of the start's times just before and just after "
        "it** by the rung's "
        "time. Return the median of these ratios."
    ),
    stub="""
def median_ratio(start: list[float], rung: list[float]) -> float:
    ...
""",
    checks=(
        Check(
            ([4.0, 8.0, 12.0, 16.0], [3.0, 5.0, 7.0]),
            expected=2.0,
            why="The ratios are 6 / 3, 10 / 5 and 14 / 7: the machine became slower for both, and each is 2.",
            traps=(
                (
                    1.6,
                    "That compares each turn with the start before it only: the slow-down falls on the rung.",
                ),
                (
                    2.4,
                    "That compares each turn with the start after it only: the slow-down falls on the start.",
                ),
                (0.5, "Upside down: a rung that takes half the time is 2 times as fast."),
            ),
        ),
        Check(
            ([10.0, 10.0, 10.0, 10.0], [5.0, 50.0, 5.0]),
            expected=2.0,
            why="One turn was disturbed. The median does not mind; the mean of the ratios would be 1.4.",
            traps=(
                (1.4, "That is the mean: one disturbed turn moves it far."),
                (0.5, "That divides sums or means of all times: one disturbed turn moves it far."),
            ),
        ),
        Check(
            ([8.0, 8.0, 8.0, 24.0, 24.0], [4.0, 4.0, 8.0, 12.0]),
            expected=2.0,
            why="The machine became three times as slow half-way, and each of the four ratios is 2.",
            traps=(
                (
                    4 / 3,
                    "That is one median over the other: they come from two different minutes. Divide turn by "
                    "turn first, then take the median of the ratios.",
                ),
            ),
        ),
    ),
    hints=(
        "The machine's speed changes slowly. What stood next to a turn, before and after, met the "
        "same machine.",
        "`zip(start, start[1:], rung)` gives for each turn the time before, the time after and its own.",
        "`statistics.median((before + after) / 2 / own for before, after, own in zip(start, "
        "start[1:], rung))`",
    ),
    solution="""
from statistics import median

def median_ratio(start: list[float], rung: list[float]) -> float:
    return median((before + after) / 2 / own for before, after, own in zip(start, start[1:], rung))
""",
    explanation=(
        "A machine that becomes slower for a minute slows both, so the ratio stays. A single "
        "disturbance spoils one "
        "ratio, and the median leaves it out."
    ),
    why_it_matters="Times from two different minutes compare the minutes.",
    wrong=(
        WrongAnswer(
            "only the start before",
            "from statistics import median\ndef median_ratio(start, rung):\n"
            "    return median(s / r for s, r in zip(start, rung))",
            says="before it only",
        ),
        WrongAnswer(
            "the mean of the ratios",
            "def median_ratio(start, rung):\n"
            "    ratios = [(a + b) / 2 / r for a, b, r in zip(start, start[1:], rung)]\n"
            "    return round(sum(ratios) / len(ratios), 6)",
            says="one disturbed turn moves it far",
        ),
        WrongAnswer(
            "one median over the other",
            "from statistics import median\ndef median_ratio(start, rung):\n"
            "    return median(start) / median(rung)",
            says="two different minutes",
        ),
        WrongAnswer(
            "only the start after",
            "from statistics import median\ndef median_ratio(start, rung):\n"
            "    return median(s / r for s, r in zip(start[1:], rung))",
            says="after it only",
        ),
    ),
)

NEXT_STEP = Exercise(
    id="10d.2",
    title="Which step next?",
    prompt=(
        "`seconds` says how long each step of a loader takes in an epoch, one after another; `times`, how "
        "many times as fast each could be made. You have the time to improve one step. Return the name of "
        "the best one, and how many times as fast the **whole** loader becomes."
    ),
    stub="""
def next_step(seconds: dict[str, float], times: dict[str, float]) -> tuple[str, float]:
    ...
""",
    checks=(
        Check(
            (
                {"decode": 4.0, "colours": 3.0, "normalise": 1.0},
                {"decode": 1.6, "colours": 4.0, "normalise": 50.0},
            ),
            expected=("colours", 8 / 5.75),
            why=(
                "What counts is the time that is saved: 1.5 s of decoding, 2.25 s of the colours, 0.98 s of "
                "normalising. Of 8 s 5.75 are left: 8 / 5.75 = 1.39."
            ),
            traps=(
                (("decode", 8 / 6.5), "The longest step is not the one where the most can be saved."),
                (
                    ("normalise", 8 / 7.02),
                    "The step that gains most for itself is short: there is little to save.",
                ),
                (("colours", 4.0), "The step becomes 4 times as fast. The other 5 s take as long as before."),
                (("colours", 5.75 / 8), "That is the share of the time that is left: upside down."),
            ),
        ),
        Check(
            ({"read": 1.0, "decode": 9.0}, {"read": 1e12, "decode": 1.2}),
            expected=("decode", 10 / 8.5),
            why="Reading for nothing saves 1 s. Decoding 1.2 times as fast saves 1.5 s.",
            traps=((("read", 10 / 9), "That saves 1 s; decoding 1.2 times as fast saves 1.5 s."),),
        ),
    ),
    hints=(
        "Think in time, not in speed: which step saves the most seconds?",
        "A step saves `seconds[name] - seconds[name] / times[name]`. `max(..., key=...)` finds the name.",
        "`saved = {name: s - s / times[name] for name, s in seconds.items()}`, then "
        "`max(saved, key=saved.get)`; the gain is the sum of `seconds` over that sum less what is saved.",
    ),
    solution="""
def next_step(seconds: dict[str, float], times: dict[str, float]) -> tuple[str, float]:
    saved = {name: s - s / times[name] for name, s in seconds.items()}
    best = max(saved, key=saved.get)
    whole = sum(seconds.values())
    return best, whole / (whole - saved[best])
""",
    explanation=(
        "Amdahl's law (chapter 10c) for each step, and the best of them. What you do not speed up is the "
        "limit."
    ),
    why_it_matters="It tells before the work which work is worth it, and what it can bring at most.",
    wrong=(
        WrongAnswer(
            "the longest step",
            "def next_step(seconds, times):\n"
            "    best, whole = max(seconds, key=seconds.get), sum(seconds.values())\n"
            "    return best, whole / (whole - seconds[best] + seconds[best] / times[best])",
            says="The longest step",
        ),
        WrongAnswer(
            "the step with the largest factor",
            "def next_step(seconds, times):\n"
            "    best, whole = max(times, key=times.get), sum(seconds.values())\n"
            "    return best, whole / (whole - seconds[best] + seconds[best] / times[best])",
            says="little to save",
        ),
        WrongAnswer(
            "the step's own gain",
            "def next_step(seconds, times):\n"
            "    best = max(seconds, key=lambda name: seconds[name] * (1 - 1 / times[name]))\n"
            "    return best, times[best]",
            says="as long as before",
        ),
    ),
)

REDUCED_BY = Exercise(
    id="10d.3",
    title="Decode less",
    prompt=(
        "A JPEG decoder can reduce both sides by 1, 2, 4 or 8 (rounding up). Return the largest of "
        "these by which "
        "a photo of `width` x `height` may be reduced so that **both** sides stay at least `size`; 1 "
        "if none may."
    ),
    stub="""
def reduced_by(width: int, height: int, size: int) -> int:
    ...
""",
    checks=(
        Check(
            (4000, 3000, 224),
            expected=8,
            why="500 x 375 is still large enough on both sides.",
        ),
        Check(
            (4000, 800, 224),
            expected=2,
            why="By 4 the height would be 200: below 224.",
            traps=(
                (8, "The width allows 8, the height does not: 100 pixels would have to be blown up to 224."),
                (4, "800 / 4 = 200 is less than 224."),
            ),
        ),
        Check((400, 300, 224), expected=1, why="By 2 the height would be 150: decode it whole."),
        Check((100, 100, 224), expected=1, why="It is too small already, and is never reduced further."),
        Check(
            (1785, 1785, 224),
            expected=8,
            why="1785 / 8 = 223.1, rounded up 224: large enough.",
            traps=((4, "You rounded down, or not at all: the decoder makes 224 pixels of 223.1."),),
        ),
    ),
    hints=(
        "The shorter side decides.",
        "Try 8, 4, 2 in this order; `-(-a // b)` divides and rounds up.",
        "`next((n for n in (8, 4, 2) if -(-min(width, height) // n) >= size), 1)`",
    ),
    solution="""
def reduced_by(width: int, height: int, size: int) -> int:
    return next((n for n in (8, 4, 2) if -(-min(width, height) // n) >= size), 1)
""",
    explanation=(
        "The decoder works on blocks of 8 x 8 and can make 4, 2 or 1 pixels of a block's side. Below "
        "the wanted size "
        "detail would be missing that the model is meant to see."
    ),
    why_it_matters="Photos of 12 megapixels for an input of 224: most of the decoding is thrown away.",
    wrong=(
        WrongAnswer(
            "the width alone",
            "def reduced_by(width, height, size):\n"
            "    return next((n for n in (8, 4, 2) if -(-width // n) >= size), 1)",
            says="the height does not",
        ),
        WrongAnswer(
            "half of what is allowed",
            "def reduced_by(width, height, size):\n"
            "    return next((n for n in (8, 4, 2) if -(-min(width, height) // n) >= size * 0.75), 1)",
            says="200 is less than 224",
        ),
        WrongAnswer(
            "rounds down",
            "def reduced_by(width, height, size):\n"
            "    return next((n for n in (8, 4, 2) if min(width, height) // n >= size), 1)",
            says="rounded down",
        ),
    ),
)

SCALE_AND_SHIFT = Exercise(
    id="10d.4",
    title="One multiplication, one addition",
    prompt=(
        "`ToDtype(scale=True)` and `Normalize` make `(pixel / 255 - mean) / std` of a uint8 pixel. "
        "Return `scale` and "
        "`shift` so that `pixel * scale + shift` is the same."
    ),
    stub="""
def scale_and_shift(mean: float, std: float) -> tuple[float, float]:
    ...
""",
    checks=(
        Check(
            (0.5, 0.25),
            expected=(1 / (255 * 0.25), -2.0),
            why="A pixel of 0 becomes -mean / std = -2, a pixel of 255 becomes (1 - 0.5) / 0.25 = 2.",
            traps=(
                ((1 / (255 * 0.25), -0.5), "The mean is divided by the std as well."),
                ((1 / (255 * 0.25), 2.0), "The mean is taken away: the shift is below 0."),
                (
                    (1 / (255 * 0.25), -0.5 / (255 * 0.25)),
                    "Only the pixel is divided by 255; the mean is on the scale from 0 to 1 already.",
                ),
                (
                    (-2.0, 1 / (255 * 0.25)),
                    "The right two numbers, the other way round: first scale, then shift.",
                ),
                ((4.0, -2.0), "The pixel is divided by 255 first: 255 would become 1018."),
            ),
        ),
        Check((0.0, 1.0), expected=(1 / 255, 0.0), why="Then only the division by 255 is left."),
    ),
    hints=(
        "Multiply the formula out: what stands with the pixel, what stands alone?",
        "`(pixel / 255 - mean) / std = pixel / (255 * std) - mean / std`",
        "`return 1 / (255 * std), -mean / std`",
    ),
    solution="""
def scale_and_shift(mean: float, std: float) -> tuple[float, float]:
    return 1 / (255 * std), -mean / std
""",
    explanation="Two constants for each channel, computed once, in place of two passes over all pixels.",
    why_it_matters="At this speed the passes over memory are the cost, not the arithmetic.",
    wrong=(
        WrongAnswer(
            "mean not divided",
            "def scale_and_shift(mean, std):\n    return 1 / (255 * std), -mean",
            says="divided by the std",
        ),
        WrongAnswer(
            "without 255",
            "def scale_and_shift(mean, std):\n    return 1 / std, -mean / std",
            says="divided by 255 first",
        ),
        WrongAnswer(
            "mean divided by 255 too",
            "def scale_and_shift(mean, std):\n    scale = 1 / (255 * std)\n    return scale, -mean * scale",
            says="Only the pixel",
        ),
    ),
)

_STORE = torch.arange(5 * 3 * 2 * 2, dtype=torch.uint8).view(5, 3, 2, 2)
_LABELS = torch.tensor([7, 8, 9, 7, 8])

WHOLE_BATCH = Exercise(
    id="10d.5",
    title="A batch in one call",
    prompt=(
        "Write what `__getitems__` of a cache returns: the photos of `store`, uint8 (N, 3, H, W), "
        "and the labels with "
        "the numbers `indices`, in this order, as two tensors."
    ),
    stub="""
import torch

def whole_batch(
    store: torch.Tensor, labels: torch.Tensor, indices: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    ...
""",
    checks=(
        Check(
            (_STORE, _LABELS, [4, 0, 4]),
            expected=(_STORE[[4, 0, 4]], _LABELS[[4, 0, 4]]),
            why="In the order of the indices, and one that comes twice comes twice.",
            traps=(
                (
                    (_STORE[[0, 4]], _LABELS[[0, 4]]),
                    "Sorted, and number 4 only once: the sampler decides, not you.",
                ),
                (
                    (_STORE[[4, 0, 4]].float(), _LABELS[[4, 0, 4]]),
                    "As floats it takes four times the bytes; leave that to the last step.",
                ),
            ),
        ),
    ),
    hints=(
        "A tensor takes a list of numbers in its square brackets.",
        "`store[[4, 0]]` is a new tensor with the photos 4 and 0.",
        "`return store[indices], labels[indices]`",
    ),
    solution="""
import torch

def whole_batch(
    store: torch.Tensor, labels: torch.Tensor, indices: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    return store[indices], labels[indices]
""",
    explanation=(
        "One gather in compiled code in place of B calls and a stack. `collate_fn` has nothing left to do."
    ),
    why_it_matters="After a cache the Python calls are the cost of a batch.",
    wrong=(
        WrongAnswer(
            "sorted and once",
            "def whole_batch(store, labels, indices):\n"
            "    rows = sorted(set(indices))\n    return store[rows], labels[rows]",
            says="the sampler decides",
        ),
        WrongAnswer(
            "as floats",
            "def whole_batch(store, labels, indices):\n    return store[indices].float(), labels[indices]",
            says="four times the bytes",
        ),
    ),
)

_ROWS = torch.arange(24.0).view(3, 1, 2, 4)
_FLIPS = torch.tensor([True, False, True])


def _left_over(flip_some: Callable[[torch.Tensor, torch.Tensor], Any]) -> torch.Tensor:
    """The images that were given, after the call."""
    images = _ROWS.clone()
    flip_some(images, _FLIPS)
    return images


FLIP_SOME = Exercise(
    id="10d.6",
    title="One draw for each photo",
    prompt=(
        "Mirror those photos of the batch (B, C, H, W) left to right for which `flips` (bool, (B,)) "
        "is true, without a "
        "loop over the photos. Leave `images` itself as it is."
    ),
    stub="""
import torch

def flip_some(images: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_ROWS, _FLIPS),
            expected=torch.stack([_ROWS[0].flip(2), _ROWS[1], _ROWS[2].flip(2)]),
            why="The first and the third photo are mirrored, the second is not.",
            traps=(
                (_ROWS.flip(3), "All are mirrored: one draw for the whole batch, so a batch has no variety."),
                (_ROWS, "Nothing is mirrored. `flip` returns a new tensor."),
                (
                    torch.stack([_ROWS[0], _ROWS[1].flip(2), _ROWS[2]]),
                    "The wrong ones: where `flips` is true the photo is to be mirrored.",
                ),
                (
                    torch.stack([_ROWS[0].flip(1), _ROWS[1], _ROWS[2].flip(1)]),
                    "Upside down: dimension 2 is the height; left and right are along the width.",
                ),
            ),
        ),
        Check(
            use=_left_over,
            shown="images, after flip_some(images, flips)",
            expected=_ROWS,
            why=(
                "`images` itself was changed. It may be the cache: then the next epoch starts from mirrored "
                "photos. Make a new tensor."
            ),
        ),
    ),
    hints=(
        "Mirror all of them, then choose for each photo which version it gets.",
        "`torch.where(condition, a, b)` chooses element by element; give `flips` the shape (B, 1, 1, 1).",
        "`torch.where(flips[:, None, None, None], images.flip(3), images)`",
    ),
    solution="""
import torch

def flip_some(images: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    return torch.where(flips[:, None, None, None], images.flip(3), images)
""",
    explanation=(
        "A v2 transform that is given a batch draws once for all of it. To keep a draw for each "
        "photo, draw a tensor of "
        "B numbers and let the operation use it."
    ),
    why_it_matters="A whole batch mirrored at once varies less than its photos would one by one.",
    wrong=(
        WrongAnswer(
            "all or none", "def flip_some(images, flips):\n    return images.flip(3)", says="All are mirrored"
        ),
        WrongAnswer(
            "result dropped",
            "def flip_some(images, flips):\n    images[flips].flip(3)\n    return images",
            says="Nothing is mirrored",
        ),
        WrongAnswer(
            "upside down",
            "import torch\ndef flip_some(images, flips):\n"
            "    return torch.where(flips[:, None, None, None], images.flip(2), images)",
            says="Upside down",
        ),
        WrongAnswer(
            "in place",
            "def flip_some(images, flips):\n    images[flips] = images[flips].flip(3)\n    return images",
            says="was changed",
        ),
    ),
)

QUIZZES = (
    Quiz(
        id="10d.q1",
        question="Why can threads decode JPEGs side by side, in spite of Python's lock (GIL)?",
        options=(
            Option(
                "Each thread has an interpreter of its own.", "Threads share one interpreter and one lock."
            ),
            Option(
                "The decoder is compiled code that lets go of the lock while it works.",
                "Yes. The lock is for Python objects; raw pixels need none.",
            ),
            Option("Reading files needs no processor.", "Reading hardly counts here; the decoding does."),
        ),
        answer="b",
    ),
    Quiz(
        id="10d.q2",
        question="The cache is filled, `__getitems__` gives whole batches. Two workers make it slower. Why?",
        options=(
            Option("They read the disk at the same time.", "The pages are in memory by then."),
            Option("They decode each photo twice.", "Nothing is decoded any more."),
            Option(
                "Sending a batch costs more than making it.",
                "Yes: shared memory is made, mapped page by page, and let go again for each batch.",
            ),
        ),
        answer="c",
    ),
    Quiz(
        id="10d.q3",
        question="What makes the fused kernel faster than gather, `ToDtype`, `Normalize`?",
        options=(
            Option(
                "Each pixel travels to the processor and back once.",
                "Yes. The arithmetic is the same; the passes over memory are fewer.",
            ),
            Option("It computes with fewer digits.", "It computes in float32, as they do."),
            Option(
                "It leaves out the division by 255.", "The division is in the scale: the result is the same."
            ),
        ),
        answer="a",
    ),
    Quiz(
        id="10d.q4",
        question="Where must the cache stand in a training pipeline?",
        options=(
            Option(
                "At the end: then nothing is left to do.", "Then each epoch sees the same crops and colours."
            ),
            Option(
                "After decoding and resizing, before everything random.",
                "Yes: what is the same in each epoch is kept, what is drawn is drawn anew.",
            ),
            Option(
                "Before decoding: keep the bytes of the files.", "The system does that; decoding is the cost."
            ),
        ),
        answer="b",
    ),
)

PREDICTIONS = (
    Prediction(
        id="10d.p1",
        question=(
            "How many times as fast as the guide's code is the last rung, with all photos in its "
            "cache? Give a number."
        ),
        explanation=(
            "Decoding and resizing are gone, and they were nearly all of the time. What is left is one pass "
            "over memory, and two cores share it."
        ),
        tolerance=0.3,
    ),
    Prediction(
        id="10d.p2",
        question='Two workers on the cache that gives whole batches: "faster" or "slower" than none?',
        explanation="The batch is cheap to make by now, and sending it costs as much as ever.",
    ),
)

CHAPTER = Chapter(
    number="10d",
    title="The speed ladder",
    exercises=(MEDIAN_RATIO, NEXT_STEP, REDUCED_BY, SCALE_AND_SHIFT, WHOLE_BATCH, FLIP_SOME),
    quizzes=QUIZZES,
    predictions=PREDICTIONS,
)
