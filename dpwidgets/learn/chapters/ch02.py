"""What chapter 02 asks: datasets, batches, workers, streams."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 02.1


def _reads_before(lazy: Any) -> int:
    """How many files are read while the dataset is made and asked for its length."""
    read: list[str] = []
    len(lazy(["a", "b", "c"], read.append))
    return len(read)


def _reads_of_one(lazy: Any) -> list[str]:
    """Which files are read for item 1."""
    read: list[str] = []
    lazy(["a", "b", "c"], read.append)[1]
    return read


LAZY_FILES = Exercise(
    id="02.1",
    title="A dataset that opens nothing too early",
    prompt=(
        "Write a dataset for the files in `paths`. Item `i` is `read(paths[i])`.\n"
        "Call `read` only when an item is asked for, and only for that item."
    ),
    stub="""
from collections.abc import Callable

from torch.utils.data import Dataset

class LazyFiles(Dataset):
    def __init__(self, paths: list[str], read: Callable) -> None:
        ...

    def __len__(self) -> int:
        ...

    def __getitem__(self, i: int):
        ...
""",
    checks=(
        Check(
            use=_reads_before,
            shown="files read by len(LazyFiles(paths, read))",
            expected=0,
            why="Files are read before anyone asked for an item. With a million files that takes hours.",
        ),
        Check(
            use=lambda lazy: len(lazy(["a", "b", "c"], str.upper)),
            shown='len(LazyFiles(["a", "b", "c"], str.upper))',
            expected=3,
            why="The length is the number of paths.",
        ),
        Check(
            use=lambda lazy: lazy(["a", "b", "c"], str.upper)[1],
            shown='LazyFiles(["a", "b", "c"], str.upper)[1]',
            expected="B",
            why="Item 1 is what `read` gives for the second path.",
            traps=(("b", "That is the path itself: give back what `read` makes of it."),),
        ),
        Check(
            use=_reads_of_one,
            shown="files read for item 1",
            expected=["b"],
            why="One item was asked for, so exactly one file must be read.",
        ),
        Check(
            use=lambda lazy: list(islice(lazy(["a", "b"], str.upper), 5)),
            shown='at most five items of a loop over LazyFiles(["a", "b"], str.upper)',
            expected=["A", "B"],
            why="Python walks through a dataset until it raises IndexError: it must not count past the end.",
        ),
    ),
    hints=(
        "What must the object remember, so that it can answer both questions later?",
        "Keep `paths` and `read` as attributes in `__init__`, and do nothing else there.",
        "`__len__` returns `len(self.paths)`; `__getitem__` returns `self.read(self.paths[i])`.",
    ),
    solution="""
from collections.abc import Callable

from torch.utils.data import Dataset

class LazyFiles(Dataset):
    def __init__(self, paths: list[str], read: Callable) -> None:
        self.paths, self.read = paths, read

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int):
        return self.read(self.paths[i])
