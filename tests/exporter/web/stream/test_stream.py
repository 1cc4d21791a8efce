"""The stream, by its route: what clients get, when, and what it costs the worker."""

from __future__ import annotations

import time

import pytest
from tests.exporter.inprocess import InProcess, environ
from tests.exporter.web.stream.client import PATH, Client, send, streaming

from errtally.exporter.config import ExporterConfig
from errtally.exporter.digest.changes import Changes
from errtally.exporter.digest.stream import StreamItem
from errtally.exporter.store import stream as ring
from errtally.exporter.web.stream import frames
from errtally.exporter.web.stream import hub as hub_module


def test_an_event_comes_with_all_that_is_told_of_it(exporter):
    happened = round(time.time() - 60, 3)
    with streaming(exporter) as client:
        send(exporter, "no stock of 17", event_id="a" * 32, timestamp=happened, type="StockError",
             context={"environment": "test", "release": "shop@1.2"}, transaction="GET /buy")  # fmt: skip
        [told] = client.until(lambda parser: parser.messages).events()
    [issue] = exporter.reader.issues()
    link = told.pop("link")
    assert told.pop("timestamp") == pytest.approx(happened, abs=0.002)
    assert told == {
        "event_id": "a" * 32, "issue": issue["fingerprint"], "project": "shop", "environment": "test",
        "level": "error", "type": "StockError", "title": issue["title"], "message": "no stock of 17",
        "culprit": issue["culprit"], "release": "shop@1.2", "is_new": True, "is_regressed": False,
    }  # fmt: skip
    page = exporter.get(link)
    assert (page.status, b"a" * 32 in page.body) == (200, True)


def test_the_answer_is_one_that_proxies_pass_on_at_once(exporter):
    with streaming(exporter, headers={"Accept-Encoding": "gzip, br"}) as client:
        assert client.headers["Content-Type"] == "text/event-stream"
        assert client.headers["Cache-Control"] == "no-store, no-transform"
        assert client.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in client.headers
        assert "Content-Length" not in client.headers
        assert client.parser.retry == frames.RETRY_MILLISECONDS


def test_a_silent_stream_beats_and_says_where_it_is(exporter):
    send(exporter, "one", "two")
    with streaming(exporter, "project=other") as client:
        client.until(lambda parser: "heartbeat" in parser.comments)
        assert client.parser.last_id.endswith("-2")
        assert client.parser.messages == []
        send(exporter, "three")  # not for this client, but it moves on
        client.until(lambda parser: parser.last_id.endswith("-3"))
        assert client.parser.messages == []


def test_a_stream_begins_with_what_comes_next_or_with_recent_events(exporter):
    send(exporter, *[f"item {number} is gone" for number in "abcde"])
    with streaming(exporter, "recent=2") as with_recent, streaming(exporter) as without:
        send(exporter, "item f is gone")
        assert with_recent.messages(3) == [f"item {number} is gone" for number in "def"]
        assert without.messages(1) == ["item f is gone"]


def test_recent_events_are_those_that_fit(exporter):
    send(exporter, "item a is gone", "item b is gone", project="shop")
    send(exporter, "item c is gone", "item d is gone", project="bank")
    with streaming(exporter, "recent=1&project=shop") as client:
        assert client.messages(1) == ["item b is gone"]
        client.rest()
        assert len(client.parser.events()) == 1
    with streaming(exporter, "recent=100&project=nobody") as client:
        assert client.rest().messages == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("project=shop", "abe", id="one project"),
        pytest.param("level=fatal,warning", "cde", id="several levels"),
        pytest.param("environment=test", "d", id="an environment"),
        pytest.param("project=bank&level=fatal", "c", id="two filters"),
        pytest.param("issue={issue}", "a", id="an issue"),
        pytest.param("", "abcde", id="none"),
    ],
)
def test_only_what_was_asked_for_comes(exporter, query, expected):
    send(exporter, "a alpha")
    issue = exporter.reader.issues()[0]["fingerprint"]
    with streaming(exporter, f"recent=100&{query}".format(issue=issue)) as client:
        send(exporter, "b beta")
        send(exporter, "c gamma", project="bank", level="fatal")
        send(exporter, "d delta", project="bank", level="warning", context={"environment": "test"})
        send(exporter, "e epsilon", level="fatal")
        assert [text[0] for text in client.messages(len(expected))] == list(expected)
        assert len(client.rest().events()) == len(expected)


