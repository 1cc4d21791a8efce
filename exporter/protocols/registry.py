"""All endpoints of all protocols, found by the last segment of the path, else tried in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.protocols import (
    airbrake,
    airbrake_stats,
    alertmanager,
    bugsnag,
    bugsnag_uploads,
    faro,
    honeybadger,
    honeybadger_uploads,
    native,
    rollbar,
    rollbar_uploads,
)
from errtally.exporter.protocols.otlp import endpoints as otlp
from errtally.exporter.protocols.sentry import crash_dumps, cron, reports
from errtally.exporter.protocols.sentry import endpoints as sentry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from errtally.exporter.ingest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *native.ENDPOINTS,
    *alertmanager.ENDPOINTS,
    *sentry.ENDPOINTS,
    *reports.ENDPOINTS,
    *cron.ENDPOINTS,
    *crash_dumps.ENDPOINTS,
    *otlp.ENDPOINTS,
    *faro.ENDPOINTS,
    *airbrake.ENDPOINTS,
    *airbrake_stats.ENDPOINTS,
    *rollbar.ENDPOINTS,
    *rollbar_uploads.ENDPOINTS,
    *honeybadger.ENDPOINTS,
    *honeybadger_uploads.ENDPOINTS,
    *bugsnag_uploads.ENDPOINTS,
    *bugsnag.ENDPOINTS,
)

# One segment decides nearly always, so a protocol that is added costs the others nothing.
_VARYING = tuple(endpoint for endpoint in ENDPOINTS if not endpoint.endings)
_BY_ENDING = {
    ending: (*(endpoint for endpoint in ENDPOINTS if ending in endpoint.endings), *_VARYING)
    for ending in {ending for endpoint in ENDPOINTS for ending in endpoint.endings}
}

_WEB_API = tuple(f"/api/0/{part}/" for part in ("organizations", "projects", "teams", "issues", "groups", "users"))
"""Sentry's web API, where a release may be called ``v1`` and then its deploys end as a route of Honeybadger's does."""

MAX_KNOWN_ROUTES = 1024
MAX_KNOWN_CHARACTERS = 256
"""Clients ask for the same few routes for ever; what is longer is not remembered."""

_known: dict[tuple[str, str, str], tuple[Endpoint, Mapping[str, str]]] = {}


def find(path: str, method: str = "POST", content_type: str = "") -> tuple[Endpoint, Mapping[str, str]] | None:
    """Find the endpoint of a request and what its pattern caught in the path.

    Args:
        path: the request's path.
        method: the request's method.
        content_type: decides between endpoints of one route that differ in ``media_type``.

    Returns:
        The endpoint that takes the method and the media type; else the first one of the path that takes the method,
        else the first one of the path, to refuse the request in its own form. None when nothing is served there.
    """
    key = (path, method, content_type)
    found = _known.get(key)
    if found is None:
        found = _search(path, method, content_type)
        if found is not None and len(path) + len(content_type) <= MAX_KNOWN_CHARACTERS:
            if len(_known) >= MAX_KNOWN_ROUTES:
                _known.clear()
            _known[key] = found
    return found


def _search(path: str, method: str, content_type: str) -> tuple[Endpoint, Mapping[str, str]] | None:
    if path.startswith(_WEB_API):
        return None
    best: tuple[Endpoint, Mapping[str, str]] | None = None
    best_rank = 0
    for endpoint in _candidates(path):
        match = endpoint.pattern.fullmatch(path)
        if match is None:
            continue
        takes_method = method in endpoint.methods
        if not takes_method and endpoint.has_page and method != "OPTIONS":
            continue
        takes_type = not endpoint.media_type or content_type.lower().startswith(endpoint.media_type)
        rank = 1 + takes_method + (takes_method and takes_type)
        if rank > best_rank:
            best_rank = rank
            best = endpoint, {name: value for name, value in match.groupdict().items() if value is not None}
            if takes_method and takes_type:
                break
    return best


def methods(path: str) -> tuple[str, ...]:
    """Name the methods that a path takes."""
    return tuple(dict.fromkeys(method for endpoint in _matching(path) for method in endpoint.methods))


def _candidates(path: str) -> tuple[Endpoint, ...]:
    return _BY_ENDING.get(path.rstrip("/").rpartition("/")[2], _VARYING)


def _matching(path: str) -> Iterator[Endpoint]:
    return (endpoint for endpoint in _candidates(path) if endpoint.pattern.fullmatch(path) is not None)
