"""What chapter 10b asks: collecting data."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dpwidgets.learn.model import Chapter, Check, Exercise, Option, Prediction, Quiz, WrongAnswer

# --- exercise 10b.1


def _tried_again(try_again: Callable[..., Any]) -> Any:
    return [status for status in range(100, 600) if try_again("GET", status, 1, 4)]


TRY_AGAIN = Exercise(
    id="10b.1",
    title="Again, or not?",
    prompt=(
        "A request with `method` (`GET`, `HEAD`, `POST`, …) got the answer `status`, or no answer in time "
        "(`None`). It was try number `attempt` (1, 2, …) of at most `tries`. Return whether to "
        "send it again.\n"
        "Again only: GET and HEAD; after no answer, 429, 500, 502, 503 or 504; and while a try is left."
    ),
    stub="""
def try_again(method: str, status: int | None, attempt: int, tries: int) -> bool:
    ...
""",
    checks=(
        Check(("GET", 503, 1, 4), expected=True, why="503 is busy: waiting can help, and tries are left."),
        Check(
            ("GET", 404, 1, 4),
            expected=False,
            why="404: what you asked for is not there. It will not be there in a second either.",
        ),
        Check(
            ("GET", 429, 1, 4),
            expected=True,
            why="429 is the 4xx that waiting cures: you were too fast.",
        ),
        Check(("GET", None, 2, 4), expected=True, why="No answer in time: the line may be back soon."),
        Check(
            ("POST", None, 1, 4),
            expected=False,
            why="The POST may have done its work before the line broke: sent again, it is done twice.",
        ),
        Check(
            ("GET", 503, 4, 4),
            expected=False,
            why="That was try 4 of 4: no try is left, so this would be one too many.",
        ),
        Check(("GET", 200, 1, 4), expected=False, why="200: you have what you wanted."),
        Check(("GET", 501, 1, 4), expected=False, why="501 says that the server cannot do this at all."),
        Check(
            use=_tried_again,
            shown="the statuses from 100 to 599 after which a GET is sent again",
            expected=[429, 500, 502, 503, 504],
            why="Those five, and no others.",
        ),
        Check(("GET", 503, 3, 4), expected=True, why="That was try 3 of 4: one is left."),
        Check(("HEAD", 503, 1, 4), expected=True, why="HEAD is GET without the body: twice does no harm."),
        Check(("POST", 503, 1, 4), expected=False, why="A POST is not sent again, whatever the status says."),
        Check(("GET", None, 4, 4), expected=False, why="No answer to try 4 of 4: there must be an end."),
    ),
    hints=(
        "Three conditions, and all must hold. Which one looks at the method, which at the "
        "status, which counts?",
        "`status in {None, 429, ...}` is one test for all of them: a set may hold `None` too.",
        '`return method in {"GET", "HEAD"} and status in {None, 429, 500, 502, 503, 504} and '
        "attempt < tries`",
    ),
    solution="""
def try_again(method: str, status: int | None, attempt: int, tries: int) -> bool:
    helps = status in {None, 429, 500, 502, 503, 504}
    return method in {"GET", "HEAD"} and helps and attempt < tries
