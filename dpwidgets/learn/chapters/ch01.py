"""What chapter 01 asks: tensors."""

import io
from collections.abc import Callable

import numpy as np
import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 01.1


def _changes_with(dtype: str) -> Callable[[Callable[[np.ndarray], torch.Tensor]], float]:
    """The first element of the answer's tensor after the array of `dtype` was overwritten with 9."""

    def first_element(own_copy: Callable[[np.ndarray], torch.Tensor]) -> float:
        array = np.zeros(3, dtype)
        tensor = own_copy(array)
        array[:] = 9
        return tensor[0].item()

    return first_element


OWN_COPY = Exercise(
    id="01.1",
    title="A tensor of your own",
    prompt=(
        "Make a `float32` tensor from a NumPy array of any number type. "
        "The tensor must **never** share memory with the array: change one, and the other stays."
    ),
    stub="""
import numpy as np
import torch

def own_copy(array: np.ndarray) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (np.array([0.5, 1.5, 2.5]),),
            expected=torch.tensor([0.5, 1.5, 2.5]),
            why="The values must be the same, as `float32`. NumPy's own floats are `float64`.",
        ),
        Check(
            use=_changes_with("float64"),
            shown="own_copy(array)[0] after array[:] = 9, for a float64 array of zeros",
            expected=0.0,
            why="The tensor changed with the array: they share memory.",
        ),
        Check(
            use=_changes_with("float32"),
            shown="own_copy(array)[0] after array[:] = 9, for a float32 array of zeros",
            expected=0.0,
            why=(
                "For an array that already is `float32` the tensor shares memory: where no conversion is "
                "needed, `from_numpy`, `as_tensor`, `torch.Tensor` and `.float()` hand on the same cells."
            ),
        ),
    ),
    hints=(
        "Some ways copy always, some only when they must. Which of them copies always?",
        "`torch.tensor(...)` always copies, and it takes `dtype=`.",
        "Return `torch.tensor(array, dtype=...)` with `torch.float32`.",
    ),
    solution="""
import numpy as np
import torch

def own_copy(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float32)
""",
    explanation=(
        "`torch.tensor` copies in every case. `from_numpy` never does, and `as_tensor` and `.to` copy "
        "only where "
        "the type changes, so code that works for `float64` arrays begins to share for `float32` ones."
    ),
    why_it_matters=(
        "A cache that shares memory with a buffer that is filled again holds the same sample many times. "
        "Nothing raises an error."
    ),
    wrong=(
        WrongAnswer(
            "shares the memory of float32 arrays",
            "import torch\ndef own_copy(array):\n    return torch.from_numpy(array).float()",
            says="already is `float32`",
        ),
        WrongAnswer(
            "as_tensor copies only when it must",
            "import torch\ndef own_copy(array):\n    return torch.as_tensor(array, dtype=torch.float32)",
            says="hand on the same cells",
        ),
        WrongAnswer(
            "the class with a capital T copies only when it must",
            "import torch\ndef own_copy(array):\n    return torch.Tensor(array)",
            says="`torch.Tensor`",
        ),
        WrongAnswer(
            "keeps NumPy's float64",
            "import torch\ndef own_copy(array):\n    return torch.tensor(array)",
            says="NumPy's own floats",
        ),
    ),
)

# --- exercise 01.2

BATCH_BYTES = Exercise(
    id="01.2",
    title="Bytes of a batch",
    prompt=(
        "How many bytes do the elements of a batch of `shape` take, for a `dtype`? "
        "Answer without making the tensor: it may be larger than the memory."
    ),
    stub="""
import torch

def batch_bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    ...
""",
    checks=(
        Check(
            ((32, 3, 224, 224), torch.float32),
            expected=19_267_584,
            why="Number of elements, times bytes of one element.",
            traps=(
                (4_816_896, "That is the number of elements. A `float32` takes 4 bytes."),
                (154_140_672, "That counts bits. A `float32` has 32 bits, that is 4 bytes."),
                (1_932, "Sizes are multiplied, not added."),
            ),
        ),
        Check(
            ((32, 3, 224, 224), torch.uint8),
            expected=4_816_896,
            why="A `uint8` takes one byte, a quarter of a `float32`.",
        ),
        Check(
            ((100_000, 3, 1024, 1024), torch.float64),
            expected=2_516_582_400_000,
            why="2.5 terabytes: the answer must not make the tensor.",
        ),
        Check(((), torch.int64), expected=8, why="The shape `()` is a single number: one element."),
    ),
    hints=(
        "Two facts are needed: how many elements, and how large one of them is.",
        "`math.prod(shape)` counts elements; a dtype has the attribute `itemsize`.",
        "Return `math.prod(shape) * dtype.itemsize`.",
    ),
    solution="""
import math

import torch

def batch_bytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    return math.prod(shape) * dtype.itemsize
""",
    explanation="`dtype.itemsize` is in bytes. `math.prod(())` is 1, which is right: a single number.",
    why_it_matters=(
        "You can say before the first run whether a batch fits, and what sending `uint8` would save."
    ),
    wrong=(
        WrongAnswer(
            "forgets the size of an element",
            "import math\ndef batch_bytes(shape, dtype):\n    return math.prod(shape)",
            says="number of elements",
        ),
        WrongAnswer(
            "adds the sizes",
            "def batch_bytes(shape, dtype):\n    return sum(shape) * dtype.itemsize",
            says="multiplied, not added",
        ),
        WrongAnswer(
            "counts bits",
            "import math\nimport torch\ndef batch_bytes(shape, dtype):\n"
            "    return math.prod(shape) * torch.finfo(dtype).bits",
            says="counts bits",
        ),
        WrongAnswer(
            "thinks every element takes four bytes",
            "import math\ndef batch_bytes(shape, dtype):\n    return 4 * math.prod(shape)",
            says="a quarter of a `float32`",
        ),
    ),
)

# --- exercise 01.3


def _keeps_its_input(brighten: Callable[[torch.Tensor, int], torch.Tensor]) -> list[int]:
    image = torch.tensor([10, 20], dtype=torch.uint8)
    brighten(image, 5)
    return image.tolist()


_LIMITED = [[100, 200, 255, 255]]
_OTHER_TYPES = (torch.float32, torch.int16, torch.int32, torch.int64)

BRIGHTEN = Exercise(
    id="01.3",
    title="Brighten without wrapping",
    prompt=(
        "Add `amount` (positive or negative, at most 255) to every pixel of a `uint8` image. "
        "What would leave the range stays at 0 or at 255. Give a `uint8` image back, and leave the "
        "input as it was."
    ),
    stub="""
import torch

def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (torch.tensor([[0, 100, 200, 255]], dtype=torch.uint8), 100),
            expected=torch.tensor(_LIMITED, dtype=torch.uint8),
            why="Bright pixels must stop at 255.",
            traps=(
                *(
                    (
                        torch.tensor(_LIMITED, dtype=dtype),
                        "The values are right, and the type is not: end with `.to(torch.uint8)`.",
                    )
                    for dtype in _OTHER_TYPES
                ),
                (
                    torch.tensor([[100, 200, 44, 99]], dtype=torch.uint8),
                    "The sum wrapped around before anything could limit it: 200 + 100 became 44. "
                    "Compute in a type with room, limit, then go back to `uint8`.",
                ),
            ),
        ),
        Check(
            (torch.tensor([0, 50, 255], dtype=torch.uint8), -60),
            expected=torch.tensor([0, 0, 195], dtype=torch.uint8),
            why="Dark pixels must stop at 0, and not come back as bright ones.",
        ),
        Check(
            use=_keeps_its_input,
            shown="image after brighten(image, 5), where image is [10, 20]",
            expected=[10, 20],
            why="The input was changed. Work on a copy: no method with `_` at its end on the input.",
        ),
    ),
    hints=(
        "In which type can 200 + 100 be kept? Limit there, and convert last.",
        "`image.to(torch.int16)` has room for -255 to 510; `.clamp(0, 255)` limits.",
        "Return `(image.to(torch.int16) + amount)`, clamped, then `.to(torch.uint8)`.",
    ),
    solution="""
import torch

def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    return (image.to(torch.int16) + amount).clamp(0, 255).to(torch.uint8)
""",
    explanation=(
        "The sum is computed in `int16`, where nothing wraps, then limited, then converted. "
        "The order is all: after a sum in `uint8` there is nothing left to limit."
    ),
    why_it_matters="Wrapped pixels turn a white sky black. Training goes on, and the model learns from it.",
    wrong=(
        WrongAnswer(
            "limits too late",
            "def brighten(image, amount):\n    return (image + amount).clamp(0, 255)",
            says="wrapped around before",
        ),
        WrongAnswer(
            "gives floats back",
            "def brighten(image, amount):\n    return (image.float() + amount).clamp(0, 255)",
            says="the type is not",
        ),
        WrongAnswer(
            "limits only above",
            "import torch\n"
            "def brighten(image, amount):\n"
            "    return (image.to(torch.int16) + amount).clamp(max=255).to(torch.uint8)",
            says="Dark pixels must stop at 0",
        ),
        WrongAnswer(
            "overwrites the input",
            "import torch\n"
            "def brighten(image, amount):\n"
            "    image.copy_((image.to(torch.int16) + amount).clamp(0, 255))\n"
            "    return image",
            says="The input was changed",
        ),
    ),
)

