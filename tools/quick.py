"""The tests worth running after each edit, in less than a minute.

    python tools/quick.py               what belongs to the files that differ from the last commit, or, where
                                        none differs, to those of the last commit
    python tools/quick.py 05 10         these chapters in the place of the changed ones, however long they are
    python tools/quick.py -- -k seed    and more arguments for pytest

Always: style, types, floors, and the contract of every chapter with its source and notebook in step. To a
changed file belong the test files that import it or are named after it, and the chapter that it makes, which
runs in a warm kernel with its outputs compared. Slow tests, the browser and what is over the budget wait for
`make test`.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from chapters import ROOT, ChapterError, find_chapters
from suite_order import SPREAD, UNKNOWN, known_seconds

ALWAYS = ("tests/unit/test_house.py", "tests/notebooks/test_contract.py")
LONGEST = 40.0  # seconds of one piece
BUDGET = 60.0  # seconds of all, of one worker: two need half the time, beside the static checks


def changed_files(root: Path = ROOT) -> list[str]:
    """Files that differ from the last commit, new ones too; where none does, those of the last commit."""

    def git(*arguments: str) -> list[str]:
        command = ["git", "-c", "core.quotepath=off", *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    now = git("diff", "--name-only", "--relative", "HEAD") + git("ls-files", "--others", "--exclude-standard")
    return sorted(set(now or git("diff", "--name-only", "--relative", "HEAD~1", "HEAD")))


def matching_tests(files: Collection[str], root: Path = ROOT) -> list[str]:
    """The test files that belong to `files`: they are among them, import one, or are named after one."""
    places = [_place(file, root) for file in files]
    found = []
    for test in sorted(root.glob("tests/*/test_*.py")):
        if test.parent.name == "browser":
            continue
        name = test.relative_to(root).as_posix()
        text = test.read_text(encoding="utf-8")
        if name in files or any(
            test.stem.startswith(stem) or (words and re.search(words, text)) for stem, words in places
        ):
            found.append(name)
    return found


def _place(file: str, root: Path) -> tuple[str, str]:
    """How the names of a file's tests begin, and a pattern for how tests import it (empty if they cannot)."""
    path = Path(file)
    stem = f"test_{path.parent.name}_{path.stem}"
    if path.suffix != ".py" or path.parts[0] not in ("dpwidgets", "benchmarks", "tools"):
        return stem, ""
    dotted = ".".join(path.with_suffix("").parts[path.parts[0] == "tools" :]).removesuffix(".__init__")
    parent, _, last = dotted.rpartition(".")
    ways = [rf"(from|import) {re.escape(dotted)}\b"]
    if parent:
        ways.append(rf"from {re.escape(parent)} import [^\n]*\b{last}\b")
    homes = (root / "dpwidgets/__init__.py").read_text(encoding="utf-8")
    public = re.findall(rf'"(\w+)": "{re.escape(dotted)}"', homes)
    if public:
        ways.append(rf"from dpwidgets import [^\n]*\b({'|'.join(public)})\b")
    return stem, "|".join(ways)


def chapters_of(files: Iterable[str], root: Path = ROOT) -> list[str]:
    """The notebooks that belong to `files`: a source, a notebook, or a chapter's exercises is among them."""
    found = set()
    for file in files:
        path = Path(file)
        if path.parts[:3] == ("dpwidgets", "learn", "chapters"):
            found |= {book.name for book in root.glob(f"notebooks/{path.stem.removeprefix('ch')}_*.ipynb")}
        elif path.parts[0] == "notebooks" and path.suffix in (".py", ".ipynb"):
            found.add(f"{path.stem}.ipynb")
    return sorted(f"notebooks/{name}" for name in found if (root / "notebooks" / name).is_file())


def fitting(pieces: Iterable[str], known: dict[str, float]) -> tuple[list[str], list[str]]:
    """What fits into the budget, chapters before tests and the shortest first, and what is left out."""

    def seconds(piece: str) -> float:
        return known.get(piece, UNKNOWN)

    taken: list[str] = []
    left: list[str] = []
    for piece in sorted(pieces, key=lambda piece: (not piece.endswith(".ipynb"), seconds(piece), piece)):
        fits = seconds(piece) <= LONGEST and sum(map(seconds, [*taken, piece])) <= BUDGET
        (taken if fits and piece not in SPREAD else left).append(piece)
    return taken, left


def main(arguments: list[str]) -> int:
    split = arguments.index("--") if "--" in arguments else len(arguments)
    own, more = arguments[:split], arguments[split + 1 :]
    parser = argparse.ArgumentParser(prog="tools/quick.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="NN", help="chapters; none: those that changed")
    numbers = parser.parse_args(own).chapters
    known, files = known_seconds(), changed_files()
    changed = chapters_of(files)
    if numbers:
        try:
            named = [f"notebooks/{chapter.notebook.name}" for chapter in find_chapters(numbers)]
        except ChapterError as error:
            print(error, file=sys.stderr)
            return 2
        known, changed = {**known, **dict.fromkeys(named, 0.0)}, named
    taken, left = fitting({*matching_tests(files), *changed} - set(ALWAYS), known)
    print("quick: style, types, contract", *taken, sep="\n  ", flush=True)
    for piece in left:
        print(f'left out, too long: make test ARGS="{piece}"', flush=True)
    command = [sys.executable, "-m", "pytest", "--nbval", "-n", "auto", "--dist", "loadfile", "-q"]
    command += ["-m", "not slow and not browser"]
    if any(piece.endswith(".ipynb") for piece in taken):
        command.append("--warm")
    return subprocess.run([*command, *more, *ALWAYS, *taken], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
