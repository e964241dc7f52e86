"""A run as a script in plain PyTorch."""

from dpwidgets.prep.batching.model import HIDDEN
from dpwidgets.prep.batching.problems import Problem
from dpwidgets.prep.batching.training import Setting

_OPTIMIZERS = {
    "SGD": "torch.optim.SGD(model.parameters(), lr={lr!r})",
    "SGD with momentum": "torch.optim.SGD(model.parameters(), lr={lr!r}, momentum=0.9)",
    "Adam": "torch.optim.Adam(model.parameters(), lr={lr!r})",
}


def script(problem: Problem, model: str, setting: Setting, updates: int) -> str:
    """The code; `train(*prepare(X, y))` gives the model and the loss of each update."""
    train, test = problem.sizes
    inputs, outputs = problem.x.shape[1], problem.classes or 1
    layers = (
        f"nn.Sequential(nn.Linear({inputs}, {outputs}))"
        if model == "linear"
        else f"nn.Sequential(nn.Linear({inputs}, {HIDDEN}), nn.Tanh(), nn.Linear({HIDDEN}, {outputs}))"
    )
    cross = "F.cross_entropy(model(X[rows]), y[rows], reduction='sum')"
    squared = "F.mse_loss(model(X[rows]).squeeze(1), y[rows], reduction='sum')"
    code = _SCRIPT.format(
        train=train,
        test=test,
        target=_CLASSES if problem.classes else _QUANTITY,
        seed=setting.seed,
        layers=layers,
        optimizer=_OPTIMIZERS[setting.optimizer].format(lr=setting.lr),
        updates=updates,
        batch_size=setting.batch_size,
        drop=_DROP.format(size=setting.batch_size) if setting.drop_last else "",
        accumulation=setting.accumulation,
        loss=cross if problem.classes else squared,
    )
    if problem.source:
        return code + f"\n\n{problem.source}\n{_RUN}"
    return code + f"\n\n# X and y are yours: numbers (rows, {inputs}) and a target for each row.{_OWN_RUN}"


_CLASSES = "    y = torch.as_tensor(np.unique(y, return_inverse=True)[1])"
_QUANTITY = (
    "    y = torch.as_tensor(np.array(y, dtype=float))\n"
    "    y = (y - y[train].mean()) / y[train].std(correction=0)"
)
_DROP = "        batches = [batch for batch in batches if len(batch) == {size}]  # drop_last\n"
_RUN = "model, losses = train(*prepare(X, y)[:2])\n"
_OWN_RUN = "\n# model, losses = train(*prepare(X, y)[:2])\n"

_SCRIPT = '''\
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def prepare(X, y):
    """Training and test rows, standardised by the training rows: X_train, y_train, X_test, y_test."""
    X = torch.as_tensor(np.array(X, dtype=float)).reshape(len(X), -1)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    train, test = order[:{train}], order[{train}:{train} + {test}]
{target}
    std = X[train].std(0, correction=0)
    X = (X - X[train].mean(0)) / torch.where(std > 0, std, 1)
    return X[train], y[train], X[test], y[test]


def train(X, y, updates={updates}):
    """The trained model, and the loss of each update."""
    torch.manual_seed({seed})
    model = {layers}.double()
    optimizer = {optimizer}
    shuffle = torch.Generator().manual_seed({seed})
    losses = []
    while len(losses) < updates:
        batches = torch.randperm(len(X), generator=shuffle).split({batch_size})
{drop}        for first in range(0, len(batches), {accumulation}):
            group = batches[first : first + {accumulation}]  # batches whose gradients are added up
            count = sum(len(rows) for rows in group)
            optimizer.zero_grad()
            total = 0.0
            for rows in group:
                loss = {loss} / count
                loss.backward()
                total += loss.item()
            optimizer.step()
            losses.append(total)
            if len(losses) == updates:
                break
    return model, losses
'''
