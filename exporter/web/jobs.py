"""The pages of scheduled jobs: how each does and when it runs next, and the runs of one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, render_template, request

from errtally.exporter.store.jobs import MAX_RUNS
from errtally.exporter.web import parts, policy
from errtally.exporter.web.run_bars import bars

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from flask import Response

MAX_JOBS = 200
STATES: Mapping[str, str] = {
    "overdue": "overdue", "failed": "last run failed", "running": "running", "ok": "ok",
}  # fmt: skip
"""What pages call a job's state."""

RESULTS: Mapping[str, str] = {
    "in_progress": "running", "ok": "ok", "error": "failed", "missed": "missed", "timeout": "took too long",
}  # fmt: skip
"""What pages call the end of a run."""

routes = Blueprint("jobs", __name__)


@routes.get("/jobs")
def page() -> Response:
    """List scheduled jobs, those that want to be looked at first; ``project`` chooses."""
    now, reader, project = time.time(), parts.reader(), request.args.get("project", "")
    found = reader.scheduled(project or None, now)
    shown = found[:MAX_JOBS]
    html = render_template(
        "jobs.html",
        jobs=[(job, bars(job.runs, RESULTS)) for job in shown],
        more=len(found) - len(shown),
        wrong=sum(job.state in {"overdue", "failed"} for job in found),
        project=project,
        projects=reader.choices()["projects"],
        states=STATES,
        results=RESULTS,
        schedule_text=schedule_text,
        now=now,
    )
    return policy.with_own_script(make_response(html))


@routes.get("/jobs/<project>/<path:monitor>")
def one_page(project: str, monitor: str) -> Response:
    """Show the runs of one job in one environment: ``environment``, or the one that wants to be looked at most."""
    now, reader = time.time(), parts.reader()
    named = [job for job in reader.scheduled(project, now) if job.monitor == monitor]
    environment = request.args.get("environment")
    found = next((job for job in named if environment in {None, job.environment}), None)
    if found is None:
        abort(404)
    html = render_template(
        "job.html",
        job=found,
        others=[job for job in named if job is not found],
        runs=reader.runs((project, found.environment, monitor), MAX_RUNS),
        kept=MAX_RUNS,
        states=STATES,
        results=RESULTS,
        schedule_text=schedule_text,
        now=now,
    )
    return policy.with_own_script(make_response(html))


def schedule_text(schedule: Mapping[str, Any] | None) -> str:
    """Return when a job is to run, in words."""
    if schedule is None:
        return "not told"
    if schedule["kind"] == "crontab":
        return f"{schedule['value']} ({schedule['timezone']})"
    return f"every {schedule['value']} {schedule['unit']}{'' if schedule['value'] == '1' else 's'}"
