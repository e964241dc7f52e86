"""One run of a loader in a few figures: what the loader lab lists, compares and draws."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dpwidgets.prep.loading.settings import LoaderSettings

if TYPE_CHECKING:
    from dpwidgets.prep.loading.runner import RunResult

WHOLE_RUNS = ("finished", "time limit")  # endings after which the figures may be compared


@dataclass(frozen=True)
class Trial:
    """What came of a loader with these settings.

    Attributes:
        number: 1 for a lab's first trial.
        settings: of the loader.
        step_seconds: length of the simulated training step.
        ended: "finished", "stopped", "time limit", "memory limit" or "failed".
        message: what happened; empty where nothing did.
        items_per_second: after the first batch.
        wait_share: share of the training loop's time, 0 to 1, that it waited.
        start_seconds: to the first batch.
        peak_memory_bytes: of all processes together.
        bottleneck: in words, such as "transform RandomRotation"; "" where it is not known.
        reason: why, one sentence with figures.
    """

    number: int
    settings: LoaderSettings
    step_seconds: float
    ended: str
    message: str = ""
    items_per_second: float = 0.0
    wait_share: float = 0.0
    start_seconds: float = 0.0
    peak_memory_bytes: int = 0
    bottleneck: str = ""
    reason: str = ""

    @classmethod
    def of(cls, number: int, step_seconds: float, result: "RunResult") -> "Trial":
        """The figures of a run."""
        summary = result.summary
        return cls(
            number,
            result.settings,
            step_seconds,
            result.ended,
            result.message,
            result.items_per_second,
            summary.wait_share if summary else result.wait_share,
            result.start_seconds,
            result.peak_memory_bytes,
            summary.bottleneck if summary else "",
            summary.reason if summary else "",
        )

    @property
    def measured(self) -> bool:
        """The run was not cut short, and has a throughput."""
        return self.ended in WHOLE_RUNS and self.items_per_second > 0

    @property
    def label(self) -> str:
        """The settings in a few words; only what differs from the defaults, beside workers and batch."""
        return in_words(self.settings, self.step_seconds)

    def to_dict(self) -> dict[str, Any]:
        """Names and values, JSON-able, the label included."""
        return asdict(self) | {"settings": self.settings.to_dict(), "label": self.label}


def in_words(settings: LoaderSettings, step_seconds: float = 0.0) -> str:
    """`2 workers, batch 32, prefetch 4`: workers and batch, and what differs from the defaults."""
    workers = "1 worker" if settings.num_workers == 1 else f"{settings.num_workers} workers"
    parts = [workers, f"batch {settings.batch_size}"]
    if settings.num_workers:
        if settings.prefetch_factor != 2:
            parts.append(f"prefetch {settings.prefetch_factor}")
        if settings.persistent_workers:
            parts.append("persistent")
        if not settings.in_order:
            parts.append("any order")
        if settings.start_method:
            parts.append(settings.start_method)
    if settings.pin_memory:
        parts.append("pinned")
    if settings.shuffle:
        parts.append("shuffled")
    if settings.drop_last:
        parts.append("drop last")
    if step_seconds:
        parts.append(f"step {step_seconds * 1000:g} ms")
    return ", ".join(parts)
