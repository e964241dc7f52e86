"""How far the gradient of a batch lies from the gradient of all rows."""

from dataclasses import dataclass

import numpy as np

from dpwidgets.prep.batching.model import Network
from dpwidgets.prep.batching.problems import Parts

_DRAWS = 64  # batches of each size


@dataclass(frozen=True, eq=False)
class Noise:
    """The gradients of batches at the start of a run.

    Attributes:
        sizes: batch sizes, powers of two and at the end all rows, int64 (k,).
        spread: root of the mean squared distance to the full gradient, over batches drawn without putting
            back, float64 (k,); 0 at the end.
        norm: mean length of a batch's gradient, float64 (k,).
        full: length of the full gradient.
        one: the spread of a batch of one row, exactly; 1/√B starts from it.
    """

    sizes: np.ndarray
    spread: np.ndarray
    norm: np.ndarray
    full: float
    one: float

    def expected(self, size: float) -> float:
        """The spread that 1/√B gives."""
        return float(self.one / np.sqrt(size))


def measure(parts: Parts, network: Network, seed: int) -> Noise:
    """Measures `_DRAWS` batches of each size, drawn with `seed`."""
    rows = network.row_gradients(parts.x_train, parts.y_train)
    full = rows.mean(0)
    apart = rows - full
    count = len(rows)
    sizes = [*(2**k for k in range(int(np.log2(count - 1)) + 1)), count]
    chance = np.random.default_rng(seed)
    spread, norm = [], []
    for size in sizes:
        shares = np.zeros((_DRAWS if size < count else 1, count))
        for share in shares:
            share[chance.choice(count, size, replace=False)] = 1 / size
        away = shares @ apart
        spread.append(np.sqrt((away * away).sum(1).mean()))
        norm.append(np.sqrt(((away + full) ** 2).sum(1)).mean())
    spread[-1] = 0.0  # all rows, whatever rounding says
    one = float(np.sqrt((apart * apart).sum(1).mean()))
    return Noise(np.array(sizes), np.array(spread), np.array(norm), float(np.sqrt(full @ full)), one)
