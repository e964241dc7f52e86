"""A heat map as a picture of its own, without a plotting library."""

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
CELL = (96, 44)  # pixels: width, height
LEFT, TOP, EDGE = 96, 58, 12
TITLE = "items/s over an epoch: workers down, batch size across"
PALE, DEEP = np.array([240, 246, 252]), np.array([0, 68, 120])  # one hue: dark means more, for every eye
INK, FAINT, FRAME = (32, 32, 32), (150, 150, 150), (213, 94, 0)


def draw_heat_map(table: pd.DataFrame, best: tuple[int, int]) -> np.ndarray:
    """A table of items per second as a picture.

    Args:
        table: rows `num_workers`, columns `batch_size`; nan is drawn as an empty cell with a dash.
        best: the pair to frame.

    Returns:
        uint8 (height, width, 3), RGB on white.
    """
    width, height = CELL
    font = ImageFont.load_default(14)
    across = max(LEFT + width * len(table.columns), EDGE + round(font.getlength(TITLE)))
    picture = Image.new("RGB", (across + EDGE, TOP + height * len(table.index) + EDGE), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((EDGE, 10), TITLE, INK, font)
    largest = float(np.nanmax(table.to_numpy()))
    for column, batch_size in enumerate(table.columns):
        middle = LEFT + width * column + width // 2
        draw.text((middle, TOP - 12), f"{batch_size}", INK, font, anchor="mm")
        for row, workers in enumerate(table.index):
            corner = LEFT + width * column, TOP + height * row
            _draw_cell(draw, corner, float(table.loc[workers, batch_size]), largest, font)
    for row, workers in enumerate(table.index):
        draw.text((LEFT - 10, TOP + height * row + height // 2), f"{workers}", INK, font, anchor="rm")
    if best[0] in table.index and best[1] in table.columns:
        x = LEFT + width * list(table.columns).index(best[1])
        y = TOP + height * list(table.index).index(best[0])
        draw.rectangle((x, y, x + width - 2, y + height - 2), outline=FRAME, width=4)
    return np.asarray(picture)


def _draw_cell(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    value: float,
    largest: float,
    font: Font,
) -> None:
    (x, y), (width, height) = corner, CELL
    box = (x, y, x + width - 2, y + height - 2)
    middle = x + width // 2 - 1, y + height // 2 - 1
    if np.isnan(value):
        draw.rectangle(box, outline=FAINT)
        draw.text(middle, "-", FAINT, font, anchor="mm")
        return
    share = value / largest
    red, green, blue = (round(float(c)) for c in PALE + share * (DEEP - PALE))
    draw.rectangle(box, fill=(red, green, blue))
    draw.text(middle, f"{value:,.0f}", "white" if share > 0.5 else INK, font, anchor="mm")
