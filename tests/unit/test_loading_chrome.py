"""The Chrome export: what the trace viewers need, in the form that they document."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from dpwidgets.prep.loading.chrome import chrome_events, write_chrome
from dpwidgets.prep.loading.spans import CONSUMER, KINDS, Span
from dpwidgets.prep.loading.trace import trace

pytestmark = pytest.mark.timeout(60)
SPANS = [
    Span("fetch", 1, 100.0, 100.5, 3, item=7, cpu=0.25, queued=0.125),
    Span("transform", 1, 100.25, 100.5, 3, "RandomRotation"),
    Span("hand-over", 1, 100.5, 100.75, 3, "pack"),
    Span("wait", CONSUMER, 100.0, 101.0, 3),
]


def test_times_are_microseconds_since_the_first_span_and_details_are_kept() -> None:
    fetch, step, pack, wait = [event for event in chrome_events(SPANS) if event["ph"] == "X"]
    assert (fetch["ts"], fetch["dur"]) == (0, 500_000)
    assert (step["ts"], step["dur"]) == (250_000, 250_000)
    assert fetch["args"] == {"batch": 3, "item": 7, "cpu ms": 250, "no core ms": 125}
    assert "item" not in wait["args"]
    assert [event["name"] for event in (fetch, step, pack, wait)] == [
        "fetch", "transform RandomRotation", "hand-over pack", "wait",
    ]  # fmt: skip


def test_the_consumer_and_each_worker_have_a_named_row() -> None:
    events = chrome_events(SPANS)
    named = {
        (event["name"], event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event["ph"] == "M"
    }
    assert named == {
        ("process_name", 0, 0): "consumer", ("thread_name", 0, 0): "consumer",
        ("process_name", 2, 0): "worker 1", ("thread_name", 2, 0): "worker 1",
        ("process_name", 2, 1): "worker 1", ("thread_name", 2, 1): "hand-over",
    }  # fmt: skip
    assert {(event["pid"], event["tid"]) for event in events if event["ph"] == "X"} == {
        (0, 0),
        (2, 0),
        (2, 1),
    }


@pytest.mark.parametrize("workers", [0, 2])
def test_the_events_of_a_row_nest(workers: int, tmp_path: Path) -> None:
    """The viewers draw a stack for each row: events that overlap without nesting are drawn wrongly."""
    data = TensorDataset(torch.zeros(64, 100))
    traced = trace(DataLoader(data, 4, num_workers=workers))
    list(traced)
    path = traced.to_chrome(tmp_path / "trace.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    events = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert len(events) == len(traced.spans)
    assert {event["cat"] for event in events} <= set(KINDS)
    assert len({event["pid"] for event in events}) == 1 + workers
    for row in {(event["pid"], event["tid"]) for event in events}:
        stack: list[float] = []  # ends of the open events
        mine = [event for event in events if (event["pid"], event["tid"]) == row]
        for event in sorted(mine, key=lambda event: (event["ts"], -event["dur"])):
            while stack and stack[-1] <= event["ts"] + 0.01:  # times are rounded to nanoseconds
                stack.pop()
            end = event["ts"] + event["dur"]
            assert not stack or end <= stack[-1] + 0.01, (row, event)
            stack.append(end)


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trace.json"
    path.write_text("old")

    def full(document: object, file: object, **_: object) -> None:
        file.write('{"traceEv')  # type: ignore[attr-defined]
        raise OSError("No space left on device")

    monkeypatch.setattr("json.dump", full)
    with pytest.raises(OSError, match="No space"):
        write_chrome(SPANS, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_spans_make_an_empty_trace(tmp_path: Path) -> None:
    path = write_chrome([], tmp_path / "empty.json")
    assert json.loads(path.read_text())["traceEvents"] == []
