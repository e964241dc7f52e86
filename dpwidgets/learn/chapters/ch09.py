"""What chapter 09 asks: shards, ranks, partitions."""

from typing import Any

import numpy as np
import pandas as pd

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 09.1

_SHARDS = [f"shard-{number:02}.tar" for number in range(14)]


def _dealt(my_shards: Any) -> list[list[str]]:
    """What each of 2 ranks x 3 workers gets, reader by reader."""
    return [list(my_shards(list(_SHARDS), rank, 2, worker, 3)) for rank in range(2) for worker in range(3)]


def _each_once(parts: list[list[str]]) -> str | None:
    found = [shard for part in parts for shard in part]
    if any(shard not in _SHARDS for shard in found):
        return "Return names out of `shards`."
    if parts[:3] == parts[3:]:
        return "Both ranks read the same shards: count the reader over all ranks, `rank * workers + worker`."
    if len(found) > len(set(found)):
        return "Some shards are read by two readers: every reader needs a number of its own, from 0 to 5."
    if missing := len(_SHARDS) - len(set(found)):
        return f"{missing} shards are read by nobody: 14 does not divide by 6, and the rest counts too."
    return None


def _balanced(parts: list[list[str]]) -> str | None:
    sizes = [len(part) for part in parts]
    if max(sizes) - min(sizes) > 1:
        return (
            f"The readers get {sizes} shards: deal them in turn, so that nobody gets two more than another."
        )
    return None


MY_SHARDS = Exercise(
    id="09.1",
    title="Deal the shards",
    prompt=(
        "Return the shards that this worker of this rank reads. All readers together must read each shard "
        "once, and no reader may get more than one shard more than another."
    ),
    stub="""
def my_shards(shards: list[str], rank: int, ranks: int, worker: int, workers: int) -> list[str]:
    ...
""",
    checks=(
        Check(
            use=_dealt,
            shown="my_shards(14 shards, ...) for 2 ranks x 3 workers",
            judge=_each_once,
            wants="each of the 14 shards with exactly one reader",
        ),
        Check(
            use=_dealt,
            shown="my_shards(14 shards, ...) for 2 ranks x 3 workers",
            judge=_balanced,
            wants="2 or 3 shards for each reader",
        ),
        Check(
            (["a", "b", "c"], 0, 1, 0, 1),
            expected=["a", "b", "c"],
            why="One reader alone reads everything.",
        ),
    ),
    hints=(
        "Give each reader one number, over all ranks. How many readers are there?",
        "`place = rank * workers + worker`, of `ranks * workers` places.",
        "A slice with a step deals in turn: `shards[place :: places]`.",
    ),
    solution="""
def my_shards(shards: list[str], rank: int, ranks: int, worker: int, workers: int) -> list[str]:
    return shards[rank * workers + worker :: ranks * workers]
""",
    explanation="Readers are numbered from 0 to ranks x workers - 1; a slice with that step deals in turn.",
    why_it_matters="With it an `IterableDataset` reads each sample once, however many readers there are.",
    wrong=(
        WrongAnswer(
            "splits by worker only",
            "def my_shards(shards, rank, ranks, worker, workers):\n    return shards[worker::workers]",
            says="Both ranks read the same shards",
        ),
        WrongAnswer(
            "adds rank and worker",
            "def my_shards(shards, rank, ranks, worker, workers):\n"
            "    return shards[rank + worker :: ranks * workers]",
            says="every reader needs a number of its own",
        ),
        WrongAnswer(
            "cuts blocks and loses the rest",
            "def my_shards(shards, rank, ranks, worker, workers):\n"
            "    size = len(shards) // (ranks * workers)\n"
            "    place = rank * workers + worker\n"
            "    return shards[place * size : (place + 1) * size]",
            says="shards are read by nobody",
        ),
        WrongAnswer(
            "gives the rest to the last reader",
            "def my_shards(shards, rank, ranks, worker, workers):\n"
            "    size = len(shards) // (ranks * workers)\n"
            "    place = rank * workers + worker\n"
            "    end = None if place == ranks * workers - 1 else (place + 1) * size\n"
            "    return shards[place * size : end]",
            says="deal them in turn",
        ),
    ),
)

