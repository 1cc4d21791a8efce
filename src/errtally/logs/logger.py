"""The logger that an application calls: keywords become the context; timers and audit records."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

audit_log = logging.getLogger("audit")
"""Has a level of its own, so that audit records are written where others of the level info are not."""


class Logger:
    """Wraps a logger of the standard library.

    Args:
        name: of that logger.
        context: what every record of this logger says.
    """

    def __init__(self, name: str | None = None, context: Mapping[str, Any] | None = None) -> None:
        self.logger = logging.getLogger(name)
        self._context = dict(context or {})

    def bind(self, **context: object) -> Logger:
        """Return a logger whose records say this as well."""
        return Logger(self.logger.name, {**self._context, **context})

    def debug(self, message: str, **context: object) -> None:
        """Log for developers."""
        self._log(logging.DEBUG, message, context)

    def info(self, message: str, **context: object) -> None:
        """Log what happens."""
        self._log(logging.INFO, message, context)

    def warning(self, message: str, **context: object) -> None:
        """Log what should be looked at."""
        self._log(logging.WARNING, message, context)

    warn = warning

    def error(self, message: str, *, error: BaseException | None = None, **context: object) -> None:
        """Log a failure, with the exception that tells of it; inside an ``except`` block it is found by itself."""
        self._log(logging.ERROR, message, context, error if error is not None else True)

    def exception(self, message: str, *, error: BaseException | None = None, **context: object) -> None:
        """Log a failure with the exception that is being handled; the same as `error` inside an ``except`` block."""
        self._log(logging.ERROR, message, context, error if error is not None else True)

    def critical(self, message: str, *, error: BaseException | None = None, **context: object) -> None:
        """Log what ends the application, with the exception that tells of it."""
        self._log(logging.CRITICAL, message, context, error if error is not None else True)

    fatal = critical

    def start_timer(self, label: str, **context: object) -> Timer:
        """Measure until ``stop()``, or over a ``with`` block; the duration is logged."""
        return Timer(self, label, context)

    def audit(self, action: str, user_id: str | int, details: Mapping[str, Any] | None = None) -> None:
        """Log who did what."""
        extra = renamed({**self._context, "action": action, "user_id": str(user_id), "details": dict(details or {})})
        audit_log.info("audit: %s", action, extra=extra)

    def _log(self, level: int, message: str, context: dict[str, Any], error: BaseException | bool = False) -> None:  # noqa: FBT001, FBT002
        if self.logger.isEnabledFor(level):
            exc_info: Any = error
            if error is True:
                exc_info = sys.exception()
            # Without arguments the message is no template: a % in it stays.
            self.logger.log(
                level, message, extra=renamed({**self._context, **context}), exc_info=exc_info, stacklevel=3
            )


def renamed(context: dict[str, Any]) -> dict[str, Any]:
    """Return a context in which keys that logging refuses, those of its records themselves, have an underscore."""
    return {f"{key}_" if key in _RESERVED else key: value for key, value in context.items()}


class Timer:
    """A running measurement."""

    def __init__(self, logger: Logger, label: str, context: dict[str, Any]) -> None:
        self._logger = logger
        self._label = label
        self._context = context
        self._began = time.perf_counter()
        self._seconds: float | None = None

    def stop(self, **context: object) -> float:
        """Log the duration, once, and return it in seconds."""
        if self._seconds is None:
            self._seconds = seconds = time.perf_counter() - self._began
            self._logger.info(
                " ".join((self._label, "took", f"{seconds * 1000:.1f} ms")),
                **{**self._context, **context, "timer": self._label, "duration_seconds": round(seconds, 6)},
            )
        return self._seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(**({"failed": True} if error is not None else {}))


def get_logger(name: str | None = None, **context: object) -> Logger:
    """Return a logger by name; keywords are in every record."""
    return Logger(name, context)
