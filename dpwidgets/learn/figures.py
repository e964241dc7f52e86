"""Figures of the chapters: one style, always with a text for readers who cannot see them."""

import base64
import io
from typing import TYPE_CHECKING

from IPython.display import display

from dpwidgets import palette
from dpwidgets.learn.describe import brief
from dpwidgets.learn.messages import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Names of classes and files may be Chinese, which matplotlib's own font cannot write. Linux, macOS, Windows.
_CHINESE = ("Noto Sans CJK SC", "WenQuanYi Micro Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei")


def use_style() -> None:
    """Sets matplotlib's style for this kernel: the palette with a marker and a dash for each colour,
    readable sizes, a font for Chinese where the system has one, and a white ground, so that a figure reads
    the same in a dark theme."""
    import matplotlib
    from cycler import cycler
    from matplotlib.font_manager import fontManager

    here = set(fontManager.get_font_names())

    series = (
        cycler(color=palette.SERIES)
        + cycler(marker=["o", "s", "^", "D", "v", "P", "X", "*"])
        + cycler(linestyle=["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 3))])
    )
    matplotlib.rcParams.update(
        {
            "axes.prop_cycle": series,
            "axes.facecolor": "white",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": ["DejaVu Sans", *(name for name in _CHINESE if name in here)],
            "font.size": 11,
            "grid.alpha": 0.3,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "lines.markersize": 5,
            "savefig.facecolor": "white",
            "text.color": "black",
        }
    )


def show(fig: "Figure", alt: str) -> None:
    """Displays a figure as PNG with `alt` as its text, then closes it. The same figure gives the same bytes.

    Args:
        fig: any matplotlib Figure.
        alt: one sentence that says what the figure shows.

    Raises:
        TypeError: `fig` is not a Figure.
        ValueError: `alt` is empty.
    """
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    if not isinstance(fig, Figure):
        raise TypeError(say("not a figure", value=brief(fig)))
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(say("alt empty"))
    png = io.BytesIO()
    # No Software chunk: it names matplotlib's version.
    fig.savefig(png, format="png", facecolor="white", transparent=False, metadata={"Software": None})
    pyplot.close(fig)  # otherwise the notebook shows it a second time
    bundle = {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": alt}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
