"""Classes of the errors that real drivers raise."""

from __future__ import annotations

import errno
import socket
import sqlite3
import urllib.error

import pytest
from tests.recovery.faults import ResponseError, driver_error, http_error, sqlite_error, sqlstate

from errtally.errors import CallTimeoutError, CircuitOpenError
from errtally.recovery import ErrorClass, classify
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
