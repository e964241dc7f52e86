"""From slider to pixels: the image lab against `interact` + matplotlib, in JupyterLab and Chromium.

    python benchmarks/lab_latency.py [--json results.json] [--rounds 3] [--steps 10]

Both show 12 tiles of 224 px made by the same pipeline, in one run, in alternating rounds, on loopback;
once with the server's usual sockets and once with TCP_NODELAY (dpwidgets/server_nodelay.py).
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.async_api import CDPSession, Page, TimeoutError, async_playwright

from lab_jupyter import chromium, jupyter, open_notebook, write_notebook

HERE = Path(__file__).parent
DRAG_EVENTS, DRAG_HZ = 180, 60
TOP = 90  # per cent: the drag goes up to here and back, one step an event
QUIET = 0.15  # share of the machine that others may use while we measure
TARGETS = "targets: ratio >= 6, >= 25 pictures/s, <= 100 ms behind, no blank or torn look, last value lands"


@dataclass(frozen=True)
class Contestant:
    """One way to show the pictures, and how to find its parts in the page."""

    name: str
    cell: str
    picture: str  # selector
    handle: str  # selector of what has the slider's focus
    track: str  # selector of what the slider's handle runs on
    inset: float  # pixels from the track's ends to the handle's centre at its ends
    corners: tuple[float, float, float, float]  # where the coloured marks are: shares of width and height


OURS = Contestant(
    "ImageLab", "import lab_content\nlab_content.our_lab()",
    picture=".dpw-preview:not([hidden]), img.dpw-picture",
    handle=".dpw-lab input[type=range]", track=".dpw-lab input[type=range]", inset=8,
    corners=(0.015, 0.02, 0.985, 0.98),
)  # fmt: skip
THEIRS = Contestant(
    "interact + matplotlib", "%matplotlib inline\nimport lab_content\nlab_content.interact_matplotlib()",
    picture=".jp-RenderedImage img", handle=".noUi-handle", track=".noUi-base", inset=0,
    corners=(0.03, 0.04, 0.97, 0.96),
)  # fmt: skip


@dataclass
class Result:
    """What was measured of one contestant; times in milliseconds."""

    to_pixels: list[float] = field(default_factory=list)
    to_full: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    last_landed: list[bool] = field(default_factory=list)
    looks: int = 0
    blank: int = 0
    torn: int = 0
    others: list[float] = field(default_factory=list)  # share of the machine used by others meanwhile


class Load:
    """The share of the machine that processes other than ours use."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._start = self._now()

    def others(self) -> float:
        """Since this object was made."""
        (busy0, total0, mine0), (busy1, total1, mine1) = self._start, self._now()
        ours = sum(seconds - mine0.get(pid, 0.0) for pid, seconds in mine1.items())
        return max(0.0, (busy1 - busy0 - ours) / (total1 - total0))

    def _now(self) -> tuple[float, float, dict[int, float]]:
        times = psutil.cpu_times()
        total = sum(times[:8])
        mine = {}
        for process in [self._me, *self._me.children(recursive=True)]:
            try:
                used = process.cpu_times()
                mine[process.pid] = used.user + used.system
            except psutil.Error:  # it ended
                continue
        return total - times.idle - getattr(times, "iowait", 0.0), total, mine


async def quiet(patience: float) -> None:
    """Waits until others leave the machine alone, at most `patience` seconds."""
    for _ in range(int(patience)):
        load = Load()
        await asyncio.sleep(1)
        if load.others() < QUIET:
            return


