"""A page in headless Chromium, for the tests of the labs' views."""

import base64
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from dpwidgets.labs.base import Lab

expect.set_options(timeout=20_000)  # milliseconds: the tests share two cores
STATE = ("title", "controls", "initial", "settings", "caption", "code", "catalogue")


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    with sync_playwright() as playwright:
        if chromium is None and not Path(playwright.chromium.executable_path).exists():
            message = "No Chromium: install one with `playwright install chromium`."
            if os.environ.get("DPWIDGETS_REQUIRE_ALL"):
                pytest.fail(message)
            pytest.skip(message)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        yield page
        browser.close()


@pytest.fixture
def lab_page(browser_page: Page) -> Iterator[Page]:
    """An empty page that can play the kernel (labs_page.js), on an address of its own; no error may occur."""
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


@pytest.fixture
def open_lab(lab_page: Page) -> Callable[..., None]:
    """`open_lab(lab, views=1)`: shows a lab's view in `lab_page`, in the state that the lab has."""

    def start(lab: Lab, views: int = 1) -> None:
        state = {name: getattr(lab, name) for name in STATE if lab.has_trait(name)}
        state["frame"] = base64.b64encode(lab.frame).decode()
        options = {"esm": lab._esm, "css": lab._css, "state": state, "views": views}
        lab_page.evaluate("options => open_lab(options)", options)
        expect(lab_page.locator("img.dpw-picture").first).to_have_attribute("src", re.compile("^blob:"))

    return start


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race whose times nobody reads: short turns, not taken again where others are busy meanwhile."""
    monkeypatch.setattr("benchmarks.race.race.TURN", 0.0)
    monkeypatch.setattr("benchmarks.race.rounds.TRIES", 1)
