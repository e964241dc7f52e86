"""What chapter 08's GPU cells measure, recorded for readers without a GPU.

    python -m benchmarks.gpu_recordings           with CUDA, XPU or MPS: writes notebooks/recordings/
    python -m benchmarks.gpu_recordings --check   on any machine: small sizes, on the CPU, writes nothing

The functions are taken out of the chapter's source, so that a recording is what its cells would measure:
pinned against pageable memory, `non_blocking`, uint8 against float32, a copy beside the computing, transforms
on the device, mixed precision, a compiled model.
"""

import argparse
import ast
import datetime
import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torchvision
from torchvision.transforms import v2

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "notebooks" / "source" / "08_caching_gpu.py"
RECORDINGS = ROOT / "notebooks" / "recordings"
TOPICS = {"copies": "copies", "overlap": "overlap", "on the device": "on_device"}
"""Name of a recording's table -> function of the chapter that measures it."""
Shape = tuple[int, int, int, int]
Tables = dict[str, dict[str, float]]
_HELPERS = ("seconds", "to_device", "Prefetcher", "train_step")
_SHAPE, _SMALL = (32, 3, 224, 224), (2, 3, 32, 32)


class RecordingError(RuntimeError):
    """Nothing can be recorded here, or the chapter lacks a function; the message says which."""


def chapter_functions(device: torch.device, shape: Shape, pretend_pinned: bool = False) -> dict[str, Any]:
    """The chapter's measuring functions, in a namespace with what they need.

    Args:
        device: where to measure.
        shape: of the batch, (N, C, H, W).
        pretend_pinned: take the ways with pinned memory on a device without it, too.

    Raises:
        RecordingError: the chapter's source has no function or class of that name.
    """
    wanted = {*TOPICS.values(), *_HELPERS}
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    body = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in wanted
    ]
    if missing := wanted - {node.name for node in body}:
        raise RecordingError(
            f"{SOURCE.name} has no {', '.join(sorted(missing))}; change TOPICS with the chapter"
        )
    namespace: dict[str, Any] = {
        "torch": torch,
        "time": time,
        "Callable": Callable,
        "Iterator": Iterator,
        "device": device,
        "can_pin": device.type in ("cuda", "xpu") or pretend_pinned,
        "shape": shape,
        "as_bytes": torch.randint(0, 256, shape, dtype=torch.uint8),
        "on_cpu": v2.Compose(
            [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.25] * 3)],
        ),
    }
    exec(compile(ast.Module(body, []), SOURCE.name, "exec"), namespace)
    return namespace


def measured(device: torch.device, shape: Shape = _SHAPE, pretend_pinned: bool = False) -> Tables:
    """A table for each topic: what was timed -> milliseconds."""
    functions = chapter_functions(device, shape, pretend_pinned)
    return {topic: functions[name]() for topic, name in TOPICS.items()}


def recording(device: torch.device) -> dict[str, Any]:
    """Device, versions, date and the tables, ready for JSON."""
    return {
        "device": torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{platform.machine()} GPU",
        "kind": device.type,
        "versions": {
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "cuda": torch.version.cuda if device.type == "cuda" else None,
            "python": platform.python_version(),
        },
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "results": {
            topic: {name: round(value, 4) for name, value in table.items()}
            for topic, table in measured(device).items()
        },
    }


def check() -> Tables:
    """Run all of it on the CPU, small: without a device nothing can be pinned, and nothing is waited for."""
    pinned = mock.patch.object(torch.Tensor, "pin_memory", lambda tensor: tensor)
    with pinned, mock.patch.object(torch.accelerator, "synchronize"):
        return measured(torch.device("cpu"), _SMALL, pretend_pinned=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_recordings", description=__doc__)
    parser.add_argument("--check", action="store_true", help="small, on the CPU, writes nothing")
    if parser.parse_args(arguments).check:
        for topic, table in check().items():
            print(f"{topic}: {len(table)} figures")
        return 0
    device = torch.accelerator.current_accelerator(check_available=True)
    if device is None:
        print("There is no CUDA, XPU or MPS device here. --check runs the functions on the CPU.")
        return 1
    found = recording(device)
    RECORDINGS.mkdir(exist_ok=True)
    path = RECORDINGS / f"{device.type}.json"
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
