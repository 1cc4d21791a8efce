"""What the fuzzer begins with: captured requests and vectors, each with the number of its route behind it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

DATA = Path(__file__).parents[1] / "data"
SENTRY_ROUTES = ("/api/1/envelope/", "/api/1/store/")
SIGNALS: dict[str, type[Message]] = {
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
MEDIA_TYPES = ("application/x-protobuf", "application/json")
OTLP_ROUTES = tuple((path, media_type) for path in SIGNALS for media_type in MEDIA_TYPES)


def of(target: str) -> Iterator[bytes]:
    """Make the seeds of a target: ``envelope`` or ``otlp``."""
    return _envelopes() if target == "envelope" else _exports()


def _envelopes() -> Iterator[bytes]:
    for folder in ("vectors", "captures/sentry-python-plain", "captures/sentry-browser", "captures/sentry-node"):
        for path in sorted((DATA / folder).iterdir()):
            if path.suffix in {".body", ".env", ".json"}:
                yield _plain(path) + bytes([path.suffix == ".json"])


def _exports() -> Iterator[bytes]:
    for folder in ("otel-python-gzip", "otel-python-nested", "otel-node-json"):
        for head in sorted((DATA / "captures" / folder).glob("*.head")):
            path = head.read_text().split()[1]
            media_type = "application/json" if "json" in folder else "application/x-protobuf"
            yield _plain(head.with_suffix(".body")) + bytes([OTLP_ROUTES.index((path, media_type))])


def _plain(path: Path) -> bytes:
    """The body as it reads: compressed bytes would lead the fuzzer nowhere."""
    body = path.read_bytes()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
