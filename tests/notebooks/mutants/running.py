"""Tries mutations: the suite's checks are put to broken copies.

What the contract or a proof notices is tried in this process. Mutants that need a run share one pytest, those
that need short limits of time a second, both with warm kernels where there are any; broken pages a third.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from chapters import NOTEBOOKS, Chapter
from claims import places, unmet
from contract import lint
from mutants.model import FIXTURE, BookMutation, Mutation, PartMutation, Result, RunMutation, ViewMutation
from warm_kernels import AVAILABLE, WarmKernels

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parents[1]
VIEW_TESTS = "tests/unit/test_labs_view.py"
SECONDS = 500  # a limit against hanging on a busy machine, no promise
_ON_PURPOSE = {"cells"}  # the small chapter is short
_PYTEST = ("-q", "--color=no", "-p", "no:cacheprovider")
_NBVAL = ("--nbval", "--nbval-kernel-startup-timeout=300", "-p", "nbval_layer", "-c", os.devnull)
_SHORT = ("--nbval-cell-timeout=40", "--chapter-seconds=2")
# What the layer says, and the name by which a mutation calls that part of it.
_PARTS = {
    "Cell outputs differ": "nbval: outputs",
    "Cell execution caused an exception": "nbval: exception",
    "ran longer than": "nbval: cell timeout",
    "the chapter takes at least": "nbval: chapter time",
    "processes running": "nbval: processes",
    "the kernel died": "nbval: kernel",
    "looks different|pictures, the run made|the text of picture": "nbval: pictures",
    "swallowed by a widget": "nbval: swallowed",
    "widgets differ": "nbval: widgets",
}


def copy(chapter: Chapter, folder: Path) -> Chapter:
    """A chapter's source and notebook in a folder of their own: yours to break."""
    twin = Chapter(chapter.name, folder / "notebooks")
    twin.source.parent.mkdir(parents=True)
    shutil.copyfile(chapter.source, twin.source)
    shutil.copyfile(chapter.notebook, twin.notebook)
    return twin


def red(chapter: Chapter) -> dict[str, str]:
    """What the checks that need no kernel say to a chapter, by check."""
    found: dict[str, list[str]] = {}
    for one in lint(chapter):
        if one.rule not in _ON_PURPOSE:
            found.setdefault(one.rule, []).append(str(one))
    if chapter.name == FIXTURE and (missing := unmet(places([chapter]), ["claim-06"])):
        found["claims"] = [f"{', '.join(missing)} is not met"]
    return {check: "\n".join(texts) for check, texts in found.items()}


def try_book(mutation: BookMutation, built: Chapter, scratch: Path) -> Result:
    """What the contract says to a broken copy of the small chapter as it was built, or of a real one."""
    chapter = built if mutation.chapter == FIXTURE else Chapter(mutation.chapter, NOTEBOOKS)
    twin = copy(chapter, scratch / _slug(mutation))
    start = time.monotonic()
    with mock.patch("socket.gethostname", return_value="somebodys-laptop"):
        mutation.change(twin)
        found = red(twin)
    return Result(mutation, found, time.monotonic() - start)


def try_part(mutation: PartMutation) -> Result:
    """What the proof of a lab or of an exercise says."""
    start = time.monotonic()
    found: dict[str, str] = {}
    for check, text in mutation.faults():
        found[check] = "\n".join(filter(None, (found.get(check), text)))
    return Result(mutation, found, time.monotonic() - start)


