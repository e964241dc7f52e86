"""What chapter 08 asks: caches, reading ahead, the way to the device."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import torch

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 08.1


class _Source:
    """Three tensors, and how often each was asked for."""

    def __init__(self, step: float = 10.0) -> None:
        self.step = step
        self.asked: list[int] = []

    def __len__(self) -> int:
        return 3

    def __getitem__(self, i: int) -> torch.Tensor:
        self.asked.append(i)
        return torch.full((2,), self.step * i)


class _Counter:
    """Adds 1, then 2, then 3, ...: a stand-in for chance."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return value + self.calls


def _times_asked(cached: Any) -> int:
    source = _Source()
    dataset = cached(source, lambda value: value)
    for _ in range(3):
        dataset[1]
    return source.asked.count(1)


def _drawn(cached: Any) -> list[float | None]:
    dataset = cached(_Source(), _Counter())
    return [item if (item := dataset[1]) is None else item[0].item() for _ in range(3)]


def _in_place(cached: Any) -> list[float]:
    dataset = cached(_Source(), lambda value: value.add_(5))
    return [dataset[1][0].item() for _ in range(3)]


def _of_two(cached: Any) -> list[float]:
    """Item 1 of two datasets, read in turns."""
    one, other = (cached(_Source(step), lambda value: value) for step in (10.0, 20.0))
    return [dataset[1][0].item() for dataset in (one, other)]


