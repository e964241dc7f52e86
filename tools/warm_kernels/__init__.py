"""Kernels in a fraction of a second: forked from one process that has the imports done.

A warm kernel hides what a chapter forgets to import and anything that goes wrong at an import. So `make test`
compares the outputs of every chapter in a fresh kernel, and only runs it again, with other parameters or in
the browser, in a warm one.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from kernels import notebook_environment

HERE = Path(__file__).resolve().parent
# macOS has a fork, but its system libraries do not survive one.
AVAILABLE = sys.platform == "linux"


class WarmKernels:
    """Makes kernels `python3`, until `stop`, for those who have its `environment`.

    Args:
        scratch: an empty folder for the socket, the kernel's description and the log; a short path, since
            the system allows a socket some 100 characters.

    Attributes:
        environment: the variable with which Jupyter finds these kernels before all others.
    """

    def __init__(self, scratch: Path) -> None:
        self.log = scratch / "zygote.log"
        address = str(scratch / "zygote")
        spec = scratch / "jupyter" / "kernels" / "python3"
        spec.mkdir(parents=True)
        argv = [sys.executable, "-I", "-S", str(HERE / "stand_in.py"), address]
        argv += ["-f", "{connection_file}"]
        described = {"argv": argv, "display_name": "Python 3 (warm)", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(described))
        with self.log.open("wb") as log, socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen(64)  # kernels that are wanted during the imports wait in line
            self._zygote = subprocess.Popen(
                [sys.executable, str(HERE / "zygote.py"), str(server.fileno())],
                pass_fds=[server.fileno()],
                env=notebook_environment(scratch / "home"),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        folders = [str(scratch / "jupyter"), os.environ.get("JUPYTER_PATH")]
        self.environment = {"JUPYTER_PATH": os.pathsep.join(filter(None, folders))}

    def stop(self) -> str:
        """End all warm kernels; return what went wrong in the process that made them, if anything did."""
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(60)
        return self.log.read_text(errors="replace") if self._zygote.returncode else ""