""",
    explanation="`__init__` keeps the names, which is cheap; `__getitem__` reads, which is dear, one item.",
    why_it_matters=(
        "Such a dataset starts at once, needs little memory, travels to workers, and opens its files there."
    ),
    wrong=(
        WrongAnswer(
            "reads everything at the start",
            "class LazyFiles:\n"
            "    def __init__(self, paths, read):\n"
            "        self.items = [read(path) for path in paths]\n"
            "    def __len__(self):\n"
            "        return len(self.items)\n"
            "    def __getitem__(self, i):\n"
            "        return self.items[i]",
            says="before anyone asked",
        ),
        WrongAnswer(
            "gives the path back",
            "class LazyFiles:\n"
            "    def __init__(self, paths, read):\n"
            "        self.paths = paths\n"
            "    def __len__(self):\n"
            "        return len(self.paths)\n"
            "    def __getitem__(self, i):\n"
            "        return self.paths[i]",
            says="That is the path itself",
        ),
        WrongAnswer(
            "begins again after the last item",
            "class LazyFiles:\n"
            "    def __init__(self, paths, read):\n"
            "        self.paths, self.read = paths, read\n"
            "    def __len__(self):\n"
            "        return len(self.paths)\n"
            "    def __getitem__(self, i):\n"
            "        return self.read(self.paths[i % len(self.paths)])",
            says="must not count past the end",
        ),
        WrongAnswer(
            "reads all files at the first item",
            "class LazyFiles:\n"
            "    def __init__(self, paths, read):\n"
            "        self.paths, self.read = paths, read\n"
            "    def __len__(self):\n"
            "        return len(self.paths)\n"
            "    def __getitem__(self, i):\n"
            "        return [self.read(path) for path in self.paths][i]",
            says="exactly one file",
        ),
    ),
)

# --- exercise 02.2


def _detections() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Two images of 4 × 4 pixels: one with two boxes, one with none."""
    boxes = torch.tensor([[0, 0, 2, 2], [1, 1, 3, 4]])
    return [(torch.zeros(3, 4, 4), boxes), (torch.ones(3, 4, 4), torch.zeros(0, 4, dtype=torch.int64))]


def _shape(value: Any) -> object:
    """The shape of a tensor; in words what it is otherwise."""
    return tuple(value.shape) if isinstance(value, torch.Tensor) else f"{type(value).__name__}, not a tensor"


DETECTION_BATCH = Exercise(
    id="02.2",
    title="Images with any number of boxes",
    prompt=(
        "Each sample is an image `(3, H, W)` and its boxes `(k, 4)`, where `k` differs.\n"
        "Return the images stacked, and the boxes as a list with one tensor for each image."
    ),
    stub="""
import torch

def detection_batch(
    samples: list[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    ...
""",
    checks=(
        Check(
            use=lambda batch: _shape(batch(_detections())[0]),
            shown="shape of detection_batch(samples)[0]",
            expected=(2, 3, 4, 4),
            why="All images have one size, so they stack to `(B, 3, H, W)`.",
        ),
        Check(
            use=lambda batch: [_shape(boxes) for boxes in batch(_detections())[1]],
            shown="shapes of detection_batch(samples)[1]",
            expected=[(2, 4), (0, 4)],
            why="One tensor of boxes for each image, also where there are none.",
            traps=(
                ([(2, 4), (2, 4)], "The image without boxes got two: padding invents objects at (0, 0)."),
                (
                    [(4,), (4,)],
                    "All boxes lie in one tensor: nobody can tell which image they belong to.",
                ),
                ([(2, 4)], "The image without boxes is missing: the lists no longer belong together."),
            ),
        ),
        Check(
            use=lambda batch: [image.mean().item() for image in batch(_detections())[0]],
            shown="means of the images, where the first is all 0 and the second all 1",
            expected=[0.0, 1.0],
            why="The images must keep their order and their pixels: image i belongs to boxes i.",
        ),
        Check(
            use=lambda batch: type(batch(_detections())[1]).__name__,
            shown="type of detection_batch(samples)[1]",
            expected="list",
            why="The boxes are right, in another kind of collection: `list(boxes)` makes a list of them.",
        ),
    ),
    hints=(
        "Which half of a sample can be stacked, and which cannot?",
        "`zip(*samples)` turns a list of pairs into two tuples. `torch.stack` takes a tuple of tensors.",
        "`images, boxes = zip(*samples)`, then return `torch.stack(images), list(boxes)`.",
    ),
    solution="""
import torch

def detection_batch(
    samples: list[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    images, boxes = zip(*samples)
    return torch.stack(images), list(boxes)
""",
    explanation="A batch may be any structure: stack what is rectangular, keep the rest as a list.",
    why_it_matters="torchvision's detection models take exactly this; the default collate refuses it.",
    wrong=(
        WrongAnswer(
            "pads with boxes of zeros",
            "import torch\n"
            "from torch.nn.utils.rnn import pad_sequence\n\n"
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return torch.stack(images), list(pad_sequence(boxes, batch_first=True))",
            says="padding invents objects",
        ),
        WrongAnswer(
            "does not stack the images",
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return images, list(boxes)",
            says="so they stack",
        ),
        WrongAnswer(
            "leaves the boxes in a tuple",
            "import torch\n\n"
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return torch.stack(images), boxes",
            says="another kind of collection",
        ),
        WrongAnswer(
            "turns the images round",
            "import torch\n\n"
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return torch.stack(images[::-1]), list(boxes)",
            says="keep their order",
        ),
        WrongAnswer(
            "joins all boxes",
            "import torch\n\n"
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return torch.stack(images), torch.cat(boxes)",
            says="which image they belong to",
        ),
        WrongAnswer(
            "leaves out images without boxes",
            "import torch\n\n"
            "def detection_batch(samples):\n"
            "    images, boxes = zip(*samples)\n"
            "    return torch.stack(images), [each for each in boxes if len(each)]",
            says="no longer belong together",
        ),
    ),
)

