"""What chapter 00 asks: the first exercises, which also show how exercises work."""

import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

IMAGE_SIZE = Exercise(
    id="00.1",
    title="Read a shape",
    prompt=(
        "A batch of images is a tensor of shape `(B, C, H, W)`: images, channels, rows, columns.\n"
        "Return the size of its images the way photographers write it: `(width, height)`."
    ),
    stub="""
import torch

def image_size(batch: torch.Tensor) -> tuple[int, int]:
    # your code instead of the three dots
    ...
""",
    checks=(
        Check(
            (torch.zeros(2, 3, 4, 5),),
            expected=(5, 4),
            why="The width is the number of columns, `W`; the height is the number of rows, `H`.",
            traps=(
                ((4, 5), "These are height and width: tensors name rows first, photographers width first."),
                ((2, 3), "These are `B` and `C`, the first two entries of the shape. Look at the last two."),
                ((3, 4), "These are `C` and `H`: counting starts at 0, so `H` is entry 2 and `W` entry 3."),
                ((3, 4, 5), "This is the shape of one image, channels first. Only two numbers are the size."),
                ([5, 4], "The right numbers, in a list. Return them as a pair: `return width, height`."),
            ),
        ),
        Check(
            (torch.zeros(8, 1, 28, 20),),
            expected=(20, 28),
            why="Read the size from `batch.shape`: it must fit every batch, not only the first example.",
        ),
    ),
    hints=(
        "Height counts rows and width counts columns. Which two of the four letters are they?",
        "`batch.shape` behaves like a tuple of four whole numbers, so you can unpack it or index it.",
        "Unpack all four: `b, c, h, w = batch.shape`. Then return the last two in the right order.",
    ),
    solution="""
import torch

def image_size(batch: torch.Tensor) -> tuple[int, int]:
    _, _, height, width = batch.shape
    return width, height
""",
    explanation=(
        "PyTorch stores images row by row, so the height comes before the width in a shape. "
        "Pillow's `image.size` gives `(width, height)` instead. Unpacking with names keeps them apart."
    ),
    why_it_matters=(
        "Height and width in the wrong order are one of the most common bugs in image code, "
        "and square test images hide it."
    ),
    wrong=(
        WrongAnswer(
            "height first",
            "def image_size(batch):\n    return batch.shape[2], batch.shape[3]",
            says="tensors name rows first",
        ),
        WrongAnswer(
            "first two entries",
            "def image_size(batch):\n    return batch.shape[0], batch.shape[1]",
            says="`B` and `C`",
        ),
        WrongAnswer(
            "in a list",
            "def image_size(batch):\n    return [batch.shape[3], batch.shape[2]]",
            says="as a pair",
        ),
        WrongAnswer(
            "copies the example",
            "def image_size(batch):\n    return 5, 4",
            says="must fit every batch",
        ),
    ),
)

COUNT_BATCHES = Exercise(
    id="00.2",
    title="Count the batches",
    prompt=(
        "A loader hands out `n` samples in batches of `batch_size`. The last batch may be short.\n"
        "With `drop_last=True` a short last batch is left out. Return the number of batches."
    ),
    stub="""
def number_of_batches(n: int, batch_size: int, drop_last: bool) -> int:
    # your code instead of the three dots
    ...
""",
    checks=(
        Check(
            (10, 3, True),
            expected=3,
            why="Three full batches hold 9 samples. One is left over, and `drop_last` leaves it out.",
            traps=(
                (4, "You counted the short batch of one sample, and `drop_last=True` leaves it out."),
                (10 / 3, "There are no parts of batches: the answer is a whole number."),
            ),
        ),
        Check(
            (10, 3, False),
            expected=4,
            why="Three full batches and a short one with the last sample make four.",
            traps=((3, "One sample is missing: without `drop_last` the short batch counts too."),),
        ),
        Check(
            (9, 3, False),
            expected=3,
            why="Nine samples fill three batches exactly: there is no short one to add.",
        ),
        Check((2, 3, True), expected=0, why="Two samples do not fill a batch of three, so none is left."),
        Check((0, 3, False), expected=0, why="Without samples there are no batches."),
    ),
    hints=(
        "How many batches are full? Is something left over? Only then does `drop_last` matter.",
        "`n // batch_size` counts full batches and `n % batch_size` what is left; "
        "`divmod(n, batch_size)` gives both.",
        "`full, rest = divmod(n, batch_size)`. Return `full`, and one more if there is a rest "
        "and it is not dropped.",
    ),
    solution="""
def number_of_batches(n: int, batch_size: int, drop_last: bool) -> int:
    full, rest = divmod(n, batch_size)
    return full + (rest > 0 and not drop_last)
""",
    explanation=(
        "`divmod` gives the full batches and the rest at once. A condition counts as 1 or 0, "
        "so it adds the short batch only where there is one and it is wanted. "
        "`len(DataLoader(...))` computes the same."
    ),
    why_it_matters=(
        "This number is the length of an epoch: learning-rate schedules and progress bars are built on it. "
        "With `drop_last=True` and few samples it can be 0, and then training does nothing, silently."
    ),
    wrong=(
        WrongAnswer(
            "always rounds up",
            "def number_of_batches(n, batch_size, drop_last):\n    return -(-n // batch_size)",
            says="`drop_last=True` leaves it out",
        ),
        WrongAnswer(
            "always rounds down",
            "def number_of_batches(n, batch_size, drop_last):\n    return n // batch_size",
            says="the short batch counts too",
        ),
        WrongAnswer(
            "divides without rounding",
            "def number_of_batches(n, batch_size, drop_last):\n    return n / batch_size",
            says="no parts of batches",
        ),
        WrongAnswer(
            "always adds a short batch",
            "def number_of_batches(n, batch_size, drop_last):\n"
            "    return n // batch_size + (0 if drop_last else 1)",
            says="no short one to add",
        ),
    ),
)

