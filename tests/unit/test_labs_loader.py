"""The loader lab's kernel side: a runner that streams made-up spans, a view that is a list of messages."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

import dpwidgets
from dpwidgets.labs.loader import LoaderLab
from dpwidgets.prep.loading import experiment as engine
from dpwidgets.prep.loading.runner import Progress, RunResult
from dpwidgets.prep.loading.settings import LoaderSettings, SettingsError
from dpwidgets.prep.loading.span_history import COLUMNS
from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.tune import Trial as TuneTrial
from dpwidgets.prep.loading.tune import TuneError, TuneResult

SOON = 20.0
DATA = TensorDataset(torch.arange(100))


class FakeRunner:
    """Delivers a batch of made-up spans every few milliseconds until it is stopped or its time is over."""

    made: list["FakeRunner"] = []  # noqa: RUF012
    fails: str = ""

    def __init__(self, dataset: Any, *, collate_fn: Any = None) -> None:
        self.stopped = threading.Event()
        self.closed = False
        self.runs: list[dict[str, Any]] = []
        FakeRunner.made.append(self)

    def run(self, settings: LoaderSettings, *, on_progress: Any, limits: Any, **given: Any) -> RunResult:
        self.runs.append({"settings": settings, "limits": limits, **given})
        if self.fails == "raise":
            raise OSError("no more processes")
        if self.fails:
            return RunResult(settings, "failed", self.fails)
        self.stopped.clear()
        number = 0
        while not self.stopped.wait(0.01) and number * 0.05 < limits.seconds:
            start = 100 + number * 0.05
            wait = Span("wait", CONSUMER, start, start + 0.04, number)
            step = Span("step", CONSUMER, start + 0.04, start + 0.05, number)
            fetch = Span("fetch", 0, start, start + 0.04, number, "", number)
            number += 1
            on_progress(Progress([wait, step, fetch], number, 8 * number, number * 0.05, {0: 10**6}))
        ended = "stopped" if self.stopped.is_set() else "time limit"
        return RunResult(settings, ended, "", 8 * number, number, 160.0, 0.05, [], 0.8, {0: 10**6}, 2 * 10**6)

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.closed = True


class View:
    """Sends what a browser would send, and keeps what comes back."""

    def __init__(self, lab: LoaderLab) -> None:
        self.lab, self.request = lab, 0
        self.messages: list[dict[str, Any]] = []
        self.buffers: list[bytes] = []
        self.came = threading.Condition()
        lab.send = self._take  # type: ignore[method-assign]

    def _take(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self.came:
            self.messages.append(content)
            self.buffers.extend(buffers or [])
            self.came.notify_all()

    def ask(self, kind: str, **params: Any) -> None:
        self.request += 1
        content = {"kind": kind, "client": "page", "request": self.request}
        self.lab._handle_custom_msg(content | {"params": {**self.lab.params, **params}}, [])

    def wait_for(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The first message of this kind with these values; it is taken out, with all before it."""

        def fits(message: dict[str, Any]) -> bool:
            return message["kind"] == kind and all(message[name] == value for name, value in wanted.items())

        with self.came:
            there = self.came.wait_for(lambda: any(map(fits, self.messages)), SOON)
            assert there, (
                f"no {kind} {wanted} among {[(m['kind'], m.get('activity')) for m in self.messages]}"
            )
            at = next(at for at, message in enumerate(self.messages) if fits(message))
            found = self.messages[at]
            del self.messages[: at + 1]
        return found


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoaderLab]:
    monkeypatch.setattr(engine, "LoaderRunner", FakeRunner)
    monkeypatch.setattr(FakeRunner, "fails", "")
    monkeypatch.setattr(engine, "PROGRESS_SECONDS", 0.0)
    FakeRunner.made.clear()
    lab = LoaderLab(DATA, num_workers=1, batch_size=8, seconds=1.0)
    yield lab
    lab.close()


@pytest.fixture
def view(lab: LoaderLab) -> View:
    return View(lab)


# --- for the reader


def test_it_is_a_public_name() -> None:
    assert dpwidgets.LoaderLab is LoaderLab


