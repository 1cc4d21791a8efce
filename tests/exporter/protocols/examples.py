"""One good request for every endpoint that limits apply to, and each place that its key may stand in.

Tests of what holds for every protocol take their requests from here. `test_examples.py` fails while an endpoint has
none, so a protocol that is added needs its rows here and is then in all of these tests.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from errtally.exporter.ingest.endpoint import Endpoint

PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True)
class Sent:
    """A request with its key."""

    path: str
    body: bytes
    headers: dict[str, str]
    query: str


@dataclass(frozen=True)
class Example:
    """A good request.

    Attributes:
        path: with ``{project}`` and ``{key}`` where these stand.
        body: JSON, or bytes.
        keys: places of the key: a header's name, ``Bearer``, ``Sentry`` (X-Sentry-Auth), ``Basic user``, ``Basic
            password``, ``?name`` in the query, ``/`` in the path, ``$.name`` in the body, ``DSN`` in an envelope.
    """

    path: str
    body: Any
    keys: tuple[str, ...]
    method: str = "POST"
    media_type: str = "application/json"
    query: str = ""

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that takes it."""
        found = registry.find(self.path, self.method, self.media_type)
        assert found is not None, self.path
        return found[0]

    @property
    def has_key_before_body(self) -> bool:
        """Whether a sender is known before the body is read."""
        return not self.keys[0].startswith(("$.", "DSN"))

    def with_key(self, place: str | None, key: str = "", project: str = "shop") -> Sent:
        """Make the request with a key in one place, or without any."""
        body, query, headers = self.body, self.query, {"Content-Type": self.media_type}
        if place == "Bearer":
            headers["Authorization"] = f"Bearer {key}"
        elif place == "Sentry":
            headers["X-Sentry-Auth"] = f"Sentry sentry_version=7, sentry_key={key}"
        elif place in {"Basic user", "Basic password"}:
            text = key if place == "Basic user" else f"1234:{key}"
            headers["Authorization"] = "Basic " + base64.b64encode(text.encode()).decode()
        elif place == "DSN":
            head = json.dumps({"dsn": f"https://{key}@errors.example/{project}"}).encode()
            body = body.replace(b"{}", head, 1)
        elif place is not None and place.startswith("?"):
            query = f"{place[1:]}={key}&{query}".rstrip("&")
        elif place is not None and place.startswith("$."):
            body = {**body, place[2:]: key}
        elif place not in {None, "/"}:
            headers[str(place)] = key
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = self.path.replace("{project}", project).replace("{key}", key if place == "/" else "")
        return Sent(path, raw, headers, query)


def _envelope(**items: Any) -> bytes:
    lines = [b"{}"]
    for kind, item in items.items():
        lines += [json.dumps({"type": kind}).encode(), json.dumps(item).encode()]
    return b"\n".join(lines) + b"\n"


RECORDS = [{"severityNumber": 17, "body": {"stringValue": "x"}}, {"severityNumber": 9, "body": {"stringValue": "y"}}]
LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": RECORDS}]}]}
SPAN = {
    "traceId": "a" * 32, "spanId": "b" * 16, "name": "GET /", "kind": 2, "startTimeUnixNano": "1795500000000000000",
    "endTimeUnixNano": "1795500001000000000",
    "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}],
}  # fmt: skip
SPANS = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}
LOGS_PROTOBUF = ExportLogsServiceRequest()
for _record in RECORDS:
    _made = LOGS_PROTOBUF.resource_logs.add().scope_logs.add().log_records.add()
    _made.severity_number, _made.body.string_value = _record["severityNumber"], "x"
SPANS_PROTOBUF = ExportTraceServiceRequest()
_span = SPANS_PROTOBUF.resource_spans.add().scope_spans.add().spans.add()
_span.trace_id, _span.span_id, _span.name, _span.kind = b"a" * 16, b"b" * 8, "GET /", 2
_span.start_time_unix_nano, _span.end_time_unix_nano = 1_795_500_000_000_000_000, 1_795_500_001_000_000_000
_event = _span.events.add()
_event.name = "exception"
_attribute = _event.attributes.add()
_attribute.key, _attribute.value.string_value = "exception.type", "E"

