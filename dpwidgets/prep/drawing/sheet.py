"""A sheet of paper in points, with text, lines, boxes, markers and patterns.

Light paper, as the chapters' figures have: it reads the same in a light and a dark theme.
"""

import importlib.util
import itertools
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

PAPER, INK, SOFT = "#ffffff", "#1d2127", "#5a6472"
GRID, SHADE = "#dde2e7", "#eef1f4"
RATIO = 2.0  # pixels a point at full size: sharp on dense screens, smooth on others
MARKERS = ("circle", "square", "triangle", "diamond", "cross", "down")
PATTERNS = ("solid", "stripes", "dots", "back stripes", "grid")  # beside colour, never colour alone
_CELL = 8  # points: side of the square that a pattern repeats
Point = tuple[float, float]


class Sheet:
    """A sheet `width` by `height` points; x runs to the right, y runs down.

    Args:
        scale: 1 gives RATIO pixels a point; less gives a smaller picture of the same sheet.
    """

    def __init__(self, width: float, height: float, scale: float = 1.0) -> None:
        self.width, self.height = width, height
        self._ratio = RATIO * scale
        self._image = Image.new("RGB", (round(width * self._ratio), round(height * self._ratio)), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> np.ndarray:
        """What is drawn so far: uint8 (H, W, 3)."""
        return np.asarray(self._image)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = INK,
        size: float = 13,
        anchor: str = "lm",
        face: str = "sans",
    ) -> None:
        """One line of text.

        Args:
            anchor: two letters, PIL's: l, m, r for where x is, then a, m, s, d for where y is.
            face: "sans", "bold" or "mono".
        """
        font = _font(face, max(1, round(size * self._ratio)))
        self._draw.text((x * self._ratio, y * self._ratio), text, fill=colour, font=font, anchor=anchor)

    def line(
        self,
        points: Sequence[Point],
        colour: str = INK,
        width: float = 1.5,
        dash: tuple[float, float] | None = None,
    ) -> None:
        """A line through the points; `dash` gives the lengths of dash and gap in points."""
        pixels = max(1, round(width * self._ratio))
        for part in [points] if dash is None else _dashes(points, *dash):
            self._draw.line(self._pixels(part), fill=colour, width=pixels, joint="curve")

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: str | None = None,
        outline: str | None = None,
        width: float = 1,
        pattern: str = "solid",
        radius: float = 0,
    ) -> None:
        """A rectangle. `pattern`, one of PATTERNS, is drawn in white over the fill."""
        corners = [*self._pixels([(left, top), (right, bottom)])]
        pixels = max(1, round(width * self._ratio))
        if fill is not None and pattern != "solid":
            self._patterned(corners, fill, pattern)
            fill = None
        if fill is not None or outline is not None:
            self._draw.rounded_rectangle(
                corners, radius * self._ratio, fill, outline, pixels if outline else 0
            )

    def area(self, points: Sequence[Point], fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon(self._pixels(points), fill=fill)

    def marker(self, x: float, y: float, colour: str, shape: str = "circle", size: float = 6) -> None:
        """One of MARKERS, `size` points across, around a point."""
        r = size / 2
        if shape == "circle":
            self._draw.ellipse(self._pixels([(x - r, y - r), (x + r, y + r)]), fill=colour)
        elif shape == "square":
            self._draw.rectangle(self._pixels([(x - r, y - r), (x + r, y + r)]), fill=colour)
        elif shape == "cross":
            self.line([(x - r, y - r), (x + r, y + r)], colour, size / 4)
            self.line([(x - r, y + r), (x + r, y - r)], colour, size / 4)
        else:
            corners = {
                "triangle": [(x, y - r), (x + r, y + r), (x - r, y + r)],
                "down": [(x, y + r), (x + r, y - r), (x - r, y - r)],
                "diamond": [(x, y - 1.2 * r), (x + 1.2 * r, y), (x, y + 1.2 * r), (x - 1.2 * r, y)],
            }[shape]
            self.area(corners, colour)

    def arrow(self, start: Point, end: Point, colour: str = INK, width: float = 1.5, head: float = 7) -> None:
        """A straight arrow; the head is `head` points long."""
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        tail = [
            (end[0] - head * math.cos(angle + turn), end[1] - head * math.sin(angle + turn))
            for turn in (-0.45, 0.45)
        ]
        neck = ((tail[0][0] + tail[1][0]) / 2, (tail[0][1] + tail[1][1]) / 2)
        self.line([start, neck], colour, width)
        self.area([end, *tail], colour)

    def paste(
        self, image: np.ndarray, left: float, top: float, right: float, bottom: float, smooth: bool = True
    ) -> None:
        """An image, uint8 (H, W, 3), stretched to the box; not `smooth` keeps its pixels visible."""
        (x1, y1), (x2, y2) = self._pixels([(left, top), (right, bottom)])
        size = (max(1, round(x2 - x1)), max(1, round(y2 - y1)))
        how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        self._image.paste(Image.fromarray(image).resize(size, how), (round(x1), round(y1)))

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._ratio, y * self._ratio) for x, y in points]

    def _patterned(self, corners: Sequence[Point], fill: str, pattern: str) -> None:
        (left, top), (right, bottom) = [(round(x), round(y)) for x, y in corners]
        if right <= left or bottom <= top:
            return
        tile = _tile(pattern, fill, max(4, round(_CELL * self._ratio)))
        side = len(tile)
        # Taken at the sheet's own coordinates: the patterns of neighbours line up.
        pixels = tile[np.arange(top, bottom)[:, None] % side, np.arange(left, right) % side]
        self._image.paste(Image.fromarray(pixels), (left, top))


def text_width(text: str, size: float = 13, face: str = "sans") -> float:
    """How many points the text takes."""
    return _font(face, round(size * RATIO)).getlength(text) / RATIO


def _dashes(points: Sequence[Point], dash: float, gap: float) -> list[list[Point]]:
    """The line in pieces."""
    pieces: list[list[Point]] = []
    done = 0.0
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        length = math.hypot(x2 - x1, y2 - y1)
        at = 0.0
        while at < length:
            phase = (done + at) % (dash + gap)
            step = min(length - at, (dash if phase < dash else dash + gap) - phase + 1e-9)
            if phase < dash:
                ends = (at / length, (at + step) / length)
                pieces.append([(x1 + t * (x2 - x1), y1 + t * (y2 - y1)) for t in ends])
            at += step
        done += length
    return pieces


@cache
def _tile(pattern: str, fill: str, side: int) -> np.ndarray:
    """One repeat of a pattern, white on the fill: uint8 (side, side, 3)."""
    y, x = np.mgrid[:side, :side] / side
    white = {
        "stripes": (x + y) % 0.5 < 0.14,
        "back stripes": (x - y) % 0.5 < 0.14,
        "dots": np.hypot(x - 0.5, y - 0.5) < 0.2,
        "grid": (x < 0.14) | (y < 0.14),
    }[pattern]
    tile = np.empty((side, side, 3), np.uint8)
    tile[:] = ImageColor.getrgb(fill)
    tile[white] = 255
    return tile


@cache
def _font(face: str, pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu, for signs such as × and →: a file in matplotlib's wheel; matplotlib is not imported."""
    name = {"sans": "DejaVuSans", "bold": "DejaVuSans-Bold", "mono": "DejaVuSansMono"}[face]
    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"
        if path.is_file():
            return ImageFont.truetype(path, pixels)
    return ImageFont.load_default(pixels)
