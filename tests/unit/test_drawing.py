"""The drawing kit: numbers land where they should, scales agree, nothing depends on colour alone."""

import numpy as np
import pytest

from dpwidgets.prep.drawing import Axes, Sheet, text_width
from dpwidgets.prep.drawing.axes import log_ticks, ticks
from dpwidgets.prep.drawing.sheet import MARKERS, PATTERNS


def dark(picture: np.ndarray) -> np.ndarray:
    return picture.min(2) < 128


def test_a_small_sheet_shows_the_same_at_half_the_size() -> None:
    pictures = []
    for scale in (1.0, 0.5):
        sheet = Sheet(100, 60, scale)
        sheet.box(10, 20, 50, 40, fill="#000000")
        pictures.append(sheet.picture())
    full, half = pictures
    assert full.shape == (120, 200, 3)
    assert half.shape == (60, 100, 3)
    assert full[60, 60].tolist() == half[30, 30].tolist() == [0, 0, 0]
    assert full[60, 130].tolist() == half[30, 65].tolist() == [255, 255, 255]


def test_every_marker_and_pattern_looks_different() -> None:
    looks = set()
    for shape in MARKERS:
        sheet = Sheet(20, 20)
        sheet.marker(10, 10, "#000000", shape, 12)
        looks.add(sheet.picture().tobytes())
    assert len(looks) == len(MARKERS)
    looks.clear()
    for pattern in PATTERNS:
        sheet = Sheet(20, 20)
        sheet.box(2, 2, 18, 18, "#000000", pattern=pattern)
        looks.add(sheet.picture().tobytes())
    assert len(looks) == len(PATTERNS)


def test_a_dashed_line_has_gaps_and_the_right_length() -> None:
    sheet = Sheet(100, 10)
    sheet.line([(0, 5), (100, 5)], "#000000", 2, (6, 4))
    row = dark(sheet.picture())[10]
    assert 0.5 < row.mean() < 0.7
    assert np.abs(np.diff(row.astype(int))).sum() >= 18  # ten dashes, each with two ends


def test_numbers_land_between_the_ends_and_never_outside() -> None:
    axes = Axes(Sheet(200, 200), (50, 20, 150, 120), (0, 10), (-1, 1))
    assert axes.at(0, -1) == (50, 120)
    assert axes.at(10, 1) == (150, 20)
    assert axes.at(5, 0) == (100, 70)
    assert axes.at(99, -99) == (150, 120)
    log = Axes(Sheet(200, 200), (50, 20, 150, 120), (1, 100), (0, 1), log_x=True)
    assert log.at(10, 0)[0] == pytest.approx(100)


def test_bars_and_lines_leave_ink_and_gaps_do_not() -> None:
    sheet = Sheet(200, 200)
    axes = Axes(sheet, (50, 20, 150, 120), (0, 2), (0, 4))
    axes.bars([0], [1], [4])
    axes.line([0, 1, 2], [1, float("nan"), 1], 3)  # a gap in the numbers raises nothing
    picture = sheet.picture()
    assert picture[100, 150].tolist() == [0, 114, 178]
    assert picture[100, 280].tolist() == [255, 255, 255]


def test_ticks_are_round_and_few() -> None:
    assert [text for _, text in ticks(0, 1)] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [text for _, text in ticks(-3.1, 2900)] == ["0", "500", "1,000", "1,500", "2,000", "2,500"]
    assert [text for _, text in log_ticks(1, 512)] == ["1", "10", "100"]
    assert [text for _, text in log_ticks(8, 64)] == ["8", "16", "32", "64"]


def test_axes_refuse_what_has_no_end_and_widen_what_has_no_width() -> None:
    with pytest.raises(ValueError, match="finite"):
        Axes(Sheet(9, 9), (0, 0, 9, 9), (0, float("nan")), (0, 1))
    assert Axes(Sheet(99, 99), (0, 0, 90, 90), (5, 5), (0, 1)).at(5, 0)[0] == 45


def test_text_is_measured_in_points() -> None:
    assert text_width("wide", 26) == pytest.approx(2 * text_width("wide", 13), rel=0.05)
    assert text_width("m" * 9, face="mono") == pytest.approx(text_width("i" * 9, face="mono"))
