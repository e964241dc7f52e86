"""One notebook open in JupyterLab: run it, look for errors, move its labs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route

from lab_server import LabServer

_OPEN_SECONDS = 90
_BROKEN_WIDGET = (
    ".jupyter-widgets-error-widget, .jp-OutputArea-output:has-text('Error displaying widget')"
    ", .jp-OutputArea-output:has-text('Error creating widget')"
)

# What the page knows of the notebook in front.
_STATE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  if (!panel?.content?.model || !panel.context?.isReady) return null;
  const cells = [...panel.content.model.cells].filter((cell) => cell.type === 'code');
  return {
    kernel: panel.sessionContext.session?.kernel?.status ?? null,
    counts: cells.filter((c) => c.sharedModel.source.trim()).map((c) => c.executionCount),
    // Asked often: not `outputs.toJSON()`, which copies every picture.
    errors: cells.flatMap(({ outputs }) => Array.from({ length: outputs.length }, (_, at) => outputs.get(at)))
      .filter((output) => output.type === 'error')
      .map((output) => output.toJSON())
      .map((output) => `${output.ename}: ${output.evalue}`),
  };
}"""


class NotebookPage:
    """Drives the notebook `name` in `page`."""

    def __init__(self, page: Page, server: LabServer, name: str, pictures: Path) -> None:
        self.page, self.server, self.name, self.pictures = page, server, name, pictures
        self.page_errors: list[str] = []
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))

    def open(self, kernel: bool = True) -> None:
        """Open the notebook, with or without a kernel, and wait until its cells are there."""
        if not kernel:
            self.page.route("**/doc/tree/**", _without_kernel)
        self.page.goto(self.server.url(self.name), wait_until="commit")
        self.page.wait_for_function("() => window.jupyterapp?.shell", timeout=_OPEN_SECONDS * 1000)
        self.until(lambda: self.state() is not None, _OPEN_SECONDS, "the notebook did not open")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=_OPEN_SECONDS * 1000)

    def state(self) -> dict[str, Any] | None:
        return self.page.evaluate(_STATE)

    def run_all(self, seconds: float) -> list[str]:
        """Clear all outputs, run all cells, wait until the kernel rests; return the errors in outputs."""
        self.until(lambda: (self.state() or {}).get("kernel") == "idle", _OPEN_SECONDS, "no kernel came up")
        self._command("notebook:clear-all-cell-outputs")
        # Not awaited: it ends with the last cell, and the limit is ours.
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        self.until(self._is_done, seconds, "the notebook did not come to its end")
        state = self.state()
        assert state is not None
        return list(state["errors"])

    def broken_widgets(self) -> list[str]:
        """What widgets say that could not be shown."""
        return self.page.locator(_BROKEN_WIDGET).all_inner_texts()

    def labs(self) -> list[Locator]:
        return self.page.locator(".dpw-lab").all()

    def move_first_slider(self, lab: Locator, seconds: float = 30) -> None:
        """Move a lab's first slider with the keyboard and wait until its picture looks different.

        Raises:
            AssertionError: the picture stayed as it was.
        """
        lab.scroll_into_view_if_needed()
        picture, slider = lab.locator("img").first, lab.locator("input[type=range]:visible").first
        picture.wait_for()
        before, value = picture.screenshot(), slider.input_value()
        slider.focus()
        at_end = float(value) >= float(slider.get_attribute("max") or 100)
        for _ in range(5):
            slider.press("ArrowLeft" if at_end else "ArrowRight")
        assert slider.input_value() != value, "the slider did not move"
        self.until(lambda: picture.screenshot() != before, seconds, "the picture stayed as it was")

    def run_loader_lab(self, lab: Locator, seconds: float = 120) -> None:
        """Press a loader lab's Run and wait until the run is over and its timeline shows spans.

        Raises:
            AssertionError: it did not end, or no span came.
        """
        lab.scroll_into_view_if_needed()
        run, trials = lab.get_by_role("button", name="Run").first, lab.locator(".dpw-trials tbody tr")
        before = trials.count()
        run.click()
        self.until(lambda: trials.count() > before, seconds, "the loader lab's run did not end")
        spans = lab.locator("canvas.dpw-timeline")
        self.until(lambda: int(spans.get_attribute("data-spans") or 0) > 0, 30, "the timeline stayed empty")

    def save_picture(self, what: str, of: Locator | None = None) -> None:
        """A screenshot for people, in build/screenshots/."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=self.pictures / f"{Path(self.name).stem}-{what}.png")

    def close(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate("async () => { await window.jupyterapp.serviceManager.sessions.shutdownAll() }")

    def _is_done(self) -> bool:
        state = self.state()
        if state is None or state["kernel"] != "idle":
            return False
        return bool(state["errors"]) or all(count is not None for count in state["counts"])

    def _command(self, name: str) -> None:
        self.page.evaluate("async (name) => { await window.jupyterapp.commands.execute(name) }", name)

    def until(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for `condition`; AssertionError with a screenshot after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.save_picture("stuck")
                raise AssertionError(
                    f"{self.name}: {otherwise} within {seconds:.0f} s; state: {self.state()}"
                )
            self.page.wait_for_timeout(200)


def _without_kernel(route: Route) -> None:
    """JupyterLab's own setting for this, `notebookStartsKernel`, comes with the page."""
    response = route.fetch()
    page = response.text()
    mark = '"notebookVersion"'
    assert mark in page, "JupyterLab's page has another form: set notebookStartsKernel in another way"
    route.fulfill(response=response, body=page.replace(mark, f'"notebookStartsKernel": "false", {mark}', 1))
