"""Webhooks of trackers: the issue that a ticket is linked to is resolved when it is closed, and reopened with it."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

from flask import Blueprint, Response, abort, jsonify, request

from errtally.exporter.protocols import values
from errtally.exporter.web import decisions, parts, ticket_events
from errtally.exporter.web.access import remote, too_many
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part

MAX_BODY_BYTES = 1024 * 1024

routes = Blueprint("ticket_webhooks", __name__)


@routes.post("/api/tickets/<tracker>")
def told(tracker: str) -> Response:
    """Take what a tracker tells; it is known by the webhook's secret, and needs no login."""
    if tracker not in ticket_events.TRACKERS:
        abort(404)
    secret = part("config").ticket_secrets.get(tracker)
    if secret is None:
        setting = f"ticket_webhooks.{tracker}.secret_file"
        raise Refusal(401, "no_secret", f"webhooks of {tracker} are not taken: {setting} is not configured")
    attempts = part("access").attempts
    if wait_seconds := attempts.wait_seconds(remote()):
        return too_many(wait_seconds)
    body = request.stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(413, "too_large", f"the body has over {MAX_BODY_BYTES} bytes")
    if not ticket_events.is_genuine(tracker, dict(request.headers), body, secret):
        attempts.failed(remote())
        raise Refusal(401, "signature", "the signature or token is not that of the webhook's secret")
    event = ticket_events.read(tracker, _document(body))
    if event is None:
        return jsonify({"issues": []})
    return jsonify({"issues": _decided(tracker, event)})


def _decided(tracker: str, event: ticket_events.TicketEvent) -> list[dict[str, str]]:
    """Resolve or reopen the issues with the ticket that the event is about; return what changed."""
    changed = []
    by = values.label(f"{tracker}: {event.by}" if event.by else tracker) or tracker
    reader = parts.reader()
    for project, fingerprint, ticket in reader.linked():
        if ticket_events.normal(ticket) != event.url:
            continue
        found = reader.issue(fingerprint, project)
        if found is None or event.is_closed == (found["status"] == "resolved"):
            continue
        status = "resolved" if event.is_closed else "unresolved"
        decisions.take(found, status, None, time.time(), by)
        changed.append({"project": found["project"], "issue": found["fingerprint"], "status": status})
    return changed


def _document(body: bytes) -> dict[str, Any]:
    """Read JSON, or a form that has it in ``payload``, as GitHub and Gitea send it when they are told to."""
    text = body.decode("utf-8", "replace")
    if request.mimetype == "application/x-www-form-urlencoded":
        text = parse_qs(text, max_num_fields=10).get("payload", [""])[0]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Refusal(400, "malformed", f"the body is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise Refusal(400, "malformed", "the body has to be a JSON object")
    return found
