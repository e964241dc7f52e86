"""Times in alternating rounds, and what is made of them: median ratio, spread, the share that others used."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import psutil

from benchmarks.race.contract import RaceError
from benchmarks.race.messages import Epoch

BUSY = 0.1  # share of the machine that others may use while we measure
TRIES = 3


@dataclass(frozen=True)
class Spread:
    """The median of some values, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of one value or more."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        digits = 2 if self.high < 10 else 1 if self.high < 100 else 0
        middle, low, high = (f"{value:.{digits}f}" for value in (self.median, self.low, self.high))
        return f"{middle} ({low} to {high})"


@dataclass
class Times:
    """What was measured of one contender.

    Attributes:
        epochs: each of its turns.
        ratios: for each, how many times as fast it was as the baseline just before and just after it.
        failure: why it was taken out of the rounds; "" if it was not.
    """

    epochs: list[Epoch] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def seconds(self) -> float:
        """The median of an epoch's seconds."""
        return median(epoch.seconds for epoch in self.epochs)

    @property
    def cpu(self) -> float:
        """The median of an epoch's seconds of processor time."""
        return median(epoch.cpu for epoch in self.epochs)


def alternate(
    baseline: str, others: Sequence[str], rounds: int, measure: Callable[[str], Epoch]
) -> dict[str, Times]:
    """Measure in turns: baseline, first, baseline, second, baseline, …; every other round in reverse order.

    A slow change of the machine's speed so meets a contender and its baseline alike.

    Args:
        baseline: the name of what the others are compared with.
        others: their names.
        rounds: how often each is measured.
        measure: runs one turn of a name.

    Raises:
        RaceError: the baseline failed. (A contender that raises it is left out of what follows.)
    """
    times = {name: Times() for name in (baseline, *others)}
    before = measure(baseline)
    times[baseline].epochs.append(before)
    for number in range(rounds):
        for name in others if number % 2 == 0 else reversed(others):
            if times[name].failure:
                continue
            try:
                epoch = measure(name)
            except RaceError as error:
                times[name].failure = str(error)
                continue
            after = measure(baseline)
            times[baseline].epochs.append(after)
            times[name].epochs.append(epoch)
            times[name].ratios.append((before.seconds + after.seconds) / 2 / epoch.seconds)
            before = after
    return times


def undisturbed(epoch: Callable[[], Epoch]) -> tuple[Epoch, float]:
    """Run `epoch`, again if others were busy meanwhile, at most `TRIES` times.

    Returns:
        The last one, and the share of all cores that others used meanwhile, 0 to 1.
    """
    for _ in range(TRIES):
        before, start = _busy(), time.perf_counter()
        result = epoch()
        foreign = _busy() - before - result.cpu * result.epochs
        share = max(0.0, foreign / (time.perf_counter() - start) / (psutil.cpu_count() or 1))
        if share <= BUSY:
            break
    return result, share


def _busy() -> float:
    """Seconds that the cores worked, for anyone, since the machine started."""
    times = psutil.cpu_times()
    return times.user + times.system + times.nice + getattr(times, "irq", 0) + getattr(times, "softirq", 0)
