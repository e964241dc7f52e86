"""Kernels for building and testing: offline, with scratch folders, the same settings everywhere."""

import asyncio
import contextlib
import copy
import os
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode

from processes import end_with_trackers

OFFLINE = Path(__file__).resolve().parent / "offline"
CELL_TIMEOUT = 120  # seconds: eight failed falsely on a busy machine
# One thread a kernel: two kernels on two cores do not fight, and sums come out in one order.
# The instruction set is held down so that trained numbers agree from one x86 machine to the next.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "COLUMNS": "80",
    # What a cell calls that is on its way out turns the chapter red.
    "PYTHONWARNINGS": "error::DeprecationWarning:__main__,error::FutureWarning:__main__",
    "TZ": "UTC",
}
# ipykernel sends descriptor-level output nowhere when it thinks that it runs under pytest; without .pyc files
# every kernel compiles some 2,900 modules again.
_UNSET = ("PYTEST_CURRENT_TEST", "PYTHONDONTWRITEBYTECODE", "MPLBACKEND")


def make_samples() -> None:
    """Make the sample data now: else its progress bar lands in the output of the first cell that wants it."""
    from dpwidgets import samples

    samples.photos()
    samples.dirty_folder()


def notebook_environment(scratch: Path) -> dict[str, str]:
    """Environment variables for a kernel: `scratch` holds its progress file and its IPython profile."""
    environment = {key: value for key, value in os.environ.items() if key not in _UNSET}
    paths = [str(OFFLINE), environment.get("PYTHONPATH", "")]
    environment |= SETTINGS
    environment |= {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "DPWIDGETS_DATA": str(scratch / "data"),
        "IPYTHONDIR": str(scratch / "ipython"),
    }
    (scratch / "data").mkdir(parents=True, exist_ok=True)
    return environment


class KernelManager(AsyncKernelManager):
    """Ends a kernel at once, as jupyter_client does, but leaves no semaphores: that kills the tracker too."""

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        if now and self.provisioner is not None and self.provisioner.has_process:
            end_with_trackers(self.provisioner.pid)
        await super().shutdown_kernel(now, restart)


class Client(NotebookClient):
    """nbclient that says where a cell hung, and finds errors that widgets swallowed."""

    timed_out = False

    def __init__(
        self, book: NotebookNode, folder: Path, timeout: float = CELL_TIMEOUT, **options: Any
    ) -> None:
        super().__init__(
            book,
            timeout=int(timeout),
            kernel_name=options.pop("kernel_name", "python3"),
            kernel_manager_class=KernelManager,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            # ipykernel warns at each start that loopback is not encrypted.
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            resources={"metadata": {"path": str(folder)}},
            **options,
        )
        self._reported: set[tuple[str, int]] = set()

    def start(self, environment: dict[str, str]) -> None:
        self.create_kernel_manager()
        self.start_new_kernel(env=environment)
        self.start_new_kernel_client()

    def stop(self) -> None:
        if self.km is not None:
            self._cleanup_kernel()

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        """Interrupt once: the traceback shows where the cell hung. A kernel that ignores it is given up."""
        assert self.km is not None
        assert self.kc is not None
        assert cell is not None
        self.timed_out = True
        await ensure_async(self.km.interrupt_kernel())
        with contextlib.suppress(Empty, asyncio.TimeoutError):
            return await ensure_async(self.kc.shell_channel.get_msg(timeout=5))
        raise CellTimeoutError.error_from_timeout_and_cell("the kernel ignored the interrupt", timeout, cell)

    def swallowed_errors(self) -> list[NotebookNode]:
        """Errors inside Output widgets that were not there at the last call."""
        found = []
        for model, state in self.widget_state.items():
            for position, output in enumerate(state.get("outputs") or ()):
                if output.get("output_type") == "error" and (model, position) not in self._reported:
                    self._reported.add((model, position))
                    found.append(output)
        return found


def run_all(
    client: Client, environment: dict[str, str], after_cell: Callable[[int, NotebookNode], None]
) -> None:
    """Run every cell in a fresh kernel, calling `after_cell(index, cell)`; then save the widgets' state.

    A cell keeps what it showed when it ended. An update that a later cell sends to its display is dropped:
    a test compares cell by cell and cannot know it yet.
    """
    shown: dict[int, list[NotebookNode]] = {}
    try:
        client.start(environment)
        for index, cell in enumerate(client.nb.cells):
            if cell.cell_type == "code" and cell.source.strip():
                client.execute_cell(cell, index)
                shown[index] = copy.deepcopy(cell.outputs)
                after_cell(index, cell)
        for index, outputs in shown.items():
            client.nb.cells[index].outputs = outputs
        client.set_widgets_metadata()
    finally:
        client.stop()
