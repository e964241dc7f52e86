"""Batches from JPEGs and from decoded pictures: the pixels of torchvision, and memory that is used again."""

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch.utils.data import DataLoader
from torchcodec.decoders import decode_image
from torchvision.transforms import v2

from dpwidgets.prep.fast import batches
from dpwidgets.prep.fast.augment import draw
from dpwidgets.prep.fast.batches import (
    MEAN,
    STD,
    DecodedBatches,
    JpegBatches,
    as_it_is,
    decode_resized,
    decoded_rows,
)
from dpwidgets.prep.fast.buffers import BufferPool
from dpwidgets.prep.fast.threads import InThreads

FINISH = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Nine pictures: JPEGs of three photographs in three sizes, one grey; and one PNG."""
    folder = tmp_path_factory.mktemp("pictures")
    found = []
    for number, photo in enumerate((data.astronaut(), data.coffee(), data.chelsea())):
        for size in ((400, 300), (97, 130), (224, 224)):
            mode, suffix = ("L", "jpg") if len(found) == 4 else ("RGB", "png" if len(found) == 7 else "jpg")
            path = folder / f"{number}-{size[0]}.{suffix}"
            Image.fromarray(photo).convert(mode).resize(size).save(path)
            found.append(path)
    return found


def wanted(path: Path, size: int) -> torch.Tensor:
    return v2.functional.resize(decode_image(path), [size, size], antialias=True)


def test_decoding_gives_the_pixels_of_torchcodec(paths: list[Path]) -> None:
    for path in paths:
        assert torch.equal(decode_resized(path, 64), wanted(path, 64)), path.name


def test_torchvision_is_not_imported(paths: list[Path]) -> None:
    code = f"""
        import sys
        from dpwidgets.prep.fast import decode_resized
        for path in {[str(paths[0]), str(paths[7])]!r}:
            decode_resized(path, 32)
        print("torchvision" in sys.modules)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False", "its import costs a cold start two seconds"


