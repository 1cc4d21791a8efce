"""All endpoints of all protocols, in the order in which their routes are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.protocols import alertmanager, native
from errtally.exporter.protocols.sentry import endpoints as sentry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.protocols.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*native.ENDPOINTS, *alertmanager.ENDPOINTS, *sentry.ENDPOINTS)


def find(path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
    """Find the endpoint of a path and what its pattern caught; None when nothing is served there."""
    for endpoint in ENDPOINTS:
        match = endpoint.pattern.fullmatch(path)
        if match is not None:
            return endpoint, {name: value for name, value in match.groupdict().items() if value is not None}
    return None
