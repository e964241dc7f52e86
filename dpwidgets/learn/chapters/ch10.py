"""What chapter 10 asks: splits, crops, statistics, which epoch to keep, when to stop, a confusion matrix."""

import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

SPLIT_BY_GROUP = Exercise(
    id="10.1",
    title="Split by group",
    prompt=(
        "`groups[i]` is the region that photo `i` comes from. Return the positions of the "
        "training photos and of "
        "the test photos, in order, so that every photo of a region in `test_groups` is in the test set."
    ),
    stub="""
def split_by_group(groups: list[str], test_groups: set[str]) -> tuple[list[int], list[int]]:
    ...
""",
    checks=(
        Check(
            (["a", "b", "a", "c", "b"], {"b"}),
            expected=([0, 2, 3], [1, 4]),
            why=(
                "A photo goes where its region goes: look up `groups[i]` in `test_groups` for each "
                "position `i`."
            ),
            traps=(
                (
                    ([0, 1, 2, 3], [4]),
                    "Region `b` is now on both sides: photo 1 trains, photo 4 tests. That is a leak.",
                ),
                (([1, 4], [0, 2, 3]), "The training positions come first in the pair."),
                (
                    (["a", "a", "c"], ["b", "b"]),
                    "Those are the regions. Return the positions of the photos; `enumerate` counts along.",
                ),
            ),
        ),
        Check(
            (["x", "x", "y"], {"x"}),
            expected=([2], [0, 1]),
            why="All photos of a test region are tested, also when that is most of them.",
        ),
    ),
    hints=(
        "The question for each photo is not 'which position?' but 'is its region one of the test regions?'",
        "`enumerate(groups)` gives position and region together. Two list comprehensions are enough.",
        (
            "`train = [i for i, g in enumerate(groups) if g not in test_groups]`, and the same with "
            "`in` for the test."
        ),
    ),
    solution="""
def split_by_group(groups: list[str], test_groups: set[str]) -> tuple[list[int], list[int]]:
    train = [i for i, group in enumerate(groups) if group not in test_groups]
    test = [i for i, group in enumerate(groups) if group in test_groups]
    return train, test
""",
    explanation=(
        "The unit that is drawn is the region, not the photo. scikit-learn's "
        "`StratifiedGroupKFold` does the same "
        "and keeps the classes balanced as well."
    ),
    why_it_matters=(
        "Near-copies on both sides of a split are the commonest reason why a model disappoints in use."
    ),
    wrong=(
        WrongAnswer(
            "one test photo for each region",
            "def split_by_group(groups, test_groups):\n"
            "    last = {g: i for i, g in enumerate(groups) if g in test_groups}\n"
            "    test = sorted(last.values())\n"
            "    return [i for i in range(len(groups)) if i not in test], test",
            says="That is a leak",
        ),
        WrongAnswer(
            "the regions themselves",
            "def split_by_group(groups, test_groups):\n"
            "    train = [group for group in groups if group not in test_groups]\n"
            "    return train, [group for group in groups if group in test_groups]",
            says="Those are the regions",
        ),
        WrongAnswer(
            "test first",
            "def split_by_group(groups, test_groups):\n"
            "    inside = [i for i, g in enumerate(groups) if g in test_groups]\n"
            "    return inside, [i for i, g in enumerate(groups) if g not in test_groups]",
            says="training positions come first",
        ),
    ),
)

