"""Spans as a Trace Event file, which chrome://tracing and ui.perfetto.dev open.

The consumer and each worker are a process with a row of its own. Hand-overs have a second row there: they
run in another thread and overlap with fetches, and rows only hold events that nest.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from dpwidgets.prep.loading.spans import CONSUMER, Span

_MAIN, _HAND_OVER = 0, 1  # rows (threads) of a process


def chrome_events(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Complete events ("X", microseconds since the first span) and the names of their rows ("M")."""
    origin = min((span.start for span in spans), default=0.0)
    rows = {(span.worker, _row(span)) for span in spans}
    names = [_named(worker, row) for worker, row in sorted(rows)]
    return [event for pair in names for event in pair] + [_event(span, origin) for span in spans]


def write_chrome(spans: Sequence[Span], path: Path | str) -> Path:
    """Write the spans to `path`, whole or not at all; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path).expanduser()
    document = {"traceEvents": chrome_events(spans), "displayTimeUnit": "ms"}
    with NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as part:
        try:
            json.dump(document, part, separators=(",", ":"))
            part.close()
            os.replace(part.name, path)
        except BaseException:
            part.close()
            os.unlink(part.name)
            raise
    return path


def _event(span: Span, origin: float) -> dict[str, Any]:
    details = {
        "batch": span.batch if span.batch >= 0 else None,
        "item": span.item if span.item >= 0 else None,
        "cpu ms": round(span.cpu * 1e3, 3),
        "no core ms": round(span.queued * 1e3, 3),
    }
    return {
        "name": f"{span.kind} {span.name}".rstrip(),
        "cat": span.kind,
        "ph": "X",
        "ts": round((span.start - origin) * 1e6, 3),
        "dur": round(span.seconds * 1e6, 3),
        "pid": _process(span.worker),
        "tid": _row(span),
        "args": {name: value for name, value in details.items() if value is not None},
    }


def _named(worker: int, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
    process = "consumer" if worker == CONSUMER else f"worker {worker}"
    thread = process if row == _MAIN else "hand-over"
    place = {"ph": "M", "pid": _process(worker), "tid": row}
    return (
        {"name": "process_name", **place, "args": {"name": process}},
        {"name": "thread_name", **place, "args": {"name": thread}},
    )


def _process(worker: int) -> int:
    return worker - CONSUMER  # the consumer is 0, worker 0 is 1


def _row(span: Span) -> int:
    return _HAND_OVER if span.kind == "hand-over" else _MAIN
