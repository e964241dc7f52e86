"""What chapter 10c asks: six patients to cure, one law, and what the instruments see."""

import copy
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image, ImageFile
from torch.utils.data import default_collate

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 10c.1: decode a photo no larger than needed


def _ramps(width: int, height: int) -> np.ndarray:
    """A picture, uint8 (height, width, 3): red grows to the right, green downwards, blue is the same."""
    rows, columns = np.mgrid[:height, :width]
    blue = np.full((height, width), 128)
    ramps = [255 * columns / (width - 1), 255 * rows / (height - 1), blue]
    return np.stack(ramps, axis=2).astype(np.uint8)


def _decoded(load_square: Callable[[Path, int], Any], size: tuple[int, int], edge: int) -> dict[str, Any]:
    """What `load_square` gives of a photo of `size`, and how large the photo was decoded, (width, height)."""
    sizes = []
    load = ImageFile.ImageFile.load

    def watched(photo: ImageFile.ImageFile) -> Any:
        if photo.tile:  # not decoded yet
            sizes.append(photo.size)
        return load(photo)

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(ImageFile.ImageFile, "load", watched):
        path = Path(folder, "photo.jpg")
        Image.fromarray(_ramps(*size)).save(path)
        return {"square": load_square(path, edge), "decoded": sizes}


def _judge_square(came: dict[str, Any], edge: int, largest: int) -> str | None:
    square, sizes = came["square"], came["decoded"]
    if not isinstance(square, torch.Tensor) or square.dtype != torch.uint8:
        return "Return a uint8 tensor: `pil_to_tensor` makes one of a picture."
    if square.shape != (3, edge, edge):
        return f"The shape is {tuple(square.shape)}, not (3, {edge}, {edge})."
    if not sizes:
        return "Pillow did not decode the photo, and only Pillow is watched here: open it with `Image.open`."
    if len(sizes) != 1:
        return f"The photo was decoded {len(sizes)} times; once is enough."
    width, height = sizes[0]
    wanted = torch.from_numpy(_ramps(edge, edge)).permute(2, 0, 1)
    if (square.float() - wanted.float()).abs().mean() > 3:
        return (
            "The shape is right, but this is not the whole photo, squeezed. A crop shows a part of it. An "
            "array of a picture is (H, W, C): `reshape` mixes its pixels up, `pil_to_tensor` (or "
            "`permute(2, 0, 1)`) does not."
        )
    if min(width, height) < edge:
        return (
            f"The photo was decoded at {width} x {height}, smaller than {edge} x {edge}: the rest is "
            "guessed, "
            "and the picture is blurred."
        )
    if width * height > largest:
        return (
            f"{width * height:,} pixels were decoded for {edge * edge:,}. Ask the decoder for less "
            "**before** the first pixel is there: `resize` and `convert` decode."
        )
    return None


SQUARE = Exercise(
    id="10c.1",
    title="Patient 1: decode less",
    prompt=(
        "Return the JPEG photo at `path` as a uint8 tensor `(3, edge, edge)`, like `Stamps`: the whole photo "
        "squeezed into the square.\n"
        "Decode as few pixels as the JPEG decoder allows, but never fewer than the square has on a side."
    ),
    stub="""
import torch
from PIL import Image
from torchvision.transforms.v2.functional import pil_to_tensor

def load_square(path, edge: int) -> torch.Tensor:
    ...
""",
    checks=(
        Check(
            use=lambda load_square: _decoded(load_square, (1600, 1200), 64),
            shown="load_square(a photo of 1600 x 1200, 64), and how large it was decoded",
            judge=lambda came: _judge_square(came, 64, 200 * 150),
            wants="a uint8 tensor (3, 64, 64); at most 200 x 150 pixels decoded",
        ),
        Check(
            use=lambda load_square: _decoded(load_square, (480, 360), 100),
            shown="load_square(a photo of 480 x 360, 100), and how large it was decoded",
            judge=lambda came: _judge_square(came, 100, 480 * 360),
            wants="a uint8 tensor (3, 100, 100), from a photo decoded at 100 or more on each side",
        ),
    ),
    hints=(
        "A JPEG is stored in blocks of 8 x 8 pixels. A decoder can give one, two or four pixels a "
        "side for each "
        "block, and skip the rest of the work. You have to ask before it starts.",
        '`photo.draft("RGB", (width, height))` asks for the smallest such size that is not below the '
        "one given. "
        "It does nothing once the pixels are there.",
        '`photo.draft("RGB", (edge, edge))` right after `Image.open`, then `convert`, `resize`, '
        "`pil_to_tensor`.",
    ),
    solution="""
import torch
from PIL import Image
from torchvision.transforms.v2.functional import pil_to_tensor

def load_square(path, edge: int) -> torch.Tensor:
    with Image.open(path) as photo:
        photo.draft("RGB", (edge, edge))
        return pil_to_tensor(photo.convert("RGB").resize((edge, edge)))
""",
    explanation=(
        "`Image.open` reads only the header. `draft` sets the scale of the decoder: 1/2, 1/4 or 1/8. "
        "1,920,000 pixels become 30,000. The file is still read to its end, so the time falls less "
        "than the pixels."
    ),
    why_it_matters=(
        "Photos from a camera have ten megapixels and more; a model sees 0.05. A large gain of many "
        "pipelines is this one line."
    ),
    wrong=(
        WrongAnswer(
            "decodes everything, as the patient does",
            "from PIL import Image\n"
            "from torchvision.transforms.v2.functional import pil_to_tensor\n\n"
            "def load_square(path, edge):\n"
            "    with Image.open(path) as photo:\n"
            '        return pil_to_tensor(photo.convert("RGB").resize((edge, edge)))',
            says="Ask the decoder for less",
        ),
        WrongAnswer(
            "asks when it is too late",
            "from PIL import Image\n"
            "from torchvision.transforms.v2.functional import pil_to_tensor\n\n"
            "def load_square(path, edge):\n"
            "    with Image.open(path) as photo:\n"
            "        photo.load()\n"
            '        photo.draft("RGB", (edge, edge))\n'
            '        return pil_to_tensor(photo.convert("RGB").resize((edge, edge)))',
            says="before** the first pixel is there",
        ),
        WrongAnswer(
            "asks for too little",
            "from PIL import Image\n"
            "from torchvision.transforms.v2.functional import pil_to_tensor\n\n"
            "def load_square(path, edge):\n"
            "    with Image.open(path) as photo:\n"
            '        photo.draft("RGB", (edge // 2, edge // 2))\n'
            '        return pil_to_tensor(photo.convert("RGB").resize((edge, edge)))',
            says="the picture is blurred",
        ),
        WrongAnswer(
            "mixes the pixels up",
            "import numpy as np\nimport torch\nfrom PIL import Image\n\n"
            "def load_square(path, edge):\n"
            "    with Image.open(path) as photo:\n"
            '        photo.draft("RGB", (edge, edge))\n'
            '        pixels = np.array(photo.convert("RGB").resize((edge, edge)))\n'
            "    return torch.from_numpy(pixels).reshape(3, edge, edge)",
            says="mixes its pixels up",
        ),
        WrongAnswer(
            "cuts a square out",
            "from PIL import Image, ImageOps\n"
            "from torchvision.transforms.v2.functional import pil_to_tensor\n\n"
            "def load_square(path, edge):\n"
            "    with Image.open(path) as photo:\n"
            '        photo.draft("RGB", (edge, edge))\n'
            '        return pil_to_tensor(ImageOps.fit(photo.convert("RGB"), (edge, edge)))',
            says="A crop shows a part",
        ),
        WrongAnswer(
            "another decoder",
            "import simplejpeg\nimport torch\n"
            "from torchvision.transforms.v2.functional import resize\n\n"
            "def load_square(path, edge):\n"
            "    data = open(path, 'rb').read()\n"
            "    pixels = simplejpeg.decode_jpeg(data, min_height=edge, min_width=edge)\n"
            "    return resize(torch.from_numpy(pixels).permute(2, 0, 1), [edge, edge])",
            says="open it with `Image.open`",
        ),
    ),
)

