"""A JupyterLab of our own: free loopback port, token kept, home and settings in a temporary folder."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from dpwidgets import samples
from kernels import notebook_environment

# No news, no saving behind our back; every cell in the page, also those out of sight.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
_START_SECONDS = 120
_FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


class LabServer:
    """JupyterLab over the folder `root`, with kernels as `kernels` (variables) says; a context manager."""

    def __init__(self, root: Path, home: Path, kernels: Mapping[str, str]) -> None:
        self.root, self.home, self._kernels = root, home, kernels
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def url(self, path: str) -> str:
        """Address of the notebook `path` (relative to the root), in single-document mode, with the token."""
        return f"http://127.0.0.1:{self.port}/doc/tree/{path}?token={self.token}"

    def environment(self) -> dict[str, str]:
        environment = notebook_environment(self.home)
        environment |= {name: str(self.home / folder) for name, folder in _FOLDERS.items()}
        # The sample photos are dear to make and the same for everyone.
        environment |= {"HOME": str(self.home), "DPWIDGETS_CACHE": str(samples.cache_folder())}
        return environment | self._kernels

    def __enter__(self) -> "LabServer":
        application = self.home / "application"
        for folder in (application, *(self.home / name for name in _FOLDERS.values())):
            folder.mkdir(parents=True, exist_ok=True)
        (application / "overrides.json").write_text(json.dumps(SETTINGS))
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": self.token,
            "LabApp.app_settings_dir": application,
            # Notebook 7 runs in the same server, under /notebooks/.
            "JupyterNotebookApp.app_settings_dir": application,
            "JupyterNotebookApp.expose_app_in_browser": True,
        }
        line = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
        line += [f"--{name}={value}" for name, value in options.items()]
        self._log = (self.home / "server.log").open("wb")
        self._process = subprocess.Popen(
            line,
            env=self.environment(),
            cwd=self.root,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        # SIGTERM to the group: the server shuts its kernels down, and none is left behind.
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sent)
                self._process.wait(20)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._log.close()

    def trust(self, *names: str) -> None:
        """Sign notebooks as the reader's own, as `make lab` does."""
        subprocess.run(
            [sys.executable, "-m", "jupyter", "trust", *names],
            cwd=self.root,
            env=self.environment(),
            check=True,
            capture_output=True,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"JupyterLab ended at once:\n{self._said()}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not answer within {_START_SECONDS} s:\n{self._said()}")

    def _said(self) -> str:
        return (self.home / "server.log").read_text(errors="replace")[-3000:]