CACHED_DATASET = Exercise(
    id="08.1",
    title="Keep before chance",
    prompt=(
        "Wrap a dataset: `source[i]` is a tensor that is dear to get and always the same, `augment` is a "
        "function with chance in it.\n"
        "Ask `source` for each item once only; augment anew each time. `augment` may change its tensor "
        "in place."
    ),
    stub="""
from collections.abc import Callable
import torch
from torch.utils.data import Dataset

class CachedDataset(Dataset):
    def __init__(self, source: Dataset, augment: Callable) -> None:
        ...

    def __len__(self) -> int:
        ...

    def __getitem__(self, i: int) -> torch.Tensor:
        ...
""",
    checks=(
        Check(
            use=lambda cached: len(cached(_Source(), lambda value: value)),
            shown="len(CachedDataset(source, augment)), source has 3 items",
            expected=3,
            why="As many as the source has.",
        ),
        Check(
            use=_times_asked,
            shown="how often source[1] is read when dataset[1] is read three times",
            expected=1,
            why="Keep what the source gives, and look there first.",
            traps=((3, "The source is asked again each time: nothing is kept."),),
        ),
        Check(
            use=_drawn,
            shown="dataset[1] three times; augment adds 1, then 2, then 3 to 10",
            expected=[11.0, 12.0, 13.0],
            why="`augment` must run at each read.",
            traps=(
                ([None, None, None], "`__getitem__` gives nothing back: is a `return` missing?"),
                ([11.0, 11.0, 11.0], "The augmented item was kept: its first dice roll lasts for ever."),
                ([11.0, 13.0, 16.0], "Each read augments what the last one left: keep the source's item."),
            ),
        ),
        Check(
            use=_in_place,
            shown="dataset[1] three times; augment adds 5 to 10, in place",
            expected=[15.0, 15.0, 15.0],
            why="The kept tensor was changed: give `augment` a copy of it.",
        ),
        Check(
            use=_of_two,
            shown="one[1] and other[1]: two datasets, whose sources hold 10 and 20 there",
            expected=[10.0, 20.0],
            why="Each dataset needs a cache of its own, for its own source.",
            traps=(
                ([10.0, 10.0], "Both share one cache: make it in `__init__`, as an attribute of `self`."),
            ),
        ),
    ),
    hints=(
        "Two things happen to an item: one is always the same, one must differ. Keep the first.",
        "A dictionary `{i: tensor}`; `tensor.clone()` gives a copy that may be changed.",
        "`if i not in self.kept: self.kept[i] = self.source[i]`, then return `augment` of a clone.",
    ),
    solution="""
from collections.abc import Callable
import torch
from torch.utils.data import Dataset

class CachedDataset(Dataset):
    def __init__(self, source: Dataset, augment: Callable) -> None:
        self.source, self.augment, self.kept = source, augment, {}

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, i: int) -> torch.Tensor:
        if i not in self.kept:
            self.kept[i] = self.source[i]
        return self.augment(self.kept[i].clone())
""",
    explanation=(
        "The item is kept as it came. Each read augments a copy: chance stays, and the kept item too."
    ),
    why_it_matters=(
        "With the order turned round a model trains on one fixed crop of each photo, and nothing says so. "
        "With workers, each has its own dictionary."
    ),
    wrong=(
        WrongAnswer(
            "keeps the augmented item",
            "class CachedDataset:\n"
            "    def __init__(self, source, augment):\n"
            "        self.source, self.augment, self.kept = source, augment, {}\n\n"
            "    def __len__(self):\n"
            "        return len(self.source)\n\n"
            "    def __getitem__(self, i):\n"
            "        if i not in self.kept:\n"
            "            self.kept[i] = self.augment(self.source[i])\n"
            "        return self.kept[i]",
            says="dice roll lasts for ever",
        ),
        WrongAnswer(
            "returns nothing",
            "class CachedDataset:\n"
            "    def __init__(self, source, augment):\n"
            "        self.source, self.augment, self.kept = source, augment, {}\n\n"
            "    def __len__(self):\n"
            "        return len(self.source)\n\n"
            "    def __getitem__(self, i):\n"
            "        if i not in self.kept:\n"
            "            self.kept[i] = self.source[i]\n"
            "        self.augment(self.kept[i].clone())",
            says="is a `return` missing?",
        ),
        WrongAnswer(
            "keeps nothing",
            "class CachedDataset:\n"
            "    def __init__(self, source, augment):\n"
            "        self.source, self.augment = source, augment\n\n"
            "    def __len__(self):\n"
            "        return len(self.source)\n\n"
            "    def __getitem__(self, i):\n"
            "        return self.augment(self.source[i])",
            says="nothing is kept",
        ),
        WrongAnswer(
            "hands out the kept tensor",
            "class CachedDataset:\n"
            "    def __init__(self, source, augment):\n"
            "        self.source, self.augment, self.kept = source, augment, {}\n\n"
            "    def __len__(self):\n"
            "        return len(self.source)\n\n"
            "    def __getitem__(self, i):\n"
            "        if i not in self.kept:\n"
            "            self.kept[i] = self.source[i]\n"
            "        return self.augment(self.kept[i])",
            says="give `augment` a copy",
        ),
        WrongAnswer(
            "keeps one cache for all datasets",
            "class CachedDataset:\n"
            "    kept = {}\n\n"
            "    def __init__(self, source, augment):\n"
            "        self.source, self.augment = source, augment\n\n"
            "    def __len__(self):\n"
            "        return len(self.source)\n\n"
            "    def __getitem__(self, i):\n"
            "        if i not in self.kept:\n"
            "            self.kept[i] = self.source[i]\n"
            "        return self.augment(self.kept[i].clone())",
            says="Both share one cache",
        ),
    ),
)

# --- exercise 08.2

_FILES = [b"first", b"second"]
_RECIPE = {"edge": 96, "version": 1}


_OTHERS = {
    "another content": ([b"first", b"sec0nd"], _RECIPE),
    "another order": (_FILES[::-1], _RECIPE),
    "another recipe": (_FILES, {"edge": 64, "version": 1}),
    "cut elsewhere": ([b"firsts", b"econd"], _RECIPE),
}
_SAME_NAME = {
    "another content": "The content of a file changed and the name did not: hash the contents.",
    "another order": (
        "The files came in another order and the name did not change: row 0 would be another photo."
    ),
    "another recipe": (
        "The recipe changed and the name did not: an old cache would be taken for the new one."
    ),
    "cut elsewhere": (
        "[b'first', b'second'] and [b'firsts', b'econd'] get one name: hash each file by itself first, or "
        "its length too."
    ),
}


