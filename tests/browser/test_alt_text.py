"""Pictures in JupyterLab have the text that the notebook carries for them (dpwidgets/labextension)."""

from collections.abc import Callable
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Route

from lab_page import NotebookPage
from lab_server import LabServer

FIGURE_TEXT = 'A line that falls from 3 to 1, "quoted" & <marked>.'
FIGURE = f"""from matplotlib import pyplot
from dpwidgets import show
figure, axes = pyplot.subplots(figsize=(3, 2))
axes.plot([3, 2, 1])
show(figure, alt={FIGURE_TEXT!r})
"""
LAB = """from dpwidgets import ImageLab, samples
lab = ImageLab(samples.digits().images[:3], steps=[{"op": "rotation"}], tiles=2)
lab
"""
MOVED = "lab.set(tiles=3)"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
NO_TEXT = f"""from IPython.display import display
display({{"image/png": {DOT!r}}}, raw=True)
"""
# For each picture among the outputs: the text in the model, and <img>'s own; null where there is none.
TEXTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter((cell) => cell.outputArea)
  .flatMap((cell) => cell.outputArea.widgets.map((widget, index) => {
    const image = widget.node.querySelector('.jp-RenderedImage img');
    const metadata = Object.values(cell.outputArea.model.get(index).metadata);
    return image && [metadata.find((of) => of?.alt)?.alt ?? null, image.getAttribute('alt')];
  }))
  .filter(Boolean)"""
SAVE = "async () => { await window.jupyterapp.commands.execute('docmanager:save') }"
Open = Callable[..., NotebookPage]


def test_pictures_have_their_text_after_a_run_and_when_opened_again(
    server: LabServer, open_notebook: Open
) -> None:
    write(server, "alt-text.ipynb", *map(nbformat.v4.new_code_cell, (FIGURE, LAB, MOVED, NO_TEXT)))
    notebook = open_notebook("alt-text.ipynb")
    assert notebook.run_all(120) == []
    check_texts(notebook)
    notebook.save_picture("run")
    notebook.page.evaluate(SAVE)
    notebook.close()

    server.trust("alt-text.ipynb")
    notebook = open_notebook("alt-text.ipynb", kernel=False)
    check_texts(notebook)
    notebook.save_picture("unrun")


def test_another_jupyterlab_gets_one_warning_and_its_own_pictures(
    server: LabServer, browser: Browser, root: Path
) -> None:
    saved = nbformat.v4.new_output(
        "display_data", {"image/png": DOT}, metadata={"image/png": {"alt": FIGURE_TEXT}}
    )
    write(server, "alt-text-none.ipynb", nbformat.v4.new_code_cell("1", outputs=[saved]))
    page = browser.new_context().new_page()
    page.route("**/dpwidgets-alt-text/static/remoteEntry.js*", without_the_module)
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if "dpwidgets" in line.text else None)
    notebook = NotebookPage(page, server, "alt-text-none.ipynb", root / "build" / "screenshots")
    notebook.open(kernel=False)
    notebook.until(lambda: bool(texts(notebook)), 30, "the picture does not show")
    assert texts(notebook) == [(FIGURE_TEXT, None)]
    assert said == [
        "dpwidgets-alt-text: pictures stay without their text: JupyterLab shares no @other/module"
    ]
    page.context.close()


def check_texts(notebook: NotebookPage) -> None:
    """The figure, the lab's picture as it is now, and the picture that carries no text."""
    notebook.until(lambda: len(texts(notebook)) == 3, 30, "not all pictures show")
    notebook.until(
        lambda: "3 tiles" in (texts(notebook)[1][0] or ""), 30, "the lab has another picture's text"
    )
    figure, lab, plain = texts(notebook)
    assert figure == (FIGURE_TEXT, FIGURE_TEXT)
    assert lab[1] == lab[0]
    assert plain == (None, None)


def texts(notebook: NotebookPage) -> list[tuple[str | None, str | None]]:
    return [tuple(pair) for pair in notebook.page.evaluate(TEXTS)]


def without_the_module(route: Route) -> None:
    """The extension as it would be in a JupyterLab that does not share the module it needs."""
    response = route.fetch()
    script = response.text()
    assert script.count('load("@jupyterlab/rendermime")') == 1
    route.fulfill(response=response, body=script.replace('"@jupyterlab/rendermime")', '"@other/module")'))


def write(server: LabServer, name: str, *cells: nbformat.NotebookNode) -> None:
    """A notebook of these cells, in the server's folder."""
    book = nbformat.v4.new_notebook(cells=list(cells))
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, server.root / name)
