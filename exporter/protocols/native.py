"""The exporter's own batch API: `POST /api/events` and `POST /api/requests`, a bearer key, a result for each event.

Specification: docs/native-api.md, docs/openapi.json
"""

from __future__ import annotations

import itertools
import os
import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import msgspec

from errtally.errors import MalformedError
from errtally.event.model import Event, User
from errtally.event.signals import Discard, RequestTiming
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import measures, shipped, values
from errtally.exporter.protocols.explanation import explain
from errtally.exporter.protocols.native_batches import EVENTS, NOT_JSON, REQUESTS, EventBatch, RequestBatch, raw_items

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.ingest.submission import Counts


MAX_EXPLAINED = 20
"""Bad items of one batch whose errors are all listed; of the others, the first error is."""

MAX_STACK = 65_536


class NativeUser(msgspec.Struct):
    """Who was affected."""

    id: str | int | None = None
    email: str | None = None
    username: str | None = None
    ip_address: str | None = None


class NativeTrace(msgspec.Struct):
    """The trace that the event belongs to."""

    trace_id: str | None = None
    span_id: str | None = None


class NativeContext(msgspec.Struct):
    """Where and for whom it happened; ``request`` and ``extra`` are kept for the page only."""

    user: NativeUser | None = None
    environment: str | None = None
    release: str | None = None
    server_name: str | None = None
    tags: dict[str, str | int | float | bool | None] | None = None
    trace: NativeTrace | None = None


class NativeEvent(msgspec.Struct):
    """One event of the batch API."""

    message: str
    template: str | None = None
    event_id: str | None = None
    timestamp: str | float | None = None
    level: Any = "error"
    type: str | None = None
    stack: str | None = None
    platform: str | None = None
    logger: str | None = None
    transaction: str | None = None
    context: NativeContext | None = None
    fingerprint: list[str] | None = None


_Sent = msgspec.defstruct(
    "_Sent",
    [(f"mark_{index}", Any, msgspec.field(default=None, name=name)) for index, name in enumerate(shipped.MARKS)],
    bases=(NativeEvent,),
    kw_only=True,
)
"""An event, or a shipper's record that has a message too, which its marks tell."""
_marks = attrgetter(*(f"mark_{index}" for index in range(len(shipped.MARKS))))
_NO_MARKS = (None,) * len(shipped.MARKS)


class NativeRequest(msgspec.Struct):
    """One request timing of the batch API."""

    transaction: str
    duration_seconds: float
    method: str = ""
    status: int | None = None
    failed: bool | None = None
    timestamp: str | float | None = None
    environment: str | None = None
    release: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


class NativeDiscard(msgspec.Struct):
    """Items that the client did not send, as it counted them."""

    reason: str
    quantity: int
    category: str = "error"


_event = msgspec.json.Decoder(cast("type[NativeEvent]", _Sent))
_request = msgspec.json.Decoder(NativeRequest)
_discard = msgspec.json.Decoder(NativeDiscard)
_any = msgspec.json.Decoder()
MAX_FINGERPRINT_PARTS = 20
MAX_BREADCRUMBS = 100
MAX_DISCARDS = 100

_id_prefix = os.urandom(8).hex()
_id_counter = itertools.count(int.from_bytes(os.urandom(4)))


def new_event_id() -> str:
    """Make an id for an event that came without: 16 hex digits of this process, 16 that count."""
    return f"{_id_prefix}{next(_id_counter):016x}"