def test_no_process_is_started_before_the_first_run(lab: LoaderLab) -> None:
    lab.set(num_workers=2)
    assert FakeRunner.made == []


def test_settings_are_checked_changed_and_reset(lab: LoaderLab) -> None:
    lab.params["num_workers"] = 7
    assert lab.params["num_workers"] == 1, "a copy"
    lab.set(num_workers=2, step_seconds=0.01)
    assert lab.params["num_workers"] == 2
    assert "num_workers=2" in lab.to_code()
    assert lab.to_code() == lab.code
    with pytest.raises(SettingsError, match="num_workers=-1"):
        lab.set(num_workers=-1)
    assert lab.params["num_workers"] == 2
    lab.reset()
    assert lab.params["num_workers"] == 1
    assert lab.params["step_seconds"] == 0.0


def test_a_wrong_start_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="did you mean 'num_workers'"):
        LoaderLab(DATA, num_wokers=2)


def test_its_text_is_the_same_before_and_after_a_run(lab: LoaderLab) -> None:
    assert repr(lab) == "LoaderLab(TensorDataset, 100 items: 1 worker, batch 8)"
    lab.run()
    assert repr(lab) == "LoaderLab(TensorDataset, 100 items: 1 worker, batch 8)"


def test_nothing_that_was_measured_is_saved_with_the_notebook(lab: LoaderLab) -> None:
    before = lab.get_state()
    lab.run()
    assert lab.get_state() == before


def test_run_waits_and_gives_the_result(lab: LoaderLab) -> None:
    result = lab.run(num_workers=2, step_seconds=0.01, memory_limit=10**9)
    assert result is not None
    assert result is lab.result
    assert result.settings.num_workers == 2
    (given,) = FakeRunner.made[0].runs
    assert (given["step_seconds"], given["epochs"]) == (0.01, None)
    assert (given["limits"].seconds, given["limits"].memory_bytes) == (1.0, 10**9)
    assert [trial.number for trial in lab.trials] == [1]


def test_all_runs_share_a_runner_and_it_ends_with_the_lab(lab: LoaderLab) -> None:
    for _ in range(3):
        lab.run(seconds=0.5)
    (runner,) = FakeRunner.made
    assert len(runner.runs) == 3
    assert not runner.closed
    lab.close()
    assert runner.closed


def test_the_last_trials_are_kept_and_only_the_last_spans(lab: LoaderLab) -> None:
    for _ in range(10):
        lab.run(seconds=0.5)
    assert [trial.number for trial in lab.trials] == list(range(3, 11))
    ends = lab._experiment.history.rows()[:, COLUMNS.index("end")]
    assert ends.max() < 1.0, "of one run"


