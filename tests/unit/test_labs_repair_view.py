"""The repair lab's view in Chromium, with a page that plays the kernel: the columns follow the table."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dpwidgets.labs.repair import RepairLab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab() -> RepairLab:
    return RepairLab("wine", column="hue")


@pytest.fixture
def page(lab_page: Page, open_lab: Callable[..., None], lab: RepairLab) -> Page:
    """The lab, open."""
    open_lab(lab)
    return lab_page


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
