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

# Under 3:1 against white paper (2.25, 2.31, 1.32). Darker they would be taken for vermilion or blue by some
# colour-blind readers, so they stay: give a mark in them an edge, a pattern or a label that is dark.
LIGHT = (ORANGE, SKY, YELLOW)
SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK)
GOOD = BLUE
BAD = VERMILION
