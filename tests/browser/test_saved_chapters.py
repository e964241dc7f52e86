"""Every chapter in JupyterLab as saved, without a kernel: its pictures show, axe-core finds nothing grave.

axe looks at what the workbook puts there (`axe_check.OURS`: rendered Markdown, outputs), not at JupyterLab's
own menus, side bars, prompts and editors. In JupyterLab's page it finds nothing to apply its rule of colour
contrast to: test_viewers.py has it for the same cells in web pages, which have JupyterLab's styles, in its
light and its dark theme; test_accessibility_labs.py for the labs in every theme.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

from axe_check import OURS, grave_findings
from chapters import Chapter, find_chapters
from contract.view import tags_of
from lab_page import NotebookPage
from lab_server import LabServer

CHAPTERS = [chapter for chapter in find_chapters() if chapter.notebook.is_file()]
# One tab of one JupyterLab for all chapters: starting it takes longer than looking at a chapter.
OPEN = """async (path) => {
  const { commands } = window.jupyterapp;
  const kernelPreference = { shouldStart: false, canStart: false, autoStartDefault: false };
  const panel = await commands.execute("docmanager:open", { path, factory: "Notebook", kernelPreference });
  await panel.context.ready;
  await panel.revealed;
  return panel.content.widgets.length;
}"""
CLOSE = "async () => { await window.jupyterapp.commands.execute('application:close') }"
FAULTS = """() => {
  const place = document.querySelector(".jp-RenderedMarkdown");
  place.insertAdjacentHTML("beforeend",
    "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><a href='#there'></a><button></button>");
}"""


@pytest.fixture(scope="module")
def tab(browser: Browser, server: LabServer) -> Iterator[Page]:
    server.trust(*(chapter.notebook.name for chapter in CHAPTERS))
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"http://127.0.0.1:{server.port}/lab?token={server.token}", wait_until="commit")
    page.wait_for_function("() => window.jupyterapp?.shell")
    page.evaluate("async () => { await window.jupyterapp.restored }")
    yield page
    page.context.close()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_saved_pictures_show_and_nothing_grave_is_found(
    chapter: Chapter, server: LabServer, tab: Page, root: Path
) -> None:
    book = nbformat.read(chapter.notebook, as_version=4)
    wanted = sum(
        any(kind.startswith("image/") for kind in output.get("data", {}))
        for cell in book.cells
        for output in cell.get("outputs", ())
    )
    assert tab.evaluate(OPEN, chapter.notebook.name) == tab.locator(".jp-Cell").count() == len(book.cells)
    notebook = NotebookPage(tab, server, chapter.notebook.name, root / "build" / "screenshots")
    try:
        shown = tab.locator(".jp-OutputArea-output img:visible")
        notebook.until(lambda: shown.count() >= wanted, 30, f"fewer than {wanted} saved pictures show")
        state = notebook.state()
        assert state is not None
        assert state["kernel"] is None
        notebook.save_picture("unrun")
        # Not the page's errors: without a kernel the widget manager meets one of its own.
        assert notebook.broken_widgets() == []
        for index, cell in enumerate(book.cells):
            if "lab" in tags_of(cell) and cell.cell_type == "code":
                place = tab.locator(".jp-Notebook .jp-Cell").nth(index)
                place.scroll_into_view_if_needed()
                notebook.save_picture(f"unrun-lab-{index}", place)
                assert place.locator("img:visible").count(), f"cell {index}: the lab shows no saved picture"
        silent = shown.evaluate_all("pictures => pictures.filter((one) => !one.alt).length")
        assert silent == 0, f"{silent} saved pictures have no alt text on the page"
        assert grave_findings(tab, OURS) == []
    finally:
        tab.evaluate(CLOSE)


def test_grave_faults_are_noticed(tab: Page) -> None:
    tab.evaluate(OPEN, CHAPTERS[0].notebook.name)
    tab.evaluate(FAULTS)
    found = " ".join(grave_findings(tab))
    for rule in ("image-alt", "link-name", "button-name"):
        assert rule in found
