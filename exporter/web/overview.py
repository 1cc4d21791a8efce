"""The overview: how all projects do, what fires, whether events are taken and counted, and how to connect a program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, current_app, make_response, render_template, request

from errtally import names
from errtally.exporter.store.overview import ProjectNumbers
from errtally.exporter.web import connect, links, policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.store.reading import StoreReader

MAX_PROJECTS = 100
MAX_ALERTS = 20
MAX_REASONS = 12
LAG_IS_HIGH_SECONDS = 5.0
APDEX_WORDS = ((0.94, "excellent"), (0.85, "good"), (0.7, "fair"), (0.5, "poor"), (0.0, "unacceptable"))
"""The ratings of the Apdex specification, with the least score of each."""

routes = Blueprint("overview", __name__)


@routes.get("/overview")
def page() -> Response:
    """Show the overview; `project` picks the one that is to be connected."""
    now = time.time()
    parts: dict[str, Any] = current_app.extensions["errtally"]
    config: ExporterConfig = parts["config"]
    reader: StoreReader = parts["reader"]
    found, ingest, positions, elsewhere = reader.overview(now)
    with parts["view"].lag as lag:
        waiting, oldest, size = lag.measure(positions).beside(elsewhere)
    projects = listed(found, [project.name for project in config.projects])
    firing = [links.alert(stored, request.script_root) for stored in reader.firing()]
    # Whoever sees this page with a login configured has logged in.
    connection = _connection(config, projects, is_logged_in=config.has_web_auth)
    html = render_template(
        "overview.html",
        projects=projects[:MAX_PROJECTS],
        more=max(len(projects) - MAX_PROJECTS, 0),
        names_of_projects=[project.name for project in projects[:MAX_PROJECTS]],
        alerts=firing[:MAX_ALERTS],
        firing=len(firing),
        ingest=ingest,
        rejected=list(ingest.rejected.items())[:MAX_REASONS],
        dropped=list(ingest.dropped.items())[:MAX_REASONS],
        waiting=waiting,
        lag_seconds=max(now - oldest, 0.0) if oldest is not None else 0.0,
        journal_bytes=size,
        problems=problems(parts["problem"](), lag=now - (oldest or now)),
        connection=connection,
        is_open=config.is_open,
        apdex_word=apdex_word,
        dashboards={project.name: links.dashboards(config.grafana_url, project.name) for project in projects},
        now=now,
    )
    return policy.with_own_script(make_response(html))


def listed(found: Mapping[str, ProjectNumbers], configured: list[str]) -> list[ProjectNumbers]:
    """Return projects in the order in which they want to be looked at: most events a minute, then by name.

    Args:
        found: those that anything was counted for.
        configured: names of those that may send; one that sent nothing yet has numbers of 0.
    """
    every = {name: ProjectNumbers(name) for name in configured} | dict(found)
    return sorted(every.values(), key=lambda one: (-one.events_per_minute, -one.events_day, one.name))


def problems(unready: str | None, *, lag: float) -> list[str]:
    """Return what is wrong with taking and counting events; nothing when all is well.

    Args:
        unready: why the exporter is not ready, None when it is.
        lag: age of the oldest event that is not counted yet, in seconds.
    """
    found = []
    if unready is not None:
        found.append(f"Not ready: {unready}.")
    if lag > LAG_IS_HIGH_SECONDS:
        found.append("Counting falls behind: the oldest event that waits is more than 5 seconds old.")
    return found


def apdex_word(score: float) -> str:
    """Return the rating of a score."""
    return next(word for least, word in APDEX_WORDS if score >= least)


def _connection(
    config: ExporterConfig, projects: list[ProjectNumbers], *, is_logged_in: bool
) -> connect.Connection | None:
    asked = request.args.get("project")
    name = asked or (projects[0].name if projects else names.DEFAULT_PROJECT)
    known = {project.name for project in projects}
    if asked and asked not in known:
        abort(404)
    return connect.connection(config, name, is_logged_in=is_logged_in)
