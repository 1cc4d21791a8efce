"""Bugsnag's error reports, payload version 4, and its session reports, as its notifiers send them.

Newest frame first, raised exception first, its causes behind it. A report has no id, so one that is sent again
counts again.

Specification: https://bugsnagerrorreportingapi.docs.apiary.io/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, TooLargeError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.event.signals import SessionCount
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import breadcrumbs, frames, tolerant, transactions, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.reading import bounded

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


class ReportFrame(msgspec.Struct, rename="camel"):
    """One call."""

    file: Any = None
    method: Any = None
    line_number: Any = None
    column_number: Any = None
    in_project: Any = None


class ReportException(msgspec.Struct, rename="camel"):
    """One exception."""

    error_class: Any = None
    message: Any = None
    type: Any = None
    stacktrace: list[ReportFrame | None] | None = None


class ReportUser(msgspec.Struct):
    """Who was affected."""

    id: Any = None
    name: Any = None
    email: Any = None


class App(msgspec.Struct, rename="camel"):
    """The deploy."""

    version: Any = None
    release_stage: Any = None
    type: Any = None


class Device(msgspec.Struct, rename="camel"):
    """The machine."""

    hostname: Any = None
    time: Any = None


class HttpRequest(msgspec.Struct, rename="camel"):
    """The request that was served."""

    client_ip: Any = None


class Correlation(msgspec.Struct, rename="camel"):
    """The trace that the report belongs to."""

    trace_id: Any = None
    span_id: Any = None


class Report(msgspec.Struct, rename="camel"):
    """One event of a payload."""

    exceptions: list[ReportException | None] | None = None
    severity: Any = None
    unhandled: Any = None
    session: Any = None
    context: Any = None
    grouping_hash: Any = None
    user: ReportUser | None = None
    app: App | None = None
    device: Device | None = None
    request: HttpRequest | None = None
    correlation: Correlation | None = None
    release_stage: Any = None
    project_root: Any = None


class Payload(msgspec.Struct, rename="camel"):
    """What one request carries."""

    events: list[msgspec.Raw]
    api_key: Any = None


class StartedSessions(msgspec.Struct, rename="camel"):
    """Sessions that started in one minute."""

    sessions_started: Any = None


class Sessions(msgspec.Struct, rename="camel"):
    """A session report: totals by minute, or single sessions from browsers and phones."""

    api_key: Any = None
    app: App | None = None
    session_counts: list[StartedSessions | None] | StartedSessions | None = None
    sessions: list[Any] | None = None


MAX_SINGLE_SESSIONS = 1000
MAX_SESSIONS = 1_000_000
"""A report that tells of more started sessions than this is wrong."""

_CONTEXTS = ("context", "app", "device", "session", "severityReason", "correlation")

_payload = msgspec.json.Decoder(Payload)


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode a payload; a report that can't be read is left out and counted, the others are taken."""
    key = request.header("bugsnag-api-key") or None
    project = admission.project(None, key) if key is not None else None
    body = request.body()
    check_json(body, limits.json_values)
    sent = _payload_of(body)
    if project is None:
        project = admission.project(None, values.text(sent.api_key, 128))
    if len(sent.events) > limits.batch_events:
        raise TooLargeError("batch_too_large", f"{len(sent.events)} events; the limit is {limits.batch_events}")
    submission = Submission(project=project)
    for index, raw in enumerate(sent.events):
        try:
            taken, session = _event(bounded(bytes(raw), limits, "a report"), request)
            submission.events.append(taken)
            submission.sessions += session
        except (MalformedError, TooLargeError) as exc:
            submission.failures.append((index, str(exc)))
            submission.rejected[exc.reason] += 1
    if submission.failures and not submission.events:
        index, message = submission.failures[0]
        raise MalformedError("bad_report", f"{message} - at `$.events[{index}]`")
    if submission.events:
        submission.items["event"] = len(submission.events)
    return submission


