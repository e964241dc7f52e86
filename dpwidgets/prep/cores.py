"""How many processor cores there are to share out."""

import os


def usable_cores() -> int:
    """Cores that this process may use: in a container or on a cluster often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
