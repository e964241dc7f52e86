"""The engine of the image lab: parameters in, augmented images, one composed picture and plain code out.

What the lab shows is what the copied code gives: variant `i` is drawn after `torch.manual_seed(seed + i)`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import torch
from torchvision.transforms import v2

from dpwidgets.prep.compose import Tile, compose
from dpwidgets.prep.images import ImageSource, Sample
from dpwidgets.prep.operations import GROUPS, OPERATIONS, Operation, Parameter, Value
from dpwidgets.prep.running import Stage, run

__all__ = ["GROUPS", "OPERATIONS", "AugmentEngine", "Operation", "Parameter", "Pipeline", "Rendered", "Step"]

VIEWS = ("variants", "label safety", "histogram")
SPREADS = ("one image", "many images")
MAX_TILES = 24
MAX_SEED = 2**31 - 1


@dataclass
class Step:
    """One operation in a pipeline, with its values.

    Attributes:
        op: a key of OPERATIONS.
        on: False leaves the step in the list but not in the pipeline.
        p: probability with which the step is applied, 0 to 1. Batch operations apply it to the whole batch.
        values: parameter name -> value; what is left out takes its default.
    """

    op: str
    on: bool = True
    p: float = 1.0
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _known(self.op, OPERATIONS, "operation")
        operation = OPERATIONS[self.op]
        if not isinstance(self.on, bool):
            raise ValueError(f"{self.op}: on={self.on!r} is not allowed; give True or False.")
        self.p = _in_range(self.p, f"{self.op}: p", 0.0, 1.0)
        parameters = {parameter.name: parameter for parameter in operation.parameters}
        for name in self.values:
            _known(name, parameters, f"{self.op}: parameter")
        given = operation.defaults() | self.values
        self.values = {name: parameter.check(given[name], self.op) for name, parameter in parameters.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Step":
        """A step from what `to_dict` gave; what is left out takes the operation's default."""
        for name in data:
            _known(name, ("op", "on", "p", "values"), "step setting")
        if "op" not in data:
            raise ValueError(f"step {dict(data)!r} names no operation; give op=, such as 'rotation'.")
        default_p = OPERATIONS[data["op"]].default_p if data["op"] in OPERATIONS else 1.0
        return cls(**{"p": default_p} | dict(data))

    def to_dict(self) -> dict[str, Any]:
        """The step as plain, JSON-able data."""
        return asdict(self)

    def at_strength(self, strength: float) -> dict[str, Value]:
        """The values moved towards those that change nothing."""
        parameters = OPERATIONS[self.op].parameters
        return {one.name: one.at_strength(self.values[one.name], strength) for one in parameters}

    def transform(self, strength: float = 1.0, **more: Value) -> v2.Transform:
        """The v2 transform of this step; `more` reaches the operation beside its own values."""
        return OPERATIONS[self.op].build(self.at_strength(strength) | more, self.p)

    def code(self, strength: float = 1.0, **more: Value) -> str:
        """The v2 expression of this step."""
        return OPERATIONS[self.op].code(self.at_strength(strength) | more, self.p)

    def stage(self, strength: float, scale: float) -> Stage:
        """The step ready to run, at full size (scale 1) or for a smaller preview."""
        operation = OPERATIONS[self.op]
        values = self.at_strength(strength)
        full = small = operation.build(values, self.p)
        if scale != 1:
            small = operation.build(
                {one.name: one.smaller(values[one.name], scale) for one in operation.parameters}, self.p
            )
        return Stage(full, small, operation.own_p, operation.draws_first)