def _payload_of(body: bytes) -> Payload:
    try:
        return _payload.decode(body)
    except tolerant.NOT_JSON:
        try:
            return _payload.decode(tolerant.strict_json(body))
        except tolerant.NOT_JSON as exc:
            raise MalformedError("bad_payload", f"not a payload of Bugsnag: {exc}") from exc


def _event(payload: bytes, request: Request) -> tuple[SubmittedEvent, list[SessionCount]]:
    sent = tolerant.decode(payload, Report)
    reported = [item for item in sent.exceptions or () if item is not None][: frames.MAX_EXCEPTIONS]
    if not reported:
        raise MalformedError("bad_report", "a report needs at least one exception")
    app, device, trace = sent.app or App(), sent.device or Device(), sent.correlation or Correlation()
    exceptions = [_exception(item, sent.project_root) for item in reversed(reported)]
    if isinstance(sent.unhandled, bool):
        exceptions[-1].handled = not sent.unhandled
    event = Event(
        event_id=new_event_id(),
        timestamp=values.timestamp(device.time, request.received),
        level=values.level(sent.severity),
        exceptions=exceptions,
        platform=values.platform(reported[0].type),
        transaction=transactions.of_event(sent.context),
        environment=values.label(app.release_stage, 64) or values.label(sent.release_stage, 64) or "",
        release=values.label(app.version),
        server_name=values.label(device.hostname),
        user=_user(sent),
        fingerprint=[values.text(sent.grouping_hash, 256) or ""] if sent.grouping_hash else None,
        trace_id=values.label(trace.trace_id, 32),
        span_id=values.label(trace.span_id, 16),
    )
    return SubmittedEvent(event, lambda: _details(payload), has_own_id=False), _crashed(sent, event)


def _crashed(sent: Report, event: Event) -> list[SessionCount]:
    """The end of the session in which an error was not handled: nothing else tells how a session ended."""
    session = tolerant.mapping(sent.session)
    if not values.integer(tolerant.mapping(session.get("events")).get("unhandled")):
        return []
    user = event.user.identity() if event.user is not None else None
    identity = values.label(session.get("id"), 64)
    return [SessionCount("crashed", 1, event.environment, event.release, identity, user)] if identity else []


def _exception(sent: ReportException, root: object) -> ExceptionInfo:
    stack = [frame for frame in sent.stacktrace or () if frame is not None]
    return ExceptionInfo(
        type=values.label(sent.error_class),
        value=values.text(sent.message),
        frames=[_frame(frame, root) for frame in reversed(frames.without_middle(stack))],
    )


def _frame(sent: ReportFrame, root: object) -> Frame:
    in_project = sent.in_project if isinstance(sent.in_project, bool) else None
    return Frame(
        function=frames.function(sent.method),
        # Files of the project come without its folder, those of libraries with all of theirs.
        abs_path=frames.path(sent.file, root if in_project else None),
        lineno=values.integer(sent.line_number),
        colno=values.integer(sent.column_number),
        in_app=in_project,
    )


def _user(sent: Report) -> User | None:
    who = sent.user or ReportUser()
    address = values.label(sent.request.client_ip, 64) if sent.request is not None else None
    user = User(values.label(who.id), values.label(who.email), values.label(who.name), address)
    return user if user.identity() is not None else None


def _details(payload: bytes) -> dict[str, Any]:
    """What the event's page shows beside the shared model; lists in the order in which they happened."""
    sent = tolerant.document(payload)
    root = sent.get("projectRoot")
    exceptions = []
    for item in reversed(tolerant.objects(sent.get("exceptions"))[: frames.MAX_EXCEPTIONS]):
        called = [
            frames.shown(_frame(tolerant.convert(frame, ReportFrame), root), frame.get("code"))
            for frame in reversed(frames.without_middle(tolerant.objects(item.get("stacktrace"))))
        ]
        exceptions.append(frames.exception_shown(_exception(tolerant.convert(item, ReportException), root), called))
    return {
        "exceptions": exceptions,
        "breadcrumbs": breadcrumbs.trail(sent.get("breadcrumbs"), _crumb),
        "request": tolerant.mapping(sent.get("request")),
        "user": tolerant.mapping(sent.get("user")),
        "contexts": _contexts(sent),
        "extra": tolerant.mapping(sent.get("metaData")),
    }


