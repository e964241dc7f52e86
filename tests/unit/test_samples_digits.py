"""The digits as tensors."""

import numpy as np
import torch
from sklearn.datasets import load_digits

from dpwidgets import samples


def test_digits_are_scikit_learns_in_the_shape_and_range_of_images() -> None:
    digits = samples.digits()
    truth = load_digits()
    assert digits.images.shape == (1797, 1, 8, 8)
    assert digits.images.dtype == torch.uint8
    assert (int(digits.images.min()), int(digits.images.max())) == (0, 255)
    assert np.array_equal((digits.images.squeeze(1).numpy() / 255 * 16).round(), truth.images)
    assert digits.labels.dtype == torch.int64
    assert digits.labels.tolist() == truth.target.tolist()
    assert digits.classes == tuple("0123456789")
