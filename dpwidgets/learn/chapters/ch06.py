"""What chapter 06 asks: splitting and batching."""

from typing import Any

import numpy as np
import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 06.1

_RARE = np.repeat([0, 1], [90, 10])
_SEEDS = range(20)


def _every_row_once(parts: Any) -> str | None:
    found = np.sort(np.concatenate([np.asarray(part) for part in parts]))
    if len(found) == len(_RARE) and (found == np.arange(len(_RARE))).all():
        return None
    if set(found.tolist()) == {0, 1}:
        return "These are labels: split `np.arange(len(labels))`, and return the row numbers."
    if len(np.unique(found)) < len(found):
        return "A row stands in two parts. Return numbers of the table's rows, not positions within a part."
    return "Rows are missing: together the parts must hold all rows of the table."


def _same_shares(counts: Any) -> str | None:
    """`counts`: positives in training, validation and test for each seed."""
    if len({train for train, _, _ in counts}) > 1:
        return (
            "The training part has another number of positives with each seed: the first step draws blindly."
        )
    if len(set(counts)) > 1:
        return (
            "Training is right, but validation and test differ from seed to seed: "
            "the second step needs the labels of the rows that are left."
        )
    return None if counts[0] == (6, 2, 2) else f"The positives are shared out as {counts[0]}."


def _drawn(split: Any) -> list[tuple[tuple[int, ...], ...]]:
    """The parts with seeds 0, 0, and 1 to 5."""
    return [tuple(tuple(int(row) for row in part) for part in split(_RARE, s)) for s in (0, 0, *range(1, 6))]


def _from_the_seed(draws: list[tuple[tuple[int, ...], ...]]) -> str | None:
    if draws[0] != draws[1]:
        return "The same seed gave two different splits: both steps need `random_state=seed`."
    if len(set(draws)) == 1:
        return "Every seed gives the same split: `random_state` must be `seed`."
    return None


SPLIT_ROWS = Exercise(
    id="06.1",
    title="Three parts, classes alike",
    prompt=(
        "Return the row numbers for training (60 %), validation (20 %) and test (20 %), as three arrays.\n"
        "Each part must hold the same share of each class. `seed` is the `random_state`."
    ),
    stub="""
import numpy as np

def split_rows(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ...
""",
    checks=(
        Check(
            use=lambda split: tuple(len(part) for part in split(_RARE, 0)),
            shown="sizes of the parts of split_rows(labels, 0), 100 rows",
            expected=(60, 20, 20),
            why="100 rows give 60, 20 and 20.",
            traps=(
                ((60, 32, 8), "0.2 of the 40 rows that are left is 8. Half of them is 20."),
                ((80, 16, 4), "40 % must leave the training part in the first step."),
            ),
        ),
        Check(
            use=lambda split: split(_RARE, 0),
            shown="split_rows(labels, 0)",
            judge=_every_row_once,
            wants="every row in exactly one part",
        ),
        Check(
            use=lambda split: [tuple(int(_RARE[part].sum()) for part in split(_RARE, s)) for s in _SEEDS],
            shown="positives in the parts, for 20 seeds; labels has 10",
            judge=_same_shares,
            wants="6, 2 and 2 positives, with every seed",
        ),
        Check(
            use=_drawn,
            shown="split_rows(labels, seed), for seeds 0, 0, 1, 2, 3, 4 and 5",
            judge=_from_the_seed,
            wants="the same parts for the same seed, others for other seeds",
        ),
    ),
    hints=(
        "Two steps: cut off 40 %, then cut that in half. Both steps must look at the labels.",
        "`train_test_split(rows, test_size=..., random_state=seed, stratify=...)` splits row numbers too.",
        "Split `np.arange(len(labels))` with `stratify=labels`, then `rest` with `stratify=labels[rest]`.",
    ),
    solution="""
import numpy as np
from sklearn.model_selection import train_test_split

def split_rows(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.arange(len(labels))
    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=labels)
    val, test = train_test_split(rest, test_size=0.5, random_state=seed, stratify=labels[rest])
    return train, val, test
""",
    explanation="Row numbers are split, and the labels of those rows say how. Both calls need them.",
    why_it_matters=(
        "With row numbers one split serves the table, the images and the labels alike, and can be saved."
    ),
    wrong=(
        WrongAnswer(
            "does not stratify",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=seed)\n"
            "    return train, *train_test_split(rest, test_size=0.5, random_state=seed)",
            says="the first step draws blindly",
        ),
        WrongAnswer(
            "stratifies the first step only",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=labels)\n"
            "    return train, *train_test_split(rest, test_size=0.5, random_state=seed)",
            says="the second step needs the labels",
        ),
        WrongAnswer(
            "takes 0.2 of the rest",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=labels)\n"
            "    left = labels[rest]\n"
            "    return train, *train_test_split(rest, test_size=0.2, random_state=seed, stratify=left)",
            says="Half of them is 20",
        ),
        WrongAnswer(
            "returns positions within the rest",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=labels)\n"
            "    places = np.arange(len(rest))\n"
            "    return train, *train_test_split(places, test_size=0.5, random_state=seed)",
            says="A row stands in two parts",
        ),
        WrongAnswer(
            "splits the labels themselves",
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    train, rest = train_test_split(labels, test_size=0.4, random_state=seed, stratify=labels)\n"
            "    return train, *train_test_split(rest, test_size=0.5, random_state=seed, stratify=rest)",
            says="These are labels",
        ),
        WrongAnswer(
            "forgets the seed in the second step",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=labels)\n"
            "    return train, *train_test_split(rest, test_size=0.5, stratify=labels[rest])",
            says="both steps need",
        ),
        WrongAnswer(
            "always takes 42",
            "import numpy as np\n"
            "from sklearn.model_selection import train_test_split\n\n"
            "def split_rows(labels, seed):\n"
            "    rows = np.arange(len(labels))\n"
            "    train, rest = train_test_split(rows, test_size=0.4, random_state=42, stratify=labels)\n"
            "    left = labels[rest]\n"
            "    return train, *train_test_split(rest, test_size=0.5, random_state=42, stratify=left)",
            says="must be `seed`",
        ),
    ),
)

