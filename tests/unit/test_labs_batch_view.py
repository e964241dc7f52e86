"""The views of the batch size lab and the pipeline stepper, with a page that plays the kernel."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from dpwidgets.labs.batch import BatchLab
from dpwidgets.labs.transform import TransformLab

pytestmark = pytest.mark.browser


def last_params(page: Page) -> dict[str, Any]:
    return page.evaluate("() => model.sent.at(-1).params")


def test_a_slider_with_stops_goes_from_one_to_the_next(lab_page: Page, open_lab: Callable[..., None]) -> None:
    open_lab(BatchLab(data="wine", batch_size=16))
    row = lab_page.locator("[data-name=batch_size]")
    slider = row.locator("input")
    expect(row.locator("output")).to_have_text("16")
    slider.press("ArrowRight")
    expect(row.locator("output")).to_have_text("32")
    assert last_params(lab_page)["batch_size"] == 32
    slider.press("End")
    expect(row.locator("output")).to_have_text("1024")
    rate = lab_page.locator("[data-name=lr]")
    rate.locator("input").press("ArrowLeft")
    expect(rate.locator("output")).to_have_text("0.02")
    lab_page.get_by_role("button", name="Reset").click()
    expect(row.locator("output")).to_have_text("16")
    expect(slider).to_have_value("4")


def test_a_value_between_two_stops_is_shown_as_it_is(lab_page: Page, open_lab: Callable[..., None]) -> None:
    open_lab(BatchLab(data="wine", batch_size=100))
    row = lab_page.locator("[data-name=batch_size]")
    expect(row.locator("output")).to_have_text("100")
    expect(row.locator("input")).to_have_value("7")


def test_the_stepper_tells_its_findings_below_the_picture(
    lab_page: Page, open_lab: Callable[..., None]
) -> None:
    images = torch.randint(0, 256, (2, 3, 48, 64), dtype=torch.uint8, generator=torch.manual_seed(0))
    open_lab(TransformLab(images, steps=["resize_square", "normalize"]))
    findings = lab_page.locator(".dpw-findings li")
    expect(findings).to_have_count(2)
    expect(findings.nth(0)).to_contain_text("▲ 1 Resize((size, size)): shape distorted.")
    expect(findings.nth(1)).to_contain_text("✕ 2 Normalize: fails. TypeError")
    expect(findings.nth(1)).to_contain_text("Cure: This needs a tensor.")
    lab_page.get_by_label("Add an operation").select_option("to_dtype")
    lab_page.get_by_role("button", name="Add", exact=True).click()
    assert last_params(lab_page)["steps"][-1] == {
        "op": "to_dtype",
        "on": True,
        "values": {"dtype": "float32", "scale": "scale=True"},
    }
