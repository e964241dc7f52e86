"""The views of the batch size lab and the pipeline stepper, with a page that plays the kernel."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from dpwidgets.labs.base import Lab
from dpwidgets.labs.batch import BatchLab
from dpwidgets.labs.transform import TransformLab

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser_page: Page) -> Iterator[Page]:
    """An empty page on an address of its own; no error may occur."""
    errors: list[str] = []

    def note(error: Any) -> None:
        errors.append(str(error))

    browser_page.on("pageerror", note)
    browser_page.route("http://lab.test/", lambda route: route.fulfill(body="<!doctype html>"))
    browser_page.goto("http://lab.test/")
    browser_page.add_script_tag(path=Path(__file__).with_name("labs_page.js"))
    yield browser_page
    browser_page.remove_listener("pageerror", note)
    assert errors == []


def open_lab(page: Page, lab: Lab, *more: str) -> None:
    names = ("title", "controls", "initial", "settings", "caption", "code", *more)
    state = {name: getattr(lab, name) for name in names}
    state["frame"] = base64.b64encode(lab.frame).decode()
    page.evaluate(
        "options => open_lab(options)", {"esm": lab._esm, "css": lab._css, "state": state, "views": 1}
    )
    expect(page.locator("img.dpw-picture").first).to_have_attribute("src", re.compile("^blob:"))


def last_params(page: Page) -> dict[str, Any]:
    return page.evaluate("() => model.sent.at(-1).params")


def test_a_slider_with_stops_goes_from_one_to_the_next(page: Page) -> None:
    open_lab(page, BatchLab(data="wine", batch_size=16))
    row = page.locator("[data-name=batch_size]")
    slider = row.locator("input")
    expect(row.locator("output")).to_have_text("16")
    slider.press("ArrowRight")
    expect(row.locator("output")).to_have_text("32")
    assert last_params(page)["batch_size"] == 32
    slider.press("End")
    expect(row.locator("output")).to_have_text("1024")
    rate = page.locator("[data-name=lr]")
    rate.locator("input").press("ArrowLeft")
    expect(rate.locator("output")).to_have_text("0.02")
    page.get_by_role("button", name="Reset").click()
    expect(row.locator("output")).to_have_text("16")
    expect(slider).to_have_value("4")


def test_a_value_between_two_stops_is_shown_as_it_is(page: Page) -> None:
    open_lab(page, BatchLab(data="wine", batch_size=100))
    row = page.locator("[data-name=batch_size]")
    expect(row.locator("output")).to_have_text("100")
    expect(row.locator("input")).to_have_value("7")


def test_the_stepper_tells_its_findings_below_the_picture(page: Page) -> None:
    images = torch.randint(0, 256, (2, 3, 48, 64), dtype=torch.uint8, generator=torch.manual_seed(0))
    open_lab(page, TransformLab(images, steps=["resize_square", "normalize"]), "catalogue")
    findings = page.locator(".dpw-findings li")
    expect(findings).to_have_count(2)
    expect(findings.nth(0)).to_contain_text("▲ 1 Resize((size, size)): shape distorted.")
    expect(findings.nth(1)).to_contain_text("✕ 2 Normalize: fails. TypeError")
    expect(findings.nth(1)).to_contain_text("Cure: This needs a tensor.")
    page.get_by_label("Add an operation").select_option("to_dtype")
    assert last_params(page)["steps"][-1] == {
        "op": "to_dtype",
        "on": True,
        "values": {"dtype": "float32", "scale": "scale=True"},
    }
