"""The loader lab in JupyterLab: run, watched, stopped, changed, twenty times over; nothing is left behind."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import nbformat
import psutil
import pytest
from playwright.sync_api import Locator

from lab_page import NotebookPage
from lab_server import LabServer

CYCLES = 20
SETTLED = 3  # the cycle after which memory is compared: until then caches fill
GROWTH = 0.05
WATCHED = 5  # messages with new spans, in each cycle
LAB = """from dpwidgets import LoaderLab
lab = LoaderLab(num_workers=1, batch_size=8, step_seconds=0.01, seconds=60)
lab
"""
# Without torchvision, whose import takes most of a start: each cycle starts a child process.
PLAIN = """import numpy as np
import torch
from PIL import Image
from dpwidgets import LoaderLab, samples

class Photos:
    files = sorted(map(str, samples.photos().glob("*/*.jpg")))
    def __len__(self):
        return len(self.files)
    def __getitem__(self, index):
        return torch.from_numpy(np.array(Image.open(self.files[index]).resize((64, 64))))

lab = LoaderLab(Photos(), num_workers=1, batch_size=8, step_seconds=0.01, seconds=60)
lab
"""
HANGS = """import time
from dpwidgets import LoaderLab

class Hangs:
    def __len__(self):
        return 64
    def __getitem__(self, index):
        if index == 21:
            raise RuntimeError("the file of item 21 is broken")
        return index

LoaderLab(Hangs(), num_workers=1, batch_size=8, seconds=5)
"""
# Presses Stop; seconds until the run is over and another could begin, or null.
STOP = """async (lab) => {
  const [run, stop] = lab.querySelectorAll(".dpw-run button");
  const began = performance.now();
  stop.click();
  while (run.disabled) {
    if (performance.now() - began > 30_000) return null;
    await new Promise((then) => setTimeout(then, 10));
  }
  return (performance.now() - began) / 1000;
}"""
SAVE = "async () => { await window.jupyterapp.commands.execute('docmanager:save') }"
Open = Callable[..., NotebookPage]


@pytest.fixture(scope="module")
def kernels() -> dict[str, str]:
    """None that are warm: a kernel's memory is measured, and its processes are found by what started them."""
    return {}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_runs_are_watched_and_stopped_and_leave_nothing(
    server: LabServer, open_notebook: Open, root: Path
) -> None:
    write(server, "loader.ipynb", PLAIN)
    notebook = open_notebook("loader.ipynb")
    assert notebook.run_all(180) == []
    lab = notebook.page.locator(".dpw-loader")
    lab.wait_for()
    stops, rates, memory = [], [], {}
    for cycle in range(1, CYCLES + 1):
        rates.append(watch_a_run(notebook, lab, "running" if cycle == 2 else ""))
        stopped = lab.evaluate(STOP)
        assert stopped is not None, f"cycle {cycle}: the run did not stop"
        stops.append(stopped)
        assert loading_processes(server) == [], f"cycle {cycle}: processes are left"
        workers = lab.get_by_label("workers", exact=True)
        workers.press("ArrowRight" if cycle % 2 else "ArrowLeft")
        memory[cycle] = private_bytes(kernel(server))
    assert lab.locator(".dpw-trials tbody tr").count() == min(8, CYCLES), "the last eight settings tried"
    assert notebook.broken_widgets() + notebook.page_errors == []
    assert lab.get_by_role("alert").count() == 0
    figures = {
        "stop, seconds": {"median": median(stops), "most": max(stops)},
        "pictures a second": {"median": median(rates), "least": min(rates)},
        "kernel, private MB": {cycle: round(used / 1e6, 1) for cycle, used in memory.items()},
    }
    (root / "build").mkdir(exist_ok=True)
    (root / "build" / "loader_lab.json").write_text(json.dumps(figures, indent=1))
    assert memory[CYCLES] <= memory[SETTLED] * (1 + GROWTH), figures


