"""A linear model, or one with a hidden layer, whose gradients are written out in NumPy.

At this size autograd spends nearly all of its time on bookkeeping: by hand a step takes a tenth of it. A test
holds the gradients to autograd's.
"""

import itertools

import numpy as np
import torch
from torch import nn

MODELS = ("one hidden layer", "linear")
HIDDEN = 16  # units


def start(model: str, inputs: int, outputs: int, seed: int) -> list[np.ndarray]:
    """The weights that `nn.Linear` layers have after `torch.manual_seed(seed)`, float64: weight (out, in) and
    bias (out,) of each layer. The global random state is as before afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        sizes = [inputs, outputs] if model == "linear" else [inputs, HIDDEN, outputs]
        layers = [nn.Linear(*pair).double() for pair in itertools.pairwise(sizes)]
    return [part.detach().numpy().copy() for layer in layers for part in (layer.weight, layer.bias)]


class Network:
    """A model's weights in one vector, its loss, and the gradient of the loss.

    Args:
        weights: from `start`.
        classes: 0 for a quantity.
    """

    def __init__(self, weights: list[np.ndarray], classes: int) -> None:
        self.classes = classes
        self.vector = np.concatenate([part.ravel() for part in weights])
        self.gradient = np.zeros_like(self.vector)
        self._parts = _views(self.vector, weights)
        self._slopes = _views(self.gradient, weights)

    def outputs(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Outputs (rows, classes or 1), and the hidden layer's values (rows, HIDDEN) where there is one."""
        if len(self._parts) == 2:
            return x @ self._parts[0].T + self._parts[1], None
        hidden = np.tanh(x @ self._parts[0].T + self._parts[1])
        return hidden @ self._parts[2].T + self._parts[3], hidden

    def loss(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean over the rows of cross-entropy, or of the squared error."""
        return self._losses(self.outputs(x)[0], y)[0] / len(x)

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of the rows whose class has the largest output."""
        return float((self.outputs(x)[0].argmax(1) == y).mean())

    def add_gradient(self, x: np.ndarray, y: np.ndarray) -> float:
        """Adds the gradient of the sum of the rows' losses to `gradient`, as backward() does; the sum."""
        outputs, hidden = self.outputs(x)
        total, error = self._losses(outputs, y)
        last = x if hidden is None else hidden
        self._slopes[-2] += error.T @ last
        self._slopes[-1] += error.sum(0)
        if hidden is not None:
            back = (error @ self._parts[2]) * (1 - hidden * hidden)
            self._slopes[0] += back.T @ x
            self._slopes[1] += back.sum(0)
        return total

    def row_gradients(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The gradient of each row's own loss: (rows, weights)."""
        outputs, hidden = self.outputs(x)
        error = self._losses(outputs, y)[1]
        last = x if hidden is None else hidden
        parts = [(error[:, :, None] * last[:, None, :]).reshape(len(x), -1), error]
        if hidden is not None:
            back = (error @ self._parts[2]) * (1 - hidden * hidden)
            parts = [(back[:, :, None] * x[:, None, :]).reshape(len(x), -1), back, *parts]
        return np.concatenate(parts, axis=1)

    def _losses(self, outputs: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """The sum of the rows' losses, and its derivative by the outputs."""
        if not self.classes:
            error = outputs[:, 0] - y
            return float(error @ error), 2 * error[:, None]
        rows = np.arange(len(y))
        shifted = outputs - outputs.max(1, keepdims=True)
        powers = np.exp(shifted)
        totals = powers.sum(1, keepdims=True)
        total = float(np.log(totals).sum() - shifted[rows, y].sum())
        powers /= totals
        powers[rows, y] -= 1
        return total, powers


def _views(vector: np.ndarray, like: list[np.ndarray]) -> list[np.ndarray]:
    """Parts of the vector in the shapes of `like`: what is written to them is written to the vector."""
    ends = np.cumsum([part.size for part in like])
    return [vector[end - part.size : end].reshape(part.shape) for part, end in zip(like, ends, strict=True)]