@pytest.mark.parametrize("way", ["header", "parameter"])
def test_a_client_goes_on_where_it_was_without_loss_or_repetition(exporter, way):
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    with streaming(exporter) as client:
        send(exporter, *words[:3])
        assert client.messages(3) == words[:3]
        last = client.parser.messages[0].id  # in the midst of a fold
    send(exporter, *words[3:5])
    headers, query = ({"Last-Event-ID": last}, "") if way == "header" else ({}, f"last_event_id={last}&recent=100")
    with streaming(exporter, query, headers) as client:
        send(exporter, words[5])
        assert client.messages(5) == words[1:]
        assert client.rest().named("gap") == []


def test_a_client_goes_on_in_another_worker_and_after_a_restart(tmp_path):
    first = InProcess(tmp_path)
    with streaming(first) as client:
        send(first, "alpha")
        client.messages(1)
        last = client.parser.last_id
    first.close()
    again = InProcess(tmp_path)
    send(again, "beta")
    with streaming(again, headers={"Last-Event-ID": last}) as client:
        assert client.messages(1) == ["beta"]
        assert client.rest().named("gap") == []
    again.close()


@pytest.mark.parametrize(
    "last",
    [
        pytest.param("{epoch}-4", id="more than were counted"),
        pytest.param("abc-1", id="of another store"),
        pytest.param("17", id="no id of ours"),
        pytest.param("{epoch}--1", id="a negative number"),
        pytest.param("{epoch}-" + "9" * 4000, id="a number without end"),
        pytest.param("x" * 4000, id="something long"),
    ],
)
def test_a_place_that_is_not_known_is_a_gap(exporter, last):
    send(exporter, "alpha", "beta", "gamma")
    epoch = exporter.hub._reader.ends().epoch
    with streaming(exporter, headers={"Last-Event-ID": last.format(epoch=epoch)}) as client:
        send(exporter, "delta")
        assert client.messages(1) == ["delta"]
        assert client.parser.named("gap") == [{"reason": "unknown_id", "missed": None}]
        assert client.parser.messages[0].id == f"{epoch}-3"


def test_a_client_that_comes_too_late_is_told_how_many_it_missed(exporter, monkeypatch):
    monkeypatch.setattr(ring, "RING_FOLDS", 2)
    for word in ["alpha", "beta", "gamma", "delta", "epsilon"]:
        send(exporter, word)
    epoch = exporter.hub._reader.ends().epoch
    with streaming(exporter, headers={"Last-Event-ID": f"{epoch}-1"}) as client:
        assert client.messages(2) == ["delta", "epsilon"]
        assert client.parser.named("gap") == [{"reason": "expired", "missed": 2}]
        assert [message.number for message in client.parser.messages] == [3, 4, 5]


def test_of_a_storm_some_are_told_and_the_rest_is_counted(exporter):
    with streaming(exporter, "project=shop") as client, streaming(exporter, "project=bank") as other:
        for _ in range(3):
            send(exporter, *["no stock"] * 300)
        send(exporter, "no money", project="bank")
        client.until(lambda p: len(p.events()) + sum(one["events"] for one in p.named("left_out")) >= 900)
        told, left_out = client.parser.events(), client.parser.named("left_out")
        assert 0 < len(told) < 100
        assert len(told) + sum(one["events"] for one in left_out) == 900
        assert other.messages(1) == ["no money"]
        assert other.parser.named("left_out") == []


