"""The lab base, without a browser: the tests play the view and send what it would send."""

import base64
import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from dpwidgets.labs.base import PREVIEW_SCALE, Control, Lab

SOON = 30  # seconds


class Picture(NamedTuple):
    picture: np.ndarray
    alt: str
    notes: dict[str, Any]


class GreyEngine:
    """A grey square; level 13 is its unlucky number. `hold` keeps it at work."""

    def __init__(self) -> None:
        self.rendered: list[tuple[int, float]] = []
        self.at_work = threading.Event()
        self.hold = threading.Event()
        self.hold.set()

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        merged = {"level": 0, "size": 64} | dict(params)
        for name in merged:
            if name not in ("level", "size"):
                raise ValueError(f"parameter {name!r} is not known; did you mean 'level'?")
        if not 0 <= merged["level"] <= 255:
            raise ValueError(f"level={merged['level']} is not allowed; give a whole number from 0 to 255.")
        return merged

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Picture:
        self.at_work.set()
        assert self.hold.wait(SOON)
        if params["level"] == 13:
            raise RuntimeError("thirteen")
        self.rendered.append((params["level"], scale))
        side = round(params["size"] * scale)
        return Picture(np.full((side, side, 3), params["level"], np.uint8), f"grey {params['level']}", {})

    def to_code(self, params: Mapping[str, Any]) -> str:
        return f"level = {params['level']}"


class GreyLab(Lab):
    _esm = "export default {}"

    def __init__(self, **params: Any) -> None:
        self.engine = GreyEngine()
        super().__init__(self.engine, params, title="Grey lab")

    def _controls(self) -> Iterable[Control]:
        yield Control("level", "level", "slider", "How bright.", max=255)

    def _summary(self, params: Mapping[str, Any]) -> str:
        return f"level {params['level']}"

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        return []

    def _cost(self, notes: Mapping[str, Any]) -> str:
        return "12 ms"


class View:
    """Sends what a browser would send, and keeps what comes back."""

    def __init__(self, lab: Lab, client: str = "page") -> None:
        self.lab, self.client, self.request = lab, client, 0
        self.messages: list[dict[str, Any]] = []
        self.pictures: list[Any] = []
        self.came = threading.Condition()
        lab.send = self._take  # type: ignore[method-assign]
        lab.observe(lambda change: self._take({"kind": "settled", **change["new"]}), "caption")

    def _take(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self.came:
            self.messages.append(content)
            self.pictures.extend(buffers or [])
            self.came.notify_all()

    def ask(self, moving: bool = False, client: str | None = None, **params: Any) -> int:
        self.request += 1
        content = {
            "kind": "params",
            "client": client or self.client,
            "request": self.request,
            "moving": moving,
        }
        self.lab._handle_custom_msg(content | {"params": {**self.lab.params, **params}}, [])
        return self.request

    def wait_for(self, request: int, client: str | None = None) -> dict[str, Any]:
        """The first message that answers this request, or a later one."""

        def answer() -> dict[str, Any] | None:
            seen = (message for message in self.messages if "seen" in message)
            return next((m for m in seen if m["seen"].get(client or self.client, 0) >= request), None)

        with self.came:
            assert self.came.wait_for(answer, SOON), f"request {request} was never answered: {self.messages}"
            found = answer()
        assert found is not None
        return found


def level_of(jpeg: bytes) -> int:
    return round(float(np.asarray(Image.open(io.BytesIO(jpeg))).mean()))


@pytest.fixture
def lab() -> GreyLab:
    return GreyLab(level=100)


@pytest.fixture
def view(lab: GreyLab) -> View:
    return View(lab)


# --- for the reader


def test_params_is_a_copy(lab: GreyLab) -> None:
    lab.params["level"] = 7
    assert lab.params == {"level": 100, "size": 64}


def test_set_changes_picture_text_and_code(lab: GreyLab) -> None:
    lab.set(level=50)
    assert lab.params["level"] == 50
    assert level_of(lab.frame) == 50
    assert lab.caption["alt"] == "grey 50"
    assert repr(lab) == "GreyLab(level 50)"
    assert lab.code == lab.to_code() == "level = 50"


def test_reset_goes_back_to_what_the_lab_started_with(lab: GreyLab) -> None:
    lab.set(level=50, size=32)
    lab.reset()
    assert lab.params == {"level": 100, "size": 64}
    assert level_of(lab.frame) == 100


@pytest.mark.parametrize("wrong", [{"level": 300}, {"levle": 3}, {"level": 13}])
def test_a_refused_set_changes_nothing(lab: GreyLab, wrong: dict[str, int]) -> None:
    before = lab.get_state()
    with pytest.raises((ValueError, RuntimeError)):
        lab.set(**wrong)
    assert lab.get_state() == before


def test_a_wrong_start_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"level=300 is not allowed; give a whole number from 0 to 255"):
        GreyLab(level=300)


# --- the view's requests


def test_moving_gives_a_preview_that_is_not_kept(lab: GreyLab, view: View) -> None:
    answer = view.wait_for(view.ask(moving=True, level=30))
    assert answer["kind"] == "frame"
    assert lab.engine.rendered[-1] == (30, PREVIEW_SCALE)
    assert level_of(view.pictures[-1]) == 30
    assert lab.params["level"] == 100, "the settled parameters follow when the hand rests"
    assert level_of(lab.frame) == 100


