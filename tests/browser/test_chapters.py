"""Every chapter in JupyterLab, as a reader has it: run, its labs moved."""

import re
from collections.abc import Callable

import nbformat
import pytest

from axe_check import grave_findings
from chapters import Chapter, find_chapters
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
LIVE = "application/vnd.jupyter.widget-view+json"
Open = Callable[..., NotebookPage]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_chapter_runs_and_its_labs_move(chapter: Chapter, open_notebook: Open) -> None:
    notebook = open_notebook(chapter.notebook.name)
    assert notebook.run_all(RUN_SECONDS) == []
    assert notebook.broken_widgets() == []
    book = nbformat.read(chapter.notebook, as_version=4)
    wanted = sum(LIVE in output.get("data", {}) for cell in book.cells for output in cell.get("outputs", ()))
    notebook.until(lambda: len(notebook.labs()) == wanted, 60, f"not all of {wanted} labs show")
    labs = notebook.labs()
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
    if labs:
        assert grave_findings(notebook.page, (".dpw-lab",)) == []


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
    assert "label" in " ".join(grave_findings(notebook.page, (".dpw-lab",))), "its slider has no name"


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