def _unchanged(name: Any) -> list[str]:
    """The cases that get the name of the files and the recipe as they are."""
    first = name(_FILES, _RECIPE)
    return [case for case, arguments in _OTHERS.items() if name(*arguments) == first]


def _glued(name: Any) -> list[bytes]:
    """Single files that get the name of two."""
    marks = (b" ", b",", b"|", b"-", b"_", b";", b":", b"/", b"\n", b"\0")
    two = name([b"a", b"b"], _RECIPE)
    return [one for mark in marks if name([one := b"a" + mark + b"b"], _RECIPE) == two]


def _elsewhere(name: Any) -> list[Any]:
    """The name here, and in another process: there Python's `hash` of bytes is another number."""
    here = name(_FILES, _RECIPE)
    if not isinstance(name, FunctionType) or "hash" in name.__globals__:
        return [here, here]
    space = name.__globals__ | {"hash": lambda value: ~hash(value)}
    there = FunctionType(name.__code__, space, name.__name__, name.__defaults__, name.__closure__)
    return [here, there(_FILES, _RECIPE)]


def _agree(why: str) -> Any:
    return lambda names: None if names[0] == names[1] else why


CACHE_NAME = Exercise(
    id="08.2",
    title="A name for a cache",
    prompt=(
        "Return a name for the cache of what `recipe` makes of the files with these `contents`. It must "
        "change with any content, with the order of the files and with the recipe.\n"
        "It must not change with the order in which the recipe's entries were written, nor from run to run."
    ),
    stub="""
def cache_name(contents: list[bytes], recipe: dict[str, int]) -> str:
    ...
""",
    checks=(
        Check(
            (_FILES, _RECIPE),
            judge=lambda name: (
                None if isinstance(name, str) else f"Return a text, not {type(name).__name__}."
            ),
            wants="a text",
        ),
        Check(
            use=_unchanged,
            shown="changes of [b'first', b'second'] and its recipe that leave the name as it is",
            judge=lambda cases: _SAME_NAME[cases[0]] if cases else None,
            wants="none",
        ),
        Check(
            use=_glued,
            shown="single files that get the name of [b'a', b'b']",
            expected=[],
            why="What you put between two files may stand in a file, too. Hash each file by itself first.",
        ),
        Check(
            use=lambda name: [name(_FILES, _RECIPE) for _ in range(2)],
            shown="the same call twice",
            judge=_agree("No clock and no chance: the next run must find the file."),
            wants="one name",
        ),
        Check(
            use=_elsewhere,
            shown="the same call in two runs",
            judge=_agree(
                "Python's own `hash` gives another number in each run, so the next run would not find the "
                "file: take `hashlib`."
            ),
            wants="one name",
        ),
        Check(
            use=lambda name: [name(_FILES, _RECIPE), name(_FILES, {"version": 1, "edge": 96})],
            shown="the same recipe, its entries written in another order",
            judge=_agree("The same recipe, written in another order, gets another name: sort it first."),
            wants="one name",
        ),
        Check(
            use=lambda name: len(name([b"x" * 100_000], _RECIPE)) <= 100,
            shown="len(cache_name(a large file)) <= 100",
            expected=True,
            why="The name grows with the files. A hash has a fixed length.",
        ),
    ),
    hints=(
        "A hash of everything that the result depends on, and of nothing else.",
        "`hashlib.sha256(data)`, `.update(more)`, `.hexdigest()`. `sorted(recipe.items())` has one order.",
        "Begin with `repr(sorted(recipe.items())).encode()`, then update with the digest of each content.",
    ),
    solution="""
import hashlib

def cache_name(contents: list[bytes], recipe: dict[str, int]) -> str:
    key = hashlib.sha256(repr(sorted(recipe.items())).encode())
    for content in contents:
        key.update(hashlib.sha256(content).digest())
    return key.hexdigest()[:24]
""",
    explanation=(
        "Digests have one length, so no two lists of files can run together. Sorted, the recipe has one form."
    ),
    why_it_matters=(
        "A stale cache raises no error: you train on yesterday's pixels. Put a version into the recipe, and "
        "raise it when the code changes."
    ),
    wrong=(
        WrongAnswer(
            "forgets the recipe",
            "import hashlib\n\n"
            "def cache_name(contents, recipe):\n"
            "    key = hashlib.sha256()\n"
            "    for content in contents:\n"
            "        key.update(hashlib.sha256(content).digest())\n"
            "    return key.hexdigest()",
            says="The recipe changed",
        ),
        WrongAnswer(
            "glues the contents",
            "import hashlib\n\n"
            "def cache_name(contents, recipe):\n"
            "    text = repr(sorted(recipe.items())).encode()\n"
            "    return hashlib.sha256(text + b''.join(contents)).hexdigest()",
            says="hash each file by itself",
        ),
        WrongAnswer(
            "does not sort the recipe",
            "import hashlib\n\n"
            "def cache_name(contents, recipe):\n"
            "    key = hashlib.sha256(repr(recipe).encode())\n"
            "    for content in contents:\n"
            "        key.update(hashlib.sha256(content).digest())\n"
            "    return key.hexdigest()",
            says="sort it first",
        ),
        WrongAnswer(
            "counts the files",
            'def cache_name(contents, recipe):\n    return f"{len(contents)}-{sorted(recipe.items())}"',
            says="hash the contents",
        ),
        WrongAnswer(
            "sorts the files",
            "import hashlib\n\n"
            "def cache_name(contents, recipe):\n"
            "    parts = sorted(hashlib.sha256(content).hexdigest() for content in contents)\n"
            "    return hashlib.sha256(repr((parts, sorted(recipe.items()))).encode()).hexdigest()",
            says="came in another order",
        ),
        WrongAnswer(
            "takes Python's own hash",
            "def cache_name(contents, recipe):\n"
            "    return str(hash((tuple(contents), tuple(sorted(recipe.items())))))",
            says="another number in each run",
        ),
        WrongAnswer(
            "joins the contents with a sign",
            "import hashlib\n\n"
            "def cache_name(contents, recipe):\n"
            "    text = repr(sorted(recipe.items())).encode()\n"
            "    return hashlib.sha256(text + b'|'.join(contents)).hexdigest()",
            says="may stand in a file, too",
        ),
    ),
)