# --- exercise 09.2

_FILES = [
    ("00001.png", b"P1"),
    ("00001.cls", b"7"),
    ("00002.png", b"P2"),
    ("00002.seg.png", b"S2"),
    ("00002.cls", b"3"),
]
_GROUPED = [
    {"__key__": b"00001", "png": b"P1", "cls": b"7"},
    {"__key__": b"00002", "png": b"P2", "seg.png": b"S2", "cls": b"3"},
]

GROUP_SAMPLES = Exercise(
    id="09.2",
    title="Files to samples",
    prompt=(
        "`files` are the files of a shard, (name, data), in their order. Return one dictionary for each "
        "sample. The first dot divides a name into key and ending: `00002.seg.png` is the "
        'part `"seg.png"` of sample `00002`.\n'
        'The dictionary maps each ending to its data, and `"__key__"` to the key as bytes (`key.encode()`).'
    ),
    stub="""
def group_samples(files: list[tuple[str, bytes]]) -> list[dict[str, bytes]]:
    ...
""",
    checks=(
        Check(
            (_FILES,),
            expected=_GROUPED,
            why="Two samples, in the order of the files, each with all of its parts and its `__key__`.",
            traps=(
                (
                    [sample | {"__key__": sample["__key__"].decode()} for sample in _GROUPED],
                    "`__key__` is a text here, and bytes are wanted: `key.encode()`.",
                ),
                (
                    [
                        {part: data for part, data in sample.items() if part != "__key__"}
                        for sample in _GROUPED
                    ],
                    "The key is missing: without it nobody can say which sample it was.",
                ),
                (
                    [
                        {part if part == "__key__" else f".{part}": data for part, data in sample.items()}
                        for sample in _GROUPED
                    ],
                    "The endings begin with the dot here: it only divides, and belongs to neither side.",
                ),
                (
                    _GROUPED[:1],
                    "The last sample is lost: no new key comes after it, so hand it over at the end.",
                ),
                (
                    [
                        {"__key__": b"00001", "png": b"P1", "cls": b"7"},
                        {"__key__": b"00002", "png": b"S2", "cls": b"3"},
                    ],
                    "`seg.png` has overwritten `png`: the ending begins at the first dot.",
                ),
                (
                    [
                        {"__key__": b"00001", "png": b"P1", "cls": b"7"},
                        {"__key__": b"00002", "png": b"P2"},
                        {"__key__": b"00002.seg", "png": b"S2"},
                        {"__key__": b"00002", "cls": b"3"},
                    ],
                    "`00002.seg` has become a sample of its own: split at the first dot, not at the last.",
                ),
            ),
        ),
        Check(([],), expected=[], why="An empty shard has no samples."),
    ),
    hints=(
        "A sample ends where the key changes, and at the end of the shard.",
        '`name.split(".", 1)` or `name.partition(".")` splits at the first dot.',
        "`itertools.groupby(files, key=...)` joins neighbours with the same key.",
    ),
    solution="""
from itertools import groupby

def group_samples(files: list[tuple[str, bytes]]) -> list[dict[str, bytes]]:
    samples = []
    for key, group in groupby(files, key=lambda file: file[0].split(".", 1)[0]):
        parts = {name.split(".", 1)[1]: data for name, data in group}
        samples.append({"__key__": key.encode()} | parts)
    return samples
""",
    explanation="Neighbours with the same key belong together; what follows the first dot names the part.",
    why_it_matters="This is the whole format: any tar whose files stand in this order is a dataset.",
    wrong=(
        WrongAnswer(
            "forgets the last sample",
            "def group_samples(files):\n"
            "    samples, sample = [], None\n"
            "    for name, data in files:\n"
            '        key, ending = name.split(".", 1)\n'
            '        if sample is None or sample["__key__"] != key.encode():\n'
            "            if sample:\n"
            "                samples.append(sample)\n"
            '            sample = {"__key__": key.encode()}\n'
            "        sample[ending] = data\n"
            "    return samples",
            says="hand it over at the end",
        ),
        WrongAnswer(
            "takes the last ending",
            "from itertools import groupby\n\n"
            "def group_samples(files):\n"
            "    samples = []\n"
            '    for key, group in groupby(files, key=lambda file: file[0].split(".")[0]):\n'
            '        parts = {name.split(".")[-1]: data for name, data in group}\n'
            '        samples.append({"__key__": key.encode()} | parts)\n'
            "    return samples",
            says="has overwritten",
        ),
        WrongAnswer(
            "splits at the last dot",
            "from itertools import groupby\n\n"
            "def group_samples(files):\n"
            "    samples = []\n"
            '    for key, group in groupby(files, key=lambda file: file[0].rsplit(".", 1)[0]):\n'
            '        parts = {name.rsplit(".", 1)[1]: data for name, data in group}\n'
            '        samples.append({"__key__": key.encode()} | parts)\n'
            "    return samples",
            says="a sample of its own",
        ),
        WrongAnswer(
            "leaves the key a text",
            "from itertools import groupby\n\n"
            "def group_samples(files):\n"
            "    samples = []\n"
            '    for key, group in groupby(files, key=lambda file: file[0].split(".", 1)[0]):\n'
            '        parts = {name.split(".", 1)[1]: data for name, data in group}\n'
            '        samples.append({"__key__": key} | parts)\n'
            "    return samples",
            says="bytes are wanted",
        ),
        WrongAnswer(
            "keeps the dot",
            "def group_samples(files):\n"
            "    samples = {}\n"
            "    for name, data in files:\n"
            '        key, dot, ending = name.partition(".")\n'
            '        samples.setdefault(key, {"__key__": key.encode()})[dot + ending] = data\n'
            "    return list(samples.values())",
            says="belongs to neither side",
        ),
        WrongAnswer(
            "forgets the key",
            "def group_samples(files):\n"
            "    samples = {}\n"
            "    for name, data in files:\n"
            '        key, ending = name.split(".", 1)\n'
            "        samples.setdefault(key, {})[ending] = data\n"
            "    return list(samples.values())",
            says="The key is missing",
        ),
    ),
)

