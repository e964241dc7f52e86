"""Every chapter in JupyterLab, as saved: axe-core finds nothing grave.

Looked at is what the workbook puts there (`axe_check.OURS`: rendered Markdown, outputs), not JupyterLab's own
menus, side bars, prompts and editors. In JupyterLab's page axe finds nothing to apply its rule of colour
contrast to: test_viewers.py has it for the web pages, test_accessibility_labs.py for the labs in every theme.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from axe_check import OURS, grave_findings
from chapters import Chapter, find_chapters
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
def test_no_grave_finding_in_a_chapter(chapter: Chapter, tab: Page) -> None:
    cells = tab.evaluate(OPEN, chapter.notebook.name)
    assert tab.locator(".jp-Cell").count() == cells > 0
    try:
        assert grave_findings(tab, OURS) == []
    finally:
        tab.evaluate(CLOSE)


def test_grave_faults_are_noticed(tab: Page) -> None:
    tab.evaluate(OPEN, CHAPTERS[0].notebook.name)
    tab.evaluate(FAULTS)
    found = " ".join(grave_findings(tab))
    for rule in ("image-alt", "link-name", "button-name"):
        assert rule in found
