"""What chapter 07 asks: multimodal data."""

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 07.1

JOIN_BY_KEY = Exercise(
    id="07.1",
    title="Join by key",
    prompt=(
        "Return the pairs of image and caption that belong together, sorted by their key.\n"
        'The key is the stem: `"s1"` for `"s1.jpg"`. Files without a partner are left out.'
    ),
    stub="""
def join_by_key(images: list[str], captions: list[str]) -> list[tuple[str, str]]:
    ...
""",
    checks=(
        Check(
            (["s1.jpg", "s2.jpg", "s3.jpg"], ["s1.txt", "s3.txt"]),
            expected=[("s1.jpg", "s1.txt"), ("s3.jpg", "s3.txt")],
            why="s2 has no caption: it is left out, and s3 keeps its own.",
            traps=(
                (
                    [("s1.jpg", "s1.txt"), ("s2.jpg", "s3.txt")],
                    "s2.jpg got the caption of s3: that is the join by position.",
                ),
                ([], "No pair was found: compare the names without their endings."),
                ([["s1.jpg", "s1.txt"], ["s3.jpg", "s3.txt"]], "Right pairs; return each as a tuple."),
            ),
        ),
        Check(
            (["b.png", "a.jpg", "c.jpeg"], ["c.txt", "a.txt", "d.txt"]),
            expected=[("a.jpg", "a.txt"), ("c.jpeg", "c.txt")],
            why="Sorted by key, with the ending that each file has, and without d, which has no image.",
            traps=(
                (
                    [("a.jpg", "a.txt")],
                    "c.jpeg and c.txt belong together: not every ending has three letters, or is `.jpg`.",
                ),
                (
                    [("c.jpeg", "c.txt"), ("a.jpg", "a.txt")],
                    "The pairs are right; now sort them by their key.",
                ),
            ),
        ),
        Check(
            (["day.1.jpg", "day.2.jpg"], ["day.2.txt", "day.1.txt"]),
            expected=[("day.1.jpg", "day.1.txt"), ("day.2.jpg", "day.2.txt")],
            why="A stem may hold a dot itself: only the last ending goes.",
        ),
    ),
    hints=(
        "Where does the caption of `s3.jpg` stand? Ask for its name, not for its place.",
        "`Path(name).stem` is the key. A dict finds a caption by it: `{Path(c).stem: c for c in captions}`.",
        "`found = {...}`, then a list over `sorted(images, key=...)` of those whose stem is in `found`.",
    ),
    solution="""
from pathlib import Path

def join_by_key(images: list[str], captions: list[str]) -> list[tuple[str, str]]:
    found = {Path(caption).stem: caption for caption in captions}
    in_order = sorted(images, key=lambda image: Path(image).stem)
    return [(image, found[Path(image).stem]) for image in in_order if Path(image).stem in found]
""",
    explanation="The dict answers by name. What stands before or after in a listing has no say.",
    why_it_matters="One lost file now costs one pair. By position it costs all pairs behind it.",
    wrong=(
        WrongAnswer(
            "joins by position",
            "def join_by_key(images, captions):\n    return list(zip(sorted(images), sorted(captions)))",
            says="that is the join by position",
        ),
        WrongAnswer(
            "compares whole names",
            "def join_by_key(images, captions):\n"
            "    return [(name, name) for name in sorted(images) if name in captions]",
            says="without their endings",
        ),
        WrongAnswer(
            "cuts at the first dot",
            "def join_by_key(images, captions):\n"
            '    found = {caption.split(".")[0]: caption for caption in captions}\n'
            '    pairs = [(image, found.get(image.split(".")[0])) for image in sorted(images)]\n'
            "    return [pair for pair in pairs if pair[1]]",
            says="only the last ending goes",
        ),
        WrongAnswer(
            "keeps the order of the listing",
            "from pathlib import Path\n\n"
            "def join_by_key(images, captions):\n"
            "    found = {Path(caption).stem: caption for caption in captions}\n"
            "    return [(i, found[Path(i).stem]) for i in reversed(images) if Path(i).stem in found]",
            says="keeps its own",
        ),
        WrongAnswer(
            "knows one ending only",
            "def join_by_key(images, captions):\n"
            '    names = [(image, image.replace(".jpg", ".txt")) for image in sorted(images)]\n'
            "    return [(image, caption) for image, caption in names if caption in captions]",
            says="not every ending",
        ),
        WrongAnswer(
            "cuts four letters",
            "def join_by_key(images, captions):\n"
            "    found = {caption[:-4]: caption for caption in captions}\n"
            "    return [(i, found[i[:-4]]) for i in sorted(images) if i[:-4] in found]",
            says="not every ending",
        ),
        WrongAnswer(
            "does not sort",
            "from pathlib import Path\n\n"
            "def join_by_key(images, captions):\n"
            "    found = {Path(image).stem: image for image in images}\n"
            "    return [(found[Path(c).stem], c) for c in captions if Path(c).stem in found]",
            says="now sort them",
        ),
    ),
)

