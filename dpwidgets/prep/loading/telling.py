"""Says in one text what became of a run: which item, which worker, and its traceback."""

import re
import signal
from collections.abc import Iterable, Mapping
from itertools import takewhile

from dpwidgets.prep.loading.board import COLLATE, IDLE, Stand
from dpwidgets.prep.loading.protocol import Failed
from dpwidgets.prep.loading.spans import CONSUMER

_OURS = re.compile(r"loading[/\\](watch|trace\w*)\.py")  # the calls that lead from the loader to the dataset
_HEAD = "Traceback (most recent call last):"
_SIGNAL_CODES = 128


def who(worker: int) -> str:
    """ "worker 2", or in words the process that iterates."""
    return "the process that iterates" if worker == CONSUMER else f"worker {worker}"


def where(stand: Stand) -> str:
    """What a process was at, such as "item 7 in worker 2"."""
    if stand.phase == IDLE:
        return f"{who(stand.worker)}, between two batches"
    return f"{_what(stand)} in {who(stand.worker)}"


def _what(stand: Stand) -> str:
    if stand.phase == COLLATE:
        return f"collate_fn, on the batch that begins with item {stand.first},"
    if stand.count > 1:
        return f"the {stand.count} items from item {stand.item} on (__getitems__)"
    return f"item {stand.item}"


def exception(failed: Failed, stands: Iterable[Stand]) -> str:
    """An exception in a worker or in the child."""
    for stand in stands:
        if stand.worker == failed.worker and stand.failed != IDLE:
            if stand.failed == COLLATE:
                what = f"collate_fn, on the batch that begins with item {stand.failed_item},"
            else:
                what = f"Item {stand.failed_item}"
            return f"{what} failed in {who(stand.worker)}: {failed.error}\n\n{trimmed(failed.trace)}"
    return f"The loader failed: {failed.error}\n\n{failed.trace}"


def not_loaded(failed: Failed) -> str:
    """The dataset or `collate_fn` could not be unpickled."""
    return f"The child process could not rebuild the dataset: {failed.error}\n\n{failed.trace}"


def death(
    stands: Iterable[Stand], pids: Iterable[int], how: str, stacks: Mapping[int, str], tail: str
) -> str:
    """A process that ended without an exception.

    Args:
        stands: of all processes.
        pids: of those that ended.
        how: it ended, as far as the system tells.
        stacks: by process id: what they wrote when they crashed.
        tail: what was printed last.
    """
    ended = [stand for stand in stands if stand.pid in set(pids)]
    text = f"Died at {'; '.join(where(stand) for stand in ended)}: {how}" if ended else how
    for stand in ended:
        if stacks.get(stand.pid):
            text += f"\n\n{trimmed(stacks[stand.pid])}"
    return f"{text}\n\nPrinted last:\n{tail}" if tail else text


def busy(stands: Iterable[Stand]) -> str:
    """What was not waited for when a run was ended."""
    at = "; ".join(where(stand) for stand in stands)
    return f"Killed while at {at}." if at else "Killed; no worker was at an item."


def trimmed(trace: str) -> str:
    """A traceback or stack without the calls that lead from the loader to the reader's code."""
    if "most recent call first" in trace:
        return "\n".join(takewhile(lambda line: not _OURS.search(line), trace.splitlines()))
    return "".join(_inner_part(part) for part in re.split(f"(?m)^(?={re.escape(_HEAD)})", trace))


def _inner_part(part: str) -> str:
    """Of one exception of a chain."""
    lines = part.splitlines(keepends=True)
    entries = [i for i, line in enumerate(lines) if line.startswith("  File ")]
    ours = max((i for i in entries if _OURS.search(lines[i])), default=None)
    inner = next((i for i in entries if ours is not None and i > ours), None)
    return part if inner is None else "".join([lines[0], *lines[inner:]])


def hang(stand: Stand | None, seconds: float, stack: str) -> str:
    """A process that does not come on."""
    if stand is None:
        return f"Nothing has happened for {seconds:.0f} s: no worker began an item and no batch came."
    text = f"Hangs at {where(stand)}: no end after {seconds:.0f} s."
    return f"{text}\n\n{trimmed(stack)}" if stack else text


def memory(stands: Iterable[Stand], held: Mapping[int, int], total: int, limit: int) -> str:
    """More memory than allowed."""
    each = [
        f"{who(stand.worker)} {_size(held[stand.worker])}"
        + ("" if stand.phase == IDLE else f" at {_what(stand).rstrip(',')}")
        for stand in stands
        if stand.worker in held
    ]
    return (
        f"The loader held {_size(total)}, more than the limit of {_size(limit)}. Private bytes: "
        f"{'; '.join(each)}."
    )


def exit_text(code: int) -> str:
    """What an exit code says."""
    if code > _SIGNAL_CODES:
        number = code - _SIGNAL_CODES
        name = signal.Signals(number).name if number in set(signal.Signals) else f"number {number}"
        hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
        return f"killed by signal {name}{hint}"
    return f"it ended with exit code {code}, without an exception"


def _size(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
