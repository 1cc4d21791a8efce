"""structlog: its events become records of the standard library, with their keywords as context."""

from __future__ import annotations

import structlog


def install() -> None:
    """Let structlog write through the standard library's logging, and so to everything that `configure` set up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
