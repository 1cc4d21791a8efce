"""The runbook pages that alerts link to: generated Markdown from the package, shown as HTML."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from markdown_it import MarkdownIt

_NAME = re.compile(r"[A-Za-z0-9]{1,64}\Z")


@cache
def page(name: str) -> str | None:
    """Return a runbook as HTML, None when there is none of that name."""
    if not _NAME.match(name):
        return None
    # Read as data: the exporter must run where the generators' packages are not installed.
    path = resources.files("errtally").joinpath("rules", "generated", "runbooks", f"{name}.md")
    if not path.is_file():
        return None
    return str(MarkdownIt("commonmark").enable("table").render(path.read_text(encoding="utf-8")))
