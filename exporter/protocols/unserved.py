"""Addresses at which nothing is served, answered in the form of the protocol whose client asks: they print or read it.

A client says what it speaks by its key's header, or else by the shape of the path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.exporter.protocols import airbrake, bugsnag, faro, honeybadger, native, rollbar
from errtally.exporter.protocols.otlp import answers as otlp
from errtally.exporter.protocols.sentry import answers as sentry

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.errors import RejectedError
    from errtally.exporter.ingest.request import Response

_BY_HEADER: tuple[tuple[str, Callable[[RejectedError], Response]], ...] = (
    ("X-Sentry-Auth", sentry.refuse),
    ("X-Rollbar-Access-Token", rollbar.refuse),
    ("Bugsnag-Api-Key", bugsnag.refuse),
)

_BY_PATH: tuple[tuple[re.Pattern[str], Callable[[RejectedError], Response]], ...] = (
    (re.compile(r"(?:/.*)?/api/v[0-9]+/projects/.*"), airbrake.refuse),
    (re.compile(r"(?:/.*)?/api/1/(?:item|deploy|sourcemap|occurrences?|reports?)\b.*"), rollbar.refuse),
    (re.compile(r"(?:/.*)?/v1(?:development)?/(?:logs|traces|metrics|profiles)/.*"), otlp.refuse_json),
    (re.compile(r"(?:/otlp)(?:/.*)?|/v1development/.*"), otlp.refuse_json),
    (
        re.compile(r"(?:/.*)?/v[0-9]+/(?:notices|check_in|events|deploys|source_maps|exceptions)\b.*"),
        honeybadger.refuse,
    ),
    (re.compile(r"(?:/.*)?/(?:notify|sessions|sourcemap|builds?)\b.*"), bugsnag.refuse),
    (re.compile(r"(?:/.*)?/collect/.*"), faro.refuse),
    (re.compile(r"(?:/.*)?/api/[0-9]+/.*"), sentry.refuse),
    (re.compile(r"(?:/.*)?/(?:api/[^/]+/(?:envelope|store|security|csp-report|cron)|tunnel)/.*"), sentry.refuse),
    (re.compile(r"/api/.*"), native.refuse),
)


def form_of(path: str, header: Callable[[str, str], str]) -> Callable[[RejectedError], Response] | None:
    """Find the form in which to refuse a program that asked for what is not served; None when nobody known asks.

    Args:
        path: of the request.
        header: tells a header of the request by its name in any case, the second argument without it.
    """
    if header("Content-Type", "").lower().startswith(otlp.PROTOBUF):
        return otlp.refuse_protobuf
    for name, form in _BY_HEADER:
        if header(name, ""):
            return form
    return next((form for pattern, form in _BY_PATH if pattern.fullmatch(path) is not None), None)
