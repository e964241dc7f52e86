"""Bounds around a learner's code: time, and chance that neither leaks in nor out."""

import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn


class TooSlow(BaseException):
    """The time limit was reached. Not an Exception, so that `except Exception` lets it through."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TooSlow inside the block after `seconds`.

    Does nothing where it cannot work: without SIGALRM (Windows), off the main thread, or where a timer
    that ends sooner already runs. A later timer goes on afterwards with what it had left.
    """
    off_main = threading.current_thread() is not threading.main_thread()
    if off_main or not hasattr(signal, "SIGALRM"):
        yield
        return
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < left <= seconds:
        yield
        return
    previous = signal.signal(signal.SIGALRM, _stop)
    started = time.monotonic()
    # It strikes again every half second, in case the code caught the first one with a bare `except:`.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous or signal.SIG_DFL)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 0.001), interval)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise TooSlow


@contextmanager
def fixed_chance(seed: int = 0) -> Iterator[None]:
    """Seeds Python, numpy and torch (CPU), where loaded, and puts their states back afterwards."""
    numpy: Any = sys.modules.get("numpy")
    torch: Any = sys.modules.get("torch")
    python_state = random.getstate()
    numpy_state = numpy.random.get_state() if numpy else None
    torch_state = torch.get_rng_state() if torch else None
    random.seed(seed)
    if numpy:
        numpy.random.seed(seed)
    if torch:
        torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)
        if torch:
            torch.set_rng_state(torch_state)
