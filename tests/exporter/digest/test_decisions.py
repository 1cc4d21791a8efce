"""What people decide on issues and what takes it back, through journal, writer and store; also when these die."""

from __future__ import annotations

import pytest
from tests.exporter.life import START

from errtally import names
from errtally.exporter.journal.records import MergeChange, SessionSeen, Until


def gauge(life, status):
    return life.total(names.ISSUES.name, status)


def check_gauges(life, **expected):
    """The gauge by status, and the label of the issue's info, say the same as the issue."""
    assert {status: gauge(life, status) for status in names.ISSUE_STATUSES} == {
        status: float(expected.get(status, 0)) for status in names.ISSUE_STATUSES
    }
    assert {status for status in names.ISSUE_STATUSES if life.total(names.ISSUE_INFO.name, status)} == set(expected)


@pytest.mark.parametrize(
    ("before", "until", "after", "status"),
    [
        pytest.param(["1.4.2"], None, "1.4.2", "regressed", id="resolved now: the same release breaks it"),
        pytest.param(["1.4.2"], None, "", "regressed", id="resolved now: no release breaks it"),
        pytest.param(
            ["1.4.2"], Until("next_release"), "1.4.2", "resolved", id="next release: the current one does not"
        ),
        pytest.param(["1.4.2"], Until("next_release"), "1.3.9", "resolved", id="next release: an older one does not"),
        pytest.param(["1.4.2"], Until("next_release"), "1.4.3-rc.1", "regressed", id="next release: a newer one does"),
        pytest.param(["1.4.2"], Until("next_release"), "", "resolved", id="next release: no release does not"),
        pytest.param(
            ["1.4.2", "1.5.0", "1.4.3"], Until("next_release"), "1.5.0", "resolved", id="next release: after the newest"
        ),
        pytest.param(
            ["9f3c2a1"], Until("next_release"), "0a1b2c3", "regressed", id="next release: a hash not seen yet"
        ),
        pytest.param(
            ["0a1b2c3", "9f3c2a1"], Until("next_release"), "0a1b2c3", "resolved", id="next release: a hash of before"
        ),
        pytest.param(["1.4.2"], Until("in_release", "1.5.0"), "1.4.9", "resolved", id="in a release: an older one"),
        pytest.param(["1.4.2"], Until("in_release", "1.5.0"), "1.5.0", "regressed", id="in a release: that one"),
        pytest.param(["1.4.2"], Until("in_release", "1.5.0"), "1.5.1", "regressed", id="in a release: a newer one"),
        pytest.param(["1.4.2"], Until("in_release", "1.4.2"), "1.4.2", "regressed", id="in the current release"),
        pytest.param(["1.4.2"], Until("in_release", "1.4.2"), "", "resolved", id="in a release: no release"),
        pytest.param(["9f3c2a1"], Until("in_release", "abcdef1"), "9f3c2a1", "resolved", id="in a hash: an older one"),
        pytest.param(["9f3c2a1"], Until("in_release", "abcdef1"), "abcdef1", "regressed", id="in a hash: that one"),
        pytest.param(["9f3c2a1"], Until("in_release", "abcdef1"), "0000001a", "regressed", id="in a hash: a later one"),
    ],
)
def test_an_event_after_a_resolution(life, before, until, after, status):
    for release in before:
        life.event(release=release)
    life.decide("resolved", until)
    check_gauges(life, resolved=1)
    life.event(release=after)
    assert life.status() == status
    check_gauges(life, **{status: 1})
    assert life.total(names.REGRESSIONS.name) == (status == "regressed")
    assert life.total(names.RESOLVED_ISSUES.name) == 1
    assert (life.issue()["condition"] is None) == (status == "regressed" or until is None)
    assert life.issue()["events"] == len(before) + 1


def test_a_late_event_of_a_newer_release_does_not_take_a_resolution_back(life):
    life.event(release="1.4.2")
    life.decide("resolved", Until("next_release"))
    life.event(release="1.5.0", at=life.now - 10)
    assert life.status() == "resolved"
    life.event(release="1.5.0")
    assert life.status() == "regressed"