def test_a_slow_client_has_no_queue_and_falls_behind_until_there_is_a_gap(exporter, monkeypatch):
    monkeypatch.setattr(ring, "RING_FOLDS", 20)
    monkeypatch.setattr(hub_module, "WINDOW_FOLDS", 5)
    with streaming(exporter) as slow, streaming(exporter) as quick:
        for number in range(10):
            send(exporter, f"item {'x' * number}y")
            quick.messages(number + 1)
        assert len(exporter.hub._window) == 5
        # What left the window is still in the store.
        assert slow.messages(10) == quick.messages(10)
        assert slow.parser.named("gap") == []
        for number in range(10, 40):
            send(exporter, f"item {'x' * number}y")
            quick.messages(number + 1)
        assert slow.messages(30)[10:] == quick.messages(40)[20:]
        assert slow.parser.named("gap") == [{"reason": "expired", "missed": 10}]


def test_a_client_far_behind_gets_it_in_pieces(exporter, monkeypatch):
    monkeypatch.setattr(frames, "CHUNK_BYTES", 2000)
    for number in range(60):
        send(exporter, f"item {'x' * number}y")
    epoch = exporter.hub._reader.ends().epoch
    with streaming(exporter, headers={"Last-Event-ID": f"{epoch}-0"}) as client:
        sizes = []
        while len(client.parser.events()) < 60:
            sizes.append(len(client.step()))
        assert max(sizes) < 4000
        assert [message.number for message in client.parser.messages] == list(range(1, 61))


def test_there_are_no_more_streams_than_may_be(exporter):
    exporter.hub._max_streams = 2
    with streaming(exporter), streaming(exporter) as second:
        assert exporter.total("errtally_stream_clients") == 2
        refused = exporter.get(PATH)
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["error"]["code"] == "too_many_streams"
        second.parts.close()
        with streaming(exporter):
            assert exporter.open_streams == 2
    assert exporter.open_streams == 0


def test_a_question_about_the_head_opens_no_stream(exporter):
    answer = exporter.call(environ(PATH, method="HEAD"))
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, "text/event-stream", b"")
    assert exporter.open_streams == 0


def test_a_query_that_can_not_be_is_refused(exporter):
    answer = exporter.get(f"{PATH}?level=eror")
    assert answer.status == 400
    assert answer.json()["error"] == {
        "code": "malformed_query", "message": "level: 'eror' is none of debug, info, warning, error, fatal",
    }  # fmt: skip


def test_the_stream_and_its_page_are_for_those_who_may_see_the_pages(tmp_path):
    exporter = InProcess(tmp_path, ExporterConfig(web_token="t0ken"))
    assert exporter.get(PATH).status == exporter.get("/live").status == 401
    with streaming(exporter, headers={"Authorization": "Bearer t0ken"}):
        pass
    exporter.close()


def test_events_are_written_for_all_clients_at_once(exporter, monkeypatch):
    written, joined = [], []
    real, real_chunk = frames.public, frames.chunk
    monkeypatch.setattr(frames, "public", lambda item: written.append(item) or real(item))
    monkeypatch.setattr(frames, "chunk", lambda *args: joined.append(args[1]) or real_chunk(*args))
    clients = [Client(exporter) for _ in range(7)]
    send(exporter, "alpha")
    for client in clients:
        assert client.messages(1) == ["alpha"]
        client.parts.close()
    assert len(written) == 1
    assert joined == [0], "clients that want the same share the work"


def test_the_tail_leaves_no_hole_when_it_is_behind(exporter, monkeypatch):
    """More folds at once than it reads in one go."""
    monkeypatch.setattr(hub_module, "READ_FOLDS", 3)
    with streaming(exporter) as client:
        for _ in range(20):
            made = Changes(events=1)
            made.stream.items = [StreamItem(1, "p", "prod", "error", "f1", "e", 1.0, "", "t", "", "", "")]
            exporter.writer._store.apply(made, {})
        client.until(lambda parser: len(parser.events()) == 20)
    assert [message.number for message in client.parser.messages] == list(range(1, 21))
