"""The kept events of an issue as a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, render_template, request, url_for

from errtally.exporter.web import event_view, parts, policy
from errtally.exporter.web.shown_text import text_of, visible

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Redirection

    from errtally.exporter.store.lookup import KeptEvent

PAGE_SIZE = 50
CELL_CHARACTERS = 200

routes = Blueprint("event_list", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """One event; texts are "" where it does not say."""

    event_id: str
    happened: float
    level: str
    environment: str
    release: str
    user: str
    message: str
    server: str


@routes.get("/issues/<fingerprint>/events")
def page(fingerprint: str) -> Response | Redirection:
    """Show the kept events of an issue, those kept last first."""
    reader = parts.reader()
    found = reader.issue(fingerprint, request.args.get("project"))
    if found is None:
        abort(404)
    environment = request.args.get("environment", "")
    kept = [one for one in found["samples"] if not environment or one["environment"] == environment]
    before = request.args.get("before", type=int)
    events = reader.kept_events(
        issues=found["ids"], environments=[environment] if environment else (), before=before, limit=PAGE_SIZE + 1
    )
    shown = events[:PAGE_SIZE]
    html = render_template(
        "events.html",
        issue=found,
        environment=environment,
        rows=[_row(event) for event in shown],
        kept=len(kept),
        counted=next((one for one in found["environments"] if one["environment"] == environment), found)["events"],
        older=url_for(
            "event_list.page",
            fingerprint=found["fingerprint"],
            project=found["project"],
            environment=environment or None,
            before=shown[-1].number,
        )
        if len(events) > PAGE_SIZE
        else None,
        is_first=before is None,
        now=time.time(),
    )
    return policy.with_own_script(make_response(html))


def _row(event: KeptEvent) -> Row:
    page = event.page

    def word(name: str) -> str:
        return visible(text_of(page.get(name)))[:CELL_CHARACTERS]

    return Row(
        event.event_id,
        event.happened,
        word("level"),
        visible(event.environment),
        word("release"),
        _user(page.get("user")),
        event_view.heading(page)[:CELL_CHARACTERS],
        word("server_name"),
    )


def _user(sent: object) -> str:
    """Return who was hit, by the first thing that says it and was not scrubbed."""
    if not isinstance(sent, dict):
        return ""
    said = [text_of(sent.get(name)) for name in ("username", "name", "email", "id", "ip_address")]
    return visible(next((one for one in said if one and "[REDACTED" not in one), ""))[:CELL_CHARACTERS]
