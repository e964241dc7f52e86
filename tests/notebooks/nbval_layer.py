"""pytest plugin: nbval's command line, tags and comparison, with our own execution and closer checks.

Cells run through nbclient, as in the build, with network access blocked. Beyond nbval, these turn a notebook
red: a cell that was never run, an execution count out of order, a picture that looks different, has another
text or is missing, a slider with another range, an error swallowed by a widget, a kernel that dies or hangs
(noticed at once), a process that a cell leaves running, a chapter whose processor time alone is too long.

Switch it off with `-p no:nbval_layer` to see what stock nbval says.
"""

import copy
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import nbval.plugin as nbval
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from kernels import CELL_TIMEOUT, Client, notebook_environment
from masks import mask
from normalise import widget_state
from pictures import PICTURE_TYPES, difference
from processes import CORES, end, leftovers, process_id, work

_NBVAL_TIMEOUT = 2000  # nbval's default: a dead end costs half an hour


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("nbval").addoption(
        "--chapter-seconds",
        type=float,
        default=60.0,
        help="processor time of a chapter, spread over two cores, above which it is red (default 60; beside "
        "other workers twice as much)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not (config.option.nbval or config.option.nbval_lax):
        return
    if config.option.nbval_cell_timeout == _NBVAL_TIMEOUT:
        config.option.nbval_cell_timeout = CELL_TIMEOUT


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Put our collector in the place of nbval's."""
    collectors = yield
    return [
        ChapterFile.from_parent(parent, path=file_path) if isinstance(found, nbval.IPyNbFile) else found
        for found in collectors
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds that each chapter's cells took, and those that are judged (`ChapterTime`)."""
    seconds: dict[str, float] = {}
    judged: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            # The reports of setup and teardown carry the same properties again.
            for name, value in getattr(report, "user_properties", ()):
                if name == "chapter_seconds" and report.when == "call":
                    chapter, took = value
                    seconds[chapter] = seconds.get(chapter, 0.0) + took
                elif name == "chapter_work":
                    judged.update([value])
    if seconds:
        terminalreporter.section("seconds a chapter: on the clock, of processors as they are judged")
        for chapter, took in sorted(seconds.items()):
            terminalreporter.line(f"{took:6.1f} {judged.get(chapter, float('nan')):6.1f}  {chapter}")


class ChapterFile(nbval.IPyNbFile):
    """A notebook and the kernel that runs it."""

    def collect(self) -> Iterator[pytest.Item]:
        for cell in super().collect():
            yield ChapterCell.from_parent(
                self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options
            )
        yield ChapterWidgets.from_parent(self, name="Widgets")
        yield ChapterTime.from_parent(self, name="Time")

    def setup(self) -> None:
        self.over = ""  # why the cells that follow cannot run
        self.scratch = tempfile.TemporaryDirectory()
        options = self.config.option
        name = options.nbval_kernel_name or self.nb.metadata.get("kernelspec", {}).get("name", "python3")
        if options.nbval_current_env:
            name = "python3"
        self.kernel = Client(
            copy.deepcopy(self.nb),
            self.path.parent,
            options.nbval_cell_timeout,
            kernel_name=name,
            startup_timeout=int(options.nbval_kernel_startup_timeout),
        )
        self.kernel.start(notebook_environment(Path(self.scratch.name)))
        self.process = process_id(self.kernel)
        self.setup_sanitize_files()

    def teardown(self) -> None:
        if self.kernel is not None:
            self.kernel.stop()
            self.kernel = None
            self.scratch.cleanup()


class ChapterCell(nbval.IPyNbCell):
    """One code cell: run it, then compare what it says with what the notebook says."""

    def setup(self) -> None:
        """nbval expects the cells after a timeout to fail; ours say why they were not run."""

    def runtest(self) -> None:
        if self.options["skip"]:
            pytest.skip("tagged nbval-skip")
        if self.parent.over:
            self.raise_cell_error(f"not run: {self.parent.over}")
        if not self.cell.source.strip():
            return
        self._check_reference()
        cell = self._run()
        self.test_outputs = cell.outputs
        self._check_errors(cell)
        self._check_processes()
        if self.options["check"]:
            self._compare(cell)

    def sanitize(self, text: Any) -> Any:
        text = super().sanitize(text)
        return mask(text) if isinstance(text, str) else text

    def _check_reference(self) -> None:
        if self.cell.execution_count is None:
            self.raise_cell_error("the notebook holds no run of this cell: build the chapter again")
        ran = [c for c in self.parent.nb.cells if c.cell_type == "code" and c.source.strip()]
        place = next(i for i, c in enumerate(ran, 1) if c is self.cell)
        if self.cell.execution_count != place:
            self.raise_cell_error(f"its execution count is {self.cell.execution_count}, it should be {place}")

    def _run(self) -> NotebookNode:
        kernel, number = self.parent.kernel, f"cell {self.cell_num}"
        index = next(i for i, c in enumerate(self.parent.nb.cells) if c is self.cell)
        cell = kernel.nb.cells[index]
        if self.options["check_exception"]:
            cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "raises-exception"})
        start = time.monotonic()
        try:
            kernel.execute_cell(cell, index)
        except CellExecutionError as error:
            if kernel.timed_out:
                self._give_up(f"{number} ran longer than {kernel.timeout} seconds", error.traceback)
            self.raise_cell_error("Cell execution caused an exception", error.traceback)
        except CellTimeoutError:
            self._give_up(f"{number} ran longer than {kernel.timeout} seconds and ignored the interrupt")
        except DeadKernelError:
            self._give_up(f"the kernel died in {number}")
        finally:
            self.user_properties.append(("chapter_seconds", (self.path.stem, time.monotonic() - start)))
        return cell

    def _give_up(self, why: str, traceback: str | None = None) -> None:
        self.parent.over = why
        self.parent.kernel.stop()
        self.raise_cell_error(why, traceback)

    def _check_errors(self, cell: NotebookNode) -> None:
        raised = [output for output in cell.outputs if output.output_type == "error"]
        swallowed = self.parent.kernel.swallowed_errors()
        if self.options["check_exception"]:
            if not raised:
                self.raise_cell_error("tagged raises-exception, but nothing was raised")
            return
        for error in [*raised, *swallowed]:
            self.raise_cell_error(
                f"error swallowed by a widget: {error['ename']}: {error['evalue']}",
                "\n".join(error.get("traceback", ())),
            )

    def _check_processes(self) -> None:
        left = leftovers(self.parent.process)
        end(left)
        if left:
            what = "; ".join(f"process {one.process.pid}: {one.command[-100:]}" for one in left)
            self.raise_cell_error(f"the cell left {len(left)} processes running, close them in it", what)

    def _compare(self, cell: NotebookNode) -> None:
        reference = copy.deepcopy(self.cell.outputs)
        if not self.compare_outputs(cell.outputs, nbval.coalesce_streams(reference)):
            self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))
        before, now = _pictures(reference), _pictures(cell.outputs)
        if len(before) != len(now):
            self.raise_cell_error(f"the notebook holds {len(before)} pictures, the run made {len(now)}")
        texts = zip(_texts(reference), _texts(cell.outputs), strict=True)
        for number, (old, new) in enumerate(texts, 1):
            if old != new:
                self.raise_cell_error(f"the text of picture {number} differs: {old!r} became {new!r}")
        for number, (old, new) in enumerate(zip(before, now, strict=True), 1):
            apart = difference(old, new)
            if apart:
                self.raise_cell_error(f"picture {number} looks different: {apart}")


