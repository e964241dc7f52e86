"""Moves a batch to a device, whatever shape it has."""

from collections.abc import Mapping, MutableMapping
from copy import copy
from typing import Any

import torch


def to_device(batch: Any, device: torch.device) -> Any:
    """`batch` with every tensor in it on `device`: in mappings, lists and (named) tuples, however nested.

    Other objects that have a method `to` are moved by it; what has none stays as it is. Waits until the
    copies are done.
    """
    moved = _move(batch, device)
    if device.type not in ("cpu", "meta"):
        torch.accelerator.synchronize(device)
    return moved


def _move(value: Any, device: torch.device) -> Any:
    if isinstance(value, Mapping):
        parts = {key: _move(part, device) for key, part in value.items()}
        if type(value) is dict or not isinstance(value, MutableMapping):
            return parts
        mapping = copy(value)  # its own kind, with what else it carries
        mapping.update(parts)
        return mapping
    if isinstance(value, tuple) and not hasattr(value, "to"):  # a PackedSequence has its own way
        parts_in_order = [_move(part, device) for part in value]
        return type(value)(*parts_in_order) if hasattr(value, "_fields") else type(value)(parts_in_order)
    if isinstance(value, list):
        return [_move(part, device) for part in value]
    return value.to(device, non_blocking=True) if hasattr(value, "to") else value