# --- exercise 09.3

_RING = [(10, "a"), (25, "b"), (40, "a"), (60, "c")]

KEEPER = Exercise(
    id="09.3",
    title="Who keeps it",
    prompt=(
        "`ring` lists (place, machine), sorted by place. Return the machine that keeps a key at `key_place`: "
        "the first one at that place or after it. Behind the last one the ring begins again."
    ),
    stub="""
def keeper(key_place: int, ring: list[tuple[int, str]]) -> str:
    ...
""",
    checks=(
        Check(
            (35, _RING),
            expected="a",
            why="After place 35 comes place 40, where `a` stands.",
            traps=(
                ("b", "That is the machine before the key; take the next one at or after it."),
                ("c", "That is one too far: the first machine at or after the key."),
            ),
        ),
        Check(
            (26, _RING),
            expected="a",
            why="After place 26 comes place 40, though place 25 is nearer.",
            traps=(("b", "`b` is nearer, but it stands before the key: only places at or after it count."),),
        ),
        Check(
            (61, _RING), expected="a", why="Behind place 60 the ring begins again, with the first machine."
        ),
        Check(
            (25, _RING),
            expected="b",
            why="A machine at exactly the key's place keeps it.",
            traps=(("a", "`at or after`: the machine at exactly that place counts too."),),
        ),
    ),
    hints=(
        "Walk along the sorted places. Where do you stop, and what if you never stop?",
        "`next((machine for place, machine in ring if ...), ring[0][1])`, or the `bisect` module.",
        "`bisect_left(ring, (key_place,))` counts the places before the key; take it `% len(ring)`.",
    ),
    solution="""
from bisect import bisect_left

def keeper(key_place: int, ring: list[tuple[int, str]]) -> str:
    return ring[bisect_left(ring, (key_place,)) % len(ring)][1]
""",
    explanation="`(25,)` sorts before `(25, 'b')`, so a machine at the key's own place is found too.",
    why_it_matters=(
        "A newcomer takes over only the stretch before each of its places; every other key stays where it is."
    ),
    wrong=(
        WrongAnswer(
            "takes the machine before the key",
            "def keeper(key_place, ring):\n"
            "    return [machine for place, machine in ring if place <= key_place][-1]",
            says="That is the machine before the key",
        ),
        WrongAnswer(
            "takes the nearest",
            "def keeper(key_place, ring):\n"
            "    return min(ring, key=lambda stand: (abs(stand[0] - key_place), -stand[0]))[1]",
            says="stands before the key",
        ),
        WrongAnswer(
            "does not close the ring",
            "def keeper(key_place, ring):\n"
            "    return next((machine for place, machine in ring if place >= key_place), ring[-1][1])",
            says="the ring begins again",
        ),
        WrongAnswer(
            "leaves out the key's own place",
            "def keeper(key_place, ring):\n"
            "    return next((machine for place, machine in ring if place > key_place), ring[0][1])",
            says="at exactly that place counts too",
        ),
    ),
)

