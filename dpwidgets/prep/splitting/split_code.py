"""The split as plain code: the same row numbers, without this package."""

_HEAD = {
    "random": "import numpy as np\nfrom sklearn.model_selection import train_test_split\n",
    "grouped": "import numpy as np\nfrom sklearn.model_selection import GroupShuffleSplit\n",
    "by time": "import numpy as np\n",
    "hash of id": "import hashlib\n\nimport numpy as np\n",
}

_RANDOM = '''
def split(y):
    """Row numbers of train, val and test. y: the label of each row, an array (n,)."""
    rows = np.arange(len(y))
    rest, test = train_test_split(
        rows, test_size=max(1, round({test!r} * len(y))), random_state={seed}{stratify_all}
    )
{val}    return np.sort(train), np.sort(val), np.sort(test)
'''
_RANDOM_VAL = """    train, val = train_test_split(
        rest, test_size=round({val!r} * len(y)), random_state={seed}{stratify_rest}
    )
"""
_GROUPED = '''
def split(groups):
    """Row numbers of train, val and test; no group is in two of them. groups: an array (n,)."""
    rows = np.arange(len(groups))
    splitter = GroupShuffleSplit(1, test_size={test!r}, random_state={seed})
    rest, test = next(splitter.split(rows, groups=groups))
{val}    return np.sort(train), np.sort(val), np.sort(test)
'''
_GROUPED_VAL = """    again = GroupShuffleSplit(1, test_size={val!r} / (1 - {test!r}), random_state={seed})
    train, val = next(again.split(rest, groups=groups[rest]))
    train, val = rest[train], rest[val]
"""
_NO_VAL = "    train, val = rest, rest[:0]\n"
_BY_TIME = '''
def split(times):
    """Row numbers of train, val and test: the oldest, the next, the newest. times: an array (n,)."""
    order = np.argsort(times, kind="stable")
    cut = len(order) - max(1, round({test!r} * len(order)))
    before = cut - round({val!r} * len(order))
    return np.sort(order[:before]), np.sort(order[before:cut]), np.sort(order[cut:])
'''
_HASHED = '''
def place(name):
    """Between 0 and 1, from the name alone: the same on every machine, whatever else is in the data."""
    return int(hashlib.sha256(f"{seed}:{{name}}".encode()).hexdigest()[:8], 16) / 2**32


def split(names):
    """Row numbers of train, val and test. names: {names}."""
    places = np.array([place(name) for name in names])
    test = places < {test!r}
    val = ~test & (places < {test!r} + {val!r})
    return np.flatnonzero(~test & ~val), np.flatnonzero(val), np.flatnonzero(test)
'''


def split_code(strategy: str, test: float, val: float, seed: int) -> str:
    """A function `split` for the strategy, with its imports."""
    blanks: dict[str, float | str] = {"test": test, "val": val, "seed": seed}
    if strategy in ("random", "stratified"):
        same = strategy == "stratified"
        blanks |= {"stratify_all": ", stratify=y" * same, "stratify_rest": ", stratify=y[rest]" * same}
        middle = _RANDOM_VAL.format(**blanks) if val else _NO_VAL
        return _HEAD["random"] + "\n" + _RANDOM.format(**blanks | {"val": middle})
    if strategy == "grouped":
        middle = _GROUPED_VAL.format(**blanks) if val else _NO_VAL
        return _HEAD["grouped"] + "\n" + _GROUPED.format(**blanks | {"val": middle})
    if strategy == "by time":
        return _HEAD["by time"] + "\n" + _BY_TIME.format(**blanks)
    names = "the id of each row" if strategy == "hash of id" else 'such as f"group-{group}" for each row'
    return _HEAD["hash of id"] + "\n" + _HASHED.format(**blanks | {"names": names})
