"""The search: a look, a run without workers, then the most promising setting again and again; then the
best few in longer runs, half of them dropped each round; then variants of the winner."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune.bench import Bench, SearchOver
from dpwidgets.prep.loading.tune.explain import UNEVEN
from dpwidgets.prep.loading.tune.measure import Measurement
from dpwidgets.prep.loading.tune.space import Space, distance

TIE = 0.015  # epochs this close are equal: fewer workers win
CLOSE = 0.12  # epochs this close to the best are run again, longer
CONTENDERS = 4
DUELS = 3  # rounds of the last two, at most
CLEAR = 0.05  # ahead by so much, the better one needs no further round
ALIKE = 0.04  # of settings that promise about the same, the one that is told soonest goes first
TRIES = 2  # of a setting that delivered too little to be measured
GAIN = 0.03  # what a variant must bring to be taken
SHORT = 0.5  # seconds of a trial at least, whatever the budget
LOOK_BATCH = 4  # items: small batches tell the cost of an item soonest


class Search:
    """One search over a space.

    Args:
        pin: an accelerator is there, so that pinned memory does something.
    """

    def __init__(self, bench: Bench, space: Space, *, pin: bool) -> None:
        self.bench, self.space, self.pin = bench, space, pin
        self._pinned: LoaderSettings | None = None
        # Trials are as long as the budget allows, so that a longer search is also a surer one.
        self._window = min(max(bench.seconds / 40, SHORT), 3.0)

    def run(self) -> Literal["sure", "time", "stopped"]:
        """Run trials until nothing promises more, or until time or the reader ends it.

        Raises:
            TuneError: every setting fails for the same reason.
        """
        try:
            self._without_workers()
            self._explore(until=0.55)
            self._confirm()
            sure = self._explore(until=0.8)
            self._variants()
        except SearchOver as over:
            return over.why
        return "sure" if sure else "time"

    def best(self) -> LoaderSettings:
        """The setting with the shortest epoch; of equals the one with the fewest workers."""
        if self._pinned:
            return self._pinned
        ranking = self.bench.ranking()
        bar = self.bench.epoch(ranking[0]) * (1 + TIE)
        equals = [s for s in ranking if self.bench.epoch(s) <= bar]
        order = {size: i for i, size in enumerate(self.space.batch_sizes)}
        return min(equals, key=lambda s: (s.num_workers, order[s.batch_size], s.prefetch_factor))

    def _without_workers(self) -> None:
        """What an item costs, then an epoch without workers."""
        own = self.space.settings(0, self.space.batch_sizes[0])
        small = replace(own, batch_size=min(LOOK_BATCH, own.batch_size))
        window = max(self._window / 2, SHORT)
        look = self.bench.trial("look", small, window)
        while not look.measured and look.ended == "time limit":
            window *= 4
            look = self.bench.trial("look", small, window)
        self.bench.failed.pop(small, None) if small != own else None
        self.bench.trial("measure", own, self._window)

    def _explore(self, until: float) -> bool:
        """Try what promises most, until nothing promises a shorter epoch or a share of the time is over.

        Returns whether nothing is left that promises more.
        """
        while True:
            open_settings = [s for s in self.space.all() if self._is_open(s)]
            if not open_settings:
                return True
            with_workers = [s for s in open_settings if s.num_workers]
            must = with_workers and self._workers_are_unknown()
            open_settings = with_workers if must else open_settings
            most = min(map(self._promise, open_settings))
            if self.bench.found and not must:
                best = self.bench.epoch(self.bench.ranking()[0])
                if most > best * (1 - TIE):
                    return True
            if self.bench.elapsed > until * self.bench.seconds:
                return False
            promising = [s for s in open_settings if self._promise(s) <= most * (1 + ALIKE)]
            self.bench.trial("explore", min(promising, key=self._cost), self._window)

    def _workers_are_unknown(self) -> bool:
        """Whether no setting with workers was tried, and loading is long enough for one to matter."""
        if any(trial.settings.num_workers for trial in self.bench.trials):
            return False
        size = self.space.batch_sizes[0]
        return self.bench.model.load_seconds(size) > TIE * self.bench.work.steps[size]

    def _cost(self, settings: LoaderSettings) -> float:
        """Seconds until a trial tells something."""
        if self.bench.model.item is None:
            return 0.0
        expected = self.bench.model.predict(settings)
        return expected.start + 3 * max(settings.num_workers, 1) * expected.interval

    def _is_open(self, settings: LoaderSettings) -> bool:
        """Not measured yet nor tried too often, and no smaller one broke the memory limit."""
        tried = sum(t.settings == settings and t.purpose != "look" for t in self.bench.trials)
        if settings in self.bench.found or settings in self.bench.failed or tried >= TRIES:
            return False
        return not any(
            trial.ended == "memory limit"
            and small.num_workers <= settings.num_workers
            and small.batch_size <= settings.batch_size
            for small, trial in self.bench.failed.items()
        )

    def _promise(self, settings: LoaderSettings) -> float:
        """The epoch that may be hoped for: shorter than predicted by what the model may be wrong."""
        work = self.bench.work
        if self.bench.model.item is None:
            return float(settings.num_workers)
        expected = self.bench.model.predict(settings, hopeful=True)
        kin = [s for s in self.bench.found if (s.num_workers > 0) == (settings.num_workers > 0)]
        far = min((distance(s, settings) for s in kin), default=None)
        doubt = 0.5 if far is None else 0.15 * min(far, 1.0)
        fastest = work.batches(settings) * work.steps[settings.batch_size]
        hoped = work.mean_epoch(expected.first, expected.later) * (1 - doubt)
        # A shade dearer with each worker: of settings that promise the same, the smallest goes first.
        return max(hoped, fastest) * (1 + 0.002 * settings.num_workers)

    def _confirm(self) -> None:
        """Successive halving: the best few in longer runs, the better half in longer ones again.

        The last two take turns until one is clearly ahead, for a machine is never quiet.
        """
        contenders = self._close(CONTENDERS)
        window = 2 * self._window
        duels = 0
        while len(contenders) > 1 and duels < DUELS and self._time_for(len(contenders) * window):
            for settings in contenders:
                self.bench.trial("confirm", settings, window)
            if len(contenders) > 2:
                window *= 2
                still = self._close((len(contenders) + 1) // 2)
                contenders = [s for s in contenders if s in still]
            else:
                duels += 1
                contenders = self._close(2, CLEAR)

    def _time_for(self, seconds: float) -> bool:
        """Whether so much can be spent and something is left for variants."""
        return self.bench.elapsed + seconds < 0.9 * self.bench.seconds

    def _close(self, count: int, by: float = CLOSE) -> list[LoaderSettings]:
        """At most so many of the best, none farther from the best one than this share."""
        ranking = [s for s in self.bench.ranking() if s not in self.bench.failed]
        bar = self.bench.epoch(ranking[0]) * (1 + by) if ranking else 0.0
        return [s for s in ranking if self.bench.epoch(s) <= bar][:count]

    def _variants(self) -> None:
        """More read-ahead where items are uneven; pinned memory where an accelerator is."""
        if not self.bench.found:
            return
        window = 2 * self._window
        uneven = self.bench.spread is None or self.bench.spread >= UNEVEN
        if self.best().num_workers and uneven:
            for settings in self._deeper():
                self.bench.trial("prefetch", settings, window)
                self._drop_unless_better(settings)
        if self.pin:
            self._try_pinned(window)

    def _try_pinned(self, window: float) -> None:
        """Pinned memory pays in the copy to the device, which no trial sees: taken if it costs little."""
        plain = self.best()
        pinned = replace(plain, pin_memory=True)
        self.bench.trial("pin memory", pinned, window)
        if pinned in self.bench.found and self.bench.epoch(pinned) <= self.bench.epoch(plain) * (1 + GAIN):
            self._pinned = pinned

    def _deeper(self) -> Iterator[LoaderSettings]:
        """The best with twice the read-ahead, and twice that, as long as it helps."""
        for factor in (4, 8):
            best = self.best()
            if best.prefetch_factor == factor // 2:
                yield replace(best, prefetch_factor=factor)

    def _drop_unless_better(self, variant: LoaderSettings) -> None:
        """A variant that brings little is not kept among the settings to choose from."""
        plain = replace(variant, prefetch_factor=variant.prefetch_factor // 2)
        runs: list[Measurement] = self.bench.found.get(variant, [])
        if runs and self.bench.epoch(variant) > self.bench.epoch(plain) * (1 - GAIN):
            del self.bench.found[variant]
