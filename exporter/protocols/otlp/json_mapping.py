"""OTLP's JSON encoding, which is not protobuf's own: ids in hex, enumerations as numbers, 64-bit integers as either.

Each record is read by itself, so that one that can't be read takes no other with it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from errtally.errors import MalformedError
from errtally.exporter.protocols import tolerant, values
from errtally.exporter.protocols.otlp import model

MAX_DEPTH = 20
_HEX = re.compile(r"[0-9a-fA-F]+\Z")


class Resource(msgspec.Struct):
    """A service, its process and its host."""

    attributes: Any = None


class Scope(msgspec.Struct):
    """An instrumentation scope."""

    name: Any = None


class ScopeLogs(msgspec.Struct, rename="camel"):
    """Log records of one scope."""

    scope: Scope | None = None
    log_records: list[msgspec.Raw] | None = None


class ResourceLogs(msgspec.Struct, rename="camel"):
    """Log records of one resource."""

    resource: Resource | None = None
    scope_logs: list[ScopeLogs] | None = None


class ExportLogs(msgspec.Struct, rename="camel"):
    """A request to /v1/logs."""

    resource_logs: list[ResourceLogs] | None = None


class ScopeSpans(msgspec.Struct):
    """Spans of one scope."""

    spans: list[msgspec.Raw] | None = None


class ResourceSpans(msgspec.Struct, rename="camel"):
    """Spans of one resource."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None


class ExportTraces(msgspec.Struct, rename="camel"):
    """A request to /v1/traces."""

    resource_spans: list[ResourceSpans] | None = None


class ScopeMetrics(msgspec.Struct):
    """Metrics of one scope."""

    metrics: list[msgspec.Raw] | None = None


class ResourceMetrics(msgspec.Struct, rename="camel"):
    """Metrics of one resource."""

    scope_metrics: list[ScopeMetrics] | None = None


class ExportMetrics(msgspec.Struct, rename="camel"):
    """A request to /v1/metrics."""

    resource_metrics: list[ResourceMetrics] | None = None


class Log(msgspec.Struct, rename="camel"):
    """One log record."""

    time_unix_nano: str | int | None = None
    observed_time_unix_nano: str | int | None = None
    severity_number: int | None = None
    severity_text: str | None = None
    body: dict[str, Any] | None = None
    attributes: list[dict[str, Any]] | None = None
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class Event(msgspec.Struct, rename="camel"):
    """One event of a span."""

    name: str = ""
    time_unix_nano: str | int | None = None
    attributes: list[dict[str, Any]] | None = None


class Status(msgspec.Struct):
    """How a span ended."""

    code: int | None = None


class Span(msgspec.Struct, rename="camel"):
    """One span."""

    name: str = ""
    kind: int | None = None
    trace_id: str | None = None
    span_id: str | None = None
    start_time_unix_nano: str | int | None = None
    end_time_unix_nano: str | int | None = None
    attributes: list[dict[str, Any]] | None = None
    events: list[Event] | None = None
    status: Status | None = None


_logs = msgspec.json.Decoder(ExportLogs)
_traces = msgspec.json.Decoder(ExportTraces)
_metrics = msgspec.json.Decoder(ExportMetrics)
_log = msgspec.json.Decoder(Log)
_span = msgspec.json.Decoder(Span)


def logs(body: bytes) -> model.Export:
    """Read a request to /v1/logs.

    Raises:
        MalformedError: the body is not one; names the place.
    """
    export = model.Export()
    for group in _whole(_logs, body).resource_logs or ():
        records = model.ResourceRecords(attributes(group.resource.attributes if group.resource else None))
        for scope in group.scope_logs or ():
            name = values.label(scope.scope.name) if scope.scope is not None else None
            for raw in scope.log_records or ():
                sent = _one(_log, raw, export)
                if sent is not None:
                    records.logs.append((name or "", _log_record(sent)))
        export.resources.append(records)
    return export


def traces(body: bytes | msgspec.Raw) -> model.Export:
    """Read a request to /v1/traces.

    Raises:
        MalformedError: the body is not one; names the place.
    """
    export = model.Export()
    for group in _whole(_traces, body).resource_spans or ():
        records = model.ResourceRecords(attributes(group.resource.attributes if group.resource else None))
        for scope in group.scope_spans or ():
            for raw in scope.spans or ():
                sent = _one(_span, raw, export)
                if sent is not None and (span := _span_of_use(sent)) is not None:
                    records.spans.append(span)
        export.resources.append(records)
    return export


