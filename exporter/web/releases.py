"""The pages of releases: what runs where and how it does, and what one of them brought."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, make_response, render_template, request

from errtally.exporter.search import query, quoting
from errtally.exporter.store.activity import HOURS_KEPT
from errtally.exporter.store.reading_order import IssueQuery
from errtally.exporter.web import links, parts, policy, release_health
from errtally.exporter.web.parts import part
from errtally.exporter.web.release_health import Health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

MAX_RELEASES = 100
MAX_ISSUES = 25
MAX_COMMITS = 50
MAX_DEPLOYS = 20
MAX_FILES = 100

routes = Blueprint("releases", __name__)


@routes.get("/releases")
def page() -> Response:
    """List releases, the newest first; ``project`` chooses."""
    now = time.time()
    reader, project = parts.reader(), request.args.get("project", "")
    found = reader.releases(project or None)
    shown = found[:MAX_RELEASES]
    deployed = {name: reader.deploys(name) for name in {one["project"] for one in shown if one["deploys"]}}
    health = _health(sorted({one["project"] for one in shown}), now)
    html = render_template(
        "releases.html",
        releases=[
            {
                **one,
                "health": health.get((one["project"], one["release"]), Health()),
                "running": _running(deployed.get(one["project"], []), one["release"]),
            }
            for one in shown
        ],
        more=len(found) - len(shown),
        project=project,
        projects=reader.choices()["projects"],
        percent=release_health.percent,
        now=now,
    )
    return policy.with_own_script(make_response(html))


@routes.get("/releases/<project>/<path:release>")
def one_page(project: str, release: str) -> Response:
    """Show one release: how it does, what it brought, what it was made of and where it runs."""
    now = time.time()
    reader = parts.reader()
    found = reader.releases(project)
    at = next((number for number, one in enumerate(found) if one["release"] == release), None)
    if at is None:
        abort(404)
    before = next((one for one in found[at + 1 :] if one["seen"] is not None), None)
    health = _health([project], now)
    deploys = reader.deploys(project, release)
    files = sorted(part("uploads").archive.of_release(project, release), key=lambda one: (one.url, one.dist))
    named = quoting.quoted(release)
    new, more_new = _issues(project, f"first_release:{named}", now)
    regressed, resolved = reader.returned_and_resolved(
        project, release, before["release"] if before is not None else ""
    )
    html = render_template(
        "release.html",
        release=found[at],
        project=project,
        health=health.get((project, release), Health()),
        before=before,
        health_before=health.get((project, before["release"]), Health()) if before is not None else None,
        new=new,
        more_new=more_new,
        regressed=_by_number(regressed),
        resolved=_by_number(resolved),
        deploys=deploys[:MAX_DEPLOYS],
        commits=reader.commits(project, release)[:MAX_COMMITS],
        files=files[:MAX_FILES],
        more_files=max(len(files) - MAX_FILES, 0),
        new_query=f"first_release:{named}",
        seen_query=f"release:{named}",
        dashboards=links.dashboards(part("config").grafana_url, project),
        percent=release_health.percent,
        now=now,
    )
    return policy.with_own_script(make_response(html))


def _health(projects: Sequence[str], now: float) -> dict[tuple[str, str], Health]:
    """Return how releases did within the time of which hours are kept."""
    hour = int(now // 3600)
    rows = parts.reader().sessions(range(hour - HOURS_KEPT, hour + 1), projects) if projects else []
    return release_health.by_release(rows, hour)


def _running(deploys: Sequence[dict[str, Any]], release: str) -> list[dict[str, Any]]:
    """Return the last deploy of a release to each environment, and whether it is the last one there of all."""
    last: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, Any]] = {}
    for one in deploys:  # the last one first
        last.setdefault(one["environment"], one)
        if one["release"] == release:
            own.setdefault(one["environment"], one)
    return [{**one, "is_last": last[environment] is one} for environment, one in own.items()]


def _issues(project: str, text: str, now: float) -> tuple[list[dict[str, Any]], bool]:
    wanted = IssueQuery(now, query.parse(text, now), project=project, order="users", limit=MAX_ISSUES)
    found, place = parts.reader().listed(wanted)
    return found, place.next is not None


def _by_number(numbers: Sequence[int]) -> list[dict[str, Any]]:
    reader = parts.reader()
    keys = dict.fromkeys(key for number in numbers if (key := reader.issue_key(number)) is not None)
    found = (reader.issue(fingerprint, project) for project, fingerprint in list(keys)[:MAX_ISSUES])
    return [one for one in found if one is not None]
