"""A JupyterLab of its own in a temporary home, and notebooks in it that Chromium opens and runs."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.async_api import Browser, Page, Playwright

PROMPT = "dpwidgets.server_nodelay.PromptConnection"
START_SECONDS = 90
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


async def chromium(playwright: Playwright) -> Browser:
    """Headless Chromium: the system's, where it has one, else Playwright's own."""
    system = next(
        (path for path in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(path).exists()), None
    )
    return await playwright.chromium.launch(executable_path=system, args=CHROMIUM_FLAGS)


@contextmanager
def jupyter(home: Path, prompt: bool = False, theme: str = "JupyterLab Light") -> Iterator[str]:
    """Starts JupyterLab on loopback and gives its address; `prompt` sets TCP_NODELAY.

    Notebooks are served from `home / "notebooks"`.
    """
    (home / "notebooks").mkdir(parents=True, exist_ok=True)
    settings = _SETTINGS | {"@jupyterlab/apputils-extension:themes": {"theme": theme}}
    (home / "app_settings").mkdir(exist_ok=True)
    (home / "app_settings" / "overrides.json").write_text(json.dumps(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }  # fmt: skip
    environment = os.environ | {name: str(home / folder) for name, folder in places.items()}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--ServerApp.root_dir={home / 'notebooks'}", f"--LabApp.app_settings_dir={home / 'app_settings'}",
        "--expose-app-in-browser", "--log-level=WARN",
    ]  # fmt: skip
    if prompt:
        command.append(f"--ServerApp.kernel_websocket_connection_class={PROMPT}")
    log_path = home / "server.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(server, f"http://127.0.0.1:{port}/api", log_path)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)  # the server shuts its kernels down, then itself
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


async def open_notebook(page: Page, address: str, name: str) -> None:
    """Opens a notebook in a workspace of its own and runs all of it."""
    await page.goto(f"{address}/lab/workspaces/w{random.randrange(10**9)}/tree/{name}?reset")
    await page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    ready = "() => jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    await page.wait_for_function(ready, timeout=60_000)
    await page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