def metrics(body: bytes) -> model.Export:
    """Count the metrics of a request to /v1/metrics.

    Raises:
        MalformedError: the body is not one; names the place.
    """
    scopes = [scope for group in _whole(_metrics, body).resource_metrics or () for scope in group.scope_metrics or ()]
    return model.Export(received=sum(len(scope.metrics or ()) for scope in scopes))


def attributes(sent: object, depth: int = 0) -> model.Attributes:
    """Read a list of KeyValue; what is not one is left out."""
    return {
        key: _value(pair.get("value"), depth)
        for pair in tolerant.objects(sent)
        if isinstance(key := pair.get("key", ""), str)
    }


def _whole(decoder: msgspec.json.Decoder[Any], body: bytes | msgspec.Raw) -> Any:  # noqa: ANN401 (its own type)
    try:
        return decoder.decode(body)
    except tolerant.NOT_JSON:
        try:
            return decoder.decode(tolerant.strict_json(body))
        except tolerant.NOT_JSON as exc:
            raise MalformedError("bad_json", f"not OTLP's JSON: {exc}") from exc


def _one(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw, export: model.Export) -> Any:  # noqa: ANN401
    """Read one record, None when it can't be; counts it either way."""
    index, export.received = export.received, export.received + 1
    try:
        return decoder.decode(raw)
    except tolerant.NOT_JSON:
        try:
            return decoder.decode(tolerant.strict_json(raw))
        except (*tolerant.NOT_JSON, MalformedError) as exc:
            export.rejected += 1
            export.message = export.message or f"record {index}: {exc}"
            return None


def _log_record(sent: Log) -> model.LogRecord:
    return model.LogRecord(
        time=_nanoseconds(sent.time_unix_nano),
        observed_time=_nanoseconds(sent.observed_time_unix_nano),
        severity_number=sent.severity_number or 0,
        severity_text=sent.severity_text or "",
        body=_value(sent.body),
        attributes=attributes(sent.attributes),
        trace_id=_id(sent.trace_id, 32),
        span_id=_id(sent.span_id, 16),
        event_name=sent.event_name or "",
    )


def _span_of_use(sent: Span) -> model.Span | None:
    exceptions = [
        model.SpanEvent(event.name, _nanoseconds(event.time_unix_nano), attributes(event.attributes))
        for event in sent.events or ()
        if model.is_exception(event.name)
    ]
    kind = sent.kind or 0
    if not model.is_of_use(kind, exceptions):
        return None
    return model.Span(
        name=sent.name,
        kind=kind,
        start=_nanoseconds(sent.start_time_unix_nano),
        end=_nanoseconds(sent.end_time_unix_nano),
        attributes=attributes(sent.attributes),
        trace_id=_id(sent.trace_id, 32),
        span_id=_id(sent.span_id, 16),
        status_code=(sent.status.code if sent.status is not None else None) or 0,
        exceptions=exceptions,
    )


def _nanoseconds(sent: str | int | None) -> int:
    value = _int64(sent)
    return value if value is not None and value >= 0 else 0


def _int64(sent: Any) -> int | None:  # noqa: ANN401 (whatever the client sent)
    """A whole number, as one or as text; nanoseconds are more than a float holds."""
    try:
        value = int(sent)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if -(1 << 63) <= value < 1 << 63 else None


def _id(sent: str | None, digits: int) -> str:
    """An id in hex; one that is none, such as base64 from protobuf's own JSON, counts as not sent."""
    return sent.lower() if sent is not None and len(sent) == digits and _HEX.match(sent) else ""


def _value(sent: object, depth: int = 0) -> Any:  # noqa: ANN401 (one return for each form of AnyValue)
    if not isinstance(sent, dict) or depth > MAX_DEPTH:
        return None
    for name, value in sent.items():
        match name:
            case "stringValue" | "boolValue" | "bytesValue":
                return value
            case "intValue":
                return _int64(value)
            case "doubleValue":
                return values.number(value)
            case "arrayValue":
                items = tolerant.mapping(value).get("values")
                return [_value(item, depth + 1) for item in items] if isinstance(items, list) else []
            case "kvlistValue":
                return attributes(tolerant.mapping(value).get("values"), depth + 1)
    return None
