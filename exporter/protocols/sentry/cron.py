"""Check-ins by address alone, for jobs that have no SDK: `curl https://host/api/1/cron/backup/KEY/?status=ok`.

Specification: https://docs.sentry.io/product/crons/getting-started/http/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.errors import MalformedError
from errtally.event.signals import CheckIn
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission
from errtally.exporter.protocols import tolerant, values
from errtally.exporter.protocols.sentry import monitor_config
from errtally.exporter.protocols.sentry.answers import endpoint

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


def decode(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a check-in from the address, and with POST also from a JSON body; the address wins.

    Raises:
        UnauthorizedError: the key in the path may not send here.
        MalformedError: no status, or one that is none; a body that is no JSON object.
    """
    route = request.route
    project = admission.project(route["project"], route["key"])
    fields: dict[str, object] = {}
    if request.method == "POST" and (body := request.body()).strip():
        fields |= tolerant.document(body)
    fields |= request.query
    status = str(fields.get("status") or "")
    if status not in names.CHECK_IN_STATUSES:
        raise MalformedError("bad_check_in", f"status {status[:32]!r} is none of {', '.join(names.CHECK_IN_STATUSES)}")
    monitor = values.label(route["monitor"], 64)
    if monitor is None:
        raise MalformedError("bad_check_in", "the monitor in the path is empty")
    submission = Submission(project=project)
    check_in = CheckIn(
        monitor=monitor,
        status=status,
        timestamp=request.received,
        environment=values.label(fields.get("environment"), 64) or "",
        duration_seconds=values.number(fields.get("duration")),
        check_in_id=monitor_config.run_id(fields.get("check_in_id")),
        schedule=monitor_config.schedule(fields.get("monitor_config"), submission.rejected),
    )
    submission.check_ins.append(check_in)
    submission.items["check_in"] = 1
    return submission


def answer(_: Submission) -> Response:
    """Answer as Sentry does: accepted."""
    return Response(202, b"{}")


_SLUG = "(?P<monitor>[^/]+)"

ENDPOINTS = (
    endpoint(
        f"/api/(?P<project>[^/]+)/cron/{_SLUG}/(?P<key>[^/]+)",
        decode,
        answer=answer,
        methods=("POST", "GET"),
        categories=("monitor",),
    ),
)
