"""What is known around an error: user, tags, further values, breadcrumbs, request, trace; one for each task.

A scope never changes: setting a value puts a changed copy into the context variable, so that a queued event keeps
the scope of its moment and tasks don't see each other's values.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from errtally.client.snapshot import plain_mapping, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_MAX_BREADCRUMBS = 100
_LABEL = 200


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Scope(NamedTuple):
    """What is known; see the setters of this module for what the values are."""

    user: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = _NOTHING
    extra: Mapping[str, Any] = _NOTHING
    request: Mapping[str, Any] | None = None
    transaction: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    fingerprint: tuple[str, ...] = ()
    breadcrumbs: tuple[Mapping[str, Any], ...] = ()


_EMPTY = Scope()
_current: ContextVar[Scope] = ContextVar("error_scope", default=_EMPTY)


def current() -> Scope:
    """Return the scope of the task or thread."""
    return _current.get()


def change(**values: Any) -> None:  # noqa: ANN401
    """Replace attributes of the current scope."""
    _current.set(_current.get()._replace(**values))


@contextmanager
def new_scope() -> Iterator[None]:
    """Keep what is set within the block to the block; it starts with what is set outside of it."""
    token = _current.set(_current.get())
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def request_scope(**values: Any) -> Iterator[None]:  # noqa: ANN401
    """Begin anew for one request or job: what an earlier one in the same thread left is not seen."""
    token = _current.set(Scope(**values))
    try:
        yield
    finally:
        _current.reset(token)


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
    scope = _current.get()
    change(tags={**scope.tags, short(str(key), _LABEL): short(str(value), _LABEL)})


def set_tags(tags: Mapping[str, object]) -> None:
    """Set several tags."""
    for key, value in tags.items():
        set_tag(key, value)


def set_extra(key: str, value: Any) -> None:  # noqa: ANN401
    """Set any value to be shown with an event; a copy is taken now."""
    scope = _current.get()
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
    kept = _current.get().breadcrumbs
    change(breadcrumbs=(*kept[max(0, len(kept) - limit + 1) :], crumb))


def restore(scope: Scope) -> None:
    """Make a scope that was current before the current one, within `request_scope`."""
    _current.set(scope)
