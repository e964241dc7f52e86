"""What the sample site answers: one method for each first part of an address."""

import hashlib
import json
import re
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from dpwidgets.samples.photo_site import PhotoSite

ON_PAGES = ("hubble", "motorcycle", "retina")  # classes that the web pages show
ROBOTS = "User-agent: *\nDisallow: /members/\nCrawl-delay: 1\n\nUser-agent: greedy\nDisallow: /\n"
_WITHOUT_PHOTO = {"robots.txt", "api", "members", "calendar"}
_CHUNK = 8192
_PUBLISHED = 1_767_225_600  # seconds since 1970: the Last-Modified of every photo


class Answers(BaseHTTPRequestHandler):
    """Answers one connection. The first part of the path picks the method."""

    site: "PhotoSite"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else header and body wait for each other, 40 ms a request

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        first, _, rest = split.path.lstrip("/").partition("/")
        answer = getattr(self, f"_get_{first.removesuffix('.txt')}", None) if rest or "." in first else None
        if split.path == "/" or first == "scenes":
            self._page(rest)
        elif answer is None or (first not in _WITHOUT_PHOTO and rest not in self.site.bodies):
            self._missing()
        else:
            answer(rest)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Idempotency-Key", "")
        if not key or key not in self.site.orders:
            self.site.orders.append(key)
        if self.site.times("POST") == 1:
            self._log(0)
            self.close_connection = True  # the work is done, the answer is lost
        else:
            self._send(HTTPStatus.CREATED, b"{}", "application/json")

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""

    def _log(self, status: int) -> None:
        self.site.note(self.command, self.path, int(status))

    def _missing(self) -> None:
        self._send(HTTPStatus.NOT_FOUND, b"<h1>Not found</h1>", "text/html")

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self._head(status, kind, {"Content-Length": str(len(body)), **(headers or {})})
        self._write(body)

    def _head(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self._log(status)
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _write(self, data: bytes) -> bool:
        """Whether the other side still listens."""
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True
            return False
        return True

    def _get_robots(self, name: str) -> None:
        self._send(200, ROBOTS.encode(), "text/plain")

    def _get_api(self, name: str) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query, True).items()}
        try:
            numbers = int(query.get("offset", 0)), int(query.get("limit", 10))
            page = self.site.listed(query.get("cursor"), *numbers)
        except ValueError:
            why = "cursor, offset and limit are whole numbers, at least 0, 0 and 1"
            self._send(400, json.dumps({"error": why}).encode(), "application/json")
        else:
            self._send(200, json.dumps(page).encode(), "application/json")

    def _get_photos(self, name: str, cut: bool = False) -> None:
        body = self.site.bodies[name]
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        start = self._range_start(tag)
        headers = {
            "ETag": tag,
            "Accept-Ranges": "bytes",
            "Last-Modified": formatdate(_PUBLISHED, usegmt=True),
        }
        if start is not None and start >= len(body):
            self._send(416, b"", "text/plain", {"Content-Range": f"bytes */{len(body)}"})
            return
        if start is not None:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        part = body[start or 0 :]
        self._head(200 if start is None else 206, "image/jpeg", {"Content-Length": str(len(part)), **headers})
        self._write(part[: len(part) // 2] if cut else part)
        self.close_connection = cut or self.close_connection

    def _range_start(self, tag: str) -> int | None:
        """Where the wanted part begins; None: all of it is wanted, or it is no longer the same photo."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))  # others may be ignored
        same = self.headers.get("If-Range", tag) == tag
        return int(wanted[1]) if wanted and same else None

    def _get_flaky(self, name: str) -> None:
        if self.site.times(self.path) <= 2:
            self._send(503, b"<h1>Busy</h1>", "text/html", {"Retry-After": "1"})
        else:
            self._get_photos(name)

    def _get_limited(self, name: str) -> None:
        if self.site.token():
            self._get_photos(name)
        else:
            self._send(429, b"<h1>Too many requests</h1>", "text/html", {"Retry-After": "1"})

    def _get_cut(self, name: str) -> None:
        self._get_photos(name, cut=self.site.times(self.path) == 1)

    def _get_mirror(self, name: str) -> None:
        self._get_photos(name)

    def _get_members(self, name: str) -> None:
        self._send(200, b"<h1>People who did not agree to this</h1>", "text/html")

    def _get_liar(self, name: str) -> None:
        self._send(200, b"<html><h1>Please log in</h1></html>", "image/jpeg")

    def _get_named(self, name: str) -> None:
        self._send(
            200,
            self.site.bodies[name],
            "image/jpeg",
            {"Content-Disposition": f'attachment; filename="../../{name}"'},
        )

    def _get_away(self, name: str) -> None:
        self._send(302, b"", "text/html", {"Location": f"http://localhost:{self.site.port}/photos/{name}"})

    def _get_slow(self, name: str) -> None:
        self._log(0)
        self.site.closing.wait(60)
        self.close_connection = True

    def _get_drip(self, name: str) -> None:
        self._head(200, "image/jpeg", {"Content-Length": "6"})
        for value in self.site.bodies[name][:6]:
            if self.site.closing.wait(0.4) or not self._write(bytes([value])):
                return

    def _get_endless(self, name: str) -> None:
        self._head(200, "image/jpeg", {"Connection": "close"})
        self.close_connection = True
        while not self.site.closing.is_set() and self._write(self.site.bodies[name][:_CHUNK]):
            pass

    def _get_calendar(self, name: str) -> None:
        day = name.removesuffix(".html")
        if day.isdecimal():
            page = f'<a href="/calendar/{int(day) + 1}.html">next day</a>'
            self._send(200, page.encode(), "text/html")
        else:
            self._missing()

    def _page(self, name: str) -> None:
        """The first page, or that of one scene; the last scene links to the first: a circle."""
        label = name.removesuffix(".html")
        if name and label not in ON_PAGES:
            self._missing()
            return
        other = f"http://localhost:{self.site.port}/"
        links = [f"/scenes/{scene}.html" for scene in ON_PAGES]
        links += ["/members/people.html", "/calendar/1.html", other, "mailto:somebody@example.org"]
        if label:
            shown = self.site.names(label)
            following = ON_PAGES[(ON_PAGES.index(label) + 1) % len(ON_PAGES)]
            links = [f"../scenes/{following}.html#top", "/#news"]
            links += [f"../photos/{file}" for file in shown] + [f"/mirror/{file}" for file in shown[:2]]
        note = next((p for p in self.site.notes.values() if p.label == label), None)
        licence = f'<meta name="license" content="{note.licence}">' if note and note.licence else ""
        author = f'<meta name="author" content="{note.author}">' if note else ""
        albums = {photo.file: photo.album for photo in self.site.notes.values()}
        titles = [albums.get(link.rpartition("/")[2], "") for link in links]
        anchors = "\n".join(
            f'<a href="{link}" title="{title}">{link}</a>' for link, title in zip(links, titles, strict=True)
        )
        page = f"<html><head><title>{label or 'Scenes'}</title>{licence}{author}</head>{anchors}</html>"
        self._send(200, page.encode(), "text/html; charset=utf-8")
