"""Proves a lab without a browser: its sliders do something, no callback raises, its code is alive.

    python tools/lab_proof.py            every lab that draws a picture
    python tools/lab_proof.py SplitLab   this one

The proof plays the page: it sends what a moved control sends, and looks at what comes back. That the code
gives the lab's very result is proven lab by lab in tests/unit; the loader lab, which measures in place of
drawing, has tests of its own.
"""

import builtins
import contextlib
import io
import queue
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import dpwidgets
from dpwidgets.labs.base import Lab

SECONDS = 120.0  # a limit against hanging, no promise
_PAGE = "proof"  # the name under which the proof asks, as each browser page has one
# Small data where the lab's own takes long.
_OPTIONS: dict[str, dict[str, Any]] = {"BatchLab": {"data": "wine", "epochs": 2}}


class Fault(NamedTuple):
    """What is wrong with a lab: `lab-slider`, `lab-callback` or `lab-code`, and why."""

    rule: str
    text: str


class _Shown(NamedTuple):
    """What a reader sees of a settled lab."""

    picture: bytes
    texts: str
    code: str


def labs() -> dict[str, type[Lab]]:
    """The public labs that draw a picture, by name."""
    found = {name: getattr(dpwidgets, name) for name in dpwidgets.__all__ if name.endswith("Lab")}
    return {name: lab for name, lab in found.items() if issubclass(lab, Lab)}


def made(name: str) -> Lab:
    """The lab of this name on data that comes with the package."""
    return labs()[name](**_OPTIONS.get(name, {}))


def faults(lab: Lab) -> list[Fault]:
    """Everything that the proof finds wrong with `lab`; it is left at its start values."""
    page = _Page(lab)
    found = [*_sliders(page), *_code(page)]
    lab.reset()
    return found


class _Page:
    """The browser's side of a lab: moves controls, collects the answers."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.controls = {spec["name"]: spec for spec in lab.controls}
        self._request = 0
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        lab.send = lambda content, buffers=None: self._answers.put(content)
        lab.observe(lambda change: self._answers.put({"kind": "settled", **change["new"]}), "caption")

    @property
    def shown(self) -> _Shown:
        caption = self.lab.caption
        return _Shown(self.lab.frame, f"{caption['notes']} {caption['more']}", self.lab.code)

    def visible(self, spec: dict[str, Any]) -> bool:
        if spec["when"] is None:
            return True
        name, values = spec["when"]
        above = self.controls.get(name)
        return self.lab.settings[name] in values and (above is None or self.visible(above))

    def move(self, name: str, value: Any, moving: bool = False) -> str:
        """The control `name` is set to `value`; what the lab complains of, empty where all is well."""
        self._request += 1
        params = {**self.lab.params, name: value}
        content = {"kind": "params", "client": _PAGE, "request": self._request, "moving": moving}
        self.lab._handle_custom_msg(content | {"params": params}, [])
        while True:
            try:
                answer = self._answers.get(timeout=SECONDS)
            except queue.Empty:
                return f"no answer within {SECONDS:.0f} s"
            if answer.get("seen", {}).get(_PAGE, 0) >= self._request:
                return answer["text"] if answer["kind"] == "problem" else ""


def _sliders(page: _Page) -> Iterator[Fault]:
    """The first visible slider changes the picture; each other one what stands below it, or the code."""
    visible = [spec for spec in page.lab.controls if spec["kind"] == "slider" and page.visible(spec)]
    if not visible:
        yield Fault("lab-slider", "no slider is visible when the lab opens")
    for place, spec in enumerate(visible):
        start = page.shown
        alive = False
        for value in _other_values(spec, page.lab.settings[spec["name"]]):
            for moving in (True, False):
                if problem := page.move(spec["name"], value, moving):
                    yield Fault("lab-callback", f"{spec['label']} at {value}: {problem}")
                    return
            alive |= page.shown.picture != start.picture if place == 0 else page.shown != start
            if alive:
                break
        if not alive:
            what = "the picture" if place == 0 else "all that the lab shows"
            yield Fault("lab-slider", f"moving {spec['label']!r} leaves {what} as it was")
        page.lab.reset()


def _code(page: _Page) -> Iterator[Fault]:
    """The code runs without dpwidgets, follows the controls, and is the same in the page as in Python."""
    code = page.lab.to_code()
    if trouble := _trouble(code):
        yield Fault("lab-code", trouble)
    follows = False
    for spec in filter(page.visible, page.lab.controls):
        for value in _other_values(spec, page.lab.settings[spec["name"]]):
            if problem := page.move(spec["name"], value):
                if problem.startswith("ValueError:"):
                    continue  # a choice that these data do not allow, and said so
                yield Fault("lab-callback", f"{spec['label']} at {value}: {problem}")
                return
            if page.lab.code != page.lab.to_code():
                yield Fault("lab-code", f"with {spec['name']}={value!r} the page copies older code")
                return
            follows |= page.lab.code != code
        page.lab.reset()
        if follows:
            return
    yield Fault("lab-code", "the code is the same whatever the controls say")


def _other_values(spec: dict[str, Any], now: Any) -> list[Any]:
    """A few values that the control could be moved to."""
    if spec["kind"] == "flag":
        return [not now]
    if spec["kind"] == "choice":
        return [choice for choice in spec["choices"] if choice != now]
    if spec["kind"] in ("text", "lines"):
        return []
    low, high = spec["min"], spec["max"]
    middle = (low + high) / 2 if isinstance(now, float) else (low + high) // 2
    values = spec["stops"] or (high, middle, low)
    return [value for value in values if value != now][:3]


def _trouble(code: str) -> str:
    """Why the code is of no use to a reader; empty where it runs without dpwidgets."""
    if not code.strip():
        return "there is no code"

    def plain_import(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "dpwidgets":
            raise ImportError("it imports dpwidgets")
        return __import__(name, *rest)

    space = {"__builtins__": {**vars(builtins), "__import__": plain_import}, "__name__": "copied"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, "<copied code>", "exec"), space)
    except Exception as error:
        return f"the code does not run: {type(error).__name__}: {error}"
    return ""


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in labs()]
    if unknown:
        print(f"no lab {', '.join(unknown)}; there are {', '.join(labs())}", file=sys.stderr)
        return 2
    found = [f"{name}: [{rule}] {text}" for name in names or labs() for rule, text in faults(made(name))]
    print("\n".join(found) or "proven")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
