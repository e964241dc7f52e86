"""scikit-learn's handwritten digits as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class Digits(NamedTuple):
    """1,797 handwritten digits."""

    images: torch.Tensor  # uint8, (1797, 1, 8, 8), 0 (paper) to 255 (ink)
    labels: torch.Tensor  # int64, (1797,), index into classes
    classes: tuple[str, ...]  # "0" to "9"


def digits() -> Digits:
    """The handwritten digits of scikit-learn (UCI, CC BY 4.0), their 17 grey levels spread over 0 to 255."""
    # Imported here: `import dpwidgets.samples` stays quick.
    import torch
    from sklearn.datasets import load_digits

    table = load_digits()
    images = torch.from_numpy(table.images).mul(255 / 16).round().to(torch.uint8).unsqueeze(1)
    labels = torch.from_numpy(table.target).long()
    return Digits(images, labels, tuple(str(name) for name in table.target_names))
