"""The labs' view in Chromium, with a page that plays the kernel: no server, no waiting for one."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from dpwidgets.labs.image import ImageLab

pytestmark = pytest.mark.browser
Open = Callable[..., None]

FIRST = "input[type=range] >> nth=0"  # the strength


def picture(width: int = 24, height: int = 18) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "steelblue").save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture(scope="module")
def lab() -> ImageLab:
    images = torch.randint(0, 256, (3, 3, 48, 64), dtype=torch.uint8, generator=torch.manual_seed(0))
    return ImageLab(images, steps=[{"op": "rotation"}, {"op": "horizontal_flip"}, {"op": "color_jitter"}])


@pytest.fixture
def page(lab_page: Page) -> Page:
    """An empty page with a clock that the test can wind on."""
    lab_page.clock.install(time=0)
    lab_page.clock.pause_at(1000)
    return lab_page


def slide(page: Page, value: float, which: str = FIRST) -> None:
    """One input event, as while the pointer drags."""
    script = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"
    page.locator(which).evaluate(script, value)


def sent(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("() => model.sent")


def strengths(page: Page) -> list[float]:
    """The strength, in per cent, in each request so far."""
    return [round(100 * message["params"]["strength"]) for message in sent(page)]


def settle(page: Page, request: int = 0, **more: Any) -> None:
    """The kernel settles on a picture, for `request` (or its own), and the view has shown it."""
    before = page.locator("img.dpw-picture").first.get_attribute("src")
    page.evaluate("([request, jpeg, more]) => settle(request, jpeg, more)", [request, picture(), more])
    expect(page.locator("img.dpw-picture").first).not_to_have_attribute("src", before or "")


def preview(page: Page, request: int) -> None:
    """The kernel's preview for `request`, and the view has shown it; each has a width of its own."""
    width = 12 + request
    page.evaluate("([request, jpeg]) => preview(request, jpeg)", [request, picture(width, 9)])
    canvas = page.locator(".dpw-preview").first
    expect(canvas).to_be_visible()
    expect(canvas).to_have_js_property("width", width)


# --- newest values win


def test_at_most_two_requests_are_under_way_and_the_newest_values_follow(
    page: Page, lab: ImageLab, open_lab: Open
) -> None:
    open_lab(lab)
    for value in range(10, 41):
        slide(page, value)
    assert strengths(page) == [10, 11]
    assert all(message["moving"] for message in sent(page))
    preview(page, 1)
    assert strengths(page) == [10, 11, 40]
    preview(page, 3)
    assert len(sent(page)) == 3, "nothing new to ask"