# --- exercise 06.2

_PATIENTS = [f"patient-{n}" for n in (0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 5, 5, 5)]


def _names(rows: Any) -> set[str]:
    return {_PATIENTS[row] for row in rows}


def _whole_groups(parts: Any) -> str | None:
    train, test = parts
    if any(isinstance(row, str) for row in (*train, *test)):
        return "These are names of groups: return the numbers of their rows."
    if shared := _names(train) & _names(test):
        return f"{len(shared)} of the groups stand on both sides: choose groups, not rows."
    if sorted([*train, *test]) != list(range(len(_PATIENTS))):
        return "Each row must stand in exactly one of the two lists."
    if len(_names(train)) == 2:
        return "The two parts are swapped: training comes first, then the test part."
    if len(_names(test)) != 2:
        return f"The test part holds {len(_names(test))} groups, and 2 were asked for."
    return None


def _tests(split: Any) -> list[list[int]]:
    """The test rows with seeds 0, 0, and 1 to 20."""
    return [sorted(split(_PATIENTS, 2, seed)[1]) for seed in (0, 0, *range(1, 21))]


def _follows_the_seed(tests: list[list[int]]) -> str | None:
    if tests[0] != tests[1]:
        return "The same seed gave two different splits: take all chance from `random.Random(seed)`."
    if any(len(_names(rows)) != 2 for rows in tests):
        return (
            "With some seeds the test part does not hold 2 groups: a group with many rows was drawn twice. "
            "Draw from the names, where each group stands once."
        )
    if len({tuple(rows) for rows in tests}) == 1:
        return "Every seed gives the same groups: chance must choose them."
    return None


