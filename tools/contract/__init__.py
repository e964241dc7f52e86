"""The chapter contract as rules: what a chapter must be, beyond running without an error."""

from collections.abc import Callable, Iterator

from chapters import Chapter, ChapterError
from contract import figures, labs, limits, outputs, structure, tags
from contract.view import Problem, View

__all__ = ["RULES", "Problem", "View", "lint"]

RULES: tuple[Callable[[View], Iterator[Problem]], ...] = (
    *structure.RULES,
    *limits.RULES,
    *tags.RULES,
    *figures.RULES,
    *labs.RULES,
    *outputs.RULES,
)


def lint(chapter: Chapter) -> list[Problem]:
    """Everything in the chapter's notebook that breaks the contract."""
    try:
        view = View.of(chapter)
    except ChapterError as error:
        return [Problem(chapter.name, None, "readable", str(error), "build the chapter again")]
    return [problem for rule in RULES for problem in rule(view)]
