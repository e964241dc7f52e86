"""How far the learner has come, chapter by chapter."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from dpwidgets.learn.messages import say
from dpwidgets.learn.model import Exercise, Item
from dpwidgets.learn.registry import chapters
from dpwidgets.learn.store import read


@dataclass(frozen=True)
class Row:
    """One chapter: done and total of each kind."""

    chapter: str
    exercises: tuple[int, int]
    quiz: tuple[int, int]
    predictions: tuple[int, int]

    @property
    def cells(self) -> tuple[str, ...]:
        counts = (self.exercises, self.quiz, self.predictions)
        return (self.chapter, *(say("progress count", done=done, total=total) for done, total in counts))


@dataclass(frozen=True, repr=False)
class Progress:
    """The table of `progress()`. Shows itself as text and as HTML."""

    rows: tuple[Row, ...]
    next: Exercise | None
    """First exercise that is not right yet; None where all are."""

    @property
    def _head(self) -> tuple[str, ...]:
        return tuple(say(f"progress {each}") for each in ("chapter", "exercises", "quiz", "predictions"))

    @property
    def _advice(self) -> str:
        if self.next:
            return say("progress next", id=self.next.id, title=self.next.title)
        return say("progress all") if self.rows else say("progress none")

    def __repr__(self) -> str:
        table = [self._head, *(row.cells for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in table)
        return "\n".join([say("progress title"), *lines, self._advice])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in self._head)
        body = "".join(_row_html(row.cells) for row in self.rows)
        return (
            f"<table><caption>{html.escape(say('progress title'))}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{html.escape(self._advice)}</p>"
        )


def progress() -> Progress:
    """What is done so far in each chapter, from the file on this computer."""
    states = read()
    every = chapters()

    def count(items: Sequence[Item]) -> tuple[int, int]:
        return sum(states.get(item.id) == "right" for item in items), len(items)

    rows = (
        Row(
            f"{each.number} {each.title}",
            count(each.exercises),
            count(each.quizzes),
            count(each.predictions),
        )
        for each in every
    )
    todo = (one for each in every for one in each.exercises if states.get(one.id) != "right")
    return Progress(tuple(rows), next(todo, None))


def _row_html(cells: tuple[str, ...]) -> str:
    first, *rest = map(html.escape, cells)
    return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{each}</td>" for each in rest) + "</tr>"
