"""The application's tracker, and the functions that `errtally` exports to use it; `starting` makes it."""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Any

from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.client.tracker import Tracker

_lock = threading.Lock()
_tracker: Tracker | None = None
_closes_at_exit = False


def replace(tracker: Tracker) -> None:
    """Make a tracker the application's; what the earlier one holds is sent."""
    global _tracker, _closes_at_exit  # noqa: PLW0603 (one tracker a process is what `init` means)
    with _lock:
        earlier, _tracker = _tracker, tracker
        if not _closes_at_exit:
            atexit.register(close)
            _closes_at_exit = True
    if earlier is not None:
        earlier.close()


def tracker() -> Tracker | None:
    """Return the application's tracker, None before ``init``."""
    return _tracker


def capture_exception(
    error: BaseException | None = None,
    *,
    level: str = "error",
    tags: Mapping[str, object] | None = None,
    extra: Mapping[str, Any] | None = None,
    fingerprint: Sequence[str] = (),
) -> str | None:
    """Report an exception, by default the one that is being handled; returns the event's id, None if it is not sent."""
    found = _tracker
    if found is None:
        return None
    return found.capture_exception(error, level=level, tags=tags, extra=extra, fingerprint=fingerprint)


def capture_message(
    message: str,
    level: str = "info",
    *,
    tags: Mapping[str, object] | None = None,
    extra: Mapping[str, Any] | None = None,
    fingerprint: Sequence[str] = (),
) -> str | None:
    """Report a message; returns the event's id, None if it is not sent."""
    found = _tracker
    if found is None:
        return None
    return found.capture_message(message, level=level, tags=tags, extra=extra, fingerprint=fingerprint)


def request_finished(
    transaction: str,
    duration_seconds: float,
    *,
    method: str = "",
    status: int | None = None,
    failed: bool | None = None,
) -> None:
    """Report how long a request took, for latency and Apdex."""
    if _tracker is not None:
        _tracker.request_finished(transaction, duration_seconds, method=method, status=status, failed=failed)


def add_breadcrumb(
    message: str, *, category: str = "default", level: str = "info", values: Mapping[str, Any] | None = None
) -> None:
    """Note something that happened before an error might."""
    limit = scope.DEFAULT_MAX_BREADCRUMBS if _tracker is None else _tracker.settings.max_breadcrumbs
    scope.add_breadcrumb(message, category=category, level=level, values=values, limit=limit)


def flush(timeout_seconds: float | None = None) -> bool:
    """Send what waits; False when not all of it was taken within the time."""
    return _tracker is None or _tracker.flush(timeout_seconds)


def close() -> None:
    """Send what waits and report nothing any more."""
    global _tracker
    with _lock:
        earlier, _tracker = _tracker, None
    if earlier is not None:
        earlier.close()
