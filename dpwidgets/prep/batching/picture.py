"""The picture of a run: the loss beside a reference, the noise of the gradient, and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dpwidgets.prep.batching.noise import Noise
from dpwidgets.prep.batching.training import BASE, MOST_ROUNDS, Setting, Trained
from dpwidgets.prep.drawing import GRID, INK, SOFT, Axes, Sheet

WIDTH, HEIGHT = 920, 600
_LOSS = (56, 40, 600, 306)
_NOISE = (56, 392, 600, 562)
_TABLE = 634, 806, 904  # points: the names, the ends of the two columns
_LEGEND = 252  # points: the first line of the legend of the losses
_PALE = "#a9c7dd"  # the losses of single updates
_DOTS = 400  # losses of single updates that are shown
_YOURS, _TEST, _REFERENCE, _NORM = 0, 3, 1, 2  # series: colour, dash and marker
ENDED = {
    "": "",
    "diverged": "The run diverged; try a smaller learning rate.",
    "too long": f"The run ended after {MOST_ROUNDS:,} batches, all that this lab trains.",
}


@dataclass(frozen=True, eq=False)
class View:
    """What is drawn.

    Attributes:
        run: the chosen setting, or its beginning.
        planned: updates of the whole run.
        rows: training rows.
        by_updates: the x axis counts updates, not rows seen.
        quantity: the loss is a squared error.
    """

    run: Trained
    reference: Trained
    noise: Noise
    setting: Setting
    planned: int
    rows: int
    by_updates: bool
    quantity: bool


def draw(view: View, scale: float) -> np.ndarray:
    """The picture, uint8 (H, W, 3)."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    _losses(sheet, view)
    _noise(sheet, view)
    _figures(sheet, view)
    return sheet.picture()


