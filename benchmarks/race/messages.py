"""What the race and the process of a contender send each other."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """What to load: the factory, and what it is called with."""

    target: str
    folder: Path
    batch_size: int
    scratch: Path


@dataclass(frozen=True)
class Epoch:
    """What an epoch took, the mean of `epochs` of them.

    Attributes:
        seconds: wall clock.
        images: delivered.
        cpu: seconds of processor time, of the process and all that it started.
    """

    seconds: float
    images: int
    cpu: float
    epochs: int = 1
