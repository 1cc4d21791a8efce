"""Example messages, in the form in which Alertmanager hands a group of alerts to templates and webhooks."""

from __future__ import annotations

from typing import Any

_SCOPE = {"project": "checkout", "environment": "production"}
_STARTED, _ENDED, _NEVER = "2026-03-02T09:30:00Z", "2026-03-02T09:55:00Z", "0001-01-01T00:00:00Z"
_ALERTMANAGER = "http://alertmanager.example.com"
_DASHBOARD = (
    "http://grafana.example.com/d/errtally-overview?var-project=checkout&var-environment=production&from=now-3h&to=now"
)
_ISSUE = "http://grafana.example.com/d/errtally-issue?var-project=checkout&var-environment=production"
_MANY = 12


def message(state: str = "firing") -> dict[str, Any]:
    """Return an example message.

    Args:
        state: ``firing`` and ``resolved`` are one critical alert; ``many`` is a group of twelve issues; ``bare`` is an
            alert of another rule file, which has nothing but its name.
    """
    if state == "bare":
        return _group([_alert({"alertname": "SomebodyElses"}, {})], "firing")
    if state == "many":
        return _group([_issue(number) for number in range(1, _MANY + 1)], "firing")
    return _group([_high_error_rate(state)], state)


STATES = ("firing", "resolved", "many", "bare")


def _high_error_rate(state: str) -> dict[str, Any]:
    return _alert(
        {"alertname": "HighErrorRate", **_SCOPE, "severity": "critical", "channels": "slack,pagerduty"},
        {
            "title": "High Error Rate",
            "summary": "7.3% of the requests of checkout (production) fail",
            "description": "7.3% of the requests of checkout in production end with a server error; the limit is 5%.",
            "value": "7.3%",
            "threshold": "5%",
            "runbook_url": "http://errtally.example.com/runbooks/HighErrorRate",
            "dashboard_url": _DASHBOARD,
        },
        state,
    )


def _issue(number: int) -> dict[str, Any]:
    issue = f"{number:012x}"
    return _alert(
        {"alertname": "NewIssue", **_SCOPE, "issue": issue, "severity": "warning", "channels": "slack,email"},
        {
            "title": "New Issue",
            "summary": f"New issue in checkout (production): ValueError: no price for <num> & no. {number}",
            "description": "An error that was never seen before happened in checkout (production).",
            "value": "1",
            "threshold": "0",
            "runbook_url": "http://errtally.example.com/runbooks/NewIssue",
            "dashboard_url": f"{_ISSUE}&var-issue={issue}&from=now-3h&to=now",
            "issue_url": f"http://errtally.example.com/issues/{issue}?project=checkout",
        },
    )


def _alert(labels: dict[str, str], annotations: dict[str, str], state: str = "firing") -> dict[str, Any]:
    return {
        "status": state,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _STARTED,
        "endsAt": _ENDED if state == "resolved" else _NEVER,
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
        "fingerprint": f"{len(labels):016x}",
    }


def _group(alerts: list[dict[str, Any]], state: str) -> dict[str, Any]:
    grouped_by = {key: value for key, value in alerts[0]["labels"].items() if key in ("alertname", *_SCOPE)}
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{', '.join(f'{key}={value}' for key, value in sorted(grouped_by.items()))}}}",
        "truncatedAlerts": 0,
        "status": state,
        "receiver": "example",
        "groupLabels": grouped_by,
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": _ALERTMANAGER,
        "alerts": alerts,
    }


def _common(mappings: list[dict[str, str]]) -> dict[str, str]:
    first = mappings[0]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in mappings)}
