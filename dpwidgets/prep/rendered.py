"""What an engine gives a lab for a set of parameters."""

from typing import Any, NamedTuple

import numpy as np


class Rendered(NamedTuple):
    """One picture, and what belongs to it."""

    picture: np.ndarray  # uint8 (H, W, 3), RGB
    alt: str  # the picture in words, the same for the same parameters, on every machine
    notes: dict[str, Any]  # more to tell in the lab; each engine's `render` says what
