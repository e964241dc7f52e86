"""The label safety view: what a small model reads in the tiles."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from dpwidgets.prep.augment import AugmentEngine
from dpwidgets.prep.images import ImageSource, read_source
from dpwidgets.prep.label_safety import ThumbnailReader

TURN = {"op": "rotation", "values": {"degrees": 180.0, "range": "exactly"}}


@pytest.fixture(scope="module")
def digits() -> ImageSource:
    data = load_digits()
    images = torch.from_numpy((data.images * 255 / 16).astype("uint8"))[:, None]
    return read_source((images, data.target.tolist()), classes=[str(digit) for digit in range(10)])


@pytest.fixture(scope="module")
def engine(digits: ImageSource) -> AugmentEngine:
    return AugmentEngine(digits, size=64)


def test_the_reader_reads_digits_that_it_has_not_seen(engine: AugmentEngine) -> None:
    assert isinstance(engine.reader, ThumbnailReader)
    assert engine.reader.accuracy > 0.93


def test_most_sixes_on_their_head_read_as_nine(engine: AugmentEngine, digits: ImageSource) -> None:
    sixes = [index for index in range(1000) if digits.label(index) == 6][-40:]
    turned = [engine.variants({"steps": [TURN], "image": index}, 1)[0] for index in sixes]
    read_as, _ = engine.reader(turned)
    assert read_as.count(9) > 0.75 * len(sixes)
    upright, _ = engine.reader([digits.sample(index)["image"] for index in sixes])
    assert upright.count(6) > 0.95 * len(sixes)


def test_the_view_marks_and_says_what_it_reads(engine: AugmentEngine, digits: ImageSource) -> None:
    six = next(index for index in range(100) if digits.label(index) == 6)
    params = {"steps": [TURN], "image": six, "view": "label safety", "tiles": 4}
    shown = engine.render(params)
    assert shown.notes["read_as"] == [9, 9, 9]
    assert shown.notes["agrees"] == [False] * 3
    assert "0 of 3 variants still read as 6. The others read as 9 (3)." in shown.alt
    assert shown.notes["reader_accuracy"] > 0.93
    still = engine.render(params | {"steps": []})
    assert "3 of 3 variants still read as 6." in still.alt
    assert not (shown.picture == still.picture).all()


def test_a_reader_of_ones_own(digits: ImageSource) -> None:
    def always_three(images: Sequence[torch.Tensor]) -> tuple[list[int], list[float]]:
        assert all(image.dtype == torch.uint8 for image in images)
        return [3] * len(images), [1.0] * len(images)

    shown = AugmentEngine(digits, reader=always_three).render(
        {"steps": [], "image": 0, "view": "label safety", "tiles": 3}
    )
    assert shown.notes["agrees"] == [False, False]
    assert "The others read as 3 (2)." in shown.alt


def test_without_labels_a_reader_is_asked_for() -> None:
    source = read_source(torch.zeros((2, 3, 32, 32), dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"needs labelled images of at least two classes.*reader="):
        AugmentEngine(source).render({"view": "label safety"})


def test_colours_count_where_there_are_any() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 60, (80, 3, 24, 24), dtype=torch.uint8, generator=generator)
    labels = [number % 2 for number in range(80)]
    for image, label in zip(images, labels, strict=True):
        image[label * 2] += 150  # red or blue, as grey the same
    assert ThumbnailReader(read_source((images, labels))).accuracy == 1.0


def test_a_file_that_drops_out_leaves_the_labels_in_place(tmp_path: Path) -> None:
    for name, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / name).mkdir()
        for number in range(40):
            Image.new("RGB", (24, 24), colour).save(tmp_path / name / f"{number:02}.png")
    for number in range(3):
        (tmp_path / "a" / f"{number:02}.png").write_text("no image")
    source = read_source(tmp_path)
    reader = ThumbnailReader(source)
    assert reader.accuracy == 1.0
    for index in range(80):  # what cannot be decoded drops out
        source.sample(index)
    read, _ = reader([source.sample(index)["image"] for index in range(len(source))])
    assert read == [source.label(index) for index in range(len(source))]


def test_few_images_and_many_classes() -> None:
    four = torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1, 1).expand(4, 1, 20, 20) * 60
    reader = ThumbnailReader(read_source((four, [0, 0, 1, 1])))
    assert reader.accuracy is None
    assert len(reader(list(four.expand(4, 3, 20, 20)))[0]) == 4
    ThumbnailReader(read_source((torch.zeros(700, 3, 8, 8, dtype=torch.uint8), list(range(700)))))
