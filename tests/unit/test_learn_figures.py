"""Figures have alt text, equal bytes, and are shown once."""

import base64
import io
import os
from collections.abc import Iterator
from typing import Any

import matplotlib
import pytest
from PIL import Image

matplotlib.use("Agg")
from matplotlib import font_manager
from matplotlib import pyplot as plt

from dpwidgets import palette
from dpwidgets.learn import figures, show, use_style

Shown = list[tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    seen: Shown = []

    def display(bundle: dict[str, str], *, metadata: dict[str, Any], raw: bool) -> None:
        assert raw
        seen.append((bundle, metadata))

    monkeypatch.setattr(figures, "display", display)
    return seen


@pytest.fixture(autouse=True)
def _clean_style() -> Iterator[None]:
    with matplotlib.rc_context():
        yield
    plt.close("all")


def line() -> Any:
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([1, 2, 3])
    return fig


def test_show_carries_the_alt_text_and_closes(shown: Shown) -> None:
    fig = line()
    show(fig, alt="A line rises from 1 to 3.")
    bundle, metadata = shown[0]
    assert bundle["text/plain"] == "A line rises from 1 to 3."
    assert metadata == {"image/png": {"alt": "A line rises from 1 to 3."}}
    assert not plt.fignum_exists(fig.number)


def test_show_gives_equal_bytes_without_a_version_and_on_white(shown: Shown) -> None:
    with matplotlib.rc_context({"savefig.transparent": True, "savefig.facecolor": "black"}):
        show(line(), alt="x")
    show(line(), alt="x")
    assert shown[0][0] == shown[1][0]
    png = base64.b64decode(shown[0][0]["image/png"])
    with Image.open(io.BytesIO(png)) as image:
        assert "Software" not in image.info
        assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_show_refuses_an_empty_text(alt: str, shown: Shown) -> None:
    with pytest.raises(ValueError, match="alt is empty"):
        show(line(), alt=alt)
    assert shown == []


def test_show_refuses_what_is_no_figure(shown: Shown) -> None:
    with pytest.raises(TypeError, match=r"plt\.subplots"):
        show(line().axes[0], alt="x")


def test_show_sets_nothing(shown: Shown) -> None:
    before = dict(matplotlib.rcParams)
    show(line(), alt="x")
    assert dict(matplotlib.rcParams) == before


def test_style_tells_series_apart_by_more_than_colour() -> None:
    use_style()
    series = list(matplotlib.rcParams["axes.prop_cycle"])
    assert [each["color"] for each in series] == list(palette.SERIES)
    for key in ("marker", "linestyle"):
        assert len({str(each[key]) for each in series}) == len(series)


def test_chinese_names_are_drawn(shown: Shown, recwarn: pytest.WarningsRecorder) -> None:
    if not set(figures._CHINESE) & set(font_manager.fontManager.get_font_names()):
        reason = "no font with Chinese characters: install one (Debian: apt-get install fonts-noto-cjk)"
        pytest.fail(reason) if os.environ.get("DPWIDGETS_REQUIRE_ALL") == "1" else pytest.skip(reason)
    use_style()
    fig, axis = plt.subplots()
    axis.set_title("红花 2")
    show(fig, alt="A title.")
    assert [str(one.message) for one in recwarn] == []


def test_style_draws_every_usual_kind_of_plot(shown: Shown) -> None:
    use_style()
    fig, axes = plt.subplots(2, 3)
    axes[0, 0].plot([1, 2])
    axes[0, 1].bar([1, 2], [3, 4])
    axes[0, 2].scatter([1, 2], [3, 4])
    axes[1, 0].hist([1, 2, 2])
    axes[1, 1].imshow([[0, 1], [1, 0]])
    axes[1, 2].boxplot([[1, 2, 3]])
    show(fig, alt="Six kinds of plot.")
    assert len(shown) == 1
