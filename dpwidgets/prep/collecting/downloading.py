"""A session that asks again where waiting helps, and a download that is whole or not there."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

WORTH_A_RETRY = (429, 500, 502, 503, 504)  # too fast, or the server's own trouble
REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 2**14  # bytes, at most
# A weak one (W/"…") does not promise the same bytes; others cannot be sent back as they came.
_STRONG_ETAG = re.compile(r'"[!#-~]*"')


class Refused(ValueError):
    """One file cannot be had or must not be kept. `fate` is the reason in a few words, for counting."""

    def __init__(self, fate: str, detail: str) -> None:
        super().__init__(f"{fate}: {detail}")
        self.fate = fate


class _HangingUp(Retry):
    """Closes the answer that it asks again for: urllib3 would read all of its body first, however long."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *rest: Any,
        **more: Any,
    ) -> Self:
        if response is not None:
            response.close()
        return super().increment(method, url, response, *rest, **more)


def patient_session(agent: str, retries: int = 4, backoff: float = 1.0) -> requests.Session:
    """A session that asks again where waiting can help, and says who it is.

    Args:
        agent: the User-Agent: a name and a way to reach you.
        retries: further tries after the first one, for GET and HEAD only.
        backoff: seconds; the waits are about 0, 2, 4, 8, … times this, or what Retry-After says, up to 60.
    """
    retry = _HangingUp(
        total=retries,
        status_forcelist=WORTH_A_RETRY,
        allowed_methods={"GET", "HEAD"},
        backoff_factor=backoff,
        backoff_jitter=backoff,
        retry_after_max=60,
        raise_on_status=False,
    )
    session = requests.Session()
    # Bytes as they are stored: a range of a compressed answer cannot be continued.
    session.headers.update({"User-Agent": agent, "Accept-Encoding": "identity"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def download(
    session: requests.Session,
    url: str,
    target: Path,
    *,
    sha256: str = "",
    max_bytes: int = 50_000_000,
    seconds: float = 300,
    tries: int = 3,
    hosts: Collection[str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Fetch `url` into `target`, which is then whole or not there; the number of bytes fetched now.

    What a cut left behind is kept beside the target (`.part`, with the version's name in `.etag`) and
    continued by the next try or the next run, if the server still has the same version.

    Args:
        sha256: the sum that must come out; "" for none.
        max_bytes: above it the download ends.
        seconds: for all of the file, looked at whenever some of it arrives; `timeout` of requests limits
            only each silence (here 30 s).
        tries: how often to begin or, after a cut, to go on.
        hosts: host names that a redirect may lead to, with all headers of the session; None: the url's own.
        clock: seconds.

    Raises:
        Refused: no web address, a status other than 200, a foreign host, no answer, too large, too slow,
            cut again and again, or another sum. Too large and another sum throw the part away; else it stays.
        RuntimeError: the disk is full or may not be written; run it again when that is mended.
    """
    own = _host(url)
    if own is None:
        raise Refused("bad address", f"{url!r} is no web address")
    allowed = {own} if hosts is None else {host.lower() for host in hosts}
    part, note = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    fetched, end = 0, clock() + seconds
    for attempt in range(1, tries + 1):
        try:
            with _open(session, url, part, note, allowed) as answer, telling(part):
                if answer is not None:
                    for count in _write(answer, part, max_bytes):
                        fetched += count
                        if clock() > end:
                            raise Refused("too slow", f"{url} took more than {seconds:g} s")
            break
        except requests.RequestException as error:
            if attempt == tries:
                cut = isinstance(error, requests.exceptions.ChunkedEncodingError)
                detail = f"{url}: {type(error).__name__}, {tries} times"
                raise Refused("cut" if cut else "no answer", detail) from error
        except Refused as error:
            if error.fate == "too large":
                _remove(part, note)
            raise
    if sha256 and sha256_of(part) != sha256.lower():
        _remove(part, note)
        raise Refused("wrong sum", f"{url} has other bytes than announced; it was not kept")
    with telling(target):
        os.replace(part, target)
    _remove(note)
    return fetched


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """A disk that does not take what is written becomes an error with the cure."""
    try:
        yield
    except requests.RequestException:  # an OSError too, but the line's
        raise
    except OSError as error:
        raise RuntimeError(
            f"{path} was not written ({error.strerror}): free some space or choose another folder, "
            "then run again; it goes on where it stopped"
        ) from error


def _open(
    session: requests.Session, url: str, part: Path, note: Path, hosts: Collection[str]
) -> "requests.Response | nullcontext[None]":
    """The answer that holds the rest of the file, or all of it; None where the part is whole already."""
    have = part.stat().st_size if part.exists() and note.exists() else 0
    tag = note.read_text("ascii") if have else ""
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
    answer = _follow(session, url, headers, hosts)
    span, version = answer.headers.get("Content-Range", ""), answer.headers.get("ETag", "")
    if answer.status_code == 416 and span == f"bytes */{have}":
        answer.close()
        return nullcontext()  # killed between the last byte and the renaming
    fits = have > 0 and span.startswith(f"bytes {have}-") and version in (tag, "")
    if answer.status_code == 200:
        _remove(part, note)
        # An encoded body has other bytes than the file.
        if _STRONG_ETAG.fullmatch(version) and "Content-Encoding" not in answer.headers:
            with telling(note):
                note.write_text(version, "ascii")
    elif answer.status_code != 206 or not fits:
        answer.close()
        if have and answer.status_code in (206, 416):  # the server takes no notice of If-Range
            _remove(part, note)
            return _open(session, url, part, note, hosts)
        raise Refused(f"status {answer.status_code}", url)
    return answer


def _follow(
    session: requests.Session, url: str, headers: dict[str, str], hosts: Collection[str]
) -> requests.Response:
    """The answer after at most four redirects, none of which leads out of `hosts`."""
    for _ in range(5):
        try:
            answer = session.get(
                url,
                headers=headers,
                stream=True,
                timeout=(10, 30),
                allow_redirects=False,
                hooks={"response": _drop_redirect},
            )
        except ValueError as error:  # no address can be made of it, or of the Location in the answer
            raise Refused("bad address", f"{url}: {error}") from error
        if answer.status_code not in REDIRECTS:
            break
        url = urljoin(url, answer.headers.get("Location", ""))
        if _host(url) not in hosts:
            raise Refused("left the host", f"a redirect leads to {_host(url) or url}")
    return answer


def _drop_redirect(answer: requests.Response, **_: object) -> None:
    """Hang up: requests would read the body of a redirect, however long it is."""
    if answer.status_code in REDIRECTS:
        answer.close()


def _host(url: str) -> str | None:
    """The host of a web address, in small letters; None where it is no web address."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https"):
            return parts.hostname
    return None


def _write(answer: requests.Response, part: Path, max_bytes: int) -> Iterator[int]:
    """Append the body to `part`; the size of each piece."""
    size = part.stat().st_size if part.exists() else 0
    with part.open("ab") as file:
        for piece in _pieces(answer):
            size += len(piece)
            if size > max_bytes:
                raise Refused("too large", f"{answer.url} has more than {max_bytes:,} bytes")
            file.write(piece)
            yield len(piece)
        file.flush()
        os.fsync(file.fileno())


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. `iter_content` waits until a piece is full: a drip would pass any deadline."""
    try:
        while piece := answer.raw.read1(_PIECE, decode_content=True):
            yield piece
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error


def sha256_of(path: Path) -> str:
    """Hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