# --- exercise 08.3


class _Power(Exception):
    """What the check raises in the middle of a write."""


def _broken_off() -> Iterator[bytes]:
    yield b"half of "
    raise _Power("the power went off")


def _folder(path: Path) -> dict[str, bytes | None]:
    """What lies in the folder of `path`: name -> content, None for a folder."""
    return {
        each.name: each.read_bytes() if each.is_file() else None for each in sorted(path.parent.iterdir())
    }


def _written(write: Any) -> list[dict[str, bytes | None]]:
    """What lies in the folder after a first and after a second write."""
    with tempfile.TemporaryDirectory() as folder:
        path, found = Path(folder, "cache.bin"), []
        for chunks in ([b"one ", b"two"], [b"new"]):
            write(path, iter(chunks))
            found.append(_folder(path))
        return found


def _both_whole(found: list[dict[str, bytes | None]]) -> str | None:
    first, second = (folder.get("cache.bin") for folder in found)
    if first is None:
        return "The file is not there under its own name: rename the part at the end."
    if first != b"one two":
        return "All pieces are needed, in order."
    if second != b"new":
        return "A second write must replace the first."
    return _alone(found[1])


def _interrupted(write: Any) -> tuple[str, dict[str, bytes | None]]:
    """The error that came out of the write, and what lies in the folder then."""
    with tempfile.TemporaryDirectory() as folder:
        path, error = Path(folder, "cache.bin"), "no error"
        path.write_bytes(b"old")
        try:
            write(path, _broken_off())
        except _Power as power:
            error = str(power)
        return error, _folder(path)


