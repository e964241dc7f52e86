"""Every lab for readers who listen, use no mouse, see little, or want no motion: its view in Chromium."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from playwright.sync_api import Page

import dpwidgets
from axe_check import grave_findings
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.trial import Trial
from themes import THEMES, dress

pytestmark = pytest.mark.browser

LABS = sorted(name for name in dpwidgets.__all__ if name.endswith("Lab"))
LEAST = 3.0  # WCAG 2.2, 1.4.11: what shows a control, its state or the focus, against its ground
_TRIALS = [
    Trial(1, LoaderSettings(), 0.0, "time limit", "", 60.0, 0.95, 0.4, 400 << 20, "decode", "It decodes."),
    Trial(2, LoaderSettings(num_workers=2), 0.01, "stopped", "", 240.0, 0.6, 0.5, 600 << 20),
]
_SEARCHED = [
    {"num_workers": workers, "batch_size": size, "items_per_second": 10.0 * workers + size,
     "ended": "time limit", "sentence": "Workers help."} for workers in (0, 2, 4) for size in (16, 64, 256)
]  # fmt: skip
_PROPOSAL = {"changes": {"num_workers": 4}, "settings": {"num_workers": 4}, "reason": "More workers."}
# Opens what can be opened, shows what shows only now and then, and switches one step off.
_UNFOLD = """() => {
  document.querySelector(".dpw-switch")?.click();
  for (const node of document.querySelectorAll("details")) node.open = true;
  for (const node of document.querySelectorAll(".dpw-fold[aria-expanded=false]")) node.click();
  for (const node of document.querySelectorAll(".dpw-row, .dpw-flag, .dpw-problem, .dpw-offline")) {
    node.hidden = false;
    if (!node.textContent) node.textContent = "ValueError: alpha is 7; allowed is 0 to 1.";
  }
  window.stops = [...document.querySelectorAll("input, select, textarea, button, summary, audio, [tabindex]")]
    .filter((node) => !node.matches(":disabled") && node.checkVisibility({ visibilityProperty: true }));
}"""
# `over` lays colours over each other: red, green, blue. `ground` is what lies behind an element.
_COLOURS = """() => {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  window.over = (...colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  window.ground = (node) => {
    const behind = node.parentElement;
    return behind ? [...ground(behind), getComputedStyle(behind).backgroundColor] : [];
  };
}"""
# What shows that a control is there: its border; a switch has none, its ground shows it.
_EDGES = """() => stops
  .filter((node) => node.matches("select, textarea, input[type=number], input[type=text], .dpw-switch,"
    + "button:not(.dpw-fold, .dpw-tool)"))
  .map((node) => {
    const { borderTopColor, backgroundColor } = getComputedStyle(node);
    const edge = node.matches(".dpw-switch") ? backgroundColor : borderTopColor;
    return [node.outerHTML.slice(0, 120), over(...ground(node), edge), over(...ground(node))];
  })"""
# The element that has the focus, and what shows it.
_FOCUSED = """() => {
  const node = document.activeElement;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(node);
  const { top, bottom } = node.getBoundingClientRect();
  return { at: stops.indexOf(node), html: node.outerHTML.slice(0, 120),
    inSight: bottom > 0 && top < innerHeight, outline: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    colours: [over(...ground(node), outlineColor), over(...ground(node))] };
}"""
# Gives the focus to a stop (shown again where a choice hid it); its kind, "" where nothing can be changed.
_TAKE = """(at) => {
  const node = stops[at];
  for (const row of document.querySelectorAll(".dpw-row, .dpw-flag")) row.hidden = false;
  node.focus();
  window.pressed = 0;
  const single = node.options?.length < 2 || (node.type === "range" && node.min === node.max);
  return single ? "" : node.tagName === "INPUT" ? node.type : node.tagName.toLowerCase();
}"""
_STATE = (
    """(at) => [stops[at].value, stops[at].checked, stops[at].parentElement.open, window.pressed].join()"""
)
_KEYS = {
    "range": ("ArrowRight", "ArrowLeft"), "number": ("ArrowUp", "ArrowDown"), "checkbox": (" ",),
    "select": ("ArrowDown", "ArrowUp"), "button": ("Enter",), "summary": ("Enter",), "text": ("x",),
    "textarea": ("x",), "audio": (), "canvas": (), "pre": (), "": (),
}  # fmt: skip


@pytest.fixture(scope="module", params=LABS)
def lab(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = getattr(dpwidgets, request.param)()
    yield made
    made.close()


@pytest.fixture
def page(lab_page: Page, lab: Any) -> Iterator[Page]:
    """The lab, open, with all that it can show in sight."""
    show(lab_page, lab)
    yield lab_page
    lab_page.emulate_media(color_scheme=None, reduced_motion=None)


def show(page: Page, lab: Any) -> None:
    page.set_viewport_size({"width": 1100, "height": 900})
    state = {name: getattr(lab, name) for name in lab.trait_names(sync=True) if is_plain(getattr(lab, name))}
    state["frame"] = base64.b64encode(getattr(lab, "frame", b"")).decode()
    page.evaluate("options => open_lab(options)", {"esm": lab._esm, "css": lab._css, "state": state})
    if page.locator(".dpw-loader").count():
        live = {"seconds": 2.0, "items": 40, "items_per_second": 123.4, "wait_share": 0.6, "memory": {},
                "peak_memory_bytes": 500 << 20, "start_seconds": 0.25}  # fmt: skip
        trials = [asdict(trial) | {"label": f"trial {trial.number}"} for trial in _TRIALS]
        message = {"kind": "state", "activity": "idle", "problem": "", "trials": trials,
                   "searched": _SEARCHED, "proposal": _PROPOSAL, "run": None, "live": live, "names": [],
                   "seconds": {"-1": {"wait": 1.0}, "0": {"fetch": 0.5}}}  # fmt: skip
        page.evaluate("message => model.message(message, [new ArrayBuffer(0)])", message)
    else:
        page.wait_for_function("() => document.querySelector('img.dpw-picture').naturalWidth > 0")
    page.evaluate(_UNFOLD)
    page.evaluate(_COLOURS)


def is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def contrast(one: list[int], other: list[int]) -> float:
    def light(colour: list[int]) -> float:
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


def test_no_grave_finding_and_all_controls_show_in_every_theme(page: Page) -> None:
    for theme in THEMES:
        dress(page, theme)
        rules = () if theme == THEMES[0] else ("color-contrast",)
        assert grave_findings(page, (".dpw-lab",), rules) == [], theme
        faint = [edge for edge in page.evaluate(_EDGES) if contrast(*edge[1:]) < LEAST]
        assert faint == [], theme
    page.set_viewport_size({"width": 420, "height": 900})
    assert grave_findings(page, (".dpw-lab",)) == [], "in a narrow page"


def test_tab_reaches_every_control_in_order_and_shows_where_it_is(page: Page) -> None:
    wanted = page.evaluate("() => stops.length")
    reached: list[int] = []
    dress(page, THEMES[0])
    while len(reached) <= wanted:
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            break  # past the last one
        at = focus_shows(page)
        if reached[1:] and at == reached[0]:
            break  # round to the first one
        if reached[-1:] != [at]:  # a player of sounds has several stops inside
            reached.append(at)
    assert reached == list(range(wanted)), "the order of the page, each once"
    for theme in THEMES[1:]:
        dress(page, theme)
        for at in (0, wanted - 1):
            page.evaluate("(at) => stops[at].focus()", at)
            assert focus_shows(page) == at


def focus_shows(page: Page) -> int:
    """Which stop has the focus; its outline must tell."""
    now = page.evaluate(_FOCUSED)
    assert now["at"] >= 0, f"the focus is where no control is: {now}"
    assert now["inSight"], f"the focus is out of sight: {now}"
    assert now["outline"] >= 2, f"the focus does not show: {now}"
    assert contrast(*now["colours"]) >= LEAST, f"the focus is faint: {now}"
    return int(now["at"])


def test_every_control_works_by_keyboard(page: Page) -> None:
    # A button's press is counted and goes no further.
    page.evaluate(
        """() => addEventListener("click", (event) => {
          if (event.target.closest("button")) { window.pressed += 1; event.stopPropagation(); }
        }, { capture: true })"""
    )
    # JupyterLab would take the keys of the others.
    assert page.evaluate("() => stops.every((node) => node.dataset.lmSuppressShortcuts === 'true')")
    for at in range(page.evaluate("() => stops.length")):
        keys = _KEYS[page.evaluate(_TAKE, at)]
        before = page.evaluate(_STATE, at)
        for key in keys:
            page.keyboard.press(key)
            if page.evaluate(_STATE, at) != before:
                break
        else:
            html = page.evaluate("(at) => stops[at].outerHTML.slice(0, 160)", at)
            assert not keys, f"{keys} did nothing: {html}"


def test_reduced_motion_is_respected(page: Page) -> None:
    moving = """() => [...document.querySelectorAll(".dpw-lab, .dpw-lab *")].flatMap((node) =>
      [null, "::before", "::after"].map((part) => getComputedStyle(node, part))
        .filter(({ transitionDuration, animationName, scrollBehavior }) => animationName !== "none"
          || scrollBehavior === "smooth" || transitionDuration.split(", ").some((time) => parseFloat(time)))
        .map(() => node.className))"""
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == []
