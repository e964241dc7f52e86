"""The steps that a pipeline can be made of, each described once, as the line of code that makes it.

The transform that runs is that line, evaluated: what is shown and what is copied cannot drift apart.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torchvision import transforms
from torchvision.transforms import v2

from dpwidgets.prep.checks import check_flag, check_name, step_settings
from dpwidgets.prep.operations import Parameter, Value

IMAGENET = "mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]"
OWN = "this image's own"
_STATS = {"0.5 and 0.5": "mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]", "ImageNet": IMAGENET}


@dataclass(frozen=True)
class Entry:
    """One kind of step.

    Attributes:
        code: values -> the expression that makes the transform.
        fixes_size: the result has the same height and width for every image.
        draws: it draws random numbers, once a call.
        v2: a transform of v2, which hands on untouched what it does not know.
    """

    key: str
    title: str
    group: str
    help: str
    code: Callable[[Mapping[str, Any]], str]
    parameters: tuple[Parameter, ...] = ()
    fixes_size: bool = False
    draws: bool = False
    v2: bool = True


def normalize_by_own(image: torch.Tensor) -> torch.Tensor:
    """The image with mean 0 and standard deviation 1 in each of its own channels."""
    over = [d for d in range(image.ndim) if d != image.ndim - 3]
    return v2.functional.normalize(image, image.mean(over).tolist(), image.std(over).tolist())


OWN_SOURCE = '''

def normalize_by_own(image):
    """The image with mean 0 and standard deviation 1 in each of its own channels."""
    over = [d for d in range(image.ndim) if d != image.ndim - 3]
    return v2.functional.normalize(image, image.mean(over).tolist(), image.std(over).tolist())
'''


def _choice(name: str, label: str, default: str, others: tuple[str, ...], help: str) -> Parameter:
    return Parameter(name, label, default=default, kind="choice", choices=(default, *others), help=help)


def _number(name: str, label: str, low: float, high: float, step: float, default: float, help: str,
            unit: str = "") -> Parameter:  # fmt: skip
    return Parameter(name, label, low, high, step, default, unit, help)


def _size(default: int, help: str) -> Parameter:
    return Parameter("size", "size", 16, 320, 8, default, "px", help, kind="int")


def _whether(name: str, default: bool, help: str) -> Parameter:
    return _choice(name, name, f"{name}={default}", (f"{name}={not default}",), help)


def _normalize(v: Mapping[str, Any]) -> str:
    return "v2.Lambda(normalize_by_own)" if v["stats"] == OWN else f"v2.Normalize({_STATS[v['stats']]})"


def _rotation(v: Mapping[str, Any]) -> str:
    degrees = f"({v['degrees']:g}, {v['degrees']:g})" if v["range"] == "exactly" else f"{v['degrees']:g}"
    bilinear = "interpolation=v2.InterpolationMode.BILINEAR"
    return f"v2.RandomRotation(degrees={degrees}, {bilinear}, fill={v['fill']})"


def _blur(v: Mapping[str, Any]) -> str:
    kernel = 2 * math.ceil(2 * v["sigma"]) + 1
    return f"v2.GaussianBlur(kernel_size={kernel}, sigma={v['sigma']:g})"


def _jitter(v: Mapping[str, Any]) -> str:
    return f"v2.ColorJitter({', '.join(f'{name}={value:g}' for name, value in v.items())})"


_ANTIALIAS = _whether("antialias", True, "Smooth before shrinking. PIL images are always smoothed.")
_ENTRIES = (
    Entry("to_image", "ToImage", "type", "PIL image or array (H, W, C) to an Image tensor (C, H, W).",
          lambda v: "v2.ToImage()"),
    Entry("to_dtype", "ToDtype", "type", "Another dtype; with scale=True the range follows it.",
          lambda v: f"v2.ToDtype(torch.{v['dtype']}, {v['scale']})",
          (_choice("dtype", "dtype", "float32", ("float16", "float64", "uint8"), "The new dtype."),
           _whether("scale", True, "0 to 255 becomes 0 to 1, and back."))),
    Entry("to_tensor", "ToTensor (v1)", "type",
          "The old way: to a tensor, and uint8 to floats from 0 to 1. Other dtypes are not scaled.",
          lambda v: "transforms.ToTensor()", v2=False),
    Entry("pil_to_tensor", "PILToTensor", "type", "PIL image to a plain tensor; anything else is left alone.",
          lambda v: "v2.PILToTensor()"),
    Entry("to_pure_tensor", "ToPureTensor", "type", "Image tensor to a plain tensor: the class goes.",
          lambda v: "v2.ToPureTensor()"),
    Entry("rgb", "RGB", "type", "Grey or RGBA to three channels.", lambda v: "v2.RGB()"),
    Entry("normalize", "Normalize", "values", "Subtracts a mean and divides by a standard deviation.",
          _normalize,
          (_choice("stats", "statistics", "0.5 and 0.5", ("ImageNet", OWN), "Whose mean and deviation."),)),
    Entry("times_255", "× 255", "values", "A function of your own, and a common mistake.",
          lambda v: "v2.Lambda(lambda image: image * 255)", v2=False),
    Entry("resize_short", "Resize(size)", "size", "Shorter side to this size; the shape stays.",
          lambda v: f"v2.Resize({v['size']}, {v['antialias']})",
          (_size(224, "The shorter side."), _ANTIALIAS)),
    Entry("resize_square", "Resize((size, size))", "size", "Height and width to this size.",
          lambda v: f"v2.Resize(({v['size']}, {v['size']}), {v['antialias']})",
          (_size(224, "Height and width."), _ANTIALIAS), fixes_size=True),
    Entry("center_crop", "CenterCrop", "size", "The middle.", lambda v: f"v2.CenterCrop({v['size']})",
          (_size(224, "Height and width."),), fixes_size=True),
    Entry("random_crop", "RandomCrop", "size", "A window somewhere.",
          lambda v: f"v2.RandomCrop({v['size']})",
          (_size(224, "Height and width."),), fixes_size=True, draws=True),
    Entry("random_resized_crop", "RandomResizedCrop", "size", "A part, brought to one size.",
          lambda v: f"v2.RandomResizedCrop({v['size']}, scale=({v['scale']:g}, 1.0))",
          (_size(224, "Height and width."),
           _number("scale", "smallest part", 0.05, 1, 0.05, 0.3, "Smallest share of the area.")),
          fixes_size=True, draws=True),
    Entry("horizontal_flip", "RandomHorizontalFlip", "geometric", "Mirrors left and right.",
          lambda v: f"v2.RandomHorizontalFlip({v['p']:g})",
          (_number("p", "probability", 0, 1, 0.05, 0.5, "How often."),), draws=True),
    Entry("rotation", "RandomRotation", "geometric", "Turns anticlockwise; the corners get the fill value.",
          _rotation,
          (_number("degrees", "angle", 0, 180, 1, 20, "Largest turn, or the turn.", "°"),
           _choice("range", "range", "up to", ("exactly",), "Up to this to either side, or exactly this."),
           _choice("fill", "fill", "0", ("-1", "0.5", "1", "128", "255"), "Value of the empty corners.")),
          draws=True),
    Entry("color_jitter", "ColorJitter", "colour", "Brightness, contrast, saturation by 1 ± this.",
          _jitter,
          (_number("brightness", "brightness", 0, 1, 0.05, 0.4, "Factor 1 ± this."),
           _number("contrast", "contrast", 0, 1, 0.05, 0.4, "Factor 1 ± this."),
           _number("saturation", "saturation", 0, 1, 0.05, 0.4, "Factor 1 ± this.")), draws=True),
    Entry("grayscale", "Grayscale", "colour", "Removes colour.",
          lambda v: f"v2.Grayscale(num_output_channels={v['channels']})",
          (_choice("channels", "channels", "1", ("3",), "One, or three equal ones."),)),
    Entry("gaussian_blur", "GaussianBlur", "colour", "Smooths.", _blur,
          (_number("sigma", "sigma", 0.1, 5, 0.1, 1.5, "Standard deviation.", "px"),)),
    Entry("erasing", "RandomErasing", "erase", "Covers a random rectangle.",
          lambda v: f"v2.RandomErasing(p={v['p']:g}, value={v['fill']})",
          (_number("p", "probability", 0, 1, 0.05, 0.5, "How often."),
           _choice("fill", "fill", "0", ("-1", "0.5", "1", "128", "255"), "Value of the covered pixels.")),
          draws=True),
)  # fmt: skip

CATALOGUE = {entry.key: entry for entry in _ENTRIES}
_NAMES = {"torch": torch, "transforms": transforms, "v2": v2, "normalize_by_own": normalize_by_own}


@dataclass(frozen=True)
class Step:
    """One step of a pipeline, with its values; what is left out takes its default.

    Raises:
        ValueError: naming step, parameter, value and what is allowed.
    """

    op: str
    on: bool = True
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)  # equal steps still hash alike

    def __post_init__(self) -> None:
        check_name(self.op, CATALOGUE, "step")
        check_flag(self.on, f"{self.op}: on")
        known = {one.name: one for one in self.entry.parameters}
        for name in self.values:
            check_name(name, known, f"{self.op}: parameter")
        given = {name: one.default for name, one in known.items()} | dict(self.values)
        checked = {name: one.check(given[name], self.op) for name, one in known.items()}
        object.__setattr__(self, "values", checked)

    @classmethod
    def from_data(cls, data: Any) -> "Step":
        """A step from its name alone, or from what `to_dict` gave."""
        return cls(**step_settings(data, "to_image"))

    def to_dict(self) -> dict[str, Any]:
        """The step as plain, JSON-able data."""
        return {"op": self.op, "on": self.on, "values": dict(self.values)}

    @property
    def entry(self) -> Entry:
        return CATALOGUE[self.op]

    @property
    def code(self) -> str:
        return self.entry.code(self.values)

    def transform(self) -> Callable[[Any], Any]:
        """The transform that the code makes."""
        made: Callable[[Any], Any] = eval(self.code, dict(_NAMES))
        return made