def _untouched(found: tuple[str, dict[str, bytes | None]]) -> str | None:
    error, folder = found
    if error == "no error":
        return "The error was swallowed: let it go on after the clean-up."
    if "cache.bin" not in folder:
        return "The old file is gone, and there is no new one."
    if folder["cache.bin"] != b"old":
        return "The old content is lost: write to another name first."
    return _alone(folder)


def _alone(folder: dict[str, bytes | None]) -> str | None:
    left = len(folder) - 1
    return f"{left} file left beside it: remove the part, also after an error." if left else None


def _old_meanwhile(write: Any) -> bytes:
    """What stands in the old file itself after a write, read by a second name that it has."""
    with tempfile.TemporaryDirectory() as folder:
        path, second_name = Path(folder, "new", "cache.bin"), Path(folder, "second name")
        path.parent.mkdir()
        path.write_bytes(b"old")
        with contextlib.suppress(OSError):  # a disk without hard links
            os.link(path, second_name)
        write(path, iter([b"one ", b"two"]))
        return second_name.read_bytes() if second_name.exists() else b"old"


WRITE_WHOLE = Exercise(
    id="08.3",
    title="Whole, or not there",
    prompt=(
        "Write all `chunks`, one after the other, to the file `path`. Whoever opens `path`, at any moment, "
        "must find the old content or all of the new.\n"
        "`chunks` may raise an error in the middle. Then the old file must still be there unchanged, nothing "
        "may lie beside it, and the error must go on."
    ),
    stub="""
from collections.abc import Iterator
from pathlib import Path

def write_whole(path: Path, chunks: Iterator[bytes]) -> None:
    ...
""",
    checks=(
        Check(
            use=_written,
            shown="the folder after write_whole(path, ...), and after a second call",
            judge=_both_whole,
            wants="all pieces of the last call in the file, nothing else in the folder",
        ),
        Check(
            use=_interrupted,
            shown="write_whole(path, ...) over an old file; an error after the first piece",
            judge=_untouched,
            wants="the error raised, the old file unchanged, nothing else in the folder",
        ),
        Check(
            use=_old_meanwhile,
            shown="what stands in the old file itself, after write_whole(path, ...)",
            expected=b"old",
            why=(
                "The old file itself was written over: if the power fails at that moment, half a file is "
                "left. Write to another name first, then `os.replace`."
            ),
        ),
    ),
    hints=(
        "Nobody may see the name before the content is whole. What can be done in one step?",
        "`os.replace(part, path)` renames in one step, also over an old file. `try ... finally` cleans up.",
        'Write into `path.with_name(path.name + ".part")`, replace; finally `part.unlink(missing_ok=True)`.',
    ),
    solution="""
import os
from collections.abc import Iterator
from pathlib import Path

def write_whole(path: Path, chunks: Iterator[bytes]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
""",
    explanation=(
        "After `os.replace` the part is gone and `unlink` has nothing to do; after an error it removes it. "
        "The part lies in the same folder because a rename is one step on one disk only."
    ),
    why_it_matters=(
        "Killed while writing, a run leaves the last whole file: for caches, checkpoints and results alike. "
        "The process number in the name keeps two runs apart."
    ),
    wrong=(
        WrongAnswer(
            "writes in place",
            "def write_whole(path, chunks):\n"
            '    with path.open("wb") as file:\n'
            "        for chunk in chunks:\n"
            "            file.write(chunk)",
            says="write to another name first",
        ),
        WrongAnswer(
            "leaves the part",
            "import os\n\n"
            "def write_whole(path, chunks):\n"
            '    part = path.with_name("part")\n'
            '    with part.open("wb") as file:\n'
            "        for chunk in chunks:\n"
            "            file.write(chunk)\n"
            "    os.replace(part, path)",
            says="remove the part",
        ),
        WrongAnswer(
            "removes the old file first",
            "def write_whole(path, chunks):\n"
            "    path.unlink(missing_ok=True)\n"
            "    path.write_bytes(b''.join(chunks))",
            says="The old file is gone",
        ),
        WrongAnswer(
            "swallows the error",
            "def write_whole(path, chunks):\n"
            "    try:\n"
            "        path.write_bytes(b''.join(chunks))\n"
            "    except Exception:\n"
            "        pass",
            says="The error was swallowed",
        ),
        WrongAnswer(
            "gathers everything, then writes over the old file",
            "def write_whole(path, chunks):\n    path.write_bytes(b''.join(chunks))",
            says="itself was written over",
        ),
    ),
)

