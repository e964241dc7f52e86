"""Runs agree with torch.optim and autograd on our four problems and on odd ones; noise follows 1/√B."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dpwidgets.prep.batching import BatchEngine
from dpwidgets.prep.batching.model import MODELS, Network, start
from dpwidgets.prep.batching.noise import measure
from dpwidgets.prep.batching.problems import OURS, Parts, ours, read_problem, split
from dpwidgets.prep.batching.training import OPTIMIZERS, Setting, train


def network(problem: Any, model: str, seed: int = 0) -> Network:
    return Network(start(model, problem.x.shape[1], problem.classes or 1, seed), problem.classes)


def setting(**more: Any) -> Setting:
    usual = {
        "batch_size": 32, "accumulation": 1, "lr": 0.05, "optimizer": "SGD", "epochs": 2, "drop_last": False,
        "seed": 3,
    }  # fmt: skip
    return Setting(**usual | more)


def as_module(weights: list[np.ndarray]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
        layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
        layers += [nn.Tanh(), layer] if layers else [layer]
    return nn.Sequential(*layers)


def by_torch(parts: Parts, model: nn.Sequential, chosen: Setting, classes: int) -> list[float]:
    """The loop of the chapters: one backward() and one step() for each batch, no accumulation."""
    optimizers = {
        "SGD": torch.optim.SGD(model.parameters(), chosen.lr),
        "SGD with momentum": torch.optim.SGD(model.parameters(), chosen.lr, momentum=0.9),
        "Adam": torch.optim.Adam(model.parameters(), chosen.lr),
    }
    optimizer = optimizers[chosen.optimizer]
    x, y = torch.from_numpy(parts.x_train), torch.from_numpy(parts.y_train)
    shuffle = torch.Generator().manual_seed(chosen.seed)
    losses = []
    for _ in range(chosen.epochs):
        for rows in torch.randperm(len(x), generator=shuffle).split(chosen.batch_size):
            optimizer.zero_grad()
            outputs = model(x[rows])
            loss = F.cross_entropy(outputs, y[rows]) if classes else F.mse_loss(outputs[:, 0], y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", OURS)
def test_a_run_is_what_torch_makes_of_it(data: str, model: str, optimizer: str) -> None:
    problem = ours(data)
    parts, chosen = split(problem), setting(optimizer=optimizer, lr=0.02)
    expected = by_torch(
        parts, as_module(start(model, problem.x.shape[1], problem.classes or 1, 3)), chosen, problem.classes
    )
    trained = train(parts, network(problem, model, 3), chosen)
    np.testing.assert_allclose(trained.losses, expected, rtol=1e-7)
    assert trained.train[-1] < trained.train[0]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", ["wine", "diabetes"])
def test_accumulated_batches_equal_one_large_batch(data: str, model: str) -> None:
    problem = ours(data)
    parts = split(problem)
    small = train(parts, network(problem, model), setting(batch_size=8, accumulation=4, optimizer="Adam"))
    large = train(parts, network(problem, model), setting(batch_size=32, optimizer="Adam"))
    np.testing.assert_allclose(small.losses, large.losses, rtol=1e-9)
    np.testing.assert_allclose(small.weights, large.weights, rtol=1e-6, atol=1e-12)
    assert small.effective == large.effective == 32
    assert small.updates_per_epoch == large.updates_per_epoch


def test_drop_last_drops_what_does_not_fill_a_batch() -> None:
    problem = ours("wine")  # 134 training rows
    parts = split(problem)
    kept = train(parts, network(problem, "linear"), setting(epochs=1))
    dropped = train(parts, network(problem, "linear"), setting(epochs=1, drop_last=True))
    assert (kept.updates_per_epoch, kept.dropped, kept.seen[-1]) == (5, 0, 134)
    assert (dropped.updates_per_epoch, dropped.dropped, dropped.seen[-1]) == (4, 6, 128)
    np.testing.assert_array_equal(kept.losses[:4], dropped.losses)


def test_a_batch_larger_than_the_data_that_is_dropped_leaves_nothing() -> None:
    problem = ours("wine")
    trained = train(split(problem), network(problem, "linear"), setting(batch_size=256, drop_last=True))
    assert len(trained.losses) == 0
    assert trained.dropped == 134
    assert len(trained.train) == 1


def test_a_shorter_run_is_the_beginning_of_the_longer_one() -> None:
    problem = ours("wine")
    parts = split(problem)
    whole = train(parts, network(problem, "linear"), setting(batch_size=4))
    part = train(parts, network(problem, "linear"), setting(batch_size=4), most=20)
    assert part.ended == "too long"
    assert len(part.losses) == 20
    np.testing.assert_array_equal(part.losses, whole.losses[:20])
    np.testing.assert_array_equal(part.train[:5], whole.train[:5])


def test_a_run_that_diverges_ends_and_says_so() -> None:
    problem = ours("diabetes")
    trained = train(split(problem), network(problem, "linear"), setting(lr=5.0, epochs=20))
    assert trained.ended == "diverged"
    assert len(trained.losses) < 220


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", ["digits", "wine", "diabetes"])
def test_the_gradient_of_each_row_is_autograds(data: str, model: str) -> None:
    problem = ours(data)
    parts, made = split(problem), network(problem, model)
    rows = made.row_gradients(parts.x_train[:5], parts.y_train[:5])
    module = as_module(start(model, problem.x.shape[1], problem.classes or 1, 0))
    for row in range(5):
        module.zero_grad()
        outputs = module(torch.from_numpy(parts.x_train[row : row + 1]))
        target = torch.from_numpy(parts.y_train[row : row + 1])
        loss = F.cross_entropy(outputs, target) if problem.classes else F.mse_loss(outputs[:, 0], target)
        loss.backward()
        grads = [part.grad for part in module.parameters()]
        expected = torch.cat([grad.ravel() for grad in grads if grad is not None]).numpy()
        np.testing.assert_allclose(rows[row], expected, atol=1e-12)


@pytest.mark.parametrize("data", ["digits", "breast cancer", "diabetes"])
def test_noise_falls_with_the_root_of_b_and_the_length_ends_at_the_full_gradient(data: str) -> None:
    problem = ours(data)
    noise = measure(split(problem), network(problem, MODELS[0]), 0)
    few = noise.sizes <= len(split(problem).x_train) / 16  # close to all rows it falls faster
    constant = noise.spread[few] * np.sqrt(noise.sizes[few])
    np.testing.assert_allclose(constant, noise.one, rtol=0.2)
    left = np.sqrt(1 - noise.sizes[:-2] / noise.sizes[-1])  # rows are not put back
    np.testing.assert_allclose(noise.spread[:-2], noise.one / np.sqrt(noise.sizes[:-2]) * left, rtol=0.2)
    assert noise.spread[-1] == 0
    assert noise.norm[-1] == pytest.approx(noise.full)
    assert noise.full > 0.1


def test_the_rows_that_train_are_standardised_and_not_tested() -> None:
    parts = split(ours("diabetes"))
    np.testing.assert_allclose(parts.x_train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(parts.x_train.std(0), 1)
    assert parts.y_train.std() == pytest.approx(1)
    both = np.concatenate([parts.x_train, parts.x_test])
    assert len(both) == 442
    assert len(np.unique(both, axis=0)) == 442


def test_large_data_are_cut_and_it_is_told() -> None:
    chance = np.random.default_rng(0)
    problem = read_problem((chance.normal(size=(5000, 3)), chance.normal(size=5000)))
    assert problem.sizes == (800, 400)
    assert problem.notes == ("1,200 of 5,000 rows, drawn at random",)


def test_training_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    BatchEngine().run({"data": "wine"})
    assert torch.equal(torch.rand(1), expected)