# --- exercise 02.3

ASKED_FOR = Exercise(
    id="02.3",
    title="How far ahead?",
    prompt=(
        "A loader with `workers` (1 or more) and `factor` as its `prefetch_factor` has just delivered its "
        "batch number `taken` (1 for the first).\n"
        "How many of the `n` samples has it asked its workers for so far? "
        "Every batch but the last is full."
    ),
    stub="""
def asked_for(taken: int, n: int, batch_size: int, workers: int, factor: int) -> int:
    ...
""",
    checks=(
        Check(
            (1, 100, 1, 2, 2),
            expected=5,
            why="Two workers with two batches each are four ahead; the one you took makes five.",
            traps=(
                (4, "At the start it asks for four. For the batch that you took it asked for one more."),
                (3, "The factor counts for each worker: two workers, two batches each."),
                (2, "That is the factor alone. It counts batches for each worker, beside those you took."),
            ),
        ),
        Check(
            (3, 1000, 16, 2, 4),
            expected=176,
            why="2 × 4 batches ahead and 3 taken make 11 batches of 16 samples.",
            traps=((11, "These are batches. The question is about samples."),),
        ),
        Check(
            (1, 50, 16, 2, 2),
            expected=50,
            why="There are only 50 samples: it cannot ask for more.",
        ),
    ),
    hints=(
        "Count in batches first: those you have, and those that are on their way.",
        "On their way are `workers * factor` batches: for each batch taken, one new one is ordered.",
        "`min(n, (workers * factor + taken) * batch_size)`",
    ),
    solution="""
def asked_for(taken: int, n: int, batch_size: int, workers: int, factor: int) -> int:
    return min(n, (workers * factor + taken) * batch_size)
""",
    explanation="The number on the way stays the same until the data ends; what you took comes on top.",
    why_it_matters=(
        "These batches lie in memory. Eight workers, factor 4 and batches of 100 MB are more than 3 GB."
    ),
    wrong=(
        WrongAnswer(
            "forgets the batch that was taken",
            "def asked_for(taken, n, batch_size, workers, factor):\n"
            "    return min(n, workers * factor * batch_size)",
            says="asked for one more",
        ),
        WrongAnswer(
            "thinks that the factor is for all workers",
            "def asked_for(taken, n, batch_size, workers, factor):\n"
            "    return min(n, (factor + taken) * batch_size)",
            says="counts for each worker",
        ),
        WrongAnswer(
            "counts batches",
            "def asked_for(taken, n, batch_size, workers, factor):\n    return workers * factor + taken",
            says="The question is about samples",
        ),
        WrongAnswer(
            "reads past the end",
            "def asked_for(taken, n, batch_size, workers, factor):\n"
            "    return (workers * factor + taken) * batch_size",
            says="cannot ask for more",
        ),
    ),
)

# --- exercise 02.4


def _shares(share: Any, n: int, workers: int) -> list[list[int]]:
    """What each worker takes of a stream of n numbers: 10, 20, 30, ..."""
    stream = range(10, 10 * n + 1, 10)
    return [list(share(iter(stream), worker, workers)) for worker in range(workers)]


