"""Generated rules and routes in the real programs: how often people are told, what is held back, what is not lost."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow.exporter import running
from tests.flow.programs import alertmanager, free_port, prometheus
from tests.flow.receivers import PAGERDUTY_PATH, SLACK_PATH, Post, WebReceiver
from tests.flow.scrape_target import scrape_target
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import config, names
from errtally.alertmanager.build import build as build_alertmanager
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.flow, pytest.mark.alone]

COOLDOWN_SECONDS = 5


class Host:
    """An exporter whose host has too little memory whenever ``is_full`` says so."""

    def __init__(self, is_full: Callable[[], bool]) -> None:
        self.is_full = is_full

    def exposition(self) -> str:
        return f"{names.UP.name} 1\n{names.HOST_MEMORY.name} {0.97 if self.is_full() else 0.2}\n"


def _document(web: WebReceiver, **changes: Any) -> config.document.Document:
    settings = {
        "cooldown": f"{COOLDOWN_SECONDS}s",
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat": {"critical": f"{COOLDOWN_SECONDS}s", "warning": "1h", "info": "1h"},
        "slos": [],
        "rules": {"MemoryUsageCritical": {"for": "0s"}},
        "channels": {
            "slack": {"api_url": web.url(SLACK_PATH), "channel": "#alerts"},
            "webhook": {"url": web.url("/hook")},
        },
        **changes,
    }
    return config.parse(yaml.safe_dump({"alerting": settings}), "the test's configuration")


@pytest.fixture
def rooms(tmp_path: Path) -> tuple[Path, Path]:
    peer("prometheus")
    peer("alertmanager")
    for name in ("alertmanager", "prometheus"):
        (tmp_path / name).mkdir()
    return tmp_path / "alertmanager", tmp_path / "prometheus"


def _told(post: Post, status: str) -> bool:
    return post.path == SLACK_PATH and post.body["attachments"][0]["title"].endswith(f"Memory Usage Critical: {status}")


def test_an_alert_that_flaps_is_told_once_in_the_cooldown_and_once_when_it_is_over(rooms: tuple[Path, Path]) -> None:
    begun: list[float] = []
    flaps_seconds = 3.5 * COOLDOWN_SECONDS

    def is_full() -> bool:
        passed = time.monotonic() - begun[0] if begun else flaps_seconds
        return passed < flaps_seconds and int(passed) % 4 < 2

    with WebReceiver() as web, scrape_target(Host(is_full)) as target:
        document = _document(web)
        with (
            alertmanager(rooms[0], build_alertmanager(document)) as address,
            prometheus(rooms[1], build_rules(document), target=target, alertmanager_address=address),
        ):
            begun.append(time.monotonic())
            web.inbox.first(lambda post: _told(post, "firing"))
            time.sleep(max(0.0, flaps_seconds - (time.monotonic() - begun[0])))
            assert web.inbox.all(lambda post: _told(post, "resolved")) == []
            flapped = len(web.inbox.all(lambda post: _told(post, "firing")))
            web.inbox.first(lambda post: _told(post, "resolved"))
            assert len(web.inbox.all(lambda post: _told(post, "resolved"))) == 1
    assert 2 <= flapped <= 4, "once at first, then once a cooldown, whatever the number of flaps"


def test_what_fires_while_alertmanager_is_down_is_told_when_it_is_back(rooms: tuple[Path, Path]) -> None:
    full = {"now": False}
    with WebReceiver() as web, scrape_target(Host(lambda: full["now"])) as target:
        document = _document(web)
        address = f"127.0.0.1:{free_port()}"
        files = build_alertmanager(document)
        with prometheus(rooms[1], build_rules(document), target=target, alertmanager_address=address):
            with alertmanager(rooms[0], files, address):
                time.sleep(1)
            full["now"] = True
            time.sleep(3)
            assert web.at(SLACK_PATH) == []
            with alertmanager(rooms[0], files, address):
                web.inbox.first(lambda post: _told(post, "firing"))
            told = len(web.inbox.all(lambda post: _told(post, "firing")))
            with alertmanager(rooms[0], files, address):
                full["now"] = False
                web.inbox.first(lambda post: _told(post, "resolved"))
            again = len(web.inbox.all(lambda post: _told(post, "firing"))) - told
    assert again <= 3, "after its restart Alertmanager remembers whom it told"


def _fire(address: str, *alerts: dict[str, str], ends: bool = False) -> None:
    now = datetime.now(UTC).isoformat()
    times = {"endsAt": now} if ends else {"startsAt": now}
    body = json.dumps([{"labels": labels, **times} for labels in alerts]).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://{address}/api/v2/alerts", body, headers), timeout=PATIENCE_SECONDS
    ):
        pass


SHOP = {"project": "shop", "environment": "production"}


def test_what_pages_hides_what_can_wait_and_never_what_pages_or_is_news(rooms: tuple[Path, Path]) -> None:
    one, two = ({"job": "errtally", "instance": name} for name in ("exporter-1", "exporter-2"))
    causes = [
        {"alertname": "HighErrorRate", "severity": "critical", **SHOP},
        {"alertname": "TargetDown", "severity": "critical", **one},
    ]
    hidden = [
        {"alertname": "ApdexLow", "severity": "warning", **SHOP},
        {"alertname": "ErrorBudgetBurnSlow", "severity": "warning", "slo": "up", **SHOP},
        {"alertname": "GrowingIssue", "severity": "warning", "issue": "a1", **SHOP},
        {"alertname": "JournalLag", "severity": "warning", **one},
        {"alertname": "IngestRejected", "severity": "warning", "protocol": "sentry"},
    ]
    heard = [
        {"alertname": "NewIssue", "severity": "warning", "issue": "a2", **SHOP},
        {"alertname": "Regression", "severity": "warning", "issue": "a3", **SHOP},
        {"alertname": "CheckInFailed", "severity": "warning", "monitor": "backup", **SHOP},
        {"alertname": "ErrorRateAnomaly", "severity": "critical", **SHOP},
        {"alertname": "ErrorBudgetBurn", "severity": "critical", "slo": "up", **SHOP},
        {"alertname": "MemoryUsageCritical", "severity": "critical", **two},
    ]
    with WebReceiver() as web, alertmanager(rooms[0], build_alertmanager(_document(web))) as address:
        _fire(address, *causes)
        web.inbox.first(lambda post: _names(post) == {"TargetDown"})
        _fire(address, *hidden, *heard)
        web.inbox.first(lambda post: _names(post) == {"MemoryUsageCritical"})
        time.sleep(2.5)
        told = [_label_set(alert["labels"]) for post in web.at("/hook") for alert in post.body["alerts"]]
    assert {_label_set(labels) for labels in [*causes, *heard]} == set(told)


def test_the_pages_of_one_outage_are_one_incident_that_closes_with_the_last_of_them(rooms: tuple[Path, Path]) -> None:
    first, second, third = (
        {"alertname": name, "severity": "critical", "channels": "pagerduty", **SHOP}
        for name in ("ErrorRateAnomaly", "HighErrorRate", "ErrorBudgetBurn")
    )
    with WebReceiver() as web:
        pager = {"routing_key": "key", "url": web.url(PAGERDUTY_PATH)}
        document = _document(web, channels={"pagerduty": pager})

        def told(action: str, number: int) -> None:
            """Wait until the incident of so many alerts was told."""
            web.inbox.first(
                lambda post: (
                    post.body["event_action"] == action
                    and int(post.body["payload"]["custom_details"]["num_firing"]) == number
                )
            )

        with alertmanager(rooms[0], build_alertmanager(document)) as address:
            _fire(address, first)
            told("trigger", 1)
            _fire(address, second, third)
            told("trigger", 3)
            _fire(address, first, second, ends=True)
            _fire(address, third, ends=True)
            told("resolve", 0)
            time.sleep(2.5)
            posts = web.at(PAGERDUTY_PATH)
    assert len({post.body["dedup_key"] for post in posts}) == 1
    actions = [post.body["event_action"] for post in posts]
    assert actions.count("resolve") == 1
    assert actions[-1] == "resolve"


def test_what_happened_once_is_told_once_and_never_as_resolved(rooms: tuple[Path, Path]) -> None:
    noisy = {"alertname": "NewIssue", "severity": "warning", "channels": "slack", "issue": "noisy", **SHOP}
    with WebReceiver() as web:
        document = _document(web, group_interval="1h", group_wait="1s", repeat={})
        with alertmanager(rooms[0], build_alertmanager(document)) as address:
            _fire(address, noisy)
            web.inbox.first(lambda post: post.path == SLACK_PATH)
            _fire(address, {**noisy, "issue": "rare"})
            web.inbox.first(lambda post: post.path == SLACK_PATH and "(2)" in post.body["attachments"][0]["title"])
            _fire(address, noisy, {**noisy, "issue": "rare"}, ends=True)
            time.sleep(3)
            titles = [post.body["attachments"][0]["title"] for post in web.at(SLACK_PATH)]
    assert titles == ["⚠️ NewIssue: firing", "⚠️ NewIssue: firing (2)"]


def _names(post: Post) -> set[str]:
    return {alert["labels"]["alertname"] for alert in post.body["alerts"]} if post.path == "/hook" else set()


def _label_set(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_quiet_hours_hold_back_warnings_and_no_critical_alert(rooms: tuple[Path, Path]) -> None:
    always = [{"from": "00:00", "to": "24:00"}]
    with WebReceiver() as web:
        document = _document(
            web, quiet_hours=always, channels={"slack": _document(web)["alerting"]["channels"]["slack"]}
        )
        with alertmanager(rooms[0], build_alertmanager(document)) as address:
            _fire(address, {"alertname": "Quiet", "severity": "warning"}, {"alertname": "Calm", "severity": "info"})
            time.sleep(0.5)
            _fire(address, {"alertname": "Loud", "severity": "critical"})
            web.inbox.first(lambda post: "Loud" in post.body["attachments"][0]["title"])
            time.sleep(1.5)
            titles = {post.body["attachments"][0]["title"] for post in web.at(SLACK_PATH)}
    assert titles == {"🚨 Loud: firing"}


def test_a_new_error_is_in_the_chat(
    rooms: tuple[Path, Path], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with WebReceiver() as web, running(tmp_path) as exporter:
        document = _document(web)
        with (
            alertmanager(rooms[0], build_alertmanager(document)) as address,
            prometheus(
                rooms[1],
                build_rules(document),
                target=f"127.0.0.1:{exporter.port}",
                alertmanager_address=address,
                interval="200ms",
            ) as prometheus_address,
        ):
            _wait_until_scraped(prometheus_address)
            took = []
            for word in ("alpha", "beta", "gamma"):
                time.sleep(1)
                event = {"level": "error", "type": f"{word.title()}Error", "message": word, "context": {}}
                sent = time.monotonic()
                status, answer = exporter.post(
                    "/api/events", json.dumps(event).encode(), {"Content-Type": "application/json"}
                )
                assert status in (200, 202), answer
                web.inbox.first(lambda post: f"{word.title()}Error" in json.dumps(post.body))  # noqa: B023
                took.append(time.monotonic() - sent)
    record_property("seconds", took)
    print("event to Slack, seconds:", [round(seconds, 2) for seconds in took])


def _wait_until_scraped(address: str) -> None:
    """Prometheus looks for its targets and for Alertmanager within five seconds after its start."""
    until(
        lambda: (
            _get(f"http://{address}/api/v1/query?query={names.UP.name}")["result"]
            and _get(f"http://{address}/api/v1/alertmanagers")["activeAlertmanagers"]
        ),
        "Prometheus does not scrape the exporter",
    )


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)["data"]