# --- exercise 07.2

_WORDS = [torch.tensor([5, 3, 9]), torch.tensor([], dtype=torch.int64), torch.tensor([7])]
_TOKENS = torch.tensor([[5, 3, 9], [0, 0, 0], [7, 0, 0]])
_LENGTHS = torch.tensor([3, 0, 1])
_MASK = torch.tensor([[True, True, True], [False, False, False], [True, False, False]])
_ONE_MORE = torch.tensor([[True, True, True], [True, False, False], [True, True, False]])
_HOLDS_ZERO = [torch.tensor([4, 0, 2, 0]), torch.tensor([6])]
_ZERO_MASK = torch.tensor([[True, True, True, True], [True, False, False, False]])

PAD_WORDS = Exercise(
    id="07.2",
    title="Padding, lengths, mask",
    prompt=(
        "`captions` holds int64 tensors of different lengths. Return three tensors:\n"
        "the tokens `(B, L)`, padded with 0 behind; the lengths `(B,)`, int64; "
        "the mask `(B, L)`, True where a word is."
    ),
    stub="""
import torch

def pad_words(captions: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ...
""",
    checks=(
        Check(
            (_WORDS,),
            expected=(_TOKENS, _LENGTHS, _MASK),
            why="Three captions of 3, 0 and 1 words: L is 3, and the second has no real word.",
            traps=(
                ((_TOKENS, _LENGTHS, ~_MASK), "The mask is the wrong way round: True where a word is."),
                ((_TOKENS, _LENGTHS, _ONE_MORE), "The mask is one place too long: `<`, not `<=`."),
                ((_TOKENS, [3, 0, 1], _MASK), "The lengths are a list: make a tensor of them."),
                (
                    (_TOKENS.float(), _LENGTHS, _MASK.float()),
                    "`torch.zeros` makes floats. Tokens are int64 and a mask is bool: give it `dtype=`.",
                ),
                ((_TOKENS.T, _LENGTHS, _MASK.T), "The batch comes first: `batch_first=True`."),
                ((_TOKENS.T, _LENGTHS, _MASK), "The batch comes first: `batch_first=True`."),
            ),
        ),
        Check(
            use=lambda pad: pad(_HOLDS_ZERO)[2],
            shown="the mask of pad_words([tensor([4, 0, 2, 0]), tensor([6])])",
            expected=_ZERO_MASK,
            why="A real value may be 0, too. Make the mask from the lengths, not from the padded values.",
        ),
    ),
    hints=(
        "Which of the three follows from another? The mask needs only the lengths and L.",
        "`pad_sequence(captions, batch_first=True)` pads with 0; `torch.arange(L)` numbers the places.",
        "`torch.arange(tokens.shape[1]) < lengths[:, None]`",
    ),
    solution="""
import torch
from torch.nn.utils.rnn import pad_sequence

def pad_words(captions: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    tokens = pad_sequence(captions, batch_first=True)
    lengths = torch.tensor([len(caption) for caption in captions])
    return tokens, lengths, torch.arange(tokens.shape[1]) < lengths[:, None]
""",
    explanation="Places (L,) are compared with lengths (B, 1): broadcasting makes the mask (B, L).",
    why_it_matters="The same line serves words, sound samples and frames, whatever their values are.",
    wrong=(
        WrongAnswer(
            "makes the mask from the values",
            "import torch\n"
            "from torch.nn.utils.rnn import pad_sequence\n\n"
            "def pad_words(captions):\n"
            "    tokens = pad_sequence(captions, batch_first=True)\n"
            "    return tokens, torch.tensor([len(c) for c in captions]), tokens != 0",
            says="A real value may be 0",
        ),
        WrongAnswer(
            "turns the mask round",
            "import torch\n"
            "from torch.nn.utils.rnn import pad_sequence\n\n"
            "def pad_words(captions):\n"
            "    tokens = pad_sequence(captions, batch_first=True)\n"
            "    lengths = torch.tensor([len(c) for c in captions])\n"
            "    return tokens, lengths, torch.arange(tokens.shape[1]) >= lengths[:, None]",
            says="the wrong way round",
        ),
        WrongAnswer(
            "takes one place too many",
            "import torch\n"
            "from torch.nn.utils.rnn import pad_sequence\n\n"
            "def pad_words(captions):\n"
            "    tokens = pad_sequence(captions, batch_first=True)\n"
            "    lengths = torch.tensor([len(c) for c in captions])\n"
            "    return tokens, lengths, torch.arange(tokens.shape[1]) <= lengths[:, None]",
            says="one place too long",
        ),
        WrongAnswer(
            "forgets batch_first",
            "import torch\n"
            "from torch.nn.utils.rnn import pad_sequence\n\n"
            "def pad_words(captions):\n"
            "    tokens = pad_sequence(captions)\n"
            "    lengths = torch.tensor([len(c) for c in captions])\n"
            "    return tokens, lengths, torch.arange(tokens.shape[0]) < lengths[:, None]",
            says="batch_first=True",
        ),
    ),
)