# --- exercise 08.4

SHARE_COMPUTING = Exercise(
    id="08.4",
    title="Who waits for whom",
    prompt=(
        "A batch takes `load` ms to load and `step` ms to compute. Return the share of the time, 0 to 1, "
        "that the step computes in a long run: with `workers` processes that load side by side, or none.\n"
        "Cores are plenty, and copying takes no time."
    ),
    stub="""
def share_computing(load: float, step: float, workers: int) -> float:
    ...
""",
    checks=(
        Check(
            (60.0, 20.0, 0),
            expected=0.25,
            why="Without workers load and step take turns: 20 of every 80 ms.",
            traps=(
                (1 / 3, "That is one worker. With none, nothing loads during the step."),
                (0.75, "That is the share that the step waits."),
                (25.0, "A share of the time lies between 0 and 1: no percent here."),
            ),
        ),
        Check(
            (60.0, 20.0, 1),
            expected=1 / 3,
            why="One worker gives a batch every 60 ms, and the step takes 20 of them.",
            traps=(
                (0.25, "A worker loads the next batch during the step: the two do not add up."),
                (1.0, "The worker is slower than the step: the step waits."),
            ),
        ),
        Check(
            (60.0, 20.0, 2),
            expected=2 / 3,
            why="Two workers give a batch every 30 ms.",
            traps=((1 / 3, "Two workers load two batches at once: one every `load / workers` ms."),),
        ),
        Check(
            (60.0, 20.0, 6),
            expected=1.0,
            why="Workers that are faster than the step wait for it: the share cannot pass 1.",
            traps=((2.0, "More than all of the time? Then the workers wait. Stop at 1."),),
        ),
    ),
    hints=(
        "With workers two things run side by side. Which of them sets the pace?",
        "A batch comes every `load / workers` ms; the pace is the slower of that and `step`.",
        "`step / max(step, load / workers)`; for 0 workers `step / (step + load)`.",
    ),
    solution="""
def share_computing(load: float, step: float, workers: int) -> float:
    if workers == 0:
        return step / (step + load)
    return step / max(step, load / workers)
""",
    explanation="One process: times add up. Side by side: the slower one sets the pace.",
    why_it_matters=(
        "Two measured times tell how many workers you need: load / step, rounded up. If cores run out "
        "before, make loading cheaper."
    ),
    wrong=(
        WrongAnswer(
            "adds the times up",
            "def share_computing(load, step, workers):\n    return step / (step + load / max(1, workers))",
            says="the two do not add up",
        ),
        WrongAnswer(
            "does not stop at 1",
            "def share_computing(load, step, workers):\n"
            "    if workers == 0:\n"
            "        return step / (step + load)\n"
            "    return step * workers / load",
            says="Stop at 1",
        ),
        WrongAnswer(
            "counts the loop as a worker",
            "def share_computing(load, step, workers):\n    return step / max(step, load / max(1, workers))",
            says="nothing loads during the step",
        ),
        WrongAnswer(
            "counts one worker only",
            "def share_computing(load, step, workers):\n"
            "    return step / (step + load) if workers == 0 else step / max(step, load)",
            says="load two batches at once",
        ),
        WrongAnswer(
            "returns the share that waits",
            "def share_computing(load, step, workers):\n    return load / (load + step)",
            says="the step waits",
        ),
    ),
)