# --- exercise 01.4

SAFE_LOSS = Exercise(
    id="01.4",
    title="A loss that cannot broadcast",
    prompt=(
        "Return the mean squared error of `prediction`, shape `(n,)`, and `target`, shape `(n,)` or "
        "`(n, 1)`. "
        "Compare element by element. If the numbers of elements differ, an error must come, not a number."
    ),
    stub="""
import torch

def safe_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (torch.tensor([1.0, 2.0, 6.0]), torch.tensor([[1.0], [2.0], [3.0]])),
            expected=torch.tensor(3.0),
            why="Only the last pair differs, by 3: the mean of 0, 0 and 9.",
            traps=(
                (
                    torch.tensor(57 / 9),
                    "That is the mean of all nine pairs: `(3,)` and `(3, 1)` were broadcast to `(3, 3)`.",
                ),
                (torch.tensor(9.0), "That is the sum; the mean was asked for."),
                (torch.tensor(1.0), "That is the mean of the differences themselves: square them first."),
                (3.0, "The value is right, as a plain number: without `.item()` it stays a tensor."),
            ),
        ),
        Check(
            (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])),
            expected=torch.tensor(2.0),
            why="Equal shapes must work as well.",
        ),
        Check(
            use=lambda safe_loss: _what_comes(safe_loss, torch.zeros(4), torch.zeros(1, 1)),
            shown="safe_loss(torch.zeros(4), torch.zeros(1, 1))",
            expected="an error",
            why="Four predictions and one target gave a number: a single target was broadcast to all four.",
            traps=(
                ("nothing", "Nothing was returned, so nobody hears of it here. Raise an error."),
                ("something else", "Whatever it is, it can be overlooked. Raise an error, or let one come."),
            ),
        ),
    ),
    hints=(
        "The shapes must be equal before you subtract. Who adapts to whom?",
        "`tensor.reshape(shape)` refuses where the numbers of elements differ; `squeeze()` does not.",
        "Subtract `target.reshape(prediction.shape)`, square, take the mean.",
    ),
    solution="""
import torch

def safe_loss(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((prediction - target.reshape(prediction.shape)) ** 2).mean()
""",
    explanation=(
        "`reshape` makes the shapes equal, or raises where that cannot be. After that nothing can broadcast."
    ),
    why_it_matters=(
        "The broadcast loss falls during training too, towards a model that predicts one mean for all."
    ),
    wrong=(
        WrongAnswer(
            "lets the shapes broadcast",
            "def safe_loss(prediction, target):\n    return ((prediction - target) ** 2).mean()",
            says="mean of all nine pairs",
        ),
        WrongAnswer(
            "squeezes, and lets one target serve all",
            "def safe_loss(prediction, target):\n    return ((prediction - target.squeeze()) ** 2).mean()",
            says="a single target was broadcast",
        ),
        WrongAnswer(
            "returns nothing where the numbers differ",
            "def safe_loss(prediction, target):\n"
            "    if prediction.numel() == target.numel():\n"
            "        return ((prediction - target.reshape(prediction.shape)) ** 2).mean()",
            says="Nothing was returned",
        ),
        WrongAnswer(
            "does not square",
            "def safe_loss(prediction, target):\n"
            "    return (prediction - target.reshape(prediction.shape)).abs().mean()",
            says="square them first",
        ),
        WrongAnswer(
            "takes the sum",
            "def safe_loss(prediction, target):\n"
            "    return ((prediction - target.reshape(prediction.shape)) ** 2).sum()",
            says="the mean was asked for",
        ),
    ),
)


def _what_comes(function: Callable[..., object], *args: object) -> str:
    """Of a call: "an error", of whatever kind, "nothing", "a number", or "something else"."""
    try:
        value = function(*args)
    except Exception:
        return "an error"
    if value is None:
        return "nothing"
    return "a number" if isinstance(value, torch.Tensor | float) else "something else"


# --- exercise 01.5


def _batch(width: int) -> torch.Tensor:
    """Two images of 2 rows, with channels of 0, 51 and 255."""
    return torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1).repeat(2, 1, 2, width)


def _normalised(width: int) -> torch.Tensor:
    return torch.tensor([-2.0, 0.0, 1.0]).reshape(1, 3, 1, 1).repeat(2, 1, 2, width)


_MEAN, _STD = torch.tensor([0.5, 0.2, 0.75]), torch.tensor([0.25, 0.5, 0.25])

NORMALISE = Exercise(
    id="01.5",
    title="Normalise a batch by broadcasting",
    prompt=(
        "A batch of images is `uint8`, shape `(N, 3, H, W)`, 0 to 255. Give it back as `float32`: "
        "scaled to 0 to 1, "
        "then each **channel** minus its mean and divided by its standard deviation. `mean` and `std` "
        "have shape "
        "`(3,)`. No loop."
    ),
    stub="""
import torch

def normalise(batch: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_batch(3), _MEAN, _STD),
            expected=_normalised(3),
            why="Channel 0 is (0 - 0.5) / 0.25 = -2, channel 1 is 0, channel 2 is 1.",
            tolerance=1e-5,
            traps=(
                (
                    (_batch(3) / 255 - _MEAN) / _STD,
                    "The statistics of the channels went to the **columns**: shapes align from the "
                    "right, and "
                    "these images happen to be 3 wide. Give `mean` and `std` the shape `(3, 1, 1)`.",
                ),
                (
                    (_batch(3).float() - _MEAN[:, None, None]) / _STD[:, None, None],
                    "The pixels still run from 0 to 255, and the statistics belong to 0 to 1: divide by 255.",
                ),
                (
                    _normalised(3).double(),
                    "The values are right, in `float64`. `float32` was asked for: half the memory.",
                ),
            ),
        ),
        Check(
            (_batch(5), _MEAN, _STD),
            expected=_normalised(5),
            why="It must work for every width.",
            tolerance=1e-5,
        ),
    ),
    hints=(
        "Shapes align from the right: `(3,)` meets the last dimension, which is the width. Where are "
        "the channels?",
        "`mean[:, None, None]` or `mean.reshape(3, 1, 1)` moves the 3 to the place of the channels.",
        "Divide the batch by 255, subtract `mean[:, None, None]`, divide by `std[:, None, None]`.",
    ),
    solution="""
import torch

def normalise(batch: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    return (batch / 255 - mean[:, None, None]) / std[:, None, None]
""",
    explanation=(
        "`(3, 1, 1)` against `(N, 3, H, W)`: the sizes of 1 repeat over height and width, the missing "
        "dimension "
        "over the images. Dividing a `uint8` tensor gives `float32`."
    ),
    why_it_matters=(
        "This is what `v2.Normalize` does. With a wrong shape it fails loudly, or, 3 wide, silently."
    ),
    wrong=(
        WrongAnswer(
            "meets the columns",
            "def normalise(batch, mean, std):\n    return (batch / 255 - mean) / std",
            says="happen to be 3 wide",
        ),
        WrongAnswer(
            "forgets to scale",
            "def normalise(batch, mean, std):\n"
            "    return (batch.float() - mean[:, None, None]) / std[:, None, None]",
            says="divide by 255",
        ),
        WrongAnswer(
            "gives float64",
            "def normalise(batch, mean, std):\n"
            "    return (batch.double() / 255 - mean[:, None, None]) / std[:, None, None]",
            says="`float32` was asked for",
        ),
    ),
)