def _first_of_endless(share: Any) -> list[int]:
    """The first three items that worker 1 of 2 takes of a stream without an end."""

    def endless() -> Iterator[int]:
        yield from range(10, 10_000_000, 10)  # far more than a lazy answer takes
        raise RuntimeError("the stream was read to its end: take items one by one, with yield or islice")

    part = iter(share(endless(), 1, 2))
    return [next(part) for _ in range(3)]


STREAM_SHARE = Exercise(
    id="02.4",
    title="A worker's share of a stream",
    prompt=(
        "Worker number `worker` of `workers` reads the same `stream` as the others; numbers begin with 0. "
        "Return an iterator over its share: the first item goes to worker 0, the second to worker 1, and so "
        "on, in turn.\n"
        "The stream may be endless, so do not make a list of it."
    ),
    stub="""
import itertools
from collections.abc import Iterator

def my_share(stream: Iterator, worker: int, workers: int) -> Iterator:
    ...
""",
    checks=(
        Check(
            use=lambda share: _shares(share, 7, 2),
            shown="what workers 0 and 1 of 2 take of 10, 20, 30, 40, 50, 60, 70",
            expected=[[10, 30, 50, 70], [20, 40, 60]],
            why="The items go to the workers in turn: 10 to worker 0, 20 to worker 1, 30 to worker 0 again.",
            traps=(
                (
                    [[10, 20, 30, 40, 50, 60, 70]] * 2,
                    "Every worker takes everything: all items come twice.",
                ),
                ([[20, 40, 60], [30, 50, 70]], "The first item is lost: workers count from 0."),
                (
                    [[10, 20, 30], [40, 50, 60, 70]],
                    "Blocks need the length of the stream, and a stream has none: deal in turn.",
                ),
                (
                    [[10, 20, 30, 40, 50, 60, 70], []],
                    "The **value** of an item decided who takes it. Its place in the stream must decide.",
                ),
            ),
        ),
        Check(
            use=lambda share: _shares(share, 5, 1),
            shown="what a single worker takes of 10, 20, 30, 40, 50",
            expected=[[10, 20, 30, 40, 50]],
            why="One worker alone takes everything.",
        ),
        Check(
            use=_first_of_endless,
            shown="the first three items of worker 1 of 2, from an endless stream",
            expected=[20, 40, 60],
            why="Take the items one by one, as they come.",
        ),
    ),
    hints=(
        "Deal like cards, round and round. Where does worker 1 begin, and how far does it jump?",
        "`itertools.islice(stream, start, stop, step)` takes every `step`-th item without reading ahead.",
        "`itertools.islice(stream, worker, None, workers)`",
    ),
    solution="""
import itertools
from collections.abc import Iterator

def my_share(stream: Iterator, worker: int, workers: int) -> Iterator:
    return itertools.islice(stream, worker, None, workers)
""",
    explanation="Begin at the worker's number, jump by the number of workers: no item twice, none lost.",
    why_it_matters=(
        "Without sharing, an IterableDataset gives each sample once for each worker, and nothing warns. "
        "The model then trains on copies, and an epoch takes longer, not shorter."
    ),
    wrong=(
        WrongAnswer(
            "takes everything",
            "def my_share(stream, worker, workers):\n    return stream",
            says="all items come twice",
        ),
        WrongAnswer(
            "counts workers from 1",
            "import itertools\n\n"
            "def my_share(stream, worker, workers):\n"
            "    return itertools.islice(stream, worker + 1, None, workers)",
            says="workers count from 0",
        ),
        WrongAnswer(
            "deals by value",
            "def my_share(stream, worker, workers):\n"
            "    return (item for item in stream if item % workers == worker)",
            says="Its place in the stream",
        ),
        WrongAnswer(
            "cuts blocks",
            "def my_share(stream, worker, workers):\n"
            "    items = list(stream)\n"
            "    step = len(items) // workers\n"
            "    end = None if worker == workers - 1 else (worker + 1) * step\n"
            "    return iter(items[worker * step : end])",
            says="a stream has none",
        ),
    ),
)

