"""The routes of Sentry SDKs: `/api/<project>/envelope/` and `/api/<project>/store/`, the last slash optional."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.exporter.ingest.delivery import Delivery
from errtally.exporter.ingest.request import Response
from errtally.exporter.protocols import values
from errtally.exporter.protocols.endpoint import Endpoint
from errtally.exporter.protocols.sentry import envelope, event, items, keys

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.keys import Keys
    from errtally.exporter.ingest.request import Request

MIN_DRIFT_SECONDS = 60
"""A client's clock that is off by less is not corrected: the network's delay would look like drift."""

_KNOWN_BUT_UNUSED = frozenset(
    {
        "attachment", "feedback", "user_report", "trace_metric", "profile", "profile_chunk", "replay_event",
        "replay_recording", "replay_video", "statsd", "metric_buckets", "nel", "form_data", "raw_security", "security",
        "unreal_report", "otel_span",
    }
)  # fmt: skip

_ALLOW_HEADERS = (
    "X-Sentry-Auth, X-Requested-With, X-Forwarded-For, Origin, Referer, Accept, Content-Type, Authentication, "
    "Authorization, Content-Encoding, Transfer-Encoding, sentry-trace, baggage, traceparent, X-CSRFToken"
)
_EXPOSE_HEADERS = "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After"


def decode_envelope(request: Request, known: Keys, limits: Limits) -> Delivery:
    """Decode an envelope; items that are not known are skipped and counted."""
    key = keys.of_request(request)
    project_id = request.route["project"]
    # A key in the address or a header is checked before a byte of the body is read.
    project = known.project(project_id, key) if key is not None else None
    body = request.body()
    head, offset = envelope.header(body)
    if project is None:
        project = known.project(project_id, keys.of_dsn(head.dsn)[0])
    delivery = Delivery(project=project)
    sent_at = values.moment(head.sent_at) if head.sent_at is not None else None
    drift = request.received - sent_at if sent_at is not None else 0.0
    if abs(drift) < MIN_DRIFT_SECONDS:
        drift = 0.0
    head_id = values.event_id(head.event_id)
    delivery.event_id = head_id
    for index, (item, payload) in enumerate(envelope.items(body, offset)):
        if item.type not in _KNOWN_BUT_UNUSED and len(payload) > limits.item_bytes:
            raise TooLargeError(
                "item_too_large", f"item {index}: {item.type} of {len(payload)} bytes; the limit is {limits.item_bytes}"
            )
        try:
            _take(delivery, item.type, payload, request, head_id, drift)
        except MalformedError as exc:
            raise MalformedError(exc.reason, f"item {index}: {exc}") from exc
    return delivery


def _take(delivery: Delivery, kind: str, payload: bytes, request: Request, head_id: str | None, drift: float) -> None:
    """Decode one item into the delivery."""
    match kind:
        case "event":
            if delivery.items["event"]:
                raise MalformedError("two_events", "an envelope holds one event")
            decoded = event.decode(
                payload,
                received=request.received,
                event_id=head_id,
                drift_seconds=drift,
                remote_address=request.remote_address,
            )
            delivery.event_id = decoded.event.event_id
            delivery.events.append(decoded)
        case "transaction":
            delivery.requests.append(items.transaction(payload, received=request.received, drift_seconds=drift))
        case "span":
            delivery.requests += items.spans(payload, received=request.received, drift_seconds=drift)
        case "session":
            delivery.sessions += items.session(payload)
        case "sessions":
            delivery.sessions += items.sessions(payload)
        case "check_in":
            delivery.check_ins.append(items.check_in(payload, received=request.received, drift_seconds=drift))
        case "client_report":
            delivery.discards += items.client_report(payload)
        case "log":
            delivery.logs += items.logs(payload)
        case _ if kind in _KNOWN_BUT_UNUSED:
            pass
        case _:
            kind = "unknown"
    delivery.items[kind] += 1


def decode_store(request: Request, known: Keys, limits: Limits) -> Delivery:
    """Decode a single event as SDKs before envelopes sent it: JSON, or base64 of deflated JSON."""
    key = keys.of_request(request)
    project = known.project(request.route.get("project"), key)
    body = request.body().strip()
    if body[:1] != b"{":
        try:
            body = zlib.decompressobj().decompress(base64.b64decode(body, validate=True), limits.item_bytes + 1)
        except (binascii.Error, zlib.error) as exc:
            raise MalformedError("bad_json", f"neither a JSON object nor base64 of a deflated one: {exc}") from exc
    if len(body) > limits.item_bytes:
        raise TooLargeError("item_too_large", f"an event of more than {limits.item_bytes} bytes")
    decoded = event.decode(body, received=request.received, remote_address=request.remote_address)
    delivery = Delivery(project=project, events=[decoded], event_id=decoded.event.event_id)
    delivery.items["event"] = 1
    return delivery


def answer(delivery: Delivery) -> Response:
    """Answer as Relay does: the event's id, or an empty object."""
    return Response(200, b'{"id":"%s"}' % delivery.event_id.encode() if delivery.event_id else b"{}")


def refuse(error: RejectedError) -> Response:
    """Refuse as Relay does: ``{"detail", "causes"}`` and the text in a header."""
    message = str(error)
    headers = [("X-Sentry-Error", message.encode("ascii", "replace").decode()[:500])]
    if isinstance(error, OverloadedError):
        headers.append(("Retry-After", str(error.retry_after_seconds)))
    body = msgspec.json.encode({"detail": message, "causes": [error.reason]})
    return Response(error.status, body, headers=tuple(headers))


ENDPOINTS = (
    Endpoint(
        protocol="sentry",
        pattern=re.compile(r"(?:/.*)?/api/(?P<project>[^/]+)/envelope/?"),
        decode=decode_envelope,
        answer=answer,
        refuse=refuse,
        allow_headers=_ALLOW_HEADERS,
        expose_headers=_EXPOSE_HEADERS,
        ending="envelope",
    ),
    Endpoint(
        protocol="sentry",
        pattern=re.compile(r"(?:/.*)?/api/(?:(?P<project>[^/]+)/)?store/?"),
        decode=decode_store,
        answer=answer,
        refuse=refuse,
        allow_headers=_ALLOW_HEADERS,
        expose_headers=_EXPOSE_HEADERS,
        ending="store",
    ),
)
