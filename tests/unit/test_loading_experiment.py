"""What stands under the loader lab: kept spans, trials, what to try next, the still picture."""

import sys
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import ImageColor
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchvision.datasets import ImageFolder

from dpwidgets import palette, samples
from dpwidgets.prep.loading import sample_photos
from dpwidgets.prep.loading.experiment import Experiment
from dpwidgets.prep.loading.proposal import propose
from dpwidgets.prep.loading.run_picture import in_words as picture_in_words
from dpwidgets.prep.loading.run_picture import run_picture
from dpwidgets.prep.loading.settings import LoaderSettings, SettingsError
from dpwidgets.prep.loading.span_history import COLUMNS, SpanHistory
from dpwidgets.prep.loading.span_looks import LOOKS
from dpwidgets.prep.loading.spans import CONSUMER, KINDS, Kind, Span
from dpwidgets.prep.loading.trial import Trial, in_words

DATA = TensorDataset(torch.arange(100))


def batch(worker: int, number: int, start: float, items: int = 4) -> list[Span]:
    """A batch as a trace tells it: each item fetched in 10 ms, half of it a transform; then collate."""
    spans = []
    for item in range(items):
        begin = start + item * 0.01
        spans.append(Span("transform", worker, begin + 0.005, begin + 0.01, number, "Blur", item))
        spans.append(Span("fetch", worker, begin, begin + 0.01, number, "", item, 0.004))
    end = start + items * 0.01
    return [*spans, Span("collate", worker, end, end + 0.002, number)]


def column(rows: np.ndarray, name: str) -> np.ndarray:
    return rows[:, COLUMNS.index(name)]


def kinds(rows: np.ndarray) -> list[Kind]:
    return [KINDS[int(kind)] for kind in column(rows, "kind")]


# --- spans that are kept


def test_a_batch_is_kept_as_items_and_as_one_fetch_of_all() -> None:
    history = SpanHistory()
    rows = history.add(batch(worker=1, number=7, start=50.0))
    whole = rows[(column(rows, "fine") == 0) & (column(rows, "kind") == KINDS.index("fetch"))]
    assert len(whole) == 1
    assert column(whole, "end")[0] - column(whole, "start")[0] == pytest.approx(0.04)
    assert history.names[int(column(whole, "name")[0])] == "4 items"
    assert column(whole, "cpu")[0] == pytest.approx(0.016)
    fine = rows[column(rows, "fine") == 1]
    assert sorted(kinds(fine)) == ["fetch"] * 4 + ["transform"] * 4
    assert set(column(rows, "batch")) == {7}
    assert column(rows, "start").min() == 0.0, "times are since the run's first span"


def test_batches_of_two_workers_stay_apart() -> None:
    rows = SpanHistory().add(batch(0, 0, 50.0) + batch(1, 1, 50.0))
    whole = rows[(column(rows, "fine") == 0) & (column(rows, "kind") == KINDS.index("fetch"))]
    assert sorted(column(whole, "worker")) == [0, 1]


def test_only_so_many_spans_are_kept_and_they_are_the_newest() -> None:
    history = SpanHistory(kept=50)
    for number in range(200):
        rows = history.add(batch(0, number, 50 + number))
    assert len(history.rows()) == 100
    assert column(history.rows(), "end").max() == pytest.approx(column(rows, "end").max())
    assert history.seconds[0]["collate"] == pytest.approx(200 * 0.002), "sums are over the whole run"


def test_the_share_of_waiting() -> None:
    history = SpanHistory()
    assert history.wait_share == 0
    history.add([Span("wait", CONSUMER, 0, 3), Span("step", CONSUMER, 3, 4)])
    assert history.wait_share == 0.75


def test_no_spans_are_no_rows() -> None:
    assert SpanHistory().add([]).shape == (0, len(COLUMNS))


def test_one_thread_may_read_what_another_adds() -> None:
    history = SpanHistory(kept=100)
    failed: list[RuntimeError] = []

    def read() -> None:
        try:
            while not done.is_set():
                history.rows()
                dict(history.seconds)
        except RuntimeError as error:
            failed.append(error)

    done = threading.Event()
    reader = threading.Thread(target=read)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the threads take turns as often as they can
    try:
        reader.start()
        for number in range(400):
            history.add(batch(number % 50, number, float(number)))
    finally:
        done.set()
        reader.join()
        sys.setswitchinterval(interval)
    assert failed == []


# --- trials in words


