"""A server that is down, slow, wrong or overloaded: the host is not hurt, nothing is lost that memory can hold."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from tests.client.receiver import Receiver, receiving
from tests.flow.programs import free_port
from tests.waiting import PATIENCE_SECONDS

import errtally
from errtally.client import backoff, current
from errtally.client.retry_after import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

_MANY = 100_000


@pytest.fixture
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(backoff, "CAP_SECONDS", 0.05)
    monkeypatch.setattr(backoff.Backoff.__init__, "__defaults__", (0.02, 0.05, lambda: 0.5))


def _captured(count: int) -> None:
    """Capture messages."""
    for number in range(count):
        assert errtally.capture_message(f"message {number}")


def _silent() -> str:
    """A port that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    _open.append(listener)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


_open: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _close_sockets():
    yield
    while _open:
        _open.pop().close()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(lambda: f"http://127.0.0.1:{free_port()}", id="nobody listens"),
        pytest.param(_silent, id="the server never answers"),
        pytest.param(lambda: "http://no-such-host.invalid", id="the name is not known"),
        pytest.param(lambda: f"https://127.0.0.1:{free_port()}", id="no TLS there"),
    ],
)
def test_a_capture_neither_raises_nor_waits_when(url: Callable[[], str]) -> None:
    errtally.init(url(), "k", hooks=False, flush_seconds=0.05, timeout_seconds=0.3, shutdown_seconds=0.3)
    began = time.monotonic()
    _captured(1000)
    errtally.close()
    assert time.monotonic() - began < PATIENCE_SECONDS, "a thousand waits of 0.3 s would be longer"


@pytest.mark.parametrize(
    "status", [pytest.param(status, id=f"the server answers {status}") for status in (401, 404, 408, 429, 500, 503)]
)
@pytest.mark.usefixtures("_quick")
def test_events_wait_in_order_until_the_server_takes_them_when(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda count: (status, {}, b"no") if count < 3 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False, flush_seconds=0.02)
    _captured(35)
    receiver.wait_for(lambda: len(receiver.events()) == 35)
    assert [event["message"] for event in receiver.events()] == [f"message {number}" for number in range(35)]


def test_what_is_refused_as_wrong_is_counted_and_does_not_block_what_follows(receiver: Receiver) -> None:
    receiver.answer = lambda count: (400, {}, b"bad") if count == 0 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False)
    _captured(15)
    errtally.flush(10)
    assert len(receiver.events()) == 5
    assert receiver.discarded() == {("refused", "error"): 10}


def test_a_batch_that_is_too_large_is_halved(receiver: Receiver) -> None:
    receiver.answer = lambda count: (413, {}, b"") if count < 2 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False)
    _captured(10)
    errtally.flush(10)
    assert [len(body["events"]) for _, body in receiver.bodies][:1] == [2]
    assert [event["message"] for event in receiver.events()] == [f"message {number}" for number in range(10)]


def test_a_redirect_is_not_taken_for_success(receiver: Receiver) -> None:
    receiver.answer = lambda count: (301, {"Location": "/elsewhere"}, b"") if count == 0 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False)
    _captured(1)
    assert not errtally.flush(10)
    assert errtally.flush(10)
    assert len(receiver.events()) == 1


def test_retry_after_is_kept(receiver: Receiver) -> None:
    receiver.answer = lambda count: (429, {"Retry-After": "1"}, b"") if count == 0 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False, flush_seconds=0.02)
    began = time.monotonic()
    _captured(30)
    receiver.wait_for(lambda: len(receiver.events()) == 30)
    assert time.monotonic() - began >= 1
    assert len(receiver.headers) == 4


def test_a_flush_does_not_break_the_peace_that_the_server_asked_for_but_the_end_tries_once(receiver: Receiver) -> None:
    receiver.answer = lambda count: (429, {"Retry-After": "30"}, b"") if count == 0 else (200, {}, b"{}")
    errtally.init(receiver.url, hooks=False)
    _captured(3)
    assert [errtally.flush(5) for _ in range(5)] == [False] * 5
    assert len(receiver.headers) == 1
    errtally.close()
    assert len(receiver.events()) == 3


def test_a_resend_has_the_same_event_ids(receiver: Receiver) -> None:
    seen = []
    receiver.delay_seconds = 0.5
    tracker = errtally.init(receiver.url, hooks=False, timeout_seconds=0.2)
    event_id = errtally.capture_message("x")
    assert not tracker.flush(5)
    receiver.delay_seconds = 0
    assert tracker.flush(5)
    seen = [event["event_id"] for event in receiver.events()]
    receiver.wait_for(lambda: len(receiver.events()) == 2)
    assert set(seen) == {event_id}


def test_a_hundred_thousand_captures_with_the_server_down_cost_little_and_are_counted() -> None:
    port = free_port()
    errtally.init(f"http://127.0.0.1:{port}", hooks=False)
    _captured(_MANY)
    tracker = current.tracker()
    assert len(tracker.sender.channels[0]) <= 1010
    with receiving(port) as receiver:
        assert errtally.flush(20)
        left = receiver.events()
        assert left[-1]["message"] == f"message {_MANY - 1}"
        receiver.wait_for(lambda: receiver.discarded() == {("queue_overflow", "error"): _MANY - len(left)})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="no header"),
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("99999999999999999999", 3600.0, id="too many seconds"),
        pytest.param("Tue, 24 Nov 2026 08:00:11 GMT", 11.0, id="a date"),
        pytest.param("Tue, 24 Nov 2020 08:00:11 GMT", 0.0, id="a date long ago"),
        pytest.param("soon", None, id="no number and no date"),
        pytest.param("-3", None, id="less than nothing"),
    ],
)
def test_retry_after_reads(value: str | None, expected: float | None) -> None:
    assert retry_after_seconds(value, now=1795507200.0) == expected


def test_waits_grow_to_their_cap_and_are_drawn() -> None:
    low, high = (backoff.Backoff(1.0, 60.0, draw=lambda drawn=drawn: drawn) for drawn in (0.0, 1.0))
    assert [low.failed() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [high.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert high.failed(asked_seconds=120) >= 120
    high.succeeded()
    assert high.failed() == 1


def test_before_send_that_fails_is_said_once_with_its_place(receiver: Receiver, capfd, caplog) -> None:
    """Not in the host's log, and not for each event: a storm of errors would be two."""

    class HookError(Exception):
        """Of the application."""

    def before_send(_event):
        raise HookError("no tenant")

    errtally.init(receiver.url, before_send=before_send)
    for number in range(5):
        errtally.capture_message(f"message {number}")
    errtally.flush(10)
    said = [line for line in capfd.readouterr().err.splitlines() if "HookError" in line]
    assert len(said) == 1
    assert said[0].startswith("errtally: before_send failed, and drops events: ")
    assert "no tenant" in said[0]
    assert f"{__file__}:" in said[0]
    assert not caplog.records
    assert receiver.discarded() == {("before_send_error", "error"): 5}
