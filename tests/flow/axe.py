"""axe-core in a page of Chromium: which rules of WCAG A and AA it breaks, and where."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.npm_packages import installed

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE = "axe-core@4.10.3"
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@cache
def _source() -> str:
    return (installed(PACKAGE) / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, *, of_colours_only: bool = False) -> list[str]:
    """Return what is wrong with a page as it is shown, one line each: rule, element, why.

    Args:
        page: the page.
        of_colours_only: for the second of two pictures that differ in nothing but their colours.
    """
    page.evaluate(_source())  # through the debugger, so that the page's own policy is as it is for people
    chosen = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]} if of_colours_only else ALL
    found: dict[str, Any] = page.evaluate("chosen => axe.run({runOnly: chosen})", chosen)
    return [
        f"{broken['id']}: {node['target']} {node['failureSummary']}"
        for broken in found["violations"]
        for node in broken["nodes"]
    ]
