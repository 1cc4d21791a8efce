"""Requests captured from real SDKs, replayed over a socket: every one is taken, and the counts are right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.exporter import Exporter, running
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
    with running(tmp_path) as exporter:
        answers = replay(CAPTURES / folder, exporter.port)
        assert [(name, status) for name, status, _ in answers] == [(name, 200) for name, _, _ in answers]
        exporter.wait_until_folded()
        _check(exporter, EXPECTED[folder])


def test_a_second_delivery_of_the_same_requests_counts_no_event_twice(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        replay(CAPTURES / "sentry-node", exporter.port)
        replay(CAPTURES / "sentry-node", exporter.port)
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS, project="43") == 7
        assert exporter.total(names.DUPLICATES, project="43") == 7
        assert exporter.total(names.SESSIONS, project="43", status="crashed") == 1


def test_the_browser_may_read_the_answer(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        for _, _, answer in replay(CAPTURES / "sentry-browser", exporter.port):
            assert b"access-control-allow-origin: *" in answer.lower()


def test_compressed_and_plain_requests_give_identical_series(tmp_path: Path) -> None:
    # The two captures were made one after the other, so times and the durations that were measured differ.
    differs = {names.ISSUE_FIRST_SEEN, names.ISSUE_LAST_SEEN, names.CHECK_IN_LAST_OK, names.REQUEST_DURATION}
    found = []
    for folder in ("sentry-python", "sentry-python-plain"):
        place = tmp_path / folder
        place.mkdir()
        with running(place) as exporter:
            replay(CAPTURES / folder, exporter.port)
            exporter.wait_until_folded()
            found.append(
                {
                    key: value
                    for key, value in exporter.series().items()
                    if ("project", "42") in key[1] and not key[0].startswith(tuple(metric.name for metric in differs))
                }
            )
    assert found[0] == found[1]
    assert len(found[0]) > 50