# --- exercise 09.4

ROWS_OF_RANK = Exercise(
    id="09.4",
    title="A sampler by hand",
    prompt=(
        "Return the row numbers that `DistributedSampler(..., shuffle=False)` deals to `rank`: the rows are "
        "dealt in turn, and every rank gets the same number. If `n` does not divide, rows from the start "
        "come again. `n` is at least `ranks`."
    ),
    stub="""
def rows_of_rank(n: int, ranks: int, rank: int) -> list[int]:
    ...
""",
    checks=(
        Check(
            (10, 4, 1),
            expected=[1, 5, 9],
            why="Rank 1 of 4 gets rows 1, 5 and 9.",
            traps=(
                ([3, 4, 5], "That is a block. Rows are dealt in turn: 0 to rank 0, 1 to rank 1, and so on."),
                ([1, 5], "Row 9 is missing: 10 rows for 4 ranks are rounded up to 3 each."),
            ),
        ),
        Check(
            (10, 4, 2),
            expected=[2, 6, 0],
            why="Rank 2 gets rows 2 and 6, and then row 0 once more.",
            traps=(
                ([2, 6], "One row short: all ranks need the same number, so rows from the start come again."),
                ([2, 6, 10], "There is no row 10: behind the last row comes row 0."),
                ([2, 6, 6], "The sampler goes on with rows from the start, here row 0."),
                ([2, 6, 2], "Rows are added at the end of all, not of each rank: after row 9 comes row 0."),
            ),
        ),
        Check(
            (10, 4, 3),
            expected=[3, 7, 1],
            why="Row 0 has gone to rank 2 once more, so rank 3 gets the next one, row 1.",
        ),
        Check((8, 4, 3), expected=[3, 7], why="8 rows divide by 4: nothing is repeated."),
    ),
    hints=(
        "How many rows does each rank get? And how many are dealt in all?",
        "`-(-n // ranks)` rounds up. Deal that many, `rank`, `rank + ranks`, ...; what comes after `n - 1`?",
        "`[i % n for i in range(rank, each * ranks, ranks)]`",
    ),
    solution="""
def rows_of_rank(n: int, ranks: int, rank: int) -> list[int]:
    each = -(-n // ranks)
    return [i % n for i in range(rank, each * ranks, ranks)]
""",
    explanation="The list of rows grows to a multiple of `ranks`, from its own start, and is dealt in turn.",
    why_it_matters="Now you can say which samples of a test count twice, and how far that may move a score.",
    wrong=(
        WrongAnswer(
            "does not fill up",
            "def rows_of_rank(n, ranks, rank):\n    return list(range(rank, n, ranks))",
            says="all ranks need the same number",
        ),
        WrongAnswer(
            "cuts blocks",
            "def rows_of_rank(n, ranks, rank):\n"
            "    each = -(-n // ranks)\n"
            "    return [i % n for i in range(rank * each, (rank + 1) * each)]",
            says="That is a block",
        ),
        WrongAnswer(
            "rounds down",
            "def rows_of_rank(n, ranks, rank):\n    return list(range(rank, n // ranks * ranks, ranks))",
            says="rounded up to 3 each",
        ),
        WrongAnswer(
            "runs past the end",
            "def rows_of_rank(n, ranks, rank):\n    return list(range(rank, -(-n // ranks) * ranks, ranks))",
            says="There is no row 10",
        ),
        WrongAnswer(
            "fills up with row 0 always",
            "def rows_of_rank(n, ranks, rank):\n"
            "    mine = list(range(rank, n, ranks))\n"
            "    return mine if len(mine) == -(-n // ranks) else [*mine, 0]",
            says="rank 3 gets the next one",
        ),
        WrongAnswer(
            "fills up each rank from itself",
            "def rows_of_rank(n, ranks, rank):\n"
            "    each = -(-n // ranks)\n"
            "    mine = list(range(rank, n, ranks))\n"
            "    return (mine + mine)[:each]",
            says="at the end of all",
        ),
    ),
)

