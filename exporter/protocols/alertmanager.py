"""Alertmanager's webhook, version 4: which alerts fire, and when they ended.

Specification: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import MalformedError, TooLargeError
from errtally.event.signals import Alert
from errtally.exporter.ingest.body import check_json
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission
from errtally.exporter.protocols import values
from errtally.exporter.protocols.native import project_of, refuse

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request


MAX_URL = 2_000
MAX_LABELS = 30
"""Labels that are kept of an alert; its name and severity are read apart from them."""


class WebhookAlert(msgspec.Struct):
    """One alert of a notification."""

    status: str
    fingerprint: str
    labels: dict[str, str]
    startsAt: str  # noqa: N815 (Alertmanager's name)
    endsAt: str = ""  # noqa: N815
    annotations: dict[str, str] = {}
    generatorURL: str = ""  # noqa: N815


class Notification(msgspec.Struct):
    """A notification: a group of alerts. Its own status says nothing of a single alert."""

    version: str
    alerts: list[WebhookAlert]
    externalURL: str = ""  # noqa: N815


_notification = msgspec.json.Decoder(Notification)


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode a notification."""
    project = project_of(request, admission)
    body = request.body()
    check_json(body, limits.json_values)
    try:
        sent = _notification.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError("bad_notification", f"not a notification of Alertmanager: {exc}") from exc
    if sent.version != "4":
        raise MalformedError(
            "bad_notification", f"version {sent.version!r} of the webhook; 4 is known - at `$.version`"
        )
    if len(sent.alerts) > limits.batch_events:
        raise TooLargeError("batch_too_large", f"{len(sent.alerts)} alerts; the limit is {limits.batch_events}")
    alerts = [_alert(alert, index, sent.externalURL) for index, alert in enumerate(sent.alerts)]
    submission = Submission(project=project, alerts=alerts)
    if alerts:
        submission.items["alert"] = len(alerts)
    return submission


def _alert(sent: WebhookAlert, index: int, alertmanager_url: str) -> Alert:
    starts_at = values.parse_time(sent.startsAt)
    if starts_at is None or sent.status not in {"firing", "resolved"}:
        raise MalformedError(
            "bad_notification", f"an alert needs startsAt and a status of firing or resolved - at `$.alerts[{index}]`"
        )
    ends_at = values.parse_time(sent.endsAt) if sent.status == "resolved" else None
    return Alert(
        fingerprint=values.label(sent.fingerprint, 64) or "",
        name=values.label(sent.labels.get("alertname")) or "unnamed",
        severity=values.label(sent.labels.get("severity"), 32) or "none",
        starts_at=starts_at,
        ends_at=ends_at if ends_at is not None or sent.status == "firing" else starts_at,
        labels={
            values.label(name) or "": values.text(value, values.MAX_LABEL) or ""
            for name, value in list(sent.labels.items())[:MAX_LABELS]
        },
        summary=values.text(sent.annotations.get("summary"), 500) or "",
        links=_links(
            alertmanager=alertmanager_url, source=sent.generatorURL, runbook=sent.annotations.get("runbook_url", "")
        ),
    )


def _links(**sent: str) -> dict[str, str]:
    """Keep addresses that a page may link to: whole ones, and never ``javascript:`` or the like."""
    return {
        name: url
        for name, url in sent.items()
        if url.startswith(("http://", "https://")) and len(url) <= MAX_URL and values.label(url, MAX_URL) == url
    }


def answer(_: Submission) -> Response:
    """Any 2xx tells Alertmanager that it need not send again."""
    return Response(200, b"{}")


ENDPOINTS = (
    Endpoint(
        protocol="alertmanager",
        pattern=re.compile(r"/api/alerts/?"),
        decode=decode,
        answer=answer,
        refuse=refuse,
        endings=("alerts",),
        categories=("default",),
    ),
)
