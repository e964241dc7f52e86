"""The engine of the image lab: parameters in, augmented images, one composed picture and plain code out.

What the lab shows is what the copied code gives: variant `i` is drawn after `torch.manual_seed(seed + i)`.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.checks import check_name, check_number, check_whole, complete
from dpwidgets.prep.compose import Tile, compose, counts, histogram
from dpwidgets.prep.images import ImageSource, Sample
from dpwidgets.prep.label_safety import Reader, ThumbnailReader
from dpwidgets.prep.operations import GROUPS, OPERATIONS, Operation, Parameter
from dpwidgets.prep.pipeline import Pipeline, Step
from dpwidgets.prep.rendered import Rendered
from dpwidgets.prep.running import run

__all__ = ["GROUPS", "OPERATIONS", "AugmentEngine", "Operation", "Parameter", "Pipeline", "Rendered", "Step"]

VIEWS = ("variants", "label safety", "histogram")
SPREADS = ("one image", "many images")
MAX_TILES = 24
MAX_SEED = 2**31 - 1


class AugmentEngine:
    """Computes what the image lab shows.

    Args:
        source: the images.
        size: side of a tile in pixels.
        reader: images -> (class indices, confidences) for the label safety view; without it a small model
            is fitted on the source when that view is first asked for.
    """

    def __init__(self, source: ImageSource, size: int = 224, reader: Reader | None = None) -> None:
        self.source = source
        self.size = size
        self._given_reader = reader
        self._last = len(source) - 1  # stays where files drop out on the way

    @cached_property
    def reader(self) -> Reader:
        """What reads the tiles in the label safety view."""
        return self._given_reader or ThumbnailReader(self.source)

    def default_params(self) -> dict[str, Any]:
        """A usual recipe for photographs, as JSON-able data."""
        steps = [
            Step("rotation"),
            Step("random_resized_crop"),
            Step("horizontal_flip", p=0.5),
            Step("color_jitter"),
        ]
        return {
            "steps": [step.to_dict() for step in steps],
            "strength": 1.0,
            "seed": 0,
            "tiles": 12,
            "image": 0,
            "view": VIEWS[0],
            "spread": SPREADS[0],
        }

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and in their own types.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        merged = complete(params, self.default_params())
        if not isinstance(merged["steps"], Sequence) or isinstance(merged["steps"], str):
            raise ValueError(f"steps={merged['steps']!r} is not allowed; give a list of steps.")
        steps = [one if isinstance(one, Step) else Step.from_dict(one) for one in merged["steps"]]
        for name, choices in (("view", VIEWS), ("spread", SPREADS)):
            check_name(merged[name], choices, name)
        return {
            "steps": [step.to_dict() for step in steps],
            "strength": check_number(merged["strength"], "strength", 0.0, 1.0),
            "seed": check_whole(merged["seed"], "seed", 0, MAX_SEED),
            "tiles": check_whole(merged["tiles"], "tiles", 2, MAX_TILES),
            "image": check_whole(merged["image"], "image", 0, self._last),
            "view": merged["view"],
            "spread": merged["spread"],
        }

    def variants(self, params: Mapping[str, Any], n: int, scale: float = 1.0) -> list[torch.Tensor]:
        """`n` augmented images, uint8 (3, H, W); the i-th is drawn after `torch.manual_seed(seed + i)`.

        With MixUp or CutMix among the steps, what they make of the batch of `n`, each `size` × `size`. The
        global random state is as before afterwards.
        """
        # Copies: where no step applies, a sample is the source's own image.
        return [sample["image"].clone() for sample in self._run(self.check(params), n, scale)[0]]

    def _run(self, params: dict[str, Any], n: int, scale: float) -> tuple[list[Sample], torch.Tensor | None]:
        """The variants, and their soft labels (n, classes) where the batch was mixed."""
        pipeline = _pipeline(params)
        indices = self._indices(params, n)
        self._refuse_targets(pipeline, self.source.sample(indices[0]))
        stages = [step.stage(params["strength"], scale) for step in pipeline.image_steps]
        samples = [self.source.sample(index, scale) for index in indices]
        sizes = [self.source.size(index) for index in indices]
        results = run(stages, samples, sizes, params["seed"], scale)
        return (
            self._mix(pipeline, results, indices, params["seed"]) if pipeline.batch_steps else (results, None)
        )

    def _mix(
        self, pipeline: Pipeline, samples: list[Sample], indices: list[int], seed: int
    ) -> tuple[list[Sample], torch.Tensor]:
        """The batch steps at full tile size, so that a preview shows the same rectangle."""
        images = [F.resize(sample["image"], [self.size, self.size]) for sample in samples]
        batch = F.to_dtype(torch.stack(images), torch.float32, scale=True)
        labels = torch.tensor([self._label(index) for index in indices])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            batch, labels = pipeline.mix(self._num_classes)(batch, labels)
        if labels.ndim == 1:  # the chance did not come up
            labels = torch.nn.functional.one_hot(labels, self._num_classes).float()
        return [{"image": image} for image in F.to_dtype(batch, torch.uint8, scale=True)], labels

    @property
    def _num_classes(self) -> int:
        return len(self.source.classes) or len(self.source)

    def _label(self, index: int) -> int:
        """The class of an image; without labels each image is a class of its own."""
        label = self.source.label(index)
        return index if label is None else label

    def _refuse_targets(self, pipeline: Pipeline, sample: Sample) -> None:
        for step in pipeline.image_steps + pipeline.batch_steps:
            if len(sample) > 1 and not OPERATIONS[step.op].keeps_targets:
                raise ValueError(
                    f"{OPERATIONS[step.op].title} moves pixels but neither boxes nor masks; "
                    "switch it off, or give the images without them."
                )

    def _indices(self, params: dict[str, Any], n: int) -> list[int]:
        """Which image each of `n` variants is made of."""
        many = params["spread"] == "many images"
        return [(params["image"] + many * i) % len(self.source) for i in range(n)]

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture for these parameters; `scale` < 1 gives a smaller one, faster, with the same draws.

        `notes` holds "tiles" (the variants, as `variants` gives them), "ms_per_image", "warnings", and, by
        view and steps, "soft_labels", "read_as", "confidence", "agrees", "reader_accuracy", "histogram".
        """
        params = self.check(params)
        indices = self._indices(params, params["tiles"] - 1)
        start = time.perf_counter()
        samples, soft = self._run(params, len(indices), scale)
        notes: dict[str, Any] = {
            "ms_per_image": (time.perf_counter() - start) * 1000 / len(indices),
            "tiles": [sample["image"] for sample in samples],
            "warnings": list(self.source.notes),
        }
        original = self.source.sample(params["image"], scale)
        texts = [""] * len(samples)
        marks: list[bool | None] = [None] * len(samples)
        alt = self._alt(params)
        if soft is not None:
            notes["soft_labels"] = soft
            texts = [_soft_in_words(row, self._class_name) for row in soft]
        if params["view"] == "label safety":
            marks, texts, sentence = self._read(samples, indices, soft, notes)
            alt += sentence
        side = round(self.size * scale)
        tiles = [Tile(original, "original", framed=True)]
        tiles += [Tile(*one) for one in zip(samples, texts, [False] * len(samples), marks, strict=True)]
        picture = compose(tiles, side)
        if params["view"] == "histogram":
            strip, sentence = self._histogram(samples, indices, scale, picture.shape[1], notes)
            picture = np.concatenate([picture, strip])
            alt += sentence
        return Rendered(picture, alt, notes)

    def _read(
        self, samples: list[Sample], indices: list[int], soft: torch.Tensor | None, notes: dict[str, Any]
    ) -> tuple[list[bool | None], list[str], str]:
        """Marks and tags for the tiles, and a sentence for the alt text."""
        read_as, confidence = self.reader([sample["image"] for sample in samples])
        if soft is not None:
            expected = soft.argmax(1).tolist()
        elif self.source.label(indices[0]) is not None:
            expected = [self._label(index) for index in indices]
        else:  # no labels: what the reader makes of the originals
            expected = list(self.reader([self.source.sample(index)["image"] for index in indices])[0])
        agrees = [one == other for one, other in zip(read_as, expected, strict=True)]
        notes |= {"read_as": list(read_as), "confidence": list(confidence), "agrees": agrees}
        notes["reader_accuracy"] = getattr(self.reader, "accuracy", None)
        one_class = self._class_name(expected[0]) if len(set(expected)) == 1 else "their class"
        sentence = f" {sum(agrees)} of {len(agrees)} variants still read as {one_class}."
        wrong = Counter(self._class_name(one) for one, good in zip(read_as, agrees, strict=True) if not good)
        if wrong:
            sentence += (
                " The others read as " + ", ".join(f"{name} ({n})" for name, n in wrong.most_common()) + "."
            )
        return list(agrees), [self._class_name(one) for one in read_as], sentence

    def _histogram(
        self, samples: list[Sample], indices: list[int], scale: float, width: int, notes: dict[str, Any]
    ) -> tuple[np.ndarray, str]:
        """The strip below the grid, and a sentence for the alt text."""
        originals = [self.source.sample(index, scale)["image"] for index in dict.fromkeys(indices)]
        before, after = counts(originals), counts([sample["image"] for sample in samples])
        notes["histogram"] = {"before": _mean_std(before), "after": _mean_std(after)}
        parts = [
            f"{name} {was[0]:.0f} ± {was[1]:.0f} before, {now[0]:.0f} ± {now[1]:.0f} after"
            for name, was, now in zip(("red", "green", "blue"), *notes["histogram"].values(), strict=True)
        ]
        strip = histogram(before, after, width, round(self.size * scale * 0.7))
        return strip, f" Histogram, mean ± standard deviation: {'; '.join(parts)}."

    def _class_name(self, label: int) -> str:
        names = self.source.classes
        return names[label] if label < len(names) else str(label)

    def _alt(self, params: dict[str, Any]) -> str:
        name = self.source.class_name(params["image"])
        of = f"image {params['image']}" + (f" ({name})" if name else "")
        spread = "of it" if params["spread"] == SPREADS[0] else "of it and the images after it"
        tiles = params["tiles"]
        variants = "1 variant" if tiles == 2 else f"{tiles - 1} variants"
        return (
            f"Grid of {tiles} tiles: the original, {of}, then {variants} {spread}. "
            f"Operations: {_pipeline(params)}. Strength {params['strength']:.0%}, seed {params['seed']}."
        )

    def to_code(self, params: Mapping[str, Any]) -> str:
        """A short script in plain torchvision that gives the same pixels for the same seed."""
        params = self.check(params)
        pipeline = _pipeline(params)
        blanks = {"seed": params["seed"], "n": params["tiles"] - 1, "size": self.size}
        code = _SCRIPT.format(augment=pipeline.code(params["strength"]), **blanks)
        if pipeline.batch_steps:
            code += _BATCH_SCRIPT.format(mix=pipeline.mix_code(self._num_classes), **blanks)
        return code


