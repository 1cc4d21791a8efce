"""Records of the standard library's logging: errors become events, others breadcrumbs.

The hook is `Logger.callHandlers`, through which every record goes that a logger lets pass. A handler would not do: one
on the root logger makes `logging.basicConfig` do nothing and silences `logging.lastResort`, `dictConfig` and Celery
remove it, and loggers that do not propagate never reach it.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from errtally.client import current
from errtally.client.snapshot import plain_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.client.tracker import Tracker

_OWN = ("errtally.client", "errtally.logs")
"""What the library says of its own work would go round in circles."""
_NAMES = ((logging.CRITICAL, "fatal"), (logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_GAP = re.compile(r"%(?:\([^)]*\))?[#0\- +]*[\d*]*(?:\.[\d*]+)?[a-zA-Z%]|\{[^}]*\}|\W")
"""A placeholder of either style, or what is no letter."""
_TEXTS = ("event", "message", "msg")
"""Where structured records have their text: structlog, python-json-logger, others."""
_SEEN = "_errtally_seen"
_INTERNAL = frozenset({"_record", "_from_structlog", "_logger", "_name", "exc_info", "exception", "stack_info"})

_is_reporting: ContextVar[bool] = ContextVar("is_reporting", default=False)
_levels = (0, 0)
_left_to_others: set[str] = set()
_hooked: list[Callable[..., None]] = []


def level_name(levelno: int) -> str:
    """Name a level of logging as events do."""
    for least, name in _NAMES:
        if levelno >= least:
            return name
    return "debug"


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what was given as ``extra``: all attributes that a record does not have by itself."""
    return {key: value for key, value in vars(record).items() if key not in _ORDINARY and not key.startswith("_")}


def install(level: int = logging.ERROR, breadcrumb_level: int = logging.INFO) -> None:
    """Report records from now on; a second call changes the levels.

    A record that became an event gets the attribute ``event_id``, which handlers can write.

    Args:
        level: records of this level and above become events; 0 for none.
        breadcrumb_level: records of this level and above become breadcrumbs; 0 for none.
    """
    global _levels  # noqa: PLW0603 (there is one logging in a process)
    _levels = (level, breadcrumb_level)
    if _hooked or not (level or breadcrumb_level):
        return
    before = logging.Logger.callHandlers
    _hooked.append(before)

    @functools.wraps(before)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        # First, so that handlers find the event's id in the record.
        _see(record)
        before(self, record)

    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]


def leave_to_integration(*loggers: str) -> None:
    """Make no events of what a framework logs of errors that its integration reports itself."""
    _left_to_others.update(loggers)


def _see(record: logging.LogRecord) -> None:
    """Report one record."""
    tracker = current.tracker()
    level, breadcrumb_level = _levels
    if tracker is None or record.name.startswith(_OWN) or hasattr(record, _SEEN):
        # Seen before: by another process, whose records come through a queue.
        return
    is_event = level and record.levelno >= level and record.name not in _left_to_others
    is_breadcrumb = breadcrumb_level and record.levelno >= breadcrumb_level
    if not is_event and not is_breadcrumb:
        return
    if _is_reporting.get() or tracker.sender.is_sending_here():
        return  # logged by what runs while a record is reported, such as an exception's str()
    token = _is_reporting.set(True)
    try:
        extra = extra_of(record)
        message, structured = _message(record)
        if is_event:
            event_id = _report(record, tracker, message, structured, extra)
            setattr(record, _SEEN, True)
            if not hasattr(record, "event_id"):  # else the application's own
                record.event_id = event_id
            is_breadcrumb = is_breadcrumb and event_id is not None  # of the events that come after it
        if is_breadcrumb:
            current.add_breadcrumb(
                message, category=record.name, level=level_name(record.levelno), values=extra or None
            )
    except Exception as exc:  # noqa: BLE001 (a report must never become an error)
        tracker.failed("a log record was not reported", exc)
    finally:
        _is_reporting.reset(token)


def _report(
    record: logging.LogRecord, tracker: Tracker, message: str, structured: dict[str, Any], extra: dict[str, Any]
) -> str | None:
    level = level_name(record.levelno)
    if structured:
        extra = extra | {key: value for key, value in structured.items() if key not in _INTERNAL}
    error = _error(record.exc_info) or _error(structured.get("exc_info"))
    if error is not None:
        return tracker.capture_exception(
            error, level=level, logger=record.name, extra={**extra, "log_message": message}
        )
    template = record.msg if isinstance(record.msg, str) and record.args and not structured else None
    return tracker.capture_message(
        message,
        level=level,
        logger=record.name,
        extra=extra,
        # One of placeholders only ("%s: %s") says nothing: it would make one issue of everything.
        template=template if template is not None and _GAP.sub("", template) else None,
        params=record.args or (),
    )


def _message(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return a record's text, and the fields of one that is structured: a mapping, or a line of JSON."""
    found: Any = record.msg
    if isinstance(found, str) and not record.args and found[:1] == "{" and found[-1:] == "}":
        try:
            found = json.loads(found)
        except ValueError:
            found = None
    if isinstance(found, dict):
        for name in _TEXTS:
            if isinstance(found.get(name), str):
                return found[name], {key: value for key, value in found.items() if key != name}
    try:
        return record.getMessage(), {}
    except Exception:  # noqa: BLE001 (the arguments' own code runs here)
        # Arguments that do not fit or can't be shown: logging itself says so; the error is no smaller for that.
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
        return text, {"args": plain_mapping({"args": record.args})["args"]}


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 and isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info is True else None