# --- exercise 02.5


def _draw(rng: Callable[..., Any], *numbers: int) -> list[int]:
    """Five numbers of the generator for these arguments."""
    return [int(x) for x in rng(*numbers).integers(1_000_000, size=5)]


def _different(rng: Any) -> int:
    """How many different beginnings 27 generators have: seed, epoch and index from 0 to 2."""
    triples = [(s, e, i) for s in range(3) for e in range(3) for i in range(3)]
    return len({tuple(_draw(rng, *triple)) for triple in triples})


_TENS = [10**k for k in range(1, 10)]
_LARGE = [(0, 1, 0), (1, 0, 0), (0, 0, 1), (1, 11, 0), (11, 1, 0), (1, 1, 10)]
_LARGE += [(0, 0, ten) for ten in _TENS] + [(0, ten, 0) for ten in _TENS]

SAMPLE_RNG = Exercise(
    id="02.5",
    title="A generator for each sample",
    prompt=(
        "Return a NumPy generator for sample `index` in `epoch` of a run with `seed`.\n"
        "The same three numbers must give the same generator; any other three another one."
    ),
    stub="""
import numpy as np

def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    ...
""",
    checks=(
        Check(
            use=lambda rng: isinstance(rng(0, 0, 0), np.random.Generator),
            shown="isinstance(sample_rng(0, 0, 0), np.random.Generator)",
            expected=True,
            why="Return a generator: `np.random.default_rng(...)` makes one.",
        ),
        Check(
            use=lambda rng: _draw(rng, 3, 1, 7) == _draw(rng, 3, 1, 7),
            shown="two generators for (3, 1, 7) draw the same numbers",
            expected=True,
            why="The same sample draws other numbers each time: the run cannot be repeated.",
        ),
        Check(
            use=_different,
            shown="different generators among 27: seed, epoch and index from 0 to 2",
            expected=27,
            why="Some of the 27 generators are the same.",
            traps=(
                (9, "One of the three numbers makes no difference."),
                (3, "Only one of the three numbers makes a difference."),
                (1, "All 27 generators are the same: use the three numbers."),
                (7, "0 + 0 + 1 and 0 + 1 + 0 are the same sum: sample 1 of epoch 0 repeats in epoch 1."),
            ),
        ),
        Check(
            use=lambda rng: len({tuple(_draw(rng, *triple)) for triple in _LARGE}),
            shown=f"different generators among {len(_LARGE)} with larger numbers",
            expected=len(_LARGE),
            why=(
                "Small numbers were kept apart, large ones are not: the three run into each other, as "
                "(1, 11, 0) and (11, 1, 0), or sample 100 of epoch 0 and sample 0 of epoch 1."
            ),
        ),
    ),
    hints=(
        "A generator needs one seed, and you have three numbers. Adding them up loses which is which.",
        "`np.random.default_rng` also takes a list of whole numbers, and mixes all of them in.",
        "`np.random.default_rng([seed, epoch, index])`",
    ),
    solution="""
import numpy as np

def sample_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch, index])
""",
    explanation="NumPy mixes a list into one seed, so that each place counts and neighbours are unrelated.",
    why_it_matters=(
        "Such a run gives the same pictures with 0, 2 or 16 workers, and after a restart in the middle."
    ),
    wrong=(
        WrongAnswer(
            "adds the numbers up",
            "import numpy as np\n\n"
            "def sample_rng(seed, epoch, index):\n"
            "    return np.random.default_rng(seed + epoch + index)",
            says="the same sum",
        ),
        WrongAnswer(
            "glues the digits together",
            "import numpy as np\n\n"
            "def sample_rng(seed, epoch, index):\n"
            "    return np.random.default_rng(int(f'{seed}{epoch}{index}'))",
            says="run into each other",
        ),
        WrongAnswer(
            "leaves room for a hundred samples",
            "import numpy as np\n\n"
            "def sample_rng(seed, epoch, index):\n"
            "    return np.random.default_rng(10_000 * seed + 100 * epoch + index)",
            says="sample 0 of epoch 1",
        ),
        WrongAnswer(
            "forgets the epoch",
            "import numpy as np\n\n"
            "def sample_rng(seed, epoch, index):\n"
            "    return np.random.default_rng([seed, index])",
            says="makes no difference",
        ),
        WrongAnswer(
            "does not seed",
            "import numpy as np\n\ndef sample_rng(seed, epoch, index):\n    return np.random.default_rng()",
            says="cannot be repeated",
        ),
    ),
)