def _crumb(sent: dict[str, Any]) -> dict[str, Any]:
    data = sent.get("metaData", sent.get("metadata"))
    return breadcrumbs.shown(
        at=sent.get("timestamp"),
        category=sent.get("type"),
        message=sent.get("name", sent.get("message")),
        data=data,
    )


def _contexts(sent: dict[str, Any]) -> dict[str, Any]:
    """What is known of program and machine, the context as sent, and the feature flags with their variants."""
    found = {name: sent[name] for name in _CONTEXTS if sent.get(name)}
    flags = {
        name: flag.get("variant") if flag.get("variant") is not None else "on"
        for flag in tolerant.objects(sent.get("featureFlags"))
        if (name := values.label(flag.get("featureFlag")))
    }
    if flags:
        found["featureFlags"] = flags
    return found


def decode_sessions(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode a session report to counts of sessions that started; how one ended, its last event tells."""
    key = request.header("bugsnag-api-key") or None
    project = admission.project(None, key) if key is not None else None
    sent = tolerant.decode(bounded(request.body(), limits, "a session report"), Sessions)
    if project is None:
        project = admission.project(None, values.text(sent.api_key, 128))
    app = sent.app or App()
    counts = sent.session_counts if isinstance(sent.session_counts, list) else [sent.session_counts]
    started = sum(max(values.integer(count.sessions_started) or 0, 0) for count in counts if count is not None)
    single = tolerant.objects(sent.sessions)[:MAX_SINGLE_SESSIONS]
    started += len(sent.sessions or ()) - len(single)
    submission = Submission(project=project)
    submission.items["session"] = 1
    for session in single:
        user = tolerant.mapping(session.get("user"))
        submission.sessions.append(
            SessionCount(
                "started",
                1,
                values.label(app.release_stage, 64) or "",
                values.label(app.version),
                values.label(session.get("id"), 64),
                values.label(user.get("id")) or values.label(user.get("email")),
            )
        )
    if started > 0:
        submission.sessions.append(
            SessionCount(
                "started",
                min(started, MAX_SESSIONS),
                values.label(app.release_stage, 64) or "",
                values.label(app.version),
            )
        )
    return submission


def answer(_: Submission) -> Response:
    """Any 2xx tells a notifier that it need not send again; nothing in the answer is read."""
    return Response(202, b"{}")


def refuse(error: RejectedError) -> Response:
    """Refuse with ``{"errors"}``; only the status is read."""
    return Response(error.status, msgspec.json.encode({"errors": [str(error)]}))


_ALLOW_HEADERS = (
    "Content-Type, Content-Encoding, Bugsnag-Api-Key, Bugsnag-Payload-Version, Bugsnag-Sent-At, "
    "Bugsnag-Integrity, Bugsnag-Stacktrace-Types"
)

ENDPOINTS = tuple(
    Endpoint(
        protocol="bugsnag",
        pattern=re.compile(pattern),
        decode=decoder,
        answer=answer,
        refuse=refuse,
        allow_headers=_ALLOW_HEADERS,
        endings=(ending,) if ending else (),
        has_page=not ending,
        categories=("session",) if decoder is decode_sessions else ("error",),
    )
    for pattern, ending, decoder in (
        (r"(?:/.*)?/notify/?", "notify", decode),
        (r"(?:/.*)?/sessions/?", "sessions", decode_sessions),
        (r"/", "", decode),
    )
)
