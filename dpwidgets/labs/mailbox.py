"""A mailbox for one letter: what arrives while the reader is busy replaces what waited."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Letter = TypeVar("Letter")

IDLE_SECONDS = 30.0  # a thread without work ends after this long; the next letter starts another


class Mailbox(Generic[Letter]):
    """Hands letters to `work`, one at a time, on a thread of its own; only the newest one waits.

    Args:
        work: called with each letter that was not replaced. It must not raise.
    """

    def __init__(self, work: Callable[[Letter], None]) -> None:
        self._work = work
        self._waiting: list[Letter] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, letter: Letter) -> None:
        """Leaves a letter and returns at once."""
        with self._changed:
            self._waiting = [letter]
            if self._thread is None:
                self._thread = threading.Thread(target=self._drain, name="dpwidgets-lab", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _drain(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting, timeout=IDLE_SECONDS):
                    self._thread = None
                    return
                letter = self._waiting.pop()
            self._work(letter)
