"""The forms in which an image may come into a pipeline, each as the expression that makes it of a photo."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

# `photo` is a uint8 tensor (3, H, W).
INPUTS = {
    "PIL image, RGB": "v2.functional.to_pil_image(photo)",
    "PIL image, grey (L)": 'v2.functional.to_pil_image(photo).convert("L")',
    "PIL image, RGBA": 'v2.functional.to_pil_image(photo).convert("RGBA")',
    "PIL image, 16 bits (I;16)": (
        'Image.fromarray(np.asarray(v2.functional.to_pil_image(photo).convert("L")).astype(np.uint16) * 257)'
    ),
    "NumPy uint8 (H, W, 3)": "photo.permute(1, 2, 0).numpy()",
    "NumPy float 0…255 (H, W, 3)": "photo.permute(1, 2, 0).float().numpy()",
    "NumPy uint8 (3, H, W)": "photo.numpy()",
    "tensor uint8 (3, H, W)": "photo",
    "batch uint8 (4, 3, H, W)": (
        "torch.stack([photo, photo.flip(-1), photo.flip(-2), photo.flip(-2, -1)])  # plain and mirrored"
    ),
}
_NAMES = {"Image": Image, "np": np, "torch": torch, "v2": v2}


def as_input(photo: torch.Tensor, form: str) -> Any:
    """The photo, uint8 (3, H, W), in one of the forms in INPUTS."""
    return eval(INPUTS[form], _NAMES | {"photo": photo})