SPLIT_GROUPS = Exercise(
    id="06.2",
    title="Whole groups",
    prompt=(
        "`groups[i]` names the group of row `i`. Choose `test_groups` groups by chance, from `seed`.\n"
        "Return two lists of row numbers: all rows of the other groups, and all rows of the chosen ones."
    ),
    stub="""
def split_groups(groups: list[str], test_groups: int, seed: int) -> tuple[list[int], list[int]]:
    ...
""",
    checks=(
        Check(
            use=lambda split: split(_PATIENTS, 2, 0),
            shown="split_groups(groups, 2, seed=0), 14 rows of 6 patients",
            judge=_whole_groups,
            wants="all rows of 2 patients in the test part, all other rows in training",
        ),
        Check(
            use=_tests,
            shown="test rows of split_groups(groups, 2, seed), for several seeds",
            judge=_follows_the_seed,
            wants="2 groups with every seed: the same for the same seed, others for other seeds",
        ),
    ),
    hints=(
        "What is drawn here: rows or names? Draw first, then look where each row belongs.",
        "`random.Random(seed).sample(names, k)` draws `k` names. `sorted(set(groups))` has each once.",
        "`chosen = set(...)`, then two list comprehensions over `enumerate(groups)`.",
    ),
    solution="""
import random

def split_groups(groups: list[str], test_groups: int, seed: int) -> tuple[list[int], list[int]]:
    chosen = set(random.Random(seed).sample(sorted(set(groups)), test_groups))
    train = [row for row, group in enumerate(groups) if group not in chosen]
    test = [row for row, group in enumerate(groups) if group in chosen]
    return train, test
""",
    explanation=(
        "Names are drawn, and every row follows its name. `sorted` matters: the order of a set of texts "
        "changes from process to process, and with it what the seed draws."
    ),
    why_it_matters="The test part asks what you want to know: how good is the model for a new patient?",
    wrong=(
        WrongAnswer(
            "draws rows",
            "import random\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    rows = list(range(len(groups)))\n"
            "    random.Random(seed).shuffle(rows)\n"
            "    return rows[5:], rows[:5]",
            says="stand on both sides",
        ),
        WrongAnswer(
            "always takes the first groups",
            "def split_groups(groups, test_groups, seed):\n"
            "    chosen = sorted(set(groups))[:test_groups]\n"
            "    rows = range(len(groups))\n"
            "    train = [row for row in rows if groups[row] not in chosen]\n"
            "    return train, [row for row in rows if groups[row] in chosen]",
            says="Every seed gives the same groups",
        ),
        WrongAnswer(
            "takes one group only",
            "import random\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    chosen = [groups[seed % len(groups)]]\n"
            "    rows = range(len(groups))\n"
            "    train = [row for row in rows if groups[row] not in chosen]\n"
            "    return train, [row for row in rows if groups[row] in chosen]",
            says="and 2 were asked for",
        ),
        WrongAnswer(
            "ignores the seed",
            "import random\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    chosen = random.sample(sorted(set(groups)), test_groups)\n"
            "    rows = range(len(groups))\n"
            "    train = [row for row in rows if groups[row] not in chosen]\n"
            "    return train, [row for row in rows if groups[row] in chosen]",
            says="take all chance from",
        ),
        WrongAnswer(
            "returns names",
            "import random\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    names = sorted(set(groups))\n"
            "    random.Random(seed).shuffle(names)\n"
            "    return names[test_groups:], names[:test_groups]",
            says="return the numbers of their rows",
        ),
        WrongAnswer(
            "gives the test part first",
            "import random\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    chosen = random.Random(seed).sample(sorted(set(groups)), test_groups)\n"
            "    rows = range(len(groups))\n"
            "    test = [row for row in rows if groups[row] in chosen]\n"
            "    return test, [row for row in rows if groups[row] not in chosen]",
            says="parts are swapped",
        ),
        WrongAnswer(
            "draws from the rows' names",
            "import numpy as np\n\n"
            "def split_groups(groups, test_groups, seed):\n"
            "    chosen = np.random.default_rng(seed).choice(groups, test_groups, replace=False)\n"
            "    rows = range(len(groups))\n"
            "    train = [row for row in rows if groups[row] not in chosen]\n"
            "    return train, [row for row in rows if groups[row] in chosen]",
            says="was drawn twice",
        ),
    ),
)

# --- exercise 06.3


def _apart(in_test: Any) -> int:
    """Of 50 patients with four scans each, how many have scans on both sides."""
    return sum(len({in_test(f"patient-{p:02}/scan-{s}.png", 0.5) for s in range(4)}) > 1 for p in range(50))


def _chosen(in_test: Any) -> list[int]:
    return [p for p in range(40) if in_test(f"patient-{p:02}/scan-0.png", 0.2)]