# --- exercise 08.5

_BATCH = {
    "image": torch.zeros(2, 3, 4, 4, dtype=torch.uint8),
    "label": [torch.zeros(2, dtype=torch.int64), "a name"],
    "pair": (torch.zeros(2, 8, dtype=torch.float32), {"mask": torch.zeros(2, 5, dtype=torch.bool)}),
    "epoch": 3,
}

BYTES_TO_SEND = Exercise(
    id="08.5",
    title="Bytes over the bus",
    prompt=(
        "Return the bytes of all tensors in `batch`: a tensor, or lists, tuples and dictionaries of them, "
        "one in another.\n"
        "Anything else, such as a text or a number, is not sent and counts 0."
    ),
    stub="""
def bytes_to_send(batch: object) -> int:
    ...
""",
    checks=(
        Check(
            (torch.zeros(2, 3, dtype=torch.float32),),
            expected=24,
            why="Six numbers of four bytes each.",
            traps=((6, "That is how many numbers there are; a float32 takes 4 bytes."),),
        ),
        Check(
            ([torch.zeros(2, 3, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)],),
            expected=22,
            why="6 bytes of uint8, and 2 numbers of int64 with 8 bytes each.",
            traps=(
                (0, "A batch is mostly a list of tensors: look inside it."),
                (32, "uint8 takes one byte, int64 eight: ask each tensor for its own."),
            ),
        ),
        Check(
            (_BATCH,),
            expected=186,
            why="Images 96, labels 16, pair 64, and a mask of 10, two levels down.",
            traps=(
                (176, "The mask is missing: it lies two levels down. Call the function for each part."),
                (112, "The tuple is missing, with what lies in it."),
                (0, "A dictionary is not looked into: its tensors are its `.values()`."),
            ),
        ),
    ),
    hints=(
        "A batch is a tensor, or holds things that are batches themselves.",
        "`tensor.nbytes`; `isinstance(batch, dict)`; `isinstance(batch, (list, tuple))`; call yourself.",
        "`sum(bytes_to_send(part) for part in batch.values())` for a dictionary, the same for a list.",
    ),
    solution="""
import torch

def bytes_to_send(batch: object) -> int:
    if isinstance(batch, torch.Tensor):
        return batch.nbytes
    if isinstance(batch, dict):
        return sum(bytes_to_send(part) for part in batch.values())
    if isinstance(batch, (list, tuple)):
        return sum(bytes_to_send(part) for part in batch)
    return 0
""",
    explanation="Each part is a smaller batch, so the function can ask itself. `nbytes` knows the dtype.",
    why_it_matters=(
        "Print it once in your own loop: int64 labels are nothing, float32 images are four times too much. "
        "Moving a batch to a device has the same form."
    ),
    wrong=(
        WrongAnswer(
            "counts elements",
            "def bytes_to_send(batch):\n"
            "    if hasattr(batch, 'numel'):\n"
            "        return batch.numel()\n"
            "    return sum(map(bytes_to_send, batch))",
            says="a float32 takes 4 bytes",
        ),
        WrongAnswer(
            "takes four bytes each",
            "def bytes_to_send(batch):\n"
            "    if hasattr(batch, 'numel'):\n"
            "        return 4 * batch.numel()\n"
            "    return sum(map(bytes_to_send, batch))",
            says="ask each tensor for its own",
        ),
        WrongAnswer(
            "looks into tensors only",
            "def bytes_to_send(batch):\n    return batch.nbytes if hasattr(batch, 'nbytes') else 0",
            says="look inside it",
        ),
        WrongAnswer(
            "forgets tuples",
            "def bytes_to_send(batch):\n"
            "    if hasattr(batch, 'nbytes'):\n"
            "        return batch.nbytes\n"
            "    if isinstance(batch, dict):\n"
            "        batch = list(batch.values())\n"
            "    return sum(map(bytes_to_send, batch)) if isinstance(batch, list) else 0",
            says="The tuple is missing",
        ),
    ),
)

