"""Steps and pipelines: which operations, in which order, with which values, and their torchvision form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torchvision.transforms import v2

from dpwidgets.prep.checks import check_name, check_number
from dpwidgets.prep.operations import OPERATIONS, Value
from dpwidgets.prep.running import Stage


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
        check_name(self.op, OPERATIONS, "operation")
        operation = OPERATIONS[self.op]
        if not isinstance(self.on, bool):
            raise ValueError(f"{self.op}: on={self.on!r} is not allowed; give True or False.")
        self.p = check_number(self.p, f"{self.op}: p", 0.0, 1.0)
        parameters = {parameter.name: parameter for parameter in operation.parameters}
        for name in self.values:
            check_name(name, parameters, f"{self.op}: parameter")
        given = operation.defaults() | self.values
        self.values = {name: parameter.check(given[name], self.op) for name, parameter in parameters.items()}

    @classmethod
    def from_dict(cls, data: Any) -> "Step":
        """A step from what `to_dict` gave; what is left out takes the operation's default."""
        if not isinstance(data, Mapping) or "op" not in data:
            raise ValueError(f"step {data!r} names no operation; give op=, such as {{'op': 'rotation'}}.")
        for name in data:
            check_name(name, ("op", "on", "p", "values"), "step setting")
        default_p = OPERATIONS[data["op"]].default_p if data["op"] in OPERATIONS else 1.0
        return cls(**{"p": default_p} | dict(data))

    def to_dict(self) -> dict[str, Any]:
        """The step as plain, JSON-able data."""
        return {"op": self.op, "on": self.on, "p": self.p, "values": dict(self.values)}

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


def _composed(transforms: list[v2.Transform]) -> v2.Transform:
    return v2.Compose(transforms) if transforms else v2.Identity()


def _composed_code(expressions: list[str]) -> str:
    if not expressions:
        return "v2.Identity()"
    return "v2.Compose([\n" + "".join(f"    {one},\n" for one in expressions) + "])"


def _in_words(step: Step) -> str:
    """Such as 'rotation 30° p=0.5': the first number, and each choice that is not the default."""
    operation = OPERATIONS[step.op]
    words = operation.title.lower()
    number = next((one for one in operation.parameters if one.kind != "choice"), None)
    if number is not None:
        unit = number.unit if number.unit == "°" else f" {number.unit}".rstrip()
        words += f" {step.values[number.name]:g}{unit}"
    for one in operation.parameters:
        if one.kind == "choice" and step.values[one.name] != one.default:
            words += f" {step.values[one.name]}"
    return words if step.p == 1 else f"{words} p={step.p:g}"
