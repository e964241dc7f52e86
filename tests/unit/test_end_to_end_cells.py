"""The functions that chapter 10 writes out, taken from its cells: decoding, splits, intervals, writes."""

import ast
import random
import time
import urllib.error
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from PIL import Image
from sklearn import model_selection
from torch._inductor.exc import InvalidCxxCompiler
from torchvision.transforms import v2

from dpwidgets.learn.chapters.ch10 import STOP_EPOCH

SOURCE = Path(__file__).parents[2] / "notebooks/source/10_end_to_end.py"


def from_chapter(*names: str, **known: Any) -> dict[str, Any]:
    """Runs the definitions `names` and the imports of their cells; `known` are names that they look up."""
    space: dict[str, Any] = {"Path": Path, "torch": torch, "np": np, "pd": pd, **known}
    for cell in jupytext.read(SOURCE).cells:
        body = ast.parse(cell.source).body if cell.cell_type == "code" else []
        wanted = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name in names]
        imports = [n for n in body if isinstance(n, ast.ImportFrom) and wanted]
        for node in imports + wanted:
            exec(ast.unparse(node), space)
    assert set(names) <= set(space)
    return space


@pytest.fixture(scope="module")
def decode() -> Any:
    return from_chapter("decode")["decode"]


def test_decode_gives_rgb_bytes_of_one_size(decode: Any, tmp_path: Path) -> None:
    for mode in ("L", "RGB", "P", "CMYK", "1", "LA"):
        path = tmp_path / f"{mode}.{'tif' if mode == 'CMYK' else 'png'}"
        Image.new("RGB", (40, 30), (255, 255, 255)).convert(mode).save(path)
        found = decode(path, 16)
        assert found.shape == (3, 16, 16)
        assert found.dtype == torch.uint8
        assert found.min() > 250, mode


def test_decode_scales_16_bits(decode: Any, tmp_path: Path) -> None:
    Image.fromarray(np.full((30, 40), 40000, dtype=np.uint16)).save(tmp_path / "a.png")
    assert set(decode(tmp_path / "a.png", 8).unique().tolist()) == {155}


def test_decode_puts_what_is_transparent_on_white(decode: Any, tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 8).min() == 255


def test_decode_obeys_exif_and_cuts_the_middle(decode: Any, tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "black")
    picture.paste("white", (0, 0, 20, 20))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned: the left half is the upper half when held upright
    picture.save(tmp_path / "a.png", exif=exif)
    found = decode(tmp_path / "a.png", 20)
    assert found[:, :8].min() == 255
    assert found[:, 12:].max() == 0


def photo_table(regions: int, each: int, splits: tuple[str, ...] = ("",)) -> pd.DataFrame:
    rows = [
        {
            "file": f"{split}/{label}/{region}-{i}.jpg",
            "class": label,
            "split": split,
            "region": f"{label}-{region}",
        }
        for split in splits
        for label in ("cat", "dog", "eel")
        for region in range(regions)
        for i in range(each)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def split() -> Any:
    return from_chapter("fold_rows", "split", model_selection=model_selection, seed=0)["split"]


@pytest.mark.parametrize("regions", [3, 4, 6, 9])
def test_no_region_is_on_two_sides_and_every_class_on_all(split: Any, regions: int) -> None:
    table = photo_table(regions, each=5)
    parts = split(table, "region")
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(table)))
    seen = [set(table["region"].iloc[rows]) for rows in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 3 * regions
    for rows in parts.values():
        assert set(table["class"].iloc[rows]) == {"cat", "dog", "eel"}


def test_photos_that_stand_alone_are_split_with_balanced_classes(split: Any) -> None:
    table = photo_table(12, each=1)
    parts = split(table, "file")
    assert [len(rows) for rows in parts.values()] == [24, 6, 6]
    assert (table["class"].iloc[parts["test"]].value_counts() == 2).all()


def test_folders_that_exist_are_taken_as_they_are(split: Any) -> None:
    table = photo_table(4, each=2, splits=("train", "val", "test"))
    parts = split(table, "region")
    for name, rows in parts.items():
        assert set(table["split"].iloc[rows]) == {name}
        assert len(rows) == 24


def test_a_validation_set_that_is_missing_comes_from_training(split: Any) -> None:
    table = photo_table(4, each=2, splits=("train", "test"))
    parts = split(table, "file")
    assert set(table["split"].iloc[parts["val"]]) == {"train"}
    assert len(parts["test"]) == 24
    assert len(parts["train"]) + len(parts["val"]) == 24


def test_a_class_with_too_few_regions_is_named(split: Any) -> None:
    with pytest.raises(ValueError, match="class cat has 2 different regions; 3 are needed"):
        split(photo_table(2, each=9), "region")


def test_wilson_agrees_with_the_book() -> None:
    wilson = from_chapter("wilson")["wilson"]
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=2e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=2e-4)


def test_whole_regions_give_a_wider_interval_than_photos() -> None:
    space = from_chapter("wilson", "by_region", seed=0)
    regions = pd.Series(np.repeat(np.arange(10), 30))
    right = np.repeat(np.arange(10) < 8, 30)
    low, high = space["by_region"](right, regions)
    narrow = space["wilson"](int(right.sum()), len(right))
    assert low < narrow[0] - 0.1
    assert high > narrow[1] + 0.05


