"""Rollbar's items, as pyrollbar, rollbar.js, the Rollbar gem and others send them.

The order of frames is told by `rollbar_order`; in a ``trace_chain`` the raised exception comes first,
its causes behind it. An item's uuid is its identity, so that one sent again counts once.

Specification: https://docs.rollbar.com/reference/create-item
"""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import breadcrumbs, frames, tolerant, transactions, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.reading import bounded
from errtally.exporter.protocols.rollbar_item import (
    Body,
    Data,
    ExceptionPart,
    Item,
    Person,
    RollbarFrame,
    Server,
    Trace,
)
from errtally.exporter.protocols.rollbar_order import holding, is_newest_first

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode one item, or a JSON array of items; of an array the items that can't be read are left out and counted.

    The token comes in a header or in the body; of an array, in its first item.
    """
    token = request.header("x-rollbar-access-token") or None
    project = admission.project(None, token) if token is not None else None
    submission = Submission()
    for index, payload in enumerate(_payloads(request.body(), limits)):
        try:
            sent = tolerant.decode(bounded(payload, limits, "an item"), Item)
            if project is None:
                project = admission.project(None, values.text(sent.access_token, 128))
            event, has_own_id = _event(sent.data or Data(), request)
        except (MalformedError, TooLargeError) as exc:
            submission.failures.append((index, str(exc)))
            submission.rejected[exc.reason] += 1
            continue
        submission.events.append(SubmittedEvent(event, partial(_details, payload), has_own_id))
        submission.event_id = submission.event_id or event.event_id
    if project is None:
        project = admission.project(None, None)
    if not submission.events:
        raise MalformedError("bad_item", submission.failures[0][1] if submission.failures else "an empty array")
    submission.project = project
    submission.items["event"] = len(submission.events)
    return submission


def _payloads(body: bytes, limits: Limits) -> list[bytes]:
    check_json(body, limits.json_values)
    if body.lstrip()[:1] != b"[":
        return [body]
    try:
        payloads = [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except tolerant.NOT_JSON as exc:
        raise MalformedError("bad_json", f"not JSON: {exc}") from exc
    if len(payloads) > limits.batch_events:
        raise TooLargeError("batch_too_large", f"{len(payloads)} items; the limit is {limits.batch_events}")
    return payloads


def _event(sent: Data, request: Request) -> tuple[Event, bool]:
    """Map one occurrence; tells also whether it has an id of its own."""
    body = sent.body or Body()
    chain = [trace for trace in body.trace_chain or () if trace is not None][: frames.MAX_EXCEPTIONS]
    if not chain and body.trace is not None:
        chain = [body.trace]
    message = values.text(body.message.body) if body.message is not None else None
    stack = values.text(body.crash_report.raw, 256 * 1024) if body.crash_report is not None else None
    if not chain and message is None and not stack:
        raise MalformedError("bad_item", "an item needs trace, trace_chain, message or crash_report - at `$.data.body`")
    server = sent.server or Server()
    own_id = values.event_id(sent.uuid)
    event = Event(
        event_id=own_id or new_event_id(),
        timestamp=values.timestamp(sent.timestamp, request.received),
        level=values.level(sent.level),
        message=message or "",
        exceptions=[_exception(trace, server.root, _client(sent)) for trace in reversed(chain)],
        stack=stack,
        platform=values.platform(sent.language) or values.platform(sent.platform),
        transaction=transactions.of_event(sent.context),
        environment=values.label(sent.environment, 64) or "",
        release=_release(sent, server),
        server_name=values.label(server.host),
        user=_user(sent, request.remote_address),
    )
    if sent.fingerprint is not None:
        event.fingerprint = [values.text(sent.fingerprint, 256) or ""]
    return event, own_id is not None


def _client(sent: Data) -> str:
    return (values.label(sent.notifier.name) if sent.notifier is not None else None) or ""


def _exception(sent: Trace, root: object, client: str) -> ExceptionInfo:
    raised = sent.exception or ExceptionPart()
    called = [frame for frame in sent.frames or () if frame is not None]
    newest_first = is_newest_first([frame.method for frame in called], client)
    if newest_first:
        called.reverse()
    for frame, method in zip(called, holding([frame.method for frame in called], client), strict=True):
        frame.method = method
    return ExceptionInfo(
        type=values.label(raised.kind),
        value=values.text(raised.message),
        frames=[_frame(frame, root) for frame in frames.without_middle(called)],
        newest_first=newest_first,
    )


def _release(sent: Data, server: Server) -> str | None:
    """The version of the code: of the item, of the server, or of what runs at the client (``client.javascript``)."""
    client = (tolerant.mapping(part).get("code_version") for part in (sent.client or {}).values())
    return next(
        (name for one in (sent.code_version, server.code_version, *client) if (name := values.label(one))), None
    )


def _frame(sent: RollbarFrame, root: object) -> Frame:
    return Frame(
        function=frames.function(sent.method),
        module=values.label(sent.class_name),
        abs_path=frames.path(sent.filename, root),
        lineno=values.integer(sent.lineno),
        colno=values.integer(sent.colno),
        context_line=values.text(sent.code, 512),
    )


def _user(sent: Data, remote_address: str) -> User | None:
    person = sent.person or Person()
    address = values.label(sent.request.user_ip, 64) if sent.request is not None else None
    user = User(
        id=values.label(person.id),
        email=values.label(person.email),
        username=values.label(person.username),
        ip_address=remote_address or None if address == "$remote_ip" else address,
    )
    return user if user.identity() is not None else None


def _crumb(sent: dict[str, Any]) -> dict[str, Any]:
    body = tolerant.mapping(sent.get("body"))
    return breadcrumbs.shown(
        at=sent.get("timestamp_ms", sent.get("timestamp")),
        category=sent.get("type"),
        message=body.get("message"),
        level=sent.get("level"),
        data={name: value for name, value in body.items() if name != "message"} or None,
    )


def _details(payload: bytes) -> dict[str, Any]:
    """What the event's page shows beside the shared model; lists in the order in which they happened."""
    sent = tolerant.mapping(tolerant.document(payload).get("data"))
    body = tolerant.mapping(sent.get("body"))
    root = tolerant.mapping(sent.get("server")).get("root")
    chain = tolerant.objects(body.get("trace_chain"))[: frames.MAX_EXCEPTIONS] or tolerant.objects([body.get("trace")])
    client = values.label(tolerant.mapping(sent.get("notifier")).get("name")) or ""
    exceptions = []
    for trace in reversed(chain):
        called, exception = [], _exception(tolerant.convert(trace, Trace), root, client)
        sent_frames = tolerant.objects(trace.get("frames"))
        if is_newest_first([frame.get("method") for frame in sent_frames], client):
            sent_frames.reverse()
        for frame, method in zip(sent_frames, holding([one.get("method") for one in sent_frames], client), strict=True):
            frame["method"] = method
        for frame in frames.without_middle(sent_frames):
            around = tolerant.mapping(frame.get("context"))
            page = frames.shown(_frame(tolerant.convert(frame, RollbarFrame), root))
            page |= {"pre_context": around.get("pre"), "post_context": around.get("post"), "vars": frame.get("locals")}
            page["vars"] = tolerant.mapping(page["vars"])
            for name in ("pre_context", "post_context"):
                page[name] = page[name] if isinstance(page[name], list) else []
            called.append(page)
        exceptions.append(frames.exception_shown(exception, called))
    crash = tolerant.mapping(body.get("crash_report"))
    return {
        "exceptions": exceptions,
        "stack": values.text(crash.get("raw"), 64 * 1024),
        "breadcrumbs": breadcrumbs.trail(body.get("telemetry"), _crumb),
        "request": tolerant.mapping(sent.get("request")),
        "user": tolerant.mapping(sent.get("person")),
        "contexts": {name: sent[name] for name in ("server", "client", "notifier", "framework") if sent.get(name)},
        "extra": tolerant.mapping(sent.get("custom")),
    }


def answer(submission: Submission) -> Response:
    """Answer as Rollbar does; the id is a number there, so none is given."""
    own = str(uuid.UUID(submission.event_id)) if submission.event_id else None
    return Response(200, msgspec.json.encode({"err": 0, "result": {"id": None, "uuid": own}}))


def refuse(error: RejectedError) -> Response:
    """Refuse as Rollbar does: ``{"err": 1, "message"}``."""
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(error, OverloadedError):
        headers = (("X-Rate-Limit-Remaining-Seconds", str(error.retry_after_seconds)),)
    return Response(error.status, msgspec.json.encode({"err": 1, "message": str(error)}), headers=headers)


ENDPOINTS = (
    Endpoint(
        protocol="rollbar",
        pattern=re.compile(r"(?:/.*)?/api/1/item/?"),
        decode=decode,
        answer=answer,
        refuse=refuse,
        allow_headers="Content-Type, Content-Encoding, X-Rollbar-Access-Token",
        expose_headers="X-Rate-Limit-Remaining-Seconds",
        endings=("item",),
        categories=("error",),
    ),
)
