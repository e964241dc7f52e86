"""What chapter 04 asks: cleaning of tables, text and numbers."""

import math
from typing import Any

import numpy as np
import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 04.1

TO_NUMBER = Exercise(
    id="04.1",
    title="A number kept as text",
    prompt=(
        "Return the number that `text` stands for, as a float.\n"
        "Blanks at the ends do not matter, and commas only group the thousands: `' 1,234 '` is 1234. "
        "What is no number (`''`, `'n/a'`, `'-'`, any other text) gives NaN, and so does the sentinel `-999`."
    ),
    stub="""
def to_number(text: str) -> float:
    ...
""",
    checks=(
        Check((" 1,234 ",), expected=1234.0, why="Take the comma out, then the text is a number."),
        Check(("1,234,567.5",), expected=1234567.5, why="There may be several commas, and a point."),
        Check(("-12",), expected=-12.0, why="A negative number is a number; only -999 means a hole."),
        Check(
            ("n/a",),
            expected=math.nan,
            why="What is no number becomes NaN.",
            traps=((0.0, "A hole is not a zero: nobody measured 0."),),
        ),
        Check(("-",), expected=math.nan, why="A single dash is a hole."),
        Check(("unknown",), expected=math.nan, why="Any text that is no number is a hole, not only three."),
        Check(
            ("-999",),
            expected=math.nan,
            why="-999 is a sentinel: it means that there is no number.",
            traps=((-999.0, "-999 is a sentinel: kept as a number it drags every mean down."),),
        ),
        Check(
            (" -999",),
            expected=math.nan,
            why="A blank before -999 changes nothing: compare the **number** with -999, not the text.",
        ),
    ),
    hints=(
        "Three steps: tidy the text, try to read it, look at what came out.",
        "`float` skips blanks at the ends, and raises ValueError for what it cannot read. "
        "`math.nan` is the hole.",
        "In `try`: `number = float(text.replace(',', ''))`; `except ValueError` return `math.nan`. "
        "At the end compare with -999.",
    ),
    solution="""
import math

def to_number(text: str) -> float:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return math.nan
    return math.nan if number == -999 else number
""",
    explanation="Reading can fail, and a number can mean 'none': both must end as the same hole.",
    why_it_matters=(
        "One comma turns a whole column into text, and one sentinel moves its mean. "
        "Neither raises an error in the model."
    ),
    wrong=(
        WrongAnswer(
            "reads the comma as a decimal point",
            "import math\n\n"
            "def to_number(text):\n"
            "    try:\n"
            "        number = float(text.replace(',', '.'))\n"
            "    except ValueError:\n"
            "        return math.nan\n"
            "    return math.nan if number == -999 else number",
            says="Take the comma out",
        ),
        WrongAnswer(
            "gives zero for a hole",
            "def to_number(text):\n"
            "    try:\n"
            "        return float(text.replace(',', ''))\n"
            "    except ValueError:\n"
            "        return 0.0",
            says="nobody measured 0",
        ),
        WrongAnswer(
            "keeps the sentinel",
            "import math\n\n"
            "def to_number(text):\n"
            "    try:\n"
            "        return float(text.replace(',', ''))\n"
            "    except ValueError:\n"
            "        return math.nan",
            says="drags every mean down",
        ),
        WrongAnswer(
            "makes a hole of every negative number",
            "import math\n\n"
            "def to_number(text):\n"
            "    try:\n"
            "        number = float(text.replace(',', ''))\n"
            "    except ValueError:\n"
            "        return math.nan\n"
            "    return math.nan if number < 0 else number",
            says="only -999",
        ),
        WrongAnswer(
            "compares the text with the sentinel",
            "import math\n\n"
            "def to_number(text):\n"
            "    if text == '-999':\n"
            "        return math.nan\n"
            "    try:\n"
            "        return float(text.replace(',', ''))\n"
            "    except ValueError:\n"
            "        return math.nan",
            says="compare the **number**",
        ),
    ),
)

# --- exercise 04.2