# --- exercise 10c.2: read the label file once


def _reads(dataset_class: Callable[..., Any]) -> dict[str, int]:
    """How often the labels are read: at the start, and until two workers have read their items."""
    calls = []

    def read_labels() -> dict[str, str]:
        calls.append(1)
        return {"a.jpg": "cat", "b.jpg": "dog", "c.jpg": "owl"}

    dataset = dataset_class(["a.jpg", "b.jpg", "c.jpg"], read_labels)
    at_start = len(calls)
    workers = [copy.deepcopy(dataset) for _ in range(2)]  # as two workers get it
    for worker in workers:
        for i in range(3):
            worker[i]
    return {"when it is made": at_start, "in two workers": len(calls) - at_start}


def _judge_reads(reads: dict[str, int]) -> str | None:
    start, later = reads["when it is made"], reads["in two workers"]
    if later == 6:
        return "The file is read again for each item: six items, six reads."
    if later == 2:
        return (
            "Each worker reads the file for itself at its first item, and without persistent workers "
            "in each epoch "
            "again: read it in `__init__`, before the workers get their copies."
        )
    if start != 1 or later:
        return "Read the labels exactly once, in `__init__`."
    return None


LABELS = Exercise(
    id="10c.2",
    title="Patient 2: read once",
    prompt=(
        "Write the dataset of patient 2 so that the label file is read once. `read_labels()` reads "
        "it and returns "
        "a dictionary: name of the file, label.\n"
        "Item `i` is the pair `(name, label)`: the photo is left out here. Workers get copies of the dataset "
        "after it was made."
    ),
    stub="""
from collections.abc import Callable
from torch.utils.data import Dataset

class LabelledOnce(Dataset):
    def __init__(self, files: list[str], read_labels: Callable[[], dict[str, str]]) -> None:
        ...

    def __len__(self) -> int:
        ...

    def __getitem__(self, i: int) -> tuple[str, str]:
        ...
""",
    checks=(
        Check(
            use=lambda made: [
                (len(dataset), dataset[1])
                for dataset in [
                    made(["a.jpg", "b.jpg"], lambda: {"b.jpg": "dog", "a.jpg": "cat", "c.jpg": "owl"})
                ]
            ],
            shown='dataset = LabelledOnce(["a.jpg", "b.jpg"], ...); len(dataset), dataset[1]',
            expected=[(2, ("b.jpg", "dog"))],
            why=(
                "There are as many items as names in `files`. Item 1 is the name at place 1 and the label "
                "that belongs to this name."
            ),
            traps=(
                (
                    [(3, ("b.jpg", "dog"))],
                    "The file has labels of other photos too: the length is that of `files`.",
                ),
                (
                    [(2, ("b.jpg", "cat"))],
                    "The label comes by its place in the file; look it up by the name.",
                ),
            ),
        ),
        Check(
            use=_reads,
            shown="how often read_labels is called",
            judge=_judge_reads,
            wants="once when the dataset is made, never later",
        ),
    ),
    hints=(
        "What changes from item to item? Not the label file. Where is the place for work that is done once?",
        "`self.labels = read_labels()` in `__init__`; the workers' copies bring the dictionary along.",
        "`__getitem__`: `name = self.files[i]`, then `return name, self.labels[name]`.",
    ),
    solution="""
from collections.abc import Callable
from torch.utils.data import Dataset

class LabelledOnce(Dataset):
    def __init__(self, files: list[str], read_labels: Callable[[], dict[str, str]]) -> None:
        self.files = files
        self.labels = read_labels()

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[str, str]:
        name = self.files[i]
        return name, self.labels[name]
""",
    explanation=(
        "`__init__` runs once, in the notebook. Every copy that a worker gets has the labels already."
    ),
    why_it_matters=(
        "Everything in `__getitem__` is paid for each item of each epoch. A file of labels, a mean over the "
        "data, a compiled pattern: all of it belongs into `__init__`."
    ),
    wrong=(
        WrongAnswer(
            "reads for each item",
            "class LabelledOnce:\n"
            "    def __init__(self, files, read_labels):\n"
            "        self.files, self.read_labels = files, read_labels\n"
            "    def __len__(self):\n"
            "        return len(self.files)\n"
            "    def __getitem__(self, i):\n"
            "        return self.files[i], self.read_labels()[self.files[i]]",
            says="six items, six reads",
        ),
        WrongAnswer(
            "reads at the first item",
            "class LabelledOnce:\n"
            "    def __init__(self, files, read_labels):\n"
            "        self.files, self.read_labels, self.labels = files, read_labels, None\n"
            "    def __len__(self):\n"
            "        return len(self.files)\n"
            "    def __getitem__(self, i):\n"
            "        if self.labels is None:\n"
            "            self.labels = self.read_labels()\n"
            "        return self.files[i], self.labels[self.files[i]]",
            says="Each worker reads the file for itself",
        ),
        WrongAnswer(
            "labels by place",
            "class LabelledOnce:\n"
            "    def __init__(self, files, read_labels):\n"
            "        self.files, self.labels = files, sorted(read_labels().values())\n"
            "    def __len__(self):\n"
            "        return len(self.files)\n"
            "    def __getitem__(self, i):\n"
            "        return self.files[i], self.labels[0]",
            says="look it up by the name",
        ),
        WrongAnswer(
            "as long as the label file",
            "class LabelledOnce:\n"
            "    def __init__(self, files, read_labels):\n"
            "        self.files, self.labels = files, read_labels()\n"
            "    def __len__(self):\n"
            "        return len(self.labels)\n"
            "    def __getitem__(self, i):\n"
            "        return self.files[i], self.labels[self.files[i]]",
            says="the length is that of `files`",
        ),
    ),
)