# --- quiz

FOUR_WORKERS = Quiz(
    id="08.q1",
    question=(
        "10 GB of decoded photos, a dictionary cache in the dataset, four workers that stay, shuffled. "
        "How much memory does it take after many epochs?"
    ),
    options=(
        Option(
            "10 GB: the cache belongs to the dataset", "Each worker has a copy of the dataset of its own."
        ),
        Option(
            "2.5 GB in each worker", "If each worker always got the same photos. Shuffled, it gets others."
        ),
        Option("40 GB", "Each worker has met nearly every photo by then, and kept it."),
    ),
    answer="c",
)

BETTER_LOSS = Quiz(
    id="08.q2",
    question=(
        "You add a cache to a dataset that augments. An epoch is five times as fast, the training loss falls "
        "faster, validation gets worse. What happened?"
    ),
    options=(
        Option("The cache is damaged", "Then the training loss would hardly fall faster."),
        Option(
            "The augmented samples were kept",
            "Chance was frozen at its first roll: one picture of each photo, learnt by heart.",
        ),
        Option("Fast epochs need a smaller learning rate", "The steps are the same; only the clock is not."),
    ),
    answer="b",
)

WHAT_PINS = Quiz(
    id="08.q3",
    question="What does `pin_memory=True` bring by itself, if the loop says `batch.to(device)`?",
    options=(
        Option(
            "Batches are loaded on the GPU",
            "Loading stays on the CPU. The batch is copied to page-locked memory, still on the CPU's side.",
        ),
        Option(
            "A quicker copy, but Python still waits for it",
            "Overlap needs `non_blocking=True` as well, and for a busy device a second stream.",
        ),
        Option("The copy runs beside the step", "Only with `non_blocking=True`; here the call waits."),
    ),
    answer="b",
)

BUS_LIMIT = Quiz(
    id="08.q4",
    question=(
        "The copy to the device takes longer than the step, with pinned memory and a prefetcher. "
        "Which change helps most?"
    ),
    options=(
        Option("Move the random flips to the device", "The same bytes travel. Flips are cheap anywhere."),
        Option("A larger `prefetch_factor`", "More batches wait in memory; the bus is as wide as before."),
        Option(
            "Send uint8, convert and normalise on the device",
            "A quarter of the bytes. Now the step is the longer one, and the copy hides behind it.",
        ),
    ),
    answer="c",
)

# --- predictions

SECOND_EPOCH = Prediction(
    id="08.p1",
    question=(
        "Two workers that stay, each with a dictionary, a shuffled order. How many percent of the second "
        "epoch come from a cache?"
    ),
    explanation=(
        "A photo is found only if the same worker had it in the first epoch: with two workers, one in two."
    ),
    unit="%",
    tolerance=0.15,
)

FLOAT_BATCH = Prediction(
    id="08.p2",
    question="32 photos of 3 × 224 × 224 as float32: how many MB (of a million bytes)?",
    explanation="32 × 3 × 224 × 224 numbers of 4 bytes. As uint8, as they were decoded, it is a quarter.",
    unit="MB",
    tolerance=0.1,
)

CHAPTER = Chapter(
    number="08",
    title="Caching, prefetching, GPU",
    exercises=(CACHED_DATASET, CACHE_NAME, WRITE_WHOLE, SHARE_COMPUTING, BYTES_TO_SEND),
    quizzes=(FOUR_WORKERS, BETTER_LOSS, WHAT_PINS, BUS_LIMIT),
    predictions=(SECOND_EPOCH, FLOAT_BATCH),
)
