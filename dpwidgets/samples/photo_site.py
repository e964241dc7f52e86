"""A small web site of sample photos on this machine, which misbehaves on purpose and always in the same way.

It stands in for the internet where collecting is practised: an API with pages, web pages with links,
`robots.txt`, photos with ETag and byte ranges, and addresses where things go wrong. It listens on
127.0.0.1 only, on a free port. Nothing but the Date header looks at the time of day: what it answers depends
on what was asked before, and on the clock that it is given.

    /api/photos?offset=0&limit=10        newest first; or ?cursor=ID in place of offset: photos before ID
    /photos/NAME                         a photo, with ETag, Last-Modified, Range and If-Range
    /flaky/NAME   503 + Retry-After, twice, then the photo      /gone/NAME     404
    /cut/NAME     half of the photo at the first request        /liar/NAME     a page that calls itself a JPEG
    /slow/NAME    never answers                                 /drip/NAME     a few bytes, with pauses
    /away/NAME    a redirect to another host name               /endless/NAME  a body without an end
    /named/NAME   a file name that leads out of your folder     /mirror/NAME   the photo, a second address
    /limited/NAME 429 when asked faster than `rate`             /orders        (POST) works, cuts the answer
    /             pages with links in a circle, to /mirror, /members (forbidden by robots.txt), another host,
                  and /calendar/1.html, 2.html, … without an end
"""

import hashlib
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.server import ThreadingHTTPServer
from typing import Any, NamedTuple

from dpwidgets.samples.photo_folder import photo_regions, photos
from dpwidgets.samples.photo_site_answers import ON_PAGES, Answers
from dpwidgets.samples.photographs import photo_sources

IN_API = ("china", "coffee", "flower", "rocket")  # classes that the API lists


@dataclass(frozen=True)
class SitePhoto:
    """What the site says of a photo. `licence` is empty where its source states none."""

    id: int
    file: str
    label: str
    album: str
    author: str
    licence: str
    sha256: str
    bytes: int


