"""From uint8 pixels to a normalised float batch in one pass over memory (numba).

A transform for each step reads and writes the whole batch each time: gather, to float, minus mean, over std.
Here each pixel is read once and written once.

The module needs NumPy and numba alone: copy it into a project of your own.
"""

from collections.abc import Sequence

import numba
import numpy as np


def scale_and_shift(mean: Sequence[float], std: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """`scale`, `shift`, float32 (C,), so that `pixel * scale + shift` equals `(pixel / 255 - mean) / std`.

    Raises:
        ValueError: a std is not above 0, or there is not one for each mean.
    """
    middle, spread = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    if middle.shape != spread.shape or not (spread > 0).all():
        raise ValueError(
            f"std={list(std)} is not allowed; give one above 0 for each of the {len(middle)} means."
        )
    return (1 / (255 * spread)).astype(np.float32), (-middle / spread).astype(np.float32)


@numba.njit(nogil=True, cache=True)
def normalize_rows(
    store: np.ndarray, rows: np.ndarray, scale: np.ndarray, shift: np.ndarray, out: np.ndarray
) -> None:
    """`out[k] = store[rows[k]] * scale + shift`, for each channel.

    Lets go of the interpreter: several threads may run it at once.

    Args:
        store: uint8 (N, C, H * W), also memory-mapped.
        rows: int64 (B,), each from 0 to N - 1 (not checked).
        scale, shift: float32 (C,).
        out: float32 (B, C, H * W), is overwritten.
    """
    for k in range(rows.shape[0]):
        for c in range(store.shape[1]):
            pixels, result, by, plus = store[rows[k], c], out[k, c], scale[c], shift[c]
            for p in range(pixels.shape[0]):
                result[p] = pixels[p] * by + plus
