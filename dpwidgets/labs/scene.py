"""The scene lab: samples of picture, caption and sound, joined and padded into a batch."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dpwidgets import samples
from dpwidgets.labs.base import PLAIN_CSS, Control, Lab, source_text
from dpwidgets.prep.scenes.collating import Batch
from dpwidgets.prep.scenes.engine import DRAWINGS, MOST, WINDOWS, SceneEngine
from dpwidgets.prep.scenes.reading import PAIRINGS

_SOUND_TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg"}
_MOST_BYTES = 400_000  # of a sound that is sent to the page and saved with the notebook


class SceneLab(Lab):
    """Browse samples of several modalities, and see how they are joined, padded and masked.

    Args:
        data: a folder with `images/`, `captions/` and `sounds/`, where a sample's files share their stem;
            None takes the sample scenes.
        params: start values, such as `first=12`, `batch_size=4`, `pairing="by position"`, `drawing="wave"`.

    Raises:
        FileNotFoundError: the folder is missing or holds no scenes.
        ValueError: for a parameter that is not known or not allowed, and for a file that cannot be read.
        TypeError: `data` is no path.
    """

    picture_format = "PNG"
    _esm = source_text("link.js", "controls.js", "base.js", "scene.js")
    _css = PLAIN_CSS
    _engine: SceneEngine

    def __init__(self, data: str | Path | None = None, **params: Any) -> None:
        root = samples.scenes() if data is None else Path(data).expanduser()
        super().__init__(SceneEngine(root), params, title="Scene lab")

    @property
    def result(self) -> Batch:
        """The batch that is shown; see `prep.scenes.collating.Batch`."""
        return self._engine.batch(self.settings)

    # fmt: off
    def _controls(self) -> Iterable[Control]:
        last = self._engine.count - 1
        yield Control("first", "from scene", "slider", "The batch begins with this scene.", max=last)
        yield Control("batch_size", "batch size", "slider", "Scenes in the batch.", min=1, max=MOST)
        yield Control("pairing", "joined", "choice", "What makes files one sample.", choices=PAIRINGS)
        yield Control("only_complete", "only complete scenes", "flag", "Leave out what lacks something.")
        yield Control("drawing", "sound as", "choice", "How the sounds are drawn.", choices=DRAWINGS)
        yield Control(
            "n_fft", "window", "choice", "Samples in a window of the spectrogram: long windows tell tones "
            "apart, short ones moments.", choices=WINDOWS, when=("drawing", DRAWINGS[:1]),
        )
        yield Control("listen", "listen to", "slider", "Row of the batch, from 0.", max=MOST - 1)
    # fmt: on

    def _summary(self, params: Mapping[str, Any]) -> str:
        complete = ", complete ones" if params["only_complete"] else ""
        return f"{params['batch_size']} scenes from {params['first']}, joined {params['pairing']}{complete}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        told = [f"{notes['kept']} scenes in all"]
        if notes["missing"]:
            told.append(f"missing in this batch: {notes['missing']}")
        if notes["mismatched"]:
            told.append(f"{notes['mismatched']} rows join files of different samples, and no error says so")
        return told

    def _more(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        """The sound to play, as a data address, and the caption beside it."""
        scene = notes["scene"]
        caption = scene.caption.read_text(encoding="utf-8-sig").strip() if scene.caption else ""
        sound = ""
        if scene.sound is not None and scene.sound.stat().st_size <= _MOST_BYTES:
            kind = _SOUND_TYPES[scene.sound.suffix.lower()]
            sound = f"data:{kind};base64,{base64.b64encode(scene.sound.read_bytes()).decode()}"
        return {"key": scene.key, "caption": caption, "sound": sound, "has_sound": scene.sound is not None}