def test_a_release_that_only_sessions_named_is_the_current_one(life):
    life.event(release="1.4.2")
    life.take(sessions=[SessionSeen("prod", "1.5.0", "started", 1)])
    life.decide("resolved", Until("next_release"))
    assert life.issue()["condition"]["after_release"] == "1.5.0"
    life.event(release="1.5.0")
    assert life.status() == "resolved"


def test_a_release_that_was_only_named_is_not_the_current_one(life):
    life.event(release="1.4.2")
    life.event(release="1.4.2", fingerprint="f2")
    life.decide("resolved", Until("in_release", "2.0.0"))
    life.decide("resolved", Until("next_release"), fingerprint="f2")
    assert life.issue("f2")["condition"]["after_release"] == "1.4.2"


def test_a_release_that_is_named_without_its_package_is_the_one_with_that_version(life):
    life.event(release="app@10.23.0")
    life.decide("resolved", Until("in_release", "10.24.0"))
    life.event(release="app@10.23.9")
    assert life.status() == "resolved"
    life.event(release="app@10.24.0")
    assert life.status() == "regressed"


def test_a_release_that_somebody_made_up_does_not_stand_in_front_of_the_next_ones(life):
    for _ in range(30):
        life.event(release="10.23.0")
    life.event(release="999.9.9", fingerprint="f2")
    life.decide("resolved", Until("next_release"))
    life.event(release="10.24.0")
    assert life.status() == "regressed"


def test_what_is_resolved_in_the_next_release_of_none_is_resolved_now(life):
    life.event()
    life.decide("resolved", Until("next_release"))
    assert (life.said(), life.issue()["condition"]) == (["resolved"], None)


def test_a_resolution_can_be_made_another_one_and_counts_once(life):
    life.event(release="1.4.2")
    life.decide("resolved")
    life.decide("resolved", Until("next_release"))
    life.decide("resolved", Until("in_release", "1.6.0"))
    assert life.said() == ["resolved", "resolved in the next release after 1.4.2", "resolved in 1.6.0"]
    assert life.issue()["history"][0]["details"] == {"in_release": "1.6.0"}
    assert life.total(names.RESOLVED_ISSUES.name) == 1
    life.event(release="1.5.0")
    assert life.status() == "resolved"
    life.decide("resolved")
    life.event(release="1.5.0")
    assert life.status() == "regressed"


def test_a_regression_says_what_it_came_with(life):
    life.event(release="1.4.2")
    life.decide("resolved", Until("next_release"))
    life.event(release="1.5.0", environment="stage")
    assert life.said()[-1] == "regressed in stage with 1.5.0"
    entry = life.issue()["history"][0]
    assert (entry["by"], entry["details"]) == ("", {"environment": "stage", "release": "1.5.0"})


def test_an_issue_that_is_ignored_until_more_events_comes_back_with_the_last_of_them(life):
    life.event()
    life.decide("ignored", Until("events", amount=3))
    for _ in range(2):
        life.event()
    life.event(at=life.now - 60)
    assert life.status() == "ignored"
    assert life.issue()["condition"]["counted"] == 2
    check_gauges(life, ignored=1)
    life.event()
    check_gauges(life, unresolved=1)
    assert life.said() == [
        "ignored until 3 more events",
        "unresolved again: was ignored until 3 more events",
    ]
    assert [entry["by"] for entry in life.issue()["history"]] == ["", "ann"]
    assert life.issue()["history"][0]["details"] == {"until_events": 3}
    life.event()
    assert (life.status(), life.total(names.REGRESSIONS.name)) == ("unresolved", 0)


