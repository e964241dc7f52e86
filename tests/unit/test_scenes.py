"""The scene lab: joined by key, padded and masked as torch does it, code that gives the same batch."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch.nn.utils.rnn import pad_sequence

from dpwidgets import samples
from dpwidgets.labs.scene import SceneLab
from dpwidgets.prep.scenes.collating import collate, spectrogram
from dpwidgets.prep.scenes.engine import SceneEngine
from dpwidgets.prep.scenes.reading import SceneFolder, read_sound, read_words


@pytest.fixture(scope="module")
def engine() -> SceneEngine:
    return SceneEngine(samples.scenes())


def test_by_key_nothing_is_mixed_up_and_by_position_nearly_all_is() -> None:
    folder = SceneFolder(samples.scenes())
    by_key, by_position = folder.scenes("by key"), folder.scenes("by position")
    assert len(by_key) == 400
    assert not any(scene.is_mismatched for scene in by_key)
    assert sum(scene.is_mismatched for scene in by_position) > 300


def test_padding_and_masks_are_torchs(engine: SceneEngine) -> None:
    for first in (0, 57, 311):
        batch = engine.batch({"first": first, "batch_size": 6})
        scenes = engine.scenes({"first": first, "batch_size": 6})
        sounds = [read_sound(one.sound)[0] if one.sound else torch.zeros(0) for one in scenes]
        assert torch.equal(batch["sounds"], pad_sequence(sounds, batch_first=True))
        lengths = [len(read_words(one.caption)) if one.caption else 0 for one in scenes]
        assert batch["token_mask"].sum(1).tolist() == lengths
        assert torch.equal(batch["tokens"] > 0, batch["token_mask"])
        assert batch["present"][:, 2].tolist() == [one.sound is not None for one in scenes]


@pytest.mark.parametrize(
    "params", [{}, {"first": 100, "batch_size": 3}, {"first": 399, "only_complete": True}]
)
def test_the_code_gives_the_same_batch(engine: SceneEngine, params: dict[str, Any]) -> None:
    code = engine.to_code(params)
    names: dict[str, Any] = {}
    exec(code, names)
    made, wanted = names["first_batch"](samples.scenes()), engine.batch(params)
    assert made["keys"] == wanted["keys"]
    for name in ("images", "tokens", "token_mask", "sounds", "sound_lengths", "present"):
        assert torch.equal(made[name], wanted[name]), name  # type: ignore[literal-required]
    assert "dpwidgets" not in code


def test_a_tone_is_where_its_frequency_is() -> None:
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(8000) / 8000)
    decibels = spectrogram(tone, 256)
    assert decibels.shape == (129, 126)
    assert decibels[:, 60].argmax() == 32  # 1000 Hz of 8000 in 256 bins
    assert decibels.max() == 0
    assert decibels.min() >= -60
    assert spectrogram(torch.zeros(10), 256).shape[0] == 129


def test_a_batch_without_any_caption_or_sound_still_stacks() -> None:
    empty = {
        "image": torch.zeros(3, 2, 2),
        "tokens": torch.zeros(0, dtype=torch.int64),
        "sound": torch.zeros(0),
    }
    batch = collate(
        [{"key": str(n), **empty, "present": torch.tensor([True, False, False])} for n in range(2)]
    )
    assert batch["tokens"].shape == (2, 0)
    assert batch["sounds"].shape == (2, 0)


def test_the_picture_is_the_same_again_and_follows_the_slider(engine: SceneEngine) -> None:
    first, again = engine.render({}), SceneEngine(samples.scenes()).render({})
    assert np.array_equal(first.picture, again.picture)
    assert not np.array_equal(first.picture, engine.render({"first": 5}).picture)
    assert engine.render({"drawing": "wave"}, 0.5).picture.shape[1] == first.picture.shape[1] // 2


def test_the_lab_tells_mixed_up_rows_and_gives_the_sound() -> None:
    lab = SceneLab(pairing="by position", first=200)
    assert any("no error says so" in note for note in lab.caption["notes"])
    lab.set(pairing="by key", first=0, listen=0)
    assert lab.caption["more"]["key"] == lab.result["keys"][0]
    assert lab.caption["more"]["sound"].startswith("data:audio/wav;base64,")
    assert lab.result["images"].shape == (5, 3, 96, 96)
    assert repr(lab) == "SceneLab(5 scenes from 0, joined by key)"


def test_the_readers_own_folder(tmp_path: Path) -> None:
    root = samples.scenes()
    for kind in ("images", "captions"):
        (tmp_path / kind).mkdir()
        for path in sorted((root / kind).iterdir())[:3]:
            shutil.copy(path, tmp_path / kind)
    lab = SceneLab(tmp_path, batch_size=3)
    assert lab.result["sounds"].shape == (3, 0)
    assert not lab.result["present"][:, 2].any()


@pytest.mark.parametrize("drawing", ["spectrogram", "wave"])
@pytest.mark.parametrize("count", [0, 1])
def test_a_sound_of_no_or_one_sample_is_drawn(tmp_path: Path, drawing: str, count: int) -> None:
    (tmp_path / "sounds").mkdir()
    soundfile.write(tmp_path / "sounds" / "a.wav", np.zeros(count), 8000)
    assert SceneEngine(tmp_path).render({"drawing": drawing}).picture.size


def test_a_caption_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "0007.txt"
    file.write_bytes("ein schöner Kreis".encode("latin-1"))
    with pytest.raises(ValueError, match=r"0007\.txt is no UTF-8 text .* save it as UTF-8"):
        read_words(file)


def test_a_byte_order_mark_is_no_part_of_a_word(tmp_path: Path) -> None:
    (tmp_path / "captions").mkdir()
    file = tmp_path / "captions" / "a.txt"
    file.write_text("Red circle", encoding="utf-8-sig")
    assert read_words(file) == ["red", "circle"]
    lab = SceneLab(tmp_path, batch_size=1)
    assert lab.caption["more"]["caption"] == "Red circle"
    names: dict[str, Any] = {}
    exec(lab.to_code(), names)
    assert names["read_words"](file) == ["red", "circle"]


def test_a_sound_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    file = tmp_path / "0007.wav"
    file.write_bytes(b"RIFF and nothing more")
    with pytest.raises(ValueError, match=r"0007\.wav cannot be decoded .* mend the file"):
        read_sound(file)


def test_folders_without_scenes_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        SceneLab(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="images, captions, sounds"):
        SceneLab(tmp_path)
    with pytest.raises(ValueError, match=r"first=999 .* 0 to 399"):
        SceneLab(first=999)
