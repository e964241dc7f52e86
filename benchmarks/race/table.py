"""The table of a race, as Markdown, and what must be said beside it."""

import platform
from collections.abc import Sequence
from dataclasses import astuple
from importlib.metadata import version
from statistics import median

from benchmarks.race.contenders import COPYING, DECODING, TRAINING, Contender
from benchmarks.race.cores import CORES
from benchmarks.race.limit import RING
from benchmarks.race.race import Plan, Result
from benchmarks.race.record import Row, rows_of
from benchmarks.race.rounds import BUSY
from benchmarks.race.training import FEATURES

HEAD = ("loader", "warm: times the guide", "images/s", "CPU ms an image", "of decoding", "of copying",
        "cold: times the guide", "first call: s", "differs by")  # fmt: skip


def report(plan: Plan, result: Result, missing: list[Contender]) -> str:
    """All of it: what was done, the table, the notes."""
    return "\n\n".join(
        [_preface(plan, result), table(rows_of(result)), "\n".join(notes(plan, result, missing))]
    )


def table(rows: Sequence[Row]) -> str:
    """A line for each row, in their order."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_line, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: Row) -> tuple[str, ...]:
    cold_guide = f"1: {row.cold_seconds:.1f} s" if row.kind == "guide" and row.cold_seconds else ""
    return (
        row.name,
        str(row.warm) if row.warm else "1",
        f"{row.images_per_second:,.0f}",
        f"{row.cpu_ms:.2f}",
        _share(row.of_decoding),
        _share(row.of_copying),
        str(row.cold) if row.cold else cold_guide,
        f"{row.first_call_s:.1f}" if row.first_call_s is not None else "",
        ", ".join(f"{value:.2f}" for value in row.differs.values()) if row.differs else "",
    )


def _share(of_limit: float | None) -> str:
    if of_limit is None:
        return ""
    return f"{of_limit:.1%}" if of_limit < 0.1 else f"{of_limit:.0%}"


def _preface(plan: Plan, result: Result) -> str:
    cold = f", cold {plan.cold_rounds}" if plan.cold_rounds else ", cold ones left out"
    return (
        f"The {plan.form.name} form. {result.images} JPEGs, batches of {plan.batch_size}, {CORES} cores, "
        f"{platform.system()}, Python "
        f"{platform.python_version()}, torch {version('torch')}. Alternating rounds: warm {plan.rounds}"
        f"{cold}. Medians, in brackets the lowest and the highest."
    )


def notes(plan: Plan, result: Result, missing: list[Contender]) -> list[str]:
    """What a reader of the table must know, one line each."""
    lines = [
        f"- {DECODING.name}: libjpeg-turbo of simplejpeg {version('simplejpeg')} alone, files in memory, "
        f"{CORES} threads. {COPYING.name}: uint8 images in memory written as float32 to a ring of {RING} "
        "buffers.",
        f"- differs by: {_differs(plan)}.",
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


def _differs(plan: Plan) -> str:
    """What the two numbers of the last column are, and what each contender may have."""
    what = "the worst image's mean difference a pixel and mean shift in a channel, in levels of 8 bits"
    if plan.form is TRAINING:
        what = (
            f"the largest difference of a statistic ({', '.join(FEATURES)}): of its average, in standard "
            "deviations over the guide's draws, and of that deviation, as a factor"
        )
    allowed = [
        f"{one.name} may: {', '.join(map(str, astuple(one.tolerance)))}"
        for one in (*plan.outside, *plan.peers)
    ]
    return "; ".join([what, *allowed])
