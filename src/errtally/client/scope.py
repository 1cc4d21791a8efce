"""What is known around an error: user, tags, further values, breadcrumbs, request, trace.

There are three places for it. Each web request, job or the like has one holder, which all of its tasks and threads
share: what a dependency, a middleware or a function in a thread pool sets is there when an error is reported.
Outside of requests, each task and thread has what it set itself. And what the main thread sets outside of an event
loop, as modules do while they are imported, is known to the whole process: tags, values and user reach every request.

A scope itself never changes: setting a value puts a changed copy in its place, so that a queued event keeps the scope
of its moment.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from errtally.client.snapshot import plain_mapping, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

DEFAULT_MAX_BREADCRUMBS = 100
_LABEL = 200


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Scope(NamedTuple):
    """What is known; see the setters of this module for what the values are.

    ``find_route`` names the route that a request's framework has found by now, None for none: an event within a request
    is noted before the middleware around it learns which route it was.
    """

    user: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = _NOTHING
    extra: Mapping[str, Any] = _NOTHING
    request: Mapping[str, Any] | None = None
    transaction: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    fingerprint: tuple[str, ...] = ()
    breadcrumbs: tuple[Mapping[str, Any], ...] = ()
    find_route: Callable[[], str | None] | None = None


class Holder:
    """The scope of one request or job, for all of its tasks and threads.

    Attributes:
        scope: as it is now.
        has_reported: whether an exception of this request or job was reported.
    """

    __slots__ = ("__weakref__", "has_reported", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.has_reported = False


PROCESS = Holder(Scope())
"""What is known outside of any request, task and thread of its own."""

_current: ContextVar[Holder | Scope] = ContextVar("error_scope", default=PROCESS)
_round: ContextVar[Holder] = ContextVar("error_round", default=PROCESS)


def current() -> Scope:
    """Return the scope of the request, task or thread."""
    found = _current.get()
    if found is PROCESS and not _is_main():
        return _inherited()
    return found.scope if isinstance(found, Holder) else found


def noted() -> Scope:
    """Return the scope as an event keeps it, which may wait for long: with its route, and without what finds it."""
    scope = current()
    if scope.find_route is None:
        return scope
    return scope._replace(transaction=scope.transaction or scope.find_route(), find_route=None)


def change(**values: Any) -> None:  # noqa: ANN401
    """Replace attributes of the current scope."""
    found = _current.get()
    if isinstance(found, Holder) and (found is not PROCESS or _is_main()):
        found.scope = found.scope._replace(**values)
    else:
        _current.set(current()._replace(**values))


def current_round() -> Holder:
    """Return the request in which an error is reported once: the current one, or the last one of the task or thread.

    Servers log what a request has raised after its end.
    """
    return _round.get()


class _Block:
    """A block of code within a scope; a class of its own, since `contextlib` breaks exceptions that are frozen."""

    __slots__ = ("_scope", "_token")

    def __init__(self, scope: Holder | Scope) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        self._token = _current.set(self._scope)

    def __exit__(self, *_: object) -> None:
        # A generator may be ended in another context than it was begun in; the block's context has gone then.
        with suppress(ValueError):
            _current.reset(self._token)


def new_scope() -> AbstractContextManager[None]:
    """Keep what is set within the block to the block; it starts with what is set outside of it."""
    return _Block(current())


def request_scope(**values: object) -> AbstractContextManager[None]:
    """Begin anew for one request or job: what an earlier one in the same thread left is not seen."""
    return _Block(begun(**values))


def entered(holder: Holder) -> AbstractContextManager[None]:
    """Be within a request or job for the block."""
    return _Block(holder)


def begun(**values: Any) -> Holder:  # noqa: ANN401
    """Return what holds the scope of a request or job that begins, with what the process knows."""
    found = _current.get()
    # In an event loop a server imports the application and begins requests in contexts that derive from there.
    known = found if isinstance(found, Scope) and _in_loop() else PROCESS.scope
    holder = Holder(_inherited(known)._replace(**values))
    _round.set(holder)
    return holder


def enter(holder: Holder) -> Holder | Scope:
    """Be within a request or job from now on, where it has no block; returns what to give to `leave` at its end."""
    before = _current.get()
    _current.set(holder)
    return before


def leave(before: Holder | Scope) -> None:
    """Be where one was before `enter`."""
    _current.set(before)


def _inherited(known: Scope | None = None) -> Scope:
    """Return what a request or thread takes over from the process; not what belongs to one piece of work."""
    known = PROCESS.scope if known is None else known
    return Scope(user=known.user, tags=known.tags, extra=known.extra)


def _is_main() -> bool:
    """Whether this is the main thread, outside of an event loop."""
    return threading.get_ident() == threading.main_thread().ident and not _in_loop()


def _in_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 (made for this, and documented)


def set_user(user: Mapping[str, Any] | str | int | None) -> None:
    """Say who is affected: an id, a mapping with ``id``, ``email``, ``username``, ``ip_address``, or None."""
    if user is None:
        change(user=None)
    elif isinstance(user, str | int):
        change(user={"id": str(user)})
    else:
        change(user=plain_mapping(dict(user)))


def set_tag(key: str, value: object) -> None:
    """Set a short value to search and filter by."""
    scope = current()
    change(tags={**scope.tags, short(str(key), _LABEL): short(str(value), _LABEL)})


def set_tags(tags: Mapping[str, object]) -> None:
    """Set several tags."""
    for key, value in tags.items():
        set_tag(key, value)


def set_extra(key: str, value: object) -> None:
    """Set any value to be shown with an event; a copy is taken now."""
    scope = current()
    change(extra={**scope.extra, **plain_mapping({key: value})})


def set_transaction(name: str | None) -> None:
    """Name what is being done: a route (``/orders/{id}``), a task, a command; never a URL with ids in it."""
    change(transaction=None if name is None else short(str(name), _LABEL))


def set_trace(trace_id: str | None, span_id: str | None = None) -> None:
    """Name the distributed trace, 32 and 16 hex digits."""
    change(trace_id=trace_id, span_id=span_id)


def set_fingerprint(*parts: str) -> None:
    """Group events of this scope by these parts; ``{{ default }}`` stands for what would decide otherwise."""
    change(fingerprint=tuple(short(str(part), _LABEL) for part in parts))


def add_breadcrumb(
    message: str,
    *,
    category: str = "default",
    level: str = "info",
    values: Mapping[str, Any] | None = None,
    limit: int = DEFAULT_MAX_BREADCRUMBS,
) -> None:
    """Note something that happened before an error might; the oldest goes when there are ``limit``."""
    if limit <= 0:
        return
    crumb: dict[str, Any] = {
        "timestamp": time.time(),
        "category": category,
        "level": level,
        "message": short(message, 1024),
    }
    if values:
        crumb["data"] = plain_mapping(dict(values))
    kept = current().breadcrumbs
    change(breadcrumbs=(*kept[max(0, len(kept) - limit + 1) :], crumb))
