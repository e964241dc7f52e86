"""SPDL: its pipeline over a thread for each core, with its own decoder (FFmpeg) or torchvision's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import spdl.io
import torch
from spdl.pipeline import PipelineBuilder

from benchmarks.race.contract import SIZE, RaceError
from benchmarks.race.cores import CORES
from benchmarks.race.data import jpegs_of
from benchmarks.race.pixels import decode_resized, normalise

Images = Callable[[list[str]], torch.Tensor]  # paths -> uint8, (B, 3, SIZE, SIZE)
# swscale's bilinear filter antialiases; with these flags it comes nearest to PIL.
_FILTER = (
    f"scale=width={SIZE}:height={SIZE}:flags=bilinear+accurate_rnd+full_chroma_int,format=pix_fmts=rgb24"
)


class Epochs:
    """A pipeline for each epoch: source of batches, decode in threads, sink."""

    def __init__(self, folder: Path, batch_size: int, images: Images) -> None:
        torch.set_num_threads(1)  # the threads are the parallelism; each would start a team of its own
        self._files, self._labels = jpegs_of(folder)
        self._batch_size, self._images = batch_size, images

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        starts = range(0, len(self._files), self._batch_size)
        builder = PipelineBuilder().add_source(starts)
        builder = builder.pipe(self._load, concurrency=CORES, output_order="input").add_sink(3)
        pipeline = builder.build(num_threads=CORES)
        with pipeline.auto_stop():
            yield from pipeline.get_iterator(timeout=60)

    def _load(self, start: int) -> tuple[torch.Tensor, torch.Tensor]:
        part = slice(start, start + self._batch_size)
        return normalise(self._images(self._files[part])), torch.tensor(self._labels[part])


def own_decoder(folder: Path, batch_size: int) -> Epochs:
    """FFmpeg decodes and resizes a batch at a time.

    Raises:
        RaceError: the FFmpeg libraries are not there; SPDL itself would log that and skip every batch.
    """
    try:
        _with_ffmpeg(jpegs_of(folder).files[:1])
    except RuntimeError as error:
        raise RaceError(
            "SPDL could not decode the first file: its decoder needs the FFmpeg libraries of the system "
            "(version 4 to 9): apt-get install ffmpeg"
        ) from error
    return Epochs(folder, batch_size, _with_ffmpeg)


def torchvision_decoder(folder: Path, batch_size: int) -> Epochs:
    """torchvision decodes and resizes image by image."""
    return Epochs(folder, batch_size, _with_torchvision)


def _with_ffmpeg(files: list[str]) -> torch.Tensor:
    buffer = spdl.io.load_image_batch(files, width=None, height=None, filter_desc=_FILTER)
    return spdl.io.to_torch(buffer).permute(0, 3, 1, 2)


def _with_torchvision(files: list[str]) -> torch.Tensor:
    return torch.stack([decode_resized(Path(file).read_bytes()) for file in files])
