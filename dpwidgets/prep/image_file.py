"""One image file: what is wrong with it, found by decoding all of it."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

MAX_PIXELS = 64_000_000  # 192 MB decoded: above it a file is refused, not decoded
MAX_BYTES = 256 * 2**20
MIN_SIDE = 16  # pixels; smaller pictures are icons and tracking dots
EXIF_ORIENTATION = 0x0112
SAME_FORMAT = {"MPO": "JPEG"}  # phones write MPO (JPEG with a second picture behind it) as .jpg
SIGNATURES = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")
MODES = {
    "1": "grey", "L": "grey", "LA": "grey", "La": "grey",
    "RGBA": "transparency", "RGBa": "transparency", "PA": "transparency",
    "P": "palette", "CMYK": "CMYK",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What one file is.

    Attributes:
        problem: the most serious problem, "" if there is none.
        detail: all problems in words.
        usable: whether the picture can be decoded and has a sensible size.
        width, height: pixels as stored (before any EXIF turn), 0 if unknown.
        digest: SHA-256 of the bytes, "" if they were not read.
    """

    problem: str = ""
    detail: str = ""
    usable: bool = True
    width: int = 0
    height: int = 0
    digest: str = ""


def inspect_image(path: Path) -> Finding:
    """Read and decode one file; whatever goes wrong with it becomes the finding.

    Problems that make a file unusable: unreadable, zero bytes, too large, not an image, damaged, tiny, no
    known range (decimal numbers, of which nobody can say which one is white).
    Problems that a careful loader repairs: wrong extension, grey, transparency, palette, CMYK, 16 bits,
    colour space, EXIF turn.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            return Finding("too large", f"more than {MAX_BYTES // 2**20} MB", usable=False)
        if not path.is_file():  # to open a pipe would wait for ever
            return Finding("unreadable", "a pipe, a socket or a device, not a file", usable=False)
        data = path.read_bytes()
    except OSError as error:
        return Finding("unreadable", error.strerror or str(error), usable=False)
    if not data:
        return Finding("zero bytes", "the file is empty", usable=False)
    digest = hashlib.sha256(data).hexdigest()
    try:
        image = Image.open(io.BytesIO(data))
        width, height = image.size
        if width * height > MAX_PIXELS:
            return Finding("too large", f"{width}×{height} pixels", False, width, height, digest)
        image.load()
        turned = image.getexif().get(EXIF_ORIENTATION, 1)
        if turned != 1:
            ImageOps.exif_transpose(image)  # rewrites the EXIF data: where they are damaged it raises
    except Image.DecompressionBombError as error:
        return Finding("too large", str(error), usable=False, digest=digest)
    except Exception as error:  # Pillow's decoders raise many kinds on hostile bytes
        if data.startswith(SIGNATURES):
            return Finding("damaged", f"cannot be decoded: {_one_line(error)}", usable=False, digest=digest)
        return Finding("not an image", "the content is no known image format", usable=False, digest=digest)
    if min(width, height) < MIN_SIDE:
        return Finding("tiny", f"{width}×{height} pixels", False, width, height, digest)
    if image.mode == "F":
        why = "mode F: decimal numbers, save it with 8 or 16 bits a channel"
        return Finding("no known range", why, False, width, height, digest)
    notes = _repairable(path, image, turned)
    problem = notes[0][0] if notes else ""
    return Finding(problem, "; ".join(words for _, words in notes), True, width, height, digest)


def _repairable(path: Path, image: Image.Image, turned: int) -> list[tuple[str, str]]:
    """Problems that conversion mends, as (name, words), the most serious first."""
    notes = []
    content = SAME_FORMAT.get(image.format or "", image.format)
    named = Image.registered_extensions().get(path.suffix.lower())
    if SAME_FORMAT.get(named or "", named) != content:
        notes.append(("wrong extension", f"a {content} named {path.suffix or 'without extension'}"))
    if image.mode.startswith("I"):
        notes.append(("16 bits", f"mode {image.mode}: more than 8 bits a channel"))
    elif image.mode != "RGB":
        notes.append((MODES.get(image.mode, "colour space"), f"mode {image.mode}"))
    if turned != 1:
        notes.append(("EXIF turn", f"orientation {turned}: shown turned, stored unturned"))
    return notes


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
