"""The routes that Sentry SDKs send events to: envelope, tunnel and store; the last slash is optional everywhere.

Specification: https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING

from errtally import names
from errtally.errors import MalformedError, TooLargeError, UnauthorizedError
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission
from errtally.exporter.protocols import values
from errtally.exporter.protocols.reading import bounded
from errtally.exporter.protocols.sentry import envelope, event, items, keys
from errtally.exporter.protocols.sentry.answers import endpoint

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request

MIN_DRIFT_SECONDS = 55 * 60
"""A client's clock that is off by less is not corrected, as in Relay: a delay in a queue would look like drift."""

_PIXEL = Response(
    200,
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    content_type="image/gif",
    headers=(("Cache-Control", "no-store"),),
)
"""A GIF of one transparent pixel."""

_CATEGORIES = {
    "event": "error", "transaction": "transaction", "span": "transaction", "session": "session", "sessions": "session",
    "check_in": "monitor", "client_report": "default", "log": "log_item",
}  # fmt: skip
"""Items that are decoded, and the category that limits them."""

_KNOWN_BUT_UNUSED = frozenset(
    {
        "attachment", "feedback", "user_report", "trace_metric", "profile", "profile_chunk", "replay_event",
        "replay_recording", "replay_video", "statsd", "metric_buckets", "nel", "form_data", "raw_security", "security",
        "unreal_report", "otel_span",
    }
)  # fmt: skip


def decode_envelope(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode an envelope; items that are not known are skipped and counted."""
    key = keys.of_request(request)
    project_id = request.route["project"]
    # A key in the address or a header is checked before a byte of the body is read.
    project = admission.project(project_id, key) if key is not None else None
    body = request.body()
    head, offset = envelope.header(body)
    if project is None:
        project = admission.project(project_id, keys.of_dsn(head.dsn)[0])
    return _submission(project, body, head, offset, request, admission=admission, limits=limits)


def decode_tunnel(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode an envelope that a browser sent to a path of the site's own: its DSN names key and project."""
    body = request.body()
    head, offset = envelope.header(body)
    key, project_id = keys.of_dsn(head.dsn)
    if key is None or project_id is None:
        raise UnauthorizedError("missing_key", "an envelope through a tunnel needs a DSN in its header")
    return _submission(
        admission.project(project_id, key), body, head, offset, request, admission=admission, limits=limits
    )


def _submission(
    project: str,
    body: bytes,
    head: envelope.Header,
    offset: int,
    request: Request,
    *,
    admission: Admission,
    limits: Limits,
) -> Submission:
    """Decode the items of an envelope, but not those of a category that is over its limit.

    An item that is broken costs that item, and broken framing what follows it: the good event beside it is taken.

    Raises:
        MalformedError, TooLargeError: items are broken, and nothing else is in the envelope that counts.
    """
    submission = Submission(project=project)
    sent_at = values.parse_time(head.sent_at) if head.sent_at is not None else None
    drift = request.received - sent_at if sent_at is not None else 0.0
    if abs(drift) < MIN_DRIFT_SECONDS:
        drift = 0.0
    head_id = values.event_id(head.event_id)
    submission.event_id = head_id
    broken: list[RejectedError] = []
    try:
        for index, (item, payload) in enumerate(envelope.items(body, offset)):
            category = _CATEGORIES.get(item.type)
            if category is not None and admission.refuses(category, _quantity(item)):
                continue
            try:
                if category is not None:
                    bounded(payload, limits, item.type)
                _take(submission, item.type, payload, request, head_id, drift)
            except (MalformedError, TooLargeError) as exc:
                broken.append(type(exc)(exc.reason, f"item {index}: {exc}"))
    except (MalformedError, TooLargeError) as exc:
        broken.append(exc)
    if broken and not submission.holds_anything():
        raise broken[0]
    for error in broken:
        submission.rejected[error.reason] += 1
        submission.failures.append((0, str(error)))
    return submission


def _quantity(item: envelope.ItemHeader) -> int:
    """How many things an item holds, as far as its header says."""
    count = values.integer(item.item_count) if item.type == "log" else None
    return min(max(count or 1, 1), items.MAX_CONTAINER_ITEMS)


def _take(
    submission: Submission, kind: str, payload: bytes, request: Request, head_id: str | None, drift: float
) -> None:
    """Decode one item into the submission."""
    match kind:
        case "event":
            if submission.items["event"]:
                raise MalformedError("two_events", "an envelope holds one event")
            decoded = event.decode(
                payload,
                received=request.received,
                event_id=head_id,
                drift_seconds=drift,
                remote_address=request.remote_address,
            )
            submission.event_id = decoded.event.event_id
            submission.events.append(decoded)
        case "transaction":
            timing = items.transaction(payload, received=request.received, drift_seconds=drift)
            if timing is None:
                submission.items["skipped_span"] += 1
            else:
                submission.requests.append(timing)
        case "span":
            submission.requests += items.spans(
                payload, submission.items, submission.rejected, received=request.received, drift_seconds=drift
            )
        case "session":
            submission.sessions += items.session(payload)
        case "sessions":
            submission.sessions += items.sessions(payload)
        case "check_in":
            submission.check_ins.append(
                items.check_in(payload, submission.rejected, received=request.received, drift_seconds=drift)
            )
        case "client_report":
            submission.discards += items.client_report(payload)
        case "log":
            submission.logs += items.logs(payload)
        case _:
            submission.unkept_bytes += len(payload)
            if kind not in _KNOWN_BUT_UNUSED:
                kind = "unknown"
    submission.items[kind] += 1


def decode_store(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode a single event as SDKs before envelopes sent it: JSON, or base64 of deflated JSON."""
    project = admission.project(request.route.get("project"), keys.of_request(request))
    return _stored(project, request.body().strip(), request, limits)


def decode_store_query(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode an event that an image's address carries, as old scripts of pages sent it."""
    project = admission.project(request.route.get("project"), keys.of_request(request))
    content = request.query.get("sentry_data")
    if not content:
        raise MalformedError("empty_body", "the parameter sentry_data has no event")
    return _stored(project, content.encode("utf-8", "replace").strip(), request, limits)


def _stored(project: str, body: bytes, request: Request, limits: Limits) -> Submission:
    if body[:1] != b"{":
        try:
            body = zlib.decompressobj().decompress(base64.b64decode(body, validate=True), limits.item_bytes + 1)
        except (binascii.Error, zlib.error) as exc:
            raise MalformedError("bad_json", f"neither a JSON object nor base64 of a deflated one: {exc}") from exc
    if len(body) > limits.item_bytes:
        raise TooLargeError("item_too_large", f"an event of more than {limits.item_bytes} bytes")
    decoded = event.decode(body, received=request.received, remote_address=request.remote_address)
    submission = Submission(project=project, events=[decoded], event_id=decoded.event.event_id)
    submission.items["event"] = 1
    return submission


ENDPOINTS = (
    endpoint("/api/(?P<project>[^/]+)/envelope", decode_envelope, categories=names.CATEGORIES),
    endpoint("/tunnel", decode_tunnel, categories=names.CATEGORIES),
    endpoint("/api/(?:(?P<project>[^/]+)/)?store", decode_store),
    endpoint("/api/(?:(?P<project>[^/]+)/)?store", decode_store_query, answer=lambda _: _PIXEL, methods=("GET",)),
)
