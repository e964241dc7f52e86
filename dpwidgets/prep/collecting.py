"""Files from the network and from disk into one folder, with a manifest that says where each came from.

Copy this file into your project: it needs requests (with urllib3) and Pillow, nothing of this workbook.

    session = patient_session("my-program/1.0 (me@example.org)")
    collection = Collection(Path("collected"), licences={"CC0", "CC BY 2.0"})
    fates = Counter(collection.fetch(session, wanted) for wanted in list_of_wanted)
    collection.write_licences()

The folder: `photos/LABEL/HASH.jpg`, named by what is in them; `manifest.jsonl`, one line for each address;
`LICENCES.md`; `.parts/`, downloads that were cut. Killed at any moment and run again, it goes on: what is
whole is not fetched again, a part is continued, and no half file ever bears a final name. One process at a
time.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from collections.abc import Collection as Some
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from PIL import Image
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

WORTH_A_RETRY = (429, 500, 502, 503, 504)  # too fast, or the server's own trouble
REDIRECTS = (301, 302, 303, 307, 308)
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "TIFF": ".tif"}
_PIECE = 2**14  # bytes


class Refused(ValueError):
    """One file cannot be had or must not be kept. `fate` is the reason in a few words, for counting."""

    def __init__(self, fate: str, detail: str) -> None:
        super().__init__(f"{fate}: {detail}")
        self.fate = fate


@dataclass(frozen=True)
class Wanted:
    """One file to collect, with what is said of it.

    Attributes:
        url: where it is, or for a file on this disk whatever names it.
        label: class, a plain name: it becomes a folder.
        group: what must stay on one side of a split (scene, patient, album); "": the file itself.
        licence, author, source: as stated where it was found; "" where nothing is stated.
        sha256: hexadecimal, if known beforehand; "" checks nothing.
    """

    url: str
    label: str
    group: str = ""
    licence: str = ""
    author: str = ""
    source: str = ""
    sha256: str = ""


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
    hosts: Some[str] | None = None,
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
            with _open(session, url, part, note, allowed) as answer:
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
        except OSError as error:
            raise RuntimeError(
                f"{part} was not written ({error.strerror}): free some space or choose another folder, "
                "then run again; it goes on where it stopped"
            ) from error
    if sha256 and _sum(part) != sha256.lower():
        _remove(part, note)
        raise Refused("wrong sum", f"{url} has other bytes than announced; it was not kept")
    os.replace(part, target)
    _remove(note)
    return fetched


class _Nothing:
    """In place of an answer, where the part is whole already."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


