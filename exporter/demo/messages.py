"""Writes what happened as clients do: Sentry envelopes for most services, the exporter's own API for one."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.exporter.demo.happenings import Happening

KNOWN_USERS = 12
"""Users that the sessions of a report name; others use the service without a name."""

KNOWN_CRASH_EVERY = 3
"""Of so many reports of a broken release one tells of a crash of one of these users."""

SESSIONS = 400
CRASHED, CRASHED_WHEN_BROKEN = 1, 8
"""Of some four hundred sessions of a report: a healthy release is above 99 % free of crashes, a broken one below."""


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request to the exporter.

    Attributes:
        events: how many error and message events the body has.
        timings: how many request timings it has.
    """

    project: str
    path: str
    body: bytes
    headers: dict[str, str]
    events: int
    timings: int


def key_of(project: str, key: str) -> str:
    """Return the key of a project: ``{project}`` in the key given stands for its name."""
    return key.replace("{project}", project)


def messages(happening: Happening, key: str) -> tuple[Message, ...]:
    """The requests that tell the exporter about one happening."""
    if happening.service.protocol == "native":
        return tuple(_native(happening, key))
    return (_sentry(happening, key),) if happening.failure is None else _sentry_failure(happening, key)


def job_report(
    project: str, release: str, minute: int, timestamp: float, key: str, *, is_broken: bool = False
) -> Message:
    """What a client sends beside events: sessions, a scheduled job's check-in, and what it had to discard.

    Args:
        project: whose client it is.
        release: of the sessions.
        minute: tells the check-ins apart.
        timestamp: when it is sent, in seconds since the epoch.
        key: of the project.
        is_broken: whether the release crashes more often than others.
    """
    crashed = CRASHED_WHEN_BROKEN if is_broken else CRASHED
    is_known = is_broken and not minute % KNOWN_CRASH_EVERY
    started = datetime.fromtimestamp(timestamp, UTC).replace(second=0, microsecond=0).isoformat()
    items: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"type": "sessions"},
            {
                "attrs": {"release": release, "environment": "production"},
                "aggregates": [
                    {"started": started, "exited": SESSIONS - KNOWN_USERS, "errored": 2},
                    *({"started": started, "did": f"user-{minute + n}", "exited": 1} for n in range(KNOWN_USERS)),
                    # Whom a healthy release crashes for is somebody else each time, without a name.
                    *(
                        {"started": started, **({"did": f"user-{minute}"} if is_known and not n else {}), "crashed": 1}
                        for n in range(crashed)
                    ),
                ],
            },
        ),
        (
            {"type": "check_in"},
            {
                "check_in_id": f"{minute:032x}",
                "monitor_slug": "nightly-settlement",
                "status": "ok",
                "duration": 12.5,
                "environment": "production",
            },
        ),
        (
            {"type": "client_report"},
            {
                "timestamp": timestamp,
                "discarded_events": [{"reason": "sample_rate", "category": "error", "quantity": 1}],
            },
        ),
    ]
    return _envelope(project, key, {}, items, events=0, timings=0)


def _sentry(happening: Happening, key: str) -> Message:
    return _envelope(
        happening.service.project,
        key,
        {"event_id": _transaction_id(happening)},
        [({"type": "transaction"}, _transaction(happening))],
        events=0,
        timings=1,
    )


def _sentry_failure(happening: Happening, key: str) -> tuple[Message, ...]:
    event = _envelope(
        happening.service.project,
        key,
        {"event_id": happening.event_id},
        [({"type": "event"}, _event(happening))],
        events=1,
        timings=0,
    )
    return event, _sentry(happening, key)


def _transaction_id(happening: Happening) -> str:
    """An id beside the event's, from the same draw."""
    return happening.event_id[::-1]


def _base(happening: Happening) -> dict[str, Any]:
    return {
        "platform": happening.service.platform,
        "release": happening.release,
        "environment": happening.environment,
        "user": {"id": happening.user_id},
        "server_name": f"{happening.service.project}-1",
        "transaction": happening.transaction.name,
        "sdk": {"name": happening.service.sdk, "version": "1.0"},
        "tags": {"region": "eu-1"},
    }


