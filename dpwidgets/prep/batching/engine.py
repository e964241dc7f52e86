"""The engine of the batch size lab: how to cut the rows into batches in, what becomes of the loss out."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dpwidgets.prep.batching.code import script
from dpwidgets.prep.batching.model import MODELS, Network, start
from dpwidgets.prep.batching.noise import Noise, measure
from dpwidgets.prep.batching.picture import View, alt_text, draw
from dpwidgets.prep.batching.problems import OURS, Parts, Problem, ours, split
from dpwidgets.prep.batching.training import BASE, MOST_ROUNDS, OPTIMIZERS, Setting, Trained, train
from dpwidgets.prep.checks import check_flag, check_name, check_number, check_whole, complete
from dpwidgets.prep.rendered import Rendered

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
RATES = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
BUDGETS = ("equal examples", "equal updates")
MAX_EPOCHS, MAX_ACCUMULATION, MAX_SEED = 20, 8, 2**31 - 1
REFERENCE_LR = 0.05
_PREVIEW_ROUNDS = 600


class BatchEngine:
    """Computes what the batch size lab shows.

    Args:
        problem: the reader's own; None offers those in OURS.
    """

    def __init__(self, problem: Problem | None = None) -> None:
        self._own = problem
        self.data_names = tuple(OURS) if problem is None else (problem.title,)
        self._parts = lru_cache(maxsize=4)(lambda data: split(self.problem(data)))
        self._trained = lru_cache(maxsize=16)(self._train)
        self._noise = lru_cache(maxsize=8)(self._measure)

    def problem(self, data: str) -> Problem:
        return self._own or ours(data)

    def default_params(self) -> dict[str, Any]:
        """A batch so large that it learns less in the same time, as JSON-able data."""
        return {
            "data": self.data_names[0],
            "model": MODELS[0],
            "batch_size": 256,
            "lr": REFERENCE_LR,
            "optimizer": OPTIMIZERS[0],
            "scale_lr": False,
            "accumulation": 1,
            "epochs": 5,
            "budget": BUDGETS[0],
            "drop_last": False,
            "seed": 0,
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        given = complete(params, self.default_params())
        choices = {"data": self.data_names, "model": MODELS, "optimizer": OPTIMIZERS, "budget": BUDGETS}
        for name, allowed in choices.items():
            check_name(given[name], allowed, name)
        return {
            "data": given["data"],
            "model": given["model"],
            "batch_size": check_whole(given["batch_size"], "batch_size", 1, BATCH_SIZES[-1]),
            "lr": check_number(given["lr"], "lr", RATES[0], RATES[-1]),
            "optimizer": given["optimizer"],
            "scale_lr": check_flag(given["scale_lr"], "scale_lr"),
            "accumulation": check_whole(given["accumulation"], "accumulation", 1, MAX_ACCUMULATION),
            "epochs": check_whole(given["epochs"], "epochs", 1, MAX_EPOCHS),
            "budget": given["budget"],
            "drop_last": check_flag(given["drop_last"], "drop_last"),
            "seed": check_whole(given["seed"], "seed", 0, MAX_SEED),
        }

    def setting(self, params: Mapping[str, Any]) -> Setting:
        """How the run of these parameters trains."""
        params = self.check(params)
        rows = self.problem(params["data"]).sizes[0]
        effective = min(rows, params["batch_size"] * params["accumulation"])
        factor = effective / BASE if params["scale_lr"] else 1.0
        updates = None
        if params["budget"] == "equal updates":
            updates = self._reference(params).planned(rows)
        return Setting(
            batch_size=min(rows, params["batch_size"]) if not params["drop_last"] else params["batch_size"],
            accumulation=params["accumulation"],
            lr=params["lr"] * (factor**0.5 if params["optimizer"] == "Adam" else factor),
            optimizer=params["optimizer"],
            epochs=params["epochs"],
            drop_last=params["drop_last"],
            seed=params["seed"],
            updates=updates,
        )

    def run(self, params: Mapping[str, Any], most: int = MOST_ROUNDS) -> Trained:
        """What became of the run of these parameters; `most` batches of it. Kept for the next call."""
        params = self.check(params)
        return self._trained(params["data"], params["model"], self.setting(params), most)

    def noise(self, params: Mapping[str, Any]) -> Noise:
        """The noise of the gradient where the run starts. Kept for the next call."""
        params = self.check(params)
        return self._noise(params["data"], params["model"], params["seed"])

    def _reference(self, params: Mapping[str, Any]) -> Setting:
        """What every run is compared with: batches of 32, plain SGD, the same start and the same epochs."""
        return Setting(BASE, 1, REFERENCE_LR, OPTIMIZERS[0], params["epochs"], False, params["seed"])

    def _network(self, data: str, model: str, seed: int) -> Network:
        problem = self.problem(data)
        return Network(start(model, problem.x.shape[1], problem.classes or 1, seed), problem.classes)

    def _train(self, data: str, model: str, setting: Setting, most: int) -> Trained:
        parts: Parts = self._parts(data)
        return train(parts, self._network(data, model, setting.seed), setting, most)

    def _measure(self, data: str, model: str, seed: int) -> Noise:
        return measure(self._parts(data), self._network(data, model, seed), seed)

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture for these parameters; `scale` < 1 gives the beginning of the same run, in fewer pixels.

        `notes` holds "final" (the measures at the end), "ended" and "warnings".
        """
        params = self.check(params)
        most = MOST_ROUNDS if scale == 1.0 else _PREVIEW_ROUNDS
        setting = self.setting(params)
        rows = self.problem(params["data"]).sizes[0]
        view = View(
            run=self.run(params, most),
            reference=self._trained(params["data"], params["model"], self._reference(params), MOST_ROUNDS),
            noise=self.noise(params),
            setting=setting,
            planned=setting.planned(rows),
            rows=rows,
            by_updates=params["budget"] == "equal updates",
            quantity=not self.problem(params["data"]).classes,
        )
        notes = {
            "final": view.run.final,
            "ended": view.run.ended,
            "warnings": list(self.problem(params["data"]).notes),
        }
        alt = alt_text(view, params)
        return Rendered(draw(view, scale), alt, notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """A script in plain PyTorch that gives the same losses, but for rounding."""
        params = self.check(params)
        updates = len(self.run(params).losses)  # not those planned: a run may end early
        return script(self.problem(params["data"]), params["model"], self.setting(params), updates)