def test_only_what_differs_from_the_defaults_is_told() -> None:
    assert in_words(LoaderSettings()) == "0 workers, batch 32"
    assert in_words(LoaderSettings(num_workers=1), 0.02) == "1 worker, batch 32, step 20 ms"
    told = in_words(LoaderSettings(num_workers=2, prefetch_factor=4, persistent_workers=True, in_order=False))
    assert told == "2 workers, batch 32, prefetch 4, persistent, any order"


# --- what to try next


def trial(
    bottleneck: str = "decode",
    speed: float = 100,
    waits: float = 0.9,
    ended: str = "time limit",
    **settings: Any,
) -> Trial:
    return Trial(
        1, LoaderSettings(**settings), 0.0, ended, "", speed, waits, 0.1, 10**8, bottleneck, "because"
    )


def test_nothing_is_proposed_before_the_first_run_and_after_a_stopped_one() -> None:
    assert propose([], 4) is None
    assert propose([trial(ended="stopped")], 4) is None


@pytest.mark.parametrize(
    ("last", "changes"),
    [
        (trial("decode"), {"num_workers": 1}),
        (trial("transform Blur", num_workers=2), {"num_workers": 4}),
        (trial("storage", num_workers=4), {"num_workers": 8}),
        (trial("storage"), {"num_workers": 2}),
        (trial("too many workers", num_workers=8), {"num_workers": 4}),
        (trial("start-up", num_workers=2), {"persistent_workers": True}),
        (trial("start-up", num_workers=2, persistent_workers=True), {"num_workers": 0}),
        (trial("hand-over", num_workers=2), {"num_workers": 0}),
        (trial("step", waits=0.01, num_workers=4), {"num_workers": 2}),
        (trial("decode", num_workers=4), {"prefetch_factor": 4}),
        (trial("decode", num_workers=4, prefetch_factor=8), {"in_order": False}),
        (trial(ended="memory limit", num_workers=4), {"num_workers": 2}),
        (trial(ended="memory limit", batch_size=64), {"batch_size": 32}),
    ],
)
def test_the_proposal_answers_the_bottleneck(last: Trial, changes: dict[str, Any]) -> None:
    proposal = propose([last], cores=4)
    assert proposal is not None
    assert proposal.changes == changes
    assert proposal.settings == replace(last.settings, **changes)
    assert proposal.reason


def test_a_setting_is_not_proposed_twice() -> None:
    proposal = propose([trial(num_workers=1, speed=50), trial(num_workers=0, speed=100)], cores=1)
    assert proposal is not None
    assert proposal.settings is None
    assert "Best so far: 0 workers" in proposal.reason


def test_the_proposal_starts_from_the_best_trial() -> None:
    proposal = propose([trial(num_workers=2, speed=100), trial(num_workers=4, speed=60)], cores=4)
    assert proposal is not None
    assert proposal.settings is not None
    assert proposal.settings.num_workers == 2


def test_trials_with_another_step_do_not_count() -> None:
    other = replace(trial(num_workers=1), step_seconds=0.1)
    proposal = propose([other, trial()], cores=4)
    assert proposal is not None
    assert proposal.changes == {"num_workers": 1}


def test_when_the_step_sets_the_pace_nothing_more_is_gained() -> None:
    proposal = propose([trial("step", waits=0.02, num_workers=1)], cores=4)
    assert proposal is not None
    assert proposal.settings is None
    assert "would gain nothing" in proposal.reason


def test_a_failed_run_is_to_be_mended_first() -> None:
    proposal = propose([trial(), trial(ended="failed", speed=0)], cores=4)
    assert proposal is not None
    assert proposal.settings is None
    assert "mend" in proposal.reason


# --- the still picture


def test_a_picture_without_runs_says_so() -> None:
    picture = run_picture("Loader lab", [], SpanHistory().rows())
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (920, 3)
    assert "No run yet" in picture_in_words("Loader lab", [])


def test_the_picture_has_a_bar_for_each_trial_and_every_kind_of_span() -> None:
    history = SpanHistory()
    waits = [Span("wait", CONSUMER, 0, 0.04, 0), Span("step", CONSUMER, 0.04, 0.06, 0)]
    history.add(batch(0, 0, 0.0) + waits)
    picture = run_picture("Loader lab", [trial(speed=50), trial(num_workers=2)], history.rows())
    colours = {tuple(colour) for colour in picture.reshape(-1, 3)}
    for kind in ("fetch", "transform", "collate", "wait", "step"):
        assert ImageColor.getrgb(LOOKS[kind].colour) in colours, kind
    assert ImageColor.getrgb(palette.PURPLE) not in colours, "no worker started in this run"
    one_more = run_picture("Loader lab", [trial()] * 3, history.rows())
    assert one_more.shape[0] > picture.shape[0]


