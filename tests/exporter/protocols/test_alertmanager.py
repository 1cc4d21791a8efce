"""Alertmanager's webhook."""

from __future__ import annotations

import json

import pytest
from tests.exporter.inprocess import deliver

from errtally.errors import MalformedError, TooLargeError
from errtally.exporter.config import Limits
from errtally.exporter.protocols import alertmanager

ALERT = {
    "status": "firing",
    "fingerprint": "0123456789abcdef",
    "labels": {"alertname": "HighErrorRate", "severity": "critical", "service": "shop"},
    "annotations": {"summary": "too many"},
    "startsAt": "2026-11-24T05:00:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
}


def sent(*alerts, **options):
    body = {"version": "4", "status": "firing", "alerts": list(alerts)}
    return deliver("/api/alerts", json.dumps(body).encode(), **options)


def test_a_firing_and_a_resolved_alert_are_told_apart_whatever_the_group_says():
    submission = sent(ALERT, ALERT | {"status": "resolved", "endsAt": "2026-11-24T06:00:00Z"})
    firing, resolved = submission.alerts
    assert (firing.name, firing.severity, firing.ends_at) == ("HighErrorRate", "critical", None)
    assert resolved.ends_at - resolved.starts_at == pytest.approx(3599.876544)
    assert (firing.labels["service"], firing.summary, firing.fingerprint) == ("shop", "too many", "0123456789abcdef")
    assert submission.items == {"alert": 2}
    assert alertmanager.answer(submission).status == 200


def test_an_alert_of_nothing_has_defaults():
    [alert] = sent(
        {"status": "resolved", "fingerprint": "f", "labels": {}, "startsAt": "2026-11-24T05:00:00Z", "endsAt": "x"}
    ).alerts
    assert (alert.name, alert.severity, alert.summary) == ("unnamed", "none", "")
    assert alert.ends_at == alert.starts_at


def test_a_notification_without_alerts_is_nothing():
    assert sent().items == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"version": "4", "alerts": [{"fingerprint": "\xff"}]}',
        b'{"version": "3", "alerts": []}',
        b'{"version": "4", "alerts": [5]}',
        b'{"version": "4", "x": ' + b"[" * 100_000,
        json.dumps({"version": "4", "alerts": [ALERT | {"startsAt": "soon"}]}).encode(),
        json.dumps({"version": "4", "alerts": [ALERT | {"status": "odd"}]}).encode(),
    ],
    ids=["empty", "nothing", "bytes", "not UTF-8", "version 3", "a number", "deep", "no start", "no status"],
)
def test_what_is_no_notification_is_malformed(body):
    with pytest.raises(MalformedError) as caught:
        deliver("/api/alerts", body)
    assert caught.value.reason == "bad_notification"


def test_a_notification_has_a_limit():
    with pytest.raises(TooLargeError):
        sent(ALERT, ALERT, limits=Limits(batch_events=1))


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        pytest.param("https://am.example/x?y=z", True, id="of https"),
        pytest.param("http://am:9093", True, id="of http"),
        pytest.param("javascript:alert(1)", False, id="a script"),
        pytest.param("//evil.example", False, id="without a scheme"),
        pytest.param("https://a\nb", False, id="of two lines"),
        pytest.param("https://" + "a" * 2_000, False, id="endless"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_addresses_are_kept_that_a_page_may_link_to(url, is_kept):
    alert = {
        "status": "firing", "fingerprint": "a", "startsAt": "2026-11-24T05:46:17Z", "labels": {}, "generatorURL": url,
        "annotations": {"runbook_url": url},
    }  # fmt: skip
    body = json.dumps({"version": "4", "externalURL": url, "alerts": [alert]}).encode()
    [decoded] = deliver("/api/alerts", body, {"Authorization": "Bearer k"}).alerts
    assert decoded.links == (dict.fromkeys(("alertmanager", "source", "runbook"), url) if is_kept else {})
