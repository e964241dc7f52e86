"""A session that asks again where waiting helps, and a download that is whole or not there."""

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

WORTH_A_RETRY = (429, 500, 502, 503, 504)  # too fast, or the server's own trouble
REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 2**14  # bytes


class Refused(ValueError):
    """One file cannot be had or must not be kept. `fate` is the reason in a few words, for counting."""

    def __init__(self, fate: str, detail: str) -> None:
        super().__init__(f"{fate}: {detail}")
        self.fate = fate


def patient_session(agent: str, retries: int = 4, backoff: float = 1.0) -> requests.Session:
    """A session that asks again where waiting can help, and says who it is.

    Args:
        agent: the User-Agent: a name and a way to reach you.
        retries: further tries after the first one, for GET and HEAD only.
        backoff: seconds; the waits are about 0, 2, 4, 8, … times this, or what Retry-After says, up to 60.
    """
    retry = Retry(
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
        seconds: for all of the file; `timeout` of requests limits only each silence.
        tries: how often a cut line is picked up again.
        hosts: host names that a redirect may lead to; None: the url's own.
        clock: seconds.

    Raises:
        Refused: a status other than 200, a foreign host, no answer, too large, too slow, cut again and
            again, or another sum. Too large and another sum throw the part away; else it stays.
        RuntimeError: the disk is full or may not be written; run it again when that is mended.
    """
    allowed = {urlsplit(url).hostname} if hosts is None else set(hosts)
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


class _Nothing:
    """In place of an answer, where the part is whole already."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


def _open(
    session: requests.Session, url: str, part: Path, note: Path, hosts: Collection[str | None]
) -> "requests.Response | _Nothing":
    """The answer that holds the rest of the file, or all of it; redirects followed inside `hosts`."""
    have = part.stat().st_size if part.exists() and note.exists() else 0
    headers = {"Range": f"bytes={have}-", "If-Range": note.read_text()} if have else {}
    for _ in range(5):
        answer = session.get(url, headers=headers, stream=True, timeout=(10, 30), allow_redirects=False)
        if answer.status_code not in REDIRECTS:
            break
        answer.close()
        url = urljoin(url, answer.headers.get("Location", ""))
        if urlsplit(url).scheme not in ("http", "https") or urlsplit(url).hostname not in hosts:
            raise Refused("left the host", f"a redirect leads to {urlsplit(url).hostname or url}")
    if answer.status_code == 416 and answer.headers.get("Content-Range") == f"bytes */{have}":
        answer.close()
        return _Nothing()  # killed between the last byte and the renaming
    begins = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if answer.status_code not in (200, 206) or (answer.status_code == 206 and not (have and begins)):
        answer.close()
        raise Refused(f"status {answer.status_code}", url)
    tag = answer.headers.get("ETag", "")
    if answer.status_code == 200:
        part.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        # A weak one does not promise the same bytes, an encoded body has other bytes than the file.
        if tag and not tag.startswith("W/") and "Content-Encoding" not in answer.headers:
            with telling(note):
                note.write_text(tag)
    return answer


def _write(answer: requests.Response, part: Path, max_bytes: int) -> Iterator[int]:
    """Append the body to `part`; the size of each piece."""
    size = part.stat().st_size if part.exists() else 0
    with part.open("ab") as file:
        for piece in answer.iter_content(_PIECE):
            size += len(piece)
            if size > max_bytes:
                raise Refused("too large", f"{answer.url} has more than {max_bytes:,} bytes")
            file.write(piece)
            yield len(piece)
        file.flush()
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """Hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
