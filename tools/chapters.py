"""Where the chapters are, and how a source becomes a notebook without outputs.

A chapter is a pair: `notebooks/source/NN_name.py` (jupytext, py:percent), which people edit, and
`notebooks/NN_name.ipynb`, which is built from it and holds the reference outputs.
"""

import hashlib
import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What a cell's metadata may hold; everything else is an editor's or an executor's and is dropped.
CELL_METADATA = ("tags", "reason", "figure", "jupyter")


class ChapterError(Exception):
    """A chapter that cannot be found, read, run or written; the message names it and the cure."""


@dataclass(frozen=True)
class Chapter:
    """One chapter: `name` such as `05_augmentation`, in the folder `home` (usually notebooks/)."""

    name: str
    home: Path = NOTEBOOKS

    @property
    def source(self) -> Path:
        return self.home / "source" / f"{self.name}.py"

    @property
    def notebook(self) -> Path:
        return self.home / f"{self.name}.ipynb"


def find_chapters(numbers: list[str] | None = None, home: Path = NOTEBOOKS) -> list[Chapter]:
    """The chapters with one of these numbers or names; all of them where none is given.

    Raises:
        ChapterError: a number that no chapter has.
    """
    names = sorted(
        {path.stem for path in (home / "source").glob("*.py")} | {path.stem for path in home.glob("*.ipynb")}
    )
    if not numbers:
        return [Chapter(name, home) for name in names]
    for number in numbers:
        if not any(number in _names(name) for name in names):
            raise ChapterError(f"no chapter {number!r} in {home.name}/source; there are: {', '.join(names)}")
    return [Chapter(name, home) for name in names if not _names(name).isdisjoint(numbers)]


def _names(name: str) -> set[str]:
    """What a chapter is called: "05b_text_augmentation" or "05b"."""
    return {name, name.partition("_")[0]}


def read_source(chapter: Chapter) -> NotebookNode:
    """The chapter's cells without outputs, with ids from their content and the hash of them all.

    Raises:
        ChapterError: the source is missing.
    """
    if not chapter.source.is_file():
        raise ChapterError(
            f"{chapter.name}: there is no {chapter.source.name} in source/; "
            f"make it with `python tools/write_back.py {chapter.notebook.name}`"
        )
    book = jupytext.reads(chapter.source.read_text(encoding="utf-8"), fmt="py:percent")
    bare = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "dpwidgets": {"source_sha256": cells_hash(book)},
        }
    )
    seen: Counter[str] = Counter()
    for cell in book.cells:
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        key = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:8]
        seen[key] += 1
        bare.cells.append(
            make(
                cell.source,
                id=key if seen[key] == 1 else f"{key}-{seen[key]}",
                metadata=kept_metadata(cell),
            )
        )
    return bare


def read_notebook(chapter: Chapter) -> NotebookNode:
    """The built notebook.

    Raises:
        ChapterError: it is missing or is no notebook.
    """
    try:
        return nbformat.read(chapter.notebook, as_version=4)
    except FileNotFoundError:
        raise ChapterError(f"{chapter.name}: not built yet; {build_command(chapter)}") from None
    except Exception as error:  # nbformat raises whatever json, its schema or its converters raise
        raise ChapterError(
            f"{chapter.name}: {chapter.notebook.name} is no notebook ({error}); {build_command(chapter)}"
        ) from None


def kept_metadata(cell: NotebookNode) -> dict[str, object]:
    """The part of a cell's metadata that the source holds."""
    return {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}


def cell_key(cell: NotebookNode) -> str:
    """What makes a cell the same cell: its kind, its text, its metadata."""
    return json.dumps([cell.cell_type, cell.source, kept_metadata(cell)], sort_keys=True)


def cells_hash(book: NotebookNode) -> str:
    """A sha256 over all cells, outputs left out: the same for a source and what was built from it."""
    return hashlib.sha256("\n".join(map(cell_key, book.cells)).encode()).hexdigest()


def built_hash(book: NotebookNode) -> str:
    """The hash of the source that this notebook's outputs belong to; empty where none is recorded."""
    return book.metadata.get("dpwidgets", {}).get("source_sha256", "")


def build_command(chapter: Chapter) -> str:
    return f"run `python tools/build_notebooks.py {chapter.name.partition('_')[0]}`"


def state_of(chapter: Chapter) -> str:
    """What is out of step between a chapter's source and its notebook, in one line; empty if nothing is."""
    try:
        source, book = read_source(chapter), read_notebook(chapter)
    except ChapterError as error:
        return str(error)
    wanted, present, recorded = cells_hash(source), cells_hash(book), built_hash(book)
    if wanted == present == recorded:
        return ""
    if present == recorded:
        return f"{chapter.name}: the source changed after the notebook was built; {build_command(chapter)}"
    if wanted == present:
        return f"{chapter.name}: outputs are stale, made from other cells; {build_command(chapter)}"
    return (
        f"{chapter.name}: the notebook was edited and differs from its source; keep the edits with "
        f"`python tools/write_back.py {chapter.notebook.name}`, or delete the notebook and build again"
    )


def write_atomically(path: Path, text: str) -> None:
    """Write all of `text` or nothing, with `\\n` line ends."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp makes files for the owner alone.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