TIDY_LABEL = Exercise(
    id="04.2",
    title="One label, many spellings",
    prompt=(
        "Return `label` in one form, so that labels that mean the same become equal: Unicode form NFKC, "
        "case ignored, no blanks at the ends, single blanks inside."
    ),
    stub="""
import unicodedata

def tidy_label(label: str) -> str:
    ...
""",
    checks=(
        Check(
            ("  New   York ",),
            expected="new york",
            why="Blanks at the ends go, blanks inside become one.",
            traps=(
                ("New York", "The case is still there: `NEW YORK` would be another label."),
                ("new   york", "Blanks inside count too: three blanks and one are different labels."),
                ("newyork", "The blank between the words must stay, as a single one."),
                (
                    "new  york",
                    "`replace` goes through once: of three blanks two are left. `split` takes any number.",
                ),
                (
                    "NEW YORK",
                    "All labels in capitals would be one form, too. Here it is what `casefold` gives.",
                ),
            ),
        ),
        Check(
            ("Cafe\u0301",),
            expected="caf\u00e9",
            why="An e with an accent behind it and the letter é look the same: NFKC makes them the same.",
            traps=(
                (
                    "cafe\u0301",
                    "It looks right, but the accent still is a character behind the e. NFKC makes one letter "
                    "of both; NFKD takes them apart.",
                ),
            ),
        ),
        Check(
            ("ＡＢＣ\u00a01",),
            expected="abc 1",
            why="NFKC turns wide letters into plain ones, and the no-break space into a blank.",
        ),
        Check(
            ("STRASSE",),
            expected="strasse",
            why="Ignore the case.",
        ),
        Check(
            ("Straße",),
            expected="strasse",
            why="`ß` in capitals is `SS`: `casefold` treats both alike.",
            traps=(
                ("straße", "`lower` leaves `ß` alone, so `Straße` and `STRASSE` differ: use `casefold`."),
            ),
        ),
    ),
    hints=(
        "Three differences that the eye does not see or does not care about: form, case, blanks.",
        "`unicodedata.normalize('NFKC', text)`, `text.casefold()`, and `text.split()` without arguments.",
        "`' '.join(unicodedata.normalize('NFKC', label).casefold().split())`",
    ),
    solution="""
import unicodedata

def tidy_label(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())
""",
    explanation="NFKC first: it may turn special blanks into plain ones, which `split` then takes away.",
    why_it_matters="Each spelling that is left is a class of its own, learned from less data.",
    wrong=(
        WrongAnswer(
            "forgets the case",
            "import unicodedata\n\n"
            "def tidy_label(label):\n"
            "    return ' '.join(unicodedata.normalize('NFKC', label).split())",
            says="The case is still there",
        ),
        WrongAnswer(
            "cleans the ends only",
            "import unicodedata\n\n"
            "def tidy_label(label):\n"
            "    return unicodedata.normalize('NFKC', label).casefold().strip()",
            says="Blanks inside count too",
        ),
        WrongAnswer(
            "leaves the Unicode form",
            "def tidy_label(label):\n    return ' '.join(label.casefold().split())",
            says="NFKC makes one letter",
        ),
        WrongAnswer(
            "takes letter and accent apart",
            "import unicodedata\n\n"
            "def tidy_label(label):\n"
            "    return ' '.join(unicodedata.normalize('NFKD', label).casefold().split())",
            says="NFKD takes them apart",
        ),
        WrongAnswer(
            "replaces two blanks by one",
            "import unicodedata\n\n"
            "def tidy_label(label):\n"
            "    return unicodedata.normalize('NFKC', label).casefold().strip().replace('  ', ' ')",
            says="`split` takes any number",
        ),
        WrongAnswer(
            "uses lower",
            "import unicodedata\n\n"
            "def tidy_label(label):\n"
            "    return ' '.join(unicodedata.normalize('NFKC', label).lower().split())",
            says="use `casefold`",
        ),
    ),
)

# --- exercise 04.3

_TRAIN = torch.tensor([1.0, math.nan, 2.0, 6.0])
_NEW = torch.tensor([math.nan, 4.0, 11.0])