# --- exercise 09.5

_PIECES = [np.array([2.0, 4.0, 6.0, 8.0]), np.array([100.0]), np.array([])]


def _summed(pieces: list[np.ndarray]) -> list[tuple[int, float, float]]:
    return [(len(piece), float(piece.sum()), float((piece**2).sum())) for piece in pieces]


_WHOLE = np.concatenate(_PIECES)
_MEANS = [piece.mean() for piece in _PIECES[:2]]

MEAN_AND_STD = Exercise(
    id="09.5",
    title="The second half of two passes",
    prompt=(
        "Each partition has sent `(count, sum, sum of squares)`. Return mean and standard deviation of all "
        "values together. The standard deviation divides by the number of values, as `np.std` does. "
        "A partition may be empty."
    ),
    stub="""
def mean_and_std(parts: list[tuple[int, float, float]]) -> tuple[float, float]:
    ...
""",
    checks=(
        Check(
            (_summed(_PIECES),),
            expected=(float(_WHOLE.mean()), float(_WHOLE.std())),
            why="All values together are 2, 4, 6, 8 and 100: mean 24, standard deviation 38.05.",
            traps=(
                (
                    (float(np.mean(_MEANS)), float(_WHOLE.std())),
                    "That is the mean of the partitions' means: one value counts as much as four.",
                ),
                (
                    (float(_WHOLE.mean()), float(_WHOLE.std(ddof=1))),
                    "The mean is right. This standard deviation divides by one less than the count.",
                ),
                (
                    (float(_WHOLE.mean()), float(np.sqrt((_WHOLE**2).mean()))),
                    "The mean is right. From the mean of the squares the squared mean must be taken away.",
                ),
                (
                    (float(_WHOLE.mean()), float(_WHOLE.var())),
                    "The mean is right. The second number is the variance: take its root.",
                ),
                (
                    (float(_WHOLE.mean()), float(np.std(_PIECES[0])) / 2),
                    "The mean is right. Standard deviations cannot be averaged: 100 is far from the rest.",
                ),
                (
                    (float(_WHOLE.mean()), float(np.sqrt(_PIECES[0].var() * 4 / 5))),
                    "The mean is right. This is the spread inside partitions: it leaves out how far they "
                    "lie apart.",
                ),
            ),
        ),
        Check(
            (_summed([np.array([3.0, 3.0])]),),
            expected=(3.0, 0.0),
            why="Equal values have the standard deviation 0.",
        ),
    ),
    hints=(
        "Add up first, divide at the end. What can be added, and what cannot?",
        "`map(sum, zip(*parts))` adds up all three; variance = mean square minus squared mean.",
        "`(squares / count - mean**2) ** 0.5`",
    ),
    solution="""
def mean_and_std(parts: list[tuple[int, float, float]]) -> tuple[float, float]:
    count, total, squares = map(sum, zip(*parts))
    mean = total / count
    return mean, max(0.0, squares / count - mean**2) ** 0.5
""",
    explanation=(
        "Counts, sums and sums of squares can be added; means and deviations cannot. `max` guards the root: "
        "rounding can put a variance of 0 just below it."
    ),
    why_it_matters=(
        "Three numbers a partition cross the network, whatever its size. (Where the mean is much larger than "
        "the spread this loses digits: shift the values first.)"
    ),
    wrong=(
        WrongAnswer(
            "averages the means",
            "def mean_and_std(parts):\n"
            "    count, total, squares = map(sum, zip(*parts))\n"
            "    means = [each[1] / each[0] for each in parts if each[0]]\n"
            "    return sum(means) / len(means), (squares / count - (total / count) ** 2) ** 0.5",
            says="one value counts as much as four",
        ),
        WrongAnswer(
            "divides by one less",
            "def mean_and_std(parts):\n"
            "    count, total, squares = map(sum, zip(*parts))\n"
            "    mean = total / count\n"
            "    return mean, ((squares - count * mean**2) / (count - 1)) ** 0.5",
            says="divides by one less",
        ),
        WrongAnswer(
            "returns the variance",
            "def mean_and_std(parts):\n"
            "    count, total, squares = map(sum, zip(*parts))\n"
            "    mean = total / count\n"
            "    return mean, squares / count - mean**2",
            says="take its root",
        ),
        WrongAnswer(
            "averages the deviations",
            "def mean_and_std(parts):\n"
            "    count, total, squares = map(sum, zip(*parts))\n"
            "    spreads = [(s / n - (t / n) ** 2) ** 0.5 for n, t, s in parts if n]\n"
            "    return total / count, sum(spreads) / len(spreads)",
            says="cannot be averaged",
        ),
        WrongAnswer(
            "forgets the squared mean",
            "def mean_and_std(parts):\n"
            "    count, total, squares = map(sum, zip(*parts))\n"
            "    return total / count, (squares / count) ** 0.5",
            says="must be taken away",
        ),
        WrongAnswer(
            "averages the variances",
            "def mean_and_std(parts):\n"
            "    count, total, _ = map(sum, zip(*parts))\n"
            "    inside = sum(s - t**2 / n for n, t, s in parts if n)\n"
            "    return total / count, (inside / count) ** 0.5",
            says="spread inside partitions",
        ),
    ),
)