CLASS_SHARES = Exercise(
    id="00.3",
    title="Measure the class balance",
    prompt=(
        "Before training, look at how the classes are spread. Given the label of every sample, return the "
        "share of each class: a dict from class to a fraction between 0 and 1. No samples: an empty dict."
    ),
    stub="""
def class_shares(labels: list[str]) -> dict[str, float]:
    # your code instead of the three dots
    ...
""",
    checks=(
        Check(
            (["cat", "dog", "cat", "cat"],),
            expected={"cat": 0.75, "dog": 0.25},
            why="Three of four samples are cats, which is a share of 0.75; one is a dog, 0.25.",
            traps=(
                (
                    {"cat": 3, "dog": 1},
                    "These are counts. A share is a count divided by the number of samples.",
                ),
                ({"cat": 75.0, "dog": 25.0}, "These are percentages. A fraction lies between 0 and 1."),
                (
                    {"cat": 0.5, "dog": 0.5},
                    "You gave every class the same share: count how often each occurs.",
                ),
            ),
        ),
        Check(
            (["owl", "owl"],),
            expected={"owl": 1.0},
            why="Take the classes from the labels: here there is only one.",
        ),
        Check(
            (["cat", "dog", "owl"],),
            expected={"cat": 1 / 3, "dog": 1 / 3, "owl": 1 / 3},
            why="Each share is exactly a third: do not round, or the shares no longer add up to 1.",
        ),
        Check(([],), expected={}, why="Without samples there is no class, so the dict is empty."),
    ),
    hints=(
        "A share is how often a class occurs, divided by how many samples there are.",
        "`collections.Counter(labels)` counts every class in one go.",
        "Loop over `Counter(labels).items()` and build a dict with `count / len(labels)` for each class.",
    ),
    solution="""
from collections import Counter

def class_shares(labels: list[str]) -> dict[str, float]:
    return {name: count / len(labels) for name, count in Counter(labels).items()}
""",
    explanation=(
        "`Counter` walks over the labels once. An empty list has no items, so the division never happens "
        "and no special case is needed."
    ),
    why_it_matters=(
        "If one class makes up 95 % of the data, a model that always answers with it is 95 % accurate and "
        "has learned nothing. Know the shares before you trust an accuracy."
    ),
    wrong=(
        WrongAnswer(
            "counts",
            "from collections import Counter\n\ndef class_shares(labels):\n    return dict(Counter(labels))",
            says="These are counts",
        ),
        WrongAnswer(
            "percentages",
            "def class_shares(labels):\n"
            "    return {name: 100 * labels.count(name) / len(labels) for name in set(labels)}",
            says="between 0 and 1",
        ),
        WrongAnswer(
            "equal shares",
            "def class_shares(labels):\n"
            "    names = set(labels)\n"
            "    return {name: 1 / len(names) for name in names}",
            says="count how often each occurs",
        ),
        WrongAnswer(
            "rounds",
            "def class_shares(labels):\n"
            "    return {name: round(labels.count(name) / len(labels), 2) for name in labels}",
            says="do not round",
        ),
        WrongAnswer(
            "knows the classes beforehand",
            "def class_shares(labels):\n"
            "    return {name: labels.count(name) / max(len(labels), 1) for name in ('cat', 'dog')}",
            says="Take the classes from the labels",
        ),
    ),
)