def test_a_child_that_is_not_used_ends(lab: LoaderLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpwidgets.labs.loader.IDLE_SECONDS", 0.05)
    lab.run(seconds=0.5)
    (runner,) = FakeRunner.made
    deadline = time.monotonic() + SOON
    while not runner.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert runner.closed
    lab.run(seconds=0.5)
    assert len(FakeRunner.made) == 2, "the next run starts another"


def test_interrupting_the_cell_ends_the_run(lab: LoaderLab, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = lab._job.begin

    def begin_and_press_stop(*given: Any) -> None:
        """The cell waits, and JupyterLab's stop button is pressed."""
        begin(*given)
        over = lab._job._over
        wait = over.wait

        def interrupted() -> None:
            monkeypatch.setattr(over, "wait", wait)
            raise KeyboardInterrupt

        monkeypatch.setattr(over, "wait", interrupted)

    monkeypatch.setattr(lab._job, "begin", begin_and_press_stop)
    with pytest.raises(KeyboardInterrupt):
        lab.run(seconds=600.0)
    assert [trial.ended for trial in lab.trials] == ["stopped"]


# --- with a view


def test_a_view_is_told_everything_when_it_opens(lab: LoaderLab, view: View) -> None:
    lab.run(seconds=0.5)
    view.messages.clear()
    view.buffers.clear()
    lab._handle_custom_msg({"kind": "hello"}, [])
    state = view.wait_for("state")
    assert state["activity"] == "idle"
    assert [trial["label"] for trial in state["trials"]] == ["1 worker, batch 8"]
    assert state["proposal"]["settings"]["num_workers"] >= 1
    rows = np.frombuffer(view.buffers[0]).reshape(-1, len(COLUMNS))
    assert len(rows) == len(lab._experiment.history.rows())


def test_a_run_streams_spans_and_figures(lab: LoaderLab, view: View) -> None:
    view.ask("run", num_workers=2)
    assert view.wait_for("state", activity="running")["run"]["num_workers"] == 2
    progress = view.wait_for("progress")
    while progress["live"]["batches"] < 3:
        progress = view.wait_for("progress")
    assert progress["live"]["items_per_second"] == pytest.approx(160)
    assert progress["live"]["memory"] == {"0": 10**6}
    assert progress["live"]["wait_share"] == pytest.approx(0.8)
    assert progress["seconds"]["-1"]["wait"] == pytest.approx(0.12)
    assert np.frombuffer(view.buffers[-1]).reshape(-1, len(COLUMNS)).shape[0] >= 4
    ended = view.wait_for("state", activity="idle")
    assert ended["trials"][-1]["ended"] == "time limit"
    assert ended["live"]["peak_memory_bytes"] == 2 * 10**6


def test_stop_ends_the_run_and_the_next_one_works(lab: LoaderLab, view: View) -> None:
    for cycle in range(5):
        view.ask("run", seconds=600.0)
        view.wait_for("progress")
        lab._handle_custom_msg({"kind": "stop"}, [])
        view.wait_for("state", activity="stopping")
        assert len(view.wait_for("state", activity="idle")["trials"]) == cycle + 1
    assert {trial.ended for trial in lab.trials} == {"stopped"}


def test_stop_just_after_run_is_not_lost(lab: LoaderLab, view: View) -> None:
    for _ in range(20):
        view.ask("run", seconds=600.0)
        lab._handle_custom_msg({"kind": "stop"}, [])
        view.wait_for("state", activity="idle")


def test_stop_without_a_run_does_nothing(lab: LoaderLab) -> None:
    lab.stop()
    result = lab.run(seconds=0.5)
    assert result is not None
    assert result.ended == "time limit"


def test_settings_from_the_view_are_taken_and_answered(lab: LoaderLab, view: View) -> None:
    view.ask("params", num_workers=2)
    assert view.wait_for("seen", request=1)["client"] == "page"
    assert lab.params["num_workers"] == 2
    view.ask("params", batch_size=0)
    assert "batch_size=0 is not allowed" in view.wait_for("problem")["text"]
    view.wait_for("seen", request=2)
    assert lab.params["batch_size"] == 8


def test_a_second_run_at_the_same_time_is_refused(lab: LoaderLab, view: View) -> None:
    view.ask("run", seconds=600.0)
    view.wait_for("progress")
    view.ask("run")
    assert "A run is in progress" in view.wait_for("problem")["text"]
    with pytest.raises(RuntimeError, match="A run is in progress"):
        lab.run()
    lab.stop()
    assert len(lab.trials) == 1


def test_foreign_messages_are_left_alone(lab: LoaderLab, view: View) -> None:
    lab._handle_custom_msg({"id": "1", "kind": "anywidget-command"}, [])
    assert view.messages == []


# --- what can go wrong


def test_a_failed_run_is_told_and_the_lab_goes_on(
    lab: LoaderLab, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeRunner, "fails", "Item 21 failed in worker 0: no such file")
    view.ask("run")
    view.wait_for("state", activity="running")
    state = view.wait_for("state", activity="idle")
    assert state["problem"] == "Item 21 failed in worker 0: no such file"
    assert state["trials"][-1]["ended"] == "failed"
    monkeypatch.setattr(FakeRunner, "fails", "")
    view.ask("run")
    view.wait_for("state", activity="running")
    assert view.wait_for("state", activity="idle")["problem"] == ""


def test_an_exception_is_told_with_the_settings(
    lab: LoaderLab, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeRunner, "fails", "raise")
    view.ask("run")
    view.wait_for("state", activity="running")
    problem = view.wait_for("state", activity="idle")["problem"]
    assert "OSError: no more processes" in problem
    assert "batch_size=8" in problem
    monkeypatch.setattr(FakeRunner, "fails", "")
    assert lab.run(seconds=0.5) is not None


# --- the search


def found(trials: list[TuneTrial]) -> TuneResult:
    best = trials[-1].settings
    return TuneResult(best, 100, {best: 1.0}, tuple(trials), "It was fastest.", (), "sure", 1.0)


def test_a_search_tells_each_trial_and_proposes_the_best(
    lab: LoaderLab, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake_tune(dataset: Any, *, on_trial: Any, batch_sizes: Any, base: Any, runner: Any, **_: Any) -> Any:
        assert batch_sizes == [8, 4, 16, 32]
        assert isinstance(runner, FakeRunner)
        trials = [TuneTrial(1, "look", LoaderSettings(batch_size=4), "finished")]
        for workers in (1, 2):
            settings = LoaderSettings(num_workers=workers)
            trials.append(TuneTrial(2, "explore", settings, "finished", items_per_second=50.0 * workers))
        for trial in trials:
            on_trial(trial)
        return found(trials)

    monkeypatch.setattr(engine, "tune", fake_tune)
    view.ask("tune")
    view.wait_for("state", activity="tuning")
    state = view.wait_for("state", activity="idle")
    assert [(one["num_workers"], one["items_per_second"]) for one in state["searched"]] == [(1, 50), (2, 100)]
    assert state["proposal"]["settings"]["num_workers"] == 2
    assert state["proposal"]["reason"] == "It was fastest."
    lab.run(seconds=0.5)
    proposal = lab._experiment.proposal()
    assert proposal is not None
    assert proposal.reason != "It was fastest.", "a run of the reader's own comes next"


def test_a_search_asks_for_no_batch_larger_than_the_dataset(
    lab: LoaderLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def fake_tune(dataset: Any, *, batch_sizes: list[int], **_: Any) -> Any:
        asked.extend(batch_sizes)
        return found([TuneTrial(1, "look", LoaderSettings(), "finished")])

    monkeypatch.setattr(engine, "tune", fake_tune)
    lab.set(batch_size=32)
    lab.tune()
    assert asked == [32, 16, 64, len(DATA)]


def test_a_search_is_stopped(lab: LoaderLab, view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake_tune(dataset: Any, *, stop: threading.Event, **_: Any) -> Any:
        assert stop.wait(SOON)
        raise TuneError("the search was stopped before anything was measured.")

    monkeypatch.setattr(engine, "tune", fake_tune)
    view.ask("tune")
    view.wait_for("state", activity="tuning")
    lab._handle_custom_msg({"kind": "stop"}, [])
    view.wait_for("state", activity="idle")
    assert lab.run(seconds=0.5) is not None


# --- what stands in the notebook


def test_the_bundle_has_live_view_picture_and_text(lab: LoaderLab) -> None:
    lab.run()
    data, metadata = lab._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == lab.model_id
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size[0] == 920
    assert "160 items/s, waits 80%" in metadata["image/png"]["alt"]
    assert data["text/plain"] == "LoaderLab(TensorDataset, 100 items: 1 worker, batch 8)"


def test_the_still_follows_the_last_run(lab: LoaderLab, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Any, bool]] = []

    def publish(data: Any, metadata: Any = None, *, update: bool = False, **_: Any) -> None:
        shown.append(((metadata or {}).get("image/png", {}).get("alt", ""), update))

    monkeypatch.setattr("dpwidgets.labs.still.publish_display_data", publish)
    lab.run(seconds=0.5)
    assert shown == [], "nothing is displayed yet"
    lab._ipython_display_()
    assert [update for _, update in shown] == [False] * 3
    lab.run(seconds=0.5)
    deadline = time.monotonic() + SOON
    while len(shown) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    told, update = shown[-1]
    assert update
    assert told.count("items/s") == 2
