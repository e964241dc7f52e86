"""Chapters where there is no JupyterLab: as a web page, and in Notebook 7."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from axe_check import grave_findings
from chapters import Chapter, find_chapters
from contract.view import tags_of
from lab_page import NotebookPage
from lab_server import LabServer
from themes import dress
from to_html import page as html_of

CHAPTERS = [chapter for chapter in find_chapters() if chapter.notebook.is_file()]
MOST_BYTES = 2_500_000  # of a page: a chapter's limit of 1.5 MB, and nbconvert's styles
LABS_OWN = '<span class="c1">'  # comments in code: 4.15 to 1 in JupyterLab's dark theme, 4.5 is wanted
# Every picture as [loaded and in sight, its text], in the order of the page.
PICTURES = """() => [...document.querySelectorAll(".jp-OutputArea-output img")]
  .map((one) => [one.complete && one.naturalWidth > 0 && one.checkVisibility(), one.alt])"""
# Code cells are the viewer's own, and most of a page: axe reads all of it before it looks at our part.
WITHOUT_CODE = """() => document.querySelectorAll(".jp-CodeCell .jp-Cell-inputWrapper")
  .forEach((one) => one.remove())"""


def texts(chapter: Chapter) -> list[str]:
    """The text of each picture in the chapter's outputs."""
    return [
        output.metadata.get(kind, {}).get("alt", "")
        for cell in nbformat.read(chapter.notebook, as_version=4).cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]


# --- as a web page


@pytest.fixture(scope="module")
def offline(browser: Browser) -> Iterator[Page]:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True).new_page()
    yield page
    page.context.close()


def open_file(page: Page, text: str, folder: Path) -> list[str]:
    """Open the page from a file; what it asked for, and what went wrong in it."""
    wrong: list[str] = []

    def asked(route: Route) -> None:
        if route.request.url.startswith("http"):
            wrong.append(f"asks for {route.request.url}")
            route.abort()
        else:
            route.continue_()

    def raised(error: object) -> None:
        wrong.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    page.route("**/*", asked)
    page.on("console", said)
    page.on("pageerror", raised)
    page.goto(file.as_uri())
    page.remove_listener("console", said)
    page.remove_listener("pageerror", raised)
    page.unroute("**/*")
    return wrong


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_the_web_page_shows_every_picture_with_its_text(
    chapter: Chapter, offline: Page, tmp_path: Path
) -> None:
    text = html_of(chapter)
    assert open_file(offline, text, tmp_path) == []
    assert offline.evaluate(PICTURES) == [[True, text] for text in texts(chapter)]
    offline.evaluate(WITHOUT_CODE)
    assert grave_findings(offline) == []
    dress(offline, "dark")
    faint = grave_findings(offline, rules=("color-contrast",))
    assert [line for line in faint if LABS_OWN not in line] == [], "in the dark theme"
    assert len(text.encode()) <= MOST_BYTES


def test_links_lead_from_page_to_page() -> None:
    (first,) = find_chapters(["01"])
    text = html_of(first)
    assert '<a href="02_dataset_dataloader.html"' in text
    assert '<a href="pages/glossary.html#' in text
    glossary = Chapter("glossary", first.home / "pages")
    assert '<a href="../01_tensors.html"' in html_of(glossary)


@pytest.mark.parametrize("number", ["01", "02", "05"])
def test_nbconvert_alone_shows_every_picture(number: str, offline: Page, tmp_path: Path) -> None:
    (chapter,) = find_chapters([number])
    body, _ = HTMLExporter().from_filename(str(chapter.notebook))
    open_file(offline, body, tmp_path)  # it asks for scripts of live widgets, in vain
    shown = offline.evaluate(PICTURES)
    assert [loaded for loaded, _ in shown] == [True] * len(texts(chapter))


# --- Notebook 7, in the server of the other browser tests


class Notebook7Page(NotebookPage):
    """The same page under Notebook 7's address."""

    def open(self, kernel: bool = True) -> None:
        if not kernel:
            self.page.route("**/notebooks/*.ipynb*", without_kernel)
        self.page.goto(self.server.url(self.name).replace("/doc/tree/", "/notebooks/"), wait_until="commit")
        ready = "() => window.jupyterapp?.shell?.currentWidget?.context?.isReady"
        self.page.wait_for_function(ready, timeout=90_000)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()


def without_kernel(route: Route) -> None:
    response = route.fetch()
    text = response.text()
    mark = '"notebookVersion"'
    assert mark in text, "Notebook 7's page has another form"
    route.fulfill(response=response, body=text.replace(mark, f'"notebookStartsKernel": "false", {mark}', 1))


@pytest.fixture(scope="module")
def tab(browser: Browser, server: LabServer) -> Iterator[Page]:
    """One page for all chapters: the application's files are fetched once."""
    server.trust(*(chapter.notebook.name for chapter in CHAPTERS))
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    yield page
    page.context.close()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_notebook_7_shows_every_picture_and_each_saved_lab(
    chapter: Chapter, server: LabServer, tab: Page, root: Path
) -> None:
    notebook = Notebook7Page(tab, server, chapter.notebook.name, root / "build" / "screenshots")
    notebook.open(kernel=False)
    wanted = [[True, text] for text in texts(chapter)]
    notebook.until(lambda: tab.evaluate(PICTURES) == wanted, 60, "not every picture shows with its text")
    assert notebook.broken_widgets() == []
    for index, cell in enumerate(nbformat.read(chapter.notebook, as_version=4).cells):
        if "lab" in tags_of(cell) and cell.cell_type == "code":
            place = tab.locator(".jp-Notebook .jp-Cell").nth(index)
            assert place.locator("img:visible").count(), f"cell {index}: the lab shows no saved picture"


@pytest.mark.timeout(900)
def test_a_lab_lives_in_notebook_7(server: LabServer, browser: Browser, root: Path) -> None:
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("from dpwidgets import TensorLab\nTensorLab()")]
    )
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, server.root / "live.ipynb")
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    notebook = Notebook7Page(page, server, "live.ipynb", root / "build" / "screenshots")
    notebook.open()
    assert notebook.run_all(180) == []
    lab = page.locator(".dpw-lab")
    expect(lab).to_have_count(1, timeout=60_000)
    notebook.move_first_slider(lab)
    assert notebook.broken_widgets() == []  # not the page's errors: Notebook 7 has one of its own
    # Enter on a heading that unfolds belongs to the lab, not to the notebook.
    code = lab.locator("details")
    lab.locator("summary").press("Enter")
    expect(code).to_have_attribute("open", "")
    notebook.save_picture("notebook-7")
    notebook.close()
    page.context.close()


def test_a_missing_picture_is_noticed(offline: Page, tmp_path: Path) -> None:
    (chapter,) = find_chapters(["01"])
    broken = html_of(chapter).replace('src="data:image/png;base64,', 'src="data:image/png;base64,AAAA', 1)
    open_file(offline, broken, tmp_path)
    assert [loaded for loaded, _ in offline.evaluate(PICTURES)].count(False) == 1
