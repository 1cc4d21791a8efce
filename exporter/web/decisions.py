"""Decisions on an issue's status: what a body or form may ask for, and the way through the journal."""

from __future__ import annotations

import time
from datetime import datetime  # noqa: TC003 (msgspec reads it)
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from flask import abort, request
from msgspec import Meta

from errtally.exporter.digest import conditions
from errtally.exporter.journal.records import StatusChange, Until
from errtally.exporter.protocols import values
from errtally.exporter.web import parts
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part

STATUS_OF = {"resolve": "resolved", "ignore": "ignored", "reopen": "unresolved"}
MAX_HOURS = 10 * 366 * 24
_OF_FORMS = frozenset({"form_token", "project"})


class _Resolve(msgspec.Struct, forbid_unknown_fields=True):
    in_: Annotated[str, Meta(pattern="^next_release$")] | None = msgspec.field(default=None, name="in")
    in_release: Annotated[str, Meta(min_length=1, max_length=values.MAX_LABEL)] | None = None


class _Ignore(msgspec.Struct, forbid_unknown_fields=True):
    until_events: Annotated[int, Meta(ge=1, le=conditions.MAX_EVENTS)] | None = None
    until_users: Annotated[int, Meta(ge=1, le=conditions.MAX_USERS)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    for_hours: Annotated[float, Meta(gt=0, le=MAX_HOURS)] | None = None


class _Reopen(msgspec.Struct, forbid_unknown_fields=True):
    pass


_BODIES = {"resolve": _Resolve, "ignore": _Ignore, "reopen": _Reopen}


def until_of(action: str, fields: dict[str, Any], now: float, *, is_text: bool) -> Until | None:
    """Read what ends a decision by itself.

    Args:
        action: a key of `STATUS_OF`.
        fields: of the JSON object or the form.
        now: seconds since the epoch.
        is_text: whether the values are texts, as those of a form.

    Raises:
        Refusal: 422 that names the field that is wrong.
    """
    try:
        body = msgspec.convert(fields, _BODIES[action], strict=not is_text)
    except msgspec.ValidationError as exc:
        raise _unprocessable(str(exc)) from exc
    given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}
    if not given:
        return None
    if len(given) > 1:
        raise _unprocessable(f"only one of {', '.join(name.rstrip('_') for name in given)} can hold - at `$`")
    [(name, value)] = given.items()
    if name == "in_":
        return Until("next_release")
    if name == "in_release":
        release = values.label(value)
        if release is None:
            raise _unprocessable(f"{value!r} names no release - at `$.in_release`")
        return Until("in_release", release)
    if name in {"until_events", "until_users"}:
        return Until(name.removeprefix("until_"), amount=value)
    moment = value.timestamp() if name == "until" else now + value * 3600
    if moment <= now:
        raise _unprocessable(f"{conditions.moment_text(moment)} has passed already - at `$.until`")
    return Until("time", amount=moment)


def decide(fingerprint: str, action: str, project: str | None) -> dict[str, Any]:
    """Take the decision that the request makes.

    Returns:
        The issue as it was before, with the status that it has now.

    Raises:
        Refusal: the request asks for what can't be.
    """
    status = STATUS_OF.get(action)
    if status is None:
        abort(404)
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    now = time.time()
    until = until_of(action, _fields(), now, is_text=not request.is_json)
    found = parts.reader().issue(fingerprint, project)
    if found is None:
        abort(404)
    take(found, status, until, now)
    return {**found, "status": status}


def take(found: dict[str, Any], status: str, until: Until | None, now: float, by: str | None = None) -> None:
    """Journal a decision and wait until it is folded, so that what is read next shows it.

    Args:
        found: the issue, as the store's reader has it.
        status: the one that it gets.
        until: what ends that by itself.
        now: seconds since the epoch.
        by: who decides; None is whoever makes the request.

    Raises:
        Refusal: there is no release yet that another could follow.
    """
    reader = parts.reader()
    if until is not None and until.kind == "next_release" and not reader.has_releases(found["project"]):
        message = f"no release of {found['project']!r} is known yet, so none can be the next"
        raise Refusal(HTTPStatus.CONFLICT, "no_release", message)
    journal(StatusChange(found["project"], found["fingerprint"], status, now, by or part("access").who(), until), now)
    if found["status"] != status or until is not None or found["condition"] is not None:
        wait(lambda: reader.is_decided(found["id"], now))


def _fields() -> dict[str, Any]:
    """The fields of a JSON object or of a form; those that a form leaves empty are not given."""
    if not request.is_json:
        return {name: value.strip() for name, value in request.form.items() if value.strip() and name not in _OF_FORMS}
    if not request.data:
        return {}
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, "malformed", "the body has to be a JSON object, or empty")
    return body


def _unprocessable(message: str) -> Refusal:
    return Refusal(422, "unprocessable", message)