# --- exercise 01.6


def _saved_size(piece: object) -> str:
    """How large a file the answer for two rows out of ten thousand makes."""
    table = torch.zeros(10_000, 8)
    file = io.BytesIO()
    torch.save(piece(table, 2), file)  # type: ignore[operator]
    return "small" if file.tell() < 10_000 else "as large as the whole table"


SMALL_PIECE = Exercise(
    id="01.6",
    title="Keep a small piece of a large tensor",
    prompt=(
        "Return the first `k` rows of `table` as a tensor that owns **only** those rows, so that the "
        "large table can "
        "be freed, and `torch.save` writes only what you kept."
    ),
    stub="""
import torch

def small_piece(table: torch.Tensor, k: int) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (torch.arange(12).reshape(4, 3), 2),
            expected=torch.tensor([[0, 1, 2], [3, 4, 5]]),
            why="The first `k` rows, all columns.",
        ),
        Check(
            use=_saved_size,
            shown="size of the file that torch.save writes for small_piece(table, 2), table of 10,000 × 8",
            expected="small",
            why=(
                "The piece still looks at the memory of the whole table, and the file holds all of it. "
                "A slice is a "
                "view, and `contiguous()` copies nothing where a view already is contiguous."
            ),
        ),
    ),
    hints=(
        "A slice copies nothing. Which method always copies?",
        "`clone()` makes new memory for the elements that are looked at, and no more.",
        "Slice first, `table[:k]`, then clone the slice.",
    ),
    solution="""
import torch

def small_piece(table: torch.Tensor, k: int) -> torch.Tensor:
    return table[:k].clone()
""",
    explanation=(
        "`table[:k]` shares the storage of the table. `.clone()` copies the elements of the slice into "
        "a storage "
        "of their own. Cloning first and slicing then would copy everything and share again."
    ),
    why_it_matters=(
        "A cache of slices keeps every batch alive that a slice came from, and checkpoints grow "
        "without reason."
    ),
    wrong=(
        WrongAnswer(
            "keeps a view", "def small_piece(table, k):\n    return table[:k]", says="A slice is a view"
        ),
        WrongAnswer(
            "asks for contiguous memory",
            "def small_piece(table, k):\n    return table[:k].contiguous()",
            says="copies nothing where a view already is contiguous",
        ),
        WrongAnswer(
            "clones the table",
            "def small_piece(table, k):\n    return table.clone()[:k]",
            says="memory of the whole table",
        ),
        WrongAnswer(
            "takes columns",
            "def small_piece(table, k):\n    return table[:, :k].clone()",
            says="first `k` rows",
        ),
    ),
)

# --- quiz

TRANSPOSED = Quiz(
    id="01.q1",
    question="`x` has a million elements. What does `x.t()` copy?",
    options=(
        Option(
            "All elements, in another order", "Then it would take as long as a copy. Look at the strides."
        ),
        Option("Nothing", "It is a view: the same memory, with the two strides exchanged."),
        Option(
            "Only the elements off the diagonal",
            "No element moves. The rule that finds an element in memory changes.",
        ),
    ),
    answer="b",
)

SHAPES = Quiz(
    id="01.q2",
    question="Shapes `(8, 1, 6)` and `(7, 1)` meet. Which shape has the result?",
    options=(
        Option("They clash", "From the right: 6 meets 1, 1 meets 7, 8 meets nothing. No pair clashes."),
        Option("`(8, 7, 6)`", "6 meets 1, 1 meets 7, 8 meets nothing: each time the larger size stays."),
        Option("`(8, 1, 6)`", "The 1 in the middle meets a 7, and takes its size."),
        Option("`(7, 8, 6)`", "Dimensions keep their order; they are aligned from the right."),
    ),
    answer="b",
)

ALLOCATION = Quiz(
    id="01.q3",
    question="Which of these adds two large tensors without new memory for the result?",
    options=(
        Option("`torch.add(a, b)`", "The same kernel as `a + b`, and a new tensor like it."),
        Option("`a = a + b`", "This makes a new tensor and then gives it the old name."),
        Option("`torch.add(a, b, out=c)`", "The result is written into the memory that `c` has already."),
        Option("`(a + b).clone()`", "That makes two new tensors."),
    ),
    answer="c",
)

MEAN_OF_INTS = Quiz(
    id="01.q4",
    question="What does `torch.tensor([1, 2, 4]).mean()` give?",
    options=(
        Option("2.3333", "NumPy would. Torch does not change the type on its own here."),
        Option("2", "Torch does not round silently either."),
        Option("An error", "The tensor is `int64`, and a mean needs a float type: write `.float().mean()`."),
    ),
    answer="c",
)

# --- predictions

INFERRED = Prediction(
    id="01.p1",
    question="Which dtype has `torch.tensor([1, 2, 3.0])`? Give it as text, such as `int64` or `float64`.",
    explanation=(
        "One float makes all of them float, and torch's own floats are float32. NumPy would say float64."
    ),
)

WRAPPED = Prediction(
    id="01.p2",
    question="A pixel is 200, as `uint8`. What is it after adding 100?",
    explanation="A `uint8` ends at 255. What is above begins again at 0: 300 - 256.",
)

SHARING = Prediction(
    id="01.p3",
    question=(
        "`torch.tensor`, `torch.as_tensor` and `torch.from_numpy` each make a tensor of one array. "
        "Then the array "
        "is changed. How many of the three tensors change with it?"
    ),
    explanation=(
        "Only `torch.tensor` copies. `as_tensor` shares whenever the dtype allows it, `from_numpy` always."
    ),
    unit="tensors",
)

GROWN = Prediction(
    id="01.p4",
    question=(
        "Predictions have shape `(5,)`, targets `(5, 1)`. How many elements has `predictions - targets`?"
    ),
    explanation=(
        "Aligned from the right, 5 meets 1 and nothing meets 5: the result is (5, 5). Every prediction "
        "is compared "
        "with every target."
    ),
    unit="elements",
)

CHAPTER = Chapter(
    number="01",
    title="Tensors",
    exercises=(OWN_COPY, BATCH_BYTES, BRIGHTEN, SAFE_LOSS, NORMALISE, SMALL_PIECE),
    quizzes=(TRANSPOSED, SHAPES, ALLOCATION, MEAN_OF_INTS),
    predictions=(INFERRED, WRAPPED, SHARING, GROWN),
)
