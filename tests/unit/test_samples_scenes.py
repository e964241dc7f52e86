"""The made scenes: whole, joined by key, ragged, the same each time."""

import csv
import hashlib
import io
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dpwidgets import samples
from dpwidgets.samples.scenes import RATE, caption, draw_objects, sound, write_scenes

KINDS = ("images", "captions", "sounds")


@pytest.fixture(scope="module")
def root() -> Path:
    return samples.scenes()


def keys(root: Path) -> dict[str, set[str]]:
    return {kind: {path.stem for path in (root / kind).iterdir()} for kind in KINDS}


def test_some_modalities_are_missing_but_never_two_of_one_scene(root: Path) -> None:
    found = keys(root)
    everything = set.union(*found.values())
    assert len(everything) == 400
    lacks = Counter(kind for key in everything for kind in KINDS if key not in found[kind])
    assert 3 <= lacks["images"] <= 15
    assert 20 <= lacks["captions"] <= 45
    assert 25 <= lacks["sounds"] <= 55
    assert all(sum(key in found[kind] for kind in KINDS) >= 2 for key in everything)


def test_sorted_listings_do_not_pair(root: Path) -> None:
    images, captions = (sorted(path.stem for path in (root / kind).iterdir()) for kind in KINDS[:2])
    assert sum(one != other for one, other in zip(images, captions, strict=False)) > 100


def test_captions_name_what_the_truth_holds(root: Path) -> None:
    with (root / "objects.csv").open(newline="") as lines:
        truth: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(lines):
            truth.setdefault(row["key"], []).append(row)
    for path in (root / "captions").iterdir():
        text = path.read_text(encoding="utf-8")
        for row in truth[path.stem]:
            assert f"{row['colour']} {row['shape']}" in text


def test_sounds_are_ragged_and_images_are_not(root: Path) -> None:
    lengths = set()
    for path in sorted((root / "sounds").iterdir())[:40]:
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            lengths.add(file.getnframes())
            assert 0.1 * RATE < file.getnframes() < 1.7 * RATE
    assert len(lengths) > 35
    for path in sorted((root / "images").iterdir())[:10]:
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((128, 96), "RGB")


def test_equal_neighbours_are_counted() -> None:
    rng = np.random.default_rng(0)
    one = draw_objects(rng)[0]
    assert caption([one, one], rng).endswith(f"two {one.colour} {one.shape}s")


def test_a_tone_has_the_pitch_of_its_colour() -> None:
    rng = np.random.default_rng(1)
    (one,) = [next(obj for obj in draw_objects(rng) if obj) for _ in range(1)]
    with wave.open(io.BytesIO(sound([one], rng))) as file:
        samples_ = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    spectrum = np.abs(np.fft.rfft(samples_, 16 * len(samples_)))
    peak = np.fft.rfftfreq(16 * len(samples_), 1 / RATE)[spectrum.argmax()]
    assert peak == pytest.approx({"blue": 262, "orange": 330, "green": 392, "pink": 523}[one.colour], abs=6)


def test_the_same_files_each_time(tmp_path: Path, root: Path) -> None:
    write_scenes(tmp_path, 400)

    def digest(tree: Path) -> str:
        files = sorted(path for path in tree.rglob("*") if path.is_file())
        names = b"".join(str(path.relative_to(tree)).encode() + path.read_bytes() for path in files)
        return hashlib.sha256(names).hexdigest()

    assert digest(tmp_path) == digest(root)
