"""One way to show an outcome, a question, a hint: as plain text and as accessible HTML.

The plain text is stable (no address, no time), so that saved notebooks can be compared.
"""

import html
import re
from dataclasses import dataclass
from textwrap import indent

from dpwidgets import palette
from dpwidgets.learn.messages import say

_NEUTRAL = "#767676"  # at least 4.5:1 against white, 4.5:1 against JupyterLab's dark grey
_LOOK = {
    "right": ("✓", palette.GOOD),
    "wrong": ("✗", palette.BAD),
    "error": ("!", palette.BAD),
}
# Labels in a narrow column, texts beside them; the widths undo JupyterLab's own for such lists.
_LIST = "display: grid; grid-template-columns: max-content 1fr; gap: 0.2em 1em; margin: 0 0 0.3em"
_CELL = "float: none; width: auto; margin: 0; padding: 0"
# JupyterLab would break lines inside words.
_CODE = "margin: 0; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"


@dataclass(frozen=True)
class Part:
    """A labelled piece of a card: prose (`code` and **strong** words), or a value or code as it stands."""

    label: str
    text: str
    verbatim: bool = False


@dataclass(frozen=True)
class Card:
    """What a call shows: an icon and a word, a title, and labelled parts.

    `kind` is the key of the word in the message table; `status` marks a reaction to something that the
    learner did, which screen readers then announce.
    """

    kind: str
    title: str
    parts: tuple[Part, ...] = ()
    status: bool = True

    def __repr__(self) -> str:
        icon, _ = _LOOK.get(self.kind, ("○", _NEUTRAL))
        return "\n".join([f"{icon} {say(self.kind)}: {self.title}", *map(_as_text, self.parts)])

    def _repr_html_(self) -> str:
        icon, colour = _LOOK.get(self.kind, ("○", _NEUTRAL))
        role = "status" if self.status else "note"
        rows = "".join(map(_as_html, self.parts))
        return (
            f'<div role="{role}" style="border-left: 4px solid {colour}; padding: 0 1em; max-width: 50em">'
            f'<p style="margin: 0.3em 0"><strong><span aria-hidden="true">{icon}</span> {say(self.kind)}:'
            f'</strong> {_prose(self.title)}</p><dl style="{_LIST}">{rows}</dl></div>'
        )


def _as_text(part: Part) -> str:
    text = f"\n{indent(part.text, '    ')}" if "\n" in part.text else f" {part.text}"
    return f"  {part.label}:{text}" if part.label else indent(part.text, "  ")


def _as_html(part: Part) -> str:
    body = f'<pre style="{_CODE}">{html.escape(part.text)}</pre>' if part.verbatim else _prose(part.text)
    label = f'<dt style="{_CELL}"><em>{html.escape(part.label)}</em></dt>' if part.label else ""
    return f'{label}<dd style="{_CELL}; grid-column: 2">{body}</dd>'


def _prose(text: str) -> str:
    def marked(found: re.Match[str]) -> str:
        code, strong = found.groups()
        return f"<code>{code}</code>" if code else f"<strong>{strong}</strong>"

    return re.sub(r"`([^`]+)`|\*\*([^*`]+)\*\*", marked, html.escape(text)).replace("\n", "<br>")
