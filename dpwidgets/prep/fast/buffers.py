"""Arrays that are used again as soon as nobody holds them: a fresh one costs a page fault for every 4 kB.

The module needs NumPy alone: copy it into a project of your own.
"""

import math
import sys
import threading
from collections.abc import Iterator

import numpy as np


class BufferPool:
    """Hands out arrays, and takes back by itself those that nobody refers to any more.

    A tensor made by `torch.from_numpy` holds its array, and so does each view of it. So a batch that you keep
    stays as it is, and the pool grows by one.

    Args:
        dtype: of the arrays.

    Attributes:
        made: how many arrays were allocated so far.
    """

    def __init__(self, dtype: np.dtype | type = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.made = 0
        self._buffers: list[np.ndarray] = []
        self._lock = threading.Lock()
        self._buffers.append(np.empty(0, self.dtype))
        self._free = next(self._holders())  # how the count of an array looks that only the pool holds
        self._buffers.clear()

    def take(self, *shape: int) -> np.ndarray:
        """An array of this shape, with any content, C-contiguous."""
        size = math.prod(shape)
        with self._lock:
            for number, holders in enumerate(self._holders()):
                if holders == self._free and self._buffers[number].size >= size:
                    return self._buffers[number][:size].reshape(shape)
            self.made += 1
            self._buffers.append(np.empty(size, self.dtype))
            return self._buffers[-1][:size].reshape(shape)

    def _holders(self) -> Iterator[int]:
        return (sys.getrefcount(self._buffers[number]) for number in range(len(self._buffers)))

    def __getstate__(self) -> dict[str, object]:
        return {"dtype": self.dtype}  # a worker starts with none

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]
