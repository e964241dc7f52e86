"""Start JupyterLab on chapter 00, on loopback, with its token.

As root it adds --allow-root; without a display it adds --no-browser. Arguments
are handed on to `jupyter lab`.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/00_start_here.ipynb"


def has_display() -> bool:
    """Whether a browser could open a window here (Linux without X or Wayland: no)."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def command(extra: list[str]) -> list[str]:
    """The `jupyter lab` command line for this machine."""
    line = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        "--ServerApp.ip=127.0.0.1",
        # A lab's pictures are small messages; they need not wait for each other.
        "--ServerApp.kernel_websocket_connection_class=dpwidgets.server_nodelay.PromptConnection",
    ]
    if is_root():
        line.append("--allow-root")
    if not has_display():
        line.append("--no-browser")
    return line + extra


def main() -> int:
    # Saved outputs of these chapters are ours: mark them so, or JupyterLab hides part of them until a run.
    chapters = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "notebooks").glob("*.ipynb"))
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", *chapters],
        cwd=ROOT,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    try:
        return subprocess.run(command(sys.argv[1:]), cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
