"""Names out of a reader's data are text wherever they are shown: in every lab, card and table."""

import ast
import html
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page

import dpwidgets
from dpwidgets.labs.base import Lab
from dpwidgets.labs.batch import BatchLab
from dpwidgets.labs.image import ImageLab
from dpwidgets.labs.loader import LoaderLab
from dpwidgets.labs.repair import RepairLab
from dpwidgets.labs.scene import SceneLab
from dpwidgets.labs.split import SplitLab
from dpwidgets.labs.tensor import TensorLab
from dpwidgets.labs.text import TextLab
from dpwidgets.labs.transform import TransformLab
from dpwidgets.learn.cards import Card, Part
from dpwidgets.learn.environment import EnvironmentReport, Package
from dpwidgets.learn.overview import Progress, Row
from dpwidgets.prep.audit import AuditError, audit_folder
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.trial import Trial

CHAPTER = Path(__file__).parents[2] / "notebooks/source/10_end_to_end.py"
TAG = "<img src=x onerror=alert(1)>"
SCRIPT = "the film <script>alert(2)</script> is good"
NEITHER_LAB = {"OverlapLab", "ShardLab"}  # take no names of the reader's


def pictures(root: Path) -> Path:
    """Two classes, one of them named like a tag; a file too."""
    rng = np.random.default_rng(0)
    for label in (TAG, "dog"):
        (root / label).mkdir(parents=True)
        for name in (TAG, "a", "b"):
            pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / label / f"{name}.png")
        (root / label / f"broken {TAG}.png").write_bytes(b"no picture")
    return root


def scenes(root: Path) -> Path:
    for folder in ("images", "captions"):
        (root / folder).mkdir(parents=True)
    for key in (TAG, "two"):
        Image.new("RGB", (40, 30), "green").save(root / "images" / f"{key}.png")
        (root / "captions" / f"{key}.txt").write_text(SCRIPT)
    return root


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=[TAG, "b", "c"])
    frame["label"] = np.where(np.arange(60) % 2, TAG, "dog")
    return frame


class Hostile(torch.utils.data.Dataset[int]):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return index


Hostile.__name__ = TAG

LABS: dict[str, Callable[[Path], Any]] = {
    "ImageLab": lambda folder: ImageLab(pictures(folder), tiles=2),
    "TransformLab": lambda folder: TransformLab(pictures(folder)),
    "SceneLab": lambda folder: SceneLab(scenes(folder), batch_size=2),
    "RepairLab": lambda folder: RepairLab(table(), target="label", column=TAG),
    "SplitLab": lambda folder: SplitLab(table(), target="label"),
    "TextLab": lambda folder: TextLab([SCRIPT, f"{TAG} is not good"], labels=[TAG, "dog"], text=SCRIPT),
    "BatchLab": lambda folder: BatchLab(table().assign(label=np.arange(60) % 2), target="label", epochs=1),
    "TensorLab": lambda folder: TensorLab(torch.arange(6).reshape(2, 3)),
    "LoaderLab": lambda folder: LoaderLab(Hostile()),
}


