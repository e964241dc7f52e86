"""The repair lab's view in Chromium, with a page that plays the kernel: the columns follow the table."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dpwidgets.labs.repair import RepairLab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab() -> RepairLab:
    return RepairLab("wine", column="hue")


@pytest.fixture
def page(browser_page: Page, lab: RepairLab) -> Iterator[Page]:
    """The lab, open; no error may occur."""
    errors: list[str] = []

    def note(error: Any) -> None:
        errors.append(str(error))

    browser_page.on("pageerror", note)
    browser_page.route("http://lab.test/", lambda route: route.fulfill(body="<!doctype html>"))
    browser_page.goto("http://lab.test/")
    browser_page.add_script_tag(path=Path(__file__).with_name("labs_page.js"))
    names = ("title", "controls", "initial", "settings", "caption", "code", "catalogue")
    state = {name: getattr(lab, name) for name in names}
    state["frame"] = base64.b64encode(lab.frame).decode()
    options = {"esm": lab._esm, "css": lab._css, "state": state}
    browser_page.evaluate("options => open_lab(options)", options)
    yield browser_page
    browser_page.remove_listener("pageerror", note)
    assert errors == []


def columns(page: Page) -> list[str]:
    return page.locator("[data-name=column] option").all_inner_texts()


def test_the_columns_of_the_table_that_is_shown_can_be_chosen(page: Page, lab: RepairLab) -> None:
    assert columns(page) == lab.catalogue["wine"]
    expect(page.locator("[data-name=column] select")).to_have_value("hue")


def test_another_table_brings_its_columns_and_the_kernel_says_which_is_shown(
    page: Page, lab: RepairLab
) -> None:
    page.locator("[data-name=table] select").select_option("diabetes")
    assert columns(page) == lab.catalogue["diabetes"]
    sent = page.evaluate("() => model.sent.at(-1).params")
    settled = lab._engine.check(sent)
    assert settled["column"] == "total_cholesterol"
    picture = base64.b64encode(lab.frame).decode()
    page.evaluate("([picture, settings]) => settle(1, picture, {settings})", [picture, settled])
    expect(page.locator("[data-name=column] select")).to_have_value("total_cholesterol")


def test_controls_show_only_where_they_apply(page: Page) -> None:
    neighbours, draws = page.locator("[data-name=neighbours]"), page.locator("[data-name=draws]")
    expect(neighbours).to_be_hidden()
    page.locator("[data-name=strategy] select").select_option("KNN")
    expect(neighbours).to_be_visible()
    expect(draws).to_be_hidden()
    page.locator("[data-name=strategy] select").select_option("multiple imputation")
    expect(neighbours).to_be_hidden()
    expect(draws).to_be_visible()
