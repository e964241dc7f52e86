"""Ragged samples into one batch: padding, lengths, masks, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import torch
from torch.nn.utils.rnn import pad_sequence

from dpwidgets.prep.scenes.reading import Scene, read_image, read_sound, read_words


class Batch(TypedDict):
    """A batch of B scenes, with at most L words and S sound samples.

    `keys`: list of B. `images`: uint8 (B, 3, side, side). `tokens`: int64 (B, L), 0 is padding. `token_mask`:
    bool (B, L), True where a word is. `sounds`: float32 (B, S). `sound_lengths`: int64 (B,). `present`: bool
    (B, 3), image, caption, sound: a missing one is all zeros.
    """

    keys: list[str]
    images: torch.Tensor
    tokens: torch.Tensor
    token_mask: torch.Tensor
    sounds: torch.Tensor
    sound_lengths: torch.Tensor
    present: torch.Tensor


def read_scene(scene: Scene, words: Mapping[str, int], side: int) -> dict[str, Any]:
    """One sample: key, image uint8 (3, side, side), tokens int64 (l,), sound float32 (s,), present (3,)."""
    files = scene.files()
    image = torch.zeros(3, side, side, dtype=torch.uint8)
    tokens, sound = torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    if scene.image is not None:
        image = read_image(scene.image, side)
    if scene.caption is not None:
        tokens = torch.tensor([words.get(word, 1) for word in read_words(scene.caption)], dtype=torch.int64)
    if scene.sound is not None:
        sound, _ = read_sound(scene.sound)
    present = torch.tensor([path is not None for path in files.values()])
    return {"key": scene.key, "image": image, "tokens": tokens, "sound": sound, "present": present}


def collate(samples: Sequence[Mapping[str, Any]]) -> Batch:
    """A `collate_fn`: pads words and sounds to the longest of the batch."""
    tokens = pad_sequence([one["tokens"] for one in samples], batch_first=True)
    lengths = torch.tensor([len(one["tokens"]) for one in samples])
    return {
        "keys": [one["key"] for one in samples],
        "images": torch.stack([one["image"] for one in samples]),
        "tokens": tokens,
        "token_mask": torch.arange(tokens.shape[1]) < lengths[:, None],
        "sounds": pad_sequence([one["sound"] for one in samples], batch_first=True),
        "sound_lengths": torch.tensor([len(one["sound"]) for one in samples]),
        "present": torch.stack([one["present"] for one in samples]),
    }


def spectrogram(sound: torch.Tensor, n_fft: int) -> torch.Tensor:
    """Power in decibels below the loudest, down to -60: float32 (n_fft // 2 + 1 frequencies, frames).

    Hann windows of `n_fft` samples, a quarter of a window apart (torch.stft).
    """
    if len(sound) < n_fft:
        sound = torch.nn.functional.pad(sound, (0, n_fft - len(sound)))
    window = torch.hann_window(n_fft)
    power = torch.stft(sound, n_fft, n_fft // 4, window=window, return_complex=True).abs() ** 2
    decibels = 10 * torch.log10(power / power.max().clamp_min(1e-12) + 1e-12)
    return decibels.clamp_min(-60)