""",
    explanation="Waiting must be able to help, doing it twice must do no harm, and there must be an end.",
    why_it_matters="A loop that tries everything again hammers a site with 404s and orders things twice.",
    wrong=(
        WrongAnswer(
            "tries every error again",
            "def try_again(method, status, attempt, tries):\n"
            "    failed = status is None or status >= 400\n"
            "    return method in {'GET', 'HEAD'} and failed and attempt < tries",
            says="It will not be there in a second either",
        ),
        WrongAnswer(
            "forgets 429",
            "def try_again(method, status, attempt, tries):\n"
            "    failed = status is None or status >= 500\n"
            "    return method in {'GET', 'HEAD'} and failed and attempt < tries",
            says="you were too fast",
        ),
        WrongAnswer(
            "repeats a POST",
            "def try_again(method, status, attempt, tries):\n"
            "    return status in {None, 429, 500, 502, 503, 504} and attempt < tries",
            says="it is done twice",
        ),
        WrongAnswer(
            "one try too many",
            "def try_again(method, status, attempt, tries):\n"
            "    helps = status in {None, 429, 500, 502, 503, 504}\n"
            "    return method in {'GET', 'HEAD'} and helps and attempt <= tries",
            says="one too many",
        ),
        WrongAnswer(
            "one try too few",
            "def try_again(method, status, attempt, tries):\n"
            "    helps = status in {None, 429, 500, 502, 503, 504}\n"
            "    return method in {'GET', 'HEAD'} and helps and attempt + 1 < tries",
            says="one is left",
        ),
        WrongAnswer(
            "knows GET only",
            "def try_again(method, status, attempt, tries):\n"
            "    helps = status in {None, 429, 500, 502, 503, 504}\n"
            "    return method == 'GET' and helps and attempt < tries",
            says="without the body",
        ),
        WrongAnswer(
            "knows two statuses",
            "def try_again(method, status, attempt, tries):\n"
            "    return method in {'GET', 'HEAD'} and status in {None, 429, 503} and attempt < tries",
            says="Those five",
        ),
        WrongAnswer(
            "no answer is tried for ever",
            "def try_again(method, status, attempt, tries):\n"
            "    if method not in {'GET', 'HEAD'}:\n"
            "        return False\n"
            "    return status is None or status in {429, 500, 502, 503, 504} and attempt < tries",
            says="there must be an end",
        ),
    ),
)

# --- exercise 10b.2


def _longest(backoff: Callable[..., Any]) -> Any:
    rng = random.Random(0)
    return max(backoff(4, 0.5, 30.0, rng) for _ in range(500))


def _capped(backoff: Callable[..., Any]) -> Any:
    rng = random.Random(0)
    return max(backoff(10, 1.0, 30.0, rng) for _ in range(500))


def _different(backoff: Callable[..., Any]) -> int:
    rng = random.Random(0)
    return len({backoff(10, 1.0, 30.0, rng) for _ in range(50)})


def _at_the_lid(backoff: Callable[..., Any]) -> int:
    rng = random.Random(0)
    return sum(backoff(10, 1.0, 30.0, rng) == 30 for _ in range(500))


def _shortest(backoff: Callable[..., Any]) -> Any:
    rng = random.Random(0)
    return min(backoff(1, 2.0, 30.0, rng) for _ in range(500))


def _about_0(shortest: Any) -> str | None:
    return "A wait may be as short as 0 s: draw from 0 on, not from `first`." if shortest > 0.2 else None


def _share_below_half(backoff: Callable[..., Any]) -> bool:
    rng = random.Random(0)
    return 200 < sum(backoff(4, 0.5, 30.0, rng) < 4 for _ in range(500)) < 300


def _own_chance(backoff: Callable[..., Any]) -> bool:
    before = random.getstate()
    try:
        results = []
        for seed in range(4):
            random.seed(seed)
            results.append(backoff(3, 1.0, 30.0, random.Random(7)))
    finally:
        random.setstate(before)
    return all(result == results[0] for result in results)


def _about_8(longest: Any) -> str | None:
    if longest > 8:
        return "Attempt 4 waits at most 0.5 · 2⁴ = 8 s: the limit is `first`, doubled with each attempt."
    if longest < 7.6:
        return "Attempt 4 may wait up to 0.5 · 2⁴ = 8 s: the limit doubles with each attempt."
    return None


def _no_pile(at_the_lid: int) -> str | None:
    if at_the_lid == 500:
        return "Everybody waits the same time: all come back in the same instant. Draw the wait from `rng`."
    if at_the_lid > 100:
        return (
            "The lid came after the draw: most draws are above it, and become the same 30 s. Put it on the "
            "limit, then draw."
        )
    if at_the_lid:
        return (
            "A draw of whole seconds has few values, and many wait the same. `rng.uniform` has all between."
        )
    return None


def _about_30(longest: Any) -> str | None:
    if longest > 30:
        return "More than `most`: after ten tries this would wait for a quarter of an hour. Put a lid on it."
    if longest < 28:
        return "It must be able to come near to `most` = 30 s."
    return None


BACKOFF = Exercise(
    id="10b.2",
    title="How long to wait",
    prompt=(
        "Return the seconds to wait after attempt 0, 1, 2, …: a random time between 0 and a "
        "limit. The limit is "
        "`first` after attempt 0, doubles with each attempt, and is never more than `most`.\n"
        "Draw from `rng`."
    ),
    stub="""
import random

def backoff(attempt: int, first: float, most: float, rng: random.Random) -> float:
    ...
