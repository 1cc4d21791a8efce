"""What people say of an issue beside its status: assignee, priority, ticket, notes; and deleting it.

The API's routes, and what pages and Sentry's API do it with.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, jsonify, redirect, request, url_for

from errtally.exporter.journal.records import FIELDS, PRIORITIES, DeletionChange, FieldChange, NoteChange
from errtally.exporter.protocols import values
from errtally.exporter.web import parts
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Redirection

MAX_NOTE = 10_000
MAX_ADDRESS = 2_000

routes = Blueprint("sayings", __name__)


@routes.post("/api/issues/<fingerprint>/assign")
def api_assign(fingerprint: str) -> Response:
    """Say who sees to an issue: ``{"assignee": "ann"}``, "" or null for nobody."""
    return _api_say(fingerprint, "assignee")


@routes.post("/api/issues/<fingerprint>/prioritize")
def api_prioritize(fingerprint: str) -> Response:
    """Say how urgent an issue is: ``{"priority": "high"}``, "" or null for what its level says."""
    return _api_say(fingerprint, "priority")


@routes.post("/api/issues/<fingerprint>/link")
def api_link(fingerprint: str) -> Response:
    """Say where an issue's ticket is: ``{"ticket": "https://..."}``, "" or null for nowhere."""
    return _api_say(fingerprint, "ticket")


@routes.post("/api/issues/<fingerprint>/note")
def api_note(fingerprint: str) -> Response:
    """Leave a note: ``{"text": "..."}``."""
    text = _body().get("text")
    found = _issue(fingerprint)
    if not isinstance(text, str):
        raise Refusal(400, "malformed", 'the body has to be {"text": "..."}')
    add_note(found, text)
    return jsonify({"issue": found["fingerprint"], "notes": _issue(fingerprint)["notes"]})


@routes.post("/issues/<fingerprint>/say")
def say_on_page(fingerprint: str) -> Redirection:
    """Say what the form of an issue's page holds, and show the issue again."""
    guard()
    found = parts.reader().issue(fingerprint, request.form.get("project"))
    if found is None:
        raise Refusal(404, "unknown_issue", f"no issue {fingerprint!r}")
    for field in FIELDS:
        if (value := request.form.get(field)) is not None:
            say(found, field, value)
    if (note := request.form.get("note", "")).strip():
        add_note(found, note)
    return redirect(url_for("web.issue", fingerprint=found["fingerprint"], project=found["project"]), 303)


@routes.delete("/api/issues/<fingerprint>")
def api_delete(fingerprint: str) -> Response:
    """Delete an issue with its kept events and notes; an error that happens again is a new issue."""
    guard()
    found = _issue(fingerprint)
    delete(found)
    return jsonify({"issue": found["fingerprint"], "deleted": True})


def say(found: dict[str, Any], field: str, value: str) -> None:
    """Change a field of an issue and wait until that can be read; the same value again changes nothing.

    Args:
        found: the issue, as the store's reader has it.
        field: one of `records.FIELDS`.
        value: "" takes it back.

    Raises:
        Refusal: 422 when the field can't have the value.
    """
    value = _checked(field, value)
    if value == found[field]:
        return
    now, reader = time.time(), parts.reader()
    journal(FieldChange(found["project"], found["fingerprint"], field, value, now, part("access").who()), now)
    wait(lambda: reader.is_decided(found["id"], now))


def add_note(found: dict[str, Any], text: str) -> None:
    """Leave a note at an issue and wait until it can be read.

    Raises:
        Refusal: 422 when it is empty or too long.
    """
    text = (values.text(text, MAX_NOTE + 1) or "").replace("\0", "").strip()
    if not text:
        raise _unprocessable("a note has a text", "text")
    if len(text) > MAX_NOTE:
        raise _unprocessable(f"a note has at most {MAX_NOTE} characters", "text")
    now, reader = time.time(), parts.reader()
    journal(NoteChange(found["project"], found["fingerprint"], text, now, part("access").who()), now)
    wait(lambda: reader.is_decided(found["id"], now))


def delete(found: dict[str, Any]) -> None:
    """Delete an issue and wait until it is gone."""
    now, reader = time.time(), parts.reader()
    journal(DeletionChange(found["project"], found["fingerprint"], now, part("access").who()), now)
    wait(lambda: not reader.is_there(found["id"]))


def guard() -> None:
    """Refuse a change that another site's page may have sent."""
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")


def _api_say(fingerprint: str, field: str) -> Response:
    body = _body()
    found = _issue(fingerprint)
    value = body.get(field, ...)
    if value is not None and not isinstance(value, str):
        raise Refusal(400, "malformed", f'the body has to be {{"{field}": "..."}}, or null in place of the text')
    say(found, field, value or "")
    return jsonify({"issue": found["fingerprint"], field: _issue(fingerprint)[field]})


def _body() -> dict[str, Any]:
    guard()
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


def _issue(fingerprint: str) -> dict[str, Any]:
    found = parts.reader().issue(fingerprint, request.args.get("project"))
    if found is None:
        raise Refusal(404, "unknown_issue", f"no issue {fingerprint!r}")
    return found


def _checked(field: str, value: str) -> str:
    if field == "assignee":
        if len(value) > values.MAX_LABEL:
            raise _unprocessable(f"a name has at most {values.MAX_LABEL} characters", field)
        return values.label(value) or ""
    value = value.strip()
    if field == "priority":
        if value and value not in PRIORITIES:
            raise _unprocessable(f"{value[:40]!r} is none of {', '.join(PRIORITIES)}", field)
        return value
    if value and not is_address(value):
        message = f"a ticket has an address such as https://tracker.example/42, of at most {MAX_ADDRESS} characters"
        raise _unprocessable(message, field)
    return value


def is_address(value: str) -> bool:
    """Whether a text is the absolute http(s) address of a page, and nothing that a page would have to fear."""
    if len(value) > MAX_ADDRESS or not value.isprintable() or any(c.isspace() or c in '<>"\\' for c in value):
        return False
    try:
        parsed = urlsplit(value)
        return parsed.scheme in {"http", "https"} and bool(parsed.hostname)
    except ValueError:
        return False


def _unprocessable(message: str, field: str) -> Refusal:
    return Refusal(422, "unprocessable", f"{message} - at `$.{field}`")
