"""The rungs of chapter 10d on 2,000 photos: times the guide's code, memory, what a model learns from them.

    python -m benchmarks.ladder                       # prints the tables
    python -m benchmarks.ladder --json notebooks/recordings/loaders/ladder.json --accuracy 3

The rungs are the chapter's own cells, those tagged `rung`: here they run with more photos and more rounds.
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import psutil
import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.race.cores import CORES
from benchmarks.race.json_file import write_whole
from benchmarks.race.machine import machine, versions
from dpwidgets import samples
from dpwidgets.prep.fast.threads import InThreads

CHAPTER = Path(__file__).parents[1] / "notebooks" / "source" / "10d_speed_ladder.py"
EPOCHS = 6


def climb(photos: int, rounds: int, scratch: Path, data_dir: Path | None = None) -> dict[str, Any]:
    """Runs the rungs; returns the names that their cells made, `ladder` and `training` among them."""
    names: dict[str, Any] = {
        "__name__": "rungs", "data_dir": data_dir, "photos": photos, "rounds": rounds, "size": 224,
        "batch_size": 32, "workers": CORES, "seed": 0, "scratch": argparse.Namespace(name=str(scratch)),
    }  # fmt: skip
    book = jupytext.reads(CHAPTER.read_text(encoding="utf-8"), fmt="py:percent")
    for cell in book.cells:
        if {"imports", "rung"} & set(cell.metadata.get("tags", [])):
            exec(cell.source, names)
    return names


def accuracies(names: dict[str, Any], seeds: int) -> dict[str, list[float]]:
    """Test accuracy of a small network for each training pipeline and seed; two regions in six held out."""
    every = {name: names[name] for name in ("paths", "labels", "chosen")}
    regions = samples.photo_regions(names["root"])
    region = [regions[Path(path).relative_to(names["root"]).as_posix()] for path in every["paths"]]
    test = [one.endswith(("4", "5")) for one in region]

    def only(wanted: bool) -> None:
        """The rungs see these photos from now on."""
        rows = [i for i, one in enumerate(test) if one == wanted]
        for name, values in every.items():
            names[name] = values[rows] if name == "labels" else [values[i] for i in rows]

    scores: dict[str, list[float]] = {"guide_training": [], "fused_training": []}
    for seed in range(seeds):
        for name, found in scores.items():
            only(False)
            network = _trained(names[name](), seed)
            only(True)
            found.append(_accuracy(network, names["guide"]()))
    names |= every
    return scores


def _trained(loader: DataLoader | InThreads, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    inner = loader.loader if isinstance(loader, InThreads) else loader
    shuffled: Any = DataLoader(inner.dataset, 32, shuffle=True, drop_last=True, collate_fn=inner.collate_fn)
    shuffled = InThreads(shuffled) if isinstance(loader, InThreads) else shuffled
    layers: list[nn.Module] = [nn.AvgPool2d(4)]
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.AdamW(network.parameters(), 4e-3)
    steps = EPOCHS * len(shuffled)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for images, labels in shuffled:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
            scheduler.step()
    return network.eval()


@torch.no_grad()
def _accuracy(network: nn.Module, loader: DataLoader) -> float:
    right = [(network(images).argmax(dim=1) == labels).float() for images, labels in loader]
    return torch.cat(right).mean().item()


def record(names: dict[str, Any], scores: dict[str, list[float]]) -> dict[str, Any]:
    """What chapter 10d shows: one entry for each rung, and the machine's shape."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(["torch", "torchvision", "pillow", "numba", "simplejpeg"]),
        "photos": len(names["paths"]),
        "rounds": names["rounds"],
        "evaluation": [_rung(one) for one in names["ladder"].rungs],
        "training": [_rung(one) for one in names["training"].rungs],
        "accuracy": {name: [round(one, 3) for one in found] for name, found in scores.items()},
    }


def _rung(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "images_per_second": round(one.images_per_second),
        "times_start": round(one.times_start, 2),
        "spread": [round(value, 2) for value in one.spread],
        "memory_mb": round(one.memory_mb),
        "setup_seconds": round(one.setup_seconds, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, help="photos, one folder for each class (default: the samples)"
    )
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--accuracy", type=int, default=0, metavar="SEEDS", help="train so many times on each"
    )
    parser.add_argument("--json", type=Path, help="write the record there")
    options = parser.parse_args()
    if options.accuracy and options.folder:
        parser.error("--accuracy needs the sample photos, whose regions are known; leave out --folder.")
    busy = psutil.cpu_percent(interval=1)  # over this second: without one it would tell of our own imports
    begun = time.time()
    with tempfile.TemporaryDirectory() as scratch:
        names = climb(options.images, options.rounds, Path(scratch), options.folder)
        for ladder in (names["ladder"], names["training"]):
            spread = [f"{low:.1f} to {high:.1f}" for low, high in (rung.spread for rung in ladder.rungs)]
            print(ladder.table().assign(spread=spread).to_string(), end="\n\n")
        scores = accuracies(names, options.accuracy) if options.accuracy else {}
    for name, found in scores.items():
        print(f"{name}: accuracy {np.mean(found):.3f} ({', '.join(f'{one:.3f}' for one in found)})")
    if options.json:
        write_whole(options.json, record(names, scores))
    print(f"{time.time() - begun:.0f} s; the machine was {busy:.0f} % busy before the start")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
