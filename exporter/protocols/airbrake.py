"""Airbrake's notices, version 3, as pybrake, airbrake-js, airbrake-ruby, gobrake and Errbit's clients send them.

Newest frame first, raised exception first, its causes behind it. A notice has no id, so one that is sent again
counts again.

Specification: https://docs.airbrake.io/docs/devops-tools/api/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError, OverloadedError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import breadcrumbs, frames, tolerant, transactions, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.reading import bearer, bounded

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


class NoticeFrame(msgspec.Struct):
    """One call."""

    file: Any = None
    function: Any = None
    line: Any = None
    column: Any = None


class NoticeError(msgspec.Struct):
    """One exception."""

    type: Any = None
    message: Any = None
    backtrace: list[NoticeFrame | None] | None = None


class NoticeUser(msgspec.Struct):
    """Who was affected."""

    id: Any = None
    name: Any = None
    email: Any = None


class Context(msgspec.Struct, rename="camel"):
    """Where it happened."""

    environment: Any = None
    severity: Any = None
    version: Any = None
    hostname: Any = None
    language: Any = None
    root_directory: Any = None
    route: Any = None
    component: Any = None
    action: Any = None
    user: NoticeUser | None = None
    user_id: Any = None
    user_name: Any = None
    user_email: Any = None
    user_addr: Any = None


class Notice(msgspec.Struct):
    """One notice."""

    errors: list[NoticeError | None] | None = None
    context: Context | None = None


_CRUMB = frozenset({"type", "date", "message", "arguments", "severity"})


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode one notice; its key comes as a bearer token, as ``?key=`` or in ``X-Airbrake-Token``."""
    submission = Submission(project=admission.project(request.route["project"], key_of(request)))
    payload = bounded(request.body(), limits, "a notice")
    sent = tolerant.decode(payload, Notice)
    errors = [error for error in sent.errors or () if error is not None][: frames.MAX_EXCEPTIONS]
    if not errors:
        raise MalformedError("bad_notice", "a notice needs at least one error - at `$.errors`")
    context = sent.context or Context()
    event = Event(
        event_id=new_event_id(),
        timestamp=request.received,
        level=values.level(context.severity),
        exceptions=[_exception(error, context.root_directory) for error in reversed(errors)],
        platform=values.platform(context.language),
        transaction=_transaction(context),
        environment=values.label(context.environment, 64) or "",
        release=values.label(context.version),
        server_name=values.label(context.hostname),
        user=_user(context),
    )
    submission.event_id = event.event_id
    submission.events.append(SubmittedEvent(event, lambda: _details(payload), has_own_id=False))
    submission.items["event"] = 1
    return submission


def key_of(request: Request) -> str | None:
    """Return the key of a request, None without one."""
    return bearer(request) or request.header("x-airbrake-token") or request.query.get("key") or None


def _exception(sent: NoticeError, root: object) -> ExceptionInfo:
    backtrace = [frame for frame in sent.backtrace or () if frame is not None]
    return ExceptionInfo(
        type=values.label(sent.type),
        value=values.text(sent.message),
        frames=[_frame(frame, root) for frame in reversed(frames.without_middle(backtrace))],
    )


def _frame(sent: NoticeFrame, root: object) -> Frame:
    return Frame(
        function=frames.function(sent.function),
        abs_path=frames.path(sent.file, root),
        lineno=values.integer(sent.line),
        colno=values.integer(sent.column),
    )


def _transaction(context: Context) -> str | None:
    parts = [values.label(context.component), values.label(context.action)]
    return values.label(context.route) or transactions.of_event("#".join(part for part in parts if part))


def _user(context: Context) -> User | None:
    sent = context.user or NoticeUser()
    user = User(
        id=values.label(sent.id) or values.label(context.user_id),
        email=values.label(sent.email) or values.label(context.user_email),
        username=values.label(sent.name) or values.label(context.user_name),
        ip_address=values.label(context.user_addr, 64),
    )
    return user if user.identity() is not None else None


def _crumb(sent: dict[str, Any]) -> dict[str, Any]:
    arguments = sent.get("arguments")
    message = sent.get("message")
    if message is None and isinstance(arguments, list):  # what was written to the console
        message = " ".join(values.text(argument) or "" for argument in arguments)
    data = {name: value for name, value in sent.items() if name not in _CRUMB}
    return breadcrumbs.shown(
        at=sent.get("date"), category=sent.get("type"), message=message, level=sent.get("severity"), data=data or None
    )


def _details(payload: bytes) -> dict[str, Any]:
    """What the event's page shows beside the shared model; lists in the order in which they happened."""
    sent = tolerant.document(payload)
    context = tolerant.mapping(sent.get("context"))
    root = context.get("rootDirectory")
    exceptions = []
    for error in reversed(tolerant.objects(sent.get("errors"))[: frames.MAX_EXCEPTIONS]):
        called = [
            frames.shown(_frame(tolerant.convert(frame, NoticeFrame), root), frame.get("code"))
            for frame in reversed(frames.without_middle(tolerant.objects(error.get("backtrace"))))
        ]
        exceptions.append(frames.exception_shown(_exception(tolerant.convert(error, NoticeError), root), called))
    hidden = ("user", "history", "url", "httpMethod", "userAgent", "referer")
    return {
        "exceptions": exceptions,
        "breadcrumbs": breadcrumbs.trail(context.get("history"), _crumb),
        "request": {
            "url": context.get("url"), "method": context.get("httpMethod"), "user_agent": context.get("userAgent"),
            "params": sent.get("params"), "session": sent.get("session"), "environment": sent.get("environment"),
        },
        "user": tolerant.mapping(context.get("user")),
        "contexts": {name: value for name, value in context.items() if name not in hidden},
    }  # fmt: skip


def answer(submission: Submission) -> Response:
    """Answer with the notice's id."""
    return Response(201, msgspec.json.encode({"id": submission.event_id, "url": ""}))


def refuse(error: RejectedError) -> Response:
    """Refuse with ``{"message"}``; clients wait as long as ``X-RateLimit-Delay`` says."""
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(error, OverloadedError):
        headers = (("X-RateLimit-Delay", str(error.retry_after_seconds)),)
    return Response(error.status, msgspec.json.encode({"message": str(error), "code": error.reason}), headers=headers)


ENDPOINTS = tuple(
    Endpoint(
        protocol="airbrake",
        pattern=re.compile(rf"(?:/.*)?/api/v3/projects/(?P<project>[^/]+)/{ending}/?"),
        decode=decode,
        answer=answer,
        refuse=refuse,
        allow_headers="Origin, Content-Type, Accept, Authorization, X-Airbrake-Token, Content-Encoding",
        expose_headers="X-RateLimit-Delay",
        endings=(ending,),
        categories=("error",),
    )
    for ending in ("notices", "create-notice")
)
