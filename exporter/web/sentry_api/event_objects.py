"""Events as Sentry's API has them, from what was kept of them. Pure.

What a client sent may be of any shape: what has to be a text becomes one, and no list or object is null.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from errtally.exporter.symbols.pages import AS_SENT
from errtally.exporter.web.event_view import unread_notes
from errtally.exporter.web.frame_view import is_in_app
from errtally.exporter.web.sentry_api.objects import iso8601
from errtally.exporter.web.shown_text import text_of
from errtally.exporter.web.stack_view import dicts, kept_exceptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.store.lookup import KeptEvent
    from errtally.exporter.web.sentry_api.places import ProjectPlace

_USER = ("id", "email", "username", "ip_address", "name")


def row(event: KeptEvent, place: ProjectPlace, group_id: str, title: str, culprit: str) -> dict[str, Any]:
    """Return an event as lists have it.

    Args:
        event: what was kept.
        place: its project.
        group_id: number of its issue, as a text.
        title: of its issue, where the event has no text of its own.
        culprit: of its issue.
    """
    page = event.page
    exceptions = dicts(page.get("exceptions"))
    raised = exceptions[-1] if exceptions else {}
    type_, value = text_of(raised.get("type")), text_of(raised.get("value"))
    own = f"{type_}: {value}" if type_ and value else type_ or value or text_of(page.get("message"))
    return {
        "id": event.event_id,
        "eventID": event.event_id,
        "groupID": group_id,
        "projectID": place.id,
        "title": own or title,
        "message": text_of(page.get("message")) or value,
        "culprit": culprit,
        "location": _location(raised),
        "platform": text_of(page.get("platform")) or "other",
        "dateCreated": iso8601(event.happened),
        "event.type": "error" if exceptions else "default",
        "type": "error" if exceptions else "default",
        "metadata": {"type": type_ or None, "value": value, "title": own or title},
        "tags": _tags(page),
        "user": _user(page.get("user")),
    }


def whole(
    event: KeptEvent,
    place: ProjectPlace,
    group_id: str,
    title: str,
    culprit: str,
    neighbours: tuple[str | None, str | None],
) -> dict[str, Any]:
    """Return an event with all that was kept of it; ``neighbours`` are the ids of the events before and after it."""
    page = event.page
    release = text_of(page.get("release"))
    contexts = page.get("contexts")
    return {
        **row(event, place, group_id, title, culprit),
        "projectSlug": place.slug,
        "dateReceived": iso8601(event.happened),
        "entries": entries(page),
        "contexts": {name: value for name, value in contexts.items() if isinstance(value, dict)}
        if isinstance(contexts, dict)
        else {},
        "context": _object(page.get("extra")),
        "packages": _object(page.get("modules")),
        "sdk": _sdk(page.get("sdk")),
        "release": {"version": release} if release else None,
        "dist": None,
        "fingerprints": [event.fingerprint],
        "previousEventID": neighbours[0],
        "nextEventID": neighbours[1],
        "errors": [{"type": "symbolication", "message": note, "data": {}} for note in unread_notes(page)],
        "occurrence": None,
        "userReport": None,
        "_meta": {},
        "size": len(json.dumps(page)),
    }


def as_sent(event: KeptEvent, place: ProjectPlace) -> dict[str, Any]:
    """Return an event in the form that Sentry's clients send it in; ``sourcemaps explain`` reads this."""
    page = event.page
    values = []
    for sent, frames in kept_exceptions(page):
        has_read = any(isinstance(frame.get(AS_SENT), dict) for frame in frames)
        raw = [{**frame, **_object(frame.get(AS_SENT))} for frame in frames]
        values.append(
            {
                "type": text_of(sent.get("type")) or "Error",
                "value": text_of(sent.get("value")),
                "stacktrace": {"frames": [_frame_as_sent(frame) for frame in frames]} if frames else None,
                "raw_stacktrace": {"frames": [_frame_as_sent(frame) for frame in raw]} if has_read else None,
            }
        )
    return {
        "event_id": event.event_id,
        "timestamp": event.happened,
        "project": int(place.id) if place.id.isdecimal() else None,
        "platform": text_of(page.get("platform")) or "other",
        "level": text_of(page.get("level")) or "error",
        "release": text_of(page.get("release")) or None,
        "environment": text_of(page.get("environment")) or None,
        "dist": text_of(page.get("dist")) or None,
        "message": text_of(page.get("message")),
        "exception": {"values": values},
        "tags": _tags(page),
    }


def _frame_as_sent(sent: Mapping[str, Any]) -> dict[str, Any]:
    known, was = _frame(sent), _object(sent.get(AS_SENT))
    return {
        "filename": known["filename"],
        # Of a frame that was read by a map, too: sentry-cli insists on an address.
        "abs_path": text_of(was.get("abs_path")) or text_of(was.get("filename")) or known["absPath"],
        "module": known["module"],
        "function": known["function"],
        "lineno": known["lineNo"],
        "colno": known["colNo"],
        "in_app": known["inApp"],
        "context_line": text_of(sent.get("context_line")) or None,
        "pre_context": [text_of(text) for text in _list(sent.get("pre_context"))],
        "post_context": [text_of(text) for text in _list(sent.get("post_context"))],
    }


