"""The reader's own images, whatever they come as, behind one small interface.

`read_source` accepts a folder, PIL images, arrays, a tensor batch, (images, labels), or a Dataset.
No image is decoded before it is asked for.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.files import leads_out
from dpwidgets.prep.image_file import MAX_PIXELS

SHORT_SIDE = 256  # pixels: every image is brought to this size once, before any augmentation
LONG_SIDE = 512  # the bound for panoramas
_LABELS_READ = 600  # items of a Dataset that are read to learn its labels, where it does not list them
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
_ACCEPTED = (
    "a folder of images, a PIL image or a list of them, arrays (H, W, 3), a tensor (N, C, H, W), "
    "a pair (images, labels), or a Dataset"
)

Sample = dict[str, torch.Tensor]  # "image" and, where given, "boxes" and "masks": tv_tensors
T = TypeVar("T")
Item = tuple[Sample, int | None]  # a sample and its label
Reader = Callable[[int, int | None], Item]  # (index, about how many pixels a side are enough) -> item


class ImageSource:
    """Images behind an index. An index past the end starts again at 0.

    Attributes:
        notes: what the reader should know, such as files that were skipped.
    """

    def __init__(
        self,
        read: Reader,
        count: int,
        labels: Sequence[int] | None = None,
        classes: Sequence[str] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        if labels is not None and len(labels) != count:
            raise ValueError(f"labels has {len(labels)} entries for {count} images; give one per image.")
        self._read = read
        self._indices = list(range(count))
        self._labels = None if labels is None else [int(label) for label in labels]
        self._classes = None if classes is None else tuple(str(name) for name in classes)
        self.notes = list(notes)
        self._item = lru_cache(maxsize=48)(self._load)
        self._shrunk = lru_cache(maxsize=96)(self._shrink)

    def __len__(self) -> int:
        return len(self._indices)

    def sample(self, index: int, scale: float = 1.0) -> Sample:
        """Image, boxes and masks `index`, the image's shorter side `scale` × 256 px. Kept for the next call.

        The shorter side is less where the longer one would pass `scale` × 512 px.

        Returns a dict of tv_tensors: "image" uint8 (3, H, W), "boxes" float (K, 4) as x1 y1 x2 y2, "masks"
        bool (K, H, W); the last two only where the source has them.
        """
        return self._readable(index, lambda own: self._shrunk(own, scale))

    def size(self, index: int) -> tuple[int, int]:
        """Height and width of image `index` at scale 1."""
        height, width = self.sample(index)["image"].shape[-2:]
        return height, width

    def label(self, index: int) -> int | None:
        """The class index of image `index`, or None."""
        if self._labels is not None:
            return self._labels[self._indices[index % len(self)]]
        return self._readable(index, self._item)[1]

    def class_name(self, index: int) -> str | None:
        """The name of the class of image `index`, or None."""
        label = self.label(index)
        if label is None:
            return None
        return (
            self._classes[label] if self._classes is not None and label < len(self._classes) else str(label)
        )

    @property
    def lists_labels(self) -> bool:
        """True where labels are known without reading an image."""
        return self._labels is not None

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of their indices; empty without labels."""
        if self._classes is not None:
            return self._classes
        labels = self._labels
        if labels is None:
            labels = [
                label for i in range(min(len(self), _LABELS_READ)) if (label := self.label(i)) is not None
            ]
        return tuple(str(label) for label in range(max(labels, default=-1) + 1))

    def thumbnail(self, index: int, side: int) -> torch.Tensor:
        """The image squeezed to uint8 (3, side, side); a JPEG is decoded at low resolution (quick)."""

        def squeeze(own: int) -> torch.Tensor:
            return F.resize(self._read(own, side)[0]["image"], [side, side]).as_subclass(torch.Tensor)

        return self._readable(index, squeeze)

    def _readable(self, index: int, read: Callable[[int], T]) -> T:
        """What `read` makes of image `index`; a file that cannot be decoded is dropped on the way."""
        while self._indices:
            own = self._indices[index % len(self._indices)]
            try:
                return read(own)
            except OSError as error:
                self._indices.remove(own)
                self.notes.append(f"skipped, cannot be decoded: {error}")
        raise ValueError(f"No image can be decoded. {'; '.join(self.notes[:3])}")

    def _load(self, own: int) -> Item:
        native, label = self._read(own, SHORT_SIDE)
        height, width = native["image"].shape[-2:]
        factor = min(SHORT_SIDE / min(height, width), LONG_SIDE / max(height, width))
        return _resized(native, factor), label

    def _shrink(self, own: int, scale: float) -> Sample:
        sample = self._item(own)[0]
        return sample if scale == 1.0 else _resized(sample, scale)