def test_the_waiting_is_as_long_in_the_picture_as_in_the_run() -> None:
    history = SpanHistory()
    history.add([Span("wait", CONSUMER, 0, 3, 0), Span("step", CONSUMER, 3, 4, 0)])
    picture = run_picture("Loader lab", [], history.rows())
    colours = [ImageColor.getrgb(LOOKS["wait"].colour), ImageColor.getrgb(LOOKS["wait"].ink)]
    is_wait = sum((picture == colour).all(2) for colour in colours)
    assert is_wait.sum(1).max() == pytest.approx(2 / 3 * (920 - 16 - 110), abs=3), "2 of the last 3 seconds"


def test_the_looks_tell_all_kinds_apart_without_colour() -> None:
    assert set(LOOKS) == set(KINDS)
    assert len({look.pattern for look in LOOKS.values()}) == len(KINDS)
    for look in LOOKS.values():
        assert [len(line) for line in look.pattern] == [8] * 8


def test_the_picture_in_words_names_settings_figures_and_bottleneck() -> None:
    told = picture_in_words("Loader lab: photos", [trial(speed=1234.5, waits=0.25)])
    assert told == (
        "Loader lab: photos. Settings tried: 0 workers, batch 32: 1,234 items/s, waits 25%. "
        "Bottleneck of the last run: decode."
    )


# --- parameters and code


@pytest.fixture
def experiment() -> Experiment:
    return Experiment(DATA)


def test_parameters_are_completed(experiment: Experiment) -> None:
    params = experiment.check({"num_workers": 2, "step_seconds": 0})
    assert params["step_seconds"] == 0.0
    assert params["memory_limit"] is None
    assert experiment.settings(params) == LoaderSettings(num_workers=2)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"num_wrokers": 2}, "did you mean 'num_workers'"),
        ({"step_seconds": 99}, "step_seconds=99 is not allowed; give a number from 0 to 10"),
        ({"step_seconds": float("nan")}, "step_seconds=nan"),
        ({"seconds": 0.1}, "seconds=0.1 is not allowed"),
        ({"seconds": True}, "seconds=True"),
        ({"memory_limit": 0.5}, "memory_limit=0.5 is not allowed; give a number of bytes"),
    ],
)
def test_a_wrong_parameter_is_named(experiment: Experiment, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        experiment.check(wrong)


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(TypeError, match="is no dataset"):
        Experiment(3)


def test_the_code_makes_the_loader_that_is_measured(experiment: Experiment) -> None:
    code = experiment.to_code(experiment.check({"batch_size": 7, "drop_last": True, "num_workers": 2}))
    namespace: dict[str, Any] = {"dataset": DATA}
    exec(code, namespace)
    loader = namespace["loader"]
    assert isinstance(loader, DataLoader)
    assert (loader.batch_size, loader.drop_last, loader.num_workers) == (7, True, 2)
    assert "dpwidgets" not in code


def test_an_iterable_dataset_has_no_length_and_no_shuffle() -> None:
    class Endless(IterableDataset):
        def __iter__(self) -> Any:
            yield from range(10**9)

    experiment = Experiment(Endless())
    assert experiment.about == "Endless, iterable"
    assert "shuffle" not in experiment.to_code(experiment.check({"shuffle": True}))


def test_the_code_of_the_sample_photos_gives_the_same_dataset() -> None:
    code = sample_photos.code(LoaderSettings(batch_size=2).to_code())
    namespace: dict[str, Any] = {}
    exec(code.replace('"photos"', repr(str(samples.photos()))), namespace)
    dataset = sample_photos.sample_photos()
    assert isinstance(dataset, ImageFolder)
    assert repr(namespace["dataset"]) == repr(dataset)
    torch.manual_seed(0)
    images, labels = next(iter(namespace["loader"]))
    torch.manual_seed(0)
    ours, _ = next(iter(DataLoader(dataset, batch_size=2)))
    assert torch.equal(images, ours)
    assert labels.tolist() == [0, 0]


@dataclass
class Stub:
    """A runner's result with only what a trial reads."""

    settings: LoaderSettings
    ended: str = "time limit"
    message: str = ""
    items_per_second: float = 10.0
    wait_share: float = 0.5
    start_seconds: float = 0.1
    peak_memory_bytes: int = 7
    summary: Any = None


def test_a_run_without_a_trace_has_no_bottleneck() -> None:
    trial = Trial.of(3, 0.0, Stub(LoaderSettings()))  # type: ignore[arg-type]
    assert (trial.number, trial.bottleneck, trial.measured) == (3, "", True)
    assert trial.to_dict()["settings"]["batch_size"] == 32
