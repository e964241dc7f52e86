"""What can be said of an image at one point of a pipeline, whatever it is there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

_SAMPLE = 16_000  # values, at least, that stand for all of them in a histogram
_STRIDES = (251, 127, 61, 31, 13, 5)  # primes: they do not fall in step with channels and rows
_ROUNDING = 1e-5  # how far a float may miss 0 or 1 and still lie between them


@dataclass(frozen=True)
class Facts:
    """An image at one point of a pipeline.

    Attributes:
        kind: "PIL", "array" or "tensor".
        type_name: such as "PIL RGB", "ndarray", "Image" (of tv_tensors) or "Tensor".
        mode: PIL's mode, "" for the others.
        shape: as the thing itself gives it; height and width for a PIL image.
        height, width, channels: what they are in the library's eyes: (..., C, H, W) for a tensor.
        low, high, mean, std: of all values; std is the population's.
        outside: share of the values below 0 or above 1.
        sample: some of the values, float32.
        small: a smaller picture, (h, w, 3), in the image's own dtype and range.
    """

    kind: str
    type_name: str
    mode: str
    shape: tuple[int, ...]
    dtype: str
    height: int
    width: int
    channels: int
    low: float
    high: float
    mean: float
    std: float
    outside: float
    sample: np.ndarray
    small: np.ndarray

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def raw(self) -> bool:
        """Floats that still run to about 255, or more."""
        return self.is_float and self.high > 1.5

    def thumbnail(self, stretched: bool) -> np.ndarray:
        """The small picture as uint8. Floats are cut off below 0 and above 1, as other viewers do, or
        stretched from the lowest value to the highest."""
        if self.small.dtype == np.uint8:
            return self.small
        low, high = 0.0, 1.0
        if not self.is_float:
            high = float(np.iinfo(self.small.dtype).max)
        elif stretched and self.high > self.low:
            low, high = self.low, self.high
        shares = (np.nan_to_num(self.small.astype(np.float32)) - low) / (high - low)
        return (shares.clip(0, 1) * 255).astype(np.uint8)

    @property
    def of(self) -> str:
        """Type, dtype and shape in one line."""
        dtype = "" if self.kind == "PIL" and self.dtype == "uint8" else f"{self.dtype} "
        return f"{self.type_name} {dtype}{self.shape_text}"

    @property
    def shape_text(self) -> str:
        if self.kind == "PIL":
            return f"{self.height} × {self.width}"
        return f"({', '.join(map(str, self.shape))})"


def facts_of(value: Any) -> Facts:
    """The facts of a PIL image, an array or a tensor.

    Raises:
        TypeError: for anything else, and for what has fewer than two dimensions.
    """
    numbers = _numbers(value)
    if isinstance(value, Image.Image):
        kind, type_name, mode = "PIL", f"PIL {value.mode}", value.mode
        height, width, channels = value.height, value.width, len(value.getbands())
    elif isinstance(value, torch.Tensor):
        kind, type_name, mode = "tensor", type(value).__name__, ""
        height, width = numbers.shape[-2:]
        channels = numbers.shape[-3] if numbers.ndim > 2 else 1
    else:
        kind, type_name, mode = "array", "ndarray", ""
        height, width = numbers.shape[:2]
        channels = numbers.shape[2] if numbers.ndim > 2 else 1
    floats = numbers.astype(np.float32)
    outside = np.count_nonzero(floats < -_ROUNDING) + np.count_nonzero(floats > 1 + _ROUNDING)
    stride = next((one for one in _STRIDES if floats.size >= one * _SAMPLE), 1)
    return Facts(
        kind=kind,
        type_name=type_name,
        mode=mode,
        shape=(height, width) if kind == "PIL" else numbers.shape,
        dtype=str(numbers.dtype),
        height=height,
        width=width,
        channels=channels,
        low=float(floats.min()),
        high=float(floats.max()),
        mean=float(floats.mean(dtype=np.float64)),
        std=float(floats.std(dtype=np.float64)),
        outside=outside / floats.size,
        sample=floats.reshape(-1)[::stride],
        small=_small(numbers, kind),
    )


def _numbers(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        numbers = value.detach().as_subclass(torch.Tensor).numpy()
    elif isinstance(value, Image.Image | np.ndarray):
        numbers = np.asarray(value)
    else:
        raise TypeError(
            f"the step gave a {type(value).__name__}; an image, an array or a tensor is expected."
        )
    if numbers.ndim < 2:
        raise TypeError(f"the step gave something of shape {numbers.shape}; an image has height and width.")
    return numbers


def _small(numbers: np.ndarray, kind: str) -> np.ndarray:
    if numbers.ndim == 2:
        return _picture(numbers[None])
    if numbers.ndim == 4:  # up to four images of a batch, two by two
        first = [_picture(numbers[at % len(numbers)]) for at in range(4)]
        return np.concatenate([np.concatenate(first[:2], axis=1), np.concatenate(first[2:], axis=1)])
    channels_last = kind != "tensor" and numbers.shape[-1] in (1, 3, 4)
    return _picture(np.moveaxis(numbers, -1, 0) if channels_last else numbers)


def _picture(image: np.ndarray) -> np.ndarray:
    """(C, H, W) as (h, w, 3); of more than three channels the first three."""
    image = image[:3] if len(image) >= 3 else image[:1].repeat(3, axis=0)
    step = max(1, min(image.shape[-2:]) // 220)
    return np.moveaxis(image[:, ::step, ::step], 0, -1)
