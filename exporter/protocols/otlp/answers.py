"""OTLP's answers, each in the encoding of its request: nothing, a partial success, or google.rpc.Status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from errtally.errors import OverloadedError
from errtally.exporter.ingest.request import Response

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.ingest.delivery import Delivery

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

MIN_RETRY_AFTER_SECONDS = 5
"""SDKs try again at once when told less, and give up a batch after 10 seconds."""

# HTTP status to gRPC's code (google.rpc.Code).
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
_UNKNOWN_CODE = 2
_REJECTED = {"logs": "rejectedLogRecords", "traces": "rejectedSpans", "metrics": "rejectedDataPoints"}


def answer_protobuf(delivery: Delivery, signal: str) -> Response:
    """Answer with an empty message, which is no byte, unless some records were not taken."""
    rejected = delivery.rejected.total()
    if not rejected:
        return Response(200, b"", PROTOBUF)
    message = delivery.failures[0][1]
    response: ExportLogsServiceResponse | ExportTraceServiceResponse | ExportMetricsServiceResponse
    match signal:
        case "logs":
            response = ExportLogsServiceResponse()
            response.partial_success.rejected_log_records = rejected
        case "traces":
            response = ExportTraceServiceResponse()
            response.partial_success.rejected_spans = rejected
        case _:
            response = ExportMetricsServiceResponse()
            response.partial_success.rejected_data_points = rejected
    response.partial_success.error_message = message
    return Response(200, response.SerializeToString(), PROTOBUF)


def answer_json(delivery: Delivery, signal: str) -> Response:
    """Answer with an empty object, unless some records were not taken; 64-bit numbers are text in JSON."""
    rejected = delivery.rejected.total()
    if not rejected:
        return Response(200, b"{}", JSON)
    partial = {_REJECTED[signal]: str(rejected), "errorMessage": delivery.failures[0][1]}
    return Response(200, msgspec.json.encode({"partialSuccess": partial}), JSON)


def refuse_protobuf(error: RejectedError) -> Response:
    """Refuse with google.rpc.Status: field 1 the code, field 2 the message."""
    message = str(error).encode("utf-8", "replace")
    body = b"\x08" + bytes((_code(error),)) + b"\x12" + _varint(len(message)) + message
    return Response(error.status, body, PROTOBUF, _headers(error))


def refuse_json(error: RejectedError) -> Response:
    """Refuse with google.rpc.Status in JSON."""
    return Response(
        error.status, msgspec.json.encode({"code": _code(error), "message": str(error)}), JSON, _headers(error)
    )


def _code(error: RejectedError) -> int:
    return _CODES.get(error.status, _UNKNOWN_CODE)


def _headers(error: RejectedError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, OverloadedError):
        return (("Retry-After", str(max(error.retry_after_seconds, MIN_RETRY_AFTER_SECONDS))),)
    return ()


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004 (seven bits a byte)
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
