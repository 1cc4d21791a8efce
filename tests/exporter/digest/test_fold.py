"""The fold: what records make of issues and counters."""

from __future__ import annotations

import pytest
from tests.exporter.digest.world import World, batch, decide, event

from errtally import names
from errtally.exporter.config import Project
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.fold import MAX_SAMPLES_A_FOLD
from errtally.exporter.journal.records import (
    CheckInSeen,
    DiscardSeen,
    LogSeen,
    RequestSeen,
    SessionSeen,
    Tallies,
)


def test_a_new_issue_is_new_in_every_environment_once():
    world = World()
    world.fold(batch(event(environment="prod"), event(environment="prod"), event(environment="stage")))
    world.fold(batch(event(environment="stage")))
    for environment in ("prod", "stage"):
        assert world.value(names.NEW_ISSUES, "p", environment) == 1
        assert world.value(names.ISSUES, "p", environment, "unresolved") == 1
        assert world.value(names.ISSUE_EVENTS, "p", environment, "f1", "error") == 2
        assert world.value(names.EVENTS, "p", environment, "error", "T") == 2


def test_series_that_alerts_compare_with_exist_at_zero():
    world = World()
    changes = world.declare(Project("p", "1", environments=("prod", "stage")))
    for environment in ("prod", "stage"):
        for metric in (names.NEW_ISSUES, names.REGRESSIONS, names.RESOLVED_ISSUES):
            assert changes.add[metric.name, ("p", environment), ""] == 0
        assert {key[1][2] for key in changes.add if key[0] == names.ISSUES.name} == set(names.ISSUE_STATUSES)
        for metric, values in (
            (names.SERVICE_EVENTS, names.LEVELS),
            (names.SERVICE_REQUESTS, names.STATUS_CLASSES),
            (names.SERVICE_APDEX_REQUESTS, names.APDEX_ZONES),
        ):
            found = {key[1][2]: amount for key, amount in changes.add.items() if key[:2] == (metric.name, key[1])}
            assert found == dict.fromkeys(values, 0.0)
        for metric in (names.ISSUE_RESOLUTION, names.SERVICE_REQUEST_DURATION):
            assert changes.add[metric.name, ("p", environment), SUM] == 0
    assert changes.add[names.STORE_ERRORS.name, (), ""] == 0
    # Declared again, as at each start, nothing is counted and nothing begins anew.
    assert set(world.declare(Project("p", "1", environments=("prod",))).add.values()) == {0.0}


def test_first_and_last_are_those_of_the_events_not_of_the_order():
    world = World()
    [change] = world.fold(
        batch(event(50.0, release="b"), event(20.0, release="a"), event(80.0, release="c"), event(30.0))
    ).issues.values()
    assert (change.first_seen, change.last_seen, change.last_release) == (20.0, 80.0, "c")
    assert (change.environments["prod"].first_seen, change.environments["prod"].last_seen) == (20.0, 80.0)
    assert change.events == 4


def test_an_event_without_release_leaves_the_last_release():
    [change] = World().fold(batch(event(50.0, release="b"), event(60.0))).issues.values()
    assert change.last_release == "b"


@pytest.mark.parametrize(
    ("at", "status", "regressions"),
    [
        pytest.param(200.0, "resolved", 0, id="an event at the moment of the decision does not take it back"),
        pytest.param(200.1, "regressed", 1, id="an event after the decision is a regression"),
        pytest.param(150.0, "resolved", 0, id="an event that comes late does not take it back"),
    ],
)
def test_a_resolved_issue_and_another_event(at, status, regressions):
    world = World()
    world.fold(batch(event(100.0)), decide("resolved", 200.0))
    changes = world.fold(batch(event(at), event(at)))
    assert world.issue().status == status
    assert world.value(names.REGRESSIONS, "p", "prod") == regressions
    assert world.value(names.ISSUES, "p", "prod", status) == 1
    assert sum(world.value(names.ISSUES, "p", "prod", each) for each in names.ISSUE_STATUSES) == 1
    [change] = changes.issues.values()
    assert (change.status, change.resolved) == (status, 200.0)
    assert change.regressed == (at if regressions else None)
    assert [decision.what for decision in change.decisions] == ["regressed in prod"] * regressions


def test_a_regression_moves_the_issue_in_all_its_environments():
    world = World()
    world.fold(batch(event(environment="prod"), event(environment="stage")), decide("resolved", 200.0))
    world.fold(batch(event(300.0, environment="new")))
    for environment in ("prod", "stage", "new"):
        assert world.value(names.ISSUES, "p", environment, "regressed") == 1
        assert world.value(names.ISSUES, "p", environment, "resolved") == 0
    assert world.value(names.REGRESSIONS, "p", "new") == 1
    assert world.total(names.REGRESSIONS) == 1


