"""Which event tells again of a failure: a cause that is reported by itself, after what wraps it.

Sentry's client for Java reports an exception object once, but its cause is another object: what a framework's handler
reported, Tomcat logs again as the root cause, outside of the request's trace. Both happen in one thread at one time.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.event.model import Event, ExceptionInfo

MAX_CAUSES = 8


def mark(event: Event, thread: str, moment: float) -> None:
    """Give an event the marks that tell its causes, and by which it is known as the cause of an earlier one.

    Args:
        event: with its exceptions, the raised one last.
        thread: where it was raised, as the client names it.
        moment: when, seconds since the epoch by the client's own clock: a request that waited corrects the event's.
    """
    *causes, raised = event.exceptions
    second = int(moment)
    place = (event.server_name, thread)
    event.tells = tuple(
        _hash(*place, at, *_identity(cause)) for cause in causes[-MAX_CAUSES:] for at in (second, second + 1)
    )
    # What has causes itself is what wraps them, and is reported first.
    event.told_by = () if causes else (_hash(*place, second, *_identity(raised)),)


def _identity(exception: ExceptionInfo) -> tuple[object, ...]:
    frame = exception.frames[-1] if exception.frames else None
    call = (frame.module, frame.function, frame.filename, frame.lineno) if frame is not None else ()
    return (exception.module, exception.type, exception.value, *call)


def _hash(*parts: object) -> int:
    # Even: a mark of a call, and not of a message alone.
    return int.from_bytes(blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).digest(), "big") & ~1
