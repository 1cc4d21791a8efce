"""What check-ins say of the schedule of their job."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.exporter.inprocess import NOW, deliver, envelope

from errtally.event.signals import CheckIn, Schedule, SessionCount
from errtally.exporter.protocols.sentry import items, monitor_config

CRON = {"type": "crontab", "value": "0 * * * *"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param({"schedule": CRON}, Schedule("crontab", "0 * * * *", "", "UTC", 60.0, 1800.0), id="cron"),
        pytest.param(
            {
                "schedule": {"type": "interval", "value": 2, "unit": "hour"},
                "checkin_margin": 5,
                "max_runtime": 10,
                "timezone": "Europe/Berlin",
                "failure_issue_threshold": 3,
            },
            Schedule("interval", "2", "hour", "Europe/Berlin", 300.0, 600.0),
            id="an interval with everything",
        ),
        pytest.param(
            {"schedule": {"type": "crontab", "value": " 0  *  * * * "}, "checkin_margin": 0, "max_runtime": None},
            Schedule("crontab", "0 * * * *", "", "UTC", 60.0, 1800.0),
            id="no margin is a minute",
        ),
        pytest.param(
            {"schedule": CRON, "checkin_margin": 10**9, "max_runtime": "soon", "timezone": None},
            Schedule("crontab", "0 * * * *", "", "UTC", 40_320 * 60.0, 1800.0),
            id="odd numbers",
        ),
    ],
)
def test_a_schedule(sent, expected):
    rejected = Counter()
    assert monitor_config.schedule(sent, rejected) == expected
    assert not rejected


@pytest.mark.parametrize(
    "sent",
    [
        {},
        "0 * * * *",
        {"schedule": None},
        {"schedule": "0 * * * *"},
        {"schedule": {"type": "crontab", "value": "99 * * * *"}},
        {"schedule": {"type": "interval", "value": 1, "unit": "second"}},
        {"schedule": CRON, "timezone": "Nowhere/Else"},
        {"schedule": {"type": "crontab", "value": ["0 * * * *"]}},
    ],
    ids=str,
)
def test_a_schedule_that_names_no_times_is_counted(sent):
    rejected = Counter()
    assert monitor_config.schedule(sent, rejected) is None
    assert rejected == {"bad_schedule": 1}


def test_without_a_configuration_there_is_no_schedule():
    rejected = Counter()
    assert monitor_config.schedule(None, rejected) is None
    assert not rejected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("6ca29cb9b9ce4de1980d0141ea2b964e", "6ca29cb9b9ce4de1980d0141ea2b964e"),
        ("6CA29CB9-B9CE-4DE1-980D-0141EA2B964E", "6ca29cb9b9ce4de1980d0141ea2b964e"),
        ("00000000000000000000000000000000", ""),
        ("00000000-0000-0000-0000-000000000000", ""),
        (None, ""),
        (7, "7"),
    ],
)
def test_a_run_has_a_name_unless_it_is_all_noughts(sent, expected):
    assert monitor_config.run_id(sent) == expected


def test_a_check_in_brings_its_schedule_and_is_taken_without_a_good_one():
    sent = {"monitor_slug": "backup", "status": "in_progress", "check_in_id": "ab" * 16}
    good, bad = {"schedule": CRON}, {"schedule": {"type": "crontab", "value": "x"}}
    body = envelope(("check_in", {**sent, "monitor_config": good}), ("check_in", {**sent, "monitor_config": bad}))
    submission = deliver("/api/1/envelope/", body, query="sentry_key=a")
    expected = Schedule("crontab", "0 * * * *")
    assert submission.check_ins == [
        CheckIn("backup", "in_progress", NOW, check_in_id="ab" * 16, schedule=expected),
        CheckIn("backup", "in_progress", NOW, check_in_id="ab" * 16),
    ]
    assert (submission.items["check_in"], submission.rejected) == (2, {"bad_schedule": 1})


def test_a_check_in_by_address_may_have_a_body_with_its_schedule():
    submission = deliver("/api/1/cron/backup/a/", b'{"monitor_config": {"schedule": {"type": "crontab", "value": "@daily"}}}', query="status=ok&check_in_id=r7")  # fmt: skip  # noqa: E501
    assert submission.check_ins == [
        CheckIn("backup", "ok", NOW, check_in_id="r7", schedule=Schedule("crontab", "@daily"))
    ]


def test_sessions_name_their_users():
    assert items.session(b'{"init": true, "sid": "S", "did": "u7", "status": "crashed"}') == [
        SessionCount("started", 1, session_id="S", user="u7"),
        SessionCount("crashed", 1, session_id="S", user="u7"),
    ]
    sent = b'{"aggregates": [{"exited": 3}, {"did": "u7", "crashed": 1}, {"did": "u7", "exited": 2}]}'
    assert items.sessions(sent) == [
        SessionCount("exited", 3),
        SessionCount("started", 3),
        SessionCount("crashed", 1, user="u7"),
        SessionCount("started", 3, user="u7"),
        SessionCount("exited", 2, user="u7"),
    ]
