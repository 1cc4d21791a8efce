"""Reports that browsers send of themselves: what a content security policy kept a page from loading.

Specification: https://www.w3.org/TR/CSP3/#reporting
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from errtally.errors import MalformedError, TooLargeError
from errtally.event.model import Event
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import tolerant, values
from errtally.exporter.protocols.sentry import keys
from errtally.exporter.protocols.sentry.answers import endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request

MAX_BYTES = 64 * 1024
MAX_REPORTS = 100

# Names of the Reporting API (W3C CSP 3) to those of the older `report-uri` form.
_OLD_NAMES = {
    "documentURL": "document-uri",
    "referrer": "referrer",
    "blockedURL": "blocked-uri",
    "effectiveDirective": "effective-directive",
    "originalPolicy": "original-policy",
    "sourceFile": "source-file",
    "sample": "script-sample",
    "disposition": "disposition",
    "statusCode": "status-code",
    "lineNumber": "line-number",
    "columnNumber": "column-number",
}


def decode(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode one report in the ``report-uri`` form, or a list of the Reporting API; reports of other kinds are counted.

    Raises:
        UnauthorizedError: no key in the address, or one that may not send here.
        MalformedError: neither form.
        TooLargeError: more than 64 KiB, or more than 100 reports.
    """
    submission = Submission(project=admission.project(request.route["project"], keys.of_request(request)))
    body = request.body()
    if len(body) > MAX_BYTES:
        raise TooLargeError("body_too_large", f"a report of {len(body)} bytes; the limit is {MAX_BYTES}")
    check_json(body, MAX_BYTES)
    try:
        sent = msgspec.json.decode(body)
    except tolerant.NOT_JSON as exc:
        raise MalformedError("bad_json", f"not JSON: {exc}") from exc
    common = {"environment": request.query.get("sentry_environment"), "release": request.query.get("sentry_release")}
    for report in _reports(sent):
        if report is None:
            submission.items["other_report"] += 1
            continue
        submission.events.append(_event(report, request.received, common))
        submission.items["csp_report"] += 1
    return submission


def _reports(sent: object) -> list[dict[str, Any] | None]:
    """The policy violations of a body, None for each report of another kind."""
    if isinstance(sent, dict) and isinstance(sent.get("csp-report"), dict):
        return [sent["csp-report"]]
    single = [sent] if isinstance(sent, dict) and "type" in sent and "body" in sent else sent
    if not isinstance(single, list):
        raise MalformedError("bad_report", "neither an object with csp-report nor a list of reports")
    if len(single) > MAX_REPORTS:
        raise TooLargeError("too_many_items", f"{len(single)} reports; the limit is {MAX_REPORTS}")
    found: list[dict[str, Any] | None] = []
    for index, report in enumerate(single):
        if not isinstance(report, dict) or not isinstance(report.get("body"), dict):
            raise MalformedError("bad_report", f"a report is an object with type and body - at `$[{index}]`")
        body = report["body"]
        is_violation = report.get("type") == "csp-violation"
        found.append({_OLD_NAMES.get(name, name): value for name, value in body.items()} if is_violation else None)
    return found


def _event(report: dict[str, Any], received: float, common: Mapping[str, str | None]) -> SubmittedEvent:
    directive = values.label(report.get("effective-directive") or report.get("violated-directive"), 64) or "unknown"
    directive = directive.partition(" ")[0]
    blocked = _blocked(report.get("blocked-uri"))
    event = Event(
        event_id=uuid.uuid4().hex,
        timestamp=received,
        level="warning",
        type=directive,
        message=f"blocked {blocked}",
        platform="csp",
        logger="csp",
        culprit=blocked,
        environment=values.label(common["environment"], 64) or "",
        release=values.label(common["release"]),
        fingerprint=["csp", directive, blocked],
    )
    kept = {name: values.text(value, 2000) for name, value in list(report.items())[:50]}
    for name in ("document-uri", "blocked-uri", "referrer", "source-file"):
        if name in kept:
            kept[name] = _without_query(kept[name])
    return SubmittedEvent(event, lambda: {"extra": kept}, has_own_id=False)


def _blocked(uri: object) -> str:
    """The host that was blocked; ``inline``, ``eval`` and ``data`` stand for themselves, own code for ``self``."""
    text = values.label(uri) or "self"
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return "invalid"
    if host is not None:
        return host
    return parts.scheme or text.partition("?")[0]


def _without_query(uri: object) -> str:
    """A page's address without what may hold a visitor's data."""
    text = values.text(uri, 2000) or ""
    try:
        return urlunsplit(urlsplit(text)._replace(query="", fragment=""))
    except ValueError:
        return ""


def answer(_: Submission) -> Response:
    """Answer a browser, which looks at nothing but the status."""
    return Response(201, b"{}")


ENDPOINTS = (endpoint("/api/(?P<project>[^/]+)/(?:security|csp-report)", decode, answer=answer),)