def test_seven_views_show_the_middle_its_mirror_image_the_corners_and_the_whole() -> None:
    seven_views = from_chapter("seven_views", v2=v2)["seven_views"]
    photos = torch.arange(2 * 3 * 8 * 8.0).reshape(2, 3, 8, 8)
    views = seven_views(photos, 6)
    assert [view.shape for view in views] == [(2, 3, 6, 6)] * 7
    assert torch.equal(views[0], photos[..., 1:7, 1:7])
    assert torch.equal(views[1], views[0].flip(-1))
    assert {float(view[0, 0, 0, 0]) for view in views[2:6]} == {0.0, 2.0, 16.0, 18.0}
    assert views[6].mean() == pytest.approx(float(photos.mean()), rel=1e-3)


def test_probabilities_are_the_mean_over_the_views() -> None:
    close = from_chapter("close")["close"]
    known = {"nn": torch.nn, "DataLoader": list, "device": "cpu", "dtype": torch.float32, "close": close}
    probabilities = from_chapter("probabilities", **known)["probabilities"]
    batches = [(torch.tensor([[1.0, 0.0]]), None), (torch.tensor([[0.0, 3.0]]), None)]
    one = probabilities(torch.nn.Identity(), batches)
    assert torch.allclose(one, torch.tensor([[1.0, 0.0], [0.0, 3.0]]).softmax(dim=1))
    both = probabilities(torch.nn.Identity(), batches, lambda x: [x, x.flip(1)])
    assert torch.allclose(both, torch.full((2, 2), 0.5))


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch: Any) -> None:
    write_atomic = from_chapter("write_atomic", run_dir=tmp_path)["write_atomic"]
    write_atomic("best.pt", b"old")
    written = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        written(path, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        RuntimeError, match=r"best.pt was not written \(No space left on device\): free some space"
    ):
        write_atomic("best.pt", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["best.pt"]
    assert (tmp_path / "best.pt").read_bytes() == b"old"


def test_a_file_in_place_of_the_runs_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    write_atomic = from_chapter("write_atomic", run_dir=tmp_path / "runs" / "trial")["write_atomic"]
    with pytest.raises(RuntimeError, match=r"best.pt was not written \(.+\): .+ choose another runs_dir"):
        write_atomic("best.pt", b"new")


def test_training_ends_where_the_exercise_says() -> None:
    """A run that asks `enough` after each epoch, from its history alone, ends at the exercise's epoch."""
    solved: dict[str, Any] = {}
    exec(STOP_EPOCH.solution, solved)
    space = from_chapter("enough")
    draw = random.Random(0)
    ends = set()
    for _ in range(300):
        scores = [draw.randrange(6) / 10 for _ in range(10)]
        space["patience"] = patience = draw.randint(1, 6)
        history = [{"val_accuracy": score} for score in scores]
        trained = next((n for n in range(1, 10) if space["enough"](history[:n])), 10)
        assert trained - 1 == solved["stop_epoch"](scores, patience), (scores, patience)
        ends.add(trained)
    assert len(ends) > 5
    space["patience"] = 0
    assert not space["enough"]([{"val_accuracy": 0.5}] * 50)


class Harmful:
    """What a pickle can do when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('code ran')",)


def test_a_checkpoint_that_is_damaged_or_would_run_code_is_told(tmp_path: Path) -> None:
    read = from_chapter("read_checkpoint")["read_checkpoint"]
    path = tmp_path / "best.pt"
    torch.save({"model": {"w": torch.arange(3.0)}, "config": {"classes": ["a"]}}, path)
    whole = path.read_bytes()
    assert read(path)["model"]["w"].tolist() == [0, 1, 2]
    torch.save(Harmful(), path)
    for content in (b"", whole[: len(whole) // 2], b"not a checkpoint", path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match=r"best\.pt is damaged, or no checkpoint: delete its folder"):
            read(path)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch.hub keeps its downloads here, and reaches nothing outside."""

    def no_network(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def learnt_weights() -> Any:
    return from_chapter("learnt_weights", torchvision=torchvision, weights="DEFAULT")["learnt_weights"]


def test_published_weights_bring_their_own_transforms_and_lose_their_head(hub: Path) -> None:
    choice = torchvision.models.ResNet18_Weights.DEFAULT
    published = torchvision.models.resnet18(weights=None).state_dict()
    torch.save(published, hub / choice.url.rpartition("/")[2])
    learnt, preset = learnt_weights()("resnet18")
    assert (preset.crop_size, preset.mean) == ([224], [0.485, 0.456, 0.406])
    space = from_chapter("build_model", "SmallCNN", "block", torchvision=torchvision, nn=torch.nn)
    network = space["build_model"]("resnet18", 10, learnt)
    state = network.state_dict()
    assert state["fc.weight"].shape == (10, 512)
    for name, weight in published.items():
        assert name.startswith("fc.") or torch.equal(state[name], weight), name


def test_weights_that_cannot_be_had_are_told_in_one_line(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert learnt_weights()("resnet18") == (None, None)
    first, told = capsys.readouterr().out.splitlines()
    assert first.startswith("Downloading")  # torch.hub's own line
    assert "weights='DEFAULT' of resnet18 cannot be had" in told
    assert "Name or service not known" in told


def compiled_by(backend: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network: real(network, backend=backend))
    return from_chapter("compiled", nn=torch.nn, time=time)["compiled"]


def test_without_a_compiler_the_network_goes_on_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_compiler(*_: Any) -> None:
        raise InvalidCxxCompiler()

    network = torch.nn.Linear(3, 2)
    assert compiled_by(no_compiler, monkeypatch)(network, torch.zeros(4, 3)) is network
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert told.startswith("torch.compile does not work here (No working C++ compiler found")


def test_a_compiled_network_keeps_the_names_of_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    faster = compiled_by("eager", monkeypatch)(network, torch.ones(4, 3))
    assert faster is not network
    assert torch.equal(faster(torch.ones(4, 3)), network(torch.ones(4, 3)))
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)  # trying it out taught it nothing
