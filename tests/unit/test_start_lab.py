"""`make lab`: the right flags on each machine, and a server that really serves chapter 00 with its token."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "start_lab.py"


@pytest.fixture
def start_lab() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start_lab", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("root", "display"), [(True, False), (False, True)])
def test_flags(start_lab: ModuleType, monkeypatch: pytest.MonkeyPatch, root: bool, display: bool) -> None:
    monkeypatch.setattr(start_lab, "is_root", lambda: root)
    monkeypatch.setattr(start_lab, "has_display", lambda: display)
    line = start_lab.command(["--port=9999"])
    assert ("--allow-root" in line) is root
    assert ("--no-browser" in line) is not display
    assert "--ServerApp.ip=127.0.0.1" in line
    assert line[-1] == "--port=9999"
    assert not any("token" in flag for flag in line)


def test_serves_chapter_00_with_its_token(tmp_path: Path) -> None:
    log = tmp_path / "log"
    home = {
        f"JUPYTER_{k}_DIR": str(tmp_path / k.lower()) for k in ("CONFIG", "DATA", "RUNTIME")
    }  # leave the real home alone
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, str(SCRIPT), "--no-browser", "--port=0"],
            env={**os.environ, **home},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = wait_for_address(server, log)
        base, token = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/.*token=(\w+)", address).groups()  # type: ignore[union-attr]
        assert "00_start_here.ipynb" in address
        page = f"{base}/api/contents/notebooks/00_start_here.ipynb?content=0"
        with urllib.request.urlopen(f"{page}&token={token}", timeout=30) as reply:
            assert json.load(reply)["type"] == "notebook"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(page, timeout=30)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def wait_for_address(server: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> str:
    """The address that the server prints once it answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*token=\w+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.1)
    pytest.fail(f"no address within {seconds:.0f} s:\n{log.read_text()}")
