"""The loader lab: a DataLoader on your dataset, run in a child process and watched while it works."""

import math
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import traitlets

from dpwidgets.labs.base import source_text
from dpwidgets.labs.loader_controls import CONTROLS
from dpwidgets.labs.one_job import OneJob
from dpwidgets.labs.quiet_status import hide_busy, show_busy
from dpwidgets.labs.still import LiveWithStill, png_output
from dpwidgets.prep.loading import sample_photos
from dpwidgets.prep.loading.experiment import Experiment, Live
from dpwidgets.prep.loading.runner import RunResult
from dpwidgets.prep.loading.span_looks import LOOKS
from dpwidgets.prep.loading.trial import Trial
from dpwidgets.prep.loading.tune import Trial as TuneTrial
from dpwidgets.prep.loading.tune import TuneResult

TUNE_SECONDS = 60.0
IDLE_SECONDS = 60.0  # without a run for this long, the child process ends


class LoaderLab(LiveWithStill):
    """Run a DataLoader with settings of your choice, see where its time goes, and find better ones.

    Every run happens in a child process: a dataset that hangs, raises, exits or eats memory ends that run
    with a message, and the lab goes on.

    Args:
        dataset: map-style or iterable, also one defined in a notebook cell; None takes the sample
            photographs with a usual training transform.
        collate_fn: as for `DataLoader`.
        step_seconds: length of the simulated training step.
        seconds: time limit of a run.
        memory_limit: bytes that a run's processes may take together, or None.
        settings: start values of the loader's settings, such as `num_workers=2`, `batch_size=64`.

    Raises:
        SettingsError: for a setting that is not known or not allowed.
        TypeError: for something that is no dataset.
    """

    _esm = source_text("controls.js", "base.js", "timeline.js", "trials.js", "loader_link.js", "loader.js")
    _css = source_text("base.css", "loader.css")

    title = traitlets.Unicode("Loader lab").tag(sync=True)
    controls: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    looks: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    about = traitlets.Unicode().tag(sync=True)
    initial = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        dataset: Any = None,
        *,
        collate_fn: Callable[..., Any] | None = None,
        step_seconds: float = 0.0,
        seconds: float = 6.0,
        memory_limit: int | None = None,
        **settings: Any,
    ) -> None:
        self._on_samples = dataset is None
        experiment = Experiment(sample_photos.sample_photos() if dataset is None else dataset, collate_fn)
        own = {"step_seconds": step_seconds, "seconds": seconds, "memory_limit": memory_limit}
        initial = experiment.check({**settings, **own})
        self._experiment = experiment
        self._job = OneJob(
            explain=self._explain, halt=experiment.stop, changed=self._tell_state, ended=self._ended
        )
        self._telling = threading.Lock()  # what is told last is what was true last
        self._now = Live()
        self._run_params: dict[str, Any] | None = None  # of the last run
        self._idle: threading.Timer | None = None
        super().__init__(
            controls=[asdict(control) for control in CONTROLS],
            looks=[{"kind": kind, **asdict(look)} for kind, look in LOOKS.items()],
            about=self._experiment.about,
            initial=initial,
            settings=initial,
            code=self._code(initial),
        )
        weakref.finalize(self, self._experiment.release)
        self.on_msg(self._receive)
        hide_busy(self.model_id)

    # --- for the reader

    @property
    def params(self) -> dict[str, Any]:
        """A copy of the settings that the next run takes."""
        return deepcopy(self.settings)

    def set(self, **params: Any) -> None:
        """Changes settings of the next run.

        Raises:
            SettingsError: for an unknown setting or a value that is not allowed; nothing is changed then.
        """
        checked = self._experiment.check({**self.settings, **params})
        with self.hold_sync():
            self.settings, self.code = checked, self._code(checked)

    def reset(self) -> None:
        """Back to the settings that the lab started with; the trials stay."""
        self.set(**self.initial)

    def to_code(self) -> str:
        """The loader of these settings as plain PyTorch."""
        return self.code

    @property
    def result(self) -> RunResult | None:
        """What the last run gave; None before the first one and while one runs."""
        return self._experiment.result

    @property
    def trials(self) -> list[Trial]:
        """The last settings tried, in figures."""
        return list(self._experiment.trials)

    def run(self, **params: Any) -> RunResult | None:
        """Changes settings, runs the loader, waits for its end, and returns what came of it.

        Raises:
            SettingsError: as for `set`.
            RuntimeError: a run is in progress.
        """
        self.set(**params)
        self._begin("running", self._run)
        self._job.wait()
        return self.result

    def tune(self, seconds: float = TUNE_SECONDS) -> TuneResult | None:
        """Searches for good settings around those of the controls, waits, and returns what was found.

        None if the search was stopped or nothing could be measured; the lab says why.

        Raises:
            RuntimeError: a run is in progress.
        """
        self._begin("tuning", partial(self._tune, seconds))
        self._job.wait()
        return self._experiment.found

    def stop(self) -> None:
        """Ends the run in progress and waits until it is over; without one, does nothing."""
        self._job.ask_to_stop()
        self._job.wait()

    def close(self) -> None:
        """Ends the run in progress and the child process, and removes the view."""
        if "_job" in self.__dict__:  # else the first settings were refused
            self.stop()
            self._release()
        if self.comm is not None and not sys.is_finalizing():
            show_busy(self.comm.comm_id)
        super().close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._experiment.summary(self.settings)})"

    def _still_output(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The settings tried and the last run's timeline, and the same in words."""
        return png_output(*self._experiment.picture(), repr(self))

    # --- runs

    def _begin(self, activity: str, work: Callable[[], None]) -> None:
        self._job.begin(activity, work)
        if self._idle is not None:
            self._idle.cancel()

    def _run(self) -> None:
        self._run_params = params = dict(self.settings)
        self._now = Live()
        self._tell_state()
        trial = self._experiment.run(params, self._tell_progress)
        self._now = self._experiment.after(self._now)
        if trial.ended not in ("finished", "stopped"):
            self._job.problem = trial.message

    def _tune(self, seconds: float) -> None:
        self._tell_state()
        self._experiment.tune(self.settings, seconds, lambda _: self._tell_state(), self._job.stop_asked)

    def _explain(self, error: Exception) -> str:
        listed = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{type(error).__name__}: {error}\n\nwith {listed}"

    def _ended(self) -> None:
        self._idle = threading.Timer(IDLE_SECONDS, self._release)
        self._idle.daemon = True
        self._idle.start()
        self.update_still()

    def _release(self) -> None:
        self._job.while_idle(self._experiment.release)

    # --- messages

    def _receive(self, _: Any, message: dict[str, Any], __: list[memoryview]) -> None:
        """Runs in the kernel's message loop: everything here returns at once."""
        kind = message.get("kind")
        if kind == "hello":
            self._tell_state()
        if kind == "stop":
            self._job.ask_to_stop()
        if kind not in ("params", "run", "tune"):
            return
        try:
            self.set(**message["params"])
            if kind == "run":
                self._begin("running", self._run)
            elif kind == "tune":
                self._begin("tuning", partial(self._tune, TUNE_SECONDS))
        except Exception as error:
            self.send({"kind": "problem", "text": f"{type(error).__name__}: {error}"})
        self.send({"kind": "seen", "client": message["client"], "request": message["request"]})

    def _tell_state(self) -> None:
        """Everything that a view shows beside the settings."""
        with self._telling:
            experiment, proposal = self._experiment, self._experiment.proposal()
            state = {
                "kind": "state",
                "activity": self._job.activity,
                "problem": self._job.problem,
                "run": self._run_params,
                "searched": [_searched(trial) for trial in experiment.searched if trial.purpose != "look"],
                "trials": [trial.to_dict() for trial in experiment.trials],
                "proposal": proposal and asdict(proposal),
            }
            self.send(state | self._figures(), [experiment.history.rows().tobytes()])

    def _tell_progress(self, live: Live, rows: np.ndarray) -> None:
        self._now = live
        with self._telling:
            self.send({"kind": "progress", **self._figures()}, [rows.tobytes()])

    def _figures(self) -> dict[str, Any]:
        history = self._experiment.history
        seconds = {str(worker): kinds for worker, kinds in history.seconds.items()}
        live = asdict(self._now) | {
            "memory": {str(worker): used for worker, used in self._now.memory.items()}
        }
        return {"live": live, "names": history.names, "seconds": seconds}

    def _code(self, params: Mapping[str, Any]) -> str:
        code = self._experiment.to_code(params)
        return sample_photos.code(code) if self._on_samples else code


def _searched(trial: TuneTrial) -> dict[str, Any]:
    """A trial of a search, as the heat map needs it."""
    speed = trial.items_per_second
    return {
        "num_workers": trial.settings.num_workers,
        "batch_size": trial.settings.batch_size,
        "items_per_second": 0.0 if math.isnan(speed) else speed,
        "ended": trial.ended,
        "sentence": trial.sentence,
    }
