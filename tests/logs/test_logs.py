"""Records as they are written: JSON lines, the console, files, timers, audit, requests."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import logging.handlers
import re
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest
import structlog
from tests.client.receiver import receiving

import errtally
from errtally import logs
from errtally.event.scrub import ScrubSettings
from errtally.logs import configuring
from errtally.logs.entry import Entries, Identity
from errtally.logs.formatters import ConsoleFormatter

if TYPE_CHECKING:
    from pathlib import Path


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def combined(tmp_path: Path):
    """Configure files only and return the function that reads what was written."""
    logs.configure("shop", "staging", "1.4.2", level="DEBUG", directory=tmp_path, console="none")
    return lambda name="combined": _lines(tmp_path / f"{name}.log")


def test_a_record_has_all_parts(combined) -> None:
    log = logs.get_logger("shop.orders", region="eu-1")
    errtally.set_trace("2aa5e3f9674549a48e2b4aa27225a5b3", "00f067aa0ba902b7")
    try:
        _ = {}["price"]
    except KeyError:
        log.error("no price: 100%", order=5, name="clash")  # noqa: TRY400 (our own logger finds the exception)
    (line,) = combined()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", line.pop("timestamp"))
    error = line.pop("error")
    assert line == {
        "level": "error",
        "message": "no price: 100%",
        "logger": "shop.orders",
        "service": "shop",
        "environment": "staging",
        "version": "1.4.2",
        "context": {"region": "eu-1", "order": 5, "name_": "clash"},
        "trace_id": "2aa5e3f9674549a48e2b4aa27225a5b3",
        "span_id": "00f067aa0ba902b7",
    }
    assert (error["name"], error["message"]) == ("KeyError", "'price'")
    assert error["stack"].startswith("Traceback (most recent call last):")


def test_secrets_are_taken_out_of_message_context_and_error(combined) -> None:
    secret = "s3cr3t-v4lue"
    log = logs.get_logger("shop")
    log.info("login with password=s3cr3t-v4lue", user={"apiKey": secret}, url=f"postgres://bob:{secret}@db/x")
    log.error("failed", error=ValueError(f"token={secret}"))
    assert secret not in json.dumps(combined())


def test_records_of_the_standard_library_have_their_extra_as_context(combined) -> None:
    logging.getLogger("other").warning("%d left", 7, extra={"stock": {"a": 7}})
    (line,) = combined()
    assert (line["level"], line["message"], line["context"]) == ("warning", "7 left", {"stock": {"a": 7}})


def test_structlog_writes_through_the_same(combined) -> None:
    structlog.get_logger("shop").info("order placed", order=5)
    (line,) = combined()
    assert (line["message"], line["context"], line["logger"]) == ("order placed", {"order": 5}, "shop")


def test_errors_have_a_file_of_their_own(combined) -> None:
    log = logs.get_logger("shop")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    assert [line["level"] for line in combined()] == ["debug", "info", "warning", "error"]
    assert [line["level"] for line in combined("errors")] == ["error"]


def test_files_rotate_at_five_mebibytes_and_five_are_kept(tmp_path: Path, monkeypatch) -> None:
    logs.configure("shop", directory=tmp_path, console="none")
    for handler in configuring._installed:
        assert isinstance(handler, logging.handlers.RotatingFileHandler)
        assert (handler.maxBytes, handler.backupCount) == (5 * 1024 * 1024, 5)
    monkeypatch.setattr(configuring, "FILE_BYTES", 2000)
    logs.configure("shop", directory=tmp_path, console="none")
    for number in range(200):
        logs.get_logger("shop").info(f"message {number}")
    assert len(list(tmp_path.glob("combined.log*"))) == 6
    assert _lines(tmp_path / "combined.log")[-1]["message"] == "message 199"


def test_a_second_configuration_replaces_the_first(tmp_path: Path) -> None:
    before = len(logging.getLogger().handlers)
    for _ in range(3):
        logs.configure("shop", directory=tmp_path, console="json")
    assert len(logging.getLogger().handlers) == before + 3


@pytest.mark.parametrize(("coloured", "colour"), [(True, "\x1b[31m"), (False, "")])
def test_the_console_is_for_people(coloured: bool, colour: str) -> None:  # noqa: FBT001
    formatter = ConsoleFormatter(Entries(Identity("shop", "development")), coloured=coloured)
    record = logging.makeLogRecord({"name": "shop", "levelno": logging.ERROR, "msg": "bad \x1b[2J name", "order": 5})
    text = formatter.format(record)
    assert re.search(rf"\d\d:\d\d:\d\d\.\d{{3}} {re.escape(colour)}error  ", text)
    assert text.endswith("shop: bad \\x1b[2J name  order=5")
    assert ("\x1b" in text) is coloured


@pytest.mark.parametrize(
    ("environment", "formatter"), [("development", "ConsoleFormatter"), ("production", "JsonFormatter")]
)
def test_the_console_follows_the_environment(environment: str, formatter: str) -> None:
    logs.configure("shop", environment, directory=None)
    assert type(configuring._installed[0].formatter).__name__ == formatter


def test_a_line_is_one_line_and_utf8_whatever_is_logged(tmp_path: Path) -> None:
    logs.configure("shop", directory=tmp_path, console="none")
    logs.get_logger("shop").info("two\nlines \ud800 €", value=object())
    (line,) = _lines(tmp_path / "combined.log")
    assert line["message"] == "two\nlines \ud800 €"


def test_a_timer_logs_its_duration_once(combined) -> None:
    log = logs.get_logger("shop")
    timer = log.start_timer("import", table="orders")
    assert timer.stop() == timer.stop()
    with pytest.raises(KeyError), log.start_timer("export"):
        raise KeyError
    first, second = combined()
    assert re.fullmatch(r"import took \d+\.\d ms", first["message"])
    assert first["context"]["table"] == "orders"
    assert first["context"]["duration_seconds"] == pytest.approx(timer.stop(), abs=1e-5)
    assert second["context"]["failed"] is True


def test_audit_records_are_written_whatever_the_level(tmp_path: Path) -> None:
    logs.configure("shop", directory=tmp_path, console="none", level="ERROR")
    log = logs.get_logger("shop")
    log.info("left out")
    log.audit("order.delete", 77, {"order": 5, "password": "x"})
    (line,) = _lines(tmp_path / "combined.log")
    assert line["message"] == "audit: order.delete"
    assert line["context"] == {
        "action": "order.delete",
        "user_id": "77",
        "details": {"order": 5, "password": "[REDACTED]"},
    }


def test_a_record_says_the_id_of_the_event_made_of_it(tmp_path: Path) -> None:
    with receiving() as receiver:
        errtally.init(receiver.url)
        logs.configure("shop", directory=tmp_path, console="none")
        logs.get_logger("shop").error("failed")
        errtally.close()
        (line,) = _lines(tmp_path / "combined.log")
        assert line["event_id"] == receiver.events()[0]["event_id"]


def test_wsgi_requests_are_logged_at_their_beginning_and_end(combined) -> None:
    def app(environ, start_response):
        if environ["PATH_INFO"] == "/fail":
            raise ValueError("x")
        start_response("201 Created", [])
        return [b"abc", b"defgh"]

    wrapped = logs.WsgiRequestLog(app)
    environ: dict[str, Any] = {
        "PATH_INFO": "/orders",
        "QUERY_STRING": "token=abc&page=2",
        "REQUEST_METHOD": "POST",
        "REMOTE_ADDR": "10.0.0.7",
        "HTTP_USER_AGENT": "curl/8",
        "wsgi.input": io.BytesIO(),
    }
    setup_testing_defaults(environ)
    body = wrapped(environ, lambda *_: None)
    assert b"".join(body) == b"abcdefgh"
    body.close()
    with pytest.raises(ValueError, match="x"):
        wrapped({**environ, "PATH_INFO": "/fail"}, lambda *_: None)
    begin, end, _, failed = combined()
    seen = {"method": "POST", "url": "/orders?token=[REDACTED]&page=2", "ip": "10.0.0.7", "user_agent": "curl/8"}
    assert begin["context"] == seen
    assert {**seen, "status": 201, "content_length": 8}.items() <= end["context"].items()
    assert 0 <= end["context"]["duration_seconds"] < 10
    assert failed["level"] == "warning"


def test_asgi_requests_are_logged_at_their_beginning_and_end(combined) -> None:
    async def app(_connection, _receive, send):
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        await send({"type": "http.response.body", "body": b"de"})

    async def send(_message: Any) -> None:
        await asyncio.sleep(0)

    connection = {
        "type": "http",
        "method": "GET",
        "path": "/orders",
        "query_string": b"page=2",
        "client": ("10.0.0.7", 5),
        "headers": [(b"user-agent", b"curl/8")],
    }
    asyncio.run(logs.AsgiRequestLog(app)(connection, None, send))
    begin, end = (line for line in combined() if line["logger"] == "requests")
    assert begin["context"] == {"method": "GET", "url": "/orders?page=2", "ip": "10.0.0.7", "user_agent": "curl/8"}
    assert (end["context"]["status"], end["context"]["content_length"], end["level"]) == (503, 5, "warning")


@pytest.mark.parametrize(
    ("keep", "user", "ip"),
    [
        pytest.param(True, "ann@example.org", "203.0.113.7", id="as asked for"),
        pytest.param(False, "[REDACTED]", "[REDACTED]", id="scrubbed like everything"),
    ],
)
def test_who_did_something_and_whose_request_it_was(tmp_path: Path, keep: bool, user: str, ip: str) -> None:  # noqa: FBT001
    scrub = ScrubSettings(keys=("user_id", "ip"))
    logs.configure("shop", directory=tmp_path, console="none", scrub=scrub, keep_identities=keep)
    logs.get_logger("shop").audit("order.delete", "ann@example.org", {"mail": "bob@example.org", "password": "x"})
    logs.get_logger("shop").info("not an audit", user_id="ann@example.org")
    environ: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.7"}
    setup_testing_defaults(environ)
    body = logs.WsgiRequestLog(lambda _environ, _start: [b""])(environ, lambda *_: None)
    body.close()
    audit, other, begin, _ = _lines(tmp_path / "combined.log")
    assert audit["context"]["user_id"] == user
    assert audit["context"]["details"]["password"] == "[REDACTED]"
    assert "bob@example.org" not in json.dumps(audit)
    assert other["context"]["user_id"] == "[REDACTED]"
    assert begin["context"]["ip"] == ip


def test_an_audited_user_stays_whatever_it_looks_like(combined) -> None:
    logs.get_logger("shop").audit("order.delete", "ann@example.org")
    (line,) = combined()
    assert line["context"]["user_id"] == "ann@example.org"


def test_wsgi_paths_are_read_as_utf8(combined) -> None:
    environ: dict[str, Any] = {"PATH_INFO": "/straße".encode().decode("latin-1")}
    setup_testing_defaults(environ)
    logs.WsgiRequestLog(lambda _environ, _start: [b""])(environ, lambda *_: None).close()
    assert combined()[0]["context"]["url"] == "/straße"


@pytest.mark.parametrize("key", ["name", "module", "args", "message", "lineno", "process"])
def test_keywords_that_logging_refuses_are_renamed(combined, key: str) -> None:
    structlog.get_logger("shop").info("order placed", **{key: "x"})
    logs.get_logger("shop").info("order placed", **({key: "x"} if key != "message" else {"message_": "x"}))
    first, second = combined()
    assert first["context"] == second["context"] == {f"{key}_": "x"}


def test_an_exception_of_structlog_is_the_records(combined) -> None:
    try:
        _ = {}["price"]
    except KeyError:
        structlog.get_logger("shop").exception("no price", module="orders")
    (line,) = combined()
    assert (line["error"]["name"], line["context"]) == ("KeyError", {"module_": "orders"})


@pytest.mark.parametrize(
    ("method", "level"), [("error", "error"), ("exception", "error"), ("critical", "fatal"), ("fatal", "fatal")]
)
def test_failures_bring_the_exception_that_is_handled(combined, method: str, level: str) -> None:
    log = logs.get_logger("shop")
    try:
        _ = {}["price"]
    except KeyError:
        getattr(log, method)("no price", order=5)
    getattr(log, method)("later", error=ValueError("x"))
    first, second = combined()
    assert (first["level"], first["error"]["name"], first["context"]) == (level, "KeyError", {"order": 5})
    assert second["error"]["name"] == "ValueError"
