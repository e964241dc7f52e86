"""The reader's own images, from whatever they come as."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset

from dpwidgets.prep.images import SHORT_SIDE, read_source

RED = (200, 30, 30)


def save(path: Path, size: tuple[int, int] = (40, 30), **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, RED).save(path, **more)
    return path


def test_a_folder_per_class_takes_the_classes_in_turn(tmp_path: Path) -> None:
    for name in ("cat/1.jpg", "cat/2.png", "cat/3.jpg", "dog/1.jpeg", ".hidden/1.jpg", "dog/notes.txt"):
        save(tmp_path / name, format="JPEG")
    source = read_source(str(tmp_path))
    assert len(source) == 4
    assert source.classes == ("cat", "dog")
    assert [source.class_name(index) for index in range(4)] == ["cat", "dog", "cat", "cat"]
    image = source.sample(0)["image"]
    assert image.dtype == torch.uint8
    assert min(image.shape[-2:]) == SHORT_SIDE


def test_train_and_test_above_the_classes_are_looked_through(tmp_path: Path) -> None:
    for name in ("train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg"):
        save(tmp_path / name)
    assert read_source(tmp_path).classes == ("cat", "dog")


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # where Windows looks
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "pictures" / "a.png")
    assert len(read_source("~/pictures")) == 1


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    save(tmp_path / "1.jpg")
    source = read_source(tmp_path)
    assert (source.label(0), source.class_name(0), source.classes) == (None, None, ())


def test_bad_files_are_skipped_and_told(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.jpg")
    whole = save(tmp_path / "a" / "2.jpg", size=(300, 300), quality=95).read_bytes()
    (tmp_path / "a" / "2.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a" / "3.jpg").write_bytes(b"")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "4.png").write_text("no image")
    save(tmp_path / "b" / "5.jpg")
    source = read_source(tmp_path)
    names = {source.class_name(index) for index in range(4) if source.sample(index)}
    assert names == {"a", "b"}
    assert len(source) == 2
    told = " ".join(source.notes)
    assert "empty files skipped: 1" in told
    assert "2.jpg" in told
    assert "4.png" in told


def test_exif_says_which_way_is_up(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    save(tmp_path / "1.jpg", size=(40, 20), exif=exif)
    height, width = read_source(tmp_path).size(0)
    assert height == 2 * width


def test_a_panorama_is_bounded(tmp_path: Path) -> None:
    save(tmp_path / "1.jpg", size=(2000, 100))
    assert max(read_source(tmp_path).size(0)) == 512


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "I;16", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    picture = (
        Image.fromarray(np.full((8, 8), 40000, np.uint16)) if mode == "I;16" else Image.new(mode, (8, 8))
    )
    image = read_source(picture).sample(0)["image"]
    assert image.shape == (3, 256, 256)
    expected = {"RGBA": 255, "LA": 255, "CMYK": 255, "I;16": 156}.get(
        mode, 0
    )  # what is transparent becomes white
    assert image.unique().tolist() == [expected]


@pytest.mark.parametrize(
    "data",
    [
        torch.full((2, 1, 6, 6), 128, dtype=torch.uint8),
        torch.full((2, 3, 6, 6), 128 / 255),
        torch.full((3, 6, 6), 128, dtype=torch.uint8),
        np.full((2, 6, 6, 3), 128, np.uint8),
        np.full((6, 6), 128, np.uint8),
        [np.full((6, 6), 128 / 255), np.full((7, 9, 3), 128, np.uint8)],
        [Image.new("L", (6, 6), 128)],
    ],
)
def test_arrays_tensors_and_pictures(data: Any) -> None:
    source = read_source(data)
    assert source.sample(0)["image"].shape == (3, 256, 256)
    assert source.sample(0)["image"].unique().tolist() == [128]
    assert source.sample(0, 0.5)["image"].shape == (3, 128, 128)


def test_a_pair_of_images_and_labels() -> None:
    source = read_source((torch.zeros((3, 3, 4, 4)), torch.tensor([2, 0, 1])), classes=["a", "b", "c"])
    assert [source.class_name(index) for index in range(3)] == ["c", "a", "b"]


class Pictures(Dataset):
    """Items with a target dict, such as those of a detection dataset."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Image.Image, dict[str, Any]]:
        mask = np.zeros((10, 20), np.uint8)
        return Image.new("RGB", (20, 10), RED), {"boxes": [[0, 0, 10, 5]], "masks": mask, "label": index}


def test_a_dataset_with_targets() -> None:
    source = read_source(Pictures())
    sample = source.sample(1)
    assert sample["image"].shape == (3, 256, 512)
    assert sample["boxes"].tolist() == [[0.0, 0.0, 256.0, 128.0]]
    assert sample["masks"].shape == (1, 256, 512)
    assert source.label(1) == 1
    assert source.classes == ("0", "1", "2")


def test_a_dataset_of_image_and_label() -> None:
    source = read_source(TensorDataset(torch.zeros((4, 3, 8, 8)), torch.tensor([0, 1, 1, 0])))
    assert [source.label(index) for index in range(4)] == [0, 1, 1, 0]


ZEROS = torch.zeros((2, 3, 8, 8))


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        (torch.zeros((2, 5, 8, 8)), {}, r"shape \(5, 8, 8\); give \(1, H, W\) or \(3, H, W\)"),
        (torch.zeros((8, 8)), {}, r"shape \(8, 8\); give \(N, C, H, W\)"),
        (torch.zeros((0, 3, 8, 8)), {}, "without images"),
        ([], {}, "without images"),
        (torch.full((1, 3, 8, 8), 255.0), {}, "float values from 255 to 255.*0 to 1, or uint8"),
        (torch.full((1, 3, 8, 8), float("nan")), {}, "float values"),
        (torch.zeros((1, 3, 8, 8), dtype=torch.int64), {}, "dtype torch.int64"),
        (np.zeros((1, 3, 8, 8)), {}, r"array of shape \(3, 8, 8\)"),
        (ZEROS, {"labels": [1]}, "labels has 1 entries for 2 images"),
        (ZEROS, {"labels": ["cat", "dog"]}, r"labels\[0\]='cat'.*classes="),
        ((ZEROS, ["cat", "dog"]), {}, "the labels are texts; give whole numbers.*classes="),
        (ZEROS, {"labels": [0, 1.7]}, r"labels\[1\]=1\.7"),
        (ZEROS, {"boxes": [[[1, 2, 3, 4]]]}, "boxes has 1 entries for 2 images"),
        (ZEROS, {"boxes": [[[1, 2, 3]]] * 2}, r"boxes of shape \(1, 3\)"),
        (ZEROS, {"masks": [np.zeros((4, 4))] * 2}, "masks of shape.*8 × 8"),
    ],
)
def test_what_cannot_be_read_is_named(data: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_source(data, **more)


@pytest.mark.parametrize("data", [3, None, {"a": 1}, ["1.jpg"]])
def test_what_is_no_image_at_all_is_named(data: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot read .*give a folder of images"):
        read_source(data)


def test_folders_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'nowhere' does not exist"):
        read_source("nowhere")
    with pytest.raises(ValueError, match="holds no image"):
        read_source(tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        read_source(save(tmp_path / "1.jpg"))
    (tmp_path / "1.jpg").write_text("no image")
    with pytest.raises(ValueError, match=r"No image can be decoded.*1\.jpg"):
        read_source(tmp_path).sample(0)