def _left_alone(fill: Any) -> bool:
    new = _NEW.clone()
    fill(_TRAIN.clone(), new)
    return bool(torch.isnan(new[0]))


FILL_WITH_FLAG = Exercise(
    id="04.3",
    title="Fill, and say so",
    prompt=(
        "Holes (NaN) in `new` get the **mean** of `train`, without the holes of `train`.\n"
        "Return a tensor of shape (n, 2): column 0 holds the filled values, column 1 is 1.0 where there was "
        "a hole and 0.0 elsewhere. Leave `new` as it is."
    ),
    stub="""
import torch

def fill_with_flag(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_TRAIN, _NEW),
            expected=torch.tensor([[3.0, 1.0], [4.0, 0.0], [11.0, 0.0]]),
            why="The mean of 1, 2 and 6 is 3; it fills the hole, and the flag says so.",
            traps=(
                (
                    torch.tensor([[7.5, 1.0], [4.0, 0.0], [11.0, 0.0]]),
                    "7.5 is the mean of `new`: what is tested must not fill itself.",
                ),
                (
                    torch.tensor([[math.nan, 1.0], [4.0, 0.0], [11.0, 0.0]]),
                    "The mean of `train` is NaN, because `train` has a hole too: `nanmean` skips it.",
                ),
                (
                    torch.tensor([[3.0, 0.0], [4.0, 1.0], [11.0, 1.0]]),
                    "The flag is turned round: 1.0 means that there was a hole.",
                ),
                (
                    torch.tensor([[3.0, 0.0], [4.0, 0.0], [11.0, 0.0]]),
                    "No flag is set: look for the holes **before** you fill them.",
                ),
                (
                    torch.tensor([[2.25, 1.0], [4.0, 0.0], [11.0, 0.0]]),
                    "2.25 is the mean with the hole of `train` counted as 0: leave it out with `nanmean`.",
                ),
                (
                    torch.tensor([[0.0, 1.0], [4.0, 0.0], [11.0, 0.0]]),
                    "0 is a value like any other, and nobody measured it: fill with the mean of `train`.",
                ),
                (
                    torch.tensor([[3.0, 4.0, 11.0], [1.0, 0.0, 0.0]]),
                    "The numbers are right, but lie in rows: `dim=1` puts them into columns.",
                ),
            ),
        ),
        Check(
            use=_left_alone,
            shown="new[0] is still NaN after fill_with_flag(train, new)",
            expected=True,
            why="The caller's tensor was changed: make a new one, with `torch.where`.",
        ),
    ),
    hints=(
        "Two questions: which number fills, and where from? And when do you write down where the holes are?",
        "`torch.isnan`, `tensor.nanmean()`, `torch.where(mask, a, b)`, `torch.stack([...], dim=1)`.",
        "`hole = torch.isnan(new)`; `filled = torch.where(hole, train.nanmean(), new)`; "
        "stack `filled` and `hole.float()`.",
    ),
    solution="""
import torch

def fill_with_flag(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    hole = torch.isnan(new)
    filled = torch.where(hole, train.nanmean(), new)
    return torch.stack([filled, hole.float()], dim=1)
""",
    explanation="The fill is learned from the training part; the flag keeps what the fill hides.",
    why_it_matters=(
        "A new sample often comes alone: it has no mean of its own. And where holes have a reason, "
        "the flag is a feature."
    ),
    wrong=(
        WrongAnswer(
            "takes the mean of the new data",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    hole = torch.isnan(new)\n"
            "    return torch.stack([torch.where(hole, new.nanmean(), new), hole.float()], dim=1)",
            says="must not fill itself",
        ),
        WrongAnswer(
            "takes a mean with a hole in it",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    hole = torch.isnan(new)\n"
            "    return torch.stack([torch.where(hole, train.mean(), new), hole.float()], dim=1)",
            says="`nanmean` skips it",
        ),
        WrongAnswer(
            "looks for holes after filling",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    filled = torch.where(torch.isnan(new), train.nanmean(), new)\n"
            "    return torch.stack([filled, torch.isnan(filled).float()], dim=1)",
            says="**before** you fill them",
        ),
        WrongAnswer(
            "fills in place",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    hole = torch.isnan(new)\n"
            "    new[hole] = train.nanmean()\n"
            "    return torch.stack([new, hole.float()], dim=1)",
            says="caller's tensor was changed",
        ),
        WrongAnswer(
            "fills with zero",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    return torch.stack([torch.nan_to_num(new), torch.isnan(new).float()], dim=1)",
            says="nobody measured it",
        ),
        WrongAnswer(
            "counts the hole of train as zero",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    hole, mean = torch.isnan(new), torch.nan_to_num(train).mean()\n"
            "    return torch.stack([torch.where(hole, mean, new), hole.float()], dim=1)",
            says="leave it out",
        ),
        WrongAnswer(
            "stacks rows",
            "import torch\n\n"
            "def fill_with_flag(train, new):\n"
            "    hole = torch.isnan(new)\n"
            "    return torch.stack([torch.where(hole, train.nanmean(), new), hole.float()])",
            says="lie in rows",
        ),
    ),
)

# --- exercise 04.4

POOLED = Exercise(
    id="04.4",
    title="Rubin's rules",
    prompt=(
        "`estimates` come from m filled tables, `variances` are their squared standard errors.\n"
        "Return the pooled estimate and the total variance T = W + (1 + 1/m) B, as two floats. "
        "W is the mean of the variances, B the variance of the estimates (divide by m - 1)."
    ),
    stub="""
def pooled(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    ...
""",
    checks=(
        Check(
            ([4.0, 8.0], [1.0, 3.0]),
            expected=(6.0, 14.0),
            why="The mean is 6. W is 2, B is 8, and (1 + 1/2) times 8 is 12: together 14.",
            traps=(
                ((6.0, 2.0), "Only W: the estimates differ, and that is the price of the holes."),
                ((6.0, 10.0), "W + B: with few draws B itself is unsure, so it counts 1 + 1/m times."),
                ((6.0, 8.0), "B divides by m - 1, not by m: `np.var(..., ddof=1)`."),
                ((6.0, math.sqrt(14.0)), "That is the standard error; the total variance was asked for."),
                ((6.0, 5.0), "B is the variance of the **estimates**; you took that of the variances."),
                ((6.0, 7.0), "Brackets: the whole of `(1 + 1 / m)` times B."),
            ),
        ),
        Check(
            ([2.0, 2.0, 2.0], [0.5, 0.5, 0.5]),
            expected=(2.0, 0.5),
            why="Where all draws agree the holes cost nothing: T is W.",
        ),
    ),
    hints=(
        "Two kinds of doubt add up: within each table, and between the tables.",
        "`np.mean(variances)` is W, `np.var(estimates, ddof=1)` is B.",
        "`total = within + (1 + 1 / m) * between` with `m = len(estimates)`; turn both numbers into `float`.",
    ),
    solution="""
import statistics

def pooled(estimates: list[float], variances: list[float]) -> tuple[float, float]:
    within, between = statistics.fmean(variances), statistics.variance(estimates)
    return statistics.fmean(estimates), within + (1 + 1 / len(estimates)) * between
""",
    explanation="One filled table knows W only. B shows how much the answer hangs on values nobody saw.",
    why_it_matters="Without B a confidence interval is too short, and a difference looks real that is not.",
    wrong=(
        WrongAnswer(
            "forgets what lies between the tables",
            "import statistics\n\n"
            "def pooled(estimates, variances):\n"
            "    return statistics.fmean(estimates), statistics.fmean(variances)",
            says="price of the holes",
        ),
        WrongAnswer(
            "forgets 1/m",
            "import statistics\n\n"
            "def pooled(estimates, variances):\n"
            "    total = statistics.fmean(variances) + statistics.variance(estimates)\n"
            "    return statistics.fmean(estimates), total",
            says="with few draws B itself is unsure",
        ),
        WrongAnswer(
            "divides B by m",
            "import numpy as np\n\n"
            "def pooled(estimates, variances):\n"
            "    total = np.mean(variances) + (1 + 1 / len(estimates)) * np.var(estimates)\n"
            "    return float(np.mean(estimates)), float(total)",
            says="B divides by m - 1",
        ),
        WrongAnswer(
            "takes the variance of the variances",
            "import statistics\n\n"
            "def pooled(estimates, variances):\n"
            "    within, between = statistics.fmean(variances), statistics.variance(variances)\n"
            "    return statistics.fmean(estimates), within + (1 + 1 / len(estimates)) * between",
            says="B is the variance of the **estimates**",
        ),
        WrongAnswer(
            "forgets the brackets",
            "import statistics\n\n"
            "def pooled(estimates, variances):\n"
            "    within, between = statistics.fmean(variances), statistics.variance(estimates)\n"
            "    return statistics.fmean(estimates), within + 1 + 1 / len(estimates) * between",
            says="Brackets",
        ),
        WrongAnswer(
            "returns the standard error",
            "import math, statistics\n\n"
            "def pooled(estimates, variances):\n"
            "    within, between = statistics.fmean(variances), statistics.variance(estimates)\n"
            "    total = within + (1 + 1 / len(estimates)) * between\n"
            "    return statistics.fmean(estimates), math.sqrt(total)",
            says="total variance was asked for",
        ),
    ),
)

# --- exercise 04.5

_READINGS = np.array([1.0, 2.0, 3.0, 4.0, 100.0])

MAD_SCORES = Exercise(
    id="04.5",
    title="A score that outliers cannot bend",
    prompt=(
        "Return 0.6745 * (x - median) / MAD for each value, with its sign.\n"
        "MAD is the median of the distances from the median. If MAD is 0, return zeros."
    ),
    stub="""
import numpy as np

def mad_scores(x: np.ndarray) -> np.ndarray:
    ...
""",
    checks=(
        Check(
            (_READINGS,),
            expected=0.6745 * (_READINGS - 3.0),
            why="The median is 3, the distances are 2, 1, 0, 1, 97, and their median is 1.",
            traps=(
                (_READINGS - 3.0, "The factor 0.6745 is missing: it makes the score comparable to z."),
                (0.6745 * np.abs(_READINGS - 3.0), "The sign is lost: low and high values look alike."),
                (
                    0.6745 * (_READINGS - 3.0) / np.abs(_READINGS - 3.0).mean(),
                    "The **mean** distance is pulled up by 100: take the median of the distances.",
                ),
                (
                    0.6745 * (_READINGS - 22.0) / 20.0,
                    "The mean, 22, is pulled up by 100: measure from the median.",
                ),
                (
                    0.6745 * (_READINGS - 22.0) / np.median(np.abs(_READINGS - 22.0)),
                    "The mean, 22, is pulled up by 100: measure from the median.",
                ),
            ),
        ),
        Check(
            (np.array([5.0, 5.0, 5.0, 9.0]),),
            expected=np.zeros(4),
            why="Three of four are equal, so MAD is 0, and nothing can be divided by it: return zeros.",
        ),
    ),
    hints=(
        "Take the z-score and replace everything that an outlier can drag along.",
        "`np.median` twice: once of the values, once of the absolute distances.",
        "`away = x - np.median(x)`; `mad = np.median(np.abs(away))`; "
        "`np.zeros_like(away)` if it is 0, else `0.6745 * away / mad`.",
    ),
    solution="""
import numpy as np

def mad_scores(x: np.ndarray) -> np.ndarray:
    away = x - np.median(x)
    mad = np.median(np.abs(away))
    return np.zeros_like(away) if mad == 0 else 0.6745 * away / mad
""",
    explanation="Half of the values would have to be wild before the median gives way.",
    why_it_matters="The z-score of 100 among these five is 2.0: no rule at 3 finds it. Its MAD score is 65.",
    wrong=(
        WrongAnswer(
            "measures from the mean",
            "import numpy as np\n\n"
            "def mad_scores(x):\n"
            "    away = x - x.mean()\n"
            "    mad = np.median(np.abs(away))\n"
            "    return 0.6745 * away / mad",
            says="measure from the median",
        ),
        WrongAnswer(
            "takes the mean of the distances",
            "import numpy as np\n\n"
            "def mad_scores(x):\n"
            "    away = x - np.median(x)\n"
            "    return 0.6745 * away / np.abs(away).mean()",
            says="median of the distances",
        ),
        WrongAnswer(
            "loses the sign",
            "import numpy as np\n\n"
            "def mad_scores(x):\n"
            "    away = np.abs(x - np.median(x))\n"
            "    return 0.6745 * away / np.median(away)",
            says="The sign is lost",
        ),
        WrongAnswer(
            "divides by zero",
            "import numpy as np\n\n"
            "def mad_scores(x):\n"
            "    away = x - np.median(x)\n"
            "    with np.errstate(all='ignore'):\n"
            "        return 0.6745 * away / np.median(np.abs(away))",
            says="return zeros",
        ),
    ),
)

# --- exercise 04.6

_COLUMNS = torch.tensor([[1.0, 10.0, 7.0], [3.0, 30.0, 7.0]])
_ROWS = torch.tensor([[2.0, 40.0, 7.0], [5.0, 20.0, 8.0]])

STANDARDISE = Exercise(
    id="04.6",
    title="Standardise new data",
    prompt=(
        "Standardise the columns of `new` by mean and standard deviation of `train`, as `StandardScaler` "
        "does: divide by n in the standard deviation, and by 1 where a column does not vary.\n"
        "Both are float tensors of shape (rows, columns); `new` may have a single row."
    ),
    stub="""
import torch

def standardise(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_COLUMNS[:, :2], _ROWS[:, :2]),
            expected=torch.tensor([[0.0, 2.0], [3.0, 0.0]]),
            why="The training columns have means 2 and 20, and standard deviations 1 and 10.",
            traps=(
                (
                    torch.tensor([[-1.0, 1.0], [1.0, -1.0]]),
                    "These are statistics of `new`: use those of `train`.",
                ),
                (
                    torch.tensor([[0.0, 2.0], [3.0, 0.0]]) / math.sqrt(2),
                    "torch divides by n - 1 unless you say `correction=0`.",
                ),
            ),
            tolerance=1e-5,
        ),
        Check(
            (_COLUMNS, _ROWS[1:]),
            expected=torch.tensor([[3.0, 0.0, 1.0]]),
            why="The third training column does not vary: divide it by 1, not by 0 or by something tiny.",
            tolerance=1e-5,
        ),
    ),
    hints=(
        "Which of the two tables may tell mean and spread? And which n stands under the root?",
        "`train.std(dim=0, correction=0)`; a spread of 0 becomes 1 with `torch.where`.",
        "`std = torch.where(std == 0, torch.ones_like(std), std)`, then `(new - train.mean(dim=0)) / std`.",
    ),
    solution="""
import torch

def standardise(train: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    std = train.std(dim=0, correction=0)
    std = torch.where(std == 0, torch.ones_like(std), std)
    return (new - train.mean(dim=0)) / std
""",
    explanation="Learned on the training part, applied to anything, one row or many.",
    why_it_matters="A model in use meets one sample at a time. By its own mean, every sample is zero.",
    wrong=(
        WrongAnswer(
            "uses the statistics of the new data",
            "import torch\n\n"
            "def standardise(train, new):\n"
            "    std = new.std(dim=0, correction=0)\n"
            "    std = torch.where(std == 0, torch.ones_like(std), std)\n"
            "    return (new - new.mean(dim=0)) / std",
            says="use those of `train`",
        ),
        WrongAnswer(
            "divides by n - 1",
            "import torch\n\n"
            "def standardise(train, new):\n"
            "    std = train.std(dim=0)\n"
            "    std = torch.where(std == 0, torch.ones_like(std), std)\n"
            "    return (new - train.mean(dim=0)) / std",
            says="`correction=0`",
        ),
        WrongAnswer(
            "divides by zero",
            "import torch\n\n"
            "def standardise(train, new):\n"
            "    return (new - train.mean(dim=0)) / train.std(dim=0, correction=0)",
            says="does not vary",
        ),
        WrongAnswer(
            "adds something tiny to the spread",
            "import torch\n\n"
            "def standardise(train, new):\n"
            "    return (new - train.mean(dim=0)) / (train.std(dim=0, correction=0) + 1e-8)",
            says="something tiny",
        ),
    ),
)

