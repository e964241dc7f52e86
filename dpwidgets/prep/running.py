"""Runs the steps of a pipeline on many images: first the draws, then the pixels.

torchvision draws the random numbers of a transform in `make_params` and touches pixels in `transform`. So
the draws of every image are made one after another, exactly as `torch.manual_seed(seed + i)` followed by a
plain call makes them, and the pixels are then computed on a few threads. For a preview the draws are made
for the full size and scaled down, so that a smaller picture shows the same crop, turn and shift;
`previewing` computes its pixels.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from threading import Barrier
from typing import NamedTuple

import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from dpwidgets.prep.images import Sample
from dpwidgets.prep.previewing import Draws, Work, compute, preview

Size = tuple[int, int]  # height, width


class Stage(NamedTuple):
    """One step, ready to run.

    Attributes:
        full: the transform of the plain code; its draws count.
        small: the same, its lengths in pixels scaled down for the preview; it computes the pixels. Without
            a preview the same object as `full`.
        own_p: the class draws its own chance.
        draws_first: False for a transform that draws while it computes.
    """

    full: v2.Transform
    small: v2.Transform
    own_p: bool
    draws_first: bool


def run(
    stages: Sequence[Stage], samples: Sequence[Sample], sizes: Sequence[Size], seed: int, scale: float = 1.0
) -> list[Sample]:
    """Every sample through every stage; sample `i` is drawn after `torch.manual_seed(seed + i)`.

    Args:
        stages: the steps in order.
        samples: what is worked on: at full size, or, for a preview, `scale` times as large.
        sizes: the full size of each sample.
        seed: of the first sample.
        scale: of the preview.
    """
    plans: list[list[Work]] = []
    results: list[Sample] = []
    with torch.random.fork_rng(devices=[]):
        for i, (sample, size) in enumerate(zip(samples, sizes, strict=True)):
            # What `torch.manual_seed` does for the CPU. It also queues a traceback for each absent
            # accelerator, every time: 1 ms and a little memory.
            torch.default_generator.manual_seed(seed + i)
            if all(stage.draws_first for stage in stages):
                plans.append(list(_plan(stages, size, scale)))
            else:
                results.append(_in_turn(stages, sample, size, scale))
    if results:
        return results
    if scale == 1:
        return list(_pool().map(_carry_out, plans, samples))
    return _pool().submit(preview, plans, samples).result()  # one thread: the browser needs the other


def _carry_out(plan: Sequence[Work], sample: Sample) -> Sample:
    for work in plan:
        sample = compute(work, sample)
    return sample


def _in_turn(stages: Sequence[Stage], sample: Sample, size: Size, scale: float) -> Sample:
    """Draws and computes step by step: where a transform draws while it computes, order matters."""
    for work in _plan(stages, size, scale):
        if work.draws is None:
            sample = _draw_and_compute(work.transform, size, scale, sample)
        else:
            sample = compute(work, sample)
    return sample


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that compute pixels, one torch thread each: the images are the parallel part."""
    count = min(4, os.cpu_count() or 1)
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "augment", initializer=torch.set_num_threads, initargs=(1,))
    barrier = Barrier(count)
    list(pool.map(lambda _: barrier.wait(), range(count)))  # starts them all
    torch.set_num_threads(before)  # their 1 would else be the default of threads still to come
    return pool


def _plan(stages: Sequence[Stage], size: Size, scale: float) -> Iterator[Work]:
    """Draws for one image of this full size; yields what is left to do to the pixels."""
    for stage in stages:
        fulls, smalls = [stage.full], [stage.small]
        if isinstance(stage.full, v2.RandomApply) and torch.rand(1) >= stage.full.p:
            continue
        if isinstance(stage.full, v2.RandomApply | v2.Compose):
            fulls, smalls = stage.full.transforms, stage.small.transforms
        for full, small in zip(fulls, smalls, strict=True):
            if not stage.draws_first:
                yield Work(small, None)
                continue
            if stage.own_p and torch.rand(1) >= full.p:
                continue
            if scale != 1 and isinstance(full, v2.ElasticTransform):
                yield Work(small, _smaller_elastic(small, size, scale))
                continue
            draws = full.make_params([_blank(size)])
            yield Work(small, draws if scale == 1 else _smaller(draws, scale))
            size = _size_after(full, draws, size)


@lru_cache(maxsize=256)
def _blank(size: Size) -> torch.Tensor:
    """A stand-in with a shape and no pixels: draws depend on the size alone."""
    return torch.empty((3, *size), device="meta")


def _draw_and_compute(transform: v2.Transform, size: Size, scale: float, sample: Sample) -> Sample:
    if not isinstance(transform, v2.GaussianNoise) or scale == 1:
        return transform(sample)  # the policies: what they draw does not depend on the size
    before = torch.get_rng_state()
    sample = transform(sample)
    torch.set_rng_state(before)
    torch.randn((3, *size))  # leaves the generator as the full size would
    return sample


def _size_after(transform: v2.Transform, draws: Draws, size: Size) -> Size:
    if isinstance(transform, v2.RandomZoomOut):
        left, top, right, bottom = draws["padding"]
        return size[0] + top + bottom, size[1] + left + right
    return tuple(transform.size) if hasattr(transform, "size") else size


def _smaller(draws: Draws, scale: float) -> Draws:
    """Draws made for the full size, in the pixels of the preview."""
    scaled = dict(draws)
    for name in ("top", "left", "height", "width", "i", "j", "h", "w"):
        if name in draws:
            scaled[name] = max(int(name in ("height", "width")), round(draws[name] * scale))
    if "padding" in draws:
        scaled["padding"] = [round(side * scale) for side in draws["padding"]]
    if "translate" in draws:
        scaled["translate"] = [shift * scale for shift in draws["translate"]]
    if "sigma" in draws:
        scaled["sigma"] = [sigma * scale for sigma in draws["sigma"]]
    if "coefficients" in draws:  # of x' = (a x + b y + c) / (g x + h y + 1)
        a, b, c, d, e, f, g, h = draws["coefficients"]
        scaled["coefficients"] = [a, b, c * scale, d, e, f * scale, g / scale, h / scale]
    return scaled


def _smaller_elastic(small: v2.ElasticTransform, size: Size, scale: float) -> Draws:
    """The full size's noise, averaged down before it is smoothed: smoothing at full size takes 100 ms."""
    height, width = (round(side * scale) for side in size)
    fields = []
    for axis, side in ((0, width), (1, height)):
        noise = torch.rand(1, 1, *size) * 2 - 1
        noise = torch.nn.functional.interpolate(noise, (height, width), mode="area")
        kernel = 2 * round(4 * small.sigma[axis]) + 1
        smooth = F.gaussian_blur(noise, [kernel, kernel], list(small.sigma))
        fields.append(smooth * small.alpha[axis] / side)
    return {"displacement": torch.cat(fields, 1).permute(0, 2, 3, 1)}
