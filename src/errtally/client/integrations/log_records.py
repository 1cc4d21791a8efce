"""Records of the standard library's logging: errors become events, others breadcrumbs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from errtally.client import current

if TYPE_CHECKING:
    from errtally.client.tracker import Tracker

_OWN = "errtally"
_NAMES = ((logging.CRITICAL, "fatal"), (logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))


def level_name(levelno: int) -> str:
    """Name a level of logging as events do."""
    for least, name in _NAMES:
        if levelno >= least:
            return name
    return "debug"


class ErrorHandler(logging.Handler):
    """Reports records.

    A record that became an event gets the attribute ``event_id``, which handlers after this one can write.

    Args:
        level: records of this level and above become events; 0 for none.
        breadcrumb_level: records of this level and above become breadcrumbs; 0 for none.
    """

    def __init__(self, level: int = logging.ERROR, breadcrumb_level: int = logging.INFO) -> None:
        super().__init__(min([wanted for wanted in (level, breadcrumb_level) if wanted], default=logging.CRITICAL + 1))
        self._event_level = level
        self._breadcrumb_level = breadcrumb_level

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record; those of the library itself are left out, they would go round in circles."""
        tracker = current.tracker()
        if tracker is None or record.name == _OWN or record.name.startswith(f"{_OWN}."):
            return
        try:
            if self._event_level and record.levelno >= self._event_level:
                self._report(record, tracker)
            elif self._breadcrumb_level and record.levelno >= self._breadcrumb_level:
                current.add_breadcrumb(record.getMessage(), category=record.name, level=level_name(record.levelno))
        except Exception:  # noqa: BLE001 (what logging does with a record that can't be formatted)
            self.handleError(record)

    def _report(self, record: logging.LogRecord, tracker: Tracker) -> None:
        message, level = record.getMessage(), level_name(record.levelno)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            extra = {"log_message": message}
            record.event_id = tracker.capture_exception(error, level=level, logger=record.name, extra=extra)
        else:
            record.event_id = tracker.capture_message(
                message, level=level, logger=record.name, extra={"log_template": str(record.msg)}
            )


def install(level: int = logging.ERROR, breadcrumb_level: int = logging.INFO) -> None:
    """Report records that reach the root logger; an earlier handler of this kind is replaced."""
    root = logging.getLogger()
    for handler in [known for known in root.handlers if isinstance(known, ErrorHandler)]:
        root.removeHandler(handler)
    if level or breadcrumb_level:
        # First, so that the handlers after it find the event's id in the record.
        root.handlers.insert(0, ErrorHandler(level, breadcrumb_level))