# --- exercise 10c.3: one pass over the notes


class _Notes(list[dict[str, Any]]):
    """A list that counts how many of its notes were handed out one after the other, or by their place."""

    touched = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for note in super().__iter__():
            self.touched += 1
            yield note

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.touched += len(found) if isinstance(place, slice) else 1
        return found


class _Files(list[str]):
    """A list that counts how often a name was searched for in it."""

    searched = 0

    def __contains__(self, name: object) -> bool:
        self.searched += 1
        return super().__contains__(name)


_BOXES = [("b", (0, 0, 2, 2)), ("a", (1, 1, 3, 3)), ("b", (4, 4, 6, 6)), ("a", (0, 0, 9, 9))]


def _touched(group: Callable[..., Any]) -> dict[str, int]:
    notes = _Notes({"file": f"{n % 50}.jpg", "box": (n, n, n + 1, n + 1)} for n in range(1000))
    files = _Files(f"{n}.jpg" for n in range(50))
    group(notes, files)
    return {"notes looked at": notes.touched, "searches in files": files.searched}


def _judge_touched(came: dict[str, int]) -> str | None:
    touched, searched = came["notes looked at"], came["searches in files"]
    if touched > 2000:
        return (
            f"The 1,000 notes were looked at {touched:,} times: once for each of the 50 files. With "
            "twice as many files and notes it would be four times as much."
        )
    if searched > 100:
        return (
            f"`in files` searches the list from its start, {searched:,} times: the same fault in another "
            "place. Ask the dictionary: `in boxes` is one look."
        )
    return None