def test_an_issue_that_is_ignored_until_more_users_counts_each_from_then_on_once(life):
    for user in (11, 12):
        life.event(user=user)
    life.decide("ignored", Until("users", amount=2))
    for user in (11, 11, None):
        life.event(user=user)
    life.event(user=13, at=life.now - 60)
    assert (life.status(), life.issue()["condition"]["counted"]) == ("ignored", 1)
    life.event(user=-14)
    check_gauges(life, unresolved=1)
    assert life.said()[-1] == "unresolved again: was ignored until 2 more users"


def test_a_decision_made_again_counts_anew(life):
    life.event()
    life.decide("ignored", Until("users", amount=2))
    life.event(user=11)
    life.decide("ignored", Until("users", amount=2))
    life.event(user=12)
    assert life.status() == "ignored"
    life.event(user=11)
    assert life.status() == "unresolved"


def test_one_event_is_enough_when_one_is_asked_for(life):
    life.event()
    life.decide("ignored", Until("events", amount=1))
    assert life.issue()["condition"]["text"] == "until 1 more event"
    life.event()
    assert life.status() == "unresolved"


def test_the_time_ends_an_ignoring_without_any_traffic(life):
    life.event()
    life.decide("ignored", Until("time", amount=START + 3600))
    life.event()
    life.wait(START + 3599 - life.now)
    check_gauges(life, ignored=1)
    life.wait(1)
    check_gauges(life, unresolved=1)
    entry = life.issue()["history"][0]
    assert (entry["at"], entry["by"]) == (START + 3600, "")
    assert entry["what"] == "unresolved again: was ignored until 2026-11-24T07:00:00Z"
    assert entry["details"] == {"until": "2026-11-24T07:00:00Z"}
    life.wait(3600)
    assert len(life.issue()["history"]) == 2


def test_a_time_that_passed_while_the_exporter_was_down_ends_it_at_the_start(life):
    life.event()
    life.decide("ignored", Until("time", amount=START + 3600))
    life.now += 86400
    life.restart()
    life.fold()
    assert life.status() == "unresolved"


def test_the_time_of_a_decision_that_was_replaced_does_nothing(life):
    life.event()
    life.decide("ignored", Until("time", amount=START + 100))
    life.decide("ignored", Until("time", amount=START + 200))
    life.wait(START + 150 - life.now)
    assert life.status() == "ignored"
    life.wait(100)
    assert life.status() == "unresolved"
    life.decide("ignored", Until("time", amount=START + 400))
    life.decide("ignored")
    life.wait(1000)
    assert (life.status(), life.issue()["condition"]) == ("ignored", None)


def test_a_merged_issue_waits_with_its_time_until_it_is_taken_out(life):
    life.event()
    life.event(fingerprint="f2")
    life.decide("ignored", Until("time", amount=START + 100))
    life.append(MergeChange("p", "f1", "f2", life.now, "ann"))
    life.wait(200)
    assert (gauge(life, "unresolved"), gauge(life, "ignored")) == (1, 0)
    life.append(MergeChange("p", "f1", "", life.now, "ann"))
    life.fold()
    life.wait(1)
    assert life.status() == "unresolved"
    assert (gauge(life, "unresolved"), gauge(life, "ignored")) == (2, 0)


@pytest.mark.parametrize(
    ("status", "until"),
    [
        pytest.param("resolved", Until("events", amount=1), id="a resolution has no count"),
        pytest.param("ignored", Until("next_release"), id="an ignoring has no release"),
        pytest.param("ignored", Until("moon", amount=1), id="a newer exporter's condition"),
    ],
)
def test_a_condition_that_does_not_fit_is_none(life, status, until):
    life.event()
    life.decide(status, until)
    assert (life.status(), life.issue()["condition"]) == (status, None)
    life.event()
    assert life.status() == ("regressed" if status == "resolved" else "ignored")


def test_reopening_takes_the_condition_away(life):
    life.event(release="1.0")
    life.decide("ignored", Until("events", amount=2))
    life.decide("unresolved")
    life.decide("ignored")
    life.event()
    life.event()
    assert life.status() == "ignored"
