"""Crash dumps of native programs, which are refused with a reason: reading them takes symbols that nobody gave us.

Specification: https://docs.sentry.io/platforms/native/guides/minidumps/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import NotServedError
from errtally.exporter.protocols.sentry.answers import endpoint

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.ingest.submission import Submission


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:  # noqa: ARG001 (nobody's dump is read)
    """Refuse a dump before a byte of it is read.

    Raises:
        NotServedError: always (501).
    """
    raise NotServedError(
        "crash_dump",
        "minidumps and Unreal Engine crash reports are not read here; send events from the program itself",
        status=501,
    )


ENDPOINTS = (
    endpoint("/api/[^/]+/minidump", decode, categories=()),
    endpoint("/api/[^/]+/unreal/[^/]+", decode, categories=()),
)