def _open(
    session: requests.Session, url: str, part: Path, note: Path, hosts: Some[str | None]
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
            raise Refused("left the host", f"a redirect leads to {urlsplit(url).hostname}")
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
        if tag and not tag.startswith("W/"):  # a weak one does not promise the same bytes
            note.write_text(tag)
    return answer


def _write(answer: requests.Response, part: Path, max_bytes: int) -> Iterator[int]:
    """Append the body to `part`; the size of each piece."""
    size = part.stat().st_size if part.exists() else 0
    with part.open("ab") as file:
        for piece in answer.iter_content(_PIECE):
            size += len(piece)
            if size > max_bytes:
                raise Refused("too large", f"more than {max_bytes:,} bytes")
            file.write(piece)
            yield len(piece)
        file.flush()
        os.fsync(file.fileno())


def picture_suffix(path: Path) -> str:
    """The suffix that fits the picture, after all its pixels were decoded.

    Raises:
        Refused: it is no picture of a format in SUFFIXES, damaged, or decodes to far too many pixels.
    """
    try:
        with Image.open(path, formats=list(SUFFIXES)) as image:
            image.load()
            return SUFFIXES.get(str(image.format), ".jpg")  # MPO: a phone's JPEG with a second picture
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused("not a picture", str(error).replace(str(path), "the file")) from error


class Collection:
    """A folder of collected files and its manifest.

    Args:
        folder: made if it is missing.
        licences: what may be kept, by the words in which it is stated; None keeps all, "" included.
        suffix_of: looks into a file and gives its suffix, or raises Refused.
        now: the moment for the manifest, as text.
    """

    def __init__(
        self,
        folder: Path,
        licences: Some[str] | None = None,
        suffix_of: Callable[[Path], str] = picture_suffix,
        now: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="seconds"),
    ) -> None:
        self.folder, self.licences, self.suffix_of, self.now = folder, licences, suffix_of, now
        self.manifest = folder / "manifest.jsonl"
        self.parts = folder / ".parts"
        self.parts.mkdir(parents=True, exist_ok=True)
        self.rows = self._read()
        self._known = {row["url"]: row for row in self.rows}
        self._files = {row["sha256"]: row for row in reversed(self.rows)}

    def fetch(self, session: requests.Session, wanted: Wanted, **limits: object) -> str:
        """Fetch one file, unless it is there; its fate: "new", "there already", "duplicate", or why not.

        Args:
            limits: max_bytes, seconds, tries, hosts: see `download`.
        """
        try:
            if self._before(wanted):
                return "there already"
            name = hashlib.sha256(wanted.url.encode()).hexdigest()[:16]
            whole = self.parts / name
            download(session, wanted.url, whole, sha256=wanted.sha256, **limits)  # type: ignore[arg-type]
            return self._keep(whole, wanted)
        except Refused as error:
            return error.fate

    def take(self, path: Path, wanted: Wanted) -> str:
        """Copy a file of this disk into the collection; its fate, as of `fetch`."""
        try:
            if self._before(wanted):
                return "there already"
            copy = self.parts / "copy"
            copy.write_bytes(path.read_bytes())
            return self._keep(copy, wanted)
        except Refused as error:
            return error.fate

    def write_licences(self) -> Path:
        """Write LICENCES.md: for each licence and author how many files, and where they came from."""
        lines = ["# Licences and authors", ""]
        unique = list(self._files.values())
        for licence, author in sorted({(row["licence"], row["author"]) for row in unique}):
            own = [row for row in unique if (row["licence"], row["author"]) == (licence, author)]
            sources = ", ".join(sorted({row["source"] for row in own if row["source"]}))
            lines.append(
                f"- {licence or 'no licence stated'}: {author or 'unknown'}, {len(own)} files ({sources})"
            )
        path = self.folder / "LICENCES.md"
        _write_whole(path, "\n".join([*lines, ""]))
        return path

    def _before(self, wanted: Wanted) -> bool:
        """Whether the file is there already; Refused where it must not be fetched at all."""
        if not re.fullmatch(r"\w[\w .-]{0,99}", wanted.label):
            raise Refused("bad name", f"the label {wanted.label!r} is no plain name")
        if self.licences is not None and wanted.licence not in self.licences:
            raise Refused("licence", f"{wanted.url}: {wanted.licence or 'none stated'}")
        row = self._known.get(wanted.url)
        return row is not None and (self.folder / row["file"]).is_file()

    def _keep(self, whole: Path, wanted: Wanted) -> str:
        """Check the file, move it to its final name, and note it."""
        try:
            digest, suffix = _sum(whole), self.suffix_of(whole)
        except Refused:
            whole.unlink()
            raise
        twin = self._files.get(digest)
        known = twin is not None and (self.folder / twin["file"]).is_file()
        file = twin["file"] if known and twin else f"photos/{wanted.label}/{digest[:16]}{suffix}"
        if known:
            whole.unlink()
        else:
            (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(whole, self.folder / file)
        size = (self.folder / file).stat().st_size
        row = {"file": file, **asdict(wanted), "sha256": digest, "bytes": size, "fetched": self.now()}
        row["group"] = wanted.group or digest[:16]
        with self.manifest.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows.append(row)
        self._known[wanted.url] = row
        self._files.setdefault(digest, row)
        return "duplicate" if known else "new"

    def _read(self) -> list[dict]:
        """The rows of the manifest. A last line that a killed run left half is dropped, from the file too."""
        if not self.manifest.exists():
            return []
        text = self.manifest.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            _write_whole(self.manifest, whole.decode())
        return [json.loads(line) for line in whole.decode().splitlines()]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()
