"""A JSON file that is there whole or not at all, for what was measured."""

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, value: Any) -> None:
    """Write `value` to a file beside `path` that then takes its place; the folder is made if it is missing.

    Raises:
        OSError: it cannot be written; what was there before is there still, and nothing else.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