def _losses(sheet: Sheet, view: View) -> None:
    run, reference = view.run, view.reference
    # Held to the reference, so that the axes stand still while a slider moves.
    best = min(reference.train.min(), reference.test.min())
    top = 1.8 * max(reference.train[0], reference.test[0])
    room = 4 if view.quantity else 40  # a squared error does not fall far below the reference's
    low, high = np.log10(max(best / room, 1e-3)), np.log10(top)
    end = len(reference.losses) if view.by_updates else int(reference.seen[-1])
    axes = Axes(
        sheet, _LOSS, (0, end), (low, high),
        title="loss while training", x_label="updates" if view.by_updates else "rows seen",
        y_label="squared error, log axis" if view.quantity else "cross-entropy, log axis",
        y_ticks=_log_ticks(low, high),
    )  # fmt: skip
    every = max(1, len(run.losses) // _DOTS)
    dots = run.losses[::every]
    if len(dots):
        at = (np.arange(len(run.losses)) if view.by_updates else run.seen - run.seen[0])[::every]
        for x, y in zip(at, dots, strict=True):
            if x <= end and low < _log(y) < high:
                sheet.marker(*axes.at(x, _log(y)), _PALE, "circle", 3)
    for trained, series, label in ((reference, _REFERENCE, f"reference: B = {BASE}"), (run, _YOURS, "yours")):
        x = trained.marks if view.by_updates else np.array([0, *trained.seen])[trained.marks]
        inside = x <= end
        axes.line(x[inside], _logs(trained.train[inside]), series, f"{label}, training rows", 2.5)
        if trained is run:
            axes.line(x[inside], _logs(trained.test[inside]), _TEST, "yours, test rows", 1.5)
            last = len(x[inside]) - 1
            axes.points([x[last]], [_log(trained.train[last])], _YOURS, size=8)
    axes.legend(_TABLE[0], _LEGEND)
    sheet.marker(_TABLE[0] + 11, _LEGEND + 48, _PALE, "circle", 5)
    sheet.text(_TABLE[0] + 28, _LEGEND + 48, "yours, the rows of one update", INK, 11)
    if run.ended == "diverged" or _log(run.train[-1]) > high:
        sheet.text(
            _LOSS[0] + 12, _LOSS[3] - 14, "✕ the loss runs away: the steps are too long", INK, 13, face="bold"
        )
    elif not view.planned:
        sheet.text(_LOSS[0] + 12, _LOSS[3] - 14, "✕ every row is dropped: no update", INK, 13, face="bold")


def _noise(sheet: Sheet, view: View) -> None:
    noise = view.noise
    values = [noise.one, noise.full, *noise.norm, *noise.spread[:-1]]
    low, high = np.log10(min(values) / 1.5), np.log10(max(values) * 1.5)
    axes = Axes(
        sheet, _NOISE, (0.85, float(noise.sizes[-1]) * 1.15), (low, high),
        title="gradient of a batch of B rows, at the start", x_label="rows in an update, B",
        y_label="log axes", y_ticks=_log_ticks(low, high), log_x=True,
        x_ticks=[(size, f"{size:,}") for size in noise.sizes[::2][:-1]] + [(noise.sizes[-1], "all")],
    )  # fmt: skip
    ends = [1.0, float(noise.sizes[-1])]
    line = [ends[0], ends[1]]
    axes.line(line, [_log(noise.expected(size)) for size in line], 1, "noise at B = 1, divided by √B", 1.5)
    axes.points(noise.sizes[:-1], _logs(noise.spread[:-1]), _YOURS, "noise: distance to the full gradient", 8)
    axes.points(noise.sizes, _logs(noise.norm), _NORM, "length of the gradient", 8)
    height = axes.at(1, _log(noise.full))[1]
    sheet.line([(_NOISE[0], height), (_NOISE[2], height)], SOFT, 1, (3, 3))
    sheet.text(_NOISE[0] + 8, height + 9, f"length with all rows: {noise.full:.2g}", SOFT, 11)
    effective = max(1, view.run.effective)
    axes.rule(x=effective)
    axes.legend(_TABLE[0], _NOISE[1] + 2)
    for row, text in enumerate(noise_words(view)):
        sheet.text(_TABLE[0], _NOISE[1] + 70 + 20 * row, text, INK, 12.5, face="sans" if row else "bold")


def noise_words(view: View) -> list[str]:
    """What the noise plot says at the chosen size."""
    noise, effective = view.noise, max(1, view.run.effective)
    spread = spread_at(noise, effective)
    length = float(np.interp(effective, noise.sizes, noise.norm))
    return [
        f"A gradient of {effective:,} rows",
        f"has the noise {spread:.2g}; 1/√B gives {noise.expected(effective):.2g},",
        f"and the length {length:.2g}; all rows: {noise.full:.2g}.",
        *(
            ["No row comes twice, so the noise ends at 0."]
            if spread < 0.9 * noise.expected(effective)
            else []
        ),
    ]


def spread_at(noise: Noise, size: int) -> float:
    """The measured noise of batches of `size` rows, between the sizes that were measured along √."""
    return float(np.interp(np.sqrt(size), np.sqrt(noise.sizes), noise.spread))


def _figures(sheet: Sheet, view: View) -> None:
    names, yours, reference = _TABLE
    top = 28
    sheet.text(yours, top, "yours", INK, 13, "rm", "bold")
    sheet.text(reference, top, "reference", INK, 13, "rm", "bold")
    for row, (name, one, other) in enumerate(figures(view)):
        height = top + 24 * (row + 1)
        sheet.line([(names, height - 12), (reference, height - 12)], GRID, 0.75)
        sheet.text(names, height, name, SOFT, 12.5)
        sheet.text(yours, height, one, INK, 12.5, "rm")
        sheet.text(reference, height, other, INK, 12.5, "rm")


def figures(view: View) -> list[tuple[str, str, str]]:
    """Name, yours and the reference's."""
    run, reference = view.run, view.reference
    made = f"{view.planned:,}" if not run.ended else f"{len(run.losses):,} of {view.planned:,}"
    lines = [
        ("rows an update", f"{run.effective:,}", f"{reference.effective:,}"),
        ("updates an epoch", f"{run.updates_per_epoch:,}", f"{reference.updates_per_epoch:,}"),
        ("updates", made, f"{len(reference.losses):,}"),
        ("rows dropped", f"{run.dropped:,}", f"{reference.dropped:,}"),
        ("learning rate", f"{view.setting.lr:.3g}", "0.05"),
        ("training loss", _short(run.train[-1]), _short(reference.train[-1])),
        ("test loss", _short(run.test[-1]), _short(reference.test[-1])),
    ]
    if run.accuracy is not None and reference.accuracy is not None:
        lines.append(("test accuracy", f"{run.accuracy:.1%}", f"{reference.accuracy:.1%}"))
    return lines


def alt_text(view: View, params: Mapping[str, Any]) -> str:
    """The picture in words."""
    scaled = ", scaled with the batch" if params["scale_lr"] else ""
    text = (
        f"Batches of {params['batch_size']:,} on {params['data']}, {params['model']}, {params['optimizer']}, "
        f"learning rate {params['lr']:g}{scaled}. Yours and the reference, batches of {BASE}: "
    )
    text += "; ".join(f"{name} {one} and {other}" for name, one, other in figures(view)) + ". "
    text += " ".join(noise_words(view))
    return f"{text} {ENDED[view.run.ended]}".strip()


def _short(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) and value < 1e4 else "lost"


def _log(value: float) -> float:
    """The logarithm; what has none goes far above the axis."""
    return float(np.log10(max(value, 1e-12))) if np.isfinite(value) else 99.0


def _logs(values: np.ndarray) -> Sequence[float]:
    return [_log(float(value)) for value in values]


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """1, 2 and 5 times the powers of ten; only the powers where there are many."""
    heads = (1, 2, 5) if high - low < 2.8 else (1,)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    values = [(np.log10(head * 10.0**power), f"{head * 10.0**power:g}") for power in powers for head in heads]
    return [(float(at), text) for at, text in values if low <= at <= high]