def entries(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of an event: message, exceptions (causes first), breadcrumbs, request."""
    found: list[dict[str, Any]] = []
    if exceptions := _exceptions(page):
        found.append({"type": "exception", "data": {"values": exceptions, "hasSystemFrames": False}})
    if message := text_of(page.get("message")):
        found.append({"type": "message", "data": {"formatted": message, "message": message, "params": []}})
    if crumbs := dicts(page.get("breadcrumbs")):
        found.append({"type": "breadcrumbs", "data": {"values": [_crumb(one) for one in crumbs]}})
    request = page.get("request")
    if isinstance(request, dict) and request:
        found.append(
            {
                "type": "request",
                "data": {
                    "method": text_of(request.get("method")) or None,
                    "url": text_of(request.get("url")),
                    "query": _pairs(request.get("query_string")),
                    "headers": _pairs(request.get("headers")),
                    "cookies": _pairs(request.get("cookies")),
                    "data": request.get("data"),
                    "env": _object(request.get("env")),
                },
            }
        )
    return found


def _exceptions(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_exception(sent, frames) for sent, frames in kept_exceptions(page)]


def _exception(sent: Mapping[str, Any], frames: list[dict[str, Any]]) -> dict[str, Any]:
    mechanism = sent.get("mechanism")
    return {
        "type": text_of(sent.get("type")) or "Error",
        "value": text_of(sent.get("value")),
        "module": text_of(sent.get("module")) or None,
        "mechanism": mechanism if isinstance(mechanism, dict) else None,
        "stacktrace": {"frames": [_frame(frame) for frame in frames], "framesOmitted": None} if frames else None,
        "rawStacktrace": None,
        "threadId": None,
    }


def _frame(sent: Mapping[str, Any]) -> dict[str, Any]:
    line = _number(sent.get("lineno"))
    call = sent.get("context_line")
    context: list[list[Any]] = []
    if isinstance(call, str):
        before = [text_of(text) for text in _list(sent.get("pre_context"))]
        after = [text_of(text) for text in _list(sent.get("post_context"))]
        first = (line or 0) - len(before)
        context = [[first + index, text] for index, text in enumerate([*before, call, *after])]
    return {
        "filename": text_of(sent.get("filename")) or text_of(sent.get("abs_path")) or None,
        "absPath": text_of(sent.get("abs_path")) or text_of(sent.get("filename")) or None,
        "module": text_of(sent.get("module")) or None,
        "package": text_of(sent.get("package")) or None,
        "function": text_of(sent.get("function")) or None,
        "lineNo": line,
        "colNo": _number(sent.get("colno")),
        "inApp": is_in_app(sent),
        "context": context,
        "vars": _object(sent.get("vars")),
    }


def _crumb(sent: Mapping[str, Any]) -> dict[str, Any]:
    data = sent.get("data") or sent.get("metadata")
    return {
        "timestamp": _crumb_time(sent.get("timestamp")),
        "type": text_of(sent.get("type")) or "default",
        "category": text_of(sent.get("category")) or None,
        "level": text_of(sent.get("level")) or "info",
        "message": text_of(sent.get("message")) or None,
        "data": data if isinstance(data, dict) else None,
    }


def _crumb_time(sent: object) -> str | None:
    if isinstance(sent, str):
        try:
            parsed = datetime.fromisoformat(sent)
        except ValueError:
            return None
        return iso8601(parsed.timestamp()) if parsed.tzinfo is not None else f"{parsed.isoformat()}Z"
    if isinstance(sent, bool) or not isinstance(sent, (int, float)):
        return None
    try:
        return iso8601(sent / 1000 if sent > 1e11 else sent)  # noqa: PLR2004 (seconds until the year 5138)
    except (ValueError, OverflowError, OSError):
        return None


def _tags(page: Mapping[str, Any]) -> list[dict[str, str]]:
    own = {name: page.get(name) for name in ("environment", "level", "release", "server_name", "transaction")}
    sent = page.get("tags")
    merged = {**own, **(sent if isinstance(sent, dict) else {})}
    return [{"key": text_of(key), "value": text} for key, value in sorted(merged.items()) if (text := text_of(value))]


def _user(sent: object) -> dict[str, str] | None:
    if not isinstance(sent, dict):
        return None
    return {name: text for name in _USER if (text := text_of(sent.get(name)))} or None


def _sdk(sent: object) -> dict[str, str] | None:
    if not isinstance(sent, dict):
        return None
    return {"name": text_of(sent.get("name")), "version": text_of(sent.get("version"))}


def _location(raised: Mapping[str, Any]) -> str | None:
    frames = dicts(raised.get("frames"))
    return text_of(frames[-1].get("filename")) or None if frames else None


def _pairs(sent: object) -> list[list[str]]:
    if isinstance(sent, dict):
        return [[text_of(name), text_of(value)] for name, value in sent.items()]
    if isinstance(sent, list):
        return [[text_of(one[0]), text_of(one[1])] for one in sent if isinstance(one, list) and len(one) == 2]  # noqa: PLR2004
    if isinstance(sent, str) and sent:
        parts = (part.partition("=") for part in sent.split("&"))
        return [[name, value] for name, _, value in parts]
    return []


def _object(sent: object) -> dict[str, Any]:
    return sent if isinstance(sent, dict) else {}


def _list(sent: object) -> list[Any]:
    return sent if isinstance(sent, list) else []


def _number(sent: object) -> int | None:
    return sent if isinstance(sent, int) and not isinstance(sent, bool) else None
