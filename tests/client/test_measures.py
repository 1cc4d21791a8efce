"""What is counted in the process, and how it reaches the exporter once."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import errtally
from errtally import names
from errtally.client.discards import Discards
from errtally.client.gauges import RENEW_SECONDS, Gauges
from errtally.client.measures import MAX_LABEL_SETS, Measured, Measures
from errtally.client.post import Answer, Verdict
from errtally.client.reports import Reports
from errtally.client.settings import Settings
from errtally.client.tracker import Tracker
from errtally.client.usage import Usage
from errtally.errors import ConfigError
from errtally.recovery import BreakerSettings, CircuitOpenError, Pushed, Recovery, testing

if TYPE_CHECKING:
    from tests.client.receiver import Receiver

REFUSED, STATE = names.BREAKER_REFUSED, names.BREAKER_STATE
SOURCES = str(Path(__file__).parents[2] / "src")


def measures_of(receiver: Receiver) -> list[dict]:
    return [one for _, body in receiver.bodies for one in body.get("measures", ())]


def growth(receiver: Receiver, metric: names.Metric) -> float:
    """What an exporter counts: each report once."""
    reports = {body["report_id"]: body for _, body in receiver.bodies if "report_id" in body}
    found = [one for body in reports.values() for one in body.get("measures", ())]
    return sum(one["value"] for one in found if one["name"] == metric.name)


def test_a_counter_tells_how_much_it_grew_since_it_was_taken() -> None:
    measures = Measures()
    for _ in range(3):
        measures.add(REFUSED, "pay")
    assert measures.take() == [Measured(REFUSED, ("pay",), 3)]
    assert measures.take() == []
    measures.add(REFUSED, "pay")
    assert measures.is_changed
    assert measures.take() == [Measured(REFUSED, ("pay",), 1)]
    assert not measures.is_changed


def test_a_declared_counter_is_told_of_once_at_0_and_is_no_reason_for_a_report() -> None:
    measures = Measures()
    measures.declare(REFUSED, "pay")
    assert not measures.is_changed
    assert measures.take() == [Measured(REFUSED, ("pay",), 0)]
    measures.declare(REFUSED, "pay")
    assert measures.take() == []


@given(st.lists(st.sampled_from(["a", "b", "take"]), max_size=60))
def test_what_was_taken_adds_up_to_what_was_counted(steps: list[str]) -> None:
    measures, taken = Measures(), {"a": 0, "b": 0}
    for step in [*steps, "take"]:
        if step == "take":
            for one in measures.take():
                taken[one.labels[0]] += int(one.value)
        else:
            measures.add(REFUSED, step)
    assert taken == {"a": steps.count("a"), "b": steps.count("b")}


def test_many_threads_count_while_another_takes_and_no_count_is_lost() -> None:
    measures, taken, done = Measures(), [], threading.Event()

    def count() -> None:
        for number in range(20_000):
            measures.add(REFUSED, f"service {number % 7}")

    def take() -> None:
        while not done.is_set():
            taken.extend(measures.take())

    threads = [threading.Thread(target=count) for _ in range(4)]
    taker = threading.Thread(target=take)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in (*threads, taker):
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        done.set()
        taker.join()
        sys.setswitchinterval(switch)
    taken.extend(measures.take())
    assert sum(one.value for one in taken) == 80_000


def test_label_sets_are_bounded_and_the_sum_stays() -> None:
    measures = Measures()
    for number in range(MAX_LABEL_SETS + 50):
        measures.add(names.RECOVERY_ATTEMPTS, f"service {number}", "own", "success")
        measures.set(STATE, f"service {number}", value=2)
    taken = measures.take()
    assert len(taken) == MAX_LABEL_SETS + 1
    assert sum(one.value for one in taken) == MAX_LABEL_SETS + 50
    assert taken[-1] == Measured(names.RECOVERY_ATTEMPTS, (names.OTHER, names.OTHER, "success"), 50)
    assert len(measures.gauges()) == MAX_LABEL_SETS + 1


def test_after_a_fork_counters_begin_at_0_and_gauges_came_along() -> None:
    measures = Measures()
    measures.add(REFUSED, "pay")
    measures.set(STATE, "pay", value=2)
    measures.gauges()
    measures.renew()
    assert not measures.is_changed
    assert measures.has_new_gauges
    assert measures.take() == [Measured(REFUSED, ("pay",), 0)]
    assert measures.gauges() == [Measured(STATE, ("pay",), 2)]


def test_a_report_stays_as_it_is_until_it_was_taken() -> None:
    discards, measures = Discards(), Measures()
    reports = Reports(discards, measures)
    assert not reports.pending()
    assert reports.next() is None
    measures.add(REFUSED, "pay")
    discards.add("ignored", "error", 5)
    first = reports.next()
    measures.add(REFUSED, "pay")
    discards.add("ignored", "error")
    assert reports.next() is first
    assert first is not None
    assert first.growth == [Measured(REFUSED, ("pay",), 1)]
    assert first.discards == {("ignored", "error"): 5}
    reports.taken(first)
    second = reports.next()
    assert second is not None
    assert second.report_id != first.report_id
    assert second.growth == [Measured(REFUSED, ("pay",), 1)]
    assert second.discards == {("ignored", "error"): 1}
    reports.taken(second)
    assert not reports.pending()


class _NoUsage:
    def read(self) -> Usage:
        return Usage(0.5, None, None, 1.0)

    def renew(self) -> None:
        """Nothing is kept."""


def test_gauges_are_due_every_minute_when_one_was_set_and_until_they_were_taken() -> None:
    now = [100.0]
    measures = Measures()
    gauges = Gauges(measures, _NoUsage(), clock=lambda: now[0])
    assert gauges.due()
    assert gauges.read() == [Measured(names.CLIENT_CPU, (), 0.5)]
    gauges.sent(taken=True)
    now[0] += RENEW_SECONDS - 1
    assert not gauges.due()
    measures.set(STATE, "pay", value=2)
    assert gauges.due()
    gauges.read()
    gauges.sent(taken=False)
    assert gauges.due()
    gauges.sent(taken=True)
    assert not gauges.due()
    now[0] += RENEW_SECONDS
    assert gauges.due()


class _Lossy:
    """Takes every body and loses some of the answers."""

    def __init__(self, losses: list[bool]) -> None:
        self.losses = losses
        self.reports: dict[str, dict] = {}
        self.events: set[str] = set()

    def __call__(self, body: bytes) -> Answer:
        sent = json.loads(body)
        self.events.update(event["event_id"] for event in sent["events"])
        if "report_id" in sent:
            known = self.reports.setdefault(sent["report_id"], sent)
            assert known.get("discarded") == sent.get("discarded")
            counters = [[one for one in report.get("measures", ()) if "process" not in one] for report in (known, sent)]
            assert counters[0] == counters[1]
        if self.losses and self.losses.pop():
            return Answer(Verdict.AGAIN, why="the answer was lost")
        return Answer(Verdict.TAKEN, 200)


@given(st.lists(st.sampled_from(["event", "count", "discard", "send"]), max_size=40), st.lists(st.booleans()))
def test_whatever_answers_are_lost_every_count_arrives_once(steps: list[str], losses: list[bool]) -> None:
    exporter, measures = _Lossy(losses), Measures()
    settings = Settings(url="http://127.0.0.1:9", flush_seconds=3600.0, batch_events=1000)
    tracker = Tracker(settings, (exporter, exporter), measures)
    tracker.sender._start = lambda: None
    tracker.sender.close = lambda _: True
    for step in [*steps, *["send"] * (len(losses) + 1)]:
        if step == "event":
            tracker.capture_message("m")
        elif step == "count":
            measures.add(REFUSED, "pay")
        elif step == "discard":
            tracker.discards.add("ignored", "error", 2)
        else:
            tracker.sender._send_all()
    found = list(exporter.reports.values())
    counted = sum(one["value"] for report in found for one in report.get("measures", ()) if one["name"] == REFUSED.name)
    discarded = sum(entry["quantity"] for report in found for entry in report.get("discarded", ()))
    assert counted == steps.count("count")
    assert discarded == 2 * steps.count("discard")
    assert len(exporter.events) == steps.count("event")


@given(st.lists(st.sampled_from(["timing", "send"]), max_size=40), st.lists(st.booleans()))
def test_whatever_answers_are_lost_every_timing_arrives_once(steps: list[str], losses: list[bool]) -> None:
    batches: dict[str, list[dict]] = {}

    def take(body: bytes) -> Answer:
        sent = json.loads(body)
        assert batches.setdefault(sent["report_id"], sent["requests"]) == sent["requests"]
        lost = bool(losses) and losses.pop()
        return Answer(Verdict.AGAIN if lost else Verdict.TAKEN, why="the answer was lost")

    tracker = Tracker(Settings(url="http://127.0.0.1:9", queue_requests=7), (take, take))
    tracker.sender._start = lambda: None
    tracker.sender.close = lambda _: True
    noted = 0
    for step in [*steps, *["send"] * (len(losses) + 1)]:
        if step == "send":
            tracker.sender._send_all()
        elif len(tracker._requests) < 7:
            noted += 1
            tracker.request_finished(f"/{noted}", 0.1)
    found = [timing["transaction"] for batch in batches.values() for timing in batch]
    assert found == [f"/{number + 1}" for number in range(noted)]


def test_recovery_is_pushed_with_breakers_and_usage(receiver: Receiver) -> None:
    errtally.init(
        receiver.url, hooks=False, push_metrics="on", flush_seconds=0.05, environment="staging", service="shop"
    )
    recovery = Recovery("pay", breaker=BreakerSettings(minimum_calls=2), timeout_seconds=None, observers=[Pushed()])

    def refuse() -> None:
        raise ConnectionRefusedError

    with testing():
        for expected in (ConnectionRefusedError, CircuitOpenError):
            with pytest.raises(expected):
                recovery.call(refuse)
    receiver.wait_for(lambda: any(one["name"] == STATE.name and one["value"] == 2 for one in measures_of(receiver)))
    receiver.wait_for(lambda: growth(receiver, names.RECOVERIES) >= 1)
    found = measures_of(receiver)
    gauges = {one["name"]: one for one in found if "process" in one}
    assert set(gauges) == {STATE.name, names.CLIENT_CPU.name, names.CLIENT_MEMORY.name, names.CLIENT_DISK_FREE.name}
    assert {one["environment"] for one in found} == {"staging"}
    assert all(one["process"].startswith("shop/") and one["process"][-1].isdigit() for one in gauges.values())
    assert gauges[names.CLIENT_MEMORY.name]["value"] > 1e6
    opened = [one for one in found if one["name"] == names.BREAKER_CHANGES.name and one["labels"]["state"] == "open"]
    assert [one["value"] for one in opened][-1] == 1


@pytest.mark.parametrize(
    ("setting", "hidden", "expected"),
    [
        pytest.param("auto", True, True, id="auto without prometheus_client"),
        pytest.param("auto", False, False, id="auto with prometheus_client"),
        pytest.param("on", False, True, id="on with prometheus_client"),
        pytest.param("off", True, False, id="off without prometheus_client"),
    ],
)
def test_metrics_are_pushed_when(receiver: Receiver, setting: str, *, hidden: bool, expected: bool) -> None:
    program = f"""
        import sys
        if {hidden}:
            import importlib.util
            found = importlib.util.find_spec
            importlib.util.find_spec = lambda name, *a: None if name == "prometheus_client" else found(name, *a)
        import errtally
        from errtally.recovery import Recovery
        errtally.init({receiver.url!r}, hooks=False, push_metrics={setting!r}, flush_seconds=0.05)
        recovery = Recovery("pay", timeout_seconds=None)
        try: recovery.call(lambda: 1 / 0)
        except ZeroDivisionError: pass
        """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env={"PYTHONPATH": SOURCES}, check=True, timeout=30
    )
    assert growth(receiver, names.RECOVERIES) == (1 if expected else 0)
    assert bool(measures_of(receiver)) == expected


def test_a_setting_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="push_metrics: 'yes' is none of auto, on, off"):
        errtally.init("http://127.0.0.1:9", push_metrics="yes")


def test_a_process_that_has_nothing_to_say_ends_without_a_post(receiver: Receiver) -> None:
    errtally.init(receiver.url, hooks=False, push_metrics="on")
    Recovery("pay", observers=[Pushed()])
    errtally.close()
    assert receiver.bodies == []


def test_children_of_a_fork_push_what_they_count_themselves(receiver: Receiver) -> None:
    program = f"""
        import os, time, errtally
        from errtally import names
        from errtally.client.measures import process_measures
        from errtally.recovery import Pushed
        errtally.init({receiver.url!r}, hooks=False, push_metrics="on", flush_seconds=0.05, fork_seconds=0)
        pushed = Pushed()
        pushed.began("pay")
        for _ in range(5): pushed.refused("pay")
        pids = []
        for _ in range(3):
            pid = os.fork()
            if not pid:
                for _ in range(2): pushed.refused("pay")
                errtally.flush(5)
                os._exit(0)
            pids.append(pid)
        for pid in pids: os.waitpid(pid, 0)
        errtally.flush(5)
        """
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": SOURCES},
        check=True,
        timeout=30,
    )
    assert growth(receiver, REFUSED) == 11
