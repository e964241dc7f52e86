"""The scene lab's view in Chromium, with a page that plays the kernel: the player goes with the sound."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dpwidgets.labs.scene import SceneLab

pytestmark = pytest.mark.browser


def test_a_sound_ends_where_there_is_no_player(lab_page: Page, open_lab: Callable[..., None]) -> None:
    lab = SceneLab()
    open_lab(lab)
    lab_page.evaluate("() => { document.querySelector('audio').pause = () => { window.paused = true; }; }")
    more = {"key": "scene-x", "caption": "", "sound": "", "has_sound": False}
    settled = [base64.b64encode(lab.frame).decode(), more]
    lab_page.evaluate("([picture, more]) => settle(0, picture, { caption: { more } })", settled)
    expect(lab_page.locator(".dpw-bar", has_text="scene-x has no sound")).to_be_visible()
    expect(lab_page.locator("audio")).to_be_hidden()
    assert lab_page.evaluate("() => window.paused") is True
