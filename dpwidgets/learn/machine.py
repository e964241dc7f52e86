"""What this machine offers: each thing read on the spot, nothing guessed, nothing tried over a network."""

import importlib.util
import multiprocessing
import platform
import shutil
from collections.abc import Iterable
from pathlib import Path

from dpwidgets.prep.cores import usable_cores

GIB = 2**30
SHARED_ENOUGH = GIB // 2
LAB_EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")


def machine_facts(folder: Path) -> tuple[tuple[str, str], ...]:
    """Name and value of each thing that matters for loading data.

    Args:
        folder: where the sample data lives, or will live: its disk is the one asked for free space.
    """
    rows = [
        ("system", f"{platform.system()} {platform.machine()}"),
        ("CPU cores for this process", str(usable_cores())),
        ("memory", f"{memory() / GIB:.1f} GiB"),
    ]
    shared = Path("/dev/shm")
    if shared.is_dir():  # Linux: worker processes hand their batches over through it
        rows.append(("shared memory", shared_memory(shutil.disk_usage(shared).total)))
    rows += [
        ("accelerator", accelerator()),
        ("worker processes start by", start_method()),
        ("free disk for the sample data", f"{free_disk(folder) / GIB:.1f} GiB"),
        ("widgets in JupyterLab", widgets()),
        ("network", "not tried: no chapter needs it"),
    ]
    return tuple(rows)


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


def shared_memory(size: int) -> str:
    """The size (bytes), and a warning where batches from workers may not fit: Docker gives 64 MiB."""
    text = f"{size / GIB:.1f} GiB"
    if size >= SHARED_ENOUGH:
        return text
    return f"{text}: little, workers may die with a bus error; start the container with --shm-size=2g"


def widgets(folders: Iterable[str] | None = None) -> str:
    """Whether JupyterLab has what the labs' sliders need.

    Args:
        folders: where JupyterLab looks for extensions; None asks Jupyter.
    """
    from jupyter_core.paths import jupyter_path

    places = [Path(folder) for folder in folders or jupyter_path("labextensions")]
    missing = [name for name in LAB_EXTENSIONS if not any((place / name).is_dir() for place in places)]
    if not missing:
        return "ready"
    return f"JupyterLab lacks {' and '.join(missing)}: labs show no sliders; run `make lab` again"


def free_disk(folder: Path) -> int:
    """Bytes free on the disk where `folder` is, or will be."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
