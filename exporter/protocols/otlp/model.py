"""The parts of OTLP that are used, the same from both encodings: `protobuf` and `json_mapping` make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Attributes = dict[str, Any]
"""Names to text, numbers, truth values, lists and mappings."""

SPAN_KIND_SERVER = 2
SPAN_KIND_CONSUMER = 5
STATUS_CODE_ERROR = 2


@dataclass(slots=True)
class LogRecord:
    """One log record; times in nanoseconds since the epoch, 0 when unknown; ids in hex, "" without one."""

    time: int = 0
    observed_time: int = 0
    severity_number: int = 0
    severity_text: str = ""
    body: Any = None
    attributes: Attributes = field(default_factory=dict)
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


@dataclass(slots=True)
class SpanEvent:
    """One event of a span."""

    name: str
    time: int
    attributes: Attributes


@dataclass(slots=True)
class Span:
    """One span that is of use: it served a request, or has an event that is an exception."""

    name: str
    kind: int
    start: int
    end: int
    attributes: Attributes
    trace_id: str
    span_id: str
    status_code: int
    exceptions: list[SpanEvent]


@dataclass(slots=True)
class ResourceRecords:
    """What one resource sent: log records or spans by instrumentation scope.

    Attributes:
        resource: attributes of the service, its process and its host.
        logs: scope's name and log record.
        spans: spans of use.
    """

    resource: Attributes
    logs: list[tuple[str, LogRecord]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


@dataclass(slots=True)
class Export:
    """One request.

    Attributes:
        received: how many records, spans or metrics it held.
        rejected: how many could not be read.
        message: why the first of those could not.
    """

    resources: list[ResourceRecords] = field(default_factory=list)
    received: int = 0
    rejected: int = 0
    message: str = ""


def is_exception(name: str) -> bool:
    """Whether an event's name says that it is an exception: ``exception`` or ``<operation>.exception``."""
    return name == "exception" or name.endswith(".exception")


def is_of_use(kind: int, exceptions: list[SpanEvent]) -> bool:
    """Whether a span tells anything that is counted."""
    return kind in {SPAN_KIND_SERVER, SPAN_KIND_CONSUMER} or bool(exceptions)