class ChapterWidgets(pytest.Item):
    """Sliders and bars after the run, against those that the notebook holds; nbval looks at neither."""

    def runtest(self) -> None:
        if self.parent.over:
            pytest.fail(f"not run: {self.parent.over}", pytrace=False)
        book = self.parent.kernel.nb
        self.parent.kernel.set_widgets_metadata()
        before, now = _ranges(self.parent.nb), _ranges(book)
        if before != now:
            only_before = [line for line in before if line not in now]
            only_now = [line for line in now if line not in before]
            pytest.fail(
                f"widgets differ: the notebook holds {only_before}, the run made {only_now}", pytrace=False
            )

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.name}"


def chapter_limit(config: pytest.Config) -> float:
    """Seconds of processor time that a chapter may take.

    Beside other workers twice as many: chapter 10 once took 42 s alone and 84 s beside other work. Where two
    virtual cores are threads of one real core, each does about half as much while the other is busy.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    return config.option.chapter_seconds * (2 if workers > 1 else 1)


class ChapterTime(pytest.Item):
    """The limit on a chapter's run time, by processor time: waiting for a busy machine does not count."""

    def runtest(self) -> None:
        if self.parent.over:
            pytest.fail(f"not run: {self.parent.over}", pytrace=False)
        spent, limit = work(self.parent.process), chapter_limit(self.config)
        self.user_properties.append(("chapter_work", (self.path.stem, spent.at_least)))
        if spent.at_least > limit:
            pytest.fail(
                f"the chapter takes at least {spent.at_least:.0f} s on {CORES} cores ({spent.own:.0f} s of "
                f"processor time in its cells, {spent.total:.0f} s with all their processes); the limit is "
                f"{limit:.0f} s",
                pytrace=False,
            )

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}::{self.name}"


def _pictures(outputs: list[NotebookNode]) -> list[str]:
    return [
        output.data[kind] for output in outputs for kind in PICTURE_TYPES if kind in output.get("data", {})
    ]


def _texts(outputs: list[NotebookNode]) -> list[str]:
    """The text that stands for each picture, as far as it is the same in every run."""
    return [
        mask(str(output.metadata.get(kind, {}).get("alt", "")))
        for output in outputs
        for kind in PICTURE_TYPES
        if kind in output.get("data", {})
    ]


def _ranges(book: NotebookNode) -> list[str]:
    """One line for each saved widget with a range, sorted: name, from, to, step, value."""
    lines = []
    for model in widget_state(book).values():
        state = model["state"]
        if "min" in state and "max" in state:
            parts = (state.get(key) for key in ("description", "min", "max", "step", "value"))
            lines.append(" ".join(map(str, (model["model_name"], *parts))))
    return sorted(lines)
