"""The loader lab's view in Chromium, with a page that plays the kernel: spans and figures are made up."""

import base64
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
import torch
from PIL import ImageColor
from playwright.sync_api import Locator, Page, expect
from torch.utils.data import TensorDataset

from dpwidgets.labs.loader import LoaderLab
from dpwidgets.prep.loading.proposal import Proposal
from dpwidgets.prep.loading.settings import LoaderSettings
from dpwidgets.prep.loading.span_history import SpanHistory
from dpwidgets.prep.loading.span_looks import LOOKS
from dpwidgets.prep.loading.spans import CONSUMER, Span
from dpwidgets.prep.loading.trial import Trial

pytestmark = pytest.mark.browser

NAMES = ("title", "controls", "looks", "about", "initial", "settings", "code")
LABEL_WIDTH = 92  # of timeline.js
BOTH = ":root { color-scheme: light dark; }"


def run_of(seconds: float = 2.0, workers: int = 2) -> list[Span]:
    """In each 100 ms every worker fetches, transforms and collates a batch of two; the loop waits 60 ms."""
    spans = []
    for number in range(round(seconds * 10)):
        begin = 500 + number * 0.1
        spans.append(Span("wait", CONSUMER, begin, begin + 0.06, number))
        spans.append(Span("step", CONSUMER, begin + 0.06, begin + 0.1, number))
        for worker in range(workers):
            for item in range(2):
                start = begin + item * 0.04
                spans.append(Span("fetch", worker, start, start + 0.04, number, "", 2 * number + item, 0.03))
                spans.append(
                    Span("transform", worker, start + 0.02, start + 0.04, number, "Blur", 2 * number + item)
                )
            spans.append(Span("collate", worker, begin + 0.08, begin + 0.1, number))
    return spans


TRIALS = [
    Trial(1, LoaderSettings(), 0.0, "time limit", "", 60.0, 0.95, 0.4, 400 << 20, "decode", "It decodes."),
    Trial(2, LoaderSettings(num_workers=2), 0.01, "time limit", "", 240.0, 0.6, 0.5, 600 << 20,
          "transform Blur", "Blur takes 62% of the time."),
    Trial(3, LoaderSettings(num_workers=4), 0.0, "stopped", "", 120.0, 0.7, 0.6, 800 << 20),
]  # fmt: skip
SEARCHED = [
    {"num_workers": 0, "batch_size": 32, "items_per_second": 60.0, "ended": "time limit", "sentence": "a"},
    {"num_workers": 2, "batch_size": 32, "items_per_second": 240.0, "ended": "time limit", "sentence": "b"},
    {"num_workers": 2, "batch_size": 64, "items_per_second": 0.0, "ended": "failed", "sentence": "c"},
    {"num_workers": 0, "batch_size": 64, "items_per_second": 0.0, "ended": "time limit", "sentence": "d"},
    {"num_workers": 4, "batch_size": 64, "items_per_second": 80.0, "ended": "time limit", "sentence": "e"},
]


@pytest.fixture(scope="module")
def lab() -> Iterator[LoaderLab]:
    lab = LoaderLab(TensorDataset(torch.arange(100)), num_workers=2)
    yield lab
    lab.close()


@pytest.fixture
def page(lab_page: Page) -> Page:
    """An empty page of a size that shows the whole lab."""
    lab_page.set_viewport_size({"width": 1000, "height": 900})
    return lab_page


def open_lab(page: Page, lab: LoaderLab, views: int = 1, css: str = "") -> None:
    state = {name: getattr(lab, name) for name in NAMES} | {"frame": ""}
    page.evaluate(
        "options => open_lab(options)",
        {"esm": lab._esm, "css": lab._css + css, "state": state, "views": views},
    )


