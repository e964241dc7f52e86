"""What this machine offers: each thing read on the spot, nothing guessed, nothing tried over a network."""

import importlib.util
import multiprocessing
import os
import platform
import shutil
from pathlib import Path

GIB = 2**30


def machine_facts(folder: Path) -> tuple[tuple[str, str], ...]:
    """Name and value of each thing that matters for loading data.

    Args:
        folder: where the sample data lives, or will live: its disk is the one asked for free space.
    """
    rows = [
        ("system", f"{platform.system()} {platform.machine()}"),
        ("CPU cores for this process", str(cores())),
        ("memory", f"{memory() / GIB:.1f} GiB"),
    ]
    shared = Path("/dev/shm")
    if shared.is_dir():  # Linux: worker processes hand their batches over through it
        rows.append(("shared memory", f"{shutil.disk_usage(shared).total / GIB:.1f} GiB"))
    rows += [
        ("accelerator", accelerator()),
        ("worker processes start by", start_method()),
        ("free disk for the sample data", f"{free_disk(folder) / GIB:.1f} GiB"),
        ("network", "not tried: no chapter needs it"),
    ]
    return tuple(rows)


def cores() -> int:
    """Cores that this process may use: in a container or on a cluster often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Bytes of memory: the machine's, or the container's limit (in the file `limit`) where that is lower."""
    import psutil

    total = int(psutil.virtual_memory().total)
    try:
        return min(total, int(limit.read_text()))
    except (OSError, ValueError):  # no such file, or the word "max"
        return total


def accelerator() -> str:
    """The device that PyTorch would compute on, or that there is none."""
    if importlib.util.find_spec("torch") is None:
        return "unknown: torch is not installed"
    import torch

    kind = torch.accelerator.current_accelerator(check_available=True)
    if kind is None:
        return "none: everything runs on the CPU"
    if kind.type != "cuda":
        return kind.type
    device = torch.cuda.get_device_properties(0)
    return f"cuda: {device.name}, {device.total_memory / GIB:.0f} GiB"


def start_method() -> str:
    """How a DataLoader's workers start: fork, forkserver or spawn."""
    # The first method listed is the default; asking for the one in use would fix it for the whole process.
    return multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]


def free_disk(folder: Path) -> int:
    """Bytes free on the disk where `folder` is, or will be."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
