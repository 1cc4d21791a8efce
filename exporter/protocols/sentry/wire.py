"""The parts of Sentry's JSON that are used, as typed structs: what is not named here is skipped, not decoded.

Stack frames are decoded straight to the shared model, since an event has dozens of them. Other leaves are
``Any`` because old and odd SDKs send numbers, null or objects where text is due; `values` makes of them what is
expected. An event with odd frames takes the slow way, through `_repair`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import field

from errtally.event.model import Frame  # noqa: TC001 (msgspec reads the annotations)
from errtally.exporter.protocols import values
from errtally.exporter.protocols.tolerant import document


class Stacktrace(msgspec.Struct):
    """A stack trace, oldest frame first."""

    frames: list[Frame | None] | None = None


class Mechanism(msgspec.Struct):
    """How an exception was caught."""

    handled: Any = None
    synthetic: Any = None
    type: Any = None
    source: Any = None
    exception_id: Any = None
    parent_id: Any = None
    is_exception_group: Any = None


class ExceptionValue(msgspec.Struct):
    """One exception."""

    type: Any = None
    value: Any = None
    module: Any = None
    mechanism: Mechanism | None = None
    stacktrace: Stacktrace | None = None
    thread_id: Any = None


class Exceptions(ExceptionValue):
    """The exception attribute: an object with ``values``, or a single exception."""

    values: list[ExceptionValue | None] | None = None


class Thread(msgspec.Struct):
    """One thread; its stack counts when it crashed or was current."""

    crashed: Any = None
    current: Any = None
    stacktrace: Stacktrace | None = None


class Threads(msgspec.Struct):
    """The threads attribute."""

    values: list[Thread | None] | None = None


class TraceData(msgspec.Struct):
    """HTTP facts that SDKs put on the root span."""

    method: Any = field(default=None, name="http.request.method")
    old_method: Any = field(default=None, name="http.method")
    status_code: Any = field(default=None, name="http.response.status_code")
    old_status_code: Any = field(default=None, name="http.status_code")


class Trace(msgspec.Struct):
    """The trace context."""

    trace_id: Any = None
    span_id: Any = None
    op: Any = None
    status: Any = None
    data: TraceData | None = None


class ResponseContext(msgspec.Struct):
    """The response context."""

    status_code: Any = None


class Contexts(msgspec.Struct):
    """The contexts that count."""

    trace: Trace | None = None
    response: ResponseContext | None = None


class User(msgspec.Struct):
    """The user attribute."""

    id: Any = None
    email: Any = None
    username: Any = None
    ip_address: Any = None


class SdkSettings(msgspec.Struct):
    """What a client tells of its own settings; ``infer_ip`` ``auto``: a user without an address has the peer's."""

    infer_ip: Any = None


class Sdk(msgspec.Struct):
    """The client that sent the event."""

    settings: SdkSettings | None = None
    name: Any = None


class TransactionInfo(msgspec.Struct):
    """Where a transaction's name comes from."""

    source: Any = None


class HttpRequest(msgspec.Struct):
    """The request attribute."""

    method: Any = None
    url: Any = None


class Event(msgspec.Struct):
    """An event or a transaction.

    Attributes:
        debug_meta: as it stands in the payload: it is decoded only where something was uploaded for the project.
    """

    event_id: Any = None
    timestamp: Any = None
    start_timestamp: Any = None
    level: Any = None
    platform: Any = None
    logger: Any = None
    culprit: Any = None
    server_name: Any = None
    release: Any = None
    environment: Any = None
    transaction: Any = None
    transaction_info: TransactionInfo | None = None
    message: Any = None
    logentry: Any = None
    fingerprint: Any = None
    tags: Any = None
    exception: Exceptions | list[ExceptionValue | None] | None = None
    threads: Threads | list[Thread | None] | None = None
    stacktrace: Stacktrace | None = None
    user: User | None = None
    sdk: Sdk | None = None
    contexts: Contexts | None = None
    request: HttpRequest | None = None
    dist: Any = None
    debug_meta: msgspec.Raw = msgspec.Raw(b"")
    # Clients before 2019 (raven, sentry-java 1) name interfaces in full.
    full_exception: Exceptions | list[ExceptionValue | None] | None = field(
        default=None, name="sentry.interfaces.Exception"
    )
    full_message: Any = field(default=None, name="sentry.interfaces.Message")
    full_stacktrace: Stacktrace | None = field(default=None, name="sentry.interfaces.Stacktrace")
    full_user: User | None = field(default=None, name="sentry.interfaces.User")


