"""The picture of an epoch: every sample with who reads it, and every worker's batches in order."""

import numpy as np

from dpwidgets.prep.drawing import GRID, INK, PAPER, SHADE, SOFT, Sheet
from dpwidgets.prep.drawing.axes import colour
from dpwidgets.prep.drawing.sheet import PATTERNS
from dpwidgets.prep.sharding.readers import STREAMS, Batch, Setup, shard_of

WIDTH, HEIGHT = 920, 560
_LEFT, _RIGHT = 24, 896
_LANES_FROM = 262


def readers_picture(setup: Setup, found: list[Batch], counts: np.ndarray, scale: float) -> np.ndarray:
    """The picture: uint8 (H, W, 3)."""
    sheet = Sheet(WIDTH, HEIGHT, scale)
    sheet.text(_LEFT, 20, "Who reads each sample", face="bold", size=14)
    _legend(sheet, setup)
    _samples(sheet, setup, found, counts)
    sheet.text(_LEFT, _LANES_FROM - 26, "What each worker delivers, in order", face="bold", size=14)
    _lanes(sheet, setup, found, counts)
    return sheet.picture()


def _legend(sheet: Sheet, setup: Setup) -> None:
    x = 230.0
    for rank in range(setup.ranks):
        sheet.box(x, 12, x + 26, 28, fill=colour(rank), pattern=PATTERNS[rank])
        sheet.text(x + 32, 20, f"rank {rank}", size=12)
        x += 94
    sheet.box(x, 12, x + 26, 28, outline=INK, width=1.5)
    sheet.text(x + 32, 20, "nobody", size=12)
    sheet.text(x + 94, 20, "×2: read twice", size=12)


def _samples(sheet: Sheet, setup: Setup, found: list[Batch], counts: np.ndarray) -> None:
    """One cell a sample; a sample that several read is cut into as many pieces."""
    columns = min(setup.items, 24)
    rows = -(-setup.items // columns)
    side = (_RIGHT - _LEFT) / columns
    tall = min(side, 170 / rows)
    readers: dict[int, list[Batch]] = {}
    for batch in found:
        for sample in batch.samples:
            readers.setdefault(sample, []).append(batch)
    shards = shard_of(setup)
    for sample in range(setup.items):
        left, top = _LEFT + sample % columns * side, 44 + sample // columns * (tall + 4)
        right, bottom = left + side - 3, top + tall
        mine = readers.get(sample, [])
        for number, batch in enumerate(mine):
            edges = np.linspace(left, right, len(mine) + 1)
            sheet.box(
                edges[number],
                top,
                edges[number + 1],
                bottom,
                colour(batch.rank),
                pattern=PATTERNS[batch.rank],
            )
        if not mine:
            sheet.box(left, top, right, bottom, fill=PAPER, outline=INK, width=1.5)
        _tag(sheet, (left + right) / 2, (top + bottom) / 2 - 5, str(sample))
        if counts[sample] > 1:
            _tag(sheet, (left + right) / 2, bottom - 8, f"×{counts[sample]}")
        if setup.plan == STREAMS[3] and sample and shards[sample] != shards[sample - 1]:
            sheet.line([(left - 1.5, top - 3), (left - 1.5, bottom + 3)], INK, 2)


def _lanes(sheet: Sheet, setup: Setup, found: list[Batch], counts: np.ndarray) -> None:
    """A lane for each worker of each rank, its batches as boxes with the samples' numbers."""
    workers = max(1, setup.workers)
    lanes = setup.ranks * workers
    pitch = min(26.0, (HEIGHT - _LANES_FROM - 40) / lanes)
    longest = max((sum(b.rank == r for b in found) for r in range(setup.ranks)), default=0)
    width = (_RIGHT - _LEFT - 130) / max(1, longest)
    for lane in range(lanes):
        rank, worker = divmod(lane, workers)
        top = _LANES_FROM + lane * pitch
        name = f"rank {rank}, worker {worker}" if setup.workers else f"rank {rank}, itself"
        sheet.text(_LEFT, top + pitch / 2 - 1, name, INK, 11)
        sheet.box(_LEFT + 130, top, _RIGHT, top + pitch - 3, fill=SHADE)
        turns = [(turn, batch) for turn, batch in enumerate(b for b in found if b.rank == rank)]
        mine = [(turn, batch) for turn, batch in turns if batch.worker == worker]
        for turn, batch in mine:
            left = _LEFT + 130 + turn * width
            right = left + max(2.0, width - 2)
            sheet.box(left, top, right, top + pitch - 3, colour(rank), pattern=PATTERNS[rank])
            text = " ".join(map(str, batch.samples))
            if width > 7 * len(text) + 8:
                _tag(sheet, (left + right) / 2, top + pitch / 2 - 1.5, text)
        if not mine:
            sheet.text(_LEFT + 138, top + pitch / 2 - 1, "nothing to do", SOFT, 11)
    gaps, extra = int((counts == 0).sum()), int((counts - 1).clip(0).sum())
    per_rank = [sum(batch.rank == rank for batch in found) for rank in range(setup.ranks)]
    told = f"{setup.items} samples, {counts.sum()} reads: {gaps} never read, {extra} read again. "
    told += "Batches of each rank: " + ", ".join(map(str, per_rank))
    told += "." if len(set(per_rank)) == 1 else ": not the same number, one would wait for the others."
    sheet.line([(_LEFT, HEIGHT - 34), (_RIGHT, HEIGHT - 34)], GRID, 1)
    sheet.text(_LEFT, HEIGHT - 18, told, INK, 12)


def _tag(sheet: Sheet, x: float, y: float, text: str) -> None:
    """Dark text on a light plate: readable on every colour and pattern."""
    half = 3.6 * len(text) + 2
    sheet.box(x - half, y - 7, x + half, y + 7, fill=PAPER, radius=3)
    sheet.text(x, y, text, INK, 11, "mm")
