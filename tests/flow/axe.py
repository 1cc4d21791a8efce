"""axe-core in a page of Chromium: which rules of WCAG A and AA it breaks, and where."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.peers import peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE = "axe-core@4.10.3"
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@cache
def _source() -> str:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(root) / "errtally-tests" / PACKAGE.replace("@", "-")
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(peer("npm")), "install", "--no-fund", "--no-audit", "--prefix", str(folder), PACKAGE]
        installed = subprocess.run(command, check=False, capture_output=True, text=True)
        if installed.returncode:
            message = f"npm can't install {PACKAGE}: {installed.stderr[-500:]}"
            if os.environ.get("CI"):
                pytest.fail(message, pytrace=False)
            pytest.skip(message)
    return script.read_text()


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
