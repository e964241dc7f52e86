"""The split lab: how data are split, what it does to the classes, and what leaks."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dpwidgets.labs.base import PLAIN_CSS, PLAIN_ESM, Control, Lab
from dpwidgets.prep.splitting.engine import MAX_SEED, SplitEngine
from dpwidgets.prep.splitting.problems import read_problem
from dpwidgets.prep.splitting.strategies import STRATEGIES


class SplitLab(Lab):
    """Try ways to split data, see drift and leaks, and copy the split as code.

    Args:
        data: None takes our data (`data="sample photos"`, "rare disease" or "machine hours" chooses among
            them); else a DataFrame, the path of a .csv file, or the path of an image folder with a folder for
            each class.
        target, group, time, id: columns of your table; see `prep.splitting.problems.read_problem`.
        params: start values, such as `strategy="grouped"`, `test=0.2`, `val=0.15`, `seed=0`, `grown=0.25`.

    Raises:
        ValueError, TypeError, FileNotFoundError: for data that cannot be split, and for a parameter that
            is not known or not allowed.
    """

    picture_format = "PNG"
    _esm = PLAIN_ESM
    _css = PLAIN_CSS
    _engine: SplitEngine

    def __init__(
        self,
        data: Any = None,
        *,
        target: str | None = None,
        group: str | None = None,
        time: str | None = None,
        id: str | None = None,
        **params: Any,
    ) -> None:
        ours = SplitEngine()
        if data is None or (isinstance(data, str) and data in ours.data_names):
            columns = {"target": target, "group": group, "time": time, "id": id}
            given = [f"{name}={column!r}" for name, column in columns.items() if column is not None]
            if given:
                raise ValueError(
                    f"{given[0]} belongs to a table of your own: give that as data, or leave the column out."
                )
            engine, params = ours, params | ({} if data is None else {"data": data})
        else:
            engine = SplitEngine(read_problem(data, target=target, group=group, time=time, id=id))
        super().__init__(engine, params, title="Split lab")

    @property
    def result(self) -> dict[str, np.ndarray]:
        """Row numbers of "train", "val" and "test": int64, sorted."""
        return self._engine.parts(self.settings)._asdict()

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        yield Control(
            "data", "data", "choice", "What is split.", choices=self._engine.data_names, group="Data",
        )
        yield Control(
            "strategy", "strategy", "choice", "How the parts are chosen.", choices=tuple(STRATEGIES),
            group="Split",
        )
        yield Control(
            "test", "test", "slider", "Share of the items to test (of the groups, where groups are drawn).",
            min=0.05, max=0.5, step=0.01, percent=True, group="Split",
        )
        yield Control(
            "val", "val", "slider", "Share to validate: to choose settings by.", max=0.3, step=0.01,
            percent=True, group="Split",
        )
        yield Control(
            "seed", "seed", "seed", "The same seed gives the same split.", max=MAX_SEED, group="Split",
        )
        yield Control(
            "grown", "data grow by", "slider",
            "How many new items came since the first split, as a share of the old ones.",
            max=1, step=0.05, percent=True, group="Later",
        )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        return (
            f"{params['data']}, {params['strategy']}, test {params['test']:.0%}, val {params['val']:.0%}, "
            f"seed {params['seed']}"
        )

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        found, honest = notes["report"], notes["honest"]
        told = []
        if found.torn:
            told.append("leak: groups lie in train and in test")
        if found.late:
            told.append("leak: the model has seen times after those it is tested on")
        if found.score is not None and honest and found.score - honest[0] > 0.05:
            told.append(f"this score promises {100 * (found.score - honest[0]):.0f} points too much")
        return told + list(notes["warnings"])
