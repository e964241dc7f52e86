"""Shapes as people type them: "3, 1", "(3, 1)", "3 x 1"."""

import math
import re
from collections.abc import Iterable
from typing import Any

MOST_DIMS = 3  # what the pictures can show
MOST_SIZE = 12
MOST_CELLS = 64

Shape = tuple[int, ...]


class NotYet(ValueError):
    """What is typed is not usable, or not yet: something to tell in the picture, in one sentence."""


def read_shape(text: str, name: str, most_cells: int = MOST_CELLS) -> Shape:
    """The shape that `text` says; empty text is `()`, a single number.

    Args:
        name: whose shape it is, for the message.

    Raises:
        NotYet: it is no shape, or a larger one than the pictures can show.
    """
    words = [word for word in re.split(r"[\s,×x*]+", text.strip().strip("()[]")) if word]
    for word in words:
        if not re.fullmatch(r"[0-9]{1,6}", word):
            raise NotYet(
                f"The shape of {name} is not readable at {word!r}: type whole numbers, such as 3, 4."
            )
    shape = tuple(int(word) for word in words)
    if len(shape) > MOST_DIMS:
        raise NotYet(f"The shape of {name} has {len(shape)} dimensions; this picture can show {MOST_DIMS}.")
    too_large = [size for size in shape if size > MOST_SIZE]
    if too_large:
        raise NotYet(f"Size {too_large[0]} in the shape of {name} is too large to draw: at most {MOST_SIZE}.")
    if math.prod(shape) > most_cells:
        raise NotYet(f"{name} has {math.prod(shape)} elements; this picture can show {most_cells}.")
    return shape


def as_text(shape: Any) -> Any:
    """A shape given as numbers, as the text that would be typed; anything else as it is."""
    if isinstance(shape, Iterable) and not isinstance(shape, str):
        return ", ".join(str(size) for size in shape)
    return shape


def shown(shape: Iterable[int]) -> str:
    """A shape as Python writes it: "(3,)"."""
    return str(tuple(shape))
