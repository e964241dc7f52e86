"""A small queueing model of a DataLoader: what a setting that was not tried would take.

Without workers, loading a batch and the training step take turns. With W workers they run side by side,
and a batch comes as often as the slowest of three allows: the consumer (step and taking over the batch),
the workers (one batch's loading divided by W), the cores (processor time of the loading divided by the
cores). Each trial corrects the model near its setting.
"""

from dataclasses import dataclass, field
from math import exp, log
from statistics import fmean

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune.measure import Measurement
from dpwidgets.prep.loading.tune.space import Workload, distance

HAND_OVER = 0.4e-3  # seconds to give a small batch to another process and to take it over, first guess
PER_BATCH = 50e-6  # seconds that the loader needs for a batch beside its items, first guess
WORKER_START = {"spawn": 2.0, "forkserver": 1.5}  # seconds for a worker to come up, first guess
FORK_START = 0.03
BLUR = 8  # the larger of two nearly equal times is exceeded by their chance meeting: norm in place of max


@dataclass(frozen=True)
class Prediction:
    """Seconds of the first and of each further epoch, of one batch, and what that is limited by.

    `limit` is "turns" (0 workers: loading and step take turns), "step", "workers" or "cores".
    """

    first: float
    later: float
    interval: float
    start: float
    limit: str


@dataclass
class Model:
    """Learns from trials, predicts the rest.

    Attributes:
        work: the epoch that is predicted.
        item: seconds to load an item in one process; None before the first trial.
        per_batch: seconds for a batch beside its items.
        cpu_share: 0 to 1, how much of the loading is processor time; the rest waits for storage.
    """

    work: Workload
    item: float | None = None
    per_batch: float = PER_BATCH
    cpu_share: float = 1.0
    _alone: dict[int, float] = field(default_factory=dict)  # batch size -> seconds to load it, 0 workers
    # Seconds of a batch (None: not told) and to the first one, by setting.
    _seen: dict[LoaderSettings, tuple[float | None, float]] = field(default_factory=dict)

    def learn(self, settings: LoaderSettings, found: Measurement) -> None:
        """Correct the model by one trial."""
        workers, size = settings.num_workers, settings.batch_size
        interval = size / found.items_per_second
        if workers == 0:
            self._alone[size] = max(interval - self.work.steps[size], 1e-7)
            self._fit()
        elif self.item is None:
            self.item = interval * min(workers, self.work.cores) / size
        # Where each worker makes a batch or two, bursts and the idle end hide the rate.
        told = self.work.batches(settings) > 2 * workers
        self._seen[settings] = interval if told else None, max(found.start, 1e-3)

    def learn_slow(self, settings: LoaderSettings, start: float, interval: float | None) -> None:
        """Correct the model by a trial that was too short to be measured.

        Args:
            start: seconds to its first batch; if none came, how long it was waited for.
            interval: seconds of a batch, if more than one came.
        """
        if self.item is None:
            return
        plain = self._plain(settings)
        self._seen[settings] = max(interval, plain.interval) if interval else None, max(start, plain.start)

    def predict(self, settings: LoaderSettings, hopeful: bool = False) -> Prediction:
        """What the setting would take, corrected by the trials near it.

        Args:
            hopeful: a trial that was faster than the model thought counts in full, however far.
        """
        plain = self._plain(settings)
        by_interval, by_start = self._correction(settings, hopeful)
        interval = plain.interval * by_interval
        if settings.num_workers:
            interval = max(interval, self.work.steps[settings.batch_size])
        start = plain.start * by_start
        return self._epochs(settings, interval, start, plain.limit)

    def load_seconds(self, batch_size: int) -> float:
        """Seconds that one process needs to load a batch."""
        return (self.item or 0.0) * batch_size + self.per_batch

    def first_batch(self, settings: LoaderSettings) -> float:
        """Seconds that a first batch takes besides the start of workers, which all load theirs at once."""
        crowd = max(1.0, settings.num_workers * self.cpu_share / self.work.cores)
        return self.load_seconds(settings.batch_size) * crowd

    def _fit(self) -> None:
        """Cost of an item and of a batch from the runs without workers: a line through them."""
        small, large = min(self._alone), max(self._alone)
        self.per_batch = min(PER_BATCH, 0.5 * self._alone[small])
        if large > small:
            slope = (self._alone[large] - self._alone[small]) / (large - small)
            self.per_batch = min(max(self._alone[small] - small * slope, 0.0), 0.5 * self._alone[small])
        self.item = max((self._alone[large] - self.per_batch) / large, 1e-9)

    def _plain(self, settings: LoaderSettings) -> Prediction:
        """The model before correction."""
        size, workers, step = settings.batch_size, settings.num_workers, self.work.steps[settings.batch_size]
        load = self.load_seconds(size)
        if workers == 0:
            return self._epochs(settings, load + step, load, "turns")
        made = load + HAND_OVER
        times = {
            "step": step + HAND_OVER,
            "workers": made / workers,
            "cores": (made * self.cpu_share + HAND_OVER) / self.work.cores,
        }
        limit = max(times, key=lambda name: times[name])
        interval = sum(t**BLUR for t in times.values()) ** (1 / BLUR)
        each = WORKER_START.get(settings.start_method, FORK_START)
        up = each * max(1.0, workers / self.work.cores)
        return self._epochs(settings, interval, up + self.first_batch(settings) + HAND_OVER, limit)

    def _epochs(self, settings: LoaderSettings, interval: float, start: float, limit: str) -> Prediction:
        """Whole epochs from the time of a batch and the time to the first one."""
        workers, batches = settings.num_workers, self.work.batches(settings)
        if limit == "workers":
            batches = -(-batches // workers) * workers  # in the last round some may have nothing to do
        first = start + max(batches - max(workers, 1), 0) * interval
        if workers == 0:
            first += self.work.steps[settings.batch_size]
        later = first
        if settings.persistent_workers and workers:
            later = first - max(start - self.first_batch(settings), 0.0)
        return Prediction(first, later, interval, start, limit)

    def _correction(self, settings: LoaderSettings, hopeful: bool) -> tuple[float, float]:
        """Factors for interval and start from the nearest trials, weaker the farther they are."""
        known = [s for s in self._seen if (s.num_workers > 0) == (settings.num_workers > 0)]
        if not known:
            return 1.0, 1.0
        nearest = min(distance(s, settings) for s in known)
        close = [self._surprise(s) for s in known if distance(s, settings) == nearest]
        faith = 0.7**nearest
        by_interval, by_start = (fmean(column) for column in zip(*close, strict=True))
        if hopeful:
            return exp(min(faith * by_interval, by_interval)), exp(min(faith * by_start, by_start))
        return exp(faith * by_interval), exp(faith * by_start)

    def _surprise(self, settings: LoaderSettings) -> tuple[float, float]:
        """What a trial found over what the model says now, for interval and start, as logarithms."""
        plain = self._plain(settings)
        interval, start = self._seen[settings]
        return log(interval / plain.interval) if interval else 0.0, log(start / plain.start)
