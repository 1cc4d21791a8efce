"""Streams when the store fails and when the worker stops, and what never gets into one."""

from __future__ import annotations

import json
import threading

from tests.exporter.databases import database_at
from tests.exporter.web.stream.client import PATH, send, streaming
from tests.waiting import PATIENCE_SECONDS

from errtally.errors import StoreError
from errtally.exporter.web.stream import hub as hub_module


def test_all_streams_end_when_the_worker_stops_and_none_is_opened_any_more(exporter):
    with streaming(exporter) as client:
        ended = threading.Event()

        def read():
            while client.step() is not None:
                pass
            ended.set()

        reading = threading.Thread(target=read)
        reading.start()
        exporter.hub.close()
        assert ended.wait(PATIENCE_SECONDS)
        reading.join()
    assert exporter.open_streams == 0
    assert exporter.get(PATH).status == 503


def test_the_store_is_followed_only_while_there_are_streams(exporter):
    with streaming(exporter):
        tail = exporter.hub._tail
        assert tail.is_alive()
    tail.join(PATIENCE_SECONDS)
    assert not tail.is_alive()
    assert exporter.hub._tail is None
    send(exporter, "alpha")
    with streaming(exporter) as client:
        send(exporter, "beta")
        assert client.messages(1) == ["beta"]


def test_a_store_that_fails_for_a_while_ends_no_stream(exporter, monkeypatch):
    real, failing = exporter.hub._reader.after, threading.Event()

    def after(number, *, folds):
        if failing.is_set():
            raise StoreError("locked")
        return real(number, folds=folds)

    monkeypatch.setattr(exporter.hub._reader, "after", after)
    with streaming(exporter) as client:
        failing.set()
        send(exporter, "alpha")
        client.rest()
        assert client.parser.events() == []
        failing.clear()
        assert client.messages(1) == ["alpha"]


def test_a_client_that_is_behind_while_the_store_fails_comes_back(exporter, monkeypatch):
    monkeypatch.setattr(hub_module, "WINDOW_FOLDS", 1)
    with streaming(exporter) as client, streaming(exporter) as quick:
        for number, word in enumerate(["alpha", "beta", "gamma"]):
            send(exporter, word)
            quick.messages(number + 1)

        monkeypatch.setattr(exporter.hub._reader, "_database", database_at(exporter.config.data_dir / "gone"))
        exporter.hub._reader._db.close()
        assert client.step() is None
        assert exporter.open_streams == 1


def test_a_store_that_can_not_be_read_at_the_beginning_is_said(exporter, monkeypatch):
    def ends():
        raise StoreError("locked")

    monkeypatch.setattr(exporter.hub._reader, "ends", ends)
    assert exporter.get(PATH).status == 503
    assert exporter.open_streams == 0


def test_a_secret_is_never_in_the_stream(exporter):
    secret = "hunter2hunter2"
    with streaming(exporter) as client:
        send(
            exporter, f"login failed: password={secret}", f"GET https://ann:{secret}@shop.example/?api_key={secret}",
            type=f"AuthError token={secret}", transaction=f"/login?token={secret}", logger=f"a.b password={secret}",
            context={"release": f"1 secret={secret}", "environment": f"prod api_key={secret}"},
        )  # fmt: skip
        client.until(lambda parser: len(parser.events()) == 2)
    assert secret not in json.dumps([message.data for message in client.parser.messages])


def test_text_of_events_can_not_break_out_of_its_frame(exporter):
    hostile = "a\n\ndata: {}\r\nevent: gap\nid: 9\x00\u2028</script>"
    with streaming(exporter) as client:
        send(exporter, hostile, context={"release": hostile})
        client.until(lambda parser: parser.messages)
        client.rest()
    [message] = client.parser.messages
    assert message.name == "message"
    assert message.number == 1