HASHED_PATIENTS = Exercise(
    id="06.3",
    title="A split that stays",
    prompt=(
        "Say whether a file belongs to the test part. `file` is `patient/scan`, such as "
        '`"patient-07/scan-3.png"`; all scans of a patient stay together.\n'
        "Take the first 8 hexadecimal digits of the sha256 of the patient's name as a number, "
        "divide by `2**32`, and return whether that is below `share`."
    ),
    stub="""
def in_test(file: str, share: float) -> bool:
    ...
""",
    checks=(
        Check(
            use=_apart,
            shown="patients with scans on both sides, of 50",
            expected=0,
            why=(
                "Scans of one patient end in different parts. Hash the patient's name, without the scan; "
                "no other chance may come in."
            ),
        ),
        Check(
            use=_chosen,
            shown="patients from 0 to 39 in the test part, share = 0.2",
            expected=[9, 10, 15, 25, 29, 35, 36],
            why=(
                "Only sha256 of the name may decide, below `share` means test. "
                "Python's own `hash` gives other answers in each process."
            ),
            traps=(
                ([], "Nobody is chosen: divide the number by `2**32`, so that it lies between 0 and 1."),
                (
                    list(range(40)),
                    "Everybody is chosen: a number that is not 0 counts as true. Compare it with `share`.",
                ),
            ),
        ),
    ),
    hints=(
        "Which part of the file's name is the same for all scans of a patient?",
        "`hashlib.sha256(text.encode()).hexdigest()` is the digest; `int(digits, 16)` makes it a number.",
        '`file.split("/")[0]`, then `int(digest[:8], 16) / 2**32 < share`.',
    ),
    solution="""
import hashlib

def in_test(file: str, share: float) -> bool:
    patient = file.split("/")[0]
    number = int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) / 2**32
    return number < share
""",
    explanation="A name keeps its digest, and digests are spread evenly: below 0.2 lies a fifth of them.",
    why_it_matters=(
        "Next year's data can come: no patient moves from test to training. And a larger `share` only adds "
        "patients to the test part."
    ),
    wrong=(
        WrongAnswer(
            "hashes the whole name",
            "import hashlib\n\n"
            "def in_test(file, share):\n"
            "    return int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) / 2**32 < share",
            says="end in different parts",
        ),
        WrongAnswer(
            "takes Python's hash",
            'def in_test(file, share):\n    return hash(file.split("/")[0]) % 1000 / 1000 < share',
            says="other answers in each process",
        ),
        WrongAnswer(
            "draws",
            "import random\n\ndef in_test(file, share):\n    return random.random() < share",
            says="no other chance may come in",
        ),
        WrongAnswer(
            "forgets to divide",
            "import hashlib\n\n"
            "def in_test(file, share):\n"
            '    patient = file.split("/")[0]\n'
            "    return int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) < share",
            says="divide the number by",
        ),
        WrongAnswer(
            "returns the number",
            "import hashlib\n\n"
            "def in_test(file, share):\n"
            '    patient = file.split("/")[0]\n'
            "    return int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) / 2**32",
            says="Compare it with",
        ),
    ),
)

# --- exercise 06.4

_LABELS = torch.tensor([0, 0, 0, 0, 0, 0, 2, 2, 3])


def _balanced(weights: Any) -> str | None:
    if not isinstance(weights, torch.Tensor):
        return f"Return a tensor, not {type(weights).__name__}."
    if weights.shape != _LABELS.shape:
        return f"{weights.numel()} weights for {len(_LABELS)} rows: the sampler wants one for each row."
    sums = [weights[torch.eq(_LABELS, kind)].sum().item() for kind in (0, 2, 3)]
    if not np.isfinite(sums).all():
        return "A weight is not finite: a class that no row has must not be divided by."
    if np.allclose(sums, sums[0]) and sums[0] > 0:
        return None
    if sums[0] > 6 * sums[2]:
        return "Common rows get the larger weights: it is the other way round."
    if sums[0] < sums[2]:
        return "Rare classes are now drawn more often than common ones: divide by the count just once."
    return "Rare classes are still drawn less often: the weights of each class must add up to the same."


