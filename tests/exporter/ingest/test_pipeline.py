"""The pipeline: what reaches the journal is scrubbed, grouped and whole, and what is not taken is counted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.exporter.inprocess import RecordingAppender, call, door, envelope, environ

from errtally import names
from errtally.errors import JournalError
from errtally.exporter.ingest import batches
from errtally.exporter.ingest.sampling import BURST_SAMPLES
from errtally.exporter.ingest.tally import Tally

SECRET = "hunter2-very-secret"
AWS_KEY = "AKIAIOSFODNN7EXAMPLE"


def post(app, path, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call(app, environ(path, raw, headers))


def counted(tally):
    taken = tally.take()
    return {(name, *labels): amount for name, labels, amount in taken.counters} if taken else {}


def test_a_batch_is_one_record_with_its_events_and_issues():
    appender = RecordingAppender()
    body = {"events": [{"message": "order 1 failed"}, {"message": "order 2 failed"}, {"message": "no disk left"}]}
    assert post(door(appender), "/api/events", body).status == 200
    [batch] = appender.batches()
    assert [event.issue for event in batch.events] == [0, 0, 1]
    assert len({issue.fingerprint for issue in batch.issues}) == 2
    assert (batch.project, appender.events) == ("default", 3)
    assert batch.events[0].environment == "production"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(envelope(), id="an envelope without items"),
        pytest.param(envelope(("attachment", b"\x00\x01")), id="an attachment"),
        pytest.param(envelope(("zz_future", b"?")), id="an item of a kind that is not known"),
        pytest.param(envelope(("session", {"sid": "s", "status": "ok"})), id="a session that neither starts nor ends"),
    ],
)
def test_what_changes_nothing_needs_no_record(body):
    appender = RecordingAppender()
    assert post(door(appender), "/api/1/envelope/", body).status == 200
    assert appender.payloads == []


SECRETS = {
    "message": f"login failed: password={SECRET}",
    "logentry": {"message": f"login with password={SECRET} as %s", "params": ["bob"]},
    "exception": {
        "values": [
            {
                "type": "LoginError",
                "value": f"password={SECRET} key {AWS_KEY}",
                "stacktrace": {
                    "frames": [
                        {"function": "f", "context_line": f"login(password='{SECRET}')", "vars": {"password": SECRET}}
                    ]
                },
            }
        ]
    },
    "release": f"shop@{AWS_KEY}",
    "transaction": f"/login?token={SECRET}",
    "environment": f"password={SECRET}",
    "tags": {"password": SECRET},
    "extra": {"deep": [{"api_key": SECRET}]},
    "request": {
        "url": f"https://x.example/?token={SECRET}",
        "cookies": {"session": SECRET},
        "headers": [["Authorization", f"Bearer {SECRET}"]],
    },
    "breadcrumbs": {"values": [{"message": f"password={SECRET}"}]},
    "fingerprint": [f"password={SECRET}"],
    "user": {"id": "user-4711-secret", "email": "jane.doe@example.org", "ip_address": "203.0.113.9"},
}


@pytest.mark.parametrize("key", [key for key in SECRETS if key != "user"])
def test_no_byte_of_a_secret_reaches_the_journal(key):
    appender = RecordingAppender()
    assert post(door(appender), "/api/1/envelope/", envelope(("event", {key: SECRETS[key]}))).status == 200
    [payload] = appender.payloads
    assert SECRET.encode() not in payload
    assert AWS_KEY.encode() not in payload


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/api/events", {"message": f"password={SECRET}", "stack": f"password={SECRET}"}, id="an event"),
        pytest.param(
            "/api/events",
            {"message": "m", "context": {"extra": {"password": SECRET}, "request": {"headers": {"Cookie": SECRET}}}},
            id="an event's context",
        ),
        pytest.param("/api/events", {"message": "m", "platform": f"password={SECRET}"}, id="an event's platform"),
        pytest.param(
            "/api/requests", {"transaction": f"/a?token={SECRET}", "duration_seconds": 1}, id="a timing's transaction"
        ),
        pytest.param(
            "/api/requests",
            {"transaction": "/a", "duration_seconds": 1, "method": f"PASSWORD={SECRET}".upper()},
            id="a timing's method",
        ),
        pytest.param(
            "/api/requests",
            {"transaction": "/a", "duration_seconds": 1, "release": f"password={SECRET}"},
            id="a timing's release",
        ),
    ],
)
def test_no_byte_of_a_secret_of_the_native_api_reaches_the_journal(path, body):
    appender = RecordingAppender()
    assert post(door(appender), path, body).status == 200
    assert SECRET.lower().encode() not in b"".join(appender.payloads).lower()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("transaction", {"transaction": f"a token={SECRET}", "start_timestamp": 1.0, "timestamp": 2.0}),
        ("session", {"sid": "s", "init": True, "attrs": {"release": f"password={SECRET}"}}),
        ("check_in", {"monitor_slug": f"password={SECRET}", "status": "ok"}),
        ("client_report", {"discarded_events": [{"reason": f"password={SECRET}", "category": SECRET, "quantity": 1}]}),
        ("log", {"items": [{"level": "info", "attributes": {"sentry.environment": {"value": f"password={SECRET}"}}}]}),
    ],
)
def test_no_byte_of_a_secret_of_another_item_reaches_the_journal(kind, content):
    appender = RecordingAppender()
    assert post(door(appender), "/api/1/envelope/", envelope((kind, content))).status == 200
    [payload] = appender.payloads
    assert SECRET.encode() not in payload


def test_a_user_is_counted_by_a_keyed_hash():
    appender = RecordingAppender()
    app = door(appender)
    users = [
        {"id": "7"},
        {"id": "7", "email": "a@example.org"},
        {"email": "a@example.org"},
        {"ip_address": "192.0.2.9"},
    ]
    for user in (*users, {}):
        post(app, "/api/events", {"message": "m", "context": {"user": user}})
    post(app, "/api/1/envelope/", envelope(("event", {"message": "m", "user": {"ip_address": "{{auto}}"}})))
    users = [batch.events[0].user for batch in appender.batches()]
    assert users[0] == users[1]
    assert users[4] is None
    assert len({users[0], users[2], users[3], users[5]}) == 4
    assert b"a@example.org" not in b"".join(appender.payloads)
    assert b"192.0.2.7" not in b"".join(appender.payloads)


def test_projects_hash_the_same_user_differently():
    appender = RecordingAppender()
    for path in ("/api/1/envelope/", "/api/2/envelope/"):
        post(door(appender), path, envelope(("event", {"message": "m", "user": {"id": "7"}})))
    first, second = [batch.events[0].user for batch in appender.batches()]
    assert first != second


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/events", b'{"message": "m"}'),
        ("/api/1/envelope/", envelope(("event", {"message": "m"}))),
        ("/api/1/store/", b'{"message": "m"}'),
    ],
)
def test_a_journal_that_fails_is_503_in_the_protocols_own_form(path, body):
    appender, tally = RecordingAppender(), Tally()
    appender.error = JournalError("the disk is full")
    answer = post(door(appender, tally=tally), path, body)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert b"the disk is full" in answer.body
    protocol = "native" if path == "/api/events" else "sentry"
    found = counted(tally)
    assert found[names.INGEST_REJECTED.name, protocol, "journal"] == 1
    assert found[names.INGEST_REQUESTS.name, protocol, "503"] == 1
    assert not any(name == names.INGEST_ITEMS.name for name, *_ in found)


def test_every_request_is_counted_with_its_items_and_its_time():
    appender, tally = RecordingAppender(), Tally()
    app = door(appender, tally=tally)
    post(app, "/api/events", {"events": [{"message": "a"}, {"nothing": 1}, {"message": "b"}]})
    post(app, "/api/events", b"[")
    taken = tally.take()
    found = {(name, *labels): amount for name, labels, amount in taken.counters}
    assert found == {
        (names.INGEST_ITEMS.name, "native", "event"): 2,
        (names.INGEST_REJECTED.name, "native", "bad_event"): 1,
        (names.INGEST_REJECTED.name, "native", "bad_json"): 1,
        (names.INGEST_REQUESTS.name, "native", "200"): 1,
        (names.INGEST_REQUESTS.name, "native", "400"): 1,
    }
    [(name, labels, buckets, _)] = taken.observations
    assert (name, labels, sum(buckets)) == (names.INGEST_DURATION.name, ("native",), 2)


def test_redactions_are_counted_by_rule():
    tally = Tally()
    post(door(RecordingAppender(), tally=tally), "/api/events", {"message": f"password={SECRET}"})
    assert sum(amount for (name, *_), amount in counted(tally).items() if name == names.SCRUBBED.name) >= 1


def test_every_event_is_counted_and_the_first_of_a_burst_are_kept():
    appender = RecordingAppender()
    events = [{"message": f"order {number} failed"} for number in range(BURST_SAMPLES + 30)]
    post(door(appender), "/api/events", {"events": events})
    [batch] = appender.batches()
    assert len(batch.events) == BURST_SAMPLES + 30
    assert [event.sample is not None for event in batch.events] == [True] * BURST_SAMPLES + [False] * 30


def test_an_event_like_one_before_is_scrubbed_where_it_is_kept():
    appender = RecordingAppender()
    app = door(appender)
    for _ in range(3):
        post(app, "/api/events", {"message": f"password={SECRET}", "context": {"tags": {"token": SECRET}}})
    assert SECRET.encode() not in b"".join(appender.payloads)
    assert all(batch.events[0].sample for batch in appender.batches())


def test_details_that_are_too_large_are_not_kept_but_the_event_is():
    appender = RecordingAppender()
    extra = {f"k{n}": "words and more words " * 40 for n in range(600)}
    post(door(appender), "/api/events", {"message": "m", "context": {"extra": extra}})
    page = json.loads(appender.batches()[0].events[0].sample)
    assert page["message"] == "m"
    assert "were not kept" in page["truncated"]
    assert "extra" not in page


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(b'{"message": "m", "extra": {"a": "\\ud800"}}', id="a lone surrogate in a value"),
        pytest.param(b'{"message": "m", "extra": {"\\udfff": 1}}', id="a lone surrogate in a key"),
        pytest.param(b'{"exception": {"values": [{"type": "E", "value": "\\ud800"}]}}', id="one in an exception"),
        pytest.param(b'{"message": "m", "extra": {"a": NaN, "b": 1e999}}', id="numbers that are none"),
        pytest.param(b'{"message": "m", "extra": {"a": %d}}' % 10**40, id="a number beyond 64 bits"),
    ],
)
def test_odd_details_do_not_hinder_that_an_event_is_kept(event):
    appender = RecordingAppender()
    assert post(door(appender), "/api/1/envelope/", envelope(("event", event))).status == 200
    assert isinstance(json.loads(appender.batches()[0].events[0].sample), dict)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(envelope(("client_report", {"discarded_events": [{"quantity": 10**30}]})), id="a discard"),
        pytest.param(envelope(("sessions", {"aggregates": [{"exited": 10**30}]})), id="a session"),
        pytest.param(envelope(("transaction", b'{"start_timestamp": -1e308, "timestamp": 1e308}')), id="a duration"),
    ],
)
def test_numbers_beyond_all_measure_are_never_a_server_error(body):
    assert post(door(RecordingAppender()), "/api/1/envelope/", body).status in {200, 400}


def test_a_defect_is_500_in_the_protocols_form_logged_and_counted(monkeypatch):
    class Broken(RecordingAppender):
        def append(self, *_):
            raise RuntimeError("a defect")

    logged, tally = [], Tally()
    monkeypatch.setattr("errtally.exporter.web.fast_path._log.exception", lambda *_, **facts: logged.append(facts))
    answer = post(door(Broken(), tally=tally), "/api/1/envelope/", envelope(("event", {"message": "m"})))
    assert (answer.status, answer.json()["causes"]) == (500, ["internal_error"])
    assert "a defect" not in answer.body.decode()
    assert logged == [{"protocol": "sentry", "path": "/api/1/envelope/"}]
    assert counted(tally)[names.INGEST_REJECTED.name, "sentry", "internal_error"] == 1


plain_events = st.fixed_dictionaries(
    {"message": st.sampled_from(["order 1 failed", "order 2 failed", f"password={SECRET}", "ERR a@example.org", ""])},
    optional={
        "type": st.sampled_from(["A", "B"]),
        "stack": st.sampled_from(["", 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nE: x']),
        "platform": st.sampled_from(["python", "java"]),
        "logger": st.sampled_from(["l", "m"]),
        "transaction": st.sampled_from(["/a", f"/b?token={SECRET}"]),
        "level": st.sampled_from(names.LEVELS),
        "context": st.just({"environment": "e", "release": f"r {SECRET}", "tags": {"t": "v"}}),
    },
)


@settings(max_examples=40, deadline=None)
@given(st.lists(plain_events, min_size=1, max_size=12))
def test_remembering_groupings_changes_nothing(events):
    """The same events one by one in one process, and each in a process of its own, give the same records."""
    remembering = RecordingAppender()
    app = door(remembering)
    for event in events:
        post(app, "/api/events", event)
    for event, batch in zip(events, remembering.batches(), strict=True):
        fresh = RecordingAppender()
        post(door(fresh), "/api/events", event)
        [alone] = fresh.batches()
        # Former fingerprints are told with the first event of each issue only.
        assert [replace(issue, former=()) for issue in batch.issues] == [
            replace(issue, former=()) for issue in alone.issues
        ]
        assert (batch.events[0].release, batch.events[0].transaction) == (
            alone.events[0].release,
            alone.events[0].transaction,
        )


def test_memory_of_groupings_and_labels_is_bounded(monkeypatch):
    monkeypatch.setattr(batches, "MAX_MEMO_ENTRIES", 3)
    app = door(RecordingAppender())
    for number in range(10):
        post(app, "/api/events", {"message": f"word{'x' * number}", "context": {"release": f"r{number}"}})
    assert len(app._pipeline._common._memo) <= 3
    assert len(app._pipeline._common._versions) <= 3