BOXES = Exercise(
    id="10c.3",
    title="Patient 3: look up, do not search",
    prompt=(
        'Each note is a dictionary `{"file": name, "box": (left, upper, right, lower)}`. Return a '
        "dictionary: for **every** name in `files` the list of its boxes, in the order of the notes. A photo "
        "without boxes has an empty list; notes on other photos are left out.\n"
        "Go through the notes once, however many files there are."
    ),
    stub="""
def boxes_by_file(notes: list[dict], files: list[str]) -> dict[str, list[tuple]]:
    ...
""",
    checks=(
        Check(
            ([{"file": file, "box": box} for file, box in _BOXES], ["a", "b", "c"]),
            expected={"a": [(1, 1, 3, 3), (0, 0, 9, 9)], "b": [(0, 0, 2, 2), (4, 4, 6, 6)], "c": []},
            why="Two boxes for `a`, two for `b`, none for `c`, in the order in which the notes have them.",
            traps=(
                (
                    {"a": [(0, 0, 9, 9)], "b": [(4, 4, 6, 6)], "c": []},
                    "Only the last box of each photo is left: a dictionary keeps one value for a key. "
                    "Make the value a list.",
                ),
                (
                    {name: [box for _, box in _BOXES] for name in "abc"},
                    "All photos share one list: `dict.fromkeys(files, [])` makes one, not one for each. "
                    "`{name: [] for name in files}` makes one for each.",
                ),
                (
                    {"a": [(1, 1, 3, 3), (0, 0, 9, 9)], "b": [(0, 0, 2, 2), (4, 4, 6, 6)]},
                    "`c` is missing: a photo without boxes is a photo all the same, and its look-up "
                    "would fail.",
                ),
            ),
        ),
        Check(
            ([{"file": "a", "box": (1, 1, 3, 3)}, {"file": "z", "box": (0, 0, 5, 5)}], ["a"]),
            expected={"a": [(1, 1, 3, 3)]},
            why="The notes tell of `z` too, and `z` is not among our photos: leave it out.",
        ),
        Check(
            use=_touched,
            shown="what is looked at, for 1,000 notes and 50 files",
            judge=_judge_touched,
            wants="each of the 1,000 notes once, no search in the list of files",
        ),
    ),
    hints=(
        "Whoever looks for a name in a telephone book does not read it from the start. Sort the notes into "
        "drawers once, one drawer for each file.",
        "Begin with `{name: [] for name in files}`: one look into a dictionary costs the same, large "
        "or small.",
        '`for note in notes:`, and for those with `note["file"] in boxes`: '
        '`boxes[note["file"]].append(note["box"])`',
    ),
    solution="""
def boxes_by_file(notes: list[dict], files: list[str]) -> dict[str, list[tuple]]:
    boxes = {name: [] for name in files}
    for note in notes:
        if note["file"] in boxes:
            boxes[note["file"]].append(note["box"])
    return boxes
""",
    explanation="One pass makes the dictionary, in `__init__`. `__getitem__` then asks it: no search at all.",
    why_it_matters=(
        "A search grows with the data set, and it is done for each item: the cost of an epoch grows with the "
        "**square**. On a small test set nobody notices."
    ),
    wrong=(
        WrongAnswer(
            "searches for each file",
            "def boxes_by_file(notes, files):\n"
            "    return {f: [note['box'] for note in notes if note['file'] == f] for f in files}",
            says="once for each of the 50 files",
        ),
        WrongAnswer(
            "keeps the last box",
            "def boxes_by_file(notes, files):\n"
            "    last = {note['file']: [note['box']] for note in notes}\n"
            "    return {f: last.get(f, []) for f in files}",
            says="Only the last box",
        ),
        WrongAnswer(
            "forgets photos without boxes",
            "def boxes_by_file(notes, files):\n"
            "    boxes = {}\n"
            "    for note in notes:\n"
            "        boxes.setdefault(note['file'], []).append(note['box'])\n"
            "    return boxes",
            says="`c` is missing",
        ),
        WrongAnswer(
            "one list for all",
            "def boxes_by_file(notes, files):\n"
            "    boxes = dict.fromkeys(files, [])\n"
            "    for note in notes:\n"
            "        if note['file'] in boxes:\n"
            "            boxes[note['file']].append(note['box'])\n"
            "    return boxes",
            says="share one list",
        ),
        WrongAnswer(
            "keeps the notes on other photos",
            "def boxes_by_file(notes, files):\n"
            "    boxes = {name: [] for name in files}\n"
            "    for note in notes:\n"
            "        boxes.setdefault(note['file'], []).append(note['box'])\n"
            "    return boxes",
            says="leave it out",
        ),
        WrongAnswer(
            "searches the list of files",
            "def boxes_by_file(notes, files):\n"
            "    boxes = {name: [] for name in files}\n"
            "    for note in notes:\n"
            "        if note['file'] in files:\n"
            "            boxes[note['file']].append(note['box'])\n"
            "    return boxes",
            says="in another place",
        ),
    ),
)

# --- exercise 10c.4: workers that stay


class _Loader:
    """Counts the workers that a DataLoader with these options would start, and shuffles like one."""

    def __init__(self, count: dict[str, int], options: dict[str, Any]) -> None:
        self.count, self.options, self.running = count, options, False

    def __iter__(self) -> Iterator[tuple[int, int]]:
        if not self.running:
            self.count["workers started"] += self.options.get("num_workers", 0)
        self.running = bool(self.options.get("persistent_workers"))
        self.count["epochs read"] += 1
        epoch = self.count["epochs read"]
        yield from ((epoch, batch) for batch in range(4))


def _starts(run_epochs: Callable[..., Any]) -> dict[str, int]:
    count = {"workers started": 0, "epochs read": 0, "steps": 0}
    made: list[dict[str, Any]] = []

    def make_loader(**options: Any) -> _Loader:
        made.append(options)
        return _Loader(count, options)

    def step(batch: tuple[int, int]) -> None:
        count["steps"] += 1

    run_epochs(make_loader, step, 3)
    return count | {"workers": max((options.get("num_workers", 0) for options in made), default=0)}


def _judge_starts(count: dict[str, int]) -> str | None:
    if count["workers"] != 2:
        return f"The loader has {count['workers']} workers; make it with `num_workers=2`."
    if count["epochs read"] == 1 and count["steps"] == 12:
        return (
            "The data was read once, and each epoch repeats the same batches: no new order, no new "
            "augmentation, "
            "and all of it lies in memory."
        )
    if count["steps"] != 12:
        return f"Three epochs of four batches are 12 steps; there were {count['steps']}."
    if count["workers started"] != 2:
        return (
            f"{count['workers started']} workers were started for three epochs. Workers stay only if "
            "the same loader "
            "goes on, **and** it was told to keep them."
        )
    return None


