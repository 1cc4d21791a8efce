"""Classes of the errors that real drivers raise."""

from __future__ import annotations

import errno
import socket
import sqlite3
import ssl
import urllib.error
import urllib.request

import httpcore
import httpx
import pytest
import requests
import urllib3
from tests.client.receiver import receiving
from tests.recovery.faults import Failing, ResponseError, driver_error, http_error, sqlite_error, sqlstate

from errtally.errors import CallTimeoutError, CircuitOpenError
from errtally.recovery import BreakerSettings, ErrorClass, Recovery, classify, testing
from errtally.recovery.classes import asked_seconds


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ConnectionRefusedError(), "network", id="connection refused"),
        pytest.param(TimeoutError(), "network", id="timed out"),
        pytest.param(OSError(errno.ETIMEDOUT, "x"), "network", id="an OSError with a network's number"),
        pytest.param(OSError(errno.ENOSPC, "x"), "unknown", id="an OSError with another number"),
        pytest.param(FileNotFoundError(), "unknown", id="a file that is not there"),
        pytest.param(socket.gaierror(-2, "x"), "network", id="a name that is not known"),
        pytest.param(urllib.error.URLError(ConnectionResetError()), "network", id="urllib around a reset"),
        pytest.param(driver_error("requests.exceptions", "ConnectTimeout"), "network", id="requests timed out"),
        pytest.param(driver_error("httpx", "TransportError"), "network", id="httpx can't connect"),
        pytest.param(
            driver_error("shop.errors", "ConnectTimeout"), "unknown", id="an application's error of that name"
        ),
        pytest.param(sqlite_error(sqlite3.SQLITE_BUSY), "database", id="SQLite is busy"),
        pytest.param(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), "database", id="SQLite is busy, extended code"),
        pytest.param(sqlite_error(sqlite3.SQLITE_CORRUPT), "unknown", id="SQLite's file is broken"),
        pytest.param(sqlstate("40P01"), "database", id="PostgreSQL found a deadlock"),
        pytest.param(sqlstate("23505"), "unknown", id="PostgreSQL found a duplicate key"),
        pytest.param(driver_error("pymysql.err", "OperationalError", 1213, "x"), "database", id="MySQL deadlock"),
        pytest.param(driver_error("pymysql.err", "OperationalError", 1146, "x"), "unknown", id="MySQL has no table"),
        pytest.param(http_error(429), "rate_limit", id="urllib 429"),
        pytest.param(ResponseError(429), "rate_limit", id="requests 429"),
        pytest.param(ResponseError(503), "external", id="503"),
        pytest.param(http_error(500), "external", id="500"),
        pytest.param(ResponseError(404), "unknown", id="404"),
        pytest.param(CircuitOpenError("x", 1), "external", id="an open circuit"),
        pytest.param(CallTimeoutError(), "external", id="a call given up"),
        pytest.param(ValueError(), "unknown", id="anything else"),
    ],
)
def test_class_of(error: BaseException, expected: str) -> None:
    assert classify(error) is ErrorClass(expected)


def _certificate() -> ssl.SSLCertVerificationError:
    return ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")


def _chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(_certificate(), id="the interpreter's own"),
        pytest.param(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), id="a protocol that does not fit"),
        pytest.param(urllib.error.URLError(_certificate()), id="urllib's"),
        pytest.param(requests.exceptions.SSLError("x"), id="requests', which is a ConnectionError there"),
        pytest.param(
            urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.SSLError(_certificate())), id="urllib3's"
        ),
        pytest.param(
            _chained(httpx.ConnectError("x"), _chained(httpcore.ConnectError("x"), _certificate())), id="httpx's"
        ),
        pytest.param(driver_error("aiohttp.client_exceptions", "ClientSSLError"), id="aiohttp's"),
    ],
)
def test_tls_that_fails_is_not_tried_again_and_speaks_against_the_service(error: Exception) -> None:
    assert classify(error) is ErrorClass.EXTERNAL
    failing = Failing(error, error)
    recovery = Recovery("pay", observers=[], breaker=BreakerSettings(minimum_calls=1))
    with testing() as waits, pytest.raises(type(error)):
        recovery.call(failing)
    assert (failing.calls, waits) == (1, [])
    assert recovery.breaker.state == "open"


def _urlopen(url: str) -> None:
    urllib.request.urlopen(url).close()


@pytest.mark.parametrize("get", [_urlopen, requests.get, httpx.get])
def test_a_server_with_a_certificate_that_is_not_trusted_is_asked_once(get) -> None:
    with receiving(behind_tls=True) as receiver, testing() as waits, pytest.raises(Exception, match="CERTIFICATE"):
        Recovery("pay", observers=[]).call(get, receiver.url)
    assert waits == []


def test_an_error_around_another_has_its_class() -> None:
    error = RuntimeError()
    error.orig = sqlite_error(sqlite3.SQLITE_BUSY)
    assert classify(error) is ErrorClass.DATABASE


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(http_error(429, Retry_After="7"), 7.0, id="urllib"),
        pytest.param(ResponseError(429, {"Retry-After": "11"}), 11.0, id="requests"),
        pytest.param(CircuitOpenError("x", 13.0), 13.0, id="an open circuit"),
        pytest.param(ResponseError(429), None, id="not said"),
        pytest.param(ValueError(), None, id="no response"),
    ],
)
def test_seconds_that_a_server_asks_for(error: BaseException, expected: float | None) -> None:
    assert asked_seconds(error) == expected
