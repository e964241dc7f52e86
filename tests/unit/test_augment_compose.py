"""The composed picture, looked at pixel by pixel."""

import numpy as np
import pytest
import torch
from PIL import ImageColor
from torchvision import tv_tensors

from dpwidgets import palette
from dpwidgets.prep.compose import BACKGROUND, Tile, compose, counts, histogram


def plain(value: int, height: int = 56, width: int = 56) -> dict[str, torch.Tensor]:
    return {"image": tv_tensors.Image(torch.full((3, height, width), value, dtype=torch.uint8))}


def has(picture: np.ndarray, colour: str) -> bool:
    return bool((picture == ImageColor.getrgb(colour)).all(-1).any())


def test_twelve_tiles_stand_in_four_columns() -> None:
    picture = compose([Tile(plain(number)) for number in range(12)], 224)
    assert picture.shape == (3 * 228 + 4, 4 * 228 + 4, 3)
    assert picture.dtype == np.uint8
    for number in range(12):
        row, column = divmod(number, 4)
        assert (picture[row * 228 + 100, column * 228 + 100] == number).all()
    assert (picture[:4] == BACKGROUND).all()


@pytest.mark.parametrize(("count", "columns"), [(2, 2), (5, 4), (16, 4), (24, 6)])
def test_columns(count: int, columns: int) -> None:
    picture = compose([Tile(plain(0))] * count, 56)
    assert picture.shape[1] == columns * 57 + 1


def test_a_preview_has_the_proportions_of_the_picture() -> None:
    tiles = [Tile(plain(9))] * 12
    assert (
        np.array(compose(tiles, 224).shape[:2]).tolist()
        == (np.array(compose(tiles, 112).shape[:2]) * 2).tolist()
    )


def test_a_wide_image_is_shown_whole() -> None:
    picture = compose([Tile(plain(255, 50, 100))], 100)
    lit = (picture == 255).all(-1)
    assert lit.sum() == 100 * 50
    assert (picture[2, 50] == BACKGROUND).all()


def test_the_original_is_framed_and_named() -> None:
    bare, framed = (compose([Tile(plain(0), text, framed=bool(text))], 224) for text in ("", "original"))
    assert has(framed, palette.ORANGE)
    assert has(framed, "#ffffff")
    assert not has(bare, palette.ORANGE)


def test_a_mark_is_a_colour_and_a_sign() -> None:
    good, bad = (compose([Tile(plain(0), "6", mark=mark)], 100) for mark in (True, False))
    assert has(good, palette.GOOD)
    assert has(bad, palette.BAD)
    assert not np.array_equal((good == 255).all(-1), (bad == 255).all(-1))  # told apart without colour


def test_a_long_tag_stays_in_its_tile() -> None:
    compose([Tile(plain(0), "a very long class name indeed")], 40)


def test_boxes_and_masks_are_drawn_where_they_are() -> None:
    boxes = tv_tensors.BoundingBoxes(
        torch.tensor([[10.0, 20, 40, 50], [0, 0, 0, 30]]), format="XYXY", canvas_size=(100, 100)
    )
    mask = torch.zeros((1, 100, 100), dtype=torch.bool)
    mask[:, 60:80, 60:90] = True
    tile = Tile(plain(0, 100, 100) | {"boxes": boxes, "masks": tv_tensors.Mask(mask)})
    picture = compose([tile], 200)[4:-4, 4:-4]
    yellow = np.array(ImageColor.getrgb(palette.YELLOW))
    outline = (picture == yellow).all(-1).nonzero()
    assert (outline[0].min(), outline[1].min(), outline[0].max(), outline[1].max()) == (40, 20, 99, 79)
    assert (picture[60, 50] == 0).all()  # the inside stays free
    assert (picture[140, 150] == yellow // 2).all()
    assert not has(picture, palette.SKY)  # the box without area


def test_counts() -> None:
    found = counts([plain(7, 2, 3)["image"], plain(9, 1, 1)["image"]])
    assert found.shape == (3, 256)
    assert found[:, 7].tolist() == [6, 6, 6]
    assert found[:, 9].tolist() == [1, 1, 1]


def test_the_histogram_moves_with_the_values() -> None:
    dark, light = counts([plain(20)["image"]]), counts([plain(230)["image"]])
    one, other = histogram(dark, dark, 600, 120), histogram(dark, light, 600, 120)
    assert one.shape == (120, 600, 3)
    assert not np.array_equal(one, other)
