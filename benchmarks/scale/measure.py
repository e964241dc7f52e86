"""One loader on one folder: time of the first pass and of later ones, memory."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.race.contenders import Contender
from benchmarks.race.contract import RaceError
from benchmarks.race.messages import Epoch, Job
from benchmarks.race.process import ContenderProcess
from benchmarks.scale.memory import limit_own, watched

LATER = 2.0  # seconds that the later passes take at least, together


@dataclass(frozen=True)
class Row:
    """What was measured; None where it was stopped before that.

    Attributes:
        loader: its name.
        images: in the folder.
        first_s: seconds for 1,000 images in the first pass, from the import of the loader's module to the
            last batch: files are listed, and whatever it stores is made.
        later_s: seconds for 1,000 images in later passes, their mean.
        own_mb: peak memory of its own, MB.
        files_mb: peak of mapped file pages, MB, which the system may take back.
        failure: why it was stopped; "" if it was not.
    """

    loader: str
    images: int
    first_s: float | None
    later_s: float | None
    own_mb: float
    files_mb: float
    failure: str = ""


def measure(
    loader: Contender,
    folder: Path,
    images: int,
    batch_size: int,
    limit_mb: int,
    scratch: Path,
    timeout: float,
) -> Row:
    """In a fresh process, under the limit; what it wrote to `scratch` is removed.

    Args:
        images: how many the folder has.
        limit_mb: what it may have of memory of its own.
        timeout: seconds that one pass may take.
    """
    scratch.mkdir()
    first = later = None
    failure = ""
    job = Job(loader.target, folder, batch_size, scratch)
    try:
        with ContenderProcess(loader.name, job, scratch / "log.txt", timeout) as process:
            limit_own(process.pid, limit_mb)
            with watched(process.pid) as memory:
                try:
                    preparing = process.ask("load")
                    first = preparing + _whole(process.ask("epoch"), images).seconds
                    later = _whole(process.ask("epoch", LATER), images).seconds
                except RaceError as error:
                    failure = str(error)
    finally:
        shutil.rmtree(scratch)
    each = 1000 / images
    return Row(
        loader.name,
        images,
        None if first is None else first * each,
        None if later is None else later * each,
        memory.own,
        memory.files,
        failure,
    )


def _whole(epoch: Epoch, images: int) -> Epoch:
    if epoch.images != images:
        raise RaceError(f"a pass gave {epoch.images} of {images} images; every iter() must give all.")
    return epoch