# --- exercise 02.6


def _order(seed: int, n: int) -> list[int]:
    order: list[int] = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order


STILL_TO_COME = Exercise(
    id="02.6",
    title="Go on in the middle of an epoch",
    prompt=(
        "The order of an epoch is `torch.randperm(n)`, drawn from a new generator that is seeded with "
        "`seed + epoch`.\n"
        "A run stopped after `done` samples. Return the list of the numbers that are still to come."
    ),
    stub="""
import torch

def still_to_come(n: int, seed: int, epoch: int, done: int) -> list[int]:
    ...
""",
    checks=(
        Check(
            (10, 5, 0, 4),
            expected=_order(5, 10)[4:],
            why="Draw the whole order again, then leave out what was done.",
            traps=(
                (_order(5, 10)[:4], "These four were done already: the others are still to come."),
                (list(range(4, 10)), "The epoch was shuffled: what is left is not 4 to 9."),
                (_order(5, 6), "A new order of the rest: it holds samples that were done already."),
                (torch.tensor(_order(5, 10)[4:]), "The right numbers, as a tensor: end with `.tolist()`."),
            ),
        ),
        Check(
            (10, 5, 2, 4),
            expected=_order(7, 10)[4:],
            why="Each epoch has its own order.",
            traps=((_order(5, 10)[4:], "That is the order of epoch 0: the epoch belongs into the seed."),),
        ),
        Check(
            use=lambda rest: (torch.manual_seed(0), rest(6, 1, 0, 0), torch.rand(1).item())[2],
            shown="torch.rand(1) after torch.manual_seed(0) and a call",
            expected=torch.rand(1, generator=torch.Generator().manual_seed(0)).item(),
            why="The call moved torch's global generator: use a `torch.Generator()` of its own.",
        ),
    ),
    hints=(
        "A seeded order can be drawn again. What do you need to know to find your place in it?",
        "`torch.Generator().manual_seed(number)` is a generator; `torch.randperm(n, generator=...)` uses it.",
        "`order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch))`, "
        "then `order[done:].tolist()`.",
    ),
    solution="""
import torch

def still_to_come(n: int, seed: int, epoch: int, done: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed + epoch)
    return torch.randperm(n, generator=generator)[done:].tolist()
""",
    explanation="The order follows from seed and epoch, so a checkpoint needs three numbers and no list.",
    why_it_matters=(
        "Give this list to `DataLoader(..., sampler=...)`, and a run that was stopped sees each sample once, "
        "as if nothing had happened."
    ),
    wrong=(
        WrongAnswer(
            "returns what was done",
            "import torch\n\n"
            "def still_to_come(n, seed, epoch, done):\n"
            "    generator = torch.Generator().manual_seed(seed + epoch)\n"
            "    return torch.randperm(n, generator=generator)[:done].tolist()",
            says="were done already",
        ),
        WrongAnswer(
            "forgets that the epoch was shuffled",
            "def still_to_come(n, seed, epoch, done):\n    return list(range(done, n))",
            says="was shuffled",
        ),
        WrongAnswer(
            "forgets the epoch",
            "import torch\n\n"
            "def still_to_come(n, seed, epoch, done):\n"
            "    generator = torch.Generator().manual_seed(seed)\n"
            "    return torch.randperm(n, generator=generator)[done:].tolist()",
            says="order of epoch 0",
        ),
        WrongAnswer(
            "seeds the global generator",
            "import torch\n\n"
            "def still_to_come(n, seed, epoch, done):\n"
            "    torch.manual_seed(seed + epoch)\n"
            "    return torch.randperm(n)[done:].tolist()",
            says="global generator",
        ),
    ),
)

