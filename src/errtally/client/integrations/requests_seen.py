"""What all web middleware shares: the request as an event shows it, its answer's status, its timing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.client.tracker import Tracker

UNMATCHED = "unmatched"
"""The transaction of requests that no route took: a scanner's paths must not become thousands of transactions."""

_LEFT_OUT = frozenset({"cookie", "set-cookie", "authorization", "proxy-authorization"})
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_SERVER_ERROR = 500


def shown_request(method: str, url: str, headers: Iterable[tuple[str, str]], query: str) -> dict[str, Any]:
    """Return what an event tells of its request; never cookies, credentials or the body."""
    kept = {name.lower(): value for name, value in headers if name.lower() not in _LEFT_OUT}
    return {"method": method, "url": url, "query_string": query, "headers": kept}


def as_utf8(text: str) -> str:
    """Read a text in which a server has put one byte into each character (PEP 3333, ASGI's headers) as UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text  # another encoding, or decoded already


def trace_of(traceparent: str) -> tuple[str | None, str | None]:
    """Read trace and span of the header `traceparent` (W3C Trace Context level 1)."""
    match = _TRACEPARENT.match(traceparent.strip().lower())
    return (match[1], match[2]) if match else (None, None)


def failure_of(error: BaseException | None) -> BaseException | None:
    """Return what a request failed by, None where it was only ended: its client has gone, or the server ends.

    A server that has waited long enough for a worker ends what it is at by an exit with a code.
    """
    if isinstance(error, SystemExit):
        return error if error.code else None
    return error if isinstance(error, Exception) else None


def finish(
    tracker: Tracker,
    *,
    transaction: str,
    method: str,
    status: int | None,
    duration_seconds: float,
    error: BaseException | None,
    mechanism: str,
    is_told: bool = False,
) -> None:
    """Report what is to be reported of a request that has ended.

    Args:
        tracker: where to.
        transaction: its route.
        method: its method.
        status: of its answer, None when there was none.
        duration_seconds: from its beginning to the end of its answer.
        error: the exception that ended it.
        mechanism: name of the middleware.
        is_told: whether the exception of which the answer was made has been reported.
    """
    failed = error is not None or (status is not None and status >= _SERVER_ERROR)
    if error is not None:
        tracker.capture_exception(error, unhandled=mechanism)
        status = status or _SERVER_ERROR
    elif is_told or (failed and scope.current_round().has_reported):
        pass  # the answer tells of an exception that somebody has reported: it is that event
    elif status is not None and tracker.settings.status_from and status >= tracker.settings.status_from:
        tracker.capture_message(
            f"{method} {transaction} answered {status}",
            level="error" if failed else "warning",
            logger=mechanism,
            type=f"HTTP {status}",
        )
    tracker.request_finished(transaction, duration_seconds, method=method, status=status, failed=failed)
