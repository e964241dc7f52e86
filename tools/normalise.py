"""Makes an executed notebook the same, byte for byte, each time it is built."""

import base64
import json
import re
import struct
from typing import Any

import nbformat
from nbformat import NotebookNode

from masks import mask

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# Binary data, and the code of a widget's view.
_AS_IT_IS = ("buffers", "_esm", "_css")
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"}


def normalise(book: NotebookNode, widget_order: list[str]) -> str:
    """The notebook's text, with everything that varies from run to run removed.

    Args:
        book: executed notebook; it is changed in place.
        widget_order: ids of all widget models in the order of their creation.
    """
    book.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate((c for c in book.cells if c.cell_type == "code" and c.source.strip()), 1):
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        cell.outputs = [_clean_output(output, number) for output in cell.outputs]
    state = widget_state(book)
    for model in state:
        state[model] = _masked(state[model])
    return _renumber(nbformat.writes(book), widget_order)


def widget_state(book: NotebookNode) -> dict[str, Any]:
    """Saved widget models by id, as they lie in the notebook's metadata; empty where there are none."""
    return book.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})


def strip_png(data: str) -> str:
    """Base64 of a PNG without its text, time and EXIF chunks (they name the software and the hour)."""
    raw = base64.b64decode(data)
    kept, position = [raw[:8]], 8
    while position < len(raw):
        length, kind = struct.unpack(">I4s", raw[position : position + 8])
        end = position + 12 + length
        if kind not in _TEXT_CHUNKS:
            kept.append(raw[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode()


def _clean_output(output: NotebookNode, count: int) -> NotebookNode:
    output.pop("transient", None)
    if output.output_type == "execute_result":
        output.execution_count = count
    if "text" in output:
        output.text = mask(output.text)
    for kind, value in output.get("data", {}).items():
        if kind == "image/png":
            output.data[kind] = strip_png(value)
        elif kind.startswith("image/") and kind != "image/svg+xml":
            output.data[kind] = value.replace("\n", "")
        else:
            output.data[kind] = _masked(value)
    return output


def _masked(value: Any) -> Any:
    """`value` with every string in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key in _AS_IT_IS else _masked(item) for key, item in value.items()}
    return value


def _renumber(text: str, widget_order: list[str]) -> str:
    """Give widget models their place in the order of creation as id, and sort them again under it."""
    numbers = {model: f"{place:032x}" for place, model in enumerate(widget_order)}
    text = re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", lambda m: numbers.get(m[0], m[0]), text)
    return json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"
