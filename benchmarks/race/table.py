"""The table of a race, as Markdown, and what must be said beside it."""

import platform
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from benchmarks.race.contenders import COPYING, DECODING, GUIDE, Contender
from benchmarks.race.cores import CORES
from benchmarks.race.limit import RING, decoder
from benchmarks.race.race import Plan, Result
from benchmarks.race.rounds import BUSY, Spread, Times

HEAD = ("loader", "warm: times the guide", "images/s", "CPU ms an image", "of decoding", "of copying",
        "cold: times the guide", "first call: s", "differs by")  # fmt: skip


def report(plan: Plan, result: Result, missing: list[Contender]) -> str:
    """All of it: what was done, the table, the notes."""
    return "\n\n".join([_preface(plan, result), table(result), "\n".join(notes(plan, result, missing))])


def table(result: Result) -> str:
    """One row for each contender, the fastest (warm) first, the guide and the limits at the end."""
    by_ratio = sorted(
        (name for name in result.differences if _warm(result, name).ratios),
        key=lambda name: -median(result.warm[name].ratios),
    )
    limits = [one.name for one in (DECODING, COPYING) if _warm(result, one.name).ratios]
    rows = [HEAD, ("---",) * len(HEAD), *(_row(result, name) for name in (*by_ratio, GUIDE.name, *limits))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(result: Result, name: str) -> tuple[str, ...]:
    warm, cold = result.warm[name], result.cold.get(name, Times())
    difference, first = result.differences.get(name), result.first.get(name)
    cold_guide = f"1: {cold.seconds:.1f} s" if name == GUIDE.name and cold.epochs else ""
    return (
        name,
        str(Spread.of(warm.ratios)) if warm.ratios else "1",
        f"{result.images / warm.seconds:,.0f}",
        f"{1000 * warm.cpu / result.images:.2f}",
        _share(result, name, DECODING),
        _share(result, name, COPYING),
        str(Spread.of(cold.ratios)) if cold.ratios else cold_guide,
        f"{first:.1f}" if first is not None else "",
        f"{difference.pixel:.2f}, {difference.shift:.2f}" if difference else "",
    )


def _warm(result: Result, name: str) -> Times:
    return result.warm.get(name, Times())


def _share(result: Result, name: str, limit: Contender) -> str:
    """Per cent of a limit. Both are ratios to the guide from the same rounds."""
    limits = _warm(result, limit.name).ratios
    if not limits:
        return ""
    mine = median(result.warm[name].ratios) if result.warm[name].ratios else 1.0
    return f"{mine / median(limits):.1%}" if mine < median(limits) / 10 else f"{mine / median(limits):.0%}"


def _preface(plan: Plan, result: Result) -> str:
    cold = f", cold {plan.cold_rounds}" if plan.cold_rounds else ", cold ones left out"
    return (
        f"{result.images} JPEGs, batches of {plan.batch_size}, {CORES} cores, {platform.system()}, Python "
        f"{platform.python_version()}, torch {version('torch')}. Alternating rounds: warm {plan.rounds}"
        f"{cold}. Medians, in brackets the lowest and the highest."
    )


def notes(plan: Plan, result: Result, missing: list[Contender]) -> list[str]:
    """What a reader of the table must know, one line each."""
    name, _ = decoder()
    contenders = (*plan.outside, *plan.peers)
    lines = [
        f"- {DECODING.name}: libjpeg-turbo of {name} {_version(name)} alone, files in memory, {CORES} "
        f"threads. {COPYING.name}: uint8 images in memory written as float32 to a ring of {RING} buffers.",
        "- differs by: the worst image's mean difference a pixel and mean shift in a channel, in levels of 8 "
        "bits"
        + "".join(f"; {one.name} may: {one.tolerance.pixel}, {one.tolerance.shift}" for one in contenders)
        + ".",
    ]
    if plan.cold_rounds and result.dropped < 0.99:
        lines.append(f"- **Not quite cold**: only {result.dropped:.0%} of the files left the page cache.")
    busy = max(result.others, default=0.0)
    if busy > BUSY:
        lines.append(
            f"- **The machine was busy**: others used {median(result.others):.0%} of it (median of the warm "
            f"turns), up to {busy:.0%}."
        )
    lines += [f"- not installed: {one.name}; to get it: `{one.install}`" for one in missing]
    lines += [f"- left out: {' '.join(why.split())}" for why in result.failures.values()]
    return lines


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