def read_source(
    data: Any,
    *,
    labels: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    boxes: Sequence[Any] | None = None,
    masks: Sequence[Any] | None = None,
) -> ImageSource:
    """Makes an ImageSource of `data`.

    Args:
        data: a folder (flat, or with one folder per class, at any depth); a PIL image or a list of them;
            arrays (H, W), (H, W, 3); a tensor (N, C, H, W) or (C, H, W), uint8, or float in [0, 1], C 1 or 3;
            a pair (images, labels); a Dataset whose items are an image, (image, label), or (image, target),
            where target is a dict that may hold "boxes", "masks" and "label".
        labels: one class index per image.
        classes: the names of the classes.
        boxes: per image a (K, 4) array, x1 y1 x2 y2 in pixels of the image as it came.
        masks: per image a (H, W) or (K, H, W) array, 0 outside.

    Raises:
        ValueError, TypeError, FileNotFoundError: naming what was given and what is accepted.
    """
    if isinstance(data, ImageSource):
        return data
    if isinstance(data, str | Path):
        return _with_targets(_from_folder(Path(data).expanduser()), labels, classes, boxes, masks)
    if hasattr(data, "images") and hasattr(data, "labels"):  # such as samples.digits()
        labels = data.labels if labels is None else labels
        classes = getattr(data, "classes", None) if classes is None else classes
        data = data.images
    elif isinstance(data, tuple) and len(data) == 2 and _is_labels(data[1]):
        data, labels = data[0], data[1] if labels is None else labels
    elif isinstance(data, tuple) and len(data) == 2 and _are_texts(data[1]):
        raise ValueError("the labels are texts; give whole numbers, and the names as classes=.")
    items = _as_items(data)
    if len(items) == 0:
        raise ValueError(f"{type(data).__name__} without images; give {_ACCEPTED}.")
    if labels is None:
        listed = getattr(data, "targets", None)
        labels = listed if listed is not None and _is_labels(listed) and len(listed) == len(items) else None
    classes = getattr(data, "classes", None) if classes is None else classes
    source = ImageSource(_item_reader(items), len(items), _numbers(labels), classes)
    source = _with_targets(source, None, None, boxes, masks)
    source.sample(0)  # a wrong shape or range is told now, not in the middle of a picture
    return source


def _with_targets(
    source: ImageSource,
    labels: Sequence[int] | None,
    classes: Sequence[str] | None,
    boxes: Sequence[Any] | None,
    masks: Sequence[Any] | None,
) -> ImageSource:
    """The source with boxes, masks and labels from outside laid over its own."""
    for name, given in (("boxes", boxes), ("masks", masks)):
        if given is not None and len(given) != len(source):
            raise ValueError(f"{name} has {len(given)} entries for {len(source)} images; give one per image.")
    if labels is None and boxes is None and masks is None:
        return source

    def read(index: int, side: int | None) -> Item:
        sample, label = source._read(index, None)  # full size: boxes are in pixels of the image as it came
        target = {
            "boxes": None if boxes is None else boxes[index],
            "masks": None if masks is None else masks[index],
        }
        return sample | _targets(target, sample["image"]), label

    own_labels = source._labels if labels is None else _numbers(labels)
    own_classes = source._classes if classes is None else classes
    return ImageSource(read, len(source), own_labels, own_classes, source.notes)


