"""All endpoints of all protocols, in the order in which their routes are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.protocols import alertmanager, native
from errtally.exporter.protocols.sentry import crash_dumps, cron, reports
from errtally.exporter.protocols.sentry import endpoints as sentry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.protocols.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *native.ENDPOINTS,
    *alertmanager.ENDPOINTS,
    *sentry.ENDPOINTS,
    *reports.ENDPOINTS,
    *cron.ENDPOINTS,
    *crash_dumps.ENDPOINTS,
)


def find(path: str, method: str = "POST") -> tuple[Endpoint, Mapping[str, str]] | None:
    """Find the endpoint of a path and what its pattern caught.

    Returns:
        The endpoint that takes the method, else the first one of the path; None when nothing is served there.
    """
    other: tuple[Endpoint, Mapping[str, str]] | None = None
    for endpoint in ENDPOINTS:
        match = endpoint.pattern.fullmatch(path)
        if match is not None:
            found = endpoint, {name: value for name, value in match.groupdict().items() if value is not None}
            if method in endpoint.methods:
                return found
            other = other or found
    return other


def methods(path: str) -> tuple[str, ...]:
    """Name the methods that a path takes."""
    return tuple(
        dict.fromkeys(
            method
            for endpoint in ENDPOINTS
            if endpoint.pattern.fullmatch(path) is not None
            for method in endpoint.methods
        )
    )
