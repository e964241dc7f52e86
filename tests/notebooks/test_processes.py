"""Processes that a kernel started: helpers may stay, workers may not, and their work is counted."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import end, leftovers, work

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forkserver")

# A worker of the fork server, which is a helper itself, as is the tracker beside it; one plain child; and
# what stands for a loader lab's, which has a tracker of its own.
PARENT = """
import multiprocessing, subprocess, sys, time
LAB = "lock = multiprocessing.get_context('spawn').Lock(); print(flush=True); sys.stdin.read()"
if __name__ == "__main__":
    busy = time.process_time() + 0.3
    while time.process_time() < busy:
        pass
    context = multiprocessing.get_context("forkserver")
    context.Process(target=time.sleep, args=(600,), daemon=True).start()
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # plain"])
    lab = [sys.executable, "-c", f"import multiprocessing, sys; {LAB}  # dpwidgets-loader-"]
    lab = subprocess.Popen(lab, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lab.stdout.readline()
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    """The process id of a stand-in for a kernel."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process.pid
    end(leftovers(process.pid))
    process.communicate("")


def test_workers_and_children_are_left_over_and_helpers_are_not(parent: int) -> None:
    left = leftovers(parent)
    commands = sorted("plain" if "# plain" in one.command else "worker" for one in left)
    assert commands == ["plain", "worker"], left
    end(left)
    assert leftovers(parent) == []


def test_work_is_counted_in_processor_seconds(parent: int) -> None:
    spent = work(parent)
    assert spent.total >= spent.own >= 0.2
    assert spent.at_least >= spent.own
