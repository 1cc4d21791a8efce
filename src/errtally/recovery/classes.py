"""Says of which class an error is, which decides what may help; knows the errors of common drivers by their marks.

No driver is imported: an error is recognised by its type's names and by the attributes in which drivers keep codes.
"""

from __future__ import annotations

import errno
import socket
import sys
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
_TLS_NAMES = frozenset({"SSLError", "ClientSSLError", "CertificateError"})
_NETWORK_NAMES = _TLS_NAMES | frozenset(
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
_MAX_WRAPPED = 6
_BY_STATUS = {429: ErrorClass.RATE_LIMIT, **dict.fromkeys((408, 425, 500, 502, 503, 504), ErrorClass.EXTERNAL)}


_AGAINST_THE_SERVICE = frozenset({ErrorClass.NETWORK, ErrorClass.EXTERNAL, ErrorClass.RATE_LIMIT})


def speaks_against_the_service(error_class: ErrorClass) -> bool:
    """Whether a circuit breaker counts errors of a class; others say that the service answers: the caller's, a lock."""
    return error_class in _AGAINST_THE_SERVICE


def classify(error: BaseException) -> ErrorClass:
    """Return the class of an error; of one that wraps another (``orig``, ``reason``), the class of what it wraps."""
    if isinstance(error, CircuitOpenError | CallTimeoutError):
        return ErrorClass.EXTERNAL
    status = http_status(error)
    if status is not None:
        return _BY_STATUS.get(status, ErrorClass.UNKNOWN)
    if _is_database(error):
        return ErrorClass.DATABASE
    is_network = _is_network(error)
    if is_network or isinstance(error, OSError):
        if _is_tls(error):
            return ErrorClass.EXTERNAL
        if is_network:
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


def _is_tls(error: BaseException) -> bool:
    """Whether TLS failed: a certificate or a protocol that does not fit now does not fit in a second either.

    Clients wrap the interpreter's error, some more than once, so what an error wraps is looked at as well.
    """
    # Where nobody has imported `ssl` there are no errors of it, and importing it takes its time.
    own = getattr(sys.modules.get("ssl"), "SSLError", ())
    wrapped: BaseException | None = error
    for _ in range(_MAX_WRAPPED):
        if wrapped is None:
            return False
        if isinstance(wrapped, own) or any(
            base.__name__ in _TLS_NAMES and base.__module__.partition(".")[0] in _NETWORK_ROOTS
            for base in type(wrapped).__mro__
        ):
            return True
        wrapped = _wrapped_by(wrapped)
    return False


def _wrapped_by(error: BaseException) -> BaseException | None:
    for inner in (error.__cause__, getattr(error, "reason", None), *error.args[:2]):
        if isinstance(inner, BaseException) and inner is not error:
            return inner
    return None if error.__suppress_context__ else error.__context__


def _is_database(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in {_SQLITE_BUSY, _SQLITE_LOCKED}
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state in _SQLSTATES:
        return True
    root = type(error).__module__.partition(".")[0]
    return root in _MYSQL_ROOTS and bool(error.args) and error.args[0] in _MYSQL_CODES