def watch_a_run(notebook: NotebookPage, lab: Locator, picture: str) -> float:
    """Start a run and watch spans come; pictures of the timeline a second meanwhile."""
    timeline = lab.locator("canvas.dpw-timeline")
    run_button(lab).click()
    running = lab.get_by_text("running …")
    notebook.until(lambda: running.count() > 0, 120, "the run did not begin")
    seen: set[str] = set()

    def spans_come() -> bool:
        seen.add(f"{timeline.get_attribute('data-to')} {timeline.get_attribute('data-spans')}")
        return len(seen) > WATCHED

    began, before = time.monotonic(), int(timeline.get_attribute("data-drawn") or 0)
    notebook.until(spans_come, 60, "no spans came")
    drawn = int(timeline.get_attribute("data-drawn") or 0) - before
    if picture:
        notebook.save_picture(picture, lab)
    return drawn / (time.monotonic() - began)


def test_a_dataset_that_fails_is_told_and_the_lab_goes_on(server: LabServer, open_notebook: Open) -> None:
    write(server, "loader-fails.ipynb", HANGS)
    notebook = open_notebook("loader-fails.ipynb")
    assert notebook.run_all(180) == []
    lab = notebook.page.locator(".dpw-loader")
    alert = lab.get_by_role("alert")
    for _ in range(2):
        run_button(lab).click()
        notebook.until(
            lambda: alert.count() > 0 and run_button(lab).is_enabled(),
            120,
            "no message about the broken item",
        )
        assert "the file of item 21 is broken" in alert.inner_text()
        assert "__getitem__" in alert.inner_text(), "the worker's traceback"
    notebook.save_picture("failed", lab)
    assert notebook.page_errors == []


def test_the_saved_notebook_shows_the_last_run_without_a_kernel(
    server: LabServer, open_notebook: Open
) -> None:
    write(server, "loader-saved.ipynb", LAB.replace("seconds=60", "seconds=2"))
    notebook = open_notebook("loader-saved.ipynb")
    assert notebook.run_all(180) == []
    (lab,) = notebook.labs()
    still = notebook.page.locator(".jp-OutputArea-output img")
    assert still.is_hidden(), "beside the live lab it would be one picture too many"
    notebook.run_loader_lab(lab)
    notebook.until(lambda: "items/s" in (still.get_attribute("alt") or ""), 20, "the still shows no run")
    notebook.page.evaluate(SAVE)
    notebook.close()

    server.trust("loader-saved.ipynb")
    notebook = open_notebook("loader-saved.ipynb", kernel=False)
    still = notebook.page.locator(".jp-OutputArea-output img:visible")
    notebook.until(lambda: still.count() == 1, 30, "no saved picture shows")
    assert "1 worker, batch 8, step 10 ms: " in (still.get_attribute("alt") or "")
    assert notebook.labs() == [], "an empty lab would hide the picture"
    notebook.save_picture("still")


def run_button(lab: Locator) -> Locator:
    return lab.get_by_role("button", name="Run")


def kernel(server: LabServer) -> psutil.Process:
    """The one kernel that runs."""
    (found,) = [one for one in own_processes(server) if "ipykernel_launcher" in " ".join(one.cmdline())]
    return found


def private_bytes(process: psutil.Process) -> int:
    """What the process wrote itself.

    Without pages of libraries: they count as its own as soon as no other process has them mapped.
    """
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if not rollup.exists():
        return process.memory_full_info().uss
    (line,) = [line for line in rollup.read_text().splitlines() if line.startswith("Private_Dirty:")]
    return int(line.split()[1]) * 1024


def loading_processes(server: LabServer) -> list[str]:
    """Child processes of labs and their workers, wherever in the tree they are now."""
    found = []
    for one in own_processes(server):
        with contextlib.suppress(psutil.Error):
            line = " ".join(one.cmdline())
            if "dpwidgets.prep.loading" in line and one.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{one.pid} {line[:200]}")
    return found


def own_processes(server: LabServer) -> list[psutil.Process]:
    """Processes with the server's home: its kernels, and what those started."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.environ().get("HOME") == str(server.home):
                found.append(one)
    return found


def write(server: LabServer, name: str, *cells: str) -> None:
    """A notebook with these code cells, in the server's folder."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, server.root / name)
