"""From a scrubbed event to its issue: a pure function, the same on every replica, versioned.

Order: the client's own fingerprint, server-side rules, the stack, the message's template, the masked message. Line
and column numbers, addresses, folders of a release and values in messages take no part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.in_app import deciding_frame, function_of, place_of
from errtally.exporter.grouping.model import Grouping
from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.grouping.template import mask, untyped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.event.model import Event, ExceptionInfo, Frame

VERSION: Final = 1
"""Mixed into each fingerprint; a change to what this room computes for any event needs the next number."""

TITLE_LIMIT: Final = 200
CULPRIT_LIMIT: Final = 200
PARTS_LIMIT: Final = 32
PART_LIMIT: Final = 1024
NO_MESSAGE: Final = "(no message)"

_DEFAULT: Final = re.compile(r"\{\{\s*default\s*\}\}")
_VARIABLE: Final = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
_QUALIFIER: Final = re.compile(r"^[\w.$\\/:*&+`]*(?:[.\\/*&+]|::)(?=[A-Za-z_])")
_QUALIFIER_MARKS: Final = frozenset(".\\/:*&+")


@dataclass(slots=True)
class _Crash:
    """What an event says about its failure, from whichever protocol it came."""

    type: str
    message: str
    frame: Frame | None
    in_app: bool


def fingerprint(event: Event, rule: Callable[[Event], Sequence[str] | None] | None = None) -> Grouping:
    """Return the issue that an event belongs to; never raises, whatever is missing from the event.

    Args:
        event: scrubbed, so that no secret reaches a title.
        rule: server-side fingerprint rules: the parts of the fingerprint of an event that one matches, as a client
            would send them, or None. The client's own fingerprint goes before.
    """
    crash = _crash(event)
    place = place_of(crash.frame) if crash.frame else ""
    function = function_of(crash.frame) if crash.frame else ""
    pattern = mask(crash.message, exception=bool(crash.type)) if crash.message else ""
    template = event.template if event.template and not event.exceptions and not event.stack else None
    if template and not pattern:
        pattern = mask(template)

    key = [crash.type]
    why = [f"version {VERSION}"]
    if crash.type:
        why.append(f"type {crash.type}")
    if place or function:
        key += ["frame", place, function]
        why.append(f"{'frame' if crash.in_app else 'frame outside the application'} {_at(place, function)}")
    if template:
        key += ["template", template]
        why.append(f"template {template[:TITLE_LIMIT]}")
    elif pattern:
        key += ["message", untyped(pattern)]
        why.append(f"message {pattern[:TITLE_LIMIT]}")
    elif not place and not function:
        key += ["place", event.culprit or event.transaction or event.logger or ""]
        why.append(f"place {key[-1] or 'unknown'}")
    default = _hash(key)

    parts, source = event.fingerprint, "client"
    if not parts and rule is not None:
        parts, source = list(rule(event) or ()), "rule"
    if parts and not (len(parts) == 1 and _DEFAULT.fullmatch(parts[0].strip())):
        parts = [_expand(part, event, crash, default) for part in parts[:PARTS_LIMIT]]
        own = _hash(["fingerprint", *parts])
        mixed = any(default in part for part in parts)
        why = [
            f"version {VERSION}",
            f"{source} fingerprint {', '.join(parts)}"[:TITLE_LIMIT],
            *(why[1:] if mixed else ()),
        ]
    else:
        own = default

    return Grouping(
        fingerprint=own,
        type=crash.type,
        title=_title(crash.type, pattern or template or ""),
        culprit=(_at(place, function) or event.culprit or event.transaction or event.logger or "")[:CULPRIT_LIMIT],
        pattern=pattern,
        why=tuple(why),
    )


def _crash(event: Event) -> _Crash:
    """Return type, message and deciding frame: of the raised exception, or of its nearest cause in the application."""
    exceptions = event.exceptions
    sent_as_text = not exceptions and bool(event.stack)
    if sent_as_text:
        exceptions = parse(event.stack or "", event.platform)
    if not exceptions:
        frame, in_app = deciding_frame(event.frames)
        return _Crash(short_type(event.type), event.message, frame, in_app)

    raised = exceptions[-1]
    chosen, frame, in_app = _choose(exceptions)
    if frame is None:
        frame, in_app = deciding_frame(event.frames)
    kind = "" if chosen.synthetic else chosen.type
    message = chosen.value or ""
    if chosen is raised:
        # A trace in text repeats type and message, cut or decorated; what the client says of them is better.
        if sent_as_text:
            kind, message = event.type or kind, event.message or message
        else:
            kind, message = kind or (None if chosen.synthetic else event.type), message or event.message
    return _Crash(short_type(kind), message, frame, in_app)


def _choose(exceptions: list[ExceptionInfo]) -> tuple[ExceptionInfo, Frame | None, bool]:
    raised_frame, in_app = deciding_frame(exceptions[-1].frames)
    if not in_app:
        for exception in reversed(exceptions[:-1]):
            frame, in_app = deciding_frame(exception.frames)
            if in_app:
                return exception, frame, True
    return exceptions[-1], raised_frame, in_app


def short_type(name: str | None) -> str:
    """Return an error type without its module, which one protocol sends apart and another in front of it."""
    if not name:
        return ""
    name = name.strip()[:TITLE_LIMIT]
    return name if _QUALIFIER_MARKS.isdisjoint(name) else _QUALIFIER.sub("", name)


def _expand(part: str, event: Event, crash: _Crash, default: str) -> str:
    part = part[:PART_LIMIT]
    if "{{" not in part:
        return part
    return _VARIABLE.sub(lambda found: _variable(found[1], event, crash, default), part)


def _variable(name: str, event: Event, crash: _Crash, default: str) -> str:
    if name == "default":
        return default
    if name.startswith("tags."):
        return event.tags.get(name[5:]) or f"<no {name}>"
    frame = crash.frame
    values = {
        "type": crash.type,
        "value": crash.message,
        "message": event.message or crash.message,
        "function": frame.function if frame else None,
        "module": frame.module if frame else None,
        "package": frame.package if frame else None,
        "abs_path": frame.abs_path if frame else None,
        "transaction": event.transaction,
        "level": event.level,
        "logger": event.logger,
        "release": event.release,
        "environment": event.environment,
    }
    key = name.removeprefix("error.").removeprefix("stack.")
    return values.get(key) or f"<no {name}>"


def _title(kind: str, pattern: str) -> str:
    title = f"{kind}: {pattern}" if kind and pattern else kind or pattern or NO_MESSAGE
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…"


def _at(place: str, function: str) -> str:
    return f"{place} in {function}" if place and function else place or function


def _hash(parts: Sequence[str]) -> str:
    text = "\x1f".join((str(VERSION), *parts))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
