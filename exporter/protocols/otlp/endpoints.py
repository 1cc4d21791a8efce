"""The routes of OTLP/HTTP: `/v1/{logs,traces,metrics}`, `/otlp/v1/...`, and Sentry's under a project's path.

Each route is served by two endpoints, one for each encoding, because answers and refusals come in the request's own.

Specification: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from errtally.errors import MalformedError, TooLargeError
from errtally.event.signals import LogCount
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.submission import Submission
from errtally.exporter.protocols.otlp import answers, events, json_mapping, timings
from errtally.exporter.protocols.otlp.resource import service_of
from errtally.exporter.protocols.reading import bearer
from errtally.exporter.protocols.sentry import keys as sentry_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.protocols.otlp.model import Export, ResourceRecords


def decode(
    request: Request,
    admission: Admission,
    limits: Limits,
    *,
    signal: str,
    media_type: str,
    read: Callable[[bytes], Export],
) -> Submission:
    """Decode one request: each resource is a service, and in open mode a project of its own.

    Args:
        request: the request.
        admission: who may send.
        limits: ``batch_events`` bounds the events; a request of more is refused, since no exporter sends again what a
            partial success left out.
        signal: ``logs``, ``traces`` or ``metrics``.
        media_type: the encoding that ``read`` reads.
        read: reads a body.
    """
    project = admission.project(request.route.get("project"), key_of(request))
    if not request.header("content-type").lower().startswith(media_type):
        raise MalformedError(
            "unknown_media_type",
            f"Content-Type {request.header('content-type')!r}: known are {answers.PROTOBUF} and {answers.JSON}",
            status=415,
        )
    body = request.body()
    if media_type == answers.JSON:
        check_json(body, limits.json_values)
    export = read(body)
    identity = _identity(body, export)
    submission = Submission(project=project, identity=identity)
    if export.rejected:
        submission.rejected["bad_record"] = export.rejected
        submission.failures.append((0, export.message))
    # The path of Sentry's routes names the project; elsewhere a service may.
    has_named_project = "project" in request.route
    parts: dict[str, Submission] = {project: submission}
    budget = limits.batch_events
    for records in export.resources:
        name = project if has_named_project else admission.project_of_service(project, _service_name(records))
        part = parts.get(name)
        if part is None:
            part = parts[name] = Submission(project=name, identity=identity)
        budget = _take(part, submission, records, request.received, budget)
        if budget < 0:
            raise TooLargeError("batch_too_large", f"more than {limits.batch_events} events")
    submission.others = [part for part in parts.values() if part is not submission]
    _count(submission, export, signal)
    return submission


def _identity(body: bytes, export: Export) -> str:
    """Name a request by what is in it; without times in it, equal ones may be sent by right."""
    has_time = any(
        any(span.start for span in records.spans) or any(log.time or log.observed_time for _, log in records.logs)
        for records in export.resources
    )
    return blake2b(body, digest_size=16).hexdigest() if has_time else ""


def _count(submission: Submission, export: Export, signal: str) -> None:
    """Count what became of the records; spans that only connect others, and metrics, are counted and not used."""
    parts = (submission, *submission.others)
    used = sum(len(records.spans) for records in export.resources)
    taken = export.received - export.rejected
    for item, quantity in (
        ("event", sum(len(part.events) for part in parts)),
        ("log", sum(count.quantity for part in parts for count in part.logs)),
        ("request", sum(len(part.requests) for part in parts)),
        ("span", taken - used if signal == "traces" else 0),
        ("metric", taken if signal == "metrics" else 0),
    ):
        if quantity:
            submission.items[item] = quantity


def key_of(request: Request) -> str | None:
    """Return the key: a bearer token, the password of basic auth, ``X-API-Key``, or as Sentry's SDKs send it."""
    if key := bearer(request) or request.header("x-api-key") or request.header("api-key"):
        return key
    authorization = request.header("authorization")
    if authorization[:6].lower() == "basic ":
        try:
            user, _, password = base64.b64decode(authorization[6:].strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return password or user or None
    return sentry_keys.of_request(request)


def _service_name(records: ResourceRecords) -> str | None:
    name = records.resource.get("service.name")
    return name if isinstance(name, str) else None


def _take(part: Submission, whole: Submission, records: ResourceRecords, received: float, budget: int) -> int:
    """Map what one resource sent; returns how many more events the request may hold, and stops when it holds more."""
    service = service_of(records.resource)
    counts: dict[str, int] = {}
    for scope, record in records.logs:
        event = events.event_of_log(record, service, scope, len(part.events), received)
        if event is None:
            level = events.level_of(record, "info")
            counts[level] = counts.get(level, 0) + 1
        else:
            part.events.append(event)
            budget -= 1
            if budget < 0:
                return budget
    part.logs += [LogCount(level, quantity, service.environment) for level, quantity in counts.items()]
    for span in records.spans:
        transaction = timings.transaction_of(span)
        timing = timings.timing_of(span, service, received)
        if timing is not None:
            part.requests.append(timing)
        elif transaction is not None:
            whole.rejected["bad_span"] += 1
            whole.failures.append(
                (0, f"span {span.name[:100]!r} ends before it starts, takes more than 30 days, or has no times")
            )
        for sent in span.exceptions:
            part.events.append(events.event_of_span(sent, span, service, transaction, len(part.events), received))
            budget -= 1
            if budget < 0:
                return budget
    return budget


_ALLOW_HEADERS = (
    "Content-Type, Content-Encoding, Authorization, X-API-Key, API-Key, X-Sentry-Auth, X-Scope-OrgID, "
    "traceparent, tracestate, baggage"
)


def _read_protobuf(body: bytes, *, signal: str) -> Export:
    """Read a body with the bindings; they cost 10 MB and 0.15 s, so only a process that gets one loads them."""
    from errtally.exporter.protocols.otlp import protobuf  # noqa: PLC0415 (see above)

    return {"logs": protobuf.logs, "traces": protobuf.traces, "metrics": protobuf.metrics}[signal](body)


_JSON_READERS = {"logs": json_mapping.logs, "traces": json_mapping.traces, "metrics": json_mapping.metrics}


def _endpoint(signal: str, *, is_json: bool) -> Endpoint:
    media_type = answers.JSON if is_json else answers.PROTOBUF
    return Endpoint(
        protocol="otlp",
        pattern=re.compile(rf"(?:(?:/otlp)?|/api/(?P<project>[^/]+)/integration/otlp)/v1/{signal}/?"),
        decode=partial(
            decode,
            signal=signal,
            media_type=media_type,
            read=_JSON_READERS[signal] if is_json else partial(_read_protobuf, signal=signal),
        ),
        answer=partial(answers.answer_json if is_json else answers.answer_protobuf, signal=signal),
        refuse=answers.refuse_json if is_json else answers.refuse_protobuf,
        allow_headers=_ALLOW_HEADERS,
        endings=(signal,),
        media_type=media_type,
        resends=True,
        categories={"logs": ("error", "log_item"), "traces": ("error", "transaction"), "metrics": ()}[signal],
    )


# A request of another media type reaches the first one, which answers 415 in JSON: anyone can read that.
ENDPOINTS = tuple(_endpoint(signal, is_json=is_json) for signal in _JSON_READERS for is_json in (True, False))
