"""The page of alerts: what fires, since when and about what; and what fired of late."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, make_response, render_template, request

from errtally.exporter.web import links, parts, policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from flask import Response

    from errtally.exporter.web.links import AlertView

routes = Blueprint("alerts", __name__)


@routes.get("/alerts")
def page() -> Response:
    """Show the alerts that fire, and those that are over; ``project`` chooses."""
    now, reader, project = time.time(), parts.reader(), request.args.get("project", "")
    firing = [links.alert(one, request.script_root) for one in reader.firing(project or None)]
    ended = [links.alert(one, request.script_root) for one in reader.ended_alerts(project or None)]
    html = render_template(
        "alerts.html",
        firing=firing,
        ended=ended,
        issues=_issues([*firing, *ended]),
        project=project,
        projects=reader.choices()["projects"],
        now=now,
    )
    return policy.with_own_script(make_response(html))


def _issues(shown: Sequence[AlertView]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the issues that alerts are about, by project and fingerprint, as far as they are there."""
    reader = parts.reader()
    keys = {(one.project, one.issue) for one in shown if one.issue and one.project}
    found = {key: reader.issue(key[1], key[0]) for key in keys}
    return {key: issue for key, issue in found.items() if issue is not None}
