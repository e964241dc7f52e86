"""The loader lab's controls; a flag is a check box, and units tell the view how to show a parameter."""

import multiprocessing

from dpwidgets.labs.base import Control
from dpwidgets.prep.loading.settings import MAX_BATCH_SIZE

PLATFORMS_OWN = "platform's own"  # in the view, the start method ""

# fmt: off
CONTROLS = (
    Control(
        "num_workers", "workers", "slider", "Processes that load; 0 loads in the process that iterates.",
        max=16,
    ),
    Control("batch_size", "batch size", "number", "Items per batch.", min=1, max=MAX_BATCH_SIZE),
    Control("prefetch_factor", "prefetch", "slider", "Batches that each worker makes ahead.", min=1, max=16),
    Control(
        "start_method", "start method", "choice", "How worker processes are started.",
        choices=(PLATFORMS_OWN, *multiprocessing.get_all_start_methods()),
    ),
    Control("persistent_workers", "persistent", "flag", "Keep the workers between epochs."),
    Control("pin_memory", "pin memory", "flag", "Page-locked batches; does something only with a GPU."),
    Control("shuffle", "shuffle", "flag", "A new order in each epoch."),
    Control("drop_last", "drop last", "flag", "Leave out a last batch that is not full."),
    Control("in_order", "in order", "flag", "Batches in the sampler's order; off: as they are ready."),
    Control(
        "step_seconds", "training step", "slider", "Length of the simulated training step.",
        max=200, step=5, unit="ms",
    ),
    Control("seconds", "time limit", "slider", "How long a run lasts.", min=1, max=60, unit="s"),
    Control(
        "memory_limit", "memory limit", "number", "Of all processes together; 0: none.",
        max=1_000_000, unit="MB",
    ),
)
# fmt: on
