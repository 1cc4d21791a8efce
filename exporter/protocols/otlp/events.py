"""Log records and exceptions of spans, mapped to the shared event model.

One failure arrives many times; `failures` marks what tells of it. An exception's id is made of its trace, its type, its
message and the call that raised it.

A record without a trace, and a message, gets its id from what it says, its times and its place in the request: a
batch that a client sends again counts once, and equal records of one batch count each.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.ingest.submission import SubmittedEvent
from errtally.exporter.protocols import frames, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.otlp import failures, model
from errtally.exporter.protocols.otlp.resource import Service, first

if TYPE_CHECKING:
    from errtally.exporter.protocols.otlp.model import Attributes, LogRecord, Span, SpanEvent

MAX_STACK = 256 * 1024
NANOSECONDS = 1_000_000_000

_EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace")
_JOINED = "\ncaused by: "
"""Between the stacks of an error and its cause, as loggers of Node write them."""

_BRIDGES = re.compile(r"opentelemetry|\botel")
"""Scopes that are a bridge's or a Collector receiver's package: they say how a record came, not who logged it."""

_PROGRAMS = ("appname", "log.logger", "logger.name")
"""Attributes that say who logged what came over a bridge: of syslog's receiver, and of appenders."""

_TEMPLATES = ("{OriginalFormat}", "message_template.text", "message.template")
"""Where logging frameworks put the message before its parameters: .NET, Serilog, others."""

_REQUEST = (
    "http.request.method", "http.method", "url.full", "http.url", "url.path", "http.target", "http.route",
    "url.query", "user_agent.original", "http.user_agent", "client.address",
)  # fmt: skip


def level_of(record: LogRecord, default: str) -> str:
    """Read a level from the severity's number, four to a level, or else from its text."""
    if 1 <= record.severity_number <= 24:  # noqa: PLR2004 (data model of logs, "SeverityNumber")
        return values.level_of_opentelemetry(record.severity_number)
    return values.level(record.severity_text, default)


def event_of_log(record: LogRecord, service: Service, scope: str, index: int, received: float) -> SubmittedEvent | None:
    """Map a log record that holds an exception, or says that there was an error; None for any other.

    Args:
        record: the record.
        service: who sent it.
        scope: name of the instrumentation scope, usually the logger.
        index: the record's place in its request.
        received: when it came, seconds since the epoch.
    """
    attributes = record.attributes
    body = values.text(record.body, MAX_STACK)
    has_exception = model.is_exception(record.event_name) or any(name in attributes for name in _EXCEPTION)
    # Severity 0 says that nobody looked (data model of logs, "SeverityNumber"): a traceback in the body tells then.
    level = level_of(record, "error" if has_exception else "")
    traceback = _traceback(body, service) if not has_exception and level in ("", *names.ERROR_LEVELS) else None
    if not has_exception and traceback is None and level not in names.ERROR_LEVELS:
        return None
    level = level or "error"
    event = _event(service, attributes, record.trace_id, record.span_id)
    event.timestamp = values.timestamp((record.time or record.observed_time) / NANOSECONDS or None, received)
    event.level = level
    event.logger = values.label(first(attributes, *_PROGRAMS)) if _BRIDGES.search(scope) else values.label(scope)
    parts = (service.instance, scope, record.time, record.observed_time, body, index)
    if has_exception:
        _set_exception(event, attributes, body or "")
        has_own_id = _name(event, parts, is_exception=True, has_time=bool(record.time or record.observed_time))
    elif traceback is not None:
        event.type, event.message = values.label(traceback.type), values.text(traceback.value) or ""
        event.stack = body
        has_own_id = _name(event, parts, is_exception=True, has_time=bool(record.time or record.observed_time))
    else:
        event.message = _said(body or "", attributes)
        event.template = values.text(first(attributes, *_TEMPLATES))
        event.frames = _place(attributes)
        has_own_id = _name(event, parts, is_exception=False, has_time=bool(record.time or record.observed_time))
    return SubmittedEvent(event, lambda: _details(event, attributes, service, body), has_own_id)


def event_of_span(
    sent: SpanEvent, span: Span, service: Service, transaction: str | None, index: int, received: float
) -> SubmittedEvent:
    """Map an exception that was recorded on a span; it is an error, whatever became of it.

    Args:
        sent: the span's event.
        span: the span.
        service: who sent it.
        transaction: name of the request that the span served, None when it served none.
        index: the event's place in its request.
        received: when it came, seconds since the epoch.
    """
    event = _event(service, span.attributes, span.trace_id, span.span_id)
    event.timestamp = values.timestamp(sent.time / NANOSECONDS or None, received)
    event.transaction = transaction
    _set_exception(event, sent.attributes, "")
    parts = (service.instance, span.span_id, sent.time, index)
    has_own_id = _name(event, parts, is_exception=True, has_time=bool(sent.time))
    attributes = span.attributes | sent.attributes
    return SubmittedEvent(event, lambda: _details(event, attributes, service, None), has_own_id)