def test_an_ignored_issue_stays_ignored_and_counts():
    world = World()
    world.fold(batch(event()), decide("ignored", 200.0), batch(event(300.0)))
    assert world.issue().status == "ignored"
    assert world.value(names.ISSUE_EVENTS, "p", "prod", "f1", "error") == 2


def bucket(seconds):
    return str(next((bound for bound in names.ISSUE_RESOLUTION.buckets if seconds <= bound), "+Inf"))


def test_the_time_to_resolve_counts_from_the_first_event_and_after_a_regression_from_that():
    world = World()
    world.fold(batch(event(100.0)), decide("resolved", 100.0 + 300.0))
    assert world.value(names.ISSUE_RESOLUTION, "p", "prod", part="300.0") == 1
    world.fold(batch(event(1000.0)), decide("resolved", 1000.0 + 301.0))
    assert world.value(names.ISSUE_RESOLUTION, "p", "prod", part="900.0") == 1
    assert world.value(names.ISSUE_RESOLUTION, "p", "prod", part=SUM) == 601.0
    assert world.value(names.RESOLVED_ISSUES, "p", "prod") == 2
    world.fold(decide("unresolved", 2000.0), decide("resolved", 2100.0))
    assert world.value(names.ISSUE_RESOLUTION, "p", "prod", part=bucket(2000.0)) == 1


def test_a_clock_that_went_back_does_not_make_the_time_to_resolve_negative():
    world = World()
    world.fold(batch(event(100.0)), decide("resolved", 50.0))
    assert world.value(names.ISSUE_RESOLUTION, "p", "prod", part=SUM) == 0.0


@pytest.mark.parametrize(
    "decision",
    [decide("unresolved", 200.0), decide("resolved", 200.0, fingerprint="unknown")],
    ids=["one that changes nothing", "one about an issue that is not there"],
)
def test_a_decision_that_changes_nothing_changes_nothing(decision):
    world = World()
    world.fold(batch(event()))
    changes = world.fold(decision)
    assert (dict(changes.add), changes.issues) == ({}, {})


def test_a_decision_and_an_event_in_one_fold_are_one_change():
    world = World()
    world.fold(batch(event(100.0)))
    [change] = world.fold(decide("resolved", 200.0), batch(event(300.0, release="r"))).issues.values()
    assert (change.status, change.first_seen, change.last_seen, change.events) == ("regressed", 300.0, 300.0, 1)
    assert change.seen.fingerprint == "f1"
    assert [(item.what, item.by) for item in change.decisions] == [("resolved", "ann"), ("regressed in prod", "")]


def test_a_second_delivery_is_counted_as_such_and_nowhere_else():
    world = World()
    world.fold(batch(event(id_="1" * 32), event(id_="1" * 32)))
    changes = world.fold(batch(event(id_="1" * 32), event(id_="2" * 32)))
    assert world.value(names.EVENTS, "p", "prod", "error", "T") == 2
    assert world.value(names.DUPLICATES, "p") == 2
    assert world.value(names.ISSUE_EVENTS, "p", "prod", "f1", "error") == 2
    assert (changes.events, len(changes.seen)) == (2, 1)


def test_ids_of_other_projects_and_ids_that_the_exporter_made_are_no_duplicates():
    world = World()
    world.fold(batch(event(id_="1" * 32)), batch(event(id_="1" * 32), project="q"), batch(event(), event()))
    assert world.total(names.EVENTS) == 4
    assert world.total(names.DUPLICATES) == 0


def test_a_session_with_an_id_counts_once_a_status_and_sums_count_always():
    one = SessionSeen("prod", "r", "started", 1, "S")
    ended = SessionSeen("prod", "r", "crashed", 1, "S")
    added_up = SessionSeen("prod", "r", "started", 5)
    world = World()
    world.fold(batch(sessions=[one, one, ended, added_up]), batch(sessions=[ended, added_up]))
    assert world.value(names.SESSIONS, "p", "prod", "r", "started") == 11
    assert world.value(names.SESSIONS, "p", "prod", "r", "crashed") == 1


def test_the_other_records_are_added_up():
    world = World()
    check_ins = [
        CheckInSeen("prod", "m", "ok", 50.0),
        CheckInSeen("prod", "m", "ok", 40.0),
        CheckInSeen("prod", "m", "error", 60.0),
    ]
    world.fold(
        batch(
            check_ins=check_ins,
            discards=[DiscardSeen("r", "error", 3), DiscardSeen("r", "error", 4)],
            logs=[LogSeen("prod", "info", 5), LogSeen("prod", "info", 6)],
        )
    )
    assert world.value(names.CHECK_INS, "p", "prod", "m", "ok") == 2
    assert world.value(names.CHECK_INS, "p", "prod", "m", "error") == 1
    assert world.value(names.CHECK_IN_LAST_OK, "p", "prod", "m") == 50.0
    assert world.value(names.CLIENT_DISCARDED_EVENTS, "p", "r", "error") == 7
    assert world.value(names.LOG_RECORDS, "p", "prod", "info") == 11


