"""The catalogue of image operations: what each one does, its ranges, and the torchvision call behind it.

An operation is described once, as a list of `torchvision.transforms.v2` calls. Both the transform that
runs and the line of code that the reader copies are made from that list, so they cannot drift apart.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from torchvision.transforms import v2

Value = float | str
Values = Mapping[str, Any]
Call = tuple[str, dict[str, Any]]  # the name of a class in v2, and its keyword arguments

GROUPS = ("geometric", "crop", "colour", "blur and noise", "erase", "policy", "batch")


@dataclass(frozen=True)
class Parameter:
    """One setting of an operation, described so that a control can be made from it."""

    name: str
    label: str
    min: float = 0.0
    max: float = 0.0
    step: float = 0.0
    default: Value = 0.0
    unit: str = ""
    help: str = ""
    scales: bool = False  # the global strength moves the value between `identity` and what was set
    identity: float = 0.0  # the value that changes the image least
    kind: str = "float"  # "float", "int" or "choice"
    choices: tuple[str, ...] = ()

    def check(self, value: Any, owner: str) -> Value:
        """The value in its own type; ValueError naming owner, parameter, value and what is allowed."""
        if self.kind == "choice":
            if value in self.choices:
                return str(value)
            raise ValueError(
                f"{owner}: {self.name}={value!r} is not known; choose one of {_listed(self.choices)}."
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.min <= value <= self.max and (self.kind == "float" or value == int(value)):
            return int(value) if self.kind == "int" else float(value)
        sort = "a whole number" if self.kind == "int" else "a number"
        raise ValueError(
            f"{owner}: {self.name}={value!r} is not allowed; give {sort} "
            f"from {self.min:g} to {self.max:g}{f' ({self.unit})' if self.unit else ''}."
        )

    def at_strength(self, value: Value, strength: float) -> Value:
        """The value moved towards `identity`: strength 1 leaves it, strength 0 is the identity."""
        if not self.scales or isinstance(value, str):
            return value
        moved = self.identity + strength * (value - self.identity)
        return round(moved) if self.kind == "int" else round(moved, 4)

    def smaller(self, value: Value, scale: float) -> Value:
        """The value for a picture `scale` times as large: lengths in pixels shrink."""
        if self.unit != "px" or isinstance(value, str):
            return value
        return max(1, round(value * scale)) if self.kind == "int" else value * scale


@dataclass(frozen=True)
class Operation:
    """One augmentation: its description, its parameters and the v2 calls that carry it out."""

    key: str
    title: str
    group: str
    help: str
    label_risk: str  # one line: when it changes the label
    calls: Callable[[Values], list[Call]]
    parameters: tuple[Parameter, ...] = ()
    default_p: float = 1.0
    own_p: bool = False  # the v2 class takes the probability itself, as `p`
    draws_first: bool = True  # False: the v2 class draws while it computes, not in `make_params`

    @property
    def keeps_targets(self) -> bool:
        """True where boxes and masks may follow the image."""
        return self.group not in ("policy", "batch")

    def defaults(self) -> dict[str, Value]:
        return {parameter.name: parameter.default for parameter in self.parameters}

    def build(self, values: Values, p: float = 1.0) -> v2.Transform:
        """The transform for these values, applied with probability `p`."""
        transforms = [getattr(v2, name)(**arguments) for name, arguments in self._calls(values, p)]
        if p < 1 and not self.own_p:
            return v2.RandomApply(transforms, p=p)
        return transforms[0] if len(transforms) == 1 else v2.Compose(transforms)

    def code(self, values: Values, p: float = 1.0) -> str:
        """The v2 expression that `build` carries out."""
        calls = ", ".join(_expression(name, arguments) for name, arguments in self._calls(values, p))
        if p < 1 and not self.own_p:
            return f"v2.RandomApply([{calls}], p={p:g})"
        return calls

    def _calls(self, values: Values, p: float) -> list[Call]:
        calls = self.calls(values)
        if self.own_p:
            calls[0][1]["p"] = p
        return calls


def _expression(name: str, arguments: dict[str, Any]) -> str:
    return f"v2.{name}({', '.join(f'{key}={_literal(value)}' for key, value in arguments.items())})"


def _literal(value: Any) -> str:
    if isinstance(value, Enum):
        return f"v2.{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        return f"({', '.join(_literal(item) for item in value)})"
    return repr(value)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)


def _around(centre: float, spread: float) -> tuple[float, float]:
    """The range centre ± spread, without the tails of binary fractions (1 - 0.9 = 0.09999…)."""
    return round(max(0.0, centre - spread), 4), round(centre + spread, 4)


def _amount(name: str, label: str, max: float, default: float, help: str, **more: Any) -> Parameter:
    """A parameter that the strength scales from 0."""
    step = more.pop("step", max / 100)
    return Parameter(name, label, 0.0, max, step, default, help=help, scales=True, **more)


def _whole(name: str, label: str, min: int, max: int, default: int, help: str, **more: Any) -> Parameter:
    return Parameter(name, label, min, max, more.pop("step", 1), default, help=help, kind="int", **more)


_BILINEAR = {"interpolation": v2.InterpolationMode.BILINEAR}
_SIZE = _whole("size", "output size", 32, 320, 224, "Height and width of the result.", unit="px", step=8)
_KEEPS = "Keeps the label of most objects."
_COLOUR_RISK = "Changes the label where colour is the class: ripe and unripe fruit, traffic lights, stains."
_MIRROR_RISK = "Changes the label of text, digits, left and right hands, road signs with arrows."
_POLICY_RISK = "Rotates, shears and inverts: judge the tiles, above all for digits, text and fine colours."


def _rotation(v: Values) -> list[Call]:
    degrees = (v["degrees"], v["degrees"]) if v["range"] == "exactly" else v["degrees"]
    return [("RandomRotation", {"degrees": degrees, **_BILINEAR})]


def _affine(v: Values) -> list[Call]:
    shift = v["translate"]
    arguments = {
        "degrees": 0,
        "translate": (shift, shift),
        "scale": _around(1, v["scale"]),
        "shear": v["shear"],
    }
    return [("RandomAffine", {**arguments, **_BILINEAR})]


def _resized_crop(v: Values) -> list[Call]:
    ratio = (round(1 / v["ratio"], 4), v["ratio"])
    return [("RandomResizedCrop", {"size": v["size"], "scale": (v["scale"], 1.0), "ratio": ratio})]


def _jitter(v: Values) -> list[Call]:
    return [("ColorJitter", {name: v[name] for name in ("brightness", "contrast", "saturation", "hue")})]


def _photometric(v: Values) -> list[Call]:
    arguments = {name: _around(1, v[name]) for name in ("brightness", "contrast", "saturation")}
    return [("RandomPhotometricDistort", {**arguments, "hue": (-v["hue"], v["hue"]), "p": v["chance"]})]


def _blur(v: Values) -> list[Call]:
    sigma = max(v["sigma"], 0.1)  # torchvision refuses 0
    return [("GaussianBlur", {"kernel_size": 2 * math.ceil(2 * sigma) + 1, "sigma": (0.1, sigma)})]


def _erasing(v: Values) -> list[Call]:
    scale = (min(0.02, v["area"]), v["area"])
    ratio = (round(1 / v["ratio"], 4), v["ratio"])
    return [("RandomErasing", {"scale": scale, "ratio": ratio, "value": v["fill"]})]


def _augmix(v: Values) -> list[Call]:
    return [("AugMix", {"severity": v["severity"], "mixture_width": v["width"], "alpha": v["alpha"]})]


def _mix(name: str, v: Values) -> list[Call]:
    return [(name, {"alpha": v["alpha"], "num_classes": v.get("num_classes", 2)})]


_ALL = (
    Operation(
        "rotation", "Rotation", "geometric", "Turns the image around its centre; the corners become black.",
        "Changes the label where direction is the class: 6 and 9, arrows, up and down.", _rotation,
        (
            _amount("degrees", "angle", 180.0, 15.0, "Largest turn to either side.", unit="°", step=1.0),
            Parameter("range", "range", default="up to", kind="choice", choices=("up to", "exactly"),
                      help="Any angle up to this one to either side, or this one each time (anticlockwise)."),
        ),
    ),
    Operation(
        "affine", "Shift, zoom and shear", "geometric", "Moves, enlarges or shrinks, and slants the image.",
        "A large shift can push the object out of the picture.", _affine,
        (
            _amount("translate", "shift", 0.5, 0.1, "Largest shift, as a share of width and height."),
            _amount("scale", "zoom", 0.9, 0.2, "Enlarges or shrinks by a factor of 1 ± this."),
            _amount("shear", "shear", 60.0, 10.0, "Largest slant to either side.", unit="°", step=1.0),
        ),
    ),
    Operation(
        "perspective", "Perspective", "geometric", "Shows the image as if seen from the side.", _KEEPS,
        lambda v: [("RandomPerspective", {"distortion_scale": v["distortion"]})],
        (_amount("distortion", "distortion", 1.0, 0.3, "How far the corners move inwards."),), own_p=True,
    ),
    Operation(
        "elastic", "Elastic", "geometric", "Shifts each pixel a little, smoothly. By far the slowest.",
        "Strong waves change handwriting and the shape of cells.",
        lambda v: [("ElasticTransform", {"alpha": v["alpha"], "sigma": v["sigma"]})],
        (
            _amount("alpha", "size of the waves", 200.0, 50.0, "How far pixels move.", unit="px"),
            Parameter("sigma", "smoothness", 2.0, 8.0, 0.5, 5.0, unit="px",
                      help="Small: ripples. Large: gentle bending."),
        ),
    ),
    Operation(
        "horizontal_flip", "Horizontal flip", "geometric", "Mirrors left and right.", _MIRROR_RISK,
        lambda v: [("RandomHorizontalFlip", {})], default_p=0.5, own_p=True,
    ),
    Operation(
        "vertical_flip", "Vertical flip", "geometric", "Mirrors top and bottom.",
        "Wrong for photos with a sky and a ground; fine for views from above and microscopy.",
        lambda v: [("RandomVerticalFlip", {})], default_p=0.5, own_p=True,
    ),
    Operation(
        "zoom_out", "Zoom out", "geometric", "Puts the image somewhere on a larger black canvas.", _KEEPS,
        lambda v: [("RandomZoomOut", {"side_range": (1.0, v["side"])})],
        (Parameter("side", "canvas", 1.0, 4.0, 0.05, 1.5, "×", "Largest canvas, in sides of the image.",
                   scales=True, identity=1.0),),
        own_p=True,
    ),
    Operation(
        "random_resized_crop", "Random resized crop", "crop", "Cuts out a part and brings it to one size.",
        "A small crop can miss the object.", _resized_crop,
        (
            Parameter("scale", "smallest part", 0.05, 1.0, 0.01, 0.4, scales=True, identity=1.0,
                      help="Smallest area of the crop, as a share of the image."),
            Parameter("ratio", "stretch", 1.0, 2.0, 0.01, 1.33, scales=True, identity=1.0,
                      help="Largest width : height (and height : width) of the crop."),
            _SIZE,
        ),
    ),
    Operation(
        "random_crop", "Random crop with padding", "crop", "Adds a black border, then cuts out a window.",
        "A small window can miss the object.",
        lambda v: [("RandomCrop", {"size": v["size"], "padding": v["padding"], "pad_if_needed": True})],
        (_whole("padding", "border", 0, 96, 16, "Width of the border.", unit="px", scales=True), _SIZE),
    ),
    Operation(
        "center_crop", "Centre crop and resize", "crop",
        "Cuts out the middle, then resizes. No chance in it: this is what evaluation uses.",
        "An object at the edge is lost.",
        lambda v: [("CenterCrop", {"size": v["crop"]}), ("Resize", {"size": (v["size"], v["size"])})],
        (
            _whole("crop", "window", 32, 256, 192, "Its side.", unit="px", scales=True, identity=256.0),
            _SIZE,
        ),
    ),
    Operation(
        "color_jitter", "Colour jitter", "colour",
        "Changes brightness, contrast, saturation and hue, in random order.",
        _COLOUR_RISK, _jitter,
        (
            _amount("brightness", "brightness", 1.0, 0.2, "Factor 1 ± this."),
            _amount("contrast", "contrast", 1.0, 0.2, "Factor 1 ± this."),
            _amount("saturation", "saturation", 1.0, 0.2, "Factor 1 ± this."),
            _amount("hue", "hue", 0.5, 0.05, "Turn of the colour circle, 0.5 is half of it. The slowest."),
        ),
    ),
    Operation(
        "grayscale", "Grayscale", "colour", "Removes colour; three equal channels remain.", _COLOUR_RISK,
        lambda v: [("RandomGrayscale", {})], default_p=0.2, own_p=True,
    ),
    Operation(
        "posterize", "Posterize", "colour", "Keeps only the highest bits of each channel.", _KEEPS,
        lambda v: [("RandomPosterize", {"bits": v["bits"]})],
        (_whole("bits", "bits", 1, 8, 4, "Bits that are kept.", scales=True, identity=8.0),), own_p=True,
    ),
    Operation(
        "solarize", "Solarize", "colour", "Inverts every value from a threshold on.", _COLOUR_RISK,
        lambda v: [("RandomSolarize", {"threshold": v["threshold"]})],
        (_whole("threshold", "threshold", 0, 255, 128, "Values from here on are inverted.", scales=True,
                identity=255.0),),
        own_p=True,
    ),
    Operation(
        "autocontrast", "Autocontrast", "colour", "Stretches each channel to the full range.", _KEEPS,
        lambda v: [("RandomAutocontrast", {})], default_p=0.5, own_p=True,
    ),
    Operation(
        "equalize", "Equalize", "colour", "Makes all values about equally frequent.", _KEEPS,
        lambda v: [("RandomEqualize", {})], default_p=0.5, own_p=True,
    ),
    Operation(
        "invert", "Invert", "colour", "Makes a negative.", _COLOUR_RISK,
        lambda v: [("RandomInvert", {})], default_p=0.5, own_p=True,
    ),
    Operation(
        "channel_permutation", "Channel permutation", "colour", "Swaps red, green and blue.", _COLOUR_RISK,
        lambda v: [("RandomChannelPermutation", {})], default_p=0.5,
    ),
    Operation(
        "photometric_distort", "Photometric distort", "colour",
        "The colour recipe of object detection: each change has its own chance, channels may swap.",
        _COLOUR_RISK, _photometric,
        (
            _amount("brightness", "brightness", 1.0, 0.12, "Factor 1 ± this."),
            _amount("contrast", "contrast", 1.0, 0.5, "Factor 1 ± this."),
            _amount("saturation", "saturation", 1.0, 0.5, "Factor 1 ± this."),
            _amount("hue", "hue", 0.5, 0.05, "Turn of the colour circle."),
            _amount("chance", "chance of each", 1.0, 0.5, "Chance of each of the changes."),
        ),
    ),
    Operation(
        "sharpness", "Sharpness", "blur and noise", "Below 1 blurs, above 1 sharpens.", _KEEPS,
        lambda v: [("RandomAdjustSharpness", {"sharpness_factor": v["factor"]})],
        (Parameter("factor", "factor", 0.0, 10.0, 0.1, 3.0, help="1 leaves the image as it is.", scales=True,
                   identity=1.0),),
        own_p=True,
    ),
    Operation(
        "gaussian_blur", "Gaussian blur", "blur and noise", "Smooths the image.",
        "Strong blur removes what tells fine classes apart.", _blur,
        (_amount("sigma", "blur", 5.0, 1.5, "Largest standard deviation of the blur.", unit="px", step=0.1),),
    ),
    Operation(
        "gaussian_noise", "Gaussian noise", "blur and noise", "Adds random grain to each pixel.",
        "Strong noise hides small objects.",
        lambda v: [("GaussianNoise", {"sigma": v["sigma"]})],
        (_amount("sigma", "noise", 0.5, 0.1, "Standard deviation; 1 is the range of values.", step=0.01),),
        draws_first=False,
    ),
    Operation(
        "jpeg", "JPEG artefacts", "blur and noise", "Saves and reads the image as a poor JPEG.", _KEEPS,
        lambda v: [("JPEG", {"quality": (v["quality"], 100)})],
        (_whole("quality", "lowest quality", 1, 100, 10, "Any quality from here to 100.", scales=True,
                identity=100.0),),
    ),
    Operation(
        "erasing", "Random erasing", "erase", "Covers a random rectangle.",
        "A large rectangle can hide the object.", _erasing,
        (
            _amount("area", "largest area", 0.8, 0.2, "As a share of the image.", step=0.01),
            Parameter("ratio", "stretch", 1.0, 5.0, 0.1, 3.3, help="Most width : height, or the reverse."),
            _whole("fill", "grey level", 0, 255, 0, "Value of the covered pixels."),
        ),
        default_p=0.5, own_p=True,
    ),
    Operation(
        "randaugment", "RandAugment", "policy", "A few random operations out of 14, all at one magnitude.",
        _POLICY_RISK,
        lambda v: [("RandAugment", {"num_ops": v["num_ops"], "magnitude": v["magnitude"]})],
        (
            _whole("num_ops", "operations", 1, 6, 2, "Operations applied to each image."),
            _whole("magnitude", "magnitude", 0, 30, 9, "Strength of each, out of 30.", scales=True),
        ),
        draws_first=False,
    ),
    Operation(
        "trivial_augment", "TrivialAugmentWide", "policy", "One random operation at a random magnitude.",
        _POLICY_RISK, lambda v: [("TrivialAugmentWide", {})],
        draws_first=False,
    ),
    Operation(
        "auto_augment", "AutoAugment", "policy", "Pairs of operations, found by search for one data set.",
        _POLICY_RISK,
        lambda v: [("AutoAugment", {"policy": v2.AutoAugmentPolicy[v["policy"].upper()]})],
        (Parameter("policy", "found on", default="imagenet", kind="choice",
                   choices=("imagenet", "cifar10", "svhn"), help="The data set of the search."),),
        draws_first=False,
    ),
    Operation(
        "augmix", "AugMix", "policy", "Blends several chains of operations with the original.",
        "Mild: the original shines through.",
        _augmix,
        (
            _whole("severity", "severity", 1, 10, 3, "Strength of each.", scales=True, identity=1.0),
            _whole("width", "chains", 1, 5, 3, "Chains that are blended."),
            Parameter("alpha", "blend", 0.1, 3.0, 0.1, 1.0, help="Small: one chain wins. Large: even."),
        ),
        draws_first=False,
    ),
    Operation(
        "mixup", "MixUp", "batch", "Adds each image of the batch, in part, to the next one.",
        "By design: the label becomes soft, such as 70 % cat and 30 % dog.",
        lambda v: _mix("MixUp", v),
        (Parameter("alpha", "alpha", 0.1, 5.0, 0.1, 1.0, help="Small: one image wins. Large: halves."),),
    ),
    Operation(
        "cutmix", "CutMix", "batch", "Pastes a rectangle of each image of the batch into the next one.",
        "By design: the label becomes soft, by area.",
        lambda v: _mix("CutMix", v),
        (Parameter("alpha", "alpha", 0.1, 5.0, 0.1, 1.0, help="Small: tiny or huge. Large: halves."),),
    ),
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {operation.key: operation for operation in _ALL}
