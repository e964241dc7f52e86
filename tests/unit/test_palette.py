"""The palette on paper and on themes, for readers who see little and for those who see colours otherwise."""

import itertools

import numpy as np
import pytest
from cycler import Cycler
from PIL import ImageColor
from skimage.color import deltaE_ciede2000, rgb2lab

from dpwidgets import palette
from dpwidgets.prep.drawing import GRID, INK, PAPER, SHADE, SOFT
from dpwidgets.prep.drawing.axes import colour
from dpwidgets.prep.drawing.sheet import MARKERS, PATTERNS
from dpwidgets.prep.loading.span_looks import LOOKS

NAMES = ("BLACK", "ORANGE", "SKY", "GREEN", "YELLOW", "BLUE", "VERMILION", "PURPLE")
DARK = ("#111111", "#212121")  # the grounds of JupyterLab's dark theme
TEXT, MARK = 4.5, 3.0  # WCAG 2.2: 1.4.3 for text, 1.4.11 for graphics
# The least distance of two of the eight colours: about ten times a just noticeable difference.
APART = 10.0
# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15 (6), 2009: severity 1.0, on linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(name: str) -> np.ndarray:
    parts = np.array(ImageColor.getrgb(name)[:3]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(name) @ [0.2126, 0.7152, 0.0722]) for name in (one, other))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, other: str, vision: str) -> float:
    """CIEDE2000 between two colours as someone with this vision sees them."""

    def seen(name: str) -> np.ndarray:
        light = np.clip(VISION[vision] @ linear(name), 0, 1)
        return rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))

    return float(deltaE_ciede2000(seen(one), seen(other)))


def test_the_measures_are_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert all(np.allclose(matrix.sum(axis=1), 1, atol=1e-4) for matrix in VISION.values()), "grey stays grey"
    # Red and green of one lightness: far apart as usual, near for those who lack the middle cones.
    pair = ("#c96a3a", "#8a8a1e")
    assert distance(*pair, "deuteranopia") < distance(*pair, "usual") / 2


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_are_told_apart(vision: str) -> None:
    colours = [getattr(palette, name) for name in NAMES]
    assert set(palette.SERIES) == set(colours)
    near = [
        (one, other, round(distance(one, other, vision), 1))
        for one, other in itertools.combinations(colours, 2)
        if distance(one, other, vision) < APART
    ]
    assert near == []


def test_text_on_the_sheet_is_read() -> None:
    for ground in (PAPER, SHADE):
        assert min(contrast(INK, ground), contrast(SOFT, ground)) >= TEXT
    assert contrast(palette.BLUE, PAPER) >= TEXT
    assert contrast(GRID, PAPER) < MARK, "lines of the grid stay behind the marks"


def test_marks_show_on_paper_or_are_known_as_light() -> None:
    light = {name for name in NAMES if contrast(getattr(palette, name), PAPER) < MARK}
    assert light == {"ORANGE", "SKY", "YELLOW"}
    assert {getattr(palette, name) for name in light} == set(palette.LIGHT)


def test_what_the_pages_show_in_colour_shows_in_both_themes() -> None:
    for ground in ("#ffffff", *DARK):
        for mark in (palette.GOOD, palette.BAD):
            assert contrast(mark, ground) >= MARK


# --- never colour alone


def test_series_of_a_figure_differ_without_colour() -> None:
    import matplotlib

    from dpwidgets import use_style

    with matplotlib.rc_context():
        use_style()
        cycle: Cycler = matplotlib.rcParams["axes.prop_cycle"]
    looks = cycle.by_key()
    assert looks["color"] == list(palette.SERIES)
    assert len(set(looks["marker"])) == len(looks["color"])
    assert len(set(map(str, looks["linestyle"]))) == len(looks["color"])


def test_series_of_a_sheet_differ_without_colour() -> None:
    colours = [colour(number) for number in range(6)]
    assert len(set(colours)) == len(colours)
    assert len(set(MARKERS)) >= len(colours)
    assert len(set(PATTERNS)) >= 5
    assert not {palette.YELLOW, palette.BLACK} & set(colours), "too light, and too like text"


def test_spans_differ_by_pattern() -> None:
    assert len({look.pattern for look in LOOKS.values()}) == len(LOOKS)
    for kind, look in LOOKS.items():
        if "#" in "".join(look.pattern):
            assert contrast(look.colour, look.ink) >= 1.5, f"{kind}: its pattern does not show"