class Asked(NamedTuple):
    """One request as the site saw it; status 0: it gave no answer."""

    method: str
    path: str
    status: int


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[Answers]) -> None:
        self.lines: set[Any] = set()  # connections that are open, also those that wait for a next request
        super().__init__(("127.0.0.1", 0), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.lines.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections, and so the threads that read from them."""
        for line in list(self.lines):
            with suppress(OSError):  # it has just ended by itself
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet about a client that hangs up in the middle: here that is part of the lesson."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class PhotoSite:
    """The running site; close it, or use it as a context manager.

    Args:
        per_class: photos of each class, 2 to 200.
        rate: requests a second that /limited allows, with as many at once.
        clock: seconds, for /limited only.

    Attributes:
        url: the address, without a slash at its end.
        log: every request so far, in order of arrival.
        orders: the Idempotency-Key, or "", of each POST that did its work.
    """

    def __init__(
        self, per_class: int = 12, rate: float = 5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.clock = rate, clock
        self.log: list[Asked] = []
        self.orders: list[str] = []
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.bodies: dict[str, bytes] = {}
        self.notes = {photo.file: photo for photo in self._photos(IN_API + ON_PAGES, per_class)}
        listed = [photo for photo in self.notes.values() if photo.label in IN_API]
        self._reserve = listed[-len(listed) // 4 :]  # a quarter appears only when published
        self._listed = listed[: len(listed) - len(self._reserve)]
        self._asked: Counter[str] = Counter()
        self._tokens, self._filled = float(rate), clock()
        handler = type("OwnAnswers", (Answers,), {"site": self})
        self._server = _Server(handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        # A short poll: closing takes as long as one.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "PhotoSite":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering, and end the connections that clients keep open. Twice does no harm."""
        if not self.closing.is_set():
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up()

    def statuses(self) -> dict[int, int]:
        """How many requests got which status since `forget()`."""
        return dict(sorted(Counter(asked.status for asked in self.log).items()))

    def forget(self) -> None:
        """Empty log and orders, fill the bucket of /limited, and let every mishap happen again."""
        self.log.clear()
        self.orders.clear()
        self._asked.clear()
        self._tokens, self._filled = float(self.rate), self.clock()

    def publish(self, count: int) -> None:
        """Put `count` new photos on top of the list of the API, as long as there are some."""
        self._listed += self._reserve[:count]
        del self._reserve[:count]

    def withdraw(self, count: int) -> None:
        """Take the `count` newest photos off the list of the API; they can be published again."""
        stay = max(0, len(self._listed) - count)
        self._reserve[:0] = self._listed[stay:]
        del self._listed[stay:]

    def replace(self, file: str, by: str) -> None:
        """From now on `file` has the bytes of the photo `by`, and another ETag."""
        self.bodies[file] = self.bodies[by]

    def names(self, *labels: str) -> list[str]:
        """File names of all photos of these classes; of all classes where none is given."""
        return [photo.file for photo in self.notes.values() if not labels or photo.label in labels]

    def listed(self, cursor: str | None, offset: int, limit: int) -> dict[str, Any]:
        """One page of the API; ValueError where a number is none, or too small."""
        if offset < 0 or limit < 1:
            raise ValueError(f"offset = {offset}, limit = {limit}; allowed is 0 and 1 or more")
        newest = sorted(self._listed, key=lambda photo: -photo.id)
        if cursor is not None:
            newest = [photo for photo in newest if not cursor or photo.id < int(cursor)]
            offset = 0
        page = newest[offset : offset + limit]
        more = len(newest) > offset + limit
        return {"items": [asdict(photo) for photo in page], "next": str(page[-1].id) if more else None}

    def note(self, method: str, path: str, status: int) -> None:
        """Write one request into the log."""
        self.log.append(Asked(method, path, status))

    def times(self, path: str) -> int:
        """How often `path` was asked for, this time included."""
        with self.lock:
            self._asked[path] += 1
            return self._asked[path]

    def token(self) -> bool:
        """Whether /limited answers now."""
        with self.lock:
            now = self.clock()
            self._tokens = min(self.rate, self._tokens + (now - self._filled) * self.rate)
            self._filled = now
            allowed = self._tokens >= 1 - 1e-9
            self._tokens -= allowed
            return allowed

    def _photos(self, labels: Iterable[str], per_class: int) -> Iterable[SitePhoto]:
        root = photos()
        albums = photo_regions(root)
        credit = {source.class_name: source.credit for source in photo_sources()}
        # The classes take turns, so that each page of the API shows several.
        names = [f"{label}/{label}_{index:03d}.jpg" for index in range(per_class) for label in labels]
        for number, name in enumerate(names, 1):
            label, file = name.split("/")
            data = (root / name).read_bytes()
            self.bodies[file] = data
            author, _, licence = credit[label].partition("; no licence" if "; no " in credit[label] else ", ")
            licence = "" if licence.startswith(" is stated") else licence
            digest = hashlib.sha256(data).hexdigest()
            yield SitePhoto(number, file, label, albums[name], author, licence, digest, len(data))


def photo_site(
    per_class: int = 12, rate: float = 5, clock: Callable[[], float] = time.monotonic
) -> PhotoSite:
    """A running site of sample photos on loopback; see the module's text for its addresses.

    Args:
        per_class: photos of each class, 2 to 200.
        rate: requests a second that /limited allows, with as many at once.
        clock: seconds, for /limited only: give your own to test without waiting.

    Raises:
        ValueError: `per_class` or `rate` is out of range.
        SampleError: the sample photos cannot be made.
    """
    if not 2 <= per_class <= 200:
        raise ValueError(f"per_class = {per_class!r}; allowed is 2 to 200")
    if not rate >= 1:
        raise ValueError(f"rate = {rate!r}; allowed is 1 request a second or more")
    return PhotoSite(per_class, rate, clock)
