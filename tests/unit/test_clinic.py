"""The patients of chapter 10c: right pixels, each with exactly the fault that the chapter counts."""

import builtins
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch
from PIL import Image, ImageFile
from torchvision.transforms.v2.functional import pil_to_tensor

from dpwidgets import samples
from dpwidgets.prep import clinic

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)


@pytest.fixture(scope="module")
def root() -> Path:
    return samples.photos()


@pytest.fixture(scope="module")
def names(root: Path) -> list[str]:
    return sorted(file.relative_to(root).as_posix() for file in root.rglob("*.jpg"))[::500]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The size at which each photo is decoded."""
    sizes: list[tuple[int, int]] = []
    load = ImageFile.ImageFile.load

    def watched(photo: ImageFile.ImageFile) -> object:
        if photo.tile:
            sizes.append(photo.size)
        return load(photo)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    return sizes


def test_stamps_decodes_the_whole_photo(
    root: Path, names: list[str], tmp_path: Path, decoded: list[tuple[int, int]]
) -> None:
    (big,) = clinic.big_photos([root / names[0]], tmp_path)
    with Image.open(big) as photo:
        whole = photo.size
    assert whole[0] == 2000
    decoded.clear()
    slow, quick = clinic.Stamps([big])[0], clinic.stamp(big)
    assert decoded[0] == whole
    assert decoded[1][0] == whole[0] // 8
    assert slow.shape == quick.shape == (3, 64, 64)
    assert slow.dtype == torch.uint8
    assert (slow.float() - quick.float()).abs().mean() < 4


def test_labelled_reads_the_label_file_for_each_item(
    root: Path, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tmp_path / "labels.csv"
    clinic.label_file(names, labels)
    dataset = clinic.Labelled(root, names, labels)
    opened = []
    plain = builtins.open

    def watched(file, *args, **kwargs):
        opened.append(Path(file))
        return plain(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", watched)
    items = [dataset[i] for i in range(len(dataset))]
    assert [label for _, label in items] == [name.split("/")[0] for name in names]
    assert torch.equal(items[1][0], clinic.stamp(root / names[1]))
    assert opened.count(labels) == len(names)


def test_boxed_goes_through_all_notes_for_each_item(root: Path, names: list[str]) -> None:
    class Counted(list):
        touched = 0

        def __iter__(self) -> Iterator:
            for note in super().__iter__():
                self.touched += 1
                yield note

    notes = Counted({"file": name, "box": (0, 0, n, n)} for n in (1, 2) for name in names)
    dataset = clinic.Boxed(root, names[:3], notes)
    for i in range(len(dataset)):
        assert dataset[i][1] == [(0, 0, 1, 1), (0, 0, 2, 2)]
    assert notes.touched == 3 * len(notes)


def test_normalised_gives_four_bytes_a_pixel(root: Path, names: list[str]) -> None:
    photos = torch.stack([clinic.stamp(root / name) for name in names])
    item = clinic.Normalised(photos, MEAN, STD)[1]
    right = (photos[1].double() / 255 - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(STD).reshape(
        3, 1, 1
    )
    assert torch.allclose(item.double(), right, atol=1e-5)
    assert item.nbytes == 4 * photos[1].nbytes


def test_channel_mean_keeps_every_photo(root: Path, names: list[str]) -> None:
    photos = torch.stack([clinic.stamp(root / name) for name in names])
    mean = clinic.ChannelMean()
    mean.update(photos[:3])
    last = mean.update(photos[3:])
    assert torch.allclose(last.double(), (photos.double() / 255).mean(dim=(0, 2, 3)), atol=1e-5)
    assert mean.seen.nbytes == 4 * photos.nbytes


@pytest.mark.timeout(120)
def test_batches_of_starts_new_workers_for_each_epoch(root: Path, names: list[str]) -> None:
    signed = clinic.Signed([root / name for name in names])
    batches = clinic.batches_of(signed, 2, batch_size=1, num_workers=2, timeout=60)
    epochs = [[next(batches)[1].item() for _ in names] for _ in range(2)]
    assert [len(set(processes)) for processes in epochs] == [2, 2]
    assert not set(epochs[0]) & set(epochs[1])
    assert next(batches, None) is None


def test_archive_decodes_while_it_holds_the_lock(
    root: Path,
    names: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoded: list[tuple[int, int]],
) -> None:
    with ZipFile(tmp_path / "photos.zip", "w") as zipped:
        for name in names:
            zipped.write(root / name, name)
    dataset = clinic.Archive(tmp_path / "photos.zip")
    until_free = []

    @contextmanager
    def lock(path: str, poll_interval: float) -> Iterator[None]:
        yield
        until_free.append(len(decoded))

    monkeypatch.setattr(clinic, "FileLock", lock)
    assert len(dataset) == len(names)
    with Image.open(root / names[0]) as photo:
        right = pil_to_tensor(photo.convert("RGB").resize((64, 64)))
    decoded.clear()
    assert torch.equal(dataset[0], right)
    assert until_free == [1]


def test_all_patients_travel_to_workers(root: Path, names: list[str], tmp_path: Path) -> None:
    """As under spawn, which sends them as a pickle."""
    clinic.label_file(names, tmp_path / "labels.csv")
    files = [root / name for name in names]
    with ZipFile(tmp_path / "photos.zip", "w") as zipped:
        zipped.write(files[0], names[0])
    patients = (
        clinic.Stamps(files),
        clinic.Labelled(root, names, tmp_path / "labels.csv"),
        clinic.Boxed(root, names, [{"file": names[0], "box": (0, 0, 1, 1)}]),
        clinic.Normalised(torch.zeros(1, 3, 2, 2, dtype=torch.uint8), MEAN, STD),
        clinic.Signed(files),
        clinic.Archive(tmp_path / "photos.zip"),
    )
    for patient in patients:
        twin = pickle.loads(pickle.dumps(patient))
        assert len(twin) == len(patient)
        mine, its = (item if isinstance(item, torch.Tensor) else item[0] for item in (patient[0], twin[0]))
        assert torch.equal(mine, its)