CENTRE_CROP = Exercise(
    id="10.2",
    title="The largest centred square",
    prompt=(
        "Return the box `(left, upper, right, lower)` of the largest square in the middle of a "
        "picture, in whole "
        "pixels, as `PIL.Image.crop` wants it. Where a pixel is left over, round `left` and `upper` down."
    ),
    stub="""
def centre_square(width: int, height: int) -> tuple[int, int, int, int]:
    ...
""",
    checks=(
        Check(
            (400, 100),
            expected=(150, 0, 250, 100),
            why="The side is the shorter edge (100). What is left over (300) is shared by left and right.",
            traps=(
                (
                    (0, 0, 400, 100),
                    "That is the whole picture: made square, a circle in it becomes an ellipse.",
                ),
                (
                    (0, 0, 100, 100),
                    "That square sits in the corner. The subject is more often in the middle.",
                ),
                ((150, 0, 100, 100), "The last two are the right and lower edge, not width and height."),
                ((150.0, 0.0, 250.0, 100.0), "Whole pixels: `/` gives 150.0, `//` gives 150."),
            ),
        ),
        Check(
            (3, 8),
            expected=(0, 2, 3, 5),
            why="For a tall picture, what is left over is shared above and below.",
        ),
        Check(
            (10, 3),
            expected=(3, 0, 6, 3),
            why="7 pixels are left over: 3 to the left and 4 to the right, for `left` is rounded down.",
            traps=(((4, 0, 7, 3), "3.5 was rounded up to 4. Rounded down it is 3: `//` does that."),),
        ),
    ),
    hints=(
        "The side of the square cannot be longer than the shorter edge of the picture.",
        "`side = min(width, height)`; then `left` is half of what the width has too much.",
        "`left, upper = (width - side) // 2, (height - side) // 2`; add `side` for the other two.",
    ),
    solution="""
def centre_square(width: int, height: int) -> tuple[int, int, int, int]:
    side = min(width, height)
    left, upper = (width - side) // 2, (height - side) // 2
    return left, upper, left + side, upper + side
""",
    explanation=(
        "Cutting keeps the proportions; `Resize((224, 224))` on a 400 x 100 picture squeezes them by four."
    ),
    why_it_matters="A model that saw squeezed shapes in training meets true ones in use.",
    wrong=(
        WrongAnswer(
            "the whole picture",
            "def centre_square(width, height):\n    return 0, 0, width, height",
            says="an ellipse",
        ),
        WrongAnswer(
            "in the corner",
            "def centre_square(width, height):\n    side = min(width, height)\n    return 0, 0, side, side",
            says="in the corner",
        ),
        WrongAnswer(
            "width and height",
            "def centre_square(width, height):\n    side = min(width, height)\n"
            "    return (width - side) // 2, (height - side) // 2, side, side",
            says="right and lower edge",
        ),
        WrongAnswer(
            "fractions of pixels",
            "def centre_square(width, height):\n    side = min(width, height)\n"
            "    left, upper = (width - side) / 2, (height - side) / 2\n"
            "    return left, upper, left + side, upper + side",
            says="Whole pixels",
        ),
        WrongAnswer(
            "rounds to the nearest",
            "def centre_square(width, height):\n    side = min(width, height)\n"
            "    left, upper = round((width - side) / 2), round((height - side) / 2)\n"
            "    return left, upper, left + side, upper + side",
            says="Rounded down it is 3",
        ),
    ),
)

_DARK_AND_LIGHT = torch.stack([torch.zeros(3, 2, 2), torch.full((3, 2, 2), 255.0)]).to(torch.uint8)
_STEPS = torch.arange(24, dtype=torch.uint8).reshape(2, 3, 2, 2) * 10

