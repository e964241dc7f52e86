"""axe-core in a page: what stands in the way of a reader who listens, uses no mouse, or sees little."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# What the workbook puts into a notebook's page; everything else there is the viewer's own.
OURS = (".jp-RenderedMarkdown", ".jp-OutputArea-output", ".dpw-lab")
_RUN = """async ([places, rules]) => {
  const present = places.filter((place) => document.querySelector(place));
  const context = { include: present.map((place) => [place]) };
  const options = { resultTypes: ["violations"], preload: false };
  if (rules.length) options.runOnly = { type: "rule", values: rules };
  return (await axe.run(context, options)).violations;
}"""
_GRAVE = ("serious", "critical")


def grave_findings(page: Page, places: tuple[str, ...] = OURS, rules: tuple[str, ...] = ()) -> list[str]:
    """One line for each element within `places` with a serious or critical finding; frames are not entered.

    Args:
        places: CSS selectors; those that match nothing are left out, but one must match.
        rules: ids of axe's rules; none runs them all.
    """
    assert any(page.locator(place).count() for place in places), f"nothing to look at: {places}"
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_RUN, [list(places), list(rules)])
    return [
        _line(finding, node) for finding in found for node in finding["nodes"] if finding["impact"] in _GRAVE
    ]


def _line(finding: dict[str, Any], node: dict[str, Any]) -> str:
    what = " ".join(node.get("failureSummary", finding["help"]).split())
    return f"{finding['impact']}, {finding['id']}: {' '.join(node['html'].split())[:160]} ({what[:200]})"