ALERT = {
    "version": "4", "alerts": [{"status": "firing", "fingerprint": "a", "labels": {}, "startsAt": "2026-01-01"}],
}  # fmt: skip
ENVELOPE = _envelope(
    event={"message": "x"}, transaction={"start_timestamp": 1, "timestamp": 2}, session={"init": True},
    check_in={"monitor_slug": "a", "status": "ok"}, log={"items": [{"level": "info"}]},
    client_report={"discarded_events": [{"reason": "a", "category": "error", "quantity": 1}]},
)  # fmt: skip
FARO = {
    "exceptions": [{"type": "E", "value": "x"}], "logs": [{"message": "x"}],
    "events": [{"name": "faro.performance.navigation", "attributes": {"duration": "12"}}],
}  # fmt: skip
ERROR = {"type": "E", "message": "x", "class": "E", "errorClass": "E"}
ROUTE = {"method": "GET", "route": "/pay", "statusCode": 200, "time": "2026-11-24T10:00:00Z", "count": 2, "sum": 17.0}
QUEUE = {"queue": "mails", "time": "2026-11-24T10:00:00Z", "count": 2, "sum": 17.0}
REPORT = {"events": [{"exceptions": [ERROR]}]}
_SENTRY = ("Sentry", "?sentry_key", "Basic user")
_OTLP = ("Bearer", "X-API-Key", "API-Key", "Basic user", "Basic password", "Sentry")
_AIRBRAKE = ("Bearer", "X-Airbrake-Token", "?key")
_NATIVE = ("Bearer", "X-API-Key")

EXAMPLES: dict[str, Example] = {
    "native events": Example("/api/events", {"message": "x"}, _NATIVE),
    "native timings": Example("/api/requests", {"transaction": "x", "duration_seconds": 1}, _NATIVE),
    "alerts": Example("/api/alerts", ALERT, _NATIVE),
    "envelopes": Example("/api/{project}/envelope/", ENVELOPE, (*_SENTRY, "DSN"), media_type=""),
    "a tunnel": Example("/tunnel", ENVELOPE, ("DSN",), media_type=""),
    "store": Example("/api/{project}/store/", {"message": "x"}, _SENTRY),
    "store by an image": Example(
        "/api/{project}/store/", b"", _SENTRY, method="GET", media_type="", query='sentry_data={"message":"x"}'
    ),
    "CSP reports": Example("/api/{project}/security/", {"csp-report": {"blocked-uri": "x"}}, _SENTRY),
    "check-ins by address": Example("/api/{project}/cron/backup/{key}/", b"", ("/",), media_type="", query="status=ok"),
    "OTLP logs": Example("/v1/logs", LOGS, _OTLP),
    "OTLP logs at Sentry's address": Example("/api/{project}/integration/otlp/v1/logs", LOGS, _OTLP),
    "OTLP logs, protobuf": Example("/v1/logs", LOGS_PROTOBUF.SerializeToString(), _OTLP, media_type=PROTOBUF),
    "OTLP traces": Example("/v1/traces", SPANS, _OTLP),
    "OTLP traces, protobuf": Example("/v1/traces", SPANS_PROTOBUF.SerializeToString(), _OTLP, media_type=PROTOBUF),
    "Faro": Example("/collect", FARO, ("X-API-Key", "Bearer")),
    "Faro with its key in the path": Example("/collect/{key}", FARO, ("/",)),
    "Airbrake": Example("/api/v3/projects/{project}/notices", {"errors": [ERROR]}, _AIRBRAKE),
    "Airbrake's older route": Example("/api/v3/projects/{project}/create-notice", {"errors": [ERROR]}, _AIRBRAKE),
    "Airbrake's routes": Example("/api/v5/projects/{project}/routes-stats", {"routes": [ROUTE]}, _AIRBRAKE),
    "Airbrake's queues": Example("/api/v5/projects/{project}/queues-stats", {"queues": [QUEUE]}, _AIRBRAKE),
    "Rollbar": Example(
        "/api/1/item/", {"data": {"body": {"message": {"body": "x"}}}}, ("X-Rollbar-Access-Token", "$.access_token")
    ),
    "Honeybadger": Example("/v1/notices/", {"error": ERROR}, ("X-API-Key",)),
    "Honeybadger in browsers": Example("/v1/notices/js", {"error": ERROR}, ("X-API-Key",)),
    "Honeybadger's check-ins": Example("/v1/check_in/backup", b"", ("X-API-Key",)),
    "Honeybadger's check-ins by name": Example("/v1/check_in/{key}/backup", b"", ("/",)),
    "Bugsnag": Example("/notify", REPORT, ("Bugsnag-Api-Key", "$.apiKey")),
    "Bugsnag at the root": Example("/", REPORT, ("Bugsnag-Api-Key", "$.apiKey")),
    "Bugsnag's sessions": Example(
        "/sessions", {"sessionCounts": [{"sessionsStarted": 2}]}, ("Bugsnag-Api-Key", "$.apiKey")
    ),
}
KEY_PLACES = [(name, place) for name, example in EXAMPLES.items() for place in example.keys]
