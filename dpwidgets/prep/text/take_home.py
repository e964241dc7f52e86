"""The code to take home: the source of the operations that are used, and a function that runs them."""

import ast
import inspect
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from dpwidgets.prep.text import dictionary, operations, tokens
from dpwidgets.prep.text.catalogue import SHARE, Step
from dpwidgets.prep.text.lexicons import SMALL

_DOC = "`n` changed copies of a text; copy i depends on seed + i alone."
_SMALL_DOC = """`n` changed copies of a text; copy i depends on seed + i alone.

    `lexicon` is a folder with `corpora/wordnet` in it: the workbook's small one, which `samples.lexicon()`
    gives, or your own nltk_data with WordNet, which gives other synonyms.
    """


def written_out(steps: Sequence[Step], strength: float, n: int, seed: int, source: str, text: str) -> str:
    """Plain Python, with NLTK where synonyms are looked up, that makes the same `n` variants of `text`."""
    looks_up = any(step.operation.needs == "lexicon" for step in steps)
    small = looks_up and source == SMALL
    used = [operations.__name__ + "." + step.op for step in steps]
    used += [dictionary.__name__ + ".GERMAN" for step in steps if step.operation.needs == "dictionary"]
    folder = "lexicon: str, " if small else ""
    imports = ["import random", "import re", *(["from typing import Any"] if looks_up else [])]
    library = ["", *(["import nltk"] if small else []), "from nltk.corpus import wordnet"] if looks_up else []
    calls = [f"        {_call(at, step, strength)}" for at, step in enumerate(steps)]
    path = ["    nltk.data.path.insert(0, str(lexicon))  # before NLTK's first look-up"] if small else []
    lines = [
        f"def variants(text: str, {folder}n: int = {n}, seed: int = {seed}) -> list[str]:",
        f'    """{_SMALL_DOC if small else _DOC}"""',
        *path,
        "    copies = []",
        "    for i in range(n):",
        '        parts = re.split(f"({WORD})", text)  # gap, word, gap, …, word, gap',
        *calls,
        '        copies.append("".join(parts))',
        "    return copies",
    ]
    blocks = [
        "\n".join([*imports, *library]),
        *_sources([tokens.__name__ + ".WORD", *used]),
        "\n".join(lines),
    ]
    return "\n\n\n".join([*blocks, f"text = {text!r}"]) + "\n"


def _call(at: int, step: Step, strength: float) -> str:
    extra = {"lexicon": ["wordnet"], "dictionary": ["GERMAN"], "": []}[step.operation.needs]
    flags = [f"{name}=True" for name in step.flags()]
    share = f"{round(step.values[SHARE] * strength, 4):g}"
    rng = f'random.Random(f"{{seed + i}}:{at}")'
    return f"{step.op}({', '.join(['parts', share, rng, *extra, *flags])})"


def _sources(wanted: Sequence[str]) -> list[str]:
    """The source of the named definitions and of all that they use, in the order of their modules."""
    known = {
        name: (source, uses)
        for module in (tokens, dictionary, operations)
        for name, (source, uses) in _definitions(module).items()
    }
    needed: set[str] = set()
    todo = [name.rsplit(".", 1)[1] for name in wanted]
    while todo:
        name = todo.pop()
        if name in known and name not in needed:
            needed.add(name)
            todo += known[name][1]
    constants = [known[name][0] for name in known if name in needed and not known[name][0].startswith("def ")]
    functions = [known[name][0] for name in known if name in needed and known[name][0].startswith("def ")]
    return ["\n".join(constants), *functions]


@cache
def _definitions(module: ModuleType) -> dict[str, tuple[str, list[str]]]:
    """Name -> source, and the names that it uses, of each function and constant of a module."""
    text = inspect.getsource(module)
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.Assign):
            name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node.targets[0])
            uses = sorted({one.id for one in ast.walk(node) if isinstance(one, ast.Name)})
            found[name] = (ast.get_source_segment(text, node) or "", uses)
    return found