""",
    checks=(
        Check(
            use=_at_the_lid,
            shown="how many of 500 waits backoff(10, 1.0, 30.0, rng) are just 30 s",
            judge=_no_pile,
            wants="none",
        ),
        Check(
            use=_different,
            shown="how many different waits in 50 calls of backoff(10, 1.0, 30.0, rng)",
            expected=50,
            why="A draw of whole seconds has few values, and many wait the same: `rng.uniform` has more.",
            traps=((1, "All waits are the same: draw from `rng` in each call, and return what was drawn."),),
        ),
        Check(
            use=_longest,
            shown="the longest of 500 waits backoff(4, 0.5, 30.0, rng)",
            judge=_about_8,
            wants="almost 8 s",
        ),
        Check(
            use=_capped,
            shown="the longest of 500 waits backoff(10, 1.0, 30.0, rng)",
            judge=_about_30,
            wants="almost 30 s",
        ),
        Check(
            use=_share_below_half,
            shown="about half of 500 waits backoff(4, 0.5, 30.0, rng) are shorter than 4 s",
            expected=True,
            why=(
                "The waits must spread evenly from 0 to the limit: a small random part keeps the "
                "crowd together."
            ),
        ),
        Check(
            use=_shortest,
            shown="the shortest of 500 waits backoff(1, 2.0, 30.0, rng)",
            judge=_about_0,
            wants="almost 0 s",
        ),
        Check(
            use=_own_chance,
            shown="the same rng gives the same wait, whatever random.seed says",
            expected=True,
            why="Draw from `rng`, not from the module `random`.",
        ),
    ),
    hints=(
        "First the limit, without chance. Then one draw between 0 and it.",
        "`2**attempt` doubles; `min(most, ...)` is the lid; `rng.uniform(a, b)` draws between a and b.",
        "`return rng.uniform(0, min(most, first * 2**attempt))`",
    ),
    solution="""
import random

def backoff(attempt: int, first: float, most: float, rng: random.Random) -> float:
    return rng.uniform(0, min(most, first * 2**attempt))
""",
    explanation="The lid goes on the limit, before the draw: so the draw stays even between 0 and the lid.",
    why_it_matters="Jitter is what lets a site come back: 391 requests in place of 1,100 in section 4.",
    wrong=(
        WrongAnswer(
            "no dice",
            "def backoff(attempt, first, most, rng):\n    return min(most, first * 2**attempt)",
            says="all come back in the same instant",
        ),
        WrongAnswer(
            "the lid after the draw",
            "def backoff(attempt, first, most, rng):\n"
            "    return min(most, rng.uniform(0, first * 2**attempt))",
            says="The lid came after the draw",
        ),
        WrongAnswer(
            "whole seconds",
            "def backoff(attempt, first, most, rng):\n"
            "    return rng.randrange(int(min(most, first * 2**attempt)))",
            says="whole seconds",
        ),
        WrongAnswer(
            "no lid",
            "def backoff(attempt, first, most, rng):\n    return rng.uniform(0, first * 2**attempt)",
            says="Put a lid on it",
        ),
        WrongAnswer(
            "adds a little chance",
            "def backoff(attempt, first, most, rng):\n"
            "    limit = min(most, first * 2**attempt)\n"
            "    return limit * rng.uniform(0.9, 1)",
            says="keeps the crowd together",
        ),
        WrongAnswer(
            "grows by addition",
            "def backoff(attempt, first, most, rng):\n"
            "    return rng.uniform(0, min(most, first * (attempt + 1)))",
            says="the limit doubles with each attempt",
        ),
        WrongAnswer(
            "leaves out the first wait",
            "def backoff(attempt, first, most, rng):\n    return rng.uniform(0, min(most, 2**attempt))",
            says="the limit is `first`, doubled",
        ),
        WrongAnswer(
            "a square in place of a power",
            "def backoff(attempt, first, most, rng):\n"
            "    return rng.uniform(0, min(most, (first * attempt) ** 2))",
            says="the limit doubles with each attempt",
        ),
        WrongAnswer(
            "the same chance in each call",
            "import random\n\n"
            "def backoff(attempt, first, most, rng):\n"
            "    return random.Random(0).uniform(0, min(most, first * 2**attempt))",
            says="draw from `rng` in each call",
        ),
        WrongAnswer(
            "draws from the first wait on",
            "def backoff(attempt, first, most, rng):\n"
            "    return rng.uniform(first, min(most, first * 2**attempt))",
            says="draw from 0 on",
        ),
        WrongAnswer(
            "draws from the module",
            "import random\n\n"
            "def backoff(attempt, first, most, rng):\n"
            "    return random.uniform(0, min(most, first * 2**attempt))",
            says="not from the module",
        ),
    ),
)

# --- exercise 10b.3

_PAGE = "https://photos.example/scenes/sea.html"

ON_SITE = Exercise(
    id="10b.3",
    title="Links that stay on the site",
    prompt=(
        "`link` stands on `page`. Return its absolute address without a fragment (`#top`), or "
        "`None` if it leads "
        "to another host or to none (`mailto:`)."
    ),
    stub="""