EPOCHS = Exercise(
    id="10c.4",
    title="Patient 4: workers that stay",
    prompt=(
        "`make_loader(**options)` makes a DataLoader of our data with your options. Call "
        "`step(batch)` for each "
        "batch of `epochs` epochs, with two workers.\n"
        "Start each worker once."
    ),
    stub="""
from collections.abc import Callable

def run_epochs(make_loader: Callable, step: Callable, epochs: int) -> None:
    ...
""",
    checks=(
        Check(
            use=_starts,
            shown="run_epochs(make_loader, step, 3), where an epoch has 4 batches",
            judge=_judge_starts,
            wants="2 workers started, 3 epochs read, 12 steps",
        ),
    ),
    hints=(
        "Who ends the workers? The end of an epoch does, and so does a loader that nobody needs any more.",
        "`persistent_workers=True` keeps them beyond the epoch, for the **same** loader.",
        "`loader = make_loader(num_workers=2, persistent_workers=True)` before the loop over the epochs.",
    ),
    solution="""
from collections.abc import Callable

def run_epochs(make_loader: Callable, step: Callable, epochs: int) -> None:
    loader = make_loader(num_workers=2, persistent_workers=True)
    for _ in range(epochs):
        for batch in loader:
            step(batch)
""",
    explanation=(
        "One loader, made before the loop. Each `for batch in loader` is a new epoch with a new order, "
        "read by the same two workers."
    ),
    why_it_matters=(
        "A start costs 0.05 s where workers are forked and several seconds where they import torch anew. "
        "With short epochs it can be most of the run."
    ),
    wrong=(
        WrongAnswer(
            "a new loader for each epoch",
            "def run_epochs(make_loader, step, epochs):\n"
            "    for _ in range(epochs):\n"
            "        for batch in make_loader(num_workers=2, persistent_workers=True):\n"
            "            step(batch)",
            says="the same loader goes on",
        ),
        WrongAnswer(
            "does not keep the workers",
            "def run_epochs(make_loader, step, epochs):\n"
            "    loader = make_loader(num_workers=2)\n"
            "    for _ in range(epochs):\n"
            "        for batch in loader:\n"
            "            step(batch)",
            says="was told to keep them",
        ),
        WrongAnswer(
            "keeps the batches",
            "def run_epochs(make_loader, step, epochs):\n"
            "    batches = list(make_loader(num_workers=2, persistent_workers=True))\n"
            "    for _ in range(epochs):\n"
            "        for batch in batches:\n"
            "            step(batch)",
            says="no new augmentation",
        ),
        WrongAnswer(
            "does without workers",
            "def run_epochs(make_loader, step, epochs):\n"
            "    loader = make_loader()\n"
            "    for _ in range(epochs):\n"
            "        for batch in loader:\n"
            "            step(batch)",
            says="num_workers=2",
        ),
    ),
)

# --- exercise 10c.5: uint8 through the queue

_PHOTOS = (torch.arange(4 * 3 * 5 * 3) * 7 % 256).to(torch.uint8).reshape(4, 3, 5, 3)
_MEAN, _STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)


def _parcel(dataset_class: Callable[..., Any]) -> dict[str, Any]:
    """What one batch of four photos weighs on its way, and what the step gets."""
    dataset = dataset_class(_PHOTOS, _MEAN, _STD)
    batch = default_collate([dataset[i] for i in range(len(_PHOTOS))])
    return {
        "items": len(dataset),
        "bytes on the way": batch.nbytes,
        "what the step gets": dataset.finish(batch),
    }


def _judge_parcel(came: dict[str, Any]) -> str | None:
    weight, batch = came["bytes on the way"], came["what the step gets"]
    if came["items"] != len(_PHOTOS):
        return f"The dataset says that it has {came['items']} items; there are {len(_PHOTOS)} photos."
    if not isinstance(batch, torch.Tensor) or batch.dtype != torch.float32:
        return "`finish` returns the batch as float32."
    shape = (1, 3, 1, 1)
    right = (_PHOTOS / 255 - torch.tensor(_MEAN).reshape(shape)) / torch.tensor(_STD).reshape(shape)
    if batch.shape != right.shape:
        return f"`finish` returns the shape {tuple(batch.shape)}; a batch stays {tuple(right.shape)}."
    if not torch.allclose(batch, right, atol=1e-5):
        if torch.allclose(
            batch, (_PHOTOS - torch.tensor(_MEAN).reshape(shape)) / torch.tensor(_STD).reshape(shape)
        ):
            return "The pixels were not divided by 255: mean and std are on the scale from 0 to 1."
        if torch.allclose(batch, (_PHOTOS / 255 - torch.tensor(_MEAN)) / torch.tensor(_STD)):
            return (
                "Mean and std were laid along the **width**: a photo 3 pixels wide hides it, any other "
                "raises an "
                "error. Give them the shape (3, 1, 1)."
            )
        return "The step must get `(pixels / 255 - mean) / std`, each channel with its own mean and std."
    if weight > _PHOTOS.nbytes:
        return (
            f"The batch weighs {weight / _PHOTOS.nbytes:.0f} bytes a pixel on its way from the worker. Let "
            "`__getitem__` return the pixels as they are, and do the arithmetic in `finish`."
        )
    return None


