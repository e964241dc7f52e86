"""What every lab has: an engine from the floor below, controls, one live picture, and code to take home.

The view is a set of JavaScript files beside this one, joined into one module (there is no build step).
`link.js` describes the messages that it exchanges with `Lab`.
"""

import base64
import io
import threading
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import traitlets
from PIL import Image

from dpwidgets.labs.mailbox import Mailbox
from dpwidgets.labs.quiet_status import hide_busy, show_busy
from dpwidgets.labs.still import LiveWithStill
from dpwidgets.prep.rendered import Rendered

PREVIEW_SCALE = 0.5  # side of the picture while the hand moves
JPEG_QUALITY = 80
PNG_COMPRESSION = 1  # zlib's level: a quarter of the usual time for drawings, half as large again


class Engine(Protocol):
    """What a lab asks of the floor below: JSON-able parameters in, a picture and code out."""

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete; ValueError naming parameter, value and what is allowed."""

    def render(self, params: Mapping[str, Any], scale: float = 1.0) -> Rendered:
        """The picture; `scale` < 1 gives a smaller one, faster."""

    def to_code(self, params: Mapping[str, Any]) -> str:
        """Plain code that makes the same result."""


@dataclass(frozen=True)
class Control:
    """One labelled form control for the parameter `name`; see `controls.js`.

    Attributes:
        kind: "slider", "number", "seed" (a number with a button that draws one), "choice", "flag" (True or
            False), "text" (one line) or "lines" (several).
        help: one line, read out with the control.
        percent: show the value 0.5 as 50 %.
        stops: a slider goes from one of these values to the next, such as (1, 2, 4, 8), not by `step`.
        when: (name, values): the control shows only while that parameter has one of these values, and its
            own control shows.
        group: a heading above the first control of each group.
    """

    name: str
    label: str
    kind: str
    help: str
    min: float = 0
    max: float = 0
    step: float = 1
    unit: str = ""
    choices: tuple[str, ...] = ()
    percent: bool = False
    when: tuple[str, tuple[str, ...]] | None = None
    group: str = ""
    stops: tuple[float, ...] = ()


def source_text(*names: str) -> str:
    """The named files beside this module, joined."""
    here = Path(__file__).parent
    return "\n".join((here / name).read_text(encoding="utf-8") for name in names)


PLAIN_ESM = source_text("link.js", "controls.js", "base.js", "plain.js")
PLAIN_CSS = source_text("base.css")


class Lab(LiveWithStill):
    """A live view on an engine.

    Subclasses give `_esm`, `_css`, `title`, and the methods under "for subclasses". One that draws, and shows
    no photographs, sets `picture_format` to "PNG"; one whose controls are all described takes
    `_esm = PLAIN_ESM` and `_css = PLAIN_CSS`.

    Args:
        engine: computes the pictures.
        params: start values that differ from the engine's defaults.

    Raises:
        ValueError: for an unknown parameter or a value that is not allowed.
    """

    picture_format = "JPEG"
    title = traitlets.Unicode("Lab").tag(sync=True)
    controls: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    initial = traitlets.Dict().tag(sync=True)
    # The settled picture and what belongs to it. They travel together, and are saved with the notebook.
    settings = traitlets.Dict().tag(sync=True)
    frame = traitlets.Bytes().tag(sync=True)
    caption = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)

    def __init__(self, engine: Engine, params: Mapping[str, Any], **traits: Any) -> None:
        self._engine = engine
        self._turn = threading.RLock()  # the kernel's thread (`set`) and the mailbox's take turns
        self._number = 0  # of the last picture: a view never goes back
        self._asked: dict[str, int] = {}  # browser page -> its newest request
        self._answered: dict[str, int] = {}  # the same, when the last request was taken up
        self._mailbox: Mailbox[dict[str, Any]] = Mailbox(self._serve)
        initial = engine.check(params)
        settled, _ = self._settled(initial)
        controls = [asdict(control) for control in self._controls()]
        super().__init__(controls=controls, initial=initial, **settled, **traits)
        self.on_msg(self._receive)
        hide_busy(self.model_id)

    def close(self) -> None:
        """Takes the lab out of the page; it cannot be shown again."""
        if self.comm is not None:
            show_busy(self.comm.comm_id)
        super().close()

    # --- for the reader

    @property
    def params(self) -> dict[str, Any]:
        """A copy of the parameters of the picture that is shown."""
        return deepcopy(self.settings)

    def set(self, **params: Any) -> None:
        """Changes parameters and shows the new picture.

        Raises:
            ValueError: for an unknown parameter or a value that is not allowed; nothing is changed then.
        """
        with self._turn:
            self._show(*self._settled(self._engine.check({**self.settings, **params})))

    def reset(self) -> None:
        """Back to the parameters that the lab started with."""
        self.set(**self.initial)

    def to_code(self) -> str:
        """Plain Python (PyTorch, scikit-learn ...) that makes the same result without dpwidgets."""
        return self._engine.to_code(self.params)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._summary(self.settings)})"

    # --- for subclasses

    def _controls(self) -> Iterable[Control]:
        """The controls of the parameters that the view can make from a description."""
        raise NotImplementedError

    def _summary(self, params: Mapping[str, Any]) -> str:
        """The parameters in a few words, for the text that stands for the lab."""
        raise NotImplementedError

    def _notes(self, notes: Mapping[str, Any]) -> list[str]:
        """The engine's notes that belong to the picture, as short texts. They are saved with it."""
        raise NotImplementedError

    def _more(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        """More, JSON-able, for the view to show below the picture (`caption.more`). It is saved too."""
        return {}

    def _cost(self, notes: Mapping[str, Any]) -> str:
        """What the picture took. It differs each time, so it is shown but never saved."""
        return ""

    # --- parameters and pictures

    def _settled(self, params: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The traits of the full picture for `params`, and what it cost."""
        rendered = self._engine.render(params)
        height, width = rendered.picture.shape[:2]
        caption = {
            "alt": rendered.alt,
            "notes": self._notes(rendered.notes),
            "more": self._more(rendered.notes),
            "width": width,
            "height": height,
        }
        traits = {
            "settings": params,
            "frame": self._encoded(rendered.picture),
            "caption": caption | self._stamp(),
            "code": self._engine.to_code(params),
        }
        return traits, self._cost(rendered.notes)

    def _stamp(self) -> dict[str, Any]:
        """What tells the views which picture is newer, and which requests are answered."""
        self._number += 1
        return {"number": self._number, "seen": self._answered}

    def _show(self, traits: dict[str, Any], cost: str) -> None:
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)
        self.send({"kind": "cost", "cost": cost})
        self.update_still()

    # --- messages from the view

    def _receive(self, _: Any, message: dict[str, Any], __: list[memoryview]) -> None:
        """Runs in the kernel's message loop: only takes the message in."""
        if message.get("kind") == "params":
            self._asked[message["client"]] = message["request"]
            self._mailbox.put(message | {"asked": dict(self._asked)})

    def _serve(self, request: dict[str, Any]) -> None:
        """Answers a request, always: a view that waits for an answer sends nothing more."""
        with self._turn:
            self._answered = request["asked"]
            try:
                params = self._engine.check(request["params"])
                if request["moving"]:
                    preview = self._engine.render(params, PREVIEW_SCALE)
                    self.send({"kind": "frame", **self._stamp()}, [self._encoded(preview.picture)])
                else:
                    self._show(*self._settled(params))
            except Exception as error:  # whatever the engine does, the lab goes on
                text = f"{type(error).__name__}: {error}\n\nwith {_listed(request['params'])}"
                self.send({"kind": "problem", "text": text, "seen": self._answered})

    # --- what stands in the notebook

    def _still_output(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The settled picture as an output: data and metadata."""
        kind = f"image/{self.picture_format.lower()}"
        data = {kind: base64.b64encode(self.frame).decode(), "text/plain": repr(self)}
        return data, {kind: {"alt": self.caption["alt"]}}

    def _encoded(self, picture: np.ndarray) -> bytes:
        options = {"JPEG": {"quality": JPEG_QUALITY}, "PNG": {"compress_level": PNG_COMPRESSION}}
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, self.picture_format, **options[self.picture_format])
        return buffer.getvalue()


def _listed(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in params.items())
