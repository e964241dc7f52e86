"""What the layer over nbval says and judges by itself; what turns a run red is tried in `mutants`."""

from types import SimpleNamespace

import pytest

from nbval_layer import chapter_limit


@pytest.mark.parametrize(("shared", "limit"), [({}, 60), ({"workercount": 1}, 60), ({"workercount": 3}, 120)])
def test_beside_other_workers_processor_time_may_double(shared: dict[str, int], limit: float) -> None:
    config = SimpleNamespace(option=SimpleNamespace(chapter_seconds=60.0), workerinput=shared)
    assert chapter_limit(config) == limit


def test_a_run_without_workers_has_the_limit_itself() -> None:
    assert chapter_limit(SimpleNamespace(option=SimpleNamespace(chapter_seconds=60.0))) == 60
