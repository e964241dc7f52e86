"""The pipeline stepper: torchvision transforms one at a time, and what each does to your image."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import traitlets

from dpwidgets import samples
from dpwidgets.labs.base import Control, Lab, source_text
from dpwidgets.labs.steps import described, parameter_control
from dpwidgets.prep.images import read_source
from dpwidgets.prep.transforms import TransformEngine
from dpwidgets.prep.transforms.catalogue import CATALOGUE, Entry, Step
from dpwidgets.prep.transforms.engine import MAX_SEED, SHOWS
from dpwidgets.prep.transforms.inputs import INPUTS


class TransformLab(Lab):
    """Build a pipeline of torchvision transforms and see the image after each step.

    Args:
        data: the images; None takes the sample photographs. A folder, PIL images, arrays (H, W, 3), a tensor
            (N, C, H, W), a pair (images, labels), or a Dataset.
        params: start values, such as `image=3`, `source="PIL image, RGBA"`,
            `steps=["to_image", {"op": "to_dtype", "values": {"scale": "scale=False"}}]`.

    Raises:
        ValueError, TypeError, FileNotFoundError: for data that holds no images, and for a parameter that is
            not known or not allowed.
    """

    _esm = source_text("link.js", "controls.js", "base.js", "steps.js", "transform.js")
    _css = source_text("base.css", "steps.css", "transform.css")
    picture_format = "PNG"
    _engine: TransformEngine
    catalogue: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(self, data: Any = None, **params: Any) -> None:
        self._source = read_source(samples.photos() if data is None else data)
        catalogue = [_described(entry) for entry in CATALOGUE.values()]
        super().__init__(TransformEngine(self._source), params, title="Pipeline stepper", catalogue=catalogue)

    @property
    def result(self) -> Any:
        """What the pipeline gives: a PIL image, an array or a tensor; None where a step failed."""
        return deepcopy(self._engine.run(self.settings).result)

    @property
    def failure(self) -> str:
        """The step that failed and the library's own message; "" where none did."""
        failure = self._engine.run(self.settings).failure
        return "" if failure is None else f"{failure.step.entry.title}: {failure.message}"

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        last = len(self._source) - 1
        yield Control("image", "image", "slider", f"Which image, from 0 to {last}.", max=last)
        yield Control(
            "source", "comes in as", "choice", "The form in which the image enters the pipeline.",
            choices=tuple(INPUTS),
        )
        yield Control("show", "floats shown", "choice", "How the small pictures show floats.", choices=SHOWS)
        yield Control("seed", "seed", "seed", "The same seed gives the same result.", max=MAX_SEED)
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        steps = [Step.from_data(one) for one in params["steps"]]
        names = " → ".join(step.entry.title for step in steps if step.on) or "no step"
        run = self._engine.run(params)
        end = f"{run.failure.step.entry.title} fails" if run.failure else run.end.of
        return f"{params['source']} → {names}: {end}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        signs = [finding.sign for _, finding in notes["findings"]]
        told = ["every step did what it should" if not signs else f"{len(signs)} to look at, told below"]
        return told + list(notes["warnings"])

    def _more(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        return {"findings": [{"where": where, **one._asdict()} for where, one in notes["findings"]]}


def _described(entry: Entry) -> dict[str, Any]:
    """A step as the view needs it."""
    return described(
        entry.key, entry.title, entry.group, entry.help, map(parameter_control, entry.parameters)
    )
