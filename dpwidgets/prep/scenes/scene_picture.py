"""The picture of a batch of scenes: a row each, with its image, its padded words and its padded sound."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from dpwidgets import palette
from dpwidgets.prep.drawing import GRID, INK, PAPER, SHADE, SOFT, Sheet, text_width
from dpwidgets.prep.scenes.collating import Batch
from dpwidgets.prep.scenes.reading import KINDS, Scene

WIDTH = 920
_ROW, _TOP = 84.0, 62.0
_IMAGE, _WORDS, _SOUND = 24.0, 118.0, 560.0
_RIGHT = 896.0


def scene_picture(
    scenes: Sequence[Scene],
    batch: Batch,
    names: Mapping[int, str],
    spectra: Sequence[torch.Tensor | None],
    scale: float,
) -> np.ndarray:
    """The picture: uint8 (H, WIDTH, 3).

    Args:
        names: token -> word.
        spectra: of each scene, as `spectrogram` gives them; None draws the wave.
    """
    sheet = Sheet(WIDTH, _TOP + _ROW * len(scenes) + 30, scale)
    _head(sheet, batch)
    for number, scene in enumerate(scenes):
        top = _TOP + number * _ROW
        sheet.line([(_IMAGE, top - 6), (_RIGHT, top - 6)], GRID, 1)
        _image(sheet, top, batch, number)
        _words(sheet, top, scene, batch, names, number)
        _sound(sheet, top, batch, spectra[number], number)
        if scene.is_mismatched:
            _warn(sheet, top, scene)
    return sheet.picture()


def _head(sheet: Sheet, batch: Batch) -> None:
    shapes = (
        (_IMAGE, "images", tuple(batch["images"].shape)),
        (_WORDS + 150, "tokens", tuple(batch["tokens"].shape)),
        (_SOUND, "sounds", tuple(batch["sounds"].shape)),
    )
    for x, name, shape in shapes:
        sheet.text(x, 18, name, INK, 13, "lm", "bold")
        sheet.text(x, 38, str(shape), SOFT, 12, "lm", "mono")
    padding = 1 - batch["token_mask"].float().mean().item() if batch["tokens"].numel() else 0.0
    quiet = 1 - batch["sound_lengths"].sum().item() / max(1, batch["sounds"].numel())
    sheet.text(_WORDS + 300, 18, f"{padding:.0%} padding", SOFT, 12)
    sheet.text(_SOUND + 190, 18, f"{quiet:.0%} padding", SOFT, 12)


def _image(sheet: Sheet, top: float, batch: Batch, number: int) -> None:
    box = _IMAGE, top, _IMAGE + 72, top + 72
    if batch["present"][number, 0]:
        sheet.paste(batch["images"][number].permute(1, 2, 0).numpy(), *box)
    else:
        _missing(sheet, *box)


def _words(
    sheet: Sheet, top: float, scene: Scene, batch: Batch, names: Mapping[int, str], number: int
) -> None:
    """The words as boxes in two lines; padding dashed and empty."""
    sheet.text(_WORDS, top + 8, scene.key, SOFT, 11, "lm", "mono")
    if not batch["present"][number, 1]:
        _missing(sheet, _WORDS, top + 24, _WORDS + 130, top + 46)
        return
    x, y = _WORDS, top + 22.0
    for token, real in zip(
        batch["tokens"][number].tolist(), batch["token_mask"][number].tolist(), strict=True
    ):
        word = names.get(token, "?") if real else "·"
        wide = text_width(word, 11) + 9
        if x + wide > _SOUND - 16:
            x, y = _WORDS, y + 25
        if y > top + 50:
            sheet.text(_SOUND - 24, top + 60, "…", SOFT, 12)
            return
        if real:
            sheet.box(x, y, x + wide, y + 20, fill="#cfe3f1", outline=palette.BLUE, radius=3)
        else:
            sheet.line([(x, y), (x + wide, y), (x + wide, y + 20), (x, y + 20), (x, y)], SOFT, 1, (3, 2))
        sheet.text(x + wide / 2, y + 10, word, INK if real else SOFT, 11, "mm")
        x += wide + 3


def _sound(sheet: Sheet, top: float, batch: Batch, spectrum: torch.Tensor | None, number: int) -> None:
    """The wave, or its spectrogram, as long as it is; the padding behind it hatched."""
    if not batch["present"][number, 2]:
        _missing(sheet, _SOUND, top + 24, _SOUND + 130, top + 46)
        return
    longest, length = batch["sounds"].shape[1], int(batch["sound_lengths"][number])
    end = _SOUND + (_RIGHT - _SOUND) * length / max(1, longest)
    sheet.box(_SOUND, top, end, top + 72, fill=SHADE)
    if end < _RIGHT:
        sheet.box(end, top, _RIGHT, top + 72, fill="#d5dae0", pattern="stripes")
    if spectrum is not None:
        # Dark is loud; low tones at the bottom.
        grey = (255 * (-spectrum / 60)).clamp(0, 255).to(torch.uint8).flip(0).numpy()
        sheet.paste(np.repeat(grey[..., None], 3, 2), _SOUND, top, end, top + 72)
        return
    if not length:
        return
    columns = min(300, length)
    parts = np.array_split(batch["sounds"][number, :length].numpy(), columns)
    step = (end - _SOUND) / columns
    for at, part in enumerate(parts):
        x = _SOUND + (at + 0.5) * step
        high, low = float(part.max()), float(part.min())
        sheet.line([(x, top + 36 - 34 * high), (x, top + 36 - 34 * low + 0.6)], palette.BLUE, 1)


def _missing(sheet: Sheet, left: float, top: float, right: float, bottom: float) -> None:
    sheet.box(left, top, right, bottom, fill=PAPER, outline=palette.VERMILION, width=1.5)
    sheet.text((left + right) / 2, (top + bottom) / 2, "missing", palette.VERMILION, 12, "mm")


def _warn(sheet: Sheet, top: float, scene: Scene) -> None:
    stems = ", ".join(f"{kind} {path.stem}" for kind, path in scene.files().items() if path is not None)
    assert set(scene.files()) == set(KINDS)
    text = f"✗ not one sample: {stems}"
    sheet.box(
        _WORDS, top + 58, _WORDS + text_width(text, 10) + 10, top + 75, fill=palette.VERMILION, radius=3
    )
    sheet.text(_WORDS + 5, top + 66.5, text, "#ffffff", 10)
