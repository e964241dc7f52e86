"""The batched augmentation of `augment` in plain torch, on any device: for uint8 batches sent there.

The module needs torch and its neighbour `augment` here.
"""

import torch

from .augment import BRIGHTNESS, CONTRAST, SATURATION, Draws

_GRAY = (0.2989, 0.587, 0.114)  # as torchvision weighs red, green and blue


def augment_batch(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Flips, turns and colours each picture by its own draws.

    Args:
        images: uint8 (B, 3, H, W).
        draws: for B pictures, on any device.

    Returns:
        float32 (B, 3, H, W) on the device of `images`, from 0 to 1, not normalised.
    """
    # Which pictures take which step is told on the processor, so that the device need not be waited for.
    order = draws.order.cpu()
    draws = Draws(*(one.to(images.device, non_blocking=True) for one in draws))
    pixels = _turned(images, draws).float().div_(255)
    for place in range(4):
        for step in range(4):
            rows = (order[:, place] == step).nonzero()[:, 0].to(images.device, non_blocking=True)
            factor = draws.factors[rows, step, None, None, None]
            pixels[rows] = _coloured(pixels[rows], step, factor)
    return pixels


def _turned(images: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Mirrored and turned about the middle: nearest pixel, black outside."""
    height, width = images.shape[2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=images.device) - (height - 1) / 2,
        torch.arange(width, device=images.device) - (width - 1) / 2,
        indexing="ij",
    )
    turn = torch.deg2rad(draws.angle)[:, None, None]
    from_x = torch.floor(turn.cos() * x - turn.sin() * y + (width - 1) / 2 + 0.5).long()
    from_y = torch.floor(turn.sin() * x + turn.cos() * y + (height - 1) / 2 + 0.5).long()
    inside = (from_x >= 0) & (from_x < width) & (from_y >= 0) & (from_y < height)
    from_x = torch.where(draws.flip[:, None, None], width - 1 - from_x, from_x)
    place = (from_y * width + from_x).where(inside, 0).flatten(1)[:, None].expand(-1, 3, -1)
    return images.flatten(2).gather(2, place).view_as(images) * inside[:, None]


def _coloured(pixels: torch.Tensor, step: int, factor: torch.Tensor) -> torch.Tensor:
    if step == BRIGHTNESS:
        return (pixels * factor).clamp(0, 1)
    if step in (CONTRAST, SATURATION):
        gray = (pixels * pixels.new_tensor(_GRAY)[:, None, None]).sum(dim=1, keepdim=True)
        gray = gray.mean(dim=(2, 3), keepdim=True) if step == CONTRAST else gray
        return (gray + factor * (pixels - gray)).clamp(0, 1)
    return _hue_shifted(pixels, factor)


def _hue_shifted(pixels: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    red, green, blue = pixels.unbind(dim=1)
    high = pixels.amax(dim=1)
    chroma = high - pixels.amin(dim=1)
    over = 1 / chroma.clamp(min=1e-8)
    sixth = torch.where(
        high == red,
        (green - blue) * over,
        torch.where(high == green, (blue - red) * over + 2, (red - green) * over + 4),
    )
    k = (pixels.new_tensor([5, 3, 1])[:, None, None] + (sixth[:, None] + 6 * shift)) % 6
    return high[:, None] - chroma[:, None] * torch.minimum(k, 4 - k).clamp(0, 1)
