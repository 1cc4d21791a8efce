"""All endpoints of all protocols, found by the last segment of the path, else tried in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.protocols import airbrake, alertmanager, bugsnag, faro, honeybadger, native, rollbar
from errtally.exporter.protocols.otlp import endpoints as otlp
from errtally.exporter.protocols.sentry import endpoints as sentry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.protocols.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *native.ENDPOINTS,
    *alertmanager.ENDPOINTS,
    *sentry.ENDPOINTS,
    *otlp.ENDPOINTS,
    *faro.ENDPOINTS,
    *airbrake.ENDPOINTS,
    *rollbar.ENDPOINTS,
    *honeybadger.ENDPOINTS,
    *bugsnag.ENDPOINTS,
)

# One segment decides nearly always, so a protocol that is added costs the others nothing.
_VARYING = tuple(endpoint for endpoint in ENDPOINTS if not endpoint.ending)
_BY_ENDING = {
    ending: (*(endpoint for endpoint in ENDPOINTS if endpoint.ending == ending), *_VARYING)
    for ending in {endpoint.ending for endpoint in ENDPOINTS}
}


def find(path: str, content_type: str = "") -> tuple[Endpoint, Mapping[str, str]] | None:
    """Find the endpoint of a request and what its pattern caught; None when nothing is served there.

    Args:
        path: the request's path.
        content_type: decides between endpoints of one route that differ in ``media_type``; when it fits none, the
            last of them refuses the request in its own form.
    """
    found: tuple[Endpoint, Mapping[str, str]] | None = None
    for endpoint in _BY_ENDING.get(path.rstrip("/").rpartition("/")[2], _VARYING):
        match = endpoint.pattern.fullmatch(path)
        if match is not None:
            found = endpoint, {name: value for name, value in match.groupdict().items() if value is not None}
            if not endpoint.media_type or content_type.lower().startswith(endpoint.media_type):
                break
    return found
