"""Grafana Faro's web SDK: exceptions, logs, events and traces of a browser.

Newest frame first. A payload's Idempotency-Key and an exception's place in it are the exception's identity, so that
a payload sent again counts once. The browser's own page load is a request timing; other events, and measurements,
are counted by kind and not used.

Specification: https://github.com/grafana/faro/tree/main/spec
"""

from __future__ import annotations

import re
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, TooLargeError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.event.signals import LogCount, RequestTiming
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import frames, tolerant, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.otlp import events as otlp_events
from errtally.exporter.protocols.otlp import json_mapping, timings
from errtally.exporter.protocols.otlp.resource import service_of
from errtally.exporter.protocols.reading import bearer
from errtally.exporter.protocols.transactions import path_template

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request

NAVIGATION = "faro.performance.navigation"
MILLISECONDS = 1000
MAX_MILLISECONDS = values.MAX_DURATION_SECONDS * MILLISECONDS


class StackFrame(msgspec.Struct):
    """One call."""

    function: Any = None
    module: Any = None
    filename: Any = None
    lineno: Any = None
    colno: Any = None


class Stacktrace(msgspec.Struct):
    """A stack trace, newest frame first."""

    frames: list[StackFrame | None] | None = None


class Trace(msgspec.Struct):
    """The trace that something belongs to."""

    trace_id: Any = None
    span_id: Any = None


class FaroException(msgspec.Struct):
    """One exception."""

    type: Any = None
    value: Any = None
    timestamp: Any = None
    stacktrace: Stacktrace | None = None
    context: Any = None
    trace: Trace | None = None
    fingerprint: Any = None
    fatal: Any = None


class FaroLog(msgspec.Struct):
    """One log record."""

    level: Any = None


class FaroEvent(msgspec.Struct):
    """One event."""

    name: Any = None
    attributes: Any = None
    timestamp: Any = None
    trace: Trace | None = None


class App(msgspec.Struct):
    """The application."""

    name: Any = None
    version: Any = None
    release: Any = None
    environment: Any = None
    namespace: Any = None


class Named(msgspec.Struct):
    """A session, page or view."""

    id: Any = None
    name: Any = None
    url: Any = None


class FaroUser(msgspec.Struct):
    """Who was affected."""

    id: Any = None
    email: Any = None
    username: Any = None


class Browser(msgspec.Struct):
    """The browser."""

    name: Any = None
    version: Any = None
    os: Any = None


class Meta(msgspec.Struct):
    """What holds for everything in a payload."""

    app: App | None = None
    user: FaroUser | None = None
    session: Named | None = None
    page: Named | None = None
    view: Named | None = None
    browser: Browser | None = None