def event_from(
    raw: bytes | msgspec.Raw, received: float, limit_bytes: int, rejected: Counts | None = None
) -> SubmittedEvent:
    """Decode one event.

    Args:
        raw: the event's JSON.
        received: when it came, seconds since the epoch.
        limit_bytes: the largest event to take.
        rejected: a level that is none is counted here; the event is good all the same, and an error.

    Raises:
        MalformedError: the event does not fit; names the place in it.
    """
    if (size := memoryview(raw).nbytes) > limit_bytes:
        raise MalformedError("bad_event", f"{size} bytes; the limit of one event is {limit_bytes}")
    record: dict[str, Any] | None = None
    sent: NativeEvent
    try:
        sent = _event.decode(raw)
        if _marks(sent) != _NO_MARKS:
            record = shipped.as_event(_any.decode(raw))
    except msgspec.ValidationError as exc:
        record = _shipped(raw)
        if record is None:
            raise MalformedError("bad_event", str(exc)) from exc
    except NOT_JSON as exc:
        raise MalformedError("bad_event", str(exc)) from exc
    if record is not None:
        try:
            sent = msgspec.convert(record, NativeEvent)
        except msgspec.ValidationError as exc:
            raise MalformedError("bad_event", str(exc)) from exc
    level = values.level(sent.level, "")
    if not level:
        level = "error"
        if rejected is not None:
            rejected["unknown_level"] += 1
    own_id = None
    if sent.event_id is not None and (own_id := values.event_id(sent.event_id)) is None:
        raise MalformedError("bad_event", f"event_id {sent.event_id!r} is not 32 hex digits - at `$.event_id`")
    label = values.LABELS
    event = Event(
        event_id=own_id or new_event_id(),
        timestamp=values.timestamp(sent.timestamp, received),
        level=level,
        type=label[sent.type],
        message=values.text(sent.message) or "",
        template=values.text(sent.template),
        stack=sent.stack if sent.stack is None or len(sent.stack) <= MAX_STACK else _stack(sent.stack),
        platform=values.label(sent.platform, 32),
        logger=label[sent.logger],
        transaction=label[sent.transaction],
        fingerprint=[values.text(part, 256) or "" for part in (sent.fingerprint or ())[:MAX_FINGERPRINT_PARTS]] or None,
    )
    context = sent.context
    if context is not None:
        event.environment = values.label(context.environment, 64) or ""
        event.release = label[context.release]
        event.server_name = label[context.server_name]
        event.tags = values.tags(context.tags)
        if context.user is not None:
            user = context.user
            event.user = User(
                values.label(user.id),
                label[user.email],
                label[user.username],
                values.label(user.ip_address, 64),
            )
        if context.trace is not None:
            event.trace_id = values.label(context.trace.trace_id, 32)
            event.span_id = values.label(context.trace.span_id, 16)
    return SubmittedEvent(event, lambda: _details(record or _any.decode(raw)), has_own_id=own_id is not None)


def _shipped(raw: bytes | msgspec.Raw) -> dict[str, Any] | None:
    """Read what is no event of ours as a log shipper's record; None when it is none either, or no JSON further on."""
    try:
        record = _any.decode(raw)
    except NOT_JSON:
        return None
    is_shipped = isinstance(record, dict) and ("message" not in record or any(map(record.get, shipped.MARKS)))
    return shipped.as_event(record) if is_shipped else None