# --- exercise 07.3

_VECTORS = torch.tensor([[[2.0, 4.0], [6.0, 0.0], [9.0, 9.0]], [[1.0, 3.0], [9.0, 9.0], [9.0, 9.0]]])
_REAL = torch.tensor([[True, True, False], [True, False, False]])
_WITHOUT = torch.tensor([[True, True, True], [False, False, False]])

MASKED_MEAN = Exercise(
    id="07.3",
    title="A mean without padding",
    prompt=(
        "Return the mean vector of each caption over its real words. `vectors` is `(B, L, D)`, `mask` is "
        "`(B, L)`, True where a word is; the result is `(B, D)`.\n"
        "A caption without any word gives zeros."
    ),
    stub="""
import torch

def masked_mean(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_VECTORS, _REAL),
            expected=torch.tensor([[4.0, 2.0], [1.0, 3.0]]),
            why="Two real words in the first caption, one in the second; the 9 are padding.",
            traps=(
                (_VECTORS.mean(1), "The padding counts: take real words only."),
                (_VECTORS[_REAL].mean(0), "All captions became one mean: each has its own, in (B, D)."),
                (
                    (_VECTORS * _REAL[..., None]).mean(1),
                    "The sum is right, but it was divided by L: divide by the number of real words.",
                ),
                (
                    (_VECTORS * _REAL[..., None]).sum(1) / _REAL.sum(1),
                    "The counts (B,) were laid along D: make them (B, 1), with `sum(1, keepdim=True)`.",
                ),
                (
                    _VECTORS.sum(1) / _REAL.sum(1, keepdim=True),
                    "The count is right, but padding is in the sum: multiply by the mask first.",
                ),
            ),
        ),
        Check(
            (_VECTORS, _WITHOUT),
            expected=torch.tensor([[17 / 3, 13 / 3], [0.0, 0.0]]),
            why="The second caption has no word. 0 / 0 is NaN: divide by at least 1.",
        ),
    ),
    hints=(
        "A mean is a sum divided by a count. Padding must be in neither.",
        "`mask[..., None]` is (B, L, 1): multiplied, it makes padding 0. `clamp(min=1)` keeps from 0 / 0.",
        "`(vectors * real).sum(1) / real.sum(1).clamp(min=1)` with `real = mask[..., None]`",
    ),
    solution="""
import torch

def masked_mean(vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    real = mask[..., None]
    return (vectors * real).sum(1) / real.sum(1).clamp(min=1)
""",
    explanation="The mask takes padding out of the sum, its own sum takes padding out of the count.",
    why_it_matters="Now a caption has one meaning, in whatever batch it comes.",
    wrong=(
        WrongAnswer(
            "takes the plain mean",
            "def masked_mean(vectors, mask):\n    return vectors.mean(1)",
            says="The padding counts",
        ),
        WrongAnswer(
            "mixes the captions",
            "def masked_mean(vectors, mask):\n    return vectors[mask].mean(0)",
            says="became one mean",
        ),
        WrongAnswer(
            "divides by L",
            "def masked_mean(vectors, mask):\n    return (vectors * mask[..., None]).mean(1)",
            says="divided by L",
        ),
        WrongAnswer(
            "divides by zero",
            "def masked_mean(vectors, mask):\n"
            "    real = mask[..., None]\n"
            "    return (vectors * real).sum(1) / real.sum(1)",
            says="0 / 0 is NaN",
        ),
        WrongAnswer(
            "counts without keepdim",
            "def masked_mean(vectors, mask):\n"
            "    return (vectors * mask[..., None]).sum(1) / mask.sum(1).clamp(min=1)",
            says="laid along D",
        ),
        WrongAnswer(
            "adds the padding up",
            "def masked_mean(vectors, mask):\n"
            "    return vectors.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)",
            says="padding is in the sum",
        ),
    ),
)

# --- exercise 07.4

NEAREST_ROWS = Exercise(
    id="07.4",
    title="The nearest moment",
    prompt=(
        "For each time in `frames`, return the number of the `sensor` row with the nearest time, "
        "or None where none is within `tolerance` seconds (the tolerance itself is still near enough).\n"
        "Times may stand in any order. Of two that are equally near, take the first."
    ),
    stub="""
def nearest_rows(frames: list[float], sensor: list[float], tolerance: float) -> list[int | None]:
    ...
""",
    checks=(
        Check(
            ([0.0, 1.0, 2.0], [0.25, 0.75, 2.25], 0.5),
            expected=[0, 1, 2],
            why="0.25 is near 0, 0.75 near 1 and 2.25 near 2.",
            traps=(
                ([0.25, 0.75, 2.25], "These are times: return the numbers of the rows."),
                ([None, 1, 1], "You only look back. The nearest may also come later."),
                ([None, 1, None], "You only look back. The nearest may also come later."),
                ([None, 1, 2], "Row 0 was taken for nothing: 0 counts as false. Ask `is None`."),
            ),
        ),
        Check(
            ([0.0, 5.0], [0.5, 9.0], 0.5),
            expected=[0, None],
            traps=(([None, None], "0.5 s away is still near enough: `<=`, not `<`."),),
            why="0.5 is within the tolerance, and nothing is near 5.0: the answer is None, not an old row.",
        ),
        Check(
            ([3.0, 1.0], [1.25, 3.25, 0.5], 1.0),
            expected=[1, 0],
            why="Neither list is sorted: 3.25 stands in row 1, 1.25 in row 0.",
        ),
        Check(
            ([1.0], [1.5, 0.5], 1.0),
            expected=[0],
            why="Both are half a second away: the first of them counts.",
        ),
        Check(([1.0], [], 1.0), expected=[None], why="A sensor that measured nothing gives None."),
    ),
    hints=(
        "Two steps for each frame: which row is nearest, and is it near enough?",
        "`min(range(len(sensor)), key=..., default=None)` gives the number of a row, or None.",
        "The key is `lambda row: abs(sensor[row] - time)`; compare the same distance with `tolerance`.",
    ),
    solution="""
def nearest_rows(frames: list[float], sensor: list[float], tolerance: float) -> list[int | None]:
    found = []
    for time in frames:
        row = min(range(len(sensor)), key=lambda row: abs(sensor[row] - time), default=None)
        near = row is not None and abs(sensor[row] - time) <= tolerance
        found.append(row if near else None)
    return found
""",
    explanation=(
        "`min` with a key finds the nearest, the tolerance decides whether to take it. `pd.merge_asof` "
        "does it for sorted times in one walk over both."
    ),
    why_it_matters="A gap stays a gap. Without the tolerance it is filled with values that are long over.",
    wrong=(
        WrongAnswer(
            "has no tolerance",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    rows = range(len(sensor))\n"
            "    return [min(rows, key=lambda r: abs(sensor[r] - t), default=None) for t in frames]",
            says="not an old row",
        ),
        WrongAnswer(
            "joins by position",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    pairs = list(zip(frames, sensor))\n"
            "    return [i if abs(a - b) <= tolerance else None for i, (a, b) in enumerate(pairs)]",
            says="Neither list is sorted",
        ),
        WrongAnswer(
            "looks back only",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    found = []\n"
            "    for t in frames:\n"
            "        rows = [r for r in range(len(sensor)) if 0 <= t - sensor[r] <= tolerance]\n"
            "        found.append(max(rows, key=lambda r: sensor[r], default=None))\n"
            "    return found",
            says="You only look back",
        ),
        WrongAnswer(
            "returns times",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    return [min(sensor, key=lambda s: abs(s - t), default=None) for t in frames]",
            says="return the numbers of the rows",
        ),
        WrongAnswer(
            "takes row 0 for nothing",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    found = []\n"
            "    for t in frames:\n"
            "        row = min(range(len(sensor)), key=lambda r: abs(sensor[r] - t), default=None)\n"
            "        found.append(row if row and abs(sensor[row] - t) <= tolerance else None)\n"
            "    return found",
            says="0 counts as false",
        ),
        WrongAnswer(
            "leaves the tolerance itself out",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    found = []\n"
            "    for t in frames:\n"
            "        row = min(range(len(sensor)), key=lambda r: abs(sensor[r] - t), default=None)\n"
            "        near = row is not None and abs(sensor[row] - t) < tolerance\n"
            "        found.append(row if near else None)\n"
            "    return found",
            says="still near enough",
        ),
        WrongAnswer(
            "takes the last of equals",
            "def nearest_rows(frames, sensor, tolerance):\n"
            "    found = []\n"
            "    for t in frames:\n"
            "        best, least = None, tolerance\n"
            "        for row, time in enumerate(sensor):\n"
            "            if abs(time - t) <= least:\n"
            "                best, least = row, abs(time - t)\n"
            "        found.append(best)\n"
            "    return found",
            says="the first of them counts",
        ),
    ),
)

# --- exercise 07.5

_STEREO = np.array([[16384, 0], [-32768, -32768], [32767, 32767]], np.int16)
_SINGLE = np.array([[8192], [-8192]], np.int16)


def _is_mono(sound: Any) -> str | None:
    """`sound`: what `_STEREO` gave; 0.25, -1 and a little below 1 are right."""
    if not isinstance(sound, torch.Tensor):
        return f"Return a tensor, not {type(sound).__name__}."
    if tuple(sound.shape) != (3,):
        return f"The shape is {tuple(sound.shape)}: three moments of two channels give one number a moment."
    if sound.dtype != torch.float32:
        return f"The dtype is {sound.dtype}, and models take float32."
    if np.allclose(sound, [0.25, -1, 32767 / 32768], atol=1e-6):
        return None
    if abs(sound[2].item()) < 0.01:
        return "32767 + 32767 does not fit into 16 bits and wraps round: make floats before you add."
    if abs(sound[0].item() - 0.5) < 1e-3:
        return "That is the first channel alone: take the mean of both."
    if sound.abs().max() > 1.5:
        return "The values are far beyond 1: divide by 32768, and take the mean, not the sum."
    return "-32768 must become exactly -1: int16 goes from -32768 to 32767, so divide by 32768."


TO_MONO = Exercise(
    id="07.5",
    title="From the file to the model",
    prompt=(
        "`samples` is what a sound file holds: int16, `(moments, channels)`. Return one channel, the mean, "
        "as a float32 tensor `(moments,)` from -1 to 1, where -32768 becomes -1."
    ),
    stub="""
import numpy as np
import torch

def to_mono(samples: np.ndarray) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            use=lambda mono: mono(_STEREO.copy()),
            shown="to_mono([[16384, 0], [-32768, -32768], [32767, 32767]])",
            judge=_is_mono,
            wants="float32 [0.25, -1.0, 0.99997]",
        ),
        Check(
            (_SINGLE,),
            expected=torch.tensor([0.25, -0.25]),
            why="One channel is its own mean: 8192 / 32768 is 0.25.",
            traps=(
                (
                    torch.tensor([1.0, -1.0]),
                    "You divided by the sound's own maximum: a quiet sound must stay quiet. Divide by 32768.",
                ),
            ),
        ),
    ),
    hints=(
        "Three things change: the dtype, the scale, the number of channels. Which must come first?",
        "`samples.astype(np.float32)` makes floats, `.mean(axis=1)` takes the mean over channels.",
        "`torch.from_numpy(samples.astype(np.float32).mean(axis=1) / 32768)`",
    ),
    solution="""
import numpy as np
import torch

def to_mono(samples: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(samples.astype(np.float32).mean(axis=1) / 32768)
""",
    explanation="As floats first, nothing wraps. 32768 is a power of two: the division is exact.",
    why_it_matters=(
        'Now files of 1, 2 or 6 channels give tensors of one form. `soundfile.read(path, dtype="float32", '
        "always_2d=True)` does the scale for you."
    ),
    wrong=(
        WrongAnswer(
            "adds in 16 bits",
            "import torch\n\n"
            "def to_mono(samples):\n"
            "    total = samples[:, 0] + samples[:, -1]\n"
            "    return torch.from_numpy(total / 2 / 32768).float()",
            says="wraps round",
        ),
        WrongAnswer(
            "takes the first channel",
            "import torch\n\n"
            "def to_mono(samples):\n"
            "    return torch.from_numpy(samples[:, 0] / 32768).float()",
            says="the first channel alone",
        ),
        WrongAnswer(
            "takes the mean over time",
            "import numpy as np\nimport torch\n\n"
            "def to_mono(samples):\n"
            "    return torch.from_numpy(samples.astype(np.float32).mean(axis=0) / 32768)",
            says="one number a moment",
        ),
        WrongAnswer(
            "keeps float64",
            "import torch\n\n"
            "def to_mono(samples):\n"
            "    return torch.from_numpy(samples.mean(axis=1) / 32768)",
            says="models take float32",
        ),
        WrongAnswer(
            "divides by 32767",
            "import numpy as np\nimport torch\n\n"
            "def to_mono(samples):\n"
            "    return torch.from_numpy(samples.astype(np.float32).mean(axis=1) / 32767)",
            says="must become exactly -1",
        ),
        WrongAnswer(
            "divides by its own maximum",
            "import numpy as np\nimport torch\n\n"
            "def to_mono(samples):\n"
            "    mono = samples.astype(np.float32).mean(axis=1)\n"
            "    return torch.from_numpy(mono / np.abs(mono).max())",
            says="must stay quiet",
        ),
    ),
)