class Bench:
    """One contestant in one page."""

    def __init__(self, page: Page, who: Contestant) -> None:
        self.page, self.who, self.result = page, who, Result()

    async def open(self, address: str, folder: Path) -> None:
        name = f"{'ours' if self.who is OURS else 'theirs'}.ipynb"
        write_notebook(folder / name, [f"import sys; sys.path.insert(0, {str(HERE)!r})", self.who.cell])
        await self.page.add_init_script(path=HERE / "lab_probe.js")
        await open_notebook(self.page, address, name)
        try:
            await self.page.wait_for_selector(self.who.picture, timeout=60_000)
        except TimeoutError:
            outputs = await self.page.locator(".jp-OutputArea-output").all_inner_texts()
            raise RuntimeError(f"{self.who.name} shows no picture but {outputs}") from None

    async def start(self) -> None:
        await self.page.evaluate("([s, c]) => probe.start(s, c)", [self.who.picture, self.who.corners])

    async def stop(self) -> dict[str, Any]:
        """Stops the probe; gives what it saw."""
        return await self.page.evaluate("() => { probe.stop(); return {...probe}; }")

    async def until(self, value: int, width: int = 0, seconds: float = 30) -> bool:
        """Waits until the picture carries `value`, at least `width` pixels wide."""
        for _ in range(int(seconds * 20)):
            shown = await self.page.evaluate("() => probe.shown.at(-1)")
            if shown and shown[0] == value and shown[1] >= width:
                return True
            await asyncio.sleep(0.05)
        return False

    async def home(self) -> None:
        """The slider to 0, and everything at rest."""
        await self.page.bring_to_front()
        handle = self.page.locator(self.who.handle).first
        await handle.scroll_into_view_if_needed()
        await handle.focus()
        await self.start()
        await self.page.keyboard.press("ArrowRight")
        await self.page.keyboard.press("Home")
        if not await self.until(0):
            raise RuntimeError(f"{self.who.name}: the picture does not follow the slider.")
        await asyncio.sleep(1)
        self.full_width = await self.page.evaluate("() => probe.shown.at(-1)[1]")

    async def steps(self, count: int) -> None:
        """Single steps with the arrow key, each from rest."""
        await self.home()
        await self.start()
        load = Load()
        for value in range(1, count + 1):
            await self.page.keyboard.press("ArrowRight")
            if not await self.until(value, self.full_width):
                raise RuntimeError(f"{self.who.name}: value {value} never arrived.")
            await asyncio.sleep(0.4 + random.random() * 0.1)
        self.result.others.append(load.others())
        seen = await self.stop()
        for value, pressed in enumerate(seen["keys"], start=1):
            times = [(time, width) for shown, width, time in seen["shown"] if shown == value]
            self.result.to_pixels.append(times[0][0] - pressed)
            self.result.to_full.append(
                next(time for time, width in times if width >= self.full_width) - pressed
            )
        self._count(seen)

    async def drag(self) -> None:
        """A drag with the mouse, one slider step an event."""
        await self.home()
        box = await self.page.locator(self.who.track).first.bounding_box()
        assert box is not None
        left, width = box["x"] + self.who.inset, box["width"] - 2 * self.who.inset
        middle = box["y"] + box["height"] / 2
        values = [min(n, 2 * TOP - n) for n in range(1, DRAG_EVENTS + 1)][:-20]  # ends at 20, not at 0
        session = await self.page.context.new_cdp_session(self.page)
        await _mouse(session, "mouseMoved", left, middle, 0)
        await self.start()
        await _mouse(session, "mousePressed", left, middle, 1)
        load = Load()
        clock = asyncio.get_running_loop()
        begin, moves = clock.time(), []
        for number, value in enumerate(values):
            await asyncio.sleep(max(0.0, begin + number / DRAG_HZ - clock.time()))
            x = left + width * value / 100
            moves.append(asyncio.create_task(_mouse(session, "mouseMoved", x, middle, 1)))
        await asyncio.gather(*moves)
        await _mouse(session, "mouseReleased", left + width * values[-1] / 100, middle, 1)
        self.result.others.append(load.others())
        landed = await self.until(values[-1])
        await asyncio.sleep(1.5)  # does anything stale follow?
        seen = await self.stop()
        await session.detach()
        down, up = seen["downs"][-1], seen["ups"][-1]
        during = [time for _, _, time in seen["shown"] if down <= time <= up]
        self.result.per_second.append(len(during) / (up - down) * 1000)
        ends = [time for value, _, time in seen["shown"] if value == values[-1]]
        others = [time for value, _, time in seen["shown"] if value != values[-1]]
        first_at_end = min((time for time in ends if time > max(others)), default=float("nan"))
        self.result.behind.append(max(0.0, first_at_end - up))
        self.result.last_landed.append(landed and seen["shown"][-1][0] == values[-1])
        self._count(seen)

    def _count(self, seen: dict[str, Any]) -> None:
        self.result.looks += seen["looks"]
        self.result.blank += seen["blank"]
        self.result.torn += seen["torn"]


