"""Loading at the machine's limit, for a plain DataLoader: threads, fused kernels, memory used again."""

from .augment import Draws, draw
from .augment_torch import augment_batch
from .batches import DecodedBatches, JpegBatches, as_it_is, decode_resized, decoded_rows
from .buffers import BufferPool
from .threads import InThreads, batch_generator

__all__ = [
    "BufferPool", "DecodedBatches", "Draws", "InThreads", "JpegBatches", "as_it_is", "augment_batch",
    "batch_generator", "decode_resized", "decoded_rows", "draw",
]  # fmt: skip