# --- quiz

WHICH_HOLES = Quiz(
    id="04.q1",
    question=(
        "People with high incomes leave the field **income** empty. "
        "Age and job, which predict income well, are known. What does iterative imputation give?"
    ),
    options=(
        Option(
            "The right mean income",
            "The model learned from those who answered. Among people of one age and job it still misses "
            "the high ones.",
        ),
        Option(
            "A mean that is closer, and still too low",
            "Age and job explain a part of the gap. The rest depends on the income itself: MNAR.",
        ),
        Option("The same as mean imputation", "Age and job do help: they say who probably earns more."),
    ),
    answer="b",
)

TOO_SURE = Quiz(
    id="04.q2",
    question="You fill holes once, with the best model there is, and compute a standard error. It is",
    options=(
        Option("right, if the model is right", "Even then: predicted values have no scatter of their own."),
        Option("too large", "The other way: invented values are counted as if they had been measured."),
        Option("too small", "Yes. Several draws and Rubin's rules add the part that the holes cost."),
    ),
    answer="c",
)

WHICH_SCALE = Quiz(
    id="04.q3",
    question="One column is in metres, one in millimetres. Which model does not care?",
    options=(
        Option("K nearest neighbours", "Distances are ruled by the column with the largest numbers."),
        Option("A decision tree", "It compares values within one column, so only their order counts."),
        Option(
            "A network, trained by gradient descent",
            "The gradient is a thousand times larger in one direction: one learning rate fits only one.",
        ),
    ),
    answer="b",
)

