"""What both contestants show: 12 tiles of 224 px, with the slider's value as a colour in two corners.

Runs in the notebooks' kernels; `lab_probe.js` reads the colour back in the browser.
"""

from collections.abc import Mapping
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import skimage.data

from dpwidgets.labs import image as image_lab
from dpwidgets.prep.augment import AugmentEngine, Rendered
from dpwidgets.prep.images import read_source

ROWS, COLUMNS, SIDE = 3, 4, 224
MARK = 32  # side of the coloured corner, in pixels of a tile


def photographs() -> list[np.ndarray]:
    """Four photographs from scikit-image's wheel."""
    return [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]


def mark(picture: np.ndarray, value: int, side: int, top: bool = True, bottom: bool = True) -> None:
    """Paints `value` (0 to 100) into the upper left and the lower right corner, in place."""
    colour = (value // 16 * 16 + 8, value % 16 * 16 + 8, 128)
    if top:
        picture[:side, :side] = colour
    if bottom:
        picture[-side:, -side:] = colour


class _MarkedEngine(AugmentEngine):
    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        rendered = super().render(params, scale)
        mark(rendered.picture, round(100 * params["strength"]), round(MARK * scale))
        return rendered


def our_lab() -> image_lab.ImageLab:
    """The image lab, as a reader has it, but for the coloured corners."""
    image_lab.AugmentEngine = _MarkedEngine  # type: ignore[misc]
    return image_lab.ImageLab(photographs(), strength=0.0)


def interact_matplotlib() -> None:
    """The usual way: `interact` and a matplotlib figure, on the same images with the same pipeline."""
    engine = AugmentEngine(read_source(photographs()))
    params = engine.default_params()

    def show(strength: int) -> None:
        tiles = engine.variants({**params, "strength": strength / 100}, ROWS * COLUMNS)
        _, axes = plt.subplots(ROWS, COLUMNS, figsize=(9, 6.8))
        for number, (axis, tile) in enumerate(zip(axes.flat, tiles, strict=True)):
            picture = tile.permute(1, 2, 0).numpy().copy()
            mark(picture, strength, 2 * MARK, top=number == 0, bottom=number == ROWS * COLUMNS - 1)
            axis.imshow(picture)
            axis.axis("off")
        plt.tight_layout()
        plt.show()

    slider = ipywidgets.IntSlider(0, 0, 100, layout=ipywidgets.Layout(width="400px"))
    ipywidgets.interact(show, strength=slider)
