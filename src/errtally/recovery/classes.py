"""Says of which class an error is, which decides what may help; knows the errors of common drivers by their marks.

No driver is imported: an error is recognised by its type's names and by the attributes in which drivers keep codes.
"""

from __future__ import annotations

import errno
import socket
from enum import Enum
from typing import Any

from errtally.client.retry_after import retry_after_seconds
from errtally.errors import CallTimeoutError, CircuitOpenError


class ErrorClass(Enum):
    """What kind of fault an error tells of."""

    NETWORK = "network"
    DATABASE = "database"
    RATE_LIMIT = "rate_limit"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


_NETWORK_ERRNOS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ETIMEDOUT,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
    }
)
_NETWORK_NAMES = frozenset(
    {
        "ConnectionError",  # requests, redis
        "ConnectTimeout",
        "ReadTimeout",
        "Timeout",  # requests
        "TransportError",  # httpx
        "ClientConnectionError",  # aiohttp
        "ServerTimeoutError",
        "IncompleteRead",  # http.client
        "RemoteDisconnected",
        "NewConnectionError",  # urllib3
        "MaxRetryError",
        "ProtocolError",
    }
)
_NETWORK_ROOTS = frozenset({"requests", "httpx", "httpcore", "aiohttp", "urllib3", "http", "redis"})
_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_SQLSTATES = frozenset({"40001", "40P01", "55P03", "HYT00"})
"""Serialization failure, deadlock detected, lock not available (PostgreSQL); lock timeout (ODBC)."""
_MYSQL_CODES = frozenset({1205, 1213})
"""Lock wait timeout, deadlock."""
_MYSQL_ROOTS = frozenset({"pymysql", "MySQLdb", "mysql", "aiomysql", "asyncmy"})
_TOO_MANY_REQUESTS = 429
_TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504})


def classify(error: BaseException) -> ErrorClass:
    """Return the class of an error; of one that wraps another (``orig``, ``reason``), the class of what it wraps."""
    if isinstance(error, CircuitOpenError | CallTimeoutError):
        return ErrorClass.EXTERNAL
    status = http_status(error)
    if status == _TOO_MANY_REQUESTS:
        return ErrorClass.RATE_LIMIT
    if status in _TRANSIENT_STATUSES:
        return ErrorClass.EXTERNAL
    if status is not None:
        return ErrorClass.UNKNOWN
    if _is_database(error):
        return ErrorClass.DATABASE
    if _is_network(error):
        return ErrorClass.NETWORK
    for attribute in ("orig", "reason"):
        wrapped = getattr(error, attribute, None)
        if isinstance(wrapped, BaseException) and wrapped is not error:
            return classify(wrapped)
    return ErrorClass.UNKNOWN


def http_status(error: BaseException) -> int | None:
    """Return the HTTP status that an error tells of: `requests`, `httpx`, `urllib`, `aiohttp` and their likes."""
    for value in (
        getattr(getattr(error, "response", None), "status_code", None),
        getattr(error, "status_code", None),
        getattr(error, "status", None),
        getattr(error, "code", None),
    ):
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:  # noqa: PLR2004 (HTTP errors)
            return value
    return None


def asked_seconds(error: BaseException) -> float | None:
    """Return how long the server asked to wait, None when it did not."""
    own = getattr(error, "retry_after_seconds", None)
    if isinstance(own, int | float):
        return float(own)
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
    get = getattr(headers, "get", None)
    value = get("Retry-After") if get is not None else None
    return retry_after_seconds(value) if isinstance(value, str) else None


def _is_network(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS:
        return True
    return any(
        base.__name__ in _NETWORK_NAMES and base.__module__.partition(".")[0] in _NETWORK_ROOTS
        for base in type(error).__mro__
    )


def _is_database(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in {_SQLITE_BUSY, _SQLITE_LOCKED}
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state in _SQLSTATES:
        return True
    root = type(error).__module__.partition(".")[0]
    return root in _MYSQL_ROOTS and bool(error.args) and error.args[0] in _MYSQL_CODES