def on_site(page: str, link: str) -> str | None:
    ...
""",
    checks=(
        Check(
            (_PAGE, "../sky.html"),
            expected="https://photos.example/sky.html",
            why="A relative link counts from the folder of its page, here `/scenes/`: `..` goes one up.",
            traps=(
                (
                    _PAGE + "../sky.html",
                    "The link was glued to the page's own name. `urljoin(page, link)` finds where it leads.",
                ),
                ("https://photos.example/scenes/../sky.html", "`..` must be resolved: `urljoin` does it."),
                (None, "A relative link has no host of its own: make it absolute first."),
            ),
        ),
        Check(
            (_PAGE, "sky.html#top"),
            expected="https://photos.example/scenes/sky.html",
            why="`#top` is a place in the page, not another page: the seen set would take it for a new one.",
        ),
        Check(
            (_PAGE, "https://other.example/scenes/sea.html"),
            expected=None,
            why="Another host: the crawl would leave the site.",
        ),
        Check(
            (_PAGE, "https://photos.example.evil.test/x"),
            expected=None,
            why=(
                "The address begins like ours, but its host is `photos.example.evil.test`: compare "
                "whole hosts."
            ),
        ),
        Check(
            (_PAGE, "https://evil.test/?from=photos.example"),
            expected=None,
            why="Our name stands somewhere in it, but the host is `evil.test`: compare whole hosts.",
        ),
        Check((_PAGE, "mailto:me@photos.example"), expected=None, why="`mailto:` has no host at all."),
        Check(
            (_PAGE, "/a.jpg"),
            expected="https://photos.example/a.jpg",
            why="A link with a leading slash starts at the root of the host.",
        ),
    ),
    hints=(
        "Make it absolute first. Then ask who the host is. Text tests such as `startswith` are not enough.",
        "`urllib.parse` has `urljoin(page, link)`, `urldefrag(address).url` and `urlsplit(address).netloc`.",
        "`address = urldefrag(urljoin(page, link)).url`; return it if "
        "`urlsplit(address).netloc == urlsplit(page).netloc`, else `None`.",
    ),
    solution="""
from urllib.parse import urldefrag, urljoin, urlsplit

def on_site(page: str, link: str) -> str | None:
    address = urldefrag(urljoin(page, link)).url
    return address if urlsplit(address).netloc == urlsplit(page).netloc else None
""",
    explanation="`netloc` is host and port. `mailto:` has none, so it fails the same comparison.",
    why_it_matters="One wrong comparison, and a crawl of 40 pages becomes a crawl of the internet.",
    wrong=(
        WrongAnswer(
            "glues the link to the page",
            "def on_site(page, link):\n    return page + link",
            says="glued to the page's own name",
        ),
        WrongAnswer(
            "keeps the fragment",
            "from urllib.parse import urljoin, urlsplit\n\n"
            "def on_site(page, link):\n"
            "    address = urljoin(page, link)\n"
            "    return address if urlsplit(address).netloc == urlsplit(page).netloc else None",
            says="not another page",
        ),
        WrongAnswer(
            "compares the beginning",
            "from urllib.parse import urldefrag, urljoin, urlsplit\n\n"
            "def on_site(page, link):\n"
            "    address = urldefrag(urljoin(page, link)).url\n"
            "    return address if address.startswith('https://' + urlsplit(page).netloc) else None",
            says="begins like ours",
        ),
        WrongAnswer(
            "looks for the name anywhere",
            "from urllib.parse import urldefrag, urljoin, urlsplit\n\n"
            "def on_site(page, link):\n"
            "    address = urldefrag(urljoin(page, link)).url\n"
            "    host = urlsplit(page).netloc\n"
            "    there = urlsplit(address).netloc\n"
            "    return address if there == host or address.endswith(host) and '?' in address else None",
            says="Our name stands somewhere in it",
        ),
        WrongAnswer(
            "asks the link before it is absolute",
            "from urllib.parse import urldefrag, urljoin, urlsplit\n\n"
            "def on_site(page, link):\n"
            "    if urlsplit(link).netloc != urlsplit(page).netloc:\n"
            "        return None\n"
            "    return urldefrag(urljoin(page, link)).url",
            says="make it absolute first",
        ),
    ),
)

# --- exercise 10b.4

_PAGES: dict[str, tuple[list[dict[str, int]], str | None]] = {
    "": ([{"id": 9}, {"id": 8}], "8"),
    "8": ([], "7"),
    "7": ([{"id": 8}, {"id": 5}], "5"),
    "5": ([{"id": 2}], None),
}


def _items(*ids: int) -> list[dict[str, int]]:
    return [{"id": number} for number in ids]


def _four_pages(read: Callable[..., Any]) -> Any:
    asked: list[str] = []

    def ask(cursor: str) -> tuple[list[dict[str, int]], str | None]:
        asked.append(cursor)
        if len(asked) > 10:
            raise RecursionError("asked more than 10 times for 4 pages")
        if cursor not in _PAGES:
            raise ValueError(f'ask({cursor!r}): begin with ask(""); None says that no page is left')
        return _PAGES[cursor]

    return read(ask)


def _round(read: Callable[..., Any]) -> int:
    asked: list[str] = []

    def ask(cursor: str) -> tuple[list[dict[str, int]], str | None]:
        asked.append(cursor)
        if len(asked) > 50:
            raise StopIteration
        return [{"id": len(asked)}], "b" if cursor == "a" else "a"

    with suppress(StopIteration, RuntimeError):
        read(ask)
    return len(asked)


READ_PAGES = Exercise(
    id="10b.4",
    title="All pages, by cursor",
    prompt=(
        '`ask(cursor)` gives one page: `(items, next_cursor)`. Begin with `ask("")`; after the last page '
        '`next_cursor` is `None`. Return all items in order, each `item["id"]` once.\n'
        "A page may be empty and still not be the last. If a cursor comes that you have asked "
        "for before, stop: "
        "the server goes round in a circle."
    ),
    stub="""
