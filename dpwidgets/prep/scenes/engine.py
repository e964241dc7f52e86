"""The engine of the scene lab: parameters in, one padded batch, its picture and plain code out."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from dpwidgets.prep.checks import check_flag, check_name, check_whole, complete
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.scenes.collating import Batch, collate, read_scene, spectrogram
from dpwidgets.prep.scenes.reading import KINDS, PAIRINGS, Scene, SceneFolder, vocabulary
from dpwidgets.prep.scenes.scene_code import scene_code
from dpwidgets.prep.scenes.scene_picture import scene_picture

SIDE = 96  # pixels of an image in the batch
MOST = 8  # scenes in a batch
WINDOWS = ("128", "256", "512")
DRAWINGS = ("spectrogram", "wave")


class SceneEngine:
    """Computes what the scene lab shows.

    Args:
        root: the folder of scenes; see `SceneFolder`.
    """

    def __init__(self, root: Path) -> None:
        self._folder = SceneFolder(root)
        self._scenes = lru_cache(maxsize=8)(self._chosen)
        self._sample = lru_cache(maxsize=256)(lambda scene: read_scene(scene, self.words, SIDE))

    @cached_property
    def words(self) -> dict[str, int]:
        """Word -> token."""
        return vocabulary(self._folder.files["caption"])

    @cached_property
    def count(self) -> int:
        """How many scenes there are by key."""
        return len(self._folder.scenes(PAIRINGS[0]))

    def default_params(self) -> dict[str, Any]:
        """The first scenes, joined by key."""
        return {
            "first": 0,
            "batch_size": min(5, self.count),
            "pairing": PAIRINGS[0],
            "only_complete": False,
            "drawing": DRAWINGS[0],
            "n_fft": WINDOWS[1],
            "listen": 0,
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        check_name(merged["pairing"], PAIRINGS, "pairing")
        check_name(merged["drawing"], DRAWINGS, "drawing")
        check_name(merged["n_fft"], WINDOWS, "n_fft")
        return {
            "first": check_whole(merged["first"], "first", 0, self.count - 1),
            "batch_size": check_whole(merged["batch_size"], "batch_size", 1, MOST),
            "pairing": merged["pairing"],
            "only_complete": check_flag(merged["only_complete"], "only_complete"),
            "drawing": merged["drawing"],
            "n_fft": merged["n_fft"],
            "listen": check_whole(merged["listen"], "listen", 0, MOST - 1),
        }

    def scenes(self, params: Mapping[str, Any]) -> list[Scene]:
        """The scenes of the batch.

        Raises:
            ValueError: only complete scenes are wanted and there are none, or a parameter is not allowed.
        """
        one = self.check(params)
        every = self._scenes(one["pairing"], one["only_complete"])
        if not every:
            raise ValueError("no scene is complete; switch only_complete off.")
        first = min(one["first"], len(every) - 1)
        return every[first : first + one["batch_size"]]

    def _chosen(self, pairing: str, only_complete: bool) -> list[Scene]:
        every = self._folder.scenes(pairing)
        return [one for one in every if not only_complete or all(one.files().values())]

    def batch(self, params: Mapping[str, Any]) -> Batch:
        """The batch, as `collate` gives it."""
        return collate([self._sample(scene) for scene in self.scenes(params)])

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture. `notes`: "scene" (to listen to), and the counts "mismatched", "missing" and "kept"."""
        one = self.check(params)
        scenes, batch = self.scenes(one), self.batch(one)
        names = {number: word for word, number in self.words.items()}
        spectra = [
            spectrogram(batch["sounds"][row, : int(length)], int(one["n_fft"]))
            if one["drawing"] == DRAWINGS[0] and length
            else None
            for row, length in enumerate(batch["sound_lengths"])
        ]
        picture = scene_picture(scenes, batch, names, spectra, scale)
        mismatched = sum(scene.is_mismatched for scene in scenes)
        missing = int((~batch["present"]).sum())
        kept = len(self._scenes(one["pairing"], one["only_complete"]))
        notes = {
            "scene": scenes[min(one["listen"], len(scenes) - 1)],
            "mismatched": mismatched,
            "missing": missing,
            "kept": kept,
        }
        alt = (
            f"{len(scenes)} scenes paired {one['pairing']}, from {scenes[0].key} on: tokens padded to "
            f"{batch['tokens'].shape[1]}, sounds to {batch['sounds'].shape[1]} samples. {missing} modalities "
            f"are missing, {mismatched} rows join files of different samples."
        )
        return Rendered(picture, alt, notes)

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain PyTorch: a Dataset joined by key, a collate_fn, and the first batch.

        Pairing by position is shown in the lab as the mistake that it is; the code joins by key.
        """
        one = self.check(params)
        first = min(one["first"], len(self._scenes(PAIRINGS[0], one["only_complete"])) - 1)
        return scene_code(KINDS, SIDE, first, one["batch_size"], one["only_complete"])
