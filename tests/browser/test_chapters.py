"""Every chapter in JupyterLab, as a reader has it: opened, looked at, run, its labs moved."""

import re
from collections.abc import Callable

import nbformat
import pytest

from chapters import Chapter, find_chapters
from contract.view import tags_of
from lab_page import NotebookPage
from lab_server import LabServer

CHAPTERS = [chapter for chapter in find_chapters() if chapter.notebook.is_file()]
RUN_SECONDS = 420  # a limit against hanging on a busy machine, no promise
DEAD_LAB = """import anywidget
class Dead(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.className = 'dpw-lab'; el.innerHTML = `\
<input type=range data-lm-suppress-shortcuts=true><img alt=still width=90 height=90>`; } };"
Dead()
"""
BROKEN_WIDGET = """import anywidget
class Broken(anywidget.AnyWidget):
    _esm = "export default { render() { throw new Error('gone') } };"
Broken()
"""
MISSING_WIDGET = """from IPython.display import display
view = {"model_id": "0" * 32, "version_major": 2, "version_minor": 0}
display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "lost"}, raw=True)
"""
Open = Callable[..., NotebookPage]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_saved_pictures_show_without_a_kernel(
    chapter: Chapter, server: LabServer, open_notebook: Open
) -> None:
    book = nbformat.read(chapter.notebook, as_version=4)
    wanted = sum(
        any(kind.startswith("image/") for kind in output.get("data", {}))
        for cell in book.cells
        for output in cell.get("outputs", ())
    )
    server.trust(chapter.notebook.name)
    notebook = open_notebook(chapter.notebook.name, kernel=False)
    shown = notebook.page.locator(".jp-OutputArea-output img:visible")
    notebook.until(lambda: shown.count() >= wanted, 30, f"fewer than {wanted} saved pictures show")
    state = notebook.state()
    assert state is not None
    assert state["kernel"] is None
    notebook.save_picture("unrun")
    # Not the page's errors: without a kernel the widget manager meets one of its own.
    assert notebook.broken_widgets() == []
    for index, cell in enumerate(book.cells):
        if "lab" in tags_of(cell) and cell.cell_type == "code":
            place = notebook.page.locator(".jp-Notebook .jp-Cell").nth(index)
            place.scroll_into_view_if_needed()
            notebook.save_picture(f"unrun-lab-{index}", place)
            assert place.locator("img:visible").count(), f"cell {index}: the lab shows no saved picture"
    silent = shown.evaluate_all("pictures => pictures.filter((one) => !one.alt).length")
    assert silent == 0, f"{silent} saved pictures have no alt text on the page"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_chapter_runs_and_its_labs_move(chapter: Chapter, open_notebook: Open) -> None:
    notebook = open_notebook(chapter.notebook.name)
    assert notebook.run_all(RUN_SECONDS) == []
    assert notebook.broken_widgets() == []
    labs = notebook.labs()
    book = nbformat.read(chapter.notebook, as_version=4)
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    assert bool(labs) == any(re.search(r"\b[A-Z]\w*Lab\(", source) for source in code)
    for number, lab in enumerate(labs):
        if lab.locator("canvas.dpw-timeline").count():
            notebook.run_loader_lab(lab)
        else:
            assert lab.locator("img").first.get_attribute("alt"), f"lab {number}: the picture has no text"
            notebook.move_first_slider(lab)
        notebook.save_picture(f"lab-{number}", lab)
    assert notebook.broken_widgets() + notebook.page_errors == []
    assert notebook.page.locator(".dpw-lab [role=alert]:visible").all_inner_texts() == []


def test_a_failing_cell_is_noticed(server: LabServer, open_notebook: Open) -> None:
    write(server, "failing.ipynb", "1 / 0", "2")
    assert open_notebook("failing.ipynb").run_all(120) == ["ZeroDivisionError: division by zero"]


def test_a_lab_that_does_not_answer_is_noticed(server: LabServer, open_notebook: Open) -> None:
    write(server, "dead.ipynb", DEAD_LAB)
    notebook = open_notebook("dead.ipynb")
    assert notebook.run_all(120) == []
    (lab,) = notebook.labs()
    with pytest.raises(AssertionError, match="the picture stayed as it was"):
        notebook.move_first_slider(lab, seconds=3)


def test_a_widget_that_does_not_load_is_noticed(server: LabServer, open_notebook: Open) -> None:
    write(server, "broken.ipynb", BROKEN_WIDGET, MISSING_WIDGET)
    notebook = open_notebook("broken.ipynb")
    assert notebook.run_all(120) == []
    notebook.until(
        lambda: bool(notebook.broken_widgets() and notebook.page_errors), 20, "nothing was noticed"
    )


def write(server: LabServer, name: str, *cells: str) -> None:
    """A notebook with these code cells, in the server's folder."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, server.root / name)
