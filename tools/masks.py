"""What differs from machine to machine, or from run to run, and is masked in outputs.

The build applies these masks to what it stores; the notebook tests apply them to both sides of a comparison.
"""

import getpass
import os
import re
import socket
import sys
import tempfile
from pathlib import Path

from chapters import ROOT

_GENERIC: tuple[tuple[str, str], ...] = (
    (r"(?<=\bat )0x[0-9a-fA-F]{6,16}\b", "0xADDRESS"),
    (r"\S*ipykernel_\d+/\d+\.py", "<cell>"),
    (r"(CPU times|Wall time): .*", r"\1: -"),
    # tqdm: elapsed time, remaining time, rate. The counts before them stay, and a bar that has not begun.
    (r"\[(?!00:00(?:<|&lt;)\?)(?:\d+:)?\d+:\d\d(?:<|&lt;)[^\]\n]*\]", "[time]"),
)


def _folders() -> list[tuple[str, str]]:
    """This machine's folders, the longest first, so that the innermost name wins."""
    site = {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    named = [
        *((path, "<site-packages>") for path in site),
        (sys.prefix, "<python>"),
        (sys.base_prefix, "<python>"),
        (str(ROOT), "<workbook>"),
        (tempfile.gettempdir(), "<temporary>"),
        (str(Path.home()), "~"),
    ]
    spelled = {(folder, mask) for path, mask in named for folder in (path, os.path.realpath(path))}
    too_short = {"/", "/usr", "/usr/local"}
    return sorted(
        ((folder, mask) for folder, mask in spelled if folder not in too_short),
        key=lambda pair: -len(pair[0]),
    )


def _compile() -> list[tuple[re.Pattern[str], str]]:
    rules = [(re.compile(pattern), mask) for pattern, mask in _GENERIC]
    rules += [(re.compile(re.escape(folder) + r"(?![\w-])"), mask) for folder, mask in _folders()]
    return rules


_RULES = _compile()


def mask(text: str) -> str:
    """`text` with addresses, folders of this machine, and progress-bar times replaced."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def private_names() -> list[str]:
    """This machine's user and host names that are telling enough to be looked for in a chapter."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    common = {"root", "user", "runner", "jovyan", "localhost", "ubuntu", "debian", "home", "main"}
    return [name for name in (user, socket.gethostname()) if len(name) > 3 and name.lower() not in common]