# --- exercise 09.6


def _partition() -> pd.DataFrame:
    columns = {"station": ["A", "B", "A"], "temp": [150.0, np.nan, 170.0], "bikes": [98.0, 104.0, np.nan]}
    return pd.DataFrame(columns, index=[600, 601, 602])


def _filled(fill_partition: Any) -> tuple[pd.DataFrame, Any]:
    """The partition as it is after the call, and what came back."""
    part = _partition()
    return part, fill_partition(part, 155.0)


def _right_table(found: tuple[pd.DataFrame, Any]) -> str | None:
    part, table = found
    if not isinstance(table, pd.DataFrame):
        return f"Return a DataFrame, not {type(table).__name__}."
    if "known" not in table:
        return "The column `known` is missing: True where there was a reading."
    if not part.equals(_partition()):
        return "The partition that was given has changed, and Dask may use it elsewhere: use `assign`."
    if table.index.tolist() != [600, 601, 602]:
        return "The row labels have changed: keep the partition's index."
    if table["temp"].tolist() == [150.0, 160.0, 170.0]:
        return "The hole was filled with this partition's own mean, 160. Take the `mean` that is given."
    if table["temp"].isna().any():
        return "The hole is still there: `fillna` returns a new column, which must go into the new table."
    if table["temp"].tolist() != [150.0, 155.0, 170.0]:
        return "`temp` should be 150, 155, 170: only the hole gets the mean."
    if not table["bikes"].equals(part["bikes"]):
        return "The hole in `bikes` was filled with a temperature, too: fill the column `temp` alone."
    if table["known"].tolist() == [True, True, True]:
        return "`known` was taken after the hole was filled: ask before."
    if table["known"].tolist() == [False, True, False]:
        return "`known` is the wrong way round: True where there was a reading."
    if table["known"].dtype != bool or table["known"].tolist() != [True, False, True]:
        return "`known` should be the booleans True, False, True."
    return None


