"""Notebooks, builds and their child processes reach nothing outside this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from kernels import notebook_environment

OUTSIDE = "192.0.2.1"  # reserved for documentation: nothing ever answers there


def run(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=notebook_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        f"import socket; socket.create_connection(('{OUTSIDE}', 80), timeout=2)",
        "import socket; socket.getaddrinfo('example.org', 443)",
        "import socket; socket.gethostbyname('example.org')",
        f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{OUTSIDE}', 53))",
        "import urllib.request; urllib.request.urlopen('https://example.org', timeout=2)",
        "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', "
        f"'import socket; socket.create_connection((\"{OUTSIDE}\", 80), timeout=2)']))",
        "import multiprocessing as m, socket\n"
        "p = m.get_context('fork').Process("
        f"target=socket.create_connection, args=(('{OUTSIDE}', 80), 2))\n"
        "p.start(); p.join(); raise SystemExit(p.exitcode)",
    ],
    ids=["connect", "getaddrinfo", "gethostbyname", "datagram", "urllib", "child", "fork"],
)
def test_outside_is_refused(code: str, tmp_path: Path) -> None:
    done = run(code, tmp_path)
    assert done.returncode != 0
    assert "network access is blocked here" in done.stderr
    assert "dpwidgets.samples" in done.stderr


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", OUTSIDE])
def test_a_service_that_others_can_reach_is_refused(host: str, tmp_path: Path) -> None:
    family = "AF_INET6" if ":" in host else "AF_INET"
    done = run(f"import socket; socket.socket(socket.{family}).bind(({host!r}, 0))", tmp_path)
    assert done.returncode != 0
    assert f"network access is blocked here: bind to {host!r}" in done.stderr
    assert "must listen on 127.0.0.1" in done.stderr


def test_loopback_and_unix_sockets_stay_open(tmp_path: Path) -> None:
    code = (
        "import socket, threading\n"
        "for host in ('127.0.0.1', 'localhost'):\n"
        "    server = socket.create_server((host, 0))\n"
        "    socket.create_connection(server.getsockname()[:2], timeout=5).close()\n"
        "one, other = socket.socketpair()\n"
        "one.sendall(b'x'); assert other.recv(1) == b'x'\n"
    )
    done = run(code, tmp_path)
    assert done.returncode == 0, done.stderr
