"""The batch size lab: what the size of a batch does to the steps, the noise and the loss."""

from collections.abc import Iterable, Mapping
from typing import Any

from dpwidgets.labs.base import PLAIN_CSS, PLAIN_ESM, Control, Lab
from dpwidgets.prep.batching import BatchEngine, Trained
from dpwidgets.prep.batching.engine import (
    BATCH_SIZES,
    BUDGETS,
    MAX_ACCUMULATION,
    MAX_EPOCHS,
    MAX_SEED,
    RATES,
)
from dpwidgets.prep.batching.model import MODELS
from dpwidgets.prep.batching.picture import ENDED
from dpwidgets.prep.batching.problems import OURS, read_problem
from dpwidgets.prep.batching.training import OPTIMIZERS


class BatchLab(Lab):
    """Train a small model with batches of any size, beside batches of 32, and copy the run as code.

    Args:
        data: None takes our data (`data="digits"`, "wine", "breast cancer" or "diabetes" chooses among them);
            else a pair (X, y) of arrays or tensors, or a DataFrame of numbers.
        target: the column to predict, for a DataFrame.
        params: start values, such as `batch_size=512`, `lr=0.05`, `optimizer="Adam"`, `scale_lr=True`,
            `accumulation=4`, `epochs=5`, `drop_last=True`, `seed=0`.

    Raises:
        ValueError, TypeError: for data that cannot be learned from, and for a parameter that is not known or
            not allowed.
    """

    picture_format = "PNG"
    _esm = PLAIN_ESM
    _css = PLAIN_CSS
    _engine: BatchEngine

    def __init__(self, data: Any = None, *, target: str | None = None, **params: Any) -> None:
        ours = data is None or (isinstance(data, str) and data in OURS)
        if ours and target is not None:
            raise ValueError(
                f"target={target!r} belongs to a table of your own: give that as data, or leave target out."
            )
        engine = BatchEngine(None if ours else read_problem(data, target))
        chosen = {} if data is None or not ours else {"data": data}
        super().__init__(engine, chosen | params, title="Batch size lab")

    @property
    def result(self) -> Trained:
        """The run: the loss of each update, the whole loss along the way, and the measures at the end."""
        return self._engine.run(self.settings)

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        yield Control(
            "batch_size", "batch size", "slider", "Rows in a batch; at most all of them.", stops=BATCH_SIZES,
            group="Batch",
        )
        yield Control(
            "accumulation", "accumulate", "slider", "Batches whose gradients are added up before an update.",
            min=1, max=MAX_ACCUMULATION, unit="×", group="Batch",
        )
        yield Control(
            "drop_last", "drop the last batch if it is smaller", "flag",
            "Rows that do not fill a batch are left out.", group="Batch",
        )
        yield Control("lr", "learning rate", "slider", "Length of a step.", stops=RATES, group="Steps")
        yield Control(
            "scale_lr", "scale it with the batch", "flag",
            "Times rows in an update / 32; with Adam times the root of it.", group="Steps",
        )
        yield Control("optimizer", "optimizer", "choice", "Rule of the step.", choices=OPTIMIZERS,
                      group="Steps")
        yield Control("epochs", "epochs", "slider", "Times that all rows are seen.", min=1, max=MAX_EPOCHS,
                      group="Run")
        yield Control(
            "budget", "compare at", "choice",
            "Both runs see as many rows; or yours makes as many updates as the reference.", choices=BUDGETS,
            group="Run",
        )
        yield Control("seed", "seed", "seed", "Start weights and order of the rows.", max=MAX_SEED,
                      group="Run")
        yield Control("data", "data", "choice", "What is learned.", choices=self._engine.data_names,
                      group="Problem")
        yield Control("model", "model", "choice", "What learns.", choices=MODELS, group="Problem")
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        more = f" × {params['accumulation']}" if params["accumulation"] > 1 else ""
        return (
            f"{params['data']}, {params['model']}, B = {params['batch_size']}{more}, {params['optimizer']}, "
            f"lr {params['lr']:g}{' scaled' if params['scale_lr'] else ''}, seed {params['seed']}"
        )

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        return [ENDED[notes["ended"]]] * bool(notes["ended"]) + notes["warnings"]
