"""Check chapters against the contract, without running them.

    python tools/lint_chapters.py          every chapter
    python tools/lint_chapters.py 05       this one

Each line names chapter, cell, rule, what is wrong and what to do. Cells count from 0, Markdown included.
"""

import sys

from chapters import ChapterError, find_chapters
from contract import lint


def main(numbers: list[str]) -> int:
    try:
        chapters = find_chapters(numbers)
    except ChapterError as error:
        print(error, file=sys.stderr)
        return 2
    problems = [problem for chapter in chapters for problem in lint(chapter)]
    print("\n".join(map(str, problems)) or f"{len(chapters)} chapters keep the contract")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
