"""What the fuzzer begins with: captured requests and vectors, each with the number of its route behind it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.exporter import every_field

from errtally.exporter.protocols.registry import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message
    from tests.exporter.every_field import Form

KEY = "sentry_key=k"
DATA = Path(__file__).parents[1] / "data"
SENTRY_ROUTES = ("/api/1/envelope/", "/api/1/store/")
SIGNALS: dict[str, type[Message]] = {
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
MEDIA_TYPES = ("application/x-protobuf", "application/json")
OTLP_ROUTES = tuple((path, media_type) for path in SIGNALS for media_type in MEDIA_TYPES)


def routes(target: str) -> tuple[tuple[str, str, str, str], ...]:
    """Return method, path, media type and query of what a target's inputs are sent to.

    Args:
        target: ``envelope``, ``otlp``, or ``others``: every endpoint that there is beside these.
    """
    if target == "envelope":
        return tuple(("POST", path, "", KEY) for path in SENTRY_ROUTES)
    if target == "otlp":
        return tuple(("POST", *route, KEY) for route in OTLP_ROUTES)
    return tuple(dict.fromkeys(map(_route, _others())))


def of(target: str) -> Iterator[bytes]:
    """Make the seeds of a target, as `routes` has them."""
    return {"envelope": _envelopes, "otlp": _exports, "others": _forms}[target]()


def _others() -> Iterator[Form]:
    for endpoint in ENDPOINTS:
        for form in every_field.forms(endpoint):
            if not form.is_guess and form.path not in {*SENTRY_ROUTES, *SIGNALS}:
                yield form


def _forms() -> Iterator[bytes]:
    known = routes("others")
    for form in _others():
        yield form.body("a text") + bytes([known.index(_route(form))])


def _route(form: Form) -> tuple[str, str, str, str]:
    return form.endpoint.methods[0], form.path, form.media_type, urlencode(form.query("k"))


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
