"""A JupyterLab and a headless Chromium for the browser tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from chapters import NOTEBOOKS
from lab_page import NotebookPage
from lab_server import LabServer

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_MISSING = "no Chromium: `python -m playwright install chromium`, or install your system's chromium package"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while one runs, no other Playwright can start in this process (as in tests/unit).
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = own if Path(own).exists() else next(filter(None, map(shutil.which, _NAMES)), None)
        if found is None:
            if os.environ.get("DPWIDGETS_REQUIRE_ALL") == "1":
                pytest.fail(_MISSING, pytrace=False)
            pytest.skip(_MISSING)
        chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def kernels(warm_kernels: dict[str, str]) -> dict[str, str]:
    """Variables for JupyterLab. In fresh kernels the chapters run where their outputs are compared."""
    return warm_kernels


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, kernels: dict[str, str]
) -> Iterator[LabServer]:
    """JupyterLab over a copy of the notebooks (asks for the browser first: no server without one)."""
    root = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(NOTEBOOKS, root, ignore=shutil.ignore_patterns("source", ".*"))
    with LabServer(root, tmp_path_factory.mktemp("home"), kernels) as started:
        yield started


@pytest.fixture
def open_notebook(server: LabServer, browser: Browser, root: Path) -> Iterator[Callable[..., NotebookPage]]:
    """`open_notebook(name, kernel=True)`: in a page of its own; its kernel ends with the test."""
    opened = []

    def start(name: str, kernel: bool = True) -> NotebookPage:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        notebook = NotebookPage(page, server, name, root / "build" / "screenshots")
        opened.append(notebook)
        notebook.open(kernel)
        return notebook

    yield start
    for notebook in opened:
        notebook.close()
        notebook.page.context.close()
