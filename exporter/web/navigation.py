"""The navigation at the top of every page: the pages that this exporter serves, in the order of their use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request, url_for

if TYPE_CHECKING:
    from typing import Any

ENTRIES = (
    ("Issues", "web.index"),
    ("Live", "stream.live"),
    ("Overview", "overview.page"),
    ("History", "audit.page"),
    ("Metrics", "web.metrics"),
)
"""Label and endpoint of each page; one whose endpoint is not served is left out."""


def entries() -> list[dict[str, Any]]:
    """Return label, address and whether the page is the one that is shown."""
    return [
        {"label": label, "url": url_for(endpoint), "is_here": request.endpoint == endpoint}
        for label, endpoint in ENTRIES
        if endpoint in current_app.view_functions
    ]
