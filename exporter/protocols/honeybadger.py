"""Honeybadger's notices, as its Python, Ruby, JavaScript, Elixir and PHP clients send them.

Newest frame first; ``error.causes`` from the nearest to the farthest. The error's token is its identity, so that a
notice sent again counts once. What its Insights send is counted by kind and not used.

Specification: https://docs.honeybadger.io/api/reporting-exceptions/
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import MalformedError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.event.signals import CheckIn
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedEvent
from errtally.exporter.protocols import breadcrumbs, frames, tolerant, transactions, values
from errtally.exporter.protocols.native import new_event_id
from errtally.exporter.protocols.reading import bounded

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


class NoticeFrame(msgspec.Struct):
    """One call."""

    file: Any = None
    method: Any = None
    number: Any = None
    column: Any = None


class Cause(msgspec.Struct):
    """One exception."""

    kind: Any = msgspec.field(default=None, name="class")
    message: Any = None
    backtrace: list[NoticeFrame | None] | None = None


class NoticeError(Cause):
    """The exception that was raised."""

    token: Any = None
    fingerprint: Any = None
    tags: Any = None
    causes: list[Cause | None] | None = None


class Context(msgspec.Struct):
    """What the application told beside."""

    user_id: Any = None
    user_email: Any = None


class HttpRequest(msgspec.Struct):
    """The request that was served."""

    component: Any = None
    action: Any = None
    context: Context | None = None


class Server(msgspec.Struct):
    """The machine and the deploy."""

    project_root: Any = None
    environment_name: Any = None
    hostname: Any = None
    revision: Any = None
    time: Any = None


class Notifier(msgspec.Struct):
    """The client."""

    name: Any = None
    language: Any = None


class Notice(msgspec.Struct):
    """One notice."""

    error: NoticeError | None = None
    request: HttpRequest | None = None
    server: Server | None = None
    notifier: Notifier | None = None


_LANGUAGE = re.compile(r"\b(python|ruby|javascript|node|elixir|php|java|go|crystal|clojure)\b", re.IGNORECASE)


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode one notice."""
    project = admission.project(None, request.header("x-api-key") or None)
    payload = bounded(request.body(), limits, "a notice")
    sent = tolerant.decode(payload, Notice)
    if sent.error is None:
        raise MalformedError("bad_notice", "a notice needs an error - at `$.error`")
    error, server, http = sent.error, sent.server or Server(), sent.request or HttpRequest()
    own_id = values.event_id(error.token)
    causes = [cause for cause in error.causes or () if cause is not None][: frames.MAX_EXCEPTIONS - 1]
    parts = [values.label(http.component), values.label(http.action)]
    event = Event(
        event_id=own_id or new_event_id(),
        timestamp=values.timestamp(server.time, request.received),
        exceptions=[_exception(cause, server.project_root) for cause in (*reversed(causes), error)],
        platform=_platform(sent.notifier or Notifier()),
        transaction=transactions.of_event("#".join(part for part in parts if part)),
        environment=values.label(server.environment_name, 64) or "",
        release=values.label(server.revision),
        server_name=values.label(server.hostname),
        user=_user(http.context),
        tags=_tags(error.tags),
        fingerprint=[values.text(error.fingerprint, 256) or ""] if error.fingerprint else None,
    )
    submission = Submission(project=project, event_id=event.event_id)
    submission.events.append(SubmittedEvent(event, lambda: _details(payload), has_own_id=own_id is not None))
    submission.items["event"] = 1
    return submission


def _exception(sent: Cause, root: object) -> ExceptionInfo:
    kind, message = values.label(sent.kind), values.text(sent.message)
    if kind and message:  # the gem repeats the class in front of the message
        message = message.removeprefix(f"{kind}: ")
    backtrace = [frame for frame in sent.backtrace or () if frame is not None]
    called = [_frame(frame, root) for frame in reversed(frames.without_middle(backtrace))]
    return ExceptionInfo(type=kind, value=message, frames=called)


def _frame(sent: NoticeFrame, root: object) -> Frame:
    return Frame(
        function=frames.function(sent.method),
        abs_path=frames.path(sent.file, root),
        lineno=values.integer(sent.number),
        colno=values.integer(sent.column),
    )


def _platform(notifier: Notifier) -> str | None:
    if language := values.platform(notifier.language):
        return language
    found = _LANGUAGE.search(notifier.name) if isinstance(notifier.name, str) else None
    return found[1].lower() if found else None