from collections.abc import Callable

def read_pages(ask: Callable[[str], tuple[list[dict], str | None]]) -> list[dict]:
    ...
""",
    checks=(
        Check(
            use=_four_pages,
            shown="read_pages(ask) of four pages, ids 9 8 | (empty) | 8 5 | 2",
            expected=_items(9, 8, 5, 2),
            why="All items of all four pages, each once, in order.",
            traps=(
                (_items(9, 8), "You stopped at the empty page. Only `None` says that it was the last one."),
                (_items(9, 8, 8, 5, 2), "`8` came twice: keep a set of the ids that you have."),
                (_items(9, 8, 5), "The last page is missing: take its items before you look at the cursor."),
                (_items(2, 5, 8, 9), "The order is lost: a set has none. Keep a list beside it."),
                ([9, 8, 5, 2], "Those are the ids. Return the items themselves."),
                (
                    [],
                    'Nothing was read: `""` counts as false, so `while cursor:` ends before it begins. '
                    "Compare with `None`.",
                ),
            ),
        ),
        Check(
            use=_round,
            shown='how often ask is called if "a" leads to "b" and "b" back to "a"',
            expected=3,
            why='After "", "a" and "b" the cursor "a" comes again: without a stop the loop never ends.',
        ),
    ),
    hints=(
        "A loop with three things to remember: the items, the ids that you have, the cursors "
        "that you asked for.",
        "`while cursor is not None and cursor not in asked:`",
        "In the loop: `asked.add(cursor)`; `page, cursor = ask(cursor)`; append each item whose "
        "id is not in `ids`.",
    ),
    solution="""
from collections.abc import Callable

def read_pages(ask: Callable[[str], tuple[list[dict], str | None]]) -> list[dict]:
    items, ids, asked, cursor = [], set(), set(), ""
    while cursor is not None and cursor not in asked:
        asked.add(cursor)
        page, cursor = ask(cursor)
        for item in page:
            if item["id"] not in ids:
                ids.add(item["id"])
                items.append(item)
    return items