# --- folders ---------------------------------------------------------------------------------------------


def _from_folder(root: Path) -> ImageSource:
    if not os.path.exists(root):  # False too for a text that is too long for a name
        raise FileNotFoundError(
            f"The folder {str(root)!r} does not exist; give the path of a folder of images."
        )
    if not root.is_dir():
        raise ValueError(f"{str(root)!r} is a file; give the path of the folder that it lies in.")
    found = [
        path for path in sorted(root.rglob("*")) if path.suffix.lower() in _SUFFIXES and _visible(path, root)
    ]
    inside = [path for path in found if not (path.is_symlink() and leads_out(path, root))]
    files = [path for path in inside if path.is_file() and path.stat().st_size > 0]
    notes = [f"links out of the folder not followed: {len(found) - len(inside)}"] if found != inside else []
    notes += [f"empty files skipped: {len(inside) - len(files)}"] if len(files) < len(inside) else []
    if not files:
        raise ValueError(
            f"The folder {str(root)!r} holds no image; looked for {', '.join(sorted(_SUFFIXES))}. "
            f"{' '.join(notes)}".rstrip()
        )
    by_class: dict[str, list[Path]] = {}
    for path in files:
        if path.parent != root:
            by_class.setdefault(path.parent.name, []).append(path)
    if not by_class:
        return ImageSource(_file_reader(files), len(files), notes=notes)
    beside = sum(path.parent == root for path in files)
    if beside:
        notes.append(f"images beside the class folders left out: {beside}")
    classes = sorted(by_class)
    # One of each class in turn, so that neighbours in the grid differ.
    rounds = zip_longest(*(by_class[name] for name in classes))
    files = [path for row in rounds for path in row if path is not None]
    index = {name: number for number, name in enumerate(classes)}
    return ImageSource(
        _file_reader(files), len(files), [index[path.parent.name] for path in files], classes, notes
    )


def _visible(path: Path, root: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(root).parts)


def _file_reader(files: list[Path]) -> Reader:
    def read(index: int, side: int | None) -> Item:
        try:
            with Image.open(files[index]) as image:
                if side is not None:
                    image.draft(
                        "RGB", (side, side)
                    )  # JPEG alone: decodes 1/2, 1/4 or 1/8, never below `side`
                if image.width * image.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                return {"image": tv_tensors.Image(F.pil_to_tensor(_rgb(image)))}, None
        except Exception as error:  # Pillow's decoders raise many kinds on hostile bytes
            raise OSError(f"{files[index].name} ({type(error).__name__})") from error

    return read


# --- images in memory ------------------------------------------------------------------------------------


def _as_items(data: Any) -> Any:
    """`data` as something with a length and items."""
    if isinstance(data, Image.Image):
        return [data]
    if isinstance(data, torch.Tensor):
        if data.ndim not in (3, 4):
            raise ValueError(
                f"tensor of shape {tuple(data.shape)}; give (N, C, H, W), or (C, H, W) for one image."
            )
        return data if data.ndim == 4 else data[None]
    if isinstance(data, np.ndarray) and (data.ndim == 2 or (data.ndim == 3 and data.shape[-1] in (1, 3, 4))):
        return data[None]
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, Mapping | bytes):
        return data
    raise TypeError(f"cannot read images from {type(data).__name__}; give {_ACCEPTED}.")


def _item_reader(items: Any) -> Reader:
    def read(index: int, side: int | None) -> Item:
        item = items[index]
        image, target = item if isinstance(item, tuple | list) and len(item) == 2 else (item, {})
        sample: Sample = {"image": _tensor(image, index)}
        if isinstance(target, Mapping):
            return sample | _targets(target, sample["image"]), _number(target.get("label"))
        return sample, _number(target)

    return read


