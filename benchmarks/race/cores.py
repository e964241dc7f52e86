"""How many cores this process may use: each contender that takes a number of workers gets one for each."""

import os

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
