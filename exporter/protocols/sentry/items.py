"""The items beside events: transactions, spans, sessions, check-ins, client reports, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.errors import MalformedError, TooLargeError
from errtally.event.signals import CheckIn, Discard, LogCount, RequestTiming, SessionCount
from errtally.exporter.protocols import tolerant, values
from errtally.exporter.protocols.sentry import monitor_config, wire
from errtally.exporter.protocols.transactions import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.ingest.submission import Counts

MAX_CONTAINER_ITEMS = 10_000

# Categories of data that SDKs count (develop.sentry.dev, "Rate limiting"); others are ``other``: clients can make
# them up, and the budget of series bounds only the label ``reason``.

# gRPC status names of traces to HTTP classes (develop.sentry.dev, "Trace context", status).
_STATUS_CLASSES = {
    "ok": "2xx",
    "cancelled": "4xx",
    "invalid_argument": "4xx",
    "not_found": "4xx",
    "already_exists": "4xx",
    "permission_denied": "4xx",
    "resource_exhausted": "4xx",
    "failed_precondition": "4xx",
    "aborted": "5xx",  # what an SDK makes of a handler that panicked
    "out_of_range": "4xx",
    "unauthenticated": "4xx",
    "deadline_exceeded": "5xx",
    "unimplemented": "5xx",
    "unknown": "5xx",
    "unknown_error": "5xx",
    "internal_error": "5xx",
    "error": "5xx",
    "unavailable": "5xx",
    "data_loss": "5xx",
}


_NOT_FOUND = 404
_CLIENT_OF_GO = "sentry.go"
"""A client that finishes a request's transaction before the panic that it passes on makes the server answer 500."""
_PAGES = ("pageload", "navigation")
"""Operations of browsers: an error on the page marks them as failed, which says nothing of the request."""

_NO_REQUESTS = (
    "http.client", "rpc.client", "grpc.client", "graphql.client", "websocket.client", "mcp.client", "db", "cache",
    "file", "resource", "browser", "mark", "measure", "paint", "ui.", "queue.publish", "queue.submit", "queue.create",
    "queue.enqueue", "gen_ai", "ai.", "template", "view", "serialize", "subprocess", "middleware",
    "app_creation",
)  # fmt: skip
"""Operations that serve nobody when they stand at the root: calls to others, parts of a page, clicks, the
service's own start.

All others count, whichever SDK names them: the list of what serves would never be complete (``rack.request``,
``task``, ``rails.active_job``, or none at all).
"""
_SCREENS = ("ui.load",)
"""Of phones: a screen that was opened, as ``pageload`` is a page."""


def transaction(payload: bytes, *, received: float, drift_seconds: float = 0.0) -> RequestTiming | None:
    """Decode a transaction item; None when its operation serves nobody.

    Raises:
        MalformedError: not a JSON object, or without both timestamps.
    """
    sent = wire.event(payload)
    start, end = values.parse_time(sent.start_timestamp), values.parse_time(sent.timestamp)
    if start is None or end is None:
        raise MalformedError("bad_transaction", "transaction: it needs start_timestamp and timestamp")
    if end - start > values.MAX_DURATION_SECONDS:
        raise MalformedError("bad_transaction", f"transaction: a duration of {end - start} seconds")
    contexts = sent.contexts or wire.Contexts()
    trace = contexts.trace or wire.Trace()
    data = trace.data or wire.TraceData()
    code = values.integer(contexts.response.status_code if contexts.response else None)
    if code is None:
        code = values.integer(data.status_code if data.status_code is not None else data.old_status_code)
    if code is None:  # clients before 2022 put it there, and may call a 404 an internal error
        code = values.integer(values.tags(sent.tags).get("http.status_code"))
    operation = str(trace.op or "")
    if not _serves(operation):
        return None
    status = values.status_class(code)
    if status == "unknown" and not operation.startswith(_PAGES):
        status = _STATUS_CLASSES.get(str(trace.status), "unknown")
    method = (sent.request.method if sent.request is not None else None) or data.method or data.old_method
    name, is_address = named(
        sent.transaction,
        sent.transaction_info.source if sent.transaction_info is not None else None,
        path=sent.request.url if sent.request is not None else None,
        is_missing=code == _NOT_FOUND or (code is None and trace.status == "not_found"),
    )
    return RequestTiming(
        transaction=name,
        duration_seconds=max(end - start, 0.0),
        timestamp=values.timestamp(sent.timestamp, received, drift_seconds),
        method=values.method(method),
        status_class=status,
        failed=status == "5xx",
        environment=values.label(sent.environment, 64) or "",
        release=values.label(sent.release),
        trace_id=values.label(trace.trace_id, 32),
        span_id=values.label(trace.span_id, 16),
        is_address=is_address,
        is_page=_is_page(operation),
        is_unsure=status != "5xx" and sent.sdk is not None and str(sent.sdk.name).startswith(_CLIENT_OF_GO),
    )


