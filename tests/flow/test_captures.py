"""Requests captured from real SDKs, replayed over a socket: every one is taken, and the counts are right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.exporter import Exporter, counting
from tests.flow.replay import replay

from errtally import names

pytestmark = pytest.mark.flow

CAPTURES = Path(__file__).parents[1] / "data" / "captures"

# What the clients did, as counted in the captured requests by hand.
EXPECTED = {
    "sentry-python": {
        "project": "42",
        "events": {"error": 5, "warning": 1, "info": 1},
        "requests": {"5xx": 1},
        "logs": 2,
        "sessions": {"started": 1, "errored": 1},
        "check_ins": {"ok": 1},
        "discarded": {("before_send", "error"): 1},
    },
    "sentry-node": {
        "project": "43",
        "events": {"error": 6, "warning": 1},
        "requests": {"2xx": 1},
        "logs": 1,
        "sessions": {"started": 1, "crashed": 1},
        "check_ins": {"ok": 1},
        "discarded": {},
    },
    "sentry-browser": {
        "project": "44",
        "events": {"error": 3, "info": 1},
        "requests": {"unknown": 1},
        "logs": 1,
        "sessions": {"started": 1, "unhandled": 1},
        "check_ins": {},
        "discarded": {},
    },
    "raven-python-6.10": {
        "project": "46",
        "events": {"error": 2},
        "requests": {},
        "logs": 0,
        "sessions": {},
        "check_ins": {},
        "discarded": {},
    },
}
# Other protocols: what is not named was not sent. OpenTelemetry's services and Faro's apps name their projects.
for folder, other in {
    # One ValueError on a span and in a log record, a message, an ExceptionGroup; a trace of one request.
    "otel-python-gzip": {
        "project": "checkout", "events": {"error": 2, "fatal": 1}, "requests": {"5xx": 1}, "duplicates": 1,
    },
    # One failure, recorded on three nested spans and in a log record.
    "otel-python-nested": {"project": "nested", "events": {"error": 1}, "requests": {"unknown": 1}, "duplicates": 3},
    # The log record names no trace, so nothing says that it is the span's failure.
    "otel-node-json": {"project": "web-bff", "events": {"error": 2}, "requests": {"5xx": 1}, "logs": 1},
    "faro-browser": {
        "project": "shop-web", "events": {"error": 4}, "requests": {"2xx": 1}, "logs": 1,
        "statuses": [204, 202, 202, 202, 202],
    },
    "pybrake": {"project": "105138", "events": {"error": 1}, "statuses": [201]},
    "rollbar-python": {"project": "default", "events": {"error": 1, "warning": 1}},
    "honeybadger-python": {"project": "default", "events": {"error": 1}, "statuses": [201]},
    "bugsnag-python": {"project": "default", "events": {"warning": 1}, "statuses": [202]},
}.items():  # fmt: skip
    nothing = {"requests": {}, "logs": 0, "sessions": {}, "check_ins": {}, "discarded": {}}
    EXPECTED[folder] = nothing | other
EXPECTED["sentry-python-plain"] = EXPECTED["sentry-python"]


def _check(exporter: Exporter, expected: dict) -> None:
    project = expected["project"]
    for level in names.LEVELS:
        assert exporter.total(names.EVENTS, project=project, level=level) == expected["events"].get(level, 0), level
        assert exporter.total(names.ISSUE_EVENTS, project=project, level=level) == expected["events"].get(level, 0)
    for status in names.STATUS_CLASSES:
        total = exporter.total(names.REQUESTS, project=project, status_class=status)
        assert total == expected["requests"].get(status, 0), status
    assert exporter.total(names.LOG_RECORDS, project=project) == expected["logs"]
    assert exporter.total(names.DUPLICATES, project=project) == expected.get("duplicates", 0)
    for status in names.SESSION_STATUSES:
        total = exporter.total(names.SESSIONS, project=project, status=status)
        assert total == expected["sessions"].get(status, 0), status
    for status in names.CHECK_IN_STATUSES:
        assert exporter.total(names.CHECK_INS, project=project, status=status) == expected["check_ins"].get(status, 0)
    assert exporter.total(names.CLIENT_DISCARDED_EVENTS, project=project) == sum(expected["discarded"].values())
    for (reason, category), quantity in expected["discarded"].items():
        found = exporter.total(names.CLIENT_DISCARDED_EVENTS, project=project, reason=reason, category=category)
        assert found == quantity


@pytest.mark.parametrize("folder", sorted(EXPECTED))
def test_every_captured_request_is_taken_and_counted(tmp_path: Path, folder: str) -> None:
    with counting(tmp_path) as exporter:
        answers = replay(CAPTURES / folder, exporter.port)
        expected = EXPECTED[folder].get("statuses", [200] * len(answers))
        assert expected == [status for _, status, _ in answers]
        exporter.wait_until_folded()
        _check(exporter, EXPECTED[folder])


def test_a_second_delivery_of_the_same_requests_counts_no_event_twice(tmp_path: Path) -> None:
    with counting(tmp_path) as exporter:
        replay(CAPTURES / "sentry-node", exporter.port)
        replay(CAPTURES / "sentry-node", exporter.port)
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS, project="43") == 7
        assert exporter.total(names.DUPLICATES, project="43") == 7
        assert exporter.total(names.SESSIONS, project="43", status="crashed") == 1


@pytest.mark.parametrize("folder", ["sentry-browser", "faro-browser"])
def test_the_browser_may_read_the_answer(tmp_path: Path, folder: str) -> None:
    with counting(tmp_path) as exporter:
        for _, _, answer in replay(CAPTURES / folder, exporter.port):
            assert b"access-control-allow-origin: *" in answer.lower()


def test_faros_preflight_is_granted_every_header_that_it_asks_for(tmp_path: Path) -> None:
    head = (CAPTURES / "faro-browser" / "req-01.head").read_text().lower()
    asked = head.partition("access-control-request-headers:")[2].splitlines()[0].strip().split(",")
    with counting(tmp_path) as exporter:
        _, status, answer = replay(CAPTURES / "faro-browser", exporter.port)[0]
        granted = answer.decode().lower().partition("access-control-allow-headers:")[2].splitlines()[0]
        assert status == 204
        assert set(asked) <= {header.strip() for header in granted.split(",")}
        assert b"access-control-expose-headers: retry-after, x-faro-session-status" in answer.lower()


def test_compressed_and_plain_requests_give_identical_series(tmp_path: Path) -> None:
    # The two captures were made one after the other, so times and the durations that were measured differ.
    differs = ("_timestamp_seconds", "_duration_seconds_bucket", "_duration_seconds_sum")
    found = []
    for folder in ("sentry-python", "sentry-python-plain"):
        place = tmp_path / folder
        place.mkdir()
        with counting(place) as exporter:
            replay(CAPTURES / folder, exporter.port)
            exporter.wait_until_folded()
            found.append(
                {
                    key: value
                    for key, value in exporter.series().items()
                    if ("project", "42") in key[1] and not key[0].endswith(differs)
                }
            )
    assert found[0] == found[1]
    assert len(found[0]) > 50
