"""How each kind of span looks: one colour and one pattern, in the browser as in the still picture."""

from dataclasses import dataclass

from dpwidgets import palette
from dpwidgets.prep.loading.spans import Kind

_PLAIN = ("........",) * 8
_DIAGONAL = ("#......#", "##......", ".##.....", "..##....", "...##...", "....##..", ".....##.", "......##")
_DOTS = ("........", ".##.....", ".##.....", "........", "........", ".....##.", ".....##.", "........")
_UPRIGHT = ("#...#...",) * 8
_LEVEL = ("........", "########", "........", "........") * 2
_GRID = ("#...#...", "#...#...", "#...#...", "########") * 2
_CROSS = ("#......#", ".#....#.", "..#..#..", "...##...", "...##...", "..#..#..", ".#....#.", "#......#")
_CHECKS = ("####....",) * 4 + ("....####",) * 4


@dataclass(frozen=True)
class Look:
    """A kind of span for the eye.

    Attributes:
        colour: the ground, "#rrggbb".
        ink: of the pattern, "#rrggbb".
        pattern: 8 rows of 8, "#" is ink; it is tiled from the picture's upper left corner.
        text: what the kind means, in a few words.
    """

    colour: str
    ink: str
    pattern: tuple[str, ...]
    text: str


LOOKS: dict[Kind, Look] = {
    "start": Look(palette.PURPLE, "#8f4a70", _GRID, "a worker comes up"),
    "fetch": Look(palette.SKY, "#2f86b8", _PLAIN, "an item is read and decoded"),
    "transform": Look(palette.GREEN, "#00573f", _DOTS, "a step of the item's transform"),
    "collate": Look(palette.YELLOW, "#a39500", _UPRIGHT, "items are put together into a batch"),
    "hand-over": Look(palette.ORANGE, "#8f6300", _CROSS, "a batch travels to the training loop"),
    "wait": Look(palette.VERMILION, "#ffd9bf", _DIAGONAL, "the training loop waits for a batch"),
    "transfer": Look(palette.BLACK, "#c8c8c8", _CHECKS, "a batch is moved to the device"),
    "step": Look(palette.BLUE, "#00517f", _LEVEL, "the training step"),
}
