"""A repair in words and round numbers, the same on every machine."""

import math

from dpwidgets.prep.repair.findings import DROPPED, OTHER_FIT, THIS, Contestant, Findings
from dpwidgets.prep.repair.strategies import DROP, ITERATIVE, KNN, MULTIPLE

_LONGEST = 28  # of a column's name on the picture


def fixed(value: float) -> str:
    """Two decimals; a dash for what is not defined."""
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"


def signed(value: float) -> str:
    """Two decimals with a sign, none for zero."""
    if not math.isfinite(value):
        return "–"
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def percent(value: float) -> str:
    """Whole per cent with a sign, none for zero."""
    if not math.isfinite(value):
        return "–"
    return f"{value:+.0%}".replace("-", "−").replace("%", " %") if abs(value) >= 0.005 else "0 %"


def error_text(value: float) -> str:
    """A standard error in three digits."""
    return f"SE {value:#.3g}" if math.isfinite(value) else "SE unknown"


def score_text(one: Contestant) -> str:
    """A test score, or why there is none."""
    score = one.score
    if score is None:
        return "switch to see"
    if not math.isfinite(score.value):
        return "too few rows"
    some = f" on {score.answered} of {score.asked}" if score.answered < score.asked else ""
    return fixed(score.value) + some


def shortened(name: str) -> str:
    """A column's name, cut where it is long."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def strategy_text(found: Findings) -> str:
    """What was done about the holes."""
    params = found.params
    flags = " and flagged" if params["indicator"] and params["strategy"] != DROP else ""
    told = {
        DROP: "rows with a hole dropped",
        KNN: f"filled by KNN, {params['neighbours']} neighbour{'s' * (params['neighbours'] > 1)}, "
        + ("scaled" if params["scale_before"] else "not scaled"),
        ITERATIVE: "filled by iterative regression",
        MULTIPLE: f"filled by multiple imputation, {len(found.claims)} tables",
    }
    return told.get(params["strategy"], f"filled by {params['strategy']}") + flags


def headline(found: Findings) -> str:
    """What happened to the column."""
    taken = f"{found.lost.sum()} of {len(found.lost)} values taken out"
    return f"{shortened(found.params['column'])}: {taken}, then {strategy_text(found)}"


def cause(found: Findings) -> str:
    """Why values went missing, as a sentence."""
    return {
        "MCAR": "MCAR: chance alone decides which values go.",
        "MAR": f"MAR: rows where {shortened(found.partner)} is high lose their values more often.",
        "MNAR": "MNAR: high values go more often, because they are high.",
    }[found.params["mechanism"]]


def described(found: Findings) -> str:
    """The picture in words."""
    here = found.distances[THIS]
    told = [
        f"{found.params['table']}, {headline(found)}. {cause(found)}",
        f"{found.whole_rows} of {len(found.lost)} rows have no hole.",
        f"Against the truth: error of a filled value {fixed(here.rmse)} sd, mean {signed(here.shift)} sd,"
        f" spread {percent(here.spread)}, correlation with {found.partner} {signed(here.bond)}.",
        f"The mean: {error_text(found.known.error)} from all true values,"
        f" {error_text(found.dropped.error)} from rows without a hole,"
        f" {error_text(found.pooled.error)} from this repair.",
    ]
    if found.contestants:
        kind = "accuracy" if found.task == "classification" else "R²"
        scores = ", ".join(f"{one.label} {score_text(one)}" for one in found.contestants)
        told.append(f"Test {kind}: {scores} (this repair).")
    return " ".join(told)


def remarks(found: Findings) -> list[str]:
    """What to know when reading the picture, most important first."""
    strategy = found.params["strategy"]
    told = []
    if found.own_holes:
        told.append(
            f"{found.own_holes} holes of your own are in this column: their truth is unknown, not compared"
        )
    if found.params["mechanism"] == "MNAR" and found.lost.any():
        told.append(
            "under MNAR nothing in the table tells what is gone: no fill brings the mean back in full"
        )
    if strategy == MULTIPLE:
        told.append(
            "each draw is noisy on purpose: the spread comes nearer the truth, the error of one value grows"
        )
    elif strategy != DROP and found.lost.any():
        guesses = found.lost.sum()
        told.append(
            f"the filled table counts {guesses} guesses as measurements: do not trust its standard error"
        )
    told += _about_scores(found)
    return told


def _about_scores(found: Findings) -> list[str]:
    told = []
    by_series = {one.series: one.score for one in found.contestants}
    one, other, dropped = (by_series.get(series) for series in (THIS, OTHER_FIT, DROPPED))
    if dropped is not None and dropped.answered < dropped.asked:
        untold = dropped.asked - dropped.answered
        told.append(f"with rows dropped, {untold} of {dropped.asked} test rows get no answer")
    if one is not None and other is not None and math.isfinite(one.value + other.value):
        leak = other.value - one.value if found.params["fit_on"] == "train only" else one.value - other.value
        told.append(
            f"fit on everything instead of train only: score {signed(leak)}, where chance alone gives"
            f" ± {fixed(one.error)}. A fill leaks little; choosing features by the target, or copying rows,"
            " before the split leaks much"
        )
    if any(score is not None and not score.converged for score in by_series.values()):
        told.append("the logistic regression stopped before it converged: scale the columns")
    return told