async def _mouse(session: CDPSession, kind: str, x: float, y: float, buttons: int) -> None:
    event = {"type": kind, "x": x, "y": y, "button": "left" if buttons else "none", "buttons": buttons}
    await session.send("Input.dispatchMouseEvent", event | {"clickCount": int(kind != "mouseMoved")})


async def race(prompt: bool, rounds: int, steps: int, patience: float) -> dict[str, Result]:
    """Both contestants in one JupyterLab, turn by turn."""
    with tempfile.TemporaryDirectory() as folder, jupyter(Path(folder), prompt=prompt) as address:
        async with async_playwright() as playwright:
            browser = await chromium(playwright)
            context = await browser.new_context(viewport={"width": 1400, "height": 1000})
            benches = [Bench(await context.new_page(), who) for who in (THEIRS, OURS)]
            for bench in benches:
                await bench.open(address, Path(folder) / "notebooks")
            for _ in range(rounds):
                for measure in ("steps", "drag"):
                    for bench in benches:
                        await quiet(patience)
                        await (bench.steps(steps) if measure == "steps" else bench.drag())
            await browser.close()
    return {bench.who.name: bench.result for bench in benches}


def table(title: str, results: dict[str, Result]) -> str:
    """The measurements side by side, with the ratio where it means something."""
    theirs, ours = results[THEIRS.name], results[OURS.name]

    def row(name: str, unit: str, theirs: float, ours: float, ratio: float | None = None) -> str:
        return (
            f"{name:<34}{theirs:>12.1f}{ours:>12.1f}  {unit:<5}{'' if ratio is None else f'{ratio:6.1f} x'}"
        )

    def medians(name: str) -> tuple[float, float]:
        return median(getattr(theirs, name)), median(getattr(ours, name))

    pixels, full, rate, behind = (medians(name) for name in ("to_pixels", "to_full", "per_second", "behind"))
    return "\n".join([
        f"{title:<34}{'interact':>12}{'ImageLab':>12}",
        row("slider to new pixels, median", "ms", *pixels, pixels[0] / pixels[1]),
        row("slider to the full picture, median", "ms", *full, full[0] / full[1]),
        row("pictures a second during a drag", "/s", *rate),
        row("behind after release, median", "ms", *behind),
        row("behind after release, worst", "ms", max(theirs.behind), max(ours.behind)),
        row("blank looks", "", theirs.blank, ours.blank),
        row("torn looks", "", theirs.torn, ours.torn),
        row("drags whose last value landed", "", sum(theirs.last_landed), sum(ours.last_landed)),
        row("load of others, mean", "%", *(100 * sum(r.others) / len(r.others) for r in (theirs, ours))),
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10, help="arrow-key steps a round")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write all measurements here")
    arguments = parser.parse_args()
    report = {}
    for prompt, title in ((False, "usual sockets"), (True, "TCP_NODELAY")):
        results = asyncio.run(race(prompt, arguments.rounds, arguments.steps, arguments.patience))
        print(table(title, results), end="\n\n", flush=True)
        report[title] = {name: asdict(result) for name, result in results.items()}
    print(TARGETS)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    sys.exit(main())