PARCEL = Exercise(
    id="10c.5",
    title="Patient 5: light parcels",
    prompt=(
        "Photos are uint8 `(N, 3, H, W)`. A worker calls `__getitem__`; the batch travels; then the "
        "notebook calls "
        "`finish(batch)` and gives the result to the training step.\n"
        "The step must get float32, `(pixels / 255 - mean) / std` by channel. One byte a pixel may travel."
    ),
    stub="""
import torch
from torch.utils.data import Dataset

class LightParcels(Dataset):
    def __init__(self, photos: torch.Tensor, mean: tuple, std: tuple) -> None:
        ...

    def __len__(self) -> int:
        ...

    def __getitem__(self, i: int) -> torch.Tensor:
        ...

    def finish(self, batch: torch.Tensor) -> torch.Tensor:
        ...
""",
    checks=(
        Check(
            use=_parcel,
            shown="a batch of 4 photos of 5 x 3 pixels, collated and finished",
            judge=_judge_parcel,
            wants=f"4 items, {_PHOTOS.nbytes} bytes on the way; the step gets float32 (4, 3, 5, 3)",
        ),
    ),
    hints=(
        "The same numbers can travel in one byte or in four. When must they become float32 at the latest?",
        "`__getitem__` returns `self.photos[i]`. In `finish`, shape mean and std so that they fit "
        "(B, 3, H, W).",
        "`torch.tensor(mean).reshape(3, 1, 1)` in `__init__`; `finish`: `(batch / 255 - self.mean) / "
        "self.std`.",
    ),
    solution="""
import torch
from torch.utils.data import Dataset

class LightParcels(Dataset):
    def __init__(self, photos: torch.Tensor, mean: tuple, std: tuple) -> None:
        self.photos = photos
        self.mean = torch.tensor(mean).reshape(3, 1, 1)
        self.std = torch.tensor(std).reshape(3, 1, 1)

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.photos[i]

    def finish(self, batch: torch.Tensor) -> torch.Tensor:
        return (batch / 255 - self.mean) / self.std
""",
    explanation=(
        "Dividing uint8 by 255 gives float32, so nothing wraps around. The same arithmetic, after "
        "the journey, "
        "and once for the whole batch instead of once for each photo."
    ),
    why_it_matters=(
        "A worker's batch is written to shared memory and read from there, then perhaps copied to a GPU. "
        "All of it costs a quarter with uint8; the GPU does the arithmetic in passing."
    ),
    wrong=(
        WrongAnswer(
            "float32 on the way",
            "import torch\n\n"
            "class LightParcels:\n"
            "    def __init__(self, photos, mean, std):\n"
            "        self.photos = photos\n"
            "        self.mean, self.std = (torch.tensor(v).reshape(3, 1, 1) for v in (mean, std))\n"
            "    def __len__(self):\n"
            "        return len(self.photos)\n"
            "    def __getitem__(self, i):\n"
            "        return (self.photos[i] / 255 - self.mean) / self.std\n"
            "    def finish(self, batch):\n"
            "        return batch",
            says="4 bytes a pixel",
        ),
        WrongAnswer(
            "forgets 255",
            "import torch\n\n"
            "class LightParcels:\n"
            "    def __init__(self, photos, mean, std):\n"
            "        self.photos = photos\n"
            "        self.mean, self.std = (torch.tensor(v).reshape(3, 1, 1) for v in (mean, std))\n"
            "    def __len__(self):\n"
            "        return len(self.photos)\n"
            "    def __getitem__(self, i):\n"
            "        return self.photos[i]\n"
            "    def finish(self, batch):\n"
            "        return (batch - self.mean) / self.std",
            says="were not divided by 255",
        ),
        WrongAnswer(
            "along the width",
            "import torch\n\n"
            "class LightParcels:\n"
            "    def __init__(self, photos, mean, std):\n"
            "        self.photos, self.mean, self.std = photos, torch.tensor(mean), torch.tensor(std)\n"
            "    def __len__(self):\n"
            "        return len(self.photos)\n"
            "    def __getitem__(self, i):\n"
            "        return self.photos[i]\n"
            "    def finish(self, batch):\n"
            "        return (batch / 255 - self.mean) / self.std",
            says="along the **width**",
        ),
    ),
)

# --- exercise 10c.6: a mean that forgets the photos


def _bytes_held(thing: Any) -> int:
    if isinstance(thing, torch.Tensor):
        return thing.untyped_storage().nbytes()
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    if isinstance(thing, dict):
        return sum(_bytes_held(value) for value in thing.values())
    if isinstance(thing, list | tuple | set | deque):
        return sum(_bytes_held(value) for value in thing)
    return 8 if isinstance(thing, int | float) else 0


def _watch_mean(mean_class: Callable[..., Any]) -> dict[str, Any]:
    """The last mean of a run with a short last batch, and what the object holds, early and at the end."""
    running, held = mean_class(), []
    for _ in range(20):
        running.update(torch.full((8, 3, 4, 4), 51, dtype=torch.uint8))
        held.append(_bytes_held(vars(running)))
    last = running.update(torch.full((1, 3, 4, 4), 255, dtype=torch.uint8))
    return {"mean": last, "bytes after 2 batches": held[1], "bytes after 21": _bytes_held(vars(running))}


def _judge_mean(came: dict[str, Any]) -> str | None:
    mean, early, held = came["mean"], came["bytes after 2 batches"], came["bytes after 21"]
    if not isinstance(mean, torch.Tensor) or mean.shape != (3,):
        return "Return a tensor of shape (3,): one mean for each channel."
    right = (160 * 0.2 + 1) / 161
    if torch.allclose(mean, torch.full((3,), (20 * 0.2 + 1) / 21).to(mean)):
        return (
            "That is the mean of the batches' means. The last batch has one photo, the others have "
            "eight: weigh "
            "each batch by its photos."
        )
    if torch.allclose(mean, torch.full((3,), right * 255).to(mean)):
        return "Divide by 255: the scale is from 0 to 1."
    if torch.allclose(mean, torch.full((3,), right * 16).to(mean)):
        return "The sum runs over all pixels (4 x 4 in each photo here), so count pixels, not photos."
    if torch.allclose(mean, torch.ones(3).to(mean)):
        return "That is the mean of the last batch alone. The photos before it count as well."
    if not torch.allclose(mean, torch.full((3,), right).to(mean), atol=1e-5):
        return f"160 photos of 0.2 and one of 1 have the mean {right:.4f}."
    if held > early:
        return (
            f"After 2 batches {early:,} bytes are held, after 21 {held:,}: they grow with every batch. For a "
            "mean you need the sum and the count, not the photos."
        )
    return None


