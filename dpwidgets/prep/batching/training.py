"""Training in batches: which rows each update sees, and what becomes of the loss."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dpwidgets.prep.batching.model import Network
from dpwidgets.prep.batching.problems import Parts

OPTIMIZERS = ("SGD", "SGD with momentum", "Adam")
BASE = 32  # the batch size for which the learning rate is meant; the reference's too
MOST_ROUNDS = 4000  # batches in one run
_POINTS = 40  # times that the whole loss is measured in a run
_LOST = 1e6  # a loss above it will not come back
_MOMENTUM, _BETA1, _BETA2, _EPS = 0.9, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Setting:
    """How a run trains.

    Attributes:
        batch_size: rows in a batch.
        accumulation: batches whose gradients are added up before an update.
        lr: learning rate, already scaled.
        epochs: times that all rows are seen.
        updates: None, or the number of updates after which the run ends; epochs then go on as long.
    """

    batch_size: int
    accumulation: int
    lr: float
    optimizer: str
    epochs: int
    drop_last: bool
    seed: int
    updates: int | None = None

    def batches(self, rows: int) -> int:
        """Batches in an epoch."""
        return rows // self.batch_size if self.drop_last else math.ceil(rows / self.batch_size)

    def updates_per_epoch(self, rows: int) -> int:
        """Updates in an epoch; a rest of batches at its end makes an update of its own."""
        return math.ceil(self.batches(rows) / self.accumulation)

    def dropped(self, rows: int) -> int:
        """Rows that an epoch leaves out."""
        return rows - min(rows, self.batches(rows) * self.batch_size)

    def planned(self, rows: int) -> int:
        """Updates in the run, if nothing ends it early."""
        per_epoch = self.updates_per_epoch(rows)
        return (self.updates if per_epoch else 0) if self.updates is not None else self.epochs * per_epoch

    def groups(self, rows: int) -> Iterator[list[np.ndarray]]:
        """The row numbers of each update, a list of batches."""
        shuffle = torch.Generator().manual_seed(self.seed)
        for _ in range(math.ceil(self.planned(rows) / max(1, self.updates_per_epoch(rows)))):
            order = torch.randperm(rows, generator=shuffle).numpy()
            kept = self.batches(rows)
            batches = [order[k * self.batch_size : (k + 1) * self.batch_size] for k in range(kept)]
            for first in range(0, kept, self.accumulation):
                yield batches[first : first + self.accumulation]


@dataclass(frozen=True, eq=False)
class Trained:
    """What became of a run.

    Attributes:
        losses: of each update, the mean over its rows before the update, float64 (updates,).
        seen: rows seen after each update, int64 (updates,).
        marks: updates after which the whole loss was measured, int64 (k,), from 0.
        train, test: the whole loss on the training and the test rows at the marks, float64 (k,).
        accuracy: on the test rows at the end; None for a quantity.
        updates_per_epoch, dropped, effective: updates and rows left out in an epoch, and rows in an update.
        ended: "" or why the run ended early: "diverged" or "too long".
        weights: all weights at the end, float64 (p,).
    """

    losses: np.ndarray
    seen: np.ndarray
    marks: np.ndarray
    train: np.ndarray
    test: np.ndarray
    accuracy: float | None
    updates_per_epoch: int
    dropped: int
    effective: int
    ended: str
    weights: np.ndarray

    @property
    def final(self) -> dict[str, Any]:
        """The measures at the end."""
        measures = {"train loss": float(self.train[-1]), "test loss": float(self.test[-1])}
        return measures | ({} if self.accuracy is None else {"test accuracy": self.accuracy})


def train(parts: Parts, network: Network, setting: Setting, most: int = MOST_ROUNDS) -> Trained:
    """Trains the network, in place.

    Args:
        most: batches after which the run ends "too long"; a smaller number gives the beginning of the same
            run.
    """
    rows = len(parts.x_train)
    planned = setting.planned(rows)
    marks = set(np.linspace(0, planned, _POINTS + 1).round().astype(int).tolist())
    optimizer = _Optimizer(setting, network)
    losses: list[float] = []
    seen: list[int] = []
    measured = [(0, *_whole(parts, network))]
    ended, batches = "", 0
    with np.errstate(all="ignore"):  # a run that diverges says so
        for group in setting.groups(rows):
            if len(losses) == planned:
                break
            if batches + len(group) > most:
                ended = "too long"
                break
            network.gradient[:] = 0
            count = sum(map(len, group))
            total = sum(network.add_gradient(parts.x_train[i], parts.y_train[i]) for i in group)
            network.gradient /= count
            losses.append(total / count)
            seen.append((seen[-1] if seen else 0) + count)
            batches += len(group)
            optimizer.step()
            if len(losses) in marks:
                measured.append((len(losses), *_whole(parts, network)))
            if not losses[-1] < _LOST:
                ended = "diverged"
                break
        if measured[-1][0] != len(losses):
            measured.append((len(losses), *_whole(parts, network)))
        accuracy = network.accuracy(parts.x_test, parts.y_test) if network.classes else None
    at, on_train, on_test = (np.array(column) for column in zip(*measured, strict=True))
    return Trained(
        losses=np.array(losses),
        seen=np.array(seen, dtype=np.int64),
        marks=at,
        train=on_train,
        test=on_test,
        accuracy=accuracy,
        updates_per_epoch=setting.updates_per_epoch(rows),
        dropped=setting.dropped(rows),
        effective=min(rows - setting.dropped(rows), setting.batch_size * setting.accumulation),
        ended=ended,
        weights=network.vector.copy(),
    )


def _whole(parts: Parts, network: Network) -> tuple[float, float]:
    return network.loss(parts.x_train, parts.y_train), network.loss(parts.x_test, parts.y_test)


class _Optimizer:
    """The update rules of torch.optim: SGD, SGD(momentum=0.9) and Adam with its defaults."""

    def __init__(self, setting: Setting, network: Network) -> None:
        self._setting, self._network = setting, network
        self._first = np.zeros_like(network.vector)
        self._second = np.zeros_like(network.vector)
        self._count = 0

    def step(self) -> None:
        vector, gradient, lr = self._network.vector, self._network.gradient, self._setting.lr
        self._count += 1
        if self._setting.optimizer == "SGD":
            vector -= lr * gradient
        elif self._setting.optimizer == "Adam":
            self._first += (1 - _BETA1) * (gradient - self._first)
            self._second *= _BETA2
            self._second += (1 - _BETA2) * gradient * gradient
            size = lr / (1 - _BETA1**self._count)
            vector -= size * self._first / (np.sqrt(self._second / (1 - _BETA2**self._count)) + _EPS)
        else:
            self._first *= _MOMENTUM
            self._first += gradient
            vector -= lr * self._first
