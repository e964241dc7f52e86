"""The engine of the repair lab: a table, holes whose truth is known, a repair, and what it did.

For a sample table the result is the table with the punched holes, repaired. For the reader's own table the
punched holes only measure the repair; the result is the table with its own holes repaired.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from dpwidgets.prep.checks import check_flag, check_name, check_number, check_whole, complete
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.repair.code import write_code
from dpwidgets.prep.repair.findings import DROPPED, MEAN_FILL, OTHER_FIT, THIS, TRUTH, Contestant, Findings
from dpwidgets.prep.repair.picture import draw
from dpwidgets.prep.repair.scoring import MODELS, SCALERS, Score, distance, estimate, pooled, score
from dpwidgets.prep.repair.source import Punched, Source
from dpwidgets.prep.repair.strategies import DROP, MULTIPLE, STRATEGIES, How, Repaired, repair
from dpwidgets.prep.repair.words import described, remarks
from dpwidgets.samples import punch_holes
from dpwidgets.samples.tables import MECHANISMS

FIT_ON = ("train only", "everything")
TEST_SHARE = 0.3
MOST_HOLES = 0.6
MOST_HOLED, MOST_DRAWS, MOST_NEIGHBOURS = 8, 10, 25
MAX_SEED = 2**31 - 1
_CACHED = 64
_CHOICES: dict[str, Sequence[str]] = {
    "mechanism": MECHANISMS,
    "strategy": STRATEGIES,
    "fit_on": FIT_ON,
    "scaler": tuple(SCALERS),
    "model": MODELS,
}


class RepairEngine:
    """Computes what the repair lab shows.

    Args:
        sources: the tables to choose from; the first is shown first.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = {source.name: source for source in sources}
        # What does not depend on the parameter that moved is kept.
        self.split = lru_cache(_CACHED)(self._split)
        self._holes = lru_cache(_CACHED)(self._punch)
        self._repaired = lru_cache(_CACHED)(self._repair)
        self._score = lru_cache(_CACHED)(self._fit)

    def default_params(self) -> dict[str, Any]:
        """Mean fill of MAR holes in the first table, as JSON-able data."""
        source = next(iter(self.sources.values()))
        column = source.first_column
        return {
            "table": source.name,
            "column": column,
            "mechanism": "MAR" if source.is_whole(source.partner(column)) else "MCAR",
            "share": 0.3,
            "holed_columns": min(4, len(source.columns) - 1),
            "strategy": "mean",
            "neighbours": 5,
            "scale_before": True,
            "draws": 5,
            "indicator": False,
            "fit_on": FIT_ON[0],
            "scaler": "standard",
            "model": MODELS[0],
            "seed": 0,
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete. A column that belongs to another of the tables gives way to the first
        column of the one chosen, so that `table` can be changed alone.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        check_name(merged["table"], self.sources, "table")
        source = self.sources[merged["table"]]
        elsewhere = any(merged["column"] in other.columns for other in self.sources.values())
        if elsewhere and merged["column"] not in source.columns:
            merged["column"] = source.first_column
        check_name(merged["column"], source.columns, "column")
        for name, allowed in _CHOICES.items():
            check_name(merged[name], allowed, name)
        if merged["mechanism"] == "MAR" and not source.is_whole(source.partner(merged["column"])):
            raise ValueError(
                "mechanism='MAR' needs a column without holes beside the one shown; there is none."
            )
        return merged | {
            "share": check_number(merged["share"], "share", 0, MOST_HOLES),
            "holed_columns": check_whole(merged["holed_columns"], "holed_columns", 1, MOST_HOLED),
            "neighbours": check_whole(merged["neighbours"], "neighbours", 1, MOST_NEIGHBOURS),
            "draws": check_whole(merged["draws"], "draws", 2, MOST_DRAWS),
            "scale_before": check_flag(merged["scale_before"], "scale_before"),
            "indicator": check_flag(merged["indicator"], "indicator"),
            "seed": check_whole(merged["seed"], "seed", 0, MAX_SEED),
        }

    def punched(self, params: Mapping[str, Any]) -> Punched:
        """The holes: in the column shown and the ones that follow it. Its partner stays whole, and is the
        cause under MAR."""
        source = self.sources[params["table"]]
        partner = source.partner(params["column"])
        at = source.columns.index(params["column"])
        in_turn = [name for name in source.columns[at:] + source.columns[:at] if name != partner]
        columns = tuple(in_turn[: params["holed_columns"]])
        return Punched(source.name, params["mechanism"], params["share"], columns, partner, params["seed"])

    def _result_holes(self, params: Mapping[str, Any]) -> Punched:
        """The holes of the result: none beside their own for the reader's table."""
        punched = self.punched(params)
        return punched if self.sources[params["table"]].ours else punched._replace(share=0.0)

    def result(self, params: Mapping[str, Any]) -> pd.DataFrame:
        """The repaired table. Multiple imputation gives its tables one under the other, with an index of
        (imputation, row): `result.loc[0]` is the first."""
        params = self.check(params)
        source, punched = self.sources[params["table"]], self._result_holes(params)
        repaired = self._repaired(punched, How.of(params), params["fit_on"] == FIT_ON[1])
        names = [*source.columns]
        if repaired.tables[0].shape[1] > len(names):
            holed = np.isnan(self._holes(punched)).any(axis=0)
            names += [f"missing_{name}" for name, any_hole in zip(names, holed, strict=True) if any_hole]
        index = source.features.index[repaired.rows]
        tables = [pd.DataFrame(table, index=index, columns=names) for table in repaired.tables]
        if params["strategy"] == MULTIPLE:
            return pd.concat(tables, keys=range(len(tables)), names=["imputation"])
        return tables[0]

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain pandas and scikit-learn that gives `result` as `repaired`, and the model's test score."""
        params = self.check(params)
        source, punched = self.sources[params["table"]], self._result_holes(params)
        scored = source.target is not None
        if scored and params["strategy"] == DROP:  # are enough rows left for a model?
            learner = (params["scaler"], params["model"])
            scored = bool(np.isfinite(self._score(punched, How(DROP), False, *learner).value))
        return write_code(source, params, punched, TEST_SHARE, scored)

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The panels. A preview (`scale` < 1) takes fewer draws and iterations.

        The notes: `remarks`, a list of short texts.
        """
        found = self.findings(params, quick=scale < 1)
        return Rendered(draw(found, scale), described(found), {"remarks": remarks(found)})

    def findings(self, params: Mapping[str, Any], quick: bool = False) -> Findings:
        """What the repair did."""
        params = self.check(params)
        source, punched, how = self.sources[params["table"]], self.punched(params), How.of(params, quick)
        everything = params["fit_on"] == FIT_ON[1]
        at = (source.columns.index(params["column"]), source.columns.index(punched.driver))
        truth, beside = (source.values[:, column] for column in at)
        holes = self._holes(punched)
        lost = np.isnan(holes[:, at[0]]) & ~np.isnan(truth)
        repairs = {
            DROPPED: self._repaired(punched, How(DROP), False),
            MEAN_FILL: self._repaired(punched, How("mean"), False),
            THIS: self._repaired(punched, how, everything),
        }
        claims = [estimate(table[:, at[0]]) for table in repairs[THIS].tables]
        return Findings(
            params=params,
            partner=punched.driver,
            task=source.task,
            truth=truth,
            beside=beside,
            lost=lost,
            own_holes=int(np.isnan(truth).sum()),
            whole_rows=len(repairs[DROPPED].rows),
            repaired=repairs[THIS],
            at=at[0],
            distances={who: distance(truth, beside, lost, one, at) for who, one in repairs.items()},
            known=estimate(truth[~np.isnan(truth)]),
            dropped=estimate(truth[repairs[DROPPED].rows]),
            claims=claims,
            pooled=pooled(claims),
            contestants=self._contestants(params, quick) if source.target is not None else [],
        )

    def _contestants(self, params: Mapping[str, Any], quick: bool) -> list[Contestant]:
        """The model's test score on the truth and after each repair."""
        source, punched, how = self.sources[params["table"]], self.punched(params), How.of(params, quick)
        learner = (params["scaler"], params["model"])
        found = []
        if not np.isnan(source.values).any():
            whole = self._score(punched._replace(share=0.0), How("mean"), False, *learner)
            found.append(Contestant("the truth, no holes", TRUTH, whole))
        found += [
            Contestant("rows dropped", DROPPED, self._score(punched, How(DROP), False, *learner)),
            Contestant("mean fill", MEAN_FILL, self._score(punched, How("mean"), False, *learner)),
        ]
        for fit_on in FIT_ON:
            chosen = fit_on == params["fit_on"]
            wanted = chosen or how.strategy != MULTIPLE  # its draws take too long to make them twice
            one = self._score(punched, how, fit_on == FIT_ON[1], *learner) if wanted else None
            found.append(Contestant(f"fit on {fit_on}", THIS if chosen else OTHER_FIT, one))
        return found

    # --- kept, by hashable arguments

    def _split(self, table: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the train and of the test rows."""
        source = self.sources[table]
        stratify = source.target if source.task == "classification" else None
        rows = np.arange(len(source.values))
        train, test = train_test_split(rows, test_size=TEST_SHARE, random_state=seed, stratify=stratify)
        return train, test

    def _punch(self, punched: Punched) -> np.ndarray:
        source = self.sources[punched.table]
        if punched.share == 0:
            return source.values
        frame = punch_holes(
            source.features,
            punched.mechanism,
            punched.share,
            columns=punched.columns,
            driver=punched.driver if punched.mechanism == "MAR" else None,
            seed=punched.seed,
        )
        return frame.to_numpy()

    def _repair(self, punched: Punched, how: How, everything: bool) -> Repaired:
        values = self._holes(punched)
        learn = np.arange(len(values)) if everything else self.split(punched.table, punched.seed)[0]
        return repair(values, learn, how)

    def _fit(self, punched: Punched, how: How, everything: bool, scaler: str, model: str) -> Score:
        source = self.sources[punched.table]
        assert source.target is not None  # without a target nothing is scored
        repaired = self._repaired(punched, how, everything)
        split = self.split(punched.table, punched.seed)
        return score(repaired, source.target, source.task, split, model, scaler, everything)