class Payload(msgspec.Struct):
    """What one request carries."""

    meta: Meta | None = None
    exceptions: list[FaroException | None] | None = None
    logs: list[FaroLog | None] | None = None
    events: list[FaroEvent | None] | None = None
    measurements: list[Any] | None = None
    traces: Any = None


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode one payload; its key comes in ``x-api-key``, as a bearer token, or as the last part of the path."""
    key = request.header("x-api-key") or bearer(request) or request.route.get("key")
    project = admission.project(None, key)
    body = request.body()
    check_json(body, limits.json_values)
    sent = tolerant.decode(body, Payload)
    meta = sent.meta or Meta()
    app = meta.app or App()
    submission = Submission(project=admission.project_of_service(project, values.label(app.name)))
    idempotency_key = request.header("idempotency-key")
    submission.identity = _own_id(idempotency_key, meta, "payload") or ""
    exceptions = [item for item in sent.exceptions or () if item is not None]
    logs = [item for item in sent.logs or () if item is not None]
    happened = [item for item in sent.events or () if item is not None]
    if len(exceptions) + len(logs) + len(happened) > limits.batch_events:
        raise TooLargeError("batch_too_large", f"more than {limits.batch_events} items")
    for index, item in enumerate(exceptions):
        event = _event(item, meta, request)
        own_id = _own_id(idempotency_key, meta, index)
        event.event_id = own_id or new_event_id()
        submission.events.append(SubmittedEvent(event, partial(_details, body, index), has_own_id=own_id is not None))
    counts: dict[str, int] = {}
    for log in logs:
        level = values.level(log.level, "info")
        counts[level] = counts.get(level, 0) + 1
    environment = _environment(meta)
    submission.logs += [LogCount(level, quantity, environment) for level, quantity in counts.items()]
    submission.requests += [
        timing for item in happened if (timing := _navigation(item, meta, request.received)) is not None
    ]
    for kind, quantity in (
        ("event", len(exceptions)),
        ("log", len(logs)),
        ("request", len(submission.requests)),
        ("custom_event", len(happened) - len(submission.requests)),
        ("measurement", len(sent.measurements or ())),
    ):
        if quantity:
            submission.items[kind] = quantity
    if isinstance(sent.traces, dict):
        _take_traces(submission, sent.traces, request.received)
    return submission


def _take_traces(submission: Submission, traces: dict[str, Any], received: float) -> None:
    """Take the spans, which Faro sends in OTLP's JSON; exceptions on them come as exceptions of their own as well."""
    try:
        export = json_mapping.traces(msgspec.json.encode(traces))
    except MalformedError:
        submission.rejected["bad_traces"] += 1
        return
    if unused := export.received - export.rejected - sum(len(records.spans) for records in export.resources):
        submission.items["span"] = unused
    if export.rejected:
        submission.rejected["bad_record"] = export.rejected
    for records in export.resources:
        service = service_of(records.resource)
        for span in records.spans:
            if (timing := timings.timing_of(span, service, received)) is not None:
                submission.requests.append(timing)
                submission.items["request"] += 1
            for sent in span.exceptions:
                index = len(submission.events)
                submission.items["event"] += 1
                submission.events.append(otlp_events.event_of_span(sent, span, service, None, index, received))


def _event(sent: FaroException, meta: Meta, request: Request) -> Event:
    stack = [frame for frame in (sent.stacktrace or Stacktrace()).frames or () if frame is not None]
    app, trace = meta.app or App(), sent.trace or Trace()
    called = [_frame(frame) for frame in reversed(frames.without_middle(stack))]
    fingerprint = sent.fingerprint if isinstance(sent.fingerprint, list) else [sent.fingerprint]
    return Event(
        event_id="",
        timestamp=values.timestamp(sent.timestamp, request.received),
        level="fatal" if sent.fatal is True else "error",
        exceptions=[ExceptionInfo(type=values.label(sent.type), value=values.text(sent.value), frames=called)],
        platform="javascript",
        transaction=_page(meta),
        environment=_environment(meta),
        release=_release(app),
        user=_user(meta),
        tags=_tags(meta),
        fingerprint=[values.text(part, 256) or "" for part in fingerprint[:20] if part] or None,
        trace_id=values.label(trace.trace_id, 32),
        span_id=values.label(trace.span_id, 16),
    )


def _frame(sent: StackFrame) -> Frame:
    return Frame(
        function=frames.function(sent.function),
        module=values.text(sent.module, 256),
        abs_path=values.text(sent.filename, 512),
        lineno=values.integer(sent.lineno),
        colno=values.integer(sent.colno),
    )


def _own_id(idempotency_key: str, meta: Meta, index: int | str) -> str | None:
    if not idempotency_key:
        return None
    session = meta.session.id if meta.session is not None else None
    identity = repr((idempotency_key, session, index)).encode("utf-8", "replace")
    return blake2b(identity, digest_size=16).hexdigest()


def _environment(meta: Meta) -> str:
    return values.label(meta.app.environment, 64) or "" if meta.app is not None else ""


def _release(app: App) -> str | None:
    return values.label(app.version) or values.label(app.release)


def _user(meta: Meta) -> User | None:
    sent = meta.user or FaroUser()
    user = User(values.label(sent.id), values.label(sent.email), values.label(sent.username))
    return user if user.identity() is not None else None


def _tags(meta: Meta) -> dict[str, str]:
    app, browser, session = meta.app or App(), meta.browser or Browser(), meta.session or Named()
    tags = {
        "app.name": app.name, "app.namespace": app.namespace, "browser": browser.name,
        "browser.version": browser.version, "os": browser.os, "session.id": session.id,
    }  # fmt: skip
    return {name: shown for name, value in tags.items() if (shown := values.label(value))}


