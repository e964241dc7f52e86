"""The engine of the split lab: parameters in, parts, one picture and plain code out."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from dpwidgets.prep.checks import check_name, check_number, check_whole, complete
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.splitting.leaks import Report, honest_score, moved_when_grown, report
from dpwidgets.prep.splitting.problems import OURS, Problem, ours
from dpwidgets.prep.splitting.split_code import split_code
from dpwidgets.prep.splitting.split_picture import split_picture
from dpwidgets.prep.splitting.strategies import STRATEGIES, Parts, problem_with, split

MAX_SEED = 2**31 - 1


class SplitEngine:
    """Computes what the split lab shows.

    Args:
        problem: the reader's own items; None takes ours, chosen by the parameter `data`.
    """

    def __init__(self, problem: Problem | None = None) -> None:
        self._own = problem
        self._parts = lru_cache(maxsize=64)(self._split)
        self._measured = lru_cache(maxsize=64)(self._report)
        self._honest = lru_cache(maxsize=8)(lambda name: honest_score(self.problem(name)))

    @cached_property
    def data_names(self) -> tuple[str, ...]:
        """What the parameter `data` may be."""
        return tuple(OURS) if self._own is None else ("yours",)

    def problem(self, name: str) -> Problem:
        """The items behind a value of the parameter `data`."""
        return ours(name) if self._own is None else self._own

    def default_params(self) -> dict[str, Any]:
        """A random split, as most guides have it."""
        return {
            "data": self.data_names[0],
            "strategy": "random",
            "test": 0.2,
            "val": 0.15,
            "seed": 0,
            "grown": 0.25,
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        check_name(merged["data"], self.data_names, "data")
        check_name(merged["strategy"], STRATEGIES, "strategy")
        return {
            "data": merged["data"],
            "strategy": merged["strategy"],
            "test": check_number(merged["test"], "test", 0.05, 0.5),
            "val": check_number(merged["val"], "val", 0.0, 0.3),
            "seed": check_whole(merged["seed"], "seed", 0, MAX_SEED),
            "grown": check_number(merged["grown"], "grown", 0.0, 1.0),
        }

    def parts(self, params: Mapping[str, Any]) -> Parts:
        """The row numbers of each part.

        Raises:
            ValueError: the data lack what the strategy needs, or are too few for it.
        """
        one = self.check(params)
        return self._parts(one["data"], one["strategy"], one["test"], one["val"], one["seed"])

    def _split(self, name: str, strategy: str, test: float, val: float, seed: int) -> Parts:
        problem = self.problem(name)
        if lacks := problem_with(problem, strategy):
            raise ValueError(f"{lacks} Choose another strategy or other data.")
        return split(problem, strategy, test, val, seed)

    def _report(self, name: str, strategy: str, test: float, val: float, seed: int, grown: float) -> Report:
        problem = self.problem(name)
        moved = moved_when_grown(problem, strategy, test, val, seed, grown)
        return report(problem, self._parts(name, strategy, test, val, seed), moved)

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture. `notes` holds "report" (a Report), "honest" (score, of what) and "warnings"."""
        one = self.check(params)
        parts = self.parts(one)
        found = self._measured(*one.values())
        problem, honest = self.problem(one["data"]), self._honest(one["data"])
        picture = split_picture(problem, parts, found, honest, scale)
        notes = {"report": found, "honest": honest, "warnings": list(problem.notes)}
        return Rendered(picture, _in_words(one, problem, parts, found, honest), notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain scikit-learn and NumPy that give the same row numbers."""
        one = self.check(params)
        return split_code(one["strategy"], one["test"], one["val"], one["seed"])


def _in_words(
    params: Mapping[str, Any],
    problem: Problem,
    parts: Parts,
    found: Report,
    honest: tuple[float, str] | None,
) -> str:
    """The picture's text."""
    rarest = problem.classes[found.rarest]
    here = int((problem.y[parts.test] == found.rarest).sum())
    told = [
        f"{len(problem)} {problem.title}, split {params['strategy']}: {len(parts.train)} to train, "
        f"{len(parts.val)} to validate, {len(parts.test)} to test.",
        f"The classes' shares in test differ from those in all by up to {100 * found.drift:.1f} points; "
        f"{here} of the rarest class, {rarest!r}, are in test.",
    ]
    if found.torn is not None:
        told.append(f"{found.torn:.0%} of the test items have their group in train.")
    if found.late is not None:
        told.append(f"{found.late:.0%} of the training items are younger than the oldest test item.")
    if found.score is not None:
        told.append(f"A nearest neighbour is right on {found.score:.2f} of this test part")
        told[-1] += f", on {honest[0]:.2f} of {honest[1]}." if honest else "."
    if found.moved is not None:
        told.append(
            f"When the data grow by {params['grown']:.0%}, {found.moved:.0%} of the old items change parts."
        )
    return " ".join(told)