MASKED = Quiz(
    id="04.q4",
    question="A fifth of the prices are in cents, the others in euros. Which rule finds them?",
    options=(
        Option("|z| > 3", "So many of them widen the standard deviation: their z-score is about 2."),
        Option("MAD score > 3.5", "Median and MAD belong to the other four fifths, and do not move."),
        Option("Both", "The z-score measures with a ruler that the outliers have stretched."),
    ),
    answer="b",
)

# --- predictions

NARROW = Prediction(
    id="04.p1",
    question=(
        "The standard deviation is about 2 degrees. A share of the values, lost by chance, is filled "
        "with the mean. What is the standard deviation after that?"
    ),
    explanation=(
        "Filled values add nothing to the sum of squares, but they are counted: the standard deviation "
        "shrinks by the root of the share that is left, here the root of 0.7 by default."
    ),
    unit="degrees",
    tolerance=0.1,
)

COINS = Prediction(
    id="04.p2",
    question=(
        "Labels are thrown by coin. Holes are filled with the mean of their class, before the split. "
        "How often is a random forest right (0 to 1)?"
    ),
    explanation=(
        "Each column has two fill values, one for each class. The trees find them, and read the label "
        "from the repair."
    ),
    tolerance=0.1,
)

MILLION = Prediction(
    id="04.p3",
    question="Nine values near 10 and one of 1,000,000: what is the z-score of the million?",
    explanation=(
        "It widens the standard deviation that it is measured with. Among n values no z-score exceeds the "
        "root of n - 1."
    ),
    tolerance=0.05,
)

CHAPTER = Chapter(
    number="04",
    title="Cleaning",
    exercises=(TO_NUMBER, TIDY_LABEL, FILL_WITH_FLAG, POOLED, MAD_SCORES, STANDARDISE),
    quizzes=(WHICH_HOLES, TOO_SURE, WHICH_SCALE, MASKED),
    predictions=(NARROW, COINS, MILLION),
)