class Runs:
    """Mutants that run, from now on, in the background, until `close`."""

    def __init__(self, mutations: Sequence[RunMutation], built: Chapter, scratch: Path) -> None:
        self.mutations = mutations
        self._reports: list[_Report] = []
        self._folder = tempfile.TemporaryDirectory(prefix="warm")  # a socket's path must be short
        self._warm = WarmKernels(Path(self._folder.name)) if mutations and AVAILABLE else None
        for limits in (_SHORT, ()):  # the one that mostly waits comes first
            group = [one for one in mutations if one.short == bool(limits)]
            folder = scratch / ("short" if limits else "long")
            for one in group:
                one.change(copy(built, folder / _slug(one)))
            if group:
                arguments = (*_NBVAL, *limits, f"--rootdir={folder}", str(folder))
                kernels = self._warm.environment if self._warm is not None else {}
                self._reports.append(_Report(folder.with_suffix(".xml"), *arguments, **kernels))

    def results(self) -> Iterator[Result]:
        """Waits for the runs' end."""
        cases = [case for report in self._reports for case in report.cases()]
        for one in self.mutations:
            own = [case for case in cases if case.scope.startswith(f"{_slug(one)}.")]
            assert own, f"{one.name}: nothing was run"
            found: dict[str, str] = {}
            for case in own:
                if case.failure and not case.failure.startswith("not run:"):
                    found.setdefault(_part(case.failure), f"{case.name}: {case.failure}")
            yield Result(one, found, sum(case.seconds for case in own))

    def close(self) -> None:
        """Ends what still runs."""
        for report in self._reports:
            report.close()
        if self._warm is not None:
            self._warm.stop()
        self._folder.cleanup()


def try_views(mutations: Sequence[ViewMutation], scratch: Path) -> Iterator[Result]:
    """In one Chromium: each breaks a part of the page that the others' tests leave alone."""
    if not mutations:
        return
    broken = json.dumps([(one.old, one.new) for one in mutations])
    tests = [f"{VIEW_TESTS}::{one.check}" for one in mutations]
    with closing(
        _Report(scratch / "views.xml", "-p", "mutants.broken_view", *tests, BROKEN_VIEW=broken)
    ) as run:
        cases = {case.name: case for case in run.cases()}
    for one in mutations:
        case = cases[one.check]
        found = {one.check: case.failure} if case.failure else {}
        yield Result(one, found, case.seconds, case.skipped)


class _Case:
    """A test's entry in pytest's report."""

    def __init__(self, entry: ElementTree.Element) -> None:
        self.scope, self.name = entry.get("classname", ""), entry.get("name", "")
        self.seconds = float(entry.get("time", "0"))
        texts = {each.tag: each.text or each.get("message", "") for each in entry}
        self.failure = (texts.get("failure") or texts.get("error", "")).strip()
        skipped = entry.find("skipped")
        self.skipped = "" if skipped is None else skipped.get("message", "")


class _Report:
    """pytest in a process of its own, and what it reported."""

    def __init__(self, path: Path, *arguments: str, **environment: str) -> None:
        self._path, self._log = path, path.with_suffix(".log")
        self._until = time.monotonic() + SECONDS
        folders = (str(TESTS), str(ROOT / "tools"), os.environ.get("PYTHONPATH", ""))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        with self._log.open("w") as log:  # not a pipe: nobody reads it until the run before it is over
            self._run = subprocess.Popen(
                [sys.executable, "-m", "pytest", *_PYTEST, f"--junitxml={path}", *arguments],
                cwd=ROOT,
                env={**inherited, "PYTHONPATH": os.pathsep.join(filter(None, folders)), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def cases(self) -> list[_Case]:
        self._run.wait(max(0.0, self._until - time.monotonic()))
        if not self._path.is_file():
            raise RuntimeError(f"pytest made no report:\n{self._log.read_text()}")
        return [_Case(entry) for entry in ElementTree.parse(self._path).iter("testcase")]

    def close(self) -> None:
        self._run.kill()
        self._run.wait()


def _slug(mutation: Mutation) -> str:
    return re.sub(r"\W+", "-", mutation.name).strip("-")


def _part(text: str) -> str:
    """The part of the layer that said this."""
    return next((name for pattern, name in _PARTS.items() if re.search(pattern, text)), text.splitlines()[0])