SAMPLE_WEIGHTS = Exercise(
    id="06.4",
    title="Weights for a sampler",
    prompt=(
        "Return one weight for each row, for `WeightedRandomSampler`: a float tensor as long as `labels`.\n"
        "With them each class that occurs must be drawn equally often."
    ),
    stub="""
import torch

def sample_weights(labels: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_LABELS,),
            judge=_balanced,
            wants="9 weights; those of the rows of each class add up to the same",
        ),
    ),
    hints=(
        "Six rows of one class share what a single row of another gets alone. What is each row's part?",
        "`torch.bincount(labels)` counts each class; indexing it with `labels` gives each row its count.",
        "`1 / torch.bincount(labels)[labels]`",
    ),
    solution="""
import torch

def sample_weights(labels: torch.Tensor) -> torch.Tensor:
    return 1 / torch.bincount(labels)[labels]
""",
    explanation="A class of n rows, each with 1/n, has the weight 1. So all classes weigh the same.",
    why_it_matters="The sampler takes weights of rows. Weights of classes belong into the loss.",
    wrong=(
        WrongAnswer(
            "one weight for each class",
            "import torch\n\ndef sample_weights(labels):\n    return 1 / torch.bincount(labels).clamp(min=1)",
            says="one for each row",
        ),
        WrongAnswer(
            "the count itself",
            "import torch\n\ndef sample_weights(labels):\n    return torch.bincount(labels)[labels].float()",
            says="the other way round",
        ),
        WrongAnswer(
            "one minus the share",
            "import torch\n\n"
            "def sample_weights(labels):\n"
            "    return 1 - torch.bincount(labels)[labels] / len(labels)",
            says="still drawn less often",
        ),
        WrongAnswer(
            "divides by the square of the count",
            "import torch\n\ndef sample_weights(labels):\n    return 1 / torch.bincount(labels)[labels] ** 2",
            says="more often than common ones",
        ),
    ),
)

# --- exercise 06.5

_PIECES = [[1.0, 1.0, 1.0, 1.0], [6.0]]


def _added_up(accumulate: Any, before: float | None) -> float:
    """The gradient that `accumulate` leaves in a model whose gradient for a row is the row itself."""
    model = torch.nn.Linear(1, 1, bias=False)
    if before is not None:
        model.weight.grad = torch.full((1, 1), before)
    pieces = [torch.tensor(piece)[:, None] for piece in _PIECES]
    accumulate(model, lambda model, piece: model(piece).mean(), pieces)
    if model.weight.grad is None:
        return 0.0
    return round(model.weight.grad.item(), 5)


def _most_at_once(accumulate: Any) -> int:
    """The largest number of rows that the loss was asked for in one call."""
    asked = [0]

    def loss_of(model: torch.nn.Module, piece: torch.Tensor) -> torch.Tensor:
        asked.append(len(piece))
        return torch.Tensor(model(piece)).mean()

    accumulate(torch.nn.Linear(1, 1), loss_of, [torch.ones(n, 1) for n in (4, 1)])
    return max(asked)


ACCUMULATE = Exercise(
    id="06.5",
    title="A batch in pieces",
    prompt=(
        "`loss_of(model, piece)` is the mean loss of a piece of rows. The pieces may differ in length, "
        "and only one of them fits into memory at a time.\n"
        "Leave in each parameter's `.grad` the gradient of the mean loss over all rows. "
        "Gradients from before must not count. Take no step."
    ),
    stub="""
from collections.abc import Callable

import torch

def accumulate(model: torch.nn.Module, loss_of: Callable, pieces: list[torch.Tensor]) -> None:
    ...
""",
    checks=(
        Check(
            use=lambda accumulate: _added_up(accumulate, None),
            shown="gradient for the pieces [1, 1, 1, 1] and [6]; each row's gradient is the row itself",
            expected=2.0,
            why="The mean of 1, 1, 1, 1 and 6 is 2.",
            traps=(
                (0.0, "No gradient arrived: call `backward()` on each scaled loss."),
                (7.0, "The means 1 and 6 were added: scale each piece's loss before `backward()`."),
                (3.5, "The single row counted as much as the four: a piece counts by its number of rows."),
                (6.0, "Only the last piece is left: clear the gradients once, before the loop."),
                (1.2, "Only the last piece is left: clear the gradients once, before the loop."),
                (10.0, "That is the sum over all rows: divide by their number."),
            ),
        ),
        Check(
            use=lambda accumulate: _added_up(accumulate, 100.0),
            shown="the same, with gradients of 100 left from an earlier step",
            expected=2.0,
            why="`backward()` adds to what is there: clear it first.",
        ),
        Check(
            use=_most_at_once,
            shown="the most rows that loss_of saw at once, for pieces of 4 rows and 1",
            expected=4,
            why="The pieces were put together again: ask for the loss of each piece by itself.",
        ),
    ),
    hints=(
        "How much does a piece of four rows count in a mean over five?",
        "`model.zero_grad()` clears. `(loss * share).backward()` adds a scaled gradient.",
        "The share of a piece is `len(piece) / total`, with `total = sum(len(piece) for piece in pieces)`.",
    ),
    solution="""
from collections.abc import Callable

import torch

def accumulate(model: torch.nn.Module, loss_of: Callable, pieces: list[torch.Tensor]) -> None:
    total = sum(len(piece) for piece in pieces)
    model.zero_grad()
    for piece in pieces:
        (loss_of(model, piece) * len(piece) / total).backward()
""",
    explanation="Each piece's mean, weighted by its share of the rows, adds up to the mean over all rows.",
    why_it_matters="You train with a batch that does not fit into memory, and get the same steps.",
    wrong=(
        WrongAnswer(
            "does not scale",
            "def accumulate(model, loss_of, pieces):\n"
            "    model.zero_grad()\n"
            "    for piece in pieces:\n"
            "        loss_of(model, piece).backward()",
            says="scale each piece's loss",
        ),
        WrongAnswer(
            "divides by the number of pieces",
            "def accumulate(model, loss_of, pieces):\n"
            "    model.zero_grad()\n"
            "    for piece in pieces:\n"
            "        (loss_of(model, piece) / len(pieces)).backward()",
            says="counts by its number of rows",
        ),
        WrongAnswer(
            "clears in the loop",
            "def accumulate(model, loss_of, pieces):\n"
            "    total = sum(len(piece) for piece in pieces)\n"
            "    for piece in pieces:\n"
            "        model.zero_grad()\n"
            "        (loss_of(model, piece) * len(piece) / total).backward()",
            says="once, before the loop",
        ),
        WrongAnswer(
            "does not clear",
            "def accumulate(model, loss_of, pieces):\n"
            "    total = sum(len(piece) for piece in pieces)\n"
            "    for piece in pieces:\n"
            "        (loss_of(model, piece) * len(piece) / total).backward()",
            says="clear it first",
        ),
        WrongAnswer(
            "joins the pieces again",
            "import torch\n\n"
            "def accumulate(model, loss_of, pieces):\n"
            "    model.zero_grad()\n"
            "    loss_of(model, torch.cat(pieces)).backward()",
            says="each piece by itself",
        ),
    ),
)

# --- exercise 06.6

LEARNING_RATE = Exercise(
    id="06.6",
    title="Scale and warm up",
    prompt=(
        "`base_rate` was good for batches of `base_batch`. Return the learning rate for batches of `batch`, "
        "by the linear rule.\n"
        "During the first `warm_up` updates it climbs in equal steps: update 0 gets 1/`warm_up` of it, "
        "update `warm_up - 1` all of it. With `warm_up = 0` there is no climb."
    ),
    stub="""
def learning_rate(update: int, base_rate: float, base_batch: int, batch: int, warm_up: int) -> float:
    ...
""",
    checks=(
        Check(
            (100, 0.1, 32, 256, 10),
            expected=0.8,
            why="Eight times the batch, eight times the rate; the climb is over.",
            traps=(
                (0.1, "The rate did not change: multiply by `batch / base_batch`."),
                (
                    0.1 * 8**0.5,
                    "That is the rule of the root, which suits Adam. Multiply by the factor itself.",
                ),
                (0.0125, "You divided: a larger batch gets the larger rate."),
                (8.8, "The climb goes on for ever: stop at 1."),
                (8.08, "The climb goes on for ever: stop at 1."),
                (8.0, "The climb goes on for ever: stop at 1."),
            ),
        ),
        Check(
            (0, 0.1, 32, 256, 10),
            expected=0.08,
            why="The first of ten updates gets a tenth of the full rate.",
            traps=(
                (
                    0.0,
                    "A rate of 0 wastes the first update: count it as 1, with `update + 1`, and divide with "
                    "`/`: `//` cuts to a whole number.",
                ),
                (0.8, "The first updates must be smaller."),
            ),
        ),
        Check((9, 0.1, 32, 256, 10), expected=0.8, why="The tenth of ten updates gets the full rate."),
        Check((0, 0.1, 32, 64, 0), expected=0.2, why="Without a climb the full rate is there at once."),
        Check(
            (5, 0.1, 32, 48, 0),
            expected=0.15,
            why="One and a half times the batch, one and a half times the rate.",
            traps=((0.1, "`48 // 32` is cut to 1: divide with `/`."),),
        ),
    ),
    hints=(
        "Two factors: one for the size of the batch, one that climbs to 1 and stays there.",
        "`batch / base_batch`, and `min(1, ...)` for the climb. Mind the division by `warm_up = 0`.",
        "`base_rate * batch / base_batch * (min(1, (update + 1) / warm_up) if warm_up else 1)`",
    ),
    solution="""
def learning_rate(update: int, base_rate: float, base_batch: int, batch: int, warm_up: int) -> float:
    climb = min(1, (update + 1) / warm_up) if warm_up else 1
    return base_rate * batch / base_batch * climb
""",
    explanation="The batch scales the rate; the climb protects the first steps, where the loss bends most.",
    why_it_matters="With such a factor in `lr_scheduler.LambdaLR` large batches train as small ones did.",
    wrong=(
        WrongAnswer(
            "divides by the batch",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    climb = min(1, (update + 1) / warm_up) if warm_up else 1\n"
            "    return base_rate * base_batch / batch * climb",
            says="a larger batch gets the larger rate",
        ),
        WrongAnswer(
            "starts at zero",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    climb = min(1, update / warm_up) if warm_up else 1\n"
            "    return base_rate * batch / base_batch * climb",
            says="wastes the first update",
        ),
        WrongAnswer(
            "climbs for ever",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    return base_rate * batch / base_batch * (update + 1) / warm_up",
            says="stop at 1",
        ),
        WrongAnswer(
            "has no warm-up",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    return base_rate * batch / base_batch",
            says="must be smaller",
        ),
        WrongAnswer(
            "takes the root",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    climb = min(1, (update + 1) / warm_up) if warm_up else 1\n"
            "    return base_rate * (batch / base_batch) ** 0.5 * climb",
            says="rule of the root",
        ),
        WrongAnswer(
            "cuts the quotient",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    climb = min(1, (update + 1) / warm_up) if warm_up else 1\n"
            "    return base_rate * (batch // base_batch) * climb",
            says="is cut to 1",
        ),
        WrongAnswer(
            "cuts the climb",
            "def learning_rate(update, base_rate, base_batch, batch, warm_up):\n"
            "    climb = min(1, (update + 1) // warm_up) if warm_up else 1\n"
            "    return base_rate * batch / base_batch * climb",
            says="wastes the first update",
        ),
    ),
)

# --- exercise 06.7

BATCHES_BY_LENGTH = Exercise(
    id="06.7",
    title="Batches of similar length",
    prompt=(
        "Return batches of row numbers, `size` in each, so that rows of similar length stand together: "
        "shortest first, rows of equal length in their order.\n"
        "The last batch may be shorter."
    ),
    stub="""
def batches_by_length(lengths: list[int], size: int) -> list[list[int]]:
    ...
""",
    checks=(
        Check(
            ([50, 10, 40, 20, 30], 2),
            expected=[[1, 3], [4, 2], [0]],
            why="By length the rows stand in the order 1, 3, 4, 2, 0; each batch is a list.",
            traps=(
                ([[10, 20], [30, 40], [50]], "These are lengths: return the numbers of the rows."),
                ([[0, 1], [2, 3], [4]], "The rows are still in their old order: sort them by length."),
                ([[0, 2], [4, 3], [1]], "Longest first: turn the order round."),
                ([[1, 3], [4, 2]], "Row 0 is lost: the last batch may be shorter, but must be there."),
            ),
        ),
        Check(
            ([3, 7, 3, 3], 3),
            expected=[[0, 2, 3], [1]],
            why="Rows of equal length keep their order.",
            traps=(
                (
                    [[0, 0, 0], [1]],
                    "Row 0 stands three times: `index` finds the first row of that length only. "
                    "Sort the row numbers themselves.",
                ),
                ([[3, 1]], "Rows are lost: a dict keeps one row for each length."),
            ),
        ),
    ),
    hints=(
        "Sort row numbers, not lengths. What do you sort them by?",
        "`sorted(range(len(lengths)), key=...)` sorts row numbers; slices of it are the batches.",
        "`order[at : at + size]` for `at` in `range(0, len(order), size)`.",
    ),
    solution="""
def batches_by_length(lengths: list[int], size: int) -> list[list[int]]:
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    return [order[at : at + size] for at in range(0, len(order), size)]
""",
    explanation="Python's sort keeps equal rows in order. Neighbours in `order` need little padding.",
    why_it_matters=(
        "`DataLoader(..., batch_sampler=batches)` takes this list. Shuffle the batches in each epoch, "
        "as `Buckets` in the chapter does."
    ),
    wrong=(
        WrongAnswer(
            "sorts the lengths",
            "def batches_by_length(lengths, size):\n"
            "    order = sorted(lengths)\n"
            "    return [order[at : at + size] for at in range(0, len(order), size)]",
            says="return the numbers of the rows",
        ),
        WrongAnswer(
            "does not sort",
            "def batches_by_length(lengths, size):\n"
            "    order = list(range(len(lengths)))\n"
            "    return [order[at : at + size] for at in range(0, len(order), size)]",
            says="sort them by length",
        ),
        WrongAnswer(
            "drops the last batch",
            "def batches_by_length(lengths, size):\n"
            "    order = sorted(range(len(lengths)), key=lambda row: lengths[row])\n"
            "    return [order[at : at + size] for at in range(0, len(order) - size + 1, size)]",
            says="must be there",
        ),
        WrongAnswer(
            "looks each length up",
            "def batches_by_length(lengths, size):\n"
            "    order = [lengths.index(length) for length in sorted(lengths)]\n"
            "    return [order[at : at + size] for at in range(0, len(order), size)]",
            says="`index` finds the first row",
        ),
        WrongAnswer(
            "keeps the rows in a dict by length",
            "def batches_by_length(lengths, size):\n"
            "    row_of = {length: row for row, length in enumerate(lengths)}\n"
            "    order = [row_of[length] for length in sorted(row_of)]\n"
            "    return [order[at : at + size] for at in range(0, len(order), size)]",
            says="a dict keeps one row",
        ),
    ),
)

# --- quiz

NEW_HOSPITALS = Quiz(
    id="06.q1",
    question=(
        "Five hospitals, 400 patients, 3,000 scans. The model will be used in new hospitals. "
        "What must stay together in the split?"
    ),
    options=(
        Option("Each scan by itself", "Then scans of one patient lie on both sides."),
        Option(
            "All scans of a patient",
            "That tells how good it is for new patients of the same hospitals: same devices, same habits.",
        ),
        Option(
            "All scans of a hospital",
            "Keep apart what will be new. With five hospitals the score is coarse, but it is honest.",
        ),
    ),
    answer="c",
)

SUDDEN_RISE = Quiz(
    id="06.q2",
    question=(
        "You store five changed copies of each image, split, train. Test accuracy rises from 0.91 to 0.99. "
        "What is the likeliest reason?"
    ),
    options=(
        Option(
            "Augmentation made the model better", "Perhaps a little. But look at what is in the test set."
        ),
        Option(
            "Copies of one original lie on both sides",
            "The test asks for images that the model has seen. Split first, or group by the original.",
        ),
        Option(
            "The test set is six times as large, so the score is more precise",
            "More precise does not mean higher, and copies are no new evidence.",
        ),
    ),
    answer="b",
)

QUARTER_NOISE = Quiz(
    id="06.q3",
    question="A batch of 32 gives a noisy gradient. For a quarter of the noise you need a batch of ...",
    options=(
        Option("128", "Four times the rows: √4 = 2, half the noise."),
        Option("512", "Sixteen times the rows: √16 = 4. That is why very large batches pay off so little."),
        Option("2,048", "64 times the rows: √64 = 8, an eighth of the noise."),
    ),
    answer="b",
)

SLOW_TRAINING = Quiz(
    id="06.q4",
    question=(
        "You raise the batch from 64 to 512 and change nothing else. "
        "After ten epochs the loss is far higher. Why?"
    ),
    options=(
        Option(
            "Ten epochs are now an eighth of the updates, and each is as long as before",
            "Raise the learning rate, with a warm-up, or train for more epochs.",
        ),
        Option(
            "The gradients vanished",
            "Their length tends to that over all rows. Depth makes them vanish, not the batch.",
        ),
        Option(
            "The gradient of a large batch points in a wrong direction",
            "It points in a better one: less noise.",
        ),
    ),
    answer="a",
)

# --- predictions

NO_POSITIVES = Prediction(
    id="06.p1",
    question="In how many percent of the seeds does the test set hold no positive row?",
    explanation=(
        "Each positive row misses the test set with a chance of 0.85. Ten of them miss it with about "
        "0.85 to the power of 10, a bit less because the test set's size is fixed."
    ),
    unit="%",
    tolerance=0.25,
)

COIN_SCORE = Prediction(
    id="06.p2",
    question=(
        "100 rows, 2,000 columns of noise, coin labels. The 20 columns that fit best are chosen "
        "with all rows. Which accuracy do five folds show then?"
    ),
    explanation=(
        "Among 2,000 columns of noise some fit the labels by accident, the test rows' labels too. "
        "Chosen inside each fold, they do not fit its test rows, and the score is that of a coin."
    ),
    tolerance=0.06,
)

MOVED = Prediction(
    id="06.p3",
    question=(
        "10,000 photos in 70 / 15 / 15, then 1,000 more, split again with the same seed. "
        "How many percent of the old photos end up in another part?"
    ),
    explanation="A longer list is shuffled differently. A seed repeats the shuffle of the same list.",
    unit="%",
    tolerance=0.25,
)

CHAPTER = Chapter(
    number="06",
    title="Splitting and batching",
    exercises=(
        SPLIT_ROWS,
        SPLIT_GROUPS,
        HASHED_PATIENTS,
        SAMPLE_WEIGHTS,
        ACCUMULATE,
        LEARNING_RATE,
        BATCHES_BY_LENGTH,
    ),
    quizzes=(NEW_HOSPITALS, SUDDEN_RISE, QUARTER_NOISE, SLOW_TRAINING),
    predictions=(NO_POSITIVES, COIN_SCORE, MOVED),
)