def test_of_16_bits_the_upper_eight_count_and_of_an_animation_the_first_picture(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(ramp.astype(np.uint16) * 256).save(tmp_path / "deep.png")
    frames = [Image.fromarray(ramp), Image.fromarray(255 - ramp)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    for name in ("deep.png", "moving.gif"):
        assert torch.equal(decode_resized(tmp_path / name, 16), torch.from_numpy(ramp).expand(3, 16, 16))


def test_what_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    with pytest.raises(RuntimeError, match=r"cut\.jpg cannot be decoded"):
        decode_resized(tmp_path / "cut.jpg", 64)
    with pytest.raises(FileNotFoundError):
        decode_resized(tmp_path / "missing.jpg", 64)


def test_rows_for_a_cache_come_in_order_and_only_when_asked_for(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(path: Path, size: int) -> torch.Tensor:
        asked.append(path.name)
        return decode_resized(path, size)

    monkeypatch.setattr(batches, "decode_resized", noted)
    many = 30 * paths
    rows = decoded_rows(many, 16, 2)
    assert not asked
    assert np.array_equal(next(rows), wanted(paths[0], 16).numpy())
    assert len(asked) <= 8 * 7, "it runs ahead without a bound"
    assert all(
        np.array_equal(row, wanted(path, 16).numpy()) for row, path in zip(rows, many[1:], strict=True)
    )


@pytest.mark.parametrize("threads", [0, 2])
def test_batches_from_files_are_decoded_resized_and_normalised(paths: list[Path], threads: int) -> None:
    loader = DataLoader(JpegBatches(paths, range(9), size=48), 4, collate_fn=as_it_is)
    found = list(InThreads(loader, threads) if threads else loader)
    assert [len(labels) for _, labels in found] == [4, 4, 1]
    assert torch.cat([labels for _, labels in found]).tolist() == list(range(9))
    images = torch.cat([images for images, _ in found])
    assert images.dtype == torch.float32
    torch.testing.assert_close(images, FINISH(torch.stack([wanted(path, 48) for path in paths])))


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_from_the_cache_are_normalised(paths: list[Path], workers: int) -> None:
    store = torch.stack([wanted(path, 32) for path in paths])
    loader = DataLoader(
        DecodedBatches(store.numpy(), range(9)),
        4,
        collate_fn=as_it_is,
        num_workers=workers,
        timeout=60 if workers else 0,
    )
    images, labels = (torch.cat(part) for part in zip(*loader, strict=True))
    assert labels.tolist() == list(range(9))
    torch.testing.assert_close(images, FINISH(store))


def test_a_memory_mapped_cache_serves_as_well(paths: list[Path], tmp_path: Path) -> None:
    store = torch.stack([wanted(path, 32) for path in paths])
    np.save(tmp_path / "store.npy", store.numpy())
    mapped = DecodedBatches(np.load(tmp_path / "store.npy", mmap_mode="r"), range(9))
    images, _ = mapped.__getitems__([8, 2])
    torch.testing.assert_close(images, FINISH(store[[8, 2]]))


def test_training_batches_draw_anew_and_repeat_for_a_seed(paths: list[Path]) -> None:
    store = torch.stack([wanted(path, 32) for path in paths]).numpy()

    def epochs() -> list[torch.Tensor]:
        torch.manual_seed(3)
        loader = InThreads(DataLoader(DecodedBatches(store, range(9), draw), 4, collate_fn=as_it_is), 2)
        return [torch.cat([images for images, _ in loader]) for _ in range(2)]

    first, again = epochs(), epochs()
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], first[1])


def test_batches_that_are_kept_stay_as_they_are(paths: list[Path]) -> None:
    store = torch.stack([wanted(path, 32) for path in paths]).numpy()
    dataset = DecodedBatches(store, range(9))
    loader = DataLoader(dataset, 2, collate_fn=as_it_is)
    kept = [images for images, _ in loader]
    torch.testing.assert_close(torch.cat(kept), FINISH(torch.from_numpy(store)))
    assert dataset.buffers.made == len(kept) == 5
    del kept
    for _ in range(3):
        for images, _ in loader:
            view = images[:, 0]
            del images
            assert view.shape[1:] == (32, 32)
    assert dataset.buffers.made == 5, "what nobody holds is used again"


def test_a_view_of_a_batch_is_held_too() -> None:
    pool = BufferPool()
    corner = torch.from_numpy(pool.take(2, 3)).fill_(1)[0, :1]
    other = pool.take(2, 3)
    other.fill(2)
    assert corner.item() == 1
    assert pool.made == 2
    del corner
    assert pool.take(6).shape == (6,)
    assert pool.made == 2


def test_a_pool_goes_to_workers_empty() -> None:
    pool = BufferPool(np.uint8)
    held = pool.take(4)
    sent = pickle.loads(pickle.dumps(pool))
    assert sent.made == 0
    assert sent.take(2).dtype == np.uint8
    assert len(held) == 4


def test_data_that_do_not_fit_are_refused(paths: list[Path]) -> None:
    with pytest.raises(ValueError, match="8 labels for 9 pictures"):
        JpegBatches(paths, range(8))
    with pytest.raises(ValueError, match=r"store is float32 \(2, 3, 4, 4\); give uint8"):
        DecodedBatches(np.zeros((2, 3, 4, 4), np.float32), range(2))
    with pytest.raises(ValueError, match="give uint8"):
        DecodedBatches(np.zeros((2, 4, 4, 3), np.uint8), range(2))
    with pytest.raises(ValueError, match="store is not contiguous in memory"):
        DecodedBatches(np.zeros((2, 4, 4, 3), np.uint8).transpose(0, 3, 1, 2), range(2))


@pytest.mark.parametrize("index", [-1, 3])
@pytest.mark.parametrize("drawing", [None, draw])
def test_an_index_outside_the_store_does_not_reach_compiled_code(index: int, drawing) -> None:
    dataset = DecodedBatches(np.zeros((3, 3, 4, 4), np.uint8), range(3), drawing)
    with pytest.raises(IndexError, match=f"index {index} is not among the 3 pictures"):
        dataset.__getitems__([0, index])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"angle": torch.zeros(3)}, r"angle of the draws is \(3,\); give \(2,\), for 2 pictures"),
        ({"order": torch.tensor([[0, 1, 2, 3], [0, 0, 2, 3]])}, "order of the draws is not 0, 1, 2 and 3"),
    ],
    ids=["another count", "a step is missing"],
)
def test_draws_that_do_not_fit_do_not_reach_compiled_code(
    changed: dict[str, torch.Tensor], says: str
) -> None:
    dataset = DecodedBatches(
        np.zeros((3, 3, 4, 4), np.uint8), range(3), lambda count, generator: draw(count)._replace(**changed)
    )
    with pytest.raises(ValueError, match=says):
        dataset.__getitems__([0, 1])
