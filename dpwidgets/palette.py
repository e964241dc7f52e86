"""The one palette of the workbook: Okabe and Ito's eight colours, told apart by colour-blind readers.

Source: M. Okabe, K. Ito, "Color Universal Design" (2008). Colour never carries meaning alone:
give each series a marker, a hatch or a label as well.
"""

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK)
GOOD = BLUE
BAD = VERMILION