def _user(context: Context | None) -> User | None:
    if context is None:
        return None
    user = User(id=values.label(context.user_id), email=values.label(context.user_email))
    return user if user.identity() is not None else None


def _tags(sent: object) -> dict[str, str]:
    """Honeybadger's tags are words without a value, in a list or in one text with commas."""
    words = sent.split(",") if isinstance(sent, str) else sent if isinstance(sent, list) else []
    shown = values.label(", ".join(word for item in words[:20] if (word := values.label(item))))
    return {"tags": shown} if shown else {}


def _crumb(sent: dict[str, Any]) -> dict[str, Any]:
    return breadcrumbs.shown(
        at=sent.get("timestamp"),
        category=sent.get("category"),
        message=sent.get("message"),
        data=sent.get("metadata"),
    )


def _details(payload: bytes) -> dict[str, Any]:
    """What the event's page shows beside the shared model; lists in the order in which they happened."""
    sent = tolerant.document(payload)
    error, server = tolerant.mapping(sent.get("error")), tolerant.mapping(sent.get("server"))
    http = tolerant.mapping(sent.get("request"))
    root = server.get("project_root")
    causes = tolerant.objects(error.get("causes"))[: frames.MAX_EXCEPTIONS - 1]
    exceptions = []
    for cause in (*reversed(causes), error):
        called = [
            frames.shown(_frame(tolerant.convert(frame, NoticeFrame), root), frame.get("source"))
            for frame in reversed(frames.without_middle(tolerant.objects(cause.get("backtrace"))))
        ]
        exceptions.append(frames.exception_shown(_exception(tolerant.convert(cause, Cause), root), called))
    trail = sent.get("breadcrumbs")
    trail = trail.get("trail") if isinstance(trail, dict) else trail
    return {
        "exceptions": exceptions,
        "breadcrumbs": breadcrumbs.trail(trail, _crumb),
        "request": {name: http[name] for name in ("url", "params", "session", "cgi_data") if http.get(name)},
        "extra": tolerant.mapping(http.get("context")),
        "contexts": {"server": server, "local_variables": http.get("local_variables")},
    }


def decode_insights(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Count what Insights sends, one JSON object a line, so that clients need no other setting to be at ease."""
    project = admission.project(None, request.header("x-api-key") or None)
    lines = sum(1 for line in bounded(request.body(), limits, "a batch of Insights").split(b"\n") if line.strip())
    submission = Submission(project=project)
    if lines:
        submission.items["insight"] = lines
    return submission


def decode_check_in(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode the address that a job asks for when it is done: its id, or the project's key and the job's name."""
    key = request.route.get("key") or request.header("x-api-key") or None
    monitor = values.label(request.route["monitor"], 64)
    if monitor is None:
        raise MalformedError("bad_check_in", "the check-in in the path is empty")
    submission = Submission(project=admission.project(None, key))
    submission.check_ins.append(CheckIn(monitor, "ok", request.received))
    submission.items["check_in"] = 1
    return submission


def answer(submission: Submission) -> Response:
    """Answer with the notice's id."""
    own = str(uuid.UUID(submission.event_id)) if submission.event_id else None
    return Response(201, msgspec.json.encode({"id": own}))


def refuse(error: RejectedError) -> Response:
    """Refuse with ``{"error"}``."""
    return Response(error.status, msgspec.json.encode({"error": str(error)}))


def _answer_check_in(_: Submission) -> Response:
    return Response(200, b"{}")


ENDPOINTS = (
    Endpoint(
        protocol="honeybadger",
        pattern=re.compile(r"(?:/.*)?/v1/check_in/(?:(?P<key>[^/]+)/)?(?P<monitor>[^/]+)/?"),
        decode=decode_check_in,
        answer=_answer_check_in,
        refuse=refuse,
        methods=("GET", "POST", "HEAD"),
        categories=("monitor",),
    ),
    *(
        Endpoint(
            protocol="honeybadger",
            pattern=re.compile(rf"(?:/.*)?/v1/{path}/?"),
            decode=decoder,
            answer=answer,
            refuse=refuse,
            allow_headers="Content-Type, Content-Encoding, Accept, X-API-Key",
            endings=(ending,),
            categories=("error",) if decoder is decode else (),
        )
        for path, ending, decoder in (
            ("notices", "notices", decode),
            ("notices/js", "js", decode),
            ("events", "events", decode_insights),
        )
    ),
)
