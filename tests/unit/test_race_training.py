"""The training form of the race: what is told about a loader that does not augment as the guide does."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import ColorJitter, RandomHorizontalFlip, RandomRotation

from benchmarks.race import guide
from benchmarks.race.__main__ import main
from benchmarks.race.contenders import AUGMENTED, GUIDE, TRAINING, chosen_peers, from_outside
from benchmarks.race.contract import RaceError
from benchmarks.race.data import copy_part
from benchmarks.race.training import (
    FEATURES,
    Described,
    Difference,
    Likeness,
    Seen,
    compare,
    describe,
    probe_epochs,
)
from dpwidgets import samples

ROOT = Path(__file__).parents[2]
CLASSES, IMAGES, BATCH, EPOCHS = 10, 40, 16, 30
FLIP, TURN, JITTER = RandomHorizontalFlip(), RandomRotation(10), ColorJitter(0.2, 0.2, 0.2, 0.1)
ANY = Likeness(offset=1e9, spread=1e9)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sample photo of each class."""
    return copy_part(samples.photos(), CLASSES, tmp_path_factory.mktemp("training") / "probe")


def loader(probe: Path, *steps: object) -> DataLoader:
    return DataLoader(guide._photos(probe, *steps), BATCH, shuffle=True)


@pytest.fixture(scope="module")
def expected(probe: Path) -> Seen:
    """Of the guide; the first epoch of the probe stands for the whole folder."""
    torch.manual_seed(0)
    return seen(describe(guide.training(probe, BATCH), EPOCHS, BATCH))


def seen(probe: Described) -> Seen:
    return Seen(probe, Described(probe.labels[:1], probe.features[:1]))


def test_the_guide_is_like_itself(probe: Path, expected: Seen) -> None:
    torch.manual_seed(1)
    found = compare(seen(describe(guide.training(probe, BATCH), EPOCHS, BATCH)), expected, AUGMENTED)
    assert found.offset < 5.5 * AUGMENTED.offset  # ten images stand for the folder
    assert 1 <= found.spread < AUGMENTED.spread


@pytest.mark.parametrize(
    ("steps", "feature"),
    [
        ((TURN, JITTER), "left against right varies"),
        ((FLIP, JITTER), "black corners varies"),
        ((FLIP, TURN, ColorJitter(0, 0.2, 0.2, 0.1)), "brightness varies"),
        ((FLIP, TURN, ColorJitter(0.2, 0, 0.2, 0.1)), "contrast varies"),
        ((FLIP, TURN, ColorJitter(0.2, 0.2, 0, 0.1)), "saturation varies"),
        ((FLIP, TURN, ColorJitter(0.2, 0.2, 0.2, 0)), "hue varies"),
        ((FLIP, RandomRotation(30), JITTER), "black corners varies"),
        ((FLIP, TURN, ColorJitter(0.5, 0.2, 0.2, 0.1)), "brightness varies"),
    ],
    ids=[
        "no flip",
        "no rotation",
        "no brightness",
        "no contrast",
        "no saturation",
        "no hue",
        "30 degrees",
        "brightness 0.5",
    ],
)
def test_a_step_that_is_missing_or_too_strong_is_told(
    probe: Path, expected: Seen, steps: tuple[object, ...], feature: str
) -> None:
    torch.manual_seed(2)
    found = seen(describe(loader(probe, *steps), EPOCHS, BATCH))
    with pytest.raises(RaceError, match=f"({feature}).* allowed is"):
        compare(found, expected, AUGMENTED)


def test_pictures_that_are_kept_from_the_first_epoch_are_refused(probe: Path, expected: Seen) -> None:
    kept = list(guide.training(probe, BATCH))
    with pytest.raises(RaceError, match=r"varies from epoch to epoch by .* times more or less"):
        compare(seen(describe(kept, EPOCHS, BATCH)), expected, AUGMENTED)


# --- with made-up numbers -------------------------------------------------------------------------------


def drawn(shift: float = 0.0, factor: float = 1.0, images: int = IMAGES) -> Seen:
    """Features that vary as they like around 100, with labels 0 to 3 in any order."""
    random = np.random.default_rng(0)

    def described(epochs: int, count: int) -> Described:
        labels = np.stack([random.permutation(np.arange(count) % 4) for _ in range(epochs)])
        values = 100 + shift + 10 * factor * random.standard_normal((epochs, count, len(FEATURES)))
        return Described(labels, values)

    return Seen(described(75, 4), described(1, images))


