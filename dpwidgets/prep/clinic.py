"""Patients for chapter 10c: small pipelines that give the right pixels, each slow for one reason.

They stand in a module so that workers can import them however they are started, and they are short so that a
reader can look at one (`inspect.getsource`). The reason is not told here: finding it is the exercise.
Photos are decoded for real; nothing sleeps in place of work. `big_photos` and `label_file` make the files
that two of them read.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
from filelock import FileLock
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2.functional import pil_to_tensor

Box = tuple[int, int, int, int]  # left, upper, right, lower, pixels


class Stamps(Dataset[torch.Tensor]):
    """Photos as uint8 (3, edge, edge)."""

    def __init__(self, files: Sequence[Path], edge: int = 64) -> None:
        self.files, self.edge = files, edge

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> torch.Tensor:
        with Image.open(self.files[i]) as photo:
            small = photo.convert("RGB").resize((self.edge, self.edge), Image.Resampling.BILINEAR)
        return pil_to_tensor(small)


class Labelled(Dataset[tuple[torch.Tensor, str]]):
    """Photos as uint8 (3, 64, 64), each with its label from a CSV file with the columns file and label."""

    def __init__(self, root: Path, files: Sequence[str], labels: Path) -> None:
        self.root, self.files, self.labels = root, files, labels

    def __len__(self) -> int:
        return len(self.files)

    def label_of(self, name: str) -> str:
        with open(self.labels, newline="", encoding="utf-8") as table:
            return {row["file"]: row["label"] for row in csv.DictReader(table)}[name]

    def __getitem__(self, i: int) -> tuple[torch.Tensor, str]:
        return stamp(self.root / self.files[i]), self.label_of(self.files[i])


class Boxed(Dataset[tuple[torch.Tensor, list[Box]]]):
    """Photos as uint8 (3, 64, 64), each with its boxes out of notes such as {"file": ..., "box": ...}."""

    def __init__(self, root: Path, files: Sequence[str], notes: list[dict[str, Any]]) -> None:
        self.root, self.files, self.notes = root, files, notes

    def __len__(self) -> int:
        return len(self.files)

    def boxes_of(self, name: str) -> list[Box]:
        boxes = []
        for note in self.notes:
            if note["file"] == name:
                boxes.append(note["box"])
        return boxes

    def __getitem__(self, i: int) -> tuple[torch.Tensor, list[Box]]:
        return stamp(self.root / self.files[i]), self.boxes_of(self.files[i])


class Normalised(Dataset[torch.Tensor]):
    """Photos from memory, uint8 (N, 3, H, W), as float32 (3, H, W), normalised."""

    def __init__(self, photos: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> None:
        self.photos = photos
        self.mean, self.std = (torch.tensor(values).reshape(3, 1, 1) for values in (mean, std))

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, i: int) -> torch.Tensor:
        return (self.photos[i] / 255 - self.mean) / self.std


class ChannelMean:
    """The mean of each channel over all photos so far, kept by a training loop."""

    def __init__(self) -> None:
        self.seen = torch.empty(0)

    def update(self, photos: torch.Tensor) -> torch.Tensor:
        """Take in uint8 (B, 3, H, W); return the mean of each channel, (3,), on the scale 0 to 1."""
        self.seen = torch.cat([self.seen, photos / 255])
        return self.seen.mean(dim=(0, 2, 3))


class Archive(Dataset[torch.Tensor]):
    """Photos out of one zip file, as uint8 (3, 64, 64)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with ZipFile(path) as archive:
            self.names = archive.namelist()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i: int) -> torch.Tensor:
        one_reader_at_a_time = FileLock(f"{self.path}.lock", poll_interval=0.001)
        with one_reader_at_a_time, ZipFile(self.path) as archive, archive.open(self.names[i]) as file:
            return pil_to_tensor(Image.open(file).convert("RGB").resize((64, 64)))


class Signed(Dataset[tuple[torch.Tensor, int]]):
    """Photos as uint8 (3, 64, 64), each with the number of the process that read it."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return stamp(self.files[i]), os.getpid()


def batches_of(dataset: Dataset, epochs: int, **options: Any) -> Iterator[Any]:
    """The batches of `epochs` epochs of shuffled data; `options` go to the DataLoader."""
    for _ in range(epochs):
        loader: DataLoader = DataLoader(dataset, shuffle=True, **options)
        yield from loader


def stamp(file: Path, edge: int = 64) -> torch.Tensor:
    """A photo as uint8 (3, edge, edge), decoded no larger than that needs."""
    with Image.open(file) as photo:
        photo.draft("RGB", (edge, edge))
        return pil_to_tensor(photo.convert("RGB").resize((edge, edge)))


def big_photos(files: Sequence[Path], folder: Path, width: int = 2000) -> list[Path]:
    """Copies of `files` in `folder`, JPEGs `width` pixels wide, with grain: as a camera makes them."""
    made = []
    for number, file in enumerate(files):
        with Image.open(file) as photo:
            large = photo.convert("RGB").resize((width, width * photo.height // photo.width))
        grain = np.random.default_rng(number).integers(0, 24, (large.height, large.width, 1), dtype=np.uint8)
        made.append(folder / f"{number:04}.jpg")
        Image.fromarray(np.minimum(np.asarray(large), 231) + grain).save(made[-1], quality=95, subsampling=0)
    return made


def label_file(names: Sequence[str], path: Path) -> None:
    """Write to `path` the columns file and label, where the label is the folder that the file is in."""
    with open(path, "w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["file", "label"])
        rows.writerows([name, name.split("/")[0]] for name in names)
