"""Keeps the kernel's busy light out of a lab's way.

For every message from the page ipykernel reports "busy", then "idle", and JupyterLab answers each change with
a new favicon, a new indicator and a measured toolbar. While a slider moves that is more work than the lab's
pictures: without it twice as many pictures a second arrive (benchmarks/README.md). A lab's message is only
taken in (a thread of its own does the work), so the kernel is not busy then and does not say so. "idle" is
still sent: the page drops its record of the message when it comes.
"""

import sys
from typing import Any

from IPython import get_ipython

_MARK = "_dpwidgets_quiet_comms"


def hide_busy(comm_id: str) -> None:
    """The running kernel, if there is one, no longer reports "busy" for messages of this comm."""
    kernel = getattr(get_ipython(), "kernel", None)
    if not hasattr(kernel, "_publish_status"):
        return
    if not hasattr(kernel, _MARK):
        setattr(kernel, _MARK, set())
        _wrap(kernel)
    getattr(kernel, _MARK).add(comm_id)


def show_busy(comm_id: str) -> None:
    """As before `hide_busy`: the comm is closed."""
    if sys.is_finalizing():
        return  # widgets close themselves when Python ends, and `get_ipython` imports
    kernel = getattr(get_ipython(), "kernel", None)
    getattr(kernel, _MARK, set()).discard(comm_id)


def _wrap(kernel: Any) -> None:
    publish, quiet = kernel._publish_status, getattr(kernel, _MARK)

    def publish_status(status: str, channel: str, parent: Any = None) -> None:
        if status == "busy":
            asked = parent or kernel.get_parent(channel) or {}
            if asked.get("content", {}).get("comm_id") in quiet:
                return
        publish(status, channel, parent)

    kernel._publish_status = publish_status
