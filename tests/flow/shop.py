"""The demo's traffic and everything beside it that gives a dashboard something to show.

`errtally demo` sends requests and failures. What it does not send is sent here: a release that takes over and crashes,
decisions of people, alerts that fire and end, and requests that are turned away.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.flow.exporter import Exporter

BEFORE, AFTER = "checkout@1.9.0", "checkout@1.9.1"
"""The release that is deployed during the traffic, and the one that mends it."""

CONFIGURATION: dict[str, Any] = {
    "alerting": {
        # New series are shown at 0 for two scrapes: a scene of seconds is scraped each second.
        "scrape_interval": "1s",
        "rules": {
            "HighErrorRate": {"window": "5s", "for": "0s", "threshold": 0.01},
            "ResponseTimeDegradation": {"window": "5s", "for": "0s"},
        },
    },
    # Few enough that client reports of four reasons go beyond.
    "series_limits": {names.CLIENT_DISCARDED_EVENTS.name: 2},
}
"""Alerts that fire within the few seconds of a test."""


def hurried(rules: Mapping[str, str]) -> dict[str, str]:
    """Return rule files whose groups are all evaluated as often as Prometheus is told, not every minute."""
    return {name: text.replace("\n    interval: 1m\n", "\n") for name, text in rules.items()}


COMES_BACK = "StockMismatch"
"""The type of an error that is resolved and happens again."""

PUSHED = "stock"
"""The service that an application calls which pushes its recoveries, beside the one that is scraped."""
PUSHED_REFUSALS = 7 + 11


def run(exporter: Exporter, seconds: float, rate: float) -> None:
    """Send everything; returns when it is sent and counted."""
    command = [sys.executable, "-m", "errtally", "demo", "--url", exporter.url, "--key", "any"]
    command += ["--duration", str(seconds), "--rate", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo:
        _sessions(exporter, BEFORE, crashed=9)
        began = datetime.now(UTC)
        _alerts(exporter, began, is_firing=True)
        _push(exporter, "1", refused=7, state=2)
        _fail(exporter)
        _turned_away(exporter)
        time.sleep(seconds * 0.45)  # the broken release is out: what it breaks goes on after it was resolved
        _fail(exporter)
        exporter.wait_until_folded()
        _resolve(exporter, 6)
        exporter.wait_until_folded()
        _fail(exporter)  # it comes back, however few requests a slow machine sends meanwhile
        _sessions(exporter, BEFORE, crashed=4)
        time.sleep(seconds * 0.25)
        _sessions(exporter, AFTER, crashed=1)
        _alerts(exporter, began, is_firing=False)
        _push(exporter, "2", refused=11, state=0)
        _turned_away(exporter)
        _, errors = demo.communicate(timeout=seconds + 30)
        assert demo.returncode == 0, errors
    _resolve(exporter, 2, "unresolved")
    exporter.wait_until_folded()


def _fail(exporter: Exporter) -> None:
    """Send an error of an issue that nothing else is part of."""
    trace = {"trace_id": uuid.uuid4().hex, "span_id": uuid.uuid4().hex[:16]}
    event = {"type": COMES_BACK, "message": "the shelf has less than the books", "context": {"trace": trace}}
    body = {"events": [event]}
    status, answer = exporter.post(
        "/api/events?project=checkout",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer any"},
    )
    assert status == 200, answer


def _resolve(exporter: Exporter, count: int, status: str = "") -> None:
    """Resolve the issues seen last, of a status or of any; those that go on come back as regressed."""
    asked = f"&status={status}" if status else ""
    for issue in exporter.get_json(f"/api/issues?limit={count}{asked}")["issues"]:
        path = f"/api/issues/{issue['issue']}/resolve?project={issue['project']}"
        code, body = exporter.post(path, b"{}", {"Content-Type": "application/json"})
        assert code == 200, body


def _sessions(exporter: Exporter, release: str, crashed: int) -> None:
    started = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
    ended = {"started": started, "exited": 100, "errored": 6, "abnormal": 1}
    users = [{"started": started, "did": f"user-{number}", "exited": 1} for number in range(20)]
    crashes = [{"started": started, "did": f"user-{number}", "crashed": 1} for number in range(crashed)]
    payload = json.dumps(
        {
            "attrs": {"release": release, "environment": names.DEFAULT_ENVIRONMENT},
            "aggregates": [ended, *users, *crashes],
        }
    )
    reports = json.dumps(
        {"discarded_events": [{"reason": f"reason-{number}", "category": "error", "quantity": 1} for number in "1234"]}
    )
    lines = ["{}", '{"type": "sessions"}', payload, '{"type": "client_report"}', reports]
    status, body = exporter.post(
        "/api/checkout/envelope/?sentry_key=any",
        "\n".join(lines).encode(),
        {"Content-Type": "application/x-sentry-envelope"},
    )
    assert status == 200, body


def _alerts(exporter: Exporter, began: datetime, *, is_firing: bool) -> None:
    """Tell of alerts that fired before ``began``, as Alertmanager does; when they end, one of them goes on."""
    now = datetime.now(UTC)
    told = []
    for number, (name, severity) in enumerate(
        [("HighErrorRate", "critical"), ("ResponseTimeDegradation", "warning"), ("NewIssue", "warning")]
    ):
        is_over = not is_firing and number < 2
        told.append(
            {
                "status": "resolved" if is_over else "firing",
                "fingerprint": f"{number:016x}",
                "labels": {"alertname": name, "severity": severity, "project": "checkout"},
                "startsAt": (began - timedelta(minutes=7 + 4 * number)).isoformat(),
                **({"endsAt": now.isoformat()} if is_over else {}),
            }
        )
    body = json.dumps({"version": "4", "status": "firing", "alerts": told}).encode()
    status, answer = exporter.post("/api/alerts", body, {"Content-Type": "application/json"})
    assert status in {200, 202}, answer


def _push(exporter: Exporter, report: str, refused: int, state: int) -> None:
    """Push what an application without prometheus_client counts, twice: the same report counts once."""
    gauges = {names.BREAKER_STATE: state, names.CLIENT_CPU: 0.25, names.CLIENT_MEMORY: 5e7, names.CLIENT_DISK_FREE: 0.5}
    counters = {names.BREAKER_REFUSED: refused}
    measures: list[dict[str, Any]] = [
        {
            "name": metric.name,
            "value": value,
            **({"labels": {"service": PUSHED}} if "service" in metric.labels else {}),
            **({"process": "worker/host:7"} if metric in gauges else {}),
        }
        for metric, value in {**gauges, **counters}.items()
    ]
    body = json.dumps({"events": [], "report_id": report * 32, "measures": measures}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer any"}
    for _ in range(2):
        status, answer = exporter.post("/api/events?project=checkout", body, headers)
        assert status == 200, answer


def _turned_away(exporter: Exporter) -> None:
    """Send what is not taken, what was sent before, and what is redacted."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer any"}
    assert exporter.post("/api/events?project=checkout", b"{not json", headers)[0] == 400
    event = {
        "event_id": "0" * 31 + "1",
        "level": "info",
        "message": "the same event again",
        "context": {"extra": {"password": "correct horse"}},
    }
    for _ in range(2):
        assert exporter.post("/api/events?project=checkout", json.dumps(event).encode(), headers)[0] < 300