CHANNEL_STATISTICS = Exercise(
    id="10.3",
    title="Mean and spread of each channel",
    prompt=(
        "`images` is a uint8 tensor of shape `(N, 3, H, W)`. Return the mean and the standard "
        "deviation of each "
        "channel over all pixels of all images, on the scale from 0 to 1: two tensors of shape "
        "`(3,)`. Use the "
        "population's standard deviation (`correction=0`)."
    ),
    stub="""
import torch

def channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    ...
""",
    checks=(
        Check(
            (_DARK_AND_LIGHT,),
            expected=(torch.full((3,), 0.5), torch.full((3,), 0.5)),
            why=(
                "Half of the pixels are 0 and half are 255: on the scale from 0 to 1, mean and spread "
                "are 0.5."
            ),
            tolerance=1e-4,
            traps=(
                (
                    (torch.full((3,), 0.5), torch.zeros(3)),
                    "A black and a white image have no spread inside, yet much between them: take the spread "
                    "over "
                    "all pixels at once, not the mean of the spreads of the images.",
                ),
                (
                    (torch.full((3,), 127.5), torch.full((3,), 127.5)),
                    "Divide by 255: the scale is from 0 to 1.",
                ),
                (
                    (torch.tensor(0.5), torch.tensor(0.5)),
                    "That is one number for all channels: reduce over the dimensions 0, 2 and 3, keep 1.",
                ),
                (
                    (torch.tensor([0.0, 1.0]), torch.zeros(2)),
                    "That is one number for each image: reduce over the dimensions 0, 2 and 3, keep 1.",
                ),
                (
                    (torch.full((3,), 0.5), torch.full((3,), 0.25)),
                    "That is the variance. The standard deviation is its square root: `std`.",
                ),
                (
                    (torch.full((3,), 0.5), torch.full((3,), (2 / 7) ** 0.5)),
                    "The mean is right. `std` divides by the count less 1, unless it is told "
                    "`correction=0`: 8 pixels show the difference.",
                ),
            ),
        ),
        Check(
            (_STEPS,),
            expected=(
                (_STEPS.float() / 255).mean(dim=(0, 2, 3)),
                (_STEPS.float() / 255).std(dim=(0, 2, 3), correction=0),
            ),
            why="Each channel has its own mean: reduce over the dimensions 0, 2 and 3, and keep dimension 1.",
            tolerance=1e-4,
        ),
    ),
    hints=(
        "Which of the four dimensions must be left when you are done?",
        (
            "`mean` and `std` take several dimensions at once: `dim=(0, 2, 3)`. uint8 has no mean: "
            "make it float first."
        ),
        "`x = images.float() / 255`, then `x.mean(dim=(0, 2, 3))` and `x.std(dim=(0, 2, 3), correction=0)`.",
    ),
    solution="""
import torch

def channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = images.float() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3), correction=0)
""",
    explanation=(
        "With these two, `Normalize` gives the training photos mean 0 and spread 1. With 0.5 it does not."
    ),
    why_it_matters="They are computed on the training photos alone: with the test photos they would leak.",
    wrong=(
        WrongAnswer(
            "mean of the images' spreads",
            "def channel_statistics(images):\n    x = images.float() / 255\n"
            "    return x.mean(dim=(0, 2, 3)), x.std(dim=(2, 3), correction=0).mean(dim=0)",
            says="not the mean of the spreads",
        ),
        WrongAnswer(
            "on the scale to 255",
            "def channel_statistics(images):\n    x = images.float()\n"
            "    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3), correction=0)",
            says="Divide by 255",
        ),
        WrongAnswer(
            "each image by itself",
            "def channel_statistics(images):\n    x = images.float() / 255\n"
            "    return x.mean(dim=(1, 2, 3)), x.std(dim=(1, 2, 3), correction=0)",
            says="one number for each image",
        ),
        WrongAnswer(
            "the variance",
            "def channel_statistics(images):\n    x = images.float() / 255\n"
            "    return x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)",
            says="That is the variance",
        ),
        WrongAnswer(
            "the sample's standard deviation",
            "def channel_statistics(images):\n    x = images.float() / 255\n"
            "    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))",
            says="unless it is told `correction=0`",
        ),
    ),
)

BEST_EPOCH = Exercise(
    id="10.4",
    title="Choose the epoch to keep",
    prompt=(
        "`history` holds one dictionary per epoch, with the keys `train_loss`, `val_accuracy` "
        "and `test_accuracy`. "
        "Return the position of the epoch whose model you would keep; on a tie, the earliest."
    ),
    stub="""
def best_epoch(history: list[dict[str, float]]) -> int:
    ...
""",
    checks=(
        Check(
            (
                [
                    {"train_loss": 0.9, "val_accuracy": 0.60, "test_accuracy": 0.62},
                    {"train_loss": 0.5, "val_accuracy": 0.81, "test_accuracy": 0.79},
                    {"train_loss": 0.4, "val_accuracy": 0.79, "test_accuracy": 0.80},
                    {"train_loss": 0.3, "val_accuracy": 0.80, "test_accuracy": 0.84},
                    {"train_loss": 0.1, "val_accuracy": 0.77, "test_accuracy": 0.78},
                ],
            ),
            expected=1,
            why="Keep the epoch with the highest accuracy on the validation photos.",
            traps=(
                (3, "You looked at the test set. Chosen by it, its score is no longer an honest estimate."),
                (2, "Positions count from 0: the second epoch has position 1."),
                (0.81, "That is the best value. Which position does it have?"),
                (
                    {"train_loss": 0.5, "val_accuracy": 0.81, "test_accuracy": 0.79},
                    "That is the right epoch, but its dictionary. Return its position in the list.",
                ),
                (
                    4,
                    "The training loss always falls: a model that learns the photos by heart has the lowest.",
                ),
            ),
        ),
        Check(
            (
                [
                    {"train_loss": 0.9, "val_accuracy": 0.7, "test_accuracy": 0.1},
                    {"train_loss": 0.5, "val_accuracy": 0.7, "test_accuracy": 0.2},
                ],
            ),
            expected=0,
            why="On a tie the earliest is kept: later epochs only fit the training photos more closely.",
        ),
    ),
    hints=(
        (
            "Three sets, three jobs: one to learn from, one to choose with, one to report. Which is "
            "for choosing?"
        ),
        "`max(range(n), key=...)` gives the position of the largest; on a tie it gives the first.",
        "`max(range(len(history)), key=lambda i: history[i]['val_accuracy'])`",
    ),
    solution="""
def best_epoch(history: list[dict[str, float]]) -> int:
    return max(range(len(history)), key=lambda i: history[i]["val_accuracy"])
""",
    explanation="Validation photos choose, test photos report. A number that was used to choose is too good.",
    why_it_matters="Choosing by the test score is a leak that no split can mend.",
    wrong=(
        WrongAnswer(
            "by the test score",
            (
                "def best_epoch(history):\n    return max(range(len(history)), key=lambda i: "
                "history[i]['test_accuracy'])"
            ),
            says="You looked at the test set",
        ),
        WrongAnswer(
            "by the training loss",
            (
                "def best_epoch(history):\n    return min(range(len(history)), key=lambda i: "
                "history[i]['train_loss'])"
            ),
            says="learns the photos by heart",
        ),
        WrongAnswer(
            "the dictionary",
            "def best_epoch(history):\n    return max(history, key=lambda row: row['val_accuracy'])",
            says="but its dictionary",
        ),
        WrongAnswer(
            "counts from 1",
            "def best_epoch(history):\n"
            "    scores = [row['val_accuracy'] for row in history]\n"
            "    return scores.index(max(scores)) + 1",
            says="Positions count from 0",
        ),
    ),
)

