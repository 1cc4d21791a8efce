"""The navigation at the top of every page: the pages that this exporter serves, in the order of their use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request, url_for

from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from typing import Any

_TOKENS = "tokens.page"
ENTRIES = (
    ("Issues", "web.index"),
    ("Live", "stream.live"),
    ("Overview", "overview.page"),
    ("Releases", "releases.page"),
    ("Jobs", "jobs.page"),
    ("Alerts", "alerts.page"),
    ("History", "audit.page"),
    ("Metrics", "web.metrics"),
    ("Tokens", _TOKENS),
)
"""Label and endpoint of each page; one whose endpoint is not served is left out, as are tokens without a login."""


def _has_tokens() -> bool:
    """Whether there is a log-in, and who asks may make tokens."""
    return part("config").has_web_auth and bool(part("access").may("admin"))


def entries() -> list[dict[str, Any]]:
    """Return label, address and whether the page is the one that is shown."""
    return [
        {"label": label, "url": url_for(endpoint), "is_here": request.endpoint == endpoint}
        for label, endpoint in ENTRIES
        if endpoint in current_app.view_functions and (endpoint != _TOKENS or _has_tokens())
    ]