def _tensor(image: Any, index: int) -> tv_tensors.Image:
    """One image as uint8 (3, H, W)."""
    if isinstance(image, Image.Image):
        return tv_tensors.Image(F.pil_to_tensor(_rgb(image)))
    if isinstance(image, np.ndarray):
        if image.ndim == 2:
            image = image[..., None]
        if image.ndim != 3 or image.shape[-1] not in (1, 3):
            raise ValueError(
                f"image {index}: array of shape {image.shape}; give (H, W), (H, W, 1) or (H, W, 3)."
            )
        image = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    if not isinstance(image, torch.Tensor):
        raise TypeError(f"image {index}: cannot read an image from {type(image).__name__}; give {_ACCEPTED}.")
    if image.ndim == 2:
        image = image[None]
    if image.ndim != 3 or image.shape[0] not in (1, 3) or 0 in image.shape:
        raise ValueError(f"image {index}: tensor of shape {tuple(image.shape)}; give (1, H, W) or (3, H, W).")
    if image.is_floating_point():
        low, high = image.min().item(), image.max().item()
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"image {index}: float values from {low:g} to {high:g}; give values from 0 to 1, or uint8. "
                "Was it normalised? Give the images before v2.Normalize."
            )
        image = F.to_dtype(image, torch.uint8, scale=True)
    elif image.dtype != torch.uint8:
        raise ValueError(f"image {index}: dtype {image.dtype}; give uint8 (0 to 255) or float (0 to 1).")
    return tv_tensors.Image(image.as_subclass(torch.Tensor).expand(3, -1, -1).contiguous())


def _targets(target: Mapping[str, Any], image: torch.Tensor) -> Sample:
    """The boxes and masks in `target`, as tv_tensors."""
    height, width = image.shape[-2:]
    found: Sample = {}
    if target.get("boxes") is not None:
        boxes = torch.as_tensor(np.asarray(target["boxes"]), dtype=torch.float32)
        if boxes.ndim != 2 or boxes.shape[-1] != 4:
            raise ValueError(f"boxes of shape {tuple(boxes.shape)}; give (K, 4): x1 y1 x2 y2 in pixels.")
        found["boxes"] = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width))
    if target.get("masks") is not None:
        masks = torch.as_tensor(np.asarray(target["masks"])) != 0
        masks = masks[None] if masks.ndim == 2 else masks
        if masks.ndim != 3 or masks.shape[-2:] != (height, width):
            raise ValueError(
                f"masks of shape {tuple(masks.shape)} for an image of {height} × {width}; give (K, H, W)."
            )
        found["masks"] = tv_tensors.Mask(masks)
    return found


def _rgb(image: Image.Image) -> Image.Image:
    """Upright, 8 bits, three channels; what is transparent becomes white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _resized(sample: Sample, factor: float) -> Sample:
    height, width = sample["image"].shape[-2:]
    size = [max(1, round(height * factor)), max(1, round(width * factor))]
    return (
        sample if size == [height, width] else {name: F.resize(part, size) for name, part in sample.items()}
    )


def _is_labels(value: Any) -> bool:
    """True for a one-dimensional list, array or tensor of whole numbers."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return value.ndim == 1 and "int" in str(value.dtype)
    return (
        isinstance(value, list | tuple) and len(value) > 0 and all(_number(one) is not None for one in value)
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(one, str) for one in value)


def _numbers(labels: Any) -> list[int] | None:
    if labels is None:
        return None
    numbers = []
    for at, label in enumerate(labels):
        if (number := _number(label)) is None:
            raise ValueError(
                f"labels[{at}]={label!r} is no class index; give whole numbers, and the names as classes=."
            )
        numbers.append(number)
    return numbers


def _number(label: Any) -> int | None:
    if isinstance(label, torch.Tensor | np.ndarray) and label.size != () and label.ndim == 0:
        label = label.item()
    return int(label) if isinstance(label, int | np.integer) and not isinstance(label, bool) else None
