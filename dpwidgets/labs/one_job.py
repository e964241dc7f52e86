"""One long piece of work at a time, on a thread of its own, that can be asked to stop.

The thread is the same for one piece of work after another: the memory that a thread frees is kept for its
next use, so that a new thread for each would leave a little more behind each time.
"""

import threading
from collections.abc import Callable
from functools import partial

from dpwidgets.labs.mailbox import Mailbox


class OneJob:
    """Runs work that a lab's buttons start and stop. Every method may be called from any thread.

    Args:
        explain: an exception of the work as text for the reader.
        halt: ends the work in progress; it may block, and is called again until the work is over, since work
            may just have been about to begin.
        changed: called after `activity` or `problem` changed. It must not raise.
        ended: called after work is over and the next may begin.

    Attributes:
        activity: "idle", "stopping", or what `begin` was told.
        problem: the text of the exception that ended the last work, or what the work left here; else "".
        stop_asked: set once the work in progress is asked to stop.
    """

    def __init__(
        self,
        *,
        explain: Callable[[Exception], str],
        halt: Callable[[], None],
        changed: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._explain, self._halt, self._changed, self._ended = explain, halt, changed, ended
        self._working: Mailbox[Callable[[], None]] = Mailbox(lambda work: work())
        self._stopping = Mailbox(self._insist)
        self._turn = threading.Lock()  # held while work is begun, asked to stop, or declared over
        self._halting = threading.Lock()  # no request to stop outlives its work
        self._over = threading.Event()  # of the newest work; each has its own
        self._over.set()
        self.activity, self.problem = "idle", ""
        self.stop_asked = threading.Event()

    def begin(self, activity: str, work: Callable[[], None]) -> None:
        """Starts `work` and returns at once.

        Raises:
            RuntimeError: other work is in progress.
        """
        with self._turn:
            if not self._over.is_set():
                raise RuntimeError("A run is in progress: stop it first.")
            self._over = threading.Event()
            self.stop_asked.clear()
            self.activity, self.problem = activity, ""
        self._working.put(partial(self._work, work))

    def ask_to_stop(self) -> None:
        """Returns at once."""
        with self._turn:
            if self._over.is_set() or self.stop_asked.is_set():
                return
            self.stop_asked.set()
            self.activity = "stopping"
            over = self._over
        self._changed()
        self._stopping.put(over)

    def wait(self) -> None:
        """Until the work is over; interrupting the cell that waits ends the work."""
        try:
            self._over.wait()
        except KeyboardInterrupt:
            self.ask_to_stop()
            self._over.wait()
            raise

    def while_idle(self, work: Callable[[], None]) -> None:
        """Does `work` now, before any other can begin; nothing if other work is in progress."""
        with self._turn:
            if self._over.is_set():
                work()

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # whatever the reader's code does, the lab goes on
            self.problem = self._explain(error)
        finally:
            with self._halting, self._turn:
                self.activity = "idle"
                self._over.set()
            self._changed()
        self._ended()

    def _insist(self, over: threading.Event) -> None:
        while not over.is_set():
            with self._halting:
                if not over.is_set():
                    self._halt()
            over.wait(0.05)