def test_differences_are_measured_in_standard_deviations_and_factors() -> None:
    found = compare(drawn(shift=50.0, factor=2.0), drawn(), ANY)
    assert found.offset == pytest.approx(5.0, rel=0.1)
    assert found.spread == pytest.approx(2.0, rel=0.1)
    assert compare(drawn(), drawn(), AUGMENTED) == Difference(0.0, 1.0)
    narrow = compare(drawn(factor=0.5), drawn(), ANY)
    assert narrow.spread == pytest.approx(2.0, rel=0.1)


def test_an_average_that_only_the_whole_folder_shows_is_told() -> None:
    other = drawn(images=1000)
    other.whole.features[..., 3] += 20
    with pytest.raises(RaceError, match=r"the average hue of the folder is .* standard deviations"):
        compare(other, drawn(images=1000), AUGMENTED)


def test_not_a_number_is_refused() -> None:
    broken = drawn()
    broken.probe.features[0, 0, 1] = float("nan")
    with pytest.raises(RaceError, match="contrast varies from epoch to epoch by nan"):
        compare(broken, drawn(), AUGMENTED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda labels: labels.__setitem__((0, 0), 3 - labels[0, 0]), "has .* images with the label"),
        (lambda labels: labels.__setitem__((0, 0), 4), "has a label 0 to 4; there are 4 classes, 0 to 3"),
        (lambda labels: labels.__setitem__((0, 0), -1), "has a label -1 to 3"),
    ],
)
@pytest.mark.parametrize("part", ["probe", "whole"])
def test_wrong_labels_are_told(change: Callable[[np.ndarray], None], message: str, part: str) -> None:
    wrong = drawn()
    change(getattr(wrong, part).labels)
    where = "the probe" if part == "probe" else "the folder"
    with pytest.raises(RaceError, match=f"epoch 0 of {where}.* {message}"):
        compare(wrong, drawn(), AUGMENTED)


def test_a_missing_image_and_an_empty_or_shorter_epoch_are_told(expected: Seen, probe: Path) -> None:
    short = list(guide.training(probe, BATCH))
    with pytest.raises(RaceError, match="Every image comes once in an epoch"):
        compare(seen(describe([(short[0][0][:5], short[0][1][:5])], EPOCHS, BATCH)), expected, AUGMENTED)
    with pytest.raises(RaceError, match="epoch 0 is empty"):
        describe([], 2, BATCH)

    class Shrinks:
        batches = 3

        def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            self.batches -= 1
            return iter([(torch.zeros(2, 3, 224, 224), torch.zeros(2, dtype=torch.int64))] * self.batches)

    with pytest.raises(RaceError, match="epoch 0 gave 4 images, epoch 1 2"):
        describe(Shrinks(), 2, BATCH)


def test_the_probe_has_epochs_enough() -> None:
    assert [probe_epochs(classes) for classes in (1, 10, 1000)] == [300, 30, 8]


def test_the_training_form_has_its_own_field() -> None:
    assert TRAINING.guide.name == GUIDE.name
    assert chosen_peers("all", TRAINING) == list(TRAINING.peers.values())
    with pytest.raises(RaceError, match="no peer of the training form is named 'litdata'"):
        chosen_peers("litdata", TRAINING)
    (mine,) = from_outside(["mine=a:b"], any_order=False, form=TRAINING)
    assert mine.tolerance == AUGMENTED


FACTORIES = """
from benchmarks.race import guide

def like_the_guide(folder, batch_size):
    return guide.training(folder, batch_size)

def not_augmented(folder, batch_size):
    return guide.one_process(folder, batch_size)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize(("factory", "code"), [("like_the_guide", 0), ("not_augmented", 1)])
def test_a_training_race_from_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    factory: str,
    code: int,
) -> None:
    (tmp_path / "trains.py").write_text(FACTORIES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    arguments = ["--train", "--images", "20", "--rounds", "1", "--cold-rounds", "0", "--peers", "none"]
    assert main([*arguments, "--scratch", str(tmp_path), f"mine=trains:{factory}"]) == code
    shown = capsys.readouterr()
    assert ("| mine |" in shown.out) == (code == 0)
    assert ("race: " in shown.err) == (code == 1)