def tell(page: Page, kind: str = "state", spans: list[Span] | None = None, **more: Any) -> None:
    """The kernel tells the state of the lab, or a run's progress."""
    history = SpanHistory()
    rows = history.add(spans or [])
    live = {"seconds": 2.0, "items": 40, "batches": 20, "items_per_second": 123.4, "wait_share": 0.6,
            "memory": {"0": 47 << 20, "-1": 90 << 20}, "peak_memory_bytes": 500 << 20,
            "start_seconds": 0.25}  # fmt: skip
    message = {
        "kind": kind, "activity": "idle", "problem": "", "trials": [], "searched": [], "proposal": None,
        "run": None, "live": live, "names": history.names,
        "seconds": {str(worker): dict(kinds) for worker, kinds in history.seconds.items()}, **more,
    }  # fmt: skip
    page.evaluate(
        "([message, spans]) => model.message(message, [bytes(spans)])",
        [message, base64.b64encode(rows.tobytes()).decode()],
    )


def sent(page: Page, kind: str) -> list[dict[str, Any]]:
    return page.evaluate("kind => model.sent.filter((message) => message.kind === kind)", kind)


def answer(page: Page) -> None:
    """The kernel took the last request in."""
    script = """() => {
        const { client, request, params } = model.sent.findLast((message) => message.request);
        model.update({ settings: structuredClone(params) });
        model.message({ kind: "seen", client, request }); }"""
    page.evaluate(script)


def timeline(page: Page) -> Locator:
    return page.locator("canvas.dpw-timeline")


def shown(page: Page) -> tuple[float, float]:
    """The seconds at the timeline's left and right edge, as drawn last."""
    page.evaluate("() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))")
    node = timeline(page)
    return float(node.get_attribute("data-from") or 0), float(node.get_attribute("data-to") or 0)


def pixel(page: Page, x: float, y: float) -> tuple[int, ...]:
    """What the timeline shows there."""
    shown(page)
    script = """(canvas, [x, y]) => [...canvas.getContext("2d")
        .getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data]"""
    return tuple(timeline(page).evaluate(script, [x, y]))


def colours(page: Page) -> set[tuple[int, ...]]:
    shown(page)
    script = """(canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
        return [...seen]; }"""
    return {tuple(map(int, colour.split(","))) for colour in timeline(page).evaluate(script)}


# --- the run


