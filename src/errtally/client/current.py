"""The application's tracker: made by ``init``, used by the functions that `errtally` exports."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any

from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.client.tracker import Tracker

_lock = threading.Lock()
_tracker: Tracker | None = None
_closes_at_exit = False

_ENVIRONMENT = {
    "url": "ERRTALLY_URL",
    "key": "ERRTALLY_KEY",
    "environment": "ERRTALLY_ENVIRONMENT",
    "release": "ERRTALLY_RELEASE",
    "service": "ERRTALLY_SERVICE",
}
"""Variables that stand in for settings not given."""


def init(
    url: str | None = None,
    key: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    service: str | None = None,
    *,
    hooks: bool = True,
    **settings: Any,  # noqa: ANN401 (the attributes of Settings)
) -> Tracker:
    """Report errors of this process from now on; what an earlier call set is sent and replaced.

    Args:
        url: the exporter; ERRTALLY_URL by default. Without one, every call does nothing.
        key: a key of the project; ERRTALLY_KEY by default.
        environment: ``production`` by default.
        release: version of the application.
        service: name of the application.
        hooks: whether uncaught exceptions (of threads as well) and log records are reported by themselves.
        settings: any attribute of `errtally.client.settings.Settings`.

    Raises:
        ConfigError: a setting is wrong; lists all of them.
        TypeError: a setting is not known.
    """
    # Here, so that an import of errtally is quick and takes no HTTP library.
    from errtally.client.measures import process_measures  # noqa: PLC0415
    from errtally.client.settings import NAMES, Settings  # noqa: PLC0415
    from errtally.client.tracker import Tracker  # noqa: PLC0415

    given = {"url": url, "key": key, "environment": environment, "release": release, "service": service}
    for name, value in given.items():
        found = value if value is not None else os.environ.get(_ENVIRONMENT[name])
        if found is not None:
            settings[name] = found
    if unknown := sorted(set(settings) - NAMES):
        raise TypeError(f"init() knows no setting {', '.join(unknown)}; it knows {', '.join(sorted(NAMES))}")
    for name in ("ignore_exceptions", "ignore_messages", "ignore_loggers"):
        settings[name] = tuple(settings.get(name, ()))
    settings["tags"] = {str(name): str(value) for name, value in settings.get("tags", {}).items()}
    checked = Settings(**settings)
    checked.check()
    tracker = Tracker(checked, counters=process_measures if checked.url and checked.pushes() else None)
    _replace(tracker)
    if checked.push_metrics == "on":
        tracker.measured()
    from errtally.client.integrations import excepthook, log_records, processes, threads  # noqa: PLC0415 (see above)

    if hooks and checked.url:
        excepthook.install()
        threads.install()
        processes.install()
        log_records.install(checked.log_level, checked.breadcrumb_level)
    else:
        log_records.install(0, 0)
    return tracker


def _replace(tracker: Tracker) -> None:
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
