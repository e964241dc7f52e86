"""A folder of scenes: which files belong together, and what is in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.files import leads_out

KINDS = {
    "image": ("images", (".jpg", ".jpeg", ".png", ".webp", ".bmp")),
    "caption": ("captions", (".txt",)),
    "sound": ("sounds", (".wav", ".flac", ".ogg")),
}
PAIRINGS = ("by key", "by position")


@dataclass(frozen=True)
class Scene:
    """The files of one sample; None where a modality is missing.

    Paired by position the three may have different stems: then they do not belong together.
    """

    key: str
    image: Path | None
    caption: Path | None
    sound: Path | None

    def files(self) -> dict[str, Path | None]:
        """Modality -> file, in the order of KINDS."""
        return {"image": self.image, "caption": self.caption, "sound": self.sound}

    @property
    def is_mismatched(self) -> bool:
        """Do its files come from different samples?"""
        return len({path.stem for path in self.files().values() if path is not None}) > 1


class SceneFolder:
    """The scenes of a folder with `images/`, `captions/`, `sounds/`; a sample's files share their stem.

    Links that lead out of the folder are not followed.

    Raises:
        FileNotFoundError: the folder is missing, or holds none of the three with a file in it.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise FileNotFoundError(f"data={str(root)!r}: no such folder.")
        self.root = root
        self.files = {kind: _files(root, folder, suffixes) for kind, (folder, suffixes) in KINDS.items()}
        if not any(self.files.values()):
            folders = ", ".join(folder for folder, _ in KINDS.values())
            raise FileNotFoundError(
                f"data={str(root)!r} holds no scenes; it needs {folders} (links out do not count)."
            )

    def scenes(self, pairing: str) -> list[Scene]:
        """All scenes, "by key" (the stem) or "by position" (the first file of each folder, and so on)."""
        if pairing == PAIRINGS[1]:
            longest = max(map(len, self.files.values()))
            rows = [
                {kind: paths[at] if at < len(paths) else None for kind, paths in self.files.items()}
                for at in range(longest)
            ]
            return [Scene(key=f"row {at}", **row) for at, row in enumerate(rows)]
        by_key = {kind: {path.stem: path for path in paths} for kind, paths in self.files.items()}
        keys = sorted(set().union(*by_key.values()))
        return [Scene(key, **{kind: found.get(key) for kind, found in by_key.items()}) for key in keys]


def read_image(path: Path, side: int) -> torch.Tensor:
    """The picture, upright, fitted into a black square: uint8 (3, side, side).

    Raises:
        ValueError: the file cannot be decoded.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # Pillow's decoders raise many kinds on damaged bytes
        raise ValueError(
            f"{path.name} cannot be decoded ({type(error).__name__}); mend the file, or remove it."
        ) from error
    return F.pil_to_tensor(ImageOps.pad(upright, (side, side)))


def read_words(path: Path) -> list[str]:
    """The caption's words, in small letters, without punctuation at their ends.

    Raises:
        ValueError: the file is no UTF-8 text.
    """
    try:
        words = path.read_text(encoding="utf-8-sig").lower().split()  # without the mark of some editors
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is no UTF-8 text ({error.reason}); save it as UTF-8.") from error
    return [word for word in (word.strip(".,:;!?\"'") for word in words) if word]


def read_sound(path: Path) -> tuple[torch.Tensor, int]:
    """The sound as one channel: float32 (samples,), -1 to 1, and samples a second.

    Raises:
        ValueError: the file cannot be decoded.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(
            f"{path.name} cannot be decoded ({error.error_string}); mend the file, or remove it."
        ) from error
    return torch.from_numpy(np.ascontiguousarray(samples.mean(1))), int(rate)


def vocabulary(captions: Iterable[Path]) -> dict[str, int]:
    """A number for each word of these captions, from 2; 0 is padding, 1 a word that is not known."""
    words = sorted({word for path in captions for word in read_words(path)})
    return {word: number for number, word in enumerate(words, 2)}


def _files(root: Path, folder: str, suffixes: tuple[str, ...]) -> list[Path]:
    if not (root / folder).is_dir():
        return []
    named = (path for path in (root / folder).iterdir() if path.suffix.lower() in suffixes)
    return sorted(path for path in named if not path.name.startswith(".") and not leads_out(path, root))
