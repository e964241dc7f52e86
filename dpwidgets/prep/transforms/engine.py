"""The engine of the pipeline stepper: a pipeline of torchvision transforms in, what each step did out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch

from dpwidgets.prep.checks import check_name, check_whole, complete
from dpwidgets.prep.images import ImageSource
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.transforms.catalogue import OWN, OWN_SOURCE, Step
from dpwidgets.prep.transforms.drawing import alt_text, draw
from dpwidgets.prep.transforms.failures import told
from dpwidgets.prep.transforms.hazards import Finding, end_harms, harms
from dpwidgets.prep.transforms.inputs import INPUTS
from dpwidgets.prep.transforms.stepping import Run, walk

MAX_STEPS = 9  # more would not fit on the sheet
MAX_SEED = 2**31 - 1
SHOWS = ("0 to 1, the rest cut off", "stretched, lowest to highest")
_NEIGHBOURS = 4  # images whose sizes tell whether a batch of this set could be made


class TransformEngine:
    """Computes what the pipeline stepper shows.

    Args:
        source: the images.
    """

    def __init__(self, source: ImageSource) -> None:
        self.source = source
        self._last = len(source) - 1  # stays where files drop out on the way
        self._run = lru_cache(maxsize=8)(self._walk)

    def default_params(self) -> dict[str, Any]:
        """The usual pipeline for training, as JSON-able data."""
        steps = [
            Step("to_image"),
            Step("random_resized_crop"),
            Step("horizontal_flip"),
            Step("to_dtype"),
            Step("normalize", values={"stats": "ImageNet"}),
        ]
        return {
            "source": next(iter(INPUTS)),
            "image": 0,
            "seed": 0,
            "show": SHOWS[0],
            "steps": [step.to_dict() for step in steps],
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        check_name(merged["source"], INPUTS, "source")
        check_name(merged["show"], SHOWS, "show")
        steps = merged["steps"]
        if not isinstance(steps, Sequence) or isinstance(steps, str):
            raise ValueError(f"steps={steps!r} is not allowed; give a list of steps.")
        if len(steps) > MAX_STEPS:
            raise ValueError(f"steps has {len(steps)} entries; give at most {MAX_STEPS}.")
        return {
            "source": merged["source"],
            "image": check_whole(merged["image"], "image", 0, self._last),
            "seed": check_whole(merged["seed"], "seed", 0, MAX_SEED),
            "show": merged["show"],
            "steps": [Step.from_data(one).to_dict() for one in steps],
        }

    def run(self, params: Mapping[str, Any]) -> Run:
        """What happens to the image, step by step. Kept for the next call."""
        params = self.check(params)
        return self._run(params["image"], params["source"], params["seed"], tuple(_active(params)))

    def _walk(self, image: int, form: str, seed: int, steps: tuple[Step, ...]) -> Run:
        return walk(self.photo(image), form, steps, seed)

    def photo(self, image: int) -> torch.Tensor:
        """Image number `image`, uint8 (3, H, W), its shorter side 256 pixels, its longer at most 512."""
        return self.source.sample(image)["image"].as_subclass(torch.Tensor)

    def findings(self, run: Run) -> list[list[Finding]]:
        """For the input and each step that was reached, what there is to tell about it."""
        found: list[list[Finding]] = [[], *(harms(passage) for passage in run.passages)]
        if run.failure:
            return [*found, [told(run.failure)]]
        sizes = {self.source.size(index) for index in range(min(_NEIGHBOURS, len(self.source)))}
        found[-1].extend(end_harms(run, sizes))
        return found

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture for these parameters; `scale` < 1 gives the same with fewer pixels.

        `notes` holds "findings": (where, Finding) pairs from the first step to the last.
        """
        params = self.check(params)
        run = self.run(params)
        findings = self.findings(run)
        name = self.source.class_name(params["image"])
        names = {
            "image": f"Image {params['image']}" + (f" ({name})" if name else ""),
            "form": params["source"],
        }
        active = _active(params)
        places = ["input", *(f"{at} {step.entry.title}" for at, step in enumerate(active, 1))]
        pairs = [(place, one) for place, here in zip(places, findings, strict=False) for one in here]
        notes = {"findings": pairs, "warnings": list(self.source.notes)}
        picture = draw(run, findings, params["show"] == SHOWS[1], scale)
        return Rendered(picture, alt_text(run, names, findings), notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """A script in plain torchvision that gives the same pixels for the same seed."""
        params = self.check(params)
        steps = _active(params)
        given = INPUTS[params["source"]]
        imports = ["import torch"]
        if "np." in given:
            imports = ["import numpy as np", "import torch", "from PIL import Image"]
        v1 = any(step.op == "to_tensor" for step in steps)
        imports += ["from torchvision import transforms"] * v1 + ["from torchvision.transforms import v2"]
        own = any(step.values.get("stats") == OWN for step in steps)
        lines = "".join(f"    {step.code},\n" for step in steps)
        return _SCRIPT.format(
            imports="\n".join(imports),
            own=OWN_SOURCE if own else "",
            pipeline=f"v2.Compose([\n{lines}])" if steps else "v2.Identity()",
            form=params["source"],
            given=given,
            seed=params["seed"],
        )


def _active(params: Mapping[str, Any]) -> list[Step]:
    steps = [Step.from_data(one) for one in params["steps"]]
    return [step for step in steps if step.on]


_SCRIPT = '''\
{imports}
{own}
pipeline = {pipeline}


def as_given(photo):
    """The photo, a uint8 tensor (3, H, W), as: {form}."""
    return {given}


def prepare(photo, seed={seed}):
    """The photo after the pipeline, the same for the same seed."""
    torch.manual_seed(seed)
    return pipeline(as_given(photo))
'''
