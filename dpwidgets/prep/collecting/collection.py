"""A folder of collected files: checks, names by content, manifest, licences."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from collections.abc import Collection as Some
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
from PIL import Image

from .downloading import Refused, download, sha256_of, telling

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "TIFF": ".tif"}


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


def picture_suffix(path: Path) -> str:
    """The suffix that fits the picture, after all its pixels were decoded.

    Raises:
        Refused: it is no picture of a format in SUFFIXES, damaged, or decodes to far too many pixels.
    """
    try:
        with Image.open(path, formats=list(SUFFIXES)) as image:
            image.load()
            return SUFFIXES.get(str(image.format), ".jpg")  # MPO: a phone's JPEG with a second picture
    except Exception as error:  # Pillow's decoders raise many kinds on a stranger's bytes
        raise Refused("not a picture", str(error).replace(str(path), "the file")) from error


class Collection:
    """A folder of collected files and its manifest.

    Args:
        folder: made if it is missing.
        licences: what may be kept, by the words in which it is stated; None keeps all, "" included.
        now: the moment for the manifest, as text.

    Raises:
        ValueError: a line of the manifest is damaged.
        OSError: the folder cannot be made, or the manifest cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        licences: Some[str] | None = None,
        now: Callable[[], str] = lambda: datetime.now(UTC).isoformat(timespec="seconds"),
    ) -> None:
        self.folder, self.licences, self.now = folder, licences, now
        self.manifest = folder / "manifest.jsonl"
        self.parts = folder / ".downloads"
        self.parts.mkdir(parents=True, exist_ok=True)
        self.rows: list[dict] = []
        self._known: dict[str, dict] = {}  # the last row of each address
        self._files: dict[str, dict] = {}  # the row that brought each file, by its sum
        for row in self._read():
            self._enter(row)

    def fetch(self, session: requests.Session, wanted: Wanted, **limits: object) -> str:
        """Fetch one file, unless it is there; its fate: "new", "there already", or why not.

        "duplicate": the bytes are here, from another address; "other label": bytes or address are here, in
        another class.

        Args:
            limits: max_bytes, seconds, tries, hosts: see `download`.

        Raises:
            RuntimeError: the disk is full or may not be written.
        """
        try:
            if self._before(wanted):
                return "there already"
            name = hashlib.sha256(_utf8(wanted.url)).hexdigest()[:16]
            whole = self.parts / name
            download(session, wanted.url, whole, sha256=wanted.sha256, **limits)  # type: ignore[arg-type]
            return self._keep(whole, wanted)
        except Refused as error:
            return error.fate

    def take(self, path: Path, wanted: Wanted) -> str:
        """Copy a file of this disk into the collection; its fate, and its errors, as of `fetch`."""
        try:
            if self._before(wanted):
                return "there already"
            try:
                data = path.read_bytes()
            except OSError as error:
                raise Refused("cannot be read", f"{path}: {error.strerror}") from error
            if wanted.sha256 and hashlib.sha256(data).hexdigest() != wanted.sha256.lower():
                raise Refused("wrong sum", f"{path} has other bytes than announced; it was not kept")
            copy = self.parts / "copy"
            with telling(copy):
                copy.write_bytes(data)
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
            said = f"{licence or 'no licence stated'}: {author or 'unknown'}, {len(own)} files ({sources})"
            lines.append(f"- {' '.join(said.split())}")  # a stranger's text: in one line
        path = self.folder / "LICENCES.md"
        _write_whole(path, _utf8("\n".join([*lines, ""])))
        return path

    def _before(self, wanted: Wanted) -> bool:
        """Whether the file is there already; Refused where it must not be fetched at all."""
        # Folder names end at 255 bytes, letters at 4; none of these marks leads out of a folder.
        if not re.fullmatch(r"\w[\w .,;&'()+!@#=-]{0,59}", wanted.label):
            raise Refused("bad name", f"the label {wanted.label!r} is no plain name")
        if self.licences is not None and wanted.licence not in self.licences:
            raise Refused("licence", f"{wanted.url}: {wanted.licence or 'none stated'}")
        row = self._known.get(wanted.url)
        if row is None or not (self.folder / row["file"]).is_file():
            return False
        if row["label"] != wanted.label:
            raise Refused("other label", f"{wanted.url} is here as {row['label']!r}")
        return True

    def _keep(self, whole: Path, wanted: Wanted) -> str:
        """Check the file, move it to its final name, and note it."""
        try:
            digest, suffix = sha256_of(whole), picture_suffix(whole)
        except Refused:
            whole.unlink()
            raise
        twin = self._files.get(digest)
        known = twin is not None and (self.folder / twin["file"]).is_file()
        file = twin["file"] if known and twin else f"photos/{wanted.label}/{digest[:16]}{suffix}"
        if known:
            whole.unlink()
        else:
            with telling(self.folder / file):
                (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
                os.replace(whole, self.folder / file)
        size = (self.folder / file).stat().st_size
        row = {"file": file, **asdict(wanted), "sha256": digest, "bytes": size, "fetched": self.now()}
        row["group"] = wanted.group or digest[:16]
        self._append(_utf8(json.dumps(row, ensure_ascii=False) + "\n"))
        self._enter(row)
        if known and twin and twin["label"] != wanted.label:
            return "other label"  # one of the two is wrong: the manifest has both, the folder one file
        return "duplicate" if known else "new"

    def _enter(self, row: dict) -> None:
        self.rows.append(row)
        self._known[row["url"]] = row
        first = self._files.get(row["sha256"])
        if first is None or first["file"] != row["file"]:  # new, or deleted and fetched into another class
            self._files[row["sha256"]] = row

    def _append(self, line: bytes) -> None:
        """A line at the end of the manifest: whole, or nothing of it."""
        before = self.manifest.stat().st_size if self.manifest.exists() else 0
        try:
            with telling(self.manifest), self.manifest.open("ab") as lines:
                lines.write(line)
        except RuntimeError:
            with suppress(FileNotFoundError):
                os.truncate(self.manifest, before)
            raise

    def _read(self) -> list[dict]:
        """The rows of the manifest. A last line that a killed run left half is dropped, from the file too."""
        if not self.manifest.exists():
            return []
        text = self.manifest.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            _write_whole(self.manifest, whole)
        rows = []
        for number, line in enumerate(whole.split(b"\n")[:-1], 1):  # an author may hold other line ends
            try:
                row = json.loads(line)
                if not isinstance(row, dict) or not row.keys() >= {"file", "url", "label", "sha256"}:
                    raise ValueError("it is no row of a collection")
                rows.append(row)
            except ValueError as error:
                cure = "take the line out, and its file is fetched again"
                raise ValueError(f"{self.manifest}, line {number} is damaged ({error}): {cure}") from error
        return rows


def _utf8(text: str) -> bytes:
    """UTF-8, with half a surrogate pair (from JSON, or from a file name) as JSON and Python write it."""
    return text.encode(errors="backslashreplace")


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)