def _event(service: Service, attributes: Attributes, trace_id: str, span_id: str) -> Event:
    user = User(
        id=values.label(first(attributes, "user.id", "enduser.id")),
        email=values.label(attributes.get("user.email")),
        username=values.label(attributes.get("user.name")),
    )
    tags = dict(service.tags)
    if session := values.label(attributes.get("session.id")):
        tags["session.id"] = session
    return Event(
        event_id="",
        timestamp=0.0,
        platform=service.platform,
        environment=service.environment,
        release=service.release,
        server_name=service.host,
        user=user if user.identity() is not None else None,
        tags=tags,
        trace_id=trace_id or None,
        span_id=span_id or None,
    )


def _set_exception(event: Event, attributes: Attributes, otherwise: str) -> None:
    event.type = values.label(attributes.get("exception.type"))
    event.stack = values.text(attributes.get("exception.stacktrace"), MAX_STACK) or None
    event.message = values.text(attributes.get("exception.message")) or ""
    if event.stack and event.message and _JOINED in event.stack:
        event.message = _own_message(event.message, parse(event.stack, event.platform))
    if event.stack and not (event.type and event.message):
        told = next((one for one in reversed(parse(event.stack, event.platform)) if one.type), None)
        if told is not None and event.type in (None, told.type):
            event.type, event.message = values.label(told.type), event.message or values.text(told.value) or ""
    if not event.type and not event.message:
        event.message = otherwise  # of an exception that has a type and no message, the record's body is no message


def _own_message(message: str, chain: list[ExceptionInfo]) -> str:
    """Return an exception's own message of one to which a logger has joined those of its causes, as pino does."""
    said = [(one.value or "").strip() for one in reversed(chain)]
    return said[0] if len(said) > 1 and message.strip() == ": ".join(said) else message


def _name(event: Event, parts: tuple[object, ...], *, is_exception: bool, has_time: bool) -> bool:
    """Give an event its id; tells whether a second submission would get the same one."""
    identity: tuple[object, ...]
    if is_exception and event.trace_id:
        failures.mark(event)
        identity = (event.trace_id, event.type, event.message, *failures.links(event)[0][2])
    elif has_time:
        identity = (event.trace_id, event.type, event.message, event.stack, *parts)
    else:
        event.event_id = new_event_id()
        return False
    event.event_id = blake2b(repr(identity).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return True


def _said(body: str, attributes: Attributes) -> str:
    """Return what a record says: of a syslog line, which receivers keep whole as the body, its message alone."""
    message = values.text(attributes.get("message"))
    return message if message and body.endswith(message) else body


def _traceback(body: str | None, service: Service) -> ExceptionInfo | None:
    """Return the exception that a record's body is the traceback of; None when there is none in it."""
    if not body or "\n" not in body:
        return None
    found = parse(body, service.platform)
    return found[-1] if found and found[-1].frames and (found[-1].type or found[-1].value) else None


def _place(attributes: Attributes) -> list[Frame]:
    """The call that logged, when the logging framework tells it."""
    path = values.text(first(attributes, "code.file.path", "code.filepath"), 512)
    function = values.text(first(attributes, "code.function.name", "code.function"), 256)
    if not path and not function:
        return []
    return [
        Frame(
            function=function,
            module=values.text(attributes.get("code.namespace"), 256),
            abs_path=path,
            lineno=values.integer(first(attributes, "code.line.number", "code.lineno")),
        )
    ]


def _details(event: Event, attributes: Attributes, service: Service, body: str | None) -> dict[str, Any]:
    """What the event's page shows beside the shared model; a trace that is understood by its frames."""
    exceptions = parse(event.stack, event.platform) if event.stack else []
    if not event.stack and "\n" in event.message:
        exceptions = [one for one in parse(event.message, event.platform) if one.frames]
    page: dict[str, Any] = {
        "exceptions": [frames.exception_shown(exception) for exception in exceptions],
        "stack": event.stack if event.stack and not exceptions else None,
        "frames": [frames.shown(frame) for frame in event.frames],
        "request": {name: attributes[name] for name in _REQUEST if name in attributes},
        "contexts": {"resource": service.attributes},
        "extra": {
            name: value
            for name, value in attributes.items()
            if not name.startswith("exception.") and name not in _REQUEST
        },
    }
    if body is not None and body != event.message:
        page["extra"]["log.body"] = body
    return page
