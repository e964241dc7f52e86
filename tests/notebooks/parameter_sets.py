"""With which parameters each chapter is run, headless, beside its defaults.

Every chapter needs at least three sets: its defaults (no parameters), another seed or other sizes, and one
that must be refused. Keep them small: each is a whole run. A new chapter adds a line here:

    "05_augmentation": (
        ParameterSet("defaults"),
        ParameterSet("another seed, smaller", {"seed": 7, "image_size": 64}),
        ParameterSet("no tiles", {"tiles": 0}, refused=("tiles", "1 to 64")),
    ),
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from own_data import photos, scenes, shared_folder, table


@dataclass(frozen=True)
class ParameterSet:
    """One headless run of a chapter."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values for the parameters cell. `{scratch}` in a text becomes a temporary folder."""
    files: Callable[[Path], None] | None = None
    """Puts files into that folder first."""
    refused: tuple[str, ...] = ()
    """What the message of the check must name; empty where the run must come to its end."""
    start_method: str = ""
    """How processes start where the chapter does not say; empty for the system's way."""

    @property
    def title(self) -> str:
        return f"{self.name}, processes by {self.start_method}" if self.start_method else self.name


SETS: dict[str, tuple[ParameterSet, ...]] = {
    "00_start_here": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own photos, smaller",
            {"seed": 3, "batch_size": 8, "batches": 4, "size": 32, "data_dir": "{scratch}/photos"},
            files=photos,
            start_method="spawn",
        ),
        ParameterSet("a batch of none", {"batch_size": 0}, refused=("batch_size", "1 to 256")),
        ParameterSet("no such folder", {"data_dir": "{scratch}/missing"}, refused=("data_dir", "missing")),
    ),
    "01_tensors": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own pictures, smaller",
            {
                "seed": 7,
                "picture": 3,
                "size": 32,
                "batch_size": 4,
                "side": 16,
                "data_dir": "{scratch}/photos",
            },
            files=partial(photos, hidden=True),
        ),
        ParameterSet("no batch", {"batch_size": 1, "side": 500}, refused=("batch_size", "2 to 256", "side")),
    ),
    "02_dataset_dataloader": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own photos, smaller, workers by forkserver",
            {
                "seed": 7,
                "size": 32,
                "batch_size": 8,
                "timed": 32,
                "start_method": "forkserver",
                "data_dir": "{scratch}/photos",
            },
            files=photos,
        ),
        ParameterSet(
            "no such start method",
            {"start_method": "thread", "timed": 0},
            refused=("start_method", "'spawn'", "timed", "16 to 100000"),
        ),
    ),
    "03_transforms": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own pictures, smaller",
            {
                "seed": 7,
                "picture": 3,
                "size": 48,
                "images": 60,
                "batch_size": 8,
                "data_dir": "{scratch}/photos",
            },
            files=partial(photos, hidden=True),
        ),
        ParameterSet("too few images", {"images": 5}, refused=("images", "20 to 1000")),
    ),
    "04_cleaning": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own table, smaller, more holes",
            {
                "seed": 7,
                "bikes": 200,
                "rows": 300,
                "share": 0.5,
                "repeats": 20,
                "data_file": "{scratch}/table.csv",
            },
            files=table,
        ),
        ParameterSet(
            "too many holes, too few rows",
            {"share": 0.9, "rows": 10},
            refused=("share", "0.1 to 0.5", "rows", "300 to 5000"),
        ),
        ParameterSet("no such table", {"data_file": "{scratch}/mine.csv"}, refused=("data_file", "mine.csv")),
    ),
    "05_augmentation": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own pictures",
            {"seed": 7, "picture": 3, "size": 64, "tiles": 4, "data_dir": "{scratch}/photos"},
            files=partial(photos, hidden=True),
        ),
        ParameterSet("too many tiles", {"tiles": 99}, refused=("tiles", "2 to 24")),
    ),
    "06_splitting_batching": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, other sizes",
            {
                "seed": 7,
                "rows": 300,
                "positives": 20,
                "draws": 60,
                "photos_each": 30,
                "batch_size": 64,
                "lr": 0.02,
            },
        ),
        ParameterSet(
            "rare rows and a high rate",
            {"positives": 2, "lr": 5},
            refused=("positives", "10 to 50", "lr", "0.001 to 0.1"),
        ),
    ),
    "07_multimodal": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own scenes, other sizes, few epochs",
            {
                "seed": 7,
                "batch_size": 8,
                "offset": 0.75,
                "tone": 1000,
                "held_out": 60,
                "epochs": 25,
                "data_dir": "{scratch}/scenes",
            },
            files=scenes,
            start_method="spawn",
        ),
        ParameterSet(
            "no test scenes, no such folder",
            {"held_out": 5, "data_dir": "{scratch}/missing"},
            refused=("held_out", "20 to 200", "data_dir", "missing"),
        ),
    ),
    "05b_text_augmentation": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, stronger, fewer, a text file",
            {
                "seed": 7,
                "strength": 0.4,
                "calls": 500,
                "train_sentences": 48,
                "repeats": 2,
                "text_file": "../README.md",
            },
        ),
        ParameterSet("too strong", {"strength": 2, "calls": 0}, refused=("strength", "0.05 to 0.5", "calls")),
        ParameterSet("no such file", {"text_file": "{scratch}/missing.txt"}, refused=("text_file", "UTF-8")),
    ),
    "10b_collecting_data": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own pictures, more photos, larger pages, a folder to keep",
            {
                "seed": 7,
                "per_class": 14,
                "page_size": 25,
                "rate": 20,
                "source_dir": "{scratch}/photos",
                "data_dir": "{scratch}/collected",
            },
            files=photos,
        ),
        ParameterSet(
            "no pages, no such folder",
            {"page_size": 0, "source_dir": "{scratch}/missing"},
            refused=("page_size", "2 to 50", "source_dir", "missing"),
        ),
    ),
    "09_distributed": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own folder, smaller, without Spark",
            {
                "seed": 7,
                "rows": 1600,
                "nodes": 5,
                "photos": 10,
                "spark_master": None,
                "work_dir": "{scratch}/shared folder",
            },
            files=shared_folder,
        ),
        ParameterSet(
            "no such masters",
            {"spark_master": "spark", "dask_address": "localhost:8786"},
            refused=("spark_master", "local", "dask_address", "tcp"),
        ),
        ParameterSet(
            "no scheduler there",
            {"dask_address": "tcp://127.0.0.1:9"},
            refused=("dask_address", "dask worker"),
        ),
    ),
    "08_caching_gpu": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, smaller, workers by forkserver",
            {
                "seed": 7,
                "photos": 48,
                "edge": 64,
                "batch_size": 4,
                "load_ms": 10,
                "step_ms": 5,
                "start_method": "forkserver",
            },
        ),
        ParameterSet("too few photos", {"photos": 3, "edge": 1}, refused=("photos", "32 to 1600", "edge")),
    ),
    "10c_profiling": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own photos, fewer and smaller, workers by forkserver",
            {
                "seed": 7,
                "photos": 32,
                "batch_size": 8,
                "size": 64,
                "repeats": 3,
                "start_method": "forkserver",
                "data_dir": "{scratch}/photos",
            },
            files=photos,
        ),
        ParameterSet(
            "too few photos, no such folder",
            {"photos": 3, "data_dir": "{scratch}/missing"},
            refused=("photos", "32 to 10000", "data_dir", "missing"),
        ),
    ),
    "10_end_to_end": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own photos, short, may stop early",
            {
                "seed": 1,
                "epochs": 3,
                "patience": 1,
                "schedule": "none",
                "image_size": 32,
                "batch_size": 19,  # 20 photos to learn from: one is left for the last batch
                "data_dir": "{scratch}/photos",
            },
            files=partial(photos, fewest=8),
        ),
        ParameterSet(
            "two wrong values",
            {"batch_size": "many", "policy": "hope"},
            refused=("batch_size", "policy", "skip"),
        ),
        ParameterSet(
            "weights of a model that has none",
            {"weights": "DEFAULT"},
            refused=("weights", "small_cnn", "resnet18"),
        ),
    ),
    "10d_speed_ladder": (
        ParameterSet("defaults"),
        ParameterSet(
            "another seed, own photos, fewer and smaller, one worker",
            {
                "seed": 7,
                "photos": 48,
                "size": 96,
                "batch_size": 12,
                "workers": 1,
                "data_dir": "{scratch}/photos",
            },
            files=photos,
        ),
        ParameterSet(
            "no turns, too few photos, no such folder",
            {"rounds": 0, "photos": 4, "data_dir": "{scratch}/missing"},
            refused=("rounds", "1 to 100", "photos", "data_dir", "missing"),
        ),
    ),
}
