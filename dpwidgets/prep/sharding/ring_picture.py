"""The picture of a hash ring: who keeps which arc, how even the load is, and what moves when a node comes."""

import math

import numpy as np

from dpwidgets.prep.drawing import GRID, INK, SOFT, Axes, Sheet
from dpwidgets.prep.drawing.axes import colour
from dpwidgets.prep.drawing.sheet import PATTERNS
from dpwidgets.prep.sharding.ring import HashRing

WIDTH, HEIGHT = 920, 460
_MIDDLE, _RADIUS, _WIDE = (226.0, 236.0), 160.0, 30.0
_LABEL = 0.016  # share of the ring's length that a label takes


def ring_picture(
    ring: HashRing,
    nodes: list[str],
    newcomer: str,
    loads: np.ndarray,
    moves: dict[str, float],
    scale: float,
) -> np.ndarray:
    """The picture: uint8 (H, W, 3).

    Args:
        ring: with the newcomer on it.
        nodes: all names, the newcomer last.
        loads: share of the keys that each node keeps, 1 where it is its fair share: float (nodes,).
        moves: way of keeping -> share of the keys that move when the newcomer comes.
    """
    sheet = Sheet(WIDTH, HEIGHT, scale)
    _ring(sheet, ring, nodes, newcomer)
    _loads(sheet, nodes, loads)
    _moves(sheet, moves)
    return sheet.picture()


def _ring(sheet: Sheet, ring: HashRing, nodes: list[str], newcomer: str) -> None:
    sheet.text(24, 20, "The ring", face="bold", size=14)
    sheet.text(
        24, 40, f"arcs of the {len(nodes)} nodes by their numbers; {newcomer}, black, has come new", SOFT, 11
    )
    starts = [ring.places[-1] - 1, *ring.places[:-1]]
    for start, end, owner in zip(starts, ring.places, ring.owners, strict=True):
        number = nodes.index(owner)
        fresh = owner == newcomer
        _arc(sheet, start, end, colour(number) if not fresh else INK, _WIDE if fresh else _WIDE * 0.6)
    if len(ring.places) <= 60:
        _marks(sheet, ring, nodes, newcomer)
    arcs = f"{len(ring.places)} places on the ring"
    sheet.text(*_MIDDLE, arcs, INK, 12, "mm")
    sheet.text(_MIDDLE[0], _MIDDLE[1] + 20, "a key belongs to the next mark clockwise", SOFT, 11, "mm")


def _marks(sheet: Sheet, ring: HashRing, nodes: list[str], newcomer: str) -> None:
    """A mark at each place, and the node's number where there is room, near the ring or further out."""
    last = [ring.places[-1] - 1, -1.0]  # where the last label stands, near and far
    for at, owner in zip(ring.places, ring.owners, strict=True):
        free = [at - other >= _LABEL for other in last]
        far = not free[0] and free[1]
        sheet.line([_at(at, _RADIUS), _at(at, _RADIUS + (17 if far else 5))], INK, 1)
        if any(free):
            last[far] = at
            x, y = _at(at, _RADIUS + (26 if far else 14))
            sheet.text(x, y, str(nodes.index(owner)), INK, 11, "mm", "bold" if owner == newcomer else "sans")


def _arc(sheet: Sheet, start: float, end: float, fill: str, wide: float) -> None:
    steps = max(2, round((end - start) * 240))
    outer = [_at(start + (end - start) * k / steps, _RADIUS) for k in range(steps + 1)]
    inner = [_at(start + (end - start) * k / steps, _RADIUS - wide) for k in range(steps, -1, -1)]
    sheet.area(outer + inner, fill)


def _at(share: float, radius: float) -> tuple[float, float]:
    """From twelve o'clock, clockwise."""
    angle = 2 * math.pi * share - math.pi / 2
    return _MIDDLE[0] + radius * math.cos(angle), _MIDDLE[1] + radius * math.sin(angle)


def _loads(sheet: Sheet, nodes: list[str], loads: np.ndarray) -> None:
    count = len(nodes)
    axes = Axes(
        sheet,
        (500, 48, 896, 210),
        (-0.6, count - 0.4),
        (0, max(2.0, 1.1 * float(loads.max()))),
        title="Load of each node",
        y_label="1 is a fair share",
        x_ticks=[(number, name[5:]) for number, name in enumerate(nodes)],
    )
    for number, value in enumerate(loads):
        (left, top), (right, bottom) = axes.at(number - 0.36, value), axes.at(number + 0.36, 0)
        last = number == count - 1
        pattern = "solid" if last else PATTERNS[number % len(PATTERNS)]
        sheet.box(left, top, right, bottom, INK if last else colour(number), pattern=pattern)
    axes.rule(y=1, text="")
    sheet.text(500, 246, f"the fullest node holds {loads.max():.2f} times its share", INK, 12)


def _moves(sheet: Sheet, moves: dict[str, float]) -> None:
    sheet.text(500, 300, "Keys that move when one node comes", face="bold")
    for number, (name, share) in enumerate(moves.items()):
        top = 322 + 44 * number
        sheet.text(500, top + 12, name, INK, 12)
        sheet.box(640, top, 896, top + 24, fill=GRID)
        look = ("stripes", "dots", "solid")[number % 3]
        sheet.box(640, top, 640 + 256 * share, top + 24, colour((3, 0, 2)[number % 3]), pattern=look)
        x = 640 + 256 * share + 6 if share < 0.8 else 640 + 256 * share - 52
        if share >= 0.8:
            sheet.box(x - 3, top + 4, x + 46, top + 20, fill="#ffffff", radius=3)
        sheet.text(x, top + 12, f"{100 * share:.1f} %", INK, 12)
