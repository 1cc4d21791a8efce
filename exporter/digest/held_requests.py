"""Requests that wait for a fatal error of their trace before they are counted."""

from __future__ import annotations

import msgspec

from errtally.exporter.journal.records import RequestSeen  # noqa: TC001 (msgspec reads it)


class HeldRequest(msgspec.Struct, array_like=True):
    """A request that is not counted yet, and when it is at the latest; seconds since the epoch."""

    due: float
    project: str
    request: RequestSeen
