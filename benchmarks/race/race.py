"""One race from start to end: compare all with the guide, then the cold rounds, then the warm ones."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.race.check import Comparison
from benchmarks.race.contenders import COPYING, DECODING, EVALUATION, Contender, Form
from benchmarks.race.contract import RaceError
from benchmarks.race.data import copy_part, drop_from_page_cache, jpegs_of
from benchmarks.race.messages import Epoch, Job
from benchmarks.race.process import ContenderProcess
from benchmarks.race.rounds import Times, alternate, undisturbed
from benchmarks.race.training import Difference, Seen, probe_epochs
from benchmarks.race.training import compare as compare_training

Say = Callable[[str], None]
TURN = 0.5  # seconds that a warm turn takes at least: short epochs are repeated


@dataclass(frozen=True)
class Plan:
    """What is raced.

    Attributes:
        folder: one folder of JPEGs for each class.
        scratch: an empty folder for shards, logs and the guide's pictures.
        outside: contenders from the command line: one that fails ends the race.
        peers: those that are installed; one that fails is left out.
        batch_size, rounds, cold_rounds: as the command line has them.
        timeout: seconds that one epoch, or the preparation of one contender, may take.
        form: evaluation or training.
    """

    folder: Path
    scratch: Path
    outside: Sequence[Contender]
    peers: Sequence[Contender]
    batch_size: int
    rounds: int
    cold_rounds: int
    timeout: float
    form: Form = EVALUATION


@dataclass
class Result:
    """What came out, by the contender's name.

    Attributes:
        images: in an epoch.
        first: seconds of the first call of the factory, with the one-off preparation (shards, caches).
        differences: to the guide's pictures.
        cold, warm: see `Race`; with the guide under its own name.
        failures: why a contender is not in the table, or not in all of it.
        dropped: the smallest share of the files that had left the page cache before a cold epoch.
        others: the shares of the machine that other programs used, one for each warm epoch.
    """

    images: int
    first: dict[str, float]
    differences: dict[str, Comparison | Difference]
    cold: dict[str, Times]
    warm: dict[str, Times]
    failures: dict[str, str]
    dropped: float
    others: list[float]


class Race:
    """Each contender has a process of its own in every part, and only one of them works at a time.

    Cold: a fresh process, the files out of the page cache; the clock runs from the import of the module
    (torch is there already) over the call of the factory to the end of the first epoch. Warm: one process
    for each stays for all rounds; one epoch goes before those that are measured, and a turn is taken again
    if others were busy meanwhile.
    """

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan, self._say = plan, say
        self._guide = plan.form.guide
        self._files = jpegs_of(plan.folder)
        self._result = Result(len(self._files.files), {}, {}, {}, {}, {}, 1.0, [])

    def run(self) -> Result:
        """All three parts.

        Raises:
            RaceError: the guide's code failed anywhere, or a contender from outside in the comparison.
        """
        ready = self._compared()
        if self._plan.cold_rounds:
            self._result.cold = self._cold(ready)
        self._result.warm = self._warm(ready)
        return self._result

    def _compared(self) -> list[Contender]:
        """The contenders that deliver the guide's pictures."""
        ready = []
        with ExitStack() as stack:
            # Those from outside first: what is wrong with a name or a factory is told at once.
            processes = {one: stack.enter_context(self._loaded(one)) for one in self._plan.outside}
            self._say(f"keeping the pictures of {self._guide.name}")
            with self._loaded(self._guide) as guide:
                difference_to = self._kept(guide)
            for one in (*self._plan.outside, *self._plan.peers):
                self._say(f"comparing the pictures of {one.name}")
                try:
                    with processes.get(one) or self._loaded(one) as process:
                        difference = difference_to(one, process)
                except RaceError as error:
                    if one in processes:
                        raise
                    self._result.failures[one.name] = str(error)
                    continue
                self._result.differences[one.name] = difference
                ready.append(one)
        shutil.rmtree(self._plan.scratch / "reference")
        return ready

    def _kept(self, guide: ContenderProcess) -> Callable[[Contender, ContenderProcess], Any]:
        """Keep what the guide delivers; gives what compares a contender, in its process, with it."""
        reference = self._plan.scratch / "reference"
        if self._plan.form is EVALUATION:
            names = [Path(file).relative_to(self._plan.folder).as_posix() for file in self._files.files]
            guide.ask("write_reference", reference, names)
            return lambda one, process: process.ask("compare", reference, one.tolerance, one.any_order)
        classes = max(self._files.labels) + 1
        probe = copy_part(self._plan.folder, classes, reference / "probe")

        def seen(one: Contender, process: ContenderProcess) -> Seen:
            with self._process(one, probe) as small:
                small.ask("load")
                return Seen(small.ask("describe", probe_epochs(classes)), process.ask("describe", 1))

        expected = seen(self._guide, guide)
        return lambda one, process: compare_training(seen(one, process), expected, one.tolerance)

    @contextmanager
    def _loaded(self, one: Contender) -> Iterator[ContenderProcess]:
        with self._process(one) as process:
            self._result.first[one.name] = process.ask("load")
            yield process

    def _cold(self, ready: Sequence[Contender]) -> dict[str, Times]:
        contenders = {one.name: one for one in (self._guide, *ready)}

        def measure(name: str) -> Epoch:
            self._say(f"cold: {name}")
            with self._process(contenders[name]) as process:
                dropped = drop_from_page_cache([self._plan.folder, self._scratch(contenders[name])])
                self._result.dropped = min(self._result.dropped, dropped)
                loading = process.ask("load")
                epoch = self._whole(name, process.ask("epoch"))
                return replace(epoch, seconds=loading + epoch.seconds)

        return self._noted(
            alternate(self._guide.name, [one.name for one in ready], self._plan.cold_rounds, measure)
        )

    def _warm(self, ready: Sequence[Contender]) -> dict[str, Times]:
        with ExitStack() as stack:
            processes: dict[str, ContenderProcess] = {}
            for one in (self._guide, DECODING, COPYING, *ready):
                self._say(f"warming up: {one.name}")
                process = stack.enter_context(self._process(one))
                try:
                    process.ask("load")
                    process.ask("epoch")
                except RaceError as error:
                    if one is self._guide:
                        raise
                    self._result.failures[one.name] = str(error)
                    continue
                processes[one.name] = process

            def measure(name: str) -> Epoch:
                self._say(f"warm: {name}")
                epoch, others = undisturbed(lambda: processes[name].ask("epoch", TURN))
                self._result.others.append(others)
                return self._whole(name, epoch)

            names = [name for name in processes if name != self._guide.name]
            return self._noted(alternate(self._guide.name, names, self._plan.rounds, measure))

    def _whole(self, name: str, epoch: Epoch) -> Epoch:
        if epoch.images != self._result.images:
            raise RaceError(
                f"{name}: an epoch gave {epoch.images} of {self._result.images} images; every iter() must "
                "give a whole epoch."
            )
        return epoch

    def _noted(self, times: dict[str, Times]) -> dict[str, Times]:
        self._result.failures |= {name: one.failure for name, one in times.items() if one.failure}
        return times

    def _process(self, one: Contender, probe: Path | None = None) -> ContenderProcess:
        """Its process, for the race's folder or for a probe; each has a scratch folder of its own."""
        plan, scratch = self._plan, self._scratch(one, " probe" if probe else "")
        job = Job(one.target, probe or plan.folder, plan.batch_size, scratch)
        return ContenderProcess(one.name, job, scratch.with_suffix(".log"), plan.timeout)

    def _scratch(self, one: Contender, what_for: str = "") -> Path:
        home = self._plan.scratch / "".join(c if c.isalnum() else "_" for c in one.name + what_for)
        home.mkdir(exist_ok=True)
        return home
