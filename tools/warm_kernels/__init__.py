"""Kernels in a fraction of a second: forked from one process that has the imports done.

For the everyday run alone. A warm kernel hides what a chapter forgets to import and anything that goes wrong
at an import; `make test` has fresh kernels.
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
    """Makes every kernel `python3` of this process and its children a warm one, until `stop`.

    Args:
        scratch: an empty folder for the socket, the kernel's description and the log; a short path, since
            the system allows a socket some 100 characters.
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
        self._before = os.environ.get("JUPYTER_PATH")
        folders = [str(scratch / "jupyter"), self._before or ""]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, folders))

    def stop(self) -> str:
        """End all warm kernels; return what went wrong in the process that made them, if anything did."""
        if self._before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = self._before
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(60)
        return self.log.read_text(errors="replace") if self._zygote.returncode else ""