SAFE_WORKERS = Exercise(
    id="00.4",
    title="Choose a number of workers",
    prompt=(
        "Workers are processes that load data beside the training loop. Someone asks for `wanted` workers on "
        "a machine with `cores` processor cores.\n"
        "Return a safe number: at most `wanted`, with one core left for the training loop, never below 0."
    ),
    stub="""
def safe_workers(cores: int, wanted: int) -> int:
    # your code instead of the three dots
    ...
""",
    checks=(
        Check(
            (4, 8),
            expected=3,
            why="Four cores, one of them for the training loop: that leaves three.",
            traps=(
                (4, "Four workers take every core: none is left for the training loop."),
                (8, "Eight workers on four cores wait for each other."),
            ),
        ),
        Check(
            (8, 2),
            expected=2,
            why="Only two were asked for: cores that are free need not be used.",
        ),
        Check(
            (4, 4),
            expected=3,
            why="As many workers as cores were asked for, and one core still belongs to the training loop.",
        ),
        Check(
            (1, 4),
            expected=0,
            why="A single core belongs to the training loop: with 0 workers it loads the data itself.",
        ),
        Check(
            (4, -1),
            expected=0,
            why="The result must never be below 0: `DataLoader` refuses a negative number.",
        ),
    ),
    hints=(
        "Two limits from above and one from below: what is wanted, what the machine has to spare, and 0.",
        "`min(a, b)` keeps a number from growing above a limit, `max(a, 0)` from falling below 0.",
        "Take the smaller one of `wanted` and `cores - 1`, then put `max(0, ...)` around it.",
    ),
    solution="""
def safe_workers(cores: int, wanted: int) -> int:
    return max(0, min(wanted, cores - 1))
""",
    explanation=(
        "`min` applies the limit from above, `max` the one from below. With `num_workers=0` a `DataLoader` "
        "loads in the training process itself: slower, but it always works."
    ),
    why_it_matters=(
        "More workers than cores do not load faster: they wait for each other and hold memory. "
        "Chapter 02 measures it on your machine."
    ),
    wrong=(
        WrongAnswer(
            "takes every core",
            "def safe_workers(cores, wanted):\n    return min(wanted, cores)",
            says="none is left for the training loop",
        ),
        WrongAnswer(
            "leaves no core where as many were asked for",
            "def safe_workers(cores, wanted):\n    return max(0, wanted if wanted <= cores else cores - 1)",
            says="one core still belongs",
        ),
        WrongAnswer(
            "ignores the wish",
            "def safe_workers(cores, wanted):\n    return cores - 1",
            says="Only two were asked for",
        ),
        WrongAnswer(
            "at least one",
            "def safe_workers(cores, wanted):\n    return max(1, min(wanted, cores - 1))",
            says="belongs to the training loop",
        ),
        WrongAnswer(
            "no limit from below",
            "def safe_workers(cores, wanted):\n    return min(wanted, cores - 1)",
            says="must never be below 0",
        ),
    ),
)

SHAPE = Quiz(
    id="00.q1",
    question="A batch has the shape `(32, 3, 224, 200)`. What does it hold?",
    options=(
        Option(
            "3 images of 224 × 200 pixels with 32 channels",
            "The first number counts the images, the second the channels.",
        ),
        Option(
            "32 colour images, 224 pixels high and 200 wide",
            "Images, channels (red, green, blue), rows, columns: `(B, C, H, W)`.",
        ),
        Option(
            "32 colour images, 224 pixels wide and 200 high",
            "Nearly: rows come before columns, so 224 is the height.",
        ),
    ),
    answer="b",
)

DROP_LAST = Quiz(
    id="00.q2",
    question="You have 50 images, `batch_size=64` and `drop_last=True`. What happens in an epoch?",
    options=(
        Option("One batch of 50 images", "That is what `drop_last=False` gives: the short batch stays."),
        Option(
            "An error: the batch size is too large",
            "`DataLoader` raises nothing here, which is what makes this case hard to find.",
        ),
        Option(
            "Nothing: the loop runs zero times",
            "The only batch is short and is dropped. The loop body never runs, and nothing warns you.",
        ),
    ),
    answer="c",
)

ACCURACY = Quiz(
    id="00.q3",
    question="A model is 95 % accurate. 95 % of the test images are of one class. What do you know?",
    options=(
        Option(
            "The model is good",
            "Always answering with the large class scores 95 % as well, without looking at any image.",
        ),
        Option(
            "Too little: look at each class on its own",
            "A model that always says the large class scores the same. Accuracy per class tells them apart.",
        ),
        Option(
            "The model is bad",
            "It may be good or bad: the number fits both, so it does not tell you.",
        ),
    ),
    answer="b",
)

BYTES = Prediction(
    id="00.p1",
    question=(
        "How many kilobytes (1,000 bytes) does a colour photo of 400 × 300 pixels take as a `uint8` tensor?"
    ),
    explanation=(
        "400 × 300 pixels × 3 channels × 1 byte make 360,000 bytes. The JPEG file is far smaller: "
        "it is compressed, and the tensor is not."
    ),
    unit="kB",
    tolerance=0.1,
)

DIRTY = Prediction(
    id="00.p2",
    question="Trained on the dirty table: for how many of 100 test wines is the model right?",
    explanation=(
        "Rows with a hole were dropped, and a label in another spelling is another label: "
        "a model that answers `GROWER 1` is wrong."
    ),
    unit="wines",
    tolerance=0.1,
)

WAITING = Prediction(
    id="00.p3",
    question="With `num_workers=0`: of 100 seconds of training, how many does the program wait for data?",
    explanation=(
        "Without workers the program reads and decodes every photo itself, between two steps. "
        "The smaller the model, the larger the share of waiting."
    ),
    unit="s",
    tolerance=0.25,
)

CHAPTER = Chapter(
    number="00",
    title="Start here",
    exercises=(IMAGE_SIZE, COUNT_BATCHES, CLASS_SHARES, SAFE_WORKERS),
    quizzes=(SHAPE, DROP_LAST, ACCURACY),
    predictions=(BYTES, DIRTY, WAITING),
)