# --- exercise 07.6


def _unit(rows: list[list[float]]) -> torch.Tensor:
    return F.normalize(torch.tensor(rows), dim=1)


_PICTURES = _unit([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
_CAPTIONS = _unit([[1.0, 0.2], [0.5, 1.0], [-1.0, 1.0]])


def _losses(temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of pictures among captions, and of captions among pictures."""
    likeness = _PICTURES @ _CAPTIONS.T / temperature
    right = torch.arange(3)
    return F.cross_entropy(likeness, right), F.cross_entropy(likeness.T, right)


_THERE, _BACK = _losses(0.5)


def _softmax_twice() -> torch.Tensor:
    chances, right = F.softmax(_PICTURES @ _CAPTIONS.T / 0.5, dim=1), torch.arange(3)
    return (F.cross_entropy(chances, right) + F.cross_entropy(chances.T, right)) / 2


MATCHING_LOSS = Exercise(
    id="07.6",
    title="Which caption is mine?",
    prompt=(
        "`images` and `captions` are `(B, D)`, each row of length 1; row `i` of both belongs together.\n"
        "Return the InfoNCE loss: dot products divided by `temperature`, cross-entropy of each picture "
        "among all captions, the same of each caption among all pictures, and the mean of both."
    ),
    stub="""
import torch

def matching_loss(images: torch.Tensor, captions: torch.Tensor, temperature: float) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            (_PICTURES, _CAPTIONS, 0.5),
            expected=(_THERE + _BACK) / 2,
            why="The rows of the table are pictures, its columns captions, and the diagonal is right.",
            traps=(
                (_THERE, "Pictures among captions is right. Add captions among pictures: the table turned."),
                (_BACK, "Captions among pictures is right. Add pictures among captions."),
                (_softmax_twice(), "`cross_entropy` takes the softmax itself: give it the table as it is."),
                (_THERE + _BACK, "Both parts are right: take their mean, not the sum."),
                (sum(_losses(2.0)) / 2, "Multiplied by the temperature: divide by it."),
                (sum(_losses(1.0)) / 2, "The temperature does not count: divide the dot products by it."),
            ),
            tolerance=1e-5,
        ),
        Check(
            (torch.ones(8, 1), torch.ones(8, 1), 0.1),
            expected=torch.tensor(8.0).log(),
            why="Eight rows that are all alike: every answer has the chance 1 / 8, and the loss is log 8.",
            tolerance=1e-5,
        ),
    ),
    hints=(
        "Make a table: how much is each picture like each caption? Which column is right for row i?",
        "`images @ captions.T` is the table (B, B). `F.cross_entropy(table, torch.arange(B))` judges rows.",
        "`(F.cross_entropy(table, right) + F.cross_entropy(table.T, right)) / 2`",
    ),
    solution="""
import torch
from torch.nn import functional as F

def matching_loss(images: torch.Tensor, captions: torch.Tensor, temperature: float) -> torch.Tensor:
    table = images @ captions.T / temperature
    right = torch.arange(len(images))
    return (F.cross_entropy(table, right) + F.cross_entropy(table.T, right)) / 2
""",
    explanation=(
        "It is a classification with the batch as the classes. Before any training the loss is near log B."
    ),
    why_it_matters=(
        "The larger the batch, the more wrong captions each picture is compared with. And the only label is "
        "the join: rows paired wrongly are taught as right."
    ),
    wrong=(
        WrongAnswer(
            "one direction only",
            "import torch\nfrom torch.nn import functional as F\n\n"
            "def matching_loss(images, captions, temperature):\n"
            "    return F.cross_entropy(images @ captions.T / temperature, torch.arange(len(images)))",
            says="Add captions among pictures",
        ),
        WrongAnswer(
            "multiplies by the temperature",
            "import torch\nfrom torch.nn import functional as F\n\n"
            "def matching_loss(images, captions, temperature):\n"
            "    table, right = images @ captions.T * temperature, torch.arange(len(images))\n"
            "    return (F.cross_entropy(table, right) + F.cross_entropy(table.T, right)) / 2",
            says="divide by it",
        ),
        WrongAnswer(
            "leaves the temperature out",
            "import torch\nfrom torch.nn import functional as F\n\n"
            "def matching_loss(images, captions, temperature):\n"
            "    table, right = images @ captions.T, torch.arange(len(images))\n"
            "    return (F.cross_entropy(table, right) + F.cross_entropy(table.T, right)) / 2",
            says="does not count",
        ),
        WrongAnswer(
            "takes the softmax before the loss",
            "import torch\nfrom torch.nn import functional as F\n\n"
            "def matching_loss(images, captions, temperature):\n"
            "    table = F.softmax(images @ captions.T / temperature, dim=1)\n"
            "    right = torch.arange(len(images))\n"
            "    return (F.cross_entropy(table, right) + F.cross_entropy(table.T, right)) / 2",
            says="takes the softmax itself",
        ),
        WrongAnswer(
            "compares only the right pairs",
            "def matching_loss(images, captions, temperature):\n"
            "    return 1 - (images * captions).sum(1).mean() / temperature",
            says="the diagonal is right",
        ),
    ),
)

