"""Addresses that Sentry's clients print for people: they lead to errtally's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, url_for

from errtally.exporter.web import parts
from errtally.exporter.web.sentry_api import places

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

routes = Blueprint("sentry_pages", __name__)


@routes.get("/organizations/<organization>/issues/")
@routes.get("/organizations/<organization>/")
def issues(organization: str) -> Response:
    """Lead to the list of issues, with the query and the project of the address."""
    places.check_organization(organization)
    projects = [one for one in request.args.getlist("project") if one and one != places.ALL_PROJECTS]
    project = places.project(projects[0]).name if len(projects) == 1 else None
    query = request.args.get("query")
    return redirect(url_for("web.index", project=project, query=query, status=None if query is None else "all"))


@routes.get("/organizations/<organization>/issues/<issue>/")
@routes.get("/organizations/<organization>/issues/<issue>/events/<event>/")
@routes.get("/<organization>/<project>/issues/<issue>/")
def issue(organization: str, issue: str, event: str = "", **_: str) -> Response:
    """Lead to an issue's page, with the event of the address."""
    places.check_organization(organization)
    found = places.issue(issue)
    kept = parts.reader().kept_event(event.replace("-", "").lower()) if event else None
    shown = kept.event_id if kept is not None and kept.issue in found["ids"] else None
    return redirect(url_for("web.issue", fingerprint=found["fingerprint"], project=found["project"], event=shown))
