"""OTLP's answers, each in the encoding of its request: nothing, a partial success, or google.rpc.Status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from errtally.errors import OverloadedError, TooLargeError
from errtally.exporter.ingest.request import Response

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.ingest.submission import Submission

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

MIN_RETRY_AFTER_SECONDS = 1
"""Told 0, some would try again at once. No more than it takes: SDKs for Java and JavaScript give a batch up 10 seconds
after the first try, so each second that they wait for nothing costs them tries."""

_SMALLER_BATCHES = (
    "send smaller batches: send_batch_max_size of the Collector's batch processor, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE and "
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE of SDKs"
)

# HTTP status to gRPC's code (google.rpc.Code).
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
_UNKNOWN_CODE = 2
_REJECTED = {"logs": "rejectedLogRecords", "traces": "rejectedSpans", "metrics": "rejectedDataPoints"}


def answer_protobuf(submission: Submission, signal: str) -> Response:  # noqa: ARG001 (the three answers have one shape)
    """Answer with an empty message, which is no byte, unless some records were not taken.

    ``Export{Logs,Trace,Metrics}ServiceResponse`` have a partial success as field 1, and that a number and a text.
    """
    rejected = sum(submission.rejected.values())
    if not rejected:
        return Response(200, b"", PROTOBUF)
    partial = _number_and_text(rejected, submission.failures[0][1])
    return Response(200, b"\x0a" + _varint(len(partial)) + partial, PROTOBUF)


def answer_json(submission: Submission, signal: str) -> Response:
    """Answer with an empty object, unless some records were not taken; 64-bit numbers are text in JSON."""
    rejected = sum(submission.rejected.values())
    if not rejected:
        return Response(200, b"{}", JSON)
    partial = {_REJECTED[signal]: str(rejected), "errorMessage": submission.failures[0][1]}
    return Response(200, msgspec.json.encode({"partialSuccess": partial}), JSON)


def refuse_protobuf(error: RejectedError) -> Response:
    """Refuse with google.rpc.Status: field 1 the code, field 2 the message."""
    return Response(error.status, _number_and_text(_code(error), _message(error)), PROTOBUF, _headers(error))


def refuse_json(error: RejectedError) -> Response:
    """Refuse with google.rpc.Status in JSON."""
    return Response(
        error.status, msgspec.json.encode({"code": _code(error), "message": _message(error)}), JSON, _headers(error)
    )


def _message(error: RejectedError) -> str:
    """Say what is wrong; an exporter drops a batch that is too large, so whoever reads its log has to know the cure."""
    return f"{error}; {_SMALLER_BATCHES}" if error.status == TooLargeError.status else str(error)


def _code(error: RejectedError) -> int:
    return _CODES.get(error.status, _UNKNOWN_CODE)


def _headers(error: RejectedError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, OverloadedError):
        return (("Retry-After", str(max(error.retry_after_seconds, MIN_RETRY_AFTER_SECONDS))),)
    return ()


def _number_and_text(number: int, text: str) -> bytes:
    """Write a protobuf message of an integer as field 1 and a string as field 2.

    By hand, because the bindings are loaded only when a request in protobuf comes.
    """
    content = text.encode("utf-8", "replace")
    return b"\x08" + _varint(number) + b"\x12" + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004 (seven bits a byte)
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