# --- quiz

EQUAL_COUNTS = Quiz(
    id="07.q1",
    question="A folder has 5,000 pictures and 5,000 captions. Is joining the sorted lists by position safe?",
    options=(
        Option("Yes, the numbers agree", "A lost picture and a lost caption give equal numbers too."),
        Option(
            "Yes, if `len` is checked before every run",
            "The check sees the numbers only. All pairs between the two gaps may be wrong.",
        ),
        Option(
            "No: only equal keys show that two files belong together",
            "And joining by key costs one dict. Then count what found no partner.",
        ),
    ),
    answer="c",
)

SILENT_SOUND = Quiz(
    id="07.q2",
    question="Every tenth scene has no sound. You fill with zeros. What does the model need besides?",
    options=(
        Option("Nothing: zeros are neutral", "To the model zeros are a very quiet sound."),
        Option(
            "A `present` vector that says which modalities are there",
            "Then silence and no sound are two things: multiply by it, or give it in as an input.",
        ),
        Option(
            "The mean sound of the training set", "A sound that no scene makes; and still a made-up fact."
        ),
    ),
    answer="b",
)

WINDOW = Quiz(
    id="07.q3",
    question="Sound at 16,000 samples a second. Two tones lie 10 Hz apart. Which window separates them?",
    options=(
        Option("256 samples", "Its lines lie 62.5 Hz apart: both tones fall into one."),
        Option("1,024 samples", "Its lines lie 15.6 Hz apart: not enough."),
        Option(
            "8,192 samples",
            "Lines 2 Hz apart, so the tones lie five lines apart. The price: a moment is half a second long.",
        ),
    ),
    answer="c",
)

