"""The sharding lab: ranks times workers times shards, who reads what, and a hash ring."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dpwidgets.labs.base import PLAIN_CSS, PLAIN_ESM, Control, Lab
from dpwidgets.prep.sharding.engine import RANGES, VIEWS, ShardEngine
from dpwidgets.prep.sharding.readers import MAP_STYLE, PLANS, STREAMS


class ShardLab(Lab):
    """See who reads which sample in a distributed run, and which node keeps which key.

    Args:
        data: how many samples there are, or anything with a length, such as your Dataset; None takes 26.
            Up to 96 samples are shown.
        params: start values, such as `ranks=2`, `workers=2`, `plan="stream: split by worker"`,
            `view="hash ring"`.

    Raises:
        ValueError: for a parameter that is not known or not allowed, and for too many samples.
        TypeError: `data` has no length.
    """

    picture_format = "PNG"
    _esm = PLAIN_ESM
    _css = PLAIN_CSS
    _engine: ShardEngine

    def __init__(self, data: Any = None, **params: Any) -> None:
        if data is not None:
            if not isinstance(data, int) and not hasattr(data, "__len__"):
                kind = type(data).__name__
                raise TypeError(f"data is of type {kind}, which has no length; give a number or a Dataset.")
            params = {"items": data if isinstance(data, int) else len(data)} | params
        super().__init__(ShardEngine(), params, title="Sharding lab")

    @property
    def result(self) -> pd.DataFrame | pd.Series:
        """A row for each batch (rank, worker, samples); in the view "hash ring" the node of each key."""
        if self.settings["view"] == VIEWS[1]:
            return pd.Series(self._engine.owners(self.settings), name="node")
        return pd.DataFrame([vars(batch) for batch in self._engine.batches(self.settings)])

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        readers, ring = ("view", VIEWS[:1]), ("view", VIEWS[1:])
        mapped = ("plan", MAP_STYLE)

        def slider(name: str, label: str, help: str, when: tuple[str, tuple[str, ...]]) -> Control:
            low, high = RANGES[name]
            return Control(name, label, "slider", help, min=low, max=high, when=when)

        yield Control("view", "view", "choice", "Readers of a dataset, or keepers of keys.", choices=VIEWS)
        yield Control("plan", "plan", "choice", "Who is told to read what.", choices=PLANS, when=readers)
        yield slider("items", "samples", "Samples in the dataset.", readers)
        yield slider("ranks", "ranks", "Processes that train together.", readers)
        yield slider("workers", "num_workers", "Loader workers in each rank; 0: the rank itself.", readers)
        yield slider("batch_size", "batch size", "Samples a batch, of each rank.", readers)
        yield slider("shards", "shards", "Files that the stream is stored in.", ("plan", STREAMS[3:]))
        yield Control("drop_last", "drop_last", "flag", "Drop what does not fill up.", when=readers)
        yield Control("shuffle", "shuffle", "flag", "The sampler shuffles.", when=mapped)
        yield slider("epoch", "epoch", "Number of the epoch, from 0.", mapped)
        yield Control("set_epoch", "set_epoch", "flag", "Call sampler.set_epoch(epoch).", when=mapped)
        yield Control("seed", "seed", "seed", "Of the shuffle.", max=RANGES["seed"][1], when=mapped)
        yield slider("nodes", "nodes", "Nodes before the new one comes.", ring)
        yield slider("virtual", "places", "Places of each node on the ring (virtual nodes).", ring)
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        if params["view"] == VIEWS[1]:
            return f"hash ring, {params['nodes']} nodes, {params['virtual']} places each"
        shape = f"{params['items']} samples, {params['ranks']} ranks, {params['workers']} workers"
        return f"{shape}, {params['plan']}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        if "moved" in notes:
            return []
        told = []
        if notes["gaps"]:
            told.append(f"{notes['gaps']} samples are never read")
        if notes["again"]:
            told.append(f"{notes['again']} reads are repeats")
        if len(set(notes["per_rank"])) > 1:
            told.append("the ranks have different numbers of batches: one would wait for the others")
        return told or ["every sample is read once"]
