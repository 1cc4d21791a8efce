"""Log records and exceptions of spans, mapped to the shared event model.

One failure arrives many times: instrumentation records an exception on each span that it passes through, and again
in a log record. All of them name one trace, so an exception gets its id from the trace, its type, its message and
the call that raised it, and the fold counts that id once (`digest.seen`: bounded, kept over a restart). The rest of
the stack takes no part, because on a span it goes up to the span and in a log record to the handler. Two equal
failures within one trace, such as two tries, therefore count once.

A record without a trace, and a message, gets its id from what it says, its times and its place in the request: a
batch that a client sends again counts once, and equal records of one batch count each.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.event.model import Event, Frame, User
from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.ingest.delivery import EventDelivery
from errtally.exporter.protocols import frames, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.otlp import model
from errtally.exporter.protocols.otlp.resource import Service, first

if TYPE_CHECKING:
    from errtally.exporter.protocols.otlp.model import Attributes, LogRecord, Span, SpanEvent

MAX_STACK = 256 * 1024
NANOSECONDS = 1_000_000_000

_TEMPLATES = ("{OriginalFormat}", "message_template.text", "message.template")
"""Where logging frameworks put the message before its parameters: .NET, Serilog, others."""

_REQUEST = (
    "http.request.method", "http.method", "url.full", "http.url", "url.path", "http.target", "http.route",
    "url.query", "user_agent.original", "http.user_agent", "client.address",
)  # fmt: skip


def level_of(record: LogRecord, default: str) -> str:
    """Read a level from the severity's number, four to a level, or else from its text."""
    if 1 <= record.severity_number <= 24:  # noqa: PLR2004 (data model of logs, "SeverityNumber")
        return names.LEVELS[max((record.severity_number - 1) // 4 - 1, 0)]
    return values.level(record.severity_text, default)


def event_of_log(record: LogRecord, service: Service, scope: str, index: int, received: float) -> EventDelivery | None:
    """Map a log record that holds an exception, or says that there was an error; None for any other.

    Args:
        record: the record.
        service: who sent it.
        scope: name of the instrumentation scope, usually the logger.
        index: the record's place in its request.
        received: when it came, seconds since the epoch.
    """
    attributes = record.attributes
    has_exception = (
        "exception.type" in attributes or "exception.message" in attributes or model.is_exception(record.event_name)
    )
    level = level_of(record, "error" if has_exception else "info")
    if not has_exception and level not in names.ERROR_LEVELS:
        return None
    body = values.text(record.body)
    event = _event(service, attributes, record.trace_id, record.span_id)
    event.timestamp = values.timestamp((record.time or record.observed_time) / NANOSECONDS or None, received)
    event.level = level
    event.logger = values.label(scope)
    parts = (service.instance, scope, record.time, record.observed_time, body, index)
    if has_exception:
        _set_exception(event, attributes, body or "")
        has_own_id = _name(event, parts, is_exception=True, has_time=bool(record.time or record.observed_time))
    else:
        event.message = body or ""
        event.template = values.text(first(attributes, *_TEMPLATES))
        event.frames = _place(attributes)
        has_own_id = _name(event, parts, is_exception=False, has_time=bool(record.time or record.observed_time))
    return EventDelivery(event, lambda: _details(event, attributes, service, body), has_own_id)


def event_of_span(
    sent: SpanEvent, span: Span, service: Service, transaction: str | None, index: int, received: float
) -> EventDelivery:
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
    return EventDelivery(event, lambda: _details(event, attributes, service, None), has_own_id)


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
    event.message = values.text(attributes.get("exception.message")) or otherwise
    event.stack = values.text(attributes.get("exception.stacktrace"), MAX_STACK) or None


def _name(event: Event, parts: tuple[object, ...], *, is_exception: bool, has_time: bool) -> bool:
    """Give an event its id; tells whether a second delivery would get the same one."""
    identity: tuple[object, ...]
    if is_exception and event.trace_id:
        identity = (event.trace_id, event.type, event.message, *_raised_at(event))
    elif has_time:
        identity = (event.trace_id, event.type, event.message, event.stack, *parts)
    else:
        event.event_id = new_event_id()
        return False
    event.event_id = blake2b(repr(identity).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return True


def _raised_at(event: Event) -> tuple[object, ...]:
    """The call that raised an exception; a stack that is not understood stands for itself."""
    if not event.stack:
        return ()
    exceptions = parse(event.stack, event.platform)
    if not exceptions or not exceptions[-1].frames:
        return (event.stack.strip(),)
    frame = exceptions[-1].frames[-1]
    return (frame.abs_path, frame.filename, frame.module, frame.function, frame.lineno)


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