class Pipeline:
    """Steps in order. The steps on one image run first; MixUp and CutMix then mix the batch."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        active = [step for step in self.steps if step.on]
        self.image_steps = [step for step in active if OPERATIONS[step.op].group != "batch"]
        self.batch_steps = [step for step in active if OPERATIONS[step.op].group == "batch"]

    def transform(self, strength: float = 1.0) -> v2.Transform:
        """What happens to each image."""
        return _composed([step.transform(strength) for step in self.image_steps])

    def mix(self, num_classes: int) -> v2.Transform:
        """What happens to the batch: called with images (N, C, H, W), float, and labels (N,)."""
        return _composed([step.transform(num_classes=num_classes) for step in self.batch_steps])

    def code(self, strength: float = 1.0) -> str:
        """The v2 expression that `transform` carries out."""
        return _composed_code([step.code(strength) for step in self.image_steps])

    def mix_code(self, num_classes: int) -> str:
        """The v2 expression that `mix` carries out."""
        return _composed_code([step.code(num_classes=num_classes) for step in self.batch_steps])

    def __str__(self) -> str:
        return " + ".join(map(_in_words, self.image_steps + self.batch_steps)) or "no operation"


class Rendered(NamedTuple):
    """One composed picture."""

    picture: np.ndarray  # uint8 (H, W, 3)
    alt: str  # the same for the same parameters, on every machine
    notes: dict[str, Any]  # "tiles", "ms_per_image", "warnings", "labels"


class AugmentEngine:
    """Computes what the image lab shows.

    Args:
        source: the images.
        size: side of a tile in pixels.
    """

    def __init__(self, source: ImageSource, size: int = 224) -> None:
        self.source = source
        self.size = size

    def default_params(self) -> dict[str, Any]:
        """A usual recipe for photographs, as JSON-able data."""
        steps = [
            Step("rotation"),
            Step("random_resized_crop"),
            Step("horizontal_flip", p=0.5),
            Step("color_jitter"),
        ]
        return {
            "steps": [step.to_dict() for step in steps],
            "strength": 1.0,
            "seed": 0,
            "tiles": 12,
            "image": 0,
            "view": VIEWS[0],
            "spread": SPREADS[0],
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        known = self.default_params()
        for name in params:
            _known(name, known, "parameter")
        merged = known | dict(params)
        if not isinstance(merged["steps"], Sequence) or isinstance(merged["steps"], str):
            raise ValueError(f"steps={merged['steps']!r} is not allowed; give a list of steps.")
        steps = [one if isinstance(one, Step) else Step.from_dict(one) for one in merged["steps"]]
        for name, choices in (("view", VIEWS), ("spread", SPREADS)):
            _known(merged[name], choices, name)
        return {
            "steps": [step.to_dict() for step in steps],
            "strength": _in_range(merged["strength"], "strength", 0.0, 1.0),
            "seed": _whole(merged["seed"], "seed", 0, MAX_SEED),
            "tiles": _whole(merged["tiles"], "tiles", 2, MAX_TILES),
            "image": _whole(merged["image"], "image", 0, len(self.source) - 1),
            "view": merged["view"],
            "spread": merged["spread"],
        }

    def variants(self, params: Mapping[str, Any], n: int, scale: float = 1.0) -> list[torch.Tensor]:
        """`n` augmented images, uint8 (3, H, W); the i-th is drawn after `torch.manual_seed(seed + i)`.

        The global random state is as before afterwards.
        """
        return [sample["image"] for sample in self._run(self.check(params), n, scale)]

    def _run(self, params: dict[str, Any], n: int, scale: float) -> list[Sample]:
        indices = self._indices(params, n)
        stages = [step.stage(params["strength"], scale) for step in _pipeline(params).image_steps]
        samples = [self.source.sample(index, scale) for index in indices]
        sizes = [self.source.size(index) for index in indices]
        return run(stages, samples, sizes, params["seed"], scale)

    def _indices(self, params: dict[str, Any], n: int) -> list[int]:
        """Which image each of `n` variants is made of."""
        many = params["spread"] == "many images"
        return [(params["image"] + many * i) % len(self.source) for i in range(n)]

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture for these parameters; `scale` < 1 gives a smaller one, faster, with the same draws."""
        checked = self.check(params)
        count = checked["tiles"] - 1
        start = time.perf_counter()
        samples = self._run(checked, count, scale)
        ms = (time.perf_counter() - start) * 1000 / count
        original = self.source.sample(checked["image"], scale)
        tiles = [Tile(original, "original", framed=True), *(Tile(sample) for sample in samples)]
        picture = compose(tiles, round(self.size * scale))
        return Rendered(
            picture, self._alt(checked), {"ms_per_image": ms, "warnings": list(self.source.notes)}
        )

    def _alt(self, params: dict[str, Any]) -> str:
        name = self.source.class_name(params["image"])
        of = f"image {params['image']}" + (f" ({name})" if name else "")
        return (
            f"Grid of {params['tiles']} tiles: the original, {of}, then {params['tiles'] - 1} variants. "
            f"{_pipeline(params)}; strength {params['strength']:.0%}, seed {params['seed']}."
        )

    def to_code(self, params: Mapping[str, Any]) -> str:
        """A short script in plain torchvision that gives the same pixels for the same seed."""
        checked = self.check(params)
        pipeline = _pipeline(checked)
        return _SCRIPT.format(
            augment=pipeline.code(checked["strength"]), seed=checked["seed"], n=checked["tiles"] - 1
        )


_SCRIPT = '''\
import torch
from torchvision.transforms import v2

augment = {augment}


def variants(image, n={n}, seed={seed}):
    """n augmented copies of one image: uint8 tensor (3, H, W). Copy i depends on seed + i alone."""
    copies = []
    for i in range(n):
        torch.manual_seed(seed + i)
        copies.append(augment(image))
    return copies
'''


def _pipeline(params: Mapping[str, Any]) -> Pipeline:
    return Pipeline([Step.from_dict(step) for step in params["steps"]])


def _composed(transforms: list[v2.Transform]) -> v2.Transform:
    return v2.Compose(transforms) if transforms else v2.Identity()


def _composed_code(expressions: list[str]) -> str:
    if not expressions:
        return "v2.Identity()"
    return "v2.Compose([\n" + "".join(f"    {one},\n" for one in expressions) + "])"


def _in_words(step: Step) -> str:
    operation = OPERATIONS[step.op]
    first = next((one for one in operation.parameters if one.kind != "choice"), None)
    words = operation.title.lower()
    if first is not None:
        unit = first.unit if first.unit == "°" else f" {first.unit}".rstrip()
        words += f" {step.values[first.name]:g}{unit}"
    return words if step.p == 1 else f"{words} p={step.p:g}"


def _known(name: Any, names: Any, what: str) -> None:
    if name in names:
        return
    close = get_close_matches(str(name), list(names), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names) or 'none'}."
    raise ValueError(f"{what} {name!r} is not known; {hint}")


def _in_range(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise ValueError(f"{name}={value!r} is not allowed; give a number from {low:g} to {high:g}.")


def _whole(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise ValueError(f"{name}={value!r} is not allowed; give a whole number from {low} to {high}.")