FILL_PARTITION = Exercise(
    id="09.6",
    title="A function for map_partitions",
    prompt=(
        "Return the partition with the holes in `temp` filled with `mean`, and a new column `known`: True "
        "where there was a reading. The partition that is given must stay as it is."
    ),
    stub="""
import pandas as pd

def fill_partition(part: pd.DataFrame, mean: float) -> pd.DataFrame:
    ...
""",
    checks=(
        Check(
            use=_filled,
            shown="part after the call, and fill_partition(part, 155.0); part has temp 150, NaN, 170 "
            "and bikes 98, 104, NaN",
            judge=_right_table,
            wants="part unchanged; temp 150, 155, 170, bikes as before, and known True, False, True",
        ),
        Check(
            use=lambda fill_partition: list(fill_partition(_partition().iloc[:0], 155.0).columns),
            shown="columns of fill_partition(an empty partition, 155.0)",
            expected=["station", "temp", "bikes", "known"],
            why="A partition may be empty, after a filter. The columns must be the same, in this order.",
        ),
    ),
    hints=(
        "Which of the two columns must be computed first? And where does the result go?",
        "`part.assign(name=...)` gives a new table with one column more or another one.",
        '`part.assign(temp=part["temp"].fillna(mean), known=part["temp"].notna())`',
    ),
    solution="""
import pandas as pd

def fill_partition(part: pd.DataFrame, mean: float) -> pd.DataFrame:
    return part.assign(temp=part["temp"].fillna(mean), known=part["temp"].notna())
""",
    explanation="`assign` makes a new table. Both columns are computed from the old `temp`.",
    why_it_matters="The same function serves pandas, Dask and Spark; the mean comes from the first pass.",
    wrong=(
        WrongAnswer(
            "changes the partition",
            "def fill_partition(part, mean):\n"
            '    part["known"] = part["temp"].notna()\n'
            '    part["temp"] = part["temp"].fillna(mean)\n'
            "    return part",
            says="has changed, and Dask may use it elsewhere",
        ),
        WrongAnswer(
            "takes the partition's own mean",
            "def fill_partition(part, mean):\n"
            '    temp = part["temp"]\n'
            "    return part.assign(temp=temp.fillna(temp.mean()), known=temp.notna())",
            says="own mean, 160",
        ),
        WrongAnswer(
            "asks after filling",
            "def fill_partition(part, mean):\n"
            '    part = part.assign(temp=part["temp"].fillna(mean))\n'
            '    return part.assign(known=part["temp"].notna())',
            says="ask before",
        ),
        WrongAnswer(
            "returns a column",
            'def fill_partition(part, mean):\n    return part["temp"].fillna(mean)',
            says="not Series",
        ),
        WrongAnswer(
            "numbers the rows anew",
            "def fill_partition(part, mean):\n"
            "    part = part.reset_index(drop=True)\n"
            '    return part.assign(temp=part["temp"].fillna(mean), known=part["temp"].notna())',
            says="keep the partition's index",
        ),
        WrongAnswer(
            "fills every column",
            "def fill_partition(part, mean):\n"
            '    return part.assign(known=part["temp"].notna()).fillna(mean)',
            says="fill the column `temp` alone",
        ),
        WrongAnswer(
            "marks the holes",
            "def fill_partition(part, mean):\n"
            '    return part.assign(temp=part["temp"].fillna(mean), known=part["temp"].isna())',
            says="the wrong way round",
        ),
        WrongAnswer(
            "fills a column and drops it",
            "def fill_partition(part, mean):\n"
            "    part = part.copy()\n"
            '    part["known"] = part["temp"].notna()\n'
            '    part["temp"].fillna(mean)\n'
            "    return part",
            says="returns a new column",
        ),
    ),
)

