"""The table of all mutations: what was broken, which check must notice, what did, in how many seconds."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from nbformat.warnings import DuplicateCellId

from build_notebooks import build
from chapters import Chapter
from mutants.model import FIXTURE, BookMutation, Mutation, PartMutation, Result, RunMutation, ViewMutation
from mutants.running import TESTS, Runs, try_book, try_part, try_views


def chosen(mutations: Sequence[Mutation], wanted: Sequence[str]) -> list[Mutation]:
    """Those with one of the texts in their name; all, where none is wanted.

    Raises:
        ValueError: a text that is in no name.
    """
    for text in wanted:
        if not any(text in one.name for one in mutations):
            raise ValueError(f"no mutation {text!r}; there are: {', '.join(one.name for one in mutations)}")
    return [one for one in mutations if not wanted or any(text in one.name for text in wanted)]


def results(mutations: Sequence[Mutation]) -> Iterator[Result]:
    """What came of each, as it comes: runs go on beside the rest."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        shutil.copytree(TESTS / "fixtures", place / "notebooks")
        built = Chapter(FIXTURE, place / "notebooks")
        build(built)
        with closing(Runs([one for one in mutations if isinstance(one, RunMutation)], built, place)) as runs:
            for one in mutations:
                if isinstance(one, PartMutation):
                    yield try_part(one)
                elif isinstance(one, BookMutation) and not isinstance(one, RunMutation):
                    yield try_book(one, built, place / "books")
            yield from try_views([one for one in mutations if isinstance(one, ViewMutation)], place)
            yield from runs.results()


def show(mutations: Sequence[Mutation]) -> int:
    """Print the table; return the number of mutations that no check, or not the right one, noticed."""
    warnings.filterwarnings("ignore", category=DuplicateCellId)  # one of the mutants is about that
    row = f"{{:<{max(len(one.name) for one in mutations)}}}  {{:<{max(len(one.check) for one in mutations)}}}"
    print(row.format("mutation", "check that must notice"), "    s  noticed by")
    start, problems, skipped = time.monotonic(), 0, 0
    for one in results(mutations):
        meant = one.mutation.check
        noticed = sorted(one.found, key=lambda each: each != meant)  # the meant one first
        said = one.problem or (f"not tried: {one.skipped}" if one.skipped else ", ".join(noticed) or "none")
        print(row.format(one.mutation.name, meant or "none"), f"{one.seconds:5.1f}  {said}", flush=True)
        problems, skipped = problems + bool(one.problem), skipped + bool(one.skipped)
    tried = sum(bool(one.check) for one in mutations) - skipped
    took = f"{time.monotonic() - start:.0f} s"
    print(f"\n{tried} mutations in {took}; survivors, and those that another check noticed: {problems}")
    return problems
