"""The main job with the real programs: sentry-sdk, exporter, Prometheus, Alertmanager, and who gets told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow.exporter import Exporter
from tests.flow.programs import alertmanager, prometheus
from tests.flow.receivers import PAGERDUTY_PATH, SLACK_PATH, MailReceiver, Post, WebReceiver
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import config, names
from errtally.alertmanager.build import build as build_alertmanager
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.flow

KEY = "c0ffee00c0ffee00c0ffee00c0ffee00"


def _configuration(folder: Path, exporter_url: str, web: WebReceiver, mail: MailReceiver) -> Path:
    """One file for everything: exporter, rules and routes."""
    (folder / "key").write_text(KEY)
    path = folder / "errtally.yml"
    path.write_text(
        yaml.safe_dump(
            {
                "external_url": exporter_url,
                "projects": [{"name": "shop", "id": "7", "keys": [KEY]}],
                "alerting": {
                    "cooldown": "3s",
                    "scrape_interval": "1s",
                    "group_wait": "0s",
                    "group_interval": "1s",
                    "rules": {"HighErrorRate": {"window": "5s", "for": "0s"}},
                    "channels": {
                        "slack": {"api_url": web.url(SLACK_PATH), "channel": "#alerts"},
                        "pagerduty": {"routing_key": "0123456789abcdef", "url": web.url(PAGERDUTY_PATH)},
                        "email": {
                            "to": ["oncall@example.com"],
                            "from": "errtally@example.com",
                            "smarthost": mail.smarthost,
                            "hello": "localhost",
                            "require_tls": False,
                        },
                        "exporter": {"url": f"{exporter_url}/api/alerts", "token_file": str(folder / "key")},
                    },
                },
            }
        )
    )
    return path


def _serve_requests(dsn: str, seconds: float, failed_share: float) -> dict[str, Any]:
    app = Path(__file__).with_name("sentry_app.py")
    done = subprocess.run(
        [sys.executable, app, dsn, str(seconds), str(failed_share)], capture_output=True, text=True, check=True
    )
    served: dict[str, Any] = json.loads(done.stdout)
    return served


def _query(address: str, expression: str) -> float:
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        result = json.load(answer)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0


def _slack(title: str) -> Callable[[Post], bool]:
    return lambda post: post.path == SLACK_PATH and post.body["attachments"][0]["title"].endswith(title)


def test_errors_of_a_real_sdk_become_series_alerts_and_notifications_and_resolve(tmp_path: Path) -> None:
    peer("prometheus")
    peer("alertmanager")
    for room in ("alertmanager", "prometheus"):
        (tmp_path / room).mkdir()
    with WebReceiver() as web, MailReceiver() as mail:
        exporter = Exporter(tmp_path)
        path = _configuration(tmp_path, exporter.url, web, mail)
        exporter = exporter.with_flags("--config", str(path))
        exporter.start()
        document = config.load(path)
        try:
            with (
                alertmanager(tmp_path / "alertmanager", build_alertmanager(document)) as alerts_address,
                prometheus(
                    tmp_path / "prometheus",
                    build_rules(document),
                    target=f"127.0.0.1:{exporter.port}",
                    alertmanager_address=alerts_address,
                ) as prometheus_address,
            ):
                _play(exporter, prometheus_address, web, mail)
        finally:
            exporter.stop()


def _play(exporter: Exporter, prometheus_address: str, web: WebReceiver, mail: MailReceiver) -> None:
    dsn = f"http://{KEY}@127.0.0.1:{exporter.port}/7"
    good = _serve_requests(dsn, 4, 0)
    assert web.at(SLACK_PATH) == [], "a service without failures must be silent"

    bad = _serve_requests(dsn, 8, 0.3)
    chat = web.inbox.first(_slack("High Error Rate: firing"))
    page = web.inbox.first(lambda post: post.path == PAGERDUTY_PATH)
    news = web.inbox.first(_slack("New Issue: firing"))
    letter = mail.inbox.first(lambda letter: "New Issue" in letter.subject)

    # Every number in Prometheus is what the SDK sent.
    exporter.wait_until_folded()
    requests = good["requests"] + bad["requests"]
    expected = {
        f'sum({names.EVENTS.name}{{project="shop",level="error",type="ValueError"}})': bad["events"],
        f'sum({names.ISSUE_EVENTS.name}{{project="shop"}})': bad["events"],
        f'sum({names.REQUESTS.name}{{project="shop"}})': requests,
        f'sum({names.REQUESTS.name}{{project="shop",status_class="5xx"}})': bad["failed"],
        f"sum({names.REQUEST_DURATION.name}_count)": requests,
        f"sum({names.APDEX_REQUESTS.name})": requests,
        f'sum({names.APDEX_REQUESTS.name}{{zone="frustrated"}})': bad["failed"],
        f"sum({names.NEW_ISSUES.name})": 1,
        f"sum({names.ISSUE_USERS.name})": len({(1000 + n) % 5 for n in range(bad["requests"]) if n % 10 < 3}),
    }
    for expression, value in expected.items():
        until(
            lambda expression=expression, value=value: _query(prometheus_address, expression) == value,
            lambda expression=expression, value=value: (
                f"{expression} is {_query(prometheus_address, expression)}, not {value}"
            ),
        )

    [issue] = exporter.get_json("/api/issues")["issues"]
    assert issue["title"] == "ValueError: could not price order <num> for <str>"
    assert issue["last_release"] == "shop@1.4.2"
    link = f"{exporter.url}/issues/{issue['issue']}?project={issue['project']}"
    page_text = exporter.get(f"/issues/{issue['issue']}").decode()
    assert "could not price order" in page_text
    assert "KeyError" in page_text, "the cause is on the page"
    assert not re.search(r"user\d+@", page_text), "the user's address is not"

    attachment = chat.body["attachments"][0]
    assert attachment["color"] == "danger"
    fields = {field["title"]: field["value"] for field in attachment["fields"]}
    assert fields["Severity"] == "CRITICAL"
    assert fields["Environment"] == "production"
    assert fields["Threshold"] == "5%"
    assert 5 < float(fields["Current Value"].removesuffix("%")) <= 45
    assert attachment["footer"].startswith("shop | ")
    assert page.body["event_action"] == "trigger"
    assert page.body["payload"]["class"] == "HighErrorRate"
    assert page.body["payload"]["component"] == "shop"
    assert news.body["attachments"][0]["title_link"] == link
    assert "ValueError: could not price order" in news.body["attachments"][0]["text"]
    assert link in letter.text
    assert link in letter.html
    for runbook in ("HighErrorRate", "NewIssue"):
        assert b"Mitigation" in exporter.get(f"/runbooks/{runbook}"), "the alert's runbook is there"

    until(
        lambda: exporter.total(names.ALERTS, alertname="HighErrorRate", severity="critical") == 1,
        "the exporter shows the alert that fires",
    )
    start, end = time.time() - 120, time.time() + 10
    url = f"http://{prometheus_address}/api/v1/query_exemplars?query={names.ISSUE_EVENTS.name}&start={start}&end={end}"
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        exemplars = [one["labels"] for series in json.load(answer)["data"] for one in series["exemplars"]]
    assert {labels["event_id"] for labels in exemplars} <= set(bad["event_ids"])
    assert exemplars, "a counter leads to an event"

    _serve_requests(dsn, 8, 0)
    over = web.inbox.first(lambda post: post.path == PAGERDUTY_PATH and post.body["event_action"] == "resolve")
    assert over.body["dedup_key"] == page.body["dedup_key"]
    done = web.inbox.first(_slack("High Error Rate: resolved"))
    assert done.body["attachments"][0]["color"] == "good"
    until(
        lambda: (
            exporter.total(names.ALERTS, alertname="HighErrorRate") == 0
            and exporter.total_count(names.ALERT_DURATION, alertname="HighErrorRate") == 1
        ),
        "the exporter shows that the alert is over",
    )