def _is_page(operation: str) -> bool:
    return operation.startswith((*_PAGES, *_SCREENS))


def _serves(operation: str) -> bool:
    return operation.startswith(_SCREENS) or not operation.startswith(_NO_REQUESTS)


def spans(
    payload: bytes, skipped: Counts, rejected: Counts, *, received: float, drift_seconds: float = 0.0
) -> list[RequestTiming]:
    """Decode a span container (version 2) or a single span; only segments that serve somebody are timings.

    Args:
        payload: the item.
        skipped: the other spans are counted here, as ``skipped_span``.
        rejected: segments without sensible times are counted here, as ``bad_span``.
        received: when it came, seconds since the epoch.
        drift_seconds: what to add to the client's clock.

    Raises:
        MalformedError: not a JSON object.
    """
    timings: list[RequestTiming] = []
    for span in _container(payload):
        attributes = {
            key: value.get("value") for key, value in _dict(span.get("attributes")).items() if isinstance(value, dict)
        }
        operation = str(attributes.get("sentry.op") or span.get("op") or "")
        start, end = values.parse_time(span.get("start_timestamp")), values.parse_time(span.get("end_timestamp"))
        if span.get("is_segment") is not True or not _serves(operation):
            skipped["skipped_span"] += 1
            continue
        if start is None or end is None or end - start > values.MAX_DURATION_SECONDS:
            rejected["bad_span"] += 1
            continue
        code = values.integer(attributes.get("http.response.status_code"))
        status = values.status_class(code)
        if status == "unknown" and not operation.startswith(_PAGES):
            status = _STATUS_CLASSES.get(str(span.get("status")), "unknown")
        name, is_address = named(
            attributes.get("sentry.segment.name") or span.get("name"),
            attributes.get("sentry.segment.name.source") or attributes.get("sentry.span.source"),
            path=attributes.get("url.path") or attributes.get("url.full"),
            is_missing=code == _NOT_FOUND,
        )
        timings.append(
            RequestTiming(
                transaction=name,
                duration_seconds=max(end - start, 0.0),
                timestamp=values.timestamp(span.get("end_timestamp"), received, drift_seconds),
                method=values.method(attributes.get("http.request.method")),
                status_class=status,
                failed=status == "5xx",
                environment=values.label(attributes.get("sentry.environment"), 64) or "",
                release=values.label(attributes.get("sentry.release")),
                trace_id=values.label(span.get("trace_id"), 32),
                span_id=values.label(span.get("span_id"), 16),
                is_address=is_address,
                is_page=_is_page(operation),
            )
        )
    return timings


def session(payload: bytes) -> list[SessionCount]:
    """Decode one session's update: its start counts once, its end counts once.

    Raises:
        MalformedError: not a JSON object.
    """
    sent = tolerant.document(payload)
    environment, release = _place_of_session(sent)
    session_id = values.label(sent.get("sid"), 64)
    counts: list[str] = []
    if sent.get("init") is True:
        counts.append("started")
    status = str(sent.get("status") or "ok")
    if status == "exited" and (values.integer(sent.get("errors")) or 0) > 0:
        status = "errored"
    if status in names.SESSION_STATUSES[1:]:
        counts.append(status)
    user = values.label(sent.get("did"))
    return [SessionCount(count, 1, environment, release, session_id, user) for count in counts]


