"""The text lab's list of variants in Chromium, with a page that plays the kernel."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dpwidgets.labs.text import TextLab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab() -> TextLab:
    steps = ["synonym_replacement", "random_insertion", "random_swap", "random_deletion"]
    return TextLab(["The 我 <b>good</b> film is not slow, and the old dog waits."], variants=4, steps=steps)


@pytest.fixture
def page(lab_page: Page, open_lab: Callable[..., None], lab: TextLab) -> Page:
    """The lab, open."""
    open_lab(lab)
    return lab_page


def seen(page: Page, tag: str) -> list[str]:
    """The texts of the list's elements, without what is only read out."""
    script = "nodes => nodes.map((node) => node.lastChild.textContent)"
    return page.locator(f".dpw-variants {tag}").evaluate_all(script)


def test_each_change_has_an_element_of_its_own(page: Page, lab: TextLab) -> None:
    made = lab._engine.variants(lab.params)
    fates = [one for variant in made for one in variant.changes]
    assert {one.kind for one in fates} == {"kept", "replaced", "inserted", "moved", "deleted"}
    assert seen(page, "del") == [one.before for one in fates if one.kind in ("deleted", "replaced")]
    assert seen(page, "ins") == [one.after for one in fates if one.kind in ("inserted", "replaced")]
    assert seen(page, "mark") == [one.after for one in fates if one.kind == "moved"]


def test_marks_are_read_out(page: Page) -> None:
    assert "[deleted]" in page.locator(".dpw-variants").inner_text()
    box = page.locator(".dpw-variants .dpw-unseen").first.bounding_box()
    assert box is not None
    assert box["width"] <= 1


def test_text_is_never_html(page: Page) -> None:
    assert page.locator(".dpw-variants b").count() == 0


def test_reasons_stand_below_their_variant(page: Page, lab: TextLab) -> None:
    reasons = [f"⚠ {reason}" for one in lab.caption["more"]["variants"] for reason in one["reasons"]]
    assert reasons
    assert page.locator(".dpw-variants .dpw-reason").all_inner_texts() == reasons


def test_the_sentences_are_copied_without_marks(page: Page, lab: TextLab) -> None:
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard',"
        " { value: { writeText: async (text) => { window.copied = text; } }, configurable: true })"
    )
    page.get_by_role("button", name="Copy the sentences").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("() => window.copied") == "\n".join(lab.result)


def test_the_list_follows_the_settled_picture(page: Page, lab: TextLab) -> None:
    other = TextLab(["A plain day."], variants=1, steps=[])
    png = base64.b64encode(other.frame).decode()
    page.evaluate("([png, caption]) => settle(0, png, { caption })", [png, other.caption])
    expect(page.locator(".dpw-variants li")).to_have_text(["A plain day."])


def test_text_from_right_to_left_stands_so(page: Page, lab: TextLab) -> None:
    pieces = [["deleted", "שלום", "", " "], ["kept", "", "עולם.", ""]]
    more = {"variants": [{"text": "עולם.", "pieces": pieces, "reasons": []}]}
    png = base64.b64encode(lab.frame).decode()
    page.evaluate("([png, more]) => settle(0, png, { caption: { more } })", [png, more])
    expect(page.locator(".dpw-variants li")).to_have_count(1)
    expect(page.locator(".dpw-variants p").first).to_have_css("direction", "rtl")
    typed = page.get_by_label("your own")
    typed.fill("שלום")
    expect(typed).to_have_css("direction", "rtl")