""",
    explanation="The set answers quickly whether an id is known; the list keeps the order.",
    why_it_matters="Empty pages are common where an API filters after it has cut the pages.",
    wrong=(
        WrongAnswer(
            "stops at an empty page",
            "def read_pages(ask):\n"
            "    items, cursor = [], ''\n"
            "    while cursor is not None:\n"
            "        page, cursor = ask(cursor)\n"
            "        if not page:\n"
            "            break\n"
            "        items += page\n"
            "    return items",
            says="You stopped at the empty page",
        ),
        WrongAnswer(
            "keeps doubles",
            "def read_pages(ask):\n"
            "    items, cursor, asked = [], '', set()\n"
            "    while cursor is not None and cursor not in asked:\n"
            "        asked.add(cursor)\n"
            "        page, cursor = ask(cursor)\n"
            "        items += page\n"
            "    return items",
            says="keep a set of the ids",
        ),
        WrongAnswer(
            "takes the empty cursor for the end",
            "def read_pages(ask):\n"
            "    items, cursor = [], ''\n"
            "    while cursor:\n"
            "        page, cursor = ask(cursor)\n"
            "        items += page\n"
            "    return items",
            says="counts as false",
        ),
        WrongAnswer(
            "returns the ids",
            "def read_pages(ask):\n"
            "    ids, cursor, asked = [], '', set()\n"
            "    while cursor is not None and cursor not in asked:\n"
            "        asked.add(cursor)\n"
            "        page, cursor = ask(cursor)\n"
            "        ids += [item['id'] for item in page if item['id'] not in ids]\n"
            "    return ids",
            says="Return the items themselves",
        ),
        WrongAnswer(
            "loses the last page",
            "def read_pages(ask):\n"
            "    items, page, cursor, asked = {}, [], '', set()\n"
            "    while cursor is not None and cursor not in asked:\n"
            "        asked.add(cursor)\n"
            "        page, cursor = ask(cursor)\n"
            "        if cursor is None:\n"
            "            break\n"
            "        for item in page:\n"
            "            items.setdefault(item['id'], item)\n"
            "    return list(items.values())",
            says="The last page is missing",
        ),
        WrongAnswer(
            "goes round for ever",
            "def read_pages(ask):\n"
            "    items, cursor = {}, ''\n"
            "    while cursor is not None:\n"
            "        page, cursor = ask(cursor)\n"
            "        for item in page:\n"
            "            items.setdefault(item['id'], item)\n"
            "    return list(items.values())",
            says="the loop never ends",
        ),
        WrongAnswer(
            "remembers the last cursor only",
            "def read_pages(ask):\n"
            "    items, cursor, last = {}, '', None\n"
            "    while cursor is not None and cursor != last:\n"
            "        last = cursor\n"
            "        page, cursor = ask(cursor)\n"
            "        for item in page:\n"
            "            items.setdefault(item['id'], item)\n"
            "    return list(items.values())",
            says="the loop never ends",
        ),
    ),
)

# --- exercise 10b.5

_FOLDER = Path("data", "in")

STAYS = Exercise(
    id="10b.5",
    title="Does the name stay inside?",
    prompt=(
        "A server sent `name`. Return whether `folder / name` lies inside `folder`, at any depth. "
        "The folder itself does not count, and nothing need exist on the disk."
    ),
    stub="""
from pathlib import Path

def stays_inside(folder: Path, name: str) -> bool:
    ...
""",
    checks=(
        Check((_FOLDER, "a.jpg"), expected=True, why="A plain name stays inside."),
        Check((_FOLDER, "../../x.jpg"), expected=False, why="`..` climbs out of the folder."),
        Check(
            (_FOLDER, "/etc/passwd"),
            expected=False,
            why="Joining an absolute path throws the folder away: the result is `/etc/passwd`.",
        ),
        Check(
            (_FOLDER, "sub/../a.jpg"),
            expected=True,
            why="It goes down and up again, and ends inside: resolve first, then compare.",
        ),
        Check((_FOLDER, "sub/a.jpg"), expected=True, why="A folder below is inside too: at any depth."),
        Check((_FOLDER, "a..b.jpg"), expected=True, why="Two dots inside a name are harmless."),
        Check(
            (_FOLDER, "../inbox/a.jpg"),
            expected=False,
            why="`data/inbox` begins with the letters of `data/in`, but is another folder: compare paths, "
            "not texts.",
        ),
        Check((_FOLDER, ""), expected=False, why="An empty name is the folder itself."),
    ),
    hints=(
        "Where does the joined path really lead? Let the library work it out before you compare.",
        "`path.resolve()` removes every `..`; `path.is_relative_to(other)` compares part by part.",
        "`target = (folder / name).resolve()`; then `target != root and target.is_relative_to(root)` with "
        "`root = folder.resolve()`.",
    ),
    solution="""
from pathlib import Path

def stays_inside(folder: Path, name: str) -> bool:
    root = folder.resolve()
    target = (folder / name).resolve()
    return target != root and target.is_relative_to(root)