def sessions(payload: bytes) -> list[SessionCount]:
    """Decode sessions that the client has added up itself.

    Raises:
        MalformedError: not a JSON object.
    """
    sent = tolerant.document(payload)
    environment, release = _place_of_session(sent)
    totals: dict[tuple[str, str | None], int] = {}
    for aggregate in _dicts(sent.get("aggregates"), MAX_CONTAINER_ITEMS):
        user = values.label(aggregate.get("did"))
        for status in names.SESSION_STATUSES[1:]:
            quantity = max(values.integer(aggregate.get(status)) or 0, 0)
            if quantity:
                for counted in (status, "started"):
                    totals[counted, user] = totals.get((counted, user), 0) + quantity
    return [
        SessionCount(status, quantity, environment, release, user=user) for (status, user), quantity in totals.items()
    ]


def _place_of_session(sent: dict[str, Any]) -> tuple[str, str | None]:
    attributes = _dict(sent.get("attrs"))
    return values.label(attributes.get("environment"), 64) or "", values.label(attributes.get("release"))


def check_in(payload: bytes, rejected: Counts, *, received: float, drift_seconds: float = 0.0) -> CheckIn:
    """Decode a check-in; a schedule in it that names no times is counted in ``rejected``.

    Raises:
        MalformedError: not a JSON object, without a monitor, or with a status that is none.
    """
    sent = tolerant.document(payload)
    monitor = values.label(sent.get("monitor_slug"), 64)
    status = str(sent.get("status"))
    if monitor is None or status not in names.CHECK_IN_STATUSES:
        raise MalformedError(
            "bad_check_in", f"check_in: it needs monitor_slug and a status of {', '.join(names.CHECK_IN_STATUSES)}"
        )
    return CheckIn(
        monitor=monitor,
        status=status,
        timestamp=values.timestamp(sent.get("timestamp"), received, drift_seconds),
        environment=values.label(sent.get("environment"), 64) or "",
        duration_seconds=values.number(sent.get("duration")),
        check_in_id=monitor_config.run_id(sent.get("check_in_id")),
        schedule=monitor_config.schedule(sent.get("monitor_config"), rejected),
    )


def client_report(payload: bytes) -> list[Discard]:
    """Decode a client's report of what it, or a relay, discarded.

    Raises:
        MalformedError: not a JSON object.
    """
    sent = tolerant.document(payload)
    found: list[Discard] = []
    for name in ("discarded_events", "rate_limited_events", "filtered_events", "filtered_sampling_events"):
        for entry in _dicts(sent.get(name), MAX_CONTAINER_ITEMS):
            quantity = values.integer(entry.get("quantity"))
            if quantity is not None and quantity > 0:
                found.append(
                    Discard(
                        reason=values.label(entry.get("reason"), 64) or "unknown",
                        category=values.data_category(entry.get("category")),
                        quantity=quantity,
                    )
                )
    return found


def logs(payload: bytes) -> list[LogCount]:
    """Decode a log container to counts by level; log records are never errors of their own.

    Raises:
        MalformedError: not a JSON object.
    """
    totals: dict[tuple[str, str], int] = {}
    for record in _container(payload):
        environment = _dict(_dict(record.get("attributes")).get("sentry.environment")).get("value")
        key = (values.label(environment, 64) or "", values.level(record.get("level"), "info"))
        totals[key] = totals.get(key, 0) + 1
    return [LogCount(level, quantity, environment) for (environment, level), quantity in totals.items()]


def _container(payload: bytes) -> Iterator[dict[str, Any]]:
    """The items of a container; a payload that is no container is its only item."""
    sent = tolerant.document(payload)
    if isinstance(sent.get("items"), list):
        yield from _dicts(sent["items"], MAX_CONTAINER_ITEMS)
    else:
        yield sent


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object, limit: int) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    if len(value) > limit:
        raise TooLargeError("too_many_items", f"a container of {len(value)} items; the limit is {limit}")
    return [item for item in value if isinstance(item, dict)]
