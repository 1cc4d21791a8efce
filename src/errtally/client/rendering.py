"""Makes the native event, which leaves the process, of what a caller has noted; runs in the sender's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from errtally.client import stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.client.scope import Scope
    from errtally.client.settings import Settings
    from errtally.client.stack import Caught
    from errtally.event.scrub import Scrubber

_CHECKED_BY_SHAPE = ("event_id", "timestamp", "level", "platform")
"""Written by this module, never by the application: nothing to take out."""


@dataclass(slots=True)
class Noted:
    """One event as its caller noted it.

    Attributes:
        unhandled: what caught it when nobody else did, such as ``excepthook``.
        template: the message before its parameters were put in.
        params: those, a plain list or mapping.
    """

    event_id: str
    timestamp: float
    level: str
    scope: Scope
    message: str = ""
    caught: Caught | None = None
    logger: str | None = None
    type: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: tuple[str, ...] = ()
    unhandled: str | None = None
    template: str | None = None
    params: Any = None


def render(noted: Noted, settings: Settings, server_name: str) -> dict[str, Any]:
    """Return the native event, not yet scrubbed."""
    scope, caught = noted.scope, noted.caught
    event: dict[str, Any] = {
        "event_id": noted.event_id,
        "timestamp": noted.timestamp,
        "level": noted.level,
        "platform": "python",
        "message": noted.message or (caught.message or caught.type if caught is not None else ""),
    }
    if caught is not None:
        event["type"] = caught.type
        event["stack"] = stack.render(caught)
    elif noted.type:
        event["type"] = noted.type
    optional = {
        "logger": noted.logger,
        "template": noted.template,
        "params": noted.params,
        "transaction": scope.transaction,
        "fingerprint": list(noted.fingerprint or scope.fingerprint),
        "breadcrumbs": list(scope.breadcrumbs),
    }
    event.update({key: value for key, value in optional.items() if value})
    event["context"] = _context(noted, settings, server_name)
    return event


def _context(noted: Noted, settings: Settings, server_name: str) -> dict[str, Any]:
    scope = noted.scope
    tags = {**settings.tags, **scope.tags, **noted.tags}
    if settings.service:
        tags.setdefault("service", settings.service)
    if noted.unhandled:
        tags.setdefault("handled", "no")
        tags.setdefault("mechanism", noted.unhandled)
    context: dict[str, Any] = {"environment": settings.environment, "server_name": server_name, "tags": tags}
    if settings.release:
        context["release"] = settings.release
    if scope.user:
        context["user"] = _user(scope.user, settings)
    if scope.request:
        context["request"] = dict(scope.request)
    extra = {**scope.extra, **noted.extra}
    if extra:
        context["extra"] = extra
    if scope.trace_id:
        context["trace"] = {"trace_id": scope.trace_id, "span_id": scope.span_id}
    return context


def _user(known: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """The user; without an id gets a keyed hash for one, since addresses are taken out and users would all be one."""
    user = {key: str(known[key]) for key in ("id", "email", "username", "ip_address") if known.get(key) is not None}
    if "id" not in user and user:
        identity = user.get("email") or user.get("username") or user["ip_address"]
        user["id"] = blake2b(
            identity.encode("utf-8", "replace"), key=settings.key.encode()[:64], digest_size=12
        ).hexdigest()
    if not settings.send_user_address:
        user.pop("ip_address", None)
    return user


def scrub(event: dict[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    """Return the event without secrets and personal data."""
    kept = {name: event[name] for name in _CHECKED_BY_SHAPE if name in event}
    scrubbed: dict[str, Any] = scrubber.scrub_value({name: event[name] for name in event if name not in kept})
    return {**kept, **scrubbed}