def test_a_view_asks_for_the_state_and_waits(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    assert len(sent(page, "hello")) == 1
    expect(page.locator(".dpw-verdict")).to_contain_text("Press Run")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()


def test_run_sends_the_settings_that_are_shown(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    page.get_by_label("workers", exact=True).press("ArrowRight")
    page.get_by_role("button", name="Run").click()
    (request,) = sent(page, "run")
    assert request["params"] == lab.params | {"num_workers": 3}


def test_buttons_follow_the_activity(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    run, stop, tune = (page.get_by_role("button", name=name) for name in ("Run", "Stop", "Tune"))
    tell(page, activity="running", run=lab.params)
    expect(run).to_be_disabled()
    expect(tune).to_be_disabled()
    stop.click()
    assert len(sent(page, "stop")) == 1
    tell(page, activity="stopping", run=lab.params)
    expect(stop).to_be_disabled()
    tell(page, trials=[TRIALS[2].to_dict()])
    expect(run).to_be_enabled()
    expect(page.locator(".dpw-run [role=status]")).to_have_text("stopped")
    tune.click()
    assert len(sent(page, "tune")) == 1


def test_figures_and_bottleneck_are_told(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, trials=[trial.to_dict() for trial in TRIALS[:2]], run=lab.params)
    expect(page.locator(".dpw-cards dd")).to_have_text(["123", "60%", "250 ms", "500 MB"])
    expect(page.locator(".dpw-verdict")).to_have_text(
        "Limited by: transform Blur. Blur takes 62% of the time."
    )


def test_a_problem_is_an_alert_until_the_next_run(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, problem="Item 21 failed in worker 0")
    expect(page.get_by_role("alert")).to_have_text("Item 21 failed in worker 0")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_have_count(0)


# --- settings


def test_settings_travel_one_request_at_a_time_and_the_last_wins(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    step = page.get_by_label("training step")
    for _ in range(4):
        step.press("ArrowRight")
    assert [request["params"]["step_seconds"] for request in sent(page, "params")] == [0.005]
    answer(page)
    assert [request["params"]["step_seconds"] for request in sent(page, "params")] == [0.005, 0.02]
    expect(step).to_have_attribute("aria-valuetext", "20 ms")


def test_a_refused_value_goes_back(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    page.get_by_label("shuffle").check()
    page.evaluate("""() => { const { client, request } = model.sent.at(-1);
        model.message({ kind: "problem", text: "shuffle=True is not allowed" });
        model.message({ kind: "seen", client, request }); }""")
    expect(page.get_by_label("shuffle")).not_to_be_checked()
    expect(page.get_by_role("alert")).to_have_text("shuffle=True is not allowed")


def test_units_and_names_of_the_controls_are_those_of_the_reader(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    expect(page.get_by_label("start method")).to_have_value("platform's own")
    page.get_by_label("memory limit").fill("512")
    answer(page)
    page.get_by_label("start method").select_option("spawn")
    assert sent(page, "params")[-1]["params"]["memory_limit"] == 512 * 2**20
    assert sent(page, "params")[-1]["params"]["start_method"] == "spawn"
    answer(page)
    page.get_by_label("memory limit").fill("0")
    page.get_by_label("start method").select_option("platform's own")
    answer(page)
    assert sent(page, "params")[-1]["params"] == lab.params


def test_batch_size_is_halved_and_doubled(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    page.get_by_role("button", name="Twice the batch size").click()
    expect(page.get_by_label("batch size", exact=True)).to_have_value("64")
    answer(page)
    page.get_by_role("button", name="Half the batch size").click()
    expect(page.get_by_label("batch size", exact=True)).to_have_value("32")


def test_values_set_in_python_appear_in_the_controls(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    settings = lab.params | {"num_workers": 5, "in_order": False}
    page.evaluate("settings => model.update({ settings })", settings)
    expect(page.get_by_label("workers", exact=True)).to_have_value("5")
    expect(page.get_by_label("in order")).not_to_be_checked()


def test_every_control_has_a_name_a_help_and_keeps_its_keys(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, trials=[TRIALS[0].to_dict()], proposal=asdict(Proposal("Why.", {}, LoaderSettings())))
    script = """() => [...document.querySelectorAll("input, select, button")].filter((node) =>
        !(node.labels?.length || node.getAttribute("aria-label") || node.textContent.trim())
        || !(node.title || node.closest("label")?.title) || node.dataset.lmSuppressShortcuts !== "true")
        .map((node) => node.outerHTML)"""
    assert page.evaluate(script) == []


# --- settings tried, and what to try next


def test_trials_are_listed_with_bars_in_proportion(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, trials=[trial.to_dict() for trial in TRIALS])
    rows = page.locator(".dpw-trials tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("2 workers, batch 32, step 10 ms")
    expect(rows.nth(1)).to_contain_text("240 best")
    expect(rows.nth(2)).to_contain_text("120 stopped")
    widths = [bar.bounding_box()["width"] for bar in page.locator(".dpw-bar-fill").all()]  # type: ignore[index]
    assert widths[0] / widths[1] == pytest.approx(0.25, abs=0.02)


def test_a_trial_s_settings_are_taken_again(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, trials=[trial.to_dict() for trial in TRIALS])
    page.get_by_role("button", name="Use").nth(1).click()
    assert sent(page, "params")[-1]["params"]["step_seconds"] == 0.01
    expect(page.get_by_label("training step")).to_have_attribute("aria-valuetext", "10 ms")


def test_the_proposal_is_taken_into_the_controls(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    proposal = Proposal("It waits.", {"num_workers": 4}, LoaderSettings(num_workers=4))
    tell(page, trials=[TRIALS[0].to_dict()], proposal=asdict(proposal))
    expect(page.locator(".dpw-proposal")).to_contain_text("Try num_workers=4. It waits.")
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_label("workers", exact=True)).to_have_value("4")
    expect(page.get_by_role("button", name="Taken: press Run")).to_be_disabled()
    page.get_by_role("button", name="Run", exact=False).first.click()
    assert sent(page, "run")[-1]["params"]["num_workers"] == 4


def test_a_proposal_without_a_setting_has_no_button(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, proposal=asdict(Proposal("A faster one would gain nothing.")))
    expect(page.locator(".dpw-proposal")).to_have_text("A faster one would gain nothing.Take it")
    expect(page.locator(".dpw-proposal button")).to_be_hidden()


def test_a_search_fills_a_table_of_workers_and_batch_sizes(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, activity="tuning", searched=SEARCHED[:1])
    expect(page.locator(".dpw-run [role=status]")).to_have_text("searching …")
    expect(page.locator(".dpw-verdict")).to_have_text("a")
    tell(page, searched=SEARCHED)
    cells = page.locator(".dpw-heat tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert cells == [["0", "60", "too short"], ["2", "240", "failed"], ["4", "·", "80"]]
    expect(page.locator(".dpw-heat td.dpw-best")).to_have_text("240")


# --- the timeline


def test_rows_and_colours_are_those_of_the_run(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(), run=lab.params)
    drawn = colours(page)
    for kind in ("wait", "step", "fetch", "transform", "collate"):
        assert ImageColor.getrgb(LOOKS[kind].colour) in drawn, kind
        assert kind == "fetch" or ImageColor.getrgb(LOOKS[kind].ink) in drawn, f"{kind}: the pattern"
    assert ImageColor.getrgb(LOOKS["start"].colour) not in drawn
    before = timeline(page).bounding_box()
    tell(page, spans=run_of(workers=4), run=lab.params | {"num_workers": 4})
    shown(page)
    after = timeline(page).bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]


def test_without_workers_the_main_process_has_a_row_of_its_own(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    spans = [
        Span("wait", CONSUMER, 0, 2, 0),
        Span("fetch", CONSUMER, 0, 2, 0),
        Span("step", CONSUMER, 2, 3, 0),
    ]
    tell(page, spans=spans, run=lab.params | {"num_workers": 0})
    x = LABEL_WIDTH + 100
    assert pixel(page, x, 40)[:3] == ImageColor.getrgb(LOOKS["fetch"].colour)
    wait = LOOKS["wait"]
    assert pixel(page, x, 16)[:3] in (ImageColor.getrgb(wait.colour), ImageColor.getrgb(wait.ink))


def test_progress_adds_spans_and_the_picture_follows_the_end(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, activity="running", run=lab.params)
    page.evaluate("() => { window.before = Number(document.querySelector('.dpw-timeline').dataset.drawn); }")
    tell(page, "progress", spans=run_of(4))
    start, end = shown(page)
    assert end == pytest.approx(4.0)
    assert start == pytest.approx(1.0)
    spans = int(timeline(page).get_attribute("data-spans") or 0)
    tell(page, "progress", spans=run_of(5))
    assert shown(page)[1] == pytest.approx(5.0)
    assert int(timeline(page).get_attribute("data-spans") or 0) > spans


def test_many_messages_make_one_picture(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, activity="running", run=lab.params)
    shown(page)
    count = page.evaluate("""async () => {
        const canvas = document.querySelector(".dpw-timeline");
        const before = Number(canvas.dataset.drawn);
        const progress = { kind: "progress", live: null, names: [""], seconds: {} };
        for (let at = 0; at < 50; at += 1) model.message(progress,
            [new DataView(new Float64Array([1, 0, at, at + 1, at, at, 0, 0, 0]).buffer)]);
        await new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));
        return Number(canvas.dataset.drawn) - before; }""")
    assert count == 1


def test_only_so_many_spans_are_kept(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, activity="running", run=lab.params)
    for _ in range(8):
        tell(page, "progress", spans=run_of(10))
    shown(page)
    assert int(timeline(page).get_attribute("data-spans") or 0) == 3000


def test_keys_zoom_and_pan(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(8), run=lab.params)
    timeline(page).focus()
    assert shown(page) == (5.0, 8.0)
    page.keyboard.press("+")
    start, end = shown(page)
    assert end == 8.0, "it still follows the end"
    assert end - start == pytest.approx(3 / 1.6, abs=0.001)
    page.keyboard.press("ArrowLeft")
    assert shown(page)[1] == pytest.approx(8.0 - 0.1 * 3 / 1.6, abs=0.001)
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    tell(page, "progress", spans=run_of(10))
    assert shown(page)[1] < 8.0, "a reader who looks back is left there"
    page.keyboard.press("End")
    assert shown(page)[1] == pytest.approx(10.0)
    page.keyboard.press("0")
    assert shown(page) == (0.0, 10.0)
    for _ in range(9):
        page.keyboard.press("-")
    start, end = shown(page)
    assert end - start == pytest.approx(15.0), "half as much again as there is"
    page.keyboard.press("0")
    assert shown(page) == (0.0, 10.0)
    page.keyboard.press("-")
    page.keyboard.press("Home")
    assert shown(page)[0] == 0.0


def test_the_wheel_zooms_at_the_pointer_once_the_timeline_has_the_focus(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(8), run=lab.params)
    timeline(page).focus()
    page.keyboard.press("0")
    page.keyboard.press("+")
    box = timeline(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + LABEL_WIDTH, box["y"] + 40)
    start, end = shown(page)
    page.mouse.wheel(0, -100)
    page.wait_for_function("end => Number(document.querySelector('.dpw-timeline').dataset.to) < end", arg=end)
    assert shown(page)[0] == pytest.approx(start, abs=0.02), "what is under the pointer stays there"
    timeline(page).evaluate("node => node.blur()")
    before = shown(page)
    prevented = timeline(page).evaluate("""node => {
        const event = new WheelEvent("wheel", { deltaY: 100, cancelable: true, bubbles: true });
        node.dispatchEvent(event);
        return event.defaultPrevented; }""")
    assert prevented is False, "without the focus the page scrolls"
    assert shown(page) == before


def test_dragging_pans(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(8), run=lab.params)
    box = timeline(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 40, steps=4)
    page.mouse.up()
    seconds = 100 / (box["width"] - LABEL_WIDTH - 4) * 3
    assert shown(page)[1] == pytest.approx(8 - seconds, abs=0.02)


def test_a_pointer_over_a_span_tells_what_it_is(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(8), run=lab.params)
    start, end = shown(page)
    box = timeline(page).bounding_box()
    assert box is not None
    per_second = (box["width"] - LABEL_WIDTH - 4) / (end - start)

    def point(seconds: float, y: float) -> None:
        page.mouse.move(box["x"] + LABEL_WIDTH + (seconds - start) * per_second, box["y"] + y)

    tip = page.locator(".dpw-tip")
    point(6.01, 45)  # worker 0, first item of batch 60, before its transform
    expect(tip).to_have_text("fetch: 40.0 msworker 0, batch 60, item 120processor 30.0 ms")
    point(6.03, 50)
    expect(tip).to_have_text("transform Blur: 20.0 msworker 0, batch 60, item 120")
    point(6.03, 15)
    expect(tip).to_have_text("wait: 60.0 msmain process, batch 60")
    point(6.03, 75)
    expect(tip).to_contain_text("worker 1")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_the_timeline_has_a_text_and_a_table(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(2), run=lab.params)
    expect(timeline(page)).to_have_attribute(
        "aria-label",
        "Timeline: 2 workers, after 2 seconds: 123 items per second, "
        "the training loop waited 60% of its time. Arrows pan, plus and minus zoom.",
    )
    page.get_by_text("Seconds by kind", exact=True).click()
    expect(page.locator(".dpw-seconds tbody tr")).to_have_count(5)
    cells = page.locator(".dpw-seconds tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )
    assert ["wait", "1.20", "0.00", "0.00"] in cells
    assert ["fetch", "0.00", "1.60", "1.60"] in cells
    assert "start" not in [row[0] for row in cells]


def test_text_and_ground_follow_the_theme(page: Page, lab: LoaderLab) -> None:
    page.emulate_media(color_scheme="light")
    open_lab(page, lab, css=BOTH)
    light = colours(page)
    page.emulate_media(color_scheme="dark")
    dark = colours(page)
    page.emulate_media(color_scheme="light")
    assert (255, 255, 255) in dark, "labels are white"
    assert (255, 255, 255) not in light


# --- where there is no kernel, and more than one view


def test_two_views_show_the_same_run(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab, views=2)
    assert len(sent(page, "hello")) == 1
    tell(page, spans=run_of(8), run=lab.params, trials=[TRIALS[0].to_dict()])
    expect(page.locator(".dpw-trials tbody tr")).to_have_count(2)
    page.locator(".dpw-lab >> nth=1").get_by_label("shuffle").check()
    expect(page.locator(".dpw-lab >> nth=0").get_by_label("shuffle")).to_be_checked()
    page.evaluate("() => { endings[0](); els[0].remove(); }")
    tell(page, trials=[TRIALS[0].to_dict()] * 2)
    expect(page.locator(".dpw-trials tbody tr")).to_have_count(2)


def test_opened_without_a_kernel_it_leaves_the_place_to_the_still_picture(page: Page, lab: LoaderLab) -> None:
    state = {name: getattr(lab, name) for name in NAMES}
    script = """async ({ esm, state }) => {
        const module = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
        const { default: widget } = await import(module);
        window.model = new FakeModel(state);
        const { initialize, render } = await widget();
        await initialize({ model });
        window.el = document.createElement("div");
        el.classList.add("jupyter-widgets-disconnected");
        document.body.append(el);
        await render({ model, el }); }"""
    page.evaluate(script, {"esm": lab._esm, "state": state})
    expect(page.locator(".dpw-lab")).to_have_count(0)
    page.evaluate("() => el.classList.remove('jupyter-widgets-disconnected')")
    expect(page.locator(".dpw-lab")).to_have_count(1)


def test_a_lost_kernel_is_told(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    page.evaluate("() => { model.dead = true; }")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".dpw-offline")).to_contain_text("Run this cell")
    expect(page.get_by_role("button", name="Run")).to_be_disabled()


@pytest.mark.parametrize("width", [420, 760, 1200])
def test_nothing_sticks_out_or_overlaps(page: Page, lab: LoaderLab, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_lab(page, lab)
    proposal = Proposal("It waits.", {"num_workers": 4}, LoaderSettings(num_workers=4))
    tell(page, spans=run_of(8), run=lab.params, trials=[one.to_dict() for one in TRIALS], searched=SEARCHED,
         proposal=asdict(proposal))  # fmt: skip
    shown(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    parts = (
        ".dpw-row, .dpw-flag, .dpw-run, .dpw-cards > div, .dpw-verdict, .dpw-timeline, .dpw-legend li, "
        ".dpw-proposal, .dpw-trials-frame, .dpw-heat-frame, .dpw-take-home"
    )
    script = """(parts) => {
        const boxes = [...document.querySelectorAll(parts)].map((part) =>
            ({ name: part.className, box: part.getBoundingClientRect() }));
        const apart = (one, other) => one.left > other.right - 1 || other.left > one.right - 1
            || one.top > other.bottom - 1 || other.top > one.bottom - 1;
        return boxes.flatMap(({ name, box }, at) => boxes.slice(at + 1)
            .filter((other) => !apart(box, other.box)).map((other) => `${name} / ${other.name}`)); }"""
    assert page.evaluate(script, parts) == []


def test_a_lost_kernel_is_not_called_busy(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    page.evaluate("""() => {
        const later = setTimeout;
        window.setTimeout = (then, ms) => later(then, ms / 100);
        model.dead = true;
    }""")
    page.get_by_role("button", name="Run").click()
    page.evaluate("() => new Promise((then) => setTimeout(then, 20_000))")  # 200 ms
    assert page.locator(".dpw-run [role=status]").inner_text() == ""


def test_a_drag_that_the_browser_takes_over_is_over(page: Page, lab: LoaderLab) -> None:
    open_lab(page, lab)
    tell(page, spans=run_of(8), run=lab.params)
    box = timeline(page).bounding_box()
    assert box is not None
    before = shown(page)
    page.mouse.move(box["x"] + 300, box["y"] + 40)
    page.mouse.down()
    timeline(page).dispatch_event("pointercancel")
    page.mouse.move(box["x"] + 400, box["y"] + 40, steps=4)
    page.mouse.up()
    assert shown(page) == before