# --- quiz

TEST_ON_RANKS = Quiz(
    id="09.q1",
    question=(
        "A test set of 1,001 samples, four ranks, `DistributedSampler`. Each rank reports its accuracy, and "
        "you average the four. What is wrong?"
    ),
    options=(
        Option("Nothing: every rank has the same number of samples", "It has, because some count twice."),
        Option(
            "Some samples count twice",
            "1,004 are drawn. Let each rank report right answers of distinct samples, and add up.",
        ),
        Option(
            "Three samples are never tested", "That would be `drop_last=True`. By default some come twice."
        ),
    ),
    answer="b",
)

HANGING_RUN = Quiz(
    id="09.q2",
    question=(
        "Two ranks, a stream of 5 shards dealt in turn. Training works, and near the end of the first epoch "
        "everything stands still. Why?"
    ),
    options=(
        Option(
            "Rank 0 has more batches and waits for a gradient of rank 1, which has finished",
            "Agree on the smallest number of batches, or make the shards a multiple of the readers.",
        ),
        Option("Both ranks wait for the same file", "Reading a file does not lock it."),
        Option("gloo is slow with five shards", "gloo sends gradients. It does not know of shards."),
    ),
    answer="a",
)

SMALL_MEMORY = Quiz(
    id="09.q3",
    question="A table of 200 GB, a laptop with 16 GB, Dask. Which line can work?",
    options=(
        Option("`table.map_partitions(clean).compute()`", "All rows come into one process."),
        Option(
            '`table.map_partitions(clean).to_parquet("clean")`',
            "A few partitions at a time are read, cleaned, written and forgotten.",
        ),
        Option(
            "`pd.concat(list(table.partitions))`",
            "Lazy pieces are not tables; and computed, they would all be here at once.",
        ),
    ),
    answer="b",
)

RING_PROMISE = Quiz(
    id="09.q4",
    question="100 machines keep shards on a hash ring, 100 places each. One burns down. What happens?",
    options=(
        Option(
            "About 1 % of the shards get new keepers, spread over many machines",
            "Only its own shards move, each to the next place on the ring. Their content needs a copy.",
        ),
        Option("About 99 % of the shards get new keepers", "That would be `hash % machines`."),
        Option("Nothing is lost: the ring keeps copies", "A ring only says who keeps a shard."),
    ),
    answer="a",
)

# --- predictions

MOVED = Prediction(
    id="09.p1",
    question="One machine more: how many percent of the shards move with `hash % machines`?",
    explanation=(
        "A shard stays only if its number leaves the same rest with both counts. With 10 and 11 machines, "
        "ten of 110 numbers in a row do: 91 % move."
    ),
    unit="%",
    tolerance=0.1,
)

READS = Prediction(
    id="09.p2",
    question="2 ranks x 2 workers read a stream that nobody splits. How often does each sample come?",
    explanation="Each of the four readers runs `__iter__` by itself, from the first shard to the last.",
    unit="times",
)

FILLS = Prediction(
    id="09.p3",
    question="Eight partitions, each filled with its own mean: how many different fill values are there?",
    explanation="A partition knows nothing of the others. What holds for the table needs a pass over all.",
    unit="values",
)

CHAPTER = Chapter(
    number="09",
    title="Distributed",
    exercises=(MY_SHARDS, GROUP_SAMPLES, KEEPER, ROWS_OF_RANK, MEAN_AND_STD, FILL_PARTITION),
    quizzes=(TEST_ON_RANKS, HANGING_RUN, SMALL_MEMORY, RING_PROMISE),
    predictions=(MOVED, READS, FILLS),
)
