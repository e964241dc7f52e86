"""What came out, in words: why this setting, and what else the reader should know."""

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune.bench import Bench
from dpwidgets.prep.loading.tune.explain import UNEVEN, duration, first_line, named
from dpwidgets.prep.loading.tune.space import Space

LITTLE = 0.01  # seconds: a smaller gain is not given a figure


def reason(bench: Bench, best: LoaderSettings) -> str:
    """Why `best`, in a sentence or two."""
    epoch, alone = bench.epoch(best), bench.alone()
    text = f"Best: {named(best)}. An epoch of {bench.work.length:,} items takes {duration(epoch)}"
    if best.num_workers:
        if alone is None:
            return f"{text}."
        return f"{text}, {1 - epoch / alone:.0%} less than without workers ({duration(alone)})."
    others = [s for s in bench.ranking() if s.num_workers]
    if not others:
        return f"{text}. {_no_workers_tried(bench, best)}"
    return f"{text}; the best with workers ({named(others[0])}) takes {duration(bench.epoch(others[0]))}."


def notes(bench: Bench, space: Space, best: LoaderSettings, ended: str, pin: bool) -> tuple[str, ...]:
    """What the reader should know beside the trials, a sentence or two each."""
    texts = [
        _persistence(bench, best),
        _prefetch(bench, best),
        _pinning(best, pin),
        _batch_size(space),
        _iterable(bench, best),
        _failures(bench),
        _end(bench, ended),
    ]
    return tuple(text for text in texts if text)


def _no_workers_tried(bench: Bench, best: LoaderSettings) -> str:
    load = bench.model.load_seconds(best.batch_size)
    step = bench.work.steps[best.batch_size]
    if step and load < step:
        share = load / (load + step)
        return f"Loading is {share:.1%} of it: workers could not save more."
    return "No setting with workers was measured."


def _persistence(bench: Bench, best: LoaderSettings) -> str:
    if not best.num_workers:
        return ""
    if not best.persistent_workers:
        return "persistent_workers stays False: with one epoch there is nothing to keep the workers for."
    runs = bench.found[best]
    saved = max(run.first - run.later for run in runs)
    saves = f"about {duration(saved)}" if saved > LITTLE else f"less than {duration(LITTLE)}"
    return (
        f"persistent_workers=True: the workers start once, not in each of the {bench.work.epochs} epochs, "
        f"which saves {saves} of each; their memory stays taken between epochs."
    )


def _prefetch(bench: Bench, best: LoaderSettings) -> str:
    if not best.num_workers:
        return ""
    tried = [t for t in bench.trials if t.purpose == "prefetch"]
    factor = f"prefetch_factor={best.prefetch_factor}"
    if best.prefetch_factor > 2:
        return f"{factor}: items are uneven, and reading further ahead evens them out."
    if tried:
        return f"{factor}: reading further ahead was tried and brought less than 3%."
    if bench.spread is not None and bench.spread < UNEVEN:
        return f"{factor}: items take about equally long, so reading further ahead would only take memory."
    return ""


def _pinning(best: LoaderSettings, pin: bool) -> str:
    if not pin:
        return "pin_memory does nothing without an accelerator, so it stays False."
    if best.pin_memory:
        return (
            "pin_memory=True costs the loading little, and lets .to(device, non_blocking=True) copy beside "
            "the step."
        )
    return "pin_memory stays False: copying into pinned memory slows this loader down."


def _batch_size(space: Space) -> str:
    if len(space.batch_sizes) > 1:
        return "The batch size changes the training too, not only the loading: see to the learning rate."
    size = space.batch_sizes[0]
    return (
        f"batch_size={size} is kept, since another one changes the training; pass several to have them tried."
    )


def _iterable(bench: Bench, best: LoaderSettings) -> str:
    if not (bench.work.iterable and best.num_workers):
        return ""
    return (
        "With workers an IterableDataset must share its items out (torch.utils.data.get_worker_info()), "
        "else every worker delivers all of them; a run that ends before its epoch does cannot tell."
    )


def _failures(bench: Bench) -> str:
    if not bench.failed:
        return ""
    first = next(iter(bench.failed.values()))
    return (
        f"{len(bench.failed)} of the settings tried failed, the first one ({named(first.settings)}) with: "
        f"{first_line(first.message)}"
    )


def _end(bench: Bench, ended: str) -> str:
    if ended == "stopped":
        return "The search was stopped; this is the best of what was measured until then."
    if ended == "time":
        return f"The {bench.seconds:.0f} s were used up before the search was sure; give more seconds."
    return ""
