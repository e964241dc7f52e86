"""The settings of a DataLoader as one value: checked, shown as code, turned into arguments."""

import multiprocessing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any

from dpwidgets.prep.errors import ReaderError

MAX_BATCH_SIZE = 65_536
MAX_WORKERS = 64
MAX_PREFETCH = 64


class SettingsError(ReaderError):
    """A loader setting is unknown or not allowed; the message names it, its value and what is allowed."""


@dataclass(frozen=True)
class LoaderSettings:
    """What `torch.utils.data.DataLoader` is told, beside the dataset and `collate_fn`.

    Attributes:
        batch_size: items per batch, 1 to 65536.
        num_workers: processes that load; 0 loads in the process that iterates.
        prefetch_factor: batches that each worker makes ahead; without workers it is not passed on.
        persistent_workers: keep the workers between epochs; without workers it is not passed on.
        pin_memory: copy batches to page-locked memory; does something only with an accelerator.
        shuffle: a new order each epoch; not passed on for an IterableDataset.
        drop_last: leave out a last batch that is not full.
        in_order: batches come in the sampler's order; without workers it is not passed on.
        start_method: "fork", "spawn", "forkserver", or "" for the platform's own.

    Raises:
        SettingsError: for a value that is not allowed.
    """

    batch_size: int = 32
    num_workers: int = 0
    prefetch_factor: int = 2
    persistent_workers: bool = False
    pin_memory: bool = False
    shuffle: bool = False
    drop_last: bool = False
    in_order: bool = True
    start_method: str = ""

    def __post_init__(self) -> None:
        ranges = {
            "batch_size": (1, MAX_BATCH_SIZE), "num_workers": (0, MAX_WORKERS),
            "prefetch_factor": (1, MAX_PREFETCH),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise SettingsError(
                    f"{name}={value!r} is not allowed; give a whole number from {low} to {high}."
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is bool and not isinstance(value, bool):
                raise SettingsError(f"{field.name}={value!r} is not allowed; give True or False.")
        methods = ("", *multiprocessing.get_all_start_methods())
        if self.start_method not in methods:
            listed = ", ".join(repr(method) for method in methods)
            raise SettingsError(
                f"start_method={self.start_method!r} is not allowed here; give one of {listed}."
            )

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "LoaderSettings":
        """Settings from names and values; what is left out takes its default.

        Raises:
            SettingsError: for a name that is not known, or a value that is not allowed.
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                close = get_close_matches(str(name), known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}."
                raise SettingsError(f"{name!r} is not a loader setting{hint}")
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Names and values, JSON-able."""
        return asdict(self)

    def arguments(self, iterable: bool = False) -> dict[str, Any]:
        """Keyword arguments for `DataLoader`, only those that differ from its defaults or always matter.

        Args:
            iterable: the dataset is an IterableDataset, which takes no `shuffle`.
        """
        arguments: dict[str, Any] = {"batch_size": self.batch_size, "num_workers": self.num_workers}
        if self.shuffle and not iterable:
            arguments["shuffle"] = True
        if self.num_workers:
            arguments["prefetch_factor"] = self.prefetch_factor
            if self.persistent_workers:
                arguments["persistent_workers"] = True
            if not self.in_order:
                arguments["in_order"] = False
            if self.start_method:
                arguments["multiprocessing_context"] = self.start_method
        if self.pin_memory:
            arguments["pin_memory"] = True
        if self.drop_last:
            arguments["drop_last"] = True
        return arguments

    def to_code(self, *, iterable: bool = False, collate: bool = False) -> str:
        """`loader = DataLoader(dataset, …)` as plain PyTorch.

        Args:
            iterable: as for `arguments`.
            collate: the loader has a `collate_fn` of its own.
        """
        parts = [f"{name}={value!r}" for name, value in self.arguments(iterable).items()]
        if collate:
            parts.append("collate_fn=collate_fn")
        lines = "".join(f"    {part},\n" for part in ["dataset", *parts])
        return f"from torch.utils.data import DataLoader\n\nloader = DataLoader(\n{lines})\n"

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