def _event(happening: Happening) -> dict[str, Any]:
    failure = happening.failure
    if failure is None:
        raise ValueError("a happening without a failure has no event")
    event = _base(happening) | {
        "event_id": happening.event_id,
        "timestamp": happening.timestamp,
        "level": failure.level,
        "contexts": {"trace": {"trace_id": happening.trace_id, "span_id": happening.span_id, "op": "http.server"}},
    }
    if not failure.frames:
        return event | {"logentry": {"formatted": happening.message}, "logger": f"{happening.service.project}.log"}
    frames = [
        {
            "filename": site.filename.rpartition("/")[2] if happening.service.platform == "java" else site.filename,
            "function": site.function,
            "lineno": site.lineno,
            "in_app": site.in_app,
            **({"context_line": site.context_line} if site.context_line else {}),
            **({"module": site.module} if site.module else {}),
        }
        for site in failure.frames
    ]
    exception = {
        "type": failure.type,
        "value": happening.message,
        "module": failure.module,
        "mechanism": {"type": "generic", "handled": failure.level != "fatal"},
        "stacktrace": {"frames": frames},
    }
    return event | {"exception": {"values": [exception]}}


def _transaction(happening: Happening) -> dict[str, Any]:
    failed = happening.status != 200  # noqa: PLR2004 (HTTP)
    return _base(happening) | {
        "type": "transaction",
        "event_id": _transaction_id(happening),
        "start_timestamp": happening.timestamp - happening.duration_seconds,
        "timestamp": happening.timestamp,
        "request": {"method": happening.transaction.method},
        "contexts": {
            "trace": {
                "trace_id": happening.trace_id,
                "span_id": happening.span_id,
                "op": "pageload" if happening.service.platform == "javascript" else "http.server",
                "status": "internal_error" if failed else "ok",
                "data": {
                    "http.response.status_code": happening.status,
                    "http.request.method": happening.transaction.method,
                },
            },
            "response": {"status_code": happening.status},
        },
        "spans": [],
    }


def _envelope(
    project: str,
    key: str,
    header: dict[str, Any],
    items: Iterable[tuple[dict[str, Any], dict[str, Any]]],
    *,
    events: int,
    timings: int,
) -> Message:
    lines = [json.dumps(header)]
    for item_header, payload in items:
        text = json.dumps(payload)
        lines += [json.dumps({**item_header, "length": len(text.encode())}), text]
    return Message(
        project=project,
        path=f"/api/{project}/envelope/?sentry_key={quote(key_of(project, key))}&sentry_version=7",
        body=gzip.compress("\n".join(lines).encode(), compresslevel=1, mtime=0),
        headers={"Content-Type": "application/x-sentry-envelope", "Content-Encoding": "gzip"},
        events=events,
        timings=timings,
    )


def _native(happening: Happening, key: str) -> Iterable[Message]:
    project = happening.service.project
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key_of(happening.service.project, key)}"}
    failure = happening.failure
    if failure is not None:
        frames = reversed(failure.frames)
        stack = [f"{failure.type}: {happening.message}"]
        stack += [f"    at {site.function} ({site.filename}:{site.lineno}:11)" for site in frames]
        event = {
            "event_id": happening.event_id,
            "timestamp": happening.timestamp,
            "level": failure.level,
            "type": failure.type,
            "message": happening.message,
            "platform": happening.service.platform,
            "transaction": happening.transaction.name,
            **({"stack": "\n".join(stack)} if failure.frames else {}),
            "context": {
                "user": {"id": happening.user_id},
                "environment": happening.environment,
                "release": happening.release,
                "trace": {"trace_id": happening.trace_id, "span_id": happening.span_id},
            },
        }
        body = json.dumps({"events": [event]}).encode()
        yield Message(project, f"/api/events?project={project}", body, headers, events=1, timings=0)
    timing = {
        "transaction": happening.transaction.name,
        "method": happening.transaction.method,
        "status": happening.status,
        "duration_seconds": happening.duration_seconds,
        "timestamp": datetime.fromtimestamp(happening.timestamp, UTC).isoformat(),
        "environment": happening.environment,
        "release": happening.release,
        "trace_id": happening.trace_id,
    }
    body = json.dumps({"requests": [timing]}).encode()
    yield Message(project, f"/api/requests?project={project}", body, headers, events=0, timings=1)
