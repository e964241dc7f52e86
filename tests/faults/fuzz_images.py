"""Damaged images, from a seed: every way in which bytes go wrong, in every format that readers have."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from PIL import Image

FORMATS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tif"}
MODES = {
    "JPEG": ("RGB", "L", "CMYK"), "PNG": ("RGB", "RGBA", "P", "I;16", "1"), "GIF": ("P",),
    "WEBP": ("RGB", "RGBA"), "BMP": ("RGB", "P"), "TIFF": ("RGB", "I;16", "CMYK", "F"),
}  # fmt: skip


def sound_images() -> dict[str, list[bytes]]:
    """Format -> files of it, in several modes and two sizes, with and without metadata."""
    rng = np.random.default_rng(7)
    found: dict[str, list[bytes]] = {}
    for kind, modes in MODES.items():
        for mode in modes:
            for size in ((40, 30), (121, 64)):
                found.setdefault(kind, []).append(_encoded(rng, kind, mode, size))
    return found


def _encoded(rng: np.random.Generator, kind: str, mode: str, size: tuple[int, int]) -> bytes:
    grey = rng.integers(0, 256, size[::-1], dtype=np.uint8)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(grey.astype(np.float32))
    else:
        image = Image.fromarray(np.stack([grey, grey.T.reshape(grey.shape), 255 - grey], 2)).convert(mode)
    options: dict[str, object] = {}
    if kind in ("JPEG", "WEBP", "PNG"):
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = 6, "a camera"
        options["exif"] = exif
    if kind == "TIFF" and mode == "RGB":
        options["compression"] = "tiff_lzw"
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def cut(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    return data[: rng.integers(0, len(data))]


def flip(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    for at in rng.integers(0, len(data), rng.integers(1, 20)):
        data[at] ^= 1 << rng.integers(0, 8)
    return data


def flip_head(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    """Where sizes, offsets and tables stand."""
    for at in rng.integers(0, min(80, len(data)), rng.integers(1, 6)):
        data[at] = rng.integers(0, 256)
    return data


def extreme(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    """Two or four bytes become the largest number, or 0."""
    at, width = rng.integers(0, len(data) - 4), int(rng.choice([2, 4]))
    data[at : at + width] = rng.choice([b"\xff", b"\x00", b"\x7f"]) * width
    return data


def splice(data: bytearray, rng: np.random.Generator, other: bytes) -> bytearray:
    """A run of another image's bytes comes in."""
    start = rng.integers(0, len(other))
    piece = other[start : start + rng.integers(1, 200)]
    at = rng.integers(0, len(data))
    return data[:at] + piece + data[at + rng.integers(0, 2) * len(piece) :]


def swap_head(data: bytearray, rng: np.random.Generator, other: bytes) -> bytearray:
    """The beginning of one format, the rest of another."""
    at = rng.integers(2, 60)
    return bytearray(other[:at]) + data[at:]


def repeat(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    """A segment stands twice, or many times."""
    start, end = sorted(rng.integers(0, len(data), 2))
    return data[:end] + data[start:end] * int(rng.integers(1, 5)) + data[end:]


def lose(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    start, end = sorted(rng.integers(0, len(data), 2))
    return data[:start] + data[end:]


def garbage(data: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    keep = rng.choice([0, 2, 4, 12])
    return data[:keep] + bytearray(rng.bytes(len(data)))


DAMAGES: tuple[Callable[[bytearray, np.random.Generator, bytes], bytearray], ...] = (
    cut, flip, flip_head, extreme, splice, swap_head, repeat, lose, garbage,
)  # fmt: skip


def damaged(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of `count` damaged images, the same for the same seed."""
    sound = sound_images()
    kinds = list(FORMATS)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        kind, damage = kinds[number % len(kinds)], DAMAGES[number // len(kinds) % len(DAMAGES)]
        mine = sound[kind][rng.integers(len(sound[kind]))]
        others = sound[kinds[rng.integers(len(kinds))]]
        content = damage(bytearray(mine), rng, others[rng.integers(len(others))])
        yield f"{number:04d}-{damage.__name__}.{FORMATS[kind]}", bytes(content)


@lru_cache
def bombs() -> dict[str, bytes]:
    """File name -> a small file that claims, or unpacks to, hundreds of megabytes or more."""

    def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(b"\0" * 100_000, 9)), (b"IEND", b"")]
        body = b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in parts
        )
        return b"\x89PNG\r\n\x1a\n" + body

    zeros = zlib.compress(b"\0" * 300_000_000, 1)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)
    gif = b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + b"\0" * 6
    gif += b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\x00;"
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "green").save(buffer, "JPEG")
    jpeg = bytearray(buffer.getvalue())
    at = jpeg.index(b"\xff\xc0") + 5  # behind SOF0, its length and its precision
    jpeg[at : at + 4] = struct.pack(">HH", 25_000, 25_000)
    return {
        "side.jpg": bytes(jpeg),
        "side.png": png(60_000, 60_000),
        "below-pillows-limit.png": png(13_000, 13_000),
        "as-large-as-allowed.png": png(8_000, 8_000),
        "text.png": png(40, 30, (b"zTXt", b"note\0\0" + zeros)),
        "profile.png": png(40, 30, (b"iCCP", b"profile\0\0" + zeros)),
        "side.bmp": bmp + b"\0" * 100,
        "side.gif": gif,
    }