""",
    explanation="Both sides are resolved, links included, and compared part by part.",
    why_it_matters="A name such as `../../.bashrc` in a download or an archive is an old and working attack.",
    wrong=(
        WrongAnswer(
            "looks for two dots",
            "def stays_inside(folder, name):\n    return bool(name) and '..' not in name",
            says="throws the folder away",
        ),
        WrongAnswer(
            "looks for dots and a slash",
            "def stays_inside(folder, name):\n"
            "    return bool(name) and '..' not in name and not name.startswith('/')",
            says="ends inside",
        ),
        WrongAnswer(
            "compares texts",
            "def stays_inside(folder, name):\n"
            "    root, target = folder.resolve(), (folder / name).resolve()\n"
            "    return target != root and str(target).startswith(str(root))",
            says="but is another folder",
        ),
        WrongAnswer(
            "one level only",
            "def stays_inside(folder, name):\n"
            "    return (folder / name).resolve().parent == folder.resolve()",
            says="at any depth",
        ),
        WrongAnswer(
            "does not resolve",
            "def stays_inside(folder, name):\n"
            "    return bool(name) and (folder / name).is_relative_to(folder)",
            says="climbs out of the folder",
        ),
        WrongAnswer(
            "counts the folder itself",
            "def stays_inside(folder, name):\n"
            "    return (folder / name).resolve().is_relative_to(folder.resolve())",
            says="the folder itself",
        ),
    ),
)

# --- exercise 10b.6

_ROWS: list[dict[str, str | None]] = [
    {"url": "u1", "sha256": "aa", "licence": ""},
    {"url": "u2", "sha256": "aa", "licence": "CC0"},
    {"url": "u3", "sha256": "bb", "licence": "CC BY 2.0"},
    {"url": "u4", "sha256": "cc", "licence": "CC BY-NC 4.0"},
    {"url": "u5", "sha256": "bb", "licence": "CC BY 2.0"},
    {"url": "u6", "sha256": "dd", "licence": None},
]


def _urls(choose: Callable[..., Any]) -> Any:
    rows = choose([dict(row) for row in _ROWS], {"CC0", "CC BY 2.0"})
    return [row["url"] if isinstance(row, dict) else f"no row, but {row!r}" for row in rows]


ROWS_TO_USE = Exercise(
    id="10b.6",
    title="Which rows may be used?",
    prompt=(
        'Each row of a manifest has `url`, `sha256` and `licence` (`""` or `None`: none '
        "stated). Return the rows "
        "to train on, in order: with a licence out of `licences`, and of rows with the same "
        "`sha256` only the "
        "first one **that may be used**."
    ),
    stub="""
def rows_to_use(rows: list[dict], licences: set[str]) -> list[dict]:
    ...
""",
    checks=(
        Check(
            use=_urls,
            shown="the urls of six rows: u1 aa (none), u2 aa CC0, u3 bb CC BY 2.0, u4 cc CC BY-NC 4.0, "
            "u5 bb CC BY 2.0, u6 dd (none)",
            expected=["u2", "u3"],
            why="u2 and u3: the first rows of `aa` and `bb` with a licence that is allowed.",
            traps=(
                (
                    ["u3"],
                    "`aa` is gone: its first row states no licence, its second one does. Look at the licence "
                    "before you remove doubles.",
                ),
                (["u2", "u3", "u5"], "`u5` has the bytes of `u3`: one of them is enough."),
                (
                    ["u1", "u3", "u6"],
                    "`u1` and `u6` state no licence: without one all rights are reserved.",
                ),
                (
                    ["u2", "u3", "u4"],
                    "`CC BY-NC 4.0` is not in `licences`, though it begins like one that is.",
                ),
            ),
        ),
        Check(([], {"CC0"}), expected=[], why="An empty manifest has no rows to use."),
    ),
    hints=(
        "Two tests for each row: may I use it, and do I have it already? In which order?",
        'Keep a set of the sums that were taken; `row["licence"] in licences` is a whole comparison.',
        "For each row: if the licence is allowed and the sum is not in `taken`: add the sum, append the row.",
    ),
    solution="""
def rows_to_use(rows: list[dict], licences: set[str]) -> list[dict]:
    chosen, taken = [], set()
    for row in rows:
        if row["licence"] in licences and row["sha256"] not in taken:
            taken.add(row["sha256"])
            chosen.append(row)
    return chosen