MEAN = Exercise(
    id="10c.6",
    title="Patient 6: remember less",
    prompt=(
        "`update(photos)` takes a batch, uint8 `(B, 3, H, W)`, and returns the mean of each channel "
        "over all photos "
        "so far, `(3,)`, on the scale from 0 to 1. Batches may have different sizes; all photos have "
        "the same.\n"
        "What the object holds must not grow."
    ),
    stub="""
import torch

class RunningMean:
    def __init__(self) -> None:
        ...

    def update(self, photos: torch.Tensor) -> torch.Tensor:
        ...
""",
    checks=(
        Check(
            use=_watch_mean,
            shown="20 batches of 8 dark photos (51), then a batch of one white photo (255)",
            judge=_judge_mean,
            wants="the mean 0.2050 for each channel, and no more bytes held than after 2 batches",
        ),
    ),
    hints=(
        "How would you keep the mean of the temperatures of all days, on a slip of paper that has "
        "room for two "
        "numbers?",
        "Keep the sum of each channel, `(photos / 255).sum(dim=(0, 2, 3))`, and how many pixels went "
        "into it.",
        "`self.total += ...; self.count += photos.numel() // 3; return self.total / self.count`",
    ),
    solution="""
import torch

class RunningMean:
    def __init__(self) -> None:
        self.total = torch.zeros(3, dtype=torch.float64)
        self.count = 0

    def update(self, photos: torch.Tensor) -> torch.Tensor:
        self.total += (photos / 255).sum(dim=(0, 2, 3))
        self.count += photos.numel() // 3
        return self.total / self.count
""",
    explanation=(
        "Sum and count say all that a mean needs. float64 for the sum: over millions of pixels "
        "float32 would lose "
        "the small ones."
    ),
    why_it_matters=(
        "`torch.cat` copies everything that is there, at every step: the work of an epoch grows with "
        "its square, "
        "and the memory with its length. The same happens to a list of losses that still hold their graph."
    ),
    wrong=(
        WrongAnswer(
            "keeps the photos, as the patient does",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.seen = torch.empty(0)\n"
            "    def update(self, photos):\n"
            "        self.seen = torch.cat([self.seen, photos / 255])\n"
            "        return self.seen.mean(dim=(0, 2, 3))",
            says="the sum and the count",
        ),
        WrongAnswer(
            "keeps a sum for each batch",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.sums, self.count = [], 0\n"
            "    def update(self, photos):\n"
            "        self.sums.append((photos / 255).sum(dim=(0, 2, 3)))\n"
            "        self.count += photos.numel() // 3\n"
            "        return torch.stack(self.sums).sum(0) / self.count",
            says="grow with every batch",
        ),
        WrongAnswer(
            "mean of means",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.total, self.batches = torch.zeros(3), 0\n"
            "    def update(self, photos):\n"
            "        self.total += (photos / 255).mean(dim=(0, 2, 3))\n"
            "        self.batches += 1\n"
            "        return self.total / self.batches",
            says="weigh each batch by its photos",
        ),
        WrongAnswer(
            "keeps them in a list",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.seen = []\n"
            "    def update(self, photos):\n"
            "        self.seen.append(photos)\n"
            "        return (torch.cat(self.seen) / 255).mean(dim=(0, 2, 3))",
            says="grow with every batch",
        ),
        WrongAnswer(
            "keeps them as arrays",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.seen = []\n"
            "    def update(self, photos):\n"
            "        self.seen.append(photos.numpy())\n"
            "        seen = torch.cat([torch.from_numpy(each) for each in self.seen])\n"
            "        return (seen / 255).mean(dim=(0, 2, 3))",
            says="grow with every batch",
        ),
        WrongAnswer(
            "counts photos, not pixels",
            "import torch\n\n"
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        self.total, self.count = torch.zeros(3), 0\n"
            "    def update(self, photos):\n"
            "        self.total += (photos / 255).sum(dim=(0, 2, 3))\n"
            "        self.count += len(photos)\n"
            "        return self.total / self.count",
            says="count pixels, not photos",
        ),
        WrongAnswer(
            "the last batch alone",
            "class RunningMean:\n"
            "    def __init__(self):\n"
            "        pass\n"
            "    def update(self, photos):\n"
            "        return (photos / 255).mean(dim=(0, 2, 3))",
            says="the last batch alone",
        ),
    ),
)

# --- exercise 10c.7: Amdahl's law

AMDAHL = Exercise(
    id="10c.7",
    title="What is it worth?",
    prompt=(
        "A part takes the share `share` (0 to 1) of the time. You make this part `faster` times as "
        "fast. Return how "
        "many times as fast the whole becomes.\n"
        "`faster` may be `math.inf`: the part costs nothing any more."
    ),
    stub="""
def whole_gain(share: float, faster: float) -> float:
    ...
""",
    checks=(
        Check(
            (0.25, 2.0),
            expected=1 / 0.875,
            why=(
                "Three quarters of the time stay as they are, the last quarter becomes an eighth: 0.875 are "
                "left, 1 / 0.875 = 1.14."
            ),
            traps=(
                (2.0, "That is the gain of the part. The other three quarters are as slow as before."),
                (0.875, "That is the time that is left. The gain is one divided by it."),
                (1.25, "Time adds up, speed does not: work out the time that is left."),
                (
                    1 / 0.75,
                    "That would be it if the part cost nothing any more. It takes half as long as before.",
                ),
            ),
        ),
        Check(
            (0.2, float("inf")),
            expected=1.25,
            why="A free fifth leaves four fifths: 1 / 0.8 = 1.25, and no effort gets beyond that.",
        ),
        Check((0.9, 10.0), expected=1 / 0.19, why="0.1 stays, 0.9 becomes 0.09: 1 / 0.19 = 5.26, not 10."),
    ),
    hints=(
        "Take one second of the whole. How long does the same work take afterwards?",
        "What stays is `1 - share`; what was made faster takes `share / faster`.",
        "`1 / (1 - share + share / faster)`",
    ),
    solution="""
def whole_gain(share: float, faster: float) -> float:
    return 1 / (1 - share + share / faster)
""",
    explanation="Amdahl's law: the times add up, and the gain is the old time divided by the new one.",
    why_it_matters=(
        "It says **before** you start what a week of work can bring at most. And after each success the "
        "shares change: measure again."
    ),
    wrong=(
        WrongAnswer(
            "the gain of the part",
            "def whole_gain(share, faster):\n    return faster",
            says="as slow as before",
        ),
        WrongAnswer(
            "the limit",
            "def whole_gain(share, faster):\n    return 1 / (1 - share)",
            says="if the part cost nothing",
        ),
        WrongAnswer(
            "the time that is left",
            "def whole_gain(share, faster):\n    return 1 - share + share / faster",
            says="one divided by it",
        ),
        WrongAnswer(
            "a mean of speeds",
            "def whole_gain(share, faster):\n    return 1 - share + share * faster",
            says="speed does not",
        ),
    ),
)

