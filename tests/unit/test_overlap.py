"""The overlap lab: the model keeps the loader's rules, and its limits are those of arithmetic."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from dpwidgets.labs.overlap import OverlapLab
from dpwidgets.prep.overlap.engine import OverlapEngine
from dpwidgets.prep.overlap.model import Pipeline, load_time, seconds, simulate, utilisation
from dpwidgets.prep.overlap.overlap_picture import verdict

pipelines = st.builds(
    Pipeline,
    load=st.floats(1, 200),
    copy=st.floats(0, 50),
    step=st.floats(1, 200),
    workers=st.integers(0, 8),
    prefetch_factor=st.integers(1, 8),
    cores=st.integers(1, 16),
    bound=st.floats(0, 1),
    ahead=st.booleans(),
    slow_every=st.integers(0, 10),
)


@settings(max_examples=200, deadline=None)
@given(pipelines)
def test_nobody_does_two_things_at_once_and_nothing_comes_before_its_cause(pipeline: Pipeline) -> None:
    spans = simulate(pipeline)
    for lane in {span.lane for span in spans}:
        mine = sorted(span for span in spans if span.lane == lane and span.kind != "wait")
        mine.sort(key=lambda span: span.start)
        assert all(one.end <= other.start + 1e-6 for one, other in pairwise(mine))
    of = {kind: [span for span in spans if span.kind == kind] for kind in ("load", "copy", "step")}
    assert all(len(of[kind]) == pipeline.batches for kind in of)
    for load, copy, step in zip(of["load"], of["copy"], of["step"], strict=True):
        assert load.end <= copy.start + 1e-6
        assert copy.end <= step.start + 1e-6


@settings(max_examples=100, deadline=None)
@given(pipelines)
def test_no_run_beats_its_slowest_part(pipeline: Pipeline) -> None:
    whole = 1000 * seconds(simulate(pipeline))
    loads = sum(load_time(pipeline, batch) for batch in range(pipeline.batches))
    assert whole >= pipeline.batches * pipeline.step - 1e-6
    assert whole >= loads / max(1, pipeline.workers) - 1e-6
    assert 0 < utilisation(simulate(pipeline)) <= 1 + 1e-9


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("workers", "factor"), [(1, 2), (2, 2), (2, 4)])
def test_the_model_reads_as_far_ahead_as_the_loader(workers: int, factor: int) -> None:
    loader = DataLoader(range(40), batch_size=1, num_workers=workers, prefetch_factor=factor, timeout=60)
    batches = iter(loader)
    next(batches)
    asked = batches._send_idx  # type: ignore[union-attr]
    slow_step = Pipeline(load=1, copy=0, step=200, workers=workers, prefetch_factor=factor, cores=16)
    second_step = [span for span in simulate(slow_step) if span.kind == "step"][1].start
    begun = [span for span in simulate(slow_step) if span.kind == "load" and span.start < second_step]
    assert len(begun) == asked == workers * factor + 1
    while next(batches, None) is not None:
        pass


def test_without_workers_everything_takes_turns() -> None:
    plain = Pipeline(load=60, copy=8, step=40, workers=0)
    assert seconds(simulate(plain)) == pytest.approx(24 * 0.108)


def test_copies_ahead_hide_behind_the_step() -> None:
    enough = Pipeline(load=10, copy=8, step=40, workers=4, prefetch_factor=2)
    assert utilisation(simulate(enough)) == pytest.approx(40 / 48, abs=0.01)
    assert utilisation(simulate(replace(enough, ahead=True))) == pytest.approx(1)


def test_workers_beyond_the_cores_bring_nothing_where_loading_needs_them() -> None:
    def rate(workers: int, bound: float) -> float:
        spans = simulate(Pipeline(load=100, step=1, copy=0, workers=workers, cores=2, bound=bound))
        return 24 / seconds(spans)

    assert rate(8, 1.0) == pytest.approx(rate(2, 1.0), rel=0.1)
    assert rate(8, 0.0) > 3 * rate(2, 0.0)


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        (Pipeline(workers=0), "take turns"),
        (Pipeline(workers=1), "one more worker helps"),
        (Pipeline(workers=8, cores=1), "the cores are full"),
        (Pipeline(workers=1, slow_every=3), "slow batches add to it"),
        (Pipeline(workers=4), "the copies in the loop are what is left"),
        (Pipeline(workers=4, ahead=True), "more workers bring nothing"),
        (Pipeline(workers=8, ahead=True, step=15, copy=50), "the copies take longer than the steps"),
        (Pipeline(workers=2, slow_every=5, prefetch_factor=1, load=40, step=25, copy=4), "Slow batches"),
    ],
)
def test_the_verdict_names_what_limits_the_run(pipeline: Pipeline, said: str) -> None:
    assert said in verdict(pipeline, utilisation(simulate(pipeline)))


@settings(max_examples=200, deadline=None)
@given(pipelines.filter(lambda pipeline: pipeline.workers > 0))
def test_the_verdict_promises_what_one_more_worker_does(pipeline: Pipeline) -> None:
    said = verdict(pipeline, utilisation(simulate(pipeline)))
    more = replace(pipeline, workers=pipeline.workers + 1, batches=96)
    faster = seconds(simulate(replace(pipeline, batches=96))) / seconds(simulate(more))
    if "one more worker helps" in said:
        assert faster > 1
    if "keeps up" in said:
        assert faster < 1.25


@pytest.mark.parametrize(
    "params",
    [{}, {"workers": 3}, {"workers": 2, "ahead": True, "slow_every": 4, "bound": 0.5}, {"ahead": True}],
)
def test_the_code_gives_the_same_utilisation(params: dict[str, Any]) -> None:
    engine = OverlapEngine()
    code = engine.to_code(params)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["utilisation"]() == pytest.approx(engine.render(params).notes["utilisation"])
    assert "dpwidgets" not in code


def test_the_lab_shows_sets_and_resets() -> None:
    lab = OverlapLab(load=100)
    assert repr(lab) == "OverlapLab(load 100 ms, copy 8 ms, step 40 ms, 0 workers)"
    assert set(lab.result["kind"]) == {"load", "copy", "step"}
    before = lab.frame
    lab.set(workers=4)
    assert lab.frame != before
    assert set(lab.result["lane"]) == {"loop", *(f"worker {number}" for number in range(4))}
    with pytest.raises(ValueError, match=r"step=0 .* 1 to 200"):
        lab.set(step=0)
    lab.reset()
    assert lab.frame == before
    assert np.array_equal(OverlapEngine().render({}).picture, OverlapEngine().render({}).picture)