def test_users_are_told_apart_and_only_errors_make_them_affected():
    world = World()
    changes = world.fold(
        batch(event(10.0, user=1), event(20.0, user=1), event(15.0, user=1), event(user=2, level="info"))
    )
    [change] = changes.issues.values()
    assert change.environments["prod"].users == {1, 2}
    assert changes.affected == {("p", "prod", 0): {1}}


def test_samples_of_a_fold_are_bounded_and_stand_for_their_series():
    world = World()
    many = [event(float(number), sample=b"{}", id_=f"{number:032x}", trace="t") for number in range(30)]
    changes = world.fold(batch(*many))
    [change] = changes.issues.values()
    assert len(change.samples) == MAX_SAMPLES_A_FOLD
    [exemplar] = changes.exemplars.values()
    last = f"{MAX_SAMPLES_A_FOLD - 1:032x}"
    assert exemplar.labels == (("trace_id", "t"), ("event_id", last))
    assert change.samples[-1].event_id == last


def request(duration=0.1, *, failed=False, transaction="/a", at=1005.0, trace="", environment="prod"):
    return RequestSeen(environment, transaction, "GET", "5xx" if failed else "2xx", failed, duration, at, trace)


@pytest.mark.parametrize(
    ("made", "zone"),
    [
        pytest.param(request(0.5), "satisfied", id="exactly T satisfies"),
        pytest.param(request(0.5001), "tolerating", id="more than T is tolerated"),
        pytest.param(request(2.0), "tolerating", id="exactly 4 T is tolerated"),
        pytest.param(request(2.0001), "frustrated", id="more than 4 T frustrates"),
        pytest.param(request(0.1, failed=True), "frustrated", id="a failure frustrates however quick it is"),
    ],
)
def test_a_request_lies_in_one_zone(made, zone):
    world = World()
    changes = world.fold(batch(requests=[made]))
    assert world.total(names.APDEX_REQUESTS) == 1
    assert world.value(names.APDEX_REQUESTS, "p", "prod", "/a", zone) == 1
    index = names.APDEX_ZONES.index(zone)
    assert {key: zones[index] for key, zones in changes.apdex.items()} == {
        ("p", "prod", "/a", 100): 1,
        ("p", "prod", "", 100): 1,
    }
    outcome = "failure" if made.failed else "success"
    assert world.value(names.REQUEST_DURATION, "p", "prod", "/a", outcome, part=SUM) == made.duration_seconds


def test_requests_have_the_threshold_of_their_transaction_and_project():
    project = Project("p", "1", apdex_threshold_seconds=1.0, transaction_apdex_threshold_seconds={"/slow": 3.0})
    world = World(projects=[project])
    world.fold(batch(requests=[request(2.9, transaction="/slow"), request(0.9), request(2.9)]))
    assert world.value(names.APDEX_THRESHOLD, "p", "prod", "/slow") == 3.0
    assert world.value(names.APDEX_THRESHOLD, "p", "prod", "/a") == 1.0
    assert world.value(names.APDEX_THRESHOLD, "p", "prod", "") == 1.0
    assert world.value(names.APDEX_REQUESTS, "p", "prod", "/slow", "satisfied") == 1
    assert world.value(names.APDEX_REQUESTS, "p", "prod", "/a", "tolerating") == 1


def test_a_traced_request_stands_for_its_bucket():
    changes = World().fold(batch(requests=[request(0.3, trace="t"), request(0.3)]))
    [(key, exemplar)] = changes.exemplars.items()
    assert key == (names.REQUEST_DURATION.name, ("p", "prod", "/a", "success"), "0.5")
    assert (exemplar.labels, exemplar.value) == ((("trace_id", "t"),), 0.3)


def test_tallies_are_added_and_those_of_another_version_are_left_out():
    world = World()
    buckets = (0,) * 5 + (2,) + (0,) * 7
    tallies = Tallies(
        counters=[
            (names.INGEST_ITEMS.name, ("native", "event"), 3.0),
            ("errtally" + "_of_another_version_total", (), 1.0),
            (names.INGEST_ITEMS.name, ("native",), 1.0),
        ],
        observations=[
            (names.INGEST_DURATION.name, ("native",), buckets, 0.5),
            (names.INGEST_DURATION.name, (), buckets, 0.5),
            (names.INGEST_DURATION.name, ("native",), buckets[1:], 0.5),
        ],
    )
    changes = world.fold(tallies)
    assert dict(changes.add) == {
        (names.INGEST_ITEMS.name, ("native", "event"), ""): 3.0,
        (names.INGEST_DURATION.name, ("native",), "0.005"): 2,
        (names.INGEST_DURATION.name, ("native",), SUM): 0.5,
    }