_SCRIPT = '''\
import torch
from torchvision.transforms import v2

augment = {augment}


def variants(image, n={n}, seed={seed}):
    """n augmented copies of one image, a uint8 tensor (3, H, W). Copy i depends on seed + i alone."""
    copies = []
    for i in range(n):
        torch.manual_seed(seed + i)
        copies.append(augment(image))
    return copies
'''


_BATCH_SCRIPT = '''

mix = {mix}


def mixed_batch(images, labels, seed={seed}):
    """Augments each image, brings all to one size, mixes neighbours: float images, soft labels."""
    copies = [variants(image, 1, seed + i)[0] for i, image in enumerate(images)]
    copies = [v2.functional.resize(copy, [{size}, {size}]) for copy in copies]
    batch = v2.functional.to_dtype(torch.stack(copies), torch.float32, scale=True)
    torch.manual_seed(seed)
    return mix(batch, torch.tensor(labels))
'''


def _pipeline(params: Mapping[str, Any]) -> Pipeline:
    return Pipeline([Step.from_dict(step) for step in params["steps"]])


def _soft_in_words(shares: torch.Tensor, class_name: Callable[[int], str]) -> str:
    """Such as '70% cat + 30% dog'; the two largest shares."""
    top = shares.topk(min(2, len(shares)))
    pairs = zip(top.values.tolist(), top.indices.tolist(), strict=True)
    return " + ".join(f"{share:.0%} {class_name(label)}" for share, label in pairs if share >= 0.005)


def _mean_std(channels: np.ndarray) -> list[tuple[float, float]]:
    """Mean and standard deviation of each channel from its counts (3, 256)."""
    values = np.arange(256)
    pairs = []
    for row in channels:
        mean = (row * values).sum() / row.sum()
        pairs.append((float(mean), float(np.sqrt((row * (values - mean) ** 2).sum() / row.sum()))))
    return pairs
