"""Made scenes for work with several modalities: a picture, a caption and a sound each, joined by a key.

A scene holds one to four shapes. The caption names them, the sound plays them from left to right (a pitch for
each colour, a timbre for each shape), so each modality can be checked against the others.
"""

import csv
import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dpwidgets.samples.cache import cached_tree

COUNT = 400
RATE = 8000  # samples a second of the sounds
SIZE = (128, 96)  # pixels: width, height
TRUTH_FILE = "objects.csv"
_VERSION = 1
_SEED = 1117
_MISSING = {"images": 0.02, "captions": 0.08, "sounds": 0.10}
# Okabe and Ito's colours; the pitches are a pentatonic scale, in Hz.
_COLOURS = {
    "blue": ("#0072B2", 262.0),
    "orange": ("#E69F00", 330.0),
    "green": ("#009E73", 392.0),
    "pink": ("#CC79A7", 523.0),
}
_SHAPES = ("circle", "square", "triangle")
_NUMBERS = ("", "a", "two", "three", "four")
_OPENINGS = ("", "there is ", "I see ", "a picture of ", "look: ")


@dataclass(frozen=True)
class Object:
    """One shape of a scene; `x`, `y` is its middle and `side` its size, in pixels."""

    shape: str
    colour: str
    x: int
    y: int
    side: int


def scenes() -> Path:
    """Folder of 400 made scenes: `images/KEY.jpg`, `captions/KEY.txt`, `sounds/KEY.wav`, and `objects.csv`.

    Images are RGB JPEGs of 128 x 96 pixels; captions are one line of UTF-8; sounds are mono, 16 bit, 8,000
    samples a second, from 0.1 to 1.4 seconds. Keys such as `scene-0312` have gaps. About one scene in fifty
    lacks its image, one in seventeen its caption, one in ten its sound; no two modalities of a scene are
    missing together. `objects.csv` tells what each scene holds: key, shape, colour, x, y, side.

    Made on the first call (some seconds), then kept in `cache_folder()`. The same files each time.

    Raises:
        SampleError: the cache folder cannot be written.
    """
    return cached_tree("scenes", _VERSION, write_scenes)


def write_scenes(root: Path, count: int = COUNT) -> None:
    """Write the tree into the existing folder `root`."""
    rng = np.random.default_rng(_SEED)
    keys = [f"scene-{number:04d}" for number in np.sort(rng.choice(10 * count, count, replace=False))]
    missing = rng.choice([*_MISSING, ""], count, p=[*_MISSING.values(), 1 - sum(_MISSING.values())])
    rows = []
    for modality in _MISSING:
        (root / modality).mkdir()
    for number, (key, lacks) in enumerate(zip(keys, missing, strict=True)):
        own = np.random.default_rng([_SEED, number])  # a scene does not depend on how many come before it
        objects = draw_objects(own)
        files = {
            "images": (f"{key}.jpg", picture(objects, own)),
            "captions": (f"{key}.txt", (caption(objects, own) + "\n").encode()),
            "sounds": (f"{key}.wav", sound(objects, own)),
        }
        for modality, (name, content) in files.items():
            if modality != lacks:
                (root / modality / name).write_bytes(content)
        rows += [(key, one.shape, one.colour, one.x, one.y, one.side) for one in objects]
    with (root / TRUTH_FILE).open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows(
            [("key", "shape", "colour", "x", "y", "side"), *rows]
        )


def draw_objects(rng: np.random.Generator) -> list[Object]:
    """One to four shapes that do not touch, from left to right."""
    columns = np.sort(rng.choice(4, rng.integers(1, 5), replace=False))
    return [
        Object(
            str(rng.choice(_SHAPES)),
            str(rng.choice(list(_COLOURS))),
            int(16 + 32 * column + rng.integers(-2, 3)),
            int(rng.integers(22, SIZE[1] - 22)),
            int(rng.integers(16, 25)),
        )
        for column in columns
    ]


def picture(objects: list[Object], rng: np.random.Generator) -> bytes:
    """The scene as JPEG bytes, on a noisy ground."""
    shade = int(rng.integers(170, 235))
    image = Image.new("RGB", SIZE, (shade, shade, shade))
    draw = ImageDraw.Draw(image)
    for one in objects:
        r, colour = one.side / 2, _COLOURS[one.colour][0]
        box = (one.x - r, one.y - r, one.x + r, one.y + r)
        if one.shape == "circle":
            draw.ellipse(box, fill=colour)
        elif one.shape == "square":
            draw.rectangle(box, fill=colour)
        else:
            draw.polygon([(one.x, box[1]), (box[2], box[3]), (box[0], box[3])], fill=colour)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), np.int16)
    pixels = pixels + rng.normal(0, 6, pixels.shape).round().astype(np.int16)
    encoded = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(encoded, "JPEG", quality=88)
    return encoded.getvalue()


def caption(objects: list[Object], rng: np.random.Generator) -> str:
    """The scene in words: equal neighbours are counted, 'two blue circles and a green square'."""
    groups: list[tuple[str, str, int]] = []
    for one in objects:
        if groups and groups[-1][:2] == (one.colour, one.shape):
            groups[-1] = (one.colour, one.shape, groups[-1][2] + 1)
        else:
            groups.append((one.colour, one.shape, 1))
    parts = [_in_words(*group) for group in groups]
    told = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return str(rng.choice(_OPENINGS)) + told


def _in_words(colour: str, shape: str, count: int) -> str:
    article = "an" if count == 1 and colour[0] in "aeiou" else _NUMBERS[count]
    return f"{article} {colour} {shape}{'s' * (count > 1)}"


def sound(objects: list[Object], rng: np.random.Generator) -> bytes:
    """The scene as WAV bytes: a tone for each shape from left to right, with pauses of uneven length."""
    pieces = []
    for one in objects:
        seconds = np.arange(int(RATE * rng.uniform(0.1, 0.25))) / RATE
        turns = seconds * _COLOURS[one.colour][1]
        tone = {
            "circle": np.sin(2 * np.pi * turns),
            "square": np.sign(np.sin(2 * np.pi * turns)) * 0.5,
            "triangle": 2 * (turns % 1) - 1,
        }[one.shape]
        fade = np.minimum(1, np.minimum(seconds, seconds[::-1]) / 0.01)  # no click at the ends
        pieces += [0.4 * tone * fade, np.zeros(int(RATE * rng.uniform(0.02, 0.15)))]
    samples = np.concatenate(pieces)
    samples += rng.normal(0, 0.01, len(samples))
    encoded = io.BytesIO()
    with wave.open(encoded, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return encoded.getvalue()
