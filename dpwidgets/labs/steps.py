"""What the pipeline editor (steps.js) is told of the operations that it offers."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dpwidgets.labs.base import Control
from dpwidgets.prep.operations import Parameter


def described(
    key: str,
    title: str,
    group: str,
    help: str,
    parameters: Iterable[dict[str, Any]],
    *,
    p: float | None = None,
    label_risk: str = "",
) -> dict[str, Any]:
    """One entry of a lab's trait `catalogue`.

    Args:
        parameters: controls, each with its "default"; see `parameter_control`.
        p: the default probability, or None where steps have none.
        label_risk: what the operation may do to the label, shown on its card.
    """
    return {
        "key": key,
        "title": title,
        "group": group,
        "help": help,
        "label_risk": label_risk,
        "p": p,
        "parameters": list(parameters),
    }


def parameter_control(parameter: Parameter) -> dict[str, Any]:
    """The control of an operation's parameter."""
    kind = "choice" if parameter.kind == "choice" else "slider"
    control = Control(
        parameter.name, parameter.label, kind, parameter.help, parameter.min, parameter.max, parameter.step,
        parameter.unit, parameter.choices,
    )  # fmt: skip
    return {**asdict(control), "default": parameter.default}
