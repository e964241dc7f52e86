"""The engine of the overlap lab: parameters in, a modelled run, one picture and plain code out."""

from collections.abc import Mapping
from typing import Any

from dpwidgets.prep.checks import check_flag, check_number, check_whole, complete
from dpwidgets.prep.overlap.model import Pipeline, Span, seconds, simulate, utilisation
from dpwidgets.prep.overlap.overlap_picture import MOST_WORKERS, overlap_picture
from dpwidgets.prep.rendered import Rendered

MILLISECONDS = {"load": (1.0, 200.0), "copy": (0.0, 50.0), "step": (1.0, 200.0)}
COUNTS = {"workers": (0, MOST_WORKERS), "prefetch_factor": (1, 8), "cores": (1, 16), "slow_every": (0, 10)}
_SHOWN = 10  # steps that the timeline has room for, if each waited for its own load


class OverlapEngine:
    """Computes what the overlap lab shows."""

    def default_params(self) -> dict[str, Any]:
        """Loading is slower than the step, and nothing overlaps yet."""
        return {name: value for name, value in vars(Pipeline()).items() if name != "batches"}

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        known = self.default_params()
        merged = complete(params, known)
        for name, (low, high) in MILLISECONDS.items():
            merged[name] = check_number(merged[name], name, low, high)
        for name, (fewest, most) in COUNTS.items():
            merged[name] = check_whole(merged[name], name, fewest, most)
        merged["bound"] = check_number(merged["bound"], "bound", 0.0, 1.0)
        merged["ahead"] = check_flag(merged["ahead"], "ahead")
        return {name: merged[name] for name in known}

    def spans(self, params: Mapping[str, Any]) -> list[Span]:
        """The modelled run."""
        return simulate(_pipeline(self.check(params)))

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture. `notes` holds "utilisation" (0 to 1) and "batches_per_second"."""
        one = self.check(params)
        pipeline = _pipeline(one)
        spans = simulate(pipeline)
        # The window depends on the times alone, so that the same run gets shorter before the reader's eyes.
        window = _SHOWN * (pipeline.step + pipeline.copy + 0.5 * pipeline.load)
        share, whole = utilisation(spans), seconds(spans)
        alt = (
            f"Modelled run of {pipeline.batches} batches: load {pipeline.load:g} ms, "
            f"copy {pipeline.copy:g} ms, step {pipeline.step:g} ms, {pipeline.workers} workers, "
            f"prefetch_factor {pipeline.prefetch_factor}, {pipeline.cores} cores, copies "
            f"{'ahead' if pipeline.ahead else 'in the loop'}. The device computes {share:.0%} of the time; "
            f"{pipeline.batches / whole:.1f} batches a second."
        )
        notes = {"utilisation": share, "batches_per_second": pipeline.batches / whole}
        return Rendered(overlap_picture(pipeline, spans, window, scale), alt, notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain Python that gives the same utilisation."""
        return _SCRIPT.format(**self.check(params), batches=Pipeline().batches)


def _pipeline(params: Mapping[str, Any]) -> Pipeline:
    # Without workers nothing runs beside the loop, so nothing can be copied ahead.
    return Pipeline(**{**params, "ahead": params["ahead"] and params["workers"] > 0})


_SCRIPT = '''\
LOAD, COPY, STEP = {load}, {copy}, {step}  # milliseconds a batch
WORKERS, PREFETCH_FACTOR, CORES = {workers}, {prefetch_factor}, {cores}
BOUND = {bound}  # share of LOAD that needs a core
AHEAD = {ahead}  # copy the next batch during the step: pin_memory=True, non_blocking=True
SLOW_EVERY, BATCHES = {slow_every}, {batches}


def load_time(batch):
    slow = 3 if SLOW_EVERY and batch % SLOW_EVERY == SLOW_EVERY - 1 else 1
    return LOAD * slow * (BOUND * max(1, WORKERS * BOUND / CORES) + 1 - BOUND)


def utilisation():
    """Share of the time that the device computes, as torch's DataLoader arranges the work."""
    free = [0.0] * WORKERS  # when each worker is done
    taken, starts = [], []
    loop = engine = device = 0.0
    for batch in range(BATCHES):
        if WORKERS == 0:
            got = device + load_time(batch)
        else:
            before = batch - WORKERS * PREFETCH_FACTOR  # a worker is at most so far ahead
            start = max(free[batch % WORKERS], taken[before] if before >= 0 else 0.0)
            free[batch % WORKERS] = start + load_time(batch)
            got = max(loop, free[batch % WORKERS])
        taken.append(got)
        if AHEAD and WORKERS:
            engine = max(engine, got) + COPY
            loop = begins = max(device, engine)
        else:
            begins = got + COPY
            loop = begins + STEP
        starts.append(begins)
        device = begins + STEP
    return BATCHES * STEP / (device - starts[0])


print(f"the device computes {{utilisation():.0%}} of the time")
'''
