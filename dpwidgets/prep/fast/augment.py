"""Flip, rotation and colour jitter of a whole batch, with draws of its own for each picture (numba).

The same result as torchvision's `RandomHorizontalFlip`, `RandomRotation` (nearest pixel, black corners) and
`ColorJitter`, one picture after another: each has its own flip, angle, factors and order of the four colour
steps. The colours stay floats between the steps, where torchvision rounds uint8 after each.

The module needs NumPy, numba and torch alone: copy it into a project of your own.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
import torch

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
_GRAY = (0.2989, 0.587, 0.114)  # as torchvision weighs red, green and blue

Scalar = Any  # one float32
Row = np.ndarray  # float32 (W,): one channel of one row of a picture, changed in place


class Draws(NamedTuple):
    """What was drawn for each picture of a batch.

    Attributes:
        flip: bool (B,).
        angle: float32 (B,), degrees, counter-clockwise.
        factors: float32 (B, 4): of brightness, contrast and saturation; shift of the hue, -0.5 to 0.5 turns.
        order: int64 (B, 4): the colour steps, in the order in which they come.
    """

    flip: torch.Tensor
    angle: torch.Tensor
    factors: torch.Tensor
    order: torch.Tensor

    def arrays(self, count: int) -> list[np.ndarray]:
        """The four as NumPy arrays, in the dtypes that `augment_rows` takes.

        Raises:
            ValueError: they are not for `count` pictures, or a row of `order` is not 0 to 3 in some order.
        """
        shapes = {"flip": (count,), "angle": (count,), "factors": (count, 4), "order": (count, 4)}
        for name, shape in shapes.items():
            if (found := tuple(getattr(self, name).shape)) != shape:
                raise ValueError(f"{name} of the draws is {found}; give {shape}, for {count} pictures.")
        if not torch.equal(self.order.sort(dim=1).values, torch.arange(4).expand(count, 4)):
            raise ValueError("order of the draws is not 0, 1, 2 and 3 in every row; each step comes once.")
        dtypes = (torch.bool, torch.float32, torch.float32, torch.int64)
        return [one.to(dtype).numpy() for one, dtype in zip(self, dtypes, strict=True)]


def draw(
    count: int,
    generator: torch.Generator | None = None,
    *,
    flip: float = 0.5,
    degrees: float = 10.0,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    hue: float = 0.1,
) -> Draws:
    """Draws for `count` pictures, distributed as torchvision's transforms with these arguments draw them.

    Raises:
        ValueError: `flip` is no probability, `hue` is not in 0 to 0.5, or another amount is below 0.
    """
    amounts = {"degrees": degrees, "brightness": brightness, "contrast": contrast, "saturation": saturation}
    for name, value, most in [
        ("flip", flip, 1),
        ("hue", hue, 0.5),
        *((n, v, np.inf) for n, v in amounts.items()),
    ]:
        if not 0 <= value <= most:
            raise ValueError(f"{name}={value} is not allowed; give a number from 0 to {most}.")
    uniform = torch.rand(count, 6, generator=generator)
    low = torch.tensor([max(0.0, 1 - brightness), max(0.0, 1 - contrast), max(0.0, 1 - saturation), -hue])
    high = torch.tensor([1 + brightness, 1 + contrast, 1 + saturation, hue])
    return Draws(
        uniform[:, 0] < flip,
        (2 * uniform[:, 1] - 1) * degrees,
        low + uniform[:, 2:] * (high - low),
        torch.rand(count, 4, generator=generator).argsort(dim=1),
    )


@numba.njit(nogil=True, cache=True, fastmath=True)
def _brightness(r: Row, g: Row, b: Row, factor: Scalar) -> None:
    for x in range(r.shape[0]):
        r[x] = min(r[x] * factor, np.float32(255))
        g[x] = min(g[x] * factor, np.float32(255))
        b[x] = min(b[x] * factor, np.float32(255))


@numba.njit(nogil=True, cache=True, fastmath=True)
def _contrast(r: Row, g: Row, b: Row, factor: Scalar, mean: Scalar) -> None:
    plus = (np.float32(1) - factor) * mean
    for x in range(r.shape[0]):
        r[x] = min(max(r[x] * factor + plus, np.float32(0)), np.float32(255))
        g[x] = min(max(g[x] * factor + plus, np.float32(0)), np.float32(255))
        b[x] = min(max(b[x] * factor + plus, np.float32(0)), np.float32(255))


@numba.njit(nogil=True, cache=True, fastmath=True)
def _gray(r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    return np.float32(_GRAY[0]) * r + np.float32(_GRAY[1]) * g + np.float32(_GRAY[2]) * b


@numba.njit(nogil=True, cache=True, fastmath=True)
def _saturation(r: Row, g: Row, b: Row, factor: Scalar) -> None:
    for x in range(r.shape[0]):
        plus = (np.float32(1) - factor) * _gray(r[x], g[x], b[x])
        r[x] = min(max(r[x] * factor + plus, np.float32(0)), np.float32(255))
        g[x] = min(max(g[x] * factor + plus, np.float32(0)), np.float32(255))
        b[x] = min(max(b[x] * factor + plus, np.float32(0)), np.float32(255))


@numba.njit(nogil=True, cache=True, fastmath=True)
def _of_hue(n: Scalar, sixth: Scalar, high: Scalar, chroma: Scalar) -> Scalar:
    """A channel of the colour with this hue (in sixths of a turn): HSV to RGB without cases."""
    k = n + sixth
    k = k - np.float32(6) if k >= np.float32(6) else k
    return high - chroma * min(max(min(k, np.float32(4) - k), np.float32(0)), np.float32(1))


@numba.njit(nogil=True, cache=True, fastmath=True)
def _hue(r: Row, g: Row, b: Row, shift: Scalar) -> None:
    for x in range(r.shape[0]):
        red, green, blue = r[x], g[x], b[x]
        high = max(red, green, blue)
        chroma = high - min(red, green, blue)
        over = np.float32(1) / max(chroma, np.float32(1e-6))
        if high == red:
            sixth = (green - blue) * over
        elif high == green:
            sixth = (blue - red) * over + np.float32(2)
        else:
            sixth = (red - green) * over + np.float32(4)
        sixth += np.float32(6) * shift
        sixth = sixth + np.float32(6) if sixth < np.float32(0) else sixth
        sixth = sixth - np.float32(6) if sixth >= np.float32(6) else sixth
        r[x] = _of_hue(np.float32(5), sixth, high, chroma)
        g[x] = _of_hue(np.float32(3), sixth, high, chroma)
        b[x] = _of_hue(np.float32(1), sixth, high, chroma)


@numba.njit(nogil=True, cache=True)
def _turned(
    pixels: np.ndarray, flip: bool, cosine: Scalar, sine: Scalar, y: int, r: Row, g: Row, b: Row
) -> None:
    """Row `y` of the picture, mirrored and turned about its middle: nearest pixel, black outside."""
    height, width = pixels.shape[1], pixels.shape[2]
    middle_x, middle_y = np.float32(width - 1) / 2, np.float32(height - 1) / 2
    dy = np.float32(y) - middle_y
    start_x, start_y = middle_x - sine * dy, middle_y + cosine * dy
    for x in range(width):
        dx = np.float32(x) - middle_x
        from_x = np.int32(np.floor(start_x + cosine * dx + np.float32(0.5)))
        from_y = np.int32(np.floor(start_y + sine * dx + np.float32(0.5)))
        if from_x < 0 or from_x >= width or from_y < 0 or from_y >= height:
            r[x], g[x], b[x] = 0, 0, 0
            continue
        if flip:
            from_x = width - 1 - from_x
        r[x] = pixels[0, from_y, from_x]
        g[x] = pixels[1, from_y, from_x]
        b[x] = pixels[2, from_y, from_x]


@numba.njit(nogil=True, cache=True)
def augment_rows(
    store: np.ndarray,
    rows: np.ndarray,
    flip: np.ndarray,
    angle: np.ndarray,
    factors: np.ndarray,
    order: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    out: np.ndarray,
) -> None:
    """`out[k]`: picture `rows[k]` of `store`, flipped, turned, with new colours, times `scale` plus `shift`.

    Lets go of the interpreter: several threads may run it at once.

    Args:
        store: uint8 (N, 3, H, W), also memory-mapped.
        rows: int64 (B,), each from 0 to N - 1 (not checked).
        flip, angle, factors, order: arrays of `Draws`.
        scale, shift: float32 (3,), see `normalize.scale_and_shift`.
        out: float32 (B, 3, H, W), is overwritten.
    """
    height = store.shape[2]
    for k in range(rows.shape[0]):
        pixels, result, by = store[rows[k]], out[k], factors[k]
        turn = angle[k] * np.float32(np.pi / 180)
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        contrast_at = 0
        while order[k, contrast_at] != CONTRAST:
            contrast_at += 1
        total = 0.0
        for y in range(height):
            r, g, b = result[0, y], result[1, y], result[2, y]
            _turned(pixels, flip[k], cosine, sine, y, r, g, b)
            for step in range(contrast_at):
                _colour(order[k, step], by, r, g, b)
            row: Scalar = np.float32(0)
            for x in range(r.shape[0]):
                row += _gray(r[x], g[x], b[x])
            total += row
        mean = np.float32(total / (height * store.shape[3]))
        for y in range(height):
            r, g, b = result[0, y], result[1, y], result[2, y]
            _contrast(r, g, b, by[CONTRAST], mean)
            for step in range(contrast_at + 1, 4):
                _colour(order[k, step], by, r, g, b)
            for x in range(r.shape[0]):
                r[x] = r[x] * scale[0] + shift[0]
                g[x] = g[x] * scale[1] + shift[1]
                b[x] = b[x] * scale[2] + shift[2]


@numba.njit(nogil=True, cache=True)
def _colour(step: int, by: np.ndarray, r: Row, g: Row, b: Row) -> None:
    if step == BRIGHTNESS:
        _brightness(r, g, b, by[BRIGHTNESS])
    elif step == SATURATION:
        _saturation(r, g, b, by[SATURATION])
    else:
        _hue(r, g, b, by[HUE])