_CONFUSION = torch.tensor([[8, 2, 0], [1, 3, 0], [1, 0, 0]])

RECALL = Exercise(
    id="10.5",
    title="Read a confusion matrix",
    prompt=(
        "`confusion[t, p]` counts the photos of class `t` that the model called `p`. Return the "
        "recall of each "
        "class, a float tensor: of the photos of this class, the share that was recognised. A class without "
        "photos has recall 0."
    ),
    stub="""
import torch

def recall(confusion: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_CONFUSION,),
            expected=torch.tensor([0.8, 0.75, 0.0]),
            why="Row `t` holds the photos of class `t`: divide the diagonal by the sums of the rows.",
            tolerance=1e-4,
            traps=(
                (
                    torch.tensor([0.8, 0.6, 0.0]),
                    "You divided by the sums of the columns: that is precision, the share of right calls.",
                ),
                (
                    torch.tensor([0.8, 0.6, float("nan")]),
                    "You divided by the sums of the columns: that is precision, the share of right calls.",
                ),
                (
                    torch.tensor([8, 3, 0]) / 15,
                    "You divided by all photos. Each class has its own number of photos: the sum of its row.",
                ),
                (
                    torch.tensor(11 / 15),
                    "That is the accuracy, one number for all photos. Recall is asked for each class.",
                ),
            ),
        ),
        Check(
            (torch.tensor([[5, 0], [0, 0]]),),
            expected=torch.tensor([1.0, 0.0]),
            why="The second class has no photo: 0 divided by 0 must become 0, not nan.",
            tolerance=1e-4,
        ),
    ),
    hints=(
        "Where are the photos that were recognised? Where are all photos of one class?",
        "`confusion.diag()` and `confusion.sum(dim=1)`. `clamp(min=1)` keeps a sum from being 0.",
        "`confusion.diag() / confusion.sum(dim=1).clamp(min=1)`",
    ),
    solution="""
import torch

def recall(confusion: torch.Tensor) -> torch.Tensor:
    return confusion.diag() / confusion.sum(dim=1).clamp(min=1)
""",
    explanation=(
        "Rows are what is true, columns what was said. Recall reads along a row, precision down a column."
    ),
    why_it_matters="An accuracy of 0.90 can hide a class that is never recognised.",
    wrong=(
        WrongAnswer(
            "precision",
            "def recall(confusion):\n    return confusion.diag() / confusion.sum(dim=0).clamp(min=1)",
            says="that is precision",
        ),
        WrongAnswer(
            "share of all photos",
            "def recall(confusion):\n    return confusion.diag() / confusion.sum()",
            says="divided by all photos",
        ),
        WrongAnswer(
            "accuracy",
            "def recall(confusion):\n    return confusion.diag().sum() / confusion.sum()",
            says="That is the accuracy",
        ),
        WrongAnswer(
            "nan for an empty class",
            "def recall(confusion):\n    return confusion.diag() / confusion.sum(dim=1)",
            says="must become 0",
        ),
    ),
)

STOP_EPOCH = Exercise(
    id="10.6",
    title="When does the training stop?",
    prompt=(
        "`val_accuracy[i]` is the validation accuracy after epoch `i`. Training stops after the first epoch "
        "that is the `patience`-th in a row without a new best. A value equal to the best so far is no new "
        "best. Return the position of the last epoch that is trained; without a stop, the last of the list. "
        "`patience` is at least 1."
    ),
    stub="""
def stop_epoch(val_accuracy: list[float], patience: int) -> int:
    ...
""",
    checks=(
        Check(
            ([0.50, 0.70, 0.60, 0.65, 0.68, 0.66, 0.64, 0.62, 0.72], 3),
            expected=4,
            why="The best, 0.70, came at position 1; 2, 3 and 4 brought no new best, and that is three.",
            traps=(
                (5, "One too far: 2, 3 and 4 are three already, and positions count from 0."),
                (8, "That never stops: the 0.72 at the end comes after three epochs without a new best."),
                (
                    7,
                    "You compared each epoch with the one before it. 0.65 is better than 0.60, yet no better "
                    "than the best, 0.70: go on counting.",
                ),
                (2, "That stops at the first epoch that is worse. `patience` says how many must be."),
                (1, "That is the best epoch, whose weights you keep. Training went on for some epochs more."),
            ),
        ),
        Check(
            ([0.5, 0.6, 0.6, 0.6, 0.6], 2),
            expected=3,
            why="0.6 again is no new best: positions 2 and 3 are two epochs without one.",
        ),
        Check(
            ([0.5, 0.4, 0.6, 0.5, 0.7], 2),
            expected=4,
            why="Each new best starts the count again, so here two in a row never come together.",
            traps=((3, "You never started again: after a new best the count goes back to 0."),),
        ),
        Check(
            ([0.5, 0.6, 0.2, 0.3, 0.9, 0.1], 2),
            expected=3,
            why="Once stopped is stopped: the 0.9 is never trained.",
        ),
    ),
    hints=(
        "Go through the epochs in order. Which two things must you remember from one epoch to the next?",
        "Remember the best value so far and how many epochs passed since; `enumerate` gives the position.",
        "`if value > best: best, waited = value, 0` and otherwise `waited += 1`; return `i` once "
        "`waited == patience`, and `len(val_accuracy) - 1` after the loop.",
    ),
    solution="""
def stop_epoch(val_accuracy: list[float], patience: int) -> int:
    best, waited = float("-inf"), 0
    for i, value in enumerate(val_accuracy):
        if value > best:
            best, waited = value, 0
        else:
            waited += 1
        if waited == patience:
            return i
    return len(val_accuracy) - 1
""",
    explanation=(
        "All that it needs is the list of validation accuracies. So a checkpoint that holds the history also "
        "holds the state of early stopping."
    ),
    why_it_matters=(
        "A resumed run that starts the count anew trains longer than one that was never interrupted, and "
        "keeps other weights."
    ),
    wrong=(
        WrongAnswer(
            "compares with the epoch before",
            "def stop_epoch(val_accuracy, patience):\n    waited = 0\n"
            "    for i in range(1, len(val_accuracy)):\n"
            "        waited = 0 if val_accuracy[i] > val_accuracy[i - 1] else waited + 1\n"
            "        if waited == patience:\n            return i\n"
            "    return len(val_accuracy) - 1",
            says="compared each epoch with the one before it",
        ),
        WrongAnswer(
            "one epoch too many",
            "def stop_epoch(val_accuracy, patience):\n    best, waited = -1, 0\n"
            "    for i, value in enumerate(val_accuracy):\n"
            "        best, waited = (value, 0) if value > best else (best, waited + 1)\n"
            "        if waited > patience:\n            return i\n"
            "    return len(val_accuracy) - 1",
            says="One too far",
        ),
        WrongAnswer(
            "stops at the first that is worse",
            "def stop_epoch(val_accuracy, patience):\n    for i in range(1, len(val_accuracy)):\n"
            "        if val_accuracy[i] < val_accuracy[i - 1]:\n            return i\n"
            "    return len(val_accuracy) - 1",
            says="stops at the first epoch that is worse",
        ),
        WrongAnswer(
            "the best epoch",
            "def stop_epoch(val_accuracy, patience):\n"
            "    return next(i for i, value in enumerate(val_accuracy)\n"
            "        if value >= max(val_accuracy[i : i + patience + 1]))",
            says="That is the best epoch",
        ),
        WrongAnswer(
            "a tie counts as better",
            "def stop_epoch(val_accuracy, patience):\n    best, waited = -1, 0\n"
            "    for i, value in enumerate(val_accuracy):\n"
            "        best, waited = (value, 0) if value >= best else (best, waited + 1)\n"
            "        if waited == patience:\n            return i\n"
            "    return len(val_accuracy) - 1",
            says="0.6 again is no new best",
        ),
        WrongAnswer(
            "never starts the count again",
            "def stop_epoch(val_accuracy, patience):\n    best, waited = -1, 0\n"
            "    for i, value in enumerate(val_accuracy):\n"
            "        best, waited = (value, waited) if value > best else (best, waited + 1)\n"
            "        if waited == patience:\n            return i\n"
            "    return len(val_accuracy) - 1",
            says="the count goes back to 0",
        ),
    ),
)

QUIZZES = (
    Quiz(
        id="10.q1",
        question="Why did the random split give the higher score?",
        options=(
            Option("It has more training photos.", (
                "Both splits have the same sizes, to within a few "
                "photos."
            )),
            Option("Near-copies of its test photos are in its training set.",
                   "Yes. Two crops of one region overlap, so the model has seen most of the test photo."),
            Option("It mixes the classes better.", "Both splits keep the classes balanced."),
        ),
        answer="b",
    ),
    Quiz(
        id="10.q2",
        question="What does `Normalize([0.5] * 3, [0.5] * 3)` do to values from 0 to 1?",
        options=(
            Option("It gives them mean 0 and standard deviation 1.",
                   "Only with the data's own mean and spread. These are fixed numbers."),
            Option("It clips them to the range from -1 to 1.", (
                "Nothing is clipped: every value is moved and "
                "stretched."
            )),
            Option("It maps them to the range from -1 to 1.",
                   "Yes: (x - 0.5) / 0.5. A straight line with given numbers, no more."),
        ),
        answer="c",
    ),
    Quiz(
        id="10.q3",
        question=(
            "A run was interrupted in epoch 4. What must the checkpoint of epoch 3 hold to go on as "
            "if nothing had happened?"
        ),
        options=(
            Option("The model, the optimizer and the scheduler, the epoch, and what decides chance.",
                   (
                       "Yes. Adam's averages, the learning rate and the order of the photos are part of the "
                       "state."
                   )),
            Option("The weights of the model.", (
                "Then Adam starts without its averages, at the wrong learning "
                "rate."
            )),
            Option("The weights and the number of the epoch.",
                   "The learning rate would be right, but Adam's averages would be lost."),
        ),
        answer="a",
    ),
    Quiz(
        id="10.q4",
        question=(
            "The test photos come from ten regions. Which interval around the accuracy should you "
            "report?"
        ),
        options=(
            Option("Wilson's interval over the photos.",
                   "It takes the photos as independent. Thirty crops of one region are nearly one photo."),
            Option("None: the test set is large enough.", (
                "Even 300 independent photos leave about 4 points either "
                "way."
            )),
            Option("The bootstrap over regions.",
                   (
                       "Yes. Regions are what was drawn, so regions must be drawn again. It is wider, and "
                       "honest."
                   )),
        ),
        answer="c",
    ),
)  # fmt: skip

PREDICTIONS = (
    Prediction(
        id="10.p1",
        question=(
            "The photos are split at random. What share of the test photos (0 to 1) does the nearest "
            "neighbour get right?"
        ),
        explanation=(
            "Nearly every test photo has an overlapping crop of its own region among the training photos."
        ),
        tolerance=0.05,
    ),
)

CHAPTER = Chapter(
    number="10",
    title="End to end",
    exercises=(SPLIT_BY_GROUP, CENTRE_CROP, CHANNEL_STATISTICS, BEST_EPOCH, RECALL, STOP_EPOCH),
    quizzes=QUIZZES,
    predictions=PREDICTIONS,
)
