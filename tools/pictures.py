"""Pictures compared by what one sees, not by their bytes."""

import base64
import io

import numpy as np
from PIL import Image

PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
# Encoders and fonts differ a little from version to version; a curve, a bar or a tile that moved does not.
MEAN_TOLERANCE = 2.0  # mean absolute difference, 0..255
BLOCK = 8  # pixels
BLOCK_TOLERANCE = 16.0  # difference of one block's mean, 0..255
BLOCK_SHARE = 0.002  # share of blocks that may differ more


def decode(data: str) -> np.ndarray:
    """Base64 of a picture -> float array (H, W, 3), 0..255, transparent pixels on white."""
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB"), dtype=float)


def difference(reference: str, other: str) -> str:
    """Say how two base64 pictures differ to the eye; empty where they do not."""
    if reference == other:
        return ""
    a, b = decode(reference), decode(other)
    if a.shape != b.shape:
        return f"size {a.shape[1]}×{a.shape[0]} became {b.shape[1]}×{b.shape[0]}"
    apart = np.abs(a - b)
    if apart.mean() > MEAN_TOLERANCE:
        return f"mean difference {apart.mean():.1f} of 255, allowed {MEAN_TOLERANCE}"
    blocks = np.abs(_blocks(a) - _blocks(b))
    share = float((blocks > BLOCK_TOLERANCE).mean())
    if share > BLOCK_SHARE:
        return f"{share:.1%} of its {BLOCK}×{BLOCK} blocks differ, allowed {BLOCK_SHARE:.1%}"
    return ""


def drawn_share(data: str) -> float:
    """Share of the pixels of a base64 picture that differ from its most frequent grey, 0..1."""
    counts = np.bincount(np.rint(decode(data).mean(axis=2)).astype(int).ravel())
    return 1 - counts.max() / counts.sum()


def _blocks(pixels: np.ndarray) -> np.ndarray:
    """Mean over blocks, edges padded: a line that went missing shows, a shifted antialias does not."""
    height, width = (-size % BLOCK for size in pixels.shape[:2])
    padded = np.pad(pixels.mean(axis=2), ((0, height), (0, width)), mode="edge")
    rows, columns = padded.shape[0] // BLOCK, padded.shape[1] // BLOCK
    return padded.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
