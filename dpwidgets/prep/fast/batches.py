"""Datasets that make a whole batch in one call, from JPEGs or from a cache: for a DataLoader or `InThreads`.

    loader = InThreads(DataLoader(JpegBatches(paths, labels), 32, collate_fn=as_it_is))

The folder needs NumPy, numba, Pillow, simplejpeg and torch: copy it into a project of your own.
"""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
import torch
from PIL import Image
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader

from .augment import Draws, augment_rows
from .buffers import BufferPool
from .normalize import normalize_rows, scale_and_shift
from .threads import InThreads, batch_generator

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as the guide has them
_MOST_PIXELS = 178_956_970  # as Pillow; libjpeg-turbo knows no limit
_AHEAD = 8  # pictures that a thread decodes in one go


def as_it_is(batch: Any) -> Any:
    """The `collate_fn` for datasets whose `__getitems__` gives a batch already."""
    return batch


def decode_resized(path: str | Path, size: int) -> torch.Tensor:
    """The picture as uint8 (3, size, size), RGB: decoded by libjpeg-turbo, resized by torch, antialiased.

    The same pixels as `v2.functional.resize` gives with `[size, size]`, antialiased, for uint8. What is no
    JPEG, or no plain one (CMYK), is decoded by Pillow: of 16 bits the upper eight, of an animation the first
    picture. EXIF orientation is ignored, as by `ImageFolder`.

    Raises:
        OSError: the file cannot be read.
        RuntimeError: it cannot be decoded, or has too many pixels; the message names it.
    """
    data = Path(path).read_bytes()
    try:
        pixels = _decoded(data)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RuntimeError(f"{path} cannot be decoded: {error}") from error
    planes = torch.from_numpy(pixels).permute(2, 0, 1)
    return interpolate(planes[None], (size, size), mode="bilinear", antialias=True)[0]


def _decoded(data: bytes) -> np.ndarray:
    """uint8 (H, W, 3), RGB."""
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        _check_size(width, height)
        return simplejpeg.decode_jpeg(data)
    except ValueError:
        return _by_pillow(data)


def _check_size(width: int, height: int) -> None:
    """A small file can claim any size: it is refused before memory is taken for it."""
    if width * height > _MOST_PIXELS:
        raise Image.DecompressionBombError(f"{width:,} × {height:,} pixels are too many")


def _by_pillow(data: bytes) -> np.ndarray:
    """uint8 (H, W, 3), RGB."""
    with Image.open(BytesIO(data)) as image:
        _check_size(*image.size)  # Pillow's own limit may be switched off
        if image.mode.startswith("I"):  # Pillow's own conversion would cut at 255
            return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
        return np.array(image.convert("RGB"))


def decoded_rows(paths: Sequence[str | Path], size: int, threads: int | None = None) -> Iterator[np.ndarray]:
    """Each picture as uint8 (3, size, size), in order: what a cache is filled with.

    Decoded in threads, a few pictures ahead and no more, so that memory stays small however many there are;
    nothing is decoded before the first one is asked for.

    Raises:
        OSError, RuntimeError: see `decode_resized`.
        ValueError: `threads` is below 1.
    """
    loader: DataLoader = DataLoader(_Decoded(paths, size), _AHEAD, collate_fn=as_it_is)
    return (row for rows in InThreads(loader, threads) for row in rows)


class _Decoded(torch.utils.data.Dataset):
    def __init__(self, paths: Sequence[str | Path], size: int) -> None:
        self.paths, self.size = paths, size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitems__(self, indices: list[int]) -> list[np.ndarray]:
        return [decode_resized(self.paths[index], self.size).contiguous().numpy() for index in indices]


class JpegBatches(torch.utils.data.Dataset):
    """Decodes, resizes and normalises a batch of files: (float32 (B, 3, size, size), int64 (B,)).

    Args:
        paths: of the pictures.
        labels: of each, integers.
        size: pixels, height and width of what is delivered.
        mean, std: of the channels, for pixels from 0 to 1.

    Raises:
        ValueError: there is not one label for each path, or a std is not above 0.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        labels: Sequence[int],
        size: int = 224,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
    ) -> None:
        self.paths, self.labels, self.size = paths, _labels(labels, len(paths)), size
        self.scale, self.shift = scale_and_shift(mean, std)
        self.buffers = BufferPool()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitems__(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.buffers.take(len(indices), 3, self.size * self.size)
        first = np.zeros(1, np.int64)
        for k, index in enumerate(indices):
            pixels = decode_resized(self.paths[index], self.size).contiguous().numpy()
            normalize_rows(pixels.reshape(1, 3, -1), first, self.scale, self.shift, out[k : k + 1])
        return torch.from_numpy(out).view(-1, 3, self.size, self.size), self.labels[indices]


class DecodedBatches(torch.utils.data.Dataset):
    """Batches out of decoded pictures: (float32 (B, 3, H, W), int64 (B,)), normalised, in reused memory.

    Args:
        store: uint8 (N, 3, H, W), an array in memory or memory-mapped.
        labels: of each picture, integers.
        draw: for training: called as `draw(B, generator)`, gives the batch's `Draws`; see `augment.draw`.
        mean, std: of the channels, for pixels from 0 to 1.

    Raises:
        ValueError: `store` has another dtype, shape or order in memory, there is not one label for each
            picture, or a std is not above 0; for a batch: the draws do not fit, see `Draws.arrays`.
        IndexError: for a batch: an index is not in `store`.
    """

    def __init__(
        self,
        store: np.ndarray,
        labels: Sequence[int],
        draw: Callable[[int, torch.Generator], Draws] | None = None,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
    ) -> None:
        if store.dtype != np.uint8 or store.ndim != 4 or store.shape[1] != 3:
            raise ValueError(f"store is {store.dtype} {store.shape}; give uint8 (N, 3, H, W).")
        if not store.flags.c_contiguous:
            raise ValueError("store is not contiguous in memory; give np.ascontiguousarray(store).")
        self.store, self.labels, self.draw = store, _labels(labels, len(store)), draw
        self.scale, self.shift = scale_and_shift(mean, std)
        self.buffers = BufferPool()

    def __len__(self) -> int:
        return len(self.store)

    def __getitems__(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = np.asarray(indices, np.int64)
        outside = rows[(rows < 0) | (rows >= len(self.store))]
        if outside.size:  # compiled code would read beyond the array
            raise IndexError(f"index {outside[0]} is not among the {len(self.store)} pictures of the store.")
        out = self.buffers.take(len(rows), *self.store.shape[1:])
        if self.draw is not None:
            drawn = self.draw(len(rows), batch_generator()).arrays(len(rows))
            augment_rows(self.store, rows, *drawn, self.scale, self.shift, out)  # type: ignore[call-arg]
        else:
            flat = (-1, 3, out[0, 0].size)
            normalize_rows(self.store.reshape(flat), rows, self.scale, self.shift, out.reshape(flat))
        return torch.from_numpy(out), self.labels[rows]


def _labels(labels: Sequence[int], count: int) -> torch.Tensor:
    if len(labels) != count:
        raise ValueError(f"{len(labels)} labels for {count} pictures; give one for each.")
    return torch.as_tensor(labels, dtype=torch.int64)
