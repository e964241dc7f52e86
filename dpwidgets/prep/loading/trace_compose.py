"""Times each step of torchvision's Compose (v1 and v2), wherever a dataset keeps it, without touching it.

While batches are made, the two classes' own loop is exchanged for one that does the same calls in the same
order and looks at the clock between them. A thread without a recorder gets the original.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import monotonic
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType
from typing import Any

from dpwidgets.prep.loading.recorder import Recorder, active

_PLACES = {"torchvision.transforms.transforms": "__call__", "torchvision.transforms.v2": "forward"}
_lock = threading.Lock()
_users = 0
_originals: dict[type, tuple[str, Callable[..., Any]]] = {}


def watch_steps() -> None:
    """Time the steps of each Compose from here on, until `unwatch_steps` was called as often.

    A torchvision that nobody has imported is left alone: then there is no Compose.
    """
    global _users
    with _lock:
        _users += 1
        if _users > 1:
            return
        for place, method in _PLACES.items():
            if compose := getattr(sys.modules.get(place), "Compose", None):
                original = getattr(compose, method)
                _originals[compose] = (method, original)
                timed = _timed_call if method == "__call__" else _timed_forward
                setattr(compose, method, timed(original))


def unwatch_steps() -> None:
    """Take back one `watch_steps`; with the last one the classes are as they were."""
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            for compose, (method, original) in _originals.items():
                setattr(compose, method, original)
            _originals.clear()


def _timed_call(original: Callable[..., Any]) -> Callable[..., Any]:
    def __call__(self: Any, img: Any) -> Any:
        recorder = active()
        if recorder is None or recorder.in_step:
            return original(self, img)
        for step in _timed(self.transforms, recorder):
            img = step(img)
        return img

    return __call__


def _timed_forward(original: Callable[..., Any]) -> Callable[..., Any]:
    def forward(self: Any, *inputs: Any) -> Any:
        recorder = active()
        if recorder is None or recorder.in_step:
            return original(self, *inputs)
        several = len(inputs) > 1
        for step in _timed(self.transforms, recorder):
            outputs = step(*inputs)
            inputs = outputs if several else (outputs,)
        return outputs

    return forward


def _timed(steps: Iterable[Callable[..., Any]], recorder: Recorder) -> Iterator[Callable[..., Any]]:
    """The steps; the caller works on one until it asks for the next."""
    composes, note = tuple(_originals), recorder.records.append
    begun = monotonic()
    for step in steps:
        if isinstance(step, composes):  # it notes its own steps
            yield step
            begun = monotonic()
            continue
        recorder.in_step = True
        try:
            yield step
        finally:
            recorder.in_step = False
        now = monotonic()
        note(("transform", begun, now, _name(step), -1, 0.0))
        begun = now


_FUNCTIONS = {
    FunctionType, MethodType, BuiltinFunctionType, MethodDescriptorType,
}  # fmt: skip


def _name(step: Any) -> str:
    kind = type(step)
    if kind is partial:
        return _name(step.func)
    return step.__name__ if kind in _FUNCTIONS else kind.__name__