def test_when_the_hand_rests_the_full_picture_is_asked_for(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    page.clock.run_for(100)
    assert [message["moving"] for message in sent(page)] == [True]
    page.clock.run_for(100)
    preview(page, 1)
    assert [message["moving"] for message in sent(page)] == [True, False]
    assert strengths(page) == [30, 30]


def test_the_full_picture_waits_for_the_preview_of_the_last_value(
    page: Page, lab: ImageLab, open_lab: Open
) -> None:
    open_lab(lab)
    for value in (30, 31, 32):
        slide(page, value)
    page.locator(FIRST).dispatch_event("pointerup")
    assert strengths(page) == [30, 31], "a full picture would push the preview out of the kernel's mailbox"
    preview(page, 1)
    assert (strengths(page)[-1], sent(page)[-1]["moving"]) == (32, True)
    preview(page, 3)
    assert (strengths(page)[-1], sent(page)[-1]["moving"]) == (32, False)


def test_letting_go_asks_for_the_full_picture_at_once(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    preview(page, 1)
    page.locator(FIRST).dispatch_event("pointerup")
    assert [message["moving"] for message in sent(page)] == [True, False]


def test_the_last_value_lands_although_the_kernel_was_busy(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    for value in range(10, 41):
        slide(page, value)
    page.locator(FIRST).dispatch_event("pointerup")
    page.clock.run_for(5000)
    expect(page.locator(".dpw-waiting")).to_contain_text("kernel is busy")
    preview(page, 2)  # the kernel's mailbox kept the newest of the two
    assert (strengths(page)[-1], sent(page)[-1]["moving"]) == (40, True)
    preview(page, 3)
    assert (strengths(page)[-1], sent(page)[-1]["moving"]) == (40, False)
    settle(page, 4)
    expect(page.locator(".dpw-waiting")).to_be_empty()


def test_a_lost_request_is_asked_again(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    page.clock.run_for(200)
    page.clock.run_for(16_000)
    assert strengths(page) == [30, 30]
    assert sent(page)[-1]["moving"] is False


def test_a_picture_that_was_overtaken_is_not_shown(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    page.evaluate("() => { number = 100; }")
    preview(page, 1)
    page.evaluate("jpeg => { number = 50; preview(1, jpeg); }", picture(33, 33))
    page.evaluate("jpeg => { number = 50; settle(0, jpeg); }", picture(33, 33))
    page.evaluate("async () => { const image = new Image(); image.src = els[0].querySelector('img').src;"
                  "await image.decode(); }")  # fmt: skip
    expect(page.locator(".dpw-preview")).to_be_visible()
    expect(page.locator(".dpw-preview")).to_have_js_property("width", 13)


# --- the picture


def test_a_preview_keeps_size_and_text_of_the_full_picture(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    shown = page.locator("img.dpw-picture")
    before = shown.bounding_box()
    slide(page, 30)
    preview(page, 1)
    assert shown.bounding_box() == before
    assert page.locator(".dpw-preview").bounding_box() == before
    expect(shown).to_have_attribute("alt", lab.caption["alt"])


def test_the_full_picture_takes_the_previews_place(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    preview(page, 1)
    settle(page, 1)
    expect(page.locator(".dpw-preview")).to_be_hidden()
    expect(page.locator("img.dpw-picture")).to_be_visible()


def test_the_text_of_a_settled_picture_is_announced(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    settle(page, 1, caption={"alt": "Now it is blue.", "notes": ["2 files skipped"]})
    expect(page.locator("img.dpw-picture")).to_have_attribute("alt", "Now it is blue.")
    expect(page.get_by_role("status").filter(has_text="Now it is blue.")).to_have_count(1)
    expect(page.locator(".dpw-notes")).to_have_text("2 files skipped")


def test_the_cost_is_shown_beside_the_picture(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate("() => model.message({kind: 'cost', cost: '3.1 ms per image'})")
    expect(page.locator(".dpw-cost")).to_have_text("3.1 ms per image")


# --- what can go wrong


def test_a_problem_is_an_alert_until_a_picture_comes(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    page.evaluate(
        "() => model.message({kind: 'problem', text: 'angle=999', seen: {[model.sent[0].client]: 1}})"
    )
    expect(page.get_by_role("alert")).to_have_text("angle=999")
    slide(page, 31)
    assert strengths(page) == [30, 31], "the lab goes on"
    preview(page, 2)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_restarted_kernel_is_told(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate("() => { model.dead = true; }")
    slide(page, 30)
    expect(page.locator(".dpw-offline")).to_contain_text("Run this cell")
    expect(page.locator(FIRST)).to_be_disabled()


def test_a_notebook_without_kernel_shows_the_saved_picture(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate("() => els[0].classList.add('jupyter-widgets-disconnected')")
    expect(page.locator(".dpw-offline")).to_be_visible()
    expect(page.locator(FIRST)).to_be_disabled()
    expect(page.locator("img.dpw-picture")).to_have_attribute("alt", lab.caption["alt"])


# --- several hands


def test_two_views_follow_each_other(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab, views=2)
    page.locator(".dpw-lab >> nth=1").locator("input[type=range]").first.evaluate(
        "input => { input.value = 20; input.dispatchEvent(new Event('input')); }"
    )
    settle(page, 1)
    pictures = page.locator("img.dpw-picture")
    assert pictures.nth(0).get_attribute("src") == pictures.nth(1).get_attribute("src")
    expect(page.locator(".dpw-lab >> nth=0").locator("input[type=range]").first).to_have_value("20")


def test_a_view_that_is_removed_leaves_the_others_alive(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab, views=2)
    page.evaluate("() => { endings[0](); els[0].remove(); }")
    slide(page, 20)
    preview(page, 1)


def test_values_set_in_python_appear_in_the_controls(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    settings = lab.params | {"strength": 0.25, "steps": lab.params["steps"][:1]}
    settle(page, settings=settings)
    expect(page.locator(FIRST)).to_have_value("25")
    expect(page.locator(".dpw-step")).to_have_count(1)
    assert sent(page) == []


def test_a_reader_who_is_ahead_is_not_pulled_back(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 60)
    settle(page, settings=lab.params | {"strength": 0.25})
    expect(page.locator(FIRST)).to_have_value("60")


# --- controls


def test_every_control_has_a_name_a_help_and_keeps_its_keys(
    page: Page, lab: ImageLab, open_lab: Open
) -> None:
    open_lab(lab)
    page.evaluate(
        "() => document.querySelectorAll('.dpw-fold[aria-expanded=false]').forEach((n) => n.click())"
    )
    nameless = page.evaluate("""() => [...document.querySelectorAll("input, select, button")].filter((node) =>
        !(node.labels?.length || node.getAttribute("aria-label") || node.textContent.trim())
        || !node.title || node.dataset.lmSuppressShortcuts !== "true").map((node) => node.outerHTML)""")
    assert nameless == []
    undescribed = page.evaluate("""() => [...document.querySelectorAll(".dpw-row :is(input, select)")].filter(
        (node) => !document.getElementById(node.getAttribute("aria-describedby"))?.textContent).length""")
    assert undescribed == 0
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_values_are_read_with_their_unit(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    expect(page.get_by_label("strength")).to_have_attribute("aria-valuetext", "100 %")
    expect(page.get_by_label("angle")).to_have_attribute("aria-valuetext", "15°")


def test_arrow_keys_move_a_slider_by_one_step(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.locator(FIRST).focus()
    page.keyboard.press("ArrowLeft")
    assert strengths(page) == [99]


def test_an_operation_is_added_with_its_default_values(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.get_by_label("Add an operation").select_option("gaussian_noise")
    assert sent(page) == [], "choosing adds nothing: arrow keys pass through all operations"
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    step = sent(page)[-1]["params"]["steps"][-1]
    default = next(operation for operation in lab.catalogue if operation["key"] == "gaussian_noise")
    assert step["op"] == "gaussian_noise"
    assert step["values"] == {one["name"]: one["default"] for one in default["parameters"]}
    assert lab._engine.check(sent(page)[-1]["params"])["steps"][-1] == step


def test_every_operation_of_the_catalogue_can_be_added(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    for operation in lab.catalogue:
        page.get_by_label("Add an operation").select_option(operation["key"])
        page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".dpw-step")).to_have_count(3 + len(lab.catalogue))
    page.clock.run_for(16_000)
    lab._engine.check(sent(page)[-1]["params"])


def test_operations_are_moved_and_removed_and_the_focus_follows(
    page: Page, lab: ImageLab, open_lab: Open
) -> None:
    open_lab(lab)
    page.get_by_label("Horizontal flip: move down").press("Enter")
    assert [step["op"] for step in sent(page)[-1]["params"]["steps"]] == [
        "rotation",
        "color_jitter",
        "horizontal_flip",
    ]
    expect(page.get_by_label("Horizontal flip: move up")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Rotation: remove").press("Enter")
    expect(page.locator(".dpw-step")).to_have_count(2)
    expect(page.get_by_label("Horizontal flip: remove")).to_be_focused()


def test_an_open_card_stays_open_when_it_moves(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.get_by_label("Rotation: move down").press("Enter")
    folds = page.locator(".dpw-fold").evaluate_all("nodes => nodes.map((node) => node.ariaExpanded)")
    assert folds == ["false", "true", "false"]


def test_an_operation_is_switched_off(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.get_by_role("switch", name="Rotation: on").press("Space")
    assert sent(page)[-1]["params"]["steps"][0]["on"] is False


def test_a_half_typed_number_is_not_sent(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    seed = page.get_by_label("seed", exact=True)
    seed.fill("")
    seed.fill("-5")
    assert sent(page) == []
    seed.blur()
    expect(seed).to_have_value("0")
    seed.fill("42")
    assert sent(page)[-1]["params"]["seed"] == 42


def test_new_seed_and_reset(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    preview(page, 1)
    page.get_by_role("button", name="New seed").click()
    assert sent(page)[-1]["params"]["seed"] != 0
    page.get_by_role("button", name="Reset").click()
    settle(page, 2)
    assert sent(page)[-1]["params"] == lab.params
    expect(page.locator(FIRST)).to_have_value("100")


# --- the code


def test_copy_puts_the_code_into_the_clipboard(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate("""() => Object.defineProperty(navigator, "clipboard", {configurable: true,
        value: {writeText: async (text) => { window.copied = text; }}})""")
    page.get_by_role("button", name="Copy as code").click()
    expect(page.locator(".dpw-said")).to_have_text("Copied.")
    assert page.evaluate("() => copied") == lab.code


def test_without_a_clipboard_the_code_is_selected(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard', {configurable: true, value: undefined})"
    )
    page.get_by_role("button", name="Copy as code").click()
    expect(page.locator(".dpw-code")).to_be_visible()
    assert page.evaluate("() => getSelection().toString().trim()") == lab.code.strip()


def test_the_first_digit_of_a_number_is_replaced_in_place(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    seed = page.get_by_label("seed", exact=True)
    seed.fill("1000")
    for key in ("Home", "Delete", "2"):
        seed.press(key)
    expect(seed).to_have_value("2000")


def test_without_a_kernel_there_is_no_reset_but_the_code(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    page.evaluate("() => els[0].classList.add('jupyter-widgets-disconnected')")
    expect(page.locator(".dpw-offline")).to_be_visible()
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()
    expect(page.get_by_role("button", name="Copy as code")).to_be_enabled()


def test_a_lost_kernel_is_not_called_busy(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    slide(page, 30)
    page.evaluate("() => { model.dead = true; }")
    slide(page, 31)
    expect(page.locator(".dpw-offline")).to_be_visible()
    page.clock.run_for(5000)
    expect(page.locator(".dpw-waiting")).to_be_empty()


def test_a_closed_lab_leaves_no_picture_and_no_timer_behind(
    page: Page, lab: ImageLab, open_lab: Open
) -> None:
    open_lab(lab)
    page.evaluate("""() => {
        window.alive = new Set();
        const make = URL.createObjectURL.bind(URL), end = URL.revokeObjectURL.bind(URL);
        URL.createObjectURL = (blob) => { const url = make(blob); alive.add(url); return url; };
        URL.revokeObjectURL = (url) => { alive.delete(url); end(url); };
    }""")
    slide(page, 30)
    slide(page, 31)
    page.evaluate("jpeg => { settle(1, jpeg); closing(); }", picture())
    # Another picture, decoded after that one: by then it is shown, or given back.
    page.evaluate(
        """async jpeg => {
            const image = new Image();
            image.src = `data:image/jpeg;base64,${jpeg}`;
            await image.decode();
        }""",
        picture(640, 480),
    )
    page.clock.run_for(40_000)
    assert len(sent(page)) == 2
    assert page.evaluate("() => alive.size") == 0


def test_a_very_long_name_does_not_widen_the_page(page: Page, lab: ImageLab, open_lab: Open) -> None:
    open_lab(lab)
    settle(page, caption={"notes": ["left out: " + "x" * 400]})
    expect(page.locator(".dpw-notes")).to_contain_text("left out")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
