"""What a search found: its trials, the best setting, and both as text, tables, a picture and code."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Literal

import numpy as np
import pandas as pd

from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.tune.heat import draw_heat_map

Purpose = Literal["look", "measure", "explore", "confirm", "prefetch", "pin memory"]


@dataclass(frozen=True)
class Trial:
    """One run of one setting.

    Attributes:
        number: 1, 2, …
        purpose: "look" (what an item costs, traced, in small batches), "measure" (without workers),
            "explore", "confirm" (longer, among the best), "prefetch" and "pin memory" (variants of the best).
        settings: what was run.
        ended: as in `RunResult`: "finished", "time limit", "stopped", "memory limit" or "failed".
        message: what went wrong; else "".
        limit_seconds: of loading that it was given.
        seconds: that it took, all included.
        items: that it delivered.
        items_per_second: once it ran; nan where too little came.
        start_seconds: to the first batch; nan where none came.
        epoch_seconds: of the reader's epoch, the mean over all epochs: measured where the run held whole
            epochs, else continued from the run; nan where too little came.
        predicted_seconds: the same as the model expected it beforehand; nan before there was a model.
        wait_share: 0 to 1, share of its time that the training step waited.
        peak_memory_bytes: of all processes of the run.
        sentence: the trial explained.
    """

    number: int
    purpose: Purpose
    settings: LoaderSettings
    ended: str
    message: str = ""
    limit_seconds: float = 0.0
    seconds: float = 0.0
    items: int = 0
    items_per_second: float = nan
    start_seconds: float = nan
    epoch_seconds: float = nan
    predicted_seconds: float = nan
    wait_share: float = nan
    peak_memory_bytes: int = 0
    sentence: str = ""

    @property
    def measured(self) -> bool:
        """Whether it says how long an epoch takes."""
        return not isnan(self.epoch_seconds)

    def to_row(self) -> dict[str, Any]:
        """Names and values for a table; memory in MB."""
        row = {"trial": self.number, "purpose": self.purpose, **self.settings.to_dict()}
        for name in ("items_per_second", "start_seconds", "epoch_seconds", "predicted_seconds", "wait_share"):
            row[name] = getattr(self, name)
        row["memory_mb"] = self.peak_memory_bytes / 1e6
        return row | {
            "seconds": self.seconds, "ended": self.ended, "sentence": self.sentence, "message": self.message,
        }  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number}. {self.sentence}"


@dataclass(frozen=True)
class TuneResult:
    """What `tune` found.

    Attributes:
        best: the setting with the shortest epoch; among equals the one with the fewest workers.
        length: items of an epoch.
        epoch_seconds: setting -> seconds of an epoch with it, averaged over the reader's epochs and pooled
            over the setting's trials.
        trials: all of them, in order, the failed ones included.
        reason: why `best`, in words.
        notes: what else the reader should know, a sentence each.
        ended: "sure" (nothing left promised more), "time" or "stopped".
        seconds: that the search took.
        iterable, collate: whether the dataset is an IterableDataset; whether there is a `collate_fn`.
    """

    best: LoaderSettings
    length: int
    epoch_seconds: Mapping[LoaderSettings, float]
    trials: tuple[Trial, ...]
    reason: str
    notes: tuple[str, ...]
    ended: Literal["sure", "time", "stopped"]
    seconds: float
    iterable: bool = False
    collate: bool = False

    def to_code(self) -> str:
        """The best setting as plain PyTorch: `loader = DataLoader(dataset, …)`."""
        return self.best.to_code(iterable=self.iterable, collate=self.collate)

    def to_frame(self) -> pd.DataFrame:
        """One row per trial: its settings, what was measured, its sentence."""
        return pd.DataFrame([trial.to_row() for trial in self.trials])

    def heat_map(self) -> pd.DataFrame:
        """Items per second over a whole epoch, start-up included: rows `num_workers`, columns `batch_size`.

        float64; nan where a pair was not measured; the best where a pair was measured in variants.
        """
        rates: dict[tuple[int, int], float] = {}
        for settings, seconds in self.epoch_seconds.items():
            pair = settings.num_workers, settings.batch_size
            rates[pair] = max(rates.get(pair, 0.0), self.length / seconds)
        table = pd.DataFrame(
            nan,
            index=pd.Index(sorted({workers for workers, _ in rates}), name="num_workers"),
            columns=pd.Index(sorted({size for _, size in rates}), name="batch_size"),
        )
        for (workers, size), rate in rates.items():
            table.loc[workers, size] = rate
        return table

    def heat_picture(self) -> np.ndarray:
        """The heat map drawn: uint8 (height, width, 3), the best framed, each cell with its number."""
        return draw_heat_map(self.heat_map(), (self.best.num_workers, self.best.batch_size))

    def heat_text(self) -> str:
        """The heat map in words, for the picture's alt text."""
        table = self.heat_map()
        cells = [
            f"{_pair(workers, size)}: {table.loc[workers, size]:,.0f}"
            for workers in table.index
            for size in table.columns
            if not isnan(table.loc[workers, size])
        ]
        best = _pair(self.best.num_workers, self.best.batch_size)
        return f"Items per second over an epoch. {'; '.join(cells)}. Best: {best}."

    def table(self) -> str:
        """The trials as text, one line each, the best setting's marked with *."""
        columns = [
            "",
            "trial",
            "workers",
            "batch",
            "prefetch",
            "items/s",
            "start s",
            "epoch s",
            "waits",
            "MB",
        ]
        lines = [columns]
        for t in self.trials:
            s = t.settings
            lines.append(
                [
                    "*" if s == self.best else "", f"{t.number:2} {t.purpose}", str(s.num_workers),
                    str(s.batch_size), str(s.prefetch_factor) if s.num_workers else "-",
                    _figure(t.items_per_second, ",.0f"), _figure(t.start_seconds, ".2f"),
                    _figure(t.epoch_seconds, ",.2f"), _figure(t.wait_share, ".0%"),
                    f"{t.peak_memory_bytes / 1e6:,.0f}" if t.peak_memory_bytes else "-",
                ]
            )  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.ljust(w) if i < 2 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        return "\n".join(line.rstrip() for line in text)

    def __str__(self) -> str:
        parts = [self.table(), "", *map(str, self.trials), "", self.reason, *self.notes, "", self.to_code()]
        return "\n".join(parts)

    __repr__ = __str__


def _pair(workers: int, batch_size: int) -> str:
    return f"{workers} worker{'s' if workers != 1 else ''}, batch {batch_size}"


def _figure(value: float, form: str) -> str:
    return "-" if isnan(value) else format(value, form)
