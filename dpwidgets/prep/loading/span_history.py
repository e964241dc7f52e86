"""The spans of a run, kept within bounds: single items for the last moments, batches for longer."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from dpwidgets.prep.loading.spans import CONSUMER, KINDS, Kind, Span

KEPT = 1500  # of each sort
COLUMNS = ("kind", "worker", "start", "end", "batch", "item", "name", "cpu", "fine")
_OF_ITEMS = ("fetch", "transform")


class SpanHistory:
    """What a timeline shows of a run.

    A run of photographs makes some 2,000 spans a second, most of them of single items. Those are kept for
    the newest `kept`; beside them one span for all the items that a worker fetched for a batch. One thread
    may add while another reads.

    Attributes:
        names: of the transform steps; a row holds its name's place in this list.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._coarse: deque[Span] = deque(maxlen=kept)
        self._fine: deque[Span] = deque(maxlen=kept)
        self._kept = kept
        self._start: float | None = None
        self.names: list[str] = [""]
        self._seconds: dict[int, dict[Kind, float]] = defaultdict(lambda: defaultdict(float))
        self._turn = threading.RLock()

    def add(self, spans: Sequence[Span]) -> np.ndarray:
        """Takes new spans in; returns the rows to show for them, float64 (n, len(COLUMNS)).

        Times in the rows are seconds since the run's first span.
        """
        if not spans:
            return self._rows((), ())
        coarse = [span for span in spans if span.kind not in _OF_ITEMS] + list(_batches(spans))
        fine = [span for span in spans if span.kind in _OF_ITEMS][-self._kept :]
        with self._turn:
            if self._start is None:
                self._start = min(span.start for span in spans)
            for span in spans:
                self._seconds[span.worker][span.kind] += span.seconds
            self._coarse.extend(coarse)
            self._fine.extend(fine)
            return self._rows(coarse, fine)

    def rows(self) -> np.ndarray:
        """All that is kept, as `add` gives it."""
        with self._turn:
            return self._rows(self._coarse, self._fine)

    @property
    def seconds(self) -> dict[int, dict[Kind, float]]:
        """For each worker the seconds of each kind, over the whole run."""
        with self._turn:
            return {worker: dict(kinds) for worker, kinds in self._seconds.items()}

    @property
    def wait_share(self) -> float:
        """Share of the training loop's time, 0 to 1, that it waited so far."""
        own = defaultdict(float, self.seconds.get(CONSUMER, {}))
        busy = own["step"] + own["transfer"]
        return own["wait"] / (own["wait"] + busy) if own["wait"] + busy else 0.0

    def _rows(self, coarse: Iterable[Span], fine: Iterable[Span]) -> np.ndarray:
        start = self._start or 0.0
        rows = [
            (KINDS.index(span.kind), span.worker, span.start - start, span.end - start, span.batch, span.item,
             self._name(span.name), span.cpu, level)
            for level, spans in enumerate((coarse, fine)) for span in spans
        ]  # fmt: skip
        return np.array(rows, np.float64).reshape(-1, len(COLUMNS))

    def _name(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def _batches(spans: Sequence[Span]) -> Iterable[Span]:
    """One span for all fetches of a batch by a worker."""
    fetches = sorted(
        (span for span in spans if span.kind == "fetch"), key=lambda span: (span.worker, span.start)
    )
    for _, group in groupby(fetches, _worker_and_batch):
        items = list(group)
        yield replace(
            items[0],
            start=min(span.start for span in items),
            end=max(span.end for span in items),
            cpu=sum(span.cpu for span in items),
            item=items[0].item if len(items) == 1 else -1,
            name=f"{len(items)} items" if len(items) > 1 else items[0].name,
        )


def _worker_and_batch(span: Span) -> tuple[int, int]:
    return span.worker, span.batch