def _page(meta: Meta) -> str | None:
    """Name the page: the view, the page's id, or the path of its address without what varies."""
    for named in (meta.view, meta.page):
        if named is not None and (name := values.label(named.name) or values.label(named.id)):
            return name
    return path_template(meta.page.url) if meta.page is not None else None


def _navigation(sent: FaroEvent, meta: Meta, received: float) -> RequestTiming | None:
    """Map the browser's timing of a page load, whose duration is text in milliseconds; None for any other event."""
    attributes = tolerant.mapping(sent.attributes)
    milliseconds = values.number(attributes.get("duration"))
    if sent.name != NAVIGATION or milliseconds is None or not 0 <= milliseconds <= MAX_MILLISECONDS:
        return None
    trace = sent.trace or Trace()
    status = values.status_class(values.integer(attributes.get("responseStatus")))
    return RequestTiming(
        transaction=_page(meta) or path_template(attributes.get("name")) or "unnamed",
        duration_seconds=milliseconds / MILLISECONDS,
        timestamp=values.timestamp(sent.timestamp, received),
        method="GET",
        status_class=status,
        failed=status == "5xx",
        environment=_environment(meta),
        release=_release(meta.app or App()),
        trace_id=values.label(trace.trace_id, 32),
        span_id=values.label(trace.span_id, 16),
        is_page=True,
    )


def _details(body: bytes, index: int) -> dict[str, Any]:
    """What an exception's page shows beside the shared model; what else the payload tells are its breadcrumbs."""
    sent = tolerant.document(body)
    meta = tolerant.mapping(sent.get("meta"))
    item = tolerant.objects(sent.get("exceptions"))[index]
    stack = tolerant.objects(tolerant.mapping(item.get("stacktrace")).get("frames"))
    called = [
        frames.shown(_frame(tolerant.convert(frame, StackFrame))) for frame in reversed(frames.without_middle(stack))
    ]
    exception = ExceptionInfo(type=values.label(item.get("type")), value=values.text(item.get("value")))
    crumbs = [
        {
            "category": crumb.get("level") or crumb.get("name"),
            "message": crumb.get("message"),
            "data": crumb.get("attributes"),
            "timestamp": crumb.get("timestamp"),
        }
        for crumb in (*tolerant.objects(sent.get("logs")), *tolerant.objects(sent.get("events")))
    ]
    crumbs.sort(key=lambda crumb: str(crumb["timestamp"]))
    page = tolerant.mapping(meta.get("page"))
    browser = tolerant.mapping(meta.get("browser"))
    return {
        "exceptions": [frames.exception_shown(exception, called)],
        "breadcrumbs": crumbs[-100:],
        "request": {"url": page.get("url"), "user_agent": browser.get("userAgent")},
        "user": tolerant.mapping(meta.get("user")),
        "contexts": {
            name: meta[name] for name in ("app", "browser", "os", "device", "session", "view") if name in meta
        },
        "extra": tolerant.mapping(item.get("context")),
    }


def answer(_: Submission) -> Response:
    """Answer as Grafana's collector does."""
    return Response(202, b"", "text/plain")


def refuse(error: RejectedError) -> Response:
    """Refuse with the reason as text; the SDK waits as long as ``Retry-After`` says."""
    return Response(error.status, str(error).encode("utf-8", "replace"), "text/plain; charset=utf-8")


def _endpoint(pattern: str, *endings: str) -> Endpoint:
    return Endpoint(
        protocol="faro",
        pattern=re.compile(pattern),
        decode=decode,
        answer=answer,
        refuse=refuse,
        allow_headers=(
            "Content-Type, Content-Encoding, X-API-Key, X-Faro-Session-Id, Idempotency-Key, Authorization, "
            "X-Scope-OrgID, traceparent, tracestate, baggage"
        ),
        expose_headers="X-Faro-Session-Status",
        endings=endings,
        resends=True,
        categories=("error", "log_item", "transaction"),
    )


ENDPOINTS = (_endpoint(r"(?:/.*)?/collect/?", "collect"), _endpoint(r"/collect/(?P<key>[^/]+)/?"))