""",
    explanation=(
        "A sum counts as taken only when its row is used, so a better row later still has its chance."
    ),
    why_it_matters="The same picture often lies on the web twice: once with its licence, once without.",
    wrong=(
        WrongAnswer(
            "removes doubles first",
            "def rows_to_use(rows, licences):\n"
            "    first = {}\n"
            "    for row in rows:\n"
            "        first.setdefault(row['sha256'], row)\n"
            "    return [row for row in first.values() if row['licence'] in licences]",
            says="before you remove doubles",
        ),
        WrongAnswer(
            "takes no licence for free",
            "def rows_to_use(rows, licences):\n"
            "    first = {}\n"
            "    for row in rows:\n"
            "        if not row['licence'] or row['licence'] in licences:\n"
            "            first.setdefault(row['sha256'], row)\n"
            "    return list(first.values())",
            says="all rights are reserved",
        ),
        WrongAnswer(
            "keeps doubles",
            "def rows_to_use(rows, licences):\n"
            "    return [row for row in rows if row['licence'] in licences]",
            says="one of them is enough",
        ),
        WrongAnswer(
            "compares the beginning of the licence",
            "def rows_to_use(rows, licences):\n"
            "    first = {}\n"
            "    for row in rows:\n"
            "        if any((row['licence'] or '').startswith(known[:5]) for known in licences):\n"
            "            first.setdefault(row['sha256'], row)\n"
            "    return list(first.values())",
            says="begins like one that is",
        ),
    ),
)

# --- quiz

MAY_I = Quiz(
    id="10b.q1",
    question=(
        "`robots.txt` allows the address, the page states no licence. May you publish a dataset "
        "with its photo?"
    ),
    options=(
        Option(
            "Yes: `robots.txt` allows it", "It says where programs may go, not what becomes of the works."
        ),
        Option(
            "Yes, if you name the author", "Naming somebody is a duty of some licences. It is no licence."
        ),
        Option(
            "No: nobody has given you the right",
            "No statement means all rights reserved. Ask the author, or leave it out.",
        ),
    ),
    answer="c",
)

GLUED = Quiz(
    id="10b.q2",
    question=(
        "A download is resumed with `Range` alone. The file has changed meanwhile, and the server's answer "
        "is 206. What tells you?"
    ),
    options=(
        Option("The decoder", "It often decodes the glued file without a word, as you saw."),
        Option(
            "A checksum of the whole file",
            "Only the bytes know. Better still, `If-Range` keeps it from happening.",
        ),
        Option("The status: 206 is an error", "206 means **partial content**: just what you asked for."),
    ),
    answer="b",
)

TEN_BUCKETS = Quiz(
    id="10b.q3",
    question="Ten workers each have a token bucket with 5 tokens a second. How fast does the site see you?",
    options=(
        Option("5 requests a second", "Each worker keeps to it, but the site sees all ten."),
        Option(
            "50 requests a second",
            "Ten buckets add up. A limit needs one bucket for all, or a tenth of the rate for each.",
        ),
        Option("It depends on the jitter", "Jitter spreads the requests in time. Their number stays."),
    ),
    answer="b",
)

DRIP = Quiz(
    id="10b.q4",
    question="`requests.get(url, timeout=10)`. After which time does it end, whatever the server does?",
    options=(
        Option("After 10 seconds", "10 seconds is the longest silence that it bears, not the whole time."),
        Option("After 20: 10 to connect, 10 to read", "It would be so if the body came in one piece."),
        Option(
            "There is no such time",
            "One byte every nine seconds goes on for ever. A deadline of your own ends it.",
        ),
    ),
    answer="c",
)

# --- predictions

PICTURES = Prediction(
    id="10b.p1",
    question="Eight downloads of one photo, each with its mishap. How many of the files open as a picture?",
    explanation=(
        "Seven files are written, and three of them are web pages: busy, not found, please log in. "
        "`requests.get` does not look at the status; only the cut line raises."
    ),
)

TWICE = Prediction(
    id="10b.p2",
    question="Pages by offset, the newest first. After each page two photos are added. How many come twice?",
    explanation=(
        "Two a page, and not only on the first pages: the end of the list runs away from you, so you go on "
        "reading until nothing new is added."
    ),
)

CIRCLE = Prediction(
    id="10b.p3",
    question="The crawl with all guards visits 7 pages. How many without the set of what was seen?",
    explanation=(
        "Each page links back, so each is fetched again on every way that leads to it. Here the greatest "
        "depth ends it; one more step of depth, and it would be 71."
    ),
    tolerance=0.15,
)

CHAPTER = Chapter(
    number="10b",
    title="Collecting data",
    exercises=(TRY_AGAIN, BACKOFF, ON_SITE, READ_PAGES, STAYS, ROWS_TO_USE),
    quizzes=(MAY_I, GLUED, TEN_BUCKETS, DRIP),
    predictions=(PICTURES, TWICE, CIRCLE),
)
