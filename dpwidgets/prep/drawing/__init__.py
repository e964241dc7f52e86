"""Drawing for the labs' pictures, in PIL: a sheet of paper, and axes on it. No plot library."""

from dpwidgets.prep.drawing.axes import Axes
from dpwidgets.prep.drawing.sheet import GRID, INK, PAPER, SHADE, SOFT, Sheet, text_width

__all__ = ["GRID", "INK", "PAPER", "SHADE", "SOFT", "Axes", "Sheet", "text_width"]
