"""structlog: its events become records of the standard library, with their keywords as context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from errtally.logs.logger import renamed

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_LOGGINGS = ("exc_info", "stack_info", "stacklevel", "positional_args")
"""Keywords that are for logging itself."""


def _rename(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Rename keywords that logging refuses, such as ``name`` and ``module``."""
    own = {key: event.pop(key) for key in _LOGGINGS if key in event}
    return {**renamed(dict(event)), **own}


def install() -> None:
    """Let structlog write through the standard library's logging, and so to everything that `configure` set up."""
    # Arguments go with the record, as its template does; before 25.1 structlog can only put them in.
    with_arguments = getattr(structlog.stdlib, "render_to_log_args_and_kwargs", None)
    last: list[Processor] = (
        [_rename, with_arguments]
        if with_arguments is not None
        else [structlog.stdlib.PositionalArgumentsFormatter(), _rename, structlog.stdlib.render_to_log_kwargs]
    )
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.filter_by_level, *last],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