# --- quiz

BLIND = Quiz(
    id="10c.q1",
    question=(
        "cProfile around a training loop with `num_workers=4` puts `poll` at the top, with 80 % of the time. "
        "What do you know?"
    ),
    options=(
        Option("`poll` is slow: it should be replaced.", "`poll` does nothing but wait. It is not to blame."),
        Option(
            "The loop waits for the workers. What they do, this profile cannot say.",
            "Yes. Profile with `num_workers=0`, trace the loader, or look into the workers with py-spy.",
        ),
        Option(
            "The training step takes 80 % of the time.", "The other way round: the step has 20 % at most."
        ),
        Option(
            "The workers wait for the training step.",
            "Then the main process would be busy with its step, and `poll` would be near zero.",
        ),
    ),
    answer="b",
)

UTILISATION = Quiz(
    id="10c.q2",
    question="`nvidia-smi` shows a GPU utilisation of 100 %. Which statement is certain?",
    options=(
        Option(
            "All cores of the GPU compute.", "One small kernel on one of a hundred multiprocessors is enough."
        ),
        Option(
            "Loading is no bottleneck.",
            "Other kernels can fill the time while the step starves: of data work on the GPU, or of another "
            "program.",
        ),
        Option("The GPU's memory is full.", "Memory has a line of its own."),
        Option(
            "At nearly every moment of the last sample at least one kernel ran.",
            "Yes, that is its definition: a share of **time**. How much of the chip worked it does not say.",
        ),
    ),
    answer="d",
)

MEMORY = Quiz(
    id="10c.q3",
    question=(
        "Four forked workers share a table of 2 GB that nobody writes to. `RSS` says 2.1 GB for each "
        "of the five "
        "processes. How much memory is in use?"
    ),
    options=(
        Option("10.5 GB: five times 2.1.", "RSS counts a shared page in every process that uses it."),
        Option("8.4 GB: only the workers count.", "The table lies in memory once, whoever looks at it."),
        Option(
            "About 2.5 GB: the table once, and 0.1 GB for each process.",
            "Yes. The sum of PSS would say so: it gives each process its part of a shared page.",
        ),
    ),
    answer="c",
)

CEILING = Quiz(
    id="10c.q4",
    question=(
        "Loading alone gives 900 photos/s. The step alone, on one batch again and again, makes 300 photos/s. "
        "The whole run makes 290. What do you improve?"
    ),
    options=(
        Option(
            "The step: the loader already has three times what it needs.",
            "Yes. The run is at the step's ceiling. A smaller model, AMP, a compiled step, a larger batch.",
        ),
        Option(
            "Loading: more workers.", "The run could reach 300 at most, whatever the loader does: 3 % more."
        ),
        Option("Nothing: 290 is near 900.", "290 is near 300. The ceiling is the lower of the two."),
    ),
    answer="a",
)

STACK = Quiz(
    id="10c.q5",
    question=(
        "A training run on a server stands still: no output for ten minutes. You cannot change its "
        "code or start "
        "it again. What do you try first?"
    ),
    options=(
        Option("cProfile, around the training loop.", "It would have had to be there from the start."),
        Option("`nvidia-smi`, until the utilisation rises.", "It says that the GPU waits, not what for."),
        Option(
            "`py-spy dump --pid ...`, for the training process and for a worker.",
            "Yes. It prints the line at which each thread stands, from outside, in a second.",
        ),
        Option("`num_workers=0`.", "That changes the code, and the run that hangs is gone."),
    ),
    answer="c",
)

# --- predictions

DECODING = Prediction(
    id="10c.p1",
    question="The guide's training pipeline: what share of an item's time is the decoding of the JPEG?",
    explanation=(
        "Much less than half. Decoding a photo of this size is quick; the colour jitter, which turns every "
        "pixel into another colour space and back, is not."
    ),
    unit="%",
    tolerance=0.3,
)

SEEN = Prediction(
    id="10c.p2",
    question="64 photos, two workers. How many calls of `__getitem__` does cProfile list?",
    explanation="The calls are made, but in other processes. A profiler sees the process that it runs in.",
    unit="calls",
)

TENSORS = Prediction(
    id="10c.p3",
    question="You make a tensor of 100 MB. By how many MB does the memory grow that `tracemalloc` sees?",
    explanation=(
        "`tracemalloc` watches Python's own allocator. torch takes the memory of its tensors from "
        "the system, past it."
    ),
    unit="MB",
    tolerance=0.05,
)

CHAPTER = Chapter(
    number="10c",
    title="Profiling",
    exercises=(SQUARE, LABELS, BOXES, EPOCHS, PARCEL, MEAN, AMDAHL),
    quizzes=(BLIND, UTILISATION, MEMORY, CEILING, STACK),
    predictions=(DECODING, SEEN, TENSORS),
)
