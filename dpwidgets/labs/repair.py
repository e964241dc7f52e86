"""The repair lab: punch holes into a table, fill them, and see what the fill did."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import traitlets

from dpwidgets.labs.base import Control, Lab, source_text
from dpwidgets.prep.repair.engine import (
    FIT_ON,
    MAX_SEED,
    MOST_DRAWS,
    MOST_HOLED,
    MOST_HOLES,
    MOST_NEIGHBOURS,
    RepairEngine,
)
from dpwidgets.prep.repair.scoring import MODELS, SCALERS
from dpwidgets.prep.repair.source import read_source, sample_sources
from dpwidgets.prep.repair.strategies import DROP, KNN, MULTIPLE, STRATEGIES
from dpwidgets.samples.tables import MECHANISMS, TABLES


class RepairLab(Lab):
    """Take values out of a table under a known mechanism, repair it, and compare with the truth.

    Args:
        data: None or the name of a sample table ("wine", "breast cancer", "diabetes") to start with; or a
            table of your own: a DataFrame, or the path of a CSV file, 30 to 3,000 rows. Columns that hold no
            numbers are left out. Holes of its own stay out of the comparison with the truth.
        target: for your own table: what a model is to tell, a column's name or one value for each row.
        params: start values, such as `strategy="KNN"`, `mechanism="MNAR"`, `share=0.4`, `column="hue"`.

    Raises:
        ValueError, TypeError, FileNotFoundError: for data that does not fit, and for a parameter that is not
            known or not allowed.
    """

    picture_format = "PNG"
    _esm = source_text("link.js", "controls.js", "base.js", "repair.js")
    _css = source_text("base.css")
    _engine: RepairEngine
    catalogue = traitlets.Dict().tag(sync=True)

    def __init__(self, data: Any = None, *, target: str | Sequence[Any] | None = None, **params: Any) -> None:
        if data is None or (isinstance(data, str) and data in TABLES):
            if target is not None:
                raise ValueError("target belongs to a table of your own; a sample table brings its target.")
            sources = sample_sources()
            params = {"table": data or TABLES[0], **params}
        else:
            sources = (read_source(data, target),)
        catalogue = {source.name: list(source.columns) for source in sources}
        self._sources = sources
        super().__init__(RepairEngine(sources), params, title="Repair lab", catalogue=catalogue)

    @property
    def result(self) -> pd.DataFrame:
        """The repaired table. A sample table: with the punched holes filled, or their rows dropped. Your own
        table: with its own holes repaired; the punched ones only measure the repair.

        Multiple imputation gives its tables one under the other, indexed by (imputation, row): `.loc[0]` is
        the first one.
        """
        return self._engine.result(self.settings)

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        if len(self._sources) > 1:
            yield Control(
                "table", "table", "choice", "A real table without a hole, so that the truth is known.",
                choices=TABLES, group="Holes",
            )
        yield Control(
            "column", "column", "choice", "The column that is shown and compared.",
            choices=self._sources[0].columns, group="Holes",
        )
        yield Control(
            "mechanism", "mechanism", "choice",
            "MCAR: by chance. MAR: by the closest column, which stays whole. MNAR: by the value itself.",
            choices=MECHANISMS, group="Holes",
        )
        yield Control(
            "share", "missing", "slider", "How many of the values of each column with holes go.",
            max=MOST_HOLES, step=0.01, percent=True, group="Holes",
        )
        yield Control(
            "holed_columns", "in columns", "slider", "This column, and those after it, get holes.",
            min=1, max=MOST_HOLED, group="Holes",
        )
        yield Control(
            "seed", "seed", "seed", "Of the holes, the split and the draws.", max=MAX_SEED, group="Holes",
        )
        yield Control(
            "strategy", "repair", "choice", "What is done about the holes.",
            choices=STRATEGIES, group="Repair",
        )
        yield Control(
            "neighbours", "neighbours", "slider", "How many similar rows a value is taken from.",
            min=1, max=MOST_NEIGHBOURS, when=("strategy", (KNN,)), group="Repair",
        )
        yield Control(
            "scale_before", "standardise before KNN", "flag",
            "Without it the column with the largest numbers decides who is a neighbour.",
            when=("strategy", (KNN,)), group="Repair",
        )
        yield Control(
            "draws", "tables", "slider", "How many filled tables are drawn and pooled.",
            min=2, max=MOST_DRAWS, when=("strategy", (MULTIPLE,)), group="Repair",
        )
        yield Control(
            "indicator", "add columns that say where a hole was", "flag",
            "For each column with holes one more, missing_NAME, 0 or 1.",
            when=("strategy", tuple(name for name in STRATEGIES if name != DROP)), group="Repair",
        )
        yield Control(
            "fit_on", "fit on", "choice",
            "Where means, neighbours and the model's scaler come from. With everything, test rows leak in.",
            choices=FIT_ON, group="Repair",
        )
        if any(source.target is not None for source in self._sources):
            yield Control(
                "model", "model", "choice", "Linear: logistic regression, or ridge for a number.",
                choices=MODELS, group="Model",
            )
            yield Control(
                "scaler", "scaler", "choice", "Scales the columns for the model.",
                choices=tuple(SCALERS), group="Model",
            )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        where = f"{params['table']}, {params['column']}"
        holes = f"{params['share']:.0%} {params['mechanism']}"
        return f"{where}: {holes}, {params['strategy']}, fit on {params['fit_on']}, seed {params['seed']}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        told = list(notes["remarks"])
        if left_out := self._sources[0].left_out:
            told.append(f"left out, no numbers: {', '.join(left_out)}")
        return told
