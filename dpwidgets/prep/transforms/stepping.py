"""A pipeline carried out one step at a time, with the facts after each."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from dpwidgets.prep.transforms.catalogue import Step
from dpwidgets.prep.transforms.facts import Facts, facts_of
from dpwidgets.prep.transforms.inputs import as_input

MOST_VALUES = 10_000_000  # in one result: an image whose axes are turned would grow to gigabytes


class TooLarge(MemoryError):
    """A step would make more values than the lab computes; torchvision itself would go on."""


@dataclass(frozen=True)
class Passage:
    """An image going through one step.

    Attributes:
        before, after: what came in and what went out.
        earlier: the keys of the steps before this one.
    """

    step: Step
    before: Facts
    after: Facts
    earlier: tuple[str, ...]

    @property
    def normalized(self) -> bool:
        """Whether an earlier step normalised the values."""
        return "normalize" in self.earlier


@dataclass(frozen=True)
class Failure:
    """The step that failed, what came into it, and the error."""

    step: Step
    before: Facts
    error: Exception

    @property
    def message(self) -> str:
        """The library's own words, on one line."""
        words = " ".join(str(self.error).split())
        return f"{type(self.error).__name__}: {words}"


@dataclass(frozen=True)
class Run:
    """What happened to one image.

    Attributes:
        start: the image as it came.
        passages: one for each step that worked.
        failure: the step that did not, if any.
        not_reached: the steps after it.
        result: what came out at the end, None after a failure.
    """

    start: Facts
    passages: tuple[Passage, ...]
    failure: Failure | None
    not_reached: tuple[Step, ...]
    result: Any

    @property
    def end(self) -> Facts:
        """The last facts that are known."""
        return self.passages[-1].after if self.passages else self.start


def walk(photo: torch.Tensor, form: str, steps: Sequence[Step], seed: int) -> Run:
    """Takes the photo, uint8 (3, H, W), in the given form through the steps, as `v2.Compose` would after
    `torch.manual_seed(seed)`. The global random state is as before afterwards."""
    value = as_input(photo, form)
    start = before = facts_of(value)
    passages: list[Passage] = []
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(seed)
        for at, step in enumerate(steps):
            try:
                _refuse_giant(step, before)
                value = step.transform()(value)
                after = facts_of(value)
            except Exception as error:  # whatever a step says is what the reader came to see
                failure = Failure(step, before, error)
                return Run(start, tuple(passages), failure, tuple(steps[at + 1 :]), None)
            passages.append(Passage(step, before, after, tuple(one.op for one in steps[:at])))
            before = after
    return Run(start, tuple(passages), None, (), value)


def _refuse_giant(step: Step, before: Facts) -> None:
    size = step.values.get("size")
    if before.kind != "tensor" or not isinstance(size, int):
        return
    ratio = max(before.height, before.width) / min(before.height, before.width)
    height_times_width = size * size * (1 if step.entry.fixes_size else ratio)
    images = before.shape[0] if len(before.shape) == 4 else 1
    values = round(images * before.channels * height_times_width)
    if values > MOST_VALUES:
        raise TooLarge(f"{before.channels} channels would become {values:,} values; the lab stops here.")