# --- quiz

WHERE_COLLATE = Quiz(
    id="02.q1",
    question="With `num_workers=4`, where are the samples of one batch fetched and collated?",
    options=(
        Option(
            "Fetched by four workers, collated in the notebook",
            "Samples are not shared out, batches are: one worker makes all of a batch.",
        ),
        Option(
            "Fetched and collated by one worker",
            "Yes: the other three make the next batches meanwhile. A slow `collate_fn` runs in parallel too.",
        ),
        Option(
            "Fetched by one worker, collated in the notebook",
            "The batch arrives finished: `collate_fn` runs where the samples are, in the worker.",
        ),
    ),
    answer="b",
)

CACHED_WORKERS = Quiz(
    id="02.q2",
    question="All your images lie decoded in memory. Which loader is most likely the fastest?",
    options=(
        Option(
            "`num_workers=0` and a dataset with `__getitems__`",
            "Nothing is left to do in parallel; one call gives the whole batch, and no process must send it.",
        ),
        Option("`num_workers` = number of cores", "Sending a batch costs more than indexing it."),
        Option(
            "`num_workers=2, prefetch_factor=16`",
            "Reading further ahead fills memory; each batch still has to be sent.",
        ),
    ),
    answer="a",
)

COUNTED_BAD = Quiz(
    id="02.q3",
    question=(
        "`__getitem__` appends broken files to `self.bad`. "
        "After an epoch with two workers the list is empty. Why?"
    ),
    options=(
        Option("No file was broken", "Perhaps. But with `num_workers=0` the list may be full: compare."),
        Option(
            "Each worker filled the list of its own copy",
            "Yes. Processes share nothing by themselves: return the finding with the sample.",
        ),
        Option(
            "Lists are not thread-safe",
            "Threads would share the list. Workers are processes, and have one each.",
        ),
    ),
    answer="b",
)

# --- predictions

PARENT_COUNT = Prediction(
    id="02.p1",
    question=(
        "Two workers read seven samples, and `__getitem__` counts its calls in `self.calls`. "
        "What does the notebook's own dataset say?"
    ),
    explanation="Each worker counted in its own copy of the dataset. The notebook's copy was never asked.",
)

READ_AHEAD = Prediction(
    id="02.p2",
    question=(
        "Two workers, `prefetch_factor=2`, one sample per batch. You take one batch. "
        "How many samples has the loader asked for?"
    ),
    explanation="Two workers times two batches lie ahead, and one more is ordered for the one you took.",
)

DUPLICATES = Prediction(
    id="02.p3",
    question="The generator gives ten numbers. How many come out of a loader with two workers?",
    explanation="Each worker runs the whole generator: every number comes once for each worker.",
)

SAME_NOISE = Prediction(
    id="02.p4",
    question=(
        "A NumPy generator on the dataset, eight samples, two workers, two epochs: sixteen draws. "
        "How many of them are different?"
    ),
    explanation="Both workers begin with the same copy, four draws each, and so does the second epoch.",
)

CHAPTER = Chapter(
    number="02",
    title="Dataset and DataLoader",
    exercises=(
        LAZY_FILES,
        DETECTION_BATCH,
        ASKED_FOR,
        STREAM_SHARE,
        SAMPLE_RNG,
        STILL_TO_COME,
    ),
    quizzes=(WHERE_COLLATE, CACHED_WORKERS, COUNTED_BAD),
    predictions=(PARENT_COUNT, READ_AHEAD, DUPLICATES, SAME_NOISE),
)