def test_rest_gives_the_full_picture_and_keeps_it(lab: GreyLab, view: View) -> None:
    answer = view.wait_for(view.ask(level=30))
    assert answer["kind"] == "settled"
    assert (answer["width"], answer["height"], answer["alt"]) == (64, 64, "grey 30")
    assert lab.params["level"] == 30
    assert level_of(lab.frame) == 30


def test_stale_requests_are_dropped_and_the_last_one_lands(lab: GreyLab, view: View) -> None:
    lab.engine.rendered.clear()
    lab.engine.at_work.clear()
    lab.engine.hold.clear()
    view.ask(moving=True, level=1)
    assert lab.engine.at_work.wait(SOON)
    for level in range(2, 60):
        view.ask(moving=True, level=level)
    last = view.ask(level=60)
    lab.engine.hold.set()
    view.wait_for(last)
    assert [level for level, _ in lab.engine.rendered] == [1, 60]
    assert lab.params["level"] == 60


def test_pictures_are_numbered_upwards(lab: GreyLab, view: View) -> None:
    for level in (1, 2, 3):
        view.wait_for(view.ask(moving=level < 3, level=level))
    lab.set(level=4)
    numbers = [message["number"] for message in view.messages if "number" in message]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 4


def test_a_page_whose_request_was_overtaken_by_another_page_is_answered_too(lab: GreyLab, view: View) -> None:
    lab.engine.hold.clear()
    lab.engine.at_work.clear()
    view.ask(moving=True, client="first", level=1)
    assert lab.engine.at_work.wait(SOON)
    overtaken = view.ask(moving=True, client="first", level=2)
    newest = view.ask(moving=True, client="second", level=3)
    lab.engine.hold.set()
    answer = view.wait_for(newest, "second")
    assert answer["seen"]["first"] == overtaken


def test_a_set_while_a_request_waits_does_not_claim_to_answer_it(lab: GreyLab, view: View) -> None:
    with lab._turn:  # the mailbox's thread cannot start
        waiting = view.ask(level=20)
        lab.set(level=10)
        assert waiting not in lab.caption["seen"].values()
    view.wait_for(waiting)
    assert lab.params["level"] == 20


def test_an_error_is_told_with_the_values_and_the_lab_goes_on(lab: GreyLab, view: View) -> None:
    answer = view.wait_for(view.ask(level=13))
    assert answer["kind"] == "problem"
    assert "RuntimeError: thirteen" in answer["text"]
    assert "level=13" in answer["text"]
    assert lab.params["level"] == 100
    view.wait_for(view.ask(level=14))
    assert lab.params["level"] == 14


def test_a_value_that_the_engine_refuses_is_told_like_an_error(view: View) -> None:
    answer = view.wait_for(view.ask(level=256))
    assert "level=256 is not allowed" in answer["text"]


def test_foreign_messages_are_left_alone(lab: GreyLab, view: View) -> None:
    lab._handle_custom_msg({"id": "1", "kind": "anywidget-command"}, [])
    assert view.messages == []


def test_the_cost_is_told_and_never_saved(lab: GreyLab, view: View) -> None:
    view.wait_for(view.ask(level=30))
    lab.set(level=31)  # waits for its turn: the first answer is complete
    assert {"kind": "cost", "cost": "12 ms"} in view.messages
    assert "12 ms" not in str(lab.get_state())


# --- what stands in the notebook


def test_the_bundle_has_live_view_picture_and_text(lab: GreyLab) -> None:
    data, metadata = lab._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == lab.model_id
    assert level_of(base64.b64decode(data["image/jpeg"])) == 100
    assert metadata["image/jpeg"]["alt"] == "grey 100"
    assert data["text/plain"] == "GreyLab(level 100)"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What is displayed from here on."""
    own_shell = not InteractiveShell.initialized()
    shell = InteractiveShell.instance()
    publisher = CapturingDisplayPublisher(shell=shell)
    monkeypatch.setattr(shell, "display_pub", publisher)
    yield publisher.outputs
    if own_shell:
        InteractiveShell.clear_instance()


def test_displayed_are_the_live_view_a_still_and_the_rule_that_shows_one(
    lab: GreyLab, outputs: list[dict[str, Any]]
) -> None:
    lab._ipython_display_()
    live, still, rule = (output["data"] for output in outputs)
    assert set(live) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert level_of(base64.b64decode(still["image/jpeg"])) == 100
    assert outputs[1]["metadata"]["image/jpeg"]["alt"] == "grey 100"
    assert ".dpw-lab" in rule["text/html"]


def test_the_still_follows_the_settled_picture(lab: GreyLab, outputs: list[dict[str, Any]]) -> None:
    lab.set(level=90)
    assert outputs == [], "nothing is displayed yet, so nothing is updated"
    lab._ipython_display_()
    lab.set(level=20)
    first, update = outputs[1], outputs[-1]
    assert update["update"] is True
    assert update["transient"] == first["transient"]
    assert level_of(base64.b64decode(update["data"]["image/jpeg"])) == 20


def test_the_saved_state_is_the_same_each_time() -> None:
    one, two = GreyLab(level=3), GreyLab(level=3)
    drop = {"layout"}
    assert {k: v for k, v in one.get_state().items() if k not in drop} == {
        k: v for k, v in two.get_state().items() if k not in drop
    }