def decode_events(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode `{"events": [...]}`, one event, a JSON array of events, or one event a line (NDJSON)."""
    submission = Submission(project=project_of(request, admission))
    items, report = raw_items(request.body(), limits, EVENTS, "events", "message")
    for index, raw in enumerate(items):
        try:
            submission.events.append(event_from(raw, request.received, limits.item_bytes, submission.rejected))
        except MalformedError as exc:
            submission.failures.append((index, _explained(submission, raw, "event", exc)))
    _account(submission, "event", len(submission.events))
    if isinstance(report, EventBatch) and (report.discarded or report.measures):
        submission.identity = _identity(report.report_id)
        _add_discards(submission, report.discarded)
        measures.add(submission, report.measures)
    return submission


def _identity(report_id: str | None) -> str:
    """Read the name by which a client sends the same counts again.

    Raises:
        MalformedError: it is none.
    """
    if report_id is None:
        return ""
    known = values.event_id(report_id)
    if known is None:
        raise MalformedError("bad_report", f"report_id {report_id!r} is not 32 hex digits - at `$.report_id`")
    return known


def _add_discards(submission: Submission, discarded: list[msgspec.Raw]) -> None:
    """Add the client's report; an entry that does not fit is counted and left, it must not cost the events."""
    for raw in discarded[:MAX_DISCARDS]:
        try:
            sent = _discard.decode(raw)
        except NOT_JSON:
            submission.rejected["bad_discard"] += 1
            continue
        if not 0 < sent.quantity <= values.MAX_QUANTITY:
            submission.rejected["bad_discard"] += 1
            continue
        reason, category = values.label(sent.reason, 64) or "unknown", values.data_category(sent.category or "error")
        submission.discards.append(Discard(reason, category, sent.quantity))
    if submission.discards:
        submission.items["discard"] = len(submission.discards)


def decode_requests(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode `{"requests": [...]}`, one timing, a JSON array, or one a line."""
    submission = Submission(project=project_of(request, admission))
    items, batch = raw_items(request.body(), limits, REQUESTS, "requests", "transaction")
    if isinstance(batch, RequestBatch):
        submission.identity = _identity(batch.report_id)
    for index, raw in enumerate(items):
        try:
            submission.requests.append(_timing(raw, request.received))
        except MalformedError as exc:
            submission.failures.append((index, _explained(submission, raw, "request", exc)))
    _account(submission, "request", len(submission.requests))
    return submission


def _explained(submission: Submission, raw: bytes | msgspec.Raw, name: str, error: MalformedError) -> str:
    """Say all that is wrong with an item; of many bad ones, only of the first, since it takes its time."""
    if len(submission.failures) >= MAX_EXPLAINED:
        return str(error)
    return explain(raw, name, str(error))


def _account(submission: Submission, kind: str, accepted: int) -> None:
    """Count what was taken; with nothing taken the whole request is refused, and says why."""
    failures = submission.failures
    if failures and not accepted:
        index, message = failures[0]
        raise MalformedError(
            f"bad_{kind}", f"{kind} {index}: {message}" + (f" (and {len(failures) - 1} more)" if failures[1:] else "")
        )
    if accepted:
        submission.items[kind] = accepted
    if failures:
        submission.rejected[f"bad_{kind}"] = len(failures)


def _timing(raw: msgspec.Raw | bytes, received: float) -> RequestTiming:
    try:
        sent = _request.decode(raw)
    except NOT_JSON as exc:
        raise MalformedError("bad_request", str(exc)) from exc
    if not 0 <= sent.duration_seconds <= values.MAX_DURATION_SECONDS:
        raise MalformedError("bad_request", f"a duration of {sent.duration_seconds} seconds - at `$.duration_seconds`")
    status_class = values.status_class(sent.status)
    return RequestTiming(
        transaction=values.label(sent.transaction) or "unnamed",
        duration_seconds=sent.duration_seconds,
        timestamp=values.timestamp(sent.timestamp, received),
        method=values.method(sent.method),
        status_class=status_class,
        failed=sent.failed if sent.failed is not None else status_class == "5xx",
        environment=values.label(sent.environment, 64) or "",
        release=values.label(sent.release),
        trace_id=values.label(sent.trace_id, 32),
        span_id=values.label(sent.span_id, 16),
    )


def _stack(text: str | None) -> str | None:
    """Cut a stack trace of endless recursion in its middle: both ends say what happened."""
    if text is None or len(text) <= MAX_STACK:
        return text
    # At line ends: half of a line may be half of a secret, which is no longer known for one.
    head, tail = text[: MAX_STACK // 2], text[-MAX_STACK // 2 :]
    head = head[: head.rindex("\n")] if "\n" in head else values.text(text, MAX_STACK // 2) or ""
    return f"{head}\n{tail.partition(chr(10))[2]}"


def project_of(request: Request, admission: Admission) -> str:
    """Find the project by the bearer key, or in open mode by the parameter ``project``.

    Raises:
        UnauthorizedError: no key, or one that may not send.
    """
    key: str | None = None
    authorization = request.header("authorization")
    if authorization[:7].lower() == "bearer ":
        key = authorization[7:].strip()
    elif token := request.header("x-api-key"):
        key = token
    project_id = request.query.get("project") if "project=" in request.query_string else None
    return admission.project(project_id, key)


def _details(sent: dict[str, Any]) -> dict[str, Any]:
    """What the event's page shows beside the shared model."""
    context = sent.get("context") or {}
    breadcrumbs = sent.get("breadcrumbs")
    crumbs = [item for item in breadcrumbs if isinstance(item, dict)] if isinstance(breadcrumbs, list) else []
    details: dict[str, Any] = {"stack": _stack(sent.get("stack")), "breadcrumbs": crumbs[-MAX_BREADCRUMBS:]}
    for name in ("request", "user", "extra"):
        if isinstance(context.get(name), dict):
            details[name] = context[name]
    if isinstance(sent.get("params"), list | dict):
        details["extra"] = {**details.get("extra", {}), "params": sent["params"]}
    return details


def answer(submission: Submission) -> Response:
    """Answer with what was taken and, for each event that was not, its place and why."""
    accepted = len(submission.events) + len(submission.requests)
    if not submission.failures:
        return Response(200, b'{"accepted":%d,"rejected":[]}' % accepted)
    rejected = [{"index": index, "error": message} for index, message in submission.failures]
    return Response(200, msgspec.json.encode({"accepted": accepted, "rejected": rejected}))


def refuse(error: RejectedError) -> Response:
    """Refuse in the exporter's own form: ``{"error": {"code", "message"}}``."""
    return Response(error.status, msgspec.json.encode({"error": {"code": error.reason, "message": str(error)}}))


_ALLOW_HEADERS = "Authorization, Content-Type, Content-Encoding, X-API-Key"

ENDPOINTS = tuple(
    Endpoint(
        protocol="native",
        pattern=re.compile(rf"/api/{ending}/?"),
        decode=decode,
        answer=answer,
        refuse=refuse,
        allow_headers=_ALLOW_HEADERS,
        endings=(ending,),
        categories=(category,),
    )
    # A report of discards goes with the events that it came with.
    for ending, category, decode in (("events", "error", decode_events), ("requests", "transaction", decode_requests))
)
