"""A request whose texts take too much of the processor is cut off and counted; its events count, as do the next."""

from __future__ import annotations

import json
import types

import pytest
from tests.exporter.inprocess import RecordingAppender, call, door, environ

from errtally import names
from errtally.event.model import Event
from errtally.event.scrub import Scrubber, tree
from errtally.exporter.ingest import batches
from errtally.exporter.ingest.submission import SubmittedEvent
from errtally.exporter.ingest.tally import Tally

SECRET = "password=hunter22"
LONG = f"{SECRET} " + "no stock for order " * 40


class Clock:
    """A thread's processor that takes some seconds between any two looks."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


@pytest.fixture
def sent(monkeypatch):
    """Send so many events in one request on a processor that is so slow; return their records and the rules counted."""

    def send(quantity: int, seconds: float):
        appender, tally = RecordingAppender(), Tally()
        app = door(appender, tally=tally)
        added: dict[str, float] = {}
        add = tally.add
        monkeypatch.setattr(
            tally,
            "add",
            lambda metric, labels, quantity=1: (
                added.update({labels[0]: added.get(labels[0], 0) + quantity}) if metric is names.SCRUBBED else None,
                add(metric, labels, quantity),
            ),
        )
        slow = types.SimpleNamespace(
            thread_time=Clock(seconds), time=batches.time.time, perf_counter=batches.time.perf_counter
        )
        real = batches.time
        monkeypatch.setattr(batches, "time", slow)
        events = [{"message": f"{number}: {LONG}", "stack": "at f (a.js:1:2)"} for number in range(quantity)]
        assert call(app, environ("/api/events", json.dumps({"events": events}).encode())).status == 200
        monkeypatch.setattr(batches, "time", real)
        assert call(app, environ("/api/events", json.dumps({"message": LONG}).encode())).status == 200
        return appender.batches(), added

    return send


def test_of_a_request_that_takes_too_long_the_events_that_are_left_are_cut_short(sent):
    (slow, after), added = sent(40, 11.0)
    assert len(slow.events) == 40, "each is counted"
    messages = [event.message for event in slow.events if event.message]
    assert [len(message) for message in messages[:16]] == [batches.MAX_MESSAGE] * 16
    assert all(message.endswith(("…", "[REDACTED]")) for message in messages[16:])
    assert max(map(len, messages[16:])) < batches.MAX_LATE_CHARACTERS + len("[REDACTED]")
    assert not any("hunter22" in message for message in messages)
    assert added["limit"] == 40 - 16
    assert len(after.events[0].message) == batches.MAX_MESSAGE, "the next request has its own time"


def test_a_secret_that_is_cut_in_two_goes_all_the_same():
    token = "ghp_" + "a1" * 18
    event = Event(event_id="0" * 32, timestamp=1.0, level="error", message="x " * 90 + token)
    short = batches._cut_short(SubmittedEvent(event, dict, has_own_id=True)).event
    Scrubber().scrub_event(short)
    assert token[:12] not in short.message


def test_a_request_within_its_time_is_taken_whole(sent):
    (quick, _), added = sent(40, 0.001)
    assert len(quick.events) == 40
    assert "limit" not in added


def test_details_that_take_too_long_are_redacted_unread_and_counted(monkeypatch):
    monkeypatch.setattr(tree, "thread_time", Clock(tree.CPU_LIMIT_SECONDS * 0.6))
    details = {"first": SECRET, "inner": [{"a": LONG * 30, "b": SECRET} for _ in range(200)], "last": {"c": "plain"}}
    counts: dict[str, int] = {}
    found = Scrubber().scrub_value(details, counts)
    assert found["first"] == "password=[REDACTED]"
    assert found["last"] == "[REDACTED]"
    assert counts["limit"] > 0
    assert "hunter22" not in json.dumps(found)
    monkeypatch.setattr(tree, "thread_time", Clock(0.0))
    assert Scrubber().scrub_value(details, {})["last"] == {"c": "plain"}
