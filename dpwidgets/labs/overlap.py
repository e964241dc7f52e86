"""The overlap lab: load, copy and step side by side, by a model of the pipeline."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dpwidgets.labs.base import PLAIN_CSS, PLAIN_ESM, Control, Lab
from dpwidgets.prep.overlap.engine import COUNTS, MILLISECONDS, OverlapEngine


class OverlapLab(Lab):
    """See what workers, prefetching and copies ahead bring, before you measure.

    The run is a model, not a measurement: give it the times that you measured (`dpwidgets.trace` and the
    loader lab measure them).

    Args:
        params: start values, such as `load=60`, `copy=8`, `step=40` (milliseconds a batch), `workers=2`,
            `prefetch_factor=2`, `cores=4`, `bound=1.0`, `ahead=True`, `slow_every=0`.

    Raises:
        ValueError: for a parameter that is not known or not allowed.
    """

    picture_format = "PNG"
    _esm = PLAIN_ESM
    _css = PLAIN_CSS
    _engine: OverlapEngine

    def __init__(self, **params: Any) -> None:
        super().__init__(OverlapEngine(), params, title="Overlap lab")

    @property
    def result(self) -> pd.DataFrame:
        """A row for each span: kind, lane, batch, start and end in milliseconds."""
        return pd.DataFrame(self._engine.spans(self.settings))

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        def count(name: str, label: str, help: str, group: str) -> Control:
            low, high = COUNTS[name]
            return Control(name, label, "slider", help, min=low, max=high, group=group)

        def time(name: str, label: str, help: str) -> Control:
            low, high = MILLISECONDS[name]
            return Control(name, label, "slider", help, min=low, max=high, unit="ms", group="A batch takes")

        loader = "The loader"
        yield count("workers", "num_workers", "Worker processes; 0: the loop loads by itself.", loader)
        yield count("prefetch_factor", "prefetch", "Batches that each worker may be ahead.", loader)
        yield Control(
            "ahead", "copy the next batch during the step", "flag",
            "Pinned memory and non_blocking=True, with a batch fetched ahead.", group=loader,
        )
        yield time("load", "to load", "Read, decode, transform, collate: by one worker alone.")
        yield time("copy", "to copy", "From the processor's memory to the device's.")
        yield time("step", "the step", "Forward, backward, update.")
        yield count("slow_every", "slow every", "One in so many takes three times as long.", "A batch takes")
        yield count("cores", "cores", "Processor cores that the workers share.", "The machine")
        yield Control(
            "bound", "needs a core", "slider", "Share of the loading that needs a core; the rest waits.",
            max=1, step=0.05, percent=True, group="The machine",
        )
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        return (
            f"load {params['load']:g} ms, copy {params['copy']:g} ms, step {params['step']:g} ms, "
            f"{params['workers']} workers"
        )

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        return ["a model of the pipeline, no measurement"]
