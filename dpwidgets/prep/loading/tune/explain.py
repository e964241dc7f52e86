"""Trials in sentences."""

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune.model import HAND_OVER, Model
from dpwidgets.prep.loading.tune.result import Trial

RARELY = 0.15  # share of its time from which on the step's waiting matters
SAME = 0.03  # a smaller difference is no difference
UNEVEN = 0.3  # spread of item times (standard deviation over mean) from which on read-ahead may help


def named(settings: LoaderSettings) -> str:
    """`2 workers, batch 64`"""
    workers = f"{settings.num_workers} worker{'s' if settings.num_workers != 1 else ''}"
    prefetch = f", prefetch {settings.prefetch_factor}" if settings.prefetch_factor != 2 else ""
    return f"{workers}, batch {settings.batch_size}{prefetch}"


def duration(seconds: float) -> str:
    """`34 ms`, `0.52 s`, `12 s`, `12 min`"""
    if seconds < 1e-3:
        return _short(seconds * 1e6, "µs")
    if seconds < 0.1:
        return _short(seconds * 1e3, "ms")
    if seconds < 10:
        return f"{seconds:.{1 if seconds >= 1 else 2}f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _short(value: float, unit: str) -> str:
    return f"{value:.{1 if value < 10 else 0}f} {unit}"


def sentence(trial: Trial, model: Model, alone: float | None, spread: float | None) -> str:
    """The trial in a sentence or two.

    Args:
        model: as it stood after the trial.
        alone: seconds of the best epoch without workers; None if there is none.
        spread: of item times, standard deviation over mean; None if not known.
    """
    name = named(trial.settings)
    if trial.ended in ("failed", "memory limit"):
        return f"{name}: {trial.ended}. {first_line(trial.message)}"
    if trial.ended == "stopped":
        return f"{name}: stopped."
    if not trial.measured:
        came = f"{trial.items} items" if trial.items else "no batch"
        return (
            f"{name}: {came} in {duration(trial.limit_seconds)}, too little to say how long an epoch takes."
        )
    if trial.purpose == "look":
        return _look(model, trial, spread)
    epoch = f"{name}: {trial.items_per_second:,.0f} items/s, an epoch in {duration(trial.epoch_seconds)}"
    if trial.purpose == "confirm":
        epoch = f"Longer run of {epoch}"
    if trial.settings.num_workers == 0:
        waits = f"the step waits {trial.wait_share:.0%} of the time"
        return f"{epoch}. Loading and step take turns: {waits}."
    return f"{epoch}{_expected(trial)}. {_against(trial, model, alone)}"


def first_line(message: str) -> str:
    """What a message says before its traceback."""
    return message.strip().split("\n", 1)[0] if message.strip() else "No message."


def _look(model: Model, trial: Trial, spread: float | None) -> str:
    text = f"A look at {trial.items:,} items in one process: {duration(model.item or 0.0)} each"
    text += f", {model.cpu_share:.0%} of it processor time"
    if spread is None:
        return f"{text}."
    return f"{text}, {'uneven' if spread >= UNEVEN else 'even'} (spread {spread:.0%} of the mean)."


def _expected(trial: Trial) -> str:
    expected = trial.predicted_seconds
    return f" (expected {duration(expected)})" if expected == expected else ""


def _against(trial: Trial, model: Model, alone: float | None) -> str:
    """A trial with workers against none: how much, and why."""
    cores = "the only core" if model.work.cores == 1 else f"the {model.work.cores} cores"
    waits = f"waits {trial.wait_share:.0%} of the time"
    busy = trial.settings.num_workers * model.cpu_share
    if trial.wait_share < RARELY:
        why = f"loading runs beside the step, which {waits}"
    elif busy < model.work.cores:
        why = f"each worker loads batches of its own; the step still {waits}"
    else:
        why = f"{cores} have no more to give, and the step {waits}"
    if alone is None:
        return f"{why[0].upper()}{why[1:]}."
    gain = 1 - trial.epoch_seconds / alone
    if gain > SAME:
        return f"{gain:.0%} less than without workers: {why}."
    verdict = f"{-gain:.0%} more than without workers" if gain < -SAME else "No gain over no workers"
    return f"{verdict}: {_why_not(trial, model, cores)}."


def _why_not(trial: Trial, model: Model, cores: str) -> str:
    """Why workers did not pay."""
    starts = 1 if trial.settings.persistent_workers else model.work.epochs
    load = model.load_seconds(trial.settings.batch_size)
    if starts * trial.start_seconds > 0.2 * model.work.epochs * trial.epoch_seconds:
        return f"starting the workers takes {duration(trial.start_seconds)}"
    if load < 5 * HAND_OVER:
        return (
            f"a batch loads in {duration(load)}, and handing it over between processes costs about as much "
            "or more"
        )
    if trial.wait_share < RARELY:
        return "the step is what takes the time"
    return f"{cores} do the same work either way"
