"""`GET /issues/<issue>.md`: an issue as Markdown, the same text that language models get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, request
from flask import Response as FlaskResponse

from errtally.exporter.web import markdown, parts
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import places

if TYPE_CHECKING:
    from collections.abc import Mapping

routes = Blueprint("markdown", __name__)


@routes.get("/issues/<issue>.md")
def page(issue: str) -> FlaskResponse:
    """Show an issue by its fingerprint, short id or number, with the event that `event` names, else the newest."""
    found = find(issue, request.args.get("project"))
    if found is None:
        abort(404)
    text = render(found, request.args.get("event", "latest"), with_libraries=request.args.get("frames") == "all")
    if text is None:
        abort(404, "that event is not kept")
    return FlaskResponse(text, content_type="text/markdown; charset=utf-8")


def find(named: str, project: str | None = None) -> dict[str, Any] | None:
    """Return an issue by fingerprint, short id, number, or the address of its page."""
    named = named.strip().rstrip("/").rpartition("/issues/")[2].partition("?")[0].partition("/")[0]
    return parts.reader().issue(named, project) or places.find_issue(named)


def render(found: Mapping[str, Any], event: str = "latest", *, with_libraries: bool = False) -> str | None:
    """Return an issue with one of its events as Markdown; None when there is no such event.

    Args:
        found: as `StoreReader.issue` has it.
        event: ``latest``, ``oldest``, or an event's id.
        with_libraries: whether frames of libraries are shown as well.
    """
    reader = parts.reader()
    ids = [sample["event_id"] for sample in found["samples"]]
    event_id = {"latest": ids[0], "oldest": ids[-1]}.get(event, event) if ids else event
    event_id = event_id.replace("-", "").lower()
    kept = reader.sample(found["ids"], event_id)
    if kept is None and (ids or event not in {"latest", "oldest"}):
        return None
    return markdown.issue(
        found,
        kept,
        external_url=part("config").external_url,
        tags=reader.tags(found["ids"]),
        alerts=reader.firing(found["project"]),
        event_id=event_id if kept is not None else "",
        with_libraries=with_libraries,
    )
