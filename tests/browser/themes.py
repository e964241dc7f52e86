"""A page in the colours of JupyterLab's themes."""

import sys
from pathlib import Path

from playwright.sync_api import Page

# JupyterLab's own themes, and a page without one in the system's light and dark colours.
THEMES = ("light", "dark", "dark-high-contrast", "no theme, light", "no theme, dark")
_FILES = Path(sys.prefix) / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"
_GROUND = "body { background: var(--jp-layout-color0, Canvas); margin: 8px; }"


def dress(page: Page, theme: str) -> None:
    """Give the page a theme in place of the one before."""
    file = _FILES / f"theme-{theme}-extension" / "index.css"
    page.emulate_media(color_scheme="dark" if "dark" in theme else "light")
    plain = theme.startswith("no theme")
    rules = ":root { color-scheme: light dark; }" if plain else file.read_text(encoding="utf-8")
    page.evaluate(
        """([rules, light]) => {
          document.querySelector("#theme")?.remove();
          const style = Object.assign(document.createElement("style"), { id: "theme", textContent: rules });
          document.head.append(style);
          document.body.dataset.jpThemeLight = light;
        }""",
        [rules + _GROUND, str("dark" not in theme).lower()],
    )
