"""Requests: which of them failed though their client says otherwise, and those that a client added up itself."""

from __future__ import annotations

import msgspec
import pytest
from tests.exporter.digest.world import World, batch, event

from errtally import names
from errtally.exporter.digest.fold import Fold
from errtally.exporter.digest.held_requests import HeldRequest
from errtally.exporter.digest.requests import HELD_SECONDS, MAX_FAILED_TRACES
from errtally.exporter.journal.records import RequestSeen

TRACE = "a" * 32


def request(*, at=1005.0, trace=TRACE, unsure=False, failed=False, quantity=1, status="2xx", page=False):
    status = "5xx" if failed else status
    return RequestSeen("prod", "/a", "GET", status, failed, 0.5, at, trace, quantity, unsure, is_page=page)


def fatal(at=1004.8, *, trace=TRACE, level="fatal"):
    return event(at, level=level, trace=trace)


def statuses(world):
    found = {status: world.total(names.REQUESTS, status_class=status) for status in names.STATUS_CLASSES}
    return {status: quantity for status, quantity in found.items() if quantity}


def settle(world, now):
    made = Fold(world.state, world.thresholds)
    made.pass_time(now)
    return world._keep(made)


def test_a_fatal_error_fails_the_request_of_its_trace():
    world = World()
    world.fold(batch(fatal()), batch(requests=[request()]))
    assert statuses(world) == {"5xx": 1}
    assert world.total(names.REQUEST_DURATION, outcome="failure") > 0
    assert world.total(names.APDEX_REQUESTS, zone="frustrated") == 1


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        pytest.param(fatal(trace="b" * 32), request(), id="an error of another trace"),
        pytest.param(fatal(level="error"), request(), id="an error that is not fatal"),
        pytest.param(fatal(1100.0), request(), id="an error of another request of the same trace"),
        pytest.param(fatal(trace=""), request(trace=""), id="neither names a trace"),
    ],
)
def test_other_requests_stay_as_they_are(error, sent):
    world = World()
    world.fold(batch(error), batch(requests=[sent]))
    assert statuses(world) == {"2xx": 1}


def test_an_error_that_nothing_caught_fails_a_request_whose_status_nobody_told():
    world = World()
    uncaught = msgspec.structs.replace(fatal(level="error"), is_unhandled=True)
    other = request(status="unknown", trace="b" * 32)
    world.fold(batch(uncaught), batch(requests=[request(status="unknown"), request(status="4xx"), other]))
    assert statuses(world) == {"5xx": 1, "4xx": 1, "unknown": 1}


@pytest.mark.parametrize("level", ["fatal", "error"])
def test_an_error_of_its_trace_does_not_fail_a_page(level):
    world = World()
    uncaught = msgspec.structs.replace(fatal(level=level), is_unhandled=True)
    world.fold(batch(uncaught), batch(requests=[request(status="unknown", page=True)]))
    assert statuses(world) == {"unknown": 1}


def test_an_error_of_another_project_fails_nothing():
    world = World()
    world.fold(batch(fatal(), project="q"), batch(requests=[request()]))
    assert statuses(world) == {"2xx": 1}


def test_a_request_whose_client_may_not_know_waits_for_the_error_and_counts_once():
    world = World()
    world.fold(batch(requests=[request(unsure=True)]))
    assert statuses(world) == {}
    world.fold(batch(fatal()))
    assert statuses(world) == {"5xx": 1}
    settle(world, 1000.0 + 10 * HELD_SECONDS)
    assert statuses(world) == {"5xx": 1}


def test_without_an_error_it_counts_as_its_client_says_when_its_time_is_up():
    world = World()
    world.fold(batch(requests=[request(unsure=True)]))
    settle(world, 1000.0 + HELD_SECONDS / 2)
    assert statuses(world) == {}
    settle(world, 1000.0 + HELD_SECONDS)
    assert statuses(world) == {"2xx": 1}


def test_what_waits_is_told_to_the_store_whenever_it_changes():
    world = World()
    waiting = world.fold(batch(requests=[request(unsure=True)])).held
    assert msgspec.json.decode(msgspec.json.encode(waiting), type=list[HeldRequest])[0].request == request(unsure=True)
    assert world.fold(batch(event())).held is None
    assert settle(world, 1000.0 + HELD_SECONDS).held == []


def test_traces_with_fatal_errors_are_remembered_within_bounds():
    world = World()
    world.fold(batch(*[fatal(trace=f"{number:032x}") for number in range(MAX_FAILED_TRACES + 5)]))
    assert len(world.state.fatal_traces) == MAX_FAILED_TRACES


def test_a_timing_counts_as_often_as_it_was_seen():
    world = World()
    world.fold(batch(requests=[request(quantity=7)]))
    assert statuses(world) == {"2xx": 7}
    assert world.total(names.SERVICE_REQUESTS) == 7
    assert world.total(names.SERVICE_APDEX_REQUESTS) == 7
    [zones] = {tuple(zones) for change in world.folds for zones in change.apdex.values()}
    assert zones == (7, 0, 0)
