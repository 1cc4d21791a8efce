"""WSGI applications: exceptions, answers from 400, timings, and nothing of another request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.client.applications import TRACEPARENT, called, seen

import errtally
from errtally.client.integrations.wsgi import WsgiMiddleware

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def _wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise ValueError("wsgi failed")
    if path == "/late":
        start_response("200 OK", [])

        def body():
            yield b"a"
            errtally.set_tag("part", "second")
            raise ValueError("late")

        return body()
    start_response("404 Not Found" if path == "/missing" else "200 OK", [])
    return [b"hello"]


def test_wsgi_reports_exceptions_statuses_and_timings(tracked: Receiver) -> None:
    app = WsgiMiddleware(_wsgi, transaction=lambda environ: f"{environ['PATH_INFO']}*")
    assert called(app, "/")[1] == b"hello"
    called(app, "/missing", HTTP_COOKIE="sessionid=abc", QUERY_STRING="token=xyz&page=2", HTTP_TRACEPARENT=TRACEPARENT)
    with pytest.raises(ValueError, match="wsgi failed"):
        called(app, "/fail")
    with pytest.raises(ValueError, match="late"):
        called(app, "/late")
    events, timings = seen(tracked)
    assert events == [("warning", "GET /missing* answered 404"), ("error", "wsgi failed"), ("error", "late")]
    assert timings == [("/*", 200, False), ("/missing*", 404, False), ("/fail*", 500, True), ("/late*", 200, True)]
    missing = tracked.events()[0]
    assert missing["transaction"] == "/missing*"
    assert missing["context"]["trace"]["trace_id"] == TRACEPARENT[3:35]
    shown = missing["context"]["request"]
    assert shown["query_string"] == "token=[REDACTED]&page=2"
    assert "cookie" not in shown["headers"]


def test_a_request_that_its_server_gave_up_has_failed(tracked: Receiver) -> None:
    def app(environ, _start_response):
        raise SystemExit(int(environ["QUERY_STRING"]))  # as gunicorn ends a worker that takes too long

    wrapped = WsgiMiddleware(app, transaction=lambda _: "/slow")
    for code in ("1", "0"):
        with pytest.raises(SystemExit):
            called(wrapped, "/slow", QUERY_STRING=code)
    assert seen(tracked) == ([("error", "1")], [("/slow", 500, True), ("/slow", None, False)])
    assert tracked.events()[0]["transaction"] == "/slow"


def test_requests_do_not_see_each_others_scope(tracked: Receiver) -> None:
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/first":
            errtally.set_tag("customer", "ann")
        start_response("400 Bad Request", [])
        return [b""]

    wrapped = WsgiMiddleware(app)
    called(wrapped, "/first")
    called(wrapped, "/second")
    errtally.flush(10)
    first, second = tracked.events()
    assert first["context"]["tags"] == {"customer": "ann"}
    assert second["context"]["tags"] == {}
    assert second["transaction"] == "unmatched"


def test_statuses_can_be_left_out(receiver: Receiver) -> None:
    errtally.init(receiver.url, hooks=False, status_from=500)
    called(WsgiMiddleware(_wsgi), "/missing")
    assert seen(receiver)[0] == []


def test_wsgi_reads_paths_and_headers_as_utf8(tracked: Receiver) -> None:
    raw = "/straße/日本".encode().decode("latin-1")
    called(WsgiMiddleware(lambda _e, start: (start("404 Not Found", []), [b""])[1]), raw, HTTP_X_CITY=raw[1:])
    errtally.flush(10)
    shown = tracked.events()[0]["context"]["request"]
    assert shown["url"].endswith("/straße/日本")
    assert shown["headers"]["x-city"] == "straße/日本"