LOST_LOG = Quiz(
    id="07.q4",
    question=("`dataset.log` counts the bytes read. With no worker it works; with 4 it stays empty. Why?"),
    options=(
        Option("Workers read through a cache", "They read the same files. Look at whose list grows."),
        Option(
            "Each worker fills the log of its own copy of the dataset",
            "Put the number into the sample: what is collated comes back, what the copy keeps does not.",
        ),
        Option("Logging slows down, so PyTorch turns it off", "PyTorch knows nothing of your log."),
    ),
    answer="b",
)

# --- predictions

WRONG_PAIRS = Prediction(
    id="07.p1",
    question="376 pairs of picture and caption, joined by position. How many are wrong?",
    explanation=(
        "After the first lost caption every row is off by one, after the second by two. A lost "
        "picture takes one off again, but never all of it here: only the 14 rows before the first gap are "
        "right."
    ),
    unit="pairs",
    tolerance=0.1,
)

BYTES_READ = Prediction(
    id="07.p2",
    question="A model needs pictures and captions. How many percent of the bytes does an epoch read?",
    explanation=(
        "A second of sound at 8,000 samples of two bytes is 16 kB, a small JPEG 3 kB, a caption 50 bytes. "
        "The modality that you leave out decides."
    ),
    unit="%",
    tolerance=0.25,
)

FOUND_CAPTIONS = Prediction(
    id="07.p3",
    question=(
        "For how many percent of the held-out pictures does the model, trained on pairs by key, "
        "put the right caption first?"
    ),
    explanation=(
        "Far above chance, which is 1 in 100, and far below 100: there are few pairs to learn from, and "
        "several captions say the same words."
    ),
    unit="%",
    tolerance=0.25,
)

CHAPTER = Chapter(
    number="07",
    title="Multimodal data",
    exercises=(JOIN_BY_KEY, PAD_WORDS, MASKED_MEAN, NEAREST_ROWS, TO_MONO, MATCHING_LOSS),
    quizzes=(EQUAL_COUNTS, SILENT_SOUND, WINDOW, LOST_LOG),
    predictions=(WRONG_PAIRS, BYTES_READ, FOUND_CAPTIONS),
)
