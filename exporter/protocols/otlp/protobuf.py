"""OTLP's protobuf encoding, read by the bindings that OpenTelemetry publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from errtally.errors import MalformedError
from errtally.exporter.protocols.otlp import model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1 import logs_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2

MAX_DEPTH = 20

M = TypeVar("M", bound=Message)


def logs(body: bytes) -> model.Export:
    """Read an ExportLogsServiceRequest.

    Raises:
        MalformedError: the bytes are not one.
    """
    export = model.Export()
    for group in _parse(body, ExportLogsServiceRequest).resource_logs:
        records = model.ResourceRecords(_attributes(group.resource.attributes))
        for scope in group.scope_logs:
            records.logs += [(scope.scope.name, _log(record)) for record in scope.log_records]
        export.received += len(records.logs)
        export.resources.append(records)
    return export


def traces(body: bytes) -> model.Export:
    """Read an ExportTraceServiceRequest.

    Raises:
        MalformedError: the bytes are not one.
    """
    export = model.Export()
    for group in _parse(body, ExportTraceServiceRequest).resource_spans:
        records = model.ResourceRecords(_attributes(group.resource.attributes))
        for scope in group.scope_spans:
            export.received += len(scope.spans)
            records.spans += [span for sent in scope.spans if (span := _span(sent)) is not None]
        export.resources.append(records)
    return export


def metrics(body: bytes) -> model.Export:
    """Count the metrics of an ExportMetricsServiceRequest.

    Raises:
        MalformedError: the bytes are not one.
    """
    sent = _parse(body, ExportMetricsServiceRequest)
    count = sum(len(scope.metrics) for group in sent.resource_metrics for scope in group.scope_metrics)
    return model.Export(received=count)


def _parse(body: bytes, kind: type[M]) -> M:
    message = kind()
    try:
        message.ParseFromString(body)
    except DecodeError as exc:
        raise MalformedError("bad_protobuf", f"not an {kind.DESCRIPTOR.name}: {exc}") from exc
    return message


def _log(sent: logs_pb2.LogRecord) -> model.LogRecord:
    return model.LogRecord(
        time=sent.time_unix_nano,
        observed_time=sent.observed_time_unix_nano,
        severity_number=sent.severity_number,
        severity_text=sent.severity_text,
        body=_value(sent.body),
        attributes=_attributes(sent.attributes),
        trace_id=sent.trace_id.hex(),
        span_id=sent.span_id.hex(),
        event_name=sent.event_name,
    )


def _span(sent: trace_pb2.Span) -> model.Span | None:
    exceptions = [
        model.SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes))
        for event in sent.events
        if model.is_exception(event.name)
    ]
    if not model.is_of_use(sent.kind, exceptions):
        return None
    return model.Span(
        name=sent.name,
        kind=sent.kind,
        start=sent.start_time_unix_nano,
        end=sent.end_time_unix_nano,
        attributes=_attributes(sent.attributes),
        trace_id=sent.trace_id.hex(),
        span_id=sent.span_id.hex(),
        status_code=sent.status.code,
        exceptions=exceptions,
    )


def _attributes(sent: Iterable[KeyValue]) -> model.Attributes:
    return {pair.key: _value(pair.value) for pair in sent}


def _value(sent: AnyValue, depth: int = 0) -> Any:  # noqa: ANN401 (OTLP's AnyValue)
    kind = sent.WhichOneof("value")
    if kind is None or depth > MAX_DEPTH:
        return None
    if kind == "array_value":
        return [_value(item, depth + 1) for item in sent.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value, depth + 1) for pair in sent.kvlist_value.values}
    if kind == "bytes_value":
        return sent.bytes_value.hex()
    return getattr(sent, kind)
