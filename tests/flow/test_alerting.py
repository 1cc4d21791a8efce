"""A service starts to fail: Prometheus notices by the generated rules, Alertmanager tells Slack, PagerDuty and mail."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.flow import grafana
from tests.flow.programs import alertmanager, prometheus
from tests.flow.receivers import PAGERDUTY_PATH, SLACK_PATH, MailReceiver, Post, WebReceiver
from tests.flow.scrape_target import scrape_target
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import config, names
from errtally.alertmanager.build import build as build_alertmanager
from errtally.dashboards.build import build as build_dashboards
from errtally.rules.build import build as build_rules
from errtally.rules.series import selector

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

_SERVICE = {"project": "checkout", "environment": "production"}
_ISSUE = "3f2a9c81d07b"


class Service:
    """The series that an exporter would show for a service: requests go on, and fail while ``failing`` is set."""

    def __init__(self) -> None:
        self.failing = False
        self._served, self._failed, self._first_seen = 0, 0, 0.0

    def exposition(self) -> str:
        self._served += 90
        if self.failing:
            self._failed += 10
            self._first_seen = self._first_seen or time.time()
        by_path = {**_SERVICE, "transaction": "/pay"}
        lines = [
            f"{names.UP.name} 1",
            *_requests(names.SERVICE_REQUESTS, _SERVICE, self._served, self._failed),
            *_requests(names.REQUESTS, {**by_path, "method": "POST"}, self._served, self._failed),
            *_durations(names.SERVICE_REQUEST_DURATION, _SERVICE, self._served, self._failed),
            *_durations(names.REQUEST_DURATION, {**by_path, "outcome": "success"}, self._served, self._failed),
            f"{selector(names.LAST_NEW_ISSUE, **_SERVICE)} {self._first_seen}",
        ]
        if self._first_seen:
            what = {**_SERVICE, "issue": _ISSUE}
            info = {**what, "type": "ValueError", "title": "ValueError: no price", "culprit": "pay"}
            info["status"] = "unresolved"
            lines += [
                f"{selector(names.ISSUE_FIRST_SEEN, **what)} {self._first_seen}",
                f"{selector(names.ISSUE_NOTICED, **what)} {self._first_seen}",
                f"{selector(names.ISSUE_LAST_SEEN, **what)} {self._first_seen}",
                f"{selector(names.ISSUE_INFO, **info)} 1",
                f"{selector(names.ISSUE_EVENTS, **what, level='error')} {self._failed}",
            ]
        return "\n".join(lines) + "\n"


def _requests(metric: names.Metric, labels: dict[str, str], served: int, failed: int) -> list[str]:
    counts = {"2xx": served, "5xx": failed}
    return [f"{selector(metric, **labels, status_class=one)} {count}" for one, count in counts.items()]


def _durations(metric: names.Metric, labels: dict[str, str], quick: int, slow: int) -> list[str]:
    bounds = {"1.0": quick, "2.0": quick + slow, "+Inf": quick + slow}
    buckets = [f"{selector(metric, '_bucket', **labels, le=bound)} {count}" for bound, count in bounds.items()]
    return [*buckets, f"{selector(metric, '_count', **labels)} {quick + slow}"]


def _configuration(web: WebReceiver, mail: MailReceiver) -> config.document.Document:
    text = yaml.safe_dump(
        {
            "external_url": "http://errtally.example.com",
            "grafana": {"url": "http://grafana.example.com"},
            "alerting": {
                "cooldown": "3s",
                "group_wait": "0s",
                "group_interval": "1s",
                "rules": {
                    "HighErrorRate": {"window": "5s", "for": "0s"},
                    "ResponseTimeDegradation": {"window": "5s", "for": "2s"},
                },
                "channels": {
                    "slack": {"api_url": web.url(SLACK_PATH), "channel": "#alerts"},
                    "pagerduty": {"routing_key": "0123456789abcdef", "url": web.url(PAGERDUTY_PATH)},
                    "email": {
                        "to": ["oncall@example.com", "sre@example.com"],
                        "from": "errtally@example.com",
                        "smarthost": mail.smarthost,
                        "hello": "localhost",
                        "require_tls": False,
                    },
                    "heartbeat": {"url": web.url("/heartbeat"), "interval": "2s"},
                    "exporter": {"url": web.url("/api/alerts")},
                },
            },
        }
    )
    return config.parse(text, "the test's configuration")


def _slack(post: Post, title: str) -> bool:
    return post.path == SLACK_PATH and post.body["attachments"][0]["title"].endswith(title)


def _inhibited(address: str) -> set[str]:
    with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=PATIENCE_SECONDS) as answer:
        return {alert["labels"]["alertname"] for alert in json.load(answer) if alert["status"]["inhibitedBy"]}


def test_a_failing_service_reaches_every_channel_and_its_recovery_does_too(tmp_path: Path) -> None:
    peer("prometheus")
    peer("alertmanager")
    (tmp_path / "alertmanager").mkdir()
    (tmp_path / "prometheus").mkdir()
    service = Service()
    with WebReceiver() as web, MailReceiver() as mail, scrape_target(service) as target:
        document = _configuration(web, mail)
        with (
            alertmanager(tmp_path / "alertmanager", build_alertmanager(document)) as alerts_address,
            prometheus(
                tmp_path / "prometheus", build_rules(document), target=target, alertmanager_address=alerts_address
            ) as prometheus_address,
        ):
            web.inbox.first(lambda post: post.path == "/heartbeat")
            assert web.at(SLACK_PATH) == [], "a service without failures must be silent"

            service.failing = True
            chat = web.inbox.first(lambda post: _slack(post, "High Error Rate: firing"))
            page = web.inbox.first(lambda post: post.path == PAGERDUTY_PATH)
            news = web.inbox.first(lambda post: _slack(post, "New Issue: firing"))
            letter = mail.inbox.first(lambda letter: "New Issue" in letter.subject)
            _assert_slack(chat)
            _assert_pagerduty(page)
            _assert_new_issue(news)
            assert letter.recipients == ("oncall@example.com", "sre@example.com")
            assert letter.subject == "[FIRING] New Issue: checkout (production)"
            for body in (letter.text, letter.html):
                assert f"http://errtally.example.com/issues/{_ISSUE}" in body
                assert "ValueError: no price" in body
            told = web.inbox.first(lambda post: post.path == "/api/alerts")
            assert told.body["version"] == "4"

            until(lambda: "ResponseTimeDegradation" in _inhibited(alerts_address))
            assert _inhibited(alerts_address) == {"ResponseTimeDegradation"}, "a critical alert hides the warning"
            assert not web.inbox.all(lambda post: _slack(post, "Response Time Degradation: firing"))

            _assert_dashboard(prometheus_address)

            service.failing = False
            over = web.inbox.first(lambda post: post.path == PAGERDUTY_PATH and post.body["event_action"] == "resolve")
            assert over.body["dedup_key"] == page.body["dedup_key"]
            done = web.inbox.first(lambda post: _slack(post, "High Error Rate: resolved"))
            assert done.body["attachments"][0]["color"] == "good"


def _assert_dashboard(address: str) -> None:
    """Every query of the overview runs, and panels whose metrics the service shows give data."""
    dashboard = json.loads(build_dashboards({})["overview.json"])
    shown = grafana.Range(time.time() - 60, time.time())
    values = {"project": ".+", "environment": ".+"}
    server = grafana.Prometheus(address)
    with_data = {
        query.place.partition(" [")[0]
        for query in grafana.queries("overview", dashboard, shown)
        if server.series_of(query, values, shown)
    }
    assert {"Error rate", "Throughput", "Response time", "Recent errors", "Active alerts", "Services"} <= with_data


def _assert_slack(chat: Post) -> None:
    attachment = chat.body["attachments"][0]
    dashboard = "http://grafana.example.com/d/errtally-overview?var-project=checkout&var-environment=production"
    assert chat.body["channel"] == "#alerts"
    assert attachment["color"] == "danger"
    assert attachment["title"] == "🚨 High Error Rate: firing"
    assert attachment["title_link"].startswith(f"{dashboard}&from="), "from an hour before the alert"
    assert attachment["title_link"].endswith("&to=now")
    fields = {field["title"]: field["value"] for field in attachment["fields"]}
    value = fields.pop("Current Value")
    assert fields == {"Severity": "CRITICAL", "Environment": "production", "Threshold": "5%"}
    assert all(field["short"] for field in attachment["fields"])
    assert 5 < float(value.removesuffix("%")) <= 11
    assert attachment["footer"].startswith("checkout | 20")
    assert "<http://errtally.example.com/runbooks/HighErrorRate|Runbook>" in attachment["text"]
    assert f"<{attachment['title_link']}|Dashboard>" in attachment["text"]


def _assert_pagerduty(page: Post) -> None:
    payload = page.body["payload"]
    assert page.body["routing_key"] == "0123456789abcdef"
    assert page.body["event_action"] == "trigger"
    assert payload["severity"] == "critical"
    assert payload["class"] == "HighErrorRate"
    assert payload["component"] == "checkout"
    assert payload["group"] == "production"
    assert payload["summary"].endswith("of the requests of checkout (production) fail")
    assert payload["custom_details"]["threshold"] == "5%"
    assert {link["text"] for link in page.body["links"]} == {"Errors", "Dashboard", "Runbook", "Silence"}


def _assert_new_issue(news: Post) -> None:
    attachment = news.body["attachments"][0]
    assert attachment["color"] == "warning"
    assert attachment["title_link"] == f"http://errtally.example.com/issues/{_ISSUE}?project=checkout"
    assert "New issue in checkout (production): ValueError: no price" in attachment["text"]