INTERFACES = {
    "sentry.interfaces.Exception": "exception",
    "sentry.interfaces.Message": "logentry",
    "sentry.interfaces.Stacktrace": "stacktrace",
    "sentry.interfaces.User": "user",
    "sentry.interfaces.Http": "request",
    "sentry.interfaces.Breadcrumbs": "breadcrumbs",
    "sentry.interfaces.Contexts": "contexts",
}
"""The full names of interfaces and what they are called today."""

T = TypeVar("T", bound=msgspec.Struct)

_event = msgspec.json.Decoder(Event)


def event(payload: bytes) -> Event:
    """Decode an event; an attribute of the wrong shape is left out, as Sentry does, and the rest is kept.

    Raises:
        MalformedError: the payload is not a JSON object.
    """
    try:
        return _event.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a ValidationError is a DecodeError
        return salvage(_repair(document(payload)), Event)


def salvage(value: dict[str, Any], kind: type[T]) -> T:
    """Convert an object attribute by attribute and leave out those that do not fit."""
    fitting: dict[str, Any] = {}
    for info in msgspec.structs.fields(kind):
        if info.encode_name in value:
            if info.type is msgspec.Raw:
                fitting[info.name] = msgspec.Raw(msgspec.json.encode(value[info.encode_name]))
                continue
            try:
                fitting[info.name] = msgspec.convert(value[info.encode_name], info.type, strict=False)
            except msgspec.ValidationError:
                continue
    return kind(**fitting)


def _repair(sent: dict[str, Any]) -> dict[str, Any]:
    """Put what frames hold right, in the places where stack traces are."""
    for full, short in INTERFACES.items():
        if full in sent:
            sent.setdefault(short, sent.pop(full))
    exception = sent.get("exception")
    holders = [sent, *_entries(exception), *_entries(sent.get("threads"))]
    if isinstance(exception, dict):
        holders.append(exception)
    for holder in holders:
        stack = holder.get("stacktrace")
        if isinstance(stack, dict) and isinstance(stack.get("frames"), list):
            stack["frames"] = [_frame(frame) for frame in stack["frames"] if isinstance(frame, dict)]
        elif stack is not None:
            holder["stacktrace"] = None
        if not isinstance(holder.get("mechanism", {}), dict):
            holder["mechanism"] = None
    return sent


def _entries(attribute: object) -> list[dict[str, Any]]:
    """The objects of an attribute that is a list or has one under ``values``; others are taken out of it."""
    if isinstance(attribute, dict) and "values" in attribute:
        attribute["values"] = found = _objects(attribute["values"])
        return found
    if isinstance(attribute, list):
        attribute[:] = _objects(attribute)
        return attribute
    return []


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _frame(sent: dict[str, Any]) -> dict[str, Any]:
    return {
        "function": values.text(sent.get("function"), 256),
        "module": values.text(sent.get("module"), 256),
        "filename": values.text(sent.get("filename"), 512),
        "abs_path": values.text(sent.get("abs_path"), 512),
        "lineno": values.integer(sent.get("lineno")),
        "colno": values.integer(sent.get("colno")),
        "in_app": sent["in_app"] if isinstance(sent.get("in_app"), bool) else None,
        "context_line": values.text(sent.get("context_line"), 512),
        "package": values.text(sent.get("package"), 256),
    }