def test_every_lab_that_takes_names_is_here() -> None:
    labs = {name for name in dpwidgets.__all__ if name.endswith("Lab")}
    assert labs - NEITHER_LAB == set(LABS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Each lab on data whose names are tags."""
    made = {name: make(tmp_path_factory.mktemp("data") / "root") for name, make in LABS.items()}
    yield made
    for lab in made.values():
        lab.close()


@pytest.mark.parametrize("name", LABS)
def test_a_lab_gives_no_html_but_its_own_rules(name: str, hostile: dict[str, Any]) -> None:
    """Names go to the view as text in JSON; HTML would go as such, and nothing would say which is which."""
    data, metadata = hostile[name]._repr_mimebundle_()
    assert "text/html" not in data
    assert "text/markdown" not in data
    json.dumps(metadata)


def test_the_names_do_reach_the_views(hostile: dict[str, Any]) -> None:
    """Else the tests in the browser would prove nothing."""

    def told(name: str) -> str:
        lab = hostile[name]
        state = [
            getattr(lab, trait)
            for trait in ("caption", "settings", "controls", "code")
            if lab.has_trait(trait)
        ]
        return json.dumps([*state, getattr(lab, "catalogue", None), getattr(lab, "about", None)], default=str)

    named = ("ImageLab", "TransformLab", "SceneLab", "RepairLab", "SplitLab", "LoaderLab")
    assert [name for name in named if json.dumps(TAG)[1:-1] not in told(name)] == []
    assert [name for name in ("TextLab", "SceneLab") if "<script>" not in told(name)] == []


HTML = {
    "a card": lambda folder: Card(
        "wrong",
        TAG,
        (Part(TAG, SCRIPT), Part("Called", TAG, verbatim=True), Part("", f"`{TAG}` **{SCRIPT}**")),
    )._repr_html_(),
    "the audit's table": lambda folder: audit_folder(pictures(folder)).table._repr_html_(),
    "the audit's counts": lambda folder: audit_folder(pictures(folder)).counts._repr_html_(),
    "the environment": lambda folder: EnvironmentReport(
        (Package(TAG, "", SCRIPT), Package(SCRIPT, "", None)), ((TAG, SCRIPT),), ()
    )._repr_html_(),
    "the progress": lambda folder: Progress((Row(TAG, (1, 2), (1, 2), (1, 2)),), None)._repr_html_(),
    "a table of the reader's": lambda folder: table().groupby("label").mean()._repr_html_(),
}


@pytest.mark.parametrize("what", HTML)
def test_html_out_of_names_is_escaped(what: str, tmp_path: Path) -> None:
    told = HTML[what](tmp_path / "root")
    assert TAG not in told
    assert "<script>" not in told
    if what != "the audit's counts":
        assert html.escape(TAG) in told or "&lt;img src" in told


def test_a_refusal_is_plain_text(tmp_path: Path) -> None:
    (tmp_path / TAG).mkdir()
    (tmp_path / "dog").mkdir()
    for number in range(4):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(tmp_path / "dog" / f"{number}.png")
    audit = audit_folder(tmp_path)
    with pytest.raises(AuditError) as raised:
        audit.check("skip")
    assert raised.value._render_traceback_() == [f"AuditError: {raised.value}"]


def test_the_model_card_of_chapter_10_holds_no_tag() -> None:
    """Its text goes through Markdown, which lets tags through."""
    cell = next(cell.source for cell in jupytext.read(CHAPTER).cells if "# Model card" in cell.source)
    shown = [node for node in ast.parse(cell).body if "text" in ast.unparse(node).split(" = ")[0].split()]
    space = {"run_name": TAG, "card": {"Task": f"Tell {TAG}"}}
    exec(compile(ast.Module(shown, []), "card", "exec"), space)
    assert "Tell &lt;img" in space["text"]
    assert "<" not in space["text"]


# --- in the browser


def assert_nothing_ran(page: Page, dialogs: list[str], what: str) -> None:
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")  # an image fails in a task of its own
    assert dialogs == [], what
    made = "img[src='x'], img[onerror], body script:not([src])"
    assert page.locator(made).count() == 0, what


def open_loader(page: Page, lab: LoaderLab) -> None:
    """The loader lab after a run whose names, settings and errors are tags."""
    plain = ("title", "controls", "looks", "about", "initial", "settings", "code")
    state = {name: getattr(lab, name) for name in plain} | {"frame": ""}
    page.evaluate("options => open_lab(options)", {"esm": lab._esm, "css": lab._css, "state": state})
    trial = Trial(1, LoaderSettings(), 0.0, "time limit", SCRIPT, 60.0, 0.9, 0.4, 400 << 20, TAG, SCRIPT)
    proposal = {"changes": {TAG: SCRIPT}, "settings": {"num_workers": 4}, "reason": TAG}
    live = {"seconds": 2.0, "items": 40, "items_per_second": 60.0, "wait_share": 0.9, "memory": {},
            "peak_memory_bytes": 400 << 20, "start_seconds": 0.4}  # fmt: skip
    message = {"kind": "state", "activity": "idle", "problem": f"{TAG} {SCRIPT}", "searched": [],
               "trials": [asdict(trial) | {"label": TAG}], "proposal": proposal, "run": None, "live": live,
               "names": [TAG, SCRIPT], "seconds": {"-1": {"wait": 1.0}}}  # fmt: skip
    page.evaluate("message => model.message(message, [new ArrayBuffer(0)])", message)
    page.get_by_text(f"Limited by: {TAG}").wait_for()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_in_the_browser_no_name_becomes_a_tag(
    lab_page: Page, open_lab: Callable[..., None], hostile: dict[str, Any], tmp_path: Path
) -> None:
    dialogs: list[str] = []

    def note(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    lab_page.on("dialog", note)
    opened = set()
    try:
        for name, lab in hostile.items():
            if isinstance(lab, Lab):
                open_lab(lab)
            else:
                open_loader(lab_page, lab)
            opened.add(name)
            shown = lab_page.locator("body").inner_text() + lab_page.content()
            assert_nothing_ran(lab_page, dialogs, name)
            if name in ("SceneLab", "RepairLab", "TextLab", "LoaderLab"):
                assert "&lt;img" in shown or "&lt;script" in shown, f"{name} does not show the name"
            # The kernel's complaint about a value holds the value.
            lab_page.evaluate(
                "text => model.message({ kind: 'problem', text, seen: {} })",
                f"ValueError: {TAG} {SCRIPT}",
            )
            assert_nothing_ran(lab_page, dialogs, f"{name}, a problem")
        assert opened == set(LABS)
        for number, (what, make) in enumerate(HTML.items()):
            lab_page.evaluate("html => { document.body.innerHTML = html; }", make(tmp_path / str(number)))
            assert_nothing_ran(lab_page, dialogs, what)
        lab_page.evaluate("html => { document.body.innerHTML = html; }", TAG)
        lab_page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        assert dialogs == ["1"], "this page would not have noticed"
    finally:
        lab_page.remove_listener("dialog", note)
